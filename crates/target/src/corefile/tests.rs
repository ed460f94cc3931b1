use super::*;
use crate::memory::Memory;

/// A core of these segments: start, bytes that are written down, size, flags.
fn core(segments: &[(u64, &[u8], u64, u32)], notes: &[u8]) -> Vec<u8> {
    let count = segments.len() + 1;
    let mut out = vec![0; HEADER + count * PROGRAM_HEADER];
    out[..6].copy_from_slice(b"\x7fELF\x02\x01");
    out[16..18].copy_from_slice(&ET_CORE.to_le_bytes());
    out[18..20].copy_from_slice(&EM_X86_64.to_le_bytes());
    out[32..40].copy_from_slice(&(HEADER as u64).to_le_bytes());
    out[56..58].copy_from_slice(&(count as u16).to_le_bytes());
    let notes: (u64, &[u8], u64, u32) = (0, notes, 0, 0);
    let all = std::iter::once(&notes).chain(segments);
    for (i, (start, bytes, size, flags)) in all.enumerate() {
        let kind = if i == 0 { PT_NOTE } else { PT_LOAD };
        let at = HEADER + i * PROGRAM_HEADER;
        let offset = out.len() as u64;
        out[at..at + 4].copy_from_slice(&kind.to_le_bytes());
        out[at + 4..at + 8].copy_from_slice(&flags.to_le_bytes());
        for (field, value) in [
            (8, offset),
            (16, *start),
            (32, bytes.len() as u64),
            (40, *size),
        ] {
            out[at + field..at + field + 8].copy_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(bytes);
    }
    out
}

fn note(kind: u32, desc: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [5, desc.len() as u32, kind] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(b"CORE\0\0\0\0");
    out.extend_from_slice(desc);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn memory(bytes: Vec<u8>) -> CoreMemory {
    let core = CoreFile::parse(Arc::new(bytes)).expect("a core");
    CoreMemory::new(Arc::new(core))
}

const R: u32 = 4;
const RW: u32 = 6;

#[test]
fn reads_across_segments_and_not_into_holes() {
    let bytes = core(
        &[
            (0x2000, b"efgh", 4, RW),
            (0x1ffc, b"abcd", 4, RW),
            (0x3000, b"x", 0x1000, RW),
        ],
        &[],
    );
    let memory = memory(bytes);
    assert_eq!(memory.read_vec(0x1ffd, 6).as_deref(), Ok(&b"bcdefg"[..]));
    assert_eq!(memory.read_vec(0x3000, 1).as_deref(), Ok(&b"x"[..]));
    // The rest of the mapping was not written down: it is not known, and not zero.
    for (at, len) in [(0x3000, 2), (0x3001, 1), (0x1ffb, 2), (u64::MAX, 2)] {
        assert!(memory.read_vec(at, len).is_err(), "{at:#x}");
    }
    assert_eq!(memory.core().cut(), 0);
}

#[test]
fn holes_are_filled_from_files_unless_they_could_be_written() {
    let bytes = core(
        &[
            (0x1000, b"own", 0x1000, R),
            (0x5000, b"", 0x1000, RW),
            (0x7000, b"after", 0x1000, R),
        ],
        &[],
    );
    let mut memory = memory(bytes);
    let file: Data = Arc::new((0..=255).collect::<Vec<u8>>());
    memory.back(0x1000, Arc::clone(&file), 0..16);
    memory.back(0x5000, Arc::clone(&file), 0..16);
    memory.back(0x6ff0, file, 0..99);
    assert_eq!(
        memory.read_vec(0x1000, 5).as_deref(),
        Ok(&b"own\x03\x04"[..])
    );
    assert!(memory.read_vec(0x100f, 2).is_err());
    assert!(memory.read_vec(0x5000, 1).is_err());
    // A file's piece beside all mappings gives way to the one that begins within it.
    assert_eq!(memory.read_vec(0x6fff, 3).as_deref(), Ok(&b"\x0faf"[..]));
}

#[test]
fn tells_threads_files_and_the_signal() {
    let mut status = vec![0; 336];
    status[12] = 6;
    status[32..36].copy_from_slice(&4712_u32.to_le_bytes());
    for n in 0..27_u64 {
        let at = 112 + 8 * n as usize;
        status[at..at + 8].copy_from_slice(&(100 + n).to_le_bytes());
    }
    let mut info = vec![0; 136];
    info[24..28].copy_from_slice(&4711_u32.to_le_bytes());
    info[40..46].copy_from_slice(b"server");
    info[56..66].copy_from_slice(b"./server 1");
    let mut files = Vec::new();
    for word in [1_u64, 0x1000, 0x40_0000, 0x40_2000, 3] {
        files.extend_from_slice(&word.to_le_bytes());
    }
    files.extend_from_slice(b"/bin/server\0");
    let auxv: Vec<u8> = [3_u64, 0x40_0040, 0, 0]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    let notes = [
        note(1, &status),
        note(3, &info),
        note(0x4649_4c45, &files),
        note(6, &auxv),
    ]
    .concat();
    let bytes = core(&[(0x40_1000, b"", 0x1000, 5)], &notes);
    let core = CoreFile::parse(Arc::new(bytes)).expect("a core");
    let [thread] = core.threads() else {
        panic!("{:?}", core.threads());
    };
    assert_eq!(thread.tid, 4712);
    let regs = thread.regs;
    assert_eq!((regs.ip, regs.sp, regs.bp, regs.bx), (116, 119, 104, 105));
    assert_eq!(regs.r12_15, [103, 102, 101, 100]);
    assert_eq!(core.signal().map(|s| s.number), Some(6));
    let process = core.process().expect("a process");
    assert_eq!((process.pid, &*process.name), (4711, "server"));
    assert_eq!(core.program().map(|f| &*f.path), Some("/bin/server"));
    assert_eq!(core.program_base(), Some(0x40_0000));
    let [map] = &core.maps()[..] else {
        panic!("{:?}", core.maps());
    };
    assert_eq!(
        (map.offset, map.exec, &*map.path),
        (0x4000, true, "/bin/server")
    );
}

#[test]
fn other_files_and_machines_are_refused() {
    let parse = |bytes: &[u8]| CoreFile::parse(Arc::new(bytes.to_vec())).err();
    let mut bytes = core(&[], &[]);
    assert_eq!(parse(&bytes), None);
    assert_eq!(parse(&bytes[..70]), Some(CoreError::Headers));
    assert_eq!(parse(&bytes[..20]), Some(CoreError::Headers));
    assert_eq!(parse(b""), Some(CoreError::NotCore));
    bytes[18] = 183;
    let machine = "arm64".to_owned();
    assert_eq!(parse(&bytes), Some(CoreError::Machine { machine }));
    bytes[16] = 2;
    assert_eq!(parse(&bytes), Some(CoreError::NotCore));
}

#[test]
fn more_segments_than_the_header_can_say() {
    let mut bytes = core(&[(0x1000, b"abc", 3, R)], &[]);
    let section = bytes.len() as u64;
    bytes[40..48].copy_from_slice(&section.to_le_bytes());
    bytes[56..58].copy_from_slice(&PN_XNUM.to_le_bytes());
    let mut header = [0; 64];
    header[44..48].copy_from_slice(&2_u32.to_le_bytes());
    bytes.extend_from_slice(&header);
    assert_eq!(
        memory(bytes).read_vec(0x1000, 3).as_deref(),
        Ok(&b"abc"[..])
    );
}

#[test]
fn a_cut_core_tells_how_much_it_lacks() {
    let bytes = core(
        &[(0x1000, &[7; 100], 100, RW), (0x2000, &[8; 50], 50, R)],
        &[],
    );
    let cut = bytes[..bytes.len() - 70].to_vec();
    let memory = memory(cut);
    assert_eq!(memory.core().cut(), 70);
    assert!(memory.read_vec(0x1000, 80).is_ok());
    assert!(memory.read_vec(0x1000, 81).is_err());
}

#[test]
fn any_bytes_give_some_core_or_none() {
    let mut status = vec![1; 336];
    status[32] = 9;
    let notes = [note(1, &status), note(0x4649_4c45, &[1; 80])].concat();
    let whole = core(
        &[(0x1000, &[7; 300], 0x1000, R), (0x3000, b"", 9, RW)],
        &notes,
    );
    // Each byte of the headers and notes by several others, and every length.
    for at in 0..whole.len() - 300 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            look(bytes);
        }
        look(whole[..at].to_vec());
    }
}

fn look(bytes: Vec<u8>) {
    let Ok(core) = CoreFile::parse(Arc::new(bytes)) else {
        return;
    };
    core.maps();
    core.program_image();
    let memory = CoreMemory::new(Arc::new(core));
    for at in [0, 0x1000, 0x10ff, 0x3000, u64::MAX - 3] {
        let _ = memory.read_vec(at, 64);
    }
}
