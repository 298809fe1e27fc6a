//! Rows in columns.

/// Lines whose cells begin below each other; the last cell of a row is as long as it is.
pub fn table(rows: &[Vec<String>]) -> String {
    let width = |n: usize| rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows.iter().map(Vec::len).max().unwrap_or(0)).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn cells_begin_below_each_other() {
        let rows = [["a", "é", "x"], ["long", "", "y z"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a     é  x\nlong     y z");
        assert_eq!(table(&[]), "");
    }
}
