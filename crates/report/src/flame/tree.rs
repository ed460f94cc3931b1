//! The merged call tree: stacks that begin with the same functions share their nodes.
//!
//! The tree is made from the root down, by splitting the samples of a node among its children. Only
//! children that weigh enough are split further, so the work and the memory are those of the tree
//! that is wanted, not of all stacks. Frames are told apart by function name, as pprof's default
//! granularity does; inlined calls are frames like any other.

use profile::{LabelValue, LocationIx, Profile, StrId};

use super::frames::{Frame, Frames};
use crate::graph::tags::BASE_LABEL;

/// A tree of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The nodes; the first is the root, which stands for all samples. The children of a node come
    /// after it and follow each other, the heaviest first.
    pub nodes: Vec<Node>,
    /// What the nodes are.
    pub functions: Vec<Function>,
    /// Whether children were left out because they weigh too little.
    pub trimmed: bool,
}

/// A function as it was called by the chain of its parents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Index into [`Tree::functions`]; that of the root means nothing.
    pub function: u32,
    /// Index of the parent; the root is its own.
    pub parent: u32,
    /// Index of the first child; 0 if there is none.
    pub first_child: u32,
    /// How many children it has.
    pub children: u32,
    /// How many calls lie between it and the root.
    pub depth: u32,
    /// The sum of the samples' values.
    pub value: i64,
    /// The sum of the values of samples that end here.
    pub own: i64,
    /// The sum of the magnitudes of the values. That of a node is that of its children, of samples
    /// that end at it, and of children left out.
    pub weight: u64,
    /// In a comparison whose sides are known, the value in the base; 0 otherwise.
    pub before: i64,
    /// The line that all samples were at; 0 if they were at several, or if it is not known.
    pub line: i64,
    /// Whether it is inlined into its parent.
    pub inlined: Inlined,
}

/// Whether calls were inlined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inlined {
    /// None.
    #[default]
    Never,
    /// Some.
    Partly,
    /// All.
    Always,
}

/// A function by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name; for code that has none, the binary in brackets or the address.
    pub name: String,
    /// Its source file; empty if not known.
    pub file: String,
}

/// A sample on its way from the root to its leaf.
#[derive(Clone, Copy)]
struct Walker<'p> {
    /// The locations that are still ahead; the last one is next.
    ahead: &'p [LocationIx],
    /// The frame that it is at.
    frame: u32,
    value: i64,
    /// It is of the base of a comparison, where values are negated.
    base: bool,
}

/// A child in the making.
struct Group {
    function: u32,
    count: usize,
    /// Where its walkers go.
    at: usize,
    value: i64,
    weight: u64,
    before: i64,
    line: i64,
    inlined: Inlined,
}

impl Tree {
    /// The tree of one column of values, without children whose weight is below `least`.
    pub fn new(profile: &Profile, sample_index: usize, least: u64) -> Tree {
        let frames = Frames::new(profile);
        let base = base_label(profile);
        let is_base = |i: usize| {
            let labels = profile.samples.labels(i);
            base.is_some_and(|base| labels.iter().any(|l| (l.key, l.value) == base))
        };
        let walkers = (0..profile.samples.len()).filter_map(|i| {
            let value = *profile.samples.values(i).get(sample_index)?;
            (value != 0).then(|| Walker {
                ahead: profile.samples.stack(i),
                frame: u32::MAX,
                value,
                base: is_base(i),
            })
        });
        let mut builder = Builder {
            least: least.max(1),
            walkers: walkers.collect(),
            spare: Vec::new(),
            groups: Vec::new(),
            group_of: vec![u32::MAX; frames.functions.len()],
            member_of: Vec::new(),
            frames,
            tree: Tree::default(),
        };
        builder.build();
        builder.tree.functions = builder.frames.functions;
        builder.tree
    }

    /// Leaves the lightest nodes out until there are at most `most`.
    pub fn prune(&mut self, most: usize) {
        if self.nodes.len() <= most {
            return;
        }
        let mut weights: Vec<u64> = self.nodes.iter().map(|n| n.weight).collect();
        let (_, &mut cut, _) = weights.select_nth_unstable_by(most, |a, b| b.cmp(a));
        // A child is no heavier than its parent and than the children before it, so what stays is a
        // tree, and the children that stay are the first ones.
        let mut number = vec![u32::MAX; self.nodes.len()];
        let mut kept = 0;
        for (i, node) in self.nodes.iter().enumerate() {
            if node.weight > cut || i == 0 {
                number[i] = kept;
                kept += 1;
            }
        }
        let old = std::mem::take(&mut self.nodes);
        for (i, node) in old
            .iter()
            .enumerate()
            .filter(|(i, _)| number[*i] != u32::MAX)
        {
            let first = node.first_child as usize;
            let all = number
                .get(first..first + node.children as usize)
                .unwrap_or(&[]);
            let children = all.iter().take_while(|&&n| n != u32::MAX).count();
            debug_assert!(i == 0 || number[node.parent as usize] != u32::MAX);
            self.nodes.push(Node {
                parent: number[node.parent as usize],
                first_child: if children > 0 { all[0] } else { 0 },
                children: children as u32,
                ..node.clone()
            });
        }
        self.trimmed = true;
    }

    /// Whether the tree is of a comparison whose sides are known.
    pub fn has_sides(&self) -> bool {
        self.nodes.iter().any(|n| n.before != 0)
    }

    /// In such a comparison, makes the weight of what ends at a node the larger of its values on both
    /// sides, not their sum, so that what did not change is as wide as it is.
    pub fn weigh_sides(&mut self) {
        // Children come after their parents.
        for i in (0..self.nodes.len()).rev() {
            let node = &self.nodes[i];
            let after = |n: &Node| n.value.saturating_add(n.before);
            let mut rest = (node.before, after(node));
            let mut below = 0u64;
            for child in self.children(node) {
                rest.0 = rest.0.saturating_sub(child.before);
                rest.1 = rest.1.saturating_sub(after(child));
                below = below.saturating_add(child.weight);
            }
            let own = rest.0.unsigned_abs().max(rest.1.unsigned_abs());
            self.nodes[i].weight = below.saturating_add(own);
        }
    }

    /// The children of a node.
    pub fn children(&self, node: &Node) -> &[Node] {
        let first = node.first_child as usize;
        &self.nodes[first..first + node.children as usize]
    }
}

/// The label of the samples of a comparison's base.
fn base_label(profile: &Profile) -> Option<(StrId, LabelValue)> {
    let key = profile.strings.find(BASE_LABEL)?;
    Some((key, LabelValue::Str(profile.strings.find("true")?)))
}

impl Walker<'_> {
    /// What it is of the value in the base.
    fn before(&self) -> i64 {
        if self.base {
            self.value.saturating_neg()
        } else {
            0
        }
    }

    /// Goes on to the next frame; `None` if it has arrived.
    fn advance<'f>(&mut self, frames: &'f Frames) -> Option<&'f Frame> {
        let inside = frames
            .frames
            .get(self.frame as usize)
            .is_some_and(|f| !f.last);
        if inside {
            self.frame += 1;
        } else {
            let (location, ahead) = self.ahead.split_last()?;
            self.ahead = ahead;
            self.frame = frames.starts[location.ix()];
        }
        frames.frames.get(self.frame as usize)
    }
}

struct Builder<'p> {
    frames: Frames,
    least: u64,
    walkers: Vec<Walker<'p>>,
    spare: Vec<Walker<'p>>,
    groups: Vec<Group>,
    /// By function, the group of the node at hand.
    group_of: Vec<u32>,
    /// By walker, its group.
    member_of: Vec<u32>,
    tree: Tree,
}

impl Builder<'_> {
    fn build(&mut self) {
        let mut root = Node::default();
        for w in &self.walkers {
            root.value = root.value.saturating_add(w.value);
            root.weight = root.weight.saturating_add(w.value.unsigned_abs());
            root.before = root.before.saturating_add(w.before());
        }
        self.tree.nodes.push(root);
        let mut todo = vec![(0, 0, self.walkers.len())];
        while let Some((node, start, end)) = todo.pop() {
            self.split(node, start, end, &mut todo);
        }
    }

    /// Moves the walkers of a node one frame on and gives it the children that they are at then.
    fn split(
        &mut self,
        node: usize,
        start: usize,
        end: usize,
        todo: &mut Vec<(usize, usize, usize)>,
    ) {
        self.group(node, start, end);
        let kept_from = self.groups.len();
        self.groups.retain(|g| g.weight >= self.least);
        self.tree.trimmed |= self.groups.len() < kept_from;
        let functions = &self.frames.functions;
        self.groups.sort_by(|a, b| {
            let name = |g: &Group| &functions[g.function as usize].name;
            b.weight.cmp(&a.weight).then_with(|| name(a).cmp(name(b)))
        });
        // Walkers of children that are left out, or that have arrived, are not needed any more.
        let mut at = start;
        for (i, g) in self.groups.iter_mut().enumerate() {
            self.group_of[g.function as usize] = i as u32;
            g.at = at;
            at += g.count;
        }
        self.scatter(start, end);
        let first = self.tree.nodes.len();
        self.tree.nodes[node].first_child = if self.groups.is_empty() {
            0
        } else {
            first as u32
        };
        self.tree.nodes[node].children = self.groups.len() as u32;
        let depth = self.tree.nodes[node].depth + 1;
        for (i, g) in self.groups.drain(..).enumerate() {
            self.group_of[g.function as usize] = u32::MAX;
            self.tree.nodes.push(Node {
                function: g.function,
                parent: node as u32,
                depth,
                value: g.value,
                weight: g.weight,
                before: g.before,
                line: g.line,
                inlined: g.inlined,
                ..Node::default()
            });
            // After the loop `at` is where a group ends.
            todo.push((first + i, g.at - g.count, g.at));
        }
    }

    /// Finds out at which functions the walkers are next; `member_of` says which, or that it has none.
    fn group(&mut self, node: usize, start: usize, end: usize) {
        self.groups.clear();
        self.member_of.clear();
        for w in &mut self.walkers[start..end] {
            let Some(frame) = w.advance(&self.frames) else {
                let own = &mut self.tree.nodes[node].own;
                *own = own.saturating_add(w.value);
                self.member_of.push(u32::MAX);
                continue;
            };
            let slot = &mut self.group_of[frame.function as usize];
            let inlined = if frame.inlined {
                Inlined::Always
            } else {
                Inlined::Never
            };
            if *slot == u32::MAX {
                *slot = self.groups.len() as u32;
                self.groups.push(Group {
                    function: frame.function,
                    count: 0,
                    at: 0,
                    value: 0,
                    weight: 0,
                    before: 0,
                    line: frame.line,
                    inlined,
                });
            }
            self.member_of.push(frame.function);
            let g = &mut self.groups[*slot as usize];
            g.count += 1;
            g.value = g.value.saturating_add(w.value);
            g.weight = g.weight.saturating_add(w.value.unsigned_abs());
            g.before = g.before.saturating_add(w.before());
            if g.line != frame.line {
                g.line = 0;
            }
            if g.inlined != inlined {
                g.inlined = Inlined::Partly;
            }
        }
        for g in &self.groups {
            self.group_of[g.function as usize] = u32::MAX;
        }
    }

    /// Puts the walkers of each group side by side.
    fn scatter(&mut self, start: usize, end: usize) {
        if let [only] = &mut self.groups[..]
            && only.count == end - start
        {
            only.at = end;
            return;
        }
        self.spare.clear();
        self.spare.extend_from_slice(&self.walkers[start..end]);
        for (w, &function) in self.spare.iter().zip(&self.member_of) {
            let Some(&group) = self.group_of.get(function as usize) else {
                continue;
            };
            if let Some(g) = self.groups.get_mut(group as usize) {
                self.walkers[g.at] = *w;
                g.at += 1;
            }
        }
    }
}
