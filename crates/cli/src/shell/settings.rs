//! The shell's variables: the options of reports, and where reports go.

use profile::Profile;
use report::options::{Options, Slot};
use report::sample_type;
use report::variables::{self, Named};

/// What is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How reports are made.
    pub options: Options,
    /// The file that reports go to; empty for standard output.
    pub output: String,
    /// The names of the profile's values.
    pub types: Vec<String>,
}

/// The name of the variable that is no option of a report.
pub const OUTPUT: &str = "output";

/// Begins a comment after a value.
const COMMENT: &str = "//:";

impl Settings {
    /// Those of the command line, with headers cut short: the greeting has said it all.
    pub fn new(profile: &Profile, options: &Options, output: Option<&str>) -> Self {
        let types = profile.sample_types.iter();
        Settings {
            options: Options {
                compact_labels: true,
                ..options.clone()
            },
            output: output.unwrap_or_default().to_owned(),
            types: types.map(|t| profile.str(t.kind).to_owned()).collect(),
        }
    }

    /// Does what an assignment says: `name=value`, or only the name of a switch. Gives `None` if the
    /// line is no assignment.
    pub fn assign(&mut self, line: &str, profile: &Profile) -> Option<Result<(), String>> {
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (line, None),
        };
        let name = name.trim();
        let value = value.map(|value| {
            let end = value.rfind(COMMENT).unwrap_or(value.len());
            value[..end].trim()
        });
        let missing = || format!("please specify a value, e.g. {name}=<val>");
        if name == OUTPUT {
            let set = value.map(|value| value.clone_into(&mut self.output));
            return Some(set.ok_or_else(missing));
        }
        let named = variables::find(name)?;
        Some(match (named, value) {
            (Named::Choice(field, choice), value) => {
                self.choose(field.name, choice, value.unwrap_or_default())
            }
            (Named::Field(field), None) if !matches!(field.slot, Slot::Bool(_)) => Err(missing()),
            (Named::Field(field), Some(value)) if field.name == "sample_index" => {
                let found = sample_type::find(profile, value).map_err(|e| e.to_string());
                found.map(|index| self.options.sample_index.clone_from(&self.types[index]))
            }
            (Named::Field(field), Some(""))
                if field.name == "granularity" && !self.options.exact =>
            {
                variables::reset(&mut self.options, field);
                Ok(())
            }
            (Named::Field(field), value) => {
                variables::set(&mut self.options, field, value.unwrap_or_default())
            }
        })
    }

    /// Sets a variable of several values by the name of one of them. pprof knows the name but not
    /// what to do with it, unless it is set to true.
    fn choose(&mut self, name: &str, choice: &str, value: &str) -> Result<(), String> {
        let unknown = Err(format!("unknown config field {choice:?}"));
        let Some(Named::Field(field)) = variables::find(name) else {
            return unknown;
        };
        let on = match self.options.exact {
            true if matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            true => return unknown,
            false => variables::parse_bool(value)?,
        };
        if on {
            return variables::set(&mut self.options, field, choice);
        }
        if variables::get(&self.options, field) == choice {
            variables::reset(&mut self.options, field);
        }
        Ok(())
    }

    /// All variables and their values, as `options` shows them.
    pub fn listing(&self, profile: &Profile) -> String {
        let exact = self.options.exact;
        let mut lines = vec![line(OUTPUT, &quoted(self.output.clone()), "")];
        for field in variables::all() {
            let value = variables::get(&self.options, field);
            let name = field.name;
            let mut choices: Vec<_> = variables::choices(field).iter().map(|c| c.name).collect();
            choices.sort_unstable();
            lines.push(match name {
                "granularity" if value.is_empty() => line(name, "(default)", &any_of(&choices)),
                "source_path" if exact => continue,
                "sample_index" => {
                    let default = match exact {
                        true => self.types.len().checked_sub(1),
                        false => sample_type::find(profile, "").ok(),
                    };
                    let default = default.and_then(|index| self.types.get(index));
                    let value = match value.is_empty() {
                        true => default.cloned().unwrap_or_default(),
                        false => value,
                    };
                    line(name, &value, &any_of(&self.types))
                }
                "nodecount" if value == "-1" => line(name, &value, "default"),
                _ if !choices.is_empty() => line(name, &value, &any_of(&choices)),
                _ => line(name, &quoted(value), ""),
            });
        }
        lines.sort_unstable();
        lines.join("\n")
    }
}

fn any_of<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    format!("[{}]", values.join(" | "))
}

fn quoted(value: String) -> String {
    match value.is_empty() {
        true => "\"\"".to_owned(),
        false => value,
    }
}

fn line(name: &str, value: &str, comment: &str) -> String {
    let comment = match comment {
        "" => String::new(),
        comment => format!("{COMMENT} {comment}"),
    };
    format!("  {name:<25} = {value:<20} {comment}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;
    use report::options::{Granularity, Sort};

    fn settings(exact: bool) -> (Profile, Settings) {
        let profile = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]).finish();
        let options = Options {
            exact,
            ..Default::default()
        };
        let settings = Settings::new(&profile, &options, None);
        (profile, settings)
    }

    #[test]
    fn switches_and_values_are_assigned() {
        let (profile, mut s) = settings(false);
        for (line, expect) in [
            ("nodecount=3 //: a comment", Ok(())),
            (" focus = a=b ", Ok(())),
            ("mean", Ok(())),
            ("cum", Ok(())),
            ("lines", Ok(())),
            ("sample_index=0", Ok(())),
            ("output=f", Ok(())),
            (
                "focus",
                Err("please specify a value, e.g. focus=<val>".to_owned()),
            ),
            (
                "sample_index=9",
                Err("sample_index 9 is outside the range [0..1]".to_owned()),
            ),
        ] {
            assert_eq!(s.assign(line, &profile), Some(expect), "{line}");
        }
        assert_eq!((s.options.nodecount, s.options.mean), (3, true));
        assert_eq!(s.options.focus, "a=b");
        assert_eq!(s.options.sort, Sort::Cum);
        assert_eq!(s.options.granularity, Some(Granularity::Lines));
        assert_eq!(s.options.sample_index, "samples");
        assert_eq!(s.output, "f");
        assert_eq!(s.assign("lines=no", &profile), Some(Ok(())));
        assert_eq!(s.options.granularity, None);
        for line in ["top", "top = 3", "nodecount 5", ""] {
            assert_eq!(s.assign(line, &profile), None, "{line}");
        }
    }

    #[test]
    fn exactly_as_pprof_names_of_values_are_no_switches() {
        let (profile, mut s) = settings(true);
        let unknown = Some(Err("unknown config field \"cum\"".to_owned()));
        assert_eq!(s.assign("cum", &profile), unknown);
        assert_eq!(s.assign("cum=yes", &profile), unknown);
        assert_eq!(s.assign("cum=T", &profile), Some(Ok(())));
        assert_eq!(s.options.sort, Sort::Cum);
        assert!(!s.listing(&profile).contains("source_path"));
    }
}
