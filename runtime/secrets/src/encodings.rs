//! A secret in the encodings that texts carry it in.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::LEAST;
use crate::escapes::images;
use crate::weakness::ENOUGH;

/// The texts that a registered value stands for: itself, the lines of a key file, and what follows the scheme of a
/// header's value.
pub(crate) fn parts(value: &str) -> Vec<String> {
    let value = value.trim();
    if value.contains('\n') {
        // Each line of a key is masked by itself: whoever indents or joins the lines changes nothing then.
        let is_key = |line: &&str| !line.starts_with("-----") && !line.starts_with('#') && !line.contains(": ");
        return value.lines().map(str::trim).filter(is_key).map(str::to_owned).collect();
    }
    let mut parts = vec![value.to_owned()];
    if let Some((scheme, rest)) = value.split_once(' ')
        && scheme.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
        && !rest.is_empty()
        && !rest.contains(' ')
    {
        parts.push(rest.to_owned());
        let pair = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest).ok()).flatten();
        if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok())
            && let Some((_, password)) = pair.split_once(':')
        {
            parts.push(password.to_owned());
        }
    }
    parts
}

/// A secret as a text may hold it, once the text's escapes are read.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Encoded {
    pub bytes: Vec<u8>,
    /// It is written with digits, Base64 or hexadecimal, which may be broken into lines or groups anywhere.
    pub wraps: bool,
}

impl Encoded {
    fn plain(bytes: impl Into<Vec<u8>>) -> Encoded {
        Encoded { bytes: bytes.into(), wraps: false }
    }

    fn digits(digits: impl Into<Vec<u8>>) -> Encoded {
        Encoded { bytes: digits.into(), wraps: true }
    }
}

/// All encodings of a text, none of them twice, but for escapes: texts are searched with those read.
pub(crate) fn of(secret: &str) -> HashSet<Encoded> {
    let mut all = HashSet::new();
    // A secret that looks as if it held escapes is searched for as it reads, too. Forms write a space as `+`.
    for text in [secret, &secret.replace(' ', "+")] {
        all.extend(images(text.as_bytes()).into_iter().map(Encoded::plain));
    }
    if secret.len() >= ENOUGH {
        // Names of headers have no capitals. A shorter one is a word too often.
        all.extend([secret.to_ascii_lowercase(), secret.to_ascii_uppercase()].map(Encoded::plain));
    }
    // `%E9` and `\xE9` are a character to JavaScript and Python, and no byte of UTF-8.
    let latin: Option<Vec<u8>> = secret.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    all.extend(latin.map(Encoded::plain));
    // What goes into digits may be a form or a document that holds the secret as those do; `Basic` holds forms where
    // RFC 6749 (2.3.1) is followed.
    let json = json(secret);
    for text in [secret, &form(secret), &percent(secret, is_unreserved), &json, &json.replace('/', "\\/")] {
        all.extend(base64(text.as_bytes()).into_iter().map(Encoded::digits));
        all.extend([b"0123456789abcdef", b"0123456789ABCDEF"].map(|digits| Encoded::digits(hex(text, digits))));
    }
    for digits in base64(secret.as_bytes()) {
        all.extend(base64(digits.as_bytes()).into_iter().map(Encoded::digits));
    }
    all.retain(|encoded| encoded.bytes.len() >= LEAST);
    all
}

/// In Base64, whatever stands around it.
fn base64(bytes: &[u8]) -> HashSet<String> {
    let mut all = HashSet::new();
    // What stands before shifts it by 0, 1 or 2 bytes. Digits that hold bits of a neighbour are left out.
    for before in 0..3 {
        let shifted = [vec![0; before], bytes.to_vec()].concat();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // Of a byte alone no digit holds nothing else.
            all.extend(encoded.get(from..to).map(str::to_owned));
        }
    }
    all
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

/// As browsers send forms (WHATWG URL, application/x-www-form-urlencoded).
fn form(text: &str) -> String {
    percent(text, |b| b.is_ascii_alphanumeric() || b"*-._".contains(&b)).replace("%20", "+")
}

fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for b in text.bytes() {
        match stays(b) {
            true => encoded.push(char::from(b)),
            false => encoded.push_str(&format!("%{b:02X}")),
        }
    }
    encoded
}

fn hex(text: &str, digits: &[u8; 16]) -> Vec<u8> {
    text.bytes().flat_map(|b| [b >> 4, b & 15].map(|half| digits[usize::from(half)])).collect()
}

/// The inside of a JSON string.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_secret_has_few_encodings() {
        // Itself, Base64 at three alignments, each of those once more, and hexadecimal digits in both cases.
        let all = of("k3yOfAcme");
        assert_eq!(all.iter().filter(|encoded| !encoded.wraps).count(), 1, "{all:?}");
        assert!(all.len() <= 1 + 3 + 9 + 2, "{}", all.len());
    }

    #[test]
    fn what_is_too_short_to_be_found_has_no_encodings() {
        for length in 0..=LEAST {
            let text = "k3yOfAcme"[..length].to_owned();
            assert_eq!(of(&text).iter().any(|encoded| encoded.bytes == text.as_bytes()), length >= LEAST, "{text}");
        }
    }

    #[test]
    fn a_key_file_is_its_lines_and_a_header_is_what_follows_its_scheme() {
        let key = "-----BEGIN KEY-----\nComment: mine\n\nAAAABBBB\n  CCCCDDDD\n-----END KEY-----\n";
        assert_eq!(parts(key), ["", "AAAABBBB", "CCCCDDDD"]);
        assert_eq!(parts("Bearer abc.def"), ["Bearer abc.def", "abc.def"]);
        assert_eq!(
            parts("Basic dXNlcjpwYXNzd29yZDE="),
            ["Basic dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE=", "password1"]
        );
        assert_eq!(parts("correct horse battery"), ["correct horse battery"]);
    }
}
