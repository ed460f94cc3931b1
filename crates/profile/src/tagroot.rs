//! Labels as frames: `-tagroot` puts them around the roots of the stacks, `-tagleaf` below the
//! leaves, as in google/pprof (internal/driver/tagroot.go).

use rustc_hash::FxHashMap;

use crate::model::{
    Function, FunctionIx, Label, LabelValue, Line, Location, LocationIx, Profile, Samples,
};
use crate::strings::StrId;
use crate::units::scaled_label;

/// Which of the two found a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TagFrames {
    /// A key for the root was on some sample.
    pub root: bool,
    /// A key for the leaf was on some sample.
    pub leaf: bool,
}

/// Adds a frame for each key to each stack; its function is the label's values, its file the key.
/// The first of the `roots` becomes the outermost frame, the last of the `leaves` the innermost.
/// Numbers with a unit are written in the unit `unit`.
pub fn add_tag_frames(p: &mut Profile, roots: &[&str], leaves: &[&str], unit: &str) -> TagFrames {
    let mut found = TagFrames::default();
    if roots.is_empty() && leaves.is_empty() {
        return found;
    }
    let mut frames = Frames {
        unit,
        next_location: p.locations.iter().map(|l| l.id).max().unwrap_or(0),
        next_function: p.functions.iter().map(|f| f.id).max().unwrap_or(0),
        made: FxHashMap::default(),
    };
    let keys = |p: &mut Profile, names: &[&str]| -> Vec<StrId> {
        let names = names.iter().rev();
        names.map(|name| p.strings.intern(name)).collect()
    };
    let (roots, leaves) = (keys(p, roots), keys(p, leaves));
    let old = std::mem::take(&mut p.samples);
    let mut new = Samples::new(old.width());
    new.reserve(
        old.len(),
        old.frame_count() + old.len() * (roots.len() + leaves.len()),
    );
    let (mut outer, mut stack) = (Vec::new(), Vec::new());
    for i in 0..old.len() {
        let labels = old.labels(i);
        outer.clear();
        stack.clear();
        for &key in &roots {
            outer.push(frames.frame(p, labels, key, &mut found.root));
        }
        for &key in &leaves {
            stack.push(frames.frame(p, labels, key, &mut found.leaf));
        }
        stack.extend_from_slice(old.stack(i));
        stack.extend_from_slice(&outer);
        new.push(&stack, old.values(i), labels);
    }
    p.samples = new;
    found
}

struct Frames<'a> {
    unit: &'a str,
    next_location: u64,
    next_function: u64,
    /// By text and key.
    made: FxHashMap<(StrId, StrId), LocationIx>,
}

impl Frames<'_> {
    fn frame(
        &mut self,
        p: &mut Profile,
        labels: &[Label],
        key: StrId,
        found: &mut bool,
    ) -> LocationIx {
        let values = values(p, labels, key, self.unit);
        *found |= !values.is_empty();
        let name = p.strings.intern(&values.join(","));
        if let Some(&l) = self.made.get(&(name, key)) {
            return l;
        }
        self.next_function = self.next_function.wrapping_add(1);
        self.next_location = self.next_location.wrapping_add(1);
        let function = FunctionIx(p.functions.len() as u32);
        p.functions.push(Function {
            id: self.next_function,
            name,
            system_name: StrId::EMPTY,
            filename: key,
            start_line: 0,
        });
        let location = LocationIx(p.locations.len() as u32);
        p.locations.push(Location {
            id: self.next_location,
            lines_start: p.lines.len() as u32,
            lines_len: 1,
            ..Default::default()
        });
        p.lines.push(Line {
            function: Some(function),
            line: 0,
            column: 0,
        });
        self.made.insert((name, key), location);
        location
    }
}

/// The label's values as text: texts first, then numbers.
fn values(p: &Profile, labels: &[Label], key: StrId, unit: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut numbers = Vec::new();
    for label in labels.iter().filter(|label| label.key == key) {
        match label.value {
            LabelValue::Str(s) => values.push(p.str(s).to_owned()),
            LabelValue::Num(n, unit) => numbers.push((n, unit)),
        }
    }
    // A unit on any of the numbers makes all of them numbers with units.
    let with_units = numbers.iter().any(|(_, unit)| !unit.is_empty());
    values.extend(numbers.into_iter().map(|(n, of)| {
        if with_units {
            scaled_label(n, p.str(of), unit)
        } else {
            scaled_label(n, "", "")
        }
    }));
    values
}
