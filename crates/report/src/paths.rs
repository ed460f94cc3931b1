//! Slash-separated paths as text, the way Go's `path/filepath` and pprof treat them.
//!
//! The paths in a profile come from another machine, so nothing here looks at a file system.

/// The shortest equal path: no empty, `.` or avoidable `..` elements. Empty gives `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut out: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." => match out.last() {
                Some(&last) if last != ".." => {
                    out.pop();
                }
                _ if rooted => {}
                _ => out.push(".."),
            },
            _ => out.push(element),
        }
    }
    match (rooted, out.is_empty()) {
        (true, _) => format!("/{}", out.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => out.join("/"),
    }
}

/// The last element. Empty gives `.`.
pub fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// Cuts from a source path what belongs to the machine that built the program.
///
/// `trim` is a `:`-separated list of prefixes. If it is empty, a directory of the path that is named
/// like one of the directories in `search` (`:`-separated) is taken to be that directory, and
/// everything up to it is cut.
pub fn trim<'a>(path: &'a str, trim: &str, search: &str) -> &'a str {
    if trim.is_empty() {
        for dir in list(search) {
            let want = format!("/{}/", base(dir));
            if let Some(at) = path.find(&want) {
                return &path[at + want.len()..];
            }
        }
    }
    for prefix in list(trim).chain(["/proc/self/cwd/./", "/proc/self/cwd/"]) {
        let rest = path.strip_prefix(prefix.strip_suffix('/').unwrap_or(prefix));
        if let Some(rest) = rest.and_then(|r| r.strip_prefix('/')) {
            return rest;
        }
    }
    path
}

/// The elements of a `:`-separated list; none if it is empty.
pub fn list(paths: &str) -> impl Iterator<Item = &str> {
    paths.split(':').filter(move |_| !paths.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_follows_go() {
        for (path, expect) in [
            ("", "."),
            ("/", "/"),
            ("a/b/../c", "a/c"),
            ("a/../../b", "../b"),
            ("/../a//b/.", "/a/b"),
            ("./a", "a"),
            ("a/..", "."),
            ("//a", "/a"),
            ("../../x", "../../x"),
        ] {
            assert_eq!(clean(path), expect, "{path}");
        }
    }

    #[test]
    fn base_is_the_last_element() {
        for (path, expect) in [
            ("", "."),
            ("/", "/"),
            ("///", "/"),
            ("/a/b", "b"),
            ("a/b/", "b"),
            ("b", "b"),
        ] {
            assert_eq!(base(path), expect, "{path}");
        }
    }

    #[test]
    fn trimming_knows_prefixes_and_search_directories() {
        for (path, cut, search, expect) in [
            ("/proc/self/cwd/a.go", "", "", "a.go"),
            ("/proc/self/cwd/./a.go", "", "", "a.go"),
            ("/build/x/proj/a/b.go", "", "/home/me/proj", "a/b.go"),
            ("/build/proj/proj/b.go", "", "/home/me/proj", "proj/b.go"),
            ("/build/x/b.go", "", "/home/me/proj:/y/x", "b.go"),
            ("/build/x/b.go", "/build:/other", "/y/x", "x/b.go"),
            ("/build/x/b.go", "/build/", "", "x/b.go"),
            ("/buildx/b.go", "/build", "", "/buildx/b.go"),
            ("/x/b.go", "", "", "/x/b.go"),
        ] {
            assert_eq!(trim(path, cut, search), expect, "{path} {cut} {search}");
        }
    }
}
