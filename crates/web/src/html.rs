//! Writing HTML.

use std::fmt::{Display, Formatter, Result, Write};

/// A text whose special characters are escaped, for contents and attributes.
pub struct Escaped<T>(pub T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        struct Sink<'a, 'b>(&'a mut Formatter<'b>);
        impl Write for Sink<'_, '_> {
            fn write_str(&mut self, text: &str) -> Result {
                let mut rest = text;
                while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
                    self.0.write_str(&rest[..at])?;
                    self.0.write_str(match rest.as_bytes()[at] {
                        b'&' => "&amp;",
                        b'<' => "&lt;",
                        b'>' => "&gt;",
                        b'"' => "&quot;",
                        _ => "&#39;",
                    })?;
                    rest = &rest[at + 1..];
                }
                self.0.write_str(rest)
            }
        }
        write!(Sink(f), "{}", self.0)
    }
}

/// JSON that can stand inside a script element.
pub fn json_for_script(json: &[u8]) -> String {
    String::from_utf8_lossy(json).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_text_early() {
        let text = Escaped("<a href=\"x\">'&'</a>").to_string();
        assert_eq!(
            text,
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
        assert_eq!(json_for_script(b"\"</script>\""), "\"\\u003c/script>\"");
    }
}
