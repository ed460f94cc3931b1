//! Runs gowhy and pprof side by side, and profiles for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use profile::{Builder, Line, Mapping, Profile};

/// A program to run in a folder of its own, with nothing of the user's environment.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub struct Bench {
    pub pprof: PathBuf,
    pub dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        Bench {
            pprof: testkit::go::pprof().expect("pprof can be had"),
            dir: tempfile::tempdir().expect("there is room for files"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn run(&self, program: &Path, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let output = Command::new(program)
            .args(args)
            .env_clear()
            .envs([("TZ", "UTC"), ("TERM", "dumb")])
            .env("HOME", self.dir.path().join("home"))
            .envs(env.iter().copied())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        ran(&output)
    }

    pub fn ours(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let args = [&["pprof"], args].concat();
        self.run(Path::new(env!("CARGO_BIN_EXE_gowhy")), &args, env)
    }

    pub fn theirs(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.run(&self.pprof, args, env)
    }

    /// Fails unless both print the same, on both channels, and keep files of the same names.
    pub fn same(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let home = self.path("home");
        let kept = || {
            let mut names: Vec<String> = fs::read_dir(home.join("pprof"))
                .into_iter()
                .flatten()
                .map(|entry| {
                    entry
                        .expect("a file")
                        .file_name()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            names.sort();
            let _ = fs::remove_dir_all(&home);
            names
        };
        kept();
        let theirs = self.theirs(args, env);
        let names = kept();
        let ours = self.ours(args, env);
        // pprof fetches in any order.
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&ours.err), sorted(&theirs.err), "{args:?}");
        assert_eq!(ours.out, theirs.out, "{args:?}");
        assert_eq!(ours.code == Some(0), theirs.code == Some(0), "{args:?}");
        assert_eq!(kept(), names, "{args:?}");
        ours
    }
}

pub fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A small profile of a program named `app`.
pub fn small(count: i64) -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let file = b.intern("/bin/app");
    let mapping = b.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x50_0000,
        file,
        has_functions: true,
        ..Default::default()
    });
    let stack = [("main.leaf", 0x10), ("main.main", 0x20)].map(|(name, offset)| {
        let function = b.function(name, "/src/main.go", 1);
        let line = Line {
            function: Some(function),
            line: 7,
            column: 0,
        };
        b.location(Some(mapping), 0x40_1000 + offset, &[line])
    });
    b.sample(&stack, &[count, count * 10_000_000], &[]);
    b.finish()
}

/// The same without a word about functions.
pub fn nameless(mut profile: Profile) -> Profile {
    profile.functions.clear();
    profile.lines.clear();
    for location in &mut profile.locations {
        (location.lines_start, location.lines_len) = (0, 0);
    }
    for m in &mut profile.mappings {
        (m.has_functions, m.has_filenames) = (false, false);
        (m.has_line_numbers, m.has_inline_frames) = (false, false);
    }
    profile
}
