//! A binary on this machine: address to frames.

use std::path::Path;
use std::sync::Arc;

use gobin::{Frame, GoBin, Image, Segment};

use super::Mode;
use super::names::Named;

/// A file that can be asked for names.
pub(super) struct Binary {
    /// A Go program; C code in it is the image's.
    go: Option<GoBin>,
    image: Image,
}

impl Binary {
    /// Opens it, or says why not.
    pub(super) fn open(path: &str) -> Result<Binary, String> {
        let data = target::MappedFile::open(Path::new(path))
            .map_err(|e| format!("open {path}: {}", crate::wording::io_error(&e)))?;
        let data: gobin::Data = Arc::new(data);
        let image = Image::parse(Arc::clone(&data)).map_err(|e| format!("open {path}: {e}"))?;
        Ok(Binary {
            go: GoBin::parse(data).ok(),
            image,
        })
    }

    /// Whether a profile may name it so. Files without an id fit any.
    pub(super) fn has_build_id(&self, id: &str) -> bool {
        let ids = [self.image.build_id(), self.image.go_build_id()];
        ids.iter().all(Option::is_none) || ids.iter().flatten().any(|own| own == id)
    }

    /// What is mapped of it.
    pub(super) fn segments(&self) -> &[Segment] {
        self.image.segments()
    }

    /// The frames at an address of the file, innermost first; none where nothing is known.
    pub(super) fn frames(&self, address: u64, mode: Mode) -> Vec<Named> {
        if let Some(go) = &self.go {
            let mut frames = Vec::new();
            go.pclntab().frames(address, &mut frames);
            if !frames.is_empty() {
                return match mode.one_frame {
                    true => one_of_go(&frames),
                    false => all_of_go(&frames),
                };
            }
        }
        let mut frames = self.of_c(address, mode.fast);
        if mode.one_frame {
            // pprof knows C code by its debugging information only.
            frames.retain(|frame| !frame.file.is_empty());
            let outer = frames.last().map(|f| f.function.clone());
            frames.truncate(1);
            if let (Some(outer), Some(inner)) = (outer, frames.first_mut()) {
                inner.function = outer;
            }
        }
        frames
    }

    fn of_c(&self, address: u64, fast: bool) -> Vec<Named> {
        if fast {
            let symbol = self.image.symbolize(address);
            let named = symbol.map(|(name, _)| Named {
                function: name.to_owned(),
                ..Named::default()
            });
            return named.into_iter().collect();
        }
        let frames = self.image.frames(address).into_iter();
        let named = frames.map(|frame| Named {
            function: frame.func,
            file: frame.file,
            line: i64::from(frame.line),
            start_line: 0,
        });
        named.collect()
    }
}

/// As Go's own profiler writes them: without the wrappers that the compiler made.
fn all_of_go(frames: &[Frame<'_>]) -> Vec<Named> {
    let some_real = frames.iter().any(|f| !f.wrapper);
    let shown = frames.iter().filter(|f| !f.wrapper || !some_real);
    let named = shown.map(|f| Named {
        function: gobin::pprof_name(f.func).into_owned(),
        file: f.file.to_owned(),
        line: i64::from(f.line),
        start_line: i64::from(f.start_line),
    });
    named.collect()
}

/// The function that holds the address, with the line of what was inlined there
/// (`gosym.Table.PCToLine`).
fn one_of_go(frames: &[Frame<'_>]) -> Vec<Named> {
    let (Some(inner), Some(outer)) = (frames.first(), frames.last()) else {
        return Vec::new();
    };
    vec![Named {
        function: outer.func.to_owned(),
        file: inner.file.to_owned(),
        line: i64::from(inner.line),
        start_line: 0,
    }]
}
