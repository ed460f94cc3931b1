//! An answer, before it is sent.

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub kind: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Where to go instead.
    pub location: Option<String>,
    /// The name under which a browser keeps it, if it is to be kept.
    pub file: Option<&'static str>,
}

/// Pages.
pub const HTML: &str = "text/html; charset=utf-8";
/// Data for scripts.
pub const JSON: &str = "application/json";
/// Mistakes, in words.
pub const TEXT: &str = "text/plain; charset=utf-8";

impl Reply {
    /// What was asked for.
    pub fn ok(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Reply {
            status: 200,
            kind,
            body: body.into(),
            location: None,
            file: None,
        }
    }

    /// Why there is nothing.
    pub fn error(status: u16, message: impl std::fmt::Display) -> Self {
        Reply {
            status,
            ..Reply::ok(TEXT, format!("{message}\n"))
        }
    }

    /// Look there instead.
    pub fn redirect(status: u16, location: String) -> Self {
        Reply {
            status,
            location: Some(location),
            ..Reply::ok(TEXT, "")
        }
    }
}

impl From<report::Error> for Reply {
    fn from(e: report::Error) -> Self {
        Reply::error(400, e)
    }
}
