//! Keeping the samples and frames that are asked for: focus, ignore, hide, show, show_from and the
//! filters by label. The rules are those of google/pprof (profile/filter.go and
//! internal/driver/driver_focus.go), their order included.
//!
//! A pattern matches a frame by its function's name or file, and a location by the mapped file too.

use crate::error::Error;
use crate::goregex::Regexp;
use crate::matcher::Matcher;
use crate::model::Profile;
use crate::prune::prune_from;
use crate::tagfilter::{TagFilter, filter_samples_by_tag, filter_tags};
use crate::units::LabelUnits;

/// The filters as the user writes them; an empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterOptions {
    /// Keep samples that go through this.
    pub focus: String,
    /// Drop samples that go through this.
    pub ignore: String,
    /// Leave these frames out.
    pub hide: String,
    /// Leave out all frames but these.
    pub show: String,
    /// Leave out the callers of the outermost such frame.
    pub show_from: String,
    /// Keep samples with such a label.
    pub tag_focus: String,
    /// Drop samples with such a label.
    pub tag_ignore: String,
    /// Leave out all labels but those with such a key.
    pub tag_show: String,
    /// Leave out labels with such a key.
    pub tag_hide: String,
    /// Leave out what such a frame calls.
    pub prune_from: String,
}

/// The filters, compiled.
#[derive(Debug, Default)]
pub struct Filters {
    focus: Option<Regexp>,
    ignore: Option<Regexp>,
    hide: Option<Regexp>,
    show: Option<Regexp>,
    show_from: Option<Regexp>,
    tag_focus: Option<TagFilter>,
    tag_ignore: Option<TagFilter>,
    tag_show: Option<Regexp>,
    tag_hide: Option<Regexp>,
    prune_from: Option<Regexp>,
    notes: Vec<String>,
}

impl Filters {
    /// Compiles the filters. `units` are those of the profile before anything is filtered.
    pub fn new(options: &FilterOptions, units: &LabelUnits) -> Result<Self, Error> {
        let o = options;
        let mut f = Filters {
            focus: compile("focus", &o.focus)?,
            ignore: compile("ignore", &o.ignore)?,
            hide: compile("hide", &o.hide)?,
            show: compile("show", &o.show)?,
            show_from: compile("show_from", &o.show_from)?,
            tag_focus: TagFilter::new("tagfocus", &o.tag_focus, units)?,
            tag_ignore: TagFilter::new("tagignore", &o.tag_ignore, units)?,
            prune_from: compile("prune_from", &o.prune_from)?,
            tag_show: compile("tagshow", &o.tag_show)?,
            tag_hide: compile("taghide", &o.tag_hide)?,
            notes: Vec::new(),
        };
        let tags = [
            ("tagfocus", &o.tag_focus, &f.tag_focus),
            ("tagignore", &o.tag_ignore, &f.tag_ignore),
        ];
        f.notes = tags
            .into_iter()
            .filter(|(.., filter)| filter.as_ref().is_some_and(TagFilter::is_range))
            .map(|(name, text, _)| {
                let value = text.split_once('=').map_or(text.as_str(), |(_, v)| v);
                format!("{name}:Interpreted '{value}' as range, not regexp")
            })
            .collect();
        Ok(f)
    }

    /// How a filter was understood, where that may surprise.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Applies all filters. Returns a warning for each that matched nothing.
    pub fn apply(&self, p: &mut Profile) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut check = |asked: bool, matched: bool, name: &str| {
            if asked && !matched {
                warnings.push(format!("{name} expression matched no samples"));
            }
        };
        let (focus, ignore) = (self.focus.as_ref(), self.ignore.as_ref());
        let (hide, show) = (self.hide.as_ref(), self.show.as_ref());
        let m = filter_samples_by_name(p, focus, ignore, hide, show);
        check(focus.is_some(), m.focus, "Focus");
        check(ignore.is_some(), m.ignore, "Ignore");
        check(hide.is_some(), m.hide, "Hide");
        check(show.is_some(), m.show, "Show");
        if let Some(regexp) = &self.show_from {
            check(true, show_from(p, regexp), "ShowFrom");
        }
        let (focus, ignore) = (self.tag_focus.as_ref(), self.tag_ignore.as_ref());
        let m = filter_samples_by_tag(p, focus, ignore);
        check(focus.is_some(), m.focus, "TagFocus");
        check(ignore.is_some(), m.ignore, "TagIgnore");
        let (show, hide) = (self.tag_show.as_ref(), self.tag_hide.as_ref());
        let m = filter_tags(p, show, hide);
        check(show.is_some(), m.show, "TagShow");
        check(hide.is_some(), m.hide, "TagHide");
        if let Some(regexp) = &self.prune_from {
            prune_from(p, regexp);
        }
        warnings
    }
}

fn compile(name: &str, pattern: &str) -> Result<Option<Regexp>, Error> {
    if pattern.is_empty() {
        return Ok(None);
    }
    match Regexp::new(pattern) {
        Ok(regexp) => Ok(Some(regexp)),
        Err(e) => Err(Error::Argument(format!("parsing {name} regexp: {e}"))),
    }
}

/// Which patterns matched anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// The one to keep samples by.
    pub focus: bool,
    /// The one to drop samples by.
    pub ignore: bool,
    /// The one to leave out frames (or labels) by.
    pub hide: bool,
    /// The one to keep frames (or labels) by.
    pub show: bool,
}

const FOCUSED: u8 = 1;
const IGNORED: u8 = 2;
const HIDDEN: u8 = 4;

/// Keeps the samples with a location that `focus` matches and none that `ignore` matches, and of
/// their frames those that `hide` does not match and `show` does. Samples without frames go.
pub fn filter_samples_by_name(
    p: &mut Profile,
    focus: Option<&Regexp>,
    ignore: Option<&Regexp>,
    hide: Option<&Regexp>,
    show: Option<&Regexp>,
) -> Matched {
    let mut matched = Matched::default();
    if focus.or(ignore).or(hide).or(show).is_none() {
        matched.focus = true;
        return matched;
    }
    let matcher = |regexp| Matcher::new(regexp, p);
    let (mut focus, mut ignore) = (focus.map(matcher), ignore.map(matcher));
    let (mut hide, mut show) = (hide.map(matcher), show.map(matcher));
    let mut marks = vec![0u8; p.locations.len()];
    let mut lines = Vec::with_capacity(p.lines.len());
    let mut ranges = Vec::with_capacity(p.locations.len());
    let mut any_hidden = false;
    for (l, mark) in p.locations.iter().zip(&mut marks) {
        let start = l.lines_start as usize;
        let own = &p.lines[start..start + l.lines_len as usize];
        let of = |m: &mut Matcher<'_>| own.iter().any(|line| m.line(p, line)) || m.mapping(p, l);
        if ignore.as_mut().is_some_and(of) {
            matched.ignore = true;
            *mark |= IGNORED;
        } else if focus.as_mut().is_none_or(of) {
            matched.focus = true;
            *mark |= FOCUSED;
        }

        let first = lines.len();
        lines.extend_from_slice(own);
        if let Some(m) = &mut hide
            && of(m)
        {
            matched.hide = true;
            lines.truncate(first);
            if !m.mapping(p, l) {
                lines.extend(own.iter().filter(|line| !m.line(p, line)));
            }
            if lines.len() == first {
                *mark |= HIDDEN;
            }
        }
        if let Some(m) = &mut show {
            if !m.mapping(p, l) {
                let mut kept = first;
                for i in first..lines.len() {
                    if lines[i].function.is_none() || m.line(p, &lines[i]) {
                        lines[kept] = lines[i];
                        kept += 1;
                    }
                }
                lines.truncate(kept);
            }
            if lines.len() == first {
                *mark |= HIDDEN;
            } else {
                matched.show = true;
            }
        }
        any_hidden |= *mark & HIDDEN != 0;
        ranges.push((first as u32, (lines.len() - first) as u32));
    }
    p.lines = lines;
    for (l, (start, len)) in p.locations.iter_mut().zip(ranges) {
        (l.lines_start, l.lines_len) = (start, len);
    }
    p.samples.edit(|_, stack| {
        let all = stack.iter().fold(0, |all, l| all | marks[l.ix()]);
        if all & FOCUSED == 0 || all & IGNORED != 0 {
            return None;
        }
        if !any_hidden || all & HIDDEN == 0 {
            return Some(0..stack.len());
        }
        let mut kept = 0;
        for i in 0..stack.len() {
            if marks[stack[i].ix()] & HIDDEN == 0 {
                stack[kept] = stack[i];
                kept += 1;
            }
        }
        (kept > 0).then_some(0..kept)
    });
    matched
}

/// Leaves out the callers of the outermost frame that matches, and the samples without one. Returns
/// whether any location matched.
pub fn show_from(p: &mut Profile, regexp: &Regexp) -> bool {
    let mut matcher = Matcher::new(regexp, p);
    let mut from = vec![false; p.locations.len()];
    let mut lens = Vec::with_capacity(p.locations.len());
    for (l, from) in p.locations.iter().zip(&mut from) {
        let start = l.lines_start as usize;
        let own = &p.lines[start..start + l.lines_len as usize];
        let mut len = own.len();
        if matcher.mapping(p, l) {
            *from = true;
        } else if let Some(last) = own.iter().rposition(|line| matcher.line(p, line)) {
            *from = true;
            len = last + 1;
        }
        lens.push(len as u32);
    }
    for (l, len) in p.locations.iter_mut().zip(lens) {
        l.lines_len = len;
    }
    p.samples.edit(|_, stack| {
        let last = stack.iter().rposition(|l| from[l.ix()])?;
        Some(0..last + 1)
    });
    from.contains(&true)
}
