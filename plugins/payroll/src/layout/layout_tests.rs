#![allow(clippy::unwrap_used)]

use super::*;

const SOUND: &str = r#"
provider = "Example Pay"
about = "One row a person."
file-name = "{company}.csv"
content-type = "text/csv"
format = { separator = ",", line-ending = "crlf", encoding = "ascii", hours = "0.00", amounts = "0.00" }

[[setting]]
name = "company"
about = "the company's code"
required = true

[[column]]
title = "Employee"
text = "{external-id}"
sure = "confirmed"

[[column]]
title = "Hours"
hours = "regular"
sure = "uncertain"
"#;

#[test]
fn the_layouts_of_all_providers_are_sound() {
    for (name, text) in PROVIDERS {
        assert_eq!(Layout::parse(text).err(), None, "{name}");
    }
    assert_eq!(Layout::parse(SOUND).err(), None);
}

#[test]
fn a_fault_is_told_with_its_line_and_what_to_do() {
    for (from, to, told) in [
        ("hours = \"regular\"", "hours = \"reglar\"", "line 20: unknown variant `reglar`"),
        ("sure = \"uncertain\"", "shure = \"uncertain\"", "line 21: unknown field `shure`"),
        ("{company}.csv", "{kompany}.csv", "line 4: `kompany` is no [[setting]] of the layout"),
        ("{company}.csv", "{name}.csv", "line 4: `{name}.csv` is the same for all rows"),
        ("{external-id}", "{external-id", "line 14: `{external-id` has a `{` without a `}`"),
        ("\"{external-id}\"", "\"{external-id}\"\nhours = \"row\"", "line 14: column `Employee` has more than one"),
        ("{external-id}", "{company}", "no column says who is paid"),
        ("hours = \"regular\"", "hours = \"row\"", "do not say of which"),
        ("hours = \"regular\"", "", "no column has hours or money"),
        ("hours = \"regular\"", "slot-amount = 1", "slots are numbered 1, 2, 3"),
        ("hours = \"regular\"", "hours = \"regular\"\nbeside = \"Money\"", "line 19: `beside` names `Money`"),
        ("hours = \"regular\"", "hours = \"regular\"\nwhen = \"company=x\"", "line 19: `x` is not among the choices"),
        (
            "hours = \"regular\"",
            "hours = \"regular\"\nrule = { says = \"x\", pattern = \"(\" }",
            "line 19: pattern `(`",
        ),
        ("name = \"company\"", "name = \"codes\"", "line 9: setting `codes` has a name that every layout has"),
        ("hours = \"0.00\"", "hours = \"0,00\"", "line 6: `0,00` is no step: write `0.00` or `HH:MM`"),
        ("separator = \",\"", "separator = \",,\"", "line 6: `separator` is not one character"),
        ("{external-id}", "{unit:company}", "line 14: setting `company` is no table: write `table = true`"),
    ] {
        let text = SOUND.replacen(from, to, 1);
        assert_ne!(text, SOUND, "{from}");
        let faults = Layout::parse(&text).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains(told)), "`{told}` in {faults:#?}");
    }
}

#[test]
fn every_column_says_how_sure_it_is() {
    for (name, text) in PROVIDERS {
        let layout = Layout::parse(text).unwrap();
        let told = layout.markdown(name);
        let columns = told.split("| Column |").nth(1).unwrap();
        let rows: Vec<_> = columns.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), layout.columns.len(), "{told}");
        assert!(
            rows.iter().all(|row| ["confirmed |", "implementations |", "uncertain |"].iter().any(|w| row.ends_with(w)))
        );
    }
}
