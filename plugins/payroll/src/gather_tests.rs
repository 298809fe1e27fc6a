#![allow(clippy::unwrap_used)]

use super::*;
use crate::records::PersonKind;

const ANN: PersonKey = PersonKey { kind: PersonKind::Technician, id: 1 };
const BOB: PersonKey = PersonKey { kind: PersonKind::Employee, id: 1 };

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn period(id: i64, person: PersonKey, status: &str) -> PayrollPeriod {
    PayrollPeriod {
        id,
        person,
        first_day: "2025-10-06".parse().unwrap(),
        last_day: "2025-10-12".parse().unwrap(),
        status: Some(status.to_owned()),
    }
}

fn time(id: i64, payroll_id: i64, class: Option<HoursClass>, hours: &str) -> PayItem {
    PayItem {
        id,
        payroll_id,
        person: None,
        day: None,
        unit: None,
        kind: PayKind::Time,
        class,
        hours: dec(hours),
        amount: dec("10"),
        adjustment: Decimal::ZERO,
        activity_code_id: None,
    }
}

fn money(id: i64, payroll_id: i64, kind: PayKind, code: Option<i64>, amount: &str) -> PayItem {
    PayItem {
        kind,
        class: None,
        hours: Decimal::ZERO,
        amount: dec(amount),
        activity_code_id: code,
        ..time(id, payroll_id, None, "0")
    }
}

fn settings(person: PersonKey, external_id: Option<&str>) -> PersonSettings {
    PersonSettings { person, external_id: external_id.map(str::to_owned), included: true }
}

fn by_hours() -> Rules {
    Rules { time_by_hours: true, ..Rules::default() }
}

fn hours(sheet: &Sheet, class: HoursClass) -> Decimal {
    sheet.lines.iter().filter(|line| line.pay == Pay::Time(class)).map(|line| line.hours).sum()
}

fn codes() -> Vec<ActivityCode> {
    vec![
        ActivityCode { id: 7, name: "Spiff".into(), code: "SPF".into() },
        ActivityCode { id: 8, name: "Blank".into(), code: " ".into() },
    ]
}

#[test]
fn hours_add_up_exactly_by_class() {
    let items = [
        time(1, 10, Some(HoursClass::Regular), "0.1"),
        time(2, 10, Some(HoursClass::Regular), "0.2"),
        time(3, 10, Some(HoursClass::Overtime), "1.3333333"),
    ];
    let sheet = Sheet::gather(&[period(10, ANN, "Approved")], items, &[settings(ANN, Some(" 123 "))], &[], &by_hours())
        .unwrap();
    assert_eq!(sheet.people[&ANN].external_id, "123");
    assert_eq!(hours(&sheet, HoursClass::Regular), dec("0.3"));
    assert_eq!(hours(&sheet, HoursClass::Overtime), dec("1.3333333"));
}

#[test]
fn a_technician_and_an_employee_of_one_number_are_two_people() {
    let sheet = Sheet::gather(
        &[period(10, ANN, "Paid"), period(11, BOB, "Locked")],
        [time(1, 10, Some(HoursClass::Regular), "1"), time(2, 11, Some(HoursClass::Regular), "2")],
        &[settings(BOB, Some("200")), settings(ANN, Some("300"))],
        &[],
        &by_hours(),
    )
    .unwrap();
    assert_eq!((&*sheet.people[&ANN].external_id, &*sheet.people[&BOB].external_id), ("300", "200"));
    assert_eq!(sheet.lines.iter().map(|line| line.person).collect::<Vec<_>>(), [ANN, BOB]);
}

#[test]
fn every_reason_is_told_at_once_and_names_people() {
    let mut foreign = time(6, 10, Some(HoursClass::Regular), "1");
    foreign.person = Some(BOB);
    let mut adjusted = time(7, 10, Some(HoursClass::Regular), "1");
    adjusted.adjustment = dec("5");
    let mut unpaid = time(8, 10, Some(HoursClass::Regular), "0");
    unpaid.amount = dec("25");
    let items = [
        time(1, 10, None, "2"),
        money(2, 10, PayKind::CustomBonus, None, "50"),
        money(3, 10, PayKind::CustomBonus, Some(99), "50"),
        money(4, 10, PayKind::CustomBonus, Some(8), "50"),
        money(5, 10, PayKind::Unknown("Tip".into()), None, "50"),
        foreign,
        adjusted,
        unpaid,
        time(9, 11, Some(HoursClass::Regular), "1"),
    ];
    let refusals = Sheet::gather(
        &[period(10, ANN, "Pending"), period(11, BOB, "Expired")],
        items,
        &[settings(ANN, Some("123")), settings(BOB, Some("  "))],
        &codes(),
        &by_hours(),
    )
    .unwrap_err();
    let names = BTreeMap::from([(ANN, "Ann".to_owned())]);
    let told: Vec<_> = refusals.iter().map(|refusal| refusal.told(&names)).collect();
    let parts = [
        "Ann (technician 1): payroll 10 of 2025-10-06 to 2025-10-12 is Pending",
        "employee 1: payroll 11",
        "employee 1: no external payroll id",
        "employee 1: gross pay item 6 stands in the payroll of Ann (technician 1)",
        "item 5 is `Tip`",
        "item 1 has 2 hours that are neither",
        "item 8 is time with 25 and no hours",
        "item 7 was adjusted by 5",
        "item 2 (custom-bonus, 50) has no activity code",
        "item 3 has activity code 99",
        "item 4 has activity code 8",
    ];
    assert_eq!(told.len(), parts.len(), "{told:#?}");
    for (told, part) in told.iter().zip(parts) {
        assert!(told.contains(part), "{told} should say {part}");
    }
}

#[test]
fn two_people_with_one_id_are_refused_by_both_names() {
    let refusals = Sheet::gather(
        &[period(10, ANN, "Paid"), period(11, BOB, "Paid")],
        [time(1, 10, Some(HoursClass::Regular), "1"), time(2, 11, Some(HoursClass::Regular), "2")],
        &[settings(ANN, Some("123")), settings(BOB, Some("123 "))],
        &[],
        &by_hours(),
    )
    .unwrap_err();
    assert_eq!(
        refusals[0].to_string(),
        "external payroll id `123` belongs to technician 1 and employee 1: give each their own"
    );
}

#[test]
fn the_operators_rules_decide_what_the_data_leaves_open() {
    let rules = Rules {
        codes: BTreeMap::from([("SPF".into(), "B1".into())]),
        kind_codes: BTreeMap::from([("custom-bonus".into(), "B2".into())]),
        skipped: BTreeSet::from(["salary".into()]),
        unclassified_is_regular: true,
        adjustment: AmountAdjustment::Added,
        time_by_hours: true,
        time_adjustment_code: Some("ADJ".into()),
        by_name: false,
    };
    let mut adjusted = money(2, 10, PayKind::InvoiceBonus, Some(7), "50");
    adjusted.adjustment = dec("-0.50");
    let mut corrected = time(5, 10, None, "1");
    corrected.adjustment = dec("3");
    let items = [
        time(1, 10, None, "2"),
        adjusted,
        money(3, 10, PayKind::CustomBonus, None, "9.99"),
        money(4, 10, PayKind::Salary, None, "1000"),
        corrected,
    ];
    let sheet =
        Sheet::gather(&[period(10, ANN, "Paid")], items, &[settings(ANN, Some("9"))], &codes(), &rules).unwrap();
    assert_eq!(hours(&sheet, HoursClass::Regular), dec("3"));
    let mut earnings = BTreeMap::new();
    for line in &sheet.lines {
        if let Pay::Earning(code) = &line.pay {
            *earnings.entry(code.as_str()).or_default() += line.amount;
        }
    }
    assert_eq!(earnings, BTreeMap::from([("ADJ", dec("3")), ("B1", dec("49.50")), ("B2", dec("9.99"))]));
    assert_eq!(sheet.skipped, BTreeMap::from([("salary".to_owned(), dec("1000"))]));
}

#[test]
fn people_outside_payroll_are_left_out_and_counted() {
    let outside = PersonSettings { included: false, ..settings(ANN, None) };
    let items = [time(1, 10, None, "2")];
    let sheet = Sheet::gather(&[period(10, ANN, "Paid")], items, &[outside], &[], &by_hours()).unwrap();
    assert!(sheet.people.is_empty());
    assert_eq!(sheet.excluded, BTreeSet::from([ANN]));
}

#[test]
fn items_of_other_periods_are_not_paid_here() {
    let items = [time(1, 99, Some(HoursClass::Regular), "2")];
    let sheet =
        Sheet::gather(&[period(10, ANN, "Paid")], items, &[settings(ANN, Some("9"))], &[], &by_hours()).unwrap();
    assert!(sheet.lines.is_empty() && sheet.people.is_empty());
}

#[test]
fn rules_about_kinds_that_do_not_exist_are_faults() {
    let rules = Rules { skipped: BTreeSet::from(["sallary".into()]), ..Rules::default() };
    assert!(rules.faults()[0].contains("`sallary` is not a kind of pay"));
}

#[test]
fn whoever_is_found_by_name_needs_no_id() {
    let rules = Rules { by_name: true, ..by_hours() };
    let items = [time(1, 10, Some(HoursClass::Regular), "2")];
    let sheet = Sheet::gather(&[period(10, ANN, "Paid")], items, &[], &[], &rules).unwrap();
    assert_eq!(sheet.people[&ANN].external_id, "");
}
