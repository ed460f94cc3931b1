//! Text and numbers as they may stand in XML.

use std::fmt::{self, Display, Write};

/// Text with everything escaped that XML gives a meaning. Characters that XML does not allow at all are
/// shown as the replacement character.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(c)?,
                '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_char('\u{fffd}')?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A number with at most one decimal.
#[derive(Clone, Copy, Debug)]
pub struct Short(pub f64);

impl Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        if tenths < 0 {
            f.write_char('-')?;
        }
        write!(f, "{}", tenths.unsigned_abs() / 10)?;
        match tenths.unsigned_abs() % 10 {
            0 => Ok(()),
            tenth => write!(f, ".{tenth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_forbidden_characters_are_escaped() {
        for (text, expect) in [
            ("plain (*T).m·1", "plain (*T).m·1"),
            ("a<b> & \"c'", "a&lt;b&gt; &amp; &quot;c&#39;"),
            (
                "\0\x1b[31m\u{fffe}\u{85}",
                "\u{fffd}\u{fffd}[31m\u{fffd}\u{fffd}",
            ),
            ("a\tb\nc", "a\tb\nc"),
            ("]]>", "]]&gt;"),
        ] {
            assert_eq!(Escaped(text).to_string(), expect);
        }
    }

    #[test]
    fn numbers_are_short() {
        for (x, expect) in [
            (0.0, "0"),
            (-0.04, "0"),
            (12.0, "12"),
            (12.349, "12.3"),
            (-0.26, "-0.3"),
            (-7.95, "-8"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(Short(x).to_string(), expect);
        }
    }
}
