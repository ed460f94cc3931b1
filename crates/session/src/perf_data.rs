//! perf.data files, as far as the program `perf_to_profile` reads them for us, like it does for pprof.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use profile::Profile;

use crate::error::Error;

/// The program that converts: github.com/google/perf_data_converter.
const CONVERTER: &str = "perf_to_profile";
const MAGIC: [u8; 8] = *b"PERFILE2";

/// Whether `perf record` wrote the file.
pub fn is_perf_data(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == MAGIC
}

/// Converts the file, into `folder` for the moment.
pub fn profile(path: &Path, folder: &Path) -> Result<Profile, Error> {
    let failed = |why: String| Error::Converter {
        path: path.display().to_string(),
        why,
    };
    let out: PathBuf = folder.join(format!("pprof_{}.pb.gz", std::process::id()));
    let run = Command::new(CONVERTER)
        .arg("-i")
        .arg(path)
        .arg("-o")
        .arg(&out)
        .arg("-f")
        .stdin(Stdio::null())
        .output();
    let read = match run {
        Err(e) => Err(failed(format!(
            "{CONVERTER}: {}",
            crate::wording::io_error(&e)
        ))),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim_end().lines().last().unwrap_or_default();
            Err(failed(format!("{CONVERTER}: {}: {last}", output.status)))
        }
        Ok(_) => crate::file::profile(&out),
    };
    // It is read, or of no use.
    let _ = std::fs::remove_file(&out);
    read
}
