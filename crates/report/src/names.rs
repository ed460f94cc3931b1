//! Function names cut to what fits into a box.

use std::sync::LazyLock;

use regex::Regex;

/// The rules, in order: module versions go first, then the first of Go, Java and C++ that fits.
struct Rules {
    version: Regex,
    languages: [Regex; 3],
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let compile = |pattern| Regex::new(pattern).expect("the pattern is a constant");
    Rules {
        version: compile(r"^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$"),
        languages: [
            compile(r"^(?:[0-9A-Za-z_\-.]+/)+([^.]+\..+)"),
            compile(
                r"^(?:[a-z][0-9A-Za-z_]*\.)*([A-Z][0-9A-Za-z_$]*\.(?:<init>|[a-z][0-9A-Za-z_$]*(?:\$[0-9]+)?))(?:\(|$)",
            ),
            compile(
                r"^(?:[_a-zA-Z][0-9A-Za-z_]*::)+(_*[A-Z][0-9A-Za-z_]*::~?[_a-zA-Z][0-9A-Za-z_]*(?:<.*>)?)",
            ),
        ],
    }
});

/// The name without the path of its package, as pprof's `ShortenFunctionName`.
pub fn shorten(name: &str) -> String {
    let name = name.strip_prefix("(anonymous namespace)::").unwrap_or(name);
    let name = RULES.version.replace(name, "$1$2");
    for language in &RULES.languages {
        if let Some(found) = language.captures(&name) {
            return found[1].to_owned();
        }
    }
    name.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_left_out() {
        for (name, expect) in [
            ("main.main", "main.main"),
            ("net/http.(*conn).serve", "http.(*conn).serve"),
            ("github.com/a/b/v2.F", "b.F"),
            ("github.com/a/b/v2/c.F", "c.F"),
            ("gopkg.in/yaml.v2.F", "yaml.v2.F"),
            ("a/b.F[go.shape.int]", "b.F[go.shape.int]"),
            ("java.util.List.add(x)", "List.add"),
            ("foo::bar::Baz::qux<int>", "Baz::qux<int>"),
            ("(anonymous namespace)::f", "f"),
            ("runtime.mallocgc", "runtime.mallocgc"),
        ] {
            assert_eq!(shorten(name), expect);
        }
    }
}
