//! What reports and files for the ledger share: control totals, and how text and numbers are written.

pub use tradewire_tables::{guarded as text, money, quantity};

/// One line of a control total: a name and a value.
pub type Total = (String, String);

/// A line of a control total.
pub(crate) fn total(name: &str, value: impl ToString) -> Total {
    (name.to_owned(), value.to_string())
}

/// A control total in one line: `rows 2, orders 1`.
pub fn said(totals: &[Total]) -> String {
    let lines: Vec<String> = totals.iter().map(|(name, value)| format!("{name} {value}")).collect();
    lines.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn a_formula_becomes_text_and_nothing_else_changes() {
        assert_eq!(text("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(text("O'Malley & Sons"), "O'Malley & Sons");
        assert_eq!(text("Công ty Điện Lạnh"), "Công ty Điện Lạnh");
    }

    #[test]
    fn numbers_keep_every_digit() {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(
            [money(number("3")), money(number("3.1005")), money(number("-0.5000"))],
            ["3.00", "3.1005", "-0.50"]
        );
        assert_eq!([quantity(number("12.00")), quantity(number("0.2500"))], ["12", "0.25"]);
    }
}
