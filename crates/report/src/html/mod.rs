//! `-html`: one file with flame graph, table, call graph, callers and callees, and source.
//!
//! The file needs nothing else: no other file, no network, no server. What the profile says is data
//! in it (`data`), never markup: `page.js` puts it on the page as text, and the pictures are the SVG
//! of the views of their own. Its size has bounds, however large the profile is; what is cut is said.

mod data;

use profile::{Granularity, aggregate};

use crate::callgraph::CallGraph;
use crate::error::Error;
use crate::flame;
use crate::list::{Function, Listing};
use crate::options::Options;
use crate::pipeline::divide_all;
use crate::report::Report;
use crate::source::Finder;
use crate::svg::put;
use crate::svg::xml::Escaped;
use crate::top::Top;
use crate::tree::Tree;
use crate::view::View;

/// Most functions in the table.
const MOST_ROWS: usize = 1000;
/// Most functions with their callers and callees, and most of each.
const MOST_PEEKED: usize = 400;
const MOST_CALLS: usize = 25;
/// Most functions with their source, and most lines of all of them.
const MOST_LISTED: usize = 150;
const MOST_LINES: usize = 12_000;

/// The parts of the page.
#[derive(Clone, Debug)]
pub struct Html {
    title: String,
    /// What the profile says about itself.
    about: Vec<String>,
    flame: String,
    graph: String,
    top: Top,
    tree: Tree,
    source: Option<Listing>,
    signed: bool,
}

impl Html {
    /// All parts, from a report whose profile is as fine as can be.
    pub fn new(report: &Report, finder: &mut Finder<'_>) -> Result<Self, Error> {
        let fine = flame::Options {
            embedded: true,
            ..flame::Options::of(report)
        };
        let mut report = report.clone();
        let flame = match report.options.divide_by {
            1.0 => flame::render(&report.profile, &fine),
            by => {
                let mut divided = report.profile.clone();
                divide_all(&mut divided, 1.0 / by);
                flame::render(&divided, &fine)
            }
        };
        let asked = report.options.clone();
        let coarser = |report: &mut Report, view: &View, to: Granularity| {
            report.options = Options {
                granularity: asked.granularity.or(Some(to)),
                ..asked.clone()
            };
            view.override_options(&mut report.options);
            let to = asked.granularity.unwrap_or(to);
            let (noinlines, columns) = (asked.noinlines, asked.showcolumns);
            aggregate(&mut report.profile, to, noinlines, columns);
        };
        // From fine to coarse, because what is blanked is gone. A granularity that the user chose
        // has been applied already.
        let mut source = None;
        let lines = matches!(
            asked.granularity,
            None | Some(Granularity::Lines | Granularity::Addresses)
        );
        if lines {
            let everything = View::List(String::new());
            coarser(&mut report, &everything, Granularity::Lines);
            let listed = heaviest(&report, MOST_LISTED);
            let matches = |name: &str| listed.iter().any(|l| l == name);
            source = Listing::new(&report, "", &matches, finder)
                .ok()
                .map(|mut all| {
                    // What can be read comes first.
                    let place = |f: &Function| {
                        let missing = f.files.iter().all(|file| file.lines.is_err());
                        (missing, listed.iter().position(|l| *l == f.name))
                    };
                    all.functions.sort_by_key(place);
                    bounded(all)
                });
        }
        let everything = View::Peek(String::new());
        coarser(&mut report, &everything, Granularity::Functions);
        let mut top = Top::new(&report);
        top.rows.truncate(MOST_ROWS);
        let mut wanted = heaviest(&report, MOST_PEEKED);
        wanted.sort_unstable();
        let wanted = |name: &str| wanted.binary_search_by(|w| w.as_str().cmp(name)).is_ok();
        let tree = Tree::peek(&report, "", &wanted).unwrap_or_else(|_| Tree {
            header: top.header.clone(),
            format: top.format.clone(),
            nodes: Vec::new(),
        });
        coarser(&mut report, &View::Svg, Granularity::Functions);
        let graph = CallGraph::new(&report).picture().embedded_svg();

        let description = report.description();
        let mut about = description.lines(&report.format());
        about.extend(report.options.active_filters());
        let signed = |v: i64| v < 0;
        Ok(Html {
            title: report.title(),
            about,
            signed: top.rows.iter().any(|r| signed(r.flat) || signed(r.cum)),
            flame,
            graph,
            top,
            tree,
            source,
        })
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut out = String::new();
        put!(
            &mut out,
            "{}<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
            include_str!("head.html"),
            Escaped(&self.title),
            include_str!("page.css"),
        );
        let about = self.about.join("\n");
        put!(
            &mut out,
            "<header>\n<h1>{}</h1>\n<details><summary>about this profile</summary><pre>{}</pre></details>\n",
            Escaped(&self.title),
            Escaped(&about),
        );
        out.push_str(include_str!("page.html"));
        put!(
            &mut out,
            "<section id=\"pane-flame\" class=\"pane\" role=\"tabpanel\" aria-labelledby=\"tab-flame\">{}</section>\n",
            self.flame
        );
        put!(
            &mut out,
            "<section id=\"pane-graph\" class=\"pane\" role=\"tabpanel\" aria-labelledby=\"tab-graph\" hidden>{}</section>\n",
            self.graph
        );
        put!(
            &mut out,
            "</main>\n<script type=\"application/json\" id=\"data\">{}</script>\n\
             <script>\n{}</script>\n</body>\n</html>\n",
            data::json(self),
            include_str!("page.js"),
        );
        out
    }
}

/// The names of the functions that cost most, by what they cost themselves and with their callees in
/// turn.
fn heaviest(report: &Report, most: usize) -> Vec<String> {
    let all = report.listing();
    let g = &all.graph;
    let mut flat: Vec<(u64, u64, &str)> = Vec::new();
    let mut by_name: std::collections::BTreeMap<&str, (u64, u64)> = Default::default();
    for &n in &g.shown {
        let sums = by_name
            .entry(g.nodes.function(&g.infos[n as usize]))
            .or_default();
        let value = g.value(n);
        sums.0 = sums.0.saturating_add(value.flat_value().unsigned_abs());
        sums.1 = sums.1.saturating_add(value.cum_value().unsigned_abs());
    }
    flat.extend(by_name.iter().map(|(name, sums)| (sums.0, sums.1, *name)));
    let mut cum = flat.clone();
    flat.sort_by_key(|&(flat, cum, name)| (std::cmp::Reverse((flat, cum)), name));
    cum.sort_by_key(|&(flat, cum, name)| (std::cmp::Reverse((cum, flat)), name));
    let mut seen = std::collections::BTreeSet::new();
    let turns = flat.iter().zip(&cum).flat_map(|(a, b)| [a.2, b.2]);
    turns
        .filter(|name| seen.insert(*name))
        .take(most)
        .map(str::to_owned)
        .collect()
}

/// The first functions of a listing, as many as there may be lines.
fn bounded(mut listing: Listing) -> Listing {
    let mut room = MOST_LINES;
    listing.functions.retain_mut(|function| {
        for file in &mut function.files {
            if let Ok(lines) = &mut file.lines {
                lines.truncate(room);
                room -= lines.len();
            }
        }
        room > 0
    });
    listing
}
