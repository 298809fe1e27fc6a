//! What a provider takes in a cell or a setting.

use regex_lite::Regex;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A rule as a layout has it: all that is given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What to write, in words.
    says: String,
    /// A regular expression for the whole of the text.
    pattern: Option<String>,
    /// The least and the greatest number, exact.
    range: Option<[String; 2]>,
    /// The least and the greatest number of characters.
    length: Option<[usize; 2]>,
}

/// A rule that can be asked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What to write, in words: `a number from 51 to 999999`.
    pub says: String,
    pattern: Option<Regex>,
    range: Option<(Decimal, Decimal)>,
    length: Option<(usize, usize)>,
}

impl Rule {
    pub(super) fn read(source: &Source) -> Result<Rule, String> {
        let pattern = source.pattern.as_deref().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| format!("pattern `{pattern}` is wrong: {error}"))
        });
        let number = |text: &String| {
            Decimal::from_str_exact(text).map_err(|_| format!("`{text}` in `range` is no number: write `\"-999.99\"`"))
        };
        let range = source.range.as_ref().map(|[least, most]| Ok::<_, String>((number(least)?, number(most)?)));
        Ok(Rule {
            says: source.says.clone(),
            pattern: pattern.transpose()?,
            range: range.transpose()?,
            length: source.length.map(|[least, most]| (least, most)),
        })
    }

    /// Whether the provider takes the text; where it is a number in a form of its own, `number` is what it means.
    pub fn takes(&self, text: &str, number: Option<Decimal>) -> bool {
        let number = || number.or_else(|| Decimal::from_str_exact(text).ok());
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
            && self.length.is_none_or(|(least, most)| (least..=most).contains(&text.chars().count()))
            && self.range.is_none_or(|(least, most)| number().is_some_and(|number| least <= number && number <= most))
    }
}

/// What no provider takes in a text that people wrote: what a spreadsheet would run as a formula, what breaks a row,
/// what the file's encoding does not have.
pub fn unsafe_text(text: &str, ascii: bool, quoting: bool) -> Option<&'static str> {
    if text.starts_with(['=', '+', '-', '@']) {
        Some("a text that spreadsheets do not run: none that begins with `=`, `+`, `-` or `@`")
    } else if text.chars().any(char::is_control) {
        Some("a text without tabs, line breaks and other control characters")
    } else if ascii && !text.is_ascii() {
        Some("a text of ASCII characters alone, which is all that this file can hold")
    } else if !quoting && text.contains('"') {
        Some("a text without quotation marks, which this file cannot hold")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(text: &str) -> Rule {
        Rule::read(&toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn all_parts_of_a_rule_must_hold() {
        let file_number = rule("says = 'x'\npattern = '[0-9]{6}'\nrange = ['51', '999999']");
        for (text, takes) in [("000051", true), ("000050", false), ("51", false), ("00005１", false), ("", false)] {
            assert_eq!(file_number.takes(text, None), takes, "{text}");
        }
        assert!(rule("says = 'x'\nlength = [1, 2]").takes("é!", None), "characters, not bytes");
        assert!(!rule("says = 'x'\nrange = ['0', '1439']").takes("24:00", Some(Decimal::from(1440))));
    }

    #[test]
    fn a_wrong_rule_says_so() {
        for text in ["says = 'x'\npattern = '('", "says = 'x'\nrange = ['a', '1']"] {
            assert!(Rule::read(&toml::from_str(text).unwrap()).is_err());
        }
    }

    #[test]
    fn formulas_and_what_breaks_rows_is_unsafe_everywhere() {
        for text in ["=1", "+1", "-1", "@x", "\t=1", "a\r\nb", "a\tb"] {
            assert!(unsafe_text(text, false, true).is_some(), "{text}");
        }
        assert!(unsafe_text("Nguyễn Thị Thu", false, true).is_none());
        assert!(unsafe_text("Nguyễn Thị Thu", true, true).is_some());
        assert!(unsafe_text("Trang \"TJ\"", true, false).is_some());
        assert!(unsafe_text("O'Brien, -x", true, true).is_none());
    }
}
