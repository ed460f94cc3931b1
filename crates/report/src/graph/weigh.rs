//! Adds up the flat and cumulative values of all nodes in one pass over the samples.

use profile::{LocationIx, Profile, Samples};

use super::nodes::{NodeIx, Nodes};

/// Which of a sample's values counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Column of the value.
    pub index: usize,
    /// Divide by the first value.
    pub mean: bool,
}

impl Measure {
    /// The sample's value and what to divide it by (0: nothing).
    pub fn of(&self, values: &[i64]) -> (i64, i64) {
        let at = |i: usize| values.get(i).copied().unwrap_or(0);
        (at(self.index), if self.mean { at(0) } else { 0 })
    }

    /// The sample's value, if it counts at all.
    pub fn weight(&self, samples: &Samples, sample: usize) -> Option<(i64, i64)> {
        match self.of(samples.values(sample)) {
            (0, 0) => None,
            weight => Some(weight),
        }
    }
}

/// What a node adds up to. Sums wrap around as Go's do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Of the node itself.
    pub flat: i64,
    /// Of the node and everything that it calls.
    pub cum: i64,
    /// What `flat` is divided by; 0 for nothing.
    pub flat_div: i64,
    /// What `cum` is divided by; 0 for nothing.
    pub cum_div: i64,
}

impl Value {
    /// The node's own value as shown.
    pub fn flat_value(&self) -> i64 {
        divide(self.flat, self.flat_div)
    }

    /// The value of the node and everything that it calls, as shown.
    pub fn cum_value(&self) -> i64 {
        divide(self.cum, self.cum_div)
    }

    /// Whether the node adds up to nothing.
    pub fn is_zero(&self) -> bool {
        self.flat == 0 && self.cum == 0
    }

    /// Whether `drop_negative` leaves it out.
    pub fn is_negative(&self) -> bool {
        self.flat < 0 || (self.flat == 0 && self.cum < 0)
    }

    /// Adds a sample that runs through the node.
    pub fn add_cum(&mut self, (weight, div): (i64, i64)) {
        self.cum = self.cum.wrapping_add(weight);
        self.cum_div = self.cum_div.wrapping_add(div);
    }

    /// Adds a sample whose leaf is the node.
    pub fn add_flat(&mut self, (weight, div): (i64, i64)) {
        self.flat = self.flat.wrapping_add(weight);
        self.flat_div = self.flat_div.wrapping_add(div);
    }
}

/// The value divided, where there is something to divide by.
pub fn divide(value: i64, by: i64) -> i64 {
    match by {
        0 => value,
        by => value.wrapping_div(by),
    }
}

/// The values of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// What each node adds up to.
    pub values: Vec<Value>,
    /// At least the magnitude of what each node adds up to where it is inlined.
    pub inlined: Vec<u64>,
}

/// Adds up all nodes.
pub fn weigh(nodes: &Nodes<'_>, measure: Measure) -> Weights {
    let profile = nodes.profile;
    let leaders = Leaders::new(nodes, profile);
    let mut values = vec![Value::default(); nodes.len()];
    let index = measure.index;
    let sums = leaders.add(nodes, profile, |v| v.get(index).copied());
    for (i, value) in values.iter_mut().enumerate() {
        value.flat = sums.flats[i];
        value.cum = sums.cums[i].sum;
    }
    if measure.mean {
        let sums = leaders.add(nodes, profile, |v| v.first().copied());
        for (i, value) in values.iter_mut().enumerate() {
            value.flat_div = sums.flats[i];
            value.cum_div = sums.cums[i].sum;
        }
    }
    Weights {
        values,
        inlined: sums.inlined,
    }
}

/// For each location its only node, or a mark that it has several.
struct Leaders(Vec<NodeIx>);

const SEVERAL: NodeIx = NodeIx::MAX;

/// What the hot loop touches of a node, together in one place.
#[derive(Clone, Copy, Default)]
struct Cum {
    sum: i64,
    /// The sample that touched it last.
    stamp: u32,
}

struct Sums {
    cums: Vec<Cum>,
    flats: Vec<i64>,
    inlined: Vec<u64>,
}

impl Leaders {
    fn new(nodes: &Nodes<'_>, profile: &Profile) -> Self {
        let location = |i| match nodes.of(LocationIx(i as u32)) {
            [node] => *node,
            _ => SEVERAL,
        };
        Leaders((0..profile.locations.len()).map(location).collect())
    }

    fn add(
        &self,
        nodes: &Nodes<'_>,
        profile: &Profile,
        weight: impl Fn(&[i64]) -> Option<i64>,
    ) -> Sums {
        let mut sums = Sums {
            cums: vec![Cum::default(); nodes.len()],
            flats: vec![0; nodes.len()],
            inlined: vec![0; nodes.len()],
        };
        let samples = &profile.samples;
        for i in 0..samples.len() {
            let w = weight(samples.values(i)).unwrap_or(0);
            let stack = samples.stack(i);
            let (true, Some(&leaf)) = (w != 0, stack.first()) else {
                continue;
            };
            let stamp = (i as u32).wrapping_add(1);
            let cums = &mut sums.cums;
            let mut touch = |node: NodeIx| {
                let cum = &mut cums[node as usize];
                if cum.stamp != stamp {
                    cum.stamp = stamp;
                    cum.sum = cum.sum.wrapping_add(w);
                }
            };
            for &location in stack {
                let node = self.0[location.ix()];
                if node != SEVERAL {
                    touch(node);
                    continue;
                }
                let frames = nodes.of(location);
                frames.iter().copied().for_each(&mut touch);
                for &node in &frames[..frames.len() - 1] {
                    let inlined = &mut sums.inlined[node as usize];
                    *inlined = inlined.saturating_add(w.unsigned_abs());
                }
            }
            let flat = &mut sums.flats[nodes.of(leaf)[0] as usize];
            *flat = flat.wrapping_add(w);
        }
        sums
    }
}
