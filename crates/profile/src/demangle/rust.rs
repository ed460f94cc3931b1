//! Names of Rust, old (`_ZN…17h<hash>E`) and new (`_R…`), as ianlancetaylor/demangle writes them.

use std::fmt::Write;

use super::{Demangle, MAX};

/// The name of a mangled one; `None` if it is none.
pub(super) fn demangle(mangled: &str, mode: Demangle) -> Option<String> {
    let new = mangled.starts_with("_R");
    let end = match new {
        true => mangled.find('.'),
        false => mangled.rfind("E.").map(|at| at + 1),
    };
    let mangled = &mangled[..end.unwrap_or(mangled.len())];
    if !new && !is_old(mangled) {
        return None;
    }
    let symbol = rustc_demangle::try_demangle(mangled).ok()?;
    let mut name = Limited(String::new());
    write!(name, "{symbol:#}").ok()?;
    let name = name.0;
    Some(match mode {
        Demangle::Simple if new => without_arguments(&name),
        _ => name,
    })
}

/// A text that fails to grow too large: names may refer to themselves.
struct Limited(String);

impl Write for Limited {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        if self.0.len() + s.len() > MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(s);
        Ok(())
    }
}

/// Whether the name is not of C++, which it may look like: it ends with a hash.
fn is_old(mangled: &str) -> bool {
    let Some(rest) = mangled
        .strip_prefix("_ZN")
        .and_then(|m| m.strip_suffix('E'))
    else {
        return false;
    };
    let Some(hash) = rest.len().checked_sub(19).and_then(|at| rest.get(at..)) else {
        return false;
    };
    let Some(digits) = hash.strip_prefix("17h") else {
        return false;
    };
    let mut seen: Vec<u8> = digits.bytes().collect();
    let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let all_hex = seen.iter().all(hex);
    seen.sort_unstable();
    seen.dedup();
    all_hex && seen.len() >= 5
}

/// The name with nothing between the angle brackets of generic arguments. Those of `<T as Trait>`
/// stand at the start of a path and stay.
fn without_arguments(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    // Of each bracket that is open, whether it is of generic arguments.
    let mut open = Vec::new();
    let mut hidden = 0usize;
    let mut last = ' ';
    for c in name.chars() {
        match c {
            '<' => {
                let generic = last == ':' || last == '_' || last == '}' || last.is_alphanumeric();
                if hidden == 0 {
                    out.push(c);
                }
                hidden += usize::from(generic);
                open.push(generic);
            }
            '>' if last != '-' => {
                if open.pop() == Some(true) {
                    hidden -= 1;
                }
                if hidden == 0 {
                    out.push(c);
                }
            }
            c if hidden == 0 => out.push(c),
            _ => {}
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |mangled, mode, want: Option<&str>| {
            assert_eq!(demangle(mangled, mode).as_deref(), want, "{mangled}");
        };
        let old = "_ZN4core3ptr13drop_in_place17h0123456789abcdefE";
        check(old, Demangle::Simple, Some("core::ptr::drop_in_place"));
        let old = "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h0123456789abcdefE.llvm.5";
        let full = "<Test + 'static as foo::Bar<Test>>::bar";
        check(old, Demangle::Simple, Some(full));
        check("_ZN3foo3barE", Demangle::Simple, None);
        check("_ZN3foo17h00000000000000ffE", Demangle::Simple, None);
        let new = "_RNvMs_Cs4Cv8Wi1oAIB_7mycrateNtB4_3Foo3bar";
        assert!(demangle(new, Demangle::Full).is_none_or(|n| n.contains("bar")));
        let new = "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE";
        check(
            new,
            Demangle::Full,
            Some("std::mem::align_of::<std::mem::Discriminant>"),
        );
        check(new, Demangle::Simple, Some("std::mem::align_of::<>"));
        check("_R", Demangle::Simple, None);
    }

    #[test]
    fn arguments_are_emptied() {
        let check = |name, want| assert_eq!(without_arguments(name), want);
        check("<a::B<C> as D<E>>::f::<G<H>>", "<a::B<> as D<>>::f::<>");
        check("f::<fn(A) -> B, C>::{closure#0}", "f::<>::{closure#0}");
        check("<(A, B<C>)>::f", "<(A, B<>)>::f");
    }
}
