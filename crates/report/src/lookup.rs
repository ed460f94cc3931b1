//! Where else a source file may be than where the profile says: in Go's own tree, in the module cache,
//! in `vendor`, in the module that is worked on.
//!
//! The profile has the paths of the machine that built the program, or, of programs built with
//! `-trimpath`, paths that begin with the module. Both say which file it is: where modules are kept,
//! the version is part of the path.

use std::path::{Path, PathBuf};

/// Folders of this machine that hold sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// Folders that hold Go itself, of the version that the program was built with.
    pub goroots: Vec<PathBuf>,
    /// Module caches: `$GOMODCACHE`.
    pub modules: Vec<PathBuf>,
    /// Folders of modules that are worked on, and the modules' paths.
    pub main: Vec<(PathBuf, String)>,
}

impl Roots {
    /// The files that a path may stand for, the surest first.
    pub fn candidates(&self, path: &str) -> Vec<PathBuf> {
        let mut out = Vec::new();
        // A module in a cache, or below the path that -trimpath gives it.
        let cached = after(path, "/pkg/mod/").unwrap_or(path);
        if !cached.starts_with('/') && cached.contains('@') {
            let escaped = escape(cached);
            for root in &self.modules {
                out.push(root.join(cached));
                out.push(root.join(&escaped));
            }
            for (dir, _) in &self.main {
                out.push(dir.join("vendor").join(without_version(cached)));
            }
        }
        if let Some(vendored) = after(path, "/vendor/") {
            let vendored = self
                .main
                .iter()
                .map(|(dir, _)| dir.join("vendor").join(vendored));
            out.extend(vendored);
        }
        for (dir, module) in &self.main {
            let inside = path.strip_prefix(module.as_str());
            if let Some(inside) = inside.and_then(|rest| rest.strip_prefix('/')) {
                out.push(dir.join(inside));
            }
        }
        let standard = match path.starts_with('/') {
            true => after(path, "/src/"),
            false => Some(path),
        };
        // Packages of Go itself have no dot in their first element.
        let standard = standard.filter(|p| !p.split('/').next().unwrap_or_default().contains('.'));
        if let Some(standard) = standard.filter(|p| p.contains('/')) {
            out.extend(
                self.goroots
                    .iter()
                    .map(|root| root.join("src").join(standard)),
            );
        }
        out.retain(|path| is_plain(path));
        out
    }
}

/// Whether the path stays where it begins: the profile is not trusted to name other files.
fn is_plain(path: &Path) -> bool {
    path.components()
        .all(|c| !matches!(c, std::path::Component::ParentDir))
}

fn after<'a>(path: &'a str, marker: &str) -> Option<&'a str> {
    let at = path.find(marker)?;
    Some(&path[at + marker.len()..])
}

/// As the module cache writes it: capitals as small letters after a mark.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let module = path.find('@').unwrap_or(path.len());
    for (at, c) in path.char_indices() {
        if at < module && c.is_ascii_uppercase() {
            out.push('!');
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// `example.com/m@v1.2.3/p/f.go` as `example.com/m/p/f.go`.
fn without_version(path: &str) -> String {
    let Some((module, rest)) = path.split_once('@') else {
        return path.to_owned();
    };
    let inside = rest.split_once('/').map_or("", |(_, inside)| inside);
    format!("{}/{inside}", unescape(module))
}

fn unescape(path: &str) -> String {
    let mut parts = path.split('!');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_other_machines_are_found_here() {
        let roots = Roots {
            goroots: vec!["/usr/local/go".into()],
            modules: vec!["/home/me/go/pkg/mod".into()],
            main: vec![("/home/me/app".into(), "example.com/app".into())],
        };
        for (path, expect) in [
            (
                "/opt/go1.27/src/runtime/proc.go",
                "/usr/local/go/src/runtime/proc.go",
            ),
            ("runtime/proc.go", "/usr/local/go/src/runtime/proc.go"),
            (
                "/ci/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64/src/fmt/print.go",
                "/home/me/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64/src/fmt/print.go",
            ),
            (
                "/ci/go/pkg/mod/github.com/!burnt!sushi/toml@v1.3.2/decode.go",
                "/home/me/go/pkg/mod/github.com/!burnt!sushi/toml@v1.3.2/decode.go",
            ),
            (
                "github.com/BurntSushi/toml@v1.3.2/decode.go",
                "/home/me/go/pkg/mod/github.com/!burnt!sushi/toml@v1.3.2/decode.go",
            ),
            (
                "github.com/BurntSushi/toml@v1.3.2/decode.go",
                "/home/me/app/vendor/github.com/BurntSushi/toml/decode.go",
            ),
            (
                "/ci/app/vendor/github.com/x/y/z.go",
                "/home/me/app/vendor/github.com/x/y/z.go",
            ),
            ("example.com/app/web/main.go", "/home/me/app/web/main.go"),
        ] {
            let found = roots.candidates(path);
            assert!(found.contains(&PathBuf::from(expect)), "{path}: {found:?}");
        }
    }

    #[test]
    fn a_profile_names_no_files_outside_of_the_folders() {
        let roots = Roots {
            goroots: vec!["/usr/local/go".into()],
            modules: vec!["/m".into()],
            main: vec![("/home/me/app".into(), "example.com/app".into())],
        };
        for path in [
            "runtime/../../../etc/passwd",
            "x@v1/../../../etc/passwd",
            "example.com/app/../../secret",
            "/a/vendor/../../../x/y.go",
            "/etc/passwd",
            "",
        ] {
            assert_eq!(roots.candidates(path), Vec::<PathBuf>::new(), "{path}");
        }
    }
}
