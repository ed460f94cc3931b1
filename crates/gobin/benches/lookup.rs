//! What a sampler asks of a function table, for a million random pcs.
//!
//! The executable is the newest toolchain's own `go` command: 16 thousand functions.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gowhy_gobin::{Cfi, Data, GoBin, Image, Regs};

const PCS: u64 = 1_000_000;

fn lookups(c: &mut Criterion) {
    let go = testkit::go::latest().unwrap();
    let data: Data = Arc::new(std::fs::read(go.goroot.join("bin/go")).unwrap());
    let bin = GoBin::parse(data.clone()).unwrap();
    let table = bin.pclntab();
    let (start, end) = table.text_range();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        start + state % (end - start)
    };
    let pcs: Vec<u64> = (0..PCS).map(|_| random()).collect();

    let mut group = c.benchmark_group("go command");
    group.sample_size(10);
    group.bench_function("parse", |b| {
        b.iter(|| black_box(GoBin::parse(data.clone()).unwrap()));
    });
    group.throughput(Throughput::Elements(PCS));
    group.bench_function("find", |b| {
        b.iter(|| {
            let hits = pcs.iter().filter_map(|&pc| table.find(pc));
            hits.map(|f| f.entry).fold(0, u64::wrapping_add)
        });
    });
    group.bench_function("sp_delta", |b| {
        b.iter(|| {
            let deltas = pcs.iter().filter_map(|&pc| {
                let func = table.find(pc)?;
                table.sp_delta(&func, pc)
            });
            deltas.map(i64::from).sum::<i64>()
        });
    });
    group.bench_function("file_line", |b| {
        b.iter(|| {
            let lines = pcs.iter().filter_map(|&pc| {
                let func = table.find(pc)?;
                Some(table.file_line(&func, pc).1)
            });
            lines.map(u64::from).sum::<u64>()
        });
    });
    group.bench_function("frames", |b| {
        let mut frames = Vec::new();
        b.iter(|| {
            let mut total = 0;
            for &pc in &pcs {
                frames.clear();
                total += table.frames(pc, &mut frames);
                black_box(&frames);
            }
            total
        });
    });
    group.finish();
}

/// A thousand places in the benchmark's own C and Rust code, new and again.
fn unwinding(c: &mut Criterion) {
    let own: Data = Arc::new(std::fs::read(std::env::current_exe().unwrap()).unwrap());
    let image = Image::parse(own).unwrap();
    let text = *image.segments().iter().find(|s| s.executable).unwrap();
    let places: Vec<u64> = (0..1000)
        .map(|i| text.vaddr + i * (text.memsz / 1000))
        .collect();
    let walk = |cfi: &Cfi| {
        let mut steps = 0;
        for &place in &places {
            let mut regs = Regs {
                ip: place,
                sp: 0x7000,
                bp: Some(0x7100),
                ..Regs::default()
            };
            steps += usize::from(cfi.step(place, &mut regs, &mut Some).is_some());
        }
        steps
    };
    let mut group = c.benchmark_group("call frame information");
    group.throughput(Throughput::Elements(places.len() as u64));
    group.bench_function("new", |b| {
        b.iter(|| walk(&Cfi::new(&image).unwrap()));
    });
    let warm = Cfi::new(&image).unwrap();
    group.bench_function("again", |b| b.iter(|| walk(&warm)));
    group.finish();
}

criterion_group!(benches, lookups, unwinding);
criterion_main!(benches);
