//! A view of a report, ready to be written.

use std::io::Write;

use profile::proto::write_gz;
use profile::{Profile, folded, speedscope};

use crate::callgraph::CallGraph;
use crate::callgrind::Callgrind;
use crate::comments::Comments;
use crate::disasm::Assembly;
use crate::error::Error;
use crate::flame;
use crate::html::Html;
use crate::list::Listing;
use crate::raw::Raw;
use crate::report::Report;
use crate::source::Finder;
use crate::tags::Tags;
use crate::top::Top;
use crate::topproto::top_profile;
use crate::traces::Traces;
use crate::tree::Tree;
use crate::view::{Image, View};
use crate::weblist::WebList;

/// What is shown. Views of single samples are read from the report while they are written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Shown<'r> {
    /// The heaviest nodes.
    Top(Top),
    /// Nodes with their callers and callees; `-peek` too.
    Tree(Tree),
    /// Annotated source.
    List(Listing),
    /// Annotated code.
    Disasm(Assembly),
    /// Annotated source with its code.
    Weblist(WebList),
    /// Every sample.
    Traces(Traces<'r>),
    /// Everything.
    Raw(Raw<'r>),
    /// The labels.
    Tags(Tags),
    /// The comments.
    Comments(Comments),
    /// The call graph for Graphviz.
    Dot(CallGraph),
    /// The call graph as a picture.
    Svg(CallGraph),
    /// The call graph as a picture in another format.
    Image(CallGraph, Image),
    /// Every address and its calls, for KCachegrind.
    Callgrind(Callgrind),
    /// The flame graph as a picture.
    Flame(&'r Report),
    /// Flame graph, table, call graph and source in one page.
    Html(Box<Html>),
    /// Folded stacks.
    Folded(&'r Report),
    /// A file for speedscope.
    Speedscope(&'r Report),
    /// The profile itself.
    Proto(&'r Report),
    /// The heaviest nodes, as a profile.
    TopProto(Profile),
}

impl<'r> Shown<'r> {
    /// The view of a report that was prepared for it. Source files and programs come from `finder`.
    pub fn new(report: &'r Report, view: &View, finder: &mut Finder<'_>) -> Result<Self, Error> {
        let matches = |name: &str| report.pattern.as_ref().is_none_or(|p| p.is_match(name));
        Ok(match view {
            View::Top => Shown::Top(Top::new(report)),
            View::Tree => Shown::Tree(Tree::new(report)),
            View::Peek(pattern) => Shown::Tree(Tree::peek(report, pattern, &matches)?),
            View::List(pattern) => Shown::List(Listing::new(report, pattern, &matches, finder)?),
            View::Disasm(pattern) => {
                let binaries = finder.binaries();
                Shown::Disasm(Assembly::new(report, pattern, &matches, binaries, None)?)
            }
            View::Weblist(_) => Shown::Weblist(WebList::new(report, finder, None)?),
            View::Traces => Shown::Traces(Traces::new(report)),
            View::Raw => Shown::Raw(Raw::new(report)),
            View::Tags => Shown::Tags(Tags::new(report)),
            View::Comments => Shown::Comments(Comments::new(report)),
            View::Dot => Shown::Dot(CallGraph::new(report)),
            View::Svg | View::Web | View::Eog => Shown::Svg(CallGraph::new(report)),
            View::Image(format) => Shown::Image(CallGraph::new(report), *format),
            View::Evince => Shown::Image(CallGraph::new(report), Image::Pdf),
            View::Gv => Shown::Image(CallGraph::new(report), Image::Ps),
            View::Callgrind | View::Kcachegrind => Shown::Callgrind(Callgrind::new(report)),
            View::Flame => Shown::Flame(report),
            View::Html => Shown::Html(Box::new(Html::new(report, finder)?)),
            View::Folded => Shown::Folded(report),
            View::Speedscope => Shown::Speedscope(report),
            View::Proto => Shown::Proto(report),
            View::TopProto => Shown::TopProto(top_profile(report)),
        })
    }

    /// What there is to say about how the view came about.
    pub fn notices(&self) -> &[String] {
        match self {
            Shown::Disasm(view) => &view.notices,
            Shown::Weblist(view) => &view.notices,
            _ => &[],
        }
    }

    /// Writes the view's own format: pprof's text, or the file that it stands for.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), Error> {
        match self {
            Shown::Top(view) => view.write(out)?,
            Shown::Tree(view) => view.write(out)?,
            Shown::List(view) => view.write(out)?,
            Shown::Disasm(view) => view.write(out)?,
            Shown::Weblist(view) => view.write(out)?,
            Shown::Traces(view) => view.write(out)?,
            Shown::Raw(view) => view.write(out)?,
            Shown::Tags(view) => view.write(out)?,
            Shown::Comments(view) => view.write(out)?,
            Shown::Dot(view) => view.write(out)?,
            Shown::Svg(view) => out.write_all(view.picture().svg().as_bytes())?,
            Shown::Image(view, format) => {
                let drawing = view.picture().drawing();
                let bytes = match format {
                    Image::Png => paint::png::png(&drawing)?,
                    Image::Gif => paint::gif::gif(&drawing)?,
                    Image::Pdf => paint::pdf::pdf(&drawing)?,
                    Image::Ps => paint::ps::ps(&drawing)?.into_bytes(),
                };
                out.write_all(&bytes)?;
            }
            Shown::Callgrind(view) => view.write(out)?,
            Shown::Flame(report) => {
                let options = flame::Options::of(report);
                out.write_all(flame::render(&report.profile, &options).as_bytes())?;
            }
            Shown::Html(page) => out.write_all(page.text().as_bytes())?,
            Shown::Folded(r) => folded::write(&r.profile, r.measure.index, out)?,
            Shown::Speedscope(r) => speedscope::write(&r.profile, &r.title(), out)?,
            Shown::Proto(report) => write_gz(&report.profile, out)?,
            Shown::TopProto(profile) => write_gz(profile, out)?,
        }
        Ok(())
    }
}
