//! The graph cut into ranks: an edge that spans several ranks becomes a chain of items, one on each
//! rank between, so that every link joins neighbouring ranks and every label has a place of its own.

use super::{Edge, Options, Size};

/// What takes up room on a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A box.
    Node(usize),
    /// An edge passing by.
    Bend,
    /// An edge passing by, with its label to the right of it.
    Label,
}

/// How much wider a rank may become for a label to stand half a rank nearer to the middle of its edge.
const OFF_MIDDLE: f64 = 15.0;

/// Something on a rank. It reaches from `x - left` to `x + right`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub kind: Kind,
    pub rank: usize,
    pub left: f64,
    pub right: f64,
    pub height: f64,
}

/// An edge between neighbouring ranks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub weight: u32,
}

/// The graph by ranks.
#[derive(Debug, Default)]
pub(super) struct Layered {
    pub items: Vec<Item>,
    pub links: Vec<Link>,
    /// For each edge its items from top to bottom; empty for self loops.
    pub chains: Vec<Vec<usize>>,
    /// The items of each rank from left to right.
    pub ranks: Vec<Vec<usize>>,
}

/// Builds it. `sizes` are those of the boxes, with what hangs on their right side beside them.
pub(super) fn build(
    boxes: &[Size],
    beside: &[f64],
    edges: &[&Edge],
    ranks: &[usize],
    options: &Options,
) -> Layered {
    let mut g = Layered {
        ranks: vec![Vec::new(); ranks.iter().max().map_or(0, |r| r + 1)],
        ..Layered::default()
    };
    for (v, size) in boxes.iter().enumerate() {
        g.push(Item {
            kind: Kind::Node(v),
            rank: ranks[v],
            left: size.width / 2.0,
            right: size.width / 2.0 + beside[v],
            height: size.height,
        });
    }
    let places = label_places(edges, ranks);
    for (e, edge) in edges.iter().enumerate() {
        let (mut top, mut bottom) = (edge.from, edge.to);
        if ranks[top] > ranks[bottom] {
            std::mem::swap(&mut top, &mut bottom);
        }
        if top == bottom {
            g.chains.push(Vec::new());
            continue;
        }
        let mut chain = vec![top];
        for rank in ranks[top] + 1..ranks[bottom] {
            let label = edge.label.filter(|_| places[e] == Some(rank));
            let item = g.push(Item {
                kind: if label.is_some() {
                    Kind::Label
                } else {
                    Kind::Bend
                },
                rank,
                left: options.lane / 2.0,
                right: label.map_or(options.lane / 2.0, |l| options.label_gap + l.width),
                height: label.map_or(0.0, |l| l.height),
            });
            chain.push(item);
        }
        chain.push(bottom);
        g.links.extend(chain.windows(2).map(|pair| Link {
            from: pair[0],
            to: pair[1],
            weight: edge.weight,
        }));
        g.chains.push(chain);
    }
    g
}

impl Layered {
    fn push(&mut self, item: Item) -> usize {
        let ix = self.items.len();
        self.ranks[item.rank].push(ix);
        self.items.push(item);
        ix
    }
}

/// The rank of each edge's label: a rank without boxes on the edge's way, the emptiest one so that no
/// rank becomes wide. Edges with little choice choose first.
fn label_places(edges: &[&Edge], ranks: &[usize]) -> Vec<Option<usize>> {
    let mut width = vec![0.0; ranks.iter().max().map_or(0, |r| r + 1)];
    let span = |e: &Edge| ranks[e.from].abs_diff(ranks[e.to]);
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|&e| (span(edges[e]), e));
    let mut places = vec![None; edges.len()];
    for e in order {
        let edge = edges[e];
        let Some(label) = edge.label else { continue };
        let (low, high) = (
            ranks[edge.from].min(ranks[edge.to]),
            ranks[edge.from].max(ranks[edge.to]),
        );
        let off = |r: usize| width[r] + OFF_MIDDLE * (2 * r).abs_diff(low + high) as f64;
        let best = (low + 1..high)
            .filter(|r| r % 2 == 1)
            .min_by(|&a, &b| f64::total_cmp(&off(a), &off(b)));
        if let Some(rank) = best {
            width[rank] += label.width;
            places[e] = Some(rank);
        }
    }
    places
}
