//! What a web list is made from: the instructions around those that were sampled, by file and line.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use profile::{LocationIx, Profile, gosort};

use crate::binary::{Binaries, Binary, Frame, Mapped, address};
use crate::graph::weigh::divide;
use crate::paths;
use crate::report::Report;

use super::Lines;

/// Code this near to an address that was sampled is shown too.
const EXPAND: u64 = 500;
/// Only so many stretches of code are shown.
const MAX_RANGES: usize = 25;
/// An instruction of no line is of that of the one before it, if that is so near.
const NEIGHBOURHOOD: u64 = 32;

/// All there is to show.
#[derive(Default)]
pub(super) struct Collected {
    /// The pattern matched something.
    pub(super) any: bool,
    /// What to show, by file.
    pub(super) files: BTreeMap<String, File>,
    /// Names as people read them, by those of the linker.
    pub(super) pretty: HashMap<String, String>,
    pub(super) notices: Vec<String>,
    /// By address in the process.
    instructions: HashMap<u64, Instruction>,
}

/// Lines of a file.
#[derive(Default)]
pub(super) struct File {
    pub(super) lines: Lines,
}

/// What there is to one line.
pub(super) struct OfLine {
    /// The function that it was first seen in.
    pub(super) func: String,
    pub(super) code: Vec<OfCode>,
}

/// An instruction of a line.
pub(super) struct OfCode {
    /// Its address in the process.
    pub(super) addr: u64,
    /// The calls inlined into the line that lead to it, outermost first: what they lead to.
    pub(super) calls: Vec<(String, i64)>,
}

#[derive(Default)]
pub(super) struct Instruction {
    /// Its address in the file.
    pub(super) addr: u64,
    pub(super) len: u64,
    pub(super) text: String,
    pub(super) file: String,
    pub(super) line: i64,
    pub(super) flat: i64,
    pub(super) cum: i64,
}

/// A stretch of code to show.
struct Range {
    begin: u64,
    end: u64,
    binary: Rc<dyn Binary>,
    score: i64,
}

type Program = Option<Rc<dyn Binary>>;

/// Addresses of interest: where each is, and the program with its code.
type Addresses = BTreeMap<u64, (LocationIx, Program)>;

impl Collected {
    pub(super) fn new(report: &Report, binaries: &dyn Binaries) -> Collected {
        let mut collected = Collected::default();
        let mut interest = HashSet::new();
        let mut programs = Programs {
            profile: &report.profile,
            binaries,
            open: HashMap::new(),
            notices: Vec::new(),
        };
        let (addresses, flat, cum) = collected.addresses(report, &mut interest, &mut programs);
        collected.notices = programs.notices;
        collected.any = !interest.is_empty();
        collected.expand(report, addresses, &flat, &interest);
        for (&addr, instruction) in &mut collected.instructions {
            // A sample may be of the middle of an instruction.
            for at in (0..instruction.len).map(|i| addr.wrapping_add(i)) {
                let add = |sum: &mut i64, of: &HashMap<u64, i64>| {
                    *sum = sum.wrapping_add(of.get(&at).copied().unwrap_or(0));
                };
                add(&mut instruction.flat, &flat);
                add(&mut instruction.cum, &cum);
            }
        }
        collected
    }

    pub(super) fn instruction(&self, addr: u64) -> &Instruction {
        const NONE: &Instruction = &Instruction {
            addr: 0,
            len: 0,
            text: String::new(),
            file: String::new(),
            line: 0,
            flat: 0,
            cum: 0,
        };
        self.instructions.get(&addr).unwrap_or(NONE)
    }

    /// The sum of the values of all instructions of a file, each counted once.
    pub(super) fn flat(&self, file: &File) -> i64 {
        let codes = file.lines.values().flat_map(|l| &l.code);
        let all: HashSet<u64> = codes.map(|c| c.addr).collect();
        let values = all.iter().map(|a| self.instruction(*a).flat);
        values.fold(0, i64::wrapping_add)
    }

    /// Which addresses are of interest, and the values of all addresses: their own, and with
    /// everything that they call.
    fn addresses(
        &mut self,
        report: &Report,
        interest: &mut HashSet<String>,
        programs: &mut Programs<'_>,
    ) -> (Addresses, HashMap<u64, i64>, HashMap<u64, i64>) {
        let profile = &report.profile;
        let pattern = report.pattern.as_ref();
        let matches = |text: &str| pattern.is_none_or(|p| p.is_match(text));
        let wanted = pattern.and_then(|p| address(p.as_str()));
        let mut made_up = MadeUp::new(profile);
        let mut addresses = Addresses::new();
        let (mut flat, mut cum) = (HashMap::new(), HashMap::new());
        for i in 0..profile.samples.len() {
            let (value, by) = report.measure.of(profile.samples.values(i));
            let value = divide(value, by);
            let stack = profile.samples.stack(i);
            for (depth, &ix) in stack.iter().enumerate().rev() {
                let location = profile.location(ix);
                let lines = profile.lines(ix);
                let functions = lines.iter().map(|l| Some(profile.function(l.function?)));
                let functions: Vec<_> = functions.collect();
                for function in functions.iter().flatten() {
                    let text = |id| profile.str(id).to_owned();
                    let (system, name) = (text(function.system_name), text(function.name));
                    self.pretty.insert(system, name);
                }
                let addr = match location.address {
                    0 => made_up.address(ix),
                    addr => addr,
                };
                let add = |sum: &mut i64| *sum = sum.wrapping_add(value);
                add(cum.entry(addr).or_insert(0));
                if depth == 0 {
                    add(flat.entry(addr).or_insert(0));
                }
                let mut mark = |at: usize| {
                    let Some(function) = functions[at] else {
                        return;
                    };
                    interest.insert(profile.str(function.name).to_owned());
                    interest.insert(profile.str(function.system_name).to_owned());
                    addresses
                        .entry(addr)
                        .or_insert_with(|| (ix, programs.of(ix)));
                };
                if pattern.is_none() || wanted == Some(addr) {
                    if let Some(outermost) = lines.len().checked_sub(1) {
                        mark(outermost);
                    }
                    continue;
                }
                let of_program = location
                    .mapping
                    .is_some_and(|m| matches(profile.str(profile.mappings[m.ix()].file)));
                for (at, function) in functions.iter().enumerate() {
                    let by_name = function.is_some_and(|f| {
                        let names = [f.name, f.system_name, f.filename];
                        names.iter().any(|id| matches(profile.str(*id)))
                    });
                    if at == 0 && of_program || by_name {
                        mark(at);
                    }
                }
            }
        }
        (addresses, flat, cum)
    }

    /// Collects the code at and around the addresses of interest.
    fn expand(
        &mut self,
        report: &Report,
        addresses: Addresses,
        flat: &HashMap<u64, i64>,
        interest: &HashSet<String>,
    ) {
        let profile = &report.profile;
        let ranges = ranges(profile, &addresses, flat);
        for (&addr, (ix, binary)) in &addresses {
            if binary.is_none() {
                self.without_code(profile, addr, *ix, interest);
            }
        }
        let order = gosort::sorted(ranges.iter().map(|r| Reverse(r.score)));
        for range in order.into_iter().take(MAX_RANGES).map(|i| &ranges[i]) {
            self.disassemble(range, report.options.intel_syntax, interest);
        }
    }

    /// An address whose code is not to be had: all that is known of it is in the profile.
    fn without_code(
        &mut self,
        profile: &Profile,
        addr: u64,
        ix: LocationIx,
        interest: &HashSet<String>,
    ) {
        let frames = profile.lines(ix).iter().filter_map(|line| {
            let function = profile.function(line.function?);
            Some(Frame {
                func: profile.str(function.name).to_owned(),
                file: profile.str(function.filename).to_owned(),
                line: line.line,
            })
        });
        let frames: Vec<Frame> = frames.collect();
        let inner = frames.first().cloned().unwrap_or_default();
        self.instructions.insert(
            addr,
            Instruction {
                addr,
                len: 1,
                file: inner.file,
                line: inner.line,
                ..Instruction::default()
            },
        );
        self.add(addr, &frames, interest);
    }

    fn disassemble(&mut self, range: &Range, intel: bool, interest: &HashSet<String>) {
        let bias = range.binary.bias();
        let (begin, end) = (range.begin.wrapping_sub(bias), range.end.wrapping_sub(bias));
        let code = match range.binary.instructions(begin, end, intel) {
            Ok(code) => code,
            Err(e) => {
                if !self.notices.contains(&e) {
                    self.notices.push(e);
                }
                return;
            }
        };
        let mut last: Option<(u64, Vec<Frame>)> = None;
        let mut highest = 0;
        for (i, instruction) in code.iter().enumerate() {
            let addr = instruction.addr.wrapping_add(bias);
            if addr <= highest {
                continue;
            }
            highest = addr;
            let next = code.get(i + 1).map(|next| next.addr);
            let len = next.and_then(|next| next.checked_sub(instruction.addr));
            let mut frames = range.binary.frames(instruction.addr);
            if frames.is_empty() {
                frames.push(Frame {
                    func: String::new(),
                    file: instruction.file.clone(),
                    line: instruction.line,
                });
            }
            self.instructions.insert(
                addr,
                Instruction {
                    addr: instruction.addr,
                    len: len.filter(|len| *len > 0).unwrap_or(1),
                    text: instruction.text.clone(),
                    file: frames[0].file.clone(),
                    line: frames[0].line,
                    ..Instruction::default()
                },
            );
            if frames[0].line != 0 {
                last = Some((addr, frames.clone()));
            } else if let Some((at, before)) = &last
                && addr - at <= NEIGHBOURHOOD
            {
                frames.clone_from(before);
            }
            self.add(addr, &frames, interest);
        }
    }

    /// Puts an instruction where functions of interest have it.
    fn add(&mut self, addr: u64, frames: &[Frame], interest: &HashSet<String>) {
        for (i, frame) in frames.iter().enumerate() {
            if !interest.contains(&frame.func) {
                continue;
            }
            let file = self.files.entry(canonical(&frame.file)).or_default();
            let line = file.lines.entry(frame.line).or_insert_with(|| OfLine {
                func: frame.func.clone(),
                code: Vec::new(),
            });
            let calls = frames[..i].iter().rev();
            line.code.push(OfCode {
                addr,
                calls: calls.map(|f| (f.file.clone(), f.line)).collect(),
            });
        }
    }
}

/// The stretches of code around the addresses whose program is there, in their order.
fn ranges(profile: &Profile, addresses: &Addresses, flat: &HashMap<u64, i64>) -> Vec<Range> {
    let known = addresses.iter().filter_map(|(addr, (ix, binary))| {
        let mapping = profile.location(*ix).mapping?;
        Some((*addr, mapping, binary.as_ref()?))
    });
    let mut known = known.peekable();
    let mut out = Vec::new();
    while let Some((first, mapping, binary)) = known.next() {
        let mapping = &profile.mappings[mapping.ix()];
        let value = |addr: u64| flat.get(&addr).copied().unwrap_or(0);
        let (mut end, mut score) = (first, value(first));
        let near =
            |addr: u64, end: u64| addr <= end.saturating_add(2 * EXPAND) && addr < mapping.limit;
        while let Some((addr, ..)) = known.next_if(|(addr, ..)| near(*addr, end)) {
            end = addr;
            score = score.wrapping_add(value(addr));
        }
        // The differences wrap around: only at the very limits of the mapping they are small.
        let begin = match mapping.start.wrapping_sub(first) >= EXPAND {
            true => first.wrapping_sub(EXPAND),
            false => mapping.start,
        };
        let end = match mapping.limit.wrapping_sub(end) >= EXPAND {
            true => end.wrapping_add(EXPAND),
            false => mapping.limit,
        };
        out.push(Range {
            begin,
            end,
            binary: Rc::clone(binary),
            score,
        });
    }
    out
}

/// The programs of a profile; each is opened once.
struct Programs<'a> {
    profile: &'a Profile,
    binaries: &'a dyn Binaries,
    open: HashMap<String, Program>,
    notices: Vec<String>,
}

impl Programs<'_> {
    fn of(&mut self, location: LocationIx) -> Program {
        let mapping = self.profile.location(location).mapping?;
        let mapping = &self.profile.mappings[mapping.ix()];
        let file = self.profile.str(mapping.file);
        if let Some(known) = self.open.get(file) {
            return known.clone();
        }
        let mapped = Mapped {
            file,
            build_id: self.profile.str(mapping.build_id),
            start: mapping.start,
            limit: mapping.limit,
            offset: mapping.offset,
        };
        let binary = self.binaries.open(&mapped);
        let binary = binary.map_err(|e| self.notices.push(e)).ok();
        self.open.insert(file.to_owned(), binary.clone());
        binary
    }
}

/// Addresses for locations that have none: above all mappings.
struct MadeUp {
    next: u64,
    known: HashMap<LocationIx, u64>,
}

impl MadeUp {
    fn new(profile: &Profile) -> MadeUp {
        let limits = profile.mappings.iter().map(|m| m.limit);
        MadeUp {
            next: limits.max().unwrap_or(1).max(1),
            known: HashMap::new(),
        }
    }

    fn address(&mut self, location: LocationIx) -> u64 {
        *self.known.entry(location).or_insert_with(|| {
            let address = self.next;
            self.next = address.wrapping_add(1);
            address
        })
    }
}

/// The file without what only says that it is below the working directory.
fn canonical(path: &str) -> String {
    let path = path.strip_prefix("/proc/self/cwd/").unwrap_or(path);
    paths::clean(path.strip_prefix("./").unwrap_or(path))
}
