//! Programs of `testbed/`, built with fetched toolchains, run and tell of their work.

use std::process::Command;

use gowhy_testkit::{Running, Variant, program};

#[test]
fn a_program_of_the_oldest_and_of_the_newest_go_works() {
    for version in ["1.19", "1.27"] {
        let path = program("cpu", version, Variant::Stripped).expect("the program builds");
        let mut command = Command::new(&path);
        command.args(["-procs", "1", "-for", "60s"]);
        let mut running = Running::start(command).expect("the program gets ready");
        let before = running.ops().expect("the program answers");
        let after = loop {
            let ops = running.ops().expect("the program answers");
            if ops.ops > before.ops {
                break ops;
            }
        };
        assert!(
            after.cpu_ns >= before.cpu_ns && after.wall_ns > before.wall_ns,
            "{after:?}"
        );
        let last = running.stop().expect("the program stops");
        assert!(last.iter().any(|line| line.starts_with("ops ")), "{last:?}");
    }
}

#[test]
fn two_threads_get_the_same_program() {
    let build = || program("cpu", "1.27", Variant::Pie).expect("the program builds");
    let other = std::thread::spawn(build);
    assert_eq!(
        build(),
        other.join().expect("the other thread builds it too")
    );
}
