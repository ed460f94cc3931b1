//! Reads a log as its bytes come.

use std::mem;

use memchr::memmem::Finder;

use super::join::{self, Cuttable, Joined, Piece};
use super::prefix::{self, Prefix};
use super::process::Processes;
use super::{Counts, Event, Item, note};
use crate::gctrace::Read;
use crate::schedtrace::{self, Lists};

/// Longer lines are of no tracer: they are passed on in pieces.
const LONGEST: usize = 1 << 20;

/// Takes a log in chunks of any size.
#[derive(Debug)]
pub struct Reader {
    counts: Counts,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    /// That line is too long, and its beginning is passed on already.
    too_long: bool,
    lists: Lists,
    processes: Processes,
    /// By source.
    pieces: Vec<Source>,
    unescaped: Vec<u8>,
    buffer: Vec<u8>,
    gc: Finder<'static>,
    sched: Finder<'static>,
    rests: [Finder<'static>; 2],
}

/// What is remembered of a source.
#[derive(Debug, Default)]
struct Source {
    /// A line that was cut by another writer.
    piece: Option<Piece>,
    /// Parts of a line that the collector of logs has split, and how many bytes of input they are.
    parts: Vec<u8>,
    parts_bytes: u64,
    /// How the last lines of the program itself began.
    others: Vec<Vec<u8>>,
    /// Which of them is the oldest.
    oldest: usize,
}

impl Source {
    /// Keeps the beginnings of a few different lines.
    fn remember(&mut self, begin: &[u8]) {
        const MOST: usize = 4;
        if begin.len() < 5 || self.others.iter().any(|other| other == begin) {
            return;
        }
        if self.others.len() < MOST {
            self.others.push(begin.to_vec());
        } else if let Some(other) = self.others.get_mut(self.oldest) {
            other.clear();
            other.extend_from_slice(begin);
            self.oldest = (self.oldest + 1) % MOST;
        }
    }
}

/// A line of input, with or without its end.
struct Line<'a> {
    raw: &'a [u8],
    text: &'a [u8],
    /// Where the text is in `raw`; none if it is not there as it is.
    at: Option<usize>,
    /// Bytes of the input, with parts of the line that came before.
    bytes: u64,
    source: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Reader {
            counts: Counts::default(),
            line: Vec::new(),
            too_long: false,
            lists: Lists::default(),
            processes: Processes::default(),
            pieces: Vec::new(),
            unescaped: Vec::new(),
            buffer: Vec::new(),
            gc: Finder::new(b"gc"),
            sched: Finder::new(b"SCHED "),
            rests: [Finder::new(b" ms c"), Finder::new(b" MB ")],
        }
    }
}

impl Reader {
    /// What was read so far. It adds up once all is read.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The name of a process: what the prefix of its lines tells, such as a pod or a service.
    pub fn name(&self, process: usize) -> String {
        String::from_utf8_lossy(self.processes.name(process)).into_owned()
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        if !self.line.is_empty() || self.too_long {
            let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
            let (head, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.line.extend_from_slice(head);
            bytes = rest;
            if end.is_some() {
                self.complete(sink);
            } else if self.line.len() > LONGEST {
                self.too_long = true;
                let line = mem::take(&mut self.line);
                self.pass(&line, sink);
                return;
            } else {
                return;
            }
        }
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            self.take(&bytes[start..=end], sink);
            start = end + 1;
        }
        let rest = &bytes[start..];
        if rest.len() > LONGEST {
            self.too_long = true;
            self.pass(rest, sink);
        } else {
            self.line.extend_from_slice(rest);
        }
    }

    /// Takes the end of the log: what is still held comes out.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        if !self.line.is_empty() {
            self.complete(sink);
        }
        for source in 0..self.pieces.len() {
            if self.pieces[source].parts_bytes > 0 {
                let text = mem::take(&mut self.pieces[source].parts);
                let bytes = mem::take(&mut self.pieces[source].parts_bytes);
                let line = Line {
                    raw: &text,
                    text: &text,
                    at: None,
                    bytes,
                    source,
                };
                self.text(&line, sink);
            }
            if let Some(piece) = self.pieces[source].piece.take() {
                self.lose(piece, sink);
            }
        }
    }

    fn complete(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let mut line = mem::take(&mut self.line);
        if mem::take(&mut self.too_long) {
            self.pass(&line, sink);
        } else {
            self.take(&line, sink);
        }
        line.clear();
        self.line = line;
    }

    /// A line with its end; the last one of a log may have none.
    fn take(&mut self, raw: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        // Most lines of a log of collections have no prefix, and are whole.
        let plain = trimmed(raw);
        if let Read::Whole(whole, len) = join::read(plain, &mut self.lists)
            && len == plain.len()
        {
            let source = self.source(&Prefix {
                at: 0,
                who: b"",
                json: false,
                partial: false,
            });
            if self.pieces[source].parts_bytes == 0 {
                self.counts.parsed_bytes += raw.len() as u64;
                self.counts.parsed_lines += 1;
                self.age(source, sink);
                self.give(source, whole, sink);
                return;
            }
        }
        let prefix = prefix::strip(plain);
        let source = self.source(&prefix);
        let mut line = Line {
            raw,
            text: &plain[prefix.at..],
            at: Some(prefix.at),
            bytes: raw.len() as u64,
            source,
        };
        let mut unescaped = mem::take(&mut self.unescaped);
        let mut partial = prefix.partial;
        if prefix.json {
            partial = !prefix::unescape(line.text, &mut unescaped);
            line.text = trimmed(&unescaped);
            line.at = None;
        }
        let state = &mut self.pieces[source];
        let mut parts = Vec::new();
        if partial && state.parts.len() + line.text.len() <= LONGEST {
            state.parts.extend_from_slice(line.text);
            state.parts_bytes += line.bytes;
            sink(Event {
                process: 0,
                item: Item::Other(b""),
            });
        } else if state.parts_bytes > 0 {
            parts = mem::take(&mut state.parts);
            parts.extend_from_slice(line.text);
            line.text = &parts;
            line.at = None;
            line.bytes += mem::take(&mut state.parts_bytes);
            self.text(&line, sink);
        } else {
            self.text(&line, sink);
        }
        drop(parts);
        self.unescaped = unescaped;
    }

    /// A line without its prefix.
    fn text(&mut self, line: &Line<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        let source = line.source;
        self.age(source, sink);
        let mut lists = mem::take(&mut self.lists);
        let first = join::read(line.text, &mut lists);
        self.lists = lists;
        match first {
            Read::Whole(whole, len) => return self.whole(line, 0, whole, len, 0, sink),
            Read::Cut { end, sure } => return self.cut(line, 0, end, sure, sink),
            Read::No => {}
        }
        if self.small(line, sink) || self.rejoin(line, sink) {
            return;
        }
        // Another writer's text that had no line end before ours began.
        for place in self.candidates(line.text) {
            match join::read(&line.text[place..], &mut self.lists) {
                Read::Whole(whole, len) => return self.whole(line, place, whole, len, 0, sink),
                Read::Cut { end, sure: true } => return self.cut(line, place, end, true, sink),
                _ => {}
            }
        }
        let detail = line.text.starts_with(b"  ") && detail_of(line.text);
        if detail || self.is_rest(line.text) {
            self.counts.cut_bytes += line.bytes;
            self.counts.cut_lines += 1;
            sink(Event {
                process: 0,
                item: Item::Cut(line.raw),
            });
            return;
        }
        self.pieces[source].remember(&line.text[..line.text.len().min(5)]);
        self.counts.passed_bytes += line.bytes;
        sink(Event {
            process: 0,
            item: Item::Other(line.raw),
        });
    }

    /// P, M and G lines, and notes.
    fn small(&mut self, line: &Line<'_>, sink: &mut dyn FnMut(Event<'_>)) -> bool {
        let item = if line.text.starts_with(b"  ") {
            match line.text.get(2) {
                Some(b'P') => schedtrace::proc(line.text).map(Item::Proc),
                Some(b'M') => schedtrace::thread(line.text).map(Item::Thread),
                Some(b'G') => schedtrace::goroutine(line.text).map(Item::Goroutine),
                _ => None,
            }
        } else {
            note::read(line.text).map(Item::Note)
        };
        let Some(item) = item else {
            return false;
        };
        self.counts.parsed_bytes += line.bytes;
        self.counts.parsed_lines += 1;
        let process = self.processes.of_other(line.source);
        sink(Event { process, item });
        true
    }

    /// Tries the line as the rest of one that was cut.
    fn rejoin(&mut self, line: &Line<'_>, sink: &mut dyn FnMut(Event<'_>)) -> bool {
        let Some(mut piece) = self.pieces[line.source].piece.take() else {
            return false;
        };
        match piece.join(line.text, &mut self.lists, &mut self.buffer) {
            Joined::Whole(whole, used) => {
                self.counts.joined_lines += 1;
                self.whole(line, 0, whole, used, piece.held, sink);
                true
            }
            Joined::More(used) => {
                let tail = self.split(line, 0, used);
                piece.held += line.bytes - tail.len() as u64;
                self.pieces[line.source].piece = Some(piece);
                self.pass(tail, sink);
                true
            }
            Joined::No => {
                self.pieces[line.source].piece = Some(piece);
                false
            }
        }
    }

    /// A tracer's line at `place` of the text, so many bytes long; `held` bytes of it came before.
    fn whole(
        &mut self,
        line: &Line<'_>,
        place: usize,
        whole: Cuttable,
        len: usize,
        held: u64,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        let head = self.head(line, place);
        let tail = self.split(line, place, len);
        self.pass(head, sink);
        let others = (head.len() + tail.len()) as u64;
        self.counts.parsed_bytes += line.bytes - others + held;
        self.counts.parsed_lines += 1;
        self.give(line.source, whole, sink);
        self.pass(tail, sink);
    }

    /// A line that is a tracer's from `place` to `end` of the text, as far as it goes.
    fn cut(
        &mut self,
        line: &Line<'_>,
        place: usize,
        end: usize,
        sure: bool,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        if let Some(before) = self.pieces[line.source].piece.take() {
            self.lose(before, sink);
        }
        let text = &line.text[place..];
        let mut piece = Piece::new(text, end, sure, &self.pieces[line.source].others);
        let head = self.head(line, place);
        let tail = self.split(line, place, piece.keep());
        self.pass(head, sink);
        self.pass(tail, sink);
        piece.held = line.bytes - (head.len() + tail.len()) as u64;
        self.pieces[line.source].piece = Some(piece);
    }

    /// What another writer put before a tracer's line; a prefix of an unknown kind is no such.
    fn head<'a>(&self, line: &Line<'a>, place: usize) -> &'a [u8] {
        let Some(at) = line.at.filter(|_| place > 0) else {
            return b"";
        };
        let head = &line.raw[at..at + place];
        match head.last() {
            Some(b' ' | b'\t' | b':' | b'|' | b'>' | b']') => b"",
            _ => head,
        }
    }

    /// What another writer put behind the first `len` bytes of a tracer's line.
    fn split<'a>(&self, line: &Line<'a>, place: usize, len: usize) -> &'a [u8] {
        let end = place + len;
        match line.at {
            Some(at) if end < line.text.len() => &line.raw[at + end..],
            _ => b"",
        }
    }

    fn give(&mut self, source: usize, whole: Cuttable, sink: &mut dyn FnMut(Event<'_>)) {
        match whole {
            Cuttable::Gc(cycle) => {
                let process = self.processes.of_gc(source, cycle.number, cycle.at_ms);
                let item = Item::Gc(cycle);
                sink(Event { process, item });
            }
            Cuttable::Sched(snapshot) => {
                let process = self.processes.of_sched(source, snapshot.at_ms);
                let item = Item::Sched(snapshot, &self.lists);
                sink(Event { process, item });
            }
        }
    }

    fn pass(&mut self, text: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        if !text.is_empty() {
            self.counts.passed_bytes += text.len() as u64;
            sink(Event {
                process: 0,
                item: Item::Other(text),
            });
        }
    }

    fn age(&mut self, source: usize, sink: &mut dyn FnMut(Event<'_>)) {
        let piece = &mut self.pieces[source].piece;
        if piece.as_mut().is_some_and(Piece::grow_old)
            && let Some(piece) = piece.take()
        {
            self.lose(piece, sink);
        }
    }

    /// The rest of a piece will not come.
    fn lose(&mut self, piece: Piece, sink: &mut dyn FnMut(Event<'_>)) {
        let item = match piece.sure {
            true => {
                self.counts.cut_bytes += piece.held;
                self.counts.cut_lines += 1;
                Item::Cut(piece.text())
            }
            false => {
                self.counts.passed_bytes += piece.held;
                Item::Other(piece.text())
            }
        };
        sink(Event { process: 0, item });
    }

    fn source(&mut self, prefix: &Prefix<'_>) -> usize {
        let source = self.processes.source(prefix);
        if self.pieces.len() <= source {
            self.pieces.resize_with(source + 1, Source::default);
        }
        source
    }

    /// Where in a text a tracer's line may begin.
    fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let follows = |at: &usize| {
            let mut after = text[at + 2..].iter();
            let first = after.next();
            let digit = if first == Some(&b' ') {
                after.next()
            } else {
                first
            };
            digit.is_some_and(u8::is_ascii_digit)
        };
        let mut places: Vec<usize> = self.gc.find_iter(text).filter(follows).take(8).collect();
        places.extend(self.sched.find_iter(text).take(8));
        places
    }

    /// Whether a text can only be the rest of a collection's line.
    fn is_rest(&self, text: &[u8]) -> bool {
        let near = &text[..text.len().min(200)];
        let found = |finder: &Finder<'_>| finder.find(near).is_some();
        if !self.rests.iter().any(found) {
            return false;
        }
        let ends = [" MB globals, ", " MB goal, ", " ms cpu, ", " ms clock, "];
        let ours = |end: &str| memchr::memmem::find(near, end.as_bytes()).is_some();
        let like = |b: &u8| b.is_ascii_digit() || b" +-/>.".contains(b);
        ends.into_iter().any(ours) && near.first().is_some_and(like)
    }
}

/// Whether a text is as the line of a P, M or G begins.
fn detail_of(text: &[u8]) -> bool {
    let near = &text[..text.len().min(40)];
    let kind = matches!(text.get(2), Some(b'P' | b'M' | b'G'));
    let has = |what: &[u8]| memchr::memmem::find(near, what).is_some();
    kind && text.get(3).is_some_and(u8::is_ascii_digit) && (has(b": status=") || has(b": p="))
}

/// Without the line end.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
