//! Thirty nights of purchasing, over a ServiceTitan and a vendor whose data moves by day and who have bad nights:
//! orders are sent and received, prices written into the pricebook, bills handed to the ledger and marked, and all of
//! it reconciled. At the end the sandbox's own records and its ledger of writes say the same as the files.
//!
//! Drawn from `TRADEWIRE_NIGHTS_SEED`; `TRADEWIRE_NIGHTS` says how many there are.
#![cfg(unix)]

mod agree;
mod days;
mod flows;
mod unresolved;
mod world;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use tradewire_store::{RunFilter, RunRecord, Store};

use crate::bench::{Bench, Offline, signal, until};
use crate::crash::Draw;
use world::{BILLS, MARKS, MATCH, OPEN, ORDERS, PRICES};

/// The first day, which the sandbox has not reached when it begins.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 8).unwrap();
/// The nights at the end that are good: what was put off is done then.
const GOOD: u64 = 2;
/// How often a window is run until it has succeeded.
const TRIES: usize = 20;

#[test]
fn nights() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (seed, count) = (number("TRADEWIRE_NIGHTS_SEED", 1), number("TRADEWIRE_NIGHTS", 30));
    println!("TRADEWIRE_NIGHTS_SEED={seed} TRADEWIRE_NIGHTS={count}");
    let mut nights = Nights::new(Draw(seed));
    for night in 0..count {
        nights.day(night);
        nights.night(night, night + GOOD >= count);
    }
    nights.agree(count);
    println!(
        "{} runs, {} tries more than nights, {} unresolved writes",
        nights.runs().len(),
        nights.again,
        nights.resolved
    );
}

struct Nights {
    draw: Draw,
    offline: Offline,
    bench: Bench,
    /// ServiceTitan's number of the vendor.
    vendor: i64,
    /// What the parts should cost by now, by numbers of materials.
    costs: BTreeMap<i64, Decimal>,
    /// The prices in the vendor's list, in cents by part numbers.
    listed: BTreeMap<String, i64>,
    /// Orders that the vendor cannot take.
    faulty: Vec<String>,
    /// Writes that were resolved, and runs that had to be begun again.
    resolved: usize,
    again: usize,
}

impl Nights {
    /// The noon of a day, and the hour of the night after it, by the clock of the company.
    fn noon(night: u64) -> DateTime<Utc> {
        (FIRST + Days::new(night)).and_hms_opt(19, 0, 0).unwrap().and_utc()
    }

    fn night(&mut self, night: u64, is_good: bool) {
        let faults = if is_good { "[]".to_owned() } else { self.draw.bad_night() };
        self.offline.sandbox().move_on(Self::noon(night) + TimeDelta::hours(16));
        self.offline.faults(&faults);
        let (from, to) = (FIRST + Days::new(night), FIRST + Days::new(night + 1));
        for export in [ORDERS, PRICES, BILLS] {
            self.complete(&format!("run {export} --from {from} --to {to}"));
        }
        self.follow(night);
        for export in [MATCH, OPEN] {
            self.complete(&format!("run {export} --from {from} --to {to}"));
        }
        self.offline.faults("[]");
        self.expect_prices();
    }

    /// Runs a window until it has succeeded, resolving writes as an operator would who looks.
    fn complete(&mut self, words: &str) {
        for tried in 0..TRIES {
            if self.bench.tradewire(words).code == Some(0) {
                self.again += tried;
                return;
            }
            self.resolve_all();
        }
        panic!("{words}: {}", self.bench.tradewire(words));
    }

    /// Serves until the night's bills are marked.
    fn follow(&mut self, night: u64) {
        let start = FIRST + Days::new(night);
        let is_marked = |run: &RunRecord| {
            run.opening.export == MARKS && run.opening.window.start.date_naive() == start && run.succeeded()
        };
        let mut serving = self.bench.start_unheard("serve --quiet");
        until("the bills of the night are marked", || {
            assert!(serving.try_wait().unwrap().is_none(), "it serves until it is told to stop");
            self.resolve_all();
            self.runs().iter().any(is_marked)
        });
        signal(&serving, "TERM");
        serving.wait().unwrap();
    }

    fn runs(&self) -> Vec<RunRecord> {
        let filter = RunFilter { limit: Some(u32::MAX), ..RunFilter::default() };
        self.bench.recorded(async |store| store.runs(&filter).await.unwrap())
    }
}
