//! What the page's script shows, as JSON: names once, rows as short lists.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::{Html, MOST_CALLS};
use crate::format::Format;
use crate::measure::percentage;
use crate::top::Inline;
use crate::tree::{Call, Node};

/// The JSON text. It holds no character that means something in HTML.
pub(super) fn json(page: &Html) -> String {
    let mut names = Names::default();
    let total = page.top.header.total;
    let format = &page.top.format;
    let rows = page.top.rows.iter().map(|row| {
        let inline = match row.inline {
            Inline::No => 0,
            Inline::Partial => 1,
            Inline::Yes => 2,
        };
        let (flat, cum) = (row.flat, row.cum);
        json!([
            names.of(&row.name),
            inline,
            flat,
            text(format, flat),
            share(flat, total),
            cum,
            text(format, cum),
            share(cum, total)
        ])
    });
    let rows: Vec<Value> = rows.collect();
    let peek: Vec<Value> = page
        .tree
        .nodes
        .iter()
        .map(|node| peeked(page, &mut names, node))
        .collect();
    let mut functions = Vec::new();
    for function in page.source.iter().flat_map(|l| &l.functions) {
        for file in &function.files {
            let lines = match &file.lines {
                Err(e) => json!(e),
                Ok(lines) => lines
                    .iter()
                    .map(|l| match (l.flat, l.cum) {
                        (0, 0) => json!([l.number, l.text]),
                        (flat, cum) => json!([
                            l.number,
                            l.text,
                            dot(format, flat),
                            dot(format, cum),
                            share(cum, total)
                        ]),
                    })
                    .collect(),
            };
            functions.push(json!([
                names.of(&function.name),
                file.path,
                text(format, file.flat),
                text(format, file.cum),
                share(file.cum, total),
                lines
            ]));
        }
    }
    let all = json!({
        "names": names.list,
        "total": text(format, total),
        "signed": page.signed,
        "functions": page.top.header.shown,
        "top": rows,
        "peek": peek,
        "source": functions,
    });
    inert(&all.to_string())
}

fn peeked(page: &Html, names: &mut Names, node: &Node) -> Value {
    let format = &page.tree.format;
    let mut calls = |calls: &[Call]| -> Value {
        let shown = calls.iter().take(MOST_CALLS).map(|call| {
            json!([
                names.of(&call.name),
                text(format, call.weight),
                share(call.weight, node.cum),
                u8::from(call.inline)
            ])
        });
        json!([
            shown.collect::<Vec<_>>(),
            calls.len().saturating_sub(MOST_CALLS)
        ])
    };
    let (callers, callees) = (calls(&node.callers), calls(&node.callees));
    let total = page.tree.header.total;
    json!([
        names.of(&node.name),
        text(format, node.flat),
        share(node.flat, total),
        text(format, node.cum),
        share(node.cum, total),
        callers,
        callees
    ])
}

#[derive(Default)]
struct Names {
    list: Vec<String>,
    index: FxHashMap<String, usize>,
}

impl Names {
    fn of(&mut self, name: &str) -> usize {
        if let Some(&at) = self.index.get(name) {
            return at;
        }
        self.list.push(name.to_owned());
        self.index.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

fn text(format: &Format, value: i64) -> String {
    format.value(value)
}

fn dot(format: &Format, value: i64) -> String {
    format.value_or_dot(value)
}

fn share(value: i64, total: i64) -> String {
    percentage(value, total).trim().to_owned()
}

/// The same JSON without characters that HTML or JavaScript give a meaning. They can only be in
/// strings, where they may be written as numbers.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}
