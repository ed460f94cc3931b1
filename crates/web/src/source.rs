//! `/ui/source`: source with values beside the lines, and under each line the code that was made of it
//! as far as the program is at hand.

use std::fmt::{Arguments, Write};

use report::format::Format;
use report::pipeline::Prepared;
use report::view::View;
use report::weblist::{Code, Function, Line, WebList};

use crate::html::Escaped;
use crate::page::Page;
use crate::reply::Reply;
use crate::site::Request;

/// As many files as a page shows; the heaviest.
const FILES: usize = 50;
/// As many functions are open at first.
const OPEN: usize = 12;

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let view = View::Weblist(request.query.get("f").to_owned());
    let Prepared {
        report,
        mut notices,
    } = request.prepare(&request.options, &view)?;
    let mut list = WebList::new(&report, &mut request.finder(), Some(FILES))?;
    notices.append(&mut list.notices);
    let mut functions: Vec<&Function> = list.functions.iter().collect();
    functions.sort_by_key(|function| std::cmp::Reverse(function.cum.wrapping_abs()));
    let mut body = String::new();
    for (i, function) in functions.into_iter().enumerate() {
        write_function(&mut body, &list, function, i < OPEN);
    }
    let page = Page {
        view: "source",
        legend: &list.legend,
        notices: &notices,
        body,
        script: None,
        total: Some(list.format.value(list.total)),
    };
    Ok(page.reply(request))
}

fn put(out: &mut String, text: Arguments<'_>) {
    // Memory takes everything.
    let _ = out.write_fmt(text);
}

fn write_function(out: &mut String, list: &WebList, function: &Function, open: bool) {
    let format = &list.format;
    let share = report::measure::percentage(function.flat, list.total);
    put(
        out,
        format_args!(
            "<details class=\"listing\"{}><summary data-name=\"{name}\"><b>{name}</b> \
             <span>{} flat ({}), {} cum</span><small>{}</small></summary>\
             <table><thead><tr><th>Flat</th><th>Cum</th><th>Line</th><th></th></tr></thead><tbody>\n",
            if open { " open" } else { "" },
            Escaped(format.value(function.flat)),
            share.trim(),
            Escaped(format.value(function.cum)),
            Escaped(&function.file),
            name = Escaped(&function.name),
        ),
    );
    let most = function.lines.iter().map(|l| l.cum.unsigned_abs()).max();
    for line in &function.lines {
        write_line(out, format, line, most.unwrap_or(0));
    }
    out.push_str("</tbody></table></details>\n");
}

fn write_line(out: &mut String, format: &Format, line: &Line, most: u64) {
    // How strongly a line is marked, in five steps.
    let heat = match line.cum {
        0 => 0,
        cum => (cum.unsigned_abs() as f64 / most.max(1) as f64 * 5.0).ceil() as u32,
    };
    // An address whose code is not to be had says no more than its line, unless calls lead to it.
    let shown = |code: &&Code| !code.text.is_empty() || !code.calls.is_empty();
    let codes: Vec<&Code> = line.code.iter().filter(shown).collect();
    let more = match codes.is_empty() {
        true => "",
        false => " class=\"more\" tabindex=\"0\" role=\"button\" aria-expanded=\"false\"",
    };
    put(
        out,
        format_args!(
            "<tr class=\"heat{heat}\"><td>{}</td><td>{}</td><td>{}</td><td{more}>{}</td></tr>\n",
            Escaped(format.value_or_dot(line.flat)),
            Escaped(format.value_or_dot(line.cum)),
            line.number,
            Escaped(&line.text)
        ),
    );
    let mut open: &[report::weblist::Call] = &[];
    for code in codes {
        if code.apart {
            out.push_str("<tr class=\"asm\" hidden><td></td><td></td><td></td><td>⋮</td></tr>\n");
        }
        let same = code.calls.iter().zip(open).take_while(|(a, b)| a == b);
        for (depth, call) in code.calls.iter().enumerate().skip(same.count()) {
            put(
                out,
                format_args!(
                    "<tr class=\"asm\" hidden><td></td><td></td><td></td><td>{:indent$}<i>{}</i> <small>{}:{}</small></td></tr>\n",
                    "",
                    Escaped(call.text.trim()),
                    Escaped(&call.file),
                    call.line,
                    indent = 4 * depth,
                ),
            );
        }
        open = &code.calls;
        put(
            out,
            format_args!(
                "<tr class=\"asm\" hidden><td>{}</td><td>{}</td><td></td><td>{:>8x}  {}{:gap$}<small>{}:{}</small></td></tr>\n",
                Escaped(format.value_or_dot(code.flat)),
                Escaped(format.value_or_dot(code.cum)),
                code.addr,
                Escaped(&code.text),
                "",
                Escaped(report::paths::base(&code.file)),
                code.line,
                gap = 60usize.saturating_sub(code.text.chars().count()).max(2),
            ),
        );
    }
}
