//! What holds for all profiles.

mod common;

use common::{any_part, any_profile, canonical, dump, profile_with};
use gowhy_profile::filter::{filter_samples_by_name, show_from};
use gowhy_profile::{
    DiffMode, Profile, Regexp, Rules, compact, decode, decode_reader, diff, encode, encode_gz,
    folded, merge, read_any, speedscope,
};
use proptest::prelude::*;

fn merged(parts: &[&Profile]) -> Profile {
    merge(parts.iter().copied()).expect("the parts fit")
}

/// Gives one byte at a time.
struct Slow<'a>(&'a [u8]);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.len().min(buf.len()).min(1);
        buf[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn decode_after_encode_is_identity(p in any_profile()) {
        let plain = encode(&p);
        let q = decode(&plain).expect("it was written just now");
        prop_assert_eq!(dump(&q), dump(&p));
        prop_assert_eq!(&encode(&q), &plain);
        let slow = decode_reader(Slow(&plain)).expect("piece by piece it is the same");
        prop_assert_eq!(dump(&slow), dump(&p));
        let q = read_any(&encode_gz(&p)).expect("it was written just now");
        prop_assert_eq!(dump(&q), dump(&p));
    }

    #[test]
    fn merge_is_commutative(a in any_part(), b in any_part()) {
        prop_assert_eq!(canonical(&merged(&[&a, &b])), canonical(&merged(&[&b, &a])));
    }

    #[test]
    fn merge_is_associative(a in any_part(), b in any_part(), c in any_part()) {
        let left = merged(&[&merged(&[&a, &b]), &c]);
        let right = merged(&[&a, &merged(&[&b, &c])]);
        prop_assert_eq!(canonical(&left), canonical(&right));
        prop_assert_eq!(canonical(&merged(&[&a, &b, &c])), canonical(&left));
    }

    #[test]
    fn compacting_loses_nothing(p in any_part()) {
        let small = compact(&p).expect("one profile fits itself");
        prop_assert_eq!(canonical(&small), canonical(&p));
        prop_assert!(small.locations.len() <= p.locations.len());
        let again = compact(&small).expect("one profile fits itself");
        prop_assert_eq!(dump(&again), dump(&small));
    }

    #[test]
    fn messages_one_after_the_other_are_merged(a in any_part(), b in any_part()) {
        let want = canonical(&merged(&[&a, &b]));
        let plain = [encode(&a), encode(&b)].concat();
        prop_assert_eq!(canonical(&decode(&plain).expect("both are whole")), want);
        let want = canonical(&merged(&[&a, &b]));
        let gz = [encode_gz(&a), encode_gz(&b)].concat();
        prop_assert_eq!(canonical(&decode(&gz).expect("both are whole")), want);
    }

    #[test]
    fn a_profile_less_itself_is_empty(p in any_profile()) {
        let d = diff(p.clone(), p.clone(), DiffMode::Subtract, false, Rules::Stated).expect("it fits itself");
        prop_assert_eq!(d.samples.len(), 0);
        prop_assert_eq!(d.locations.len(), 0);
        let d = diff(p.clone(), p, DiffMode::Compare, false, Rules::Stated).expect("it fits itself");
        prop_assert!(d.samples.totals().iter().all(|&v| v == 0));
    }

    #[test]
    fn a_merge_adds_up(a in profile_with(vec![("samples", "count"), ("cpu", "ns")], i64::MAX),
                       b in profile_with(vec![("samples", "count"), ("cpu", "ns")], i64::MAX)) {
        let both: Vec<i64> = a.samples.totals().iter().zip(b.samples.totals())
            .map(|(a, b)| a.wrapping_add(b))
            .collect();
        prop_assert_eq!(merged(&[&a, &b]).samples.totals(), both);
    }

    #[test]
    fn focus_and_ignore_share_the_samples(p in any_profile(), re in proptest::sample::select(vec!["main", "x", "^$", "[.]go$", r"f\["])) {
        let re = Regexp::new(re).expect("these are patterns");
        let mut whole = p.clone();
        whole.samples.retain(|s, i| !s.stack(i).is_empty());
        let (mut with, mut without) = (p.clone(), p);
        filter_samples_by_name(&mut with, Some(&re), None, None, None);
        filter_samples_by_name(&mut without, None, Some(&re), None, None);
        let sum: Vec<i64> = with.samples.totals().iter().zip(without.samples.totals())
            .map(|(a, b)| a.wrapping_add(b))
            .collect();
        prop_assert_eq!(with.samples.len() + without.samples.len(), whole.samples.len());
        prop_assert_eq!(sum, whole.samples.totals());
    }

    #[test]
    fn filters_leave_what_they_are_asked_for(p in any_profile()) {
        let main = Regexp::new("main").expect("it is a pattern");
        let named = |p: &Profile, l| {
            p.lines(l).iter().any(|line| {
                let f = p.function(line.function.expect("all lines have functions"));
                main.is_match(p.str(f.name)) || main.is_match(p.str(f.filename))
            })
        };
        let mut hidden = p.clone();
        filter_samples_by_name(&mut hidden, None, None, Some(&main), None);
        let mut shown = p.clone();
        filter_samples_by_name(&mut shown, None, None, None, Some(&main));
        let mut from = p;
        show_from(&mut from, &main);
        for i in 0..hidden.samples.len() {
            let stack = hidden.samples.stack(i);
            prop_assert!(!stack.is_empty() && !stack.iter().any(|&l| named(&hidden, l)));
        }
        for i in 0..shown.samples.len() {
            let stack = shown.samples.stack(i);
            prop_assert!(!stack.is_empty() && stack.iter().all(|&l| named(&shown, l)));
        }
        for i in 0..from.samples.len() {
            prop_assert!(named(&from, *from.samples.stack(i).last().expect("it has a frame")));
        }
    }

    #[test]
    fn damaged_profiles_do_no_harm(
        p in any_profile(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 0..8u8), 1..6),
        cut in any::<proptest::sample::Index>(),
        gz in any::<bool>(),
    ) {
        let mut bytes = if gz { encode_gz(&p) } else { encode(&p) };
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Ok(p) = decode(&bytes) {
            // What is read can be worked on and written.
            let _ = encode(&p);
            let _ = compact(&p);
            let _ = folded::encode(&p, 0);
        }
        let _ = read_any(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let _ = read_any(&bytes);
        let _ = speedscope::decode(&bytes);
        let _ = folded::decode(&bytes);
    }

    /// Fields of a profile in any order with any content.
    #[test]
    fn no_fields_do_harm(fields in proptest::collection::vec(
        (1..17u8, prop_oneof![Just(0u8), Just(2), Just(5)],
         proptest::collection::vec(any::<u8>(), 0..12)), 0..40)) {
        let mut bytes = Vec::new();
        for (number, wire, content) in fields {
            bytes.push(number << 3 | wire);
            match wire {
                0 => bytes.push(content.first().copied().unwrap_or(0) & 0x7f),
                2 => {
                    bytes.push(content.len() as u8);
                    bytes.extend(content);
                }
                _ => bytes.extend([1, 2, 3, 4]),
            }
        }
        if let Ok(p) = decode(&bytes) {
            let again = decode(&encode(&p)).expect("what was read can be written and read");
            prop_assert_eq!(dump(&again), dump(&p));
        }
    }
}
