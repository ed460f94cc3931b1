//! A web list as pprof's page, byte for byte.
//!
//! The style and the script of the page (`page.css`, `page.js`) are part of what is compared. They
//! are those of github.com/google/pprof (copyright Google Inc., Apache License 2.0), unchanged.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::measure::percentage;
use crate::paths;

use super::{Code, Function, Line, WebList};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Code is as wide as this, or wider.
const WIDTH: usize = 80;
/// What separates instructions that do not follow each other.
const GAP: &str = "\u{22ee}";

pub(super) fn write(list: &WebList, out: &mut dyn Write) -> io::Result<()> {
    let legend = |key: &str| {
        let value = list.legend.iter().find_map(|l| l.strip_prefix(key));
        value.unwrap_or("unknown")
    };
    let title = format!("{} {}", legend("File: "), legend("Type: "));
    write!(
        out,
        "<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\">\n  <title>{}</title>\n  \n  \
         <style type=\"text/css\">\n{STYLE}</style>\n  \
         <script type=\"text/javascript\">\n{SCRIPT}</script>\n</head>\n<body>\n\n",
        escape(&title)
    )?;
    let lines: Vec<String> = list.legend.iter().map(|l| escape(l)).collect();
    write!(
        out,
        "<div class=\"legend\">{}<br>Total: {}</div>",
        lines.join("<br>\n"),
        escape(&list.format.value(list.total))
    )?;
    for function in &list.functions {
        write_function(list, function, out)?;
    }
    writeln!(out, "\n</body>\n</html>")
}

fn write_function(list: &WebList, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let total = format!(
        "  Total:  {:>10} {:>10} (flat, cum) {}",
        list.format.value(function.flat),
        list.format.value(function.cum),
        percentage(function.cum, list.total)
    );
    write!(
        out,
        "<h2>{}</h2><p class=\"filename\">{}</p>\n<pre onClick=\"pprof_toggle_asm(event)\">\n{}",
        escape(&function.name),
        escape(&function.file),
        escape(&total)
    )?;
    for line in &function.lines {
        write_line(list, line, out)?;
    }
    write!(out, "\n</pre>\n")
}

fn write_line(list: &WebList, line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let value = |v| list.format.value_or_dot(v);
    // An address whose code is not to be had says no more than its line, unless calls lead to it.
    let shown = |code: &Code| !code.text.is_empty() || !code.calls.is_empty();
    let shown = line.code.iter().any(shown);
    let class = match () {
        () if line.code.is_empty() => "nop",
        () if shown => "livesrc",
        () => "deadsrc",
    };
    let text = format!(
        "  {:>10} {:>10} {:>8}  {} ",
        value(line.flat),
        value(line.cum),
        "",
        line.text
    );
    write!(
        out,
        "\n<span class=line> {:>6}</span> <span class={class}>{}</span>",
        line.number,
        escape(&text)
    )?;
    if shown {
        write!(out, "<span class=asm>")?;
        write_code(list, line, out)?;
        write!(out, "</span>")?;
    }
    Ok(())
}

fn write_code(list: &WebList, line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let value = |v| list.format.value_or_dot(v);
    let indent = indentation(&line.text) + 4;
    let mut open: &[super::Call] = &[];
    for (i, code) in line.code.iter().enumerate() {
        if code.apart && i != 0 {
            writeln!(out, " {:>8} {GAP:>28}", "")?;
        }
        for (depth, call) in code.calls.iter().enumerate() {
            // What is open already is not said again.
            if open
                .get(depth)
                .is_some_and(|o| (&o.file, o.line) == (&call.file, call.line))
            {
                continue;
            }
            open = &[];
            let text = " ".repeat(indent + 4 * depth) + trim(&call.text);
            writeln!(
                out,
                " {:>8} {:>10} {:>10} {:>8}  <span class=inlinesrc>{}</span> \
                 <span class=unimportant>{}:{}</span>",
                "",
                "",
                "",
                "",
                escape(&padded(&text)),
                escape(paths::base(&call.file)),
                call.line
            )?;
        }
        open = &code.calls;
        if code.text.is_empty() {
            continue;
        }
        let text = " ".repeat(indent + 4 * code.calls.len()) + &code.text;
        let instruction = format!(
            " {:>8} {:>10} {:>10} {:>8x}: {} ",
            "",
            value(code.flat),
            value(code.cum),
            code.addr,
            padded(&text)
        );
        let place = match code.file.as_str() {
            "" => String::new(),
            file => format!("{}:{}", escape_once(paths::base(file)), code.line),
        };
        writeln!(
            out,
            "{}<span class=unimportant>{}</span>",
            escape(&instruction),
            escape(&place)
        )?;
    }
    Ok(())
}

/// The column where a line's text begins.
fn indentation(line: &str) -> usize {
    let mut column = 0;
    for c in line.chars() {
        match c {
            ' ' => column += 1,
            '\t' => column = (column / 8 + 1) * 8,
            _ => break,
        }
    }
    column
}

/// The text without tabs, and with blanks up to the width.
fn padded(text: &str) -> String {
    let mut out = String::with_capacity(WIDTH);
    let mut column = 0;
    for c in text.chars() {
        column += 1;
        if c == '\t' {
            out.push(' ');
            while column % 8 != 0 {
                column += 1;
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.extend(std::iter::repeat_n(' ', WIDTH.saturating_sub(column)));
    out
}

/// What Go calls space, at both ends.
fn trim(text: &str) -> &str {
    text.trim_matches(char::is_whitespace)
}

/// What `html/template` writes for a text.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '+' => out.push_str("&#43;"),
            c => push_escaped(&mut out, c),
        }
    }
    out
}

/// What `text/template` writes for a text.
fn escape_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\0' => out.push('\u{fffd}'),
        '"' => out.push_str("&#34;"),
        '&' => out.push_str("&amp;"),
        '\'' => out.push_str("&#39;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // Writing to a string does not fail.
        c => {
            let _ = out.write_char(c);
        }
    }
}
