//! The call graph as a picture: boxes for functions, arrows for calls.
//!
//! What it shows is what pprof's graph shows (`internal/graph/dotgraph.go`): a box's text is larger the
//! more it costs itself, its colour is stronger the more it costs with all its callees, and an arrow is
//! wider and stronger the more runs through it. `scene` says how large everything is, [`crate::layout`]
//! where it stands; `draw` writes it as SVG and `drawing` hands it to the painter of other formats.

mod draw;
mod drawing;
mod scene;

use crate::layout::{self, Options};

/// What to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallGraph {
    /// The title of the picture, as a rule the program's name.
    pub title: String,
    /// The lines of the box in the corner.
    pub legend: Vec<String>,
    /// Where the legend leads when clicked; empty for nowhere.
    pub legend_url: String,
    /// What shares are of.
    pub total: i64,
    /// The boxes, most important first.
    pub nodes: Vec<CallNode>,
    /// The arrows.
    pub edges: Vec<CallEdge>,
}

/// The box of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallNode {
    /// Its text: the name in parts, then the values.
    pub label_lines: Vec<String>,
    /// Shown while the pointer is over it; also what a search looks at.
    pub tooltip: String,
    /// Its own value.
    pub flat: i64,
    /// The value of it and everything that it calls.
    pub cum: i64,
    /// The boxes of its labels.
    pub nodelets: Vec<Nodelet>,
}

/// The box of a label below a function or below another label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodelet {
    /// Its text.
    pub label_lines: Vec<String>,
    /// The value of the samples that carry it, as shown.
    pub weight: String,
    /// The value includes that of callees which are not shown.
    pub dotted: bool,
    /// Boxes below this one.
    pub nodelets: Vec<Nodelet>,
}

/// The arrow of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallEdge {
    /// The caller, by index.
    pub from: usize,
    /// The callee, by index.
    pub to: usize,
    /// The value of the samples that run along it.
    pub weight: i64,
    /// That value as shown.
    pub label: String,
    /// The callee is inlined into the caller.
    pub inline: bool,
    /// There are functions between the two that are not shown.
    pub residual: bool,
    /// Shown while the pointer is over it.
    pub tooltip: String,
}

impl CallGraph {
    /// The picture.
    pub fn svg(&self) -> String {
        self.draw(false)
    }

    /// The picture as a part of an HTML page: its style is its own.
    pub fn embedded_svg(&self) -> String {
        self.draw(true)
    }

    fn draw(&self, embedded: bool) -> String {
        let scene = scene::Scene::new(self);
        let layout = layout::layout(&scene.graph, &Options::default());
        scene.draw(&layout, embedded)
    }

    /// The same for other formats.
    pub fn drawing(&self) -> paint::Drawing {
        let scene = scene::Scene::new(self);
        let layout = layout::layout(&scene.graph, &Options::default());
        scene.drawing(&layout)
    }
}
