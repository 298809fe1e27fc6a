//! A set of secrets, and texts without them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use zeroize::Zeroize as _;

use crate::index::Index;
use crate::weakness::{Weakness, weakness};
use crate::{LEAST, MASK, encodings};

/// The fewest bytes of what is taken for a token.
const LEAST_TOKEN: usize = 16;
/// How long after its end a token is still masked: what was said of it is still on its way.
const GRACE: Duration = Duration::from_secs(15 * 60);
/// How often tokens are looked through for those that are over.
const ROUND: Duration = Duration::from_secs(5 * 60);

/// Secrets by value. What it knows is never shown, and is overwritten when it is forgotten.
#[derive(Default)]
pub struct Masker(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// Values, and when they end; never, for those that do not.
    values: HashMap<String, Option<Instant>>,
    index: Index,
    looked: Option<Instant>,
}

impl Masker {
    /// Has a secret masked from now on. What cannot be masked is left out: see [`weakness`].
    pub fn register(&self, secret: &str) {
        let is_weak = |part: &String| weakness(part).is_some_and(Weakness::is_shown);
        for part in encodings::parts(secret) {
            if !is_weak(&part) {
                self.add(part, None);
            }
        }
    }

    /// Has a token masked until some time after its end, if it looks like one: at least 16 characters of those that
    /// tokens consist of, letters and digits among them.
    pub fn register_token(&self, token: &str, life: Duration) {
        let token = token.trim();
        let is_character = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if token.len() >= LEAST_TOKEN
            && token.bytes().all(is_character)
            && token.bytes().any(|b| b.is_ascii_digit())
            && token.bytes().any(|b| b.is_ascii_alphabetic())
        {
            self.add(token.to_owned(), Instant::now().checked_add(life.saturating_add(GRACE)));
        }
    }

    fn add(&self, value: String, ends: Option<Instant>) {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.values.get(&value).is_some_and(|known| known.is_none() || *known >= ends && ends.is_some()) {
                return;
            }
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.forget(Instant::now());
        encodings::of(&value).iter().for_each(|encoded| known.index.add(encoded));
        known.values.insert(value, ends);
    }

    /// The text without secrets.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, false)
    }

    /// The text without secrets, where it was cut and may end within one.
    pub fn mask_cut<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, true)
    }

    /// Bytes without secrets, whether they are text or not.
    pub fn mask_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.found(bytes, false);
        if found.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned(replaced(bytes, &found)) }
    }

    /// Where the text can be parted so that no secret of it spans both parts.
    pub(crate) fn part(&self, text: &[u8]) -> usize {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let unsure = text.len().saturating_sub(LEAST - 1);
        let part = known.index.cut(text).map_or(unsure, |cut| cut.min(unsure));
        // One that is whole is not parted, either.
        let whole = known.index.find(text).into_iter().find(|range| range.contains(&part));
        whole.map_or(part, |range| range.start)
    }

    fn without<'a>(&self, text: &'a str, is_cut: bool) -> Cow<'a, str> {
        let mut found = self.found(text.as_bytes(), is_cut);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // Secrets are text, but a run of one may begin anywhere.
        for range in &mut found {
            range.start = text.floor_char_boundary(range.start);
            range.end = text.ceil_char_boundary(range.end);
        }
        Cow::Owned(String::from_utf8_lossy(&replaced(text.as_bytes(), &found)).into_owned())
    }

    fn found(&self, text: &[u8], is_cut: bool) -> Vec<Range<usize>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.index.is_empty() || text.len() < LEAST {
            return Vec::new();
        }
        let mut found = known.index.find(text);
        if is_cut && let Some(cut) = known.index.cut(text) {
            found.retain(|range| range.start < cut);
            let start = found.pop_if(|last| last.end >= cut).map_or(cut, |last| last.start);
            found.push(start..text.len());
        }
        found
    }
}

impl Known {
    /// Forgets the tokens that are over.
    fn forget(&mut self, now: Instant) {
        if self.looked.is_some_and(|looked| now.duration_since(looked) < ROUND) {
            return;
        }
        self.looked = Some(now);
        let is_over = |ends: &Option<Instant>| ends.is_some_and(|ends| ends <= now);
        if !self.values.values().any(is_over) {
            return;
        }
        self.index = Index::default();
        for (mut value, ends) in std::mem::take(&mut self.values) {
            if is_over(&ends) {
                value.zeroize();
            } else {
                encodings::of(&value).iter().for_each(|encoded| self.index.add(encoded));
                self.values.insert(value, ends);
            }
        }
    }
}

fn replaced(text: &[u8], found: &[Range<usize>]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut from = 0;
    for range in found {
        masked.extend_from_slice(&text[from..range.start]);
        masked.extend_from_slice(MASK.as_bytes());
        from = range.end;
    }
    masked.extend_from_slice(&text[from..]);
    masked
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker")
    }
}

#[cfg(test)]
mod tests;
