//! For any month, the sums by person and kind of pay in the file are those of the records: read back by readers of
//! their own, added up by arithmetic of its own, in whole numbers.
#![allow(clippy::unwrap_used)]

mod month;

use std::collections::BTreeMap;

use month::{CODES, Month, codes, layout, without};
use proptest::prelude::*;
use rust_decimal::Decimal;
use tradewire_payroll::{HoursClass, PersonKey, PersonKind, Rules};

/// By the person's id and the class of hours or the code: hundredths, or minutes.
type Sums = BTreeMap<(u32, String), i64>;

const UNITS: [&str; 3] = ["HVAC", "Plumbing", "Drains, & More"];

/// An item in ten-thousandths of an hour and of a dollar.
#[derive(Debug, Clone)]
struct Item {
    person: usize,
    week: usize,
    day: u32,
    unit: usize,
    kind: Kind,
    hours: i64,
    amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Time(HoursClass),
    Money(usize),
}

fn items(negative: bool) -> impl Strategy<Value = Vec<Item>> {
    let kind = prop_oneof![
        3 => prop::sample::select(HoursClass::ALL.to_vec()).prop_map(Kind::Time),
        2 => (0..CODES.len()).prop_map(Kind::Money),
    ];
    let least = if negative { -10_000 } else { 1 };
    // At most five hours an item and four items a day of one kind: less than 23:59.
    let item = (0..5usize, 0..2usize, 0..7u32, 0..UNITS.len(), kind, least..49_999i64, least..9_999_999i64);
    prop::collection::vec(item, 0..60).prop_map(|items| {
        let mut a_day = BTreeMap::new();
        let item =
            |(person, week, day, unit, kind, hours, amount)| Item { person, week, day, unit, kind, hours, amount };
        let mut items: Vec<Item> = items.into_iter().map(item).collect();
        items.retain(|item| {
            let count: &mut u32 = a_day.entry((item.person, item.week, item.day)).or_default();
            *count += 1;
            *count <= 4 && item.hours != 0
        });
        items
    })
}

fn month_of(items: &[Item]) -> Month {
    let mut month = Month::default();
    for place in 0..5 {
        let kind = if place % 2 == 0 { PersonKind::Technician } else { PersonKind::Employee };
        let person = PersonKey { kind, id: 7 + place as i64 };
        let name = ["Ann", "Bob", "Thu", "Đỗ", "Eve"][place];
        month.person(person, &(100 + place).to_string(), (name, "Trần, Jr."), 10 + place as i64);
        month.period(person, 20 + place as i64, 12);
    }
    for item in items {
        let payroll = 10 + 10 * item.week as i64 + item.person as i64;
        let (day, unit) = (5 + 7 * item.week as u32 + item.day, UNITS[item.unit]);
        let (hours, amount) = (Decimal::new(item.hours, 4), Decimal::new(item.amount, 4));
        match item.kind {
            Kind::Time(class) => month.time(payroll, day, unit, class, hours, amount),
            Kind::Money(code) => month.money(payroll, day, unit, CODES[code], amount),
        }
    }
    month
}

/// Half away from zero.
fn divide(value: i64, by: i64) -> i64 {
    (value.abs() * 2 + by) / (by * 2) * value.signum()
}

/// What should be in the file: each person's week and kind of pay, rounded once.
fn expected(items: &[Item], minutes: bool, by_hours: bool, label: impl Fn(Kind) -> Option<String>) -> Sums {
    let mut weeks: BTreeMap<(usize, usize, String), (i64, bool)> = BTreeMap::new();
    for item in items {
        let Some(label) = label(item.kind) else { continue };
        let is_hours = by_hours && matches!(item.kind, Kind::Time(_));
        weeks.entry((item.person, item.week, label)).or_insert((0, is_hours)).0 +=
            if is_hours { item.hours } else { item.amount };
    }
    let mut sums = Sums::new();
    for ((person, _, label), (sum, is_hours)) in weeks {
        let rounded = if is_hours && minutes { divide(sum * 60, 10_000) } else { divide(sum, 100) };
        *sums.entry((100 + person as u32, label)).or_default() += rounded;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The rows of a file as maps from titles to cells.
fn rows(file: &str, separator: u8, skip: usize) -> Vec<BTreeMap<String, String>> {
    let body: String = file.split_inclusive('\n').skip(skip).collect();
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).quoting(separator == b',').from_reader(body.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// `-12.34` as hundredths: always with two decimals.
fn hundredths(cell: &str) -> i64 {
    if cell.is_empty() {
        return 0;
    }
    let (whole, part) = cell.split_once('.').unwrap();
    assert_eq!(part.len(), 2, "{cell}");
    format!("{whole}{part}").parse().unwrap()
}

fn minutes(cell: &str) -> i64 {
    let (hours, minutes) = cell.split_once(':').unwrap();
    let (hours, minutes): (i64, i64) = (hours.parse().unwrap(), minutes.parse().unwrap());
    assert!(hours < 24 && minutes < 60, "{cell}");
    hours * 60 + minutes
}

fn class_of(code: &str) -> String {
    match code {
        "REG" | "Hourly" | "Regular" => "regular",
        "OVT" | "OT" | "Overtime" => "overtime",
        "DBL" | "DT" | "Doubletime" | "D" | "Double Overtime" => "double overtime",
        "VAC" | "PTO" | "P" | "Paid Time Off" => "paid time off",
        other => other,
    }
    .to_owned()
}

fn add(sums: &mut Sums, id: &str, label: &str, value: i64) {
    *sums.entry((id.parse().unwrap(), label.to_owned())).or_default() += value;
}

fn done(mut sums: Sums) -> Sums {
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn label(kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Time(class) => class.name().to_owned(),
        Kind::Money(code) => CODES[code].to_owned(),
    })
}

fn long(file: &str, skip: usize, [id, code, hours, amount]: [&str; 4]) -> Sums {
    let mut sums = Sums::new();
    for row in rows(file, b',', skip) {
        assert!(row[hours].is_empty() != row[amount].is_empty(), "{row:?}");
        add(&mut sums, &row[id], &class_of(&row[code]), hundredths(&row[hours]) + hundredths(&row[amount]));
    }
    done(sums)
}

fn wide(file: &str, id: &str, columns: &[(&str, &str)], slots: &[(&str, &str)]) -> Sums {
    let mut sums = Sums::new();
    for row in rows(file, b',', 0) {
        for (column, label) in columns {
            add(&mut sums, &row[id], label, hundredths(&row[*column]));
        }
        for (code, amount) in slots {
            assert_eq!(row[*code].is_empty(), row[*amount].is_empty(), "{row:?}");
            add(&mut sums, &row[id], &class_of(&row[*code]), hundredths(&row[*amount]));
        }
    }
    done(sums)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn adp_workforce_now(items in items(true), departments: bool, by_hours: bool) {
        let mut settings = vec![("company-code", "AB"), ("time", if by_hours { "hours" } else { "earnings" })];
        settings.extend(departments.then_some(("departments", "HVAC=1, Plumbing=2, *=3")));
        let (file, _) = month_of(&items).file(layout("adp-workforce-now"), &settings, Rules::default()).unwrap();
        let slots = [1, 2, 3].map(|n| (format!("Earnings {} Code", n + 2), format!("Earnings {} Amount", n + 2)));
        let mut slots: Vec<_> = slots.iter().map(|(code, amount)| (code.as_str(), amount.as_str())).collect();
        let time = if by_hours {
            slots.extend([("Hours 3 Code", "Hours 3 Amount"), ("Hours 4 Code", "Hours 4 Amount")]);
            [("Reg Hours", "regular"), ("O/T Hours", "overtime")]
        } else {
            [("Reg Earnings", "regular"), ("O/T Earnings", "overtime")]
        };
        prop_assert_eq!(wide(&file, "File #", &time, &slots), expected(&items, false, by_hours, label));
    }

    #[test]
    fn adp_run(items in items(true), departments: bool, by_hours: bool) {
        let time = if by_hours { "hours" } else { "earnings" };
        let mut settings = vec![("iid", "1"), ("frequency", "W"), ("time", time)];
        settings.extend(departments.then_some(("departments", "HVAC=1, *=3")));
        let (file, _) = month_of(&items).file(layout("adp-run"), &settings, Rules::default()).unwrap();
        let sums = long(&file, 1, ["Employee ID", "Earnings Code", "Pay Hours", "Dollars"]);
        prop_assert_eq!(sums, expected(&items, false, by_hours, label));
    }

    #[test]
    fn paychex_flex(items in items(true), orgs: bool, by_hours: bool, line_date in prop::sample::select(vec!["none", "day", "period-end"])) {
        let time = if by_hours { "hours" } else { "earnings" };
        let mut settings = vec![("client-id", "1"), ("time", time), ("line-date", line_date)];
        settings.extend(orgs.then_some(("orgs", "HVAC=1, *=3")));
        let (file, _) = month_of(&items).file(layout("paychex-flex"), &settings, Rules::default()).unwrap();
        let sums = long(&file, 0, ["Worker ID", "Pay Component", "Hours", "Amount"]);
        prop_assert_eq!(sums, expected(&items, false, by_hours, label));
    }

    #[test]
    fn gusto(items in items(false), names: bool) {
        let rules = codes(&[("BON", "bonus"), ("COM", "commission"), ("MIL", "reimbursement")]);
        let settings = [("pto-column", "pto_hours"), ("names", if names { "yes" } else { "no" })];
        let (file, _) = month_of(&items).file(layout("gusto"), &settings, rules).unwrap();
        let columns = [
            ("regular_hours", "regular"),
            ("overtime_hours", "overtime"),
            ("double_overtime_hours", "double overtime"),
            ("pto_hours", "paid time off"),
            ("bonus", "BON"),
            ("commission", "COM"),
            ("reimbursement", "MIL"),
        ];
        prop_assert_eq!(wide(&file, "gusto_employee_id", &columns, &[]), expected(&items, false, true, label));
    }

    #[test]
    fn paylocity(items in items(true), centers: bool, by_hours: bool) {
        let mut settings = vec![("time", if by_hours { "hours" } else { "earnings" })];
        settings.extend(centers.then_some(("cost-center-1", "HVAC=1, *=3")));
        let (file, _) = month_of(&items).file(layout("paylocity"), &settings, Rules::default()).unwrap();
        let sums = long(&file, 0, ["EmployeeId", "DetCode", "Hours", "Amount"]);
        prop_assert_eq!(sums, expected(&items, false, by_hours, label));
    }

    #[test]
    fn quickbooks_desktop(items in items(false), classes: bool) {
        let mut settings = vec![("company-name", "Acme"), ("company-create-time", "1"), ("payroll-items", "yes")];
        settings.extend(classes.then_some(("classes", "HVAC=Air, *=Water")));
        let rules = without(&["custom-bonus", "reimbursement"]);
        let (file, _) = month_of(&items).file(layout("quickbooks-desktop"), &settings, rules).unwrap();
        let mut sums = Sums::new();
        for row in rows(&file, b'\t', 2) {
            assert_eq!(row["PITEM"], row["NOTE"]);
            add(&mut sums, &row["EMP"], &class_of(&row["PITEM"]), minutes(&row["DURATION"]));
        }
        let hours_alone = |kind| label(kind).filter(|_| matches!(kind, Kind::Time(_)));
        prop_assert_eq!(done(sums), expected(&items, true, true, hours_alone));
    }

    #[test]
    fn the_control_total_is_the_sum_of_the_file(items in items(true)) {
        let settings = [("iid", "1"), ("frequency", "W"), ("departments", "*=1")];
        let (file, total) = month_of(&items).file(layout("adp-run"), &settings, Rules::default()).unwrap();
        let rows = rows(&file, b',', 1);
        prop_assert_eq!(total.rows, rows.len());
        let amount: i64 = rows.iter().map(|row| hundredths(&row["Dollars"])).sum();
        prop_assert_eq!(total.amount(), Decimal::new(amount, 2));
        for (class, code) in HoursClass::ALL.into_iter().zip(["REG", "OVT", "DBL", "VAC"]) {
            let hours = rows.iter().filter(|row| row["Earnings Code"] == code).map(|row| hundredths(&row["Pay Hours"]));
            prop_assert_eq!(total.hours(class), Decimal::new(hours.sum(), 2));
        }
    }
}
