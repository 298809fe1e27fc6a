//! Every secret of the process by value, and texts in which it is masked.
//!
//! Others repeat what they are sent: a vendor quotes the request in its 401, a proxy echoes headers, a library puts an
//! address into its error. So whatever reads a secret [registers](register) it, and whatever shows a text, keeps it or
//! hands it to a guest [masks](mask) it: all that it writes is a `***` for each secret, as it is and in the encodings that
//! texts carry. Escapes are read wherever they stand, whoever wrote them and four deep: percent encoding, those with a
//! backslash (JSON, JavaScript, Python, Rust, C, nginx), references of HTML and XML, doubled quotation marks. Digits are
//! known: hexadecimal, and Base64 of the secret at any alignment, in lines or not, of a form or a JSON document that holds
//! it, and of its Base64. What is computed from a secret otherwise passes: Base32, quoted-printable, UTF-16, compression.
//!
//! There is one set of secrets a process, like the standard error that it guards: a log line does not say which run's
//! secrets it may hold.
//!
//! # Where texts are masked
//!
//! On the way in: answers of vendors, what ServiceTitan answers when it repeats a key, what receivers say of a delivery.
//! So no guest, template, journal or file ever holds a secret, and what a guest writes need not be looked at: **a file is
//! delivered as it was written**. And on the way out, should anything have passed: terminal, log, store, HTTP answers.
//!
//! # What is no secret
//!
//! A value of fewer than [`LEAST`] bytes, or one of the words that every output is full of, would mask half of it and hide
//! nothing. It is not masked; [`weakness()`] says so, and `tradewire check` and `tradewire doctor` pass it on.
//!
//! # Tokens
//!
//! An access token is chosen by whoever gives it, who could mask any word by giving it as a token. So it is masked whatever
//! it looks like only in what its giver says: see [`Tokens`]. Everywhere that a text is shown or written down for people it
//! is masked where it [looks like a token](register_token), should it ever get there; it is forgotten some time after its
//! end. **Nothing of one vendor's changes the data of another:** data is masked with [`configured`], which knows no token.
//!
//! # How it is looked for
//!
//! Not with an automaton: that is built anew for each new token, in time that grows with all of them. Here the last six
//! bytes of each encoding are a key of a hash table with a filter before it; a text is passed over once, at the cost of a
//! multiplication and a look at the filter for each byte, and once more for each depth of escapes that it has. Adding and
//! removing a secret costs the same however many there are. No text and no secret takes longer than its length: of a long
//! secret the last bytes are compared, and what stands before them is masked as far as it is made of its characters.
//!
//! ```
//! tradewire_secrets::register("ak1.k3yOfAcme");
//! assert_eq!(tradewire_secrets::mask("401: no key ak1.k3yOfAcme here"), "401: no key *** here");
//! // Base64 of `user:secret`, as in an `Authorization: Basic` header; what stands before it is another matter.
//! assert!(!tradewire_secrets::mask("YWNtZTphazEuazN5T2ZBY21l").contains("azEuazN5T2ZBY21l"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod encodings;
mod escapes;
mod index;
mod masker;
mod tokens;
mod watch;
mod weakness;
mod writer;

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

pub use masker::Masker;
pub use tokens::Tokens;
pub use watch::Watch;
pub use weakness::{Guessable, LEAST, Weakness, guessable, weakness};
pub use writer::MaskWriter;

/// What stands where a secret stood.
pub const MASK: &str = "***";

static CONFIGURED: LazyLock<Masker> = LazyLock::new(Masker::default);
/// What is configured, and tokens.
static ALL: LazyLock<Masker> = LazyLock::new(|| Masker::over(configured()));

/// The masker that knows all secrets of the process, for what is shown or written down for people.
#[must_use]
pub fn all() -> &'static Masker {
    &ALL
}

/// The masker that knows the secrets that the operator chose, and no token, for data.
#[must_use]
pub fn configured() -> &'static Masker {
    &CONFIGURED
}

/// Has a secret masked from now on, for as long as the process lives.
pub fn register(secret: &str) {
    CONFIGURED.register(secret);
}

/// Has a token masked that was obtained while running, in what is shown, until some time after its life ends.
pub fn register_token(token: &str, life: Duration) {
    ALL.register_token(token, life);
}

/// The text without secrets.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    ALL.mask(text)
}

/// The text without secrets, where it was cut and may end within one.
#[must_use]
pub fn mask_cut(text: &str) -> Cow<'_, str> {
    ALL.mask_cut(text)
}

/// The text of an owner, without secrets; the same text where there is none in it.
#[must_use]
pub fn masked(text: String) -> String {
    ALL.masked(text)
}

/// Masks every text in a JSON document, names of members included. Escapes hide nothing, as texts are looked at as read;
/// the document stays one.
pub fn mask_json(document: &mut serde_json::Value) {
    match document {
        serde_json::Value::String(text) => {
            if let Cow::Owned(masked) = mask(text) {
                *text = masked;
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(mask_json),
        serde_json::Value::Object(members) => {
            members.values_mut().for_each(mask_json);
            if members.keys().any(|name| matches!(mask(name), Cow::Owned(_))) {
                let all = std::mem::take(members);
                members.extend(all.into_iter().map(|(name, value)| (masked(name), value)));
            }
        }
        _ => {}
    }
}
