//! `/ui/flamegraph`: where the time goes, by stack, turned around any function.
//!
//! The page gets only the boxes that can be seen. `format=tree` gives these alone, which the page asks
//! for when it is turned; `format=json` gives all stacks, as pprof's own page is fed with.

use report::pivot::Pivot;
use report::stacks::StackSet;

use crate::html::json_for_script;
use crate::page::Page;
use crate::reply::{JSON, Reply};
use crate::site::Request;

/// What flame graphs of one set of options are made of.
#[derive(Debug)]
pub struct Flame {
    /// All stacks.
    pub set: StackSet,
    /// What is known of the profile.
    pub legend: Vec<String>,
    /// What there is to say about the filters.
    pub notices: Vec<String>,
}

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let flame = request.stacks()?;
    let failed = |e| Reply::error(500, e);
    let mut data = Vec::new();
    if request.query.get("format") == "json" {
        flame.set.write_json(&mut data).map_err(failed)?;
        return Ok(Reply::ok(JSON, data));
    }
    let pivot = Pivot::new(&flame.set, &request.query.all("p"));
    pivot.write_json(&flame.set, &mut data).map_err(failed)?;
    if request.query.get("format") == "tree" {
        return Ok(Reply::ok(JSON, data));
    }
    let body = format!(
        "<div id=\"flame\" role=\"tree\" tabindex=\"0\" aria-label=\"Flame graph\"></div>\
         <div id=\"status\" role=\"status\"></div>\
         <script type=\"application/json\" id=\"data\">{}</script>",
        json_for_script(&data)
    );
    let page = Page {
        view: "flamegraph",
        legend: &flame.legend,
        notices: &flame.notices,
        body,
        script: Some("flame.js"),
        total: None,
    };
    Ok(page.reply(request))
}
