//! The weighted call graph of a profile: nodes with flat and cumulative values, edges between them.
//!
//! A report needs few of the nodes and often none of the edges, so the work is cut in three: number
//! the nodes ([`nodes`]), add up their values in one pass over the samples ([`weigh`]), and only for
//! the nodes that are shown make edges ([`edges`]). "Once a sample" is kept by a stamp on each node
//! and edge, the number of the sample that touched it last. [`trim`] puts the three together by
//! pprof's rules; [`tree`] is the variant in which every path has nodes of its own.

pub mod edges;
mod gosort;
pub mod nodes;
pub mod order;
pub mod tags;
pub mod tree;
pub mod trim;
pub mod weigh;

pub use edges::{Edge, Edges};
pub use nodes::{Naming, NodeInfo, NodeIx, Nodes};
pub use trim::{Graph, Limits, Wanted};
pub use weigh::{Measure, Value};
