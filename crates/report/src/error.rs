//! Why a report could not be made.

/// What is wrong with what is asked of a profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The profile counts nothing.
    #[error("profile has no samples")]
    NoSampleTypes,
    /// No value has this name or index.
    #[error("{0}")]
    SampleIndex(String),
    /// `divide_by` is 0.
    #[error("zero divisor specified")]
    ZeroDivisor,
    /// A regular expression does not compile. The text names the option and says why.
    #[error("{0}")]
    Pattern(String),
    /// No function has such a name.
    #[error("no matches found for regexp: {0}")]
    NoMatches(String),
    /// There is no code to show: for want of a match, or of the program.
    #[error("{0}")]
    NoCode(String),
    /// The profile itself cannot be worked on.
    #[error(transparent)]
    Profile(#[from] profile::Error),
    /// The picture cannot be painted.
    #[error(transparent)]
    Paint(#[from] paint::Error),
    /// The report could not be written.
    #[error("cannot write the report")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Commands or settings that would help.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Error::NoMatches(_) => {
                vec!["run with -top to see the functions of this profile".to_owned()]
            }
            Error::NoCode(_) => vec![
                "give the program before the profile: gowhy pprof -disasm=REGEXP PROGRAM PROFILE"
                    .to_owned(),
            ],
            Error::SampleIndex(_) => {
                vec!["run with -raw to see the sample types of this profile".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
