//! How much one rendering may take.

use std::time::{Duration, Instant};

use super::error::Problem;

/// Bounds of one rendering. Each is refused with an error that names the field to raise.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Blocks, partials and expressions inside each other.
    pub nesting: usize,
    /// Tags, outputs and filters that run, expressions and branches that are looked at, and the work that long values make
    /// of them.
    pub steps: u64,
    /// Turns of all loops together.
    pub loop_turns: u64,
    /// Bytes written.
    pub output_bytes: usize,
    /// Bytes of one text that a filter or a capture makes.
    pub text_bytes: usize,
    /// Bytes of all texts and lists together that filters and captures make.
    pub made_bytes: usize,
    /// Calls.
    pub calls: u64,
    /// Wall time, without what calls take to be answered.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nesting: 100,
            steps: 60_000_000,
            loop_turns: 1_000_000,
            output_bytes: 32 << 20,
            text_bytes: 8 << 20,
            made_bytes: 128 << 20,
            calls: 20,
            time: Duration::from_secs(5),
        }
    }
}

/// What one rendering has taken so far.
pub(crate) struct Meter {
    pub limits: Limits,
    steps: u64,
    turns: u64,
    made: usize,
    calls: u64,
    depth: usize,
    look_at_clock: u64,
    start: Instant,
}

/// Steps between two looks at the clock.
const CLOCK: u64 = 4_096;

impl Meter {
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            steps: 0,
            turns: 0,
            made: 0,
            calls: 0,
            depth: 0,
            look_at_clock: CLOCK,
            start: Instant::now(),
        }
    }

    #[inline]
    pub fn step(&mut self, work: u64) -> Result<(), Problem> {
        self.steps = self.steps.saturating_add(work);
        if self.steps >= self.look_at_clock { self.look(work) } else { Ok(()) }
    }

    #[cold]
    fn look(&mut self, work: u64) -> Result<(), Problem> {
        if self.steps > self.limits.steps {
            // Taken back, so that a caller that goes on in spite of the error meets it again at once.
            self.steps = self.steps.saturating_sub(work);
            return Err(over("the number of steps", self.limits.steps, "steps"));
        }
        self.look_at_clock = (self.steps + CLOCK).min(self.limits.steps.saturating_add(1));
        if self.start.elapsed() > self.limits.time {
            let millis = u64::try_from(self.limits.time.as_millis()).unwrap_or(u64::MAX);
            return Err(over("the time in milliseconds", millis, "time"));
        }
        Ok(())
    }

    #[inline]
    pub fn turn(&mut self) -> Result<(), Problem> {
        self.turns += 1;
        if self.turns > self.limits.loop_turns {
            return Err(over("the number of loop turns", self.limits.loop_turns, "loop_turns"));
        }
        self.step(1)
    }

    /// Refuses a loop or a list of `count` before anything of it exists.
    pub fn count(&self, count: u64) -> Result<(), Problem> {
        if count > self.limits.loop_turns.saturating_sub(self.turns) {
            return Err(over("the number of loop turns", self.limits.loop_turns, "loop_turns"));
        }
        Ok(())
    }

    /// Accounts for a text of `bytes` before it is made.
    pub fn text(&mut self, bytes: usize) -> Result<(), Problem> {
        if bytes > self.limits.text_bytes {
            return Err(over("the bytes of one text", self.limits.text_bytes as u64, "text_bytes"));
        }
        self.made(bytes)
    }

    /// Accounts for `bytes` of memory before they are taken.
    pub fn made(&mut self, bytes: usize) -> Result<(), Problem> {
        self.made = self.made.saturating_add(bytes);
        if self.made > self.limits.made_bytes {
            return Err(over("the bytes of all texts and lists made", self.limits.made_bytes as u64, "made_bytes"));
        }
        self.step(bytes as u64 / 64)
    }

    /// Accounts for a call before it is made; yields the most bytes that its answer may have.
    pub fn call(&mut self) -> Result<usize, Problem> {
        self.calls += 1;
        if self.calls > self.limits.calls {
            return Err(over("the number of calls", self.limits.calls, "calls"));
        }
        Ok(self.limits.made_bytes.saturating_sub(self.made))
    }

    /// Leaves out of the time what something else took.
    pub fn waited(&mut self, time: Duration) {
        self.start += time;
    }

    #[inline]
    pub fn output(&self, bytes: usize) -> Result<(), Problem> {
        if bytes > self.limits.output_bytes {
            return Err(over("the bytes of output", self.limits.output_bytes as u64, "output_bytes"));
        }
        Ok(())
    }

    pub fn enter(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > self.limits.nesting {
            return Err(over("the nesting of blocks and partials", self.limits.nesting as u64, "nesting"));
        }
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }
}

pub(crate) fn over(limit: &'static str, value: u64, setting: &'static str) -> Problem {
    Problem::Limit { limit, value, setting }
}
