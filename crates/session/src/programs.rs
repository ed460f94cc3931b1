//! The programs that a profile is of, as files of this machine: their code and symbols for reports.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use disasm::{Program, Syntax};
use report::binary::{Binaries, Binary, Frame, Instruction, Mapped, Symbol};
use target::MappedFile;

/// The files that mappings name. Each is opened once and read as far as it is needed.
#[derive(Default)]
pub struct LocalPrograms {
    open: RefCell<HashMap<String, Result<Rc<Program>, String>>>,
}

impl fmt::Debug for LocalPrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPrograms").finish_non_exhaustive()
    }
}

impl LocalPrograms {
    /// The version of Go that a program was built with, as in `go1.27.3`.
    pub fn go_version(&self, path: &str) -> Option<String> {
        self.program(path).ok()?.go_version().map(str::to_owned)
    }

    fn program(&self, path: &str) -> Result<Rc<Program>, String> {
        let mut open = self.open.borrow_mut();
        let program = open
            .entry(path.to_owned())
            .or_insert_with(|| read(path).map(Rc::new));
        program.clone()
    }
}

impl Binaries for LocalPrograms {
    fn open(&self, mapping: &Mapped<'_>) -> Result<Rc<dyn Binary>, String> {
        let program = self.program(mapping.file)?;
        let bias = match mapping.start {
            0 => 0,
            start => program
                .load_address()
                .map_or(0, |load| start.wrapping_sub(load)),
        };
        Ok(Rc::new(Local { program, bias }))
    }
}

fn read(path: &str) -> Result<Program, String> {
    let failed = |e: &dyn fmt::Display| format!("open {path}: {e}");
    let file = MappedFile::open(Path::new(path)).map_err(|e| failed(&cause(&e)))?;
    Program::parse(Arc::new(file)).map_err(|e| failed(&e))
}

/// The cause in the words of the system, as Go gives it.
fn cause(e: &std::io::Error) -> String {
    let text = e.to_string().to_lowercase();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

/// A program, and how far from its own addresses it was mapped.
struct Local {
    program: Rc<Program>,
    bias: u64,
}

impl Binary for Local {
    fn bias(&self) -> u64 {
        self.bias
    }

    fn symbols(&self, matches: &dyn Fn(&str) -> bool, covering: Option<u64>) -> Vec<Symbol> {
        let symbols = self.program.symbols().iter();
        // What has neither an address nor a size names a source file.
        let symbols = symbols.filter(|s| s.addr != 0 || s.size != 0);
        let covers = |s: &disasm::Symbol| {
            covering.is_some_and(|a| a.checked_sub(s.addr).is_some_and(|into| into < s.size))
        };
        symbols
            .filter(|s| covers(s) || matches(&s.name))
            .map(|s| Symbol {
                name: s.name.to_string(),
                start: s.addr,
                end: s.addr.wrapping_add(s.size).wrapping_sub(1),
            })
            .collect()
    }

    fn instructions(&self, start: u64, end: u64, intel: bool) -> Result<Vec<Instruction>, String> {
        let syntax = if intel { Syntax::Intel } else { Syntax::Go };
        let code = self.program.instructions(start, end, syntax);
        let code = code.map_err(|e| e.to_string())?.into_iter();
        Ok(code
            .map(|i| Instruction {
                addr: i.addr,
                text: i.text,
                file: i.file,
                line: i.line,
            })
            .collect())
    }

    fn frames(&self, addr: u64) -> Vec<Frame> {
        let place = self.program.place(addr).map(|place| Frame {
            func: place.func,
            file: place.file,
            line: place.line,
        });
        place.into_iter().collect()
    }
}
