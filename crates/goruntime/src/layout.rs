//! Where the fields of the runtime's structs lie in one program, resolved once into small structs
//! with one member a field ([`GLayout`], [`MLayout`], …).
//!
//! Two sources are asked by the same names: the [`Table`] of released versions, and the program's
//! own DWARF ([`Dwarf`]). Neither is believed before `proof.rs` has tried it on the process.
//! Mirrors src/runtime/runtime2.go.

mod dwarf;
mod table;

pub use dwarf::Dwarf;
pub(crate) use table::steps_of;
pub use table::{Fit, Release, Table};

use crate::Error;

/// Where a field lies in its struct, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// From the beginning of the struct.
    pub offset: u32,
    /// How long it is.
    pub size: u32,
}

/// A source of struct layouts. Structs are named as in package runtime, without `runtime.`; a path
/// of a nested field has dots (`sched.pc`).
pub trait Structs {
    /// Where a field lies.
    fn field(&self, strukt: &str, path: &str) -> Option<Field>;
    /// How long a struct is, in bytes.
    fn size(&self, strukt: &str) -> Option<u32>;
}

/// Where layouts were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table has this very version.
    Table,
    /// The program's own debug information.
    Dwarf,
    /// The layouts of another release, because this one is not known.
    Assumed {
        /// Whose they are.
        of: Release,
        /// Why this version is not known.
        why: String,
    },
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Table => f.write_str("table of releases"),
            Origin::Dwarf => f.write_str("debug information of the program"),
            Origin::Assumed { of, why } => {
                write!(f, "table of releases, assumed as in {of}: {why}")
            }
        }
    }
}

/// Declares a struct of fields that is resolved from a [`Structs`]: members after `required` must
/// be there, members after `optional` are `None` in versions that have no such field.
macro_rules! layout {
    (
        $(#[$meta:meta])*
        $name:ident of $strukt:literal
        required { $($(#[$rmeta:meta])* $req:ident: $rpath:literal,)* }
        optional { $($(#[$ometa:meta])* $opt:ident: $opath:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$rmeta])* pub $req: $crate::layout::Field,)*
            $($(#[$ometa])* pub $opt: Option<$crate::layout::Field>,)*
        }

        impl $name {
            /// Resolves every field, or says which one is not there.
            pub fn resolve(structs: &dyn $crate::layout::Structs) -> Result<$name, $crate::Error> {
                Ok($name {
                    $($req: structs.field($strukt, $rpath).ok_or($crate::Error::NoField {
                        strukt: $strukt,
                        field: $rpath,
                    })?,)*
                    $($opt: structs.field($strukt, $opath),)*
                })
            }

            /// The least range of offsets that has every field.
            #[allow(dead_code, reason = "some structs are read as a whole")]
            pub(crate) fn span(&self) -> std::ops::Range<u32> {
                let fields = [$(Some(self.$req),)* $(self.$opt,)*];
                let fields = fields.iter().flatten();
                let start = fields.clone().map(|f| f.offset).min().unwrap_or(0);
                let end = fields.map(|f| f.offset.saturating_add(f.size)).max().unwrap_or(0);
                start..end
            }
        }
    };
}

pub(crate) use layout;

layout! {
    /// `runtime.g`, a goroutine.
    GLayout of "g"
    required {
        /// Lowest address of its stack.
        stack_lo: "stack.lo",
        /// First address above its stack.
        stack_hi: "stack.hi",
        /// The thread it runs on.
        m: "m",
        /// Where it goes on when it is scheduled.
        sched_sp: "sched.sp",
        /// The same: program counter.
        sched_pc: "sched.pc",
        /// `_Grunning` and its like, with the scan bit.
        status: "atomicstatus",
        /// Its number.
        goid: "goid",
        /// Entry of its first function.
        startpc: "startpc",
    }
    optional {
        /// Where it goes on: frame pointer.
        sched_bp: "sched.bp",
        /// Where it entered the system call it is in.
        syscallsp: "syscallsp",
        /// The same: program counter.
        syscallpc: "syscallpc",
        /// The same: frame pointer.
        syscallbp: "syscallbp",
        /// Why it waits, an index into `waitReasonStrings`.
        waitreason: "waitreason",
        /// Since when, as far as the runtime knows.
        waitsince: "waitsince",
        /// Return address of the `go` statement that made it.
        gopc: "gopc",
        /// The goroutine that made it.
        parent_goid: "parentGoid",
        /// The thread it is locked to.
        lockedm: "lockedm",
        /// What it waits on, a list of `sudog`.
        waiting: "waiting",
        /// Its profiler labels.
        labels: "labels",
        /// Counts how often it stopped running.
        tracking_seq: "trackingSeq",
    }
}

layout! {
    /// `runtime.m`, a thread.
    MLayout of "m"
    required {
        /// Its number; the first thread is 0.
        id: "id",
        /// The goroutine whose stack is the thread's own.
        g0: "g0",
        /// The goroutine whose stack signals are handled on.
        gsignal: "gsignal",
        /// The goroutine it runs.
        curg: "curg",
        /// The thread's id in the program's own pid namespace.
        procid: "procid",
        /// The next of the list of all threads.
        alllink: "alllink",
    }
    optional {
        /// The processor it holds.
        p: "p",
        /// Whether it runs C code.
        incgo: "incgo",
        /// How many C calls are on its stack.
        ncgo: "ncgo",
        /// Non-zero while it allocates.
        mallocing: "mallocing",
        /// How many runtime locks it holds.
        locks: "locks",
        /// Whether it looks for work.
        spinning: "spinning",
        /// Stack pointer at the entry of a vDSO call, or 0.
        vdso_sp: "vdsoSP",
        /// The same: program counter.
        vdso_pc: "vdsoPC",
        /// The goroutine locked to it.
        lockedg: "lockedg",
    }
}

layout! {
    /// `runtime.p`, a processor.
    PLayout of "p"
    required {
        /// Its index in `allp`.
        id: "id",
        /// `_Prunning` and its like.
        status: "status",
        /// The thread that holds it.
        m: "m",
    }
    optional {}
}

/// How the labels of a goroutine are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelForm {
    /// A `map[string]string` of buckets, up to Go 1.23.
    Map,
    /// A sorted slice of pairs, since Go 1.24.
    List,
}

/// Since this minor version labels are a list.
const LABELS_ARE_A_LIST_SINCE: u32 = 24;

/// All layouts of one program that are needed to read its threads and goroutines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layouts {
    /// `runtime.g`.
    pub g: GLayout,
    /// `runtime.m`.
    pub m: MLayout,
    /// `runtime.p`.
    pub p: PLayout,
    /// How labels are kept.
    pub labels: LabelForm,
    /// Where these layouts were taken from.
    pub origin: Origin,
}

impl Layouts {
    /// The layouts of a release built with `experiments`, from the table.
    pub fn of_release(release: Release, experiments: &[&str]) -> Result<Layouts, Error> {
        let (table, fit) = Table::of(release, experiments).ok_or(Error::TooOld { release })?;
        let origin = match fit {
            Fit::Exact => Origin::Table,
            Fit::Nearest { of, why } => Origin::Assumed { of, why },
        };
        Layouts::resolve(&table, release, origin)
    }

    /// The layouts that `structs` describes.
    pub fn resolve(
        structs: &dyn Structs,
        release: Release,
        origin: Origin,
    ) -> Result<Layouts, Error> {
        Ok(Layouts {
            g: GLayout::resolve(structs)?,
            m: MLayout::resolve(structs)?,
            p: PLayout::resolve(structs)?,
            labels: if release.minor >= LABELS_ARE_A_LIST_SINCE {
                LabelForm::List
            } else {
                LabelForm::Map
            },
            origin,
        })
    }

    /// Whether two layouts differ at most in where they were taken from.
    pub(crate) fn same_places(&self, other: &Layouts) -> bool {
        (&self.g, &self.m, &self.p, self.labels) == (&other.g, &other.m, &other.p, other.labels)
    }
}
