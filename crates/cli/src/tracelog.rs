//! Reads the log of a tracer for the verbs that show one: from a file, or standard input, where
//! what the program prints itself goes on to standard error.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use godebug::tracelog::{Event, Item, Reader};
use session::tracelog::{chunks, file};
use target::signals::Signals;

use crate::exit::CliError;

/// After ^C, the program's last words are waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What the threads tell that read standard input and wait for signals.
enum Message {
    Bytes(Vec<u8>),
    End(io::Result<()>),
    Interrupted,
}

/// Reads the whole log. `-` is standard input, which ends with ^C too; `pass` says that what is no
/// tracer's is to go to standard error then.
pub fn read(
    from: &str,
    pass: bool,
    sink: &mut dyn FnMut(&Event<'_>) -> io::Result<()>,
) -> Result<Reader, CliError> {
    let mut reader = Reader::default();
    let mut failed = None;
    let piped = from == "-";
    let mut take = |event: Event<'_>| {
        if failed.is_some() {
            return;
        }
        if let Item::Other(text) | Item::Cut(text) = event.item
            && piped
            && pass
        {
            // A closed standard error is no reason to stop.
            let _ = io::stderr().write_all(text);
        }
        failed = sink(&event).err();
    };
    if !piped {
        file(Path::new(from), &mut reader, &mut take)?;
    } else {
        stdin(&mut reader, &mut take)?;
    }
    match failed {
        Some(e) => Err(e.into()),
        None => Ok(reader),
    }
}

fn stdin(reader: &mut Reader, take: &mut dyn FnMut(Event<'_>)) -> Result<(), CliError> {
    let (send, receive) = mpsc::sync_channel(16);
    let signals = Signals::hold(false);
    let told = send.clone();
    thread::spawn(move || {
        if signals.wait_long().is_some() {
            // The second one ends us at once.
            let _ = told.send(Message::Interrupted);
        }
        signals.release()
    });
    thread::spawn(move || forward(&send));
    let mut interrupted = false;
    loop {
        let message = match interrupted {
            true => receive.recv_timeout(LAST_WORDS),
            false => receive.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match message {
            Ok(Message::Bytes(bytes)) => reader.feed(&bytes, take),
            Ok(Message::Interrupted) => interrupted = true,
            Ok(Message::End(result)) => {
                result.map_err(|e| CliError::from(e).context("cannot read standard input"))?;
                break;
            }
            Err(_) => break,
        }
    }
    reader.finish(take);
    Ok(())
}

fn forward(send: &SyncSender<Message>) {
    let result = chunks(&mut io::stdin().lock(), &mut |bytes| {
        send.send(Message::Bytes(bytes.to_vec())).is_ok()
    });
    let _ = send.send(Message::End(result));
}
