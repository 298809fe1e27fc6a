//! Whether a long text repeats one of a few secrets, at a few gigabytes a second.

use aho_corasick::packed::Searcher;

use crate::encodings;

/// The last bytes of an encoding tell it.
const TOLD_BY: usize = 24;

/// A look-out for one secret in whatever is long and hardly ever holds it: an answer of ServiceTitan, which knows the app
/// key and the token. Where it is found, [`mask_bytes`](crate::Masker::mask_bytes) takes it out.
#[derive(Clone, Default)]
pub struct Watch(Found);

#[derive(Clone, Default)]
enum Found {
    /// Nothing is looked for.
    #[default]
    Never,
    /// This machine has no instructions for it: looking closely costs less than looking twice.
    Perhaps,
    By(Searcher),
}

impl Watch {
    /// For this secret.
    #[must_use]
    pub fn new(secret: &str) -> Watch {
        let encodings: Vec<Vec<u8>> = encodings::of(secret.trim())
            .into_iter()
            .map(|mut encoded| encoded.split_off(encoded.len().saturating_sub(TOLD_BY)))
            .collect();
        if encodings.is_empty() {
            return Watch::default();
        }
        Watch(Searcher::new(encodings).map_or(Found::Perhaps, Found::By))
    }

    /// Whether the secret may be in there.
    #[must_use]
    pub fn sees(&self, text: &[u8]) -> bool {
        match &self.0 {
            Found::Never => false,
            Found::Perhaps => true,
            Found::By(searcher) => searcher.find(text).is_some(),
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
        let watch = Watch::new("ak1.k3y/OfAcme");
        for encoded in encodings::of("ak1.k3y/OfAcme") {
            let text = [vec![b'x'; 1000], encoded, vec![b'y'; 1000]].concat();
            assert!(watch.sees(&text));
        }
        assert!(!watch.sees(&[b'x'; 5000]) && !Watch::default().sees(b"ak1.k3y/OfAcme"));
    }
}
