#![allow(clippy::unwrap_used)]

use super::*;
use crate::records::{PersonKey, PersonKind};
use crate::sheet::TimePay;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn options() -> Options {
    Options {
        company_code: "AB".into(),
        batch_id: "20251013".into(),
        double_overtime_code: "D".into(),
        pto_code: "V".into(),
        time_by_hours: true,
    }
}

fn person(id: i64, external_id: &str, time: &[(HoursClass, &str, &str)], earnings: &[(&str, &str)]) -> PersonPay {
    PersonPay {
        person: PersonKey { kind: PersonKind::Technician, id },
        external_id: external_id.into(),
        time: time.iter().map(|(c, h, a)| (*c, TimePay { hours: dec(h), amount: dec(a) })).collect(),
        earnings: earnings.iter().map(|(code, amount)| ((*code).to_owned(), dec(amount))).collect(),
    }
}

fn written(people: Vec<PersonPay>, options: &Options) -> (String, ControlTotal) {
    let mut out = Vec::new();
    let sheet = PaySheet { people, ..PaySheet::default() };
    let total = write(&sheet, options, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), total)
}

#[test]
fn a_person_with_everything_gets_as_many_rows_as_the_earnings_take() {
    let pay = person(
        1,
        "123",
        &[
            (HoursClass::Regular, "40", "800"),
            (HoursClass::Overtime, "3.5", "105"),
            (HoursClass::DoubleOvertime, "1", "40"),
            (HoursClass::PaidTimeOff, "8", "160"),
        ],
        &[("A", "1"), ("B", "2.5"), ("C", "-3"), ("E", "4.005")],
    );
    let (file, total) = written(vec![pay], &options());
    assert_eq!(
        file,
        "Co Code,Batch ID,File #,Reg Hours,O/T Hours,Hours 3 Code,Hours 3 Amount,Hours 4 Code,Hours 4 Amount,\
         Earnings 3 Code,Earnings 3 Amount,Earnings 4 Code,Earnings 4 Amount,Earnings 5 Code,Earnings 5 Amount\r\n\
         AB,20251013,000123,40.00,3.50,D,1.00,V,8.00,A,1.00,B,2.50,C,-3.00\r\n\
         AB,20251013,000123,,,,,,,E,4.01,,,,\r\n"
    );
    assert_eq!((total.rows, total.people), (2, 1));
    let lines = total.lines(&PaySheet::default());
    assert!(lines.contains(&("regular hours".into(), "40.00".into())));
    assert!(lines.contains(&("amount".into(), "4.51".into())));
}

#[test]
fn zeros_are_blank_and_a_person_without_pay_has_no_row() {
    let nothing = person(1, "60", &[(HoursClass::Regular, "0.004", "0")], &[("A", "0")]);
    let overtime = person(2, "70", &[(HoursClass::Overtime, "1", "30")], &[]);
    let (file, total) = written(vec![nothing, overtime], &options());
    let rows: Vec<_> = file.lines().skip(1).collect();
    assert_eq!(rows, ["AB,20251013,000070,,1.00,,,,,,,,,,"]);
    assert_eq!(total.people, 1);
}

#[test]
fn the_control_total_is_the_sum_of_what_was_written() {
    let thirds = |id, file| person(id, file, &[(HoursClass::Regular, "0.3333", "1")], &[("A", "0.335")]);
    let (_, total) = written(vec![thirds(1, "60"), thirds(2, "61"), thirds(3, "62")], &options());
    assert_eq!(total.hours[&HoursClass::Regular], dec("0.99"));
    assert_eq!(total.earnings["A"], dec("1.02"));
}

#[test]
fn time_can_be_paid_by_servicetitans_amounts() {
    let pay =
        person(1, "60", &[(HoursClass::Regular, "40", "800"), (HoursClass::DoubleOvertime, "1", "40")], &[("D", "2")]);
    let (file, total) = written(vec![pay], &Options { time_by_hours: false, ..options() });
    assert!(file.starts_with("Co Code,Batch ID,File #,Reg Earnings,O/T Earnings,Earnings 3 Code,"));
    assert_eq!(file.lines().nth(1), Some("AB,20251013,000060,800.00,,D,42.00,,,,"));
    assert_eq!(total.time[&HoursClass::DoubleOvertime], dec("40"));
    assert_eq!(total.lines(&PaySheet::default()).last(), Some(&("amount".into(), "842.00".into())));
}

#[test]
fn rows_stand_in_the_order_of_file_numbers_whatever_the_input() {
    let regular = [(HoursClass::Regular, "1", "1")];
    let people =
        vec![person(1, "1000", &regular, &[]), person(2, "999", &regular, &[]), person(3, "0051", &regular, &[])];
    let (file, _) = written(people.clone(), &options());
    let (again, _) = written(people.into_iter().rev().collect(), &options());
    assert_eq!(file, again);
    let numbers: Vec<_> = file.lines().skip(1).map(|row| row.split(',').nth(2).unwrap()).collect();
    assert_eq!(numbers, ["000051", "000999", "001000"]);
}

#[test]
fn what_adp_would_not_take_is_refused_all_at_once() {
    let regular = [(HoursClass::Regular, "1", "1")];
    let people = vec![
        person(1, "50", &regular, &[]),
        person(2, "1000000", &regular, &[]),
        person(3, "12a", &regular, &[]),
        person(4, "１２３", &regular, &[]),
        person(5, "123", &regular, &[("=cmd()", "1"), ("Café", "1")]),
        person(6, "000123", &regular, &[("-1", "1"), ("a\r\nb", "1")]),
    ];
    let sheet = PaySheet { people, ..PaySheet::default() };
    let refusals: Vec<_> = refusals(&sheet).iter().map(ToString::to_string).collect();
    assert_eq!(refusals.len(), 9, "{refusals:#?}");
    for part in [
        "`50`",
        "`1000000`",
        "`12a`",
        "`１２３`",
        "`=cmd()`",
        "`Café`",
        "`-1`",
        r"`a\r\nb`",
        "`000123` belongs to technician 5 and technician 6",
    ] {
        assert!(refusals.iter().any(|refusal| refusal.contains(part)), "{part} in {refusals:#?}");
    }
}

#[test]
fn the_file_is_named_as_adp_looks_for_it() {
    assert_eq!(options().file_name(), "PRAB_EPI.csv");
    assert_eq!(Options { company_code: "abc".into(), ..options() }.file_name(), "PRABCEPI.csv");
}

#[test]
fn options_that_adp_would_not_take_are_faults() {
    let wrong = Options {
        company_code: "A/../B".into(),
        batch_id: "123456789".into(),
        double_overtime_code: "=D".into(),
        pto_code: String::new(),
        time_by_hours: true,
    };
    assert_eq!(wrong.faults().len(), 4);
    assert!(options().faults().is_empty());
}
