//! Files as rows and columns: what is in comma-separated values, tab-separated values and JSON Lines.
//!
//! Which lines are a header is not said anywhere in such a file. The first line is taken for one where none of its cells is
//! empty or a number; otherwise columns go by their place, from 1.

use std::collections::HashMap;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// A file's rows and columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The names of the columns; each but once: `Code`, `Code (2)`.
    pub columns: Vec<String>,
    /// The rows that were wanted. Each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are.
    pub total: usize,
}

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Cells with this between them.
    Separated(u8),
    /// A JSON object a line.
    JsonLines,
    /// Any other text.
    Text,
    /// Not text.
    Binary,
}

impl Form {
    /// By a file's name, media type and beginning.
    pub fn of(name: &str, content_type: &str, bytes: &[u8]) -> Form {
        if std::str::from_utf8(bytes).is_err() {
            return Form::Binary;
        }
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim();
        match (content_type, extension.as_str()) {
            ("application/jsonl" | "application/x-ndjson" | "application/x-jsonlines", _) | (_, "jsonl" | "ndjson") => {
                Form::JsonLines
            }
            ("text/tab-separated-values", _) | (_, "tsv" | "tab" | "iif") => Form::Separated(b'\t'),
            ("text/csv", _) | (_, "csv") => Form::Separated(separator(bytes)),
            _ if bytes.contains(&0) => Form::Binary,
            _ => Form::Text,
        }
    }
}

/// What stands most often in the first line, of what may separate cells.
fn separator(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
    // The last of those that stand equally often wins: a comma, then.
    *b"|;\t,".iter().max_by_key(|separator| count(**separator)).unwrap_or(&b',')
}

impl Grid {
    /// The first rows of a file, at most `keep`; none where the file is no rows and columns.
    pub fn read(form: Form, bytes: &[u8], keep: usize) -> Option<Grid> {
        match form {
            Form::Separated(separator) => Grid::separated(separator, bytes, keep),
            Form::JsonLines => Grid::json_lines(bytes, keep),
            Form::Text | Form::Binary => None,
        }
    }

    fn separated(separator: u8, bytes: &[u8], keep: usize) -> Option<Grid> {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(bytes);
        let mut grid = Grid::default();
        let (mut record, mut is_first) = (csv::StringRecord::new(), true);
        while reader.read_record(&mut record).ok()? {
            let cells = || record.iter().map(str::to_owned).collect::<Vec<_>>();
            let is_title = |cell: &str| !cell.trim().is_empty() && number(cell).is_none();
            if std::mem::take(&mut is_first) && record.iter().all(is_title) {
                grid.columns = cells();
                continue;
            }
            grid.total += 1;
            if grid.rows.len() < keep {
                grid.rows.push(cells());
            }
        }
        grid.square();
        Some(grid)
    }

    fn json_lines(bytes: &[u8], keep: usize) -> Option<Grid> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (mut grid, mut places) = (Grid::default(), HashMap::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            grid.total += 1;
            if grid.rows.len() >= keep {
                continue;
            }
            let object: IndexMap<String, &RawValue> = serde_json::from_str(line).ok()?;
            let mut cells = vec![String::new(); grid.columns.len()];
            for (name, value) in object {
                let place = *places.entry(name.clone()).or_insert_with(|| {
                    grid.columns.push(name);
                    grid.columns.len() - 1
                });
                if place >= cells.len() {
                    cells.resize(place + 1, String::new());
                }
                // Anything but a text stands as it is written: numbers keep every digit.
                cells[place] = match value.get() {
                    "null" => String::new(),
                    text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
                    other => other.to_owned(),
                };
            }
            grid.rows.push(cells);
        }
        grid.square();
        Some(grid)
    }

    /// Gives all rows as many cells as there are columns, and all columns a name of their own.
    fn square(&mut self) {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.columns.len());
        for place in self.columns.len()..width {
            self.columns.push((place + 1).to_string());
        }
        let mut seen = HashMap::new();
        for column in &mut self.columns {
            let times = seen.entry(column.clone()).and_modify(|times| *times += 1).or_insert(1);
            if *times > 1 {
                *column = format!("{column} ({times})");
            }
        }
        self.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    }
}

/// An exact number, where a cell is one.
pub fn number(cell: &str) -> Option<Decimal> {
    cell.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(name: &str, text: &str, keep: usize) -> Grid {
        let form = Form::of(name, "", text.as_bytes());
        Grid::read(form, text.as_bytes(), keep).unwrap()
    }

    #[test]
    fn the_first_line_is_a_header_where_it_can_be_one() {
        let grid = read("a.csv", "Id,Name\r\n1,\"O'Malley, \"\"Al\"\"\"\r\n2,x\r\n3,y\r\n", 2);
        assert_eq!(grid.columns, ["Id", "Name"]);
        assert_eq!(grid.rows, [["1", "O'Malley, \"Al\""], ["2", "x"]]);
        assert_eq!(grid.total, 3);
        let grid = read("a.csv", "1,7.50\r\n2,8.00\r\n", 9);
        assert_eq!((grid.columns, grid.total), (vec!["1".to_owned(), "2".to_owned()], 2));
    }

    #[test]
    fn rows_of_different_lengths_and_equal_titles_are_told_apart() {
        let grid = read("a.iif", "!HDR\tCode\tCode\nTIME\t1\n\tx\ty\tz\n", 9);
        assert_eq!(grid.columns, ["!HDR", "Code", "Code (2)", "4"]);
        assert_eq!(grid.rows, [["TIME", "1", "", ""], ["", "x", "y", "z"]]);
    }

    #[test]
    fn json_lines_keep_their_numbers_as_they_are_written() {
        let grid = read("a.jsonl", "{\"id\":1,\"hours\":7.500}\n{\"id\":2,\"note\":\"a\\nb\",\"hours\":null}\n", 9);
        assert_eq!(grid.columns, ["id", "hours", "note"]);
        assert_eq!(grid.rows, [["1", "7.500", ""], ["2", "", "a\nb"]]);
    }

    #[test]
    fn the_form_is_told_by_name_type_and_content() {
        assert_eq!(Form::of("x", "text/csv", b"a;b;c\n"), Form::Separated(b';'));
        assert_eq!(Form::of("x.csv", "", b"a,b|c\n"), Form::Separated(b','));
        assert_eq!(Form::of("x.xlsx", "", b"PK\x03\x04\xff"), Form::Binary);
        assert_eq!(Form::of("x.json", "application/json", b"{}"), Form::Text);
    }
}
