//! Where any of many texts stands in another one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::LEAST;

/// Of a longer text only so much is kept of its beginning and its end, where the rest can be told by its characters.
const KEPT: usize = 48;
/// Words of the filter: 2^18 bits.
const WORDS: usize = 1 << 12;

/// What is looked for.
#[derive(Debug, PartialEq)]
struct Needle {
    head: Zeroizing<Vec<u8>>,
    tail: Zeroizing<Vec<u8>>,
    length: usize,
}

impl Needle {
    fn of(text: &[u8]) -> Needle {
        let kept = if text.len() > KEPT && text.iter().all(|b| is_run(*b)) { KEPT } else { text.len() };
        let (head, tail) = (text[..kept].to_vec(), text[text.len() - kept..].to_vec());
        Needle { head: head.into(), tail: tail.into(), length: text.len() }
    }

    /// Where it begins, if it ends where this text does.
    fn begins(&self, text: &[u8]) -> Option<usize> {
        let rest = text.strip_suffix(self.tail.as_slice())?;
        let more = rest.iter().rev().take(self.length - self.tail.len()).take_while(|b| is_run(**b)).count();
        Some(rest.len() - more)
    }

    /// Whether this text, which was cut at its end, may be its beginning.
    fn begins_like(&self, text: &[u8]) -> bool {
        let common = text.len().min(self.head.len());
        text.len() < self.length && text[..common] == self.head[..common] && text[common..].iter().all(|b| is_run(*b))
    }
}

/// A character of what tokens, Base64, digits and percent encoding are written with.
fn is_run(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~+/=%".contains(&b)
}

/// Texts, by their last and their first bytes.
#[derive(Debug)]
pub(crate) struct Index {
    filter: Box<[u64]>,
    tails: HashMap<u64, Vec<Arc<Needle>>>,
    heads: HashMap<u64, Vec<Arc<Needle>>>,
    longest: usize,
}

impl Default for Index {
    fn default() -> Self {
        Index { filter: vec![0; WORDS].into(), tails: HashMap::new(), heads: HashMap::new(), longest: 0 }
    }
}

/// The number that six bytes are.
fn key(window: &[u8]) -> u64 {
    window.iter().fold(0, |key, b| key << 8 | u64::from(*b))
}

/// Its bit in the filter.
fn bit(key: u64) -> (usize, u64) {
    let hash = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 46) as usize;
    (hash >> 6, 1 << (hash & 63))
}

impl Index {
    /// Adds a text of at least [`LEAST`] bytes.
    pub(crate) fn add(&mut self, text: &[u8]) {
        let needle = Arc::new(Needle::of(text));
        let (head, tail) = (key(&text[..LEAST]), key(&text[text.len() - LEAST..]));
        let (word, mask) = bit(tail);
        self.filter[word] |= mask;
        let alike = self.tails.entry(tail).or_default();
        if alike.contains(&needle) {
            return;
        }
        alike.push(Arc::clone(&needle));
        self.heads.entry(head).or_default().push(needle);
        self.longest = self.longest.max(text.len());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }

    /// Where the texts stand, in order, none within or across another.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut window = 0_u64;
        for (at, b) in text.iter().enumerate() {
            window = (window << 8 | u64::from(*b)) & 0xFFFF_FFFF_FFFF;
            let (word, mask) = bit(window);
            if self.filter[word] & mask == 0 || at + 1 < LEAST {
                continue;
            }
            let Some(needles) = self.tails.get(&window) else { continue };
            let Some(mut begin) = needles.iter().filter_map(|needle| needle.begins(&text[..=at])).min() else {
                continue;
            };
            // Those that reach into it are one with it.
            while let Some(last) = found.pop_if(|last| last.end >= begin) {
                begin = begin.min(last.start);
            }
            found.push(begin..at + 1);
        }
        found
    }

    /// Where a text that is cut at the end of this one may begin, if at least [`LEAST`] bytes of it are there.
    pub(crate) fn cut(&self, text: &[u8]) -> Option<usize> {
        let from = text.len().saturating_sub(self.longest);
        let begins = |at: &usize| {
            let rest = &text[*at..];
            let needles = rest.get(..LEAST).and_then(|window| self.heads.get(&key(window)));
            needles.is_some_and(|needles| needles.iter().any(|needle| needle.begins_like(rest)))
        };
        (from..text.len()).find(begins)
    }
}
