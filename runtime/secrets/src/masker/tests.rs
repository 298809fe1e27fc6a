use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;
use crate::MaskWriter;

/// With everything that any encoding treats by itself.
const SECRET: &str = "k3y &<of>\"A/c+m=e?'~é\\";

fn masker(secret: &str) -> Masker {
    let masker = Masker::default();
    masker.register(secret);
    masker
}

#[test]
fn each_encoding_is_masked() {
    let masker = masker(SECRET);
    let url = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let json = serde_json::Value::from(SECRET).to_string();
    let ascii = json.replace('é', "\\u00e9");
    let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let form = "k3y+%26%3Cof%3E%22A%2Fc%2Bm%3De%3F%27%7E%C3%A9%5C";
    let component = "k3y%20%26%3Cof%3E%22A%2Fc%2Bm%3De%3F'~%C3%A9%5C";
    let inside = |text: &str| text.trim_matches('"').to_owned();
    for encoded in [
        SECRET.to_owned(),
        url(SECRET),
        form.to_owned(),
        form.replace("%7E", "~"),
        component.to_owned(),
        inside(&json),
        inside(&ascii),
        inside(&json).replace('/', "\\/"),
        inside(&serde_json::Value::from(json.clone()).to_string()).trim_matches(['\\', '"']).to_owned() + "\\\\\\\\",
        html.clone(),
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;").replace("&quot;", "&#34;"),
        SECRET.bytes().map(|b| format!("{b:02x}")).collect(),
        SECRET.bytes().map(|b| format!("{b:02X}")).collect(),
    ] {
        let masked = masker.mask(&encoded).into_owned();
        assert!(masked.starts_with("***") && masked.len() < 12, "{encoded} -> {masked}");
        assert_eq!(masker.mask(&format!("at {encoded}")).get(..6), Some("at ***"), "{encoded}");
    }
    assert!(!format!("{masker:?}").contains("k3y"));
}

#[test]
fn base64_is_masked_whatever_stands_around_it() {
    let masker = masker(SECRET);
    for (before, after) in [("", ""), ("u:", ""), ("user:", "x"), ("a", "yz"), ("ab:", "tail")] {
        let pair = format!("{before}{SECRET}{after}");
        for encoded in [STANDARD.encode(&pair), URL_SAFE.encode(&pair)] {
            let masked = masker.mask(&encoded).into_owned();
            assert!(masked.contains("***") && masked.len() < 20, "{pair}: {encoded} -> {masked}");
        }
    }
}

#[test]
fn what_is_around_stays_and_neighbours_are_one() {
    let masker = masker("abcdef123");
    masker.register("f123-tail");
    assert_eq!(masker.mask("é abcdef123, abcdef123-tail; abcdef12"), "é ***, ***; abcdef12");
    assert!(matches!(masker.mask("nothing of it"), Cow::Borrowed(_)));
}

#[test]
fn a_long_token_is_masked_as_a_whole_and_where_its_beginning_is_lost() {
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.sig-4f9d", "aB3".repeat(300));
    let masker = Masker::default();
    masker.register_token(&token, Duration::from_secs(60));
    assert_eq!(masker.mask(&format!("Bearer {token}\n")), "Bearer ***\n");
    assert_eq!(masker.mask(&format!("… {}", &token[100..])), "… ***");
    assert_eq!(masker.mask_cut(&format!("Bearer {}", &token[..500])), "Bearer ***");
    assert_eq!(masker.mask_cut(&format!("Bearer {}", &token[..12])), "Bearer ***");
}

#[test]
fn a_token_is_not_chosen_to_hide_words() {
    let masker = Masker::default();
    for token in ["succeeded", "\"errorMessage\":\"0\",", "purchase-order-number", "1234567890123456"] {
        masker.register_token(token, Duration::from_secs(60));
        assert_eq!(masker.mask(token), token);
    }
}

#[test]
fn a_token_is_forgotten_and_what_is_configured_is_not() {
    let masker = Masker::default();
    masker.register_token("tok3n.of.one.hour", Duration::ZERO);
    masker.register("s3cret-of-acme");
    masker.0.write().unwrap().looked = None;
    masker.0.write().unwrap().forget(Instant::now() + GRACE + Duration::from_secs(1));
    assert_eq!(masker.mask("tok3n.of.one.hour s3cret-of-acme"), "tok3n.of.one.hour ***");
    assert_eq!(masker.0.read().unwrap().values.len(), 1);
}

#[test]
fn what_is_weak_is_left_as_it_is() {
    let masker = masker("abc");
    masker.register("sandbox");
    assert_eq!(masker.mask("abc in the sandbox"), "abc in the sandbox");
}

#[test]
fn a_secret_that_spans_two_writes_is_masked() {
    let masker = masker("s3cret-of-acme");
    let mut out = Vec::new();
    {
        let mut writer = MaskWriter::new(&masker, &mut out);
        for piece in ["key s3cr", "et-of", "-acme\nand s3cret-of-", "acme"] {
            writer.write_all(piece.as_bytes()).unwrap();
        }
    }
    assert_eq!(String::from_utf8(out).unwrap(), "key ***\nand ***");
    // And where a line is too long to be held, at every place that it may be parted.
    for shift in 0..40 {
        let mut out = Vec::new();
        let text = format!("{}s3cret-of-acme and more", "x".repeat(64 * 1024 - 30 + shift));
        {
            let mut writer = MaskWriter::new(&masker, &mut out);
            text.as_bytes().chunks(7).for_each(|piece| writer.write_all(piece).unwrap());
        }
        assert!(String::from_utf8(out).unwrap().ends_with("x*** and more"), "{shift}");
    }
}
