//! Where this machine keeps Go's sources and those of modules.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use report::lookup::Roots;

/// The folders with sources for a program of this version of Go (`go1.27.3`); without one, Go's own
/// sources are not looked for: those of another version would be wrong line by line.
pub fn roots(search: &str, version: Option<&str>) -> Roots {
    let home = env::var_os("HOME").map(PathBuf::from);
    let list = |name: &str| -> Vec<PathBuf> {
        let value = env::var_os(name).unwrap_or_default();
        let all = env::split_paths(&value).filter(|p| p.is_absolute());
        all.collect()
    };
    let mut gopaths = list("GOPATH");
    gopaths.extend(home.iter().map(|home| home.join("go")));
    let mut modules = list("GOMODCACHE");
    modules.extend(gopaths.iter().map(|path| path.join("pkg/mod")));

    let mut goroots = Vec::new();
    if let Some(version) = version {
        goroots = list("GOROOT");
        goroots.extend(installed());
        goroots.extend(["/usr/local/go", "/usr/lib/go", "/usr/lib/golang"].map(PathBuf::from));
        // Versions that `go` itself fetched, and those of golang.org/dl.
        for cache in &modules {
            let toolchains = fs::read_dir(cache.join("golang.org")).into_iter().flatten();
            let wanted = format!("toolchain@v0.0.1-{version}.");
            goroots.extend(toolchains.flatten().map(|e| e.path()).filter(|path| {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().starts_with(&wanted)
            }));
        }
        goroots.extend(home.iter().map(|home| home.join("sdk").join(version)));
        goroots.retain(|root| is_version(root, version));
    }
    Roots {
        goroots,
        modules,
        main: main_modules(search),
    }
}

/// The Go whose command is found first.
fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let commands = env::split_paths(&path).map(|dir| dir.join("go"));
    let command = commands.filter_map(|c| fs::canonicalize(c).ok()).next()?;
    Some(command.parent()?.parent()?.to_owned())
}

fn is_version(goroot: &Path, version: &str) -> bool {
    let text = fs::read_to_string(goroot.join("VERSION")).unwrap_or_default();
    // Experiments and local changes come after a space.
    let version = version.split(' ').next().unwrap_or(version);
    text.lines().next() == Some(version)
}

/// The modules that the folders of a search path, and those above them, belong to.
fn main_modules(search: &str) -> Vec<(PathBuf, String)> {
    let mut modules: Vec<(PathBuf, String)> = Vec::new();
    for dir in report::paths::list(search) {
        for dir in Path::new(dir).ancestors() {
            let Ok(text) = fs::read_to_string(dir.join("go.mod")) else {
                continue;
            };
            let path = text
                .lines()
                .find_map(|line| line.trim().strip_prefix("module "));
            let path = path.map(|p| p.split("//").next().unwrap_or(p).trim().trim_matches('"'));
            let module = (dir.to_owned(), path.unwrap_or_default().to_owned());
            if !module.1.is_empty() && !modules.contains(&module) {
                modules.push(module);
            }
        }
    }
    modules
}
