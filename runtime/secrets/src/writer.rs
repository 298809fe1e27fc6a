//! A writer that masks what passes through it, also a secret that spans two writes.

use std::io::{self, Write};

use crate::Masker;

/// More than this is not held for the end of its line.
const HELD: usize = 64 * 1024;

/// Writes what it is given without secrets: whole lines at once, the rest when its line ends, it is flushed or dropped.
#[derive(Debug)]
pub struct MaskWriter<'m, W: Write> {
    masker: &'m Masker,
    inner: W,
    held: Vec<u8>,
}

impl<'m, W: Write> MaskWriter<'m, W> {
    /// Before a writer.
    pub fn new(masker: &'m Masker, inner: W) -> Self {
        MaskWriter { masker, inner, held: Vec::new() }
    }

    fn pass(&mut self, upto: usize) -> io::Result<()> {
        let rest = self.held.split_off(upto);
        let ready = std::mem::replace(&mut self.held, rest);
        self.inner.write_all(&self.masker.mask_bytes(&ready))
    }
}

impl<W: Write> Write for MaskWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if let Some(end) = bytes.iter().rposition(|b| *b == b'\n') {
            self.pass(self.held.len() - bytes.len() + end + 1)?;
        }
        if self.held.len() > HELD {
            self.pass(self.masker.part(&self.held))?;
        }
        Ok(bytes.len())
    }

    /// What is held is a line without its end, and goes out as it is.
    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.held.len())?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for MaskWriter<'_, W> {
    fn drop(&mut self) {
        // Whoever closed the pipe has read enough.
        let _ = self.pass(self.held.len());
    }
}
