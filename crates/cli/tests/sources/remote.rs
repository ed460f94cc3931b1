//! Names from the program itself.

use crate::bench::{Bench, nameless, small};
use crate::server::{Asked, Server, ok, response};

#[test]
fn names_come_from_the_program_as_in_pprof() {
    let bench = Bench::new();
    let names = |asked: &Asked| {
        let body = asked.body.split('+');
        let lines: Vec<String> = body.map(|at| format!("{at} main.f{at}\n")).collect();
        ok(format!("num_symbols: 1\n{}", lines.concat()).as_bytes())
    };
    let mut bare = nameless(small(1));
    let body = profile::encode_gz(&bare);
    bare.mappings[0].file = Default::default();
    bare.mappings[0].start += 0x1000;
    for location in &mut bare.locations {
        location.address += 0x1000;
    }
    let moved = profile::encode_gz(&bare);
    bare.mappings.clear();
    for location in &mut bare.locations {
        location.mapping = None;
    }
    let unmapped = profile::encode_gz(&bare);
    let server = Server::start(move |asked| match asked.what.as_str() {
        "POST /debug/pprof/symbol" | "POST /x/symbolz" => names(asked),
        what if what.starts_with("POST") => response("404 Not Found", "", b""),
        what if what.contains("/moved") => ok(&moved),
        what if what.contains("/unmapped") => ok(&unmapped),
        _ => ok(&body),
    });
    let at = server.address.as_str();
    let url = |path: &str| format!("{at}{path}");
    let (go, other) = (url("/debug/pprof/profile"), url("/x/profilez"));
    let (moved, unmapped) = (url("/debug/pprof/moved"), url("/debug/pprof/unmapped"));
    for args in [
        &["-traces", at][..],
        &["-traces", &other],
        &["-raw", "-symbolize=remote", &go],
        &["-raw", "-symbolize=local", &go],
        &["-traces", &go, &moved],
        &["-raw", &unmapped],
        &["-raw", "-symbolize=remote:force", &moved, &moved],
        &["-traces", "-symbolize=none", at],
    ] {
        bench.same(args, &[]);
    }
    let asked = server
        .asked()
        .into_iter()
        .find(|asked| asked.what.starts_with("POST"));
    assert_eq!(
        asked.expect("names were asked for").body,
        "0x401010+0x401020"
    );
    // Without an answer, addresses are shown.
    let ran = bench.ours(&["-traces", "-addresses", &url("/y/z")], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err
            .contains("/y/symbolz: server response: 404 Not Found\n"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("0000000000401010"), "{}", ran.out);
}
