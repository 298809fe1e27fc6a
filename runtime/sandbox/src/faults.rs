//! Faults on demand: what a real API does to its clients on a bad day.
//!
//! A fault is a line of JSON. It says what happens, to which calls, and when:
//!
//! ```
//! # use tradewire_sandbox::Faults;
//! let faults: Faults = serde_json::from_str(r#"[
//!     {"do": {"latency": {"ms": 250}}},
//!     {"do": {"too-many": {"retry-after": "2"}}, "on": "payroll/", "times": 3},
//!     {"do": {"status": {"code": 500}}, "on": "crm/customers.get-list", "after": 2, "times": 1},
//!     {"do": "drop-answer", "on": "payroll/gross-pay-items.create", "times": 1}
//! ]"#)?;
//! assert_eq!(faults.0.len(), 4);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Act {
    /// The answer comes later.
    Latency {
        /// By so many milliseconds.
        ms: u64,
    },
    /// 429, with this `Retry-After`: seconds, a fraction of them, or an HTTP date. None is none.
    TooMany {
        /// The header's value.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Another status than the call deserves, with a problem, or with this body in its stead.
    Status {
        /// The status.
        code: u16,
        /// The body, as HTML where it begins with `<`.
        #[serde(default)]
        body: Option<String>,
    },
    /// The connection breaks before the call is carried out.
    DropRequest,
    /// The call is carried out, and the connection breaks before the answer.
    DropAnswer,
    /// The call is carried out, and its answer comes later.
    LateAnswer {
        /// By so many milliseconds.
        ms: u64,
    },
    /// The connection breaks in the middle of the answer.
    HalfAnswer,
    /// The token is taken for expired: 401.
    ExpiredToken,
    /// A page that is empty although more follow. A feed's is empty on every other call, a list's is this page, and
    /// those after it come one later: nothing is lost to who reads on.
    EmptyPage {
        /// The page of a list.
        #[serde(default = "first_page")]
        page: u32,
    },
    /// Fields of records are null although nothing declares it; never the record's own id.
    UndeclaredNulls {
        /// How many in a thousand.
        per_mille: u16,
    },
    /// A write answers as if it had been done, and nothing is changed.
    LostWrite,
}

fn first_page() -> u32 {
    1
}

/// A fault: what happens, to which calls, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    #[serde(rename = "do")]
    pub act: Act,
    /// To the operations whose names begin like this, or to `token`; all of them by default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// So many of its calls are spared first.
    #[serde(default)]
    pub after: u64,
    /// So many times; without end by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

impl Fault {
    /// A fault of every call.
    pub fn new(act: Act) -> Fault {
        Fault { act, on: String::new(), after: 0, times: None }
    }

    /// Only of operations whose names begin like this.
    pub fn on(self, prefix: &str) -> Fault {
        Fault { on: prefix.to_owned(), ..self }
    }

    /// Only so many times.
    pub fn times(self, times: u64) -> Fault {
        Fault { times: Some(times), ..self }
    }

    /// Only after so many calls.
    pub fn after(self, after: u64) -> Fault {
        Fault { after, ..self }
    }
}

/// The faults that are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);

/// What the faults in force do to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub latency: Duration,
    /// The first fault that answers in the operation's stead.
    pub instead: Option<Act>,
    pub drop_answer: bool,
    /// How long after the call is carried out its answer comes.
    pub late_answer: Duration,
    pub half_answer: bool,
    pub empty_page: Option<u32>,
    /// Whether it is a feed's turn to be empty.
    pub empty_feed: bool,
    pub nulls: Option<u16>,
    pub lost_write: bool,
}

/// The faults in force, and how often each was met.
pub(crate) struct Board(Mutex<Vec<(Fault, u64)>>);

impl Board {
    pub fn new(faults: Faults) -> Board {
        Board(Mutex::new(faults.0.into_iter().map(|fault| (fault, 0)).collect()))
    }

    /// Puts these in place of those in force.
    pub fn set(&self, faults: Faults) {
        *self.0.lock() = faults.0.into_iter().map(|fault| (fault, 0)).collect();
    }

    /// Adds these to those in force.
    pub fn add(&self, faults: Faults) {
        self.0.lock().extend(faults.0.into_iter().map(|fault| (fault, 0)));
    }

    /// Those in force.
    pub fn get(&self) -> Faults {
        Faults(self.0.lock().iter().map(|(fault, _)| fault.clone()).collect())
    }

    /// What happens to a call of an operation.
    pub fn meet(&self, operation: &str) -> Trouble {
        let mut trouble = Trouble::default();
        for (fault, met) in self.0.lock().iter_mut().filter(|(fault, _)| operation.starts_with(&fault.on)) {
            let number = *met;
            *met += 1;
            let Some(turn) = number.checked_sub(fault.after) else { continue };
            if fault.times.is_some_and(|times| turn >= times) {
                continue;
            }
            match &fault.act {
                Act::Latency { ms } => trouble.latency += Duration::from_millis(*ms),
                Act::LateAnswer { ms } => trouble.late_answer += Duration::from_millis(*ms),
                Act::DropAnswer => trouble.drop_answer = true,
                Act::HalfAnswer => trouble.half_answer = true,
                Act::EmptyPage { page } => {
                    trouble.empty_page = Some(*page);
                    trouble.empty_feed = turn % 2 == 0;
                }
                Act::UndeclaredNulls { per_mille } => trouble.nulls = Some(*per_mille),
                Act::LostWrite => trouble.lost_write = true,
                Act::TooMany { .. } | Act::Status { .. } | Act::DropRequest | Act::ExpiredToken => {
                    trouble.instead.get_or_insert_with(|| fault.act.clone());
                }
            }
        }
        trouble
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_fault_spares_the_first_calls_and_ends_after_its_times() {
        let fault = Fault::new(Act::DropRequest).on("crm/").after(2).times(2);
        let board = Board::new(Faults(vec![fault]));
        let met: Vec<bool> = (0..6).map(|_| board.meet("crm/customers.get").instead.is_some()).collect();
        assert_eq!(met, [false, false, true, true, false, false]);
        assert_eq!(board.meet("payroll/payrolls.get-list"), Trouble::default());
    }

    #[test]
    fn a_misspelt_fault_is_an_error_and_not_ignored() {
        for text in [
            r#"[{"do": "drop"}]"#,
            r#"[{"do": "drop-answer", "onn": "crm/"}]"#,
            r#"[{"do": {"latency": {"ms": 1, "s": 1}}}]"#,
            r#"[{"on": "crm/"}]"#,
        ] {
            assert!(serde_json::from_str::<Faults>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn faults_are_read_back_as_they_were_written() {
        let faults = Faults(vec![
            Fault::new(Act::TooMany { retry_after: Some("0.5".into()) }),
            Fault::new(Act::Status { code: 502, body: Some("<html>".into()) }).times(1),
            Fault::new(Act::UndeclaredNulls { per_mille: 100 }).on("crm/"),
        ]);
        let text = serde_json::to_string(&faults).unwrap();
        assert_eq!(serde_json::from_str::<Faults>(&text).unwrap(), faults);
    }
}
