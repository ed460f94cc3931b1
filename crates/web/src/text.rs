//! `/ui/peek` and `/ui/disasm`: reports that are text.

use report::Shown;
use report::options::{Granularity, Options};
use report::pipeline::Prepared;
use report::view::{KINDS, Make, View};

use crate::html::Escaped;
use crate::page::{self, Page};
use crate::reply::Reply;
use crate::site::Request;

pub(crate) fn peek(request: &Request<'_>) -> Result<Reply, Reply> {
    let mut options = request.options.clone();
    options.granularity = Some(Granularity::Lines);
    let pattern = request.query.get("f").to_owned();
    show(request, "peek", &options, &View::Peek(pattern))
}

pub(crate) fn disasm(request: &Request<'_>) -> Result<Reply, Reply> {
    let made = KINDS.iter().find(|kind| kind.name == "disasm");
    let Some(Make::Matching(make)) = made.map(|kind| &kind.make) else {
        return Err(Reply::error(501, "this build cannot disassemble"));
    };
    let view = make(request.query.get("f").to_owned());
    show(request, "disasm", &request.options, &view)
}

fn show(
    request: &Request<'_>,
    name: &'static str,
    options: &Options,
    view: &View,
) -> Result<Reply, Reply> {
    let Prepared { report, notices } = request.prepare(options, view)?;
    let shown = Shown::new(&report, view, &mut request.finder())?;
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
