//! `gowhy diff` against `benchstat`: the same text for generated files of benchmark results.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::gowhy::{command, run};

/// Random numbers, the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 40) as f64 / (1u64 << 40) as f64
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A benchmark: its name, how long it takes in nanoseconds, and by what factor later.
struct Benchmark {
    name: &'static str,
    nanos: f64,
    change: f64,
}

const NAMES: [&str; 8] = [
    "A",
    "Abc/x=1",
    "B-8",
    "Wide/name=with_much_text-16",
    "Zx",
    "Cx/a/b-4",
    "D#01",
    "Éé",
];
const SIZES: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 20, 24, 25, 26, 31, 51];

fn file(
    r: &mut Random,
    benchmarks: &[Benchmark],
    packages: &[&str],
    size: usize,
    later: bool,
) -> String {
    let mut text = String::from("noise: \n");
    if r.chance(90) {
        text += "goos: linux\ngoarch: amd64\n";
    }
    if r.chance(25) {
        text += "Unit widgets assume=exact\n";
    }
    for package in packages {
        if r.chance(90) {
            let _ = writeln!(text, "pkg: {package}");
        }
        if r.chance(70) {
            text += "cpu: Some(R) CPU @ 2.00GHz\n";
        } else if r.chance(30) {
            text += "cpu:\n";
        }
        for b in benchmarks {
            if r.chance(10) {
                continue;
            }
            let count = if r.chance(70) {
                size
            } else {
                1 + r.below(size as u64) as usize
            };
            for _ in 0..count {
                let noise = if r.chance(90) {
                    1.0 + 0.06 * (r.unit() - 0.5)
                } else {
                    1.0
                };
                let nanos = b.nanos * noise * if later { b.change } else { 1.0 };
                let runs = r.below(1_000_000);
                let _ = write!(text, "Benchmark{}  \t{runs}\t {nanos:.6e} ns/op", b.name);
                if b.name.ends_with('x') {
                    let _ = write!(text, "\t {:.2} MB/s", 1e3 / nanos);
                }
                let allocs = if b.name.starts_with('A') {
                    r.below(4)
                } else {
                    nanos as u64 % 7
                };
                let _ = write!(text, "\t {} B/op\t {allocs} allocs/op", allocs * 16);
                if b.name.starts_with('W') {
                    let _ = write!(text, "\t {} widgets", r.pick(&[5, 5, 5, 6]));
                    let _ = write!(text, "\t {:.3e} p99-ns", r.unit() * 1e-3);
                }
                text.push('\n');
            }
            if r.chance(3) {
                text += "BenchmarkCut 17\nBenchmarkName\n";
            }
        }
        let _ = writeln!(text, "PASS\nok  \t{package}\t1.234s");
    }
    text
}

fn text(dir: &Path, program: &mut Command) -> (String, String) {
    let r = run(program.current_dir(dir));
    (r.out, r.err)
}

/// The texts without last digits of geometric means: where one is halfway between two texts, that of
/// benchstat depends on the CPU.
fn without_means(text: &str) -> String {
    let lines = text.lines().map(|line| match line.starts_with("geomean") {
        true => "geomean",
        false => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn tables_are_those_of_benchstat() {
    let benchstat = match testkit::go::benchstat() {
        Ok(path) => path,
        Err(e) => {
            // Without the network there is no oracle; with it, this test must not pass unseen.
            let said = writeln!(std::io::stderr(), "NOT COMPARED WITH BENCHSTAT: {e:#}");
            assert!(said.is_ok());
            return;
        }
    };
    let dir = tempfile::tempdir().expect("a directory");
    let mut r = Random(0x9e37_79b9_7f4a_7c15);
    let (mut compared, mut means, mut same_means) = (0, 0, 0);
    for round in 0..150 {
        let mut benchmarks = Vec::new();
        for name in NAMES {
            if r.chance(60) {
                benchmarks.push(Benchmark {
                    name,
                    nanos: 10f64.powf(9.0 * r.unit()),
                    change: r.pick(&[1.0, 1.0, 1.01, 1.5, 0.7]),
                });
            }
        }
        let packages = [&["a/b"][..], &["c", "a/b"], &["z.example/x", "c", "a/b"]];
        let packages = r.pick(&packages);
        let size = r.pick(&SIZES);
        let old = file(&mut r, &benchmarks, packages, size, false);
        let new = file(&mut r, &benchmarks, packages, size, true);
        if ![&old, &new].iter().all(|text| text.contains(" ns/op")) {
            continue;
        }
        fs::write(dir.path().join("old.txt"), &old).expect("written");
        fs::write(dir.path().join("a_newer_file.txt"), &new).expect("written");
        let files = ["old.txt", "a_newer_file.txt"];
        let theirs = text(dir.path(), Command::new(&benchstat).args(files));
        let ours = text(dir.path(), command().args(["diff", "--exact"]).args(files));
        let (a, b) = (without_means(&ours.0), without_means(&theirs.0));
        let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "round {round}");
        assert_eq!(a.lines().count(), b.lines().count(), "round {round}");
        assert_eq!(ours.1, theirs.1, "round {round}");
        compared += 1;
        for (ours, theirs) in ours.0.lines().zip(theirs.0.lines()) {
            means += usize::from(ours.starts_with("geomean"));
            same_means += usize::from(ours.starts_with("geomean") && ours == theirs);
        }
    }
    assert!(compared > 100, "{compared}");
    assert!(same_means * 100 >= means * 99, "{same_means} of {means}");
}
