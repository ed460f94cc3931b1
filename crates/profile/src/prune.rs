//! Cutting off what lies below a function, as in google/pprof (profile/prune.go): the frames that a
//! profile itself calls uninteresting (`drop_frames`, `keep_frames`) and `-prune_from`.

use crate::error::Error;
use crate::goregex::Regexp;
use crate::model::{Line, Profile};
use crate::strings::StrId;

/// A function's name without the arguments, and without the dot that some linkers put first.
fn simplify(name: &str) -> &str {
    let name = name.strip_prefix('.').unwrap_or(name);
    let mut from = 0;
    while let Some(open) = name[from..].find(['(', 'o']) {
        let at = from + open;
        let rest = &name[at..];
        // These are names, not the start of arguments.
        if let Some(reserved) = ["(anonymous namespace)", "operator()"]
            .iter()
            .find(|reserved| rest.starts_with(**reserved))
        {
            from = at + reserved.len();
        } else if rest.starts_with('(') {
            return &name[..at];
        } else {
            from = at + 1;
        }
    }
    name
}

/// Which functions a test picks, found out once for each name.
struct Picked<F> {
    test: F,
    known: Vec<Option<bool>>,
}

impl<F: Fn(&str) -> bool> Picked<F> {
    fn new(p: &Profile, test: F) -> Self {
        Picked {
            test,
            known: vec![None; p.strings.len()],
        }
    }

    fn line(&mut self, p: &Profile, line: &Line) -> bool {
        let name = line.function.map_or(StrId::EMPTY, |f| p.function(f).name);
        if name.is_empty() {
            return false;
        }
        match self.known.get_mut(name.0 as usize) {
            Some(known) => *known.get_or_insert_with(|| (self.test)(simplify(p.str(name)))),
            None => false,
        }
    }
}

/// Leaves out the frames that `drop` matches and `keep` does not, and everything that they call. A
/// frame counts only below the first one from the root that is not to be dropped.
pub fn prune(p: &mut Profile, drop: &Regexp, keep: Option<&Regexp>) {
    const CUT: u8 = 1;
    const CUT_BELOW: u8 = 2;
    let mut picked = Picked::new(p, |name| {
        drop.is_match(name) && !keep.is_some_and(|keep| keep.is_match(name))
    });
    let mut marks = vec![0u8; p.locations.len()];
    let mut starts = Vec::new();
    for (i, l) in p.locations.iter().enumerate() {
        let start = l.lines_start as usize;
        let own = &p.lines[start..start + l.lines_len as usize];
        if let Some(at) = own.iter().rposition(|line| picked.line(p, line)) {
            if at + 1 == own.len() {
                marks[i] = CUT;
            } else {
                marks[i] = CUT_BELOW;
                starts.push((i, at as u32 + 1));
            }
        }
    }
    for (i, skip) in starts {
        p.locations[i].lines_start += skip;
        p.locations[i].lines_len -= skip;
    }
    p.samples.edit(|_, stack| {
        let all = 0..stack.len();
        let marked = |i: usize| marks[stack[i].ix()];
        let Some(user) = all.clone().rev().find(|&i| marked(i) == 0) else {
            return Some(all);
        };
        let start = match (0..user).rev().find(|&i| marked(i) != 0) {
            Some(i) if marked(i) == CUT => i + 1,
            Some(i) => i,
            None => 0,
        };
        Some(start..stack.len())
    });
}

/// Leaves out the frames that the profile itself asks to drop.
pub fn remove_uninteresting(p: &mut Profile) -> Result<(), Error> {
    let compile = |id| {
        let pattern = p.str(id);
        match Regexp::new(&format!("^({pattern})$")) {
            Ok(regexp) => Ok(Some(regexp)),
            Err(e) => Err(Error::Malformed(format!(
                "failed to compile regexp {pattern}: {e}"
            ))),
        }
    };
    if p.drop_frames.is_empty() {
        return Ok(());
    }
    let drop = compile(p.drop_frames)?;
    let keep = if p.keep_frames.is_empty() {
        None
    } else {
        compile(p.keep_frames)?
    };
    if let Some(drop) = drop {
        prune(p, &drop, keep.as_ref());
    }
    Ok(())
}

/// Leaves out everything that the innermost matching frame calls; the frame itself stays.
pub fn prune_from(p: &mut Profile, regexp: &Regexp) {
    let mut picked = Picked::new(p, |name| regexp.is_match(name));
    let mut from = vec![false; p.locations.len()];
    let mut starts = Vec::new();
    for (i, l) in p.locations.iter().enumerate() {
        let start = l.lines_start as usize;
        let own = &p.lines[start..start + l.lines_len as usize];
        if let Some(at) = own.iter().position(|line| picked.line(p, line)) {
            from[i] = true;
            starts.push((i, at as u32));
        }
    }
    for (i, skip) in starts {
        p.locations[i].lines_start += skip;
        p.locations[i].lines_len -= skip;
    }
    p.samples.edit(|_, stack| {
        let start = stack.iter().position(|l| from[l.ix()]).unwrap_or(0);
        Some(start..stack.len())
    });
}

#[cfg(test)]
mod tests {
    use super::simplify;

    #[test]
    fn arguments_are_left_out() {
        let check = |name, want| assert_eq!(simplify(name), want);
        check("main.main", "main.main");
        check(".foo", "foo");
        check("foo(int)", "foo");
        check(
            "(anonymous namespace)::foo(int)",
            "(anonymous namespace)::foo",
        );
        check("Bar::operator()(int) const", "Bar::operator()");
        check("main.(*T).m", "main.");
        check("operator new(int)", "operator new");
    }
}
