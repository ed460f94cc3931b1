//! Perf events: the kernel's own sampler. It stops nobody: a timer interrupt on the CPU writes who
//! runs there, with registers, frame-pointer chain and a piece of the stack, into a shared ring.

pub mod capture;
pub mod event;
pub mod record;
pub mod ring;

pub use capture::{Capture, Config, Reach};
pub use event::{Sampling, Scope};
pub use record::{Record, Regs, Sample};
pub use ring::Ring;
