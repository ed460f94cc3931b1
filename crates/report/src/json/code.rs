//! Views of code as JSON.

use std::io;

use crate::disasm::Assembly;
use crate::weblist::WebList;

use super::writer::Writer;
use super::{address, values};

/// `-disasm`: functions, and their instructions.
pub(super) fn disasm(w: &mut Writer<'_>, view: &Assembly) -> io::Result<()> {
    w.records("functions", view.functions.iter(), |w, function| {
        w.field("function", &function.name)?;
        values(w, &view.format, function.flat, function.cum)
    })?;
    let functions = view.functions.iter();
    let lines = functions.flat_map(|f| f.lines.iter().map(move |line| (&f.name, line)));
    w.records("instructions", lines, |w, (function, line)| {
        w.field("function", function)?;
        address(w, "address", line.addr)?;
        values(w, &view.format, line.flat, line.cum)?;
        w.known("file", &line.file)?;
        w.known("line", line.line)?;
        w.field("text", &line.text)
    })
}

/// `-weblist`: functions, their lines of source, and the instructions of each line.
pub(super) fn weblist(w: &mut Writer<'_>, view: &WebList) -> io::Result<()> {
    let functions = || view.functions.iter();
    w.records("functions", functions(), |w, function| {
        w.field("function", &function.name)?;
        w.field("file", &function.file)?;
        values(w, &view.format, function.flat, function.cum)
    })?;
    let lines = || functions().flat_map(|f| f.lines.iter().map(move |line| (f, line)));
    w.records("lines", lines(), |w, (function, line)| {
        w.field("function", &function.name)?;
        w.field("file", &function.file)?;
        w.field("line", line.number)?;
        values(w, &view.format, line.flat, line.cum)?;
        w.field("source", &line.text)
    })?;
    let code = lines().flat_map(|(f, line)| line.code.iter().map(move |i| (f, line, i)));
    w.records("instructions", code, |w, (function, line, instruction)| {
        w.field("function", &function.name)?;
        w.field("file", &function.file)?;
        w.field("line", line.number)?;
        address(w, "address", instruction.addr)?;
        values(w, &view.format, instruction.flat, instruction.cum)?;
        w.field("text", &instruction.text)
    })
}
