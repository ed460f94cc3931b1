//! The profiles that are compared, fresh from Go programs of several versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use profile::Profile;
use testkit::Variant;

/// The versions of Go whose profiles are taken: the oldest, one between, the newest.
const VERSIONS: [&str; 3] = ["1.19", "1.23", "1.27"];

/// A profile in the folder.
pub struct Taken {
    /// Its file, from the folder.
    pub file: String,
    /// What it is of: `cpu`, `heap`, ….
    pub kind: String,
    /// The program that it is of, from the folder.
    pub program: String,
    /// Names of functions.
    pub functions: Vec<String>,
    /// Keys of labels, and their values as far as they are texts.
    pub labels: Vec<(String, String)>,
    /// Names of sample types.
    pub types: Vec<String>,
}

/// Takes profiles into `dir`; with `keep`, those that are there are good enough.
pub fn taken(dir: &Path, keep: bool) -> Vec<Taken> {
    let mut taken = Vec::new();
    for version in VERSIONS {
        // Twice each, so that there is something to compare with.
        for round in ["a", "b"] {
            let name = format!("go{version}{round}");
            let into = dir.join(&name);
            let program =
                testkit::program("profiles", version, Variant::Plain).expect("the testbed builds");
            if !(keep && into.join("threadcreate.pb.gz").exists()) {
                let _ = fs::remove_dir_all(&into);
                fs::create_dir_all(&into).expect("there is room for files");
                // Not to be found later at the path that is in the profiles: names that pprof
                // itself reads from a binary are another question.
                let there = into.join("running");
                fs::copy(&program, &there).expect("there is room for files");
                let status = Command::new(&there)
                    .args(["-work", "700ms", "-dir"])
                    .arg(&into)
                    .stdin(Stdio::null())
                    .status()
                    .expect("the program starts");
                assert!(status.success(), "{status}");
                fs::rename(&there, into.join("profiles")).expect("a file can be renamed");
            }
            let mut kinds = BTreeSet::new();
            for entry in fs::read_dir(&into).expect("the folder is there") {
                let file = entry.expect("the folder can be read").file_name();
                let file = file.to_string_lossy().into_owned();
                kinds.extend(file.strip_suffix(".pb.gz").map(str::to_owned));
            }
            taken.extend(kinds.into_iter().map(|kind| {
                let file = format!("{name}/{kind}.pb.gz");
                let bytes = fs::read(dir.join(&file)).expect("it is there");
                let profile = profile::decode(&bytes).expect("Go writes profiles");
                Taken {
                    program: format!("{name}/profiles"),
                    ..describe(&profile, file, kind)
                }
            }));
        }
    }
    taken
}

fn describe(p: &Profile, file: String, kind: String) -> Taken {
    let text = |id| p.str(id).to_owned();
    let functions: BTreeSet<String> = p.functions.iter().map(|f| text(f.name)).collect();
    let functions = functions.into_iter().filter(|name| !name.is_empty());
    let mut labels = BTreeSet::new();
    for i in 0..p.samples.len() {
        labels.extend(p.samples.labels(i).iter().map(|label| match label.value {
            profile::LabelValue::Str(value) => (text(label.key), text(value)),
            profile::LabelValue::Num(number, _) => (text(label.key), number.to_string()),
        }));
    }
    Taken {
        file,
        kind,
        program: String::new(),
        functions: functions.collect(),
        labels: labels.into_iter().collect(),
        types: p.sample_types.iter().map(|t| text(t.kind)).collect(),
    }
}
