//! Plugins that hand over as much as they can: they stop nobody else, and leave nothing behind.
#![cfg(unix)]

use std::time::{Duration, Instant};

use tradewire_onslaught::{Much, Of, onslaught};
use tradewire_store::{Outcome, RunRecord};

use crate::bench::{Bench, config, guest, until};
use crate::vendors::http::ask;
use crate::vendors::serving::{Serving, nowhere};

const MIB: u32 = 1 << 20;
/// How late an answer may be on a machine that does other things as well; the bench has the exact figures.
const LATE: Duration = Duration::from_millis(500);

const SECTIONS: &str = r#"
[tenant.beta]
id = 1234567891
client_id = "cid.sandbox"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[plugin.stranger]
source = "stranger.wasm"
grant = [GRANT]
limits = { time = "TIME" }

[plugin.honest]
source = "HONEST"
grant = ["payroll/activity-codes.get-list"]

[export.strange]
run = "stranger"
tenants = ["acme"]
cron = "* * * * * *"
"#;

const SERVED: &str = r#"
[export.honest]
run = "honest"
tenants = ["beta"]
cron = "* * * * * *"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[serve]
listen = "ADDRESS"
"#;

fn bench(of: Of<'_>, much: Much, (grant, time): (&str, &str), rest: &str) -> Bench {
    let sections = SECTIONS.replace("HONEST", &guest("hostile.wasm").display().to_string());
    let sections = sections.replace("GRANT", grant).replace("TIME", time);
    let bench = Bench::with(&config("http://127.0.0.1:9", &(sections + rest)));
    bench.write("stranger.wasm", onslaught(of, much).component);
    bench.write("webhook.key", "0123456789abcdef0123456789abcdef");
    bench
}

fn of(bench: &Bench, export: &str) -> Vec<RunRecord> {
    bench.runs().into_iter().filter(|run| run.opening.export == export && run.ending.is_some()).collect()
}

#[test]
fn a_plugin_without_any_grant_stops_nobody_and_ends_at_its_time() {
    let much = Much { bytes: 15 * MIB, first: true, letter: b'a', times: u32::MAX };
    let address = nowhere();
    let bench = bench(Of::Raw, much, ("", "2 s"), &SERVED.replace("ADDRESS", &address.to_string()));
    let mut serving = Serving::for_scripts(&bench, address);
    until("the stranger is at it", || !bench.unfinished().is_empty());

    let mut latest = Duration::ZERO;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        let asked = Instant::now();
        let answer = ask(address, "GET /health HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n");
        assert_eq!(answer.status, 200, "{answer:?}");
        latest = latest.max(asked.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(latest < LATE, "an answer took {latest:?}");
    serving.is_alive();

    until("the stranger's run has ended", || !of(&bench, "strange").is_empty());
    let ending = of(&bench, "strange").pop().map(|run| (run.opening.started, run.ending.unwrap()));
    let (started, ending) = ending.unwrap();
    assert_eq!(ending.outcome, Outcome::Failed);
    assert!(ending.message.contains("`time` is 2 s"), "{}", ending.message);
    let took = (ending.ended - started).to_std().unwrap();
    assert!(took < Duration::from_secs(2) + LATE, "it went on for {took:?}");
    let honest = of(&bench, "honest");
    assert!(honest.len() >= 2, "another tenant's runs go on");
    assert!(honest.iter().all(|run| run.ending.as_ref().is_some_and(|ending| ending.outcome == Outcome::Succeeded)));

    let told = Instant::now();
    serving.stop();
    assert!(told.elapsed() < Duration::from_secs(10), "it took {:?} to stop", told.elapsed());
}

#[test]
fn what_is_refused_before_it_is_sent_is_neither_kept_nor_written_down() {
    for operation in ["crm/customers.get", "crm/customers.delete-note"] {
        let much = Much { bytes: 8 * MIB, first: true, letter: b'a', times: 100 };
        // However slow the machine is: 100 times 8 MiB are copied.
        let bench = bench(Of::RawId(operation), much, ("\"crm/customers:*\"", "5 min"), "");
        bench.tradewire("run strange --quiet").succeeded();
        let run = bench.runs().remove(0);
        let calls = bench.recorded(async |store| {
            use tradewire_store::Store;
            store.host_calls(run.opening.id).await.unwrap()
        });
        assert!(calls.is_empty(), "{calls:?}");
        assert!(bench.writes().is_empty(), "what never goes out is in no journal");
        let kept: u64 = ["tradewire.db", "tradewire.db-wal"]
            .iter()
            .filter_map(|name| bench.path(".tradewire").join(name).metadata().ok())
            .map(|file| file.len())
            .sum();
        assert!(kept < 4 << 20, "{kept} bytes are kept");
    }
}
