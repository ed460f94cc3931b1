//! The frames of all locations, root first, with functions told apart by name.

use profile::{FunctionIx, Location, LocationIx, Profile};
use rustc_hash::FxHashMap;

use super::tree::Function;
use crate::paths;

/// A frame of a location.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub function: u32,
    pub line: i64,
    pub inlined: bool,
    /// The innermost one of its location.
    pub last: bool,
}

/// The frames of all locations, outermost first.
pub(super) struct Frames {
    pub frames: Vec<Frame>,
    /// Where each location's frames begin.
    pub starts: Vec<u32>,
    pub functions: Vec<Function>,
}

impl Frames {
    pub fn new(profile: &Profile) -> Frames {
        let mut frames = Frames {
            frames: Vec::with_capacity(profile.lines.len()),
            starts: Vec::with_capacity(profile.locations.len()),
            functions: Vec::new(),
        };
        let mut by_name: FxHashMap<String, u32> = FxHashMap::default();
        // Most lines name a function of the table: those are looked up by index.
        let mut known: Vec<Option<u32>> = vec![None; profile.functions.len()];
        for (l, location) in profile.locations.iter().enumerate() {
            frames.starts.push(frames.frames.len() as u32);
            let lines = profile.lines(LocationIx(l as u32));
            for (i, line) in lines.iter().enumerate().rev() {
                let named = line.function.filter(|&f| name(profile, f).is_some());
                let function = match named {
                    Some(f) => *known[f.ix()].get_or_insert_with(|| {
                        let file = profile.str(profile.function(f).filename);
                        let name = name(profile, f).unwrap_or_default();
                        frames.intern(&mut by_name, name.to_owned(), file)
                    }),
                    None => frames.intern(&mut by_name, unnamed(profile, location), ""),
                };
                frames.frames.push(Frame {
                    function,
                    line: line.line,
                    inlined: i + 1 < lines.len(),
                    last: i == 0,
                });
            }
            if lines.is_empty() {
                let name = unnamed(profile, location);
                let function = frames.intern(&mut by_name, name, "");
                frames.frames.push(Frame {
                    function,
                    line: 0,
                    inlined: false,
                    last: true,
                });
            }
        }
        frames
    }

    fn intern(&mut self, by_name: &mut FxHashMap<String, u32>, name: String, file: &str) -> u32 {
        let functions = &mut self.functions;
        let ix = *by_name.entry(name).or_insert_with_key(|name| {
            functions.push(Function {
                name: name.clone(),
                file: file.to_owned(),
            });
            functions.len() as u32 - 1
        });
        let known = &mut functions[ix as usize].file;
        if known.is_empty() {
            file.clone_into(known);
        }
        ix
    }
}

/// The name of a function, or of its file where that is all that is known.
fn name(profile: &Profile, function: FunctionIx) -> Option<&str> {
    let function = profile.function(function);
    match [function.name, function.filename].map(|id| profile.str(id)) {
        ["", ""] => None,
        ["", file] => Some(paths::base(file)),
        [name, _] => Some(name),
    }
}

/// What stands for code without a name.
fn unnamed(profile: &Profile, location: &Location) -> String {
    let file = location
        .mapping
        .map_or("", |m| profile.str(profile.mappings[m.ix()].file));
    match (paths::base(file), location.address) {
        ("" | "." | "/", 0) => "<unknown>".to_owned(),
        ("" | "." | "/", address) => format!("{address:#x}"),
        (base, _) => format!("[{base}]"),
    }
}
