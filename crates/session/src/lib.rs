//! Opens any target and captures from it: the engine's one public face.
#![forbid(unsafe_code)]
