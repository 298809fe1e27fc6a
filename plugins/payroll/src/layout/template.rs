//! Text with fields in it: `PR{company-code!upper:_<3}EPI.csv`, `{period-end:%m/%d/%Y}`, `{unit:departments}`.
//!
//! A field is a name of this module or of one of the layout's settings. After `!upper` it is in capitals; after a
//! colon stands how it is written: a date pattern, which begins with `%`; `fill<width` or `fill>width`, which pads on
//! the right or on the left; or the name of a setting that is a table, in which it is looked up.

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};

/// Parsed text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// A field in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// What stands there.
    pub field: Field,
    /// The table in which it is looked up.
    pub table: Option<String>,
    date: String,
    upper: bool,
    pad: Option<(char, Side, usize)>,
}

/// What may stand in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    ExternalId,
    FirstName,
    LastName,
    Name,
    Unit,
    Code,
    Day,
    PeriodStart,
    PeriodEnd,
    WindowEnd,
    /// The layout's setting of that name.
    Setting(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// The fields that are not settings.
pub const NAMES: [(&str, Field); 10] = [
    ("external-id", Field::ExternalId),
    ("first-name", Field::FirstName),
    ("last-name", Field::LastName),
    ("name", Field::Name),
    ("unit", Field::Unit),
    ("code", Field::Code),
    ("day", Field::Day),
    ("period-start", Field::PeriodStart),
    ("period-end", Field::PeriodEnd),
    ("window-end", Field::WindowEnd),
];

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has a `{{` without a `}}`"))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Slot(Slot::parse(slot)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template(parts))
    }

    /// The fields in it.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) => None,
        })
    }

    /// The text, with what `value` says for each field.
    ///
    /// # Errors
    /// The first that `value` gives.
    pub fn fill<E>(&self, mut value: impl FnMut(&Slot) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Slot(slot) => text.push_str(&slot.form(value(slot)?)),
            }
        }
        Ok(text)
    }
}

impl Slot {
    fn parse(text: &str) -> Result<Slot, String> {
        let (name, form) = text.split_once(':').map_or((text, ""), |(name, form)| (name, form));
        let (name, upper) = name.strip_suffix("!upper").map_or((name, false), |name| (name, true));
        let field = NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| field.clone());
        let field = field.unwrap_or_else(|| Field::Setting(name.to_owned()));
        let mut slot = Slot { field, table: None, date: "%Y-%m-%d".to_owned(), upper, pad: None };
        let is_date = matches!(slot.field, Field::Day | Field::PeriodStart | Field::PeriodEnd | Field::WindowEnd);
        if form.starts_with('%') {
            if !is_date {
                return Err(format!("`{{{text}}}` has a date pattern, and `{name}` is no date"));
            }
            if StrftimeItems::new(form).any(|item| item == Item::Error) {
                return Err(format!("`{form}` is not a date pattern: write something like `%m/%d/%Y`"));
            }
            slot.date = form.to_owned();
        } else if let Some(pad) = pad(form) {
            slot.pad = Some(pad);
        } else if !form.is_empty() {
            slot.table = Some(form.to_owned());
        }
        Ok(slot)
    }

    /// A date in the form that is asked for here.
    pub fn date(&self, date: NaiveDate) -> String {
        date.format(&self.date).to_string()
    }

    fn form(&self, text: String) -> String {
        let text = if self.upper { text.to_uppercase() } else { text };
        let Some((fill, side, width)) = self.pad else { return text };
        let missing: String = std::iter::repeat_n(fill, width.saturating_sub(text.chars().count())).collect();
        match side {
            Side::Left => missing + &text,
            Side::Right => text + &missing,
        }
    }
}

fn pad(form: &str) -> Option<(char, Side, usize)> {
    let mut form = form.chars();
    let fill = form.next()?;
    let side = match form.next()? {
        '>' => Side::Left,
        '<' => Side::Right,
        _ => return None,
    };
    let width = form.as_str().parse().ok().filter(|width| *width <= 100)?;
    Some((fill, side, width))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn filled(template: &str, value: &str) -> String {
        Template::parse(template).unwrap().fill(|_| Ok::<_, ()>(value.to_owned())).unwrap()
    }

    #[test]
    fn fields_are_padded_and_put_in_capitals() {
        assert_eq!(filled("PR{company-code!upper:_<3}EPI.csv", "ab"), "PRAB_EPI.csv");
        assert_eq!(filled("{external-id:0>6}", "123"), "000123");
        assert_eq!(filled("{external-id:0>6}", "1234567"), "1234567");
        assert_eq!(filled("no field", "x"), "no field");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [("a{b", "without a `}`"), ("{name:%Y}", "is no date"), ("{day:%Q}", "not a date pattern")]
        {
            let fault = Template::parse(text).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn dates_have_the_form_that_is_asked_for() {
        let template = Template::parse("{day:%m/%d/%y} {unit:departments}").unwrap();
        let slots: Vec<_> = template.slots().collect();
        assert_eq!(slots[0].date("2026-01-05".parse().unwrap()), "01/05/26");
        assert_eq!((&slots[1].field, slots[1].table.as_deref()), (&Field::Unit, Some("departments")));
    }
}
