//! What a report is asked to show: pprof's variables with its names and defaults.
//!
//! The fields are plain data; [`FIELDS`] lists them by name for whatever sets them from text (flags,
//! a shell, a URL). Mirrors `internal/driver/config.go`.

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By the value of the node itself.
    #[default]
    Flat,
    /// By the value of the node and everything that it calls.
    Cum,
}

pub use profile::Granularity;

/// The settings of a report. The defaults are those of pprof.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Tell apart the ways by which a function is reached (pictures only).
    pub call_tree: bool,
    /// Percentages are of what the filters leave, not of the whole profile.
    pub relative_percentages: bool,
    /// The unit to show; `minimum` picks one for all values, `auto` one for each.
    pub unit: String,
    /// Leave out the profile's description from the header.
    pub compact_labels: bool,
    /// Directories to look for source files in, separated by `:`.
    pub source_path: String,
    /// Prefixes to cut from the source paths in the profile, separated by `:`.
    pub trim_path: String,
    /// Assembly in Intel syntax.
    pub intel_syntax: bool,
    /// Show values divided by the first value (a count).
    pub mean: bool,
    /// Name or index of the value to show; empty for the profile's default.
    pub sample_index: String,
    /// Divide all values by this.
    pub divide_by: f64,
    /// Scale the profile so that its totals are those of the base.
    pub normalize: bool,
    /// The order of rows.
    pub sort: Sort,
    /// Label keys, comma-separated, whose values become frames at the root.
    pub tagroot: String,
    /// Label keys, comma-separated, whose values become frames at the leaf.
    pub tagleaf: String,
    /// Leave out nodes with a negative value.
    pub drop_negative: bool,
    /// How many nodes to show; 0 for all, -1 for what the view finds right.
    pub nodecount: i64,
    /// Hide nodes below this share of the total.
    pub nodefraction: f64,
    /// Hide edges below this share of the total.
    pub edgefraction: f64,
    /// Honour `nodecount`, `nodefraction` and `edgefraction`.
    pub trim: bool,
    /// Regexp: keep only samples with a matching frame.
    pub focus: String,
    /// Regexp: drop samples with a matching frame.
    pub ignore: String,
    /// Regexp: drop what lies below a matching frame.
    pub prune_from: String,
    /// Regexp: leave out matching frames.
    pub hide: String,
    /// Regexp: leave out all other frames.
    pub show: String,
    /// Regexp: drop what lies above the topmost matching frame.
    pub show_from: String,
    /// Keep only samples with a matching label (regexp, `key=regexp` or range).
    pub tagfocus: String,
    /// Drop samples with a matching label.
    pub tagignore: String,
    /// Regexp: keep only labels with a matching key.
    pub tagshow: String,
    /// Regexp: drop labels with a matching key.
    pub taghide: String,
    /// Count inlined functions to the function that they are inlined into.
    pub noinlines: bool,
    /// Show columns beside lines.
    pub showcolumns: bool,
    /// What one node stands for; `None` for what the view finds right.
    pub granularity: Option<Granularity>,
    /// Do as pprof does where it is wrong, too. No variable of pprof's, so it is not among
    /// [`FIELDS`].
    pub exact: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            call_tree: false,
            relative_percentages: false,
            unit: "minimum".to_owned(),
            compact_labels: false,
            source_path: String::new(),
            trim_path: String::new(),
            intel_syntax: false,
            mean: false,
            sample_index: String::new(),
            divide_by: 1.0,
            normalize: false,
            sort: Sort::Flat,
            tagroot: String::new(),
            tagleaf: String::new(),
            drop_negative: false,
            nodecount: -1,
            nodefraction: 0.005,
            edgefraction: 0.001,
            trim: true,
            focus: String::new(),
            ignore: String::new(),
            prune_from: String::new(),
            hide: String::new(),
            show: String::new(),
            show_from: String::new(),
            tagfocus: String::new(),
            tagignore: String::new(),
            tagshow: String::new(),
            taghide: String::new(),
            noinlines: false,
            showcolumns: false,
            granularity: None,
            exact: false,
        }
    }
}

/// Where a field's value is, by its type.
#[derive(Clone, Copy)]
pub enum Slot {
    /// A switch.
    Bool(fn(&mut Options) -> &mut bool),
    /// A whole number.
    Int(fn(&mut Options) -> &mut i64),
    /// A number.
    Float(fn(&mut Options) -> &mut f64),
    /// A text.
    Text(fn(&mut Options) -> &mut String),
    /// One of several names, each of which is a switch of its own.
    Choice(&'static [Choice]),
}

/// One value of a field with several.
#[derive(Clone, Copy)]
pub struct Choice {
    /// The value's name.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Sets it.
    pub set: fn(&mut Options),
}

/// A field by name.
#[derive(Clone, Copy)]
pub struct Field {
    /// The name, as in flags and shell variables.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Where its value is.
    pub slot: Slot,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").field("name", &self.name).finish()
    }
}

macro_rules! fields {
    ($($kind:ident $name:ident $help:literal;)*) => {
        &[$(Field {
            name: stringify!($name),
            help: $help,
            slot: Slot::$kind(|o| &mut o.$name),
        }),*]
    };
}

/// The fields that have one value, by name.
pub const FIELDS: &[Field] = fields! {
    Bool call_tree "Create a context-sensitive call tree";
    Bool relative_percentages "Show percentages relative to focused subgraph";
    Text unit "Measurement units to display";
    Bool compact_labels "Show minimal headers";
    Text source_path "Search path for source files";
    Text trim_path "Path to trim from source paths before search";
    Bool intel_syntax "Show assembly in Intel syntax";
    Bool mean "Average sample value over first value (count)";
    Text sample_index "Sample value to report (0-based index or name)";
    Float divide_by "Ratio to divide all samples before visualization";
    Bool normalize "Scales profile based on the base profile.";
    Text tagroot "Adds pseudo stack frames for labels key/value pairs at the callstack root.";
    Text tagleaf "Adds pseudo stack frames for labels key/value pairs at the callstack leaf.";
    Bool drop_negative "Ignore negative differences";
    Int nodecount "Max number of nodes to show";
    Float nodefraction "Hide nodes below <f>*total";
    Float edgefraction "Hide edges below <f>*total";
    Bool trim "Honor nodefraction/edgefraction/nodecount defaults";
    Text focus "Restricts to samples going through a node matching regexp";
    Text ignore "Skips paths going through any nodes matching regexp";
    Text prune_from "Drops any functions below the matched frame.";
    Text hide "Skips nodes matching regexp";
    Text show "Only show nodes matching regexp";
    Text show_from "Drops functions above the highest matched frame.";
    Text tagfocus "Restricts to samples with tags in range or matched by regexp";
    Text tagignore "Discard samples with tags in range or matched by regexp";
    Text tagshow "Only consider tags matching this regexp";
    Text taghide "Skip tags matching this regexp";
    Bool noinlines "Ignore inlines.";
    Bool showcolumns "Show column numbers at the source code line level.";
};

/// The fields that have one of several values; at most one choice of each may be set.
pub const CHOICES: &[Field] = &[
    Field {
        name: "granularity",
        help: "What one row stands for",
        slot: Slot::Choice(&[
            Choice {
                name: "functions",
                help: "Aggregate at the function level.",
                set: |o| o.granularity = Some(Granularity::Functions),
            },
            Choice {
                name: "filefunctions",
                help: "Aggregate at the function level.",
                set: |o| o.granularity = Some(Granularity::FileFunctions),
            },
            Choice {
                name: "files",
                help: "Aggregate at the file level.",
                set: |o| o.granularity = Some(Granularity::Files),
            },
            Choice {
                name: "lines",
                help: "Aggregate at the source code line level.",
                set: |o| o.granularity = Some(Granularity::Lines),
            },
            Choice {
                name: "addresses",
                help: "Aggregate at the address level.",
                set: |o| o.granularity = Some(Granularity::Addresses),
            },
        ]),
    },
    Field {
        name: "sort",
        help: "The order of rows",
        slot: Slot::Choice(&[
            Choice {
                name: "cum",
                help: "Sort entries based on cumulative weight",
                set: |o| o.sort = Sort::Cum,
            },
            Choice {
                name: "flat",
                help: "Sort entries based on own weight",
                set: |o| o.sort = Sort::Flat,
            },
        ]),
    },
];

impl Options {
    /// The filters that are set, as `name=value`, in the order in which headers list them.
    pub fn active_filters(&self) -> Vec<String> {
        [
            ("focus", &self.focus),
            ("ignore", &self.ignore),
            ("hide", &self.hide),
            ("show", &self.show),
            ("show_from", &self.show_from),
            ("tagfocus", &self.tagfocus),
            ("tagignore", &self.tagignore),
            ("tagshow", &self.tagshow),
            ("taghide", &self.taghide),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_writes_its_own_place() {
        let names: Vec<_> = FIELDS.iter().map(|f| f.name).collect();
        for field in FIELDS {
            let mut o = Options::default();
            match field.slot {
                Slot::Bool(at) => *at(&mut o) = !*at(&mut o),
                Slot::Int(at) => *at(&mut o) += 1,
                Slot::Float(at) => *at(&mut o) += 1.0,
                Slot::Text(at) => at(&mut o).push('x'),
                Slot::Choice(_) => unreachable!("FIELDS has no choices"),
            }
            assert_ne!(o, Options::default(), "{}", field.name);
            let debug = format!("{o:?}");
            assert!(debug.contains(&format!("{}:", field.name)));
            assert_eq!(names.iter().filter(|n| **n == field.name).count(), 1);
        }
        for field in CHOICES {
            let Slot::Choice(choices) = field.slot else {
                unreachable!("CHOICES has only choices");
            };
            let mut seen = Vec::new();
            for choice in choices {
                let mut o = Options::default();
                (choice.set)(&mut o);
                assert!(!seen.contains(&o), "{}", choice.name);
                seen.push(o);
            }
        }
    }

    #[test]
    fn filters_are_listed_in_the_order_of_the_header() {
        let o = Options {
            taghide: "z".into(),
            hide: "h".into(),
            focus: "a=b".into(),
            prune_from: "not listed".into(),
            ..Default::default()
        };
        assert_eq!(o.active_filters(), ["focus=a=b", "hide=h", "taghide=z"]);
    }
}
