//! Writes the tables.

use crate::header::Magic;

pub(super) const BASE: u64 = 0x50_0000;
pub(super) const TEXT: u64 = 0x40_1000;
pub(super) const MAIN_SIZE: u64 = 0x40;
pub(super) const HOLE: u64 = TEXT + MAIN_SIZE;
pub(super) const GOEXIT: u64 = HOLE + 0x20;
pub(super) const END: u64 = GOEXIT + 0x10;

#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) magic: Magic,
    pub(super) minor: Option<u32>,
    pub(super) ptr: usize,
    pub(super) little: bool,
}

/// Where a release keeps what differs, as its runtime's source says.
pub(super) struct Era {
    pcdata: usize,
    funcdata: usize,
    /// `None`: no inline trees yet.
    pub(super) tree_entry: Option<usize>,
    goexit: u8,
    wide_count: bool,
}

pub(super) fn era(form: Form) -> Era {
    let (pcdata, funcdata, tree_entry, goexit, wide_count) = match form.minor {
        Some(2..=8) => (1, 2, None, 0, true),
        Some(9..=11) => (1, 2, Some(16), 0, true),
        Some(12) => (1, 2, Some(20), 2, false),
        Some(13..=15) => (2, 4, Some(20), 2, false),
        Some(16) => (2, 3, Some(20), 2, false),
        Some(17..=19) => (2, 3, Some(20), 7, false),
        Some(20..=21) => (2, 3, Some(16), 7, false),
        _ => (2, 3, Some(16), 8, false),
    };
    Era {
        pcdata,
        funcdata,
        tree_entry,
        goexit,
        wide_count,
    }
}

struct Bytes {
    form: Form,
    out: Vec<u8>,
}

impl Bytes {
    fn new(form: Form) -> Bytes {
        let out = Vec::new();
        Bytes { form, out }
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        let bytes = if self.form.little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        };
        self.out.extend_from_slice(&bytes);
        self
    }

    fn word(&mut self, value: u64) -> &mut Self {
        if self.form.ptr == 4 {
            return self.u32(value as u32);
        }
        let bytes = if self.form.little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        };
        self.out.extend_from_slice(&bytes);
        self
    }

    fn align(&mut self, to: usize) -> &mut Self {
        self.out.resize(self.out.len().next_multiple_of(to), 0);
        self
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        let at = self.out.len() as u32;
        self.out.extend_from_slice(bytes);
        at
    }
}

/// Pairs of a value and the pc up to which it holds.
fn pc_table(values: &[(i32, u8)]) -> Vec<u8> {
    let (mut out, mut last, mut pc) = (Vec::new(), -1, 0);
    for &(value, end) in values {
        let delta = value - last;
        out.extend_from_slice(&[((delta << 1) ^ (delta >> 31)) as u8, end - pc]);
        (last, pc) = (value, end);
    }
    out.push(0);
    out
}

/// The offsets that a record holds.
#[derive(Default)]
struct Fields {
    entry: u64,
    name: u32,
    pcsp: u32,
    pcfile: u32,
    pcln: u32,
    inline_index: u32,
    tree: Option<u64>,
    start_line: u32,
    id: u8,
}

fn record(form: Form, fields: &Fields) -> Vec<u8> {
    let era = era(form);
    let mut b = Bytes::new(form);
    if form.magic >= Magic::Go118 {
        b.u32((fields.entry - TEXT) as u32);
    } else {
        b.word(fields.entry);
    }
    b.u32(fields.name).u32(0).u32(0);
    b.u32(fields.pcsp).u32(fields.pcfile).u32(fields.pcln);
    let inlines = fields.tree.is_some();
    let count = |index: usize| if inlines { index + 1 } else { 0 };
    b.u32(count(era.pcdata) as u32);
    if form.magic >= Magic::Go116 {
        b.u32(1); // The unit's files start at the second entry.
    }
    if form.magic >= Magic::Go120 {
        b.u32(fields.start_line);
    }
    if era.wide_count {
        b.u32(count(era.funcdata) as u32);
    } else {
        b.put(&[fields.id, 1, 0, count(era.funcdata) as u8]);
    }
    if let Some(tree) = fields.tree {
        for i in 0..=era.pcdata {
            b.u32(if i == era.pcdata {
                fields.inline_index
            } else {
                0
            });
        }
        for i in 0..=era.funcdata {
            match (form.magic >= Magic::Go118, i == era.funcdata) {
                (true, true) => b.u32(tree as u32),
                (true, false) => b.u32(u32::MAX),
                (false, last) => {
                    let ptr = form.ptr;
                    b.align(ptr).word(if last { tree } else { 0 })
                }
            };
        }
    }
    b.out
}

/// The table and the offset that function data counts from.
pub(super) fn build(form: Form) -> (Vec<u8>, usize) {
    let era = era(form);
    // Everything that is referred to comes first in a buffer of its own, at
    // a fixed distance from the header.
    const BODY: usize = 0x100;
    let go12 = form.magic == Magic::Go12;
    let origin = if go12 { BODY as u32 } else { 0 };
    let mut body = Bytes::new(form);
    body.put(b"\0");
    let main_name = body.put(b"main.main\0") + origin;
    let inlined_name = body.put(b"main.inlined\0") + origin;
    let goexit_name = body.put(b"runtime.goexit\0") + origin;
    let file_a = body.put(b"/src/a.go\0") + origin;
    let file_b = body.put(b"/src/b.go\0") + origin;
    // File numbers count from one until Go 1.15, from zero since.
    let first = if go12 { 1 } else { 0 };
    let pcsp = body.put(&pc_table(&[(0, 4), (24, 0x40)])) + origin;
    let pcfile = body.put(&pc_table(&[
        (first, 0x10),
        (first + 1, 0x30),
        (first, 0x40),
    ])) + origin;
    let pcln = body.put(&pc_table(&[(10, 0x10), (5, 0x30), (12, 0x40)])) + origin;
    let inline_index = body.put(&pc_table(&[(-1, 0x10), (0, 0x30), (-1, 0x40)])) + origin;
    body.align(8);
    let index_at = body.out.len() as u32 + origin;
    if go12 {
        body.u32(3).u32(file_a).u32(file_b);
    } else {
        body.u32(u32::MAX).u32(file_a).u32(file_b);
    }
    body.align(8);
    let tree_at = body.out.len();
    match era.tree_entry {
        Some(16) if form.magic == Magic::Go120 => {
            body.put(&[0, 0, 0, 0]);
            body.u32(inlined_name).u32(8).u32(4);
        }
        Some(16) => {
            body.u32(u32::MAX)
                .u32(first as u32)
                .u32(11)
                .u32(inlined_name);
        }
        _ => {
            body.put(&[0xff, 0xff, 0, 0]);
            body.u32(first as u32).u32(11).u32(inlined_name).u32(8);
        }
    }
    body.align(8);

    // Records, and the functab that leads to them.
    let funcs_at = BODY + body.out.len();
    let entry_size = if form.magic >= Magic::Go118 {
        4
    } else {
        form.ptr
    };
    let functab_size = (3 * 2 + 1) * entry_size + 4;
    let records_at = if go12 {
        body.out.len() + BODY
    } else {
        functab_size.next_multiple_of(8)
    };
    let tree = if form.magic >= Magic::Go118 {
        0
    } else {
        BASE + (BODY + tree_at) as u64
    };
    let main = record(
        form,
        &Fields {
            entry: TEXT,
            name: main_name,
            pcsp,
            pcfile,
            pcln,
            inline_index,
            tree: era.tree_entry.map(|_| tree),
            start_line: 9,
            id: 0,
        },
    );
    let goexit = record(
        form,
        &Fields {
            entry: GOEXIT,
            name: goexit_name,
            id: era.goexit,
            ..Fields::default()
        },
    );
    let goexit_at = (records_at + main.len()).next_multiple_of(8);
    let mut functab = Bytes::new(form);
    for (entry, record) in [
        (TEXT, records_at as u64),
        (HOLE, u64::MAX),
        (GOEXIT, goexit_at as u64),
        (END, 0),
    ] {
        if form.magic >= Magic::Go118 {
            functab.u32((entry - TEXT) as u32);
        } else {
            functab.word(entry);
        }
        if entry != END {
            match form.magic >= Magic::Go118 {
                true => functab.u32(record as u32),
                false => functab.word(record),
            };
        }
    }

    let mut out = Bytes::new(form);
    out.u32(match form.magic {
        Magic::Go12 => 0xffff_fffb,
        Magic::Go116 => 0xffff_fffa,
        Magic::Go118 => 0xffff_fff0,
        Magic::Go120 => 0xffff_fff1,
    });
    out.put(&[0, 0, 1, form.ptr as u8]);
    out.word(3);
    if go12 {
        out.put(&functab.out);
        out.u32(index_at);
    } else {
        out.word(2);
        if form.magic >= Magic::Go118 {
            out.word(0);
        }
        let (b, index) = (BODY as u64, BODY as u64 + u64::from(index_at));
        // Names, units, files, pc-value tables, functions.
        out.word(b)
            .word(index)
            .word(b)
            .word(b)
            .word(funcs_at as u64);
    }
    assert!(out.out.len() <= BODY);
    out.align(BODY);
    out.put(&body.out);
    if !go12 {
        out.put(&functab.out);
        out.out.resize(funcs_at + records_at, 0);
    }
    out.put(&main);
    out.align(8);
    let want = if go12 {
        goexit_at
    } else {
        funcs_at + goexit_at
    };
    assert_eq!(out.out.len(), want);
    out.put(&goexit);
    (out.out, BODY + tree_at)
}
