//! Files of ledgers against bytes made by hand, and every refusal.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use tradewire_purchasing::ledger::layout::By;
use tradewire_purchasing::ledger::{LEDGERS, Layout, Table, Terms, entry};
use tradewire_purchasing::records::{Account, Bill, BillLine, LineAccounts, Vendor};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn line(account: Option<(&str, &str)>, name: &str, quantity: &str, cost: &str) -> BillLine {
    let account = account.map(|(number, name)| Account { number: number.into(), name: name.into() });
    BillLine {
        name: name.into(),
        code: "M-1".into(),
        quantity: number(quantity),
        cost: number(cost),
        accounts: LineAccounts { general_ledger: account, ..LineAccounts::default() },
        ..BillLine::default()
    }
}

const MATERIALS: Option<(&str, &str)> = Some(("5000", "Materials"));

/// Two bills: one whose lines have more decimals than money has, with tax; one of a name in Vietnamese.
fn bills() -> Vec<Bill> {
    vec![
        Bill {
            id: 2,
            order: Some(41),
            reference: "VI-2".into(),
            vendor: Vendor { id: Some(7), name: "O'Malley & Sons".into() },
            vendor_number: "V-7".into(),
            date: "2026-01-05".parse().ok(),
            due: "2026-02-04".parse().ok(),
            terms: "Net 30".into(),
            summary: "3/4\" pipe,\tfor \"Ash\"\nLn".into(),
            lines: vec![line(MATERIALS, "=Pipe 3/4\"", "3", "1.115"), line(MATERIALS, "Elbow", "3", "1.115")],
            amount: number("7.16"),
            tax: number("0.47"),
            ..Bill::default()
        },
        Bill {
            id: 1,
            reference: "VI-1".into(),
            vendor: Vendor { id: Some(8), name: "Graybar".into() },
            vendor_number: "V-8".into(),
            date: "2026-01-04".parse().ok(),
            posted: "2026-01-06".parse().ok(),
            lines: vec![line(Some(("1400", "Inventory")), "Dây điện", "2", "10")],
            amount: number("20.00"),
            ..Bill::default()
        },
    ]
}

fn terms(layout: &Layout) -> Terms {
    Terms {
        vendors_by_name: layout.vendors == By::Name,
        accounts_by_name: layout.accounts == By::Name,
        accounts: BTreeMap::from([("1400".to_owned(), "1400-A".to_owned())]),
        tax: Some("2200".into()),
        ..Terms::default()
    }
}

fn written(ledger: &str, settings: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
    let layout = Layout::of(ledger).unwrap();
    let bills = bills();
    let entries = entry::entries(&bills, &terms(&layout)).unwrap();
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut out = Vec::new();
    let totals = Table::lay_out(&layout, &settings, &entries).unwrap().write(&mut out).unwrap();
    (String::from_utf8(out).unwrap(), totals)
}

#[test]
fn quickbooks_desktop_as_it_was_made_by_hand() {
    let (file, totals) = written("quickbooks-desktop", &[("payable-account", "Accounts Payable")]);
    let expected = "\
!TRNS|TRNSTYPE|DATE|ACCNT|NAME|CLASS|AMOUNT|DOCNUM|MEMO|DUEDATE|TERMS
!SPL|TRNSTYPE|DATE|ACCNT|NAME|CLASS|AMOUNT|DOCNUM|MEMO|QNTY
!ENDTRNS
TRNS|BILL|01/04/26|Accounts Payable|Graybar||-20.00|VI-1|||
SPL|BILL|01/04/26|1400-A|||20.00|VI-1|D?y ?i?n|2
ENDTRNS
TRNS|BILL|01/05/26|Accounts Payable|O'Malley & Sons||-7.16|VI-2|3/4' pipe, for 'Ash' Ln|02/04/26|Net 30
SPL|BILL|01/05/26|Materials|||3.35|VI-2|'=Pipe 3/4'|3
SPL|BILL|01/05/26|Materials|||3.34|VI-2|Elbow|3
SPL|BILL|01/05/26|2200|||0.47|VI-2|tax|
ENDTRNS
";
    assert_eq!(file, expected.replace('|', "\t").replace('\n', "\r\n"));
    let said: Vec<_> = totals.iter().map(|(name, value)| format!("{name} {value}")).collect();
    assert_eq!(said, ["bills 2", "lines 4", "vendors 2", "debits 27.16", "credits 27.16"]);
}

#[test]
fn sage_intacct_as_it_was_made_by_hand() {
    let (file, _) = written("sage-intacct", &[("location", "100")]);
    let expected = "\
BILL_NO,PO_NO,VENDOR_ID,POSTING_DATE,CREATED_DATE,DUE_DATE,TERM_NAME,DESCRIPTION,CURRENCY,LINE_NO,MEMO,ACCT_NO,AMOUNT,LOCATION_ID,DEPT_ID
VI-1,,V-8,01/06/2026,01/04/2026,,,,,1,Dây điện,1400-A,20.00,100,
VI-2,41,V-7,01/05/2026,01/05/2026,02/04/2026,Net 30,\"3/4\"\" pipe, for \"\"Ash\"\" Ln\",,1,\"'=Pipe 3/4\"\"\",5000,3.35,100,
VI-2,,,,,,,,,2,Elbow,5000,3.34,100,
VI-2,,,,,,,,,3,tax,2200,0.47,100,
";
    assert_eq!(file, expected.replace('\n', "\r\n"));
}

#[test]
fn acumatica_as_it_was_made_by_hand() {
    let (file, _) = written("acumatica", &[("branch", "MAIN"), ("subaccount", "000-000")]);
    let expected = "\
Type,Vendor,Vendor Ref.,Date,Due Date,Terms,Description,Bill Amount,Line,Branch,Account,Subaccount,Transaction Descr.,Quantity,Ext. Cost
Bill,V-8,VI-1,01/04/2026,,,,20.00,1,MAIN,1400-A,000-000,Dây điện,2,20.00
Bill,V-7,VI-2,01/05/2026,02/04/2026,Net 30,\"3/4\"\" pipe, for \"\"Ash\"\" Ln\",7.16,1,MAIN,5000,000-000,\"'=Pipe 3/4\"\"\",3,3.35
Bill,V-7,VI-2,01/05/2026,02/04/2026,Net 30,\"3/4\"\" pipe, for \"\"Ash\"\" Ln\",7.16,2,MAIN,5000,000-000,Elbow,3,3.34
Bill,V-7,VI-2,01/05/2026,02/04/2026,Net 30,\"3/4\"\" pipe, for \"\"Ash\"\" Ln\",7.16,3,MAIN,2200,000-000,tax,,0.47
";
    assert_eq!(file, expected.replace('\n', "\r\n"));
}

#[test]
fn every_bill_that_cannot_be_booked_is_named_with_every_reason() {
    let good = || bills().remove(1);
    let all = [
        Bill { id: 10, reference: " ".into(), date: None, ..good() },
        Bill { id: 11, amount: number("20.01"), ..good() },
        Bill { id: 12, reference: "a".into(), vendor_number: String::new(), ..good() },
        Bill { id: 13, reference: "b".into(), lines: vec![line(None, "Pipe", "2", "10")], ..good() },
        Bill { id: 14, reference: "c".into(), lines: vec![line(Some(("", "Scrap")), "Pipe", "2", "10")], ..good() },
        Bill { id: 15, reference: "d".into(), shipping: number("5"), amount: number("25"), ..good() },
        Bill {
            id: 16,
            reference: "e".into(),
            lines: vec![line(MATERIALS, "Back", "-2", "10")],
            amount: number("-20"),
            ..good()
        },
        Bill { id: 17, reference: "f".into(), ..good() },
        Bill { id: 18, reference: "f".into(), ..good() },
    ];
    let refusals = entry::entries(&all, &terms(&Layout::of("sage-intacct").unwrap())).unwrap_err();
    let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    for (place, wanted) in [
        "bill 10 ( ): it has no reference number",
        "bill 10 ( ): it has no date",
        "bill 11 (VI-1): its lines and charges come to 20.00 and its amount is 20.01, which differs by 0.01",
        "bill 12 (a): vendor 8 (`Graybar`) has nothing that the ledger knows it by: set it in ServiceTitan, or add `8=…`",
        "bill 13 (b): line 1 (`Pipe`) has no account",
        "bill 14 (c): line 1 (`Pipe`) has the account `` `Scrap`, which lacks what the ledger knows it by: add `Scrap=…`",
        "bill 15 (d): it has freight of 5.00, and nothing says which account that is: set `shipping-account`",
        "bill 16 (e): its amount is -20.00: a credit or nothing is no bill",
        "bill 18 (f): the vendor `V-8` has another bill of this number in the file",
    ]
    .iter()
    .enumerate()
    {
        assert!(told[place].starts_with(wanted), "{wanted}\n{told:#?}");
    }
    assert_eq!(told.len(), 9, "{told:#?}");
}

#[test]
fn a_cell_that_the_ledger_does_not_take_is_refused_with_its_column() {
    let layout = Layout::of("quickbooks-desktop").unwrap();
    let mut all = bills();
    all[0].vendor.name = "Công ty Điện Lạnh".into();
    all[1].reference = "=1+1".into();
    let entries = entry::entries(&all, &terms(&layout)).unwrap();
    let refusals = Table::lay_out(&layout, &BTreeMap::new(), &entries).unwrap_err();
    let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("`=1+1` cannot stand in column `DOCNUM`: a spreadsheet would run it"), "{told:#?}");
    assert!(told[1].contains("cannot stand in column `NAME`: write letters of ASCII alone"), "{told:#?}");
}

#[test]
fn debits_come_to_credits_for_any_prices() {
    // Thirds and sevenths of cents, added up in every way.
    for seed in 1_i64..500 {
        let lines: Vec<BillLine> = (0..seed % 9 + 1)
            .map(|place| {
                line(
                    MATERIALS,
                    "Pipe",
                    &(seed * 7 % 13 + 1).to_string(),
                    &format!("0.{:04}", seed * 37 * (place + 1) % 9973 + 1),
                )
            })
            .collect();
        let exact: Decimal = lines.iter().map(|line| line.quantity * line.cost).sum();
        let bill = Bill {
            amount: exact
                .round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
                .max(number("0.01")),
            lines,
            ..bills().remove(1)
        };
        let entries = entry::entries([&bill], &terms(&Layout::of("acumatica").unwrap())).unwrap();
        let debits: Decimal = entries[0].debits.iter().map(|debit| debit.amount).sum();
        assert_eq!(debits, entries[0].credit(), "{seed}");
    }
}

#[test]
fn layouts_are_read_and_what_is_wrong_with_one_is_told() {
    for (name, text) in LEDGERS {
        let layout = Layout::parse(text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        assert!(layout.markdown(name).contains("| uncertain | "), "{name}");
    }
    let (_, text) = LEDGERS[1];
    let faults = Layout::parse(&text.replace("{number}", "{nummer}").replace("%m/%d/%Y", "%Q")).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[1].contains("column `BILL_NO` has `{nummer}`, which is neither a field nor a setting"),
        "{faults:?}"
    );
}

#[test]
fn a_setting_of_a_layout_has_a_name_of_its_own() {
    let (_, text) = LEDGERS[1];
    for name in ["amount", "vendors"] {
        let faults = Layout::parse(&text.replace("name = \"currency\"", &format!("name = \"{name}\""))).unwrap_err();
        let wanted = format!("setting `{name}` has a name that every layout has: take another");
        assert!(faults.contains(&wanted), "{faults:?}");
    }
}

#[test]
fn without_quotation_no_cell_has_what_stands_between_columns() {
    let (_, text) = LEDGERS[0];
    let layout = Layout::parse(&text.replace(r#"separator = "\t""#, r#"separator = ";""#)).unwrap();
    let mut all = bills();
    all[0].summary = "pipe; elbow".into();
    all[1].reference = "VI;1".into();
    let entries = entry::entries(&all, &terms(&layout)).unwrap();
    let told: Vec<String> =
        Table::lay_out(&layout, &BTreeMap::new(), &entries).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("cannot stand in column `DOCNUM`: write it without `;`"), "{told:#?}");
}

#[test]
fn text_is_no_longer_than_its_column_though_it_looks_like_a_formula() {
    let (_, text) = LEDGERS[2];
    let memo = "text = \"{line-memo}\"\nfree = true\n";
    let layout = Layout::parse(&text.replace(memo, &format!("{memo}longest = 5\n"))).unwrap();
    let all = bills();
    let entries = entry::entries(&all, &terms(&layout)).unwrap();
    let mut out = Vec::new();
    Table::lay_out(&layout, &BTreeMap::new(), &entries).unwrap().write(&mut out).unwrap();
    let file = String::from_utf8(out).unwrap();
    assert!(file.contains(",'=Pip,3,3.35"), "{file}");
}
