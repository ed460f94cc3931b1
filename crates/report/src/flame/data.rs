//! The tree as JSON, for the script inside the picture.
//!
//! Nodes are written in depth-first order, as numbers in one list: how many levels up from the last node
//! the parent is, the function, the value, the value of its own, the line times three plus how it is
//! inlined; then the weight, where values have signs, and the value before, where that is known. Values
//! are in units of their greatest common divisor.

use super::palette::Color;
use super::svg::Picture;
use super::tree::{Inlined, Tree};
use super::wording;
use crate::svg::put;

/// The JSON text. It holds no character that means something in XML or HTML.
pub(super) fn json(picture: &Picture<'_>) -> String {
    let tree = picture.tree;
    let scale = common_divisor(tree);
    let mut out = String::new();
    put!(
        &mut out,
        "{{\"unit\":{},\"total\":{},\"scale\":{scale},\"signed\":{},\"sides\":{},\"up\":{},\"trimmed\":{},\"min\":{},\"fns\":[",
        quoted(&picture.unit),
        picture.total,
        picture.signed,
        picture.sides,
        picture.upwards,
        tree.trimmed,
        picture.min_share,
    );
    let (order, renumbered, functions) = used(tree);
    let mut files: Vec<&str> = functions.iter().map(|&f| file(tree, f)).collect();
    files.sort_unstable();
    files.dedup();
    for (i, &f) in functions.iter().enumerate() {
        let name = &tree.functions[f as usize].name;
        let at = files.binary_search(&file(tree, f)).unwrap_or(0);
        let comma = if i == 0 { "" } else { ",\n" };
        // JavaScript counts in UTF-16.
        let units = |end: usize| name[..end].encode_utf16().count();
        let [path, package, receiver] = wording::starts(name).map(units);
        put!(
            &mut out,
            "{comma}[{},{at},\"{}\",{path},{package},{receiver}]",
            quoted(name),
            Color::of(name).class(),
        );
    }
    out.push_str("],\"files\":[");
    for (i, name) in files.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        put!(&mut out, "{comma}{}", quoted(name));
    }
    out.push_str("],\"nodes\":[");
    let mut last_depth = 0;
    for (i, &n) in order.iter().enumerate() {
        let node = &tree.nodes[n as usize];
        let comma = if i == 0 { "" } else { "," };
        let inlined = match node.inlined {
            Inlined::Never => 0,
            Inlined::Partly => 1,
            Inlined::Always => 2,
        };
        // The root has depth 0 and no function.
        let up = if i == 0 {
            0
        } else {
            last_depth + 1 - node.depth
        };
        let function = if i == 0 {
            0
        } else {
            renumbered[node.function as usize]
        };
        let line = node.line.clamp(0, 1 << 40) * 3 + inlined;
        put!(
            &mut out,
            "{comma}{up},{function},{},{},{line}",
            node.value / scale,
            node.own / scale
        );
        if picture.signed {
            put!(&mut out, ",{}", node.weight / scale.unsigned_abs());
        }
        if picture.sides {
            put!(&mut out, ",{}", node.before / scale);
        }
        last_depth = node.depth;
    }
    out.push_str("]}");
    out
}

/// The nodes in depth-first order, the new number of each function, and the functions by new number.
fn used(tree: &Tree) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut order = Vec::with_capacity(tree.nodes.len());
    let mut renumbered = vec![u32::MAX; tree.functions.len()];
    let mut functions = Vec::new();
    let mut todo = vec![0u32];
    while let Some(n) = todo.pop() {
        let Some(node) = tree.nodes.get(n as usize) else {
            break;
        };
        if n > 0 && renumbered[node.function as usize] == u32::MAX {
            renumbered[node.function as usize] = functions.len() as u32;
            functions.push(node.function);
        }
        order.push(n);
        todo.extend((node.first_child..node.first_child + node.children).rev());
    }
    (order, renumbered, functions)
}

fn file(tree: &Tree, function: u32) -> &str {
    &tree.functions[function as usize].file
}

fn common_divisor(tree: &Tree) -> i64 {
    let mut divisor = 0u64;
    for node in &tree.nodes {
        for v in [
            node.value.unsigned_abs(),
            node.own.unsigned_abs(),
            node.weight,
            node.before.unsigned_abs(),
        ] {
            let (mut a, mut b) = (divisor, v);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            divisor = a;
        }
    }
    i64::try_from(divisor).unwrap_or(1).max(1)
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => {
                put!(&mut out, "\\u{:04x}", c as u32);
            }
            c if c.is_control() => put!(&mut out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_hold_no_markup() {
        for (text, expect) in [
            ("a\"b\\c", r#""a\"b\\c""#),
            ("</script>&]]>", r#""\u003c/script\u003e\u0026]]\u003e""#),
            ("\n\0\u{2028}é", r#""\u000a\u0000\u2028é""#),
        ] {
            assert_eq!(quoted(text), expect);
        }
    }
}
