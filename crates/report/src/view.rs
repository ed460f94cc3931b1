//! The views by name, and how each of them overrides the options.
//!
//! Mirrors `pprofCommands` and `applyCommandOverrides` of pprof's `internal/driver`.

use crate::options::{Granularity, Options};

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The heaviest nodes.
    Top,
    /// Nodes with their callers and callees.
    Tree,
    /// The same for nodes whose name matches.
    Peek(String),
    /// The source of functions whose name matches, with values beside the lines.
    List(String),
    /// The code of functions whose name or address matches, with values beside the instructions.
    Disasm(String),
    /// Source and code of functions whose name or address matches, as a web page.
    Weblist(String),
    /// Every sample.
    Traces,
    /// Everything, as text.
    Raw,
    /// The profile itself.
    Proto,
    /// The heaviest nodes, as a profile.
    TopProto,
    /// The labels.
    Tags,
    /// The comments.
    Comments,
    /// The call graph for Graphviz.
    Dot,
    /// The call graph as a picture.
    Svg,
    /// The call graph as a picture in another format.
    Image(Image),
    /// Every address and its calls, for KCachegrind.
    Callgrind,
    /// The call graph in a web browser.
    Web,
    /// The call graph in Eye of GNOME.
    Eog,
    /// The call graph in Evince.
    Evince,
    /// The call graph in gv.
    Gv,
    /// The addresses and calls in KCachegrind.
    Kcachegrind,
    /// The flame graph as a picture.
    Flame,
    /// Flame graph, table, call graph and source in one page.
    Html,
    /// Folded stacks.
    Folded,
    /// A file for speedscope.
    Speedscope,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// Pixels.
    Png,
    /// Pixels of few colours.
    Gif,
    /// A page.
    Pdf,
    /// A page for printers.
    Ps,
}

/// A view by name.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The name, as in flags.
    pub name: &'static str,
    /// What it shows, in one line.
    pub help: &'static str,
    /// Makes the view.
    pub make: Make,
    /// The ending of files with it, if it is not text for a terminal.
    pub file: Option<&'static str>,
    /// The programs to show it with, if it is not for files in the first place.
    pub viewer: Option<Viewer>,
}

/// The programs that can show a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Web browsers.
    Browser,
    /// This one; arguments are after spaces.
    Program(&'static str),
}

/// How a view is made from its argument.
#[derive(Clone, Debug)]
pub enum Make {
    /// It has none.
    Plain(View),
    /// A regular expression.
    Matching(fn(String) -> View),
}

const fn plain(name: &'static str, help: &'static str, view: View) -> Kind {
    Kind {
        name,
        help,
        make: Make::Plain(view),
        file: None,
        viewer: None,
    }
}

const fn matching(name: &'static str, help: &'static str, make: fn(String) -> View) -> Kind {
    Kind {
        name,
        help,
        make: Make::Matching(make),
        file: None,
        viewer: None,
    }
}

const fn file(name: &'static str, help: &'static str, view: View, ending: &'static str) -> Kind {
    Kind {
        name,
        help,
        make: Make::Plain(view),
        file: Some(ending),
        viewer: None,
    }
}

const fn viewed(
    name: &'static str,
    help: &'static str,
    view: View,
    ending: &'static str,
    viewer: Viewer,
) -> Kind {
    Kind {
        name,
        help,
        make: Make::Plain(view),
        file: Some(ending),
        viewer: Some(viewer),
    }
}

/// Every view.
pub const KINDS: &[Kind] = &[
    plain("top", "Outputs top entries in text form", View::Top),
    plain("text", "Outputs top entries in text form", View::Top),
    plain("tree", "Outputs a text rendering of call graph", View::Tree),
    matching(
        "peek",
        "Output callers/callees of functions matching regexp",
        View::Peek,
    ),
    matching(
        "list",
        "Output annotated source for functions matching regexp",
        View::List,
    ),
    matching(
        "disasm",
        "Output assembly listings annotated with samples",
        View::Disasm,
    ),
    Kind {
        name: "weblist",
        help: "Display annotated source in a web browser",
        make: Make::Matching(View::Weblist),
        file: Some("html"),
        viewer: Some(Viewer::Browser),
    },
    plain(
        "traces",
        "Outputs all profile samples in text form",
        View::Traces,
    ),
    plain("tags", "Outputs all tags in the profile", View::Tags),
    plain("comments", "Output all profile comments", View::Comments),
    plain(
        "raw",
        "Outputs a text representation of the raw profile",
        View::Raw,
    ),
    plain("dot", "Outputs a graph in DOT format", View::Dot),
    plain("folded", "Outputs folded stacks, one a line", View::Folded),
    file("svg", "Outputs a graph in SVG format", View::Svg, "svg"),
    file(
        "png",
        "Outputs a graph image in PNG format",
        View::Image(Image::Png),
        "png",
    ),
    file(
        "gif",
        "Outputs a graph image in GIF format",
        View::Image(Image::Gif),
        "gif",
    ),
    file(
        "pdf",
        "Outputs a graph in PDF format",
        View::Image(Image::Pdf),
        "pdf",
    ),
    file(
        "ps",
        "Outputs a graph in PS format",
        View::Image(Image::Ps),
        "ps",
    ),
    viewed(
        "web",
        "Visualize graph through web browser",
        View::Web,
        "svg",
        Viewer::Browser,
    ),
    viewed(
        "eog",
        "Visualize graph through eog",
        View::Eog,
        "svg",
        Viewer::Program("eog"),
    ),
    viewed(
        "evince",
        "Visualize graph through evince",
        View::Evince,
        "pdf",
        Viewer::Program("evince"),
    ),
    viewed(
        "gv",
        "Visualize graph through gv",
        View::Gv,
        "ps",
        Viewer::Program("gv --noantialias"),
    ),
    file(
        "callgrind",
        "Outputs a graph in callgrind format",
        View::Callgrind,
        "callgraph.out",
    ),
    viewed(
        "kcachegrind",
        "Visualize report in KCachegrind",
        View::Kcachegrind,
        "grind",
        Viewer::Program("kcachegrind"),
    ),
    file(
        "flame",
        "Outputs a flame graph in SVG format",
        View::Flame,
        "svg",
    ),
    file(
        "html",
        "Outputs a page with all views that needs nothing else",
        View::Html,
        "html",
    ),
    file(
        "speedscope",
        "Outputs a file for speedscope",
        View::Speedscope,
        "speedscope.json",
    ),
    file(
        "proto",
        "Outputs the profile in compressed protobuf format",
        View::Proto,
        "pb.gz",
    ),
    file(
        "topproto",
        "Outputs top entries in compressed protobuf format",
        View::TopProto,
        "pb.gz",
    ),
];

impl View {
    /// The row of the table that the view is made by.
    pub fn kind(&self) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| match &kind.make {
            Make::Plain(plain) => plain == self,
            Make::Matching(make) => self.pattern().is_some_and(|p| make(p.to_owned()) == *self),
        })
    }

    /// The regular expression that picks what to show, if the view has one.
    pub fn pattern(&self) -> Option<&str> {
        match self {
            View::Peek(pattern)
            | View::List(pattern)
            | View::Disasm(pattern)
            | View::Weblist(pattern) => Some(pattern),
            _ => None,
        }
    }

    /// Changes the options as the view needs it. Views that pick something do not trim, because what
    /// is picked may be small.
    pub fn override_options(&self, options: &mut Options) {
        let mut trim = options.trim;
        match self {
            View::Peek(_) => trim = false,
            View::List(_) => {
                trim = false;
                options.granularity = Some(Granularity::Lines);
            }
            // One node an address: with the inlined frames there would be several.
            View::Disasm(_) => {
                trim = false;
                options.granularity = Some(Granularity::Addresses);
                options.noinlines = true;
            }
            View::Weblist(_) => {
                trim = false;
                options.granularity = Some(Granularity::Addresses);
                options.noinlines = false;
            }
            View::Proto | View::Raw | View::Callgrind | View::Kcachegrind => {
                trim = false;
                options.granularity = Some(Granularity::Addresses);
            }
            View::Folded => trim = false,
            // Each part of the page has options of its own.
            View::Html => return,
            View::Flame | View::Speedscope => {
                trim = false;
                // They tell functions apart themselves and show where they are.
                options.granularity = options.granularity.or(Some(Granularity::Addresses));
            }
            View::Top | View::TopProto if options.nodecount == -1 => options.nodecount = 0,
            _ if options.nodecount == -1 => options.nodecount = 80,
            _ => {}
        }
        if !trim {
            options.nodecount = 0;
            options.nodefraction = 0.0;
            options.edgefraction = 0.0;
        }
    }
}
