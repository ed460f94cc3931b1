//! Go toolchain versions, as a toolchain writes its own.

/// A release number with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoVersion {
    /// `25` in `go1.25.5`.
    pub minor: u32,
    /// `5` in `go1.25.5`; zero when not written.
    pub patch: u32,
    /// `rc1`, `beta2`, or a vendor's suffix such as `(Red Hat 1.22.9)`; empty for a plain release.
    pub suffix: String,
    /// A development build: `devel go1.27-…`.
    pub devel: bool,
    /// GOEXPERIMENT entries that differ from the toolchain's default.
    pub experiments: Vec<String>,
}

impl GoVersion {
    /// Reads `go1.24.11`, `go1.25.5 X:greenteagc`, `go1.26.6-X:nogreenteagc`,
    /// `go1.27rc1`, `devel go1.28-0123abcd …`.
    pub fn parse(text: &str) -> Option<GoVersion> {
        let (text, experiments) = match text.find("X:") {
            Some(at) if text[..at].ends_with([' ', '-']) => {
                let list = text[at + 2..].split([' ', '-']).next().unwrap_or("");
                let list = list.split(',').filter(|e| !e.is_empty());
                (&text[..at - 1], list.map(str::to_owned).collect())
            }
            _ => (text, Vec::new()),
        };
        let text = text.trim();
        let (text, devel) = match text.strip_prefix("devel ") {
            Some(rest) => (rest.trim_start(), true),
            None => (text, false),
        };
        let rest = text.strip_prefix("go1.")?;
        let (minor, rest) = number(rest)?;
        let (patch, rest) = match rest.strip_prefix('.').and_then(number) {
            Some(pair) => pair,
            None => (0, rest),
        };
        Some(GoVersion {
            minor,
            patch,
            suffix: rest.trim_start_matches([' ', '-']).to_owned(),
            devel,
            experiments,
        })
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, minor: u32, patch: u32, suffix: &str, devel: bool, experiments: &[&str]) {
        let v = GoVersion::parse(text).expect(text);
        assert_eq!((v.minor, v.patch, v.devel), (minor, patch, devel), "{text}");
        assert_eq!(v.suffix, suffix, "{text}");
        assert_eq!(v.experiments, experiments, "{text}");
    }

    #[test]
    fn forms() {
        check("go1.24.11", 24, 11, "", false, &[]);
        check("go1.21", 21, 0, "", false, &[]);
        check("go1.25.5 X:greenteagc", 25, 5, "", false, &["greenteagc"]);
        check(
            "go1.26.6-X:nogreenteagc,jsonv2",
            26,
            6,
            "",
            false,
            &["nogreenteagc", "jsonv2"],
        );
        check("go1.27rc1", 27, 0, "rc1", false, &[]);
        check(
            "go1.22.9 (Red Hat 1.22.9-2.el9)",
            22,
            9,
            "(Red Hat 1.22.9-2.el9)",
            false,
            &[],
        );
        check(
            "devel go1.28-0123abcd Mon",
            28,
            0,
            "0123abcd Mon",
            true,
            &[],
        );
        check(
            "go1.20.14 X:boringcrypto",
            20,
            14,
            "",
            false,
            &["boringcrypto"],
        );
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "go2",
            "devel +abc",
            "unknown",
            "go1.",
            "go1.99999999999",
        ] {
            assert_eq!(GoVersion::parse(text), None, "{text}");
        }
    }
}
