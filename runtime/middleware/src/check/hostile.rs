//! Values that break careless templates.

use tradewire_liquid::Value;

/// Texts that end strings, begin tags, or are long in ways that are not seen.
const TEXTS: [&str; 8] = [
    "3/4\" pipe",
    "two\r\nlines\tand a tab",
    "x\",\"PriceOverride\":\"0",
    "back\\slash\\",
    "{{ config.baseUrl }} {% raw %} }]",
    "null",
    "\u{0}\u{1f}\u{7f}",
    "",
];
const UNICODE: [&str; 4] = ["Zoë 🚿 配管", "\u{202e}desrever\u{202c}", "e\u{301}\u{2028}\u{feff}", "👩‍👩‍👧‍👦 £½"];
const NUMBERS: [&str; 5] =
    ["123456789012345678901234567890.5", "1e400", "-0.000000000000000000000000000001", "9007199254740993", "-1"];

/// What is said of numbers that no filter can calculate with.
pub(super) const NUMBERS_TOO_LARGE: &str = "huge numbers";

/// Headers that carry what headers may.
pub(super) fn headers() -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![pair("Content-Type", "application/json"), pair("X-Trace", "a \"quoted\" \\ value, {{ x }}")]
}

/// The document with hostile values in place of its own, so often that each value is each of them once.
pub(super) fn variants(document: &Value) -> Vec<(&'static str, Value)> {
    let mut variants = Vec::new();
    for (what, texts) in [("quotes and newlines in texts", &TEXTS[..]), ("texts of all scripts", &UNICODE)] {
        variants.extend((0..texts.len()).map(|first| (what, with_texts(document, texts, first))));
    }
    variants.extend((0..NUMBERS.len()).map(|first| (NUMBERS_TOO_LARGE, with_numbers(document, first))));
    variants.push(("null in every field", mapped(document, &mut |_| Value::Nil)));
    variants.push(("empty lists", without_items(document)));
    variants.push(("nothing in it", Value::object::<&str>([])));
    variants
}

fn with_texts(document: &Value, texts: &[&str], first: usize) -> Value {
    let mut turns = texts.iter().cycle().skip(first);
    mapped(document, &mut |leaf| match leaf {
        Value::Text(_) => turns.next().map_or(Value::Nil, |text| (*text).into()),
        other => other.clone(),
    })
}

fn with_numbers(document: &Value, first: usize) -> Value {
    let mut turns = NUMBERS.iter().cycle().skip(first);
    mapped(document, &mut |leaf| match leaf {
        Value::Number(_) => turns.next().and_then(|number| Value::from_json(number).ok()).unwrap_or_default(),
        other => other.clone(),
    })
}

fn mapped(value: &Value, leaf: &mut impl FnMut(&Value) -> Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(|item| mapped(item, leaf)).collect()),
        Value::Object(members) => Value::object(members.iter().map(|(name, member)| (name, mapped(member, leaf)))),
        other => leaf(other),
    }
}

fn without_items(value: &Value) -> Value {
    match value {
        Value::List(_) => Value::List(Vec::new()),
        Value::Object(members) => Value::object(members.iter().map(|(name, member)| (name, without_items(member)))),
        other => other.clone(),
    }
}
