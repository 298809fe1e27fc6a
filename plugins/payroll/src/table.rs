//! Postings laid out: every row and cell of a file, or every reason why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::layout::template::{Field, Slot, Template};
use crate::layout::{Bound, BoundColumn, Content};
use crate::line::Sheet;
use crate::postings::{Account, Postings, Step, What};
use crate::records::PersonKey;
use crate::refusal::Refusal;
use crate::total::ControlTotal;

/// What a file says, cell by cell.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    bound: &'a Bound,
    /// The rows of people, without what stands over them.
    pub rows: Vec<Vec<String>>,
    /// The sums of what was written.
    pub total: ControlTotal,
}

impl Table<'_> {
    /// Lays the postings of the sheet out. Rows stand in the order of people's ids as they are written.
    ///
    /// # Errors
    /// Everything that the provider would not take, sorted.
    pub fn lay_out<'a>(bound: &'a Bound, sheet: &Sheet, postings: &Postings) -> Result<Table<'a>, Vec<Refusal>> {
        let mut layer = Layer { bound, sheet, refusals: Vec::new() };
        let ids = layer.ids(postings);
        let groups = layer.groups(postings, &ids);
        let mut rows = Vec::new();
        let mut people = BTreeSet::new();
        for (key, group) in &groups {
            let before = rows.len();
            layer.rows(key, group, &mut rows);
            if rows.len() > before {
                people.insert(key.person);
            }
        }
        let mut refusals = layer.refusals;
        if !refusals.is_empty() {
            refusals.sort();
            refusals.dedup();
            return Err(refusals);
        }
        let total = ControlTotal::of(postings, rows.len(), people.len(), bound.grain());
        Ok(Table { bound, rows, total })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(&self, out: impl Write) -> Result<(), csv::Error> {
        let mut writer = self.bound.writer(out);
        for row in self.bound.head().iter().chain(&self.rows) {
            writer.write_record(row)?;
        }
        Ok(writer.flush()?)
    }
}

/// What the rows of a group have in common, in the order of rows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: String,
    person: PersonKey,
    period: Option<(NaiveDate, NaiveDate)>,
    /// As the file calls it.
    unit: String,
    day: Option<NaiveDate>,
    /// Where a row has one kind of pay alone.
    what: Option<What>,
}

/// The numbers of a group.
#[derive(Default)]
struct Group {
    /// As ServiceTitan calls it.
    unit: Option<String>,
    /// By column.
    fixed: BTreeMap<usize, Decimal>,
    /// By the codes of the slots.
    slots: BTreeMap<String, Decimal>,
}

/// What stands in the slots of a row.
type Slots<'a> = &'a [(&'a String, &'a Decimal)];

struct Layer<'a> {
    bound: &'a Bound,
    sheet: &'a Sheet,
    refusals: Vec<Refusal>,
}

impl Layer<'_> {
    /// What the file calls people, refused where it calls two of them the same.
    fn ids(&mut self, postings: &Postings) -> BTreeMap<PersonKey, String> {
        let of_people =
            |slot: &Slot| matches!(slot.field, Field::ExternalId | Field::FirstName | Field::LastName | Field::Name);
        let wanted = |template: &&Template| {
            let is_id = |slot: &Slot| slot.field == Field::ExternalId;
            template.slots().any(if self.bound.by_name() { of_people } else { is_id })
        };
        let texts = self.bound.columns.iter().filter_map(|column| match &column.content {
            Content::Text(text) => Some(text),
            _ => None,
        });
        let texts: Vec<&Template> = texts.filter(wanted).collect();
        let people: BTreeSet<PersonKey> = postings.keys().map(|account| account.person).collect();
        let mut ids = BTreeMap::new();
        let mut holders: BTreeMap<String, Vec<PersonKey>> = BTreeMap::new();
        for person in people {
            let key = Key { id: String::new(), person, period: None, unit: String::new(), day: None, what: None };
            let cells = texts.iter().filter_map(|text| self.fill(text, &key, None, None).ok());
            let id = cells.collect::<Vec<_>>().join(" ");
            // Providers that find people by name do so without case.
            let known_as = if self.bound.by_name() { id.to_lowercase() } else { id.clone() };
            holders.entry(known_as).or_default().push(person);
            ids.insert(person, id);
        }
        for (id, people) in holders.into_iter().filter(|(id, people)| people.len() > 1 && !id.is_empty()) {
            self.refusals.push(match self.bound.by_name() {
                true => Refusal::SharedName { name: id, people },
                false => Refusal::SharedExternalId { id, people },
            });
        }
        ids
    }

    fn groups(&mut self, postings: &Postings, ids: &BTreeMap<PersonKey, String>) -> BTreeMap<Key, Group> {
        let grain = self.bound.grain();
        let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
        for (account, value) in postings {
            if grain.by_day && account.day.is_none() {
                let Account { person, payroll, .. } = *account;
                self.refusals.push(Refusal::NoDay { person, payroll });
                continue;
            }
            let place = self.place(&account.what);
            let Some(place) = place else {
                self.refusals.push(self.no_place(&account.what));
                continue;
            };
            let what = matches!(place, Place::Row(_)).then(|| account.what.clone());
            let period = self.sheet.periods.get(&account.payroll).filter(|_| self.bound.is_by_period());
            let Some(unit) = self.unit_cells(account.unit.as_deref()) else { continue };
            let key = Key {
                id: ids.get(&account.person).cloned().unwrap_or_default(),
                person: account.person,
                period: period.map(|period| (period.first_day, period.last_day)),
                unit,
                day: account.day,
                what,
            };
            let group = groups.entry(key).or_insert_with(|| Group { unit: account.unit.clone(), ..Group::default() });
            match place {
                Place::Fixed(column) | Place::Row(column) => *group.fixed.entry(column).or_default() += *value,
                Place::Slot => *group.slots.entry(self.code(&account.what)).or_default() += *value,
            }
        }
        groups
    }

    /// Where pay of a kind goes: a column of its own, else a slot, else a row of its own.
    fn place(&self, what: &What) -> Option<Place> {
        let find = |fits: &dyn Fn(&Content) -> bool| self.bound.columns.iter().position(|column| fits(&column.content));
        let slot = || match what {
            What::Hours(_) => None,
            _ => find(&|content| matches!(content, Content::SlotAmount(_))).map(|_| Place::Slot),
        };
        let fixed = find(&|content| is_for(content, what)).map(Place::Fixed);
        fixed.or_else(slot).or_else(|| find(&|content| is_for_row_of(content, what)).map(Place::Row))
    }

    fn no_place(&self, what: &What) -> Refusal {
        let fits = |content: &Content| is_for(content, what) || is_for_row_of(content, what);
        let codes = self.bound.columns.iter().filter_map(|column| match &column.content {
            Content::Earnings(code) => Some(code.as_str()),
            _ => None,
        });
        let codes: Vec<_> = codes.collect();
        let (told, help) = match what {
            What::Hours(class) => (format!("{} hours", class.name()), None),
            What::Wages(class) => (format!("money for {} time", class.name()), None),
            What::Earning(code) => (
                format!("earnings code `{}`", code.escape_debug()),
                (!codes.is_empty()).then(|| {
                    format!("give it one of {} in `codes`, or leave its kind out with `leave-out`", codes.join(", "))
                }),
            ),
        };
        let help = help.or_else(|| self.bound.room_for(fits));
        let help = help.unwrap_or_else(|| "leave its kind out with `leave-out`, or take another layout".to_owned());
        Refusal::NoPlace { what: told, help }
    }

    fn rows(&mut self, key: &Key, group: &Group, rows: &mut Vec<Vec<String>>) {
        let a_row = self.bound.columns.iter().filter(|column| matches!(column.content, Content::SlotAmount(_))).count();
        let slots: Vec<_> = group.slots.iter().filter(|(_, value)| !value.is_zero()).collect();
        if slots.is_empty() && group.fixed.values().all(Decimal::is_zero) {
            return;
        }
        let nothing = BTreeMap::new();
        let count = slots.len().div_ceil(a_row.max(1)).max(1);
        let mut chunks = slots.chunks(a_row.max(1));
        for index in 0..count {
            let fixed = if index == 0 { &group.fixed } else { &nothing };
            let row = self.row(key, group.unit.as_deref(), fixed, chunks.next().unwrap_or_default());
            rows.push(row);
        }
    }

    fn row(
        &mut self,
        key: &Key,
        unit: Option<&str>,
        fixed: &BTreeMap<usize, Decimal>,
        slots: Slots<'_>,
    ) -> Vec<String> {
        let bound = self.bound;
        let grain = bound.grain();
        let mut row = Vec::with_capacity(bound.columns.len());
        for (index, column) in bound.columns.iter().enumerate() {
            row.push(match &column.content {
                Content::Blank => String::new(),
                Content::Text(text) => self.text(column, text, key, unit),
                Content::Hours(_) => self.number(column, fixed.get(&index), grain.hours, key.person),
                Content::Amount(_) | Content::Earnings(_) => {
                    self.number(column, fixed.get(&index), grain.money, key.person)
                }
                Content::SlotCode(slot) => match slots.get(slot - 1) {
                    Some((code, _)) => self.checked_code(column, code),
                    None => String::new(),
                },
                Content::SlotAmount(slot) => {
                    let value = slots.get(slot - 1).map(|(_, value)| *value);
                    self.number(column, value, grain.money, key.person)
                }
            });
        }
        for (index, column) in bound.columns.iter().enumerate() {
            let Some(beside) = &column.beside else { continue };
            let other = bound.columns.iter().position(|column| column.title == *beside);
            if other.is_none_or(|other| row[other].is_empty()) {
                row[index].clear();
            }
        }
        for titles in bound.only_one_of() {
            let full = bound.columns.iter().zip(&row).filter(|(_, cell)| !cell.is_empty());
            let full: Vec<_> = full.map(|(column, _)| column.title.clone()).filter(|t| titles.contains(t)).collect();
            if full.len() > 1 {
                self.refusals.push(Refusal::TooMuch { person: key.person, columns: full });
            }
        }
        row
    }

    fn number(&mut self, column: &BoundColumn, value: Option<&Decimal>, step: Step, person: PersonKey) -> String {
        // A zero is blank: providers read it as nothing, or as an order to overwrite.
        let Some(value) = value.filter(|value| !value.is_zero()) else { return String::new() };
        let text = step.write(*value);
        if let Some(rule) = column.rule.as_ref().filter(|rule| !rule.takes(&text, Some(*value))) {
            let (column, text, rule) = (column.title.clone(), text.clone(), rule.says.clone());
            self.refusals.push(Refusal::BadCell { person, column, text, rule });
        }
        text
    }

    fn text(&mut self, column: &BoundColumn, template: &Template, key: &Key, unit: Option<&str>) -> String {
        let text = match self.fill(template, key, unit, key.what.as_ref()) {
            Ok(text) => text,
            Err(refusal) => {
                self.refusals.push(refusal);
                return String::new();
            }
        };
        if let Some(rule) = self.broken_rule(column, &text) {
            let person = key.person;
            let shows = |field: Field| template.slots().any(|slot| slot.field == field && slot.table.is_none());
            self.refusals.push(match &key.what {
                _ if shows(Field::ExternalId) => {
                    let id = self.sheet.people.get(&person).map(|person| person.external_id.clone());
                    Refusal::BadExternalId { person, id: id.unwrap_or_default(), rule }
                }
                Some(what) if shows(Field::Code) => Refusal::BadCode { code: self.code(what), rule },
                _ => Refusal::BadCell { person, column: column.title.clone(), text: text.clone(), rule },
            });
        }
        text
    }

    fn checked_code(&mut self, column: &BoundColumn, code: &str) -> String {
        if let Some(rule) = self.broken_rule(column, code) {
            self.refusals.push(Refusal::BadCode { code: code.to_owned(), rule });
        }
        code.to_owned()
    }

    /// What a text should be that the provider would not take, or nobody should.
    fn broken_rule(&self, column: &BoundColumn, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let rule = column.rule.as_ref().filter(|rule| !rule.takes(text, None)).map(|rule| rule.says.clone());
        rule.or_else(|| self.bound.unsafe_text(text).map(str::to_owned))
    }

    /// What the columns that show units say of one, as one text.
    fn unit_cells(&mut self, unit: Option<&str>) -> Option<String> {
        let mut cells = Vec::new();
        for column in &self.bound.columns {
            let Content::Text(text) = &column.content else { continue };
            for slot in text.slots().filter(|slot| slot.field == Field::Unit) {
                match self.unit(slot, unit) {
                    Ok(cell) => cells.push(cell),
                    Err(refusal) => {
                        self.refusals.push(refusal);
                        return None;
                    }
                }
            }
        }
        Some(cells.join("\n"))
    }

    fn unit(&self, slot: &Slot, unit: Option<&str>) -> Result<String, Refusal> {
        match &slot.table {
            None => Ok(unit.unwrap_or_default().to_owned()),
            Some(table) => self
                .bound
                .look_up(table, unit)
                .map(str::to_owned)
                .ok_or_else(|| Refusal::NoUnit { unit: unit.map(str::to_owned), setting: table.clone() }),
        }
    }

    fn code(&self, what: &What) -> String {
        match what {
            What::Hours(class) | What::Wages(class) => self.bound.class_code(*class),
            What::Earning(code) => code.clone(),
        }
    }

    fn fill(&self, text: &Template, key: &Key, unit: Option<&str>, what: Option<&What>) -> Result<String, Refusal> {
        let person = self.sheet.people.get(&key.person).cloned().unwrap_or_default();
        let date = |slot: &Slot, date: Option<NaiveDate>| date.map(|date| slot.date(date)).unwrap_or_default();
        let name = |name: &str| match name.trim() {
            "" => Err(Refusal::NoName { person: key.person }),
            name => Ok(name.to_owned()),
        };
        text.fill(|slot| {
            let text = match &slot.field {
                Field::ExternalId => person.external_id.clone(),
                Field::FirstName => name(&person.name.first)?,
                Field::LastName => name(&person.name.last)?,
                Field::Name => name(&person.name.full)?,
                Field::Unit => return self.unit(slot, unit),
                Field::Code => what.map(|what| self.code(what)).unwrap_or_default(),
                Field::Day => date(slot, key.day),
                Field::PeriodStart => date(slot, key.period.map(|(first, _)| first)),
                Field::PeriodEnd => date(slot, key.period.map(|(_, last)| last)),
                Field::WindowEnd | Field::Setting(_) => self.bound.file_wide_field(slot),
            };
            let Some(table) = &slot.table else { return Ok(text) };
            self.bound.look_up(table, Some(&text)).map(str::to_owned).ok_or_else(|| Refusal::BadCode {
                rule: format!("in `{table}`: add `{text}=…` to it, or `*=…` for all others"),
                code: text,
            })
        })
    }
}

enum Place {
    Fixed(usize),
    Slot,
    Row(usize),
}

fn is_for(content: &Content, what: &What) -> bool {
    match (content, what) {
        (Content::Hours(of), What::Hours(class)) | (Content::Amount(of), What::Wages(class)) => {
            of.class() == Some(*class)
        }
        (Content::Earnings(code), What::Earning(own)) => code == own,
        _ => false,
    }
}

fn is_for_row_of(content: &Content, what: &What) -> bool {
    match (content, what) {
        (Content::Hours(of), What::Hours(_)) => of.class().is_none(),
        (Content::Amount(of), What::Wages(_) | What::Earning(_)) => of.class().is_none(),
        _ => false,
    }
}
