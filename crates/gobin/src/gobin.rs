//! A Go executable: everything the file says, in one place.

use std::fmt;
use std::sync::{Arc, OnceLock};

use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, SHT_SYMTAB};

use crate::build_info::{self, BuildInfo};
use crate::elf::{Elf, Segment};
use crate::header::{Header, Magic};
use crate::moduledata::ModuleData;
use crate::pclntab::PcLnTab;
use crate::reloc::Relocs;
use crate::symbols::{self, NamedSymbol, Symbol, SymbolIndex};
use crate::{Data, Error, notes};

/// What the machine code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// x86-64
    Amd64,
    /// AArch64
    Arm64,
    /// Any other: tables can be read, code cannot.
    Other,
}

impl Arch {
    pub(crate) fn of(elf: &Elf) -> Arch {
        match elf.machine {
            EM_X86_64 => Arch::Amd64,
            EM_AARCH64 => Arch::Arm64,
            _ => Arch::Other,
        }
    }
}

/// A Go executable or shared object.
///
/// Addresses are those of the file: of a load bias of zero.
pub struct GoBin {
    elf: Arc<Elf>,
    build_info: BuildInfo,
    module: Option<ModuleData>,
    pclntab: PcLnTab,
    symbols: OnceLock<SymbolIndex>,
}

impl GoBin {
    /// Reads the headers and the function table; the rest is read when asked for.
    pub fn parse(data: Data) -> Result<GoBin, Error> {
        let elf = Arc::new(Elf::parse(data)?);
        let relocs = Arc::new(Relocs::of(&elf));
        let info = build_info::read(&elf, &relocs);
        let Some(header) = Header::find(&elf) else {
            return Err(match info {
                Some(_) => Error::BadPclntab("not in the file"),
                None => Error::NotGo,
            });
        };
        let symbols = OnceLock::new();
        let symbol = |name: &str| {
            symbols
                .get_or_init(|| SymbolIndex::of(&elf))
                .find(&elf, name)
        };
        let build_info = match info {
            Some(info) => info,
            // The linkers before Go 1.13 left only the runtime's own variable.
            None => symbol("runtime.buildVersion")
                .and_then(|s| build_info::string_at(&elf, &relocs, s.addr))
                .map(|version| BuildInfo::from_strings(version, &[]))
                .unwrap_or_default(),
        };
        let minor = build_info.version.as_ref().map(|v| v.minor);
        let module = ModuleData::find(&elf, &relocs, &header, minor);
        let text = module
            .map(|md| md.text)
            .or_else(|| symbol("runtime.text").map(|s| s.addr))
            .or_else(|| {
                let at = header.addr.checked_add(8 + 2 * header.ptr as u64)?;
                let text = relocs.word(&elf, at).filter(|&t| t != 0)?;
                (header.magic >= Magic::Go118).then_some(text)
            })
            .or_else(|| elf.section(".text").map(|s| s.addr));
        let pclntab = PcLnTab::parse(elf.clone(), relocs, header, module.as_ref(), text, minor)?;
        Ok(GoBin {
            elf,
            build_info,
            module,
            pclntab,
            symbols,
        })
    }

    /// Go version, modules, build settings.
    pub fn build_info(&self) -> &BuildInfo {
        &self.build_info
    }

    /// What the machine code is for.
    pub fn arch(&self) -> Arch {
        Arch::of(&self.elf)
    }

    /// Position-independent: loaded at an address of the kernel's choice.
    pub fn is_pie(&self) -> bool {
        self.elf.kind == ET_DYN
    }

    /// Without a symbol table (`-ldflags=-s`).
    pub fn is_stripped(&self) -> bool {
        !self.elf.sections.iter().any(|s| s.kind == SHT_SYMTAB)
    }

    /// With debugging information (no `-ldflags=-w`).
    pub fn has_dwarf(&self) -> bool {
        let named = |name| self.elf.section(name).is_some_and(|s| s.size > 0);
        named(".debug_info") || named(".zdebug_info")
    }

    /// Whether C code is linked in and can be on a goroutine's stack.
    pub fn is_cgo(&self) -> bool {
        // Package runtime/cgo brings this function along on every port.
        !self.pclntab.func_by_name("crosscall2").is_empty()
    }

    /// The GNU build id in hex.
    pub fn build_id(&self) -> Option<String> {
        notes::gnu_build_id(&self.elf)
    }

    /// What `go tool buildid` prints.
    pub fn go_build_id(&self) -> Option<String> {
        notes::go_build_id(&self.elf)
    }

    /// What the kernel maps.
    pub fn segments(&self) -> &[Segment] {
        &self.elf.segments
    }

    /// A symbol of the static or the dynamic table.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols
            .get_or_init(|| SymbolIndex::of(&self.elf))
            .find(&self.elf, name)
    }

    /// The symbols of the static table, in its order; none in a stripped file.
    pub fn symbols(&self) -> Vec<NamedSymbol<'_>> {
        symbols::all(&self.elf)
    }

    /// The function table.
    pub fn pclntab(&self) -> &PcLnTab {
        &self.pclntab
    }

    /// The runtime's module record, if it could be found in the file.
    pub fn moduledata(&self) -> Option<&ModuleData> {
        self.module.as_ref()
    }

    /// Address and bytes of a section; bytes are empty for `.bss` and the like.
    pub fn section(&self, name: &str) -> Option<(u64, &[u8])> {
        self.elf.named_section(name)
    }

    /// `len` bytes at `vaddr` as the file holds them, unrelocated.
    pub fn read(&self, vaddr: u64, len: usize) -> Option<&[u8]> {
        self.elf.read(vaddr, len)
    }

    /// The file's bytes.
    pub fn data(&self) -> &Data {
        self.elf.data()
    }
}

impl fmt::Debug for GoBin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoBin")
            .field("go_version", &self.build_info.go_version)
            .field("arch", &self.arch())
            .field("pie", &self.is_pie())
            .field("pclntab", &self.pclntab)
            .finish_non_exhaustive()
    }
}
