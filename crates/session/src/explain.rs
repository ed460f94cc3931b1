//! What can be had of a process and what not, how it was found out, and why the rest is missing.

use goruntime::Runtime;
use sampler::Sampler;
use target::Process;

use crate::error::Error;

/// What can be read of the runtime of a process.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is to be known of the target before its runtime: of a core file, whose it is.
    pub target: Vec<(String, String)>,
    /// E.g. `go1.23.9`.
    pub go_version: String,
    /// Where the layouts of the runtime's structs were taken from; empty if none fits.
    pub layouts: String,
    /// How the runtime's globals were found; empty if they were not.
    pub globals: String,
    /// What can be read, and why not if it cannot.
    pub abilities: Vec<(String, Option<String>)>,
    /// Why nothing can be read of the runtime, if so: samples of the CPU are still to be had.
    pub refusal: Option<String>,
}

impl Explanation {
    /// What is missing, with the reasons.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        let with_reason = self.abilities.iter();
        with_reason.filter_map(|(what, why)| Some((what.as_str(), why.as_deref()?)))
    }
}

/// Attaches to the process, tries everything on it, and says what came of it.
pub fn of_process(process: Process) -> Result<Explanation, Error> {
    Ok(of_sampler(&Sampler::attach(process)?))
}

/// What an attached sampler found out.
pub(crate) fn of_sampler(sampler: &Sampler) -> Explanation {
    let unread = goruntime::Error::NotStarted;
    let refused = || Err(sampler.runtime_error().unwrap_or(&unread));
    of_runtime(sampler.go(), sampler.runtime().map_or_else(refused, Ok))
}

/// What was found out of a runtime, or why nothing was.
pub(crate) fn of_runtime(
    go: &gobin::GoBin,
    runtime: Result<&Runtime, &goruntime::Error>,
) -> Explanation {
    let mut explanation = Explanation {
        target: Vec::new(),
        go_version: go.build_info().go_version.clone(),
        layouts: String::new(),
        globals: String::new(),
        abilities: Vec::new(),
        refusal: runtime.err().map(ToString::to_string),
    };
    let Ok(runtime) = runtime else {
        return explanation;
    };
    explanation.layouts = runtime.layouts().origin.to_string();
    let globals = runtime.globals();
    explanation.globals = match globals.len() - globals.by_symbol() {
        0 => "symbol table".to_owned(),
        _ if globals.by_symbol() == 0 => "code that refers to them".to_owned(),
        n => format!("symbol table, {n} by code that refers to them"),
    };
    let all = runtime.capabilities().all();
    explanation.abilities = all
        .map(|(ability, why)| (ability.to_string(), why.map(str::to_owned)))
        .collect();
    explanation
}
