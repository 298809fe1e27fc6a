//! A secret in the encodings that texts carry it in.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::LEAST;

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

/// All encodings of a text, none of them twice.
pub(crate) fn of(secret: &str) -> HashSet<Vec<u8>> {
    let mut all = HashSet::new();
    let escaped = escapes(secret);
    for text in escaped.iter().map(String::as_str).chain([secret]) {
        all.insert(text.as_bytes().to_vec());
    }
    // What goes into Base64 or digits may be a form or a document that holds the secret as those do; `Basic` holds forms
    // where RFC 6749 (2.3.1) is followed.
    for text in [secret, &form(secret, true), &json(secret, |_| false), &percent(secret, true, is_unreserved)] {
        base64(text.as_bytes(), &mut all);
        let digits = |case: fn(&u8) -> String| text.as_bytes().iter().map(case).collect::<String>();
        all.insert(digits(|b| format!("{b:02x}")).into_bytes());
        all.insert(digits(|b| format!("{b:02X}")).into_bytes());
        all.insert(percent(text, true, is_unreserved).into_bytes());
    }
    all.retain(|encoded| encoded.len() >= LEAST);
    all
}

fn base64(bytes: &[u8], all: &mut HashSet<Vec<u8>>) {
    // What stands before shifts it by 0, 1 or 2 bytes. Digits that hold bits of a neighbour are left out.
    for before in 0..3 {
        let shifted: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            all.insert(encoded.as_bytes()[from..to].to_vec());
        }
    }
}

fn escapes(secret: &str) -> Vec<String> {
    let mut all = Vec::new();
    // Percent encoding, by how much each writer of it lets stand.
    let component = |b: u8| is_unreserved(b) || b"!'()*".contains(&b);
    let query = |b: u8| b.is_ascii_graphic() && !b"\"#<>&+='".contains(&b);
    let path = |b: u8| b.is_ascii_graphic() && !b"\"#<>?`{}/%".contains(&b);
    let alone = |b: u8| b.is_ascii_graphic() && b != b'%';
    for upper in [true, false] {
        all.push(percent(secret, upper, is_unreserved));
        all.push(form(secret, upper));
        all.push(percent(secret, upper, is_unreserved).replace("%20", "+"));
        all.push(percent(secret, upper, component));
        all.push(percent(secret, upper, component).replace("%20", "+"));
        all.push(percent(secret, upper, query));
        all.push(percent(secret, upper, path));
        all.push(percent(secret, upper, alone));
        all.push(percent(secret, upper, |_| false));
    }
    // Escapes of JSON, by what else than it must a writer escapes; and of a document within a document.
    let quoted = json(secret, |_| false);
    for text in [
        json(secret, |c| c == '/'),
        json(secret, |c| !c.is_ascii()),
        json(secret, |c| !c.is_ascii() || "<>&'".contains(c)),
        json(secret, |c| "<>&".contains(c)),
        json(secret, |c| "<>&'\"+/=".contains(c)),
        json(&quoted, |_| false),
    ] {
        all.push(lower_units(&text));
        all.push(text);
    }
    all.push(quoted.replace('/', "\\/"));
    all.push(quoted);
    all.push(secret.escape_debug().to_string());
    all.push(secret.escape_default().to_string());
    // HTML and XML.
    for apostrophe in ["&#39;", "&#x27;", "&apos;", "'"] {
        for quote in ["&quot;", "&#34;", "\""] {
            all.push(html(secret, apostrophe, quote));
        }
    }
    all
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

/// As browsers send forms (WHATWG URL, application/x-www-form-urlencoded).
fn form(text: &str, upper: bool) -> String {
    percent(text, upper, |b| b.is_ascii_alphanumeric() || b"*-._".contains(&b)).replace("%20", "+")
}

fn percent(text: &str, upper: bool, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::new();
    for b in text.bytes() {
        match b {
            b if stays(b) => encoded.push(char::from(b)),
            b if upper => encoded.push_str(&format!("%{b:02X}")),
            b => encoded.push_str(&format!("%{b:02x}")),
        }
    }
    encoded
}

/// The inside of a JSON string; of what it need not escape, `also` is.
fn json(text: &str, also: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if also(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            let quoted = serde_json::Value::from(c.to_string()).to_string();
            escaped.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
    escaped
}

/// With the digits of `\u00E9` in lower case.
fn lower_units(text: &str) -> String {
    let mut pieces = text.split("\\u");
    let mut lower = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(4).unwrap_or((piece, ""));
        lower.push_str("\\u");
        lower.push_str(&digits.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

fn html(text: &str, apostrophe: &str, quote: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str(apostrophe),
            '"' => escaped.push_str(quote),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_secret_has_few_encodings() {
        // Itself, Base64 at three alignments, hexadecimal digits in both cases, and every byte in percent encoding.
        assert!(of("k3yOfAcme").len() <= 10, "{:?}", of("k3yOfAcme").len());
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
