//! How finely a report tells places apart: by function, file, line or address. What is finer is
//! blanked, as in google/pprof (profile.Aggregate); locations and samples stay as many as they are.

use crate::error::Error;
use crate::model::Profile;
use crate::strings::StrId;

/// What tells two places apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// The function.
    #[default]
    Functions,
    /// The function and its file.
    FileFunctions,
    /// The file.
    Files,
    /// The function, its file and the line.
    Lines,
    /// The address.
    Addresses,
}

impl Granularity {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Granularity); 5] = [
        ("functions", Granularity::Functions),
        ("filefunctions", Granularity::FileFunctions),
        ("files", Granularity::Files),
        ("lines", Granularity::Lines),
        ("addresses", Granularity::Addresses),
    ];
}

impl std::str::FromStr for Granularity {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Granularity::NAMES
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, g)| *g)
            .ok_or_else(|| Error::Argument("unexpected granularity".into()))
    }
}

/// Blanks what is finer than asked for. `no_inlines`: of each location only the outermost frame
/// stays. `columns`: columns tell lines apart too.
pub fn aggregate(p: &mut Profile, granularity: Granularity, no_inlines: bool, columns: bool) {
    use Granularity as G;
    if granularity == G::Addresses && !no_inlines {
        return;
    }
    let function = granularity != G::Files;
    let filename = granularity != G::Functions;
    let line = matches!(granularity, G::Lines | G::Addresses);
    let address = granularity == G::Addresses;
    for m in &mut p.mappings {
        m.has_inline_frames &= !no_inlines;
        m.has_functions &= function;
        m.has_filenames &= filename;
        m.has_line_numbers &= line;
    }
    for f in &mut p.functions {
        if !function {
            f.name = StrId::EMPTY;
            f.system_name = StrId::EMPTY;
        }
        if !filename {
            f.filename = StrId::EMPTY;
        }
    }
    for l in &mut p.locations {
        if no_inlines && l.lines_len > 1 {
            l.lines_start += l.lines_len - 1;
            l.lines_len = 1;
        }
        if !address {
            l.address = 0;
        }
    }
    for l in &mut p.lines {
        if !line {
            l.line = 0;
        }
        if !line || !columns {
            l.column = 0;
        }
    }
}
