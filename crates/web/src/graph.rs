//! `/ui/graph`: the call graph, laid out without Graphviz.

use report::callgraph::CallGraph;
use report::pipeline::Prepared;
use report::view::View;

use crate::html::json_for_script;
use crate::page::{self, Page};
use crate::reply::Reply;
use crate::site::Request;

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let Prepared { report, notices } = request.prepare(&request.options, &View::Svg)?;
    let graph = CallGraph::new(&report);
    // The page has its own ways to zoom and search, and runs no script and takes no style that stands
    // in it: its script gives the picture its style.
    let (svg, _) = cut(&graph.picture().svg(), "<script>", "</script>");
    let (svg, style) = cut(&svg, "<style>", "</style>");
    let style = serde_json::to_vec(&style).map_err(|e| Reply::error(500, e))?;
    let page = Page {
        view: "graph",
        legend: &page::legend(&report),
        notices: &notices,
        body: format!(
            "<div id=\"graph\" tabindex=\"0\" aria-label=\"Call graph\">\
             <template shadowrootmode=\"open\">{svg}</template></div>\
             <script type=\"application/json\" id=\"style\">{}</script>",
            json_for_script(&style)
        ),
        script: Some("graph.js"),
        total: None,
    };
    Ok(page.reply(request))
}

/// The text without its first part between two marks, and that part without the marks.
fn cut(text: &str, begin: &str, end: &str) -> (String, String) {
    let part = text.find(begin).and_then(|start| {
        let inner = start + begin.len();
        let length = text[inner..].find(end)?;
        Some((start, inner, inner + length))
    });
    let Some((start, inner, stop)) = part else {
        return (text.to_owned(), String::new());
    };
    let rest = format!("{}{}", &text[..start], &text[stop + end.len()..]);
    (rest, text[inner..stop].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_out() {
        let check = |text: &str, rest: &str, part: &str| {
            assert_eq!(cut(text, "<s>", "</s>"), (rest.to_owned(), part.to_owned()));
        };
        check("a<s>b</s>c</s>", "ac</s>", "b");
        check("a<s>b", "a<s>b", "");
        check("</s><s>", "</s><s>", "");
    }
}
