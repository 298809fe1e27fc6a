//! Each provider's file against bytes made by hand: half hours of hundredths, overtime, double overtime and time off, a
//! negative adjustment, a person in two business units, a name in Vietnamese.
#![allow(clippy::unwrap_used)]

mod month;

use month::{Month, codes, dec, layout, without};
use tradewire_payroll::{HoursClass, PayKind, Rules};

fn lines(rows: &[&str], ending: &str) -> String {
    rows.iter().map(|row| format!("{row}{ending}")).collect()
}

#[test]
fn adp_workforce_now() {
    let (file, total) =
        Month::approved().file(layout("adp-workforce-now"), &[("company-code", "AB")], Rules::default()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "Co Code,Batch ID,File #,Reg Hours,O/T Hours,Hours 3 Code,Hours 3 Amount,Hours 4 Code,Hours 4 Amount,\
                 Earnings 3 Code,Earnings 3 Amount,Earnings 4 Code,Earnings 4 Amount,Earnings 5 Code,Earnings 5 Amount",
                "AB,20260112,000051,10.25,,,,,,COM,-40.00,,,,",
                "AB,20260112,000123,24.08,1.25,D,0.50,,,BON,74.51,,,,",
                "AB,20260112,000456,,,,,P,8.00,MIL,12.30,,,,",
            ],
            "\r\n"
        )
    );
    assert_eq!((total.rows, total.people, total.hours(HoursClass::Regular)), (3, 3, dec("34.33")));
    assert_eq!(total.amount(), dec("46.81"));
}

#[test]
fn adp_workforce_now_by_department() {
    let settings = [("company-code", "AB"), ("departments", "HVAC=000100, *=000200")];
    let (file, _) = Month::approved().file(layout("adp-workforce-now"), &settings, Rules::default()).unwrap();
    let rows: Vec<_> = file.lines().skip(1).collect();
    assert_eq!(
        rows,
        [
            "AB,20260112,000051,10.25,,,,,,COM,-40.00,,,,,000100",
            "AB,20260112,000123,16.08,,D,0.50,,,BON,100.01,,,,,000100",
            "AB,20260112,000123,8.00,1.25,,,,,BON,-25.50,,,,,000200",
            "AB,20260112,000456,,,,,P,8.00,MIL,12.30,,,,,000200",
        ]
    );
}

#[test]
fn adp_workforce_now_by_servicetitans_amounts() {
    let settings = [("company-code", "abc"), ("time", "earnings"), ("double-overtime-code", "BON")];
    let (file, total) = Month::approved().file(layout("adp-workforce-now"), &settings, Rules::default()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "Co Code,Batch ID,File #,Reg Earnings,O/T Earnings,\
                 Earnings 3 Code,Earnings 3 Amount,Earnings 4 Code,Earnings 4 Amount,Earnings 5 Code,Earnings 5 Amount",
                "abc,20260112,000051,205.00,,COM,-40.00,,,,",
                "abc,20260112,000123,722.51,56.36,BON,104.51,,,,",
                "abc,20260112,000456,,,MIL,12.30,P,160.00,,",
            ],
            "\r\n"
        )
    );
    assert_eq!(total.amount(), dec("1220.68"));
}

#[test]
fn adp_workforce_now_takes_as_many_rows_as_there_are_codes() {
    let mut month = Month::approved();
    for kind in [PayKind::CustomBonus, PayKind::Salary, PayKind::InvoiceBonus, PayKind::Reimbursement] {
        month.money(11, 9, "Plumbing", "MIL", dec("1"));
        let item = month.items.last_mut().unwrap();
        (item.kind, item.activity_code_id) = (kind, None);
    }
    let kinds = [("custom-bonus", "A"), ("salary", "B"), ("invoice-related-bonus", "C"), ("reimbursement", "E")];
    let rules = Rules { kind_codes: codes(&kinds).codes, ..Rules::default() };
    let (file, total) = month.file(layout("adp-workforce-now"), &[("company-code", "AB")], rules).unwrap();
    let rows: Vec<_> = file.lines().skip(3).collect();
    assert_eq!(
        rows,
        ["AB,20260112,000456,,,,,P,8.00,A,1.00,B,1.00,C,1.00", "AB,20260112,000456,,,,,,,E,1.00,MIL,12.30,,",]
    );
    assert_eq!((total.rows, total.people), (4, 3));
}

#[test]
fn adp_run() {
    let settings = [("iid", "12345"), ("frequency", "W")];
    let (file, _) = Month::approved().file(layout("adp-run"), &settings, Rules::default()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "##GENERIC## V1.0",
                "IID,Pay Frequency,Pay Period Start Date,Pay Period End Date,Employee ID,Earnings Code,Pay Hours,\
                 Dollars,Separate Check,Worked In Dept,Rate Code",
                "12345,W,01/05/2026,01/11/2026,123,REG,24.08,,0,,BASE",
                "12345,W,01/05/2026,01/11/2026,123,OVT,1.25,,0,,BASE",
                "12345,W,01/05/2026,01/11/2026,123,DBL,0.50,,0,,BASE",
                "12345,W,01/05/2026,01/11/2026,123,BON,,74.51,0,,",
                "12345,W,01/05/2026,01/11/2026,456,VAC,8.00,,0,,BASE",
                "12345,W,01/05/2026,01/11/2026,456,MIL,,12.30,0,,",
                "12345,W,01/05/2026,01/11/2026,51,REG,10.25,,0,,BASE",
                "12345,W,01/05/2026,01/11/2026,51,COM,,-40.00,0,,",
            ],
            "\r\n"
        )
    );
}

#[test]
fn adp_run_by_department() {
    let settings = [("iid", "12345"), ("frequency", "W"), ("departments", "HVAC=100, Plumbing=200")];
    let (file, _) = Month::approved().file(layout("adp-run"), &settings, Rules::default()).unwrap();
    let rows: Vec<_> = file.lines().filter(|row| row.contains(",123,")).collect();
    assert_eq!(
        rows,
        [
            "12345,W,01/05/2026,01/11/2026,123,REG,16.08,,0,100,BASE",
            "12345,W,01/05/2026,01/11/2026,123,DBL,0.50,,0,100,BASE",
            "12345,W,01/05/2026,01/11/2026,123,BON,,100.01,0,100,",
            "12345,W,01/05/2026,01/11/2026,123,REG,8.00,,0,200,BASE",
            "12345,W,01/05/2026,01/11/2026,123,OVT,1.25,,0,200,BASE",
            "12345,W,01/05/2026,01/11/2026,123,BON,,-25.50,0,200,",
        ]
    );
}

#[test]
fn paychex_flex() {
    let settings = [("client-id", "Y4658815"), ("rate-number", "1")];
    let (file, _) = Month::approved().file(layout("paychex-flex"), &settings, Rules::default()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "Client ID,Worker ID,Org,Job Number,Pay Component,Rate,Rate Number,Hours,Units,Line Date,Amount,\
                 Check Seq Number,Override State,Override Local,Override Local Jurisdiction,Labor Assignment",
                "Y4658815,123,,,Hourly,,1,24.08,,,,,,,,",
                "Y4658815,123,,,Overtime,,1,1.25,,,,,,,,",
                "Y4658815,123,,,Doubletime,,1,0.50,,,,,,,,",
                "Y4658815,123,,,BON,,,,,,74.51,,,,,",
                "Y4658815,456,,,PTO,,1,8.00,,,,,,,,",
                "Y4658815,456,,,MIL,,,,,,12.30,,,,,",
                "Y4658815,51,,,Hourly,,1,10.25,,,,,,,,",
                "Y4658815,51,,,COM,,,,,,-40.00,,,,,",
            ],
            "\r\n"
        )
    );
}

#[test]
fn paychex_flex_by_organization_and_day() {
    let settings =
        [("client-id", "Y4658815"), ("header", "no"), ("orgs", "HVAC=1000|1100, *=1000|1900"), ("line-date", "day")];
    let (file, _) = Month::approved().file(layout("paychex-flex"), &settings, Rules::default()).unwrap();
    let rows: Vec<_> = file.lines().filter(|row| row.contains(",123,")).collect();
    assert_eq!(
        rows,
        [
            "Y4658815,123,1000|1100,,Hourly,,,8.33,,01/05/2026,,,,,,",
            "Y4658815,123,1000|1100,,Hourly,,,7.75,,01/06/2026,,,,,,",
            "Y4658815,123,1000|1100,,Doubletime,,,0.50,,01/08/2026,,,,,,",
            "Y4658815,123,1000|1100,,BON,,,,,01/08/2026,100.01,,,,,",
            "Y4658815,123,1000|1900,,Hourly,,,8.00,,01/06/2026,,,,,,",
            "Y4658815,123,1000|1900,,Overtime,,,1.25,,01/07/2026,,,,,,",
            "Y4658815,123,1000|1900,,BON,,,,,01/09/2026,-25.50,,,,,",
        ]
    );
}

#[test]
fn gusto() {
    let mut month = Month::approved();
    month.money(12, 9, "HVAC", "COM", dec("140"));
    let rules = codes(&[("BON", "bonus"), ("Activity COM", "commission"), ("MIL", "correction")]);
    let settings = [("pto-column", "vacation_hours"), ("correction-column", "correction")];
    let (file, _) = month.file(layout("gusto"), &settings, rules).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "last_name,first_name,gusto_employee_id,regular_hours,overtime_hours,double_overtime_hours,\
                 vacation_hours,bonus,commission,paycheck_tips,cash_tips,correction,reimbursement",
                "O'Neil,Ann,123,24.08,1.25,0.50,,74.51,,,,,",
                "Stone,Bob,456,,,,8.00,,,,,12.30,",
                "Nguyễn Thị,Thu,51,10.25,,,,,100.00,,,,",
            ],
            "\n"
        )
    );
}

#[test]
fn paylocity() {
    let settings = [("det", "MIL=A, *=E")];
    let (file, _) = Month::approved().file(layout("paylocity"), &settings, Rules::default()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "EmployeeId,Det,DetCode,Hours,Amount,TempRate,RateCode,CostCenter1,CostCenter2,CostCenter3,JobCode,\
                 Shift,BeginDate,EndDate",
                "123,E,REG,24.08,,,,,,,,,01/05/2026,01/11/2026",
                "123,E,OT,1.25,,,,,,,,,01/05/2026,01/11/2026",
                "123,E,DT,0.50,,,,,,,,,01/05/2026,01/11/2026",
                "123,E,BON,,74.51,,,,,,,,01/05/2026,01/11/2026",
                "456,E,PTO,8.00,,,,,,,,,01/05/2026,01/11/2026",
                "456,A,MIL,,12.30,,,,,,,,01/05/2026,01/11/2026",
                "51,E,REG,10.25,,,,,,,,,01/05/2026,01/11/2026",
                "51,E,COM,,-40.00,,,,,,,,01/05/2026,01/11/2026",
            ],
            "\r\n"
        )
    );
}

#[test]
fn paylocity_in_an_order_of_the_operators() {
    let settings = [
        ("columns", "CostCenter2, DetCode, Amount, Hours, EmployeeId"),
        ("cost-center-2", "HVAC=7, *=8"),
        ("header", "no"),
    ];
    let (file, _) = Month::approved().file(layout("paylocity"), &settings, Rules::default()).unwrap();
    assert!(
        file.starts_with("7,REG,,16.08,123\r\n7,DT,,0.50,123\r\n7,BON,100.01,,123\r\n8,REG,,8.00,123\r\n"),
        "{file}"
    );
}

#[test]
fn quickbooks_desktop() {
    let settings = [("company-name", "O'Neil Air, Inc."), ("company-create-time", "1041379200")];
    let rules = || without(&["custom-bonus", "reimbursement"]);
    let (file, total) = Month::approved().file(layout("quickbooks-desktop"), &settings, rules()).unwrap();
    assert_eq!(
        file,
        lines(
            &[
                "!TIMERHDR\tVER\tREL\tCOMPANYNAME\tIMPORTEDBEFORE\tFROMTIMER\tCOMPANYCREATETIME",
                "TIMERHDR\t8\t0\tO'Neil Air, Inc.\tN\tY\t1041379200",
                "!TIMEACT\tDATE\tJOB\tEMP\tITEM\tPITEM\tDURATION\tPROJ\tNOTE\tBILLINGSTATUS",
                "TIMEACT\t01/05/26\t\t123\t\t\t08:20\t\tRegular\t0",
                "TIMEACT\t01/06/26\t\t123\t\t\t15:45\t\tRegular\t0",
                "TIMEACT\t01/07/26\t\t123\t\t\t01:15\t\tOvertime\t0",
                "TIMEACT\t01/08/26\t\t123\t\t\t00:30\t\tDouble Overtime\t0",
                "TIMEACT\t01/05/26\t\t456\t\t\t08:00\t\tPaid Time Off\t0",
                "TIMEACT\t01/06/26\t\t51\t\t\t10:15\t\tRegular\t0",
            ],
            "\r\n"
        )
    );
    let sheet = Month::approved().sheet(&Rules { time_by_hours: true, ..rules() }).unwrap();
    let told = total.lines(&sheet);
    for line in [("regular hours", "34:20"), ("overtime hours", "01:15"), ("left out: custom-bonus", "34.51")] {
        // Bonus of 100.005 less 25.50 less 40: what is left out was never rounded.
        assert!(told.contains(&(line.0.to_owned(), line.1.to_owned())), "{line:?} in {told:?}");
    }
    let items =
        [settings[0], settings[1], ("payroll-items", "yes"), ("classes", "HVAC=Air, *=Water"), ("item", "Labor")];
    let (file, _) = Month::approved().file(layout("quickbooks-desktop"), &items, rules()).unwrap();
    assert!(file.contains("TIMEACT\t01/06/26\t\t123\tLabor\tRegular\t08:00\tWater\tRegular\t0\r\n"), "{file}");
}

#[test]
fn the_same_input_in_any_order_gives_the_same_bytes() {
    let month = Month::approved();
    let mut turned = month.clone();
    turned.items.reverse();
    turned.periods.reverse();
    turned.settings.reverse();
    for (provider, settings) in [
        ("adp-workforce-now", &[("company-code", "AB"), ("departments", "*=1")][..]),
        ("adp-run", &[("iid", "1"), ("frequency", "W")]),
        ("paychex-flex", &[("client-id", "1"), ("line-date", "day"), ("orgs", "HVAC=1, *=2")]),
        ("paylocity", &[]),
    ] {
        let file = |month: &Month| month.file(layout(provider), settings, Rules::default()).unwrap().0;
        assert_eq!(file(&month), file(&turned), "{provider}");
    }
}
