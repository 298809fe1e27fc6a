//! ADP Workforce Now: the paydata (EPI) file, comma-separated.
//!
//! How sure each part of it is: *confirmed* by ADP's own pages, from *implementations* (two or more by others), or
//! *uncertain* and therefore a setting.
//!
//! | Part | | Source |
//! |---|---|---|
//! | `Co Code`, `Batch ID`, `File #` | columns 1 to 3 | confirmed |
//! | `Reg Hours`, `O/T Hours` | regular time, overtime | confirmed, spelling from implementations |
//! | `Hours 3 Code`, `Hours 3 Amount` | double overtime, code from `double-overtime-code` | the same; the code is uncertain |
//! | `Hours 4 Code`, `Hours 4 Amount` | paid time off, code from `pto-code` | the same; the code is uncertain |
//! | `Reg Earnings`, `O/T Earnings` | instead of hours, where time is paid by ServiceTitan's amounts | the same |
//! | `Earnings 3 Code` to `Earnings 5 Amount` | all other pay, three codes a row, as many rows as it takes | the same |
//! | File # six digits, 51 to 999999; Batch ID of eight characters; two decimals; ASCII; zero left blank | | implementations |
//! | File name `PRcccEPI.csv`, a company code of two letters padded with `_` | | implementations |
//! | Order of rows, quotation marks | by File #; none needed | uncertain, and ADP does not seem to mind |
//!
//! ```text
//! Co Code,Batch ID,File #,Reg Hours,O/T Hours,Hours 3 Code,Hours 3 Amount,…
//! AB,20251013,000123,40.00,3.50,,,…
//! ```

use std::collections::BTreeMap;
use std::io::Write;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::records::HoursClass;
use crate::refusal::Refusal;
use crate::sheet::{PaySheet, PersonPay, shared};
use crate::total::ControlTotal;

const CODE_RULE: &str = "1 to 20 letters, digits, blanks, `&`, `/`, `.`, `_` or `-`, beginning with a letter or digit";
const FILE_NUMBER_RULE: &str = "a File # of ADP, a number from 51 to 999999";
const EARNINGS_A_ROW: usize = 3;

/// The settings of the layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The company code at ADP: two or three letters or digits.
    pub company_code: String,
    /// At most eight letters or digits.
    pub batch_id: String,
    /// The code under which ADP knows double overtime.
    pub double_overtime_code: String,
    /// The code under which ADP knows paid time off.
    pub pto_code: String,
    /// Whether time is paid by its hours (ADP knows the rates) and not by ServiceTitan's amounts.
    pub time_by_hours: bool,
}

impl Options {
    /// Faults in the options, each a line.
    pub fn faults(&self) -> Vec<String> {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut faults = Vec::new();
        match self.company_code.len() {
            0 => {} // Missing, which whoever read the settings says.
            2 | 3 if plain(&self.company_code) => {}
            _ => faults.push(format!(
                "setting `company-code` is `{}`: write two or three letters or digits",
                self.company_code
            )),
        }
        if !plain(&self.batch_id) || !matches!(self.batch_id.len(), 1..=8) {
            faults.push(format!("setting `batch-id` is `{}`: write one to eight letters or digits", self.batch_id));
        }
        for (name, code) in [("double-overtime-code", &self.double_overtime_code), ("pto-code", &self.pto_code)] {
            if !is_code(code) {
                faults.push(format!("setting `{name}` is `{}`: write {CODE_RULE}", code.escape_debug()));
            }
        }
        faults
    }

    /// The name under which ADP looks for the file: `PRABCEPI.csv`, `PRAB_EPI.csv`.
    pub fn file_name(&self) -> String {
        format!("PR{:_<3}EPI.csv", self.company_code.to_ascii_uppercase())
    }
}

/// Everything of the sheet that ADP would not take.
pub fn refusals(sheet: &PaySheet) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut holders: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for pay in &sheet.people {
        match file_number(&pay.external_id) {
            Some(number) => holders.entry(number).or_default().push(pay.person),
            None => refusals.push(Refusal::BadExternalId {
                person: pay.person,
                id: pay.external_id.clone(),
                rule: FILE_NUMBER_RULE,
            }),
        }
        for code in pay.earnings.keys().filter(|code| !is_code(code)) {
            refusals.push(Refusal::BadCode { code: code.clone(), rule: CODE_RULE });
        }
    }
    // `123` and `000123` are one File #.
    refusals.extend(shared(holders));
    refusals.sort();
    refusals.dedup();
    refusals
}

/// Writes the sheet: a header, then the rows in the order of File #, ended by CRLF.
///
/// # Errors
/// When `out` fails, or an id is not a File # ([`refusals`] was not asked first).
pub fn write(sheet: &PaySheet, options: &Options, out: impl Write) -> Result<ControlTotal, csv::Error> {
    let mut people = Vec::with_capacity(sheet.people.len());
    for pay in &sheet.people {
        let number = file_number(&pay.external_id)
            .ok_or_else(|| std::io::Error::other(format!("`{}` is not {FILE_NUMBER_RULE}", pay.external_id)))?;
        people.push((number, pay));
    }
    people.sort_by(|a, b| a.0.cmp(&b.0));

    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(header(options))?;
    let mut total = ControlTotal::default();
    for (number, pay) in people {
        let rows = rows(&number, pay, options, &mut total);
        total.people += usize::from(!rows.is_empty());
        total.rows += rows.len();
        for row in rows {
            writer.write_record(row)?;
        }
    }
    writer.flush()?;
    Ok(total)
}

fn header(options: &Options) -> Vec<&'static str> {
    let mut header = vec!["Co Code", "Batch ID", "File #"];
    match options.time_by_hours {
        true => header.extend([
            "Reg Hours",
            "O/T Hours",
            "Hours 3 Code",
            "Hours 3 Amount",
            "Hours 4 Code",
            "Hours 4 Amount",
        ]),
        false => header.extend(["Reg Earnings", "O/T Earnings"]),
    }
    header.extend([
        "Earnings 3 Code",
        "Earnings 3 Amount",
        "Earnings 4 Code",
        "Earnings 4 Amount",
        "Earnings 5 Code",
        "Earnings 5 Amount",
    ]);
    header
}

fn rows(number: &str, pay: &PersonPay, options: &Options, total: &mut ControlTotal) -> Vec<Vec<String>> {
    let mut first = Vec::new();
    let mut earnings: BTreeMap<&str, Decimal> = BTreeMap::new();
    for class in HoursClass::ALL {
        let time = pay.time.get(&class).copied().unwrap_or_default();
        let value = cents(if options.time_by_hours { time.hours } else { time.amount });
        if !value.is_zero() {
            let sums = if options.time_by_hours { &mut total.hours } else { &mut total.time };
            *sums.entry(class).or_default() += value;
        }
        let code = match class {
            HoursClass::Regular | HoursClass::Overtime => {
                first.push(cell(value));
                continue;
            }
            HoursClass::DoubleOvertime => &options.double_overtime_code,
            HoursClass::PaidTimeOff => &options.pto_code,
        };
        if options.time_by_hours {
            first.push(if value.is_zero() { String::new() } else { code.clone() });
            first.push(cell(value));
        } else {
            *earnings.entry(code).or_default() += value;
        }
    }
    for (code, amount) in &pay.earnings {
        let amount = cents(*amount);
        *earnings.entry(code).or_default() += amount;
        if !amount.is_zero() {
            *total.earnings.entry(code.clone()).or_default() += amount;
        }
    }
    let earnings: Vec<_> = earnings.into_iter().filter(|(_, amount)| !amount.is_zero()).collect();

    let blank = vec![String::new(); first.len()];
    if earnings.is_empty() && first == blank {
        return Vec::new();
    }
    let count = earnings.len().div_ceil(EARNINGS_A_ROW).max(1);
    let mut chunks = earnings.chunks(EARNINGS_A_ROW);
    (0..count)
        .map(|index| {
            let mut row = vec![options.company_code.clone(), options.batch_id.clone(), number.to_owned()];
            row.extend(if index == 0 { first.clone() } else { blank.clone() });
            let chunk = chunks.next().unwrap_or_default();
            for slot in 0..EARNINGS_A_ROW {
                match chunk.get(slot) {
                    Some((code, amount)) => row.extend([(*code).to_owned(), cell(*amount)]),
                    None => row.extend([String::new(), String::new()]),
                }
            }
            row
        })
        .collect()
}

/// Two decimals, half a cent away from zero, as payroll does it.
fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Always with a decimal point (without one ADP reads a whole number); blank where it is zero.
fn cell(value: Decimal) -> String {
    if value.is_zero() { String::new() } else { format!("{value:.2}") }
}

fn file_number(id: &str) -> Option<String> {
    let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = if digits { id.parse().ok()? } else { return None };
    (51..=999_999).contains(&number).then(|| format!("{number:06}"))
}

/// Codes are ASCII and can never begin a spreadsheet formula.
fn is_code(code: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b" &/._-".contains(&byte);
    code.len() <= 20 && code.starts_with(|c: char| c.is_ascii_alphanumeric()) && code.bytes().all(inner)
}

#[cfg(test)]
#[path = "adp_workforce_now_tests.rs"]
mod tests;
