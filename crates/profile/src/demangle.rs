//! Names as google/pprof shows them (internal/symbolizer, demangleSingleFunction), as far as Go
//! programs have them: it takes a name with brackets for C++ and leaves out what is in parentheses
//! and angle brackets. Mangled names of C++ and Rust stay as they are.

use crate::model::Profile;

/// How much of a name is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demangle {
    /// Without parameters and template arguments.
    #[default]
    Simple,
    /// Without parameters.
    Templates,
    /// All of it.
    Full,
    /// As it stands in the profile.
    None,
}

/// Shortens the names of the functions whose name is the linker's. `force`: of all functions.
pub fn demangle(p: &mut Profile, mode: Demangle, force: bool) {
    for i in 0..p.functions.len() {
        let f = &mut p.functions[i];
        if force && !f.name.is_empty() && !f.system_name.is_empty() {
            f.name = f.system_name;
        }
        if mode == Demangle::None || !f.name.is_empty() && f.system_name != f.name {
            continue;
        }
        f.name = f.system_name;
        let id = f.system_name;
        if let Some(short) = shorten(p.str(id), mode) {
            let short = p.strings.intern(&short);
            p.functions[i].name = short;
        }
    }
}

/// The name without its groups, if it looks like one of C++.
fn shorten(name: &str, mode: Demangle) -> Option<String> {
    let of_go_or_java = name.contains(".<") || name.contains("]).");
    let of_cpp = name.contains(['<', '>', '[', ']']) || name.contains("::");
    if of_go_or_java || !of_cpp || matches!(mode, Demangle::Full | Demangle::None) {
        return None;
    }
    let mut name = remove_groups(name, '(', ')');
    if mode == Demangle::Simple {
        name = remove_groups(&name, '<', '>');
    }
    Some(name)
}

/// The text without its outermost groups; from the first bracket that closes nothing on, as it is.
fn remove_groups(text: &str, open: char, close: char) -> String {
    let mut out = String::with_capacity(text.len());
    // Where the part begins that has not been copied yet, and where the open group does.
    let (mut from, mut group, mut depth) = (0, 0, 0usize);
    for (at, c) in text.char_indices() {
        if c == open {
            if depth == 0 {
                group = at;
            }
            depth += 1;
        } else if c == close {
            if depth == 0 {
                break;
            }
            depth -= 1;
            if depth == 0 {
                out.push_str(&text[from..group]);
                from = at + 1;
            }
        }
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name, want| {
            let got = shorten(name, Demangle::Simple);
            assert_eq!(got.as_deref().unwrap_or(name), want);
        };
        check("main.main", "main.main");
        check("main.(*T).m", "main.(*T).m");
        check("main.f[...]", "main.f[...]");
        check(
            "main.f[go.shape.func(int) string]",
            "main.f[go.shape.func string]",
        );
        check("main.(*T[...]).m", "main.(*T[...]).m");
        check("main.(*T[...]).m.func1", "main.(*T[...]).m.func1");
        check("main.(*T).m[...]", "main..m[...]");
        check(
            "std::vector<int, a<b>>::push(int const&)",
            "std::vector::push",
        );
        check("Class.<init>", "Class.<init>");
        check("a::b)c(d)", "a::b)c(d)");
        check("a::b(c(d)e", "a::b(c(d)e");
    }
}
