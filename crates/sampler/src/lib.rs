//! Samples of a live process into a profile.
#![forbid(unsafe_code)]
