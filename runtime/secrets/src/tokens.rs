//! The tokens that somebody gives out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::{Masker, all, configured};

/// How many tokens are remembered: those that answers may still be on their way for, and no more, however often another
/// one is given.
const MOST: usize = 16;

/// The tokens of one who gives them out. In what that one says they are masked whatever they look like; in all that is
/// [shown](all), where they look like tokens.
#[derive(Debug)]
pub struct Tokens {
    own: Arc<Masker>,
    /// The oldest first.
    recent: Mutex<VecDeque<Zeroizing<String>>>,
}

impl Default for Tokens {
    fn default() -> Self {
        Tokens { own: Arc::new(Masker::over(configured())), recent: Mutex::default() }
    }
}

impl Tokens {
    /// Has a token masked that lives so long. The oldest of too many is forgotten.
    pub fn register(&self, token: &str, life: Duration) {
        self.own.register_any(token);
        all().register_token(token, life);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|known| known.as_str() != token);
        recent.push_back(token.to_owned().into());
        while recent.len() > MOST
            && let Some(oldest) = recent.pop_front()
        {
            self.own.forget(&oldest);
            all().forget(&oldest);
        }
    }

    /// For what is said by whoever gives them out: it knows what is [configured], too.
    #[must_use]
    pub fn masker(&self) -> Arc<Masker> {
        Arc::clone(&self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_token_is_masked_for_its_giver_whatever_it_looks_like_and_for_nobody_else() {
        let (one, other) = (Tokens::default(), Tokens::default());
        crate::register("c0nfigured-for-all");
        for token in ["12|abcdef", "a token of words", "PO-2026-000000123/COPPER-ELBOW"] {
            one.register(token, HOUR);
            assert_eq!(one.masker().mask(&format!("<{token}> c0nfigured-for-all")), "<***> ***");
            assert_eq!(other.masker().mask(&format!("<{token}> c0nfigured-for-all")), format!("<{token}> ***"));
            assert_eq!(configured().mask(token), token);
        }
        // What is shown is free of those that look like tokens.
        assert_eq!(all().mask("PO-2026-000000123/COPPER-ELBOW c0nfigured-for-all"), "*** ***");
        assert_eq!(all().mask("a token of words"), "a token of words");
    }

    #[test]
    fn the_oldest_of_many_is_forgotten() {
        let tokens = Tokens::default();
        let token = |number: usize| format!("t0ken-of-a-vendor-that-churns-{number:04}");
        (0..=MOST).for_each(|number| tokens.register(&token(number), HOUR));
        // One that is given again is the newest.
        tokens.register(&token(1), HOUR);
        tokens.register(&token(MOST + 1), HOUR);
        for masker in [&*tokens.masker(), all()] {
            let is_known = |number: usize| masker.mask(&token(number)) == "***";
            assert!(!is_known(0) && is_known(1) && !is_known(2) && is_known(3) && is_known(MOST + 1));
        }
    }
}
