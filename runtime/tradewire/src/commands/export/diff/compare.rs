//! Two tables, row by row: which came, which went, which cells changed.
//!
//! Rows are told apart by a key: the columns that are named, else the fewest that are different in every row of either
//! table and leave the fewest rows without a partner. Where no columns do that, rows are compared in their order.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::commands::export::grid::Grid;

/// The most columns of a key that is found, and of how many columns it is made.
const LONGEST_KEY: usize = 3;
const KEY_COLUMNS: usize = 16;
/// How long the order of rows, or of lines, may be looked at; after that what is found is rougher.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What two tables differ in.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The columns that both have.
    pub columns: Vec<String>,
    /// The columns that only the later one has.
    pub columns_added: Vec<String>,
    /// The columns that only the earlier one has.
    pub columns_removed: Vec<String>,
    /// The columns that tell rows apart; none where rows are compared in their order.
    pub key: Vec<String>,
    /// Rows of the later one alone.
    pub added: Vec<Vec<String>>,
    /// Rows of the earlier one alone.
    pub removed: Vec<Vec<String>>,
    /// Rows of which some cells changed.
    pub changed: Vec<Changed>,
    /// How many rows are the same.
    pub same: usize,
}

/// A row of which some cells changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The cells of the key; without one the number of the row in the earlier table, from 1.
    pub key: Vec<String>,
    /// The cells that changed.
    pub cells: Vec<ChangedCell>,
}

/// A cell that changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ChangedCell {
    pub column: String,
    pub before: String,
    pub after: String,
}

/// Whether any column is in both tables.
pub fn share_columns(before: &Grid, after: &Grid) -> bool {
    before.columns.iter().any(|column| after.columns.contains(column))
}

/// Compares two tables.
///
/// # Errors
/// The columns of the key are not there, or do not tell rows apart.
pub fn compare(before: &Grid, after: &Grid, wanted: &[String]) -> Result<Difference, String> {
    let common: Vec<(usize, usize)> = before
        .columns
        .iter()
        .enumerate()
        .filter_map(|(n, column)| Some((n, after.columns.iter().position(|other| other == column)?)))
        .collect();
    let only = |of: &Grid, other: &Grid| {
        of.columns.iter().filter(|column| !other.columns.contains(column)).cloned().collect::<Vec<_>>()
    };
    let mut difference = Difference {
        columns: common.iter().map(|(n, _)| before.columns[*n].clone()).collect(),
        columns_added: only(after, before),
        columns_removed: only(before, after),
        ..Difference::default()
    };
    let earlier: Vec<Vec<&str>> = project(before, common.iter().map(|(n, _)| *n));
    let later: Vec<Vec<&str>> = project(after, common.iter().map(|(_, n)| *n));
    let key = match wanted {
        [] => find_key(&earlier, &later, common.len()),
        wanted => Some(named_key(&difference.columns, wanted, &earlier, &later)?),
    };
    match key {
        Some(key) => by_key(&mut difference, &key, &earlier, &later),
        None => by_order(&mut difference, &earlier, &later),
    }
    Ok(difference)
}

fn project(grid: &Grid, columns: impl Iterator<Item = usize> + Clone) -> Vec<Vec<&str>> {
    grid.rows.iter().map(|row| columns.clone().map(|n| row[n].as_str()).collect()).collect()
}

fn key_of<'a>(row: &[&'a str], key: &[usize]) -> Vec<&'a str> {
    key.iter().map(|n| row[*n]).collect()
}

/// The keys of all rows, where each has its own.
fn keys<'a>(rows: &[Vec<&'a str>], key: &[usize]) -> Option<HashSet<Vec<&'a str>>> {
    let mut seen = HashSet::with_capacity(rows.len());
    let own = |row: &Vec<&'a str>| {
        let cells = key_of(row, key);
        cells.iter().any(|cell| !cell.is_empty()) && seen.insert(cells)
    };
    rows.iter().all(own).then_some(seen)
}

fn named_key(
    columns: &[String],
    wanted: &[String],
    earlier: &[Vec<&str>],
    later: &[Vec<&str>],
) -> Result<Vec<usize>, String> {
    let place = |name: &String| {
        let place = columns.iter().position(|column| column == name.trim());
        place.ok_or_else(|| format!("there is no column `{name}` in both; the columns are: {}", columns.join(", ")))
    };
    let key: Vec<usize> = wanted.iter().map(place).collect::<Result<_, _>>()?;
    match keys(earlier, &key).is_some() && keys(later, &key).is_some() {
        true => Ok(key),
        false => Err(format!("`{}` does not tell all rows apart: name more columns in `--key`", wanted.join(","))),
    }
}

fn find_key(earlier: &[Vec<&str>], later: &[Vec<&str>], columns: usize) -> Option<Vec<usize>> {
    let mut best: Option<(usize, Vec<usize>)> = None;
    // What contains a key is one too, and leaves no fewer rows without a partner.
    let mut found: Vec<Vec<usize>> = Vec::new();
    let least = earlier.len().abs_diff(later.len());
    for length in 1..=LONGEST_KEY {
        for key in combinations(columns.min(KEY_COLUMNS), length) {
            if found.iter().any(|shorter| shorter.iter().all(|column| key.contains(column))) {
                continue;
            }
            let Some((before, after)) = keys(earlier, &key).zip(keys(later, &key)) else { continue };
            let alone = before.symmetric_difference(&after).count();
            if best.as_ref().is_none_or(|(fewest, _)| alone < *fewest) {
                best = Some((alone, key.clone()));
            }
            found.push(key);
        }
        // Nothing can be better than that.
        if best.as_ref().is_some_and(|(fewest, _)| *fewest == least) {
            break;
        }
    }
    best.map(|(_, key)| key)
}

/// All choices of so many columns, in order.
fn combinations(columns: usize, length: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..length {
        let longer = |chosen: &Vec<usize>| {
            let chosen = chosen.clone();
            let next = chosen.last().map_or(0, |last| last + 1);
            (next..columns).map(move |column| chosen.iter().copied().chain([column]).collect())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

fn by_key(difference: &mut Difference, key: &[usize], earlier: &[Vec<&str>], later: &[Vec<&str>]) {
    difference.key = key.iter().map(|n| difference.columns[*n].clone()).collect();
    let mut partners: HashMap<Vec<&str>, &Vec<&str>> = later.iter().map(|row| (key_of(row, key), row)).collect();
    for row in earlier {
        let own = key_of(row, key);
        match partners.remove(&own) {
            Some(partner) => meet(difference, own.iter().map(|cell| (*cell).to_owned()).collect(), row, partner),
            None => difference.removed.push(owned(row)),
        }
    }
    let is_new = |row: &&Vec<&str>| partners.contains_key(&key_of(row, key));
    difference.added = later.iter().filter(is_new).map(|row| owned(row)).collect();
}

fn by_order(difference: &mut Difference, earlier: &[Vec<&str>], later: &[Vec<&str>]) {
    let deadline = Instant::now().checked_add(PATIENCE);
    for op in capture_diff_slices_deadline(Algorithm::Patience, earlier, later, deadline) {
        match op {
            DiffOp::Equal { len, .. } => difference.same += len,
            DiffOp::Delete { old_index, old_len, .. } => {
                difference.removed.extend(earlier[old_index..old_index + old_len].iter().map(|row| owned(row)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                difference.added.extend(later[new_index..new_index + new_len].iter().map(|row| owned(row)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let (old, new) = (&earlier[old_index..old_index + old_len], &later[new_index..new_index + new_len]);
                for n in 0..old_len.max(new_len) {
                    match (old.get(n), new.get(n)) {
                        (Some(before), Some(after)) if are_alike(before, after) => {
                            meet(difference, vec![(old_index + n + 1).to_string()], before, after);
                        }
                        (before, after) => {
                            difference.removed.extend(before.map(|row| owned(row)));
                            difference.added.extend(after.map(|row| owned(row)));
                        }
                    }
                }
            }
        }
    }
}

/// Whether two rows may be one that changed: at least half of their cells are the same.
fn are_alike(before: &[&str], after: &[&str]) -> bool {
    2 * before.iter().zip(after).filter(|(before, after)| before == after).count() >= before.len()
}

fn meet(difference: &mut Difference, key: Vec<String>, before: &[&str], after: &[&str]) {
    let cells = difference.columns.iter().zip(before.iter().zip(after));
    let cells: Vec<_> = cells
        .filter(|(_, (before, after))| before != after)
        .map(|(column, (before, after))| ChangedCell {
            column: column.clone(),
            before: (*before).to_owned(),
            after: (*after).to_owned(),
        })
        .collect();
    match cells.is_empty() {
        true => difference.same += 1,
        false => difference.changed.push(Changed { key, cells }),
    }
}

fn owned(row: &[&str]) -> Vec<String> {
    row.iter().map(|cell| (*cell).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::commands::export::grid::Form;

    fn grid(text: &str) -> Grid {
        Grid::read(Form::Separated(b','), text.as_bytes(), usize::MAX).unwrap()
    }

    fn differ(before: &str, after: &str) -> Difference {
        compare(&grid(before), &grid(after), &[]).unwrap()
    }

    #[test]
    fn rows_meet_by_the_column_that_tells_them_apart() {
        let difference =
            differ("Code,Id,Hours\nREG,7,40\nREG,8,38\nREG,9,1\n", "Code,Id,Hours\nREG,9,1\nREG,8,39\nREG,6,5\n");
        assert_eq!(difference.key, ["Id"]);
        assert_eq!(
            difference.changed,
            [Changed {
                key: vec!["8".into()],
                cells: vec![ChangedCell { column: "Hours".into(), before: "38".into(), after: "39".into() }]
            }]
        );
        assert_eq!(difference.removed, [["REG", "7", "40"]]);
        assert_eq!(difference.added, [["REG", "6", "5"]]);
        assert_eq!(difference.same, 1);
    }

    #[test]
    fn several_columns_are_a_key_where_one_is_not() {
        let before = "Id,Code,Hours\n7,REG,40\n7,OT,2\n8,REG,40\n";
        let difference = differ(before, "Id,Code,Hours\n7,REG,40\n7,OT,3\n8,REG,40\n");
        assert_eq!(difference.key, ["Id", "Code"]);
        assert_eq!(difference.changed[0].key, ["7", "OT"]);
        assert_eq!(difference.same, 2);
    }

    #[test]
    fn amounts_that_happen_to_differ_are_no_key_when_they_change() {
        let difference = differ("Amount,Id\n10,a\n20,b\n", "Amount,Id\n10,a\n21,b\n");
        assert_eq!(difference.key, ["Id"]);
        assert_eq!(difference.changed.len(), 1);
    }

    #[test]
    fn equal_rows_are_compared_in_their_order() {
        let difference = differ("Id,A,B\nx,1,2\nx,1,2\nx,3,4\n", "Id,A,B\nx,1,2\nx,3,5\nx,1,2\n");
        assert_eq!(difference.key, Vec::<String>::new());
        assert_eq!(difference.same + difference.changed.len() + difference.removed.len(), 3);
    }

    #[test]
    fn columns_that_come_and_go_are_told() {
        let difference = differ("Id,A\n1,x\n", "Id,B\n1,y\n");
        assert_eq!(
            (difference.columns_removed, difference.columns_added),
            (vec!["A".to_owned()], vec!["B".to_owned()])
        );
        assert_eq!(difference.same, 1);
    }

    #[test]
    fn a_key_that_is_named_must_be_one() {
        let (before, after) = (grid("Id,A\n1,x\n1,y\n"), grid("Id,A\n1,x\n1,y\n"));
        assert!(compare(&before, &after, &["Id".into()]).unwrap_err().contains("does not tell"));
        assert!(compare(&before, &after, &["Ix".into()]).unwrap_err().contains("the columns are: Id, A"));
        assert_eq!(compare(&before, &after, &["Id".into(), "A".into()]).unwrap().same, 2);
    }
}
