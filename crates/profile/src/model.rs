//! The profile as columns: tables of mappings, functions, locations and samples that refer to each
//! other by index, and one string table. The fields and their meaning are those of profile.proto.

use crate::strings::{StrId, StringTable};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a `usize`.
            pub fn ix(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// Index into [`Profile::mappings`].
    MappingIx
);
index!(
    /// Index into [`Profile::functions`].
    FunctionIx
);
index!(
    /// Index into [`Profile::locations`].
    LocationIx
);

/// What a column of sample values counts, e.g. `cpu` in `nanoseconds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// The kind: `samples`, `cpu`, `inuse_space` …
    pub kind: StrId,
    /// The unit: `count`, `nanoseconds`, `bytes` …
    pub unit: StrId,
}

/// A mapped file of the profiled process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The id in the file (not 0, unique); tables refer to it by index.
    pub id: u64,
    /// First address, in the process.
    pub start: u64,
    /// First address after the mapping.
    pub limit: u64,
    /// Offset in the file that `start` maps.
    pub offset: u64,
    /// The file's path.
    pub file: StrId,
    /// The file's build id.
    pub build_id: StrId,
    /// The locations of this mapping carry function names.
    pub has_functions: bool,
    /// … file names.
    pub has_filenames: bool,
    /// … line numbers.
    pub has_line_numbers: bool,
    /// … inlined frames.
    pub has_inline_frames: bool,
}

/// A function of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// The id in the file (not 0, unique).
    pub id: u64,
    /// Name as people read it.
    pub name: StrId,
    /// Name as the linker knows it.
    pub system_name: StrId,
    /// Source file.
    pub filename: StrId,
    /// Line where the function starts; 0 if not known.
    pub start_line: i64,
}

/// One frame of a location: the innermost inlined one comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The function; `None` if the profile names none.
    pub function: Option<FunctionIx>,
    /// Line number in the function's file.
    pub line: i64,
    /// Column; 0 if not known.
    pub column: i64,
}

/// A place in the code: an address and the frames that it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The id in the file (not 0, unique).
    pub id: u64,
    /// The mapping that holds the address, if any.
    pub mapping: Option<MappingIx>,
    /// The address in the process; 0 if not known.
    pub address: u64,
    /// The linker folded several functions into this address.
    pub is_folded: bool,
    /// First of its entries in [`Profile::lines`].
    pub lines_start: u32,
    /// How many entries it has there.
    pub lines_len: u32,
}

/// A label's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelValue {
    /// A text.
    Str(StrId),
    /// A number and its unit (which may be empty).
    Num(i64, StrId),
}

/// A key and a value that a sample carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// The key.
    pub key: StrId,
    /// The value.
    pub value: LabelValue,
}

/// The samples, column by column. Sample `i` has the stack `stack(i)` (leaf first), one value for
/// each sample type, and labels in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// How many values each sample has.
    pub(crate) width: usize,
    /// End of sample `i`'s stack in `frames`.
    pub(crate) frame_ends: Vec<usize>,
    pub(crate) frames: Vec<LocationIx>,
    pub(crate) values: Vec<i64>,
    /// End of sample `i`'s labels in `labels`. Empty as long as no sample has one.
    pub(crate) label_ends: Vec<usize>,
    pub(crate) labels: Vec<Label>,
}

impl Samples {
    /// An empty table whose samples have `width` values each.
    pub fn new(width: usize) -> Self {
        Samples {
            width,
            ..Default::default()
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.frame_ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.frame_ends.is_empty()
    }

    /// How many values each sample has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many locations all stacks have together.
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// Adds a sample. `values` must have [`Samples::width`] entries: missing ones count as 0,
    /// surplus ones are left out.
    pub fn push(&mut self, stack: &[LocationIx], values: &[i64], labels: &[Label]) {
        self.frames.extend_from_slice(stack);
        self.frame_ends.push(self.frames.len());
        let n = values.len().min(self.width);
        self.values.extend_from_slice(&values[..n]);
        self.values.extend(std::iter::repeat_n(0, self.width - n));
        if !labels.is_empty() || !self.label_ends.is_empty() {
            // The samples before the first one with labels get their empty ranges now.
            self.label_ends
                .resize(self.frame_ends.len() - 1, self.labels.len());
            self.labels.extend_from_slice(labels);
            self.label_ends.push(self.labels.len());
        }
    }

    /// The stack of sample `i`, leaf first.
    pub fn stack(&self, i: usize) -> &[LocationIx] {
        let start = if i == 0 { 0 } else { self.frame_ends[i - 1] };
        &self.frames[start..self.frame_ends[i]]
    }

    /// The values of sample `i`, one for each sample type.
    pub fn values(&self, i: usize) -> &[i64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// The values of sample `i`, to change them.
    pub fn values_mut(&mut self, i: usize) -> &mut [i64] {
        &mut self.values[i * self.width..(i + 1) * self.width]
    }

    /// The labels of sample `i`.
    pub fn labels(&self, i: usize) -> &[Label] {
        if self.label_ends.is_empty() {
            return &[];
        }
        let start = if i == 0 { 0 } else { self.label_ends[i - 1] };
        &self.labels[start..self.label_ends[i]]
    }

    /// Whether any sample has a label.
    pub fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Makes room for `samples` more samples and `frames` more frames.
    pub fn reserve(&mut self, samples: usize, frames: usize) {
        self.frame_ends.reserve(samples);
        self.frames.reserve(frames);
        self.values.reserve(samples * self.width);
    }
}

/// A profile: what was sampled, where, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Every string of the profile.
    pub strings: StringTable,
    /// What the values of a sample are, in order.
    pub sample_types: Vec<ValueType>,
    /// The kind to show when none is asked for; empty if the profile names none.
    pub default_sample_type: StrId,
    /// The samples.
    pub samples: Samples,
    /// The mapped files; the first one is the main binary.
    pub mappings: Vec<Mapping>,
    /// The locations.
    pub locations: Vec<Location>,
    /// The frames of all locations; see [`Profile::lines`].
    pub lines: Vec<Line>,
    /// The functions.
    pub functions: Vec<Function>,
    /// Free text.
    pub comments: Vec<StrId>,
    /// Where the profile's documentation is; empty if nowhere.
    pub doc_url: StrId,
    /// Regular expression of the frames to drop, with everything below them.
    pub drop_frames: StrId,
    /// Regular expression of the frames to keep though `drop_frames` matches.
    pub keep_frames: StrId,
    /// Start of the capture, nanoseconds since the Unix epoch; 0 if not known.
    pub time_nanos: i64,
    /// Length of the capture in nanoseconds; 0 if not known.
    pub duration_nanos: i64,
    /// What is counted between two samples.
    pub period_type: ValueType,
    /// How much of it lies between two samples.
    pub period: i64,
}

impl Profile {
    /// The string of `id`.
    pub fn str(&self, id: StrId) -> &str {
        self.strings.get(id)
    }

    /// The frames of a location, innermost first.
    pub fn lines(&self, location: LocationIx) -> &[Line] {
        let l = &self.locations[location.ix()];
        &self.lines[l.lines_start as usize..(l.lines_start + l.lines_len) as usize]
    }

    /// The location at `location`.
    pub fn location(&self, location: LocationIx) -> &Location {
        &self.locations[location.ix()]
    }

    /// The function at `function`.
    pub fn function(&self, function: FunctionIx) -> &Function {
        &self.functions[function.ix()]
    }
}
