//! ELF notes: the GNU build id and the Go one.

use object::elf::SHT_NOTE;

use crate::elf::Elf;

const GNU_BUILD_ID: u32 = 3;
const GO_BUILD_ID: u32 = 4;

/// The GNU build id in lower-case hex, as profiles write it.
pub(crate) fn gnu_build_id(elf: &Elf) -> Option<String> {
    let desc = find(elf, b"GNU\0", GNU_BUILD_ID)?;
    Some(desc.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What `go tool buildid` prints.
pub(crate) fn go_build_id(elf: &Elf) -> Option<String> {
    let desc = find(elf, b"Go\0\0", GO_BUILD_ID)?;
    let text = std::str::from_utf8(desc).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

fn find<'a>(elf: &'a Elf, owner: &[u8], kind: u32) -> Option<&'a [u8]> {
    let segments = elf.notes.iter().filter_map(|&(o, s)| elf.file_range(o, s));
    let sections = elf.sections.iter().filter(|s| s.kind == SHT_NOTE);
    segments
        .chain(sections.filter_map(|s| elf.section_bytes(s)))
        .find_map(|notes| scan(elf, notes, owner, kind))
}

fn scan<'a>(elf: &Elf, mut notes: &'a [u8], owner: &[u8], kind: u32) -> Option<&'a [u8]> {
    while notes.len() >= 12 {
        let name_len = elf.u32_of(notes, 0)? as usize;
        let desc_len = elf.u32_of(notes, 4)? as usize;
        let this = elf.u32_of(notes, 8)?;
        let desc_at = 12usize.checked_add(name_len.checked_next_multiple_of(4)?)?;
        let end = desc_at.checked_add(desc_len)?;
        let name = notes.get(12..12usize.checked_add(name_len)?)?;
        let desc = notes.get(desc_at..end)?;
        if this == kind && name == owner && !desc.is_empty() {
            return Some(desc);
        }
        notes = notes.get(end.checked_next_multiple_of(4)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_note_is_found_and_lengths_are_checked() {
        let elf = Elf::flat(Vec::new(), 0, true, true);
        let mut notes = Vec::new();
        for (owner, kind, desc) in [(b"XYZ\0", 3u32, &b"abc"[..]), (b"GNU\0", 3, &[0xde, 0xad])] {
            notes.extend_from_slice(&4u32.to_le_bytes());
            notes.extend_from_slice(&(desc.len() as u32).to_le_bytes());
            notes.extend_from_slice(&kind.to_le_bytes());
            notes.extend_from_slice(owner);
            notes.extend_from_slice(desc);
            notes.resize(notes.len().next_multiple_of(4), 0);
        }
        assert_eq!(scan(&elf, &notes, b"GNU\0", 3), Some(&[0xde, 0xad][..]));
        assert_eq!(scan(&elf, &notes, b"GNU\0", 1), None);
        notes[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(scan(&elf, &notes, b"GNU\0", 3), None);
    }
}
