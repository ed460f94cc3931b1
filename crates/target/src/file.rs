//! A file mapped into memory for reading.

use std::fs::File;
use std::io;
use std::path::Path;

/// The bytes of a file, mapped read-only.
///
/// Only binaries and core files are mapped this way. A binary is not truncated while it runs,
/// because the kernel refuses to write to a running program (ETXTBSY); a core only grows while it is
/// written.
#[derive(Debug)]
pub struct MappedFile {
    map: Option<memmap2::Mmap>,
}

impl MappedFile {
    /// Maps the file at `path`.
    pub fn open(path: &Path) -> io::Result<MappedFile> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(MappedFile { map: None });
        }
        // SAFETY: the mapping is private and read-only. Were the file truncated under it, a read
        // would raise SIGBUS and end gowhy, not corrupt it.
        let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file)? };
        Ok(MappedFile { map: Some(map) })
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}
