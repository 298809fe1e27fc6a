//! The log of a run: capped, in order, written to the store in batches while the run goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tradewire_config::Limits;
use tradewire_store::{LogLevel, LogLine};

use crate::clock::Clock;

/// The most bytes of one line.
const LONGEST_LINE: usize = 8 * 1024;
/// How many lines, and bytes of them, the run's end may add to a log that is full.
const ROOM_FOR_THE_END: (u32, usize) = (100, 64 * 1024);

/// Told of each log line as it is written.
pub(crate) type LogObserver = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The log of a run. Cheap to clone; all clones write one log.
#[derive(Clone)]
pub struct RunLog(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    most_lines: u32,
    most_bytes: usize,
    observer: Option<LogObserver>,
    lines: Mutex<Lines>,
    /// Told when there is much to write.
    batch: Notify,
}

#[derive(Default)]
struct Lines {
    next: u32,
    bytes: usize,
    dropped: u64,
    /// The limit is reached, and the log says so.
    full: bool,
    closed: bool,
    unwritten: Vec<LogLine>,
}

/// How many lines make a batch that does not wait for its time.
const BATCH: usize = 200;

impl RunLog {
    pub(crate) fn new(clock: Arc<dyn Clock>, limits: &Limits, observer: Option<LogObserver>) -> Self {
        let most_bytes = usize::try_from(limits.log).unwrap_or(usize::MAX);
        let (lines, batch) = (Mutex::default(), Notify::new());
        Self(Arc::new(Shared { clock, most_lines: limits.log_lines, most_bytes, observer, lines, batch }))
    }

    /// Adds a text, line by line. What is past the limit is counted and dropped, and the log says so; a line that is too
    /// long is cut; control characters are shown as their escapes, so that no log can take over a terminal.
    pub fn write(&self, level: LogLevel, text: &str) {
        let at = self.0.clock.now();
        let mut lines = text.lines().filter(|line| !line.is_empty());
        while let Some(line) = lines.next() {
            // What follows is only counted.
            if !self.write_line(level, at, line) {
                return self.drop_lines(1 + lines.count());
            }
        }
    }

    /// Adds what the run's end says, for which there is some room in a full log as well. Whoever looks on is told that
    /// anyway.
    pub(crate) fn write_end(&self, level: LogLevel, text: &str) {
        let (more_lines, more_bytes) = ROOM_FOR_THE_END;
        let at = self.0.clock.now();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let text = plain(line);
            let mut lines = self.lines();
            let is_room = lines.next < self.0.most_lines.saturating_add(more_lines)
                && lines.bytes + text.len() <= self.0.most_bytes.saturating_add(more_bytes);
            match is_room && !lines.closed {
                true => drop(self.add(&mut lines, level, at, text)),
                false => lines.leave_out(1),
            }
        }
    }

    /// Whether the line is added. The first for which there is no room is answered by a line that says so.
    fn write_line(&self, level: LogLevel, at: DateTime<Utc>, line: &str) -> bool {
        if self.takes_nothing() {
            return false;
        }
        let text = plain(line);
        let mut lines = self.lines();
        if lines.closed || lines.full {
            return false;
        }
        let limit = if lines.next >= self.0.most_lines {
            Some(format!("`log_lines` is {}", self.0.most_lines))
        } else if lines.bytes + text.len() > self.0.most_bytes {
            Some(format!("`log` is {}", ByteSize(self.0.most_bytes as u64)))
        } else {
            None
        };
        lines.full = limit.is_some();
        let line = match &limit {
            None => self.add(&mut lines, level, at, text),
            Some(limit) => {
                let text = format!(
                    "the limit of the log is reached: {limit}; raise it in the plugin's `limits`; what follows is left out"
                );
                self.add(&mut lines, LogLevel::Warn, at, text)
            }
        };
        drop(lines);
        self.0.observer.iter().for_each(|observer| observer(&line));
        limit.is_none()
    }

    fn add(&self, lines: &mut Lines, level: LogLevel, at: DateTime<Utc>, text: String) -> LogLine {
        let line = LogLine { seq: lines.next, at, level, text };
        lines.next += 1;
        lines.bytes += line.text.len();
        lines.unwritten.push(line.clone());
        if lines.unwritten.len() >= BATCH {
            self.0.batch.notify_one();
        }
        line
    }

    /// Whether no line is taken any more, however short it is.
    fn takes_nothing(&self) -> bool {
        let lines = self.lines();
        lines.closed || lines.full
    }

    fn drop_lines(&self, count: usize) {
        self.lines().leave_out(count);
    }

    /// How many lines were dropped at the limit.
    pub fn dropped(&self) -> u64 {
        self.lines().dropped
    }

    /// Until there is a batch to write.
    pub(crate) async fn batch(&self) {
        self.0.batch.notified().await;
    }

    /// The lines that are not in the store yet.
    pub(crate) fn unwritten(&self) -> Vec<LogLine> {
        self.lines().unwritten.clone()
    }

    /// The lines up to this number are in the store. They are dropped only now, so that a write that is given up
    /// halfway loses none.
    pub(crate) fn written(&self, up_to: u32) {
        self.lines().unwritten.retain(|line| line.seq > up_to);
    }

    /// Takes no more lines. The last one says how many were dropped, if any were.
    pub(crate) fn close(&self) {
        let at = self.0.clock.now();
        let mut lines = self.lines();
        if lines.dropped > 0 && !lines.closed {
            let text = match lines.dropped {
                1 => "1 line was left out at the limit of the log".to_owned(),
                dropped => format!("{dropped} lines were left out at the limit of the log"),
            };
            self.add(&mut lines, LogLevel::Warn, at, text);
        }
        lines.closed = true;
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn leave_out(&mut self, count: usize) {
        if !self.closed {
            self.dropped += count as u64;
        }
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

    fn log(log_lines: u32) -> RunLog {
        RunLog::new(Arc::new(SystemClock), &Limits { log_lines, ..Limits::default() }, None)
    }

    fn texts(log: &RunLog) -> Vec<String> {
        log.unwritten().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_past_the_limit_are_counted_and_dropped_and_the_log_says_so() {
        let log = log(3);
        for n in 0..10 {
            log.write(LogLevel::Info, &n.to_string());
        }
        log.write_end(LogLevel::Error, "what it failed of");
        log.close();
        let seqs: Vec<_> = log.unwritten().iter().map(|line| line.seq).collect();
        assert_eq!(seqs, [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            texts(&log),
            [
                "0",
                "1",
                "2",
                "the limit of the log is reached: `log_lines` is 3; raise it in the plugin's `limits`; what follows is \
                 left out",
                "what it failed of",
                "7 lines were left out at the limit of the log"
            ]
        );
        assert_eq!(log.dropped(), 7);
    }

    #[test]
    fn one_text_of_a_million_lines_is_held_to_the_same_limit() {
        let log = log(5);
        log.write(LogLevel::Info, &"x\n".repeat(1_000_000));
        assert_eq!(log.unwritten().len(), 6);
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
    fn all_lines_together_are_held_to_a_limit_in_bytes_and_so_is_the_end() {
        let log = log(u32::MAX);
        let line = "x".repeat(LONGEST_LINE);
        for _ in 0..4000 {
            log.write(LogLevel::Info, &line);
        }
        assert_eq!(log.unwritten().len(), 128 + 1);
        assert_eq!(log.dropped(), 4000 - 128);
        assert!(texts(&log)[128].contains("`log` is 1.0 MiB"), "{}", texts(&log)[128]);
        log.write(LogLevel::Info, "short ones are left out as well, so that the log has one end");
        (0..4000).for_each(|_| log.write_end(LogLevel::Error, &line));
        log.close();
        let bytes: usize = texts(&log).iter().map(String::len).sum();
        assert!(bytes <= (1 << 20) + ROOM_FOR_THE_END.1 + 200, "{bytes}");
        assert!(texts(&log).last().unwrap().ends_with("lines were left out at the limit of the log"));
    }

    #[test]
    fn a_log_within_its_limits_says_nothing_of_them() {
        let log = log(2);
        log.write(LogLevel::Info, "one\ntwo");
        log.close();
        assert_eq!(texts(&log), ["one", "two"]);
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
