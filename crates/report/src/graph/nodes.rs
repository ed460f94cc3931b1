//! The nodes of a report: what tells two of them apart, and which ones a location stands for.
//!
//! Mirrors `CreateNodes` and `NodeInfo` of pprof's `internal/graph`, with ids instead of maps.

use std::borrow::Cow;

use profile::{LocationIx, Profile, StrId, StringTable};
use rustc_hash::FxHashMap;

use crate::paths;

/// Index of a node.
pub type NodeIx = u32;

/// What a node is; nodes that agree in all of it are one. Names and files are ids in the tables of
/// the profile and of the [`Nodes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeInfo {
    /// The function's name.
    pub name: StrId,
    /// The address; 0 unless addresses are told apart.
    pub address: u64,
    /// The source file, in [`Nodes::files`].
    pub file: StrId,
    /// The line; 0 unless lines are told apart.
    pub line: i64,
    /// The column; 0 unless columns are told apart.
    pub column: i64,
    /// First line of the function, where listings need it.
    pub start_line: i64,
    /// The object file, where it is needed to tell nodes apart.
    pub object: StrId,
}

/// Where a node is, in words. What is not told apart is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The function.
    pub function: String,
    /// The source file.
    pub file: String,
    /// The line.
    pub line: i64,
    /// The column.
    pub column: i64,
    /// The address.
    pub address: u64,
}

/// How nodes are named and told apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming<'a> {
    /// Equal functions of different object files or first lines are different nodes.
    pub objects: bool,
    /// Functions without a name are told apart like that too, as in pprof: of `-files`, which hides
    /// the names, each function is then a node.
    pub exact: bool,
    /// The two lists for [`paths::trim`]; `None` leaves source paths as they are.
    pub trim: Option<(&'a str, &'a str)>,
}

/// All nodes that the locations of a profile stand for.
#[derive(Clone, Debug)]
pub struct Nodes<'p> {
    /// The profile they are of.
    pub profile: &'p Profile,
    /// Every node.
    pub infos: Vec<NodeInfo>,
    /// The cleaned names of source files.
    pub files: StringTable,
    /// End of each location's entries in `of_location`.
    ends: Vec<u32>,
    /// The nodes of each location, innermost first.
    of_location: Vec<NodeIx>,
}

impl<'p> Nodes<'p> {
    /// The nodes of a profile whose granularity is already the one wanted.
    pub fn new(profile: &'p Profile, naming: &Naming<'_>) -> Self {
        let mut nodes = Nodes {
            profile,
            infos: Vec::new(),
            files: StringTable::default(),
            ends: Vec::with_capacity(profile.locations.len()),
            of_location: Vec::with_capacity(profile.lines.len()),
        };
        let mut index: FxHashMap<NodeInfo, NodeIx> = FxHashMap::default();
        let mut files: FxHashMap<StrId, StrId> = FxHashMap::default();
        for (i, location) in profile.locations.iter().enumerate() {
            let object = match location.mapping {
                Some(m) => profile.mappings[m.ix()].file,
                None => StrId::EMPTY,
            };
            let unknown = NodeInfo {
                address: location.address,
                object,
                ..Default::default()
            };
            let lines = profile.lines(LocationIx(i as u32));
            let infos = lines.iter().map(|line| {
                let Some(function) = line.function.map(|f| profile.function(f)) else {
                    return unknown;
                };
                let file = *files.entry(function.filename).or_insert_with(|| {
                    let path = profile.str(function.filename);
                    let path = match naming.trim {
                        Some((trim, search)) => paths::trim(path, trim, search),
                        None => path,
                    };
                    match path {
                        "" => StrId::EMPTY,
                        path => nodes.files.intern(&paths::clean(path)),
                    }
                });
                // Without a name, the object file is what is left to show, unless there is a file.
                let anonymous = function.name.is_empty() && file.is_empty();
                let apart = naming.objects || naming.exact && function.name.is_empty();
                NodeInfo {
                    name: function.name,
                    address: location.address,
                    file,
                    line: line.line,
                    column: line.column,
                    start_line: if apart { function.start_line } else { 0 },
                    object: if apart || anonymous {
                        object
                    } else {
                        StrId::EMPTY
                    },
                }
            });
            let nothing = lines.is_empty().then_some(unknown);
            for info in infos.chain(nothing) {
                let next = nodes.infos.len() as NodeIx;
                let node = *index.entry(info).or_insert(next);
                if node == next {
                    nodes.infos.push(info);
                }
                nodes.of_location.push(node);
            }
            nodes.ends.push(nodes.of_location.len() as u32);
        }
        nodes
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.infos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// The nodes of a location, innermost first; never empty.
    pub fn of(&self, location: LocationIx) -> &[NodeIx] {
        let i = location.ix();
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.of_location[start as usize..self.ends[i] as usize]
    }

    /// The node's function name.
    pub fn function(&self, node: &NodeInfo) -> &'p str {
        self.profile.str(node.name)
    }

    /// The node's file.
    pub fn file(&self, node: &NodeInfo) -> &str {
        self.files.get(node.file)
    }

    /// Where the node is.
    pub fn place(&self, node: &NodeInfo) -> Place {
        Place {
            function: self.function(node).to_owned(),
            file: self.file(node).to_owned(),
            line: node.line,
            column: node.column,
            address: node.address,
        }
    }

    /// What people read as the node's name: address, function, file and line as far as they are
    /// known and told apart.
    pub fn printable(&self, node: &NodeInfo) -> Cow<'p, str> {
        let name = self.function(node);
        if node.address == 0 && node.line == 0 && node.file.is_empty() && !name.is_empty() {
            return Cow::Borrowed(name);
        }
        let object = self.profile.str(node.object);
        components(node, name, self.file(node), object)
            .join(" ")
            .into()
    }
}

/// The parts of a printable name.
pub fn components(node: &NodeInfo, name: &str, file: &str, object: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if node.address != 0 {
        parts.push(format!("{:016x}", node.address));
    }
    if !name.is_empty() {
        parts.push(name.to_owned());
    }
    if node.line != 0 {
        let column = match node.column {
            0 => String::new(),
            column => format!(":{column}"),
        };
        parts.push(format!("{file}:{}{column}", node.line));
    } else if !file.is_empty() {
        parts.push(file.to_owned());
    } else if !name.is_empty() {
        // The name is already there and says enough.
    } else if !object.is_empty() {
        parts.push(format!("[{}]", paths::base(object)));
    } else {
        parts.push("<unknown>".to_owned());
    }
    parts
}
