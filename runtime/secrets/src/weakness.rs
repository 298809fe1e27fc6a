//! Values that cannot be masked.

use std::collections::HashSet;
use std::fmt;

/// The fewest bytes of a value that is masked.
pub const LEAST: usize = 6;
/// The fewest bytes of a secret that nobody is told to replace.
pub(crate) const ENOUGH: usize = 12;

/// Words that outputs are full of, which tell nothing and must stay readable.
const COMMON: [&str; 40] = [
    "account",
    "acme",
    "anything",
    "application/json",
    "authorization",
    "bearer",
    "changeme",
    "client",
    "content-type",
    "delivery",
    "example",
    "export",
    "failed",
    "integration",
    "localhost",
    "message",
    "middleware",
    "number",
    "password",
    "payroll",
    "plugin",
    "production",
    "purchaseorder",
    "request",
    "response",
    "running",
    "sandbox",
    "schedule",
    "secret",
    "secrets",
    "servicetitan",
    "status",
    "string",
    "succeeded",
    "supplier",
    "tenant",
    "tradewire",
    "vendor",
    "webhook",
    "webhooks",
];

/// Why a secret protects little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Too short to be masked.
    TooShort,
    /// A word that is not masked, as every output holds it.
    Common,
    /// One character again and again, which is not masked, as texts hold such lines.
    Repeated,
    /// Short enough that texts may hold it by chance, and that it is guessed; it is masked.
    Short,
}

impl Weakness {
    /// Whether it is shown wherever it is repeated.
    #[must_use]
    pub fn is_shown(self) -> bool {
        self != Weakness::Short
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weakness::TooShort => write!(
                f,
                "it has fewer than {LEAST} bytes, which are masked nowhere, as they stand in many texts; take one with at \
                 least {ENOUGH}"
            ),
            Weakness::Common => write!(
                f,
                "it is a common word, which is masked nowhere, as it stands in many texts; take a random one with at least \
                 {ENOUGH} bytes"
            ),
            Weakness::Repeated => write!(
                f,
                "it is one character repeated, which is masked nowhere, as it stands in many texts; take a random one with \
                 at least {ENOUGH} bytes"
            ),
            Weakness::Short => write!(f, "it has fewer than {ENOUGH} bytes, which can be guessed; take a longer one"),
        }
    }
}

/// The fewest different characters of a key that others may try.
const FEWEST_DIFFERENT: usize = 8;

/// Why a key may be guessed by whoever tries keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guessable {
    /// It has too few characters.
    Short {
        /// How many.
        characters: usize,
        /// How many it must have.
        least: usize,
    },
    /// It has too few different characters.
    Plain {
        /// How many.
        different: usize,
    },
}

impl fmt::Display for Guessable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guessable::Short { characters, least } => {
                write!(f, "too short a key, which may be guessed (characters: {characters}, at least {least})")
            }
            Guessable::Plain { different } => write!(
                f,
                "too plain a key, which may be guessed (different characters: {different}, at least {FEWEST_DIFFERENT})"
            ),
        }
    }
}

/// Why this key may be guessed, where it may: it has fewer characters than `least`, or few different ones.
///
/// ```
/// assert!(tradewire_secrets::guessable(&"a".repeat(64), 20).is_some());
/// assert!(tradewire_secrets::guessable("q8Zk2vT0wYb5nR7cX1mJ", 20).is_none());
/// ```
#[must_use]
pub fn guessable(key: &str, least: usize) -> Option<Guessable> {
    let (characters, different) = (key.chars().count(), key.chars().collect::<HashSet<_>>().len());
    if characters < least {
        Some(Guessable::Short { characters, least })
    } else {
        (different < FEWEST_DIFFERENT).then_some(Guessable::Plain { different })
    }
}

/// Why this value protects little as a secret, where it does.
#[must_use]
pub fn weakness(secret: &str) -> Option<Weakness> {
    let secret = secret.trim();
    let mut chars = secret.chars();
    let first = chars.next();
    if secret.len() < LEAST {
        Some(Weakness::TooShort)
    } else if chars.all(|c| Some(c) == first) {
        Some(Weakness::Repeated)
    } else if COMMON.contains(&secret.to_ascii_lowercase().as_str()) {
        Some(Weakness::Common)
    } else {
        (secret.len() < ENOUGH).then_some(Weakness::Short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_mask_half_of_an_output_is_weak() {
        assert_eq!(weakness("x9!"), Some(Weakness::TooShort));
        assert_eq!(weakness("Sandbox"), Some(Weakness::Common));
        assert_eq!(weakness("000000000000"), Some(Weakness::Repeated));
        assert_eq!(weakness("ääääää"), Some(Weakness::Repeated));
        assert_eq!(weakness("k3y-7fQ"), Some(Weakness::Short));
        assert_eq!(weakness("k3y-7fQ-and-more"), None);
        assert!(Weakness::Repeated.to_string().starts_with("it is one character repeated, "));
        assert!(Weakness::TooShort.is_shown() && Weakness::Repeated.is_shown() && !Weakness::Short.is_shown());
    }
}
