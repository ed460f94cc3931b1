//! Patterns mean what they mean to Go's regexp package, and are wrong in the same words: random
//! patterns, made of what is special in one of the two syntaxes.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Command;

use gowhy_profile::Regexp;
use testkit::Variant;

/// Random numbers (splitmix64): the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "b", "c", "k", "K", "s", "é", "σ", "ς", "\u{17f}", "\u{212a}", "ǅ", "0", "9", "_", ".", "*", "+", "?",
    "|", "(", ")", "(", ")", "(?:", "(?i)", "(?i:", "(?s)", "(?m)", "(?U)", "(?-i)", "(?i-s:", "(?P<n>", "(?<m>",
    "(?P<n", "(?P=n)", "(?=", "(?!", "(?<=", "(?#", "(?", "(?im-U)", "(?ii)", "(?-", "(?i-)", "(?x)", "(?R)",
    "[", "]", "[^", "[a-z]", "[^a-c]", "[]a]", "[a-]", "[-a]", "[a-c-e]", "[[:alpha:]]", "[[:^digit:]]", "[[:word:]]",
    "[:alpha:]", "[[:foo:]]", "[[=a=]]", "[[.a.]]", "[a&&b]", "[a--b]", "[a~~b]", "[\\d\\W]", "[\\pL]", "[^\\D]",
    "[\\]a]", "[\\x41-\\x{43}]", "[z-a]", "[a-\\d]", "[\\Qa\\E]", "[\\b]", "[[a]]", "[&&]", "-", "^", "$", "\\A", "\\z", "\\Z",
    "\\b", "\\B", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\pN", "\\PL", "\\p{Greek}", "\\p{^Lu}", "\\P{^Lu}", "\\pZ",
    "\\p{Foo}", "\\p", "\\p{", "\\p{L", "\\p{Latin}", "\\p{Any}", "\\p{any}", "\\p{ASCII}", "\\p{Alphabetic}", "\\p{greek}",
    "\\p{Letter}", "\\p{LC}", "\\p{Cn}", "\\p{Script=Greek}", "\\p{sc=Greek}", "\\p{Old_Italic}", "\\p{OldItalic}", "\\pl",
    "\\Q", "\\E", "\\Qa.b\\E", "\\Q)\\E", "\\x41", "\\x4", "\\x{3b1}", "\\x{110000}", "\\x{}", "\\xg", "\\x{d800}", "\\101",
    "\\0", "\\08", "\\1", "\\8", "\\7", "\\12", "\\k<n>", "\\G", "\\K", "\\R", "\\X", "\\C", "\\h", "\\N", "\\a", "\\f", "\\n",
    "\\r", "\\t", "\\v", "\\e", "\\c", "\\.", "\\/", "\\-", "\\_", "\\<", "\\>", "\\é", "\\ ", "\\", "\\\\", "\\\"", "\\u0041",
    "{", "}", "{2}", "{2,}", "{,2}", "{2,3}", "{0}", "{0,0}", "{1}", "{3,2}", "{01}", "{1000}", "{1001}", "{99999999999}",
    "{ 2}", "{a}", "{2", "{2,", "{500}", "{2}?", "*?", "+?", "??", "**", "+*", "*+", "?+", "#", " ", "\n", "\t", "\"", "`",
    "a*", "(a|b)", "(ab)*", "()", "(|a)", "a||b", "<", ">", "&&", "~~", "--", "/", ":", "=", "!", "\u{10ffff}", "\0", "\u{301}",
];

/// Texts that some of the pieces match.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "", "a", "b", "ab", "abc", "aab", "Kk", "s\u{17f}", "\u{212a}", "éa", "σς", "ǆǅ", "a9_", "a.b", "a\nb", "\n", "(a)",
    "main.(*T).Run", "go.shape.int[...]", "a-c", "&&", "~", "[a]", "{2}", "aaaa", "A", "Z", " ", "\t", "\\", "\u{7}",
    "main.f", "αβγ", "٣", "x", "]", "-", "E", "Q", "\u{10ffff}", "\0", "e\u{301}", "\"`", "<n>", "k=v", "\u{a0}", "\u{b}",
];

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string does not fail");
        out
    })
}

/// What the program `regexps` of the testbed says of a pattern.
fn verdict(pattern: &str, texts: &[&str]) -> String {
    match Regexp::new(pattern) {
        Err(e) => format!("error {}", hex(&e.to_string())),
        Ok(regexp) => texts
            .iter()
            .fold(String::new(), |out, text| match regexp.find(text) {
                Some(at) => format!("{out}{}:{} ", at.start, at.end),
                None => out + "- ",
            }),
    }
}

fn unhex(line: &str) -> String {
    let Some(digits) = line.strip_prefix("error ") else {
        return line.to_owned();
    };
    let bytes = (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16));
    let bytes: Result<Vec<u8>, _> = bytes.collect();
    String::from_utf8_lossy(&bytes.expect("it is hexadecimal")).into_owned()
}

#[test]
fn random_patterns_mean_what_they_mean_to_go() {
    let number = |name: &str, default: usize| {
        let set = std::env::var(name);
        set.map_or(default, |text| text.parse().expect("it is a number"))
    };
    let seed = number("GOWHY_REGEXP_SEED", 1);
    let runs = number("GOWHY_REGEXP_RUNS", 5_000);
    let mut dice = Dice(seed as u64);
    let patterns: Vec<String> = (0..runs)
        .map(|_| {
            let length = 1 + dice.below(7);
            (0..length).map(|_| dice.pick(PIECES)).collect()
        })
        .collect();
    let texts: Vec<Vec<&str>> = patterns
        .iter()
        .map(|_| (0..6).map(|_| dice.pick(TEXTS)).collect())
        .collect();

    let dir = tempfile::tempdir().expect("there is room for files");
    let input = dir.path().join("patterns");
    let lines = patterns.iter().zip(&texts).map(|(pattern, texts)| {
        let words = [pattern.as_str()].into_iter().chain(texts.iter().copied());
        words.map(hex).collect::<Vec<_>>().join(" ") + "\n"
    });
    fs::write(&input, lines.collect::<String>()).expect("there is room for files");
    // pprof is built by the newest Go, so that is whose rules count.
    let go = testkit::program("regexps", "1.27", Variant::Plain).expect("the testbed builds");
    let output = Command::new(go)
        .stdin(File::open(&input).expect("it was just written"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    let output = String::from_utf8(output.stdout).expect("it prints text");
    assert_eq!(output.lines().count(), runs);

    let mut differ = Vec::new();
    for ((theirs, pattern), texts) in output.lines().zip(&patterns).zip(&texts) {
        let ours = verdict(pattern, texts);
        if ours.trim_end() != theirs.trim_end() {
            let (ours, theirs) = (unhex(&ours), unhex(theirs));
            differ.push((
                pattern.len(),
                format!("{pattern:?} in {texts:?}\n  ours:   {ours}\n  theirs: {theirs}"),
            ));
        }
    }
    differ.sort();
    let shortest: Vec<&str> = differ
        .iter()
        .map(|(_, text)| text.as_str())
        .take(30)
        .collect();
    assert!(
        differ.is_empty(),
        "{} of {runs}, seed {seed}:\n{}",
        differ.len(),
        shortest.join("\n")
    );
}
