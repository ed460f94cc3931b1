//! `gowhy pprof -exact` against `go tool pprof` on files in the formats from before profile.proto:
//! whole ones, and ones with something broken.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

fn run(program: &Path, before: &[&str], args: &[&str], dir: &Path) -> Output {
    Command::new(program)
        .args(before)
        .args(args)
        .env_clear()
        .envs([("TZ", "UTC"), ("TERM", "dumb")])
        .env("HOME", dir)
        .env("PPROF_BINARY_PATH", "/nonexistent")
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

struct Tools {
    pprof: PathBuf,
    dir: tempfile::TempDir,
}

impl Tools {
    fn new() -> Self {
        Tools {
            pprof: testkit::go::pprof().expect("pprof can be had"),
            dir: tempfile::tempdir().expect("there is room for files"),
        }
    }

    /// What differs between the two, if anything does. Whether it worked at all is returned too.
    fn compare(&self, flags: &str, bytes: &[u8]) -> (bool, Option<String>) {
        let dir = self.dir.path();
        fs::write(dir.join("file"), bytes).expect("there is room");
        let args: Vec<&str> = flags.split_whitespace().chain(["file"]).collect();
        let gowhy = Path::new(env!("CARGO_BIN_EXE_gowhy"));
        let ours = run(gowhy, &["pprof", "-exact"], &args, dir);
        let theirs = run(&self.pprof, &[], &args, dir);
        let works = theirs.status.success();
        let out = |o: &Output| match flags.contains("-proto") {
            true => gunzip(&o.stdout),
            false => o.stdout.clone(),
        };
        if ours.status.success() == works && out(&ours) == out(&theirs) {
            return (works, None);
        }
        let (ours, theirs) = (text(&ours), text(&theirs));
        (
            works,
            Some(format!("{flags}\nours:\n{ours}\ntheirs:\n{theirs}")),
        )
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out);
    out
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&both);
    text.chars().take(4000).collect()
}

/// A stack of addresses in a few functions of the made-up program.
fn stack(dice: &mut Dice) -> Vec<u64> {
    let depth = 1 + dice.below(6);
    let bases = [0x40_1000, 0x40_2000, 0x7f00_0000_1000, 0x50_0000, 0];
    (0..depth)
        .map(|_| bases[dice.below(5) as usize] + 16 * dice.below(6) + 1)
        .collect()
}

fn hex(stack: &[u64]) -> String {
    stack.iter().map(|a| format!(" {a:#x}")).collect()
}

/// A memory map in one of its spellings.
fn maps(dice: &mut Dice) -> String {
    dice.pick(&[
        "",
        "\n--- Memory map: ---\n  00400000-00403000: /bin/app\n  7f0000000000-7f0000100000: /lib/libc.so.6 (@1000) abc123\n",
        "\nMAPPED_LIBRARIES:\n00400000-00402000 r-xp 00000000 fc:01 42 /bin/app\n00402000-00403000 r-xp 00002000 fc:01 42 /bin/app\n7f0000000000-7f0000100000 r--p 00001000 fc:01 43 /lib/libc.so\n",
        "\n--- Memory map: ---\nbuild=/path\nmain.go:5] 400000 401fff r-xp $build/app\n7f0000000000-7f0000100000 r-xp 0 00:00 0 [vdso]\n",
        "\nMAPPED_LIBRARIES:\n7f0000000000-7f0000100000 r-xp 0 00:00 0 /lib/a.so.1\n0x401000-0x401800 r-xp 00001000 00:00 7 /bin/main (deleted)\n",
        "\nMAPPED_LIBRARIES:\n00400000-00500000 r-xp 00000000 00:00 0 /anon_hugepage (deleted)\n00500000-00600000 r-xp 00100000 fc:01 42 /bin/app\n",
    ])
    .to_owned()
}

fn words(values: &[u64], wide: bool, big: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for &v in values {
        match (wide, big) {
            (true, true) => out.extend(v.to_be_bytes()),
            (true, false) => out.extend(v.to_le_bytes()),
            (false, true) => out.extend((v as u32).to_be_bytes()),
            (false, false) => out.extend((v as u32).to_le_bytes()),
        }
    }
    out
}

fn cpu(dice: &mut Dice) -> Vec<u8> {
    let (wide, big) = (dice.below(2) == 0, dice.below(2) == 0);
    let java = dice.below(4) == 0;
    let mut all = vec![0, 3, u64::from(java), 10_000, 0];
    let common = dice.below(2) == 0;
    for _ in 0..dice.below(50) {
        let mut stack = stack(dice);
        if common {
            stack.insert(1, 0x40_2345);
        }
        if dice.below(5) == 0 {
            stack.insert(1, stack[0]);
        }
        all.extend([dice.below(9), stack.len() as u64]);
        all.extend(stack);
    }
    if dice.below(8) > 0 {
        all.extend([0, 1, 0]);
    }
    let mut out = words(&all, wide, big);
    out.extend(
        match java {
            true => java_locations(),
            false => maps(dice),
        }
        .into_bytes(),
    );
    out
}

fn java_locations() -> String {
    let mut out = String::new();
    for (i, what) in [
        "com.example.Main.run (Main.java:12)",
        "com.example.Main$1.call (Main.java:-1)",
        "memcpy (/lib/x86/libc.so.6)",
        "generated stub/JIT",
        "GC",
    ]
    .iter()
    .enumerate()
    {
        for base in [0x40_1000, 0x40_2000] {
            out += &format!("  {:#x} {what}\n", base + 16 * i + 1);
        }
    }
    out
}

fn heap(dice: &mut Dice) -> Vec<u8> {
    let kind = dice.pick(&[
        "@ heap/1048576",
        "@ heap_v2/524288",
        "@ heapz_v2/1",
        "@ heapprofile",
        "@ growthz",
        "@ fragmentationz",
        "@ heap",
    ]);
    let all = dice.pick(&["12: 3456", "100: 200000", "0: 0"]);
    let mut out = format!("heap profile: 12: 3456 [{all}] {kind}\n");
    for _ in 0..dice.below(30) {
        let n = dice.below(5);
        let (size, more) = (n << dice.below(20), n + dice.below(3));
        let stack = hex(&stack(dice));
        out += &format!("  {n}: {size} [ {more}: {}] @{stack}\n", size + 64 * more);
    }
    (out + &maps(dice)).into_bytes()
}

fn contention(dice: &mut Dice) -> Vec<u8> {
    let mut out = dice
        .pick(&[
            "--- contentionz 5 ---\n",
            "--- mutex:\n",
            "--- contention:\n",
        ])
        .to_owned();
    out += dice.pick(&["cycles/second=2600000000\n", "cycles/second = 0x10\n", ""]);
    out += dice.pick(&["sampling period=10\n", "sampling period = 0\n", ""]);
    out += dice.pick(&["ms since reset=1500\ndiscarded samples=3\n", ""]);
    for _ in 0..dice.below(30) {
        let (cycles, count) = (dice.below(1 << 30), 1 + dice.below(20));
        out += &format!("{cycles} {count} @{}\n", hex(&stack(dice)));
    }
    (out + &maps(dice)).into_bytes()
}

fn java(dice: &mut Dice) -> Vec<u8> {
    let heap = dice.below(2) == 0;
    let mut out = match heap {
        true => "--- heapz 1 ---\nformat = java\nresolution=bytes\n".to_owned(),
        false => "--- contentionz 1 ---\nformat = java\nresolution = microseconds\n\
             sampling period = 100\nms since reset = 6019923\n"
            .to_owned(),
    };
    for _ in 0..dice.below(20) {
        let (size, count) = (dice.below(1 << 20), 1 + dice.below(20));
        out += &format!("  {size}   {count} @ {}\n", hex(&stack(dice)).trim_start());
    }
    (out + &java_locations()).into_bytes()
}

fn threads(dice: &mut Dice) -> Vec<u8> {
    let mut out = dice.pick(&["--- threadz 1 ---\n\n", ""]).to_owned();
    for i in 0..1 + dice.below(12) {
        out += &format!("--- Thread {i:x} (name: main/{}) stack: ---\n", 100 + i);
        if i > 0 && dice.below(3) == 0 {
            out += "  [same as previous thread]\n";
        } else {
            for address in stack(dice) {
                out += &format!("  {address:#x} f::g()\n");
            }
        }
    }
    out += dice.pick(&["---- no stack trace for 5 threads\n", ""]);
    (out + &maps(dice)).into_bytes()
}

fn counts(dice: &mut Dice) -> Vec<u8> {
    let kind = dice.pick(&["goroutine", "threadcreate", "my.own/kind"]);
    let mut out = dice.pick(&["", "# a comment\n\n"]).to_owned();
    out += &format!("{kind} profile: total {}\n", dice.below(1000));
    for _ in 0..dice.below(30) {
        let stack = stack(dice);
        out += &format!("{} @{}\n", dice.below(200), hex(&stack));
        for address in &stack[1..] {
            out += &format!("#\t{address:#x}\tmain.f+0x1\t/src/main.go:7\n");
        }
        out += dice.pick(&["\n", "", "# labels: {\"a\":\"b\"}\n"]);
    }
    (out + &maps(dice)).into_bytes()
}

type Make = fn(&mut Dice) -> Vec<u8>;

const FORMATS: [(&str, Make); 6] = [
    ("cpu", cpu),
    ("heap", heap),
    ("contention", contention),
    ("java", java),
    ("threads", threads),
    ("counts", counts),
];

const FLAGS: [&str; 8] = [
    "-raw",
    "-raw -symbolize=none",
    "-top -symbolize=none",
    "-traces -lines",
    "-tree -addresses",
    "-tags",
    "-dot -addresses",
    "-proto -output=/dev/stdout",
];

#[test]
fn old_formats_are_read_alike() {
    let tools = Tools::new();
    for (name, make) in FORMATS {
        let mut worked = 0;
        for seed in 0..8 {
            let bytes = make(&mut Dice(seed));
            let flags = FLAGS[seed as usize % FLAGS.len()];
            for flags in ["-raw", flags] {
                let (works, difference) = tools.compare(flags, &bytes);
                worked += u32::from(works);
                if let Some(difference) = difference {
                    let file = String::from_utf8_lossy(&bytes);
                    panic!("{name} {seed}: {difference}\nfile:\n{file}");
                }
            }
        }
        assert!(worked > 3, "{name}: most of them are good files");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &cpu(&mut Dice(1))).expect("memory is patient");
    let bytes = gzip.finish().expect("memory is patient");
    assert_eq!(tools.compare("-raw", &bytes), (true, None));
}

#[test]
fn broken_files_are_read_alike_or_not_at_all() {
    let tools = Tools::new();
    let mut dice = Dice(99);
    for (name, make) in FORMATS {
        for round in 0..25 {
            let mut bytes = make(&mut dice);
            for _ in 0..1 + dice.below(3) {
                let at = dice.below(bytes.len() as u64) as usize;
                match dice.below(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => {
                        bytes.remove(at);
                    }
                    2 => bytes[at] = b"0 x@:=[]-\n\tz9"[dice.below(13) as usize],
                    _ => bytes.insert(at, b"0 x@:=[]-\n\tz9"[dice.below(13) as usize]),
                }
                if bytes.is_empty() {
                    bytes.push(b'\n');
                }
            }
            if let (_, Some(difference)) = tools.compare("-raw", &bytes) {
                let file = String::from_utf8_lossy(&bytes);
                panic!("{name} {round}: {difference}\nfile:\n{file}");
            }
        }
    }
}

#[test]
fn goroutine_dumps_are_profiles_but_not_to_pprof() {
    let dir = tempfile::tempdir().expect("there is room for files");
    let dump = "panic: no more\n\ngoroutine 7 [chan receive, 9 minutes]:\nmain.wait(...)\n\
        \t/src/main.go:3\nmain.main()\n\t/src/main.go:9 +0x1d\nexit status 2\n";
    fs::write(dir.path().join("crash.log"), dump).expect("there is room");
    let gowhy = |args: &[&str]| {
        let program = Path::new(env!("CARGO_BIN_EXE_gowhy"));
        run(program, &["pprof"], args, dir.path())
    };
    let top = text(&gowhy(&[
        "-top",
        "-tagfocus=wait_minutes=5minutes:",
        "crash.log",
    ]));
    assert!(top.contains("panic: no more\nType: goroutine\n"), "{top}");
    assert!(
        top.contains("1   100%   100%          1   100%  main.wait (inline)"),
        "{top}"
    );
    let tags = text(&gowhy(&["-tags", "crash.log"]));
    assert!(tags.contains("1 (  100%): chan receive"), "{tags}");
    let exact = gowhy(&["-exact", "-top", "crash.log"]);
    assert_eq!(exact.status.code(), Some(5), "{}", text(&exact));
}
