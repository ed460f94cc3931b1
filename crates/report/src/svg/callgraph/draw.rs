//! The SVG of a scene that was laid out.

use std::collections::BTreeSet;

use super::scene::{Arrow, Block, DEPTH, EDGE_FONT, LINE, Look, Scene, padding};
use crate::layout::{Layout, Point, Route, Size};
use crate::svg::font;
use crate::svg::heat::{Heat, Paint};
use crate::svg::xml::{Escaped, Short};

/// From the top of a line of text to its baseline, in font sizes.
pub(super) const BASELINE: f64 = 0.95;
/// Around the whole picture.
pub(super) const MARGIN: f64 = 8.0;

impl Scene<'_> {
    pub fn draw(&self, layout: &Layout, embedded: bool) -> String {
        let mut out = String::new();
        let width = layout.size.width + 2.0 * MARGIN;
        let height = layout.size.height + 2.0 * MARGIN;
        let title = match self.call_graph.title.as_str() {
            "" => "call graph",
            title => title,
        };
        put!(
            &mut out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}pt\" height=\"{h}pt\" \
             viewBox=\"0 0 {w} {h}\" font-family=\"{font}\"{part}>\n<title>{title}</title>\n",
            w = Short(width),
            h = Short(height),
            font = font::FAMILY,
            title = Escaped(title),
            part = if embedded {
                " class=\"call-graph\""
            } else {
                ""
            },
        );
        self.style(&mut out, embedded);
        put!(
            &mut out,
            "<rect class=\"page\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        put!(
            &mut out,
            "<g id=\"view\"><g transform=\"translate({m} {m})\">\n",
            m = Short(MARGIN)
        );
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            draw_arrow(&mut out, arrow, route);
        }
        for (block, (centre, size)) in self
            .blocks
            .iter()
            .zip(layout.centres.iter().zip(&self.graph.boxes))
        {
            self.draw_block(&mut out, block, *centre, *size);
        }
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            draw_arrow_label(&mut out, arrow, route);
        }
        put!(
            &mut out,
            "</g></g>\n<script><![CDATA[\n{}]]></script>\n</svg>\n",
            include_str!("script.js")
        );
        out
    }

    /// Colours for dark pages, of those heats that occur.
    fn style(&self, out: &mut String, embedded: bool) {
        let mut heats: BTreeSet<Heat> = self.arrows.iter().map(|a| a.heat).collect();
        heats.extend(self.blocks.iter().filter_map(|b| match b.look {
            Look::Function { heat, .. } => Some(heat),
            _ => None,
        }));
        put!(
            out,
            "<style>\n{}{}@media (prefers-color-scheme:dark){{\n",
            if embedded { ".call-graph{\n" } else { "" },
            include_str!("light.css")
        );
        put!(out, "{}", include_str!("dark.css"));
        for heat in heats {
            let class = heat.class();
            let (line, fill) = (heat.dark(Paint::Line), heat.dark(Paint::Fill));
            put!(
                out,
                ".node.{class}>rect{{stroke:{line};fill:{fill}}}\
                 .edge.{class}>path{{stroke:{line}}}.edge.{class}>polygon{{fill:{line};stroke:{line}}}\n"
            );
        }
        put!(out, "}}\n{}</style>\n", if embedded { "}\n" } else { "" });
    }

    fn draw_block(&self, out: &mut String, block: &Block<'_>, centre: Point, size: Size) {
        let (x, y) = (centre.x - size.width / 2.0, centre.y - size.height / 2.0);
        let frame = format!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            Short(x),
            Short(y),
            Short(size.width),
            Short(size.height)
        );
        match &block.look {
            Look::Legend => {
                let url = &self.call_graph.legend_url;
                let linked = url.starts_with("http://") || url.starts_with("https://");
                if linked {
                    put!(out, "<a href=\"{}\" target=\"_blank\">", Escaped(url));
                }
                put!(
                    out,
                    "<g class=\"legend\"><rect {frame} fill=\"#f8f8f8\" stroke=\"#000\"/>"
                );
                text(
                    out,
                    block,
                    (x + padding(block.font), "start"),
                    y,
                    size.height,
                );
                put!(out, "</g>{}\n", if linked { "</a>" } else { "" });
            }
            Look::Function {
                number,
                tooltip,
                heat,
            } => {
                put!(
                    out,
                    "<g id=\"node{number}\" class=\"node {class}\"><title>{tip}</title>\
                     <rect {frame} fill=\"{fill}\" stroke=\"{line}\"/>",
                    class = heat.class(),
                    tip = Escaped(tooltip),
                    fill = heat.light(Paint::Fill),
                    line = heat.light(Paint::Line),
                );
                text(out, block, (centre.x, "middle"), y, size.height);
                put!(out, "</g>\n");
            }
            Look::Label { weight } => {
                let (w, h) = (size.width - DEPTH, size.height - DEPTH);
                put!(
                    out,
                    "<g class=\"label\"><title>{tip}</title><path d=\"M{x} {top}l{d} -{d}h{w}v{h}l-{d} {d}\
                     h-{w}zh{w}v{h}m0 -{h}l{d} -{d}\" fill=\"#f8f8f8\" stroke=\"#000\"/>",
                    tip = Escaped(weight),
                    x = Short(x),
                    top = Short(y + DEPTH),
                    d = Short(DEPTH),
                    w = Short(w),
                    h = Short(h),
                );
                text(out, block, (x + w / 2.0, "middle"), y + DEPTH, h);
                put!(out, "</g>\n");
            }
        }
    }
}

/// Writes the lines of a block, in the middle of its height.
fn text(out: &mut String, block: &Block<'_>, (x, anchor): (f64, &str), top: f64, height: f64) {
    let size = block.font;
    let first = top + (height - block.lines.len() as f64 * size * LINE) / 2.0;
    put!(
        out,
        "<text font-size=\"{}\" text-anchor=\"{anchor}\">",
        Short(size)
    );
    for (i, line) in block.lines.iter().enumerate() {
        if line.is_empty() {
            continue;
        }
        // Fonts with other widths are pressed into the box.
        put!(
            out,
            "<tspan x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</tspan>",
            Short(x),
            Short(first + (i as f64 * LINE + BASELINE) * size),
            Short(font::width(line, size)),
            Escaped(line),
        );
    }
    put!(out, "</text>");
}

fn draw_arrow(out: &mut String, arrow: &Arrow<'_>, route: &Route) {
    let [first, rest @ ..] = &route.path[..] else {
        return;
    };
    if rest.is_empty() {
        return;
    }
    let color = match arrow.ends {
        Some(_) => arrow.heat.light(Paint::Line).to_string(),
        None => "#000".to_owned(),
    };
    put!(out, "<g class=\"edge {}\"", arrow.heat.class());
    if let Some((from, to)) = arrow.ends {
        put!(out, " data-from=\"{from}\" data-to=\"{to}\"");
    }
    put!(
        out,
        "><title>{}</title><path d=\"M{} {}C",
        Escaped(arrow.tooltip),
        Short(first.x),
        Short(first.y)
    );
    for (i, p) in rest.iter().enumerate() {
        let space = if i == 0 { "" } else { " " };
        put!(out, "{space}{} {}", Short(p.x), Short(p.y));
    }
    put!(
        out,
        "\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{}\"",
        Short(arrow.width)
    );
    if arrow.dotted {
        put!(
            out,
            " stroke-dasharray=\"{w} {g}\"",
            w = Short(arrow.width),
            g = Short(3.0 + arrow.width)
        );
    }
    put!(out, "/><polygon points=\"");
    for (i, corner) in head(arrow, route).iter().flatten().enumerate() {
        let space = if i == 0 { "" } else { " " };
        put!(out, "{space}{},{}", Short(corner.x), Short(corner.y));
    }
    put!(out, "\" fill=\"{color}\" stroke=\"{color}\"/></g>\n");
}

/// The corners of an arrowhead.
pub(super) fn head(arrow: &Arrow<'_>, route: &Route) -> Option<[Point; 3]> {
    let base = route.path.last()?;
    let (dx, dy) = (route.tip.x - base.x, route.tip.y - base.y);
    let half = head_half_width(arrow.width) / dx.hypot(dy).max(1e-6);
    let side = |half: f64| Point {
        x: base.x - dy * half,
        y: base.y + dx * half,
    };
    Some([route.tip, side(half), side(-half)])
}

fn draw_arrow_label(out: &mut String, arrow: &Arrow<'_>, route: &Route) {
    let Some(at) = route.label else { return };
    put!(
        out,
        "<text class=\"value\" font-size=\"{}\"",
        Short(EDGE_FONT)
    );
    if let Some((from, to)) = arrow.ends {
        put!(out, " data-from=\"{from}\" data-to=\"{to}\"");
    }
    put!(out, "><title>{}</title>", Escaped(arrow.tooltip));
    for (i, line) in arrow.lines.iter().enumerate() {
        let y = at.y + (i as f64 * LINE + BASELINE) * EDGE_FONT;
        put!(
            out,
            "<tspan x=\"{}\" y=\"{}\">{}</tspan>",
            Short(at.x),
            Short(y),
            Escaped(line)
        );
    }
    put!(out, "</text>\n");
}

fn head_half_width(width: f64) -> f64 {
    2.6 + 0.9 * width
}
