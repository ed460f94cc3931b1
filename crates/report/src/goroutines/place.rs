//! Where a goroutine is, by delve's names for the four places that one may ask for.

use ::goroutines::{Frame, Goroutine, Goroutines};

/// A place in a goroutine's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The innermost frame that is not the runtime's.
    User,
    /// The innermost frame.
    Current,
    /// The `go` statement that made it.
    Go,
    /// The function that it began with.
    Start,
}

impl Place {
    /// All places with delve's names for them.
    pub const NAMES: [(&'static str, Place); 4] = [
        ("userloc", Place::User),
        ("curloc", Place::Current),
        ("goloc", Place::Go),
        ("startloc", Place::Start),
    ];

    /// The frame at this place of a goroutine.
    pub fn of<'a>(self, all: &'a Goroutines, g: &Goroutine) -> Option<&'a Frame> {
        match self {
            Place::User => all
                .shown(g.stack)
                .next()
                .map(|s| s.frame)
                .or_else(|| Place::Current.of(all, g)),
            Place::Current => all.stack_frames(g.stack).next().map(|s| s.frame),
            Place::Go => g.created_by.and_then(|call| all.frames(call).last()),
            Place::Start => {
                let is_exit = |f: &Frame| all.text(f.func) == "runtime.goexit";
                all.stack_frames(g.stack)
                    .map(|s| s.frame)
                    .filter(|f| !is_exit(f))
                    .last()
            }
        }
    }
}

/// `main.f /srv/main.go:12`, what filters look at and groups are named by.
pub fn name(all: &Goroutines, frame: &Frame) -> String {
    let func = gobin::print_name(all.text(frame.func));
    format!("{func} {}:{}", all.text(frame.file), frame.line)
}
