//! How times spread, for percentiles. Go prints times with two significant digits, so three are
//! kept, and there are never many different ones.

use std::collections::BTreeMap;

/// Times, ns.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    times: BTreeMap<u64, u64>,
    count: u64,
    sum: u64,
    max: u64,
}

impl Spread {
    /// Takes a time.
    pub fn add(&mut self, ns: u64) {
        let unit = 10_u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(2));
        let rounded = ns / unit * unit
            + if ns % unit * 2 >= unit && unit > 1 {
                unit
            } else {
                0
            };
        *self.times.entry(rounded).or_default() += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(ns);
        self.max = self.max.max(ns);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The longest.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The shortest time that so many of 1000 do not exceed; 0 if there are none.
    pub fn permille(&self, share: u64) -> u64 {
        let rank = (self.count.saturating_mul(share)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (time, count) in &self.times {
            seen += count;
            if seen >= rank {
                return (*time).min(self.max);
            }
        }
        0
    }
}
