//! The table of struct offsets for the Go versions that are known: which release, patch and
//! experiment moved which field. The data is `layouts.tsv`; its head explains the format.
//!
//! What varies by version is all in that file: a new Go release is new steps in it.

use rustc_hash::FxHashMap;

use super::{Field, Structs};

const LAYOUTS: &str = include_str!("layouts.tsv");

/// A Go 1 release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// 23 of go1.23.4.
    pub minor: u32,
    /// 4 of go1.23.4.
    pub patch: u32,
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "go1.{}.{}", self.minor, self.patch)
    }
}

/// How well the table knows a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Its structs were seen, or it lies between two releases whose structs are the same.
    Exact,
    /// It was not seen; these are the structs of the nearest release that was.
    Nearest {
        /// Whose structs they are.
        of: Release,
        /// What is not known about the version asked for.
        why: String,
    },
}

#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Bytes(u32),
    Struct(&'static str),
}

/// The structs of one release.
#[derive(Clone, Debug)]
pub struct Table {
    fields: FxHashMap<&'static str, Place>,
}

impl Table {
    /// The structs of a release built with `experiments` (as in the version string: `greenteagc`,
    /// `nospinbitmutex`), and how well they are known; `None` for a release older than the table.
    pub fn of(release: Release, experiments: &[&str]) -> Option<(Table, Fit)> {
        let newest = newest();
        let (nearest, mut why) = match newest.binary_search_by_key(&release.minor, |r| r.minor) {
            Ok(i) if release.patch <= newest[i].patch => (release, None),
            Ok(i) => (newest[i], Some(format!("{release} is newer"))),
            Err(0) => return None,
            Err(i) => (newest[i - 1], Some(format!("{release} is newer"))),
        };
        let mut fields: FxHashMap<&'static str, Place> = FxHashMap::default();
        let mut moved: Vec<&str> = Vec::new();
        let mut moving: Vec<(&str, Release)> = Vec::new();
        for (name, steps) in rows() {
            let (name, experiment) = match name.split_once('@') {
                Some((name, experiment)) => (name, Some(experiment)),
                None => (name, None),
            };
            let Some((since, place)) = step(steps, nearest) else {
                continue;
            };
            if let Some(experiment) = experiment {
                if !experiments.contains(&experiment) || since.minor != nearest.minor {
                    continue;
                }
                if !moved.contains(&experiment) {
                    moved.push(experiment);
                    moving.push((experiment, since));
                }
            }
            match place {
                Some(place) => fields.insert(name, place),
                None => fields.remove(name),
            };
        }
        for experiment in experiments {
            let base = experiment.strip_prefix("no").unwrap_or(experiment);
            if !moved.contains(experiment) && !neutral().any(|n| n == base || n == *experiment) {
                why = Some(format!("experiment {experiment} is not known"));
            }
        }
        let fit = match why {
            None => Fit::Exact,
            Some(why) => Fit::Nearest { of: nearest, why },
        };
        Some((Table { fields }, fit))
    }

    /// The releases of a minor version at which any struct changed, newest first: what to try when
    /// the patch level is not to be believed.
    pub fn changes_within(minor: u32) -> Vec<Release> {
        let mut found = vec![Release { minor, patch: 0 }];
        for (_, steps) in rows() {
            for (release, _) in steps_of(steps) {
                if release.minor == minor && !found.contains(&release) {
                    found.push(release);
                }
            }
        }
        found.sort_unstable();
        found.reverse();
        found
    }

    /// The newest release in the table.
    pub fn newest() -> Release {
        *newest().last().expect("the table has a `newest` row")
    }

    /// The structs that it has, sorted.
    pub fn structs(&self) -> Vec<&'static str> {
        let names = self.fields.keys();
        let mut structs: Vec<_> = names.filter_map(|name| name.strip_suffix(".*")).collect();
        structs.sort_unstable();
        structs
    }

    fn place(&self, name: &str) -> Option<Place> {
        self.fields.get(name).copied()
    }
}

impl Structs for Table {
    fn field(&self, strukt: &str, path: &str) -> Option<Field> {
        if let Some(place) = self.place(&format!("{strukt}.{path}")) {
            let size = match place.what {
                What::Bytes(n) => n,
                What::Struct(inner) => self.size(inner)?,
            };
            return Some(Field {
                offset: place.offset,
                size,
            });
        }
        for (dot, _) in path.match_indices('.') {
            let outer = self.place(&format!("{strukt}.{}", &path[..dot]));
            if let Some(Place {
                offset,
                what: What::Struct(inner),
            }) = outer
            {
                let field = self.field(inner, &path[dot + 1..])?;
                return Some(Field {
                    offset: offset + field.offset,
                    size: field.size,
                });
            }
        }
        None
    }

    fn size(&self, strukt: &str) -> Option<u32> {
        match self.place(&format!("{strukt}.*"))?.what {
            What::Bytes(n) => Some(n),
            What::Struct(_) => None,
        }
    }
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    LAYOUTS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines().filter(|(name, _)| name.contains('.'))
}

fn newest() -> Vec<Release> {
    let row = lines().find(|(name, _)| *name == "newest");
    row.map_or("", |(_, releases)| releases)
        .split(' ')
        .filter_map(parse_release)
        .collect()
}

fn neutral() -> impl Iterator<Item = &'static str> {
    let row = lines().find(|(name, _)| *name == "neutral");
    row.map_or("", |(_, names)| names).split(' ')
}

/// `1.23.4`, or `1.23` for its first release.
pub(crate) fn parse_release(text: &str) -> Option<Release> {
    let rest = text.strip_prefix("1.")?;
    let (minor, patch) = match rest.split_once('.') {
        Some((minor, patch)) => (minor, patch.parse().ok()?),
        None => (rest, 0),
    };
    Some(Release {
        minor: minor.parse().ok()?,
        patch,
    })
}

/// The steps `VERSION=VALUE` of a row, in order.
pub(crate) fn steps_of(steps: &str) -> impl Iterator<Item = (Release, &str)> {
    steps
        .split(' ')
        .filter_map(|step| step.split_once('='))
        .filter_map(|(release, value)| Some((parse_release(release)?, value)))
}

/// The last step that holds for `release`: since when, and where the field is if it is.
fn step(steps: &'static str, release: Release) -> Option<(Release, Option<Place>)> {
    let (since, value) = steps_of(steps).take_while(|(r, _)| *r <= release).last()?;
    let place = value.split_once(':').and_then(|(offset, what)| {
        let what = match what.parse() {
            Ok(size) => What::Bytes(size),
            Err(_) => What::Struct(what),
        };
        Some(Place {
            offset: offset.parse().ok()?,
            what,
        })
    });
    Some((since, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        parse_release(text).expect("a release")
    }

    #[test]
    fn fields_move_with_versions_patches_and_experiments() {
        let check = |version: &str,
                     experiments: &[&str],
                     strukt: &str,
                     path: &str,
                     expect: Option<(u32, u32)>| {
            let (table, _) = Table::of(release(version), experiments).expect("a known release");
            let field = table.field(strukt, path).map(|f| (f.offset, f.size));
            assert_eq!(
                field, expect,
                "{strukt}.{path} of {version} {experiments:?}"
            );
        };
        check("1.19", &[], "g", "goid", Some((152, 8)));
        check("1.23.4", &[], "g", "goid", Some((160, 8)));
        check("1.27.3", &[], "g", "goid", Some((152, 8)));
        check("1.24.5", &[], "m", "alllink", Some((328, 8)));
        check("1.24.6", &[], "m", "alllink", Some((352, 8)));
        check("1.23.11", &[], "m", "alllink", Some((328, 8)));
        check("1.23.12", &[], "m", "alllink", Some((352, 8)));
        check("1.22.9", &[], "g", "syscallbp", None);
        check("1.20", &[], "g", "runnableStamp", None);
        // Through a struct that is embedded, and its own size.
        check("1.25.1", &[], "g", "sched.bp", Some((96, 8)));
        check("1.24.1", &[], "g", "sched.bp", Some((104, 8)));
        check("1.27", &[], "g", "sched", Some((56, 48)));
        check("1.27", &[], "g", "sched.nothing", None);
        check("1.27", &[], "g", "goid.nothing", None);
        check("1.25.5", &[], "p", "statsSeq", Some((9388, 4)));
        check("1.25.5", &["greenteagc"], "p", "statsSeq", Some((13620, 4)));
        check("1.26", &[], "p", "statsSeq", Some((13668, 4)));
        check("1.26", &["nogreenteagc"], "p", "statsSeq", Some((9412, 4)));
        check(
            "1.26",
            &["nogreenteagc"],
            "spanInlineMarkBits",
            "marks",
            None,
        );
    }

    #[test]
    fn says_how_well_a_version_is_known() {
        let check = |version: &str, experiments: &[&str], nearest: Option<&str>| {
            let (_, fit) = Table::of(release(version), experiments).expect("a known release");
            let of = match fit {
                Fit::Exact => None,
                Fit::Nearest { of, .. } => Some(of),
            };
            assert_eq!(of, nearest.map(release), "{version} {experiments:?}");
        };
        check("1.19", &[], None);
        check("1.24.8", &[], None);
        check("1.24.8", &["nosynchashtriemap", "boringcrypto"], None);
        check("1.24.8", &["nospinbitmutex"], None);
        check("1.25.2", &["greenteagc"], None);
        // Its place is known only in later patches, only in other versions, or not at all.
        check("1.24.5", &["nospinbitmutex"], Some("1.24.5"));
        check("1.23.5", &["nospinbitmutex"], Some("1.23.5"));
        check("1.25.2", &["staticlockranking"], Some("1.25.2"));
        check("1.24.99", &[], Some("1.24.11"));
        check("1.99", &[], Some(&Table::newest().to_string()[2..]));
        assert!(Table::of(release("1.18.10"), &[]).is_none());
    }

    #[test]
    fn every_field_is_within_its_struct() {
        let mut checked = 0;
        for newest in newest() {
            for release in Table::changes_within(newest.minor)
                .into_iter()
                .chain([newest])
            {
                let (table, fit) = Table::of(release, &[]).expect("a known release");
                assert_eq!(fit, Fit::Exact, "{release}");
                for name in table.fields.keys() {
                    let (strukt, path) = name.rsplit_once(".*").unwrap_or_else(|| {
                        let maps = name.strip_prefix("maps.").map_or(0, |_| 5);
                        let dot = maps + name[maps..].find('.').expect("a row is STRUCT.FIELD");
                        (&name[..dot], &name[dot + 1..])
                    });
                    let size = table.size(strukt).expect("a struct has a size");
                    if !path.is_empty() {
                        let field = table.field(strukt, path).expect("a row resolves");
                        assert!(field.offset + field.size <= size, "{name} of {release}");
                        checked += 1;
                    }
                }
            }
        }
        assert!(checked > 10_000, "{checked}");
    }
}
