//! Whatever an address or a file of configurations says, there is an answer.

use std::fs;

use gowhy_web::{Query, Settings};
use profile::{Builder, Line};
use proptest::prelude::*;
use report::options::Options;

mod common;
use common::site;

fn small() -> profile::Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let function = b.function("main.main", "main.go", 1);
    let line = Line {
        function: Some(function),
        line: 3,
        column: 0,
    };
    let location = b.location(None, 1, &[line]);
    b.sample(&[location], &[1, i64::MAX], &[]);
    b.sample(&[location; 3], &[i64::MIN, -1], &[]);
    b.finish()
}

fn page() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("/ui/flamegraph".to_owned()),
        Just("/ui/top".to_owned()),
        Just("/ui/graph".to_owned()),
        Just("/ui/peek".to_owned()),
        Just("/ui/source".to_owned()),
        Just("/ui/disasm".to_owned()),
        "/ui/[a-z./%]{0,12}",
        ".{0,20}",
    ]
}

fn parameters() -> impl Strategy<Value = String> {
    let known = prop_oneof![
        "(f|i|h|s|sf|tf|ti|ts|th|prunefrom)=[a-z()\\[*|%0-9]{0,8}",
        "(n|nf|ef)=[-0-9.e]{0,25}",
        "(si|g|sort|unit|mean|trim|format|p)=[a-z0-9]{0,9}",
        "[^ ]{0,12}",
    ];
    proptest::collection::vec(known, 0..5).prop_map(|parts| parts.join("&"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_request_is_answered(path in page(), query in parameters()) {
        let site = site(small(), Options::default(), None);
        let reply = site.answer(&path, &query, false);
        prop_assert!([200, 301, 307, 400, 404].contains(&reply.status), "{}", reply.status);
        prop_assert!(reply.body.len() < 1 << 20);
        // Where it leads to is no other place than here.
        if let Some(location) = reply.location {
            prop_assert!(location.starts_with("/ui/") || location.starts_with("flamegraph"));
        }
    }

    #[test]
    fn addresses_survive_being_read(text in ".{0,40}") {
        let query = Query::parse(&text);
        let written = query.text();
        prop_assert_eq!(Query::parse(written.trim_start_matches('?')), query);
        prop_assert!(written.is_ascii());
    }

    #[test]
    fn any_file_of_configurations_has_a_menu(text in prop_oneof![
        ".{0,60}",
        "\\{\"configs\":\\[(\\{\"name\":[a1\"]{1,3},\"nodecount\":[0-9.e-]{1,20}\\},?){0,3}\\]\\}",
        "\\{\"configs\":[\\[\\]{},0-9n\":a]{0,20}\\}",
    ]) {
        let dir = tempfile::tempdir().expect("there is room");
        let path = dir.path().join("settings.json");
        fs::write(&path, &text).expect("there is room");
        let settings = Settings::new(Some(path.clone()));
        prop_assert!(!settings.menu(&Query::default()).is_empty());
        // What cannot be understood is not overwritten.
        let saved = settings.save(&Query::parse("config=x"), &Options::default());
        let after = fs::read_to_string(&path).expect("it is there");
        prop_assert!(saved.is_ok() || after == text);
    }
}
