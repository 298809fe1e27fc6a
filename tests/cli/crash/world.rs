//! What runs in the crash test, and what each run is to leave behind.

use chrono::{Days, NaiveDate};
use tradewire_sandbox::DEMO_TENANT;

use crate::bench::{self, Offline, TODAY, guest};

/// Tenants besides the first.
pub const MORE_TENANTS: i64 = 3;
/// Kills for each window that is run by hand, more or less.
const KILLS_A_WINDOW: usize = 8;

/// The order of each window of `orders`. What its template makes of it is another at each attempt.
pub const ORDER_FILE: &str = "order.json.liquid";
pub const ORDER: &str = r#"{
    "accountId": "H-7001",
    "purchaseOrder": { "number": "{{ run.tenant }} {{ run.window.start }}",
        "vendor": { "memo": "attempt {{ run.attempt }}" },
        "items": [{ "vendorPartNumber": "HL-1001", "quantity": 1 }] }
}"#;

/// An export that makes teams: what it does (`#` is the start of its window), the teams that it makes, those that it
/// leaves, in order. One is made twice, one by the raw door, and one is gone at the end. Each counts its runs in its state.
pub struct Makes {
    pub export: &'static str,
    steps: &'static str,
    pub made: &'static [&'static str],
    pub left: &'static [&'static str],
}

pub const MAKES: [Makes; 3] = [
    Makes {
        export: "by-hand",
        steps: "create A#, read, create B#, raw C#, create A#, create D#, count runs, delete, read, create E#",
        made: &["A", "B", "C", "A", "D", "E"],
        left: &["A", "B", "C", "A", "E"],
    },
    Makes {
        export: "ticks",
        steps: "create F#, read, raw G#, count runs, create F#, create H#, delete",
        made: &["F", "G", "F", "H"],
        left: &["F", "G", "F"],
    },
    Makes { export: "follows", steps: "count runs, create I#", made: &["I"], left: &["I"] },
];

/// The export that orders.
pub const ORDERS: &str = "orders";
/// The export that follows the teams that the others make.
pub const CHANGES: &str = "changes";
/// Seconds between the slots of a schedule.
pub const PERIOD: i64 = 4;

/// How often the schedules fall due.
#[derive(Clone, Copy)]
pub enum By {
    /// Every few seconds.
    Seconds,
    /// Not while the test lasts.
    Years,
}

/// The tenants: their names in the configuration, and their numbers.
pub fn tenants() -> Vec<(String, i64)> {
    let more = (1..=MORE_TENANTS).map(|id| (format!("t{id}"), id));
    std::iter::once(("acme".to_owned(), DEMO_TENANT)).chain(more).collect()
}

/// The words that run the windows by hand.
pub fn windows(kills: usize) -> Vec<String> {
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let day = |n: usize| first + Days::new(n as u64);
    (0..kills.div_ceil(KILLS_A_WINDOW)).map(|n| format!("run by-hand --from {} --to {}", day(n), day(n + 1))).collect()
}

pub fn config(offline: &Offline, by: By) -> String {
    let [ticks, orders, changes] = match by {
        By::Seconds => [0, 1, 2].map(|second| format!("{second}/{PERIOD} * * * * *")),
        By::Years => [0; 3].map(|_| "0 0 0 1 1 *".to_owned()),
    };
    let scheduled = r#"missed = "all"
overlap = "queue"
retries = { times = 30, backoff = "500 ms", longest = "1 s" }"#;
    let mut rest = format!(
        r#"
[plugin.writer]
source = {:?}
grant = ["dispatch/team.get-list", "dispatch/team.create", "dispatch/team.delete", "raw:POST /dispatch/v2/tenant/{{tenant}}/teams"]

[middleware.harborline]
pack = {:?}
base_url = "{}"
tenants = TENANTS
secrets = {{ ApiKey = {{ env = "VENDOR_KEY" }} }}

[export.{ORDERS}]
run = "harborline/purchaseorder"
body = "{ORDER_FILE}"
tenants = TENANTS
deliver = "outbox"
cron = "{orders}"
{scheduled}

[plugin.follower]
source = {:?}
grant = ["dispatch/team:view", "crm/export:view", "crm/bookings:view"]
settings = {{ feed = "teams" }}

[export.{CHANGES}]
run = "follower"
tenants = TENANTS
deliver = "outbox"
feed = "dispatch/team.get-list"
since = "{}"
cron = "{changes}"
retries = {{ times = 30, backoff = "500 ms", longest = "1 s" }}
"#,
        guest("writer.wasm"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/harborline"),
        offline.sandbox().vendor_url(),
        guest("follower.wasm"),
        TODAY,
    );
    for Makes { export, steps, .. } in &MAKES {
        let begins = match *export {
            "ticks" => format!("cron = \"{ticks}\"\n{scheduled}"),
            "follows" => {
                "after = \"ticks\"\nretries = { times = 30, backoff = \"500 ms\", longest = \"1 s\" }".to_owned()
            }
            _ => "window = \"day\"".to_owned(),
        };
        rest += &format!(
            "\n[export.{export}]\nrun = \"writer\"\ntenants = TENANTS\ndeliver = \"outbox\"\n\
             settings = {{ steps = \"{steps}\" }}\n{begins}\n"
        );
    }
    for id in 1..=MORE_TENANTS {
        rest += &format!(
            "\n[tenant.t{id}]\nid = {id}\nclient_id = \"cid.{id}\"\nclient_secret = {{ env = \"CLIENT_SECRET\" }}\n\
             timezone = \"UTC\"\n"
        );
    }
    let names: Vec<String> = tenants().into_iter().map(|(name, _)| format!("{name:?}")).collect();
    bench::config(&offline.url(), &rest.replace("TENANTS", &format!("[{}]", names.join(", "))))
}
