//! What a layout says of itself, for people: tables in Markdown.

use std::fmt::Write;

use super::{Content, Layout, Of, Setting, Sure};
use crate::postings::Step;
use crate::records::HoursClass;

impl Setting {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Whether it must be given.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// What is wrong with a value that stands alone, and what to write instead.
    pub fn fault(&self, value: &str) -> Option<String> {
        if value.is_empty() && self.required {
            return Some("write something".to_owned());
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == value) {
            return Some(format!("write {}", self.choices.join(" or ")));
        }
        let rule = self.rule.as_ref().filter(|_| !self.table)?;
        (!rule.takes(value, None)).then(|| format!("write {}", rule.says))
    }
}

impl Layout {
    /// Its settings, besides those that every layout has.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// The layout's settings and columns as Markdown, under a heading; `name` is what settings call the provider.
    pub fn markdown(&self, name: &str) -> String {
        let mut text = format!("### {}: `provider = \"{name}\"`\n\n{}\n", self.provider, self.about);
        text.push_str("\n| Setting | Default | |\n|---|---|---|\n");
        for setting in &self.settings {
            let default = match &setting.written_default {
                Some(default) => format!("`{default}`"),
                None if setting.required => "must be given".to_owned(),
                None => "none".to_owned(),
            };
            let choices = match setting.choices.as_slice() {
                [] => String::new(),
                choices => format!(" (`{}`)", choices.join("`, `")),
            };
            let rule = setting.rule.as_ref().map(|rule| format!("; {}", rule.says)).unwrap_or_default();
            let sure = setting.sure.map(|sure| format!(". *{}*", word(sure))).unwrap_or_default();
            let _ = writeln!(text, "| `{}` | {default} | {}{choices}{rule}{sure} |", setting.name, setting.about);
        }
        text.push_str("\n| Column | What stands in it | |\n|---|---|---|\n");
        for column in &self.columns {
            let what = match &column.content {
                Content::Blank => "blank".to_owned(),
                Content::Text(_) => column.about.clone().unwrap_or_else(|| "a text".to_owned()),
                Content::Hours(of) => format!("{}{}", of_whom(*of, "hours"), self.step(self.format.hours)),
                Content::Amount(of) => of_whom(*of, "money"),
                Content::Earnings(code) => format!("money of earnings code `{code}`"),
                Content::SlotCode(slot) => format!("{} other earnings code of a row", ordinal(*slot)),
                Content::SlotAmount(slot) => format!("its money, in the {} place", ordinal(*slot)),
            };
            let about = match (&column.content, &column.about) {
                (Content::Text(_), _) | (_, None) => String::new(),
                (_, Some(about)) => format!(", {about}"),
            };
            let rule = column.rule.as_ref().map(|rule| format!("; {}", rule.says)).unwrap_or_default();
            let when = column
                .when
                .as_ref()
                .or(column.filled_when.as_ref())
                .map(|when| format!(", where `{when}`"))
                .unwrap_or_default();
            let sure = word(column.sure);
            let _ = writeln!(text, "| `{}` | {what}{about}{rule}{when} | {sure} |", column.written_title);
        }
        text
    }

    fn step(&self, step: Step) -> &'static str {
        if step == Step::Minutes { " as `HH:MM`" } else { "" }
    }
}

fn word(sure: Sure) -> &'static str {
    match sure {
        Sure::Confirmed => "confirmed",
        Sure::Implementations => "implementations",
        Sure::Uncertain => "uncertain",
    }
}

fn of_whom(of: Of, what: &str) -> String {
    match of.class() {
        Some(HoursClass::PaidTimeOff) => format!("{what} of paid time off"),
        Some(class) => format!("{} {what}", class.name()),
        None => format!("{what} of the row"),
    }
}

fn ordinal(number: usize) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        more => format!("{more}th"),
    }
}
