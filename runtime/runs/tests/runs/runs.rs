//! Runs from end to end, with a plugin that is a closure: what is recorded, what is delivered, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Failure, FileError, Report, Request, RunError, Runner, Summary};
use tradewire_store::{FailureKind, FileState, HostCalls, LogLevel, Outcome, RunFilter, Store, TriggerKind};

use crate::support::{Bench, CONFIG, Closure, at, names};

async fn run(runner: &Runner) -> Report {
    runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn a_run_that_succeeds_delivers_its_file_with_a_control_total() {
    let bench = Bench::new(Closure::writing(&[("PRABCEPI.csv", "a,b\r\n1,2\r\n")]));
    let report = run(&bench.runner).await;
    assert_eq!(report.outcome(), Outcome::Succeeded);
    assert_eq!(report.run.opening.trigger, TriggerKind::Manual);
    assert_eq!(bench.names(), ["PRABCEPI.csv", "PRABCEPI.csv.total.json"]);
    assert_eq!(bench.read("PRABCEPI.csv"), "a,b\r\n1,2\r\n");
    let sha256 = &report.files[0].sha256;
    assert_eq!(
        bench.read("PRABCEPI.csv.total.json"),
        format!(
            r#"{{
  "file": "PRABCEPI.csv",
  "version": 1,
  "totals": {{
    "rows": "2",
    "amount": "1234.50"
  }},
  "bytes": 10,
  "sha256": "{sha256}",
  "export": "weekly",
  "tenant": "acme",
  "tenantId": 1234567890,
  "window": {{
    "start": "2026-03-02T06:00:00-07:00",
    "end": "2026-03-09T06:00:00-07:00"
  }},
  "run": "{}"
}}
"#,
            report.run.opening.id
        )
    );
    let stored = bench.store.run(report.run.opening.id).await.unwrap().unwrap();
    assert_eq!(stored, report.run);
    let files = bench.store.files(report.run.opening.id).await.unwrap();
    assert_eq!(files[0].state, FileState::Delivered);
    assert_eq!(files[0].sha256.len(), 64);
    assert!(bench.staged().is_empty());
}

#[tokio::test]
async fn the_job_carries_window_settings_and_limits() {
    let plugin = Closure::new(async |attempt| {
        let job = &attempt.job;
        attempt.log.write(LogLevel::Info, &format!("{} {} {:?}", job.window, job.tenant_id, job.settings));
        attempt.calls.plugin_digest("sha256:00");
        for _ in 0..2 {
            let operation = "payroll/payrolls.get-list".to_owned();
            attempt.calls.add(HostCalls { operation, calls: 1, bytes: 10, ..HostCalls::default() });
        }
        Ok(Summary { message: "two\nlines \u{1b}[2J".to_owned() })
    });
    let bench = Bench::new(plugin);
    let report = bench.runner.run(Request::now("weekly", "zenith"), CancellationToken::new()).await.unwrap();
    let id = report.run.opening.id;
    let log = bench.store.log(id, 0, 10).await.unwrap();
    let window = "2026-03-02T06:00:00-05:00/2026-03-09T06:00:00-04:00";
    assert_eq!(log[0].text, format!("{window} 42 {{\"company-code\": \"ABC\"}}"));
    let calls = bench.store.host_calls(id).await.unwrap();
    assert_eq!((calls.len(), calls[0].calls, calls[0].bytes), (1, 2, 20));
    let ending = report.run.ending.unwrap();
    assert_eq!(ending.message, "two lines \\u{1b}[2J");
    assert_eq!(ending.plugin_digest.as_deref(), Some("sha256:00"));
}

#[tokio::test]
async fn the_same_window_with_the_same_bytes_is_unchanged_even_when_the_file_was_fetched() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    run(&bench.runner).await;
    let before = bench.read("a.csv.total.json");
    let again = run(&bench.runner).await;
    assert_eq!(again.outcome(), Outcome::Unchanged);
    assert_eq!(bench.read("a.csv.total.json"), before, "nothing was rewritten");
    std::fs::remove_file(bench.outbox().join("a.csv")).unwrap();
    std::fs::remove_file(bench.outbox().join("a.csv.total.json")).unwrap();
    let fetched = run(&bench.runner).await;
    assert_eq!(fetched.outcome(), Outcome::Unchanged);
    assert_eq!(fetched.files[0].delivered_as, "a.csv");
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}

#[tokio::test]
async fn other_bytes_are_a_new_version_and_the_first_stays() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    run(&bench.runner).await;
    bench.plugin.becomes(Closure::writing(&[("a.csv", "2\n")]));
    assert_eq!(run(&bench.runner).await.files[0].delivered_as, "a.v2.csv");
    assert_eq!((bench.read("a.csv"), bench.read("a.v2.csv")), ("1\n".into(), "2\n".into()));
    assert!(bench.read("a.v2.csv.total.json").contains("\"file\": \"a.v2.csv\",\n  \"versionOf\": \"a.csv\""));
    // Back to the first bytes: the receiver's latest word is the second version, so this is a third.
    bench.plugin.becomes(Closure::writing(&[("a.csv", "1\n")]));
    assert_eq!(run(&bench.runner).await.files[0].delivered_as, "a.v3.csv");
}

#[tokio::test]
async fn equal_bytes_of_another_window_or_tenant_are_delivered_again() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    run(&bench.runner).await;
    bench.clock.advance(TimeDelta::days(7));
    let next_week = run(&bench.runner).await;
    assert_eq!((next_week.outcome(), next_week.files[0].delivered_as.as_str()), (Outcome::Succeeded, "a.v2.csv"));
    let other = bench.runner.run(Request::now("weekly", "zenith"), CancellationToken::new()).await.unwrap();
    assert_eq!(other.files[0].delivered_as, "a.v3.csv");
}

#[tokio::test]
async fn a_file_that_someone_else_put_there_is_left_alone() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    std::fs::create_dir(bench.outbox()).unwrap();
    std::fs::write(bench.outbox().join("a.csv"), "theirs").unwrap();
    std::fs::write(bench.outbox().join("a.v2.csv.total.json"), "theirs").unwrap();
    let report = run(&bench.runner).await;
    assert_eq!(report.files[0].delivered_as, "a.v3.csv");
    assert_eq!(bench.read("a.csv"), "theirs");
}

#[tokio::test]
async fn a_run_that_fails_delivers_nothing_and_leaves_nothing() {
    let bench = Bench::new(Closure::new(async |attempt| {
        let mut file = attempt.files.create("a.csv", "text/csv").await?;
        file.write(b"half").await?;
        file.finish(vec![]).await?;
        Err(Failure::refused("two people lack an id").with_reasons(vec!["Anna".into(), "Bob".into()]))
    }));
    let report = run(&bench.runner).await;
    let ending = bench.store.run(report.run.opening.id).await.unwrap().unwrap().ending.unwrap();
    assert_eq!((ending.outcome, ending.failure), (Outcome::Failed, Some(FailureKind::Refused)));
    assert_eq!(ending.reasons, ["Anna", "Bob"]);
    let log = bench.store.log(report.run.opening.id, 0, 10).await.unwrap();
    assert_eq!(log.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(), ["two people lack an id", "Anna", "Bob"]);
    assert!(bench.names().is_empty() && bench.staged().is_empty());
}

#[tokio::test]
async fn hostile_plugins_end_as_failures_with_a_message() {
    let cases: [(Closure, FailureKind, &str); 6] = [
        (Closure::writing(&[("etc/../../passwd", "x")]), FailureKind::Refused, "has a separator"),
        (Closure::writing(&[("a.csv", "x"), ("A.CSV", "x")]), FailureKind::Refused, "already a file `A.CSV`"),
        (Closure::writing(&[("big.csv", &"x".repeat(2 << 20))]), FailureKind::Refused, "raise `output`"),
        (
            Closure::new(async |attempt| {
                std::mem::forget(attempt.files.create("a.csv", "text/csv").await?);
                Ok(Summary::default())
            }),
            FailureKind::Refused,
            "did not finish the file `a.csv`",
        ),
        (Closure::new(async |_| panic!("oh")), FailureKind::Refused, "the runtime failed"),
        (Closure::new(async |_| std::future::pending().await), FailureKind::Refused, "time limit of 2s: raise `time`"),
    ];
    let config = CONFIG.replace("time = \"1 min\"", "time = \"2 s\"");
    let bench = Bench::with(Closure::writing(&[]), &config, |store| store);
    for (plugin, kind, message) in cases {
        bench.plugin.becomes(plugin);
        let ending = run(&bench.runner).await.run.ending.unwrap();
        assert_eq!((ending.outcome, ending.failure), (Outcome::Failed, Some(kind)), "{message}");
        assert!(ending.message.contains(message), "{}", ending.message);
        assert!(bench.names().is_empty() && bench.staged().is_empty(), "{message}");
    }
}

#[tokio::test]
async fn a_log_flood_is_capped_and_counted() {
    let bench = Bench::new(Closure::new(async |attempt| {
        for n in 0..5000 {
            attempt.log.write(LogLevel::Info, &format!("line {n}"));
        }
        Ok(Summary::default())
    }));
    let report = run(&bench.runner).await;
    let log = bench.store.log(report.run.opening.id, 0, 10_000).await.unwrap();
    assert_eq!((log.len(), log[49].text.as_str()), (52, "line 49"));
    assert!(log[50].text.contains("`log_lines` is 50"), "{}", log[50].text);
    assert_eq!(log[51].text, "4950 lines were left out at the limit of the log");
    assert_eq!(report.run.ending.unwrap().log_dropped, 4950);
}

#[tokio::test]
async fn cancelling_interrupts_and_what_still_holds_on_writes_nothing() {
    let cancel = CancellationToken::new();
    let held = Arc::new(std::sync::Mutex::new(None));
    let (stop, hold) = (cancel.clone(), held.clone());
    let bench = Bench::new(Closure::new(move |attempt| {
        *hold.lock().unwrap() = Some(attempt);
        stop.cancel();
        std::future::pending()
    }));
    let report = bench.runner.run(Request::now("weekly", "acme"), cancel).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Interrupted);
    let attempt = held.lock().unwrap().take().unwrap();
    assert_eq!(attempt.files.create("late.csv", "text/csv").await.unwrap_err(), FileError::Over);
    attempt.log.write(LogLevel::Info, "late");
    let log = bench.store.log(report.run.opening.id, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1, "the runner's own line");
    assert!(bench.staged().is_empty());
}

#[tokio::test]
async fn an_export_without_a_delivery_may_run_but_makes_no_files() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "x")]));
    let report = bench.runner.run(Request::now("nowhere", "acme"), CancellationToken::new()).await.unwrap();
    assert!(report.run.ending.unwrap().message.contains("add `deliver"));
    bench.plugin.becomes(Closure::writing(&[]));
    let report = bench.runner.run(Request::now("nowhere", "acme"), CancellationToken::new()).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Succeeded);
}

#[tokio::test]
async fn a_folder_whose_parent_is_missing_is_named_and_nothing_is_left() {
    let config = CONFIG.replace("to = \"outbox\"", "to = \"no/such/outbox\"");
    let bench = Bench::with(Closure::writing(&[("a.csv", "x")]), &config, |store| store);
    let ending = run(&bench.runner).await.run.ending.unwrap();
    assert_eq!(ending.failure, Some(FailureKind::Transient));
    assert!(ending.message.contains("no/such/outbox"), "{}", ending.message);
    assert!(bench.staged().is_empty());
}

#[tokio::test]
async fn what_there_is_not_is_answered_with_what_is_near() {
    let bench = Bench::new(Closure::writing(&[]));
    let ask = async |export: &str, tenant: &str| {
        let asked = bench.runner.run(Request::now(export, tenant), CancellationToken::new()).await;
        asked.unwrap_err().to_string()
    };
    assert_eq!(ask("weekli", "acme").await, "there is no export `weekli`; did you mean `weekly`?");
    let message = "export `weekly` does not run for a tenant `acne`; did you mean `acme`?";
    assert_eq!(ask("weekly", "acne").await, message);
    assert_eq!(ask("nowhere", "zenith").await, "export `nowhere` does not run for a tenant `zenith`");
    assert!(bench.store.runs(&RunFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_processes_cannot_take_one_slot() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    let other = bench.another();
    let slot = || Request::slot("weekly", "acme", at("2026-03-09T13:00:00Z"));
    let (one, two) =
        tokio::join!(bench.runner.run(slot(), CancellationToken::new()), other.run(slot(), CancellationToken::new()));
    let refused = |result: &Result<Report, RunError>| matches!(result, Err(RunError::SlotTaken(_)));
    assert!(refused(&one) != refused(&two), "{one:?} {two:?}");
    assert_eq!(bench.store.runs(&RunFilter::default()).await.unwrap().len(), 1);
    assert_eq!(bench.names(), ["a.csv", "a.csv.total.json"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_runs_of_one_window_at_once_one_goes_on_and_one_file_is_delivered() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    let other = Arc::new(bench.another());
    let mut runs = tokio::task::JoinSet::new();
    for n in 0..20 {
        let runner = if n % 2 == 0 { bench.runner.clone() } else { other.clone() };
        runs.spawn(async move { runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await });
    }
    let ended = runs.join_all().await;
    let outcomes: Vec<_> = ended.iter().filter_map(|run| run.as_ref().ok().map(Report::outcome)).collect();
    assert_eq!(outcomes.iter().filter(|o| **o == Outcome::Succeeded).count(), 1, "{ended:?}");
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Succeeded | Outcome::Unchanged)), "{ended:?}");
    assert!(ended.iter().all(|run| run.is_ok() || matches!(run, Err(RunError::GoesOn(_)))), "{ended:?}");
    assert_eq!(bench.names(), ["a.csv", "a.csv.total.json"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_never_sees_half_a_file_or_one_without_its_total() {
    let bench = Bench::new(Closure::writing(&[]));
    let outbox = bench.outbox();
    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let reader = tokio::task::spawn_blocking(move || {
        let mut checked = 0;
        while !stop.load(Ordering::SeqCst) {
            for name in names(&outbox).into_iter().filter(|n| !n.starts_with('.') && !n.ends_with(".total.json")) {
                let bytes = std::fs::read(outbox.join(&name)).unwrap();
                let total = std::fs::read(outbox.join(format!("{name}.total.json"))).expect("the total comes first");
                let total: serde_json::Value = serde_json::from_slice(&total).unwrap();
                let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
                assert_eq!(
                    (total["bytes"].as_u64(), total["sha256"].as_str()),
                    (Some(bytes.len() as u64), Some(hash.as_str()))
                );
                checked += 1;
            }
        }
        checked
    });
    for version in 0..25 {
        let text = format!("{version}\n").repeat(100_000 / (version + 1));
        bench.plugin.becomes(Closure::writing(&[("a.csv", &text), ("b.csv", &text)]));
        assert_eq!(run(&bench.runner).await.outcome(), Outcome::Succeeded);
    }
    done.store(true, Ordering::SeqCst);
    assert!(reader.await.unwrap() > 0);
    assert_eq!(bench.names().len(), 25 * 4);
}
