//! `help`: the commands and variables, and more about one of them.

use report::options::{Field, Slot};
use report::variables::{self, Named};
use report::view::{KINDS, Kind, Make};

use super::settings::{OUTPUT, Settings};

const OUTPUT_HELP: &str = "Output filename for file-based outputs";

/// Words of the shell that are neither views nor variables.
pub const WORDS: &[(&str, &str)] = &[
    ("o/options", "List options and their current values"),
    ("q/quit/exit/^D", "Exit pprof"),
];

/// What to know about variables beyond one line.
const MORE: &[(&str, &str)] = &[
    (
        "drop_negative",
        "Locations whose value is below 0 are left out.",
    ),
    (
        "call_tree",
        "Each way to reach a location is a node of its own.",
    ),
    (
        "relative_percentages",
        "If it is off, percentages are of the whole profile, so that reports with different\n\
         filters can be compared.",
    ),
    (
        "unit",
        "For times: seconds, milliseconds, nanoseconds … For memory: megabytes, kilobytes, bytes …\n\
         minimum finds one unit for all values, auto the best for each.",
    ),
    ("intel_syntax", "For disasm and weblist."),
    (
        "nodecount",
        "Pictures draw a path through nodes that are left out as a dotted edge.\n\
         0 shows all; -1 leaves it to the command.",
    ),
    ("trim", "If it is off, nothing is left out for being small."),
    (
        "focus",
        "Samples without a frame that matches are dropped.\n\
         A frame matches by its function, its file or its binary.",
    ),
    (
        "ignore",
        "Samples with a frame that matches are dropped.\n\
         A frame matches by its function, its file or its binary.",
    ),
    (
        "prune_from",
        "The frames that match and those that they call are dropped from each sample.",
    ),
    (
        "hide",
        "Frames that match are left out; the other frames of the sample stay.\n\
         A frame matches by its function, its file or its binary.",
    ),
    (
        "show",
        "Frames that do not match are left out.\n\
         A frame matches by its function, its file or its binary.",
    ),
    (
        "show_from",
        "The callers of the topmost frame that matches are dropped from each sample.",
    ),
    (
        "tagroot",
        "Label keys, separated by commas. The first is the new root.",
    ),
    (
        "tagleaf",
        "Label keys, separated by commas. The last is the new leaf.",
    ),
    (
        "tagfocus",
        "key=value looks at one label only.\n\
         Numbers: 1kb, 1kb:10kb, memory=32mb:  Texts: foo, foo.*bar, mytag=foo.*bar",
    ),
    (
        "tagignore",
        "key=value looks at one label only.\n\
         Numbers: 1kb, 1kb:10kb, memory=32mb:  Texts: foo, foo.*bar, mytag=foo.*bar",
    ),
    (
        "divide_by",
        "By the number of processors or jobs, for example.",
    ),
    (
        "mean",
        "Of memory: the bytes of one allocation. Of times: the time of one event.",
    ),
    ("sample_index", "The first value is 0."),
    ("functions", "Files are not told apart."),
    (
        "filefunctions",
        "Functions of one name in different files are told apart.",
    ),
    ("addresses", "Rows begin with the address."),
    (
        "noinlines",
        "An inlined function counts for the function that it is inlined into.",
    ),
];

/// The help of all, or of one command or variable.
pub fn help(topic: &str, settings: &Settings) -> Result<String, String> {
    if topic.is_empty() {
        return Ok(all(settings.options.exact));
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == topic) {
        return Ok(of_command(kind, settings.options.exact));
    }
    let first = match variables::find(topic) {
        _ if topic == OUTPUT => OUTPUT_HELP,
        Some(Named::Field(field)) => field.help,
        Some(Named::Choice(field, choice)) => of_choice(field, choice),
        None => return Err(format!("Unknown command: {topic}")),
    };
    let mut text = format!("{first}\n");
    if let Some((_, more)) = MORE.iter().find(|(name, _)| *name == topic) {
        text += &format!("{more}\n");
    }
    let values = variables::find(topic).and_then(|named| match named {
        Named::Field(field) => Some(variables::choices(field)),
        Named::Choice(..) => None,
    });
    for choice in values.into_iter().flatten() {
        text += &format!("{}\n", entry(choice.name, choice.help));
    }
    if topic == "sample_index" {
        text += &format!(
            "Or sample_index=name, with name in [{}].\n",
            settings.types.join(" ")
        );
    }
    Ok(text)
}

fn of_choice(field: &Field, choice: &str) -> &'static str {
    let choices = variables::choices(field).iter();
    { choices }
        .find(|c| c.name == choice)
        .map_or("", |c| c.help)
}

fn of_command(kind: &Kind, exact: bool) -> String {
    let name = kind.name;
    let (argument, count) = match kind.make {
        Make::Plain(_) => ("", " [n]"),
        Make::Matching(_) => (" <func_regex|address>", ""),
    };
    let mut usage =
        format!("{name}{argument}{count} [focus_regex]* [-ignore_regex]* [-cum] [>file]");
    if !exact {
        usage += " [| command]";
    }
    let mut lines = vec![usage];
    let mut add = |line: &str| lines.push(line.to_owned());
    match kind.make {
        Make::Plain(_) => add("At most n nodes."),
        Make::Matching(_) => add("Functions that match, or that hold the address."),
    }
    match name {
        "tags" => add("Of labels that match a tag_regex, and none of the -ignore_regex."),
        _ => add(
            "Of samples with a function that matches a focus_regex, and none that matches an -ignore_regex.",
        ),
    }
    add("-cum sorts by the value with everything that is called.");
    add(">file keeps the report.");
    if !exact {
        add("| command hands it to another program.");
    }
    format!("{}\n  Usage:\n    {}\n\n", kind.help, lines.join("\n    "))
}

fn all(exact: bool) -> String {
    let mut commands: Vec<_> = KINDS.iter().map(|k| entry(k.name, k.help)).collect();
    commands.sort_unstable();
    commands.extend(WORDS.iter().map(|(name, help)| entry(name, help)));

    let single = variables::all().filter(|f| !matches!(f.slot, Slot::Choice(_)));
    let mut single: Vec<_> = single.map(|f| entry(f.name, f.help)).collect();
    single.push(entry(OUTPUT, OUTPUT_HELP));
    single.sort_unstable();

    let mut groups = Vec::new();
    for field in variables::all() {
        if matches!(field.slot, Slot::Choice(_)) {
            groups.push(entry(field.name, ""));
            let choices = variables::choices(field).iter();
            groups.extend(choices.map(|c| format!("  {}", entry(c.name, c.help))));
        }
    }
    let pipe = match exact {
        true => "",
        false => {
            "\n  After a command: >file keeps the report, | command hands it to another program\n"
        }
    };
    format!(
        "  Commands:\n{}\n\n  Options:\n{}\n\n  Option groups (only set one per group):\n{}\n  \
         :   Clear focus/ignore/hide/tagfocus/tagignore\n{pipe}\n  \
         type \"help <cmd|option>\" for more information\n",
        commands.join("\n"),
        single.join("\n"),
        groups.join("\n"),
    )
}

fn entry(name: &str, help: &str) -> String {
    format!("    {name:<16} {help}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;
    use report::options::Options;

    #[test]
    fn everything_has_help() {
        let profile = Builder::new(&[("n", "count"), ("t", "ns")]).finish();
        let settings = Settings::new(&profile, &Options::default(), None);
        let all = help("", &settings).expect("there is help");
        let kinds = KINDS.iter().map(|kind| kind.name);
        for name in kinds.chain(variables::names()).chain([OUTPUT]) {
            assert!(all.contains(&format!("    {name} ")), "{name}");
            let one = help(name, &settings).expect(name);
            assert!(one.len() > 10 && one.ends_with('\n'), "{name}: {one:?}");
        }
        for (name, _) in MORE {
            assert!(variables::find(name).is_some(), "{name}");
        }
        let values = help("sample_index", &settings).expect("there is help");
        assert!(values.contains("[n t]"), "{values}");
        assert_eq!(
            help("nosuch", &settings),
            Err("Unknown command: nosuch".to_owned())
        );
    }
}
