//! Where any of many texts stands in another one.
//!
//! The time that it takes is bounded by the length of the text that is searched, whatever that text is and whatever is
//! looked for: a place where something ends costs at most [`KEPT`] comparisons for each text that ends alike, and what is
//! walked back from there is found by that, so that nobody walks it again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::LEAST;
use crate::encodings::Encoded;

/// Of a longer text only so much is kept of its beginning and its end; the rest is told by its characters.
const KEPT: usize = 48;
/// The most white space that digits are broken by.
const GAP: usize = 64;
/// The fewest bits of the filter.
const BITS: usize = 1 << 12;
/// The fewest bits of the filter for each text.
const BITS_EACH: usize = 8;
/// The bits of six bytes.
const SIX: u64 = 0xFFFF_FFFF_FFFF;

/// What is looked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Needle {
    head: Zeroizing<Vec<u8>>,
    tail: Zeroizing<Vec<u8>>,
    length: usize,
    /// A bit for each byte that it is made of.
    made_of: [u64; 4],
    /// White space may stand anywhere in it.
    wraps: bool,
}

impl From<&Encoded> for Needle {
    fn from(encoded: &Encoded) -> Needle {
        let text = &encoded.bytes;
        let kept = text.len().min(KEPT);
        let mut made_of = [0; 4];
        text.iter().for_each(|b| made_of[usize::from(b >> 6)] |= 1 << (b & 63));
        let (head, tail) = (text[..kept].to_vec(), text[text.len() - kept..].to_vec());
        Needle { head: head.into(), tail: tail.into(), length: text.len(), made_of, wraps: encoded.wraps }
    }
}

impl Needle {
    fn has(&self, b: u8) -> bool {
        self.made_of[usize::from(b >> 6)] >> (b & 63) & 1 == 1
    }

    /// Where its tail begins, if it ends where this text does.
    fn tail_begins(&self, text: &[u8]) -> Option<usize> {
        steps::count(self.tail.len());
        if !self.wraps {
            return text.strip_suffix(self.tail.as_slice()).map(<[u8]>::len);
        }
        let mut at = text.len();
        for wanted in self.tail.iter().rev() {
            at = before_gap(text, at);
            at = at.checked_sub(1).filter(|at| text[*at] == *wanted)?;
        }
        Some(at)
    }

    /// Where it begins, if it ends where this text does and has its beginning where it should.
    fn is_whole(&self, text: &[u8]) -> Option<usize> {
        steps::count(self.head.len());
        let begin = text.len().checked_sub(self.length).filter(|begin| text[*begin..].starts_with(&self.head))?;
        self.tail_begins(text).map(|_| begin)
    }

    /// Where it begins, whose tail begins there and of which everything from `from` on is found already: as far as the
    /// text is made of what it is made of, at most at its length. What was found before is not walked again, it is a part
    /// of this.
    fn begins(&self, text: &[u8], tail: usize, from: usize, found: &mut Vec<Range<usize>>) -> usize {
        let mut rest = (self.length - self.tail.len()).saturating_sub(tail - from);
        let mut begin = from;
        while rest > 0 {
            let at = if self.wraps { before_gap(text, begin) } else { begin };
            if let Some(last) = found.pop_if(|last| last.end >= at) {
                rest = rest.saturating_sub(begin.saturating_sub(last.start));
                begin = begin.min(last.start);
                continue;
            }
            steps::count(1);
            match at.checked_sub(1) {
                Some(at) if self.has(text[at]) => (begin, rest) = (at, rest - 1),
                _ => break,
            }
        }
        begin
    }

    /// Whether it may begin here in a text that is cut at its end; `run` is where the text's end is made of nothing but
    /// what it is made of.
    fn begins_like(&self, text: &[u8], at: usize, run: impl FnOnce() -> usize) -> bool {
        let mut at = at;
        for wanted in self.head.iter() {
            steps::count(1);
            at = if self.wraps { behind_gap(text, at) } else { at };
            match text.get(at) {
                None => return true,
                Some(b) if b == wanted => at += 1,
                Some(_) => return false,
            }
        }
        let rest = self.length - self.head.len();
        let is_shorter = |left: usize| left < rest || self.wraps && left < 2 * rest;
        is_shorter(text.len() - at) && run() <= at
    }

    /// Where the end of a text begins that is made of nothing but what this is made of.
    fn run(&self, text: &[u8]) -> usize {
        let is_of = |b: &u8| self.has(*b) || self.wraps && is_gap(*b);
        let run = text.iter().rev().take(2 * self.length).take_while(|b| is_of(b)).count();
        steps::count(run);
        text.len() - run
    }
}

/// Whether digits may be broken by it: white space, and the colon of a hexdump.
pub(crate) fn is_gap(b: u8) -> bool {
    b.is_ascii_whitespace() || b == b':'
}

/// Where the white space begins that ends here.
fn before_gap(text: &[u8], at: usize) -> usize {
    let gap = text[..at].iter().rev().take(GAP).take_while(|b| is_gap(**b)).count();
    steps::count(gap);
    at - gap
}

/// Where the white space ends that begins here.
fn behind_gap(text: &[u8], at: usize) -> usize {
    let gap = text[at..].iter().take(GAP).take_while(|b| is_gap(**b)).count();
    steps::count(gap);
    at + gap
}

/// Texts, by their last and their first bytes.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    filter: Box<[u64]>,
    /// The bits of a hash that do not fit into the filter.
    shift: u32,
    /// Bits of the filter that may be of none any more.
    stale: usize,
    /// Each text, and how often it was added.
    tails: HashMap<u64, Vec<(Arc<Needle>, usize)>>,
    heads: HashMap<u64, Vec<Arc<Needle>>>,
    longest: usize,
    has_quotes: bool,
}

impl Default for Index {
    fn default() -> Self {
        Index {
            filter: vec![0; BITS / 64].into(),
            shift: 64 - BITS.trailing_zeros(),
            stale: 0,
            tails: HashMap::new(),
            heads: HashMap::new(),
            longest: 0,
            has_quotes: false,
        }
    }
}

/// The number that six bytes are.
fn key<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u64 {
    bytes.into_iter().fold(0, |key, b| key << 8 | u64::from(*b))
}

/// Its bit in a filter.
fn bit(key: u64, shift: u32) -> (usize, u64) {
    let hash = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize;
    (hash >> 6, 1 << (hash & 63))
}

impl Index {
    /// Adds a text of at least [`LEAST`] bytes; it is to be removed as often.
    pub(crate) fn add(&mut self, needle: Arc<Needle>) {
        let (head, tail) = (key(&needle.head[..LEAST]), key(&needle.tail[needle.tail.len() - LEAST..]));
        self.longest = self.longest.max(needle.length);
        self.has_quotes |= !needle.wraps && (needle.has(b'"') || needle.has(b'\''));
        let alike = self.tails.entry(tail).or_default();
        if let Some((_, times)) = alike.iter_mut().find(|(known, _)| *known == needle) {
            *times += 1;
            return;
        }
        alike.push((Arc::clone(&needle), 1));
        self.heads.entry(head).or_default().push(needle);
        if self.tails.len() * BITS_EACH > self.filter.len() * 64 {
            self.fill();
        } else {
            let (word, mask) = bit(tail, self.shift);
            self.filter[word] |= mask;
        }
    }

    /// Makes the filter anew, with room for twice as many.
    fn fill(&mut self) {
        let bits = (2 * BITS_EACH * self.tails.len()).next_power_of_two().max(BITS);
        self.shift = 64 - bits.trailing_zeros();
        self.filter = vec![0; bits / 64].into();
        self.stale = 0;
        for key in self.tails.keys() {
            let (word, mask) = bit(*key, self.shift);
            self.filter[word] |= mask;
        }
    }

    /// Removes a text that was added.
    pub(crate) fn remove(&mut self, needle: &Needle) {
        let (head, tail) = (key(&needle.head[..LEAST]), key(&needle.tail[needle.tail.len() - LEAST..]));
        let Some(alike) = self.tails.get_mut(&tail) else { return };
        let Some(at) = alike.iter().position(|(known, _)| **known == *needle) else { return };
        alike[at].1 -= 1;
        if alike[at].1 > 0 {
            return;
        }
        alike.swap_remove(at);
        if alike.is_empty() {
            self.tails.remove(&tail);
            self.stale += 1;
        }
        if let Some(alike) = self.heads.get_mut(&head) {
            alike.retain(|known| **known != *needle);
            if alike.is_empty() {
                self.heads.remove(&head);
            }
        }
        if self.stale > self.tails.len() {
            self.fill();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }

    /// Whether a text with a quotation mark is looked for.
    pub(crate) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Where the texts stand, in order, none within or across another.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let may_be = |key: u64| {
            let (word, mask) = bit(key, self.shift);
            self.filter[word] & mask != 0
        };
        // The last six bytes, and the last six that are no white space.
        let (mut window, mut packed, mut gap) = (0_u64, 0_u64, 0);
        for (at, b) in text.iter().enumerate() {
            window = (window << 8 | u64::from(*b)) & SIX;
            if is_gap(*b) {
                gap += 1;
            } else {
                let before = if gap > GAP { 0 } else { packed };
                packed = (before << 8 | u64::from(*b)) & SIX;
                gap = 0;
                if packed != window && may_be(packed) {
                    self.end(packed, &text[..=at], |needle| needle.wraps, &mut found);
                }
            }
            if may_be(window) {
                self.end(window, &text[..=at], |_| true, &mut found);
            }
        }
        found
    }

    /// Finds what ends where this text does.
    fn end(&self, key: u64, text: &[u8], may_be: impl Fn(&Needle) -> bool, found: &mut Vec<Range<usize>>) {
        let needles = || self.tails.get(&key).into_iter().flatten().filter(|(needle, _)| may_be(needle));
        let mut begin = needles().filter_map(|(needle, _)| needle.is_whole(text)).min();
        if begin.is_none() {
            for (needle, _) in needles() {
                if let Some(tail) = needle.tail_begins(text) {
                    let from = begin.map_or(tail, |begin: usize| begin.min(tail));
                    begin = Some(needle.begins(text, tail, from, found));
                }
            }
        }
        let Some(mut begin) = begin else { return };
        // Those that reach into it are one with it.
        while let Some(last) = found.pop_if(|last| last.end >= begin) {
            begin = begin.min(last.start);
        }
        found.push(begin..text.len());
    }

    /// Where a text that is cut at the end of this one may begin, if at least [`LEAST`] bytes of it are there.
    pub(crate) fn cut(&self, text: &[u8]) -> Option<usize> {
        let mut runs: HashMap<*const Needle, usize> = HashMap::new();
        let begins = |at: &usize| {
            let rest = &text[*at..];
            let Some(window) = rest.get(..LEAST).filter(|window| !is_gap(window[0])) else {
                return false;
            };
            let packed = window.iter().any(|b| is_gap(*b)).then(|| {
                let digits = rest.iter().take(LEAST + GAP).filter(|b| !is_gap(**b)).take(LEAST);
                key(digits)
            });
            let here = self.heads.get(&key(window)).into_iter().flatten();
            let wrapped = packed.and_then(|packed| self.heads.get(&packed)).into_iter().flatten();
            here.chain(wrapped.filter(|needle| needle.wraps)).any(|needle| {
                let run = || *runs.entry(Arc::as_ptr(needle)).or_insert_with(|| needle.run(text));
                needle.begins_like(text, *at, run)
            })
        };
        // Digits that are broken into lines are longer by the line ends.
        let from = text.len().saturating_sub(2 * self.longest);
        (from..text.len()).find(begins)
    }
}

/// What is done, counted where tests ask for it.
mod steps {
    #[cfg(test)]
    thread_local!(static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });

    #[cfg(test)]
    pub fn count(steps: usize) {
        DONE.set(DONE.get() + steps);
    }

    #[cfg(not(test))]
    pub fn count(_: usize) {}

    #[cfg(test)]
    pub fn taken() -> usize {
        DONE.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index<T: AsRef<[u8]>>(needles: &[(T, bool)]) -> Index {
        let mut index = Index::default();
        for (bytes, wraps) in needles {
            index.add(Arc::new(Needle::from(&Encoded { bytes: bytes.as_ref().to_vec(), wraps: *wraps })));
        }
        index
    }

    /// A hostile text twice as long takes twice as many steps, and a needle twice as long no more.
    #[test]
    fn the_steps_are_bounded_by_the_length_of_the_text() {
        let one = |token: usize, text: usize, kind: usize| {
            let a = |count: usize| vec![b'a'; count];
            let token = match kind % 5 {
                0 => [b"1".to_vec(), a(token)].concat(),
                1 => [a(token), b"1".to_vec()].concat(),
                2 => [a(token / 2), b"1".to_vec(), a(token / 2)].concat(),
                // Neither digits nor anything else that tokens are made of.
                3 => [b"!".to_vec(), b"a \x01".repeat(token / 3)].concat(),
                _ => b"ab".repeat(token / 2),
            };
            let text = match kind / 5 {
                0 => a(text),
                1 => b"a \x01".repeat(text / 3),
                2 => b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa        \n".repeat(text / 61),
                3 => b"ab".repeat(text / 2),
                _ => [a(300), vec![b' '; 70]].concat().repeat(text / 370),
            };
            let index = self::index(&[(&token, false), (&token, true)]);
            steps::taken();
            index.find(&text);
            index.cut(&text);
            steps::taken()
        };
        for kind in 0..25 {
            let most = 300 * 40_000;
            let (short, long) = (one(8_000, 40_000, kind), one(8_000, 80_000, kind));
            assert!(short < most && long <= 2 * most, "{kind}: {short}, {long}");
            let longer = one(900_000, 40_000, kind);
            assert!(longer < most, "{kind}: {longer}");
        }
    }

    #[test]
    fn what_is_long_is_found_as_a_whole_and_without_its_beginning() {
        let long: Vec<u8> = (0..500_u32).map(|i| b'a' + (i.wrapping_mul(2_654_435_761) >> 16) as u8 % 19).collect();
        let index = self::index(&[(&long, false)]);
        let text = [b"-- ".to_vec(), long.clone(), b" --".to_vec(), long[100..].to_vec()].concat();
        assert_eq!(index.find(&text), [3..503, 506..906]);
        assert_eq!(index.cut(&text[..300]), Some(3));
        assert_eq!(index.cut(b"-- and nothing"), None);
    }

    #[test]
    fn digits_are_found_across_lines() {
        let digits: Vec<u8> = (0..200_u32).map(|i| b'A' + (i.wrapping_mul(2_654_435_761) >> 16) as u8 % 23).collect();
        let lines = |ends: &str| digits.chunks(76).collect::<Vec<_>>().join(ends.as_bytes());
        for ends in ["\n", "\r\n", "\n    ", " "] {
            let text = [b"x: ".to_vec(), lines(ends), b" y".to_vec()].concat();
            assert_eq!(index(&[(&digits, true)]).find(&text), std::slice::from_ref(&(3..text.len() - 2)), "{ends:?}");
            assert_eq!(index(&[(&digits, true)]).cut(&text[..100]), Some(3));
            assert_eq!(index(&[(&digits, true)]).cut(&text[..3 + 77 + ends.len()]), Some(3));
            assert!(index(&[(&digits, false)]).find(&text).iter().all(|range| range.start > 100));
        }
    }

    #[test]
    fn what_is_removed_is_found_no_more() {
        let (kept, gone) = (b"kept-secret".as_slice(), b"gone-secret".as_slice());
        let mut index = self::index(&[(kept, false), (gone, false), (gone, false)]);
        let needle = Needle::from(&Encoded { bytes: gone.to_vec(), wraps: false });
        index.remove(&needle);
        assert_eq!(index.find(b"kept-secret gone-secret"), [0..11, 12..23]);
        index.remove(&needle);
        index.remove(&needle);
        assert_eq!(index.find(b"kept-secret gone-secret"), std::slice::from_ref(&(0..11)));
        assert_eq!(index.heads.len(), 1);
    }
}
