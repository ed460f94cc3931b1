//! What a user types to choose samples: regular expressions in Go's syntax and tag filters, one a
//! line, on a small profile.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use profile::{FilterOptions, Filters, LabelUnits, Profile, Regexp};

fn small() -> &'static Profile {
    static PROFILE: OnceLock<Profile> = OnceLock::new();
    PROFILE.get_or_init(|| {
        let text = "main.main;main.serve;json.Marshal 5\nmain.main;main.(*T).run;memmove 3\n";
        profile::folded::decode(text.as_bytes()).expect("two stacks")
    })
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.lines().map(str::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    if let Ok(regexp) = Regexp::new(&next()) {
        let found = regexp.find("main.(*T).run");
        assert_eq!(found.is_some(), regexp.is_match("main.(*T).run"));
    }
    let options = FilterOptions {
        focus: next(),
        ignore: next(),
        hide: next(),
        show: next(),
        show_from: next(),
        tag_focus: next(),
        tag_ignore: next(),
        tag_show: next(),
        tag_hide: next(),
        prune_from: next(),
    };
    let mut profile = small().clone();
    if let Ok(filters) = Filters::new(&options, &LabelUnits::of(&profile)) {
        filters.apply(&mut profile);
        assert!(profile.samples.len() <= small().samples.len());
    }
});
