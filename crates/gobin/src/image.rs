//! Any ELF file that can be on a stack: libc, ld.so, the vDSO, and the C parts
//! of a Go program.
//!
//! Names come from the symbol tables, lines and inlined calls from DWARF where
//! the file has it. Debug files beside the image are not looked for.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use gimli::RunTimeEndian;
use object::elf;
use object::{Object, ObjectSection};

use crate::elf::Elf;
use crate::reader::DataReader;
use crate::symbols::{self, NamedSymbol, Table};
use crate::{Arch, Data, Error, Segment, notes};

/// Deflate cannot pack tighter; a section that claims more is damaged.
const MAX_RATIO: u64 = 1100;
/// Largest debug section that is unpacked.
const MAX_UNPACKED: u64 = 4 << 30;

/// An executable, a shared object, or the vDSO's bytes.
///
/// Addresses are those of the file: of a load bias of zero.
pub struct Image {
    pub(crate) elf: Arc<Elf>,
    functions: OnceLock<Vec<Function>>,
    dwarf: OnceLock<Option<Mutex<addr2line::Context<DataReader>>>>,
}

/// A source-level frame of C code, innermost first in a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFrame {
    /// Name as linked (C++ and Rust names stay mangled); empty when unknown.
    pub func: String,
    /// Path as the compiler wrote it; empty when unknown.
    pub file: String,
    /// Line being run or of the call; zero when unknown.
    pub line: u32,
    /// The function's code was put into that of the next frame.
    pub inlined: bool,
}

#[derive(Debug, Clone, Copy)]
struct Function {
    start: u64,
    end: u64,
    index: u32,
    dynamic: bool,
}

impl Image {
    /// Reads the headers; symbols and DWARF are read when asked for.
    pub fn parse(data: Data) -> Result<Image, Error> {
        Ok(Image::of(Elf::parse(data)?))
    }

    pub(crate) fn of(elf: Elf) -> Image {
        Image {
            elf: Arc::new(elf),
            functions: OnceLock::new(),
            dwarf: OnceLock::new(),
        }
    }

    /// The GNU build id in hex.
    pub fn build_id(&self) -> Option<String> {
        notes::gnu_build_id(&self.elf)
    }

    /// What `go tool buildid` prints, if it is a Go program.
    pub fn go_build_id(&self) -> Option<String> {
        notes::go_build_id(&self.elf)
    }

    /// Loaded at an address of the kernel's or the loader's choice.
    pub fn is_relocatable(&self) -> bool {
        self.elf.kind == elf::ET_DYN
    }

    /// What the machine code is for.
    pub fn arch(&self) -> Arch {
        Arch::of(&self.elf)
    }

    /// Address and bytes of a section; bytes are empty for `.bss` and the like.
    pub fn section(&self, name: &str) -> Option<(u64, &[u8])> {
        self.elf.named_section(name)
    }

    /// What the kernel or the loader maps.
    pub fn segments(&self) -> &[Segment] {
        &self.elf.segments
    }

    /// The symbols of the static table, in its order; none in a stripped file.
    pub fn symbols(&self) -> Vec<NamedSymbol<'_>> {
        symbols::all(&self.elf)
    }

    /// The function symbol that covers `addr`, and its start.
    pub fn symbolize(&self, addr: u64) -> Option<(&str, u64)> {
        let functions = self.functions.get_or_init(|| functions(&self.elf));
        let after = functions.partition_point(|f| f.start <= addr);
        let function = functions[..after].last().filter(|f| addr < f.end)?;
        let table = Table::of(&self.elf, table_kind(function.dynamic))?;
        let name = table.get(function.index as usize)?.name;
        Some((std::str::from_utf8(name).ok()?, function.start))
    }

    /// The frames at `addr`, inlined ones expanded where there is DWARF; empty
    /// when not even a symbol covers it. For a return address, pass one less.
    pub fn frames(&self, addr: u64) -> Vec<ImageFrame> {
        let mut out = self.dwarf_frames(addr).unwrap_or_default();
        let symbol = self.symbolize(addr);
        match (out.last_mut(), symbol) {
            (Some(last), Some((name, _))) if last.func.is_empty() => {
                name.clone_into(&mut last.func)
            }
            (None, Some((name, _))) => out.push(ImageFrame {
                func: name.to_owned(),
                file: String::new(),
                line: 0,
                inlined: false,
            }),
            _ => {}
        }
        out
    }

    fn dwarf_frames(&self, addr: u64) -> Option<Vec<ImageFrame>> {
        let context = self
            .dwarf
            .get_or_init(|| context(&self.elf).map(Mutex::new));
        let context = context.as_ref()?.lock().ok()?;
        let mut frames = context.find_frames(addr).skip_all_loads().ok()?;
        let mut out = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            if let Some(last) = out.last_mut() {
                let last: &mut ImageFrame = last;
                last.inlined = true;
            }
            let name = frame
                .function
                .as_ref()
                .and_then(|f| f.raw_name().ok())
                .map_or_else(String::new, |name| name.into_owned());
            let (file, line) = frame.location.map_or(("", 0), |l| {
                (l.file.unwrap_or_default(), l.line.unwrap_or(0))
            });
            out.push(ImageFrame {
                func: name,
                file: file.to_owned(),
                line,
                inlined: false,
            });
        }
        // A frame without name and place says nothing.
        out.retain(|f| !f.func.is_empty() || !f.file.is_empty());
        (!out.is_empty()).then_some(out)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("build_id", &self.build_id())
            .field("segments", &self.elf.segments)
            .finish_non_exhaustive()
    }
}

fn table_kind(dynamic: bool) -> elf::SectionType {
    if dynamic {
        elf::SHT_DYNSYM
    } else {
        elf::SHT_SYMTAB
    }
}

/// Function symbols by address, one for each start, clipped so as not to overlap.
fn functions(elf: &Elf) -> Vec<Function> {
    let mut found: Vec<(u64, Rank, Function)> = Vec::new();
    for dynamic in [false, true] {
        let Some(table) = Table::of(elf, table_kind(dynamic)) else {
            continue;
        };
        for index in 0..u32::try_from(table.len()).unwrap_or(u32::MAX) {
            let Some(entry) = table.get(index as usize) else {
                continue;
            };
            let section = elf.sections.get(usize::from(entry.section));
            let code = section.is_some_and(|s| s.flags & elf::SHF_EXECINSTR.0 != 0);
            let function = entry.kind == elf::STT_FUNC.0 || entry.kind == elf::STT_GNU_IFUNC.0;
            // Assembly labels carry no type; mapping symbols and local labels are not functions.
            let label = entry.kind == elf::STT_NOTYPE.0 && !entry.name.starts_with(b"$");
            if !code || entry.name.is_empty() || !(function || label) {
                continue;
            }
            let section_end = section.map_or(u64::MAX, |s| s.addr.saturating_add(s.size));
            let end = match entry.size {
                0 => section_end,
                size => entry.addr.saturating_add(size),
            };
            let underscores = entry.name.iter().take_while(|&&b| b == b'_').count();
            found.push((
                entry.addr,
                (
                    entry.size == 0,
                    !function,
                    entry.binding == elf::STB_LOCAL.0,
                    underscores,
                    dynamic,
                    // Go's linker names whole sections of C objects too.
                    entry.size,
                ),
                Function {
                    start: entry.addr,
                    end,
                    index,
                    dynamic,
                },
            ));
        }
    }
    found.sort_by_key(|&(start, rank, function)| (start, rank, function.index));
    found.dedup_by_key(|f| f.0);
    let mut out: Vec<Function> = found.into_iter().map(|f| f.2).collect();
    for i in 1..out.len() {
        let next = out[i].start;
        let function = &mut out[i - 1];
        function.end = function.end.min(next);
    }
    out
}

/// Lower is a better name for an address that has several.
type Rank = (bool, bool, bool, usize, bool, u64);

fn context(elf: &Elf) -> Option<addr2line::Context<DataReader>> {
    let has = |name| elf.section(name).is_some_and(|s| s.size > 0);
    if !has(".debug_info") && !has(".zdebug_info") {
        return None;
    }
    let file = object::File::parse(elf.bytes()).ok()?;
    let endian = if elf.little {
        RunTimeEndian::Little
    } else {
        RunTimeEndian::Big
    };
    let load = |id: gimli::SectionId| -> Result<DataReader, gimli::Error> {
        Ok(section_reader(elf, &file, id.name(), endian)
            .unwrap_or_else(|| DataReader::new(elf.data().clone(), 0..0, endian)))
    };
    let dwarf = gimli::Dwarf::load(load).ok()?;
    addr2line::Context::from_dwarf(dwarf).ok()
}

fn section_reader(
    elf: &Elf,
    file: &object::File<'_>,
    name: &str,
    endian: RunTimeEndian,
) -> Option<DataReader> {
    let section = file.section_by_name(name)?;
    let range = section.compressed_file_range().ok()?;
    if range.format == object::CompressionFormat::None {
        let start = usize::try_from(range.offset).ok()?;
        let end = start.checked_add(usize::try_from(range.compressed_size).ok()?)?;
        return Some(DataReader::new(elf.data().clone(), start..end, endian));
    }
    let claimed = range.uncompressed_size;
    if claimed > MAX_UNPACKED || claimed / MAX_RATIO > range.compressed_size {
        return None;
    }
    let bytes = section.uncompressed_data().ok()?.into_owned();
    let len = bytes.len();
    Some(DataReader::new(Arc::new(bytes), 0..len, endian))
}
