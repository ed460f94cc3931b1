//! `/ui/source`: source with values beside the lines.

use std::fmt::Write;

use report::list::{File, Listing};
use report::pipeline::Prepared;
use report::view::View;

use crate::html::Escaped;
use crate::page::{self, Page};
use crate::reply::Reply;
use crate::site::Request;

/// As many functions as a page shows; the heaviest.
const MOST: usize = 50;

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let pattern = request.query.get("f").to_owned();
    let view = View::List(pattern.clone());
    let Prepared { report, notices } = request.prepare(&request.options, &view)?;
    let matches = |name: &str| report.pattern.as_ref().is_none_or(|p| p.is_match(name));
    let listing = Listing::new(&report, &pattern, &matches, &mut request.finder())?;
    let format = &listing.format;

    let mut files: Vec<(&str, &File)> = listing
        .functions
        .iter()
        .flat_map(|f| f.files.iter().map(|file| (f.name.as_str(), file)))
        .collect();
    let all = files.len();
    files.sort_by_key(|(name, file)| (std::cmp::Reverse(file.cum.wrapping_abs()), *name));
    files.truncate(MOST);
    let mut body = String::new();
    let mut put = |text: std::fmt::Arguments<'_>| {
        // Memory takes everything.
        let _ = body.write_fmt(text);
    };
    if all > files.len() {
        put(format_args!(
            "<p class=\"notice\">The {MOST} heaviest of {all} functions. A search, then Refine → Focus, shows others.</p>"
        ));
    }
    for (i, (name, file)) in files.iter().enumerate() {
        let share = report::measure::percentage(file.cum, listing.total);
        put(format_args!(
            "<details class=\"listing\" {}><summary data-name=\"{name}\"><b>{name}</b> <span>{} flat, {} cum, {} of total</span>\
             <small>{}</small></summary>",
            if i < 12 { "open" } else { "" },
            Escaped(format.value(file.flat)),
            Escaped(format.value(file.cum)),
            share.trim(),
            Escaped(&file.path),
            name = Escaped(name),
        ));
        match &file.lines {
            Err(e) => put(format_args!("<p class=\"missing\">{}</p>", Escaped(e))),
            Ok(lines) => {
                put(format_args!(
                    "<table><thead><tr><th>Flat</th><th>Cum</th><th>Line</th><th></th></tr></thead><tbody>"
                ));
                let most = lines.iter().map(|l| l.cum.unsigned_abs()).max();
                for line in lines {
                    // How strongly a line is marked, in five steps.
                    let heat = match most {
                        Some(most) if most > 0 && line.cum != 0 => {
                            (line.cum.unsigned_abs() as f64 / most as f64 * 5.0).ceil() as u32
                        }
                        _ => 0,
                    };
                    put(format_args!(
                        "<tr class=\"heat{heat}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        Escaped(format.value_or_dot(line.flat)),
                        Escaped(format.value_or_dot(line.cum)),
                        line.number,
                        Escaped(&line.text)
                    ));
                }
                put(format_args!("</tbody></table>"));
            }
        }
        put(format_args!("</details>\n"));
    }
    let page = Page {
        view: "source",
        legend: &page::legend(&report),
        notices: &notices,
        body,
        script: None,
        total: Some(format.value(listing.total)),
    };
    Ok(page.reply(request))
}
