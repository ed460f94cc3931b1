//! From addresses to the locations of a profile, named as Go's own profiler names them.
//!
//! Mirrors runtime/pprof/proto.go (appendLocsForStack) and the frames that runtime/traceback.go
//! leaves out (tracebackPCs, elideWrapperCalling).

use gobin::{Frame, FuncId};
use profile::{Builder, Line, LocationIx, Mapping, MappingIx};
use rustc_hash::FxHashMap;

use crate::space::{Kind, Space};

/// What an address stands for.
#[derive(Clone, Copy, Debug)]
struct Symbol {
    location: LocationIx,
    /// `runtime.goexit` and wrappers that the compiler made: not shown.
    hidden: Hidden,
    /// A wrapper that calls this is shown.
    panics: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    No,
    Always,
    Wrapper,
}

/// Turns stacks of addresses into stacks of locations.
#[derive(Debug)]
pub struct Symbols<'a> {
    space: &'a Space,
    mappings: Vec<Option<MappingIx>>,
    seen: FxHashMap<u64, Symbol>,
    stack: Vec<LocationIx>,
}

impl<'a> Symbols<'a> {
    /// A symbolizer that adds the mappings of `space` to `builder`, the main binary's first.
    pub fn new(space: &'a Space, builder: &mut Builder) -> Self {
        let mut mappings = vec![None; space.objects().len()];
        let is_go = |i: &usize| matches!(space.objects()[*i].kind, Kind::Go);
        let order = (0..mappings.len())
            .filter(is_go)
            .chain((0..mappings.len()).filter(|i| !is_go(i)));
        for i in order {
            let object = &space.objects()[i];
            let file = builder.intern(&object.path);
            let build_id = builder.intern(&object.build_id);
            let named = !matches!(object.kind, Kind::Unknown);
            mappings[i] = Some(builder.mapping(Mapping {
                start: object.range.start,
                limit: object.range.end,
                offset: object.offset,
                file,
                build_id,
                has_functions: named,
                has_filenames: named,
                has_line_numbers: named,
                has_inline_frames: named,
                ..Default::default()
            }));
        }
        Symbols {
            space,
            mappings,
            seen: FxHashMap::default(),
            stack: Vec::new(),
        }
    }

    /// The locations of a stack of call addresses, leaf first.
    pub fn stack(&mut self, builder: &mut Builder, pcs: &[u64]) -> &[LocationIx] {
        self.stack.clear();
        let mut callee_panics = false;
        for (i, &pc) in pcs.iter().enumerate() {
            let symbol = match self.seen.get(&pc) {
                Some(&symbol) => symbol,
                None => {
                    let symbol = self.symbol(builder, pc);
                    self.seen.insert(pc, symbol);
                    symbol
                }
            };
            let shown = match symbol.hidden {
                Hidden::No => true,
                Hidden::Always => false,
                Hidden::Wrapper => i == 0 || callee_panics,
            };
            if shown {
                self.stack.push(symbol.location);
            }
            callee_panics = symbol.panics;
        }
        &self.stack
    }

    /// The stack that stands for code which cannot be unwound at all: `name`, called by
    /// `runtime._System`, as Go's profiler writes it.
    pub fn pseudo(&mut self, builder: &mut Builder, name: &str) -> Vec<LocationIx> {
        [name, "runtime._System"]
            .into_iter()
            .map(|name| {
                let table = self.space.go().pclntab();
                match table.func_by_name(name).first() {
                    Some(f) => {
                        let pc = f.entry.wrapping_add(self.space.go_bias());
                        self.symbol(builder, pc).location
                    }
                    None => {
                        let function = builder.function(name, "", 0);
                        let line = Line {
                            function: Some(function),
                            line: 0,
                            column: 0,
                        };
                        builder.location(None, 0, &[line])
                    }
                }
            })
            .collect()
    }

    fn symbol(&self, builder: &mut Builder, pc: u64) -> Symbol {
        let object = self.space.object_at(pc);
        let mapping = object.and_then(|i| self.mappings[i]);
        let mut lines = Vec::new();
        let (mut hidden, mut panics) = (Hidden::No, false);
        if self.space.is_go(pc) {
            let mut frames = Vec::new();
            let table = self.space.go().pclntab();
            table.frames(pc.wrapping_sub(self.space.go_bias()), &mut frames);
            if let Some(func) = self.space.func(pc) {
                hidden = match func.id() {
                    FuncId::Goexit => Hidden::Always,
                    _ if func.is_wrapper() && frames.len() <= 1 => Hidden::Wrapper,
                    _ => Hidden::No,
                };
                panics = matches!(
                    func.id(),
                    FuncId::Gopanic | FuncId::Sigpanic | FuncId::Panicwrap
                );
            }
            let some_real = frames.iter().any(|f| !f.wrapper);
            for f in frames.iter().filter(|f| !f.wrapper || !some_real) {
                lines.push(go_line(builder, f));
            }
        } else if let Some(i) = object
            && let Some(image) = self.space.image(i)
        {
            let at = pc.wrapping_sub(self.space.objects()[i].bias);
            for f in image.frames(at) {
                let function = builder.function(&f.func, &f.file, 0);
                lines.push(Line {
                    function: Some(function),
                    line: i64::from(f.line),
                    column: 0,
                });
            }
        }
        Symbol {
            location: builder.location(mapping, pc, &lines),
            hidden,
            panics,
        }
    }
}

fn go_line(builder: &mut Builder, f: &Frame<'_>) -> Line {
    let name = gobin::pprof_name(f.func);
    let function = builder.function(&name, f.file, i64::from(f.start_line));
    Line {
        function: Some(function),
        line: i64::from(f.line),
        column: 0,
    }
}
