//! Reports: their categories, and tables whose columns the report's owner chose.

use serde_json::{Value, json};
use tradewire_surface::Type;

use super::dataset::{Dataset, Given};
use super::{crm, jobs};
use crate::clock;

const CATEGORIES: [&str; 5] = ["Accounting", "Operations", "Technician Dashboard", "Marketing", "Payroll"];
const REPORTS: [&str; 5] = ["Daily Revenue", "Open Jobs", "Technician Performance", "Campaign Return", "Hours by Week"];
const COLUMNS: [(&str, &str, &str); 5] = [
    ("Customer", "Customer", "String"),
    ("JobNumber", "Job #", "String"),
    ("Total", "Total", "Number"),
    ("Completed", "Completed?", "Boolean"),
    ("Date", "Date", "Date"),
];

pub fn category(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(CATEGORIES[place % CATEGORIES.len()]));
    given
}

pub fn report(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(format!("{} {}", REPORTS[place % REPORTS.len()], place / REPORTS.len() + 1)));
    let fields: Vec<Value> =
        COLUMNS.iter().map(|(name, label, kind)| json!({ "name": name, "label": label, "dataType": kind })).collect();
    given.insert("fields".into(), json!(fields));
    given.insert(
        "parameters".into(),
        json!([{ "name": "From", "label": "From", "dataType": "Date", "isArray": false, "isRequired": false, "acceptValues": null }]),
    );
    given
}

/// Whether a type is a table: rows of cells that are any JSON.
fn is_table(ty: &Type) -> bool {
    matches!(ty, Type::List(row) if matches!(&**row, Type::List(cell) if matches!(**cell, Type::Scalar(tradewire_surface::Scalar::Json) | Type::Option(_))))
}

/// The columns and rows of a table, where `data` is one; `rows` from place `from` on.
pub fn cells(dataset: &Dataset, data: &Type, from: usize, rows: usize) -> Option<(Value, Vec<Value>, bool)> {
    if !is_table(data) {
        return None;
    }
    let columns = COLUMNS.iter().map(|(name, label, _)| json!({ "name": name, "label": label })).collect();
    let all = dataset.count_of("jpm/jobs");
    let rows: Vec<Value> = (from..all.min(from.saturating_add(rows)))
        .map(|job| {
            let customer = crm::customer_of_location(dataset, jobs::location(dataset, job));
            let cents = jobs::total_cents(dataset, job);
            json!([
                crm::customer_name(dataset, customer),
                jobs::number(job),
                (cents as f64) / 100.0,
                job % 3 == 0,
                clock::write_day(jobs::window(dataset, job).1),
            ])
        })
        .collect();
    let more = from + rows.len() < all;
    Some((columns, rows, more))
}
