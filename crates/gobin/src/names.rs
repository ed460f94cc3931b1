//! The two ways Go prints the name of a generic function.
//!
//! Since Go 1.21 the table holds the full instantiation,
//! `pkg.F[go.shape.int]`; earlier linkers already wrote `pkg.F[...]`.

use std::borrow::Cow;

/// The name as tracebacks and `runtime.CallersFrames` print it: type arguments
/// cut to `[...]` (`runtime.funcNameForPrint`).
pub fn print_name(name: &str) -> Cow<'_, str> {
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => {
            Cow::Owned(format!("{}[...]{}", &name[..open], &name[close + 1..]))
        }
        _ => Cow::Borrowed(name),
    }
}

/// The name as `runtime/pprof` writes it into a profile.
///
/// That is the table's own (`runtime_FrameSymbolName`), so that distinct
/// instantiations stay distinct functions; releases before 1.21 print
/// `[...]` because their tables hold it.
pub fn pprof_name(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_arguments_are_cut() {
        for (name, expect) in [
            ("main.main", "main.main"),
            ("main.F[go.shape.int]", "main.F[...]"),
            (
                "main.(*Tree[go.shape.[]uint8,go.shape.int]).Walk.func1",
                "main.(*Tree[...]).Walk.func1",
            ),
            ("main.F[...]", "main.F[...]"),
            ("odd]name[", "odd]name["),
        ] {
            assert_eq!(print_name(name), expect);
            assert_eq!(pprof_name(name), name);
        }
    }
}
