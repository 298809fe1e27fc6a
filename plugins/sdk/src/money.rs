//! Exact numbers. ServiceTitan's amounts and hours arrive as the text that it sent; no float ever holds them.

use crate::Failure;

/// An exact decimal number of up to 28 digits.
pub use rust_decimal::Decimal;

/// The exact number of an optional decimal field: none where ServiceTitan sent none.
///
/// # Errors
/// When the text is not a number, or has more digits than can be held exactly.
pub fn decimal(text: &Option<String>) -> Result<Option<Decimal>, Failure> {
    text.as_deref().map(parse).transpose()
}

/// The exact number that `text` is; `1.5e3` is one, too.
///
/// # Errors
/// When the text is not a number, or has more digits than can be held exactly.
pub fn parse(text: &str) -> Result<Decimal, Failure> {
    let exact = Decimal::from_str_exact(text);
    match exact {
        Ok(number) => Ok(number),
        Err(_) if text.contains(['e', 'E']) => Decimal::from_scientific(text)
            .map_err(|e| Failure::refused(format!("`{text}` is not an exact number: {e}"))),
        Err(e) => Err(Failure::refused(format!("`{text}` is not an exact number: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn money_keeps_every_digit_that_was_sent() {
        assert_eq!(parse("1234567890123456.70").unwrap().to_string(), "1234567890123456.70");
        assert_eq!(parse("-0.10").unwrap() + parse("-0.20").unwrap(), parse("-0.30").unwrap());
        assert_eq!(parse("1.5e3").unwrap(), Decimal::from(1500));
    }

    #[test]
    fn what_cannot_be_held_exactly_is_refused_and_never_rounded() {
        assert!(parse("0.12345678901234567890123456789012").is_err());
        assert!(parse("12,50").unwrap_err().message.contains("12,50"));
        assert!(parse("").is_err());
        assert!(parse("NaN").is_err());
    }

    #[test]
    fn nothing_sent_is_none() {
        assert_eq!(decimal(&None).unwrap(), None);
    }
}
