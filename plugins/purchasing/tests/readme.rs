//! The plugin's README says of each layout what the layout says.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;

use tradewire_purchasing::ledger::{LEDGERS, Layout};

#[test]
fn the_readme_has_the_tables_of_all_layouts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger-bills/README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let start = readme.find("<!-- layouts: ").unwrap();
    let start = start + readme[start..].find('\n').unwrap() + 1;
    let end = readme.find("<!-- end of layouts -->").unwrap();
    let tables: Vec<_> = LEDGERS.iter().map(|(name, _)| Layout::of(name).unwrap().markdown(name)).collect();
    let tables = format!("\n{}\n", tables.join("\n"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{}{tables}{}", &readme[..start], &readme[end..])).unwrap();
    } else {
        assert_eq!(&readme[start..end], tables, "run this test with UPDATE=1 to write the README's tables again");
    }
}
