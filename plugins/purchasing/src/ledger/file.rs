//! Entries as a ledger's file: laid out whole, then written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::entry::{Debit, Entry};
use super::layout::{Column, Encoding, Layout, LineEnding, filled};
use super::refusal::Refusal;
use crate::report::{Total, quantity, text, total};

/// A file, ready to be written.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
    separator: u8,
    crlf: bool,
    quoting: bool,
    totals: Vec<Total>,
}

impl Table {
    /// Lays entries out, with the layout's settings.
    ///
    /// # Errors
    /// Every cell that the ledger does not take.
    pub fn lay_out(
        layout: &Layout,
        settings: &BTreeMap<String, String>,
        entries: &[Entry<'_>],
    ) -> Result<Table, Vec<Refusal>> {
        let mut laying = Laying { layout, settings, refusals: Vec::new() };
        let mut rows = layout.preamble.clone();
        if layout.header {
            rows.push(layout.line.iter().map(|column| column.title.clone()).collect());
        }
        for entry in entries {
            laying.entry(entry, &mut rows);
        }
        if !laying.refusals.is_empty() {
            return Err(laying.refusals);
        }
        let debits = entries.iter().flat_map(|entry| &entry.debits);
        let sum: Decimal = debits.clone().map(|debit| debit.amount).sum();
        let credits: Decimal = entries.iter().map(Entry::credit).sum();
        let vendors: BTreeSet<&str> = entries.iter().map(|entry| entry.vendor.as_str()).collect();
        let totals = vec![
            total("bills", entries.len()),
            total("lines", debits.count()),
            total("vendors", vendors.len()),
            total("debits", amount(sum)),
            total("credits", amount(credits)),
        ];
        Ok(Table {
            rows,
            separator: layout.format.separator.as_bytes().first().copied().unwrap_or(b','),
            crlf: layout.format.line_ending == LineEnding::Crlf,
            quoting: layout.format.quoting,
            totals,
        })
    }

    /// Writes it, and gives its control total.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(self, out: impl Write) -> Result<Vec<Total>, csv::Error> {
        let mut builder = csv::WriterBuilder::new();
        builder.delimiter(self.separator).flexible(true);
        builder.terminator(if self.crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') });
        builder.quote_style(if self.quoting { csv::QuoteStyle::Necessary } else { csv::QuoteStyle::Never });
        let mut writer = builder.from_writer(out);
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(self.totals)
    }
}

struct Laying<'l> {
    layout: &'l Layout,
    settings: &'l BTreeMap<String, String>,
    refusals: Vec<Refusal>,
}

impl Laying<'_> {
    fn entry(&mut self, entry: &Entry<'_>, rows: &mut Vec<Vec<String>>) {
        let mut values: BTreeMap<&str, String> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let bill = entry.bill;
        let day = |day: Option<NaiveDate>| day.map(|day| day.format(&self.layout.format.dates).to_string());
        let of_bill = [
            ("bill", bill.id.to_string()),
            ("number", bill.reference.clone()),
            ("order", bill.order.map(|order| order.to_string()).unwrap_or_default()),
            ("vendor", entry.vendor.clone()),
            ("date", day(bill.date).unwrap_or_default()),
            ("due", day(bill.due).unwrap_or_default()),
            ("posted", day(bill.posted.or(bill.date)).unwrap_or_default()),
            ("terms", bill.terms.clone()),
            ("memo", bill.summary.clone()),
            ("business-unit", bill.business_unit.clone()),
            ("amount", amount(entry.credit())),
            ("-amount", amount(-entry.credit())),
        ];
        values.extend(of_bill);
        let layout = self.layout;
        if !layout.bill.is_empty() {
            rows.push(self.row(&layout.bill, entry, &values, true));
        }
        for (place, debit) in entry.debits.iter().enumerate() {
            let Debit { account, amount: debited, memo, line } = debit;
            values.extend([
                ("line", (place + 1).to_string()),
                ("account", account.clone()),
                ("line-amount", amount(*debited)),
                ("line-memo", memo.clone()),
                ("item", line.map(|line| line.code.clone()).unwrap_or_default()),
                ("quantity", line.map(|line| quantity(line.quantity)).unwrap_or_default()),
                ("cost", line.map(|line| quantity(line.cost)).unwrap_or_default()),
            ]);
            rows.push(self.row(&layout.line, entry, &values, place == 0));
        }
        if !layout.after_bill.is_empty() {
            rows.push(layout.after_bill.clone());
        }
    }

    fn row(
        &mut self,
        columns: &[Column],
        entry: &Entry<'_>,
        values: &BTreeMap<&str, String>,
        is_first: bool,
    ) -> Vec<String> {
        let mut row = Vec::new();
        for column in columns {
            if column.first && !is_first {
                row.push(String::new());
                continue;
            }
            let written = filled(&column.text, values);
            if column.free {
                row.push(self.free(&written, column));
                continue;
            }
            if let Some(reason) = self.fault(&written, column) {
                let reason =
                    format!("`{}` cannot stand in column `{}`: {reason}", written.escape_debug(), column.title);
                let refusal = Refusal { bill: entry.bill.id, reference: entry.bill.reference.clone(), reason };
                if !self.refusals.contains(&refusal) {
                    self.refusals.push(refusal);
                }
            }
            row.push(written);
        }
        row
    }

    /// Text from people, made to fit.
    fn free(&self, written: &str, column: &Column) -> String {
        let format = &self.layout.format;
        let fits = |char: char| match char {
            '"' if !format.quoting => '\'',
            char if format.separator.contains(char) && !format.quoting => ' ',
            char if format.encoding == Encoding::Ascii && !char.is_ascii() => '?',
            char => char,
        };
        let line = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let fitted: String = line.chars().map(fits).collect();
        // What shows a formula as text counts, too.
        text(&fitted).chars().take(column.longest.unwrap_or(usize::MAX)).collect()
    }

    fn fault(&self, written: &str, column: &Column) -> Option<String> {
        let format = &self.layout.format;
        if let Some(longest) = column.longest.filter(|longest| written.chars().count() > *longest) {
            return Some(format!("write at most {longest} characters"));
        }
        if written.chars().any(char::is_control) {
            return Some("write one line without tabs".to_owned());
        }
        if format.encoding == Encoding::Ascii && !written.is_ascii() {
            return Some("write letters of ASCII alone".to_owned());
        }
        if !format.quoting && written.contains(['"', '\t']) {
            return Some("write it without quotation marks".to_owned());
        }
        if !format.quoting && written.contains(&format.separator) {
            return Some(format!("write it without `{}`, which stands between columns", format.separator));
        }
        let is_number = written.parse::<Decimal>().is_ok();
        (!is_number && text(written) != written).then(|| "a spreadsheet would run it as a formula".to_owned())
    }
}

/// Money with two decimals: what is booked has no more.
fn amount(value: Decimal) -> String {
    let mut value = value;
    value.rescale(2);
    value.to_string()
}
