//! Views of a profile as plain data, and their text.
//!
//! [`pipeline::prepare`] turns a profile and [`options::Options`] into a [`Report`]; each view
//! ([`view::View`]) is made from that by the module named after it, and writes pprof's text or JSON.
//! What is printed follows pprof to the byte, except where pprof differs from run to run or is wrong
//! (docs/pprof-differences.md).
//!
//! Nothing here prints or looks at the environment: the time zone and source files come from the
//! caller.
#![forbid(unsafe_code)]

pub mod benchdiff;
pub mod binary;
pub mod callgraph;
pub mod callgrind;
pub mod change;
pub mod comments;
pub mod disasm;
pub mod dot;
pub mod error;
pub mod flame;
pub mod format;
pub mod gctrace;
pub mod goroutines;
pub mod graph;
pub mod header;
pub mod html;
pub mod import;
pub mod json;
pub mod labels;
pub mod layout;
pub mod list;
pub mod lookup;
pub mod measure;
pub mod memstats;
pub mod names;
pub mod options;
pub mod paths;
pub mod pipeline;
pub mod pivot;
pub mod raw;
pub mod report;
pub mod sample_type;
pub mod show;
pub mod source;
pub mod stacks;
pub mod svg;
pub mod tags;
pub mod time;
pub mod top;
pub mod topproto;
pub mod traces;
pub mod tree;
pub mod variables;
pub mod view;
pub mod weblist;

pub use error::Error;
pub use options::Options;
pub use report::Report;
pub use show::Shown;
pub use view::View;
