//! The rules of the house (ARCHITECTURE.md), checked on the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Each crate's level; it uses only crates of lower ones.
const LEVELS: [(&str, u32); 17] = [
    ("profile", 0),
    ("goroutines", 0),
    ("memstats", 0),
    ("gobin", 0),
    ("target", 0),
    ("paint", 0),
    ("disasm", 1),
    ("godebug", 1),
    ("goruntime", 1),
    ("sampler", 2),
    ("heap", 2),
    ("report", 3),
    ("findings", 4),
    ("session", 5),
    ("tui", 6),
    ("web", 6),
    ("cli", 7),
];

/// Crates that are no part of the program: they may use anything, and only they use one another.
const TOOLS: [&str; 4] = ["testkit", "benches", "fuzz", "xtask"];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize()
        .expect("the workspace is where it was built")
}

fn level(name: &str) -> Option<u32> {
    LEVELS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, level)| *level)
}

/// A package of the workspace: its folder's name, and what it depends on as (kind, folder or name).
struct Package {
    name: String,
    uses: Vec<(String, String)>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let folder = |path: &Value| {
        let path = Path::new(path.as_str()?);
        Some(path.file_name()?.to_str()?.to_owned())
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: Vec<Package> = list(&metadata["packages"])
        .iter()
        .map(|package| {
            let manifest = Path::new(
                package["manifest_path"]
                    .as_str()
                    .expect("it has a manifest"),
            );
            let dir = manifest
                .parent()
                .and_then(Path::file_name)
                .and_then(|name| name.to_str());
            let uses = list(&package["dependencies"])
                .into_iter()
                .map(|dependency| {
                    let kind = dependency["kind"].as_str().unwrap_or("normal").to_owned();
                    let name = folder(&dependency["path"]);
                    let name = name.or_else(|| Some(dependency["name"].as_str()?.to_owned()));
                    (kind, name.expect("a dependency has a name"))
                });
            Package {
                name: dir.expect("it has a folder").to_owned(),
                uses: uses.collect(),
            }
        })
        .collect();
    assert!(packages.len() > 9, "cargo lists the whole workspace");
    packages
}

#[test]
fn a_crate_uses_only_lower_levels() {
    let mut wrong = Vec::new();
    for package in packages() {
        let own = level(&package.name);
        if own.is_none() && !TOOLS.contains(&package.name.as_str()) {
            wrong.push(format!("{} has no level: give it one", package.name));
        }
        for (kind, used) in &package.uses {
            let forbidden = match (own, level(used)) {
                (Some(own), Some(other)) => other >= own,
                (Some(_), None) => {
                    TOOLS.contains(&used.as_str()) && !(used == "testkit" && kind == "dev")
                }
                (None, _) => package.name == "testkit" && level(used).is_some(),
            };
            if forbidden {
                wrong.push(format!("{} uses {used} ({kind})", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn arguments_and_loose_errors_stay_in_the_binary_and_the_tools() {
    let mut wrong = Vec::new();
    for package in packages() {
        for (kind, used) in &package.uses {
            let ours = package.name == "cli" || TOOLS.contains(&package.name.as_str());
            let binary_only = ["clap", "anyhow", "indicatif"].contains(&used.as_str());
            let web_only = ["tokio", "hyper"].contains(&used.as_str()) && package.name != "web";
            let tui_only = used == "ratatui" && package.name != "tui";
            if kind != "dev" && (binary_only && !ours || web_only || tui_only) {
                wrong.push(format!("{} uses {used}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every file below `dir`, without what is built and what git keeps.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_symlink() || [".git", "target", "node_modules"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                dirs.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The Rust files of the crates, as (crate, path in the workspace, text).
fn sources() -> Vec<(String, String, String)> {
    let root = root();
    let mut sources = Vec::new();
    for path in files(&root.join("crates")) {
        let tests = path.ends_with("tests.rs");
        if tests || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let inner = path
            .strip_prefix(&root)
            .expect("it is below")
            .to_string_lossy()
            .into_owned();
        let mut parts = inner.split('/').skip(1);
        let (Some(name), Some("src")) = (parts.next(), parts.next()) else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("a source is text");
        sources.push((name.to_owned(), inner.clone(), text));
    }
    assert!(sources.len() > 40, "the sources are there");
    sources
}

/// A file's lines of code with their numbers: no comments, nothing after the start of its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end]
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `line` has `word` with no letter, digit or `_` on either side. A keyword of Rust has no `-`
/// right behind it; a keyword of HTTP, such as `unsafe-inline`, has.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let follows = |c: char| joins(c) || c == '-';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(joins) && !line[at + word.len()..].starts_with(follows)
    })
}

#[test]
fn words_are_found_whole() {
    assert!(has_word("let x = unsafe { y };", "unsafe"));
    assert!(!has_word("#![forbid(unsafe_code)]", "unsafe"));
    assert!(!has_word("not_unsafe unsafely", "unsafe"));
    assert!(!has_word("style-src 'unsafe-inline'", "unsafe"));
}

#[test]
fn only_target_is_unsafe() {
    let mut wrong = Vec::new();
    for (name, path, text) in sources() {
        if name == "target" {
            continue;
        }
        if ["src/lib.rs", "src/main.rs"]
            .iter()
            .any(|file| path.ends_with(file))
            && !text.contains("#![forbid(unsafe_code)]")
        {
            wrong.push(format!("{path} does not forbid unsafe code"));
        }
        for (at, line) in code(&text) {
            if has_word(line, "unsafe") {
                wrong.push(format!("{path}:{at}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut wrong = Vec::new();
    for (_, path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in code(&text) {
            let block = has_word(line, "unsafe") && line.contains('{') && !line.contains("fn ");
            let before = &lines[(at - 1).saturating_sub(8)..at];
            if block && !before.iter().any(|line| line.contains("SAFETY:")) {
                wrong.push(format!("{path}:{at}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_neither_prints_nor_reads_its_surroundings() {
    let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    let surroundings = [
        "env::var",
        "env::var_os",
        "env::vars",
        "env::args",
        "env::home_dir",
    ];
    let mut wrong = Vec::new();
    for (name, path, text) in sources() {
        let Some(level) = level(&name) else { continue };
        for (at, line) in code(&text) {
            let prints = level < 7 && macros.iter().any(|word| has_word(line, word));
            let reads = level < 6 && surroundings.iter().any(|word| has_word(line, word));
            if prints || reads {
                wrong.push(format!("{path}:{at}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//!"))
        .map(|(_, path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no //! in the first line: {silent:#?}");
}

#[test]
fn the_map_names_every_crate() {
    let root = root();
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("there is a map");
    let crates = fs::read_dir(root.join("crates")).expect("there are crates");
    let mut missing: Vec<String> = crates
        .map(|entry| entry.expect("a folder can be read").file_name())
        .map(|name| format!("`crates/{}`", name.to_string_lossy()))
        .filter(|name| !map.contains(name.as_str()))
        .collect();
    missing.sort();
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks {missing:?}");
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let mut folders = vec![root().display().to_string(), format!("{}root/", '/')];
    folders.extend(std::env::var("HOME").ok().filter(|home| home.len() > 1));
    let mut wrong = Vec::new();
    for path in files(&root()) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            // A path starts with its first slash: `/proc/PID/root/…` and `a/work/b` are none.
            let starts = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.})/".contains(c))
                })
            };
            if folders.iter().any(starts) {
                wrong.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
