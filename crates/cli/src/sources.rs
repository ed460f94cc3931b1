//! From what the user named to one profile: for `gowhy pprof`, and for whatever shows one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use profile::diff::{DiffMode, diff};
use profile::merge::{Merger, Rules};
use profile::{Profile, ReadOptions, decode_reader, legacy};
use report::import::{Import, Symbolize, import, locate};
use session::{fetch, file};

use crate::exit::CliError;
use crate::output::say;

/// Which profiles to read, and what to do to them before they are shown.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Profiles, merged if there are several; `-` is standard input. The first of several may be the
    /// program's binary
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Source of base profile for comparison: percentages are of its total
    #[arg(long = "diff_base", value_name = "SOURCE")]
    diff_base: Vec<String>,
    /// Source of base profile for profile subtraction
    #[arg(long, value_name = "SOURCE")]
    base: Vec<String>,
    /// Ignore drop_frames and keep_frames regexps in the profile
    #[arg(long = "all_frames")]
    all_frames: bool,
    /// Free-form annotation to add to the profile
    #[arg(
        long = "add_comment",
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    add_comment: String,
    /// Override build id for main binary
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    buildid: String,
    /// Duration for time-based profile collection, of sources that are URLs
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Options for profile symbolization
    #[arg(
        long,
        value_name = "MODE",
        default_value = "",
        hide_default_value = true
    )]
    symbolize: String,
    /// As go tool pprof, its mistakes too: what follows the first source are sources, of several
    /// bases the last counts, and reports are wrong where pprof's are
    #[arg(long)]
    pub exact: bool,
}

/// Reads all sources and bases into one profile that is ready for reports. `normalize` scales the
/// profile to the base's total.
pub fn load(args: &SourceArgs, normalize: bool) -> Result<Profile, CliError> {
    let named = |list: &[String]| -> Vec<String> {
        // pprof takes the last one.
        let first = list.len().saturating_sub(1);
        let first = if args.exact { first } else { 0 };
        let list = list.iter().skip(first);
        list.filter(|s| !s.is_empty()).cloned().collect()
    };
    let (base, diff_base) = (named(&args.base), named(&args.diff_base));
    let (bases, mode) = match (base.is_empty(), diff_base.is_empty()) {
        (false, false) => {
            let both = "-base and -diff_base flags cannot both be specified";
            return Err(CliError::usage(both));
        }
        (true, false) => (diff_base, DiffMode::Compare),
        _ => (base, DiffMode::Subtract),
    };
    if normalize && bases.is_empty() {
        return Err(CliError::usage("must have base profile to normalize by"));
    }
    let (symbolize, notices) = Symbolize::parse(&args.symbolize);
    say(&notices);

    let (binary, sources) = match args.sources.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && is_binary(Path::new(first), args.exact) => {
            (first.clone(), rest)
        }
        all => (String::new(), all),
    };
    let given = Given {
        binary,
        build_id: args.buildid.clone(),
        seconds: args.seconds,
        rules: match args.exact {
            true => Rules::Code,
            false => Rules::Stated,
        },
        reading: ReadOptions {
            exact: args.exact,
            ..Default::default()
        },
    };
    let mut profile = read_all(sources, "source", &given)?;
    if !bases.is_empty() {
        let base = read_all(&bases, "base", &given)?;
        profile = diff(profile, base, mode, normalize, given.rules)?;
    }
    let how = Import {
        all_frames: args.all_frames,
        symbolize,
        comment: args.add_comment.clone(),
    };
    Ok(import(profile, &how)?)
}

/// What the user says about all sources.
struct Given {
    binary: String,
    build_id: String,
    seconds: Option<u64>,
    rules: Rules,
    reading: ReadOptions,
}

/// For how long a CPU profile is taken if nobody says: what the endpoint itself takes.
const DEFAULT_SECONDS: u64 = 30;

/// Reads and merges profiles. Those that cannot be read are told and left out, as long as one can.
fn read_all(sources: &[String], what: &str, given: &Given) -> Result<Profile, CliError> {
    if let [source] = sources {
        let mut profile = read(source, given)?;
        locate(&mut profile, &given.binary, &given.build_id);
        return Ok(profile);
    }
    // One profile stays as it is; only several are merged.
    let mut only = None;
    let mut merged = Merger::new(given.rules);
    let mut read_in = 0;
    let mut failure = None;
    for source in sources {
        match read(source, given) {
            Ok(mut profile) => {
                locate(&mut profile, &given.binary, &given.build_id);
                read_in += 1;
                if read_in == 1 {
                    only = Some(profile);
                    continue;
                }
                if let Some(first) = only.take() {
                    merged.add(&first)?;
                }
                merged.add(&profile)?;
            }
            Err(e) => {
                say(&[format!("{source}: {:#}", e.error)]);
                failure = Some(e);
            }
        }
    }
    match failure {
        Some(e) if read_in == 0 => {
            let none = format!("failed to fetch any {what} profiles");
            return Err(CliError::new(e.exit, anyhow::Error::msg(none)));
        }
        Some(_) => {
            let all = sources.len();
            say(&[format!("Fetched {read_in} {what} profiles out of {all}")]);
        }
        None => {}
    }
    match only {
        Some(profile) => Ok(profile),
        None => Ok(merged.finish()?),
    }
}

fn read(source: &str, given: &Given) -> Result<Profile, CliError> {
    let reading = &given.reading;
    if source == "-" {
        let mut stdin = io::stdin().lock();
        return Ok(file::profile_from_with(
            &mut stdin,
            "standard input",
            reading,
        )?);
    }
    let path = Path::new(source);
    if is_url(source) && !path.exists() {
        return fetch_url(source, given);
    }
    let mut file = File::open(path).map_err(|source_error| {
        CliError::from(source_error).context(format!("cannot read {source}"))
    })?;
    // A pipe cannot be read twice.
    if file.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return Ok(file::profile_from_with(&mut file, source, reading)?);
    }
    // Most are profile.proto, which can be read in pieces; other formats need the whole file.
    match decode_reader(file) {
        Err(profile::Error::NotAProfile) => Ok(file::profile_with(path, reading)?),
        read => read.map_err(|e| CliError::from(e).context(format!("cannot read {source}"))),
    }
}

/// Whether a source that is not a file is meant as a host or a URL.
fn is_url(source: &str) -> bool {
    let first = source.split('/').next().unwrap_or(source);
    first.contains(':')
}

fn fetch_url(source: &str, given: &Given) -> Result<Profile, CliError> {
    let seconds = given.seconds;
    let with_scheme = match source.contains("://") {
        true => source.to_owned(),
        false => format!("http://{source}"),
    };
    let path = with_scheme.splitn(4, '/').nth(3).unwrap_or_default();
    let length = Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS));
    // Of other profiles than that of the CPU, `seconds` asks for a difference.
    let url = if path.is_empty() || seconds.is_some() {
        fetch::cpu_profile_url(source, length)
    } else {
        with_scheme
    };
    say(&[format!("Fetching profile over HTTP from {url}")]);
    Ok(fetch::profile_with(&url, length, &given.reading)?)
}

/// Whether the file is a program: ELF, PE or Mach-O. pprof also takes an old CPU profile for one
/// (`exact`), as object files of an unknown machine start like that.
fn is_binary(path: &Path, exact: bool) -> bool {
    let mut head = Vec::new();
    let file = File::open(path).map(|f| f.take(64));
    if file.and_then(|mut f| f.read_to_end(&mut head)).is_err() {
        return false;
    }
    matches!(
        head[..],
        [0x7f, b'E', b'L', b'F', ..]
            | [b'M', b'Z', _, _, ..]
            | [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..]
            | [0xca, 0xfe, 0xba, 0xbe, ..]
    ) || exact && legacy::is_cpu(&head)
}
