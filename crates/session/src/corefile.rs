//! Core files: finds the program that one is of, and reads both.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gobin::{Data, Image};
use goroutines::Goroutines;
use memstats::Memory;
use sampler::{Core, Program};
use target::{CoreFile, MappedFile};

use crate::error::Error;
use crate::explain::Explanation;

/// So many bytes tell what a file is.
const HEAD: usize = 64;

/// Signals whose default is to end a process with a core, by name.
const SIGNALS: [(i32, &str); 9] = [
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (11, "SIGSEGV"),
    (24, "SIGXCPU"),
    (25, "SIGXFSZ"),
    (31, "SIGSYS"),
];

/// Whether a file is a core file, by its content. A core that is packed is an error that says so.
pub fn is_core(path: &Path) -> Result<bool, Error> {
    let failed = |source| Error::file(path, source);
    // What a pipe gives can be read only once, and not by us.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Ok(false);
    }
    let file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    (&file)
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(failed)?;
    let packed = |with| Error::PackedCore {
        path: path.display().to_string(),
        with,
    };
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(packed("zstd"));
    }
    if head.starts_with(b"\xfd7zXZ\0") {
        return Err(packed("xz"));
    }
    if head.starts_with(&[0x04, 0x22, 0x4d, 0x18]) {
        return Err(packed("lz4"));
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        // Profiles are packed by gzip too.
        let mut inner = [0; HEAD];
        let mut unpacker = flate2::read::GzDecoder::new(&head[..]);
        let n = unpacker.read(&mut inner).unwrap_or(0);
        if target::corefile::is_core(&inner[..n]) {
            return Err(packed("gzip"));
        }
    }
    Ok(target::corefile::is_core(&head))
}

/// A core file that is open, with its program.
#[derive(Debug)]
pub struct OpenCore {
    core: Core,
    path: PathBuf,
    /// What the program was read from.
    program: String,
    notes: Vec<String>,
}

/// Opens a core file. The program is the file `binary`; without it that which the core names, if it
/// is there and still the same; else what the core itself has of it.
pub fn open(path: &Path, binary: Option<&Path>) -> Result<OpenCore, Error> {
    let name = path.display().to_string();
    let data: Data = Arc::new(MappedFile::open(path).map_err(|e| Error::file(path, e))?);
    let file = CoreFile::parse(data).map_err(|source| Error::Core {
        path: name.clone(),
        source,
    })?;
    let file = Arc::new(file);
    let mut notes = Vec::new();
    if file.cut() > 0 {
        notes.push(format!(
            "the core is cut: {} of memory are missing at its end",
            size(file.cut())
        ));
    }
    let (program, from) = match binary {
        Some(binary) => {
            let data = map(binary).map_err(|e| Error::file(binary, e))?;
            if let Some(why) = misfit(&file, &data) {
                return Err(Error::OtherProgram {
                    program: binary.display().to_string(),
                    core: name,
                    why,
                });
            }
            let from_core = false;
            (Program { data, from_core }, binary.display().to_string())
        }
        None => find(&file, &name, &mut notes)?,
    };
    let library = |path: &str| (!path.is_empty()).then(|| map(Path::new(path)).ok())?;
    let core = Core::open(Arc::clone(&file), program, &library);
    let core = core.map_err(|source| Error::CoreProgram {
        program: from.clone(),
        core: name,
        source,
    })?;
    Ok(OpenCore {
        core,
        path: path.to_owned(),
        program: from,
        notes,
    })
}

/// The program that a core names or has, and where it was found.
fn find(file: &CoreFile, name: &str, notes: &mut Vec<String>) -> Result<(Program, String), Error> {
    let path = file.program().map_or("", |f| f.path.as_str());
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let mut why = "the core does not name its program".to_owned();
    if !path.is_empty() {
        match map(Path::new(path)) {
            Err(e) => why = format!("{path}: {}", crate::wording::io_error(&e)),
            Ok(data) => match misfit(file, &data) {
                None => {
                    let from_core = false;
                    return Ok((Program { data, from_core }, path.to_owned()));
                }
                Some(other) => why = format!("{path} is another program: {other}"),
            },
        }
    }
    let image = file.program_image();
    let lacking = match image {
        None => "has nothing of it".to_owned(),
        Some(image) => {
            let missing = image.missing;
            let data: Data = Arc::new(image.bytes);
            // Parts may be missing that nobody needs; the tables of functions may not.
            match gobin::GoBin::parse(Arc::clone(&data)) {
                Ok(_) => {
                    let mut note = format!("the program was read from the core itself ({why})");
                    if missing > 0 {
                        note += &format!(", which lacks {} of it", size(missing));
                    }
                    notes.push(note);
                    let from_core = true;
                    return Ok((Program { data, from_core }, "the core itself".to_owned()));
                }
                Err(e) if missing == 0 => format!("has none that can be read: {e}"),
                Err(_) => format!("lacks {} of it", size(missing)),
            }
        }
    };
    Err(Error::NoCoreProgram {
        core: name.to_owned(),
        why,
        lacking,
    })
}

fn map(path: &Path) -> std::io::Result<Data> {
    // A device may never end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    Ok(Arc::new(MappedFile::open(path)?))
}

/// Why a file is not the program of a core, as far as the beginning of the program tells that the
/// core has kept.
fn misfit(core: &CoreFile, program: &Data) -> Option<String> {
    let head = core.program_head()?;
    let ours = Image::parse(Arc::new(head.to_vec())).ok()?;
    let theirs = match Image::parse(Arc::clone(program)) {
        Ok(image) => image,
        Err(e) => return Some(e.to_string()),
    };
    for (kind, ours, theirs) in [
        ("Go build id", ours.go_build_id(), theirs.go_build_id()),
        ("build id", ours.build_id(), theirs.build_id()),
    ] {
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let what = format!("its {kind} is {theirs}, that of the core {ours}");
            return (ours != theirs).then_some(what);
        }
    }
    // Without ids: where it begins, and how it is laid out.
    let same = ours.segments() == theirs.segments();
    (!same).then(|| "its segments are not those of the core".to_owned())
}

impl OpenCore {
    /// All its goroutines.
    pub fn goroutines(&self) -> Result<Goroutines, Error> {
        let failed = |why| Error::CoreRuntime {
            core: self.path.display().to_string(),
            why,
        };
        let mut all = self.core.goroutines().map_err(failed)?;
        all.source = format!("core file {}", self.path.display());
        if let Some(process) = self.file().process() {
            all.source += &format!(" of process {} ({})", process.pid, process.name);
        }
        all.time_ns = self.made_ns();
        let made = self.notes.clone();
        all.notes.splice(0..0, made);
        Ok(all)
    }

    /// The statistics of its memory.
    pub fn memstats(&self) -> Result<Memory, Error> {
        let reading = self.core.memstats(self.made_ns());
        let reading = reading.map_err(|why| Error::CoreRuntime {
            core: self.path.display().to_string(),
            why,
        })?;
        let mut notes = self.notes.clone();
        notes.extend(self.core.assumption());
        Ok(Memory {
            source: format!("core file {}", self.path.display()),
            go_version: self.core.go().build_info().go_version.clone(),
            time_ns: self.made_ns(),
            stats: reading.stats,
            collector: Some(reading.collector),
            consumption: None,
            notes,
        })
    }

    /// When the file was last written to, nanoseconds since 1970; 0 if that is not known.
    fn made_ns(&self) -> u64 {
        let modified = std::fs::metadata(&self.path).and_then(|m| m.modified());
        let since = modified.map(|t| t.duration_since(UNIX_EPOCH).unwrap_or_default());
        since.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX))
    }

    /// What can be read of it, and why not the rest.
    pub fn explain(&self) -> Explanation {
        let runtime = self.core.runtime();
        let mut explanation = crate::explain::of_runtime(self.core.go(), runtime);
        let file = self.file();
        let mut fact = |what: &str, text: String| {
            explanation.target.push((what.to_owned(), text));
        };
        if let Some(process) = file.process() {
            fact(
                "core of",
                format!("process {}: {}", process.pid, process.arguments),
            );
        }
        if let Some(text) = self.ended_by() {
            fact("ended by", text);
        }
        fact("kernel threads", file.threads().len().to_string());
        fact("program from", self.program.clone());
        for note in &self.notes {
            fact("note", note.clone());
        }
        explanation
    }

    /// The signal that ended the process; a core may also be of a process that went on.
    pub fn ended_by(&self) -> Option<String> {
        let number = self.file().signal()?.number;
        let known = SIGNALS.iter().find(|(n, _)| *n == number);
        known.map(|(_, name)| (*name).to_owned())
    }

    fn file(&self) -> &CoreFile {
        self.core.memory().core()
    }
}

/// A number of bytes, in the unit that fits.
fn size(bytes: u64) -> String {
    const MB: u64 = 1 << 20;
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..MB => format!("{} KB", bytes >> 10),
        _ => format!("{} MB", bytes >> 20),
    }
}
