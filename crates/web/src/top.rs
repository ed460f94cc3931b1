//! `/ui/top`: the heaviest nodes, in a table that can be sorted.

use std::fmt::Write;

use report::measure::percentage;
use report::pipeline::Prepared;
use report::top::{Inline, Top};
use report::view::View;

use crate::html::Escaped;
use crate::page::Page;
use crate::reply::Reply;
use crate::site::Request;

/// As many as anybody looks through.
const ROWS: i64 = 500;

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let mut options = request.options.clone();
    options.nodecount = ROWS;
    let Prepared { report, notices } = request.prepare(&options, &View::Top)?;
    let top = Top::new(&report);
    let mut body = String::from(
        "<table id=\"top\"><thead><tr>\
         <th data-sort=\"flat\" aria-sort=\"descending\" title=\"The value of the node itself\"><button>Flat</button></th>\
         <th>Flat%</th><th title=\"Flat%, added up from the top\">Sum%</th>\
         <th data-sort=\"cum\" title=\"With everything that it calls\"><button>Cum</button></th><th>Cum%</th>\
         <th data-sort=\"name\"><button>Name</button></th></tr></thead><tbody>\n",
    );
    let mut sum = 0i64;
    for row in &top.rows {
        sum = sum.wrapping_add(row.flat);
        let mark = match row.inline {
            Inline::No => "",
            Inline::Partial => " <i>(partial-inline)</i>",
            Inline::Yes => " <i>(inline)</i>",
        };
        let share = |value: i64| percentage(value, report.total);
        let _ = writeln!(
            body,
            "<tr data-name=\"{name}\" data-flat=\"{}\" data-cum=\"{}\"><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td>{name}{mark}</td></tr>",
            row.flat,
            row.cum,
            Escaped(top.format.value(row.flat)),
            share(row.flat).trim(),
            share(sum).trim(),
            Escaped(top.format.value(row.cum)),
            share(row.cum).trim(),
            name = Escaped(&row.name),
        );
    }
    let _ = write!(
        body,
        "</tbody></table><script type=\"application/json\" id=\"data\">{{\"total\":{}}}</script>",
        report.total
    );
    let page = Page {
        view: "top",
        legend: &top.header.lines(&top.format),
        notices: &notices,
        body,
        script: Some("top.js"),
        total: Some(top.format.value(report.total)),
    };
    Ok(page.reply(request))
}
