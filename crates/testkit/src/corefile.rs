//! Core files of live processes, as the kernel and `gcore` write them, whatever this machine does
//! with those of the kernel.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::libc::user_regs_struct;
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// How much of a process goes into its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreKind {
    /// Of what is mapped from files and was not written to, only where ELF files begin: what the
    /// kernel does unless it is told otherwise.
    Usual,
    /// Everything that can be read.
    Whole,
}

/// A line of `/proc/PID/smaps` and what belongs to it.
struct Mapping {
    start: u64,
    end: u64,
    flags: u32,
    offset: u64,
    path: String,
    /// It has pages of its own.
    written: bool,
}

const PAGE: u64 = 4096;
const CHUNK: usize = 1 << 16;

/// Writes a core of process `pid` to `path`. The process stands still meanwhile, and goes on.
pub fn write_core(pid: u32, path: &Path, kind: CoreKind) -> Result<()> {
    let mut threads: Vec<Pid> = Vec::new();
    let written = stop_all(pid, &mut threads).and_then(|regs| write(pid, &regs, path, kind));
    for thread in &threads {
        // One that has ended needs no letting go.
        let _ = ptrace::detach(*thread, None);
    }
    written
}

/// Stops all threads, also those that begin meanwhile; their registers.
fn stop_all(pid: u32, threads: &mut Vec<Pid>) -> Result<Vec<(Pid, user_regs_struct)>> {
    loop {
        let before = threads.len();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let name = entry?.file_name();
            let tid = Pid::from_raw(name.to_string_lossy().parse()?);
            if threads.contains(&tid) {
                continue;
            }
            ptrace::seize(tid, ptrace::Options::empty()).context("seize a thread")?;
            threads.push(tid);
            ptrace::interrupt(tid)?;
            waitpid(tid, Some(WaitPidFlag::__WALL))?;
        }
        if threads.len() == before {
            break;
        }
    }
    let regs = threads.iter().map(|tid| Ok((*tid, ptrace::getregs(*tid)?)));
    regs.collect()
}

fn write(pid: u32, regs: &[(Pid, user_regs_struct)], path: &Path, kind: CoreKind) -> Result<()> {
    let maps = mappings(pid)?;
    let notes = notes(pid, regs, &maps)?;
    let file = File::create(path)?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let count = maps.len() + 1;
    ensure!(count < 0xffff, "{count} segments");
    let mut head = vec![0; 64];
    head[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    // Core, amd64, and where and how many the program headers are.
    put(&mut head, 16, &[4, 0, 62, 0, 1, 0, 0, 0]);
    put(&mut head, 32, &64_u64.to_le_bytes());
    put(&mut head, 52, &[64, 0, 56, 0]);
    put(&mut head, 56, &(count as u16).to_le_bytes());
    let notes_at = (64 + 56 * count) as u64;
    let mut at = (notes_at + notes.len() as u64).next_multiple_of(PAGE);
    head.extend(header(4, 0, notes_at, 0, notes.len() as u64, 0));
    for map in &maps {
        let size = map.end - map.start;
        let kept = match kind {
            _ if map.flags & 4 == 0 || map.path.starts_with("[vv") => 0,
            CoreKind::Usual if !map.path.starts_with('/') || map.written => size,
            CoreKind::Usual if map.offset == 0 => PAGE,
            CoreKind::Usual => 0,
            CoreKind::Whole => size,
        };
        copy(&memory, map.start, &file, at, kept)?;
        head.extend(header(1, map.flags, at, map.start, kept, size));
        at += kept;
    }
    head.extend(notes);
    file.write_all_at(&head, 0)?;
    // What is zero was left out, so the end may be too.
    file.set_len(at)?;
    Ok(())
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    bytes[at..at + what.len()].copy_from_slice(what);
}

fn header(kind: u32, flags: u32, offset: u64, start: u64, kept: u64, size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(kind.to_le_bytes());
    out.extend(flags.to_le_bytes());
    for word in [offset, start, 0, kept, size, PAGE] {
        out.extend(word.to_le_bytes());
    }
    out
}

/// Copies memory into the file, pages of zeros as holes.
fn copy(memory: &File, from: u64, file: &File, to: u64, len: u64) -> Result<()> {
    let mut buf = vec![0; CHUNK];
    let mut done = 0;
    while done < len {
        let n = (len - done).min(CHUNK as u64);
        let chunk = &mut buf[..n as usize];
        memory
            .read_exact_at(chunk, from + done)
            .with_context(|| format!("read memory at {:#x}", from + done))?;
        if chunk.iter().any(|b| *b != 0) {
            file.write_all_at(chunk, to + done)?;
        }
        done += n;
    }
    Ok(())
}

fn mappings(pid: u32) -> Result<Vec<Mapping>> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps"))?;
    let mut maps: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [range, flags, offset, _, _, path @ ..] = &words[..]
            && let Some((start, end)) = range.split_once('-')
        {
            let bit = |c, bit| if flags.contains(c) { bit } else { 0 };
            maps.push(Mapping {
                start: u64::from_str_radix(start, 16)?,
                end: u64::from_str_radix(end, 16)?,
                flags: bit('r', 4) | bit('w', 2) | bit('x', 1),
                offset: u64::from_str_radix(offset, 16)?,
                path: path.join(" "),
                written: false,
            });
        } else if let (["Anonymous:", kb, "kB"], Some(map)) = (&words[..], maps.last_mut()) {
            map.written = *kb != "0";
        }
    }
    maps.retain(|m| m.path != "[vsyscall]");
    Ok(maps)
}

fn notes(pid: u32, regs: &[(Pid, user_regs_struct)], maps: &[Mapping]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for (tid, regs) in regs {
        let mut status = vec![0; 336];
        put(&mut status, 32, &tid.as_raw().to_le_bytes());
        let r = regs;
        let order = [
            r.r15, r.r14, r.r13, r.r12, r.rbp, r.rbx, r.r11, r.r10, r.r9, r.r8, r.rax, r.rcx,
            r.rdx, r.rsi, r.rdi, r.orig_rax, r.rip, r.cs, r.eflags, r.rsp, r.ss, r.fs_base,
            r.gs_base, r.ds, r.es, r.fs, r.gs,
        ];
        for (i, reg) in order.iter().enumerate() {
            put(&mut status, 112 + 8 * i, &reg.to_le_bytes());
        }
        note(&mut out, 1, &status);
        if out.len() < 400 {
            let mut info = vec![0; 136];
            put(&mut info, 24, &pid.to_le_bytes());
            let name = fs::read(format!("/proc/{pid}/comm"))?;
            put(&mut info, 40, name.trim_ascii_end());
            let mut arguments = fs::read(format!("/proc/{pid}/cmdline"))?;
            arguments.truncate(79);
            for byte in arguments.iter_mut().filter(|b| **b == 0) {
                *byte = b' ';
            }
            put(&mut info, 56, &arguments);
            note(&mut out, 3, &info);
            note(&mut out, 6, &fs::read(format!("/proc/{pid}/auxv"))?);
            note(&mut out, 0x4649_4c45, &files(maps));
        }
    }
    Ok(out)
}

fn files(maps: &[Mapping]) -> Vec<u8> {
    let files: Vec<&Mapping> = maps.iter().filter(|m| m.path.starts_with('/')).collect();
    let mut out = Vec::new();
    for word in [files.len() as u64, PAGE] {
        out.extend(word.to_le_bytes());
    }
    for map in &files {
        for word in [map.start, map.end, map.offset / PAGE] {
            out.extend(word.to_le_bytes());
        }
    }
    for map in &files {
        out.extend(map.path.as_bytes());
        out.push(0);
    }
    out
}

fn note(out: &mut Vec<u8>, kind: u32, desc: &[u8]) {
    for word in [5, desc.len() as u32, kind] {
        out.extend(word.to_le_bytes());
    }
    out.extend(b"CORE\0\0\0\0");
    out.extend(desc);
    out.resize(out.len().next_multiple_of(4), 0);
}
