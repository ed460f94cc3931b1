//! Which file on this machine is the binary that a profile names.
//!
//! Mirrors locateBinaries of pprof's internal/driver/fetch.go. Unlike cmd/pprof, which knows no build
//! ids, files are judged by them.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gobin::Image;
use profile::{Mapping, MappingIx, Profile, legacy};

/// What the user and the environment say about binaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binaries {
    /// Takes the place of the main binary's file; empty if not given.
    pub main: String,
    /// The main binary's build id, for profiles that have none; empty if not given.
    pub build_id: String,
    /// Folders to look into.
    pub folders: Vec<PathBuf>,
}

/// Whether the file is a program or a library: ELF, PE or Mach-O. pprof also takes an old CPU profile
/// for one (`exact`), as object files of an unknown machine start like that.
pub fn is_object(path: &Path, exact: bool) -> bool {
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
            | [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..]
            | [0xca, 0xfe, 0xba, 0xbe, ..]
    ) || exact && legacy::is_cpu(&head)
}

/// The ids of an ELF file by which profiles may name it: GNU's and Go's.
pub(crate) fn build_ids(path: &Path) -> Option<[Option<String>; 2]> {
    let data = Arc::new(target::MappedFile::open(path).ok()?);
    let image = Image::parse(data).ok()?;
    Some([image.build_id(), image.go_build_id()])
}

impl Binaries {
    /// Says which files a profile is of. A profile without mappings gets one, for all addresses.
    pub fn locate(&self, profile: &mut Profile, say: &mut dyn FnMut(String)) {
        for i in 0..profile.mappings.len() {
            let m = &profile.mappings[i];
            let (file, build_id) = (profile.str(m.file), profile.str(m.build_id));
            if let Some(found) = self.search(file, build_id, say) {
                let found = profile.strings.intern(&found);
                profile.mappings[i].file = found;
            }
        }
        if profile.mappings.is_empty() {
            profile.mappings.push(Mapping {
                id: 1,
                ..Default::default()
            });
            for location in &mut profile.locations {
                location.mapping = Some(MappingIx(0));
            }
        }
        let main = profile.strings.intern(&self.main);
        let build_id = profile.strings.intern(&self.build_id);
        let first = &mut profile.mappings[0];
        if !main.is_empty() {
            first.file = main;
        }
        if first.build_id.is_empty() {
            first.build_id = build_id;
        }
    }

    fn search(&self, file: &str, build_id: &str, say: &mut dyn FnMut(String)) -> Option<String> {
        for folder in &self.folders {
            for path in candidates(folder, file, build_id) {
                if !is_object(&path, false) {
                    continue;
                }
                let name = path.display().to_string();
                if build_id.is_empty() {
                    return Some(name);
                }
                let ids = build_ids(&path).unwrap_or_default();
                if ids.iter().flatten().any(|id| id == build_id) {
                    return Some(name);
                }
                let other = ids.into_iter().flatten().next().unwrap_or_default();
                say(format!(
                    "Ignoring local file {name}: build-id mismatch ({build_id} != {other})"
                ));
            }
        }
        None
    }
}

/// Where in a folder a binary may be: by build id, then by its name and path as for `perf --symfs`
/// and GDB.
fn candidates(folder: &Path, file: &str, build_id: &str) -> Vec<PathBuf> {
    let path = Path::new(file);
    let inside = file.trim_start_matches('/');
    let base = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let base = base.unwrap_or_default();
    let parent = path.parent().map(|p| p.to_string_lossy().into_owned());
    let parent = parent.unwrap_or_default();
    let parent = parent.trim_start_matches('/');
    let mut out = Vec::new();
    // A profile is not trusted to name files outside of the folder.
    let plain = !build_id.contains(['/', '\0']) && !build_id.starts_with('.');
    if !build_id.is_empty() && plain {
        let own = folder.join(build_id);
        if !base.is_empty() {
            out.push(own.join(&base));
        }
        let mut files: Vec<PathBuf> = std::fs::read_dir(&own)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.sort();
        out.extend(files);
        out.push(folder.join(inside).join(build_id));
        if build_id.len() > 2 && build_id.is_char_boundary(2) {
            let (first, rest) = build_id.split_at(2);
            out.push(folder.join(first).join(format!("{rest}.debug")));
        }
    }
    if !file.is_empty() {
        out.push(folder.join(&base));
        out.push(folder.join(inside));
        out.push(folder.join(format!("{inside}.debug")));
        let debug = format!("{base}.debug");
        out.push(folder.join(parent).join(".debug").join(&debug));
        out.push(folder.join("usr/lib/debug").join(parent).join(debug));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;

    #[test]
    fn files_are_looked_for_in_order() {
        let found = candidates(Path::new("/d"), "/usr/bin/app", "abcdef");
        let expect = [
            "/d/abcdef/app",
            "/d/usr/bin/app/abcdef",
            "/d/ab/cdef.debug",
            "/d/app",
            "/d/usr/bin/app",
            "/d/usr/bin/app.debug",
            "/d/usr/bin/.debug/app.debug",
            "/d/usr/lib/debug/usr/bin/app.debug",
        ];
        assert_eq!(found, expect.map(PathBuf::from));
        assert!(candidates(Path::new("/d"), "", "../x").is_empty());
    }

    #[test]
    fn a_profile_without_mappings_gets_one() {
        let mut b = Builder::new(&[("a", "b")]);
        let l = b.location(None, 7, &[]);
        b.sample(&[l], &[1], &[]);
        let mut p = b.finish();
        let binaries = Binaries {
            main: "/bin/x".into(),
            build_id: "id".into(),
            folders: Vec::new(),
        };
        binaries.locate(&mut p, &mut |_| {});
        assert_eq!(p.locations[0].mapping, Some(MappingIx(0)));
        assert_eq!(p.str(p.mappings[0].file), "/bin/x");
        assert_eq!(p.str(p.mappings[0].build_id), "id");
        Binaries {
            main: String::new(),
            build_id: "other".into(),
            folders: Vec::new(),
        }
        .locate(&mut p, &mut |_| {});
        assert_eq!(p.str(p.mappings[0].build_id), "id");
    }
}
