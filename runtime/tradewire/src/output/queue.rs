//! Lines that are written by threads of their own, for a server: who reads its output slowly, or not at all, keeps nobody
//! waiting. What finds no room is left out, and how much that was is told when there is room again.

use std::io::{self, Write, stderr, stdout};
use std::sync::{Mutex, PoisonError, RwLock};

use serde_json::json;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tradewire_text::cut;

/// How many lines may wait.
const WAITING: usize = 2048;
/// How many bytes of a line are shown. A document is whole at any length: what others choose of it is cut where it is made.
const LONGEST: usize = 16 * 1024;

static QUEUES: RwLock<Option<Queues>> = RwLock::new(None);

/// Where a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Results.
    Out,
    /// Everything else.
    Err,
}

struct Queues {
    json: bool,
    out: Queue,
    err: Queue,
}

struct Queue {
    writer: NonBlocking,
    left_out: ErrorCounter,
    /// How many of them have been told.
    told: Mutex<usize>,
}

/// Has lines written by threads of their own until it is dropped; then what waits is written, for a second at most.
pub struct Queued(Vec<WorkerGuard>);

impl Queued {
    pub(super) fn begin(json: bool) -> Queued {
        let (out, of_out) = Queue::before(stdout());
        let (err, of_err) = Queue::before(stderr());
        *QUEUES.write().unwrap_or_else(PoisonError::into_inner) = Some(Queues { json, out, err });
        Queued(vec![of_out, of_err])
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        // Whoever writes from now on waits for the reader again.
        QUEUES.write().unwrap_or_else(PoisonError::into_inner).take();
        self.0.clear();
    }
}

impl Queue {
    fn before(stream: impl Write + Send + 'static) -> (Queue, WorkerGuard) {
        let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING).finish(stream);
        (Queue { left_out: writer.error_counter(), writer, told: Mutex::new(0) }, guard)
    }

    fn write(&self, line: &str, json: bool) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = self.left_out.dropped_lines();
        if left_out > *told {
            let count = left_out - *told;
            self.send(&match json {
                true => json!({ "left_out": count }).to_string(),
                false => format!("{count} lines are left out here: whoever reads them is too slow"),
            });
            // Where there was no room for that either, it is told the next time, and is none of those lines.
            *told = if self.left_out.dropped_lines() > left_out { *told + 1 } else { left_out };
        }
        self.send(&if json { line.into() } else { cut(line, LONGEST) });
    }

    fn send(&self, line: &str) {
        // It fails for nothing but a lack of room, which it counts.
        let _ = self.writer.clone().write_all(format!("{line}\n").as_bytes());
    }
}

/// Writes a line, now or when its turn comes. Whoever closes the pipe has read enough.
pub(super) fn write(stream: Stream, line: &str) {
    match (&*QUEUES.read().unwrap_or_else(PoisonError::into_inner), stream) {
        (Some(queues), Stream::Out) => queues.out.write(line, queues.json),
        (Some(queues), Stream::Err) => queues.err.write(line, queues.json),
        (None, Stream::Out) => drop(writeln!(stdout().lock(), "{line}")),
        (None, Stream::Err) => drop(writeln!(stderr().lock(), "{line}")),
    }
}

/// Standard error, for what writes whole lines to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        write(Stream::Err, text.strip_suffix('\n').unwrap_or(&text));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
