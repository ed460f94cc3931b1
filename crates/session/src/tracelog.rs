//! Logs of Go's tracers, from a file or a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use godebug::tracelog::{Event, Reader};

use crate::error::Error;

/// So much is read at once.
const CHUNK: usize = 256 << 10;

/// Reads a file, packed by gzip or not, to its end.
pub fn file(
    path: &Path,
    reader: &mut Reader,
    sink: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let name = path.display().to_string();
    let failed = |source| Error::File {
        path: name.clone(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut file = BufReader::with_capacity(CHUNK, file);
    let packed = file.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    let mut stream: Box<dyn Read> = match packed {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    chunks(&mut stream, &mut |bytes| {
        reader.feed(bytes, sink);
        true
    })
    .map_err(failed)?;
    reader.finish(sink);
    Ok(())
}

/// Reads a stream as its bytes come, until `take` wants no more of it.
pub fn chunks(stream: &mut dyn Read, take: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(len) => {
                if !take(&buffer[..len]) {
                    return Ok(());
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
