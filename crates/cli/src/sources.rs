//! From what the user named to one profile: for `gowhy pprof`, and for whatever shows one.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use profile::diff::{DiffMode, diff};
use profile::merge::{Merger, Rules};
use profile::{Profile, ReadOptions, StringTable, decode_reader_into};
use report::import::{Import, Symbolize, import};
use session::binaries::{Binaries, is_object};
use session::fetch::{Client, Downloads, ProfileUrl};
use session::symbolize::{Mode, Origins, symbolize};
use session::{fetch, file, perf_data, saved};

use crate::access::{self, AccessArgs};
use crate::exit::CliError;
use crate::output::say;
use crate::progress::Meter;

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
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seconds: Option<i64>,
    /// Timeout in seconds for profile collection
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    timeout: Option<i64>,
    /// Taken for the sake of scripts: no other programs are needed
    #[arg(long, value_name = "PATH")]
    tools: Option<String>,
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
    #[command(flatten)]
    access: AccessArgs,
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
    let (names, notices) = Symbolize::parse(&args.symbolize);
    say(&notices);

    let (binary, sources) = match args.sources.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && is_object(Path::new(first), args.exact) => {
            (first.clone(), rest)
        }
        all => (String::new(), all),
    };
    let positive = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).filter(|&n| n > 0);
    let client = args
        .access
        .client(positive(args.timeout).map(Duration::from_secs))?;
    let mut gathering = Gathering {
        seconds: positive(args.seconds),
        binaries: Binaries {
            main: binary,
            build_id: args.buildid.clone(),
            folders: access::binary_folders(),
        },
        rules: match args.exact {
            true => Rules::Code,
            false => Rules::Stated,
        },
        reading: ReadOptions {
            exact: args.exact,
            ..Default::default()
        },
        client,
        origins: Origins::default(),
        notices: Vec::new(),
    };
    // Bases are fetched while sources are.
    let sources = gathering.begin(sources);
    let bases = gathering.begin(&bases);
    let meter = wait(&sources, &bases);
    let gathered = gathering.gather(sources, "source").and_then(|profile| {
        let base = match bases.list.is_empty() {
            true => None,
            false => Some(gathering.gather(bases, "base")?),
        };
        Ok((profile, base))
    });
    drop(meter);
    say(&gathering.notices);
    let (mut profile, base) = gathered?;
    if let Some(base) = base {
        profile = diff(profile, base, mode, normalize, gathering.rules)?;
    }

    let Gathering {
        origins, client, ..
    } = gathering;
    let mut tell = |line: String| say(&[line]);
    if !names.none {
        let mode = Mode {
            local: names.local,
            fast: names.fast,
            remote: names.remote,
            force: names.force,
            one_frame: args.exact,
        };
        symbolize(&mut profile, mode, &origins, &client, &mut tell);
    }
    let how = Import {
        all_frames: args.all_frames,
        symbolize: names,
        comment: args.add_comment.clone(),
    };
    let mut profile = import(profile, &how)?;
    origins.forget(&mut profile);
    if !origins.is_empty() {
        saved::save(&profile, &access::profile_folders(), &mut tell);
    }
    Ok(profile)
}

/// One source, told from its spelling and from what files there are.
enum Source {
    Stdin,
    File(String),
    Url(ProfileUrl),
}

/// Sources, of which the URLs are being fetched.
struct Batch {
    list: Vec<(String, Source)>,
    downloads: Downloads,
}

/// What is the same for all sources, and what is learnt of them.
struct Gathering {
    seconds: Option<u64>,
    binaries: Binaries,
    rules: Rules,
    reading: ReadOptions,
    client: Arc<Client>,
    origins: Origins,
    /// What to tell when the last one is there.
    notices: Vec<String>,
}

impl Gathering {
    /// Begins to fetch what has to be fetched.
    fn begin(&self, sources: &[String]) -> Batch {
        let list: Vec<(String, Source)> = sources
            .iter()
            .map(|text| (text.clone(), self.source(text)))
            .collect();
        let mut urls = Vec::new();
        for (_, source) in &list {
            if let Source::Url(url) = source {
                say(&[format!("Fetching profile over HTTP from {url}")]);
                if let Some(seconds) = self.seconds {
                    say(&[format!("Please wait... ({})", go_duration(seconds))]);
                }
                urls.push(url.clone());
            }
        }
        Batch {
            list,
            downloads: Downloads::start(&self.client, self.reading, urls),
        }
    }

    fn source(&self, text: &str) -> Source {
        if text == "-" {
            return Source::Stdin;
        }
        // What is there as a file is a file, whatever it looks like.
        match ProfileUrl::parse(text) {
            Some(mut url) if !Path::new(text).exists() => {
                if let Some(seconds) = self.seconds {
                    url.set_seconds(seconds);
                }
                Source::Url(url)
            }
            _ => Source::File(text.to_owned()),
        }
    }

    /// Reads and merges profiles. Those that cannot be read are told and left out, as long as one can.
    fn gather(&mut self, batch: Batch, what: &str) -> Result<Profile, CliError> {
        let Batch {
            list,
            mut downloads,
        } = batch;
        let all = list.len();
        // One profile stays as it is; only several are merged.
        let mut only = None;
        let mut merged = Merger::new(self.rules);
        let mut read_in = 0;
        let mut failure = None;
        for (text, source) in list {
            // From the third one on, profiles are read into the strings of what is merged already.
            let lent = read_in > 1;
            let mut strings = match lent {
                true => merged.lend(),
                false => StringTable::default(),
            };
            match self.read(source, &mut downloads, &mut strings) {
                Ok(profile) => {
                    read_in += 1;
                    if read_in == 1 {
                        only = Some(profile);
                        continue;
                    }
                    if let Some(first) = only.take() {
                        merged.add(&first)?;
                        merged.add(&profile)?;
                        continue;
                    }
                    merged.add_own(profile, strings)?;
                }
                Err(e) => {
                    if lent {
                        merged.give_back(strings);
                    }
                    if all > 1 {
                        self.notices.push(format!("{text}: {:#}", e.error));
                    }
                    failure = Some((text, e));
                }
            }
        }
        match failure {
            Some((text, mut e)) if read_in == 0 => {
                let none = format!("failed to fetch any {what} profiles");
                if all > 1 {
                    e.error = anyhow::Error::msg(none);
                    return Err(e);
                }
                if e.error.to_string().starts_with("server response") {
                    e = e.context(format!("cannot fetch {text}"));
                }
                return Err(e.context(none));
            }
            Some(_) => {
                let got = format!("Fetched {read_in} {what} profiles out of {all}");
                self.notices.push(got);
            }
            None => {}
        }
        match only {
            Some(profile) => Ok(profile),
            None => Ok(merged.finish()?),
        }
    }

    /// Reads a source; a profile.proto into `strings`.
    fn read(
        &mut self,
        source: Source,
        downloads: &mut Downloads,
        strings: &mut StringTable,
    ) -> Result<Profile, CliError> {
        let reading = &self.reading;
        let (mut profile, url) = match source {
            Source::Stdin => {
                let mut stdin = io::stdin().lock();
                let name = "standard input";
                (file::profile_from_with(&mut stdin, name, reading)?, None)
            }
            Source::File(path) => (read_file(&path, reading, strings)?, None),
            Source::Url(url) => {
                let fetched = downloads.take();
                let fetched =
                    fetched.unwrap_or_else(|| fetch::profile(&self.client, &url, reading));
                (fetched?, Some(url))
            }
        };
        let notices = &mut self.notices;
        self.binaries
            .locate(&mut profile, &mut |line| notices.push(line));
        if let Some(url) = url {
            self.origins.add(&mut profile, &url);
        }
        Ok(profile)
    }
}

fn read_file(
    name: &str,
    reading: &ReadOptions,
    strings: &mut StringTable,
) -> Result<Profile, CliError> {
    let path = Path::new(name);
    let unreadable = |e: CliError| e.context(format!("cannot read {name}"));
    let mut file = File::open(path).map_err(|e| unreadable(e.into()))?;
    // A pipe cannot be read twice.
    if file.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return Ok(file::profile_from_with(&mut file, name, reading)?);
    }
    if perf_data::is_perf_data(path) {
        say(&[format!(
            "Converting {name} to a profile.proto... (May take a few minutes)"
        )]);
        return Ok(perf_data::profile(path, &access::temporary_folder())?);
    }
    // Most are profile.proto, which can be read in pieces; other formats need the whole file.
    match decode_reader_into(file, strings) {
        Err(profile::Error::NotAProfile) => Ok(file::profile_with(path, reading)?),
        read => read.map_err(|e| unreadable(e.into())),
    }
}

/// A progress line, if anything is being fetched. It knows its end as far as captures have one.
fn wait(sources: &Batch, bases: &Batch) -> Option<Meter> {
    /// What a CPU profile takes if nobody says.
    const CPU_SECONDS: u64 = 30;
    let both = sources.list.iter().chain(&bases.list);
    let lengths: Vec<Option<u64>> = both
        .filter_map(|(_, source)| match source {
            Source::Url(url) => Some(url.seconds().or(url.is_cpu().then_some(CPU_SECONDS))),
            _ => None,
        })
        .collect();
    let what = match lengths.len() {
        0 => return None,
        1 => "waiting for the profile".to_owned(),
        n => format!("waiting for {n} profiles"),
    };
    let longest = lengths.into_iter().flatten().max();
    Some(Meter::start(true, what, longest.map(Duration::from_secs)))
}

/// Whole seconds as Go prints a duration.
fn go_duration(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (h, m) {
        (0, 0) => format!("{s}s"),
        (0, _) => format!("{m}m{s}s"),
        _ => format!("{h}h{m}m{s}s"),
    }
}
