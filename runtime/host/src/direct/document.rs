//! A JSON document while it is read.

use std::ops::{Deref, DerefMut};

use jiter::{Jiter, JiterResult, Peek};
use tradewire_workers::off_worker;

/// Half of what a text has at most that is read at once. It takes about a millisecond.
const BLOCK: usize = 256 << 10;

/// By how much quicker bytes are looked for than read.
const QUICKLY: usize = 16;

/// Reads a document. A text in it that is megabytes long leaves the thread to others while its escapes are read.
pub(super) struct Document<'j> {
    jiter: Jiter<'j>,
    bytes: &'j [u8],
    /// Whether any text may be longer than two blocks. Others are not measured one by one.
    has_long: bool,
}

impl<'j> Document<'j> {
    pub fn new(bytes: &'j [u8]) -> Self {
        // A text of two blocks and more covers one, and the quotation marks within a text are escaped.
        let blocks = bytes.len() / BLOCK;
        let is_within = |block: usize| mark(bytes, block * BLOCK, (block + 1) * BLOCK).is_none();
        let has_long = off_worker(bytes.len() / QUICKLY, || (0..blocks).any(is_within));
        Document { jiter: Jiter::new(bytes), bytes, has_long }
    }

    /// The text that comes next.
    pub fn text(&mut self) -> JiterResult<&str> {
        let bytes = self.until_text_ends();
        off_worker(bytes, || self.jiter.known_str())
    }

    /// Passes over what comes next and has nothing in it.
    pub fn skip_scalar(&mut self, peek: Peek) -> JiterResult<()> {
        let bytes = if peek == Peek::String { self.until_text_ends() } else { 0 };
        off_worker(bytes, || self.jiter.known_skip(peek))
    }

    /// The first name of the object that comes next.
    pub fn first_name(&mut self) -> JiterResult<Option<&str>> {
        let bytes = self.until_name_ends();
        off_worker(bytes, || self.jiter.known_object())
    }

    /// The next name of the object that is being read.
    pub fn next_name(&mut self) -> JiterResult<Option<&str>> {
        let bytes = self.until_name_ends();
        off_worker(bytes, || self.jiter.next_key())
    }

    /// Passes over the first name of the object that comes next, and says what its value is.
    pub fn first_value(&mut self) -> JiterResult<Option<Peek>> {
        let bytes = self.until_name_ends();
        let is_there = off_worker(bytes, || self.jiter.next_object_bytes().map(|name| name.is_some()))?;
        if is_there { self.jiter.peek().map(Some) } else { Ok(None) }
    }

    /// Passes over the next name of the object that is being read, and says what its value is.
    pub fn next_value(&mut self) -> JiterResult<Option<Peek>> {
        let bytes = self.until_name_ends();
        let is_there = off_worker(bytes, || self.jiter.next_key_bytes().map(|name| name.is_some()))?;
        if is_there { self.jiter.peek().map(Some) } else { Ok(None) }
    }

    /// About how many bytes the text has that comes next.
    fn until_text_ends(&self) -> usize {
        self.text_from(self.jiter.current_index())
    }

    /// The same of the name that comes next, if there is one.
    fn until_name_ends(&self) -> usize {
        if !self.has_long {
            return 0;
        }
        let rest = self.bytes.get(self.jiter.current_index()..).unwrap_or_default();
        let before = rest.iter().position(|byte| !matches!(byte, b'{' | b',' | b' ' | b'\t' | b'\r' | b'\n'));
        before.map_or(0, |before| self.text_from(self.jiter.current_index() + before))
    }

    /// How many bytes the text has that begins there, as far as it takes to know that they are many. None, where nothing
    /// begins there.
    fn text_from(&self, start: usize) -> usize {
        if !self.has_long || self.bytes.get(start) != Some(&b'"') {
            return 0;
        }
        let most = (start + 1 + 2 * BLOCK).min(self.bytes.len());
        mark(self.bytes, start + 1, most).map_or(2 * BLOCK, |end| end - start)
    }
}

impl<'j> Deref for Document<'j> {
    type Target = Jiter<'j>;

    fn deref(&self) -> &Jiter<'j> {
        &self.jiter
    }
}

impl<'j> DerefMut for Document<'j> {
    fn deref_mut(&mut self) -> &mut Jiter<'j> {
        &mut self.jiter
    }
}

/// Where within a piece of the bytes a quotation mark stands that is not escaped.
fn mark(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let is_escaped = |at: usize| bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let piece = bytes.get(from..to)?;
    memchr::memchr_iter(b'"', piece).map(|at| from + at).find(|at| !is_escaped(*at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// How long each text and each name of an object are taken to be, and whether they are read as they are.
    fn lengths(name: &str, text: &str) -> (usize, usize) {
        let json = format!(r#"{{"{name}" : "{text}", "a":"b"}}"#);
        let mut document = Document::new(json.as_bytes());
        assert_eq!(document.peek().unwrap(), Peek::Object);
        let name_takes = document.until_name_ends();
        let read = document.first_name().unwrap().unwrap().len();
        assert_eq!(read, serde_json::from_str::<String>(&format!("\"{name}\"")).unwrap().len());
        assert_eq!(document.peek().unwrap(), Peek::String);
        let text_takes = document.until_text_ends();
        let read = document.text().unwrap().to_owned();
        assert_eq!(read, serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap());
        assert_eq!(document.next_name().unwrap(), Some("a"));
        document.peek().unwrap();
        document.skip_scalar(Peek::String).unwrap();
        assert_eq!(document.next_name().unwrap(), None);
        document.finish().unwrap();
        (name_takes, text_takes)
    }

    #[test]
    fn long_texts_and_names_are_known_whatever_they_are_made_of() {
        for unit in ["x", "\\u0000", "\\\"", "\\\\", "\\\\\\\"", "é"] {
            let long = unit.repeat(3 * BLOCK / unit.len());
            for before in 0..unit.len() + 2 {
                let begin = "y".repeat(before);
                let long = format!("{begin}{long}");
                assert!(matches!(lengths("n", &long), (..100, LONG)), "{unit}, {before}");
                assert!(matches!(lengths(&long, "t"), (LONG, ..100)), "{unit}, {before}");
            }
            assert_eq!(lengths("n", unit), (0, 0), "nothing is measured where nothing is long");
        }
    }

    const LONG: usize = 2 * BLOCK;
}
