//! The varint tables that map a pc to a number.
//!
//! Mirrors `runtime/symtab.go` (`pcvalue`, `step`): pairs of a zigzag value
//! delta and a pc delta, the value holding up to the new pc; value −1 and pc
//! at the function's entry to begin with.

/// The value at `target` bytes behind the entry, for a table at the start of `table`.
///
/// `span` is the function's size: a table of real code ends within it, which
/// bounds the work on a damaged one.
#[inline]
pub(crate) fn lookup(table: &[u8], target: u32, quantum: u32, span: u32) -> Option<i32> {
    let mut value = -1i32;
    let mut pc = 0u32;
    let mut at = 0usize;
    let mut left = span.saturating_add(2);
    loop {
        let delta = varint(table, &mut at)?;
        if delta == 0 && pc != 0 {
            return None;
        }
        value = value.wrapping_add(((delta >> 1) as i32) ^ -((delta & 1) as i32));
        let step = varint(table, &mut at)?;
        pc = pc.wrapping_add(step.wrapping_mul(quantum));
        if target < pc {
            return Some(value);
        }
        left = left.checked_sub(1)?;
    }
}

#[inline(always)]
fn varint(table: &[u8], at: &mut usize) -> Option<u32> {
    let first = *table.get(*at)?;
    *at += 1;
    if first & 0x80 == 0 {
        return Some(u32::from(first));
    }
    long_varint(table, at, first)
}

#[inline(never)]
fn long_varint(table: &[u8], at: &mut usize, first: u8) -> Option<u32> {
    let mut value = u32::from(first & 0x7f);
    let mut shift = 7u32;
    loop {
        let byte = *table.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_hold_up_to_the_next_pc() {
        // 0 for [0,4), 24 for [4,20), 8 for [20,21).
        let table = [2, 4, 48, 16, 31, 1, 0];
        for (target, expect) in [
            (0, Some(0)),
            (3, Some(0)),
            (4, Some(24)),
            (19, Some(24)),
            (20, Some(8)),
            (21, None),
        ] {
            assert_eq!(lookup(&table, target, 1, 21), expect, "{target}");
        }
    }

    #[test]
    fn long_deltas() {
        // 1000 from 0 to 300, with a quantum of four.
        let zigzag = 1001u32 * 2;
        let table = [
            (zigzag & 0x7f) as u8 | 0x80,
            (zigzag >> 7) as u8,
            75 | 0x80,
            0,
            0,
        ];
        assert_eq!(lookup(&table, 299, 4, 300), Some(1000));
        assert_eq!(lookup(&table, 300, 4, 300), None);
    }

    #[test]
    fn a_table_that_stands_still_ends() {
        let still: Vec<u8> = [1u8, 0].repeat(1 << 20);
        assert_eq!(lookup(&still, 5, 1, 64), None);
        assert_eq!(lookup(&[0x80; 64], 5, 1, 64), None);
        assert_eq!(lookup(&[], 5, 1, 64), None);
    }
}
