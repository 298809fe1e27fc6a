//! Files that a run produces. They are delivered together when the run succeeds, or not at all.

use std::io::{self, Write};

use crate::bindings::tradewire::plugin::files::{self, Total};
use crate::{Failure, Result};

/// How much is gathered before it goes to the host: one call a piece, not one a cell.
const PIECE: usize = 64 * 1024;

/// A file being written. It counts only once it is [finished](File::finish).
pub struct File {
    file: files::File,
    piece: Vec<u8>,
    name: String,
}

impl File {
    pub(crate) fn create(name: &str, content_type: &str) -> Result<Self> {
        let file = files::create(name, content_type).map_err(|e| refuse(name, &e))?;
        Ok(File { file, piece: Vec::new(), name: name.to_owned() })
    }

    /// Ends the file and gives its control total: names and exact values, in the order in which people read them.
    ///
    /// # Errors
    /// When the run's output limit is reached.
    pub fn finish<N: ToString, V: ToString>(mut self, totals: impl IntoIterator<Item = (N, V)>) -> Result<()> {
        self.hand_over().map_err(|e| Failure::refused(e.to_string()))?;
        let totals = totals.into_iter().map(|(name, value)| Total { name: name.to_string(), value: value.to_string() });
        files::File::finish(self.file, &totals.collect::<Vec<_>>()).map_err(|e| refuse(&self.name, &e))
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.file.write(&self.piece).map_err(|e| io::Error::other(format!("cannot write `{}`: {e}", self.name)))?;
            self.piece.clear();
        }
        Ok(())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() + bytes.len() > PIECE {
            self.hand_over()?;
        }
        let taken = &bytes[..bytes.len().min(PIECE)];
        self.piece.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}

fn refuse(name: &str, reason: &str) -> Failure {
    Failure::refused(format!("cannot write `{name}`: {reason}"))
}
