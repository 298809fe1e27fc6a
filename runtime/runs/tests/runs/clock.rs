//! Clock changes, leap days, sleep and clocks that are set: what fires, against tables that are written by hand.
//!
//! The tables were worked out from the zones' rules and nothing else. The rules of the crate: a local time that a change
//! skips falls due once, right after the gap; one that a change repeats falls due once, the first time.
//!
//! | zone | from | to |
//! |---|---|---|
//! | New York | 2026-03-08, 02:00 at -05:00 | 03:00 at -04:00 |
//! | New York | 2026-11-01, 02:00 at -04:00 | 01:00 at -05:00 |
//! | Lord Howe | 2026-04-05, 02:00 at +11:00 | 01:30 at +10:30 |
//! | Lord Howe | 2026-10-04, 02:00 at +10:30 | 02:30 at +11:00 |
//! | Phoenix | never | |

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use tradewire_store::SlotState;

use crate::support::scheduling::{Going, a_while, runs, slots, start_after, until};
use crate::support::{Bench, Closure};

const NEW_YORK: &str = "America/New_York";
const LORD_HOWE: &str = "Australia/Lord_Howe";
const PHOENIX: &str = "America/Phoenix";

/// A schedule of `weekly` for zenith alone, in a zone, whose last slot was at this time.
async fn start(zone: &str, cron: &str, lines: &str, last: &str) -> (Bench, Going) {
    let config = r#"
[servicetitan]
environment = "sandbox"
app_key = { env = "ST_APP_KEY" }

[tenant.zenith]
id = 42
client_id = "cid.zenith"
client_secret = { env = "ZENITH_CLIENT_SECRET" }
timezone = "ZONE"

[plugin.payroll]
source = "payroll.wasm"

[export.weekly]
run = "payroll"
tenants = ["zenith"]
cron = "CRON"
LINES
"#;
    let config = config.replace("ZONE", zone).replace("CRON", cron).replace("LINES", lines);
    let bench = Bench::with(Closure::writing(&[]), &config, |store| store);
    let last = moment(last).to_utc().to_rfc3339();
    bench.clock.set(&last);
    let going = start_after(bench.runner.clone(), &last, Duration::from_secs(5)).await;
    (bench, going)
}

fn moment(text: &str) -> DateTime<FixedOffset> {
    text.parse().unwrap()
}

/// Sets the clock, and lets the scheduler look at it.
async fn set(bench: &Bench, at: DateTime<FixedOffset>) {
    bench.clock.set(&at.to_utc().to_rfc3339());
    tokio::time::sleep(Duration::from_millis(40)).await;
}

/// Every slot that has a row, as the table writes it.
async fn rows(bench: &Bench) -> Vec<(String, SlotState)> {
    let zone = bench.runner.config().tenants["zenith"].timezone;
    let rows = slots(bench, "zenith").await;
    rows.into_iter().map(|slot| (slot.due.with_timezone(&zone).to_rfc3339(), slot.state)).collect()
}

/// Goes from slot to slot of the table: a second before each nothing has fired, at each it does, and nothing else has a
/// row in the end.
async fn expect(zone: &str, cron: &str, last: &str, table: &[&str]) {
    let (bench, going) = start(zone, cron, "", last).await;
    for (fired, at) in table.iter().enumerate() {
        set(&bench, moment(at) - TimeDelta::seconds(1)).await;
        assert_eq!(runs(&bench).await.len(), fired, "{cron} in {zone} before {at}: {:?}", rows(&bench).await);
        set(&bench, moment(at)).await;
        until(at, async || runs(&bench).await.len() == fired + 1).await;
        until("it has ended", async || runs(&bench).await.iter().all(|run| run.ending.is_some())).await;
    }
    a_while().await;
    let expected: Vec<_> = table.iter().map(|at| ((*at).to_owned(), SlotState::Taken)).collect();
    assert_eq!(rows(&bench).await, expected, "{cron} in {zone}");
    going.stop().await;
}

#[tokio::test]
async fn clock_of_new_york_goes_forward() {
    let table = ["2026-03-07T02:30:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"];
    expect(NEW_YORK, "30 2 * * *", "2026-03-06T02:30:00-05:00", &table).await;
    let table = ["2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00"];
    expect(NEW_YORK, "0 * * * *", "2026-03-08T00:00:00-05:00", &table).await;
    // A day of 23 hours.
    let table = ["2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00", "2026-03-10T00:00:00-04:00"];
    expect(NEW_YORK, "@daily", "2026-03-07T00:00:00-05:00", &table).await;
}

#[tokio::test]
async fn clock_of_new_york_goes_back() {
    let table = ["2026-10-31T01:30:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"];
    expect(NEW_YORK, "30 1 * * *", "2026-10-30T01:30:00-04:00", &table).await;
    let table = ["2026-11-01T01:00:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-01T03:00:00-05:00"];
    expect(NEW_YORK, "0 * * * *", "2026-11-01T00:00:00-04:00", &table).await;
    // A day of 25 hours.
    let table = ["2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", "2026-11-03T00:00:00-05:00"];
    expect(NEW_YORK, "@daily", "2026-10-31T00:00:00-04:00", &table).await;
}

#[tokio::test]
async fn clock_of_lord_howe_goes_forward_by_half_an_hour() {
    let table = ["2026-10-03T02:15:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"];
    expect(LORD_HOWE, "15 2 * * *", "2026-10-02T02:15:00+10:30", &table).await;
    let table = [
        "2026-10-04T01:45:00+10:30",
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T02:45:00+11:00",
        "2026-10-04T03:00:00+11:00",
    ];
    expect(LORD_HOWE, "*/15 * * * *", "2026-10-04T01:30:00+10:30", &table).await;
}

#[tokio::test]
async fn clock_of_lord_howe_goes_back_by_half_an_hour() {
    let table = ["2026-04-04T01:45:00+11:00", "2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"];
    expect(LORD_HOWE, "45 1 * * *", "2026-04-03T01:45:00+11:00", &table).await;
    let table = [
        "2026-04-05T01:30:00+11:00",
        "2026-04-05T01:45:00+11:00",
        "2026-04-05T02:00:00+10:30",
        "2026-04-05T02:15:00+10:30",
    ];
    expect(LORD_HOWE, "*/15 * * * *", "2026-04-05T01:15:00+11:00", &table).await;
}

#[tokio::test]
async fn clock_of_phoenix_never_changes() {
    let table = ["2026-03-07T02:30:00-07:00", "2026-03-08T02:30:00-07:00", "2026-03-09T02:30:00-07:00"];
    expect(PHOENIX, "30 2 * * *", "2026-03-06T02:30:00-07:00", &table).await;
    let table = ["2026-11-01T01:30:00-07:00", "2026-11-01T02:30:00-07:00", "2026-11-01T03:30:00-07:00"];
    expect(PHOENIX, "30 * * * *", "2026-11-01T00:30:00-07:00", &table).await;
}

#[tokio::test]
async fn clock_comes_to_a_leap_day() {
    let table = ["2028-02-28T06:00:00-05:00", "2028-02-29T06:00:00-05:00", "2028-03-01T06:00:00-05:00"];
    expect(NEW_YORK, "0 6 * * *", "2028-02-27T06:00:00-05:00", &table).await;
    let table = ["2028-02-29T12:00:00-07:00", "2032-02-29T12:00:00-07:00"];
    expect(PHOENIX, "0 12 29 2 *", "2024-02-29T12:00:00-07:00", &table).await;
    // A month without a 31st has no slot.
    let table = ["2028-01-31T00:00:00-07:00", "2028-03-31T00:00:00-07:00", "2028-05-31T00:00:00-07:00"];
    expect(PHOENIX, "0 0 31 * *", "2027-12-31T00:00:00-07:00", &table).await;
}

/// Asleep from Friday noon to Monday noon, over the change of 2026-03-08.
async fn asleep_for_three_days(lines: &str, table: &[(&str, SlotState)]) {
    let (bench, going) = start(NEW_YORK, "0 6 * * *", lines, "2026-03-06T06:00:00-05:00").await;
    set(&bench, moment("2026-03-06T12:00:00-05:00")).await;
    set(&bench, moment("2026-03-09T12:00:00-04:00")).await;
    let expected: Vec<_> = table.iter().map(|(at, state)| ((*at).to_owned(), *state)).collect();
    until("all is recorded", async || rows(&bench).await == expected).await;
    until("nothing goes on", async || runs(&bench).await.iter().all(|run| run.ending.is_some())).await;
    a_while().await;
    set(&bench, moment("2026-03-10T06:00:00-04:00")).await;
    let next = [("2026-03-10T06:00:00-04:00".to_owned(), SlotState::Taken)];
    until("the next slot", async || rows(&bench).await == [&expected[..], &next[..]].concat()).await;
    a_while().await;
    let began: Vec<_> = runs(&bench).await.into_iter().rev().map(|run| run.opening.due.unwrap()).collect();
    let taken = table.iter().filter(|(_, state)| *state == SlotState::Taken).map(|(at, _)| moment(at).to_utc());
    let taken: Vec<_> = taken.chain([moment("2026-03-10T06:00:00-04:00").to_utc()]).collect();
    assert_eq!(began, taken, "each once, in order");
    going.stop().await;
}

#[tokio::test]
async fn clock_of_a_machine_that_slept_for_three_days() {
    use SlotState::{Missed, Taken};
    let days = ["2026-03-07T06:00:00-05:00", "2026-03-08T06:00:00-04:00", "2026-03-09T06:00:00-04:00"];
    let table = |states: [SlotState; 3]| [(days[0], states[0]), (days[1], states[1]), (days[2], states[2])];
    asleep_for_three_days("", &table([Missed, Missed, Taken])).await;
    asleep_for_three_days("missed = \"latest\"", &table([Missed, Missed, Taken])).await;
    asleep_for_three_days("missed = \"all\"", &table([Taken, Taken, Taken])).await;
    asleep_for_three_days("missed = \"all\"\nmissed_cap = 2", &table([Missed, Taken, Taken])).await;
    asleep_for_three_days("missed = \"skip\"", &table([Missed, Missed, Missed])).await;
}

#[tokio::test]
async fn clock_that_is_set_back_by_an_hour() {
    let (bench, going) = start(PHOENIX, "*/30 * * * *", "", "2026-06-01T09:30:00-07:00").await;
    let fired = async |at: &str, count: usize| {
        set(&bench, moment(at)).await;
        until(at, async || runs(&bench).await.len() == count).await;
        until("it has ended", async || runs(&bench).await.iter().all(|run| run.ending.is_some())).await;
    };
    fired("2026-06-01T10:00:00-07:00", 1).await;
    fired("2026-06-01T10:30:00-07:00", 2).await;
    fired("2026-06-01T11:00:00-07:00", 3).await;
    fired("2026-06-01T10:05:00-07:00", 3).await;
    // These times come again; they have had their run.
    fired("2026-06-01T10:30:00-07:00", 3).await;
    fired("2026-06-01T11:00:00-07:00", 3).await;
    fired("2026-06-01T11:30:00-07:00", 4).await;
    a_while().await;
    let table = [
        "2026-06-01T10:00:00-07:00",
        "2026-06-01T10:30:00-07:00",
        "2026-06-01T11:00:00-07:00",
        "2026-06-01T11:30:00-07:00",
    ];
    assert_eq!(rows(&bench).await, table.map(|at| (at.to_owned(), SlotState::Taken)));
    going.stop().await;
}
