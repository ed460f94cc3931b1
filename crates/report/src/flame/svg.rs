//! The drawing of a flame graph: what there is to see without scripts, and what scripts start from.

use super::palette::{self, Color};
use super::tree::{Function, Inlined, Node, Tree};
use super::wording;
use super::{both_sides, data, signed_label};
use crate::measure::{label, percentage};
use crate::svg::font;
use crate::svg::put;
use crate::svg::xml::{Escaped, Short};

/// The height of a row of boxes.
const ROW: f64 = 18.0;
const FONT: f64 = 12.0;
/// From the top of a row to the baseline of its text.
const BASELINE: f64 = 13.0;
/// From the side of a box to its text.
const INSET: f64 = 4.0;
/// Around the picture.
const MARGIN: f64 = 10.0;
/// The most boxes that are drawn without being zoomed at.
const MOST_BOXES: usize = 5000;

/// A flame graph, ready to be drawn.
pub(super) struct Picture<'a> {
    pub title: String,
    pub lines: Vec<String>,
    pub unit: String,
    pub total: i64,
    /// Values have signs: the picture is of a comparison.
    pub signed: bool,
    /// It is known what was before and what after.
    pub sides: bool,
    pub upwards: bool,
    pub embedded: bool,
    pub min_share: f64,
    pub width: f64,
    pub tree: &'a Tree,
}

/// A box that is drawn.
struct Placed {
    node: usize,
    x: f64,
    width: f64,
}

impl Picture<'_> {
    pub fn draw(&self) -> String {
        let boxes = self.place();
        let deepest = boxes
            .iter()
            .map(|b| self.tree.nodes[b.node].depth)
            .max()
            .unwrap_or(0);
        let rows = f64::from(deepest + 1);
        // On a page the title stands above already.
        let above = if self.embedded { 14.0 } else { 38.0 };
        let top = above + 17.0 * self.lines.len() as f64;
        let height = top + rows * ROW + 30.0;
        let mut out = String::new();
        put!(
            &mut out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" font-family=\"{font}\" font-size=\"{FONT}\"{part}>\n<title>{title}</title>\n",
            w = Short(self.width),
            h = Short(height),
            font = font::FAMILY,
            title = Escaped(&self.title),
            part = if self.embedded {
                " class=\"flame-graph\""
            } else {
                ""
            },
        );
        self.style(&mut out);
        out.push_str("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
        if !self.embedded {
            put!(
                &mut out,
                "<text class=\"ink\" x=\"{MARGIN}\" y=\"25\" font-size=\"17\" font-weight=\"bold\">{}</text>\n",
                Escaped(&fitted(&self.title, 19.0, self.width - 2.0 * MARGIN)),
            );
        }
        for (i, line) in self.lines.iter().enumerate() {
            put!(
                &mut out,
                "<text class=\"ink\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n",
                above as usize + 6 + 17 * i,
                Escaped(&fitted(line, FONT, self.width - 2.0 * MARGIN)),
            );
        }
        put!(&mut out, "<g id=\"flames\" data-top=\"{}\">\n", Short(top));
        self.boxes(&mut out, &boxes, top, deepest);
        put!(
            &mut out,
            "</g>\n<text class=\"ink key\" x=\"{MARGIN}\" y=\"{}\" font-size=\"11\">{}</text>\n",
            Short(height - 10.0),
            Escaped(&self.key())
        );
        put!(
            &mut out,
            "<script type=\"application/json\">{}</script>\n<script><![CDATA[\n{}]]></script>\n</svg>\n",
            data::json(self),
            include_str!("flame.js"),
        );
        out
    }

    /// Where the boxes are that are wide enough, by rows from the root.
    fn place(&self) -> Vec<Placed> {
        let tree = self.tree;
        let Some(root) = tree.nodes.first() else {
            return Vec::new();
        };
        let all = root.weight.max(1) as f64;
        let room = self.width - 2.0 * MARGIN;
        let mut least = ((all * self.min_share) as u64).max(1);
        if tree.nodes.len() > MOST_BOXES {
            let mut weights: Vec<u64> = tree.nodes.iter().map(|n| n.weight).collect();
            let (_, &mut cut, _) = weights.select_nth_unstable_by(MOST_BOXES, |a, b| b.cmp(a));
            least = least.max(cut.saturating_add(1));
        }
        let mut boxes = vec![Placed {
            node: 0,
            x: MARGIN,
            width: room,
        }];
        let mut next = 0;
        while let Some(&Placed { node, mut x, .. }) = boxes.get(next) {
            next += 1;
            let first = tree.nodes[node].first_child as usize;
            for (i, child) in tree.children(&tree.nodes[node]).iter().enumerate() {
                let width = child.weight as f64 / all * room;
                if child.weight >= least {
                    boxes.push(Placed {
                        node: first + i,
                        x,
                        width,
                    });
                }
                x += width;
            }
        }
        boxes
    }

    fn boxes(&self, out: &mut String, boxes: &[Placed], top: f64, deepest: u32) {
        let mut dashes = String::new();
        let mut row = None;
        for placed in boxes {
            let node = &self.tree.nodes[placed.node];
            let down = if self.upwards {
                deepest - node.depth
            } else {
                node.depth
            };
            let y = top + f64::from(down) * ROW;
            if row != Some(node.depth) {
                let end = if row.is_some() { "</g>\n" } else { "" };
                put!(out, "{end}<g transform=\"translate(0 {})\">\n", Short(y));
                row = Some(node.depth);
            }
            self.one(out, placed, node);
            if node.inlined == Inlined::Always && placed.width >= 3.0 {
                put!(
                    &mut dashes,
                    "M{} {}h{}",
                    Short(placed.x),
                    Short(y + 1.0),
                    Short(placed.width - 1.0)
                );
            }
        }
        if row.is_some() {
            out.push_str("</g>\n");
        }
        put!(out, "<path class=\"inlined\" d=\"{dashes}\"/>\n");
    }

    fn one(&self, out: &mut String, placed: &Placed, node: &Node) {
        let function = self.function(node);
        let name = function.map_or("all", |f| f.name.as_str());
        put!(out, "<g><title>{}", Escaped(name));
        if let Some(place) = function.and_then(|f| place(f, node.line)) {
            put!(out, "\n{}", Escaped(&place));
        }
        if self.sides {
            put!(out, "\n{}", both_sides(node.before, node.value, &self.unit));
        }
        put!(
            out,
            "\n{}, {} of total",
            self.value(node.value),
            percentage(node.value, self.total).trim()
        );
        let parent = &self.tree.nodes[node.parent as usize];
        if node.depth > 1 && !self.sides {
            put!(
                out,
                ", {} of parent",
                percentage(node.value, parent.value).trim()
            );
        }
        match node.inlined {
            Inlined::Never => {}
            Inlined::Partly => out.push_str("\npartly inlined"),
            Inlined::Always => out.push_str("\ninlined"),
        }
        let class = match function {
            None => "root".to_owned(),
            Some(_) if self.signed => palette::change_class(node.value, node.weight),
            Some(f) => Color::of(&f.name).class(),
        };
        put!(
            out,
            "</title><rect class=\"{class}\" x=\"{}\" width=\"{}\" height=\"{}\"/>",
            Short(placed.x),
            // A hair of the page is left between neighbours.
            Short((placed.width - 0.5).max(0.3)),
            ROW - 1.0,
        );
        if let Some(text) = self.text(name, node, placed.width - 2.0 * INSET) {
            let italic = if node.inlined == Inlined::Never {
                ""
            } else {
                " font-style=\"italic\""
            };
            put!(
                out,
                "<text x=\"{}\" y=\"{BASELINE}\"{italic}>{}</text>",
                Short(placed.x + INSET),
                Escaped(&text)
            );
        }
        out.push_str("</g>\n");
    }

    /// What is written in a box: the longest form of the name that fits, or the beginning of the shortest.
    fn text(&self, name: &str, node: &Node, room: f64) -> Option<String> {
        // Some fonts are wider than the one that widths are known of.
        let room = room * 0.97;
        let fits = |text: &String| font::width(text, FONT) <= room;
        let forms = wording::starts(name).map(|start| &name[start..]);
        if self.signed {
            let value = self.value(node.value);
            let with_value = |form: &str| format!("{form} {value}");
            let texts = [name].into_iter().chain(forms).map(with_value);
            if let Some(text) = { texts }.find(fits) {
                return Some(text);
            }
        }
        let mut texts = [name].into_iter().chain(forms).map(str::to_owned);
        texts
            .find(fits)
            .or_else(|| font::fit(forms[2], FONT, room, 2))
    }

    /// A value; in comparisons with its sign.
    fn value(&self, value: i64) -> String {
        if self.signed {
            signed_label(value, &self.unit)
        } else {
            label(value, &self.unit)
        }
    }

    fn function(&self, node: &Node) -> Option<&Function> {
        match node.depth {
            0 => None,
            _ => self.tree.functions.get(node.function as usize),
        }
    }

    /// The line at the bottom that says what marks mean.
    fn key(&self) -> String {
        let nodes = &self.tree.nodes;
        let mut parts = Vec::new();
        if self.signed {
            parts.push("orange, +: more than before · blue, −: less".to_owned());
            if self.sides {
                parts.push("as wide as the larger side".to_owned());
            }
        } else {
            parts.push("a colour is a package, grey is the Go runtime".to_owned());
        }
        if nodes.iter().any(|n| n.inlined != Inlined::Never) {
            parts.push("italic, dashed: inlined".to_owned());
        }
        let share = self.min_share * 100.0;
        if share > 0.0 {
            parts.push(format!("boxes below {share} % are not drawn"));
        }
        parts.join(" · ")
    }

    fn style(&self, out: &mut String) {
        let (open, close) = match self.embedded {
            true => (".flame-graph{\n", "}\n"),
            false => ("", ""),
        };
        put!(
            out,
            "<style>\n{open}{}{}\n@media (prefers-color-scheme:dark){{\n{}{}}}\n{close}</style>\n",
            include_str!("flame.css"),
            palette::css(false, self.signed),
            include_str!("flame-dark.css"),
            palette::css(true, self.signed),
        );
    }
}

/// The source of a function, with the line where that is known.
fn place(function: &Function, line: i64) -> Option<String> {
    match (function.file.as_str(), line) {
        ("", _) => None,
        (file, line) if line > 0 => Some(format!("{file}:{line}")),
        (file, _) => Some(file.to_owned()),
    }
}

fn fitted(text: &str, size: f64, room: f64) -> String {
    font::fit(text, size, room, 1).unwrap_or_default()
}
