//! Where the items of each rank stand: apart from each other, and so that edges are short and
//! straight, heavy and long ones first.
//!
//! The horizontal distance of an edge's ends costs its weight. That makes a problem for the network
//! simplex ([`super::simplex`]): one more node for each link, to the left of both its ends.

use std::cmp::Reverse;

use super::Options;
use super::layered::{Item, Kind, Layered};
use super::simplex::{self, Arc};
use super::straight;

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The x of each item.
    pub x: Vec<f64>,
    /// Top and bottom of each rank.
    pub bands: Vec<(f64, f64)>,
}

/// How much further apart two ranks are for each unit that an edge between them runs sideways, and how
/// many times the gap at most.
const SLOPE: f64 = 0.06;
const WIDEST_GAP: f64 = 2.0;

/// Places the items in the order of their ranks.
pub(super) fn place(g: &Layered, rank_gap: f64, options: &Options) -> Places {
    let x = horizontal(g, options);
    let bands = vertical(g, rank_gap, &x);
    Places { x, bands }
}

fn vertical(g: &Layered, gap: f64, x: &[f64]) -> Vec<(f64, f64)> {
    let mut gaps = vec![gap; g.ranks.len()];
    for link in &g.links {
        let beyond = |v: usize, far: f64| match far > x[v] {
            true => (far - x[v] - g.items[v].right).max(0.0),
            false => (x[v] - far - g.items[v].left).max(0.0),
        };
        let sideways = beyond(link.from, x[link.to]).min(beyond(link.to, x[link.from]));
        let rank = g.items[link.from].rank;
        gaps[rank] = gaps[rank].max(gap + SLOPE * sideways).min(gap * WIDEST_GAP);
    }
    let mut y = 0.0;
    let mut bands = Vec::with_capacity(g.ranks.len());
    for (rank, gap) in g.ranks.iter().zip(gaps) {
        let height = rank.iter().map(|&v| g.items[v].height).fold(0.0, f64::max);
        bands.push((y, y + height));
        y += height + gap;
    }
    bands
}

/// The distance that two neighbours keep.
fn distance(a: &Item, b: &Item, options: &Options) -> i64 {
    let boxes = [a, b]
        .iter()
        .filter(|i| matches!(i.kind, Kind::Node(_)))
        .count();
    let gap = match boxes {
        2 => options.node_gap,
        1 => options.node_gap / 2.0,
        _ => options.lane / 2.0,
    };
    (a.right + gap + b.left).ceil() as i64
}

/// Bends in a long edge hurt more than a slanted end.
fn straightness(a: &Item, b: &Item) -> i64 {
    match [a, b]
        .iter()
        .filter(|i| matches!(i.kind, Kind::Node(_)))
        .count()
    {
        2 => 1,
        1 => 2,
        _ => 8,
    }
}

/// Looks at nodes that the search for the best coordinates may take.
const BUDGET: usize = 5_000_000;

/// Bends of an edge form columns of up to this many items; the result with long columns, which is found
/// soon, is where the search with shorter ones starts.
const COLUMNS: [usize; 4] = [8, 4, 2, 1];

fn horizontal(g: &Layered, options: &Options) -> Vec<f64> {
    let mut budget = BUDGET;
    let mut x = None;
    for longest in COLUMNS {
        if budget > 0 {
            x = Some(columns(g, longest, x.as_deref(), &mut budget, options));
        }
    }
    x.unwrap_or_default()
        .into_iter()
        .map(|x| x as f64)
        .collect()
}

/// Finds the best x for columns of up to `longest` items, beginning with what is best for longer ones.
fn columns(
    g: &Layered,
    longest: usize,
    known: Option<&[i64]>,
    budget: &mut usize,
    options: &Options,
) -> Vec<i64> {
    let (column, columns) = straight::columns(g, longest);
    let mut arcs: Vec<Arc> = Vec::with_capacity(g.items.len() + 2 * g.links.len());
    for rank in &g.ranks {
        for pair in rank.windows(2) {
            arcs.push(Arc {
                tail: column[pair[0]],
                head: column[pair[1]],
                length: distance(&g.items[pair[0]], &g.items[pair[1]], options),
                weight: 0,
            });
        }
    }
    // Columns that stand side by side for long are kept apart by the largest distance.
    arcs.sort_by_key(|a| (a.tail, a.head, Reverse(a.length)));
    arcs.dedup_by_key(|a| (a.tail, a.head));
    let mut start = match known {
        None => simplex::earliest(columns, &arcs).expect("columns do not cross"),
        Some(known) => {
            let mut start = vec![0; columns];
            for (&c, &x) in column.iter().zip(known) {
                start[c as usize] = x;
            }
            start
        }
    };
    for link in &g.links {
        let ends = [column[link.from], column[link.to]];
        if ends[0] == ends[1] {
            continue;
        }
        let weight = i64::from(link.weight) * straightness(&g.items[link.from], &g.items[link.to]);
        let tail = start.len() as u32;
        start.push(start[ends[0] as usize].min(start[ends[1] as usize]));
        arcs.extend(ends.map(|head| Arc {
            tail,
            head,
            length: 0,
            weight,
        }));
    }
    let at = simplex::solve(&arcs, &start, budget);
    column.iter().map(|&c| at[c as usize]).collect()
}
