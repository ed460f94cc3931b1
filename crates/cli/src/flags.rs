//! pprof's flags, for every verb that shows a profile.
//!
//! They are made from the tables of the `report` crate ([`report::options::FIELDS`],
//! [`report::view::KINDS`]), so a new option or view is a flag without a word here. A verb takes them
//! all by `#[command(flatten)] report: ReportArgs`.
//!
//! Go programs take `-name`, `--name`, `-name=value` and `-name value` alike; [`normalize`] writes
//! them as clap knows them. Beyond Go, flags may follow positional arguments.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};
use report::options::{CHOICES, FIELDS, Options, Slot};
use report::view::{KINDS, Kind, Make, View};

use crate::output::Syntax;

/// What a profile's report is asked to be.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportChoice {
    /// What to show; `None` if the user did not say.
    pub view: Option<View>,
    /// How to show it.
    pub options: Options,
    /// Text as for people, or for programs.
    pub syntax: Syntax,
    /// The file to write to; `None` for standard output.
    pub output: Option<String>,
    /// What to tell the user about the flags.
    pub notices: Vec<String>,
}

/// All of pprof's report flags, to be flattened into the arguments of a verb.
#[derive(Clone, Debug)]
pub struct ReportArgs(pub ReportChoice);

/// Flags of old versions that choose a value, and the value that they choose.
const VALUES: &[(&str, &str, &str)] = &[
    ("total_delay", "delay", "Same as -sample_index=delay"),
    ("mean_delay", "delay", "Same as -mean -sample_index=delay"),
    (
        "contentions",
        "contentions",
        "Same as -sample_index=contentions",
    ),
    (
        "inuse_space",
        "inuse_space",
        "Same as -sample_index=inuse_space",
    ),
    (
        "inuse_objects",
        "inuse_objects",
        "Same as -sample_index=inuse_objects",
    ),
    (
        "alloc_space",
        "alloc_space",
        "Same as -sample_index=alloc_space",
    ),
    (
        "alloc_objects",
        "alloc_objects",
        "Same as -sample_index=alloc_objects",
    ),
];

const VIEWS_HEADING: &str = "Views (at most one; without one -top)";
const OPTIONS_HEADING: &str = "Report options";
const VALUES_HEADING: &str = "Values (same as -sample_index)";

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::SetTrue)
}

/// A switch that is on unless the user says otherwise.
fn switch_off(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(parse_bool)
        .value_name("BOOL")
}

fn valued(name: &'static str, help: &'static str, value: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .num_args(1)
        .allow_hyphen_values(true)
        .value_name(value)
}

/// The values that Go's `strconv.ParseBool` takes.
fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A whole number, in decimal or with the prefix of another base, as Go's `flag` takes it.
fn parse_int(text: &str) -> Result<i64, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    i64::from_str_radix(&format!("{sign}{digits}"), base).map_err(|e| e.to_string())
}

fn field_arg(name: &'static str, help: &'static str, slot: Slot) -> Vec<Arg> {
    match slot {
        Slot::Bool(at) if *at(&mut Options::default()) => vec![switch_off(name, help)],
        Slot::Bool(_) => vec![switch(name, help)],
        Slot::Int(_) => vec![valued(name, help, "N").value_parser(parse_int)],
        Slot::Float(_) => vec![valued(name, help, "F").value_parser(clap::value_parser!(f64))],
        Slot::Text(_) => vec![valued(name, help, "TEXT")],
        Slot::Choice(choices) => choices.iter().map(|c| switch(c.name, c.help)).collect(),
    }
}

fn view_arg(kind: &Kind) -> Arg {
    match kind.make {
        Make::Plain(_) => switch(kind.name, kind.help),
        Make::Matching(_) => valued(kind.name, kind.help, "REGEXP"),
    }
}

impl clap::Args for ReportArgs {
    fn augment_args(command: Command) -> Command {
        let views = KINDS.iter().map(view_arg).chain([
            switch("json", "Outputs the view as JSON"),
            valued("output", "Output filename for file-based outputs", "FILE").short('o'),
        ]);
        let fields = FIELDS.iter().chain(CHOICES);
        let options = fields.flat_map(|f| field_arg(f.name, f.help, f.slot));
        let values = VALUES.iter().map(|(name, _, help)| switch(name, help));
        // As with Go's flags, the last of several wins.
        command
            .args_override_self(true)
            .args(views.map(|a| a.help_heading(VIEWS_HEADING)))
            .args(options.map(|a| a.help_heading(OPTIONS_HEADING)))
            .args(values.map(|a| a.help_heading(VALUES_HEADING)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for ReportArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let wrong =
            |message: String| clap::Error::raw(clap::error::ErrorKind::ValueValidation, message);
        choice(matches)
            .map(ReportArgs)
            .map_err(|e| wrong(format!("{e}\n")))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The value of a flag that the user set.
fn set<'m, T: Clone + Send + Sync + 'static>(matches: &'m ArgMatches, name: &str) -> Option<&'m T> {
    let by_user = matches.value_source(name) == Some(ValueSource::CommandLine);
    by_user.then(|| matches.get_one(name)).flatten()
}

fn is_on(matches: &ArgMatches, name: &str) -> bool {
    set(matches, name) == Some(&true)
}

fn choice(matches: &ArgMatches) -> Result<ReportChoice, String> {
    let mut options = Options::default();
    for field in FIELDS {
        match field.slot {
            Slot::Bool(at) => assign(matches, field.name, at(&mut options)),
            Slot::Int(at) => assign(matches, field.name, at(&mut options)),
            Slot::Float(at) => assign(matches, field.name, at(&mut options)),
            Slot::Text(at) => assign(matches, field.name, at(&mut options)),
            Slot::Choice(_) => {}
        }
    }
    for field in CHOICES {
        let Slot::Choice(choices) = field.slot else {
            continue;
        };
        let on: Vec<_> = choices.iter().filter(|c| is_on(matches, c.name)).collect();
        match on[..] {
            [] => {}
            [one] => (one.set)(&mut options),
            _ => {
                let names: Vec<_> = on.iter().map(|c| c.name).collect();
                return Err(format!("conflicting options set: [{}]", names.join(" ")));
            }
        }
    }

    let mut notices = Vec::new();
    for (name, value, _) in VALUES {
        if !is_on(matches, name) {
            continue;
        }
        if *name == "mean_delay" {
            options.mean = true;
        }
        if options.sample_index.is_empty() {
            options.sample_index = (*value).to_owned();
        } else {
            notices.push(format!("Multiple value selections, ignoring -{name}"));
        }
    }

    let mut views = KINDS.iter().filter_map(|kind| match kind.make.clone() {
        Make::Plain(view) => is_on(matches, kind.name).then_some(view),
        Make::Matching(make) => {
            let pattern = set::<String>(matches, kind.name)?;
            (!pattern.is_empty()).then(|| make(pattern.clone()))
        }
    });
    let view = views.next();
    if views.next().is_some() {
        return Err("must set at most one output format".to_owned());
    }
    let output = set::<String>(matches, "output").filter(|o| !o.is_empty());
    Ok(ReportChoice {
        view,
        options,
        syntax: if is_on(matches, "json") {
            Syntax::Json
        } else {
            Syntax::Text
        },
        output: output.cloned(),
        notices,
    })
}

fn assign<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str, place: &mut T) {
    if let Some(value) = set(matches, name) {
        *place = T::clone(value);
    }
}

/// Writes Go's `-name` as `--name` wherever the command has such a flag, and `-name=true` of a switch
/// as `--name`. What is the value of another flag or follows `--` stays as it is. After `-exact`, flags
/// end where Go's do.
pub fn normalize(command: &Command, args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut args = args.into_iter();
    let mut exact = false;
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        if (text == "-" || !text.starts_with('-')) && exact {
            // As Go's flags, these end at the first argument that is none.
            out.extend(["--".into(), arg]);
            break;
        }
        if text == "--" {
            out.push(arg);
            break;
        }
        let name = text.trim_start_matches('-');
        let dashes = text.len() - name.len();
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        if !(1..=2).contains(&dashes) || name.is_empty() {
            out.push(arg);
            continue;
        }
        let single = dashes == 1 && name.len() == 1;
        let spelled = OsString::from(if single { "-" } else { "--" }.to_owned() + name);
        let Some(flag) = find(command, name) else {
            // A word after one dash is one flag to Go. Unless its first letter is a flag with a
            // value, such as in -d10s, it is spelled so that the complaint names all of it.
            let first = name.chars().next().map(String::from).unwrap_or_default();
            out.push(match find(command, &first) {
                Some(_) => arg,
                None => OsString::from("-".repeat(2 - dashes) + text),
            });
            continue;
        };
        if name == "exact" {
            exact = value.is_none_or(|value| parse_bool(value) == Ok(true));
        }
        match (value, flag.get_action()) {
            (Some(value), ArgAction::SetTrue) if parse_bool(value).is_ok() => {
                out.retain(|earlier| *earlier != spelled);
                if parse_bool(value) == Ok(true) {
                    out.push(spelled);
                }
            }
            (Some(_), _) if single => out.push(arg),
            (Some(value), _) => out.push(OsString::from(format!("--{name}={value}"))),
            (None, _) => {
                out.push(spelled);
                if takes_value(flag) {
                    out.extend(args.next());
                }
            }
        }
    }
    out.extend(args);
    out
}

fn find<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|a| {
        let aliases = a.get_all_aliases().unwrap_or_default();
        let short = a
            .get_short()
            .is_some_and(|s| name.len() == 1 && name.starts_with(s));
        short || a.get_long() == Some(name) || aliases.contains(&name)
    })
}

fn takes_value(flag: &Arg) -> bool {
    let switch = matches!(
        flag.get_action(),
        ArgAction::SetTrue
            | ArgAction::SetFalse
            | ArgAction::Count
            | ArgAction::Help
            | ArgAction::HelpShort
            | ArgAction::HelpLong
            | ArgAction::Version
    );
    !switch && !flag.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;
    use report::options::{Granularity, Sort};

    fn command() -> Command {
        ReportArgs::augment_args(Command::new("t").no_binary_name(true))
            .arg(Arg::new("source").num_args(0..))
            .arg(Arg::new("base").long("base").action(ArgAction::Append))
            .arg(switch("exact", ""))
    }

    fn parse(line: &str) -> Result<(ReportChoice, Vec<String>), String> {
        let args = line.split_whitespace().map(OsString::from);
        let command = command();
        let args = normalize(&command, args);
        let matches = command
            .try_get_matches_from(args)
            .map_err(|e| e.to_string())?;
        let choice = ReportArgs::from_arg_matches(&matches).map_err(|e| e.to_string())?;
        let sources = matches.get_many::<String>("source");
        Ok((choice.0, sources.unwrap_or_default().cloned().collect()))
    }

    #[test]
    fn dashes_and_values_are_taken_as_go_takes_them() {
        let expect = parse("-top -focus=re -nodecount=7 f").expect("these are flags");
        for line in [
            "--top --focus re --nodecount 7 f",
            "f -top -focus re -nodecount=0x7",
            "-top=true -trim=T -focus=x -focus re f -nodecount=7",
            "-focus re -nodecount +7 --top -- f",
        ] {
            assert_eq!(parse(line).expect(line), expect, "{line}");
        }
        assert_eq!(expect.0.view, Some(View::Top));
        assert_eq!(expect.0.options.focus, "re");
        assert_eq!(expect.0.options.nodecount, 7);
        assert_eq!(expect.1, ["f"]);
    }

    #[test]
    fn exactly_as_go_flags_end_at_the_first_source() {
        for (line, expect) in [
            ("-exact -top f -lines", &["f", "-lines"][..]),
            ("-top -exact - -exact=false", &["-", "-exact=false"]),
            ("-exact -focus f -top g -", &["g", "-"]),
            ("-exact=false -top f -lines", &["f"]),
            ("-exact -- -top", &["-top"]),
            ("f -exact", &["f"]),
        ] {
            let (_, sources) = parse(line).expect(line);
            assert_eq!(sources, expect, "{line}");
        }
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        let (choice, sources) = parse("-focus -top -sample_index -1 -").expect("fits");
        assert_eq!(choice.view, None);
        assert_eq!(choice.options.focus, "-top");
        assert_eq!(choice.options.sample_index, "-1");
        assert_eq!(sources, ["-"]);
    }

    #[test]
    fn views_and_choices_exclude_each_other() {
        for (line, expect) in [
            ("-top -tree", "must set at most one output format"),
            ("-list=a -peek=b", "must set at most one output format"),
            ("-lines -files", "conflicting options set: [files lines]"),
            ("-nosuchflag", "'--nosuchflag'"),
            ("-nodecount=x", "invalid"),
            ("-top=maybe", "unexpected value 'maybe'"),
            ("-trim=maybe", "invalid"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(expect), "{line}: {error}");
        }
        let (choice, _) = parse("-lines -files=false -cum -top=0 -peek= -tree").expect("fits");
        assert_eq!(choice.options.granularity, Some(Granularity::Lines));
        assert_eq!(choice.options.sort, Sort::Cum);
        assert_eq!(choice.view, Some(View::Tree));
    }

    #[test]
    fn old_flags_choose_a_value_once() {
        let (choice, _) = parse("-mean_delay").expect("fits");
        assert!(choice.options.mean);
        assert_eq!(choice.options.sample_index, "delay");
        let (choice, _) = parse("-alloc_space -inuse_space -sample_index=2").expect("fits");
        assert_eq!(choice.options.sample_index, "2");
        assert_eq!(
            choice.notices,
            [
                "Multiple value selections, ignoring -inuse_space",
                "Multiple value selections, ignoring -alloc_space"
            ]
        );
    }
}
