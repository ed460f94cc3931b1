//! What all pages have: menus, search, what is refined, and what there is to know of the profile.

use std::fmt::Write;

use report::Report;
use report::options::Field;
use report::variables;

use crate::html::Escaped;
use crate::query::Query;
use crate::reply::{HTML, Reply};
use crate::site::Request;

/// The views, by the last part of their addresses; also their keys, from 1.
const VIEWS: [(&str, &str); 6] = [
    ("flamegraph", "Flame graph"),
    ("graph", "Graph"),
    ("top", "Top"),
    ("peek", "Peek"),
    ("source", "Source"),
    ("disasm", "Disassemble"),
];

/// What narrows a profile, by parameter: the name, and what it does.
const REFINEMENTS: [(&str, &str, &str); 10] = [
    ("f", "Focus", "Only stacks through a match"),
    ("i", "Ignore", "Only stacks without a match"),
    ("h", "Hide", "Leave matches out of stacks"),
    ("s", "Show", "Leave all but matches out of stacks"),
    ("sf", "Show from", "Cut what is above the topmost match"),
    ("prunefrom", "Prune from", "Cut matches and what they call"),
    ("tf", "Tag focus", "Only samples with a label that matches"),
    (
        "ti",
        "Tag ignore",
        "Only samples without a label that matches",
    ),
    ("ts", "Tag show", "Only labels whose key matches"),
    ("th", "Tag hide", "No labels whose key matches"),
];

/// One page.
pub(crate) struct Page<'p> {
    /// The last part of its address.
    pub view: &'static str,
    /// What is known of the profile and the view, in lines.
    pub legend: &'p [String],
    /// What there is to say about how the view came about.
    pub notices: &'p [String],
    /// The view itself, as HTML.
    pub body: String,
    /// The script of the view, if it has one.
    pub script: Option<&'static str>,
    /// The number that shares are of, as shown.
    pub total: Option<String>,
}

/// The lines about the profile as a whole.
pub(crate) fn legend(report: &Report) -> Vec<String> {
    let mut lines = report.description().lines(&report.format());
    let filters = report.options.active_filters();
    if !filters.is_empty() {
        lines.push("Active filters:".to_owned());
        lines.extend(filters.iter().map(|f| format!("   {f}")));
    }
    lines
}

impl Page<'_> {
    /// The finished page.
    pub fn reply(&self, request: &Request<'_>) -> Reply {
        let mut out = String::with_capacity(self.body.len() + 8192);
        self.write(request, &mut out);
        Reply::ok(HTML, out)
    }

    fn write(&self, request: &Request<'_>, out: &mut String) {
        let about = |key: &str| {
            let line = self.legend.iter().find_map(|l| l.strip_prefix(key));
            line.unwrap_or_default()
        };
        let (file, kind) = (about("File: "), about("Type: "));
        let title = [file, kind, "gowhy"].map(str::trim);
        let title: Vec<_> = title.into_iter().filter(|t| !t.is_empty()).collect();
        let name = VIEWS.iter().find(|(view, _)| *view == self.view);
        let name = name.map_or("", |(_, name)| name);
        put(
            out,
            format_args!(
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
                 <meta name=\"viewport\" content=\"width=device-width\">\
                 <meta name=\"color-scheme\" content=\"light dark\">\
                 <title>{} – {}</title><link rel=\"icon\" href=\"data:,\">\
                 <link rel=\"stylesheet\" href=\"static/page.css\">\
                 <script src=\"static/page.js\" defer></script>",
                name,
                Escaped(title.join(" · "))
            ),
        );
        if let Some(script) = self.script {
            put(
                out,
                format_args!("<script src=\"static/{script}\" defer></script>"),
            );
        }
        put(
            out,
            format_args!("</head>\n<body data-view=\"{}\"><header><nav>", self.view),
        );
        self.view_menu(request, out);
        sample_menu(request, out);
        refine_menu(request, out);
        config_menu(request, out);
        put(
            out,
            format_args!(
                "<a class=\"button\" href=\"download\" title=\"The profile as a file\">Download</a></nav>\
                 <input id=\"search\" type=\"search\" placeholder=\"Search regexp  /\" spellcheck=\"false\" \
                 autocomplete=\"off\" aria-label=\"Search with a regular expression\"><output id=\"found\"></output>\
                 <span class=\"about\"><b>{}</b> {}",
                Escaped(file),
                Escaped(kind)
            ),
        );
        if let Some(total) = &self.total {
            put(out, format_args!(" <span>{}</span>", Escaped(total)));
        }
        out.push_str(
            "</span><button data-open=\"details\" title=\"About this profile\">Details</button>\
             <button data-open=\"keys\" title=\"Keys\">?</button></header>\n",
        );
        chips(request, out);
        for notice in self.notices {
            put(
                out,
                format_args!(
                    "<p class=\"notice\" role=\"status\">{}</p>\n",
                    Escaped(notice)
                ),
            );
        }
        put(out, format_args!("<main>{}</main>\n", self.body));
        out.push_str("<dialog id=\"details\"><h2>Details</h2><pre>");
        for line in self.legend {
            put(out, format_args!("{}\n", Escaped(line)));
        }
        out.push_str("</pre><form method=\"dialog\"><button>Close</button></form></dialog>\n");
        keys(out);
        out.push_str("</body></html>\n");
    }

    fn view_menu(&self, request: &Request<'_>, out: &mut String) {
        menu(out, "View", |out| {
            for (number, (view, name)) in (1..).zip(VIEWS) {
                let current = match view == self.view {
                    true => " aria-current=\"page\"",
                    false => "",
                };
                put(
                    out,
                    format_args!(
                        "<a href=\"{view}{}\" data-key=\"{number}\"{current}>{name}<kbd>{number}</kbd></a>",
                        Escaped(request.query.text())
                    ),
                );
            }
        });
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Memory takes everything.
    let _ = out.write_fmt(text);
}

fn menu(out: &mut String, name: &str, items: impl FnOnce(&mut String)) {
    put(
        out,
        format_args!("<details class=\"menu\"><summary>{name}</summary><div>"),
    );
    items(out);
    out.push_str("</div></details>");
}

fn here(query: &Query) -> String {
    match query.text() {
        text if text.is_empty() => "?".to_owned(),
        text => text,
    }
}

fn sample_menu(request: &Request<'_>, out: &mut String) {
    let profile = &request.site.setup.profile;
    let types: Vec<&str> = profile
        .sample_types
        .iter()
        .map(|t| profile.str(t.kind))
        .collect();
    let shown = report::sample_type::find(profile, &request.options.sample_index).ok();
    menu(out, "Sample", |out| {
        for (i, kind) in types.iter().enumerate() {
            let current = match shown == Some(i) {
                true => " aria-current=\"true\"",
                false => "",
            };
            let query = request.query.with("si", kind);
            put(
                out,
                format_args!(
                    "<a href=\"{}\"{current}>{}</a>",
                    Escaped(here(&query)),
                    Escaped(kind)
                ),
            );
        }
    });
}

fn refine_menu(request: &Request<'_>, out: &mut String) {
    menu(out, "Refine", |out| {
        for (parameter, name, help) in REFINEMENTS {
            put(
                out,
                format_args!(
                    "<button data-refine=\"{parameter}\" title=\"{help}\">{name}</button>"
                ),
            );
        }
        let mut reset = request.query.clone();
        for (parameter, ..) in REFINEMENTS {
            reset.set(parameter, "");
        }
        put(
            out,
            format_args!(
                "<hr><a href=\"{}\" title=\"Show the entire profile\">Reset</a><hr>",
                Escaped(here(&reset.with("p", "")))
            ),
        );
        for (value, name) in [
            ("", "Default granularity"),
            ("functions", "Functions"),
            ("filefunctions", "Functions by file"),
            ("files", "Files"),
            ("lines", "Lines"),
            ("addresses", "Addresses"),
        ] {
            let current = match request.query.get("g") == value {
                true => " aria-current=\"true\"",
                false => "",
            };
            let query = request.query.with("g", value).with("p", "");
            put(
                out,
                format_args!("<a href=\"{}\"{current}>{name}</a>", Escaped(here(&query))),
            );
        }
    });
}

fn config_menu(request: &Request<'_>, out: &mut String) {
    menu(out, "Config", |out| {
        for entry in request.site.settings.menu(request.query) {
            let current = match entry.current {
                true => " aria-current=\"true\"",
                false => "",
            };
            let (name, href) = (Escaped(&entry.name), here(&entry.query));
            put(
                out,
                format_args!(
                    "<span class=\"row\"><a href=\"{}\"{current}>{name}</a>",
                    Escaped(href)
                ),
            );
            if entry.own {
                put(
                    out,
                    format_args!(
                        "<button data-forget=\"{name}\" title=\"Delete this configuration\">×</button>"
                    ),
                );
            }
            out.push_str("</span>");
        }
        out.push_str("<hr><button data-save>Save as …</button>");
    });
}

/// What is refined, each with a way back if it is of the address and not of the command line.
fn chips(request: &Request<'_>, out: &mut String) {
    let mut text = String::new();
    for (parameter, name, _) in REFINEMENTS {
        let named = |field: &&Field| variables::url_name(field) == Some(parameter);
        let Some(field) = variables::all().find(named) else {
            continue;
        };
        let value = variables::get(&request.options, field);
        if value.is_empty() {
            continue;
        }
        put(
            &mut text,
            format_args!("<span>{name} <code>{}</code>", Escaped(&value)),
        );
        if request.query.get(parameter).is_empty() {
            text.push_str("<small>command line</small></span>");
            continue;
        }
        let without = here(&request.query.with(parameter, ""));
        put(
            &mut text,
            format_args!(
                "<a href=\"{}\" title=\"Take it back\" aria-label=\"Take {name} back\">×</a></span>",
                Escaped(without)
            ),
        );
    }
    if !text.is_empty() {
        put(
            out,
            format_args!("<div class=\"chips\" aria-label=\"Refinements\">{text}</div>\n"),
        );
    }
}

fn keys(out: &mut String) {
    out.push_str("<dialog id=\"keys\"><h2>Keys</h2><dl>");
    for (key, what) in [
        ("1 – 6", "the views, in the order of the menu"),
        ("/", "search; matches are marked"),
        (
            "f i h s",
            "focus, ignore, hide, show: what is selected, else what is searched",
        ),
        ("r", "reset all refinements"),
        ("← ↑ ↓ →", "move between boxes (flame graph) or pan (graph)"),
        ("Enter", "turn the flame graph around the box"),
        ("m", "menu of the box, as the right mouse button"),
        ("u", "flame graph: back to the root"),
        ("+ − 0", "zoom (graph)"),
        ("d", "details"),
        ("?", "this sheet"),
        ("Esc", "close, clear"),
    ] {
        put(out, format_args!("<dt>{key}</dt><dd>{what}</dd>"));
    }
    out.push_str("</dl><form method=\"dialog\"><button>Close</button></form></dialog>\n");
}
