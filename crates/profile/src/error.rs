//! What can be wrong with a profile or with what is asked of it.

/// Why a profile could not be read or worked on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to read.
    #[error("empty input file")]
    Empty,
    /// A proxy or a login page answered instead of the program.
    #[error("this is a web page, not a profile{}", titled(.title))]
    Html {
        /// The page's title; empty if it has none.
        title: String,
    },
    /// Nothing in the input looks like a profile.
    #[error("unrecognized profile format")]
    NotAProfile,
    /// The input ends in the middle.
    #[error("the profile is cut off at byte {at}, after {samples} samples")]
    Truncated {
        /// Where the data ends: bytes from the start, after decompression.
        at: u64,
        /// How many samples had been read whole.
        samples: usize,
    },
    /// The bytes break the rules of their format.
    #[error("the profile is corrupt at byte {at}: {what}")]
    Corrupt {
        /// What is wrong.
        what: String,
        /// Where: bytes from the start, after decompression.
        at: u64,
    },
    /// The bytes can be read, but the tables contradict each other.
    #[error("malformed profile: {0}")]
    Malformed(String),
    /// More data than the limit allows.
    #[error("the profile is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in bytes after decompression.
        limit: u64,
    },
    /// The format is known but cannot be read.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The profiles do not count the same things.
    #[error("{0}")]
    Incompatible(String),
    /// A regular expression or another argument makes no sense.
    #[error("{0}")]
    Argument(String),
    /// The source of the bytes failed.
    #[error("cannot read the profile")]
    Io(#[from] std::io::Error),
}

fn titled(title: &str) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!(" (its title: {title})")
    }
}
