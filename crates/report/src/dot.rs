//! `-dot`: the call graph in the language of Graphviz.
//!
//! Mirrors pprof's `internal/graph/dotgraph.go`.

use std::io::{self, Write};

use crate::callgraph::{Arrow, CallGraph, Node, TagBox};

impl CallGraph {
    /// Writes pprof's text.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let title = match self.title.as_str() {
            "" => "unnamed",
            title => title,
        };
        writeln!(out, "digraph \"{title}\" {{")?;
        writeln!(out, "node [style=filled fillcolor=\"#f8f8f8\"]")?;
        self.write_legend(out)?;
        let largest = self.nodes.iter().map(|n| n.flat.unsigned_abs()).max();
        let largest = largest.unwrap_or(0) as f64;
        let mut tagged = Vec::new();
        for (i, node) in self.nodes.iter().enumerate() {
            self.write_node(out, i + 1, node, largest)?;
            let boxes = self.tag_boxes(node);
            self.write_tags(out, &format!("N{}", i + 1), &boxes)?;
            tagged.push(!boxes.is_empty());
        }
        let mut astray = self.astray.iter().peekable();
        for at in 0..=self.edges.len() {
            while let Some(lost) = astray.next_if(|lost| lost.at <= at) {
                let tip = self.tip_to(&lost.arrow, &lost.callee);
                self.write_edge(out, &lost.arrow, 0, &tip, tagged[lost.arrow.src])?;
            }
            if let Some(edge) = self.edges.get(at) {
                let tip = self.tip(edge);
                self.write_edge(out, edge, edge.dest + 1, &tip, tagged[edge.src])?;
            }
        }
        writeln!(out, "}}")
    }

    fn write_legend(&self, out: &mut dyn Write) -> io::Result<()> {
        let lines: Vec<_> = self.legend().iter().map(|l| escape(l)).collect();
        let first = &lines[0];
        write!(
            out,
            "subgraph cluster_L {{ \"{first}\" [shape=box fontsize=16"
        )?;
        write!(out, " label=\"{}\\l\"", lines.join("\\l"))?;
        if !self.title.is_empty() {
            write!(out, " tooltip=\"{}\"", self.title)?;
        }
        writeln!(out, "] }}")
    }

    fn write_node(
        &self,
        out: &mut dyn Write,
        id: usize,
        node: &Node,
        largest: f64,
    ) -> io::Result<()> {
        let total = self.header.total;
        let mut text: String = node.lines.iter().map(|l| escape(l) + "\\n").collect();
        text.push_str(&self.value_lines(node).join("\\n"));
        let mut size = 8;
        if node.flat != 0 {
            let share = node.flat.unsigned_abs() as f64 / largest;
            size += (16.0 * share.sqrt()).ceil() as i64;
        }
        let name = escape(&node.name);
        let cum = self.format.value(node.cum);
        let share = node.cum as f64 / total.wrapping_abs() as f64;
        let (line, fill) = (color(share, false), color(share, true));
        writeln!(
            out,
            "N{id} [label=\"{text}\" id=\"node{id}\" fontsize={size} shape=box \
             tooltip=\"{name} ({cum})\" color=\"{line}\" fillcolor=\"{fill}\"]"
        )
    }

    /// The boxes for labels below the box `source`.
    fn write_tags(&self, out: &mut dyn Write, source: &str, boxes: &[TagBox]) -> io::Result<()> {
        for tag in boxes {
            let id = match tag.sizes {
                true => format!("N{source}_{}", tag.number),
                false => format!("{source}_{}", tag.number),
            };
            let weight = self.format.value(tag.value);
            let name = &tag.name;
            let style = if tag.dotted { " style=\"dotted\"" } else { "" };
            writeln!(
                out,
                "{id} [label = \"{name}\" id=\"{id}\" fontsize=8 shape=box3d \
                 tooltip=\"{weight}\"]\n\
                 {source} -> {id} [label=\" {weight}\" weight=100 tooltip=\"{weight}\" \
                 labeltooltip=\"{weight}\"{style}]"
            )?;
            self.write_tags(out, &id, &tag.inner)?;
        }
        Ok(())
    }

    fn write_edge(
        &self,
        out: &mut dyn Write,
        edge: &Arrow,
        to: usize,
        tip: &str,
        tagged: bool,
    ) -> io::Result<()> {
        let weight = self.format.value(edge.weight);
        let inline = if edge.inline { "\\n (inline)" } else { "" };
        let mut attributes = format!("label=\" {weight}{inline}\"");
        let total = self.header.total;
        if total != 0 {
            let share = |of: i64| {
                let share = edge.weight.wrapping_mul(of).wrapping_div(total);
                1 + share.wrapping_abs().min(of)
            };
            for (name, value) in [("weight", share(100)), ("penwidth", share(5))] {
                if value > 1 {
                    attributes.push_str(&format!(" {name}={value}"));
                }
            }
            let share = edge.weight as f64 / total.wrapping_abs() as f64;
            attributes.push_str(&format!(" color=\"{}\"", color(share, false)));
        }
        let tip = format!("\"{}\"", escape(tip));
        attributes.push_str(&format!(" tooltip={tip} labeltooltip={tip}"));
        if edge.residual {
            attributes.push_str(" style=\"dotted\"");
        }
        if tagged {
            attributes.push_str(" minlen=2");
        }
        let from = edge.src + 1;
        writeln!(out, "N{from} -> N{to} [{attributes}]")
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\l")
}

/// Green for -1, grey for 0, red for 1, with most of the change near 0.
fn color(score: f64, background: bool) -> String {
    let (saturation, value) = if background { (0.1, 0.93) } else { (1.0, 0.7) };
    let score = score.clamp(-1.0, 1.0);
    let saturation = if score.abs() < 0.2 {
        saturation * score.abs() / 0.2
    } else {
        saturation
    };
    let score = if score == 0.0 {
        0.0
    } else {
        score.abs().powf(0.3).copysign(score)
    };
    let (r, g) = if score < 0.0 {
        (value * (1.0 + saturation * score), value)
    } else {
        (value, value * (1.0 - saturation * score))
    };
    let b = value * (1.0 - saturation);
    let byte = |c: f64| (c * 255.0) as u8;
    format!("#{:02x}{:02x}{:02x}", byte(r), byte(g), byte(b))
}
