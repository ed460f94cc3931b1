//! `gowhy pprof -exact` against `go tool pprof` on profiles that Go programs have just taken of
//! themselves, under random combinations of flags.
//!
//! `$GOWHY_DIFFERENTIAL_RUNS` says how many combinations, `$GOWHY_DIFFERENTIAL_SEED` where the random
//! numbers start; combination `i` of seed `s` is the first one of seed `s + i`. With
//! `$GOWHY_DIFFERENTIAL_KEEP` the profiles of the run before are used again, as to repeat one needs the
//! same profiles. What differs is made smaller, flag by flag, and told as a command.
#![allow(clippy::print_stdout, reason = "cargo xtask differential shows it")]

mod flags;
mod profiles;

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use flags::Case;
use flate2::read::MultiGzDecoder;

/// How many differences are told at most.
const ENOUGH: usize = 8;

/// The two programs, and the folder in which they run.
struct Tools {
    gowhy: PathBuf,
    pprof: PathBuf,
    dir: PathBuf,
}

#[derive(PartialEq)]
enum Verdict {
    Same,
    /// pprof itself prints something else each time.
    Undecided,
    Differ(String),
}

impl Tools {
    fn run(&self, program: &Path, verb: &[&str], case: &Case) -> Output {
        Command::new(program)
            .args(verb)
            .args(&case.flags)
            .args(&case.sources)
            .env_clear()
            .env("PATH", "/nonexistent")
            .env("HOME", "/nonexistent")
            .env("PPROF_BINARY_PATH", "/nonexistent")
            .env("TZ", "UTC")
            .env("TERM", "dumb")
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts")
    }

    fn ours(&self, case: &Case) -> Output {
        self.run(&self.gowhy, &["pprof", "-exact"], case)
    }

    fn theirs(&self, case: &Case) -> Output {
        self.run(&self.pprof, &[], case)
    }

    fn judge(&self, case: &Case) -> Verdict {
        let ours = Shown::of(&self.ours(case), case);
        let first = Shown::of(&self.theirs(case), case);
        let Some(difference) = ours.difference(&first) else {
            return Verdict::Same;
        };
        // It may be one of several things that pprof prints.
        for _ in 0..8 {
            let again = Shown::of(&self.theirs(case), case);
            if again != first {
                return Verdict::Undecided;
            }
        }
        Verdict::Differ(difference)
    }

    /// The smallest part of the case that still differs.
    fn shrink(&self, mut case: Case) -> Case {
        loop {
            let smaller = case.smaller().find(|smaller| {
                let verdict = self.judge(smaller);
                matches!(verdict, Verdict::Differ(_))
            });
            match smaller {
                Some(smaller) => case = smaller,
                None => return case,
            }
        }
    }

    fn command(&self, case: &Case) -> String {
        let word = |word: &String| match word
            .contains(|c: char| !c.is_alphanumeric() && !"-_=./".contains(c))
        {
            true => format!("'{}'", word.replace('\'', r"'\''")),
            false => word.clone(),
        };
        let words: Vec<String> = case.flags.iter().chain(&case.sources).map(word).collect();
        format!(
            "cd {} && diff <({} {words}) <({} pprof -exact {words})",
            self.dir.display(),
            self.pprof.display(),
            self.gowhy.display(),
            words = words.join(" "),
        )
    }
}

/// What counts of a program's answer.
#[derive(PartialEq)]
struct Shown {
    success: bool,
    stdout: Vec<u8>,
    stderr: String,
}

impl Shown {
    fn of(output: &Output, case: &Case) -> Self {
        let stdout = match case.is_gzip() {
            true => inflated(&output.stdout),
            false => output.stdout.clone(),
        };
        // Each function is a row of the file's name, in any order.
        let stdout = match case.has("-files") {
            true => sorted_rows(&stdout),
            false => stdout,
        };
        Shown {
            success: output.status.success(),
            stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// How this, which is ours, differs from pprof's.
    fn difference(&self, theirs: &Shown) -> Option<String> {
        if self.success != theirs.success {
            return Some(format!(
                "success: {}, expected {}\n  ours:   {}\n  theirs: {}",
                self.success,
                theirs.success,
                self.stderr.trim_end(),
                theirs.stderr.trim_end()
            ));
        }
        // Of messages only those about patterns are the same.
        if let Some((_, message)) = theirs.stderr.split_once("error parsing regexp: ")
            && !self.stderr.contains(message.trim_end())
        {
            let (ours, theirs) = (self.stderr.trim_end(), theirs.stderr.trim_end());
            return Some(format!("message\n  ours:   {ours}\n  theirs: {theirs}"));
        }
        if self.stdout == theirs.stdout {
            return None;
        }
        let (ours, theirs) = (
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&theirs.stdout),
        );
        let same = ours.lines().zip(theirs.lines());
        let same = same.take_while(|(a, b)| a == b).count();
        Some(format!(
            "line {}:\n  ours:   {:.300}\n  theirs: {:.300}",
            same + 1,
            ours.lines().nth(same).unwrap_or("(end)"),
            theirs.lines().nth(same).unwrap_or("(end)"),
        ))
    }
}

fn inflated(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match MultiGzDecoder::new(gzip).read_to_end(&mut bytes) {
        Ok(_) => bytes,
        Err(_) => gzip.to_vec(),
    }
}

/// The rows of `-top` as a set, without the running sum.
fn sorted_rows(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let rows = text.lines().map(|line| {
        let words = line.split_whitespace().enumerate();
        let words: Vec<&str> = words.filter(|(i, _)| *i != 2).map(|(_, w)| w).collect();
        words.join(" ")
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows.join("\n").into_bytes()
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("it is a number"))
}

#[test]
fn random_flags_are_understood_alike() {
    let seed = number("GOWHY_DIFFERENTIAL_SEED", 1);
    let runs = number("GOWHY_DIFFERENTIAL_RUNS", 500);
    let gowhy = env::var_os("GOWHY_BIN").filter(|path| !path.is_empty());
    let tools = Tools {
        gowhy: gowhy.map_or_else(|| env!("CARGO_BIN_EXE_gowhy").into(), PathBuf::from),
        pprof: testkit::go::pprof().expect("pprof can be had"),
        dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential"),
    };
    let taken = profiles::taken(&tools.dir, env::var_os("GOWHY_DIFFERENTIAL_KEEP").is_some());
    println!(
        "seed {seed}, {runs} combinations of flags, {} profiles",
        taken.len()
    );

    let (next, undecided, failures) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let work = || {
        let mut differ = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed) as u64;
            if i >= runs || failures.load(Ordering::Relaxed) >= ENOUGH {
                return differ;
            }
            let case = Case::random(seed.wrapping_add(i), &taken);
            match tools.judge(&case) {
                Verdict::Same => {}
                Verdict::Undecided => {
                    undecided.fetch_add(1, Ordering::Relaxed);
                }
                Verdict::Differ(_) => {
                    failures.fetch_add(1, Ordering::Relaxed);
                    let small = tools.shrink(case);
                    let Verdict::Differ(how) = tools.judge(&small) else {
                        continue;
                    };
                    let command = tools.command(&small);
                    let text = format!("DIFFER, seed {}: {command}\n  {how}", seed + i);
                    println!("{text}");
                    differ.push(text);
                }
            }
        }
    };
    let differ: Vec<String> = thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let found = workers.map(|worker| worker.join().expect("no worker panics"));
        found.into_iter().flatten().collect()
    });
    let undecided = undecided.into_inner();
    println!("of {undecided} pprof prints something else each time");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(
        (undecided as u64) < runs / 5 + 5,
        "of {undecided} of {runs} pprof is no judge"
    );
}
