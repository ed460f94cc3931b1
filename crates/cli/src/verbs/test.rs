//! `gowhy test`: `go test` with every profile taken, kept and reported.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use godebug::bench::{BenchLog, Record};
use report::import::{Import, import};
use report::measure::{label, percentage};
use report::options::Options;
use report::pipeline::prepare;
use report::top::Top;
use report::view::View;
use serde_json::{Value, json};
use session::gotest::{
    Arguments, Finished, Go, Host, Kind, Package, Request, Set, Step, Taken, run as run_tests,
    takes_value, unused_dir,
};
use target::signals::{self, Signals};

use super::Verb;
use crate::exit::{CliError, Exit};
use crate::output::LocalZone;

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    TestArgs::augment_args(Command::new("test"))
        .override_usage("gowhy test [OPTIONS] [GO TEST ARGUMENTS]")
}

/// Run tests or benchmarks as go test does, with every profile taken, kept and reported.
///
/// Takes the arguments of go test, shows what it prints, and ends as it ends. The profiles, the
/// test's binary and its output stay in a folder.
///
/// Kinds of profiles skew each other and what is measured. So with -bench, each kind is taken in a run
/// of its own, and one without any gives the results that are shown. Several packages run one after
/// the other. Profiles that you name (-cpuprofile FILE) are written there, and a copy is kept. -json is
/// gowhy's own flag, not that of go test.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TestArgs {
    /// The folder to keep everything in [default: gowhy-test-001, or the next that is free]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take each kind of profile in a run of its own [default: with -bench]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    isolate: Option<bool>,
    /// The go command [default: $GO, or go in the PATH]
    #[arg(long, value_name = "PATH")]
    go: Option<String>,
    /// How many functions to show of each profile
    #[arg(long, default_value_t = 5, value_name = "N")]
    rows: usize,
    /// Print JSON; what go test prints goes to standard error
    #[arg(long)]
    json: bool,
    /// Say nothing but what go test says, and errors
    #[arg(short, long)]
    quiet: bool,
    /// The arguments of go test: -run, -bench, -count, packages …
    #[arg(last = true, value_name = "GO TEST ARGUMENTS", hide = true)]
    words: Vec<String>,
}

const EXAMPLES: &str = "\
Rates, unless you give them:
  -memprofilerate 4096 -blockprofilerate 1 -mutexprofilefraction 1
                                          in runs of their own
  -memprofilerate 65536 -blockprofilerate 10000 -mutexprofilefraction 10
                                          where all kinds are taken in one run

Examples:
  gowhy test ./parser                     the tests of a package
  gowhy test -run '^$' -bench . -count 6  its benchmarks: results, and four profiles
  gowhy test -bench Decode --isolate=false ./...
                                          one run for each package: faster, less exact
  gowhy test -bench . --out after && gowhy diff before after
                                          what did a change do?";

/// Flags that are gowhy's, and whether they take a value.
const OWN: &[(&str, bool)] = &[
    ("out", true),
    ("isolate", false),
    ("go", true),
    ("rows", true),
    ("json", false),
    ("quiet", false),
    ("q", false),
    ("h", false),
    ("help", false),
];

/// Sorts the command line: gowhy's own flags, then `--` and those of `go test`, in which nothing is
/// changed. What follows `-args` is the test's.
pub fn spell(words: Vec<OsString>) -> Vec<OsString> {
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    let mut rest = words.into_iter();
    while let Some(word) = rest.next() {
        let text = word.to_str().unwrap_or_default();
        let bare = text.trim_start_matches('-');
        let name = bare.split('=').next().unwrap_or_default().to_owned();
        let is_flag = (1..=2).contains(&(text.len() - bare.len())) && !bare.is_empty();
        if matches!(text, "-args" | "--args" | "--") {
            theirs.push(word);
            theirs.extend(rest);
            break;
        }
        let has_value = bare.contains('=');
        let known = OWN.iter().find(|(own, _)| is_flag && *own == name);
        if let Some((name, valued)) = known {
            let dashes = if name.len() == 1 { "-" } else { "--" };
            own.push(OsString::from(format!("{dashes}{bare}")));
            own.extend((*valued && !has_value).then(|| rest.next()).flatten());
            continue;
        }
        theirs.push(word);
        if is_flag && !has_value && takes_value(&name) == Some(true) {
            theirs.extend(rest.next());
        }
    }
    own.push("--".into());
    own.extend(theirs);
    own
}

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args = TestArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let arguments = Arguments::parse(&args.words)?;
    let cwd = std::env::current_dir()?;
    let path = std::env::var("PATH").unwrap_or_default();
    let named = std::env::var("GO").ok().filter(|go| !go.is_empty());
    let name = args.go.clone().or(named).unwrap_or_else(|| "go".to_owned());
    let go = Go::find(&name, &path, &cwd, &arguments)?;
    let dir = match &args.out {
        Some(dir) => cwd.join(dir),
        None => unused_dir(&cwd),
    };
    let request = Request {
        isolate: args.isolate.unwrap_or(arguments.benchmarks()),
        words: args.words.clone(),
        arguments,
        go,
        dir,
    };
    let mut terminal = Terminal::new(&args);
    let Finished {
        set,
        exit_code,
        notes,
    } = run_tests(&request, &mut terminal)?;
    if let Some(set) = &set {
        if args.json {
            let document = document(set, &args)?;
            writeln!(anstream::stdout().lock(), "{document}")?;
        } else if !args.quiet {
            report(set, &args, &cwd)?;
        }
    }
    for note in notes {
        anstream::eprintln!("{note}");
    }
    if terminal.stopped() {
        return Ok(Exit::Interrupted);
    }
    Ok(match exit_code {
        0 => Exit::Ok,
        code => Exit::Passed(u8::try_from(code).unwrap_or(1)),
    })
}

/// The user's terminal: shows what goes on, and passes signals on.
struct Terminal {
    quiet: bool,
    json: bool,
    group: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    fn new(args: &TestArgs) -> Terminal {
        let (group, stop) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (to, flag) = (Arc::clone(&group), Arc::clone(&stop));
        let signals = Signals::hold(true);
        std::thread::spawn(move || {
            while let Some(signal) = signals.wait_long() {
                // Tests are in a group of their own, so the terminal does not reach them.
                let again = flag.load(Ordering::Relaxed);
                if signal.asks_to_end() {
                    flag.store(true, Ordering::Relaxed);
                }
                match (to.load(Ordering::Relaxed), again) {
                    (0 | 1, _) => {}
                    // Asked a second time, it does not ask any more.
                    (group, true) if signal.asks_to_end() => signals::kill_group(group),
                    (group, _) => signals::send_group(group, signal),
                }
            }
        });
        Terminal {
            quiet: args.quiet,
            json: args.json,
            group,
            stop,
        }
    }
}

impl Host for Terminal {
    fn step(&mut self, step: &Step<'_>) {
        let (number, all) = step.run;
        if self.quiet || all < 2 {
            return;
        }
        let what = match step.kind {
            Some(kind) => format!("{} profile", kind.name()),
            None if all > 4 => "without profiles".to_owned(),
            None => "all profiles".to_owned(),
        };
        let dim = anstyle::Style::new().dimmed();
        anstream::eprintln!("{dim}[{number}/{all}] {}: {what}{dim:#}", step.package);
    }

    fn started(&mut self, group: u32) {
        self.group.store(group, Ordering::Relaxed);
    }

    fn output(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.json {
            return std::io::stderr().lock().write_all(bytes);
        }
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A profile's total and heaviest functions.
struct Summary {
    kind: String,
    unit: String,
    total: i64,
    duration: i64,
    functions: Vec<(String, i64, i64)>,
}

fn summary(set: &Set, taken: &Taken, rows: usize) -> Result<Summary, CliError> {
    let profile = import(set.profile(taken)?, &Import::default())?;
    let duration = profile.duration_nanos;
    let (hide, ignore) = taken.kind.noise();
    let options = Options {
        hide: hide.to_owned(),
        ignore: ignore.to_owned(),
        // Percentages are of what is left.
        relative_percentages: true,
        nodecount: i64::try_from(rows).unwrap_or(0),
        nodefraction: 0.0,
        ..Options::default()
    };
    let report = prepare(profile, &options, &View::Top, &LocalZone)?.report;
    let top = Top::new(&report);
    let functions = top.rows.into_iter().filter(|row| row.flat != 0);
    Ok(Summary {
        functions: functions
            .take(rows)
            .map(|r| (r.name, r.flat, r.cum))
            .collect(),
        total: report.total,
        kind: report.kind,
        unit: report.unit,
        duration,
    })
}

fn report(set: &Set, args: &TestArgs, cwd: &Path) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    let manifest = &set.manifest;
    let dir = set.dir.strip_prefix(cwd).unwrap_or(&set.dir);
    let bold = anstyle::Style::new().bold();
    let mut commands: Vec<(Kind, String)> = Vec::new();
    for package in &manifest.packages {
        writeln!(out, "\n{bold}{}{bold:#}", package.import_path)?;
        for kind in Kind::ALL {
            let Some(taken) = package.profiles.iter().find(|t| t.kind == kind) else {
                continue;
            };
            let file = dir.join(&taken.file);
            let found = match summary(set, taken, args.rows) {
                Ok(found) => found,
                Err(e) => {
                    writeln!(out, "  {:<6} {:#}", kind.name(), e.error)?;
                    continue;
                }
            };
            if found.functions.is_empty() {
                writeln!(out, "  {:<6} {}", kind.name(), nothing(kind))?;
                continue;
            }
            writeln!(out, "  {:<6} {}", kind.name(), about(kind, &found))?;
            for (name, flat, _) in &found.functions {
                let (flat, share) = (label(*flat, &found.unit), percentage(*flat, found.total));
                writeln!(out, "         {flat:>9} {share}  {name}")?;
            }
            if !commands.iter().any(|(known, _)| *known == kind) {
                let hide = match kind.noise().0 {
                    "" => String::new(),
                    hide => format!("-hide='{hide}' "),
                };
                commands.push((kind, format!("gowhy pprof -top {hide}{}", file.display())));
            }
        }
        if package.profiles.is_empty() {
            writeln!(out, "  no profile was written")?;
        }
    }
    if !commands.is_empty() {
        writeln!(out, "\nmore:")?;
        for (_, command) in &commands {
            writeln!(out, "  {command}")?;
        }
        if let Some((_, first)) = commands.first() {
            let picture = first.replacen("-top", "-flame -o flame.svg", 1);
            writeln!(out, "  {picture}")?;
        }
        writeln!(out, "  gowhy diff OLDER-RUN {}", dir.display())?;
    }
    writeln!(out, "\nkept in {}", dir.display())?;
    out.flush()?;
    drop(out);
    for advice in advice(set) {
        anstream::eprintln!("{advice}");
    }
    Ok(())
}

/// What to know about these results.
fn advice(set: &Set) -> Vec<&'static str> {
    let manifest = &set.manifest;
    let mut advice = Vec::new();
    if manifest.packages.is_empty() {
        advice.push("there are no tests in these packages, so there is nothing to profile");
    }
    if manifest
        .packages
        .iter()
        .any(|p| p.has_benchmarks && p.benchmarks_profiled)
    {
        advice.push("benchmarks were measured while profiles were taken: leave out --isolate=false for results to compare");
    }
    advice
}

fn about(kind: Kind, found: &Summary) -> String {
    let total = label(found.total, &found.unit);
    match kind {
        Kind::Cpu => format!(
            "{total} of CPU time in {}",
            label(found.duration, "nanoseconds")
        ),
        Kind::Mem => format!("{total} allocated"),
        Kind::Block => format!("{total} of waiting"),
        Kind::Mutex => format!("{total} that others waited for"),
    }
}

fn nothing(kind: Kind) -> &'static str {
    match kind {
        Kind::Cpu => "no samples: it ran for less than some hundredths of a second",
        Kind::Mem => "no allocation was seen",
        Kind::Block => "no goroutine waited",
        Kind::Mutex => "no goroutine waited for a lock",
    }
}

/// The manifest, with what is in the files. docs/test.md describes the fields.
fn document(set: &Set, args: &TestArgs) -> Result<Value, CliError> {
    let wrong = |e: serde_json::Error| CliError::new(Exit::Internal, e);
    let mut document = serde_json::to_value(&set.manifest).map_err(wrong)?;
    document["dir"] = json!(set.dir);
    for (at, package) in set.manifest.packages.iter().enumerate() {
        for (i, taken) in package.profiles.iter().enumerate() {
            let record = &mut document["packages"][at]["profiles"][i];
            match summary(set, taken, args.rows) {
                Ok(found) => {
                    let functions = found.functions.iter().map(
                        |(name, flat, cum)| json!({ "function": name, "flat": flat, "cum": cum }),
                    );
                    record["functions"] = functions.collect();
                    record["sample_type"] = found.kind.into();
                    record["unit"] = found.unit.into();
                    record["total"] = found.total.into();
                    record["duration_ns"] = found.duration.into();
                }
                Err(e) => record["error"] = format!("{:#}", e.error).into(),
            }
        }
        document["packages"][at]["benchmarks"] = benchmarks(set, package)?;
    }
    Ok(document)
}

/// A record for each value of each result.
fn benchmarks(set: &Set, package: &Package) -> Result<Value, CliError> {
    let Some(output) = package.output.as_ref().filter(|_| package.has_benchmarks) else {
        return Ok(json!([]));
    };
    let log = BenchLog::parse(&std::fs::read(set.dir.join(output))?);
    let results = log.records.iter().filter_map(|record| match record {
        Record::Result(result) => Some(result),
        _ => None,
    });
    let rows = results.flat_map(|result| {
        result.values.iter().map(|m| {
            json!({
                "name": result.name, "iterations": result.iterations,
                "value": m.value, "unit": m.unit,
            })
        })
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(line: &str) -> String {
        let words = line.split_whitespace().map(OsString::from).collect();
        let words = spell(words)
            .into_iter()
            .map(|w| w.to_string_lossy().into_owned());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn our_flags_are_told_from_those_of_go() {
        assert_eq!(
            spelled("-bench . -out d ./x --isolate=false -v -q -args -out --json"),
            "--out d --isolate=false -q -- -bench . ./x -v -args -out --json"
        );
        // The value of a flag may look like one of ours.
        assert_eq!(spelled("-run --json -count=2"), "-- -run --json -count=2");
        assert_eq!(spelled("./x -h"), "-h -- ./x");
        assert_eq!(spelled(""), "--");
    }
}
