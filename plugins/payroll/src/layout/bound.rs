//! A layout with the operator's settings: which columns it has, what stands in the same way on every row.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::template::{Field, Slot, Template};
use super::{Column, Content, Layout, Of, Setting, When, rule};
use crate::postings::{Grain, Step};
use crate::records::HoursClass;

/// A layout that can be written.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The columns, in the order of the file.
    pub columns: Vec<BoundColumn>,
    layout: Layout,
    texts: BTreeMap<String, String>,
    tables: BTreeMap<String, BTreeMap<String, String>>,
    window_end: NaiveDate,
}

/// A column that the file has.
#[derive(Debug, Clone)]
pub struct BoundColumn {
    /// What stands over it.
    pub title: String,
    /// What stands in it.
    pub content: Content,
    /// Blank where the column of this title is blank.
    pub beside: Option<String>,
    /// What the provider takes.
    pub rule: Option<rule::Rule>,
}

impl Layout {
    /// The layout with the settings that `given` has; the window ends on `window_end`.
    ///
    /// # Errors
    /// Every setting that is missing or wrong.
    pub fn bind(
        self,
        mut given: impl FnMut(&str) -> Option<String>,
        window_end: NaiveDate,
    ) -> Result<Bound, Vec<String>> {
        let mut bound =
            Bound { columns: Vec::new(), texts: BTreeMap::new(), tables: BTreeMap::new(), window_end, layout: self };
        let mut faults = Vec::new();
        for setting in bound.layout.settings.clone() {
            bound.set(&setting, given(&setting.name), &mut faults);
        }
        bound.choose_columns(&mut faults);
        if faults.is_empty() { Ok(bound) } else { Err(faults) }
    }
}

impl Bound {
    fn set(&mut self, setting: &Setting, given: Option<String>, faults: &mut Vec<String>) {
        let name = &setting.name;
        let text = match (given, &setting.default) {
            (Some(given), _) => given,
            (None, Some(default)) => self.file_wide(default),
            (None, None) if setting.required => {
                faults.push(format!("setting `{name}` is missing: add `{name} = \"…\"` to the export's settings"));
                return;
            }
            (None, None) => return,
        };
        let wrong = |text: &str, help: &str| format!("setting `{name}` is `{}`: write {help}", text.escape_debug());
        if !setting.choices.is_empty() && !setting.choices.contains(&text) {
            faults.push(wrong(&text, &format!("`{}`", setting.choices.join("` or `"))));
        }
        let values = if setting.table {
            let mut table = BTreeMap::new();
            for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
                match pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                    Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                        if table.insert(key.to_owned(), value.to_owned()).is_some() {
                            faults.push(format!("setting `{name}` names `{key}` twice"));
                        }
                    }
                    _ => faults.push(format!("setting `{name}` holds `{pair}`: write `key=value, key=value`")),
                }
            }
            let values = table.values().cloned().collect();
            self.tables.insert(name.clone(), table);
            values
        } else {
            vec![text.clone()]
        };
        for value in values.iter().filter(|value| !value.is_empty()) {
            if let Some(help) = self.unsafe_text(value) {
                faults.push(wrong(value, help));
            } else if let Some(rule) = setting.rule.as_ref().filter(|rule| !rule.takes(value, None)) {
                faults.push(wrong(value, &rule.says));
            }
        }
        self.texts.insert(name.clone(), text);
    }

    fn choose_columns(&mut self, faults: &mut Vec<String>) {
        let shown: Vec<Column> =
            self.layout.columns.iter().filter(|column| self.holds(column.when.as_ref())).cloned().collect();
        let bind = |column: Column| BoundColumn {
            title: self.file_wide(&column.title),
            content: match self.holds(column.filled_when.as_ref()) {
                true => column.content,
                false => Content::Blank,
            },
            beside: column.beside,
            rule: column.rule,
        };
        let mut columns: Vec<BoundColumn> = shown.into_iter().map(bind).collect();
        if let Some(order) = self.layout.order.as_ref() {
            let titles = self.texts.get(order).map(String::as_str).unwrap_or_default();
            let titles: Vec<_> = titles.split(',').map(str::trim).filter(|title| !title.is_empty()).collect();
            let mut ordered = Vec::new();
            for title in &titles {
                match columns.iter().position(|column| column.title == *title) {
                    Some(place) => ordered.push(columns.remove(place)),
                    None => faults.push(format!(
                        "setting `{order}` names column `{title}`, which this layout does not have with these \
                         settings, or which is named twice"
                    )),
                }
            }
            if !titles.is_empty() {
                columns = ordered;
            }
        }
        self.columns = columns;
        if self.columns.is_empty() || !faults.is_empty() {
            return;
        }
        if self.by_name() && !self.wants_names() {
            faults.push("no column says who is paid: add the one that does to the columns".to_owned());
        }
        if self.is_by_row() && !self.shows(&[Field::Code]) {
            faults.push("no column says what a row pays: add the one that does to the columns".to_owned());
        }
    }

    /// The name under which the provider looks for the file.
    pub fn file_name(&self) -> String {
        self.file_wide(&self.layout.file_name)
    }

    /// The file's media type.
    pub fn content_type(&self) -> &str {
        &self.layout.content_type
    }

    /// How finely the file tells pay apart.
    pub fn grain(&self) -> Grain {
        Grain {
            hours: self.layout.format.hours,
            money: self.layout.format.amounts,
            time_by_hours: self.time_by_hours(),
            by_unit: self.shows(&[Field::Unit]),
            by_day: self.shows(&[Field::Day]),
        }
    }

    /// What the numbers of such a file mean: only files of the same terms can be compared.
    pub fn terms(&self) -> String {
        let grain = self.grain();
        let step = |step: Step| match step {
            Step::Decimals(places) => format!("{places} decimals"),
            Step::Minutes => "minutes".to_owned(),
        };
        let (hours, money) = (step(grain.hours), step(grain.money));
        let time = if grain.time_by_hours { "hours" } else { "amounts" };
        let unit = if grain.by_unit { ", by unit" } else { "" };
        let day = if grain.by_day { ", by day" } else { "" };
        format!("{}: hours in {hours}, money in {money}, time by {time}{unit}{day}", self.layout.provider)
    }

    /// Whether time is paid by its hours.
    pub fn time_by_hours(&self) -> bool {
        self.texts.get("time").is_none_or(|time| time == "hours")
    }

    /// Whether people are found by their names alone, so that nobody needs an id.
    pub fn by_name(&self) -> bool {
        !self.shows(&[Field::ExternalId])
    }

    /// Whether the file has people's names in it.
    pub fn wants_names(&self) -> bool {
        self.shows(&[Field::FirstName, Field::LastName, Field::Name])
    }

    /// Whether periods are told apart.
    pub(crate) fn is_by_period(&self) -> bool {
        self.shows(&[Field::PeriodStart, Field::PeriodEnd])
    }

    /// Whether a row has one kind of pay alone.
    pub(crate) fn is_by_row(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.content, Content::Hours(Of::Row) | Content::Amount(Of::Row)))
    }

    fn shows(&self, fields: &[Field]) -> bool {
        let mut texts = self.columns.iter().filter_map(|column| match &column.content {
            Content::Text(text) => Some(text),
            _ => None,
        });
        texts.any(|text| text.slots().any(|slot| fields.contains(&slot.field)))
    }

    fn holds(&self, when: Option<&When>) -> bool {
        when.is_none_or(|when| {
            let given = self.texts.get(&when.setting).filter(|text| !text.is_empty());
            given.is_some_and(|given| when.is.as_ref().is_none_or(|is| is == given))
        })
    }

    /// The rows before those of people: the preamble and the header.
    pub(crate) fn head(&self) -> Vec<Vec<String>> {
        let preamble = self.layout.preamble.iter();
        let mut head: Vec<Vec<String>> =
            preamble.map(|row| row.iter().map(|cell| self.file_wide(cell)).collect()).collect();
        if self.layout.format.header && self.holds(self.layout.format.header_when.as_ref()) {
            head.push(self.columns.iter().map(|column| column.title.clone()).collect());
        }
        head
    }

    /// Titles of which a row may fill one.
    pub(crate) fn only_one_of(&self) -> &[Vec<String>] {
        &self.layout.only_one_of
    }

    pub(crate) fn writer<W: std::io::Write>(&self, out: W) -> csv::Writer<W> {
        let format = &self.layout.format;
        csv::WriterBuilder::new()
            .delimiter(format.separator)
            .terminator(if format.crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .quote_style(if format.quoting { csv::QuoteStyle::Necessary } else { csv::QuoteStyle::Never })
            .flexible(true)
            .from_writer(out)
    }

    /// Why a text that people wrote cannot stand in the file.
    pub(crate) fn unsafe_text(&self, text: &str) -> Option<&'static str> {
        let format = &self.layout.format;
        let separates = !format.quoting && text.contains(char::from(format.separator));
        rule::unsafe_text(text, format.ascii, format.quoting)
            .or_else(|| separates.then_some("a text without the separator of the file's columns"))
    }

    /// The provider's code for time of a class.
    pub(crate) fn class_code(&self, class: HoursClass) -> String {
        let setting = self.layout.class_codes.get(&class).and_then(|setting| self.texts.get(setting));
        setting.cloned().unwrap_or_else(|| class.name().to_owned())
    }

    /// What a table says of a key; of every other one under `*`.
    pub(crate) fn look_up(&self, table: &str, key: Option<&str>) -> Option<&str> {
        let table = self.tables.get(table)?;
        key.and_then(|key| table.get(key)).or_else(|| table.get("*")).map(String::as_str)
    }

    /// What would make room for pay that has none.
    pub(crate) fn room_for(&self, fits: impl Fn(&Content) -> bool) -> Option<String> {
        let column = self.layout.columns.iter().find(|column| fits(&column.content))?;
        column.when.as_ref().or(column.filled_when.as_ref()).map(|when| format!("set `{when}`"))
    }

    /// A text that is the same on all rows.
    fn file_wide(&self, template: &Template) -> String {
        let filled = template.fill(|slot| Ok::<_, std::convert::Infallible>(self.file_wide_field(slot)));
        filled.unwrap_or_default()
    }

    /// A field that is the same on all rows: a setting, blank where it is not given, or the window's end.
    pub(crate) fn file_wide_field(&self, slot: &Slot) -> String {
        match &slot.field {
            Field::Setting(name) => self.texts.get(name).cloned().unwrap_or_default(),
            Field::WindowEnd => slot.date(self.window_end),
            _ => String::new(),
        }
    }
}
