//! `--explain`: what can be read of a process's runtime, how that was found, and why not the rest.

use std::fmt::Write as _;

use session::explain::Explanation;

/// A line for each thing.
pub fn text(e: &Explanation) -> String {
    let mut text = String::new();
    let mut line = |what: &str, how: &str| {
        let _ = writeln!(text, "  {what:<20} {how}");
    };
    for (what, how) in &e.target {
        line(what, how);
    }
    line("Go version", &e.go_version);
    if let Some(why) = &e.refusal {
        line("runtime", &format!("no: {why}"));
        return text;
    }
    line("globals found by", &e.globals);
    line("layouts from", &e.layouts);
    for (what, why) in &e.abilities {
        match why {
            None => line(what, "yes"),
            Some(why) => line(what, &format!("no: {why}")),
        }
    }
    text
}

/// The same for programs.
pub fn json(e: &Explanation) -> serde_json::Value {
    let abilities = e.abilities.iter().map(|(what, why)| {
        serde_json::json!({ "ability": what, "available": why.is_none(), "refusal": why })
    });
    serde_json::json!({
        "globals_found_by": e.globals,
        "layouts_from": e.layouts,
        "refusal": e.refusal,
        "abilities": abilities.collect::<Vec<_>>(),
    })
}
