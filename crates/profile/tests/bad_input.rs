//! What is not a profile is told apart, by name and place.

use gowhy_profile::{Builder, Error, Line, Profile, decode, decode_reader, encode, encode_gz};

/// Three samples of a stack of two frames, one of them with labels.
fn small() -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let main = b.function("main.main", "main.go", 3);
    let work = b.function("main.work", "main.go", 9);
    let line = |function, line| Line {
        function: Some(function),
        line,
        column: 0,
    };
    let leaf = b.location(None, 0x1000, &[line(work, 11)]);
    let root = b.location(None, 0x2000, &[line(main, 4)]);
    let label = b.label("user", "alice");
    b.sample(&[leaf, root], &[3, 30], &[]);
    b.sample(&[root], &[1, 10], &[]);
    b.sample(&[leaf, root], &[2, 20], &[label]);
    b.finish()
}

fn error(bytes: &[u8]) -> Error {
    let error = decode(bytes).expect_err("this is not a profile");
    let again = decode_reader(bytes).expect_err("nor is it one when it is read in pieces");
    assert_eq!(error.to_string(), again.to_string());
    error
}

fn check(bytes: &[u8], text: &str) {
    assert_eq!(error(bytes).to_string(), text);
}

#[test]
fn the_good_one_is_good() {
    let p = decode(&encode(&small())).expect("it was written just now");
    assert_eq!(p.samples.len(), 3);
    assert_eq!(p.samples.values(0), [3, 30]);
    assert_eq!(p.str(p.functions[1].name), "main.work");
}

#[test]
fn empty() {
    assert!(matches!(error(b""), Error::Empty));
}

#[test]
fn web_pages() {
    check(
        b"\n<!DOCTYPE html>\n<html><head>\n<title>502 Bad\nGateway</title></head>",
        "this is a web page, not a profile (its title: 502 Bad Gateway)",
    );
    check(
        b"<html>\r\n<body>sign in</body></html>",
        "this is a web page, not a profile",
    );
}

#[test]
fn other_files() {
    for bytes in [
        b"404 page not found\n".as_slice(),
        b"goroutine 1 [running]:\nmain.main()\n",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        &[0; 100],
        &[0xff; 100],
        b"a",
    ] {
        assert!(
            matches!(error(bytes), Error::NotAProfile),
            "{}: {}",
            String::from_utf8_lossy(bytes),
            error(bytes)
        );
    }
}

#[test]
fn cut_off() {
    let bytes = encode(&small());
    let gz = encode_gz(&small());
    match error(&bytes[..bytes.len() - 1]) {
        Error::Truncated { at, samples } => {
            assert_eq!(at, bytes.len() as u64 - 1);
            assert_eq!(samples, 3);
        }
        other => panic!("{other}"),
    }
    // Cut between two fields it is whole, but tables are missing. The last field, of two bytes,
    // may be missing.
    for n in (1..bytes.len() - 2).chain([bytes.len() - 1]) {
        let e = error(&bytes[..n]);
        assert!(
            matches!(
                e,
                Error::Truncated { .. } | Error::Malformed(_) | Error::NotAProfile
            ),
            "cut at {n}: {e}"
        );
    }
    for n in 12..gz.len() {
        let e = error(&gz[..n]);
        assert!(
            matches!(e, Error::Truncated { .. } | Error::NotAProfile),
            "gzip cut at {n}: {e}"
        );
    }
    assert!(matches!(
        error(&gz[..gz.len() - 1]),
        Error::Truncated { samples: 3, .. }
    ));
}

#[test]
fn a_claimed_length_is_not_believed() {
    let mut bytes = encode(&small());
    let at = bytes.len() as u64 + 8;
    // A sample of two gigabytes of which two bytes are there.
    bytes.extend([0x12, 0x80, 0x80, 0x80, 0x80, 0x08, 1, 2]);
    check(
        &bytes,
        &format!("the profile is cut off at byte {at}, after 3 samples"),
    );
    // A string inside of a message cannot be longer than the message.
    let mut bytes = encode(&small());
    bytes.extend([0x12, 7, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    let text = error(&bytes).to_string();
    assert!(
        text.ends_with("a field is longer than its message"),
        "{text}"
    );
}

#[test]
fn more_than_the_limit() {
    let limits = gowhy_profile::Limits { inflated: 100 };
    for bytes in [encode(&small()), encode_gz(&small())] {
        let e = gowhy_profile::proto::decode_with(&bytes, &limits).expect_err("it is larger");
        assert!(matches!(e, Error::TooLarge { limit: 100 }), "{e}");
        let e = gowhy_profile::proto::decode_reader_with(&bytes[..], &limits)
            .expect_err("it is larger");
        assert!(matches!(e, Error::TooLarge { limit: 100 }), "{e}");
    }
}

#[test]
fn damaged_gzip() {
    let mut gz = encode_gz(&small());
    let n = gz.len();
    gz[n - 6] ^= 1; // The checksum.
    let text = error(&gz).to_string();
    assert!(text.contains("gzip: "), "{text}");
}

/// A message with the string table `strings` after these fields.
fn message(fields: &[u8], strings: &[&str]) -> Vec<u8> {
    let mut bytes = fields.to_vec();
    for s in strings {
        bytes.extend([0x32, s.len() as u8]);
        bytes.extend(s.as_bytes());
    }
    bytes
}

#[test]
fn tables_that_contradict_each_other() {
    let types = [0x0a, 4, 8, 1, 16, 2];
    let strings = ["", "cpu", "nanoseconds"];
    let check = |fields: &[u8], text: &str| {
        let bytes = message(&[&types, fields].concat(), &strings);
        let got = error(&bytes).to_string();
        assert!(got.contains(text), "{got:?} does not contain {text:?}");
    };
    check(
        &[0x12, 6, 8, 1, 16, 5, 16, 6, 0x22, 2, 8, 1],
        "mismatch: sample has 2 values vs. 1 types",
    );
    check(&[0x12, 4, 8, 9, 16, 5], "sample has nil location");
    check(&[0x12, 4, 8, 0, 16, 5], "sample has nil location");
    check(&[0x22, 0], "found location with reserved ID=0");
    check(&[0x2a, 0], "found function with reserved ID=0");
    check(&[0x1a, 0], "found mapping with reserved ID=0");
    check(
        &[0x22, 2, 8, 7, 0x22, 2, 8, 7],
        "multiple locations with same id: 7",
    );
    check(
        &[0x2a, 2, 8, 1, 0x2a, 2, 8, 1],
        "multiple functions with same id: 1",
    );
    check(
        &[0x1a, 4, 8, 0xff, 0xff, 3, 0x1a, 4, 8, 0xff, 0xff, 3],
        "multiple mappings with same id: 65535",
    );
    check(
        &[0x22, 6, 8, 1, 0x22, 2, 8, 5],
        "location id: 1 has a line with nil function",
    );
    check(
        &[0x22, 4, 8, 1, 0x22, 0],
        "location id: 1 has a line with nil function",
    );
    check(&[0x2a, 4, 8, 1, 16, 3], "string 3 of a table of 3");
    check(&[0x0a, 1, 0x0b], "unknown wire type: 3");
    check(&[0x0a, 2, 0x0a, 0], "type mismatch");
    let bytes = message(&[0x12, 2, 16, 1], &[""]);
    assert!(
        error(&bytes)
            .to_string()
            .contains("missing sample type information")
    );
    let bytes = message(&types, &["x"]);
    assert!(
        error(&bytes)
            .to_string()
            .contains("string_table[0] must be ''")
    );
}

#[test]
fn what_is_odd_but_allowed() {
    // Unknown fields, ids in no order and far apart, a mapping that is not there, integers packed
    // or not, duplicate and ill-formed strings.
    let mut bytes = vec![0x0a, 4, 8, 1, 16, 2];
    // Packed, with a field 4 that no sample has; then not packed.
    bytes.extend([0x12, 10, 0x0a, 3, 0xac, 0x02, 7, 0x12, 1, 5, 0x20, 1]);
    bytes.extend([0x12, 7, 8, 7, 8, 0xac, 0x02, 16, 6]);
    bytes.extend([0x22, 5, 8, 0xac, 0x02, 16, 9]);
    bytes.extend([0x22, 8, 8, 7, 0x22, 4, 8, 44, 16, 1]);
    bytes.extend([0x2a, 4, 8, 44, 16, 3]);
    bytes.extend([0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8]); // field 127, eight bytes
    bytes.extend([0xfa, 0x07, 2, 1, 2]); // field 127, bytes
    let mut bytes = message(&bytes, &["", "cpu", "cpu"]);
    bytes.extend([0x32, 3, b'f', 0xff, b'x']);
    let p = decode(&bytes).expect("odd but allowed");
    assert_eq!(p.samples.len(), 2);
    assert_eq!(p.samples.values(0), [5]);
    assert_eq!(p.samples.values(1), [6]);
    let ids = |i: usize| -> Vec<u64> {
        let stack = p.samples.stack(i).iter();
        stack.map(|&l| p.location(l).id).collect()
    };
    assert_eq!(ids(0), [300, 7]);
    assert_eq!(ids(1), [7, 300]);
    assert_eq!(p.locations[0].mapping, None);
    assert_eq!(p.str(p.functions[0].name), "f\u{fffd}x");
    let t = p.sample_types[0];
    assert_eq!((p.str(t.kind), p.str(t.unit)), ("cpu", "cpu"));
    assert_eq!(t.kind, t.unit);
}
