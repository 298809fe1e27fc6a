//! A set of secrets, and texts without them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use zeroize::Zeroize as _;

use crate::escapes::{DEPTH, View, half};
use crate::index::{Index, Needle, is_gap};
use crate::weakness::{Weakness, weakness};
use crate::{LEAST, MASK, encodings};

/// The fewest bytes of what is taken for a token.
const LEAST_TOKEN: usize = 16;
/// How long after its end a token is still masked: what was said of it is still on its way.
const GRACE: Duration = Duration::from_secs(15 * 60);
/// How often tokens are looked through for those that are over.
const ROUND: Duration = Duration::from_secs(5 * 60);

/// Secrets by value. What it knows is never shown, and is overwritten when it is forgotten.
///
/// Whoever searches a text takes the index as it is and holds no lock, so that a long text keeps nobody waiting. Whoever
/// changes it has everything ready before.
#[derive(Default)]
pub struct Masker {
    known: Mutex<Known>,
    index: RwLock<Arc<Index>>,
    /// One whose secrets are masked, too.
    base: Option<&'static Masker>,
}

#[derive(Default)]
struct Known {
    /// Values, and when they end; never, for those that do not.
    values: HashMap<String, Option<Instant>>,
    looked: Option<Instant>,
}

/// What is in a text.
struct Searched {
    /// Where secrets stand, in order, apart from each other.
    whole: Vec<Range<usize>>,
    /// Where one may begin that the text's end cuts.
    cut: Option<usize>,
    /// Up to where none can begin that is not seen yet.
    sure: usize,
}

impl Masker {
    /// One that masks what another one knows, and what it is told itself.
    #[must_use]
    pub fn over(base: &'static Masker) -> Masker {
        Masker { base: Some(base), ..Masker::default() }
    }

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

    /// Has a text masked whatever it looks like, if it has at least [`LEAST`] bytes.
    pub(crate) fn register_any(&self, token: &str) {
        let token = token.trim();
        if token.len() >= LEAST {
            self.add(token.to_owned(), None);
        }
    }

    fn add(&self, value: String, ends: Option<Instant>) {
        let lasts = |known: &Option<Instant>| known.is_none() || *known >= ends && ends.is_some();
        if self.known().values.get(&value).is_some_and(lasts) {
            return;
        }
        let needles = needles(&value);
        let mut known = self.known();
        let over = known.over(Instant::now());
        let gone: Vec<_> = over.iter().flat_map(|value| self::needles(value)).collect();
        let is_new = known.values.insert(value, ends).is_none();
        self.change(|index| {
            gone.iter().for_each(|needle| index.remove(needle));
            if is_new {
                needles.into_iter().for_each(|needle| index.add(needle));
            }
        });
        over.into_iter().for_each(|mut value| value.zeroize());
    }

    /// Forgets a value.
    pub(crate) fn forget(&self, value: &str) {
        let mut known = self.known();
        if let Some((mut value, _)) = known.values.remove_entry(value.trim()) {
            let gone = needles(&value);
            self.change(|index| gone.iter().for_each(|needle| index.remove(needle)));
            value.zeroize();
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the index; a copy of it, where somebody searches with it.
    fn change(&self, change: impl FnOnce(&mut Index)) {
        change(Arc::make_mut(&mut self.index.write().unwrap_or_else(PoisonError::into_inner)));
    }

    /// The indexes that are searched.
    fn indexes(&self) -> Vec<Arc<Index>> {
        let of = |masker: &Masker| Arc::clone(&masker.index.read().unwrap_or_else(PoisonError::into_inner));
        let all = [Some(self), self.base].into_iter().flatten();
        all.map(of).filter(|index| !index.is_empty()).collect()
    }

    /// The text without secrets.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, false)
    }

    /// The text of an owner, without secrets; the same text where there is none in it.
    #[must_use]
    pub fn masked(&self, text: String) -> String {
        match self.mask(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
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
        let Searched { whole, cut, sure } = self.search(text, true);
        let part = cut.map_or(sure, |cut| cut.min(sure));
        // One that is whole is not parted, either.
        whole.into_iter().find(|range| range.contains(&part)).map_or(part, |range| range.start)
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
        let Searched { mut whole, cut, .. } = self.search(text, is_cut);
        if let Some(cut) = cut {
            whole.retain(|range| range.start < cut);
            let start = whole.pop_if(|last| last.end >= cut).map_or(cut, |last| last.start);
            whole.push(start..text.len());
        }
        whole
    }

    /// Searches the text as it is, and as it reads with its escapes read, and those within them.
    fn search(&self, text: &[u8], is_cut: bool) -> Searched {
        let mut searched = Searched { whole: Vec::new(), cut: None, sure: text.len() };
        let indexes = if text.len() < LEAST { Vec::new() } else { self.indexes() };
        if indexes.is_empty() {
            return searched;
        }
        let doubled = indexes.iter().any(|index| index.has_quotes());
        let mut views: Vec<View> = Vec::new();
        loop {
            let here = views.last().map_or(text, |view| view.bytes.as_slice());
            let origin = |range: Range<usize>| views.iter().rev().fold(range, |range, view| view.origin(range));
            for index in &indexes {
                searched.whole.extend(index.find(here).into_iter().map(origin));
            }
            if is_cut {
                // What an escape is cut in may be a secret's next character.
                let end = half(here).unwrap_or(here.len());
                let cuts = indexes.iter().flat_map(|index| [index.cut(here), index.cut(&here[..end])]);
                let cuts = cuts.flatten().map(|cut| origin(cut..cut).start);
                searched.cut = cuts.chain(searched.cut).min();
                let mut ends = here[..end].iter().enumerate().rev().filter(|(_, b)| !is_gap(**b));
                let sure = ends.nth(LEAST - 2).map_or(0, |(at, _)| at);
                searched.sure = searched.sure.min(origin(sure..sure).start);
            }
            let deeper = if views.len() < DEPTH { View::of(here, doubled) } else { None };
            match deeper {
                Some(view) => views.push(view),
                None => break,
            }
        }
        searched.whole = apart(searched.whole);
        searched
    }
}

impl Known {
    /// Takes out the tokens that are over.
    fn over(&mut self, now: Instant) -> Vec<String> {
        if self.looked.is_some_and(|looked| now.duration_since(looked) < ROUND) {
            return Vec::new();
        }
        self.looked = Some(now);
        let is_over = |_: &String, ends: &mut Option<Instant>| ends.is_some_and(|ends| ends <= now);
        self.values.extract_if(is_over).map(|(value, _)| value).collect()
    }
}

/// What is looked for where this value is secret.
fn needles(value: &str) -> Vec<Arc<Needle>> {
    encodings::of(value).iter().map(|encoded| Arc::new(Needle::from(encoded))).collect()
}

/// In order, and one where they touch.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
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
