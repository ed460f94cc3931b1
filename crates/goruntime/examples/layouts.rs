//! Brings the table of layouts in line with what a compiler says: prints `layouts.tsv` with the
//! steps in which the structs of a program differ, as its debug information tells.
//! `cargo xtask layouts` runs it for many releases.
//!
//! The program should use what the runtime has (httpd of testbed/ does): the linker leaves out
//! structs that nothing refers to. Those that it left out are named on standard error; their rows
//! stay as they are. Of a program that was built with an experiment, what differs from one without
//! becomes rows of that experiment.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::sync::Arc;

use gobin::GoBin;
use gowhy_goruntime::layout::{Dwarf, Field, Release, Structs as _, Table};

const TABLE: &str = include_str!("../src/layout/layouts.tsv");

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which program?")?;
    let bin = GoBin::parse(Arc::new(std::fs::read(path)?))?;
    let version = bin.build_info().version.as_ref().ok_or("no Go version")?;
    if version.experiments.len() > 1 || !version.suffix.is_empty() || version.devel {
        return Err("not a release as published, with one experiment at most".into());
    }
    let experiments: Vec<&str> = version.experiments.iter().map(String::as_str).collect();
    let release = Release {
        minor: version.minor,
        patch: version.patch,
    };
    let (table, _) = Table::of(release, &experiments).ok_or("too old")?;
    let structs = table.structs();
    let dwarf = Dwarf::of(&bin, &structs).ok_or("no debug information")?;
    let absent: Vec<&str> = structs
        .into_iter()
        .filter(|s| dwarf.size(s).is_none())
        .collect();
    let mut out: Vec<String> = TABLE.lines().map(str::to_owned).collect();
    match experiments[..] {
        [] => {
            let lines = TABLE.lines();
            out = lines.map(|l| row(l, release, &table, &dwarf)).collect();
            add_new(&mut out, release, &table, &dwarf);
        }
        [experiment, ..] => of_experiment(&mut out, experiment, release, &table, &dwarf),
    }
    let changed = out
        .iter()
        .filter(|l| !TABLE.lines().any(|t| t == **l))
        .count();
    eprintln!(
        "{}: {} structs compared, {changed} rows changed; not in the program: {}",
        bin.build_info().go_version,
        table.structs().len() - absent.len(),
        absent.join(" ")
    );
    println!("{}", out.join("\n"));
    Ok(())
}

/// Adds or changes the rows of an experiment where a program that was built with it differs from
/// the table.
fn of_experiment(
    lines: &mut Vec<String>,
    experiment: &str,
    release: Release,
    table: &Table,
    dwarf: &Dwarf,
) {
    let names: Vec<String> = lines
        .iter()
        .filter_map(|line| Some(line.split_once('\t')?.0.to_owned()))
        .collect();
    for name in names {
        let Some((strukt, path)) = split(&name) else {
            continue;
        };
        let Some(size) = dwarf.size(strukt) else {
            continue;
        };
        let whole = |size| Field { offset: 0, size };
        let (before, now) = match path {
            "*" => (table.size(strukt).map(whole), Some(whole(size))),
            _ => (table.field(strukt, path), dwarf.field(strukt, path)),
        };
        if before == now {
            continue;
        }
        let value = now.map_or("-".to_owned(), |f| format!("{}:{}", f.offset, f.size));
        let step = format!("1.{}={value}", release.minor);
        let row = format!("{name}@{experiment}");
        let known = lines
            .iter()
            .position(|l| l.split('\t').next() == Some(row.as_str()));
        match known {
            Some(at) => {
                let minor = format!("1.{}=", release.minor);
                let (_, steps) = lines[at].split_once('\t').unwrap_or(("", ""));
                let others = steps.split(' ').filter(|s| !s.starts_with(&minor));
                let mut steps: Vec<&str> = others.chain([step.as_str()]).collect();
                steps.sort_by_key(|s| parse(s.split('=').next().unwrap_or_default()));
                lines[at] = format!("{row}\t{}", steps.join(" "));
            }
            None => {
                let base = lines
                    .iter()
                    .position(|l| l.split('\t').next() == Some(&name));
                lines.insert(
                    base.map_or(lines.len(), |i| i + 1),
                    format!("{row}\t{step}"),
                );
            }
        }
    }
}

/// A line of the table, with a step more if the release needs one.
fn row(line: &str, release: Release, table: &Table, dwarf: &Dwarf) -> String {
    let Some((name, steps)) = line.split_once('\t') else {
        return line.to_owned();
    };
    if name == "newest" {
        return format!("{name}\t{}", newest(steps, release));
    }
    let Some((strukt, path)) = split(name) else {
        return line.to_owned();
    };
    let Some(size) = dwarf.size(strukt) else {
        return line.to_owned();
    };
    let (before, now) = match path {
        "*" => (
            table.size(strukt).map(|size| Field { offset: 0, size }),
            Some(Field { offset: 0, size }),
        ),
        _ => (table.field(strukt, path), dwarf.field(strukt, path)),
    };
    // A struct of the table within another is written by its name.
    let last = steps.rsplit(' ').find_map(|step| step.split_once(':'));
    let named = last
        .map(|(_, what)| what)
        .filter(|what| what.parse::<u32>().is_err());
    let value = match now {
        _ if before == now => return line.to_owned(),
        Some(now) if named.is_some() && before.is_some_and(|b| b.offset == now.offset) => {
            return line.to_owned();
        }
        Some(Field { offset, size }) => match named {
            Some(name) => format!("{offset}:{name}"),
            None => format!("{offset}:{size}"),
        },
        None => "-".to_owned(),
    };
    format!("{name}\t{}", with_step(steps, release, &value))
}

/// Adds a step, so that what the row says of later minor versions stays.
fn with_step(steps: &str, release: Release, value: &str) -> String {
    let known = |minor: u32| TABLE.contains(&format!("1.{minor}."));
    let steps = steps.split(' ').filter_map(|step| step.split_once('='));
    let mut steps: Vec<(Release, &str)> = steps.map(|(r, v)| (parse(r), v)).collect();
    // The first release seen of a minor version stands for all of it.
    let from = match known(release.minor) {
        true => release,
        false => Release {
            patch: 0,
            ..release
        },
    };
    let at = steps.partition_point(|(r, _)| *r < from);
    let old = at.checked_sub(1).map_or("-", |i| steps[i].1);
    let next = Release {
        minor: release.minor + 1,
        patch: 0,
    };
    if known(next.minor) && steps.get(at).is_none_or(|(r, _)| *r > next) {
        steps.insert(at, (next, old));
    }
    steps.insert(at, (from, value));
    let steps = steps.iter().map(|(r, v)| match r.patch {
        0 => format!("1.{}={v}", r.minor),
        patch => format!("1.{}.{patch}={v}", r.minor),
    });
    steps.collect::<Vec<_>>().join(" ")
}

/// Adds rows for members that no release had, after the struct's last row.
fn add_new(lines: &mut Vec<String>, release: Release, table: &Table, dwarf: &Dwarf) {
    for strukt in table.structs() {
        let prefix = format!("{strukt}.");
        for (member, field) in dwarf.members(strukt) {
            let name = format!("{prefix}{member}\t");
            if member == "_" || lines.iter().any(|l| l.starts_with(&name)) {
                continue;
            }
            let is_of = |l: &String| l.starts_with(&prefix) && !l.contains('@');
            let at = lines.iter().rposition(is_of).map_or(lines.len(), |i| i + 1);
            let value = format!("{}:{}", field.offset, field.size);
            lines.insert(at, format!("{name}{}", with_step("", release, &value)));
        }
    }
}

fn newest(releases: &str, release: Release) -> String {
    let mut all: Vec<Release> = releases.split(' ').map(parse).collect();
    match all.iter_mut().find(|r| r.minor == release.minor) {
        Some(known) => known.patch = known.patch.max(release.patch),
        None => all.push(release),
    }
    all.sort_unstable();
    let all = all.iter().map(|r| format!("1.{}.{}", r.minor, r.patch));
    all.collect::<Vec<_>>().join(" ")
}

/// `1.23.4` or `1.23`.
fn parse(release: &str) -> Release {
    let mut numbers = release.split('.').map(|n| n.parse().unwrap_or(0)).skip(1);
    Release {
        minor: numbers.next().unwrap_or(0),
        patch: numbers.next().unwrap_or(0),
    }
}

/// Struct and field of a row's name; none for rows of experiments.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.contains('@') {
        return None;
    }
    let from = name.strip_prefix("maps.").map_or(0, |_| "maps.".len());
    let dot = from + name[from..].find('.')?;
    Some((&name[..dot], &name[dot + 1..]))
}
