//! The arguments of `go test`, taken apart as `go` does it (`cmd/go/internal/test/testflag.go`).

use crate::error::Error;

use super::Kind;

/// Flags without a value, or with one only after `=`.
const SWITCHES: &[&str] = &[
    "a",
    "n",
    "race",
    "msan",
    "asan",
    "cover",
    "v",
    "work",
    "x",
    "linkshared",
    "modcacherw",
    "trimpath",
    "buildvcs",
    "c",
    "i",
    "json",
    "benchmem",
    "failfast",
    "fullpath",
    "short",
    "artifacts",
];

/// Flags with a value.
const VALUED: &[&str] = &[
    "C",
    "p",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "overlay",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
    "exec",
    "o",
    "vet",
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "count",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "fuzz",
    "fuzzminimizetime",
    "fuzztime",
    "list",
    "memprofile",
    "memprofilerate",
    "mutexprofile",
    "mutexprofilefraction",
    "outputdir",
    "parallel",
    "run",
    "shuffle",
    "skip",
    "timeout",
    "trace",
];

/// Flags that decide which packages there are; `go list` gets them too.
const LISTING: &[&str] = &[
    "tags",
    "mod",
    "modfile",
    "modcacherw",
    "overlay",
    "race",
    "msan",
    "asan",
    "compiler",
    "toolexec",
];

/// Whether a flag of `go test` takes the next argument for its value; `None` if it has no such flag.
/// The name is without dashes.
pub fn takes_value(name: &str) -> Option<bool> {
    let name = name.strip_prefix("test.").unwrap_or(name);
    match (VALUED.contains(&name), SWITCHES.contains(&name)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// The arguments of `go test`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A flag that `go test` knows, and its value.
    Flag { name: String, value: Option<String> },
    /// Packages, where they are named.
    Packages(Vec<String>),
    /// What goes to the test as it is.
    Other(Vec<String>),
}

impl Arguments {
    /// Takes arguments apart. Those that make nothing that could be reported are refused.
    pub fn parse(words: &[String]) -> Result<Arguments, Error> {
        let mut parts = Vec::new();
        let mut rest = words.iter().peekable();
        // Whether packages may still be named, and whether a word may be the value of a flag that is
        // the test's own.
        let (mut packages, mut value_of_other) = (true, false);
        while let Some(word) = rest.next() {
            let after_other = std::mem::take(&mut value_of_other);
            let bare = word.trim_start_matches('-');
            let dashes = word.len() - bare.len();
            if matches!(word.as_str(), "-args" | "--args" | "--") {
                let others = std::iter::once(word).chain(rest).cloned();
                parts.push(Part::Other(others.collect()));
                break;
            }
            if !(1..=2).contains(&dashes) || bare.is_empty() {
                let listed = matches!(parts.last(), Some(Part::Packages(_)));
                if packages || listed {
                    match parts.last_mut() {
                        Some(Part::Packages(list)) => list.push(word.clone()),
                        _ => parts.push(Part::Packages(vec![word.clone()])),
                    }
                    packages = false;
                } else if after_other {
                    parts.push(Part::Other(vec![word.clone()]));
                } else {
                    let others = std::iter::once(word).chain(rest).cloned();
                    parts.push(Part::Other(others.collect()));
                    break;
                }
                continue;
            }
            let (name, value) = match bare.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (bare, None),
            };
            match takes_value(name) {
                None => {
                    packages = false;
                    value_of_other = value.is_none();
                    parts.push(Part::Other(vec![word.clone()]));
                }
                Some(wants) => {
                    let name = name.strip_prefix("test.").unwrap_or(name).to_owned();
                    let value = match (wants, value) {
                        (true, None) => rest.next().cloned(),
                        (_, value) => value,
                    };
                    parts.push(Part::Flag { name, value });
                }
            }
        }
        let arguments = Arguments { parts };
        arguments.check()?;
        Ok(arguments)
    }

    fn check(&self) -> Result<(), Error> {
        for (flag, why) in [
            ("c", "it only builds the test"),
            ("n", "it only shows what would be run"),
            ("list", "it only lists the tests"),
            ("fuzz", "fuzzing has no end to take profiles at"),
        ] {
            if self.has(flag) {
                return Err(Error::TestFlag {
                    flag: flag.to_owned(),
                    why: why.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Whether a flag is there, and not switched off.
    pub fn has(&self, name: &str) -> bool {
        let off = ["false", "f", "F", "0", "FALSE", "False"];
        let switch = takes_value(name) == Some(false);
        self.parts.iter().rev().any(|part| match part {
            Part::Flag { name: n, value } => {
                n == name && !(switch && value.as_deref().is_some_and(|v| off.contains(&v)))
            }
            _ => false,
        })
    }

    /// The value of a flag; the last one counts.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.parts.iter().rev().find_map(|part| match part {
            Part::Flag { name: n, value } if n == name => value.as_deref(),
            _ => None,
        })
    }

    /// Whether benchmarks are to be run.
    pub fn benchmarks(&self) -> bool {
        self.value("bench").is_some_and(|bench| !bench.is_empty())
    }

    /// Whether benchmarks run for a time, not a number of times.
    pub fn timed(&self) -> bool {
        let times = |t: &str| t.ends_with('x');
        self.benchmarks() && !self.value("benchtime").is_some_and(times)
    }

    /// The packages named; none is the one of the current folder.
    pub fn packages(&self) -> &[String] {
        let packages = self.parts.iter().find_map(|part| match part {
            Part::Packages(list) => Some(list.as_slice()),
            _ => None,
        });
        packages.unwrap_or_default()
    }

    /// The folder that `go` is to change to.
    pub fn folder(&self) -> Option<&str> {
        self.value("C")
    }

    /// The flags for `go list` to find the same packages.
    pub fn listing(&self) -> Vec<String> {
        let flags = self.parts.iter().filter_map(|part| match part {
            Part::Flag { name, value } if LISTING.contains(&name.as_str()) => {
                Some(spell(name, value.as_deref()))
            }
            _ => None,
        });
        flags.collect()
    }

    /// The words for `go`: `test`, then `more` flags, then these. With a package, it stands in place
    /// of those named. Flags that name profiles are left out, `-C` is first as `go` wants it.
    pub fn words(&self, more: &[String], package: Option<&str>) -> Vec<String> {
        let mut words = vec!["test".to_owned()];
        words.extend(self.folder().map(|dir| spell("C", Some(dir))));
        words.extend(more.iter().cloned());
        for part in &self.parts {
            match part {
                Part::Flag { name, .. } if name == "C" => {}
                Part::Flag { name, .. } if Kind::ALL.iter().any(|k| k.flag() == *name) => {}
                Part::Flag { name, value } => words.push(spell(name, value.as_deref())),
                Part::Packages(list) => match package {
                    Some(package) => words.push(package.to_owned()),
                    None => words.extend(list.iter().cloned()),
                },
                Part::Other(others) => words.extend(others.iter().cloned()),
            }
        }
        words
    }
}

fn spell(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("-{name}={value}"),
        None => format!("-{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Arguments {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Arguments::parse(&words).expect(line)
    }

    #[test]
    fn packages_and_flags_in_any_order() {
        let a = parse("-run X ./a ./b -bench=. --count 3 -v -custom value -args -bench y z");
        assert_eq!(a.packages(), ["./a", "./b"]);
        assert_eq!(a.value("bench"), Some("."));
        assert_eq!(a.value("count"), Some("3"));
        assert!(a.has("v") && a.timed());
        assert_eq!(
            a.words(&["-o=x".into()], Some("m/a")).join(" "),
            "test -o=x -run=X m/a -bench=. -count=3 -v -custom value -args -bench y z"
        );
        let a = parse("-custom word ./a");
        assert_eq!(a.packages(), [""; 0]);
        assert_eq!(a.words(&[], None).join(" "), "test -custom word ./a");
    }

    #[test]
    fn flags_that_profiles_depend_on() {
        let a = parse(
            "-tags x -C dir -cpuprofile c -test.memprofile=m -bench . -benchtime 10x -race=false",
        );
        assert_eq!(a.folder(), Some("dir"));
        assert_eq!(a.value("cpuprofile"), Some("c"));
        assert_eq!(a.value("memprofile"), Some("m"));
        assert!(!a.timed() && !a.has("race"));
        assert_eq!(a.listing(), ["-tags=x", "-race=false"]);
        assert_eq!(
            a.words(&[], None).join(" "),
            "test -C=dir -tags=x -bench=. -benchtime=10x -race=false"
        );
    }

    #[test]
    fn what_runs_nothing_is_refused() {
        for line in ["-c", "./x -list .", "-n", "-fuzz=F"] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert!(Arguments::parse(&words).is_err(), "{line}");
        }
        assert!(!parse("-c=false").has("c"));
    }
}
