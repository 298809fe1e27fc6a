//! Encodings: HTML, URLs, base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{Given, Why};
use crate::val::Val;

type Answer<'a> = Result<Val<'a>, Why>;

pub(super) fn escape<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    if given.input.is_nil() {
        return Ok(Val::Nil);
    }
    given.map_whole(|text| html(text, false))
}

pub(super) fn escape_once<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| html(text, true))
}

fn html(text: &str, once: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '&' if once && is_entity(&text[at + 1..]) => out.push('&'),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Whether `amp;` or `#39;` follows the ampersand. Long names are not entities, which keeps this linear.
fn is_entity(text: &str) -> bool {
    let Some(end) = text.bytes().take(32).position(|b| b == b';') else { return false };
    let name = &text.as_bytes()[..end];
    match name.strip_prefix(b"#") {
        Some(digits) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        None => !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic),
    }
}

pub(super) fn newline_to_br<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| text.replace("\r\n", "\n").replace('\n', "<br />\n"))
}

pub(super) fn strip_html<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| {
        let mut rest = text.to_owned();
        for (open, close) in [("<script", "</script>"), ("<!--", "-->"), ("<style", "</style>"), ("<", ">")] {
            rest = without(&rest, open, close);
        }
        rest
    })
}

fn without(text: &str, open: &str, close: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(end) = rest[start + open.len()..].find(close) else { break };
        out.push_str(&rest[..start]);
        rest = &rest[start + open.len() + end + close.len()..];
    }
    out.push_str(rest);
    out
}

pub(super) fn url_encode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    if given.input.is_nil() {
        return Ok(Val::Nil);
    }
    given.map_whole(|text| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b' ' => out.push('+'),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
        out
    })
}

pub(super) fn url_decode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    if given.input.is_nil() {
        return Ok(Val::Nil);
    }
    let bytes = {
        let text = given.text()?;
        let bytes = text.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let digit = |offset: usize| bytes.get(at + offset).and_then(|b| char::from(*b).to_digit(16));
            match (byte, digit(1), digit(2)) {
                (b'%', Some(high), Some(low)) => {
                    // Two digits of 16.
                    out.push((high * 16 + low) as u8);
                    at += 2;
                }
                (b'+', _, _) => out.push(b' '),
                _ => out.push(*byte),
            }
            at += 1;
        }
        out
    };
    decoded(given, bytes)
}

fn decoded<'a>(given: &mut Given<'a, '_>, bytes: Vec<u8>) -> Answer<'a> {
    let text = String::from_utf8(bytes).map_err(|_| "what is encoded is not UTF-8 text")?;
    given.meter.text(text.len())?;
    Ok(Val::data(text))
}

pub(super) fn base64_encode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| STANDARD.encode(text))
}

pub(super) fn base64_url_safe_encode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    given.map_whole(|text| URL_SAFE.encode(text))
}

pub(super) fn base64_decode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let bytes = STANDARD.decode(given.text()?.as_bytes()).map_err(|_| "the text is not base64")?;
    decoded(given, bytes)
}

pub(super) fn base64_url_safe_decode<'a>(given: &mut Given<'a, '_>) -> Answer<'a> {
    let bytes = {
        let text = given.text()?;
        URL_SAFE.decode(text.as_bytes()).or_else(|_| URL_SAFE_NO_PAD.decode(text.as_bytes()))
    };
    decoded(given, bytes.map_err(|_| "the text is not URL-safe base64")?)
}
