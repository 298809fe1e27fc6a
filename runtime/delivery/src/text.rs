//! What others say, made fit for a message: some repeat what they were sent, secrets too.

pub(crate) use tradewire_outbound::innermost;

/// The most characters of it.
const LONGEST: usize = 300;

/// The beginning of a text, quoted, on one line, with nothing in it that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let text = tradewire_secrets::mask_cut(text);
    let text = text.trim();
    let mut all = text.chars();
    let beginning: String = all.by_ref().take(LONGEST).collect();
    let more = if all.next().is_some() { "…" } else { "" };
    format!("{beginning:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_what_is_long_ends_early() {
        assert_eq!(shown(" no\u{1b}[31m\r\nroom \u{202e}"), r#""no\u{1b}[31m\r\nroom \u{202e}""#);
        let long = shown(&"ä".repeat(301));
        assert!(long.ends_with("ä\"…") && long.chars().count() == 303, "{long}");
    }
}
