//! Stacks as frames from root to leaf with inlined ones expanded, for formats that know no
//! addresses.

use rustc_hash::FxHashMap;

use crate::model::{FunctionIx, Location, LocationIx, Profile};
use crate::strings::StrId;

/// A frame: equal ones have the same number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub name: String,
    pub file: StrId,
    pub line: i64,
}

/// The distinct frames of a profile and those of each location.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    pub frames: Vec<Frame>,
    /// The numbers of all locations' frames, outermost first.
    numbers: Vec<u32>,
    /// End of each location's in `numbers`.
    ends: Vec<usize>,
}

impl Frames {
    /// One frame for each function that a location names. `by_name`: functions of the same name
    /// are one frame.
    pub fn of(p: &Profile, by_name: bool) -> Self {
        let mut f = Frames::default();
        let mut known: FxHashMap<Frame, u32> = FxHashMap::default();
        let mut functions: FxHashMap<FunctionIx, u32> = FxHashMap::default();
        let mut number = |frames: &mut Vec<Frame>, frame: Frame| {
            *known.entry(frame).or_insert_with_key(|frame| {
                frames.push(frame.clone());
                frames.len() as u32 - 1
            })
        };
        for (i, l) in p.locations.iter().enumerate() {
            let lines = p.lines(LocationIx(i as u32));
            for line in lines.iter().rev() {
                let n = match line.function {
                    Some(ix) => *functions.entry(ix).or_insert_with(|| {
                        let function = p.function(ix);
                        let frame = Frame {
                            name: match p.str(function.name) {
                                "" => address_name(p, l),
                                name => name.to_owned(),
                            },
                            file: if by_name {
                                StrId::EMPTY
                            } else {
                                function.filename
                            },
                            line: if by_name { 0 } else { function.start_line },
                        };
                        number(&mut f.frames, frame)
                    }),
                    None => number(&mut f.frames, unnamed(p, l)),
                };
                f.numbers.push(n);
            }
            if lines.is_empty() {
                let n = number(&mut f.frames, unnamed(p, l));
                f.numbers.push(n);
            }
            f.ends.push(f.numbers.len());
        }
        f
    }

    /// Puts the numbers of a stack's frames into `out`, from root to leaf.
    pub fn stack(&self, stack: &[LocationIx], out: &mut Vec<u32>) {
        out.clear();
        for l in stack.iter().rev() {
            let start = l.ix().checked_sub(1).map_or(0, |before| self.ends[before]);
            out.extend_from_slice(&self.numbers[start..self.ends[l.ix()]]);
        }
    }
}

fn unnamed(p: &Profile, l: &Location) -> Frame {
    Frame {
        name: address_name(p, l),
        file: StrId::EMPTY,
        line: 0,
    }
}

/// What stands for a location without a function: the mapped file and the address.
fn address_name(p: &Profile, l: &Location) -> String {
    let file = l.mapping.map_or("", |m| p.str(p.mappings[m.ix()].file));
    let base = file.rsplit('/').next().unwrap_or(file);
    match (base, l.address) {
        ("", 0) => "<unknown>".to_owned(),
        ("", address) => format!("{address:#x}"),
        (base, 0) => format!("[{base}]"),
        (base, address) => format!("[{base}] {address:#x}"),
    }
}
