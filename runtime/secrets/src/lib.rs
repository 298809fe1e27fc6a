//! Every secret of the process by value, and texts in which it is masked.
//!
//! Others repeat what they are sent: a vendor quotes the request in its 401, a proxy echoes headers, a library puts an
//! address into its error. So whatever reads a secret [registers](register) it, and whatever shows a text, keeps it or
//! hands it to a guest [masks](mask) it: all that it writes is a `***` for each secret, as it is and in the encodings that
//! texts carry (percent and form encoding, Base64 at any alignment, hexadecimal digits, escapes of JSON, Rust and HTML).
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
//! nothing. It is not masked; [`weakness`] says so, and `tradewire check` and `tradewire doctor` pass it on.
//!
//! # Tokens
//!
//! An access token is chosen by whoever gives it, who could mask any word by giving it as a token. So a
//! [token](register_token) is masked only where it looks like one, and forgotten some time after its end.
//!
//! # How it is looked for
//!
//! Not with an automaton: that is built anew for each new token, in time that grows with all of them. Here the last six
//! bytes of each encoding are a key of a hash table with a filter before it; a text is passed over once, at the cost of a
//! multiplication and a look at the filter for each byte. Adding and removing a secret costs the same however many there
//! are.
//!
//! ```
//! tradewire_secrets::register("ak1.k3yOfAcme");
//! assert_eq!(tradewire_secrets::mask("401: no key ak1.k3yOfAcme here"), "401: no key *** here");
//! // Base64 of `user:secret`, as in an `Authorization: Basic` header; what stands before it is another matter.
//! assert!(!tradewire_secrets::mask("YWNtZTphazEuazN5T2ZBY21l").contains("azEuazN5T2ZBY21l"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod encodings;
mod index;
mod masker;
mod watch;
mod weakness;
mod writer;

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

pub use masker::Masker;
pub use watch::Watch;
pub use weakness::{LEAST, Weakness, weakness};
pub use writer::MaskWriter;

/// What stands where a secret stood.
pub const MASK: &str = "***";

static ALL: LazyLock<Masker> = LazyLock::new(Masker::default);

/// The masker that knows all secrets of the process.
#[must_use]
pub fn all() -> &'static Masker {
    &ALL
}

/// Has a secret masked from now on, for as long as the process lives.
pub fn register(secret: &str) {
    ALL.register(secret);
}

/// Has a token masked that was obtained while running, until some time after its life ends.
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
    match ALL.mask(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
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
