//! `gowhy pprof -exact` prints what `go tool pprof` printed for a folder of recorded cases.
//!
//! The folder is no part of the project: `$GOWHY_PPROF_GOLDEN` names it, or it is
//! `shared/pprof-golden` beside the checkout. Its `README.md` says how the cases were made:
//! `cases.tsv` has arguments, sources, file with the expected output, exit code and notes;
//! `nondeterministic.tsv` the same for what pprof prints in another order each time;
//! `interactive.tsv` sessions of the shell; `web.tsv` the data of flame graph pages. `$GOWHY_GOLDEN_ONLY` picks the cases whose row has that
//! text in it.
#![allow(
    clippy::print_stdout,
    reason = "cargo xtask golden shows what it prints"
)]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flate2::read::MultiGzDecoder;
use report::binary::NoBinaries;
use report::import::{Import, import};
use report::options::Options;
use report::source::LocalFiles;
use report::time::Utc;
use serde_json::Value;

/// One run of the program and what it should give.
struct Case {
    row: String,
    args: Vec<String>,
    stdin: Option<PathBuf>,
    expect: PathBuf,
    succeeds: bool,
    compare: Compare,
}

/// What of the output counts.
#[derive(Clone, Copy)]
enum Compare {
    /// Every byte.
    Bytes,
    /// What is inside of the gzip.
    Inflated,
    /// The lines as a set, without the running sum of percentages.
    Rows,
    /// The lines as a set, without the numbers of nodes.
    Ids,
}

fn folder() -> Option<PathBuf> {
    if let Some(dir) = env::var_os("GOWHY_PPROF_GOLDEN").filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside = checkout.join("../shared/pprof-golden");
    beside.join("cases.tsv").exists().then_some(beside)
}

fn cases(dir: &Path) -> Vec<Case> {
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(dir.join(name)).unwrap_or_default();
        let rows = text.lines().filter(|line| !line.is_empty());
        rows.map(|row| row.split('\t').map(str::to_owned).collect())
            .collect()
    };
    let mut cases = Vec::new();
    for name in ["cases.tsv", "nondeterministic.tsv"] {
        for row in rows(name) {
            let cell = |i: usize| row.get(i).map_or("", String::as_str);
            let args = cell(0).split_whitespace().chain(cell(1).split_whitespace());
            cases.push(Case {
                row: row.join("  "),
                args: args.map(str::to_owned).collect(),
                stdin: None,
                expect: dir.join(cell(2)),
                succeeds: cell(3) == "0",
                compare: match cell(4) {
                    note if note.contains("proto-gunzip") => Compare::Inflated,
                    note if note.contains("rule:rows") => Compare::Rows,
                    note if note.contains("rule:ids") => Compare::Ids,
                    _ => Compare::Bytes,
                },
            });
        }
    }
    for row in rows("interactive.tsv") {
        let [input, profile, expect, ..] = &row[..] else {
            panic!("a session has input, profile and output: {row:?}");
        };
        cases.push(Case {
            row: row.join("  "),
            args: vec![profile.clone()],
            stdin: Some(dir.join(input)),
            expect: dir.join(expect),
            succeeds: true,
            compare: Compare::Bytes,
        });
    }
    cases
}

impl Compare {
    fn of(self, output: &[u8]) -> Vec<u8> {
        let text = || String::from_utf8_lossy(output).into_owned();
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines.join("\n").into_bytes()
        };
        match self {
            Compare::Bytes => output.to_vec(),
            Compare::Inflated => {
                let mut inflated = Vec::new();
                match MultiGzDecoder::new(output).read_to_end(&mut inflated) {
                    Ok(_) => inflated,
                    Err(e) => format!("no gzip: {e}").into_bytes(),
                }
            }
            Compare::Rows => sorted(text().lines().map(without_sum).collect()),
            Compare::Ids => sorted(text().lines().map(without_ids).collect()),
        }
    }
}

/// A row of `-top` without its third column.
fn without_sum(line: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if words.len() > 5 && number(words[0]) && words[1].ends_with('%') {
        words.remove(2);
        return words.join(" ");
    }
    line.to_owned()
}

/// A line of `-dot` with `N`, `node` and `L` in place of `N1`, `node1` and `L1`.
fn without_ids(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let id = name.len() < word.len() && ["N", "node", "L"].contains(&name);
        out.push_str(if id { name } else { word });
        word.clear();
    };
    for c in line.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// What is wrong with the program's answer; `None` for nothing.
fn check(case: &Case, dir: &Path) -> Option<String> {
    let program = env::var_os("GOWHY_BIN").filter(|path| !path.is_empty());
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_gowhy").into());
    let mut command = Command::new(program);
    command
        .args(["pprof", "-exact"])
        .args(&case.args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("PPROF_BINARY_PATH", "/nonexistent-dir")
        .env("TZ", "UTC")
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("gowhy starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    if let Some(path) = &case.stdin {
        let input = fs::read(path).expect("the session's input is there");
        // It may end before it has read all.
        let _ = stdin.write_all(&input);
    }
    drop(stdin);
    let output = child.wait_with_output().expect("gowhy ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.success() != case.succeeds {
        return Some(format!("{}: {}", output.status, stderr.trim_end()));
    }
    let expect = fs::read(&case.expect).expect("the expected output is there");
    let ours = case.compare.of(&output.stdout);
    let theirs = match case.compare {
        // What was recorded is inflated already.
        Compare::Inflated => expect,
        compare => compare.of(&expect),
    };
    (ours != theirs).then(|| difference(&ours, &theirs))
}

/// The lines at which two outputs part.
fn difference(ours: &[u8], theirs: &[u8]) -> String {
    let (ours, theirs) = (
        String::from_utf8_lossy(ours),
        String::from_utf8_lossy(theirs),
    );
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (ours.lines().collect(), theirs.lines().collect());
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let show = |sign: char, lines: &[&str]| {
        let lines = lines.iter().skip(same).take(3);
        lines
            .map(|line| format!("\n    {sign} {:.200}", format!("{line:?}")))
            .collect::<String>()
    };
    format!(
        "line {} ({} lines, expected {}){}{}",
        same + 1,
        ours.len(),
        theirs.len(),
        show('-', &theirs),
        show('+', &ours),
    )
}

/// What the page of the flame graph is fed with, which `web.tsv` has for some addresses.
fn check_page(row: &str, dir: &Path) -> Option<String> {
    let cells: Vec<&str> = row.split('\t').collect();
    let [profile_name, address, expect, ..] = cells[..] else {
        panic!("a page has profile, address and data: {row}");
    };
    let bytes = fs::read(dir.join(profile_name)).expect("the profile is there");
    let profile = profile::decode(&bytes).expect("it is a profile");
    let site = web::Site::new(web::Setup {
        profile: import(profile, &Import::default()).expect("it can be shown"),
        options: Options {
            exact: true,
            // These were recorded beside their sources, whose folder is then cut from the names.
            source_path: match profile_name.contains("crunch") {
                true => "src/crunch".to_owned(),
                false => String::new(),
            },
            ..Default::default()
        },
        zone: Box::new(Utc),
        files: Box::new(LocalFiles),
        programs: || Box::new(NoBinaries),
        search: "/nonexistent".to_owned(),
        settings: None,
    });
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let reply = site.answer(
        &format!("/ui/{path}"),
        &format!("{query}&format=json"),
        false,
    );
    let expect = fs::read(dir.join(expect)).expect("the data is there");
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok().map(as_floats);
    let same = json(&reply.body).is_some() && json(&reply.body) == json(&expect);
    (!same).then(|| difference(&reply.body, &expect))
}

/// The same with `1` for `1.0`.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(n) => n.as_f64().map_or(Value::Number(n), Value::from),
        Value::Array(all) => all.into_iter().map(as_floats).collect(),
        Value::Object(all) => all.into_iter().map(|(k, v)| (k, as_floats(v))).collect(),
        other => other,
    }
}

#[test]
fn recorded_cases_are_shown_alike() {
    let Some(dir) = folder() else {
        println!("no golden folder, skipped: set GOWHY_PPROF_GOLDEN");
        return;
    };
    let only = env::var("GOWHY_GOLDEN_ONLY").unwrap_or_default();
    let mut cases = cases(&dir);
    assert!(!cases.is_empty(), "no cases in {}", dir.display());
    cases.retain(|case| case.row.contains(&only));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            failed.extend(check(case, &dir).map(|wrong| format!("FAIL {}\n  {wrong}", case.row)));
        }
        failed
    };
    let mut failed: Vec<String> = thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let results = workers.map(|worker| worker.join().expect("no worker panics"));
        results.into_iter().flatten().collect()
    });
    let pages = fs::read_to_string(dir.join("web.tsv")).unwrap_or_default();
    let pages = pages.lines().filter(|row| row.contains(&only));
    let mut count = cases.len();
    for row in pages {
        count += 1;
        failed.extend(check_page(row, &dir).map(|wrong| format!("FAIL {row}\n  {wrong}")));
    }
    failed.sort();
    for failure in &failed {
        println!("{failure}");
    }
    let passed = count - failed.len();
    println!("{passed} of {count} recorded cases pass");
    assert!(failed.is_empty(), "{} cases differ", failed.len());
}
