//! What the plugin keeps from run to run: values by key, for its export and its tenant alone.
//!
//! A run sees its own changes at once. They are kept when the run succeeds, together with the delivery of its files, and
//! thrown away when it does not: whoever runs again finds what the last run that succeeded has left.
//!
//! ```no_run
//! use tradewire_plugin::{Result, Run, Summary};
//!
//! fn run(run: Run) -> Result<Summary> {
//!     let state = run.state()?;
//!     let last: i64 = state.get("last-invoice")?.unwrap_or_default();
//!     state.set("last-invoice", last + 1)?;
//!     Ok(Summary::new(format!("number {} comes next", last + 2)))
//! }
//! ```
//!
//! Operators look at it with `tradewire state list`.

use std::fmt::Display;
use std::str::FromStr;

use crate::bindings::wasi::keyvalue::{atomics, store};
use crate::{Failure, Result};

/// A bucket of values: [`Run::state`](crate::Run::state) gives the plugin's first, [`State::bucket`] any other.
pub struct State(store::Bucket);

impl State {
    /// The bucket of that name: 1 to 64 letters, digits, `-`, `_` and `.`, the first no `_`.
    ///
    /// # Errors
    /// When the name is none.
    pub fn bucket(name: &str) -> Result<State> {
        store::open(name)
            .map(State)
            .map_err(|e| Failure::refused(format!("cannot open the state's bucket `{name}`: {e}")))
    }

    /// A value, as its text is read.
    ///
    /// # Errors
    /// When it is there and is not of that type.
    pub fn get<T: FromStr<Err: Display>>(&self, key: &str) -> Result<Option<T>> {
        let Some(bytes) = self.get_bytes(key)? else { return Ok(None) };
        let odd = |e: &dyn Display| Failure::refused(format!("the value that is kept as `{key}` cannot be read: {e}"));
        let text = String::from_utf8(bytes).map_err(|e| odd(&e))?;
        text.parse().map(Some).map_err(|e| odd(&e))
    }

    /// Keeps a value as its text.
    ///
    /// # Errors
    /// When a limit of the state is reached.
    pub fn set(&self, key: &str, value: impl ToString) -> Result<()> {
        self.set_bytes(key, value.to_string().as_bytes())
    }

    /// A value as it is.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.0.get(key).map_err(|e| refuse(key, &e))
    }

    /// Keeps a value as it is.
    ///
    /// # Errors
    /// When a limit of the state is reached.
    pub fn set_bytes(&self, key: &str, value: &[u8]) -> Result<()> {
        self.0.set(key, value).map_err(|e| refuse(key, &e))
    }

    /// Forgets a value, where there is one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn delete(&self, key: &str) -> Result<()> {
        self.0.delete(key).map_err(|e| refuse(key, &e))
    }

    /// Adds to a number, which is 0 where there is none, and gives the sum.
    ///
    /// # Errors
    /// When what is there is no number, or the sum does not fit into 64 bits.
    pub fn add(&self, key: &str, number: i64) -> Result<i64> {
        atomics::increment(&self.0, key, number).map_err(|e| refuse(key, &e))
    }

    /// All keys, in order.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn keys(&self) -> Result<Vec<String>> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let more = self.0.list_keys(cursor.as_deref()).map_err(|e| Failure::refused(e.to_string()))?;
            keys.extend(more.keys);
            match more.cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(keys),
            }
        }
    }
}

fn refuse(key: &str, error: &store::Error) -> Failure {
    Failure::refused(format!("cannot keep `{key}`: {error}"))
}
