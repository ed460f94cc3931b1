//! `gowhy ps`: the Go processes of this machine.

use std::io::Write;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use session::ps::{GoProcess, list};

use super::Verb;
use crate::exit::{CliError, Exit};
use crate::explain;

/// The command.
pub const VERB: Verb = Verb { command, run };

fn command() -> Command {
    PsArgs::augment_args(Command::new("ps"))
}

/// List the Go processes here: version, how they were built, and whether we can attach.
#[derive(Args, Debug)]
pub struct PsArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say of each what can be read of its runtime, how that was found, and why not the rest
    #[arg(long)]
    explain: bool,
}

fn run(matches: &ArgMatches) -> Result<Exit, CliError> {
    let args = PsArgs::from_arg_matches(matches).map_err(|e| CliError::usage(e.to_string()))?;
    let (processes, unreadable) = list();
    let mut out = anstream::stdout().lock();
    if args.json {
        let rows: Vec<_> = processes.iter().map(row_json).collect();
        let document = serde_json::json!({
            "schema": "gowhy/ps",
            "version": 1,
            "processes": rows,
            "unreadable_processes": unreadable,
        });
        writeln!(out, "{document:#}")?;
        return Ok(Exit::Ok);
    }
    if processes.is_empty() {
        writeln!(out, "no Go processes")?;
    } else {
        write!(out, "{}", table(&processes))?;
        if args.explain {
            for p in &processes {
                if let Some(runtime) = &p.runtime {
                    write!(
                        out,
                        "\n{}: {}\n{}",
                        p.pid,
                        program(p),
                        explain::text(runtime)
                    )?;
                }
            }
        }
    }
    if unreadable > 0 {
        let processes = if unreadable == 1 {
            "process"
        } else {
            "processes"
        };
        anstream::eprintln!(
            "{unreadable} {processes} cannot be looked at from here; sudo gowhy ps may show more"
        );
    }
    Ok(Exit::Ok)
}

fn table(processes: &[GoProcess]) -> String {
    let mut rows =
        vec![["PID", "GO", "BUILD", "THREADS", "RSS", "ATTACH", "PROGRAM"].map(String::from)];
    for p in processes {
        rows.push([
            p.pid.to_string(),
            p.go_version.trim_start_matches("go").to_owned(),
            build(p),
            p.threads.to_string(),
            mebibytes(p.resident_bytes),
            attach(p).to_owned(),
            program(p),
        ]);
    }
    let width = |col: usize| {
        rows.iter()
            .map(|r| r[col].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        for (i, cell) in row.iter().enumerate() {
            let pad = widths[i] - cell.chars().count();
            let number = matches!(i, 0 | 3 | 4);
            if number {
                text.extend(std::iter::repeat_n(' ', pad));
            }
            text += cell;
            if i + 1 < row.len() {
                if !number {
                    text.extend(std::iter::repeat_n(' ', pad));
                }
                text += "  ";
            }
        }
        text.push('\n');
    }
    for p in processes {
        if let Some(why) = &p.refusal {
            text += &format!("\n{}: cannot attach: {why}\n", p.pid);
        }
        let Some(runtime) = &p.runtime else {
            continue;
        };
        if let Some(why) = &runtime.refusal {
            text += &format!("\n{}: no goroutines, threads and labels: {why}\n", p.pid);
        }
        for (what, why) in runtime.missing() {
            text += &format!("\n{}: no {what}: {why}\n", p.pid);
        }
    }
    text
}

/// Whether it can be attached to: `partly` where something of its runtime cannot be read.
fn attach(p: &GoProcess) -> &'static str {
    match (&p.refusal, &p.runtime) {
        (Some(_), _) => "no",
        (None, Some(r)) if r.refusal.is_none() && r.missing().next().is_none() => "yes",
        _ => "partly",
    }
}

/// How it was built, in words: `stripped,pie,cgo,pprof`.
fn build(p: &GoProcess) -> String {
    let words: Vec<&str> = [
        (p.stripped, "stripped"),
        (p.pie, "pie"),
        (p.cgo, "cgo"),
        (p.pprof, "pprof"),
        (p.container, "container"),
        (p.exe_deleted, "deleted"),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect();
    if words.is_empty() {
        "plain".to_owned()
    } else {
        words.join(",")
    }
}

fn program(p: &GoProcess) -> String {
    const LONGEST: usize = 60;
    let mut text = p.command.join(" ");
    if text.is_empty() {
        text = p.exe.display().to_string();
    }
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST - 1).collect::<String>() + "…";
    }
    text
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}MB", bytes as f64 / f64::from(1 << 20))
}

fn row_json(p: &GoProcess) -> serde_json::Value {
    serde_json::json!({
        "pid": p.pid,
        "command": p.command,
        "exe": p.exe,
        "exe_deleted": p.exe_deleted,
        "go_version": p.go_version,
        "path": p.path,
        "stripped": p.stripped,
        "pie": p.pie,
        "cgo": p.cgo,
        "pprof_linked": p.pprof,
        "container": p.container,
        "threads": p.threads,
        "resident_bytes": p.resident_bytes,
        "attachable": p.refusal.is_none(),
        "refusal": p.refusal,
        "runtime": p.runtime.as_ref().map(explain::json),
    })
}
