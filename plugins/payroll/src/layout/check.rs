//! From the layout file to a layout: every fault at once, with its line.

use std::collections::BTreeSet;

use super::rule::{self, Rule};
use super::source::{ColumnSource, Encoding, FormatSource, LineEnding, Of, SettingSource, Source};
use super::template::{Field, NAMES, Slot, Template};
use super::{COMMON_SETTINGS, Column, Content, Format, Layout, Setting, When};
use crate::postings::Step;

pub(super) fn read(text: &str) -> Result<Layout, Vec<String>> {
    let source: Source = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        vec![format!("layout: {place}{}", error.message())]
    })?;
    let mut check = Check { text, faults: Vec::new(), settings: Vec::new() };
    let layout = check.layout(source);
    if check.faults.is_empty() { Ok(layout) } else { Err(check.faults) }
}

struct Check<'a> {
    text: &'a str,
    faults: Vec<String>,
    settings: Vec<Setting>,
}

/// What fields a text may have, besides settings.
const FILE_WIDE: &[Field] = &[Field::WindowEnd];

impl Check<'_> {
    fn layout(&mut self, source: Source) -> Layout {
        for setting in source.setting {
            let setting = self.setting(setting);
            self.settings.push(setting);
        }
        let at = source.format.span().start;
        let format = self.format(at, source.format.into_inner());
        let text = |text: toml::Spanned<String>, check: &mut Self| {
            let at = text.span().start;
            check.template(at, text.get_ref(), Some(FILE_WIDE))
        };
        let file_name = text(source.file_name, self);
        let preamble =
            source.preamble.into_iter().map(|row| row.into_iter().map(|cell| text(cell, self)).collect()).collect();
        let order = source.order.map(|name| {
            self.declared(name.span().start, name.get_ref());
            name.into_inner()
        });
        let class_codes = source.class_codes.into_iter().map(|(class, name)| {
            self.declared(name.span().start, name.get_ref());
            (class, name.into_inner())
        });
        let class_codes = class_codes.collect();
        let columns: Vec<_> = source.column.into_iter().map(|column| self.column(column)).collect();
        let titles: BTreeSet<&str> = columns.iter().map(|(_, column)| column.written_title.as_str()).collect();
        for (at, column) in &columns {
            if let Some(beside) = column.beside.as_deref().filter(|title| !titles.contains(title)) {
                self.fault(*at, format!("`beside` names `{beside}`, which is no column's title"));
            }
        }
        let only_one_of: Vec<_> = source.only_one_of.into_iter().map(|titles| (titles.span().start, titles)).collect();
        for (at, wanted) in &only_one_of {
            for title in wanted.get_ref().iter().filter(|title| !titles.contains(title.as_str())) {
                self.fault(*at, format!("`only-one-of` names `{title}`, which is no column's title"));
            }
        }
        let columns: Vec<Column> = columns.into_iter().map(|(_, column)| column).collect();
        self.whole(&columns);
        Layout {
            provider: source.provider,
            about: source.about,
            content_type: source.content_type,
            file_name,
            format,
            preamble,
            class_codes,
            order,
            only_one_of: only_one_of.into_iter().map(|(_, titles)| titles.into_inner()).collect(),
            settings: std::mem::take(&mut self.settings),
            columns,
        }
    }

    fn setting(&mut self, source: SettingSource) -> Setting {
        let (at, name) = (source.name.span().start, source.name.into_inner());
        if COMMON_SETTINGS.contains(&name.as_str()) || NAMES.iter().any(|(field, _)| *field == name) {
            self.fault(at, format!("setting `{name}` has a name that every layout has: take another"));
        }
        if self.settings.iter().any(|setting| setting.name == name) {
            self.fault(at, format!("there are two settings `{name}`"));
        }
        let default = source.default.as_ref().map(|text| self.template(at, text, Some(FILE_WIDE)));
        let known = |default: &String| source.choices.is_empty() || source.choices.contains(default);
        if let Some(default) = source.default.as_ref().filter(|default| !known(default)) {
            self.fault(at, format!("`{default}`, the default of `{name}`, is not among its choices"));
        }
        Setting {
            rule: self.rule(at, source.rule),
            name,
            about: source.about,
            required: source.required,
            default,
            written_default: source.default,
            choices: source.choices,
            table: source.table,
            sure: source.sure,
        }
    }

    fn format(&mut self, at: usize, source: FormatSource) -> Format {
        let separator = match source.separator.as_bytes() {
            [byte] if byte.is_ascii_punctuation() || *byte == b'\t' => *byte,
            _ => {
                self.fault(at, "`separator` is not one character: write \",\", \";\", \"|\" or \"\\t\"".to_owned());
                b','
            }
        };
        let mut step = |text: &str, minutes: bool| match text.strip_prefix("0.") {
            Some(zeros) if zeros.bytes().all(|byte| byte == b'0') && matches!(zeros.len(), 1..=6) => {
                Step::Decimals(u32::try_from(zeros.len()).unwrap_or(2))
            }
            _ if minutes && text == "HH:MM" => Step::Minutes,
            _ => {
                let or = if minutes { " or `HH:MM`" } else { "" };
                self.fault(at, format!("`{text}` is no step: write `0.00`{or}"));
                Step::Decimals(2)
            }
        };
        let (hours, amounts) = (step(&source.hours, true), step(&source.amounts, false));
        Format {
            separator,
            crlf: source.line_ending == LineEnding::Crlf,
            ascii: source.encoding == Encoding::Ascii,
            quoting: source.quoting,
            header: source.header,
            header_when: self.when(at, source.header_when),
            hours,
            amounts,
        }
    }

    fn column(&mut self, source: ColumnSource) -> (usize, Column) {
        let (at, title) = (source.title.span().start, source.title.into_inner());
        let mut contents = Vec::new();
        if let Some(text) = &source.text {
            contents.push(Content::Text(self.template(at, text, None)));
        }
        contents.extend(source.hours.map(Content::Hours));
        contents.extend(source.amount.map(Content::Amount));
        contents.extend(source.earnings.map(Content::Earnings));
        contents.extend(source.slot_code.map(Content::SlotCode));
        contents.extend(source.slot_amount.map(Content::SlotAmount));
        if contents.len() > 1 {
            self.fault(
                at,
                format!("column `{title}` has more than one content: take one of text, hours, amount, earnings, slots"),
            );
        }
        let column = Column {
            title: self.template(at, &title, Some(&[])),
            content: contents.pop().unwrap_or(Content::Blank),
            when: self.when(at, source.when),
            filled_when: self.when(at, source.filled_when),
            beside: source.beside,
            rule: self.rule(at, source.rule),
            sure: source.sure,
            about: source.about,
            written_title: title,
        };
        (at, column)
    }

    /// What concerns the columns together.
    fn whole(&mut self, columns: &[Column]) {
        let has = |wanted: &dyn Fn(&Content) -> bool| columns.iter().any(|column| wanted(&column.content));
        let shows = |wanted: &[Field]| {
            has(&|content| matches!(content, Content::Text(text) if text.slots().any(|s| wanted.contains(&s.field))))
        };
        let of_row = has(&|content| matches!(content, Content::Hours(Of::Row) | Content::Amount(Of::Row)));
        let slots = |wanted: fn(&Content) -> Option<usize>| {
            columns.iter().filter_map(|column| wanted(&column.content)).collect::<BTreeSet<usize>>()
        };
        let codes = slots(|content| if let Content::SlotCode(slot) = content { Some(*slot) } else { None });
        let amounts = slots(|content| if let Content::SlotAmount(slot) = content { Some(*slot) } else { None });
        let mut fault = |text: &str| self.faults.push(format!("layout: {text}"));
        if !shows(&[Field::ExternalId, Field::FirstName, Field::LastName, Field::Name]) {
            fault("no column says who is paid: write one with `text = \"{external-id}\"`");
        }
        if of_row && !shows(&[Field::Code]) {
            fault("rows have pay of one kind and do not say of which: write a column with `text = \"{code}\"`");
        }
        if of_row && !codes.is_empty() {
            fault("a layout has slots or rows of one kind of pay, not both");
        }
        if codes != amounts || codes.iter().ne((1..=codes.len()).collect::<Vec<_>>().iter()) {
            fault("slots are numbered 1, 2, 3… and each has a `slot-code` and a `slot-amount`");
        }
        if !of_row && codes.is_empty() && shows(&[Field::Code]) {
            fault("a row has pay of many kinds, so `{code}` says nothing: write `hours = \"row\"` or slots");
        }
        if !has(&|content| !matches!(content, Content::Blank | Content::Text(_) | Content::SlotCode(_))) {
            fault("no column has hours or money");
        }
    }

    /// A text; `fields` are those that it may have besides settings, all where there are none.
    fn template(&mut self, at: usize, text: &str, fields: Option<&[Field]>) -> Template {
        let template = Template::parse(text).unwrap_or_else(|fault| {
            self.fault(at, fault);
            Template::default()
        });
        for Slot { field, table, .. } in template.slots() {
            match field {
                Field::Setting(name) => self.declared(at, name),
                field if fields.is_some_and(|fields| !fields.contains(field)) => {
                    self.fault(at, format!("`{text}` is the same for all rows: only settings can stand in it"));
                }
                _ => {}
            }
            if let Some(table) = table {
                self.declared(at, table);
                if self.settings.iter().any(|setting| setting.name == *table && !setting.table) {
                    self.fault(at, format!("setting `{table}` is no table: write `table = true` in it"));
                }
            }
        }
        template
    }

    fn when(&mut self, at: usize, text: Option<String>) -> Option<When> {
        let text = text?;
        let (setting, is) = text.split_once('=').map_or((text.as_str(), None), |(name, is)| (name, Some(is)));
        self.declared(at, setting);
        let choices = self.settings.iter().find(|known| known.name == setting).map(|setting| &setting.choices);
        if let (Some(is), Some(choices)) = (is, choices)
            && !choices.iter().any(|choice| choice == is)
        {
            self.fault(at, format!("`{is}` is not among the choices of setting `{setting}`"));
        }
        Some(When { setting: setting.to_owned(), is: is.map(str::to_owned) })
    }

    fn rule(&mut self, at: usize, source: Option<rule::Source>) -> Option<Rule> {
        Rule::read(&source?).map_err(|fault| self.fault(at, fault)).ok()
    }

    fn declared(&mut self, at: usize, name: &str) {
        if !self.settings.iter().any(|setting| setting.name == name) {
            let fields: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            self.fault(at, format!("`{name}` is no [[setting]] of the layout, and none of {}", fields.join(", ")));
        }
    }

    fn fault(&mut self, at: usize, fault: String) {
        self.faults.push(format!("layout: line {}: {fault}", line_of(self.text, at)));
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
