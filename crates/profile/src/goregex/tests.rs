//! Against what Go's regexp package does.

use super::*;

#[test]
fn matching() {
    let check = |pattern: &str, text: &str, want: Option<(usize, usize)>| {
        let regexp = Regexp::new(pattern).expect("the pattern is good");
        let got = regexp.find(text).map(|m| (m.start, m.end));
        assert_eq!(got, want, "{pattern:?} in {text:?}");
        assert_eq!(regexp.is_match(text), want.is_some());
    };
    check("", "abc", Some((0, 0)));
    check(r"main\.(f|g)$", "x main.g", Some((2, 8)));
    check(r"\Qmain.(*T)\E\.m", "main.(*T).m", Some((0, 11)));
    // Unlike the crate: classes are ASCII, and these are literal.
    check(r"^\d", "٣", None);
    check(r"^\w", "é", None);
    check(r"\bx", "éx", Some((2, 3)));
    check(r"\Bé", "éé", Some((0, 2)));
    check(r"\<foo\>", "a <foo>", Some((2, 7)));
    check("a{,2}", "a{,2}", Some((0, 5)));
    check("x{", "x{", Some((0, 2)));
    check("[[a&&b]", "&", Some((0, 1)));
    check("[^a-c[:digit:]]", "a1bz", Some((3, 4)));
    check(r"[\d-]+", "a1-2", Some((1, 4)));
    check("[]a]", "]", Some((0, 1)));
    check(r"\x{3b1}\x41\101", "αAA", Some((0, 4)));
    check("(?i)K(?-i)k", "\u{212a}k", Some((0, 4)));
    check("(?i)(?s)a.b|C", "A\nb", Some((0, 3)));
    check("(?P<n>a)(?<m>b)", "ab", Some((0, 2)));
    check("a(?i)*B", "aab", Some((0, 3)));
    check(r"[\x{d800}]|\x{dfff}", "x", None);
    check(r"\p{Greek}\PL\pN", "αα.1", Some((2, 6)));
    check("(?U)a+", "aaa", Some((0, 1)));
    check("(?m)^b$", "a\nb\nc", Some((2, 3)));
}

#[test]
fn mistakes_are_told_as_go_tells_them() {
    let check = |pattern: &str, want: &str| {
        let e = Regexp::new(pattern).expect_err("the pattern is bad");
        assert_eq!(e.to_string(), format!("error parsing regexp: {want}"));
    };
    check("[", "missing closing ]: `[`");
    check("a[b", "missing closing ]: `[b`");
    check("(a", "missing closing ): `(a`");
    check("a)b", "unexpected ): `a)b`");
    check("*", "missing argument to repetition operator: `*`");
    check("a|+?", "missing argument to repetition operator: `+?`");
    check("a**", "invalid nested repetition operator: `**`");
    check("a{2}{3}?", "invalid nested repetition operator: `{2}{3}?`");
    check("a{1001}", "invalid repeat count: `{1001}`");
    check("a{3,2}", "invalid repeat count: `{3,2}`");
    check("(a{500}){3}", "invalid repeat count: `{3}`");
    check(r"a\8", r"invalid escape sequence: `\8`");
    check(r"\C", r"invalid escape sequence: `\C`");
    check(r"\x4", r"invalid escape sequence: `\x4`");
    check(r"\x{110000}", r"invalid escape sequence: `\x{110000`");
    check(r"[a\Q]", r"invalid escape sequence: `\Q`");
    check(r"a\", "trailing backslash at end of expression: ``");
    check("[z-a]", "invalid character class range: `z-a`");
    check("[[:foo:]]", "invalid character class range: `[:foo:]`");
    check(r"\p{Foo}", r"invalid character class range: `\p{Foo}`");
    check(
        r"\p{Alphabetic}",
        r"invalid character class range: `\p{Alphabetic}`",
    );
    check("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
    check("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`");
    check("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`");
    check("(?P<a", "invalid named capture: `(?P<a`");
}
