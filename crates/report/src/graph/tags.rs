//! The labels of the samples that run through a node, for the boxes beside the nodes of a picture.
//!
//! As in pprof, text labels of a sample form one tag together, and of the numeric labels only `bytes`
//! is shown.

use profile::{Label, LabelValue, LocationIx, Profile};
use rustc_hash::FxHashMap;

use super::nodes::NodeIx;
use super::tree::Tree;
use super::trim::Graph;
use super::weigh::{Measure, Value};
use crate::measure::scaled_label;

/// How many tags of one kind are shown at a node.
pub const MAX_TAGS: usize = 4;

/// The label that marks the samples of the base in a comparison.
pub const BASE_LABEL: &str = "pprof::base";

const SIZE_LABEL: &str = "bytes";

/// How sizes are written.
#[derive(Clone, Copy, Debug)]
pub struct TagFormat<'a> {
    /// The unit of the `bytes` label.
    pub size_unit: &'a str,
    /// The unit to show.
    pub output_unit: &'a str,
}

/// A label at a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// What is shown.
    pub name: String,
    /// The unit of `size`; empty for text labels.
    pub unit: String,
    /// The first of the numbers that are shown by this name.
    pub size: i64,
    /// What the samples add up to.
    pub value: Value,
}

/// The labels at a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTags {
    /// One for each set of text labels.
    pub labels: Vec<Tag>,
    /// The sizes, by the set of text labels beside which they stand (empty: none).
    pub sizes: Vec<(String, Vec<Tag>)>,
}

impl NodeTags {
    /// How many of them belong to the node itself.
    pub fn flat_count(&self) -> usize {
        let sizes = self.sizes.iter().flat_map(|(_, tags)| tags);
        let all = self.labels.iter().chain(sizes);
        all.filter(|t| t.value.flat != 0).count()
    }
}

/// Sorts tags by magnitude, largest first; ties by name.
pub fn sort(tags: &mut [Tag], flat: bool) {
    tags.sort_by(|a, b| {
        let by = |t: &Tag| {
            let cum = if flat { 0 } else { t.value.cum };
            (cum.unsigned_abs(), t.value.flat.unsigned_abs())
        };
        by(b).cmp(&by(a)).then_with(|| a.name.cmp(&b.name))
    });
}

/// What a sample adds to the nodes that it runs through.
struct SampleTags {
    set: u32,
    /// By number of the name, with the size itself.
    sizes: Vec<(u32, i64)>,
}

/// The distinct sets of text labels and size names, by number; the empty set is number 0.
struct Names<'a> {
    profile: &'a Profile,
    format: &'a TagFormat<'a>,
    sets: Vec<String>,
    set_index: FxHashMap<String, u32>,
    sizes: Vec<String>,
    size_index: FxHashMap<String, u32>,
}

impl Names<'_> {
    fn of(&mut self, labels: &[Label]) -> Option<SampleTags> {
        let mut texts = Vec::new();
        let mut sizes = Vec::new();
        for label in labels {
            let key = self.profile.str(label.key);
            match label.value {
                LabelValue::Str(_) if key == BASE_LABEL => {}
                LabelValue::Str(text) => {
                    texts.push(format!("{key}:{}", self.profile.str(text)));
                }
                LabelValue::Num(n, _) if key == SIZE_LABEL => sizes.push(n),
                LabelValue::Num(..) => {}
            }
        }
        if texts.is_empty() && sizes.is_empty() {
            return None;
        }
        texts.sort();
        let set = texts.join("\\n");
        let next = self.sets.len() as u32;
        let set = *self.set_index.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            next
        });
        let sizes = sizes.into_iter().map(|n| {
            let name = scaled_label(n, self.format.size_unit, self.format.output_unit);
            let next = self.sizes.len() as u32;
            let name = *self.size_index.entry(name).or_insert_with_key(|name| {
                self.sizes.push(name.clone());
                next
            });
            (name, n)
        });
        let sizes = sizes.collect();
        Some(SampleTags { set, sizes })
    }
}

/// The place of a node that is not shown.
const HIDDEN: u32 = u32::MAX;

/// The place of a location that is several nodes.
const SEVERAL: u32 = HIDDEN - 1;

/// The tags of all shown nodes, in their order. Those with less than `cut` are left out.
pub fn collect(
    g: &Graph<'_>,
    measure: Measure,
    format: &TagFormat<'_>,
    tree: Option<&Tree>,
    cut: i64,
) -> Vec<NodeTags> {
    let profile = g.nodes.profile;
    let samples = &profile.samples;
    if !samples.has_labels() {
        return vec![NodeTags::default(); g.shown.len()];
    }
    let mut place: Vec<u32> = vec![HIDDEN; g.infos.len()];
    for (i, &n) in g.shown.iter().enumerate() {
        place[n as usize] = i as u32;
    }
    let place_of = |&n: &NodeIx| place[n as usize];
    // Most locations are one node, whose place is then found in one step.
    let location = |i| match g.nodes.of(LocationIx(i as u32)) {
        [node] => place_of(node),
        frames if frames.iter().all(|n| place_of(n) == HIDDEN) => HIDDEN,
        _ => SEVERAL,
    };
    let locations: Vec<u32> = match tree {
        Some(_) => Vec::new(),
        None => (0..profile.locations.len()).map(location).collect(),
    };
    let mut names = Names {
        profile,
        format,
        sets: vec![String::new()],
        set_index: [(String::new(), 0)].into_iter().collect(),
        sizes: Vec::new(),
        size_index: FxHashMap::default(),
    };
    // By node, set and size; a set itself has no size. The first number of each is kept with it.
    type Key = (u32, u32, Option<u32>);
    let mut index: FxHashMap<Key, usize> = FxHashMap::default();
    let mut sums: Vec<(Key, i64, Value)> = Vec::new();
    let mut stamps = vec![0u32; g.shown.len()];
    let mut path: Vec<NodeIx> = Vec::new();
    let mut places: Vec<u32> = Vec::new();
    for i in 0..samples.len() {
        let Some(weight) = measure.weight(samples, i) else {
            continue;
        };
        let Some(tags) = names.of(samples.labels(i)) else {
            continue;
        };
        let sizes = tags.sizes.iter().map(|&(size, n)| (Some(size), n));
        let mut keys: Vec<(Option<u32>, i64)> = sizes.collect();
        if tags.set != 0 {
            keys.push((None, 0));
        }
        places.clear();
        let leaf = match tree {
            Some(tree) => {
                tree.path(&g.nodes, i, &mut path);
                places.extend(path.iter().map(place_of));
                path.last().map(place_of)
            }
            None => {
                let stack = samples.stack(i);
                for &l in stack.iter().rev() {
                    match locations[l.ix()] {
                        HIDDEN => {}
                        SEVERAL => places.extend(g.nodes.of(l).iter().rev().map(place_of)),
                        place => places.push(place),
                    }
                }
                let leaf = stack.first().and_then(|&l| g.nodes.of(l).first());
                leaf.map(place_of)
            }
        };
        let mut add = |place: u32, add: fn(&mut Value, (i64, i64))| {
            for &(size, number) in &keys {
                let key = (place, tags.set, size);
                let at = *index.entry(key).or_insert_with(|| {
                    sums.push((key, number, Value::default()));
                    sums.len() - 1
                });
                add(&mut sums[at].2, weight);
            }
        };
        for &place in places.iter().filter(|&&place| place != HIDDEN) {
            let stamp = &mut stamps[place as usize];
            if *stamp != i as u32 + 1 {
                *stamp = i as u32 + 1;
                add(place, Value::add_cum);
            }
        }
        if let Some(leaf) = leaf.filter(|&leaf| leaf != HIDDEN) {
            add(leaf, Value::add_flat);
        }
    }

    let mut out = vec![NodeTags::default(); g.shown.len()];
    let big = |v: &Value| v.flat.wrapping_abs() >= cut || v.cum.wrapping_abs() >= cut;
    for ((place, set, size), number, value) in sums.into_iter().filter(|(_, _, v)| big(v)) {
        let tags = &mut out[place as usize];
        let set = &names.sets[set as usize];
        match size {
            None => tags.labels.push(Tag {
                name: set.clone(),
                value,
                ..Default::default()
            }),
            Some(size) => {
                let tag = Tag {
                    name: names.sizes[size as usize].clone(),
                    unit: format.size_unit.to_owned(),
                    size: number,
                    value,
                };
                match tags.sizes.iter_mut().find(|(s, _)| s == set) {
                    Some((_, sizes)) => sizes.push(tag),
                    None => tags.sizes.push((set.clone(), vec![tag])),
                }
            }
        }
    }
    out
}
