//! A line that asks for a report: `top10 focus -ignore -cum >file`, `tree | less`.
//!
//! Mirrors `parseCommandLine` of pprof's `internal/driver/interactive.go`.

use report::options::{Options, Sort};
use report::variables;
use report::view::{KINDS, Kind, Make, View};

use super::settings::{OUTPUT, Settings};

/// How many rows `top` shows if nobody says.
const TOP_ROWS: i64 = 10;

/// A report that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What to show.
    pub view: View,
    /// How; what the line says is not kept for the next.
    pub options: Options,
    /// The file it goes to; empty for standard output.
    pub output: String,
    /// The command line that reads it.
    pub pipe: Option<String>,
}

/// Reads a line that is not empty.
pub fn parse(line: &str, settings: &Settings) -> Result<Command, String> {
    let (line, pipe) = match settings.options.exact {
        true => (line, None),
        false => split_pipe(line)?,
    };
    let mut words = line.split_whitespace();
    let name = words.next().unwrap_or_default();
    let mut words: Vec<&str> = words.collect();
    let (name, kind) = find(name, &mut words)?;

    let view = match &kind.make {
        Make::Plain(view) => view.clone(),
        Make::Matching(_) if words.is_empty() => {
            return Err(format!("command {name} requires an argument"));
        }
        Make::Matching(make) => make(words.remove(0).to_owned()),
    };
    let mut command = Command {
        view,
        options: settings.options.clone(),
        output: settings.output.clone(),
        pipe,
    };
    let (mut focus, mut ignore) = (String::new(), String::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if let Ok(count) = word.parse::<i32>() {
            command.options.nodecount = i64::from(count);
        } else if let Some(file) = word.strip_prefix('>') {
            let file = if file.is_empty() {
                words.next().ok_or("unexpected end of line after >")?
            } else {
                file
            };
            file.clone_into(&mut command.output);
        } else if word == "-cum" || word == "--cum" {
            command.options.sort = Sort::Cum;
        } else if let Some(pattern) = word.strip_prefix('-') {
            or(&mut ignore, pattern);
        } else {
            or(&mut focus, word);
        }
    }
    let options = &mut command.options;
    let (focus_on, ignored) = match command.view {
        View::Tags => (&mut options.tagfocus, &mut options.tagignore),
        _ => (&mut options.focus, &mut options.ignore),
    };
    if !focus.is_empty() {
        *focus_on = focus;
    }
    if !ignore.is_empty() {
        *ignored = ignore;
    }
    if command.view == View::Top && options.nodecount == -1 {
        options.nodecount = TOP_ROWS;
    }
    Ok(command)
}

/// The view of a name that may have a number at its end, which becomes the first word after it.
fn find<'l>(name: &'l str, words: &mut Vec<&'l str>) -> Result<(&'l str, &'static Kind), String> {
    let kind = |name: &str| KINDS.iter().find(|kind| kind.name == name);
    if let Some(kind) = kind(name) {
        return Ok((name, kind));
    }
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut name = name;
    if !bare.is_empty() && bare.len() < name.len() {
        words.insert(0, &name[bare.len()..]);
        name = bare;
    }
    if let Some(kind) = kind(name) {
        return Ok((name, kind));
    }
    if name == OUTPUT || variables::find(name).is_some() {
        let value = words.first().copied().unwrap_or("<val>");
        return Err(format!("did you mean: {name}={value}"));
    }
    Err(format!("unrecognized command: {name:?}"))
}

/// Adds an alternative to a regular expression.
fn or(pattern: &mut String, alternative: &str) {
    if !pattern.is_empty() && !alternative.is_empty() {
        pattern.push('|');
    }
    pattern.push_str(alternative);
}

/// Cuts what follows a word that begins with `|`.
fn split_pipe(line: &str) -> Result<(&str, Option<String>), String> {
    let mut bars = line.match_indices('|').map(|(at, _)| at);
    let at = bars.find(|&at| line[..at].ends_with(char::is_whitespace));
    let Some(at) = at else {
        return Ok((line, None));
    };
    match line[at + 1..].trim() {
        "" => Err("unexpected end of line after |".to_owned()),
        command => Ok((&line[..at], Some(command.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;

    fn check(line: &str, exact: bool) -> Result<Command, String> {
        let profile = Builder::new(&[("n", "count")]).finish();
        let options = Options {
            exact,
            focus: "kept".into(),
            ..Default::default()
        };
        parse(line, &Settings::new(&profile, &options, None))
    }

    #[test]
    fn words_are_counts_filters_and_files() {
        let c = check("top10 a b -x -y -cum > f", false).expect("fits");
        assert_eq!((c.view, c.options.nodecount), (View::Top, 10));
        assert_eq!((&*c.options.focus, &*c.options.ignore), ("a|b", "x|y"));
        assert_eq!((c.options.sort, &*c.output), (Sort::Cum, "f"));

        let c = check("list re 5 -- >f", false).expect("fits");
        assert_eq!(c.view, View::List("re".into()));
        assert_eq!((c.options.nodecount, &*c.options.focus), (5, "kept"));
        assert_eq!((&*c.options.ignore, &*c.output), ("-", "f"));

        let c = check("tags get -post", false).expect("fits");
        assert_eq!(
            (&*c.options.tagfocus, &*c.options.tagignore),
            ("get", "post")
        );
        assert_eq!(c.options.focus, "kept");
        assert_eq!(check("top", false).expect("fits").options.nodecount, 10);
        assert_eq!(check("tree", false).expect("fits").options.nodecount, -1);
    }

    #[test]
    fn mistakes_are_told() {
        for (line, expect) in [
            ("nosuch", "unrecognized command: \"nosuch\""),
            ("nosuch7", "unrecognized command: \"nosuch\""),
            ("77", "unrecognized command: \"77\""),
            ("nodecount 5", "did you mean: nodecount=5"),
            ("focus9", "did you mean: focus=9"),
            ("peek", "command peek requires an argument"),
            ("top >", "unexpected end of line after >"),
            ("top |", "unexpected end of line after |"),
        ] {
            assert_eq!(check(line, false), Err(expect.to_owned()), "{line}");
        }
    }

    #[test]
    fn reports_are_piped_but_not_in_pprof() {
        let c = check("tree a|b |less -S | cat", false).expect("fits");
        assert_eq!(c.pipe.as_deref(), Some("less -S | cat"));
        assert_eq!(c.options.focus, "a|b");
        let c = check("tree | less", true).expect("fits");
        assert_eq!((c.pipe, &*c.options.focus), (None, "||less"));
    }
}
