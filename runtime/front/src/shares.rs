//! Places that several share, of whom none keeps the others out.
//!
//! Half of the places are kept, in equal parts, for each of those who share them; the other half goes to whoever comes
//! first. What is kept for one is not lent to others: it could not be had back before their calls end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Places, by the names of those who hold them.
pub struct Shares {
    most: usize,
    held: Mutex<HashMap<String, usize>>,
    freed: Notify,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// What is left is kept for the others.
    Kept,
    /// As many are held as this one may hold at all.
    Own,
}

impl Shares {
    /// So many.
    pub fn new(most: usize) -> Arc<Shares> {
        Arc::new(Shares { most: most.max(1), held: Mutex::default(), freed: Notify::new() })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one of `sharers`, who may hold `own` at most.
    pub fn take<'n>(
        self: &Arc<Self>,
        name: &str,
        own: Option<usize>,
        sharers: impl ExactSizeIterator<Item = &'n str>,
    ) -> Result<Place, Full> {
        let mut held = self.held();
        let mine = held.get(name).copied().unwrap_or_default();
        if own.is_some_and(|own| mine >= own) {
            return Err(Full::Own);
        }
        let kept = (self.most / (2 * sharers.len().max(1))).max(1);
        if mine >= kept {
            let taken: usize = held.values().sum();
            let others = sharers.filter(|other| *other != name);
            let kept: usize =
                others.map(|other| kept.saturating_sub(held.get(other).copied().unwrap_or_default())).sum();
            match () {
                () if taken >= self.most => return Err(Full::All),
                () if taken + kept >= self.most => return Err(Full::Kept),
                () => {}
            }
        }
        *held.entry(name.to_owned()).or_default() += 1;
        Ok(Place { shares: self.clone(), name: name.to_owned() })
    }

    /// Waits until nobody holds any.
    pub async fn rest(&self) {
        loop {
            let freed = self.freed.notified();
            if self.held().is_empty() {
                return;
            }
            freed.await;
        }
    }
}

/// A place. It is free again when this is dropped.
pub struct Place {
    shares: Arc<Shares>,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        if let Some(count) = held.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.name);
            }
        }
        if held.is_empty() {
            self.shares.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fill(shares: &Arc<Shares>, name: &str, sharers: &[&str]) -> (Vec<Place>, Full) {
        let mut places = Vec::new();
        loop {
            match shares.take(name, None, sharers.iter().copied()) {
                Ok(place) => places.push(place),
                Err(full) => return (places, full),
            }
        }
    }

    #[test]
    fn one_alone_has_all_and_of_several_none_has_what_is_kept_for_others() {
        let shares = Shares::new(64);
        let (all, full) = fill(&shares, "a", &["a"]);
        assert_eq!((all.len(), full), (64, Full::All));
        drop(all);
        let sharers = ["a", "b", "c", "d"];
        let (most, full) = fill(&shares, "a", &sharers);
        assert_eq!((most.len(), full), (40, Full::Kept), "eight are kept for each of the other three");
        for other in ["b", "c", "d"] {
            assert_eq!(fill(&shares, other, &sharers).0.len(), 8);
        }
    }

    #[test]
    fn more_sharers_than_places_have_one_each() {
        let shares = Shares::new(2);
        let sharers = ["a", "b", "c"];
        let all: Vec<_> = sharers.iter().map(|name| fill(&shares, name, &sharers)).collect();
        assert!(all.iter().all(|(places, _)| places.len() == 1));
        assert_eq!(shares.take("a", Some(1), sharers.iter().copied()).err(), Some(Full::Own));
    }

    #[tokio::test]
    async fn it_rests_when_all_are_free_again() {
        let shares = Shares::new(2);
        let place = shares.take("a", None, ["a"].into_iter()).ok().unwrap();
        let waiting = shares.clone();
        let resting = tokio::spawn(async move { waiting.rest().await });
        tokio::task::yield_now().await;
        assert!(!resting.is_finished());
        drop(place);
        resting.await.unwrap();
        shares.rest().await;
    }
}
