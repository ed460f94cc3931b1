//! The pages by their addresses.

use std::fmt::Debug;
use std::path::PathBuf;

use profile::Profile;
use report::binary::Binaries;
use report::options::Options;
use report::pipeline::{Prepared, prepare};
use report::source::{Finder, SourceFiles};
use report::stacks::StackSet;
use report::time::Zone;
use report::view::View;

use crate::cache::Cache;
use crate::page::Page;
use crate::query::Query;
use crate::reply::{HTML, Reply};
use crate::settings::Settings;
use crate::{download, flamegraph, graph, source, text, top};

/// What a site is made of.
pub struct Setup {
    /// The profile.
    pub profile: Profile,
    /// What the user set before; addresses change it for one page.
    pub options: Options,
    /// The time zone of the user.
    pub zone: Box<dyn Zone + Send + Sync>,
    /// Where source files are read from.
    pub files: Box<dyn SourceFiles + Send + Sync>,
    /// Where programs are found, for their code. Each page has its own.
    pub programs: fn() -> Box<dyn Binaries>,
    /// The directories that source files are looked for in, separated by `:`.
    pub search: String,
    /// The file of named configurations.
    pub settings: Option<PathBuf>,
}

impl Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("options", &self.options)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A profile's pages.
#[derive(Debug)]
pub struct Site {
    pub(crate) setup: Setup,
    pub(crate) settings: Settings,
    pub(crate) stacks: Cache<flamegraph::Flame>,
    pages: Cache<Reply>,
}

/// How many bytes of stacks and of finished pages are kept.
const STACKS_BUDGET: usize = 256 << 20;
const PAGES_BUDGET: usize = 64 << 20;

/// A page that is asked for.
pub(crate) struct Request<'r> {
    pub site: &'r Site,
    pub query: &'r Query,
    /// The options, as the address changes them.
    pub options: Options,
    pub programs: Box<dyn Binaries>,
}

/// Makes a page.
type Make = fn(&Request<'_>) -> Result<Reply, Reply>;

const PAGES: &[(&str, Make)] = &[
    ("flamegraph", flamegraph::page),
    ("graph", graph::page),
    ("top", top::page),
    ("peek", text::peek),
    ("source", source::page),
    ("disasm", text::disasm),
    ("download", download::page),
];

/// What pages are made with.
const ASSETS: &[(&str, &str, &str)] = &[
    ("page.css", "text/css", include_str!("../assets/page.css")),
    (
        "page.js",
        "text/javascript",
        include_str!("../assets/page.js"),
    ),
    (
        "flame.js",
        "text/javascript",
        include_str!("../assets/flame.js"),
    ),
    (
        "graph.js",
        "text/javascript",
        include_str!("../assets/graph.js"),
    ),
    (
        "top.js",
        "text/javascript",
        include_str!("../assets/top.js"),
    ),
];

impl Site {
    /// The pages of a profile.
    pub fn new(mut setup: Setup) -> Self {
        let settings = Settings::new(setup.settings.take());
        Site {
            setup,
            settings,
            stacks: Cache::new(STACKS_BUDGET),
            pages: Cache::new(PAGES_BUDGET),
        }
    }

    /// The answer to a request; `query` is what follows the `?`. `foreign`: another site's page sent
    /// it, so it must not change anything.
    pub fn answer(&self, path: &str, query: &str, foreign: bool) -> Reply {
        let search = match query {
            "" => String::new(),
            query => format!("?{query}"),
        };
        let Some(name) = path.strip_prefix("/ui/") else {
            return Reply::redirect(307, format!("/ui/{search}"));
        };
        if let Some(name) = name.strip_prefix("static/") {
            let asset = ASSETS.iter().find(|(asset, ..)| *asset == name);
            return match asset {
                Some((_, kind, body)) => Reply::ok(kind, *body),
                None => Reply::error(404, "there is no such file"),
            };
        }
        let query = Query::parse(query);
        match name {
            "" | "flamegraph2" | "flamegraphold" => {
                return Reply::redirect(301, format!("flamegraph{search}"));
            }
            "saveconfig" | "deleteconfig" if foreign => {
                return Reply::error(403, "settings are changed from here only");
            }
            "saveconfig" => return done(self.settings.save(&query, &self.setup.options)),
            "deleteconfig" => return done(self.settings.delete(query.get("config"))),
            _ => {}
        }
        let Some((view, make)) = PAGES.iter().find(|(page, _)| *page == name) else {
            return Reply::error(404, "there is no such page");
        };
        let mut options = self.setup.options.clone();
        if let Err(e) = query.apply(&mut options) {
            return Reply::error(400, e);
        }
        let request = Request {
            site: self,
            query: &query,
            options,
            programs: (self.setup.programs)(),
        };
        // Pages name the configurations, which change under them; all else in them is of the address.
        let configs = self.settings.menu(&query);
        let key = format!("{name} {} {configs:?}", query.text());
        let size = |reply: &Reply| reply.body.len();
        match self.pages.get_or(&key, size, || make(&request)) {
            Ok(reply) => Reply::clone(&reply),
            Err(reply) if query.get("format").is_empty() => explained(&request, view, reply),
            Err(reply) => reply,
        }
    }
}

/// What is wrong, on a page from which there are ways on.
fn explained(request: &Request<'_>, view: &'static str, reply: Reply) -> Reply {
    let message = String::from_utf8_lossy(&reply.body).trim_end().to_owned();
    let page = Page {
        view,
        legend: &[],
        notices: &[message],
        body: String::new(),
        script: None,
        total: None,
    };
    Reply {
        status: reply.status,
        ..page.reply(request)
    }
}

fn done(result: Result<(), String>) -> Reply {
    match result {
        Ok(()) => Reply::ok(HTML, ""),
        Err(e) => Reply::error(400, e),
    }
}

impl Request<'_> {
    /// The report that a view needs.
    pub fn prepare(&self, options: &Options, view: &View) -> Result<Prepared, Reply> {
        let profile = self.site.setup.profile.clone();
        Ok(prepare(profile, options, view, &*self.site.setup.zone)?)
    }

    /// What finds source files and programs.
    pub fn finder(&self) -> Finder<'_> {
        let setup = &self.site.setup;
        let search = match setup.options.source_path.as_str() {
            "" => &setup.search,
            path => path,
        };
        let finder = Finder::new(&*setup.files, search, &setup.options.trim_path);
        finder.with_binaries(&*self.programs)
    }

    /// The stacks of the flame graph, made once for each set of options.
    pub fn stacks(&self) -> Result<std::sync::Arc<flamegraph::Flame>, Reply> {
        let mut options = self.options.clone();
        report::stacks::override_options(&mut options);
        let key = format!("{options:?}");
        let size = |flame: &flamegraph::Flame| flame.set.size();
        self.site.stacks.get_or(&key, size, || {
            // The graph's own overrides are those of flame graphs.
            let Prepared { report, notices } = self.prepare(&options, &View::Svg)?;
            Ok(flamegraph::Flame {
                set: StackSet::new(&report),
                legend: crate::page::legend(&report),
                notices,
            })
        })
    }
}
