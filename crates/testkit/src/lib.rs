//! Go toolchains, programs and oracles for tests.
#![forbid(unsafe_code)]
