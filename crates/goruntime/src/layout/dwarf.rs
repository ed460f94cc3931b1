//! Struct layouts from the program's own debug information.
//!
//! Only the wanted structs are read: their names are searched for as bytes, since Go writes names
//! in place, and only the entries found are decoded. Mirrors cmd/internal/dwarf (abbreviations) and
//! cmd/link/internal/ld/dwarf.go (types).

use std::cell::RefCell;
use std::rc::Rc;

use gimli::{Abbreviations, AttributeValue, DebuggingInformationEntry, EndianSlice, LittleEndian};
use gimli::{UnitHeader, UnitOffset, constants as dw};
use memchr::memmem;
use rustc_hash::FxHashMap;

use super::{Field, Structs};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Structs in structs are followed to this depth.
const MAX_DEPTH: u32 = 6;

/// The structs that a program's debug information describes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dwarf {
    fields: FxHashMap<String, Field>,
    sizes: FxHashMap<String, u32>,
}

impl Dwarf {
    /// Reads the `wanted` structs (named as for [`Structs`]) from the sections `.debug_info` and
    /// `.debug_abbrev`, uncompressed. What is not there is left out.
    pub fn read(info: &[u8], abbrev: &[u8], wanted: &[&str]) -> Dwarf {
        let mut found = Dwarf::default();
        let entries = Entries::new(info, abbrev);
        for strukt in wanted {
            let Some(at) = entries.find_struct(&format!("runtime.{strukt}")) else {
                continue;
            };
            if let Some(size) = entries.size_of(at, 0) {
                found.sizes.insert((*strukt).to_owned(), size);
            }
            entries.flatten(at, strukt, 0, 0, &mut found.fields);
        }
        found
    }
}

impl Structs for Dwarf {
    fn field(&self, strukt: &str, path: &str) -> Option<Field> {
        self.fields.get(&format!("{strukt}.{path}")).copied()
    }

    fn size(&self, strukt: &str) -> Option<u32> {
        self.sizes.get(strukt).copied()
    }
}

/// Entries of `.debug_info` by their offset in the section.
struct Entries<'a> {
    info: &'a [u8],
    abbrev: gimli::DebugAbbrev<Bytes<'a>>,
    /// By rising offset.
    units: Vec<(usize, UnitHeader<Bytes<'a>>)>,
    abbreviations: RefCell<FxHashMap<usize, Option<Rc<Abbreviations>>>>,
}

impl<'a> Entries<'a> {
    fn new(info: &'a [u8], abbrev: &'a [u8]) -> Entries<'a> {
        let section = gimli::DebugInfo::new(info, LittleEndian);
        let mut units = Vec::new();
        let mut headers = section.units();
        while let Ok(Some(header)) = headers.next() {
            if let Some(offset) = header.debug_info_offset() {
                units.push((offset.0, header));
            }
        }
        Entries {
            info,
            abbrev: gimli::DebugAbbrev::new(abbrev, LittleEndian),
            units,
            abbreviations: RefCell::default(),
        }
    }

    fn unit_of(
        &self,
        offset: usize,
    ) -> Option<(&UnitHeader<Bytes<'a>>, UnitOffset, Rc<Abbreviations>)> {
        let after = self.units.partition_point(|(start, _)| *start <= offset);
        let (start, header) = self.units.get(after.checked_sub(1)?)?;
        let mut known = self.abbreviations.borrow_mut();
        let abbreviations = known
            .entry(header.debug_abbrev_offset().0)
            .or_insert_with(|| header.abbreviations(&self.abbrev).ok().map(Rc::new));
        Some((header, UnitOffset(offset - start), abbreviations.clone()?))
    }

    fn entry(&self, offset: usize) -> Option<DebuggingInformationEntry<Bytes<'a>>> {
        let (unit, offset, abbreviations) = self.unit_of(offset)?;
        unit.entry(&abbreviations, offset).ok()
    }

    /// The struct of this full name that is defined, not only declared.
    fn find_struct(&self, name: &str) -> Option<usize> {
        let pattern = [name.as_bytes(), &[0]].concat();
        for at in memmem::find_iter(self.info, &pattern) {
            // The abbreviation code before the name takes one or two bytes.
            for offset in [at.checked_sub(1)?, at.checked_sub(2)?] {
                let Some(entry) = self.entry(offset) else {
                    continue;
                };
                if entry.tag() == dw::DW_TAG_structure_type
                    && entry.has_attr(dw::DW_AT_byte_size)
                    && name_of(&entry) == Some(name.as_bytes())
                {
                    return Some(offset);
                }
            }
        }
        None
    }

    /// The entry of the type of an entry, through typedefs.
    fn type_of(&self, entry: &DebuggingInformationEntry<Bytes<'a>>, at: usize) -> Option<usize> {
        let mut target = self.reference(entry, at)?;
        for _ in 0..MAX_DEPTH {
            let entry = self.entry(target)?;
            if entry.tag() != dw::DW_TAG_typedef {
                return Some(target);
            }
            target = self.reference(&entry, target)?;
        }
        None
    }

    fn reference(&self, entry: &DebuggingInformationEntry<Bytes<'a>>, at: usize) -> Option<usize> {
        match entry.attr_value(dw::DW_AT_type)? {
            AttributeValue::DebugInfoRef(offset) => Some(offset.0),
            AttributeValue::UnitRef(UnitOffset(offset)) => {
                let after = self.units.partition_point(|(start, _)| *start <= at);
                let (start, _) = self.units.get(after.checked_sub(1)?)?;
                start.checked_add(offset)
            }
            _ => None,
        }
    }

    fn size_of(&self, at: usize, depth: u32) -> Option<u32> {
        let entry = self.entry(at)?;
        if let Some(size) = entry.attr_value(dw::DW_AT_byte_size) {
            return size.udata_value()?.try_into().ok();
        }
        match entry.tag() {
            dw::DW_TAG_pointer_type | dw::DW_TAG_subroutine_type => Some(8),
            dw::DW_TAG_typedef if depth < MAX_DEPTH => {
                self.size_of(self.reference(&entry, at)?, depth + 1)
            }
            _ => None,
        }
    }

    /// Adds every member of the struct at `at`, and the members of structs within it.
    fn flatten(
        &self,
        at: usize,
        path: &str,
        base: u32,
        depth: u32,
        out: &mut FxHashMap<String, Field>,
    ) {
        for (name, offset, member_type) in self.members(at).unwrap_or_default() {
            let Some(offset) = base.checked_add(offset) else {
                continue;
            };
            let path = format!("{path}.{name}");
            let Some(size) = self.size_of(member_type, 0) else {
                continue;
            };
            out.insert(path.clone(), Field { offset, size });
            let is_struct = self
                .entry(member_type)
                .is_some_and(|e| e.tag() == dw::DW_TAG_structure_type);
            if is_struct && depth < MAX_DEPTH {
                self.flatten(member_type, &path, offset, depth + 1, out);
            }
        }
    }

    /// Name, offset and type of every member of a struct.
    fn members(&self, at: usize) -> Option<Vec<(String, u32, usize)>> {
        let (unit, offset, abbreviations) = self.unit_of(at)?;
        let mut tree = unit.entries_tree(&abbreviations, Some(offset)).ok()?;
        let mut children = tree.root().ok()?.children();
        let mut members = Vec::new();
        while let Ok(Some(child)) = children.next() {
            let entry = child.entry();
            let location = entry.attr_value(dw::DW_AT_data_member_location);
            let Some(offset) = location.and_then(|v| v.udata_value()) else {
                continue;
            };
            let (Some(name), Some(target)) = (name_of(entry), self.type_of(entry, at)) else {
                continue;
            };
            let name = String::from_utf8_lossy(name).into_owned();
            members.push((name, u32::try_from(offset).ok()?, target));
        }
        Some(members)
    }
}

fn name_of<'a>(entry: &DebuggingInformationEntry<Bytes<'a>>) -> Option<&'a [u8]> {
    match entry.attr_value(dw::DW_AT_name)? {
        AttributeValue::String(name) => Some(name.slice()),
        _ => None,
    }
}
