//! Attaches to a process and says how long that took and what can be read of it:
//! `cargo run --release -p gowhy-goruntime --example attach -- PID`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use gobin::GoBin;
use gowhy_goruntime::Runtime;
use target::{LiveMemory, Process};

fn main() -> Result<(), Box<dyn Error>> {
    let pid = std::env::args().nth(1).ok_or("which process?")?;
    let process = Process::find(pid.parse()?)?;
    let (path, _) = process.exe()?;
    let start = Instant::now();
    let bin = GoBin::parse(Arc::new(process.open_exe()?))?;
    let parsed = start.elapsed();
    let maps = process.maps()?;
    let map = maps.iter().find(|m| path == std::path::Path::new(&m.path));
    let map = map.ok_or("the binary is not mapped")?;
    let segment = bin.segments().iter().min_by_key(|s| s.vaddr);
    let linked = segment.ok_or("the binary has no segments")?.vaddr & !0xfff;
    let bias = map.start.wrapping_sub(linked);
    let mem = LiveMemory::attach(process.pid(), map.start)?;
    let start = Instant::now();
    let runtime = Runtime::attach(&mem, &bin, bias, &process.threads())?;
    let attached = start.elapsed();
    println!("{} {:?}", bin.build_info().go_version, bin.arch());
    println!("layouts: {}", runtime.layouts().origin);
    println!("binary read in {parsed:.1?}, attached in {attached:.1?}");
    for (ability, why) in runtime.capabilities().missing() {
        println!("no {ability}: {why}");
    }
    let start = Instant::now();
    let mut known = 0;
    let tids = process.threads();
    for tid in &tids {
        let Some(m) = runtime.m(&mem, *tid) else {
            println!("thread {tid}: not Go's");
            continue;
        };
        known += 1;
        let Some(g) = runtime.curg(&mem, &m) else {
            continue;
        };
        let function = bin.pclntab().find(g.startpc.wrapping_sub(bias));
        let labels = runtime.labels(&mem, g.labels).unwrap_or_default();
        println!(
            "thread {tid} m{} runs goroutine {} {:?} {} {labels:?}",
            m.id,
            g.goid,
            g.status,
            function.map_or("", |f| f.name()),
        );
    }
    println!(
        "{known} of {} threads in {:.1?}",
        tids.len(),
        start.elapsed()
    );
    Ok(())
}
