//! `/ui/peek` and `/ui/disasm`: reports that are text.

use report::Shown;
use report::disasm::Assembly;
use report::options::{Granularity, Options};
use report::pipeline::Prepared;
use report::view::View;

use crate::html::Escaped;
use crate::page::{self, Page};
use crate::reply::Reply;
use crate::site::Request;

/// As many functions as are disassembled; the heaviest.
const FUNCTIONS: usize = 50;

pub(crate) fn peek(request: &Request<'_>) -> Result<Reply, Reply> {
    let mut options = request.options.clone();
    options.granularity = Some(Granularity::Lines);
    let pattern = request.query.get("f").to_owned();
    show(request, "peek", &options, &View::Peek(pattern))
}

pub(crate) fn disasm(request: &Request<'_>) -> Result<Reply, Reply> {
    let pattern = request.query.get("f").to_owned();
    show(request, "disasm", &request.options, &View::Disasm(pattern))
}

fn show(
    request: &Request<'_>,
    name: &'static str,
    options: &Options,
    view: &View,
) -> Result<Reply, Reply> {
    let Prepared {
        report,
        mut notices,
    } = request.prepare(options, view)?;
    let mut finder = request.finder();
    let shown = match view {
        View::Disasm(pattern) => {
            let matches = |name: &str| report.pattern.as_ref().is_none_or(|p| p.is_match(name));
            let programs = finder.binaries();
            let assembly = Assembly::new(&report, pattern, &matches, programs, Some(FUNCTIONS))?;
            Shown::Disasm(assembly)
        }
        view => Shown::new(&report, view, &mut finder)?,
    };
    notices.extend_from_slice(shown.notices());
    let mut text = Vec::new();
    shown.write(&mut text)?;
    let page = Page {
        view: name,
        legend: &page::legend(&report),
        notices: &notices,
        body: format!(
            "<pre class=\"report\">{}</pre>",
            Escaped(String::from_utf8_lossy(&text))
        ),
        script: None,
        total: None,
    };
    Ok(page.reply(request))
}
