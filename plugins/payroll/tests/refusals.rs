//! What providers would not take, or nobody should be paid by: told all at once, with names, and no file.
#![allow(clippy::unwrap_used)]

mod month;

use month::{ANN, BOB, Month, THU, codes, dec, layout, without};
use tradewire_payroll::{HoursClass, Rules};

const SETTINGS: [(&str, &[(&str, &str)]); 6] = [
    ("adp-workforce-now", &[("company-code", "AB")]),
    ("adp-run", &[("iid", "12345"), ("frequency", "W")]),
    ("paychex-flex", &[("client-id", "Y4658815")]),
    ("gusto", &[("pto-column", "pto")]),
    ("paylocity", &[]),
    ("quickbooks-desktop", &[("company-name", "Acme"), ("company-create-time", "1")]),
];

#[track_caller]
fn refused(month: &Month, provider: &str, more: &[(&str, &str)], rules: Rules, parts: &[&str]) {
    let own = SETTINGS.iter().find(|(name, _)| *name == provider).unwrap().1;
    let told = month.file(layout(provider), &[own, more].concat(), rules).unwrap_err();
    assert_eq!(told.len(), parts.len(), "{provider}: {told:#?}");
    for (told, part) in told.iter().zip(parts) {
        assert!(told.contains(part), "{provider}: `{told}` should say `{part}`");
    }
}

#[test]
fn every_provider_is_refused_a_month_with_holes_and_told_all_of_them() {
    let mut month = Month::approved();
    month.settings[0].external_id = None;
    month.periods[2].status = Some("Pending".to_owned());
    month.money(11, 9, "Plumbing", "XYZ", dec("5"));
    for (provider, _) in SETTINGS {
        refused(
            &month,
            provider,
            &[],
            Rules::default(),
            &[
                "Thu Nguyễn Thị (technician 2): payroll 12 of 2026-01-05 to 2026-01-11 is Pending",
                "Ann O'Neil (technician 1): no external payroll id",
                "Bob Stone (employee 1): gross pay item 1011 has activity code 99, which has no code",
            ],
        );
    }
}

#[test]
fn ids_that_a_provider_would_not_take() {
    for (provider, id, part) in [
        ("adp-workforce-now", "50", "`50` is not a File # of ADP"),
        ("adp-workforce-now", "1000000", "`1000000` is not a File #"),
        ("adp-workforce-now", "１２３", "`１２３` is not a File #"),
        ("adp-run", "=1", "`=1` is not an id of ADP"),
        ("paychex-flex", "12345678901", "is not a Worker ID of Paychex"),
        ("gusto", "@id", "`@id` is not an id of Gusto"),
        ("paylocity", "a b", "`a b` is not an id of Paylocity"),
        ("quickbooks-desktop", "+A", "`+A` is not a text that spreadsheets do not run"),
        ("quickbooks-desktop", "Trần", "`Trần` is not a text of ASCII characters alone"),
        ("quickbooks-desktop", "Ann\tO", r"`Ann\tO` is not a text without tabs"),
        ("quickbooks-desktop", "Ann \"A\"", "is not a text without quotation marks"),
    ] {
        let mut month = Month::approved();
        month.items.retain(|item| item.payroll_id == 10 && item.hours > dec("0"));
        month.settings[0].external_id = Some(id.to_owned());
        refused(&month, provider, &[], Rules::default(), &[part]);
    }
    let mut month = Month::approved();
    month.settings[1].external_id = Some("000123".to_owned());
    let told = ["external payroll id `000123` belongs to Ann O'Neil (technician 1) and Bob Stone (employee 1)"];
    refused(&month, "adp-workforce-now", &[], Rules::default(), &told);
}

#[test]
fn codes_that_a_provider_would_not_take() {
    let month = Month::approved();
    for code in ["=cmd()", "-1", "Café", "a\r\nb", "a code much longer than all providers take"] {
        let rules = || codes(&[("BON", code)]);
        let part = format!("earnings code `{}` is not", code.escape_debug());
        for provider in ["adp-workforce-now", "adp-run", "paychex-flex", "paylocity"] {
            refused(&month, provider, &[], rules(), &[&part]);
        }
    }
    let told = ["earnings code `BON` has no place in this file: give it one of bonus, commission", "`COM`", "`MIL`"];
    refused(&month, "gusto", &[], Rules::default(), &told);
}

#[test]
fn kinds_of_pay_that_a_layout_has_no_place_for() {
    let month = Month::approved();
    let told = ["earnings code `BON` has no place in this file: leave its kind out", "`COM`", "`MIL`"];
    refused(&month, "quickbooks-desktop", &[], Rules::default(), &told);
    let own = codes(&[("BON", "bonus"), ("COM", "bonus"), ("MIL", "bonus")]);
    let told = month.file(layout("gusto"), &[], Rules { skipped: without(&["custom-bonus"]).skipped, ..own });
    assert_eq!(
        told.unwrap_err(),
        ["paid time off hours has no place in this file: set `pto-column`"],
        "hours are never dropped"
    );
}

#[test]
fn less_than_nothing_where_a_provider_is_not_known_to_take_it() {
    let month = Month::approved();
    let rules = codes(&[("BON", "bonus"), ("COM", "commission"), ("MIL", "reimbursement")]);
    let told = ["Thu Nguyễn Thị (technician 2): `-40.00` cannot stand in column `commission`"];
    refused(&month, "gusto", &[], rules, &told);
    let mut month = Month::approved();
    month.time(12, 7, "HVAC", HoursClass::Overtime, dec("-1.5"), dec("0"));
    let told = ["Thu Nguyễn Thị (technician 2): `-01:30` cannot stand in column `DURATION`"];
    refused(&month, "quickbooks-desktop", &[], without(&["custom-bonus", "reimbursement"]), &told);
}

#[test]
fn more_hours_than_fit() {
    let mut month = Month::approved();
    month.time(10, 5, "HVAC", HoursClass::Regular, dec("15.6667"), dec("0.01"));
    let told = ["Ann O'Neil (technician 1): `24:00` cannot stand in column `DURATION`"];
    refused(&month, "quickbooks-desktop", &[], without(&["custom-bonus", "reimbursement"]), &told);
    month.time(10, 5, "HVAC", HoursClass::Regular, dec("961"), dec("0.01"));
    refused(&month, "paychex-flex", &[], Rules::default(), &["`1000.75` cannot stand in column `Hours`"]);
}

#[test]
fn names_that_are_formulas_or_missing_or_shared() {
    let mut month = Month::approved();
    month.items.retain(|item| item.hours > dec("0"));
    month.names.get_mut(&BOB).unwrap().last = "=HYPERLINK(\"http://example.com\")".to_owned();
    let formula = "Bob Stone (employee 1): `=HYPERLINK(\\\"http://example.com\\\")` cannot stand in column `last_name`";
    refused(&month, "gusto", &[], Rules::default(), &[formula]);
    let settings = [("pto-column", "pto"), ("names", "no")];
    let (file, _) = month.file(layout("gusto"), &settings, Rules::default()).unwrap();
    assert!(file.starts_with("gusto_employee_id,regular_hours,") && !file.contains("HYPERLINK"), "{file}");

    month.names.get_mut(&ANN).unwrap().first = " ".to_owned();
    let nameless = "Ann O'Neil (technician 1): no name, by which the provider finds people";
    refused(&month, "gusto", &[], Rules::default(), &[nameless, formula]);

    let by_name = [("employee", "name")];
    let told = ["Thu Nguyễn Thị (technician 2): `Thu Nguyễn Thị` cannot stand in column `EMP`: write a text of ASCII"];
    refused(&month, "quickbooks-desktop", &by_name, Rules::default(), &told);
    month.names.get_mut(&THU).unwrap().full = "bob stone".to_owned();
    let told = ["the name `bob stone` belongs to bob stone (technician 2) and Bob Stone (employee 1)"];
    refused(&month, "quickbooks-desktop", &by_name, Rules::default(), &told);
}

#[test]
fn units_that_the_provider_has_no_word_for() {
    let mut month = Month::approved();
    month.items[0].unit = None;
    let departments = [("departments", "HVAC=100")];
    let told = ["there is pay without a business unit: add `*=…`", "business unit `Plumbing` is not in `departments`"];
    for provider in ["adp-workforce-now", "adp-run"] {
        refused(&month, provider, &departments, Rules::default(), &told);
    }
}

#[test]
fn days_that_are_missing_where_the_file_has_days() {
    let mut month = Month::approved();
    month.items[0].day = None;
    let told = ["Ann O'Neil (technician 1): payroll 10 has an item without a date"];
    refused(&month, "paychex-flex", &[("line-date", "day")], Rules::default(), &told);
    assert!(month.file(layout("paychex-flex"), &[("client-id", "1")], Rules::default()).is_ok());
}

#[test]
fn settings_that_are_wrong_are_all_told() {
    let month = Month::approved();
    for (provider, settings, parts) in [
        (
            "adp-workforce-now",
            &[("company-code", "A/../B"), ("batch-id", "123456789"), ("pto-code", "=P"), ("departments", "HVAC")][..],
            &["`company-code`", "`batch-id`", "`pto-code`", "`departments` holds `HVAC`"][..],
        ),
        ("adp-run", &[("frequency", "Y")], &["`iid` is missing", "`frequency` is `Y`: write `W` or `B`"]),
        ("paychex-flex", &[("client-id", "123456789")], &["`client-id` is `123456789`: write 1 to 8 letters"]),
        ("gusto", &[("names", "maybe")], &["`names` is `maybe`: write `yes` or `no`"]),
        ("paylocity", &[("columns", "Hours, Hourz")], &["names column `Hourz`"]),
        (
            "paylocity",
            &[("columns", "Hours, Amount")],
            &["no column says who is paid", "no column says what a row pays"],
        ),
        ("quickbooks-desktop", &[("company-create-time", "1"), ("company-name", "=x")], &["`company-name` is `=x`"]),
    ] {
        let told = month.file(layout(provider), settings, Rules::default()).unwrap_err();
        assert_eq!(told.len(), parts.len(), "{provider}: {told:#?}");
        for (told, part) in told.iter().zip(parts) {
            assert!(told.contains(part), "{provider}: `{told}` should say `{part}`");
        }
    }
}
