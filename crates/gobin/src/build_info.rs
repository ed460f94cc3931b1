//! What the Go linker wrote about the build: version, module, settings.
//!
//! Mirrors `debug/buildinfo` and `runtime/debug.ParseBuildInfo`. The blob has
//! two shapes: strings inline (Go 1.18 on), or pointers to string headers
//! (1.13 to 1.17). Older programs only have `runtime.buildVersion`.

use object::elf::SHT_NOBITS;

use crate::elf::Elf;
use crate::reloc::Relocs;
use crate::version::GoVersion;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const ALIGN: usize = 16;
const MAX_STRING: u64 = 16 << 20;

/// A module that was linked in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Module version, `(devel)` for the one being worked on.
    pub version: String,
    /// Checksum, `h1:…`, where there is one.
    pub sum: String,
    /// What it was replaced by.
    pub replace: Option<Box<Module>>,
}

/// What the Go linker wrote about the build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// As the toolchain calls itself: `go1.25.5 X:greenteagc`; empty when unknown.
    pub go_version: String,
    /// The parts of `go_version`, if it has the usual form.
    pub version: Option<GoVersion>,
    /// Package path of `main`.
    pub path: String,
    /// The main module, for builds in module mode.
    pub main: Option<Module>,
    /// Modules linked in beside the main one.
    pub deps: Vec<Module>,
    /// `build` lines: `-ldflags`, `CGO_ENABLED`, `vcs.revision` …, in file order.
    pub settings: Vec<(String, String)>,
}

impl BuildInfo {
    /// The value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    pub(crate) fn from_strings(go_version: &[u8], modinfo: &[u8]) -> BuildInfo {
        let go_version = String::from_utf8_lossy(go_version).into_owned();
        let mut info = BuildInfo {
            version: GoVersion::parse(&go_version),
            go_version,
            ..BuildInfo::default()
        };
        // Sixteen marker bytes stand at either end so that the text can be
        // found in a memory image.
        if modinfo.len() >= 33 && modinfo[modinfo.len() - 17] == b'\n' {
            let text = &modinfo[16..modinfo.len() - 16];
            info.parse_modinfo(&String::from_utf8_lossy(text));
        }
        info
    }

    fn parse_modinfo(&mut self, text: &str) {
        let mut last_is_main = false;
        for line in text.lines() {
            let Some((key, rest)) = line.split_once('\t') else {
                continue;
            };
            match key {
                "path" => self.path = rest.to_owned(),
                "mod" => {
                    self.main = Some(module(rest));
                    last_is_main = true;
                }
                "dep" => {
                    self.deps.push(module(rest));
                    last_is_main = false;
                }
                "=>" => {
                    let last = if last_is_main {
                        self.main.as_mut()
                    } else {
                        self.deps.last_mut()
                    };
                    if let Some(last) = last {
                        last.replace = Some(Box::new(module(rest)));
                    }
                }
                "build" => {
                    if let Some((key, value)) = rest.split_once('=') {
                        self.settings.push((unquote(key), unquote(value)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Looks for the blob; `None` when the Go linker did not write one.
pub(crate) fn read(elf: &Elf, relocs: &Relocs) -> Option<BuildInfo> {
    let blob = find(elf)?;
    let ptr_size = usize::from(*blob.get(14)?);
    let flags = *blob.get(15)?;
    if flags & 2 != 0 {
        let (version, rest) = take_string(blob.get(HEADER..)?)?;
        let modinfo = take_string(rest).map_or(&[][..], |(m, _)| m);
        return Some(BuildInfo::from_strings(version, modinfo));
    }
    if ptr_size != elf.ptr_size() {
        return None;
    }
    let header = |at: usize| {
        let addr = elf.word_of(blob, at)?;
        string_at(elf, relocs, addr)
    };
    let version = header(16).or_else(|| {
        // An external linker leaves the words of a PIE file empty and says
        // the values in relocations; the blob's own address is needed then.
        string_at(elf, relocs, relocs.word(elf, address_of(elf, blob)? + 16)?)
    })?;
    let modinfo = header(16 + ptr_size).or_else(|| {
        let at = address_of(elf, blob)? + 16 + ptr_size as u64;
        string_at(elf, relocs, relocs.word(elf, at)?)
    });
    Some(BuildInfo::from_strings(version, modinfo.unwrap_or(&[])))
}

/// The Go string whose header lies at `addr`.
pub(crate) fn string_at<'a>(elf: &'a Elf, relocs: &Relocs, addr: u64) -> Option<&'a [u8]> {
    let data = relocs.word(elf, addr)?;
    let at_len = addr.checked_add(elf.ptr_size() as u64)?;
    let len = elf.word_of(elf.read(at_len, elf.ptr_size())?, 0)?;
    if len == 0 || len > MAX_STRING {
        return None;
    }
    elf.read(data, usize::try_from(len).ok()?)
}

fn find(elf: &Elf) -> Option<&[u8]> {
    if let Some(section) = elf.section(".go.buildinfo")
        && let Some(bytes) = elf.section_bytes(section)
        && let Some(at) = scan(bytes)
    {
        // The strings may run past a section that an editor has cut.
        return elf
            .bytes()
            .get(usize::try_from(section.offset).ok()? + at..);
    }
    let writable = elf.segments.iter().filter(|s| s.writable);
    let other = elf.segments.iter().filter(|s| !s.writable);
    writable.chain(other).find_map(|s| {
        let bytes = elf.file_range(s.offset, s.filesz)?;
        scan(bytes).map(|at| &bytes[at..])
    })
}

fn scan(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(hit) = memchr::memmem::find(bytes.get(from..)?, MAGIC) {
        let at = from + hit;
        if at % ALIGN == 0 && bytes.len() - at >= HEADER {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn address_of(elf: &Elf, blob: &[u8]) -> Option<u64> {
    let section = elf.sections.iter().find(|s| {
        s.kind != SHT_NOBITS && elf.section_bytes(s).is_some_and(|b| b.starts_with(MAGIC))
    });
    match section {
        Some(section) => Some(section.addr),
        None => {
            let offset = (elf.bytes().len() - blob.len()) as u64;
            let segment = elf
                .segments
                .iter()
                .find(|s| offset >= s.offset && offset - s.offset < s.filesz)?;
            Some(segment.vaddr + (offset - segment.offset))
        }
    }
}

fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut len = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        len |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            let rest = &bytes[i + 1..];
            let len = usize::try_from(len).ok().filter(|&n| n <= rest.len())?;
            return Some(rest.split_at(len));
        }
    }
    None
}

fn module(rest: &str) -> Module {
    let mut fields = rest.split('\t').map(str::to_owned);
    Module {
        path: fields.next().unwrap_or_default(),
        version: fields.next().unwrap_or_default(),
        sum: fields.next().unwrap_or_default(),
        replace: None,
    }
}

/// Undoes `strconv.Quote` as far as build settings use it.
fn unquote(text: &str) -> String {
    if let Some(raw) = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) {
        return raw.to_owned();
    }
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (plain, _) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modinfo_lines() {
        let mut blob = vec![b'<'; 16];
        blob.extend_from_slice(
            b"path\texample.com/a\nmod\texample.com\t(devel)\t\n\
              dep\tx.org/y\tv1.2.3\th1:abc\n=>\t../y\t\t\n\
              build\t-ldflags=\"-s -w \\\"q\\\"\"\nbuild\tCGO_ENABLED=0\n",
        );
        blob.extend_from_slice(&[b'>'; 16]);
        let info = BuildInfo::from_strings(b"go1.21.3", &blob);
        assert_eq!(info.path, "example.com/a");
        assert_eq!(
            info.main.as_ref().map(|m| m.version.as_str()),
            Some("(devel)")
        );
        assert_eq!(info.deps[0].sum, "h1:abc");
        assert_eq!(
            info.deps[0].replace.as_ref().map(|m| m.path.as_str()),
            Some("../y")
        );
        assert_eq!(info.setting("-ldflags"), Some("-s -w \"q\""));
        assert_eq!(info.setting("CGO_ENABLED"), Some("0"));
        assert_eq!(info.setting("missing"), None);
    }

    #[test]
    fn strings_do_not_run_past_the_end() {
        assert_eq!(take_string(&[3, b'a', b'b']), None);
        assert_eq!(
            take_string(&[2, b'a', b'b', 9]),
            Some((&b"ab"[..], &[9][..]))
        );
        assert_eq!(take_string(&[0xff; 12]), None);
        assert_eq!(take_string(&[]), None);
    }
}
