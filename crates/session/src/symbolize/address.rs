//! From an address in the process to the address in the file.
//!
//! Mirrors GetBase and HeaderForFileOffset of pprof's internal/elfexec.

use gobin::Segment;
use profile::Mapping;

/// The alignment of what is mapped.
const PAGE: u64 = 4096;

/// The address in the file that `address` is in the process. A mapping without a start stands for the
/// whole address space: its addresses are the file's own.
pub(super) fn in_file(address: u64, mapping: &Mapping, segments: &[Segment]) -> u64 {
    if mapping.start == 0 {
        return address;
    }
    let offset = address
        .wrapping_sub(mapping.start)
        .wrapping_add(mapping.offset);
    let code = || segments.iter().filter(|s| s.executable);
    let holds = |s: &&Segment| offset >= s.offset && offset - s.offset < s.filesz;
    if let Some(segment) = code().find(holds) {
        return offset
            .wrapping_sub(segment.offset)
            .wrapping_add(segment.vaddr);
    }
    // The mapping does not fit the file: a profile that does not say which part was mapped.
    let load = code().next().map_or(0, |s| s.vaddr - s.vaddr % PAGE);
    address.wrapping_sub(mapping.start).wrapping_add(load)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(vaddr: u64, offset: u64, executable: bool) -> Segment {
        Segment {
            vaddr,
            memsz: 0x1000,
            offset,
            filesz: 0x1000,
            align: 0,
            readable: true,
            writable: false,
            executable,
        }
    }

    fn mapping(start: u64, offset: u64) -> Mapping {
        Mapping {
            start,
            limit: start + 0x2000,
            offset,
            ..Default::default()
        }
    }

    #[test]
    fn addresses_of_every_kind_of_mapping() {
        let fixed = [
            segment(0x40_0000, 0, true),
            segment(0x50_0000, 0x1000, false),
        ];
        assert_eq!(
            in_file(0x40_0123, &mapping(0x40_0000, 0), &fixed),
            0x40_0123
        );
        // All addresses are the file's.
        assert_eq!(in_file(0x40_0123, &mapping(0, 0), &fixed), 0x40_0123);
        let pie = [segment(0, 0, false), segment(0x1000, 0x1000, true)];
        assert_eq!(
            in_file(0x7f00_0123, &mapping(0x7f00_0000, 0x1000), &pie),
            0x1123
        );
        // One mapping for the whole file, as after a merge.
        assert_eq!(in_file(0x7f00_1123, &mapping(0x7f00_0000, 0), &pie), 0x1123);
        // Nobody says which part it is.
        assert_eq!(in_file(0x7f00_0123, &mapping(0x7f00_0000, 0), &pie), 0x1123);
        // Linked at another distance from the file's start than it is loaded.
        let far = [segment(0x3000, 0x2000, true)];
        assert_eq!(
            in_file(0x7f00_0010, &mapping(0x7f00_0000, 0x2000), &far),
            0x3010
        );
        assert_eq!(in_file(5, &mapping(7, 0), &[]), u64::MAX - 1);
    }
}
