//! From stacks to the locations of a profile: addresses of inlined calls that follow one another
//! become one location. Mirrors appendLocsForStack and pcDeck of src/runtime/pprof/proto.go.

use profile::{Builder, Line, LocationIx, Mapping, MappingIx};
use rustc_hash::FxHashMap;

use super::frames::{Frame, Frames};
use crate::space::Space;

/// A location that was made.
struct Known<'a> {
    location: LocationIx,
    /// How many addresses of a stack it stands for.
    addresses: usize,
    /// The frame of the first of them.
    first: Frame<'a>,
}

/// Makes locations, each once.
pub(super) struct Locations<'a> {
    frames: &'a Frames<'a>,
    /// Where each mapping begins and ends, and whether all that was in it had a name.
    mappings: Vec<(u64, u64, MappingIx, Option<bool>)>,
    known: FxHashMap<u64, Known<'a>>,
    deck: Vec<(u64, Frame<'a>)>,
}

impl<'a> Locations<'a> {
    /// Adds the process's mappings of code to `b`.
    pub fn new(space: &Space, frames: &'a Frames<'a>, b: &mut Builder) -> Locations<'a> {
        let mappings = space.objects().iter().map(|object| {
            let mapping = Mapping {
                start: object.range.start,
                limit: object.range.end,
                offset: object.offset,
                file: b.intern(&object.path),
                build_id: b.intern(&object.build_id),
                ..Mapping::default()
            };
            (
                object.range.start,
                object.range.end,
                b.mapping(mapping),
                None,
            )
        });
        Locations {
            mappings: mappings.collect(),
            frames,
            known: FxHashMap::default(),
            deck: Vec::new(),
        }
    }

    /// The locations of a stack of return addresses.
    pub fn of(&mut self, b: &mut Builder, stack: &[u64]) -> Vec<LocationIx> {
        let stack = self.frames.expand_last(stack);
        let mut out = Vec::with_capacity(stack.len());
        self.deck.clear();
        let mut at = 0;
        while let Some(&addr) = stack.get(at) {
            if let Some(known) = self.known.get(&addr) {
                if !self.deck.is_empty() && joins(&self.deck, &known.first) {
                    self.deck.push((addr, known.first.clone()));
                    at += 1;
                    continue;
                }
                let (location, addresses) = (known.location, known.addresses);
                out.extend(self.emit(b));
                out.push(location);
                at += addresses.max(1);
                continue;
            }
            let frame = self.frames.of(addr);
            if frame.name == "runtime.goexit" {
                out.extend(self.emit(b));
                at += 1;
                continue;
            }
            if joins(&self.deck, &frame) {
                self.deck.push((addr, frame));
                at += 1;
                continue;
            }
            out.extend(self.emit(b));
            // What was just made may be the location of this address.
            match self.known.get(&addr) {
                Some(known) => {
                    out.push(known.location);
                    at += known.addresses.max(1);
                }
                None => {
                    self.deck.push((addr, frame));
                    at += 1;
                }
            }
        }
        out.extend(self.emit(b));
        out
    }

    /// Makes a location of what has been gathered.
    fn emit(&mut self, b: &mut Builder) -> Option<LocationIx> {
        let (addr, first) = self.deck.first().cloned()?;
        let mut lines = Vec::with_capacity(self.deck.len());
        let mut named = true;
        for (_, f) in &self.deck {
            named &= f.pc != 0 && !f.name.is_empty() && !f.file.is_empty() && f.line != 0;
            let name = gobin::pprof_name(f.name);
            let function = b.function(&name, f.file, i64::from(f.start_line));
            lines.push(Line {
                function: Some(function),
                line: i64::from(f.line),
                column: 0,
            });
        }
        let inside = |m: &&mut (u64, u64, MappingIx, Option<bool>)| m.0 <= addr && addr < m.1;
        let mapping = self.mappings.iter_mut().find(inside).map(|m| {
            m.3 = Some(m.3.unwrap_or(true) && named);
            m.2
        });
        let location = b.location(mapping, first.pc, &lines);
        let known = Known {
            location,
            addresses: self.deck.len(),
            first,
        };
        self.known.insert(addr, known);
        self.deck.clear();
        Some(location)
    }

    /// Says of each mapping whether its functions are known.
    pub fn finish(self, b: &mut Builder) {
        for (_, _, mapping, named) in self.mappings {
            b.profile_mut().mappings[mapping.ix()].has_functions = named == Some(true);
        }
    }
}

/// Whether a frame is what the last of the deck was inlined into.
fn joins(deck: &[(u64, Frame<'_>)], frame: &Frame<'_>) -> bool {
    let Some((_, last)) = deck.last() else {
        return true;
    };
    // What is no Go code might have been inlined, for all that is known of it.
    let is_go = last.entry != 0 && frame.entry != 0;
    last.inlined && is_go && last.entry == frame.entry && last.name != frame.name
}
