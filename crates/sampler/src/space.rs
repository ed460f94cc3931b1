//! The target's address space: which file, and which place in it, an address belongs to.

use std::ops::Range;
use std::sync::Arc;

use gobin::{Cfi, GoBin, Image};
use target::{Map, Memory, Process};

use crate::error::Error;

/// No vDSO has more bytes.
const MAX_VDSO: u64 = 1 << 20;

/// What is mapped at a range of addresses.
#[derive(Debug)]
pub struct Object {
    /// The executable mapping's addresses.
    pub range: Range<u64>,
    /// The file offset that its first address maps.
    pub offset: u64,
    /// Address in the process − address in the file.
    pub bias: u64,
    /// The file, as the target names it; `[vdso]` for the kernel's page.
    pub path: String,
    /// Build id, if the file has one.
    pub build_id: String,
    /// What it is.
    pub kind: Kind,
}

/// What an object is made of.
#[derive(Debug)]
pub enum Kind {
    /// The Go program itself; with C parts if it is built with cgo.
    Go,
    /// A shared library.
    Library,
    /// The kernel's page of quick system calls.
    Vdso,
    /// Executable memory of no file that we can read.
    Unknown,
}

/// All executable mappings of the target.
pub struct Space {
    go: Arc<GoBin>,
    go_bias: u64,
    go_text: Range<u64>,
    objects: Vec<Object>,
    /// Symbols of each object, by the same index.
    images: Vec<Option<Image>>,
    /// Unwind tables of each object, by the same index.
    cfis: Vec<Option<Cfi>>,
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space")
            .field("objects", &self.objects)
            .finish_non_exhaustive()
    }
}

impl Space {
    /// Reads the mappings of `process`, whose binary is `go`, and parses every file behind them.
    pub fn open(
        process: Process,
        go: Arc<GoBin>,
        exe: gobin::Data,
        memory: &dyn Memory,
    ) -> Result<Space, Error> {
        let maps = process.maps()?;
        let exe_file = main_file(process, &maps)?;
        let main = maps
            .iter()
            .find(|m| m.exec && m.file == exe_file)
            .ok_or(Error::NotMapped)?;
        let go_bias = bias(&go, main).ok_or(Error::NotMapped)?;
        let open =
            |map: &Map| -> Option<gobin::Data> { Some(Arc::new(process.open_map(map).ok()?)) };
        Ok(Space::of(go, go_bias, exe, &maps, exe_file, memory, &open))
    }

    /// A space of these mappings, in which the program `go` is the file `exe_file`, loaded `go_bias`
    /// above its addresses; `open` gives the files of the others.
    pub(crate) fn of(
        go: Arc<GoBin>,
        go_bias: u64,
        exe: gobin::Data,
        maps: &[Map],
        exe_file: (u64, u64),
        memory: &dyn Memory,
        open: &dyn Fn(&Map) -> Option<gobin::Data>,
    ) -> Space {
        let text = go.pclntab().text_range();
        let go_text = go_bias.wrapping_add(text.0)..go_bias.wrapping_add(text.1);
        let mut space = Space {
            go,
            go_bias,
            go_text,
            objects: Vec::new(),
            images: Vec::new(),
            cfis: Vec::new(),
        };
        let exe_image = Image::parse(exe).ok();
        space.fill(maps, exe_file, exe_image, memory, open);
        space
    }

    fn fill(
        &mut self,
        maps: &[Map],
        exe_file: (u64, u64),
        mut exe_image: Option<Image>,
        memory: &dyn Memory,
        open: &dyn Fn(&Map) -> Option<gobin::Data>,
    ) {
        for map in maps.iter().filter(|m| m.exec) {
            if map.path == "[vsyscall]" {
                continue;
            }
            let mut object = Object {
                range: map.start..map.end,
                offset: map.offset,
                bias: 0,
                path: map.path.clone(),
                build_id: String::new(),
                kind: Kind::Unknown,
            };
            let mut image = None;
            if map.file == exe_file {
                object.kind = Kind::Go;
                object.bias = self.go_bias;
                object.build_id = self.go.build_id().unwrap_or_default();
                image = exe_image.take();
            } else if map.path == "[vdso]" {
                object.kind = Kind::Vdso;
                let len = map.end.saturating_sub(map.start).min(MAX_VDSO) as usize;
                if let Ok(bytes) = memory.read_vec(map.start, len) {
                    image = Image::parse(Arc::new(bytes)).ok();
                }
                object.bias = map.start;
            } else if map.file != (0, 0) {
                image = open(map).and_then(|file| Image::parse(file).ok());
                if let Some(b) = image.as_ref().and_then(|i| segment_bias(i.segments(), map)) {
                    object.kind = Kind::Library;
                    object.bias = b;
                }
            }
            if !matches!(object.kind, Kind::Go)
                && let Some(i) = &image
            {
                object.build_id = i.build_id().unwrap_or_default();
            }
            self.cfis.push(image.as_ref().and_then(Cfi::new));
            self.images.push(image);
            self.objects.push(object);
        }
    }

    /// The Go program.
    pub fn go(&self) -> &Arc<GoBin> {
        &self.go
    }

    /// Address in the process − address in the Go binary.
    pub fn go_bias(&self) -> u64 {
        self.go_bias
    }

    /// Whether `pc` lies in the text that pclntab describes.
    pub fn is_go(&self, pc: u64) -> bool {
        self.go_text.contains(&pc) && self.func(pc).is_some()
    }

    /// The Go function at `pc`.
    pub fn func(&self, pc: u64) -> Option<gobin::Func<'_>> {
        self.go.pclntab().find(pc.wrapping_sub(self.go_bias))
    }

    /// The objects, by rising address.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Index of the object that `pc` lies in.
    pub fn object_at(&self, pc: u64) -> Option<usize> {
        let i = self.objects.partition_point(|o| o.range.end <= pc);
        self.objects
            .get(i)
            .is_some_and(|o| o.range.contains(&pc))
            .then_some(i)
    }

    /// The symbols of object `i`.
    pub fn image(&self, i: usize) -> Option<&Image> {
        self.images[i].as_ref()
    }

    /// The unwind tables of object `i`.
    pub fn cfi(&self, i: usize) -> Option<&Cfi> {
        self.cfis[i].as_ref()
    }
}

/// Device and inode of the main binary, as the maps show them: the file of the mapping whose path
/// is that of /proc/PID/exe, else of the first mapping with a file.
fn main_file(process: Process, maps: &[Map]) -> Result<(u64, u64), Error> {
    let (path, _) = process.exe()?;
    let path = path.to_string_lossy();
    maps.iter()
        .find(|m| m.path == path && m.file != (0, 0))
        .or_else(|| maps.iter().find(|m| m.file != (0, 0)))
        .map(|m| m.file)
        .ok_or(Error::NotMapped)
}

fn bias(go: &GoBin, map: &Map) -> Option<u64> {
    segment_bias(go.segments(), map)
}

/// Address in the process − address in the file, from the segment that a mapping shows.
fn segment_bias(segments: &[gobin::Segment], map: &Map) -> Option<u64> {
    let end = map.offset.saturating_add(map.end.saturating_sub(map.start));
    let seg = segments.iter().find(|s| {
        s.executable && s.offset < end && map.offset < s.offset.saturating_add(s.filesz)
    })?;
    // The mapping begins on the page that holds the segment's first byte.
    let vaddr = seg.vaddr.wrapping_sub(seg.offset).wrapping_add(map.offset);
    Some(map.start.wrapping_sub(vaddr))
}
