//! The varint tables that map a pc to a number.
//!
//! Mirrors `runtime/symtab.go` (`pcvalue`, `step`): pairs of a zigzag value
//! delta and a pc delta, the value holding up to the new pc; value −1 and pc
//! at the function's entry to begin with.

/// The value at `target` bytes behind the entry, for a table at the start of
/// `table`; pc deltas count in units of `1 << shift` bytes.
#[inline]
pub(crate) fn lookup(table: &[u8], target: u32, shift: u32) -> Option<i32> {
    let target = target >> shift;
    let mut value = -1i32;
    let mut pc = 0u32;
    let mut at = 0usize;
    loop {
        let delta = varint(table, &mut at)?;
        if delta == 0 && pc != 0 {
            return None;
        }
        value = value.wrapping_add(((delta >> 1) as i32) ^ -((delta & 1) as i32));
        pc = pc.wrapping_add(varint(table, &mut at)?);
        if target < pc {
            return Some(value);
        }
    }
}

#[inline(always)]
fn varint(table: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0u32;
    let mut shift = 0u32;
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
    use proptest::prelude::*;

    fn encode(pairs: &[(i32, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |mut n: u32| {
            while n >= 0x80 {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
        };
        for &(delta, step) in pairs {
            put(((delta << 1) ^ (delta >> 31)) as u32);
            put(step);
        }
        put(0);
        out
    }

    #[test]
    fn values_hold_up_to_the_next_pc() {
        // 0 for [0,4), 24 for [4,20), 8 for [20,21).
        let table = encode(&[(1, 4), (24, 16), (-16, 1)]);
        for (target, expect) in [
            (0, Some(0)),
            (3, Some(0)),
            (4, Some(24)),
            (19, Some(24)),
            (20, Some(8)),
            (21, None),
        ] {
            assert_eq!(lookup(&table, target, 0), expect, "{target}");
        }
    }

    #[test]
    fn long_deltas_and_wide_instructions() {
        let table = encode(&[(1001, 75)]);
        assert_eq!(lookup(&table, 299, 2), Some(1000));
        assert_eq!(lookup(&table, 300, 2), None);
    }

    #[test]
    fn a_table_that_stands_still_ends() {
        let still: Vec<u8> = [1u8, 0].repeat(1 << 10);
        assert_eq!(lookup(&still, 5, 0), None);
        assert_eq!(lookup(&[0x80; 64], 5, 0), None);
        assert_eq!(lookup(&[], 5, 0), None);
    }

    proptest! {
        #[test]
        fn reads_what_was_written(
            pairs in prop::collection::vec((-2000..2000i32, 1..20_000u32), 0..60),
            shift in 0..3u32,
            within in 0.0..1.1f64,
        ) {
            // A value that does not change ends a table: only the first may.
            let pairs: Vec<_> = pairs
                .iter()
                .enumerate()
                .map(|(i, &(d, s))| (if d == 0 && i > 0 { 1 } else { d }, s))
                .collect();
            let span = pairs.iter().map(|p| p.1).sum::<u32>() << shift;
            let target = (f64::from(span) * within) as u32;
            let (mut value, mut pc) = (-1, 0);
            let mut expect = None;
            for &(delta, step) in &pairs {
                value += delta;
                if expect.is_none() && (pc..pc + (step << shift)).contains(&target) {
                    expect = Some(value);
                }
                pc += step << shift;
            }
            prop_assert_eq!(lookup(&encode(&pairs), target, shift), expect);
        }

        #[test]
        fn noise_gives_some_answer(table in prop::collection::vec(any::<u8>(), 0..200)) {
            for target in [0, 1, 70, 3000] {
                let _ = lookup(&table, target, 0);
            }
        }
    }
}
