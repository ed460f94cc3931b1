//! Where `gowhy pprof` gets profiles and names from: what it says, keeps and shows is what
//! `go tool pprof` says, keeps and shows.

mod answers;
mod bench;
mod endpoints;
mod fetched;
mod local;
mod remote;
mod server;
