use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_assume, proptest};

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
fn digits_with_colons_short_octals_and_references_with_many_zeros_are_masked() {
    let masker = masker("vk1/S3cr+t&of=Vendor");
    let hex: Vec<String> = "vk1/S3cr+t&of=Vendor".bytes().map(|b| format!("{b:02x}")).collect();
    let zeros: String = "vk1/S3cr+t&of=Vendor".bytes().map(|b| format!("&#{b:018};")).collect();
    let octal: String = "vk1/S3cr+t&of=Vendor".bytes().map(|b| format!("\\{b:o}")).collect();
    for written in [hex.join(":"), hex.join(": "), zeros, octal] {
        assert_eq!(masker.mask(&format!("key {written} end")), "key *** end", "{written}");
        let mut out = Vec::new();
        MaskWriter::new(&masker, &mut out).write_all(written.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "***", "{written}");
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
    assert_eq!(masker.mask("tok3n.of.one.hour s3cret-of-acme"), "*** ***");
    let now = Instant::now();
    for ends in masker.known().values.values_mut().flatten() {
        *ends = now;
    }
    masker.known().looked = None;
    // Whatever is added next finds it over.
    masker.register("an0ther-of-acme");
    assert_eq!(masker.mask("tok3n.of.one.hour s3cret-of-acme"), "tok3n.of.one.hour ***");
    assert_eq!(masker.known().values.len(), 2);
    masker.forget("s3cret-of-acme");
    assert_eq!(masker.mask("s3cret-of-acme an0ther-of-acme"), "s3cret-of-acme ***");
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

/// Escapes by writers that are not ours.
fn escapes(text: &str) -> Vec<String> {
    // RFC 3986's own; `encodeURIComponent`; `encodeURI`; paths of AWS, of Go and of Python's `quote`.
    const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const COMPONENT: AsciiSet = UNRESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
    const URI: AsciiSet = COMPONENT.remove(b';').remove(b'/').remove(b'?').remove(b':').remove(b'@').remove(b'&');
    const PATH: AsciiSet = UNRESERVED.remove(b'/');
    const GO: AsciiSet =
        PATH.remove(b'$').remove(b'&').remove(b'+').remove(b',').remove(b':').remove(b'=').remove(b'@');
    const FEW: AsciiSet = CONTROLS.add(b'%');
    let sets = [&UNRESERVED, &COMPONENT, &URI, &PATH, &GO, NON_ALPHANUMERIC, &FEW];
    let mut all: Vec<String> = sets.iter().map(|set| utf8_percent_encode(text, set).to_string()).collect();
    all.extend(all.clone().iter().map(|encoded| encoded.to_ascii_lowercase()).filter(|_| text == text.to_lowercase()));
    all.push(url::form_urlencoded::byte_serialize(text.as_bytes()).collect());
    let mut address = url::Url::parse("https://example.com/").unwrap();
    address.set_fragment(Some(text));
    all.push(address.fragment().unwrap().to_owned());
    address.set_password(Some(text)).unwrap();
    all.push(address.password().unwrap().to_owned());
    address.path_segments_mut().unwrap().push(text);
    all.push(address.path().to_owned());
    let json = serde_json::to_string(text).unwrap();
    all.push(json.replace('/', "\\/"));
    all.push(json);
    all.push(text.escape_debug().to_string());
    all.push(text.escape_default().to_string());
    all.push(text.escape_unicode().to_string());
    all.push(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect());
    all.push(text.bytes().map(|b| format!("\\x{b:02X}")).collect());
    all.push(text.chars().map(|c| format!("&#{};", u32::from(c))).collect());
    all.push(text.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect());
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // Handlebars.
    all.push(html.replace('\'', "&#x27;").replace('`', "&#x60;").replace('=', "&#x3D;").replace('/', "&#x2F;"));
    all.push(html);
    all.push(text.replace('"', "\"\""));
    all
}

/// Digits by writers that are not ours.
fn digits(text: &str) -> Vec<String> {
    let mut all = vec![text.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join("\n")];
    for lines in [usize::MAX, 76, 64] {
        for ends in ["\n", "\r\n"] {
            for digits in [STANDARD.encode(text), URL_SAFE.encode(text), STANDARD.encode(format!("user:{text}"))] {
                let lines: Vec<_> = digits.as_bytes().chunks(lines).map(String::from_utf8_lossy).collect();
                all.push(lines.join(ends));
            }
        }
    }
    all
}

#[test]
fn what_others_encode_twice_is_masked() {
    for secret in
        ["k3y &<of>\"A/c+m=e?'~\\`{x}", "vK/9x+Q~zP\"7/w&Yb?>t42", "a%41b\\nc&amp;d:long-enough-for-two-lines-of-64/76"]
    {
        let masker = masker(secret);
        let held = [STANDARD.encode(secret), serde_json::json!({ "key": secret }).to_string()];
        let held = held.iter().flat_map(|text| digits(text).split_off(1));
        for once in escapes(secret).into_iter().chain(digits(secret)).chain(held) {
            for text in escapes(&once).into_iter().chain([once.clone()]) {
                let masked = masker.mask(&text);
                // Of Base64, digits at both ends hold bits of the neighbours.
                assert!(masked.contains("***") && masked.len() < 140, "{secret} in {once}: {text} -> {masked}");
            }
        }
    }
}

#[test]
fn a_text_that_is_cut_within_an_escape_ends_before_the_secret() {
    let secret = "k3y/of/Acme+and=more/of/it";
    let masker = masker(secret);
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let twice = serde_json::to_string(&json).unwrap().trim_matches('"').to_owned();
    for (encoded, least) in [(percent, 12), (json, 36), (twice, 42)] {
        for end in least..encoded.len() {
            assert_eq!(masker.mask_cut(&format!("key {}", &encoded[..end])), "key ***", "{}", &encoded[..end]);
        }
    }
}

#[test]
fn who_searches_keeps_nobody_from_adding() {
    let masker = masker("s3cret-of-acme");
    let searching = masker.indexes();
    masker.register("an0ther-of-acme");
    assert_eq!(masker.mask("s3cret-of-acme an0ther-of-acme"), "*** ***");
    assert_eq!(searching[0].find(b"s3cret-of-acme an0ther-of-acme"), std::slice::from_ref(&(0..14)));
}

/// A character as one of its escapes, or as it is where that is no beginning of an escape.
fn escaped(c: char, choice: u8) -> String {
    let code = u32::from(c);
    match choice % 10 {
        0 => format!("%{code:02X}"),
        1 => format!("%{code:02x}"),
        2 => format!("\\u{code:04x}"),
        3 => format!("\\x{code:02X}"),
        4 => format!("&#{code};"),
        5 => format!("&#x{code:X};"),
        6 if c.is_ascii_punctuation() => format!("\\{c}"),
        7 if c == '"' => "\"\"".to_owned(),
        7 if c == '&' => "&amp;".to_owned(),
        8 => format!("%u{code:04X}"),
        _ if "%\\&".contains(c) => format!("&#{code:03};"),
        _ => c.to_string(),
    }
}

fn a_secret() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]{4}[a-zA-Z0-9/:?+\"&'<>%\\\\ ]{4,60}[a-zA-Z0-9]{3}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_escaped_is_masked(
        secret in a_secret(),
        around in "[ -~é]{0,40}",
        choices in proptest::collection::vec(any::<u8>(), 1..50),
        depth in 0_usize..3,
    ) {
        prop_assume!(weakness(&secret).is_none_or(|weak| !weak.is_shown()));
        let masker = masker(&secret);
        let mut choices = choices.iter().copied().cycle();
        let written = (0..depth).fold(secret.clone(), |text, _| {
            text.chars().map(|c| escaped(c, choices.next().unwrap_or_default())).collect()
        });
        // A long one may take what is before it, too, where that looks like a part of it: `|` is in none.
        let text = format!("{around}|{written}|{around}");
        prop_assert_eq!(masker.mask(&text), format!("{around}|***|{around}"));
        // Of a long one the end is masked, too, and of a header what follows its scheme.
        if secret.len() <= 48 && !secret.contains(' ') {
            let text = format!("{around}|{}", &secret[1..]);
            prop_assert_eq!(masker.mask(&text), text.as_str());
        }
    }
}
