//! Whether a long text repeats one of a few secrets, at a few gigabytes a second.

use aho_corasick::packed::Searcher;

use crate::encodings;
use crate::escapes::{DEPTH, View};

/// The last bytes of an encoding tell it.
const TOLD_BY: usize = 24;

/// A look-out for one secret in whatever is long and hardly ever holds it: an answer of ServiceTitan, which knows the app
/// key and the token. Where it is found, [`mask_bytes`](crate::Masker::mask_bytes) takes it out. What is broken into lines
/// is not looked for.
#[derive(Clone, Default)]
pub struct Watch(Found);

#[derive(Clone, Default)]
enum Found {
    /// Nothing is looked for.
    #[default]
    Never,
    /// This machine has no instructions for it, or it is too much for them: looking closely costs less than looking twice.
    Perhaps,
    By(Searcher),
}

impl Watch {
    /// For this secret.
    #[must_use]
    pub fn new(secret: &str) -> Watch {
        let tails: std::collections::HashSet<Vec<u8>> = encodings::of(secret.trim())
            .into_iter()
            .map(|mut encoded| encoded.bytes.split_off(encoded.bytes.len().saturating_sub(TOLD_BY)))
            .collect();
        if tails.is_empty() {
            return Watch::default();
        }
        Watch(Searcher::new(tails).map_or(Found::Perhaps, Found::By))
    }

    /// Whether the secret may be in there.
    #[must_use]
    pub fn sees(&self, text: &[u8]) -> bool {
        match &self.0 {
            Found::Never => false,
            Found::Perhaps => true,
            Found::By(searcher) => {
                let is_in = |text: &[u8]| searcher.find(text).is_some();
                if is_in(text) {
                    return true;
                }
                let views = std::iter::successors(View::of(text, false), |view| View::of(&view.bytes, false));
                views.take(DEPTH).any(|view| is_in(&view.bytes))
            }
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sees_the_secret_in_each_encoding_and_nothing_else() {
        for secret in ["ak1.k3yOfAcme", "ak1.k3y/OfAcme", "ak1.k3y/Of \"Acme's"] {
            let watch = Watch::new(secret);
            for encoded in encodings::of(secret) {
                let text = [vec![b'x'; 1000], encoded.bytes, vec![b'y'; 1000]].concat();
                assert!(watch.sees(&text));
            }
            for text in [secret.replace('k', "\\u006b"), secret.replace('3', "%33"), secret.replace('.', "\\\\x2E")] {
                assert!(watch.sees(text.as_bytes()), "{text}");
            }
        }
        // The usual key is looked for quickly.
        let watch = Watch::new("ak1.k3yOfAcme1234567890abcdef");
        assert!(matches!(watch.0, Found::By(_)) || Searcher::new(["abc"]).is_none());
        assert!(!watch.sees(&[b'x'; 5000]) && !Watch::default().sees(b"ak1.k3y/OfAcme"));
    }
}
