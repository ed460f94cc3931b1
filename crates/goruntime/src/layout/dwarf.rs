//! Struct layouts from the program's own debug information.
//!
//! Only the wanted structs are read: their names are searched for as bytes, since Go writes names
//! in place, and only the entries found are decoded. Mirrors cmd/internal/dwarf (abbreviations) and
//! cmd/link/internal/ld/dwarf.go (types).

use std::cell::RefCell;
use std::rc::Rc;

use gimli::{Abbreviations, AttributeValue, DebuggingInformationEntry, EndianSlice, LittleEndian};
use gimli::{UnitHeader, UnitOffset, constants as dw};
use gobin::GoBin;
use memchr::memmem;
use object::{Object, ObjectSection};
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
    /// The `wanted` structs of a program that has debug information.
    pub fn of(bin: &GoBin, wanted: &[&str]) -> Option<Dwarf> {
        let file = object::File::parse((**bin.data()).as_ref()).ok()?;
        let section = |name| file.section_by_name(name)?.uncompressed_data().ok();
        let (info, abbrev) = (section(".debug_info")?, section(".debug_abbrev")?);
        Some(Dwarf::read(&info, &abbrev, wanted))
    }

    /// Reads the `wanted` structs (named as for [`Structs`]) from the sections `.debug_info` and
    /// `.debug_abbrev`, uncompressed. What is not there is left out.
    pub fn read(info: &[u8], abbrev: &[u8], wanted: &[&str]) -> Dwarf {
        let mut found = Dwarf::default();
        let entries = Entries::new(info, abbrev);
        for strukt in wanted {
            let mut names = full_names(strukt).into_iter();
            let Some(at) = names.find_map(|name| entries.find_struct(&name)) else {
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

/// Under which names a struct is to be found; some have moved from package to package.
fn full_names(strukt: &str) -> Vec<String> {
    let mut names = vec![format!("runtime.{strukt}")];
    match strukt {
        "_type" => names.push("internal/abi.Type".to_owned()),
        "itab" => names.push("internal/abi.ITab".to_owned()),
        "finblock" => names.push("runtime.finBlock".to_owned()),
        _ if strukt.starts_with("maps.") => names.push(format!("internal/runtime/{strukt}")),
        _ => {}
    }
    names
}

impl Structs for Dwarf {
    fn field(&self, strukt: &str, path: &str) -> Option<Field> {
        self.fields.get(&format!("{strukt}.{path}")).copied()
    }

    fn size(&self, strukt: &str) -> Option<u32> {
        self.sizes.get(strukt).copied()
    }
}

impl Dwarf {
    /// The members of a struct, by offset; not those of structs within it.
    pub fn members(&self, strukt: &str) -> Vec<(&str, Field)> {
        let prefix = format!("{strukt}.");
        let all = self.fields.iter();
        let mut members: Vec<_> = all
            .filter_map(|(path, field)| Some((path.strip_prefix(&prefix)?, *field)))
            .filter(|(name, _)| !name.contains('.'))
            .collect();
        members.sort_unstable_by_key(|(name, field)| (field.offset, field.size, *name));
        members
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

    /// The struct of this full name that is defined, not only declared, or the unnamed struct of
    /// a variable of this name.
    fn find_struct(&self, name: &str) -> Option<usize> {
        let pattern = [name.as_bytes(), &[0]].concat();
        let mut of_variable = None;
        for at in memmem::find_iter(self.info, &pattern) {
            // The abbreviation code before the name takes one or two bytes.
            for offset in [at.checked_sub(1)?, at.checked_sub(2)?] {
                let Some(entry) = self.entry(offset) else {
                    continue;
                };
                if name_of(&entry) != Some(name.as_bytes()) {
                    continue;
                }
                match entry.tag() {
                    dw::DW_TAG_structure_type if entry.has_attr(dw::DW_AT_byte_size) => {
                        return Some(offset);
                    }
                    dw::DW_TAG_variable => {
                        let of = self.type_of(&entry, offset);
                        of_variable = of.filter(|of| self.is_struct(*of));
                    }
                    _ => {}
                }
            }
        }
        of_variable
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

    fn is_struct(&self, at: usize) -> bool {
        let entry = self.entry(at);
        entry.is_some_and(|e| e.tag() == dw::DW_TAG_structure_type)
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
            if self.is_struct(member_type) && depth < MAX_DEPTH {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use testkit::{Variant, program};

    use super::*;
    use crate::layout::{Fit, Release, Table};

    fn open(name: &str, version: &str, variant: Variant) -> GoBin {
        let path = program(name, version, variant).expect("a program");
        let data = std::fs::read(path).expect("its bytes");
        GoBin::parse(Arc::new(data)).expect("a Go program")
    }

    #[test]
    fn every_row_of_the_table_is_what_the_compiler_says() {
        let programs = [("httpd", Variant::Plain), ("cgo", Variant::Pie)];
        for version in ["1.19", "1.21", "1.23", "1.25", "1.27"] {
            for (name, variant) in programs {
                let bin = open(name, version, variant);
                let version = bin.build_info().version.as_ref().expect("a version");
                let release = Release {
                    minor: version.minor,
                    patch: version.patch,
                };
                let (table, fit) = Table::of(release, &[]).expect("a known release");
                assert_eq!(fit, Fit::Exact);
                let structs = table.structs();
                let dwarf = Dwarf::of(&bin, &structs).expect("debug information");
                let mut compared = 0;
                for strukt in structs.iter().filter(|s| dwarf.size(s).is_some()) {
                    assert_eq!(
                        table.size(strukt),
                        dwarf.size(strukt),
                        "{strukt} of {release}"
                    );
                    for (member, field) in dwarf.members(strukt) {
                        // Padding has no name.
                        if member != "_" {
                            let ours = table.field(strukt, member);
                            assert_eq!(ours, Some(field), "{strukt}.{member} of {release}");
                            compared += 1;
                        }
                    }
                }
                assert!(compared > 500, "only {compared} fields of {release}");
            }
        }
    }

    #[test]
    fn a_stripped_program_has_none() {
        let bin = open("labels", "1.27", Variant::Stripped);
        assert_eq!(Dwarf::of(&bin, &["g"]), None);
    }

    #[test]
    fn damaged_sections_never_panic() {
        let bin = open("labels", "1.23", Variant::Plain);
        let file = object::File::parse((**bin.data()).as_ref()).expect("an ELF file");
        let section = |name| {
            let section = file.section_by_name(name).expect("a section");
            section.uncompressed_data().expect("its bytes").into_owned()
        };
        let (info, abbrev) = (section(".debug_info"), section(".debug_abbrev"));
        let config = proptest::test_runner::Config::with_cases(48);
        let g = memmem::find(&info, b"runtime.g\0").expect("the name of g");
        proptest::proptest!(config, |(at in 0_usize..4000, byte: u8, cut in 0_usize..1000)| {
            let (mut info, mut abbrev) = (info.clone(), abbrev.clone());
            info[g - 2000 + at] = byte;
            let len = abbrev.len();
            abbrev[at % len] ^= byte;
            info.truncate(info.len() - cut);
            let _ = Dwarf::read(&info, &abbrev, &["g", "m"]);
            let _ = Dwarf::read(&info[cut..], &abbrev, &["g"]);
        });
    }
}
