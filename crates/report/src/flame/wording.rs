//! Names in boxes: as much of the end of a name as fits, because the end says most.

/// Where shorter forms of a Go symbol's name begin, each no earlier than the one before: without the
/// path of its package, without its package, without its receiver. 0 where there is nothing to leave out.
pub(super) fn starts(name: &str) -> [usize; 3] {
    // Type arguments and receivers may hold paths of other packages.
    let plain = name.split(['[', '(']).next().unwrap_or("");
    let last = plain.rfind('/').map_or(0, |slash| slash + 1);
    let Some(dot) = plain[last..].find('.') else {
        return [0; 3];
    };
    let package = last + dot + 1;
    let path = match last.checked_sub(1) {
        // A module's major version alone says nothing.
        Some(slash) if is_version(&plain[last..last + dot]) => {
            plain[..slash].rfind('/').map_or(0, |slash| slash + 1)
        }
        _ => last,
    };
    let receiver = match name[package..].strip_prefix('(') {
        Some(rest) => rest.find(").").map_or(0, |end| end + 3),
        None => 0,
    };
    [path, package, package + receiver]
}

fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix('v');
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_leave_out_path_then_package_then_receiver() {
        for (name, forms) in [
            (
                "net/http.(*conn).serve",
                ["http.(*conn).serve", "(*conn).serve", "serve"],
            ),
            ("main.main", ["main.main", "main", "main"]),
            (
                "main.(*server).ServeHTTP.func1",
                [
                    "main.(*server).ServeHTTP.func1",
                    "(*server).ServeHTTP.func1",
                    "ServeHTTP.func1",
                ],
            ),
            ("a/b.T.M", ["b.T.M", "T.M", "T.M"]),
            ("github.com/x/y/v2.F", ["y/v2.F", "F", "F"]),
            ("v2.F", ["v2.F", "F", "F"]),
            (
                "a/b.Map[c/d.T].Get",
                ["b.Map[c/d.T].Get", "Map[c/d.T].Get", "Map[c/d.T].Get"],
            ),
            (
                "a/b.(*Map[c/d.T]).Get",
                ["b.(*Map[c/d.T]).Get", "(*Map[c/d.T]).Get", "Get"],
            ),
            ("a/b.(*odd", ["b.(*odd", "(*odd", "(*odd"]),
            ("memcpy", ["memcpy"; 3]),
            ("[libc.so.6]", ["[libc.so.6]"; 3]),
            ("", [""; 3]),
        ] {
            assert_eq!(starts(name).map(|at| &name[at..]), forms);
        }
    }
}
