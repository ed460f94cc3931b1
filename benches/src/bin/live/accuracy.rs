//! `cargo xtask accuracy`: gowhy's CPU profile of a program beside the one that the program's own
//! runtime takes of the same seconds, over Go versions and ways to build.
//!
//! Prints a table in Markdown: how much of the CPU time was captured, how many stacks are whole,
//! whether every pair of frames is a call that the program can make, and how far the shares of the
//! functions are from Go's.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gobin::GoBin;
use profile::{LocationIx, Profile};
use testkit::Variant;

/// The kinds of program, by their folder in testbed/.
const PROGRAMS: [&str; 5] = ["cpu", "alloc", "chans", "httpd", "cgo"];
const VERSIONS: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];
const SECONDS: u64 = 8;

/// What one comparison showed.
struct Row {
    captured: f64,
    whole: f64,
    samples: u64,
    pairs: u64,
    impossible: u64,
    /// Go's functions among the ten largest whose share differs by more than chance, flat and cum.
    strangers: Vec<String>,
    /// Largest difference in percentage points among Go's ten largest, flat and cum.
    worst_flat: f64,
    worst_cum: f64,
}

/// Runs the comparison for the programs, versions and variants named in `args` (all by default).
pub fn run(args: &[String], gowhy: &Path) -> Result<()> {
    let chosen = |all: &[&'static str]| -> Vec<&'static str> {
        let some: Vec<_> = all
            .iter()
            .copied()
            .filter(|x| args.iter().any(|a| a == x))
            .collect();
        if some.is_empty() { all.to_vec() } else { some }
    };
    let rate = args
        .iter()
        .find_map(|a| a.strip_prefix("-r="))
        .unwrap_or("499");
    println!(
        "| program | Go | build | samples | CPU captured | whole stacks | frame pairs impossible | flat: worst of top 10 | cum: worst of top 10 | beyond chance |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut bad = 0;
    for program in chosen(&PROGRAMS) {
        for version in chosen(&VERSIONS) {
            for variant in chosen(&["plain", "stripped", "pie"]) {
                let name = format!("{program} | {version} | {variant}");
                match compare(program, version, variant, rate, gowhy) {
                    Ok(r) => {
                        println!(
                            "| {name} | {} | {:.1} % | {:.2} % | {} of {} | {:.1} pp | {:.1} pp | {} |",
                            r.samples,
                            r.captured,
                            r.whole,
                            r.impossible,
                            r.pairs,
                            r.worst_flat,
                            r.worst_cum,
                            if r.strangers.is_empty() {
                                "–".to_owned()
                            } else {
                                r.strangers.join(", ")
                            },
                        );
                    }
                    Err(e) => {
                        bad += 1;
                        println!("| {name} | failed: {e:#} |");
                    }
                }
            }
        }
    }
    ensure!(bad == 0, "{bad} comparisons failed");
    Ok(())
}

fn compare(program: &str, version: &str, variant: &str, rate: &str, gowhy: &Path) -> Result<Row> {
    let build = match variant {
        "stripped" => Variant::Stripped,
        "pie" => Variant::Pie,
        _ => Variant::Plain,
    };
    let binary = testkit::program(program, version, build)?;
    let dir = tempfile::tempdir()?;
    let theirs = dir.path().join("go.pb.gz");
    let ours = dir.path().join("gowhy.pb.gz");
    let mut command = Command::new(&binary);
    command
        .args(["-for", "60s", "-cpuprofile"])
        .arg(&theirs)
        .args(["-profile-for", &format!("{SECONDS}s")]);
    let running = testkit::Running::start(command)?;
    let out = Command::new(gowhy)
        .args([
            "cpu",
            &running.pid().to_string(),
            "-d",
            &format!("{SECONDS}s"),
            "-r",
            rate,
        ])
        .args(["-proto", "-o"])
        .arg(&ours)
        .output()?;
    ensure!(
        out.status.success(),
        "gowhy: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(100));
        if std::fs::metadata(&theirs).is_ok_and(|m| m.len() > 0) && profile_of(&theirs).is_ok() {
            break;
        }
    }
    let theirs = profile_of(&theirs).context("the program's own profile")?;
    let ours = profile_of(&ours)?;
    drop(running);
    if let Ok(keep) = std::env::var("GOWHY_KEEP") {
        let stem = format!("{keep}/{program}-{version}-{variant}");
        std::fs::write(format!("{stem}.gowhy.pb.gz"), profile::encode_gz(&ours))?;
        std::fs::write(format!("{stem}.go.pb.gz"), profile::encode_gz(&theirs))?;
    }
    judge(&ours, &theirs, &binary)
}

fn profile_of(path: &Path) -> Result<Profile> {
    Ok(profile::read_any(&std::fs::read(path)?)?)
}

fn judge(ours: &Profile, theirs: &Profile, binary: &Path) -> Result<Row> {
    let comment = ours
        .comments
        .iter()
        .map(|&c| ours.str(c))
        .find(|c| c.starts_with("gowhy:"));
    let comment = comment.context("the profile says nothing of its quality")?;
    let figure = |before: &str| -> Option<f64> {
        let rest = &comment[comment.find(before)? + before.len()..];
        rest.split('%').next()?.trim().parse().ok()
    };
    let (pairs, impossible) = pairs(ours, binary)?;
    let a = shares(ours);
    let b = shares(theirs);
    let mut strangers = Vec::new();
    let mut worst = [0.0_f64; 2];
    for (which, kind) in [(0, "flat"), (1, "cum")] {
        let mut top: Vec<_> = b.by_name.iter().map(|(n, v)| (v[which], n)).collect();
        top.sort_by(|x, y| y.0.cmp(&x.0).then(x.1.cmp(y.1)));
        for (n, name) in top.into_iter().take(10) {
            let (na, nb) = (a.total as f64, b.total as f64);
            let pb = n as f64 / nb;
            let pa = a.by_name.get(name).map_or(0, |v| v[which]) as f64 / na;
            let pooled = (pa * na + pb * nb) / (na + nb);
            let error = (pooled * (1.0 - pooled) * (1.0 / na + 1.0 / nb)).sqrt();
            worst[which] = worst[which].max((pa - pb).abs() * 100.0);
            if (pa - pb).abs() > 4.0 * error.max(1e-9) {
                strangers.push(format!("{name} {kind} {:.1}/{:.1}", pa * 100.0, pb * 100.0));
            }
        }
    }
    Ok(Row {
        captured: figure("CPU captured ").context("no captured figure")?,
        whole: figure("whole stacks ").context("no whole-stacks figure")?,
        samples: a.total,
        pairs,
        impossible,
        strangers,
        worst_flat: worst[0],
        worst_cum: worst[1],
    })
}

#[derive(Default)]
struct Shares {
    total: u64,
    by_name: BTreeMap<String, [u64; 2]>,
}

/// Samples by function, flat and cum, after what differs by design is taken out: C frames (Go sees
/// `runtime.cgocall` in their place), the preemption signal that Go's own profiling signal meets,
/// wrappers of go statements.
fn shares(p: &Profile) -> Shares {
    let mut s = Shares::default();
    for i in 0..p.samples.len() {
        let n = p.samples.values(i).first().copied().unwrap_or(0).max(0) as u64;
        s.total += n;
        let mut names: Vec<&str> = Vec::new();
        for &l in p.samples.stack(i) {
            for line in p.lines(l) {
                names.push(line.function.map_or("", |f| p.str(p.function(f).name)));
            }
            if p.lines(l).is_empty() {
                names.push("");
            }
        }
        names.retain(|n| is_compared(n));
        if let Some(leaf) = names.first() {
            s.by_name.entry((*leaf).to_owned()).or_default()[0] += n;
        }
        let unique: HashSet<&str> = names.into_iter().collect();
        for name in unique {
            s.by_name.entry(name.to_owned()).or_default()[1] += n;
        }
    }
    s
}

fn is_compared(name: &str) -> bool {
    let is_go = name.contains('.') && !name.contains("@");
    is_go
        && !name.starts_with("runtime.asyncPreempt")
        && !name.contains(".gowrap")
        && !matches!(
            name,
            "runtime.asmcgocall"
                | "runtime.asmcgocall.abi0"
                | "runtime.goexit"
                | "runtime.systemstack_switch"
        )
}

/// How many adjacent frames there are, and how many of them are no call that the program can make.
fn pairs(p: &Profile, binary: &Path) -> Result<(u64, u64)> {
    let bytes: gobin::Data = Arc::new(std::fs::read(binary)?);
    let go = GoBin::parse(bytes)?;
    let main = p.mappings.first().context("no mapping")?;
    let segment = go
        .segments()
        .iter()
        .find(|s| s.executable && s.offset < main.offset + (main.limit - main.start))
        .context("no executable segment")?;
    let bias = main.start.wrapping_sub(
        segment
            .vaddr
            .wrapping_sub(segment.offset)
            .wrapping_add(main.offset),
    );
    let (mut all, mut impossible) = (0, 0);
    let mut seen: HashSet<(LocationIx, LocationIx)> = HashSet::new();
    for i in 0..p.samples.len() {
        for pair in p.samples.stack(i).windows(2) {
            if !seen.insert((pair[0], pair[1])) {
                continue;
            }
            let at = |l: LocationIx| p.location(l).address.wrapping_sub(bias);
            let (callee, caller) = (at(pair[0]), at(pair[1]));
            let (Some(mut f), Some(_)) = (go.pclntab().find(callee), go.pclntab().find(caller))
            else {
                continue;
            };
            // These are not called: a signal or a fault puts them there.
            if matches!(
                f.id(),
                gobin::FuncId::AsyncPreempt | gobin::FuncId::Sigpanic
            ) {
                continue;
            }
            // Code that could not be unwound is said to be called by runtime._System.
            if f.name() == "runtime._ExternalCode" {
                continue;
            }
            // morestack, between the two, is not shown: it never returns.
            if f.name() == "runtime.newstack"
                && let Some(&m) = go.pclntab().func_by_name("runtime.morestack").first()
            {
                f = m;
            }
            all += 1;
            // A call's location is its return address − 1.
            if !sampler::calls::returns_from(&go, caller + 1, &f) && !calls_wrapper(&go, caller + 1)
            {
                impossible += 1;
                if std::env::var_os("GOWHY_PAIRS").is_some() {
                    let caller = go.pclntab().find(caller).map(|f| f.name().to_owned());
                    eprintln!("{:?} does not call {:?}", caller, f.name());
                }
            }
        }
    }
    Ok((all, impossible))
}

/// Whether the call calls a wrapper: those (deferreturn, reflectcall, method wrappers) are not shown.
fn calls_wrapper(go: &GoBin, pc: u64) -> bool {
    let Some(sampler::calls::Call::Direct(target)) = sampler::calls::call_before(go, pc) else {
        return false;
    };
    let Some(f) = go.pclntab().find(target) else {
        return false;
    };
    f.is_wrapper() || f.name() == "reflect.call" || f.name() == "runtime.reflectcall"
}
