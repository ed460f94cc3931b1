//! The real command on real Go processes and on bad input.

mod bad_profile;
mod bad_target;
mod bad_url;
mod benchstat;
mod corefile;
mod cpu;
mod diff;
mod gctrace;
mod goroutine;
mod gowhy;
mod kept;
mod launch;
mod matrix;
mod memstats;
mod rate;
mod test;
mod web;
