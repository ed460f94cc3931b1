//! A Go executable as bytes: address to frames.
#![forbid(unsafe_code)]
