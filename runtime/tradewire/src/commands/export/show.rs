//! How rows and totals are shown to people: aligned, cut, and without anything that a terminal would obey.

use std::borrow::Cow;

use super::grid::{Grid, number};

/// The widest that a cell is shown, in characters.
const WIDEST: usize = 32;

/// A cell as it is shown: one line, and no wider than that.
pub fn cell(text: &str) -> String {
    let plain = plain(text);
    match plain.chars().count() > WIDEST {
        true => plain.chars().take(WIDEST - 1).chain(['…']).collect(),
        false => plain.into_owned(),
    }
}

/// A text with its control characters as their escapes.
pub fn plain(text: &str) -> Cow<'_, str> {
    // A character that turns the direction of others would show a cell as what it is not.
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_odd(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// The first lines of a text, at most `most`, and how many more there are.
pub fn lines(text: &str, most: usize) -> String {
    let mut lines = text.lines();
    let first: String = lines.by_ref().take(most).map(|line| format!("{}\n", plain(line))).collect();
    match lines.count() {
        0 => first,
        rest => format!("{first}… and {rest} more lines\n"),
    }
}

/// The rows below their columns, numbers to the right.
pub fn grid(grid: &Grid) -> String {
    let shown = |row: &Vec<String>| row.iter().map(|text| cell(text)).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = std::iter::once(&grid.columns).chain(&grid.rows).map(shown).collect();
    let columns = grid.columns.len();
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let numeric = |n: usize| {
        let mut cells = grid.rows.iter().map(|row| &row[n]).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| number(cell).is_some())
    };
    let numeric: Vec<bool> = (0..columns).map(numeric).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(n, cell)| match numeric[n] {
            true => format!("{cell:>0$}", widths[n]),
            false => format!("{cell:0$}", widths[n]),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Names and values below each other.
pub fn totals(totals: &[(String, String)]) -> String {
    let width = totals.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    totals.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// A text, each line as far in.
pub fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_wide_cells_are_cut() {
        let text = |row: &[&str]| row.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let rows = vec![text(&["Ann", "7.50"]), text(&[&"x".repeat(50), "12"])];
        let shown = grid(&Grid { columns: text(&["Name", "Hours"]), rows, total: 2 });
        let wide = format!("{}…", "x".repeat(31));
        assert_eq!(shown, format!("{:32}  Hours\n{:32}   7.50\n{wide}     12", "Name", "Ann"));
    }

    #[test]
    fn no_cell_takes_over_the_terminal() {
        assert_eq!(cell("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
    }
}
