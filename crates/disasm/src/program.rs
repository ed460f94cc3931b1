//! A file with code: its symbols, its instructions, and where in the source they come from.
//!
//! Mirrors `cmd/internal/objfile` and `cmd/internal/disasm`.

use std::fmt;
use std::sync::OnceLock;

use gobin::{Arch, Data, GoBin, Image, Segment};
use profile::gosort;

use crate::{Error, x86};

/// A program or a library.
pub struct Program {
    file: File,
    data: Data,
    symbols: OnceLock<Vec<Symbol>>,
    /// The file as C sees it, for what Go's tables do not hold.
    image: OnceLock<Option<Image>>,
}

enum File {
    Go(Box<GoBin>),
    Other(Box<Image>),
}

/// A name for a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name, as linked.
    pub name: Box<str>,
    /// The first address.
    pub addr: u64,
    /// Bytes; 0 where the file does not say.
    pub size: u64,
    /// Whether it names code.
    pub is_code: bool,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its address in the file.
    pub addr: u64,
    /// Its bytes.
    pub len: usize,
    /// The source file; empty if unknown.
    pub file: String,
    /// The line; 0 or less if unknown.
    pub line: i64,
    /// Its text.
    pub text: String,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The function whose code it is, as linked.
    pub func: String,
    /// The file, which is that of an inlined function where there is one; empty if unknown.
    pub file: String,
    /// The line; 0 or less if unknown.
    pub line: i64,
}

/// How instructions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// As Go's assembler has it.
    #[default]
    Go,
    /// As Intel has it, in the spelling of GNU's objdump.
    Intel,
}

/// Names of sections, which say nothing about what is in them.
const SECTIONS: [&str; 6] = [
    "runtime.text",
    "text",
    "_text",
    "runtime.etext",
    "etext",
    "_etext",
];

impl Program {
    /// Reads the headers; the rest is read when asked for.
    pub fn parse(data: Data) -> Result<Program, Error> {
        let file = match GoBin::parse(data.clone()) {
            Ok(bin) => File::Go(Box::new(bin)),
            Err(_) => File::Other(Box::new(Image::parse(data.clone())?)),
        };
        Ok(Program {
            file,
            data,
            symbols: OnceLock::new(),
            image: OnceLock::new(),
        })
    }

    /// Where the first executable segment would be mapped, by the file. Addresses of a process and of
    /// the file differ by as much as the start of its mapping differs from this.
    pub fn load_address(&self) -> Option<u64> {
        let code = self.segments().iter().find(|s| s.executable)?;
        let align = code.align.max(1);
        Some(code.vaddr - code.vaddr % align)
    }

    /// The version of Go that it was built with, as in `go1.27.3`; `None` if it is no Go program.
    pub fn go_version(&self) -> Option<&str> {
        match &self.file {
            File::Go(bin) => Some(bin.build_info().go_version.as_str()),
            File::Other(_) => None,
        }
    }

    fn segments(&self) -> &[Segment] {
        match &self.file {
            File::Go(bin) => bin.segments(),
            File::Other(image) => image.segments(),
        }
    }

    /// All symbols by address. Of a stripped Go program, its functions.
    pub fn symbols(&self) -> &[Symbol] {
        self.symbols.get_or_init(|| {
            let named = match &self.file {
                File::Go(bin) => bin.symbols(),
                File::Other(image) => image.symbols(),
            };
            let mut symbols: Vec<Symbol> = named
                .into_iter()
                .map(|s| Symbol {
                    name: s.name.into(),
                    addr: s.addr,
                    size: s.size,
                    is_code: s.is_code,
                })
                .collect();
            if let (true, File::Go(bin)) = (symbols.is_empty(), &self.file) {
                symbols.extend(bin.pclntab().funcs().map(|f| Symbol {
                    name: f.name().into(),
                    addr: f.entry,
                    size: f.end.saturating_sub(f.entry),
                    is_code: true,
                }));
            }
            let order = gosort::sorted(symbols.iter().map(|s| s.addr));
            order.into_iter().map(|i| symbols[i].clone()).collect()
        })
    }

    /// The symbol that covers an address, and where it starts.
    fn symbol(&self, addr: u64) -> Option<(&str, u64)> {
        let symbols = self.symbols();
        let after = symbols.partition_point(|s| s.addr <= addr);
        let mut before = symbols[..after].iter().rev();
        let symbol = before.find(|s| !SECTIONS.contains(&&*s.name))?;
        let covers = symbol.addr != 0 && addr - symbol.addr < symbol.size;
        covers.then_some((&*symbol.name, symbol.addr))
    }

    /// Where in the source the code at an address comes from.
    pub fn place(&self, addr: u64) -> Option<Place> {
        if let File::Go(bin) = &self.file
            && let Some(func) = bin.pclntab().find(addr)
        {
            let (file, line) = bin.pclntab().raw_file_line(&func, addr);
            return Some(Place {
                func: func.name().to_owned(),
                file: file.to_owned(),
                line: i64::from(line),
            });
        }
        let image = match &self.file {
            File::Other(image) => image,
            File::Go(_) => self
                .image
                .get_or_init(|| Image::parse(self.data.clone()).ok())
                .as_ref()?,
        };
        let frames = image.frames(addr);
        let (inner, outer) = (frames.first()?, frames.last()?);
        if inner.file.is_empty() && inner.line == 0 {
            return None;
        }
        Some(Place {
            func: outer.func.clone(),
            file: inner.file.clone(),
            line: i64::from(inner.line),
        })
    }

    /// The instructions from `start` up to `end`, as far as the file has code there.
    pub fn instructions(
        &self,
        start: u64,
        end: u64,
        syntax: Syntax,
    ) -> Result<Vec<Instruction>, Error> {
        let (arch, text) = match &self.file {
            File::Go(bin) => (bin.arch(), bin.section(".text")),
            File::Other(image) => (image.arch(), image.section(".text")),
        };
        let (base, code) = text.ok_or(Error::NoText)?;
        if arch != Arch::Amd64 {
            return Err(Error::Architecture);
        }
        let end = end.min(base.saturating_add(code.len() as u64));
        let mut at = start.max(base);
        let mut out = Vec::new();
        while at < end {
            let rest = &code[(at - base) as usize..(end - base) as usize];
            let (text, len) = match syntax {
                Syntax::Go => x86::go_syntax(rest, at, &|addr| self.symbol(addr)),
                Syntax::Intel => x86::intel_syntax(rest, at, &|addr| self.symbol(addr)),
            };
            let (file, line) = self.go_place(at);
            out.push(Instruction {
                addr: at,
                len,
                file,
                line,
                text,
            });
            at = at.saturating_add(len.max(1) as u64);
        }
        Ok(out)
    }

    /// The place by Go's table alone.
    fn go_place(&self, addr: u64) -> (String, i64) {
        let File::Go(bin) = &self.file else {
            return Default::default();
        };
        let Some(func) = bin.pclntab().find(addr) else {
            return Default::default();
        };
        let (file, line) = bin.pclntab().raw_file_line(&func, addr);
        (file.to_owned(), i64::from(line))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("is_go", &matches!(self.file, File::Go(_)))
            .finish_non_exhaustive()
    }
}
