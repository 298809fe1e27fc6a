//! Differences as they are told.

use anyhow::Result;
use serde_json::{Value, json};

use super::compare::{Difference, PATIENCE, compare, share_columns};
use super::{Pair, Side, States};
use crate::commands::export::grid::{Form, Grid, number};
use crate::commands::export::show::{self, cell, indented, plain};
use crate::commands::table::table;

/// What two states of a file differ in, for people and for scripts.
pub fn pair(pair: &Pair, key: &[String], most: usize) -> Result<(String, Value)> {
    let file = &pair.file;
    let (before, after) = match &pair.states {
        States::Both(before, after) => (before, after),
        States::New(after) => return Ok(alone(file, after, "new", "was not delivered before")),
        States::Gone(before) => return Ok(alone(file, before, "gone", "would not be delivered")),
    };
    let mut text = format!("{file}: {} → {}\n", before.name, after.name);
    let mut value = json!({ "file": file, "before": before.name, "after": after.name });
    let form = Form::of(file, &after.content_type, &after.bytes);
    let grids = Grid::read(form, &before.bytes, usize::MAX).zip(Grid::read(form, &after.bytes, usize::MAX));
    // Rows that have no column in common have nothing to be compared by. A key that is named is held against them.
    let grids = grids.filter(|(earlier, later)| !key.is_empty() || share_columns(earlier, later));
    value["same"] = json!(before.bytes == after.bytes);
    match (grids, form) {
        _ if before.bytes == after.bytes => text += "  the same bytes\n",
        (Some((earlier, later)), _) => {
            let difference = compare(&earlier, &later, key).map_err(anyhow::Error::msg)?;
            text += &rows(&difference, most);
            value["rows"] = json!(difference);
        }
        (None, form) if form != Form::Binary => {
            let lines = lines(before, after);
            text += &indented(&show::lines(&lines, most), 2);
            value["lines"] = json!(lines);
        }
        (None, _) => text += &format!("  {} and {} bytes, not text\n", before.bytes.len(), after.bytes.len()),
    }
    let (told, totals) = totals(before, after);
    text += &told;
    value["totals"] = totals;
    Ok((text.trim_end().to_owned(), value))
}

fn alone(file: &str, side: &Side, word: &str, told: &str) -> (String, Value) {
    let value = json!({ "file": file, "only": word, "bytes": side.bytes.len(), "totals": side.totals });
    (format!("{file}: {told} ({}, {} bytes)", side.name, side.bytes.len()), value)
}

fn rows(difference: &Difference, most: usize) -> String {
    let Difference { columns, columns_added, columns_removed, key, added, removed, changed, same } = difference;
    let mut text = match key.as_slice() {
        [] => "  rows are compared in their order: no columns tell them apart\n".to_owned(),
        key => format!("  rows are told apart by {}\n", plain(&key.join(", "))),
    };
    for (told, columns) in [("came", columns_added), ("went", columns_removed)] {
        if !columns.is_empty() {
            text += &format!("  columns that {told}: {}\n", plain(&columns.join(", ")));
        }
    }
    for row in changed.iter().take(most) {
        let name = match key.as_slice() {
            [] => format!("row {}", row.key.join(" ")),
            key => {
                key.iter().zip(&row.key).map(|(name, is)| format!("{name} {}", cell(is))).collect::<Vec<_>>().join(", ")
            }
        };
        let cells: Vec<_> = row
            .cells
            .iter()
            .map(|of| vec![cell(&of.column), shown(&of.before), "→".to_owned(), shown(&of.after)])
            .collect();
        text += &format!("  ~ {}\n{}", plain(&name), indented(&table(&cells), 6));
    }
    text += &more(changed.len(), most, "changed");
    for (sign, rows, told) in [('-', removed, "removed"), ('+', added, "added")] {
        for row in rows.iter().take(most) {
            let filled = columns.iter().zip(row).filter(|(_, is)| !is.is_empty());
            let cells: Vec<String> = filled.map(|(column, is)| format!("{column} {}", cell(is))).collect();
            text += &format!("  {sign} {}\n", plain(&cells.join(", ")));
        }
        text += &more(rows.len(), most, told);
    }
    let counts = [(changed.len(), "changed"), (removed.len(), "removed"), (added.len(), "added"), (*same, "the same")];
    let counts: Vec<String> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
    text + &format!("  rows: {}\n", counts.join(", "))
}

/// A cell, so that one sees that it is empty.
fn shown(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { cell(text) }
}

fn more(of: usize, most: usize, what: &str) -> String {
    if of > most { format!("  … and {} more {what}\n", of - most) } else { String::new() }
}

fn lines(before: &Side, after: &Side) -> String {
    let (earlier, later) = (String::from_utf8_lossy(&before.bytes), String::from_utf8_lossy(&after.bytes));
    let difference = similar::TextDiff::configure().timeout(PATIENCE).diff_lines(&*earlier, &*later);
    difference.unified_diff().header(&before.name, &after.name).to_string()
}

/// Control totals side by side, and what they differ in where they are numbers.
fn totals(before: &Side, after: &Side) -> (String, Value) {
    let find = |side: &Side, name: &str| side.totals.iter().find(|(n, _)| n == name).map(|(_, is)| is.clone());
    let mut names: Vec<&String> = before.totals.iter().map(|(name, _)| name).collect();
    names.extend(after.totals.iter().map(|(name, _)| name).filter(|name| find(before, name).is_none()));
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for name in names {
        let (was, is) = (find(before, name), find(after, name));
        let exact = |total: &Option<String>| total.as_deref().and_then(number);
        let difference = exact(&was).zip(exact(&is)).map(|(was, is)| is - was);
        let told = difference.filter(|by| !by.is_zero()).map(|by| format!("{by:+}")).unwrap_or_default();
        values.push(json!({
            "name": name, "before": was, "after": is, "difference": difference.map(|by| by.to_string()),
        }));
        lines.push(vec![plain(name).into_owned(), was.unwrap_or_default(), is.unwrap_or_default(), told]);
    }
    if lines.is_empty() {
        return (String::new(), json!([]));
    }
    lines.insert(0, vec!["totals".to_owned(), before.name.clone(), after.name.clone(), "difference".to_owned()]);
    (indented(&table(&lines), 2), json!(values))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(before: &str, after: &str, key: &[String]) -> Result<(String, Value)> {
        let side = |name: &str, text: &str| Side {
            name: name.to_owned(),
            content_type: "text/csv".to_owned(),
            bytes: text.into(),
            totals: Vec::new(),
        };
        let states = States::Both(side("version 1", before), side("version 2", after));
        pair(&Pair { file: "a.csv".to_owned(), states }, key, 9)
    }

    #[test]
    fn where_no_column_is_in_both_lines_are_compared() {
        let (text, value) = told("Id,A\n1,x\n", "Code,B\n1,x\n", &[]).unwrap();
        assert!(text.contains("-Id,A") && text.contains("+Code,B") && !text.contains("the same"), "{text}");
        assert!(value["lines"].as_str().unwrap().contains("+Code,B") && value["rows"].is_null(), "{value}");
        let error = told("Id,A\n1,x\n", "Code,B\n1,x\n", &["Id".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("there is no column `Id` in both"), "{error}");
    }

    #[test]
    fn a_script_reads_the_cells_that_changed() {
        let (_, value) = told("Id,A,B\n1,x,1\n2,y,1\n", "Id,A,C\n1,z,1\n2,y,1\n", &[]).unwrap();
        let changed = json!([{ "key": ["1"], "cells": [{ "column": "A", "before": "x", "after": "z" }] }]);
        let rows = json!({
            "columns": ["Id", "A"], "columnsAdded": ["C"], "columnsRemoved": ["B"], "key": ["Id"],
            "added": [], "removed": [], "changed": changed, "same": 1,
        });
        assert_eq!(value["rows"], rows);
    }
}
