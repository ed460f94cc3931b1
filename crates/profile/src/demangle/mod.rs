//! Names as google/pprof shows them (internal/symbolizer, demangleSingleFunction): those of C++ and
//! Rust as they stand in the source, without parameters and template arguments. It takes any name
//! with brackets for one of C++ and leaves out what is in parentheses and angle brackets.

mod cpp;
mod rust;

use crate::model::Profile;

/// Longer names are not taken apart, nor written: mangled ones may refer to themselves.
const MAX: usize = 64 << 10;

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
        let name = p.str(id);
        if let Some(short) = mangled(name, mode).or_else(|| shorten(name, mode)) {
            let short = p.strings.intern(&short);
            p.functions[i].name = short;
        }
    }
}

/// The name in the source of a mangled one, if it is one. On some systems all names have one more
/// `_` in front.
fn mangled(name: &str, mode: Demangle) -> Option<String> {
    let one = |name: &str| rust::demangle(name, mode).or_else(|| cpp::demangle(name, mode));
    if !name.starts_with('_') {
        return None;
    }
    one(name).or_else(|| one(&name[1..]))
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
