//! Texts that others chose, before they are compared, told or remembered: [`nearest`], [`cut`] and [`visible`].
//!
//! A text of a plugin, a template or a caller may have any length. How near two names are is a matter of the product of
//! their lengths, and whatever is put into an error is copied into logs, answers and the store. So both are bounded
//! here, for the whole product.

use std::borrow::Cow;

/// The most bytes of a name that others are compared with. The longest of ServiceTitan's operations has less than 100.
pub const LONGEST_NAME: usize = 128;
/// As much of a text as it takes to know it again, in bytes.
pub const SHOWN: usize = 120;
/// The most bytes of a message: it is one line.
pub const LONGEST_MESSAGE: usize = 4 * 1024;
/// How alike two names are that count as near, from 0 to 1.
const NEAR: f64 = 0.8;

/// The name among `names` that is nearest to `wanted`, where one is near. None is near what is longer than any name.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if wanted.len() > LONGEST_NAME {
        return None;
    }
    names
        .into_iter()
        .filter(|name| name.len() <= LONGEST_NAME)
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// The text as it is, or its beginning of at most so many bytes and how long it is.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let beginning = &text[..text.floor_char_boundary(most)];
    Cow::Owned(format!("{beginning} … (cut, {} bytes)", text.len()))
}

/// As much of a text as it takes to know it again.
pub fn shown(text: &str) -> Cow<'_, str> {
    cut(text, SHOWN)
}

/// Whether a terminal or a reader obeys a character rather than showing it: control characters, ends of lines, and what
/// turns the direction of writing.
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, in which nothing is obeyed: `\n` and `\u001b` stand for what they name, as in JSON.
pub fn visible(text: &str) -> Cow<'_, str> {
    visible_but(text, |_| false)
}

/// The same, but for those characters that are to be obeyed.
pub fn visible_but(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    visible_where(text, |c| is_obeyed(c) && !obeyed(c))
}

/// The text with those characters escaped that are to be, as in JSON.
pub fn visible_where(text: &str, escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !escaped(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(shown)
}

/// A message that is not longer than one may be.
pub fn message(text: String) -> String {
    if text.len() <= LONGEST_MESSAGE { text } else { cut(&text, LONGEST_MESSAGE).into_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let names = ["payroll/gross-pay-items.get-list", "payroll/payrolls.get-list", "crm/customers.get"];
        assert_eq!(nearest("payroll/gross-pay-item.get-list", names), Some(names[0]));
        assert_eq!(nearest("zzz", names), None);
    }

    #[test]
    fn what_is_longer_than_any_name_costs_nothing() {
        let names: Vec<String> = (0..559).map(|n| format!("payroll/gross-pay-items-{n}.get-list")).collect();
        let long = "payroll/".repeat(2 << 20);
        let start = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(nearest(&long, names.iter().map(String::as_str)), None);
            assert_eq!(nearest("payroll", [long.as_str()]), None);
        }
        // Once would take minutes if it were compared.
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert!(matches!(visible("plain “text” \u{e9}"), Cow::Borrowed(_)));
        assert_eq!(
            visible("br\nerror: all is well\u{1b}[2J\u{9b}\u{202e}"),
            "br\\nerror: all is well\\u001b[2J\\u009b\\u202e"
        );
        assert_eq!(visible_but("a\n\tb\r", |c| c == '\n' || c == '\t'), "a\n\tb\\r");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_tells_its_length() {
        assert_eq!(shown("short"), "short");
        let told = shown(&"é".repeat(1_000)).into_owned();
        assert!(told.starts_with('é') && told.ends_with("é … (cut, 2000 bytes)"), "{told}");
        assert!(message("x".repeat(1 << 20)).len() < LONGEST_MESSAGE + 64);
        assert_eq!(message("one line".to_owned()), "one line");
    }
}
