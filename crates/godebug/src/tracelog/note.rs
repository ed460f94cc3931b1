//! The lines that Go's memory manager prints beside those of collections: of the scavenger, the
//! pacer, package initialisation, and what gctrace=2 adds.

use super::scan::Scan;

/// What such a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The runtime starts a collection because there was none for two minutes.
    Periodic,
    /// Memory that was given back to the system.
    Released {
        /// How much, KiB; what the background scavenger did where that is told apart.
        kib: u64,
    },
    /// The state of the heap after that.
    Scavenger,
    /// gcpacertrace.
    Pacer,
    /// inittrace.
    Init,
    /// The statistics of the marking, with gctrace=2.
    Scan,
    /// checkfinalizers.
    Finalizers,
}

/// Reads such a line.
pub(crate) fn read(text: &[u8]) -> Option<Note> {
    let mut scan = Scan::new(text);
    match text.first()? {
        b'G' => (text == b"GC forced").then_some(Note::Periodic),
        b'p' => text.starts_with(b"pacer: ").then_some(Note::Pacer),
        b'c' => text
            .starts_with(b"checkfinalizers: ")
            .then_some(Note::Finalizers),
        b'i' => {
            scan.text(b"init ")?;
            scan.until(b" @")?;
            scan.millionths()?;
            scan.text(b" ms, ")?;
            scan.millionths()?;
            scan.text(b" ms clock, ")?;
            scan.number()?;
            scan.text(b" bytes, ")?;
            scan.number()?;
            scan.text(b" allocs")?;
            Some(Note::Init)
        }
        b'f' => {
            scan.text(b"forced scvg: ")?;
            scavenger(&mut scan)
        }
        b's' if scan.has(b"scan: ") => {
            let rest = scan.rest();
            let fits = rest.starts_with(b"total ") || rest.starts_with(b"class ");
            fits.then_some(Note::Scan)
        }
        b's' if scan.has(b"scvg") => {
            if !scan.has(b": ") {
                scan.signed()?;
                scan.text(b": ")?;
            }
            scavenger(&mut scan)
        }
        b's' => {
            scan.text(b"scav ")?;
            let mut kib = scan.number()?;
            if scan.has(b" ") && !scan.has(b"KiB work") {
                // The number of the collection came first for a while.
                kib = scan.number()?;
                scan.text(b" KiB work")?;
            }
            Some(Note::Released { kib })
        }
        _ => None,
    }
}

fn scavenger(scan: &mut Scan<'_>) -> Option<Note> {
    if scan.has(b"GC forced") {
        return Some(Note::Periodic);
    }
    if scan.has(b"inuse: ") {
        return Some(Note::Scavenger);
    }
    let mb = match scan.has(b"0x") {
        true => {
            let digits = scan.until(b" ")?;
            let digits = std::str::from_utf8(digits).ok()?;
            u64::from_str_radix(digits, 16).ok()?
        }
        false => {
            let mb = scan.number()?;
            scan.text(b" ")?;
            mb
        }
    };
    scan.text(b"MB released")?;
    Some(Note::Released {
        kib: mb.saturating_mul(1024),
    })
}
