//! Names of C++, as ianlancetaylor/demangle writes them.

use cpp_demangle::{DemangleOptions, ParseOptions, Symbol};

use super::{Demangle, MAX};

/// The name of a mangled one; `None` if it is none.
pub(super) fn demangle(mangled: &str, mode: Demangle) -> Option<String> {
    if !mangled.starts_with("_Z") || mangled.len() > MAX {
        return None;
    }
    // Not the copies that the compiler made of a function.
    let end = mangled.find('.').unwrap_or(mangled.len());
    let parse = ParseOptions::default().recursion_limit(256);
    let symbol = Symbol::new_with_options(&mangled.as_bytes()[..end], &parse).ok()?;
    let mut options = DemangleOptions::new().recursion_limit(256);
    if mode != Demangle::Full {
        options = options.no_params().no_return_type();
    }
    let mut name = abbreviate(symbol.demangle_with_options(&options).ok()?);
    if mode != Demangle::Full {
        // Qualifiers of a method belong to its parameters.
        let bare = name.trim_end_matches(" &&").trim_end_matches(" &");
        let bare = bare
            .trim_end_matches(" volatile")
            .trim_end_matches(" const");
        name = without_enclosing_parameters(bare);
    }
    Some(match mode {
        Demangle::Simple => without_arguments(&name),
        _ => respell(&name),
    })
}

/// The classes that mangled names abbreviate: the short name, and the long one in two parts, the
/// second of which are the template's arguments.
const ABBREVIATED: [(&str, &str, &str); 4] = [
    (
        "string",
        "basic_string",
        "<char, std::char_traits<char>, std::allocator<char> >",
    ),
    (
        "istream",
        "basic_istream",
        "<char, std::char_traits<char> >",
    ),
    (
        "ostream",
        "basic_ostream",
        "<char, std::char_traits<char> >",
    ),
    (
        "iostream",
        "basic_iostream",
        "<char, std::char_traits<char> >",
    ),
];

/// Writes them short, but where it is of a constructor or destructor long.
fn abbreviate(mut name: String) -> String {
    for (short, long, arguments) in ABBREVIATED {
        if !name.contains(short) {
            continue;
        }
        for tilde in ["", "~"] {
            let from = format!("std::{short}::{tilde}{short}");
            // A character that no name has stands for the class for now.
            name = name.replace(&from, &format!("std::\u{1}::{tilde}{long}"));
            let from = format!("std::{long}{arguments}::{tilde}{long}");
            name = name.replace(&from, &format!("std::\u{1}::{tilde}{long}"));
        }
        if short != "string" {
            name = name.replace(&format!("std::{long}{arguments}"), &format!("std::{short}"));
        }
        name = name.replace('\u{1}', &format!("{long}{arguments}"));
    }
    name
}

/// Empties the parentheses of functions in which something else is declared: `f(int)::x`.
fn without_enclosing_parameters(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut braces = 0usize;
    let mut at = 0;
    for (i, c) in name.char_indices() {
        if i < at {
            continue;
        }
        at = i + c.len_utf8();
        out.push(c);
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '(' if braces == 0 && name[..i].ends_with(|c| is_word(c) || c == '>') => {
                if let Some(len) = group(&name[i..])
                    && (name[i + len..].starts_with("::")
                        || name[i + len..].starts_with(" const::"))
                {
                    out.push(')');
                    at = i + len;
                }
            }
            _ => {}
        }
    }
    out
}

/// The length of the group in parentheses at the start.
fn group(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(i + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The operators that have brackets in their names, longer ones first.
const OPERATORS: [&str; 12] = [
    "<<=", "<=>", ">>=", "->*", "<<", "<=", ">>", ">=", "->", "()", "<", ">",
];

/// The operator's name that the text starts with, of those with brackets.
fn operator(text: &str) -> Option<&'static str> {
    let name = text.strip_prefix("operator")?;
    OPERATORS.into_iter().find(|o| name.starts_with(o))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The name without template arguments.
fn without_arguments(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut depth = 0usize;
    let mut rest = name;
    let mut last = ' ';
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        if c == 'o'
            && !is_word(last)
            && let Some(symbol) = operator(rest)
        {
            len = "operator".len() + symbol.len();
            if depth == 0 {
                out.push_str(&rest[..len]);
            }
        } else if c == '<' {
            if depth == 0 && out.ends_with(' ') {
                // It keeps `operator< <int>` apart.
                out.pop();
            }
            depth += 1;
        } else if c == '>' && last != '-' {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            out.push(c);
        }
        last = rest[..len].chars().next_back().unwrap_or(' ');
        rest = &rest[len..];
    }
    out
}

/// Types of literals, and what stands behind the number in their place.
const LITERALS: [(&str, &str); 6] = [
    ("(int)", ""),
    ("(unsigned int)", "u"),
    ("(long)", "l"),
    ("(unsigned long)", "ul"),
    ("(long long)", "ll"),
    ("(unsigned long long)", "ull"),
];

/// Writes literals, types of functions and empty packs as the other library does.
fn respell(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut angles = 0usize;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let last = out.chars().next_back().unwrap_or(' ');
        if c == 'o'
            && !is_word(last)
            && let Some(symbol) = operator(rest)
        {
            let len = "operator".len() + symbol.len();
            out.push_str(&rest[..len]);
            rest = &rest[len..];
            continue;
        }
        match c {
            '<' => angles += 1,
            '>' if last != '-' => {
                angles = angles.saturating_sub(1);
                // A pack without anything in it left its comma.
                let full = out.len();
                while out.ends_with(", ") {
                    out.truncate(out.len() - 2);
                }
                if out.len() < full && out.ends_with('>') {
                    out.push(' ');
                }
            }
            '(' if angles > 0 => {
                if let Some((number, suffix, after)) = literal(rest) {
                    out.push_str(number);
                    out.push_str(suffix);
                    rest = after;
                    continue;
                }
                if is_function_type(&out) {
                    out.push(' ');
                }
            }
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// A literal at the start: its number, its suffix, what follows.
fn literal(text: &str) -> Option<(&str, &str, &str)> {
    let (after, suffix) = LITERALS
        .into_iter()
        .find_map(|(kind, suffix)| Some((text.strip_prefix(kind)?, suffix)))?;
    let digits = after.strip_prefix('-').unwrap_or(after);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let len = after.len() - digits.len() + end;
    (end > 0).then_some((&after[..len], suffix, &after[len..]))
}

/// Whether the parameters that follow are those of a type, not of a function's name.
fn is_function_type(before: &str) -> bool {
    let word = before.rsplit(|c: char| !is_word(c)).next().unwrap_or("");
    (before.ends_with(is_word) || before.ends_with(['>', '*', '&']))
        && !["lambda", "decltype", "operator", "noexcept"].contains(&word)
        && !before.ends_with("operator()")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |mangled: &str, wants: [&str; 3]| {
            let modes = [Demangle::Simple, Demangle::Templates, Demangle::Full];
            for (mode, want) in modes.into_iter().zip(wants) {
                assert_eq!(demangle(mangled, mode).as_deref(), Some(want), "{mode:?}");
            }
        };
        check(
            "_ZNSt6vectorIiSaIiEE9push_backERKi.part.0",
            [
                "std::vector::push_back",
                "std::vector<int, std::allocator<int> >::push_back",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
            ],
        );
        check(
            "_Z1fIJEEvSt5arrayIjLm3EE",
            ["f", "f<>", "void f<>(std::array<unsigned int, 3ul>)"],
        );
        check(
            "_ZlsIiEvT_",
            [
                "operator<<",
                "operator<< <int>",
                "void operator<< <int>(int)",
            ],
        );
        check(
            "_ZN1AcvT_IiEEv",
            [
                "A::operator int",
                "A::operator int<int>",
                "A::operator int<int>()",
            ],
        );
        for none in ["_Z", "_ZZZZ", "Z1f", "_Z1", "main.main"] {
            assert_eq!(demangle(none, Demangle::Simple), None, "{none}");
        }
    }

    #[test]
    fn names_that_refer_to_themselves_end() {
        let mut name = "_Z1fI".to_owned();
        name.push_str(&"1AI".repeat(5000));
        assert_eq!(demangle(&name, Demangle::Full), None);
    }
}
