//! The web interface of `gowhy pprof -http`: pages of one profile, with the addresses and parameters
//! of `go tool pprof`'s.
//!
//! [`Site::answer`] makes the answer to a request as plain data, and [`serve`] speaks HTTP around it.
//! Every refinement is in the address of its page. Pages need nothing from elsewhere, and the call
//! graph no Graphviz.
#![forbid(unsafe_code)]

mod cache;
mod download;
mod flamegraph;
mod graph;
mod html;
mod page;
mod query;
mod reply;
mod server;
mod settings;
mod site;
mod source;
mod text;
mod top;

pub use query::Query;
pub use reply::Reply;
pub use server::{Address, serve};
pub use settings::Settings;
pub use site::{Setup, Site};
