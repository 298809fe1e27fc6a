//! The log of a run: capped, in order, written to the store in batches while the run goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::store::{LogLevel, LogLine};

/// The most bytes of one line.
const LONGEST_LINE: usize = 8 * 1024;
/// The most bytes of all lines of a run.
const LARGEST_LOG: usize = 16 * 1024 * 1024;

/// Told of each log line as it is written.
pub(super) type LogOnlooker = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The log of a run. Cheap to clone; all clones write one log.
#[derive(Clone)]
pub struct RunLog(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    most_lines: u32,
    onlooker: Option<LogOnlooker>,
    lines: Mutex<Lines>,
    /// Told when there is much to write.
    full: Notify,
}

#[derive(Default)]
struct Lines {
    next: u32,
    bytes: usize,
    dropped: u64,
    closed: bool,
    unwritten: Vec<LogLine>,
}

/// How many lines make a batch that does not wait for its time.
const BATCH: usize = 200;

impl RunLog {
    pub(super) fn new(clock: Arc<dyn Clock>, most_lines: u32, onlooker: Option<LogOnlooker>) -> Self {
        Self(Arc::new(Shared { clock, most_lines, onlooker, lines: Mutex::default(), full: Notify::new() }))
    }

    /// Adds a text, line by line. What is past the limit is counted and dropped; a line that is too long is cut;
    /// control characters are shown as their escapes, so that no log can take over a terminal.
    pub fn write(&self, level: LogLevel, text: &str) {
        let at = self.0.clock.now();
        let mut lines = text.lines().filter(|line| !line.is_empty());
        while let Some(line) = lines.next() {
            match self.write_line(level, at, line) {
                Some(line) => self.0.onlooker.iter().for_each(|onlooker| onlooker(&line)),
                // Nobody gets what follows either where the log is full or closed: it is only counted.
                None if self.takes_nothing() => return self.drop_lines(lines.count()),
                None => {}
            }
        }
    }

    /// Adds what the run's end says: whoever looks on is told that anyway.
    pub(super) fn write_end(&self, level: LogLevel, text: &str) {
        let at = self.0.clock.now();
        for line in text.lines().filter(|line| !line.is_empty()) {
            self.write_line(level, at, line);
        }
    }

    /// The line as it was added, if it was.
    fn write_line(&self, level: LogLevel, at: DateTime<Utc>, line: &str) -> Option<LogLine> {
        let text = plain(line);
        let mut lines = self.lines();
        if lines.closed {
            return None;
        }
        if lines.next >= self.0.most_lines || lines.bytes + text.len() > LARGEST_LOG {
            lines.dropped += 1;
            return None;
        }
        let line = LogLine { seq: lines.next, at, level, text };
        lines.next += 1;
        lines.bytes += line.text.len();
        lines.unwritten.push(line.clone());
        if lines.unwritten.len() >= BATCH {
            self.0.full.notify_one();
        }
        Some(line)
    }

    /// Whether no line is taken any more, however short it is.
    fn takes_nothing(&self) -> bool {
        let lines = self.lines();
        lines.closed || lines.next >= self.0.most_lines
    }

    fn drop_lines(&self, count: usize) {
        let mut lines = self.lines();
        if !lines.closed {
            lines.dropped += count as u64;
        }
    }

    /// How many lines were dropped at the limit.
    pub fn dropped(&self) -> u64 {
        self.lines().dropped
    }

    /// Until there is a batch to write.
    pub(super) async fn batch(&self) {
        self.0.full.notified().await;
    }

    /// The lines that are not in the store yet.
    pub(super) fn unwritten(&self) -> Vec<LogLine> {
        self.lines().unwritten.clone()
    }

    /// The lines up to this number are in the store. They are dropped only now, so that a write that is given up
    /// halfway loses none.
    pub(super) fn written(&self, up_to: u32) {
        self.lines().unwritten.retain(|line| line.seq > up_to);
    }

    /// Takes no more lines.
    pub(super) fn close(&self) {
        self.lines().closed = true;
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for RunLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunLog").field("lines", &self.lines().next).finish_non_exhaustive()
    }
}

/// A line without secrets and control characters, and not too long.
fn plain(line: &str) -> String {
    let line = &*tradewire_secrets::mask(line);
    let mut text = String::with_capacity(line.len().min(LONGEST_LINE));
    for c in line.chars() {
        if text.len() > LONGEST_LINE {
            text.push_str(" … (cut)");
            break;
        }
        if c.is_control() && c != '\t' { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::SystemClock;

    fn log(most_lines: u32) -> RunLog {
        RunLog::new(Arc::new(SystemClock), most_lines, None)
    }

    #[test]
    fn lines_past_the_limit_are_counted_and_dropped() {
        let log = log(3);
        for n in 0..10 {
            log.write(LogLevel::Info, &n.to_string());
        }
        let lines = log.unwritten();
        assert_eq!(lines.iter().map(|l| (l.seq, l.text.as_str())).collect::<Vec<_>>(), [(0, "0"), (1, "1"), (2, "2")]);
        assert_eq!(log.dropped(), 7);
    }

    #[test]
    fn one_text_of_a_million_lines_is_held_to_the_same_limit() {
        let log = log(5);
        log.write(LogLevel::Info, &"x\n".repeat(1_000_000));
        assert_eq!(log.unwritten().len(), 5);
        assert_eq!(log.dropped(), 999_995);
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let log = log(10);
        log.write(LogLevel::Info, &"é".repeat(1_000_000));
        let line = &log.unwritten()[0].text;
        assert!(line.len() < LONGEST_LINE + 32 && line.ends_with("(cut)"), "{}", line.len());
    }

    #[test]
    fn all_lines_together_are_held_to_a_limit() {
        let log = log(u32::MAX);
        let line = "x".repeat(LONGEST_LINE);
        for _ in 0..4000 {
            log.write(LogLevel::Info, &line);
        }
        let bytes: usize = log.unwritten().iter().map(|line| line.text.len()).sum();
        assert!(bytes <= LARGEST_LOG);
        assert!(log.dropped() > 0);
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        let log = log(10);
        log.write(LogLevel::Warn, "a\u{1b}[2Jb\rc\td");
        assert_eq!(log.unwritten()[0].text, "a\\u{1b}[2Jb\\rc\td");
    }

    #[test]
    fn lines_stay_until_the_store_has_them() {
        let log = log(10);
        log.write(LogLevel::Info, "one");
        let taken = log.unwritten();
        log.write(LogLevel::Info, "two");
        assert_eq!(log.unwritten().len(), 2, "nobody has said that the first is written");
        log.written(taken[0].seq);
        let texts: Vec<_> = log.unwritten().into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["two"]);
    }
}
