//! The process that puts a word back when gowhy is killed while it has changed it.
//!
//! It is this program again, started before anything is changed, in a session of its own and with
//! all signals shut out. It waits on a pipe that only gowhy holds the other end of: a byte there
//! says that all is well; its end, that gowhy is no more.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Child, ChildStdin, Command, Stdio};

use target::Process;
use target::write::Word;

use super::{Change, PutBack, put_back};
use crate::error::Error;

/// A word that is about to be changed, and of which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The process.
    pub pid: u32,
    /// Its start time, see [`Process::started`].
    pub started: u64,
    /// An address at which its program's file is mapped.
    pub inside: u64,
    /// The change. Its name is not used.
    pub change: Change,
}

impl Watched {
    /// The arguments that tell the guard of it: numbers.
    fn args(&self) -> [String; 6] {
        let c = &self.change;
        [
            u64::from(self.pid),
            self.started,
            self.inside,
            c.address,
            c.old,
            c.new,
        ]
        .map(|n| n.to_string())
    }

    /// What the arguments say.
    pub fn parse(args: &[u64]) -> Option<Watched> {
        let &[pid, started, inside, address, old, new] = args else {
            return None;
        };
        Some(Watched {
            pid: u32::try_from(pid).ok()?,
            started,
            inside,
            change: Change {
                word: "",
                address,
                old,
                new,
            },
        })
    }
}

/// What gowhy is told when the guard is on its post.
const READY: u8 = b'r';
/// What it is told when another guard is.
const TAKEN: u8 = b't';

/// Takes the lock of a word, as `who` of the two processes that each take one; `None` if another
/// has it. It is given back when the process ends, however it does.
pub fn lock(watched: &Watched, who: &str) -> Option<UnixListener> {
    let Watched { pid, started, .. } = watched;
    let name = format!(
        "gowhy-rate/{pid}/{started}/{:x}/{who}",
        watched.change.address
    );
    let address = SocketAddr::from_abstract_name(name).ok()?;
    UnixListener::bind_addr(&address).ok()
}

/// A guard, seen from gowhy.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts a guard, and waits until it is on its post.
    pub fn start(mut command: Command, watched: &Watched) -> Result<Guard, Error> {
        let pid = watched.pid;
        let failed = |why: String| Error::Recorded { pid, why };
        let started = command
            .args(watched.args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = started.map_err(|e| failed(format!("no guard could be started: {e}")))?;
        let pipe = child.stdin.take();
        let answer = child.stdout.take();
        let mut guard = Guard { child, pipe };
        let mut said = [0];
        match answer.map(|mut answer| answer.read_exact(&mut said)) {
            Some(Ok(())) if said[0] == READY => Ok(guard),
            Some(Ok(())) if said[0] == TAKEN => {
                guard.dismiss();
                Err(Error::RateTaken { pid })
            }
            _ => {
                guard.dismiss();
                Err(failed("its guard did not start".to_owned()))
            }
        }
    }

    /// Whether it is on its post.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Tells it that nothing is left to do, and waits until it has ended.
    pub fn dismiss(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            // It may have been killed.
            let _ = pipe.write_all(b"d");
            drop(pipe);
            let _ = self.child.wait();
        }
    }
}

/// How the watch of a guard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There was nothing to do.
    Dismissed,
    /// Gowhy was killed.
    PutBack(PutBack),
    /// The word cannot be reached: nothing is changed without a guard.
    Refused,
}

/// Guards a word: the guard's whole life. `from` is the pipe from gowhy, `to` the one to it.
pub fn run(watched: &Watched, from: &mut dyn Read, to: &mut dyn Write) -> Ended {
    let Some(_lock) = lock(watched, "guard") else {
        let _ = to.write_all(&[TAKEN]);
        return Ended::Refused;
    };
    let process = Process::find(watched.pid);
    let word = process.map(|p| Word::open(p, watched.change.address, watched.inside));
    let Ok(Ok(word)) = word else {
        return Ended::Refused;
    };
    let is_it = word.started() == watched.started;
    if !is_it || !matches!(word.read(), Ok(held) if held == watched.change.old) {
        return Ended::Refused;
    }
    let told = to.write_all(&[READY]).and_then(|()| to.flush());
    if told.is_err() {
        return Ended::Dismissed;
    }
    let mut said = [0];
    match from.read_exact(&mut said) {
        Ok(()) => Ended::Dismissed,
        Err(_) => match put_back(&word, &watched.change) {
            Ok(done) => Ended::PutBack(done),
            Err(_) => Ended::Refused,
        },
    }
}
