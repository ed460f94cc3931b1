//! Progress of a capture: a line on standard error, only where people look at it.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use session::Progress;

/// Shown only when it takes longer than this.
const PATIENCE: Duration = Duration::from_millis(500);

/// A progress line that goes away when it is dropped.
pub struct Meter {
    bar: ProgressBar,
    /// Dropped to end the painter.
    alive: Option<Sender<()>>,
    painter: Option<JoinHandle<()>>,
}

impl Meter {
    /// Starts a line that says `what`, with a bar if the length is known. Nothing is shown unless
    /// standard error is a terminal.
    pub fn start(wanted: bool, what: String, length: Option<Duration>) -> Meter {
        let bar = match length {
            Some(d) => ProgressBar::new(d.as_millis() as u64),
            None => ProgressBar::new_spinner(),
        };
        if !wanted || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            return Meter {
                bar,
                alive: None,
                painter: None,
            };
        }
        let template = match length {
            Some(_) => "{prefix} {bar:24} {msg}",
            None => "{prefix} {spinner} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_draw_target(ProgressDrawTarget::hidden());
        bar.set_prefix(what);
        let (alive, ended) = mpsc::channel();
        let painted = bar.clone();
        let painter = std::thread::spawn(move || {
            let began = Instant::now();
            let mut shown = false;
            while ended.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                let elapsed = began.elapsed();
                if !shown && elapsed > PATIENCE {
                    painted.set_draw_target(ProgressDrawTarget::stderr());
                    shown = true;
                }
                painted.set_position(elapsed.as_millis() as u64);
            }
        });
        Meter {
            bar,
            alive: Some(alive),
            painter: Some(painter),
        }
    }

    /// Tells how far the capture has come.
    pub fn tick(&self, progress: Progress) {
        self.bar.set_message(format!(
            "{:.1}s, {} samples, ^C ends early",
            progress.elapsed.as_secs_f64(),
            progress.samples
        ));
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(painter) = self.painter.take() {
            // It only sleeps and paints; it cannot panic for a reason of ours.
            let _ = painter.join();
        }
        self.bar.finish_and_clear();
    }
}
