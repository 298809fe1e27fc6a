//! Each provider's file through the binary, against the sandbox: its sums are those of ServiceTitan's records, which
//! the tests fetch themselves and add up in whole numbers.
// A client of the test's own.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde_json::Value;
use tradewire_sandbox::{DEMO_APP_KEY, DEMO_CLIENT_SECRET, DEMO_TENANT};

use crate::bench::{Bench, Offline, Told, WEEK, config, guest, servicetitan};

/// By the person's id at the provider and the class of hours or the code: hundredths, or minutes.
type Sums = BTreeMap<(String, String), i64>;

pub fn exporting(address: &str, settings: &str) -> Bench {
    let rest = r#"
[plugin.payroll-export]
source = "SOURCE"
grant = ["payroll:view", "settings/technicians:view", "settings/employees:view"]

[export.weekly-payroll]
run = "payroll-export"
tenants = ["acme"]
cron = "0 6 * * MON"
deliver = "outbox"

[export.weekly-payroll.settings]
"#;
    let rest = rest.replace("SOURCE", &guest("payroll-export.wasm").display().to_string());
    Bench::with(&config(address, &(rest + settings)))
}

fn exported(settings: &str, file: &str) -> String {
    let bench = exporting(servicetitan(), settings);
    bench.tradewire(&format!("run weekly-payroll {WEEK}")).succeeded();
    assert_eq!(bench.delivered(), [file.to_owned(), format!("{file}.total.json")]);
    bench.read(&format!("outbox/{file}"))
}

fn refused(settings: &str, texts: &[&str]) -> Told {
    let bench = exporting(servicetitan(), settings);
    let told = bench.tradewire(&format!("run weekly-payroll {WEEK} --quiet")).refused(texts);
    bench.has_delivered_nothing();
    told
}

/// ServiceTitan, as any client sees it.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    address: String,
    token: String,
}

impl Client {
    pub fn new(address: &str) -> Client {
        // Fails where it is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let http = reqwest::Client::new();
        let form = format!("grant_type=client_credentials&client_id=cid.sandbox&client_secret={DEMO_CLIENT_SECRET}");
        let call = http.post(format!("{address}/connect/token")).body(form);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let text = runtime.block_on(async { call.send().await.unwrap().text().await.unwrap() });
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Client { runtime, http, address: address.to_owned(), token }
    }

    fn all(&self, resource: &str) -> Vec<Value> {
        let (mut records, mut page) = (Vec::new(), 1);
        loop {
            // Who has left is still paid.
            let all = if resource == "payroll-settings" { "&active=Any" } else { "" };
            let place = format!("payroll/v2/tenant/{DEMO_TENANT}/{resource}?page={page}&pageSize=500{all}");
            let call = self.http.get(format!("{}/{place}", self.address)).bearer_auth(&self.token);
            let call = call.header("ST-App-Key", DEMO_APP_KEY);
            let text = self.runtime.block_on(async { call.send().await.unwrap().text().await.unwrap() });
            let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            records.extend(answer["data"].as_array().unwrap_or_else(|| panic!("{answer}")).clone());
            if answer["hasMore"] != true {
                return records;
            }
            page += 1;
        }
    }
}

impl Client {
    fn put(&self, resource: &str, body: String) {
        let call = self.http.put(format!("{}/payroll/v2/tenant/{DEMO_TENANT}/{resource}", self.address));
        let call = call.bearer_auth(&self.token).header("ST-App-Key", DEMO_APP_KEY);
        let call = call.header("content-type", "application/json").body(body);
        let answer = self.runtime.block_on(call.send()).unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// A number of at most four decimals in ten-thousandths.
fn number(value: &Value) -> i64 {
    let text = match value {
        Value::Null => return 0,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    assert!(part.len() <= 4, "{text}");
    format!("{whole}{part:0<4}").parse().unwrap()
}

/// Half away from zero.
fn divide(value: i64, by: i64) -> i64 {
    (value.abs() * 2 + by) / (by * 2) * value.signum()
}

/// What the week's records come to; hours in hundredths or minutes, money in cents where it is wanted.
fn expected(minutes: bool, money: bool) -> Sums {
    let client = Client::new(servicetitan());
    let key = |record: &Value| (record["employeeType"].to_string(), record["employeeId"].as_i64().unwrap());
    let ids: BTreeMap<_, _> = client
        .all("payroll-settings")
        .iter()
        .filter(|settings| settings["isIncludedInPayroll"] == true)
        .map(|settings| (key(settings), settings["externalPayrollId"].as_str().unwrap().to_owned()))
        .collect();
    let payrolls: BTreeMap<_, _> = client
        .all("payrolls")
        .iter()
        .filter(|payroll| payroll["endedOn"].as_str().unwrap().starts_with("2026-01-05T00:00:00"))
        .map(|payroll| (payroll["id"].as_i64().unwrap(), key(payroll)))
        .collect();
    let mut sums = Sums::new();
    for item in client.all("gross-pay-items") {
        let Some(id) = item["payrollId"].as_i64().and_then(|id| payrolls.get(&id)).and_then(|key| ids.get(key)) else {
            continue;
        };
        let (label, value) = match item["paidTimeType"].as_str() {
            Some(class) => (class.to_owned(), number(&item["paidDurationHours"])),
            None if money => (item["activityCode"].as_str().unwrap().to_owned(), number(&item["amount"])),
            None => continue,
        };
        *sums.entry((id.clone(), label)).or_default() += value;
    }
    for ((_, label), sum) in &mut sums {
        let is_time = ["Regular", "Overtime", "DoubleOvertime", "PaidTimeOff"].contains(&label.as_str());
        *sum = if is_time && minutes { divide(*sum * 60, 10_000) } else { divide(*sum, 100) };
    }
    sums.retain(|_, sum| *sum != 0);
    assert!(sums.len() > 20, "{sums:?}");
    sums
}

/// The rows of a file that has no quotation marks, as maps from titles to cells.
fn rows(file: &str, separator: char, skip: usize) -> Vec<BTreeMap<String, String>> {
    assert!(!file.contains('"'), "{file}");
    let mut lines = file.lines().skip(skip);
    let titles: Vec<_> = lines.next().unwrap().split(separator).collect();
    let row = |line: &str| {
        let cells: Vec<_> = line.split(separator).collect();
        assert_eq!(cells.len(), titles.len(), "{line}");
        titles.iter().zip(cells).map(|(title, cell)| ((*title).to_owned(), cell.to_owned())).collect()
    };
    lines.map(row).collect()
}

fn hundredths(cell: &str) -> i64 {
    if cell.is_empty() {
        return 0;
    }
    assert_eq!(cell.split_once('.').unwrap().1.len(), 2, "{cell}");
    cell.replace('.', "").parse().unwrap()
}

fn add(sums: &mut Sums, id: &str, label: &str, value: i64) {
    if value != 0 {
        *sums.entry((id.to_owned(), label.to_owned())).or_default() += value;
    }
}

fn class_of<'a>(code: &'a str, classes: &[&str; 4]) -> &'a str {
    match classes.iter().position(|class| *class == code) {
        Some(place) => ["Regular", "Overtime", "DoubleOvertime", "PaidTimeOff"][place],
        None => code,
    }
}

fn long(file: &str, skip: usize, [id, code, hours, amount]: [&str; 4], classes: &[&str; 4]) -> Sums {
    let mut sums = Sums::new();
    for row in rows(file, ',', skip) {
        add(&mut sums, &row[id], class_of(&row[code], classes), hundredths(&row[hours]) + hundredths(&row[amount]));
    }
    sums
}

#[test]
fn adp_workforce_now_pays_what_the_records_say() {
    let file = exported("provider = 'adp-workforce-now'\ncompany-code = 'AB'", "PRAB_EPI.csv");
    let mut sums = Sums::new();
    for row in rows(&file, ',', 0) {
        let id = &row["File #"];
        add(&mut sums, id, "Regular", hundredths(&row["Reg Hours"]));
        add(&mut sums, id, "Overtime", hundredths(&row["O/T Hours"]));
        for (slot, code) in [("Hours 3", "D"), ("Hours 4", "P")] {
            let value = hundredths(&row[&format!("{slot} Amount")]);
            assert_eq!(row[&format!("{slot} Code")], if value == 0 { "" } else { code });
            add(&mut sums, id, if code == "D" { "DoubleOvertime" } else { "PaidTimeOff" }, value);
        }
        for slot in 3..=5 {
            add(
                &mut sums,
                id,
                &row[&format!("Earnings {slot} Code")],
                hundredths(&row[&format!("Earnings {slot} Amount")]),
            );
        }
    }
    assert_eq!(sums, expected(false, true));
}

#[test]
fn adp_run_pays_what_the_records_say() {
    let settings = "provider = 'adp-run'\niid = '12345'\nfrequency = 'W'\nregular-code = 'R'";
    let file = exported(settings, "adp-run-12345-20260106.csv");
    assert!(file.contains("12345,W,12/29/2025,01/04/2026,001000,R,"), "{file}");
    let titles = ["Employee ID", "Earnings Code", "Pay Hours", "Dollars"];
    assert_eq!(long(&file, 1, titles, &["R", "OVT", "DBL", "VAC"]), expected(false, true));
}

#[test]
fn paychex_flex_pays_what_the_records_say_a_day_and_an_organization_at_a_time() {
    let settings =
        "provider = 'paychex-flex'\nclient-id = 'Y4658815'\nline-date = 'day'\norgs = 'HVAC Service=10, *=20'";
    let file = exported(settings, "paychex-Y4658815-20260106.csv");
    let titles = ["Worker ID", "Pay Component", "Hours", "Amount"];
    assert_eq!(long(&file, 0, titles, &["Hourly", "Overtime", "Doubletime", "PTO"]), expected(false, true));
    let days: Vec<_> = rows(&file, ',', 0).iter().map(|row| row["Line Date"].clone()).collect();
    assert!(days.contains(&"12/29/2025".to_owned()) && !days.contains(&String::new()), "{days:?}");
}

#[test]
fn gusto_pays_what_the_records_say_and_refuses_a_name_that_is_a_formula() {
    let settings = "provider = 'gusto'\npto-column = 'pto'\ncodes = 'BON=bonus, COM=commission, MIL=reimbursement'";
    let told =
        refused(settings, &["one thing stands in the way", "`=HYPERLINK(", "cannot stand in column `first_name`"]);
    assert!(told.err.contains("(technician "), "{told}");
    let file = exported(&format!("{settings}\nnames = 'no'"), "gusto-20260106.csv");
    let mut sums = Sums::new();
    for row in rows(&file, ',', 0) {
        for (column, label) in [
            ("regular_hours", "Regular"),
            ("overtime_hours", "Overtime"),
            ("double_overtime_hours", "DoubleOvertime"),
            ("pto", "PaidTimeOff"),
            ("bonus", "BON"),
            ("commission", "COM"),
            ("reimbursement", "MIL"),
        ] {
            add(&mut sums, &row["gusto_employee_id"], label, hundredths(&row[column]));
        }
    }
    assert_eq!(sums, expected(false, true));
}

#[test]
fn paylocity_pays_what_the_records_say() {
    let file = exported("provider = 'paylocity'\ndet = 'MIL=A, *=E'", "paylocity-20260106.csv");
    let titles = ["EmployeeId", "DetCode", "Hours", "Amount"];
    assert_eq!(long(&file, 0, titles, &["REG", "OT", "DT", "PTO"]), expected(false, true));
    assert!(rows(&file, ',', 0).iter().all(|row| (row["Det"] == "A") == (row["DetCode"] == "MIL")), "{file}");
}

#[test]
fn quickbooks_pays_the_hours_that_the_records_say_and_refuses_to_lose_money() {
    let settings = "provider = 'quickbooks-desktop'\ncompany-name = 'Acme'\ncompany-create-time = '1041379200'";
    refused(settings, &["earnings code `BON` has no place in this file: leave its kind out with `leave-out`", "`MIL`"]);
    let settings = format!("{settings}\nleave-out = 'invoice-related-bonus, custom-bonus, reimbursement'");
    let file = exported(&settings, "quickbooks-20260106.iif");
    let mut sums = Sums::new();
    for row in rows(&file, '\t', 2) {
        let (hours, minutes) = row["DURATION"].split_once(':').unwrap();
        let label = class_of(&row["NOTE"], &["Regular", "Overtime", "Double Overtime", "Paid Time Off"]);
        add(&mut sums, &row["EMP"], label, hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap());
    }
    assert_eq!(sums, expected(true, false));
}

#[test]
fn a_seventh_provider_is_a_layout_in_the_configuration() {
    let layout = r#"
provider = "Example Pay"
about = "A row a person."
file-name = "{company}-{window-end:%Y%m%d}.txt"
content-type = "text/plain"
format = { separator = "|", line-ending = "lf", encoding = "ascii", quoting = false, hours = "0.00", amounts = "0.00" }

[[setting]]
name = "company"
about = "the company"
required = true

[[column]]
title = "Worker"
text = "{external-id}"
sure = "uncertain"

[[column]]
title = "Worked"
hours = "regular"
sure = "uncertain"
"#;
    let settings = |layout: &str| format!("company = 'acme'\nlayout = '''{layout}'''");
    refused(&settings(layout), &["overtime hours has no place in this file", "earnings code `BON` has no place"]);
    let more = r#"
[[column]]
title = "Code"
text = "{code}"
sure = "uncertain"
[[column]]
title = "Hours"
hours = "row"
sure = "uncertain"
[[column]]
title = "Amount"
amount = "row"
sure = "uncertain"
"#;
    let whole = layout.replace("[[column]]\ntitle = \"Worked\"\nhours = \"regular\"\nsure = \"uncertain\"\n", more);
    let file = exported(&settings(&whole), "acme-20260106.txt");
    let mut sums = Sums::new();
    for row in rows(&file, '|', 0) {
        let label = class_of(&row["Code"], &["regular", "overtime", "double overtime", "paid time off"]);
        add(&mut sums, &row["Worker"], label, hundredths(&row["Hours"]) + hundredths(&row["Amount"]));
    }
    assert_eq!(sums, expected(false, true));
    refused(&settings(&whole.replace("{external-id}", "{externalid}")), &["layout: line 13: `externalid` is no"]);
}

/// The window of the payroll periods two weeks before [`WEEK`].
pub const EARLIER: &str = "--from 2025-12-16 --to 2025-12-23";

/// Changes the amount of a bonus that was earned in [`EARLIER`] by so many cents, and gives the person's id.
pub fn change_a_bonus(client: &Client, cents: i64) -> String {
    let key = |record: &Value| (record["employeeType"].to_string(), record["employeeId"].as_i64().unwrap());
    let payrolls = client.all("payrolls");
    let ended = |payroll: &&Value| payroll["endedOn"].as_str().unwrap().starts_with("2025-12-22T00:00:00");
    let payrolls: Vec<_> = payrolls.iter().filter(ended).map(|payroll| payroll["id"].clone()).collect();
    let settings = client.all("payroll-settings");
    let included = settings.iter().filter(|settings| settings["isIncludedInPayroll"] == true);
    let ids: BTreeMap<_, _> = included.map(|s| (key(s), s["externalPayrollId"].as_str().unwrap().to_owned())).collect();
    let items = client.all("gross-pay-items");
    let is_bonus = |item: &&Value| item["activityCode"] == "BON" && payrolls.contains(&item["payrollId"]);
    let item = items.iter().filter(is_bonus).find(|item| ids.contains_key(&key(item))).unwrap();
    let hundredths = number(&item["amount"]) / 100 + cents;
    let body = format!(
        r#"{{"payrollId": {}, "amount": {}.{:02}, "activityCodeId": {}, "date": {}}}"#,
        item["payrollId"],
        hundredths / 100,
        hundredths % 100,
        item["activityCodeId"],
        item["date"]
    );
    client.put(&format!("gross-pay-items/{}", item["id"]), body);
    ids[&key(item)].clone()
}

/// What became of a run: its outcome, and each file's name with what is in it.
fn files_of(bench: &Bench, window: &str) -> (String, Vec<(String, String)>) {
    let run = &bench.tradewire(&format!("run weekly-payroll {window} --json")).succeeded().json()["runs"][0];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{run}")).to_owned();
    let file = |file: &Value| (text(&file["name"]), bench.read(&format!("outbox/{}", text(&file["deliveredAs"]))));
    (text(&run["outcome"]), run["files"].as_array().unwrap().iter().map(file).collect())
}

#[test]
fn a_late_change_becomes_a_correction_and_every_window_says_the_same_again() {
    let offline = Offline::with("[]");
    let client = Client::new(&offline.url());
    let bench = exporting(&offline.url(), "provider = 'adp-workforce-now'\ncompany-code = 'AB'");
    let (_, first) = files_of(&bench, EARLIER);
    assert_eq!(first.len(), 1);

    let id = change_a_bonus(&client, -125);
    let (_, second) = files_of(&bench, WEEK);
    let header = second[0].1.lines().next().unwrap();
    let correction = format!("{header}\r\nAB,20260106,{id},,,,,,,BON,-1.25,,,,\r\n");
    assert_eq!(second[1], ("PRAB_EPI-correction-20260106.csv".to_owned(), correction.clone()));
    assert_eq!(second.len(), 2);
    let total: Value = serde_json::from_str(&bench.read("outbox/PRAB_EPI-correction-20260106.csv.total.json")).unwrap();
    assert!(total.to_string().contains("-1.25"), "{total}");

    // The same window again says the same; so does the one before, as long as nobody changes it.
    assert_eq!(files_of(&bench, WEEK), ("unchanged".to_owned(), second.clone()));

    // One more change: this window's correction is of all that the first one did not say, as a version of its own.
    assert_eq!(change_a_bonus(&client, 200), id);
    let (outcome, third) = files_of(&bench, WEEK);
    assert_eq!((outcome.as_str(), &third[0]), ("succeeded", &second[0]));
    assert_eq!(third[1].1, correction.replace("-1.25", "0.75"));
    assert_eq!(bench.read("outbox/PRAB_EPI-correction-20260106.csv"), correction, "nothing is written over");

    // The first window again is whole, with the changes in it; then there is nothing to correct.
    let (_, whole) = files_of(&bench, EARLIER);
    assert_ne!(whole[0].1, first[0].1);
    assert_eq!(files_of(&bench, WEEK).1, second[..1]);
}

#[test]
fn a_correction_that_the_provider_would_not_take_is_refused_with_what_it_would_be() {
    let offline = Offline::with("[]");
    let client = Client::new(&offline.url());
    let settings = "provider = 'gusto'\nnames = 'no'\npto-column = 'pto'\n\
                    codes = 'BON=bonus, COM=commission, MIL=reimbursement'";
    let bench = exporting(&offline.url(), settings);
    bench.tradewire(&format!("run weekly-payroll {EARLIER}")).succeeded();
    change_a_bonus(&client, -125);
    let delivered = bench.delivered();
    bench.tradewire(&format!("run weekly-payroll {WEEK} --quiet")).refused(&[
        "`gusto-20260106-correction-20260106.csv`",
        "`-1.25` cannot stand in column `bonus`",
        "late changes are left alone with `look-back-weeks = \"0\"`",
    ]);
    assert_eq!(bench.delivered(), delivered);
}
