//! `gowhy diff`: what changed between two test runs, profiles or files of benchmark results.

use std::io::{Read, Write};
use std::path::Path;

use anstyle::{Ansi256Color, AnsiColor, Style};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use profile::Profile;
use report::benchdiff::{self, ALPHA, Input, Tables, Tone};
use report::change::Change;
use report::import::{Import, import};
use report::options::Options;
use serde_json::{Value, json};
use session::compare::{self, Known, Side};

use super::Verb;
use crate::exit::{CliError, Exit};
use crate::output::LocalZone;

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    DiffArgs::augment_args(Command::new("diff"))
}

/// Compare two test runs, profiles or files of benchmark results.
///
/// Benchmarks are judged as benchstat judges them, and shown as it shows them: medians with
/// confidence intervals, and a difference only where the Mann-Whitney U test finds one (~ is none).
/// Take at least six results of each benchmark (-count 6), ten are better.
///
/// Of profiles it shows the functions whose own value changed most. Test runs whose benchmarks ran
/// for a time, not for a number of iterations, do different amounts of work: there the new values are
/// scaled to the total of the old ones, unless --normalize=false.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// Before: a folder of gowhy test, a profile, or the output of go test -bench (also with -json);
    /// - for standard input, LABEL=PATH for a name of your own
    old: String,
    /// After
    new: String,
    /// End with exit code 1 if a benchmark is significantly worse by more than this, e.g. 5%
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    fail_on: Option<f64>,
    /// Differences less probable than this are significant
    #[arg(long, default_value_t = ALPHA, value_parser = parse_share, value_name = "P")]
    alpha: f64,
    /// Make benchstat's mistakes too (docs/diff.md), for the same text in every case
    #[arg(long)]
    exact: bool,
    /// Scale the new profile to the total of the old one
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    normalize: Option<bool>,
    /// The value of profiles to compare, e.g. alloc_objects
    #[arg(
        long = "sample_index",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    sample_index: String,
    /// How many functions to show of each profile
    #[arg(long, default_value_t = 10, value_name = "N")]
    rows: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  gowhy diff old.txt new.txt              benchmarks, as benchstat compares them
  gowhy diff --fail-on 5% old.txt new.txt … exit code 1 if one is worse by more than 5%
  gowhy test -bench . --out before        keep a test run with all its profiles
  gowhy diff before after                 benchmarks and every kind of profile
  gowhy diff before/cpu.pb.gz after/cpu.pb.gz
                                          one profile";

/// `5%`, `5` or `0.5%`: as a share.
fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>();
    match number {
        Ok(percent) if percent >= 0.0 && percent.is_finite() => Ok(percent / 100.0),
        _ => Err("expected a percentage, e.g. 5%".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args = DiffArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let ((old_label, old_path), (new_label, new_path)) = (label(&args.old), label(&args.new));
    if old_path == "-" && new_path == "-" {
        return Err(CliError::usage("only one side can be standard input"));
    }
    let (old, new) = (open(old_path)?, open(new_path)?);
    for (side, path) in [(&old, old_path), (&new, new_path)] {
        for d in &side.benchmarks.diagnostics {
            anstream::eprintln!("{path}:{}: {}", d.line, d.message);
        }
    }
    let has_benchmarks = !old.benchmarks.is_empty() && !new.benchmarks.is_empty();
    let tables = has_benchmarks.then(|| {
        let same = old_label == new_label;
        let labels = [(old_label, 0), (new_label, 1)].map(|(label, i)| match same {
            true => format!("{label}#{i}"),
            false => label.to_owned(),
        });
        let inputs = [(&labels[0], &old), (&labels[1], &new)];
        let inputs = inputs.map(|(label, side)| Input {
            label,
            log: &side.benchmarks,
        });
        let options = benchdiff::Options {
            alpha: args.alpha,
            exact: args.exact,
        };
        benchdiff::compare(&inputs, &options)
    });
    let changes = changes(&args, &old, &new)?;
    if tables.is_none() && changes.is_empty() {
        return Err(nothing_in_common(&args, &old, &new));
    }
    if args.json {
        let document = document(&args, tables.as_ref(), &changes);
        writeln!(anstream::stdout().lock(), "{document}")?;
    } else {
        show(&args, tables.as_ref(), &changes)?;
    }
    match (args.fail_on, &tables) {
        (None, _) => Ok(Exit::Ok),
        (Some(_), None) => Err(CliError::usage(
            "--fail-on judges benchmark results, and these inputs have none in common",
        )),
        (Some(threshold), Some(tables)) => Ok(judge(tables, threshold)),
    }
}

/// The name of a side and where it is. What is there under its whole name has no label.
fn label(text: &str) -> (&str, &str) {
    match text.split_once('=') {
        Some((label, path)) if !label.is_empty() && !Path::new(text).exists() => (label, path),
        _ => (text, text),
    }
}

fn open(path: &str) -> Result<Side, CliError> {
    if path != "-" {
        return Ok(compare::open(Path::new(path))?);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(compare::read(&bytes, "standard input")?)
}

fn nothing_in_common(args: &DiffArgs, old: &Side, new: &Side) -> CliError {
    let about = |path: &str, side: &Side| {
        let what = match (side.benchmarks.is_empty(), side.profiles.len()) {
            (false, 0) => "benchmark results only".to_owned(),
            (true, 0) => "neither profiles nor benchmark results".to_owned(),
            (_, 1) => "one profile".to_owned(),
            (_, n) => format!("{n} profiles"),
        };
        format!("{path} has {what}")
    };
    let (old, new) = (about(&args.old, old), about(&args.new, new));
    CliError::usage(format!("there is nothing to compare: {old}, {new}"))
}

/// A comparison of two profiles, and of which.
struct Pair<'a> {
    known: &'a Known,
    change: Change,
}

fn changes<'a>(args: &DiffArgs, old: &'a Side, new: &'a Side) -> Result<Vec<Pair<'a>>, CliError> {
    let normalize = args.normalize.unwrap_or(old.timed || new.timed);
    let ready = |profile: &Profile| import(profile.clone(), &Import::default());
    let pairs = compare::pairs(old, new).into_iter().map(|(a, b)| {
        let (hide, ignore) = a
            .kind
            .or(b.kind)
            .map_or(("", ""), session::gotest::Kind::noise);
        let options = Options {
            sample_index: args.sample_index.clone(),
            hide: hide.to_owned(),
            ignore: ignore.to_owned(),
            // Totals, too, are of what is left.
            relative_percentages: true,
            ..Options::default()
        };
        let (before, after) = (ready(&a.profile)?, ready(&b.profile)?);
        let change = Change::new(&before, &after, &options, normalize, &LocalZone)?;
        Ok(Pair { known: a, change })
    });
    pairs.collect()
}

/// Blue for less and better, orange for more and worse: colours that everyone can tell apart.
fn paint(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Better => Style::new().fg_color(Some(AnsiColor::Blue.into())),
        Tone::Worse => Style::new().fg_color(Some(Ansi256Color(208).into())),
    };
    format!("{style}{text}{style:#}")
}

fn show(args: &DiffArgs, tables: Option<&Tables>, changes: &[Pair<'_>]) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    if let Some(tables) = tables {
        benchdiff::write(tables, &mut out, &paint)?;
    }
    for (i, Pair { known, change }) in changes.iter().enumerate() {
        if i > 0 || tables.is_some() {
            writeln!(out)?;
        }
        if !known.package.is_empty() {
            write!(out, "{} ", known.package)?;
        }
        if let Some(kind) = known.kind {
            write!(out, "{}, ", kind.name())?;
        }
        change.write(args.rows, &mut out, &paint)?;
    }
    out.flush()?;
    Ok(())
}

fn document(args: &DiffArgs, tables: Option<&Tables>, changes: &[Pair<'_>]) -> Value {
    let (benchmarks, geomeans) = tables.map(benchdiff::json_rows).unwrap_or_default();
    let profiles = changes.iter().map(|Pair { known, change }| {
        let mut record = change.json();
        record["package"] = known.package.clone().into();
        record["kind"] = json!(known.kind.map(session::gotest::Kind::name));
        record
    });
    let mut document = json!({
        "schema": "gowhy.diff",
        "version": 1,
        "old": args.old,
        "new": args.new,
        "alpha": args.alpha,
        "benchmarks": benchmarks,
        "geomeans": geomeans,
        "profiles": profiles.collect::<Vec<_>>(),
    });
    if let (Some(threshold), Some(tables)) = (args.fail_on, tables) {
        let (count, _) = tables.regressions(threshold);
        document["fail_on"] = json!(threshold);
        document["regressions"] = json!(count);
    }
    document
}

fn judge(tables: &Tables, threshold: f64) -> Exit {
    let (count, worst) = tables.regressions(threshold);
    if count == 0 {
        return Exit::Ok;
    }
    let results = if count == 1 {
        "result is"
    } else {
        "results are"
    };
    let worst = match worst.is_finite() {
        true => format!("{:.2}%", worst * 100.0),
        false => "from 0".to_owned(),
    };
    anstream::eprintln!(
        "{count} {results} significantly worse by more than {}%; the worst by {worst}",
        threshold * 100.0
    );
    Exit::Findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        assert_eq!(parse_percent("5%"), Ok(0.05));
        assert_eq!(parse_percent("5"), Ok(0.05));
        assert_eq!(parse_percent("0"), Ok(0.0));
        for wrong in ["", "%", "x", "-1%", "inf"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels() {
        assert_eq!(label("a.txt"), ("a.txt", "a.txt"));
        assert_eq!(label("old=dir/a.txt"), ("old", "dir/a.txt"));
        assert_eq!(label("=x"), ("=x", "=x"));
    }
}
