//! Names from binaries on this machine, and files that other programs read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use profile::{Builder, Mapping};
use testkit::Variant;

use crate::bench::{Bench, Ran, nameless, small};

#[test]
fn names_come_from_the_binary_as_in_pprof() {
    let bench = Bench::new();
    for variant in [Variant::Plain, Variant::StrippedPie] {
        let program = testkit::program("cpu", "any", variant).expect("the testbed builds");
        let path = bench.path("cpu.pb.gz");
        let status = Command::new(&program)
            .args(["-for=1500ms", "-profile-for=1s", "-cpuprofile"])
            .arg(&path)
            .stdout(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(status.success());
        let whole = profile::decode(&fs::read(&path).expect("written")).expect("a profile");
        let mut bare = nameless(whole);
        // pprof compares no build ids, and finds none where it looks for them.
        for i in 0..bare.mappings.len() {
            bare.mappings[i].build_id = Default::default();
        }
        fs::write(bench.path("bare.pb.gz"), profile::encode_gz(&bare)).expect("room");
        for view in ["-top", "-traces", "-tree", "-peek=main"] {
            for more in ["-functions", "-lines", "-addresses"] {
                // One frame an address, as pprof has it.
                let ours = bench.ours(&["-exact", view, more, "bare.pb.gz"], &[]);
                let theirs = bench.theirs(&[view, more, "bare.pb.gz"], &[]);
                assert_eq!(ours.out, theirs.out, "{variant:?} {view} {more}");
                assert_eq!(ours.err, theirs.err, "{variant:?} {view} {more}");
                // All frames, as Go's own profiler has them.
                let named = bench.ours(&[view, more, "bare.pb.gz"], &[]);
                let expect = bench.ours(&[view, more, "cpu.pb.gz"], &[]);
                let rows = |ran: &Ran| -> Vec<String> {
                    let all = ran.out.lines();
                    all.filter(|l| !l.starts_with("Build ID"))
                        .map(str::to_owned)
                        .collect()
                };
                assert_eq!(rows(&named), rows(&expect), "{variant:?} {view} {more}");
            }
        }
        bench.same(&["-top", "-symbolize=none", "bare.pb.gz"], &[]);
    }
}

#[test]
fn names_of_c_code_come_from_the_binary_as_in_pprof() {
    if !testkit::has_c_compiler() {
        return;
    }
    let bench = Bench::new();
    let program = testkit::program("cgo", "any", Variant::Plain).expect("the testbed builds");
    let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
    let program = program.to_str().expect("a name");
    let args = [
        "cpu",
        "-r",
        "999",
        "-o",
        "cpu.pb.gz",
        "--",
        program,
        "-for=1500ms",
    ];
    let taken = bench.run(gowhy, &args, &[]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let whole = fs::read(bench.path("cpu.pb.gz")).expect("it is there");
    let mut bare = nameless(profile::decode(&whole).expect("a profile"));
    for i in 0..bare.mappings.len() {
        bare.mappings[i].build_id = Default::default();
    }
    fs::write(bench.path("bare.pb.gz"), profile::encode_gz(&bare)).expect("room");
    for view in ["-top", "-traces", "-raw"] {
        let ours = bench.ours(&["-exact", "-lines", view, "bare.pb.gz"], &[]);
        let theirs = bench.theirs(&["-lines", view, "bare.pb.gz"], &[]);
        assert_eq!(ours.out, theirs.out, "{view}");
        assert_eq!(ours.err, theirs.err, "{view}");
    }
    // The capture names C code by symbol tables, and so do we.
    let named = bench.ours(&["-top", "bare.pb.gz"], &[]);
    let expect = bench.ours(&["-top", "cpu.pb.gz"], &[]);
    let rows = |ran: &Ran| -> Vec<String> {
        let rows = ran.out.lines().filter(|l| !l.starts_with("Build ID"));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(rows(&named), rows(&expect));
}

#[test]
fn binaries_are_looked_for() {
    let bench = Bench::new();
    let program = testkit::program("cpu", "any", Variant::Plain).expect("the testbed builds");
    let bytes = fs::read(&program).expect("it is there");
    let bin = gobin::GoBin::parse(Arc::new(bytes.clone())).expect("a Go program");
    let entry = bin.pclntab().func_by_name("main.main")[0].entry;
    let id = bin.build_id().or(bin.go_build_id()).expect("an id");
    let short = id.replace('/', "_");
    let mut b = Builder::new(&[("samples", "count")]);
    let file = b.intern("/nowhere/app");
    let mapping = b.mapping(Mapping {
        start: 0x40_0000,
        limit: 0x40_0000 + (32 << 20),
        file,
        ..Default::default()
    });
    let at = b.location(Some(mapping), entry + 1, &[]);
    b.sample(&[at], &[5], &[]);
    let plain = b.finish();
    fs::write(bench.path("p"), profile::encode(&plain)).expect("room");
    let mut with_id = plain.clone();
    with_id.mappings[0].build_id = with_id.strings.intern(&id);
    fs::write(bench.path("id"), profile::encode(&with_id)).expect("room");
    with_id.mappings[0].build_id = with_id.strings.intern("0123");
    fs::write(bench.path("other"), profile::encode(&with_id)).expect("room");

    // Nowhere.
    let ran = bench.same(&["-top", "p"], &[]);
    assert!(
        ran.err
            .contains("Local symbolization failed for app: open /nowhere/app: no such file")
    );
    assert!(ran.err.contains("Try setting PPROF_BINARY_PATH"));
    bench.same(&["-top", "-buildid=77", "p"], &[]);
    bench.same(&["-top", "-tools=/x", "-symbolize=fastlocal", "p"], &[]);
    // As the first of several sources.
    let binary = program.to_str().expect("a name");
    let ran = bench.same(&["-top", binary, "p"], &[]);
    assert!(
        ran.out.contains("main.main") && ran.out.starts_with("File: cpu\n"),
        "{}",
        ran.out
    );
    // By name, path and id, in folders of the environment.
    for (folder, name) in [
        ("a", "app"),
        ("b", "nowhere/app"),
        ("c", &format!("{short}/x")),
        ("d", "nowhere/app.debug"),
    ] {
        let path = bench.path(folder).join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        fs::write(path, &bytes).expect("room");
    }
    for folders in ["a", "b", "nosuch:d", "d:a"] {
        let ran = bench.same(&["-top", "p"], &[("PPROF_BINARY_PATH", folders)]);
        assert!(ran.out.contains("main.main"), "{folders}: {}", ran.out);
    }
    for folders in if short == id {
        &["a", "b", "c"][..]
    } else {
        &["a", "b"]
    } {
        let ran = bench.ours(&["-top", "id"], &[("PPROF_BINARY_PATH", folders)]);
        assert!(
            ran.out.contains("main.main"),
            "{folders}: {} {}",
            ran.out,
            ran.err
        );
    }
    let ran = bench.ours(&["-top", "other"], &[("PPROF_BINARY_PATH", "a")]);
    assert!(!ran.out.contains("main.main"), "{}", ran.out);
    let said = format!("Ignoring local file a/app: build-id mismatch (0123 != {id})\n");
    assert!(ran.err.contains(&said), "{}", ran.err);
    // And where they are by default.
    let folder = bench.path("home/pprof/binaries");
    fs::create_dir_all(&folder).expect("room");
    fs::write(folder.join("app"), &bytes).expect("room");
    assert!(bench.ours(&["-top", "p"], &[]).out.contains("main.main"));
}

#[test]
fn perf_data_is_converted_by_the_tool_for_it() {
    let bench = Bench::new();
    fs::write(bench.path("perf.data"), b"PERFILE2 and more").expect("room");
    let failed = bench.ours(&["-top", "perf.data"], &[("PATH", "/nonexistent")]);
    assert_eq!(failed.code, Some(5), "{}", failed.err);
    assert!(
        failed
            .err
            .contains("Try github.com/google/perf_data_converter"),
        "{}",
        failed.err
    );
    fs::write(bench.path("good"), profile::encode(&small(2))).expect("room");
    let tool = bench.path("bin/perf_to_profile");
    fs::create_dir(bench.path("bin")).expect("room");
    // As it is called: -i FILE -o FILE -f.
    let script = "#!/bin/sh\n[ \"$1 $2 $3 $5\" = '-i perf.data -o -f' ] && exec cp good \"$4\"\n";
    fs::write(&tool, script).expect("room");
    Command::new("chmod")
        .arg("+x")
        .arg(&tool)
        .status()
        .expect("chmod is everywhere");
    let path = format!("{}:/usr/bin:/bin", bench.path("bin").display());
    let ran = bench.same(&["-top", "perf.data"], &[("PATH", &path)]);
    assert!(ran.out.contains("main.leaf"), "{}", ran.out);
    assert!(
        ran.err.contains("Converting perf.data to a profile.proto"),
        "{}",
        ran.err
    );
}
