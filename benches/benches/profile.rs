//! Reading, writing and working on profiles of 20,000 stacks.
#![allow(missing_docs, reason = "criterion's macros make public items")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gowhy_benches::synthetic::{Kind, synthetic};
use profile::{FilterOptions, Filters, LabelUnits, Merger, Profile};

fn codec(c: &mut Criterion) {
    let p = synthetic(20_000, Kind::Cpu, 1);
    let (plain, gz) = (profile::encode(&p), profile::encode_gz(&p));
    let mut g = c.benchmark_group("profile");
    g.throughput(Throughput::Bytes(plain.len() as u64));
    g.bench_function("decode", |b| b.iter(|| profile::decode(black_box(&plain))));
    g.bench_function("decode gzip", |b| {
        b.iter(|| profile::decode(black_box(&gz)))
    });
    g.bench_function("encode", |b| b.iter(|| profile::encode(black_box(&p))));
    g.bench_function("encode gzip", |b| {
        b.iter(|| profile::encode_gz(black_box(&p)))
    });
    g.finish();
}

fn merge(c: &mut Criterion) {
    let parts: Vec<Profile> = (0..4).map(|i| synthetic(5_000, Kind::Heap, i)).collect();
    c.bench_function("merge", |b| b.iter(|| profile::merge(black_box(&parts))));
    let files: Vec<Vec<u8>> = parts.iter().map(profile::encode_gz).collect();
    c.bench_function("merge files", |b| b.iter(|| merge_files(black_box(&files))));
}

/// Reads each file into the strings of what is merged already.
fn merge_files(files: &[Vec<u8>]) -> Result<Profile, profile::Error> {
    let mut merger = Merger::default();
    for file in files {
        let mut strings = merger.lend();
        let p = profile::decode_reader_into(&file[..], &mut strings)?;
        merger.add_own(p, strings)?;
    }
    merger.finish()
}

fn filter(c: &mut Criterion) {
    let p = synthetic(20_000, Kind::Cpu, 1);
    for (name, options) in [
        (
            "filter focus",
            FilterOptions {
                focus: "Func19".into(),
                ..Default::default()
            },
        ),
        (
            "filter hide",
            FilterOptions {
                hide: "Method".into(),
                ..Default::default()
            },
        ),
        (
            "filter tagfocus",
            FilterOptions {
                tag_focus: "handler=resource1".into(),
                ..Default::default()
            },
        ),
    ] {
        c.bench_function(name, |b| {
            b.iter_batched(
                || p.clone(),
                |mut p| {
                    let filters = Filters::new(&options, &LabelUnits::of(&p));
                    filters.expect("the filter is good").apply(&mut p);
                    p
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, codec, merge, filter);
criterion_main!(benches);
