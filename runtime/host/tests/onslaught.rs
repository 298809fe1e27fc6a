//! Every import, called with as much as a plugin can hand over: each call ends, told in one clear message where it is
//! refused, and keeps neither those who wait for other things nor the other runs waiting.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::{Canned, Ear, Listening, answered, engine, request};
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_host::{Event, Events, Limits, Middleware, MiddlewareResponse, Plugin, Request, State, StateKeys, Usage};
use tradewire_onslaught::{Deep, Much, Of, Onslaught, deep, onslaught};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Answer, Catalog, Method, OperationRef};

/// What a call may hold its thread for as this is compiled; the bench has the exact figures.
const HELD: Duration = Duration::from_millis(200);
/// For how long others may be kept from their turn here.
const LATE: Duration = Duration::from_millis(250);
const MIB: u32 = 1 << 20;

/// Answers everything with little, and remembers what arrived.
#[derive(Default)]
struct Obliging {
    longest_path: Mutex<usize>,
}

impl ServiceTitan for Obliging {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        let parameters = arguments.path.iter().chain(&arguments.query).map(|(_, value)| value.len()).sum();
        let mut longest = self.longest_path.lock().unwrap();
        *longest = (*longest).max(parameters);
        let body = if matches!(operation.operation.answer, Answer::Json(_)) { "{}" } else { "" };
        Box::pin(async move { Ok(answered(body)) })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        Box::new(NoPages)
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async { Ok(Box::new(OneFile(Some(Bytes::from(vec![0; 8 << 20])))) as Box<dyn FileAnswer>) })
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Ok(answered("{}")) })
    }
}

struct NoPages;

impl PageSource for NoPages {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async { Ok(None) })
    }
}

struct OneFile(Option<Bytes>);

impl FileAnswer for OneFile {
    fn content_type(&self) -> Option<String> {
        None
    }

    fn length(&self) -> Option<u64> {
        None
    }

    fn chunk(&mut self) -> Later<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(async { Ok(self.0.take()) })
    }
}

/// Keeps whatever it is given, and counts the bytes of its keys.
#[derive(Default)]
struct Keeping(Mutex<BTreeMap<String, Vec<u8>>>);

impl State for Keeping {
    fn get<'a>(&'a self, _: &'a str, key: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { Ok(self.0.lock().unwrap().get(key).cloned()) })
    }

    fn set<'a>(&'a self, _: &'a str, key: &'a str, value: Option<Vec<u8>>) -> Later<'a, Result<(), String>> {
        Box::pin(async move {
            let mut kept = self.0.lock().unwrap();
            match value {
                Some(value) => drop(kept.insert(key.to_owned(), value)),
                None => drop(kept.remove(key)),
            }
            Ok(())
        })
    }

    fn keys<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Later<'a, Result<StateKeys, String>> {
        Box::pin(async move { Ok(StateKeys { keys: self.0.lock().unwrap().keys().cloned().collect(), more: false }) })
    }
}

struct Supplying;

impl Middleware for Supplying {
    fn call<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Later<'a, Result<MiddlewareResponse, String>> {
        let response =
            MiddlewareResponse { status: 200, headers: Vec::new(), body: "{}".to_owned(), warnings: Vec::new() };
        Box::pin(async { Ok(response) })
    }
}

struct Happening;

impl Events for Happening {
    fn next<'a>(&'a self, limit: u32) -> Later<'a, Result<Vec<Event>, String>> {
        let event = Event {
            id: "1".to_owned(),
            kind: "tn.jpm.job-completed".to_owned(),
            time: "2025-01-01T00:00:00Z".to_owned(),
            source: "tests".to_owned(),
            occurrence: "1".to_owned(),
            data: "{}".to_owned(),
        };
        Box::pin(async move { Ok(vec![event; limit as usize]) })
    }
}

fn load(onslaught: &Onslaught) -> Plugin {
    let surfaces: Vec<String> =
        Catalog::get().surfaces.keys().filter(|s| *s != "webhooks").map(|s| format!("{s}:*")).collect();
    Plugin::load(&engine(), &onslaught.component, Grants::parse(&surfaces).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

fn hostile(tenant: i64, api: &Arc<Obliging>) -> Request {
    Request {
        tenant_id: tenant,
        api: api.clone(),
        state: Some(Arc::new(Keeping::default())),
        middleware: Some(Arc::new(Supplying)),
        events: Some(Arc::new(Happening)),
        sink: Arc::new(Listening(Ear::new(64 << 20, 2_000))),
        limits: Limits { time: Duration::from_secs(300), ..Limits::default() },
        ..request("", &[])
    }
}

/// Runs something while others want their turn every millisecond; how late they got it, at most.
async fn beside<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let late = Arc::new(Mutex::new(Duration::ZERO));
    let told = late.clone();
    let heart = tokio::spawn(async move {
        loop {
            let start = Instant::now();
            tokio::time::sleep(Duration::from_millis(1)).await;
            let waited = start.elapsed();
            let mut longest = told.lock().unwrap();
            *longest = (*longest).max(waited);
        }
    });
    let done = work.await;
    heart.abort();
    let late = *late.lock().unwrap();
    (done, late)
}

#[tokio::test]
async fn each_operation_is_called_with_as_much_as_a_call_may_transfer() {
    let much = Much { bytes: MIB, first: false, letter: 0, times: 1 };
    let onslaught = onslaught(Of::Operations, much);
    let called = |name: &str| onslaught.cases.iter().filter(|case| case.function.ends_with(name)).count();
    assert!(called("") >= 559, "an operation has a case each: {}", called(""));
    let plugin = load(&onslaught);
    let api = Arc::new(Obliging::default());
    let ((result, usage), late) = beside(plugin.run(hostile(1, &api))).await;
    assert_eq!(result.unwrap(), "\0\0\0\0", "no call stops the plugin: each is answered");
    assert!(*api.longest_path.lock().unwrap() <= 32 * 1024, "what is too long for an address goes no further");
    assert!(usage.host_calls >= 559, "{usage:?}");
    assert!(usage.held < HELD && late < LATE, "{usage:?}, others waited {late:?}");
}

/// How calls may end that hand over too much: with one of these.
const REFUSALS: [&str; 8] = [
    "`transfer` is 16 MiB; raise it in the plugin's `limits`",
    "it waits for ",
    "more bytes than",
    "more than 255 bytes",
    "exceeds limit 1048576",
    "more than it takes",
    "more zeroes than",
    "expected at most 4096",
];

async fn alone(onslaught: &Onslaught, plugin: &Plugin) -> Vec<(String, String, Usage, Duration)> {
    let api = Arc::new(Obliging::default());
    let mut ended = Vec::new();
    for case in &onslaught.cases {
        let ((result, usage), late) = beside(plugin.run(hostile(case.tenant, &api))).await;
        let told = result.unwrap_or_else(|failure| failure.to_string());
        assert!(told.len() < 8 * 1024, "{}: {}", case.function, told.len());
        ended.push((case.function.clone(), told, usage, late));
    }
    ended
}

#[tokio::test]
async fn each_of_our_own_and_the_standard_imports_is_called_with_as_much_as_a_call_may_transfer() {
    for first in [true, false] {
        let much = Much { bytes: 15 * MIB, first, letter: b'a', times: 1 };
        let onslaught = onslaught(Of::Own, much);
        let plugin = load(&onslaught);
        for (function, told, usage, late) in alone(&onslaught, &plugin).await {
            let is_refused = REFUSALS.iter().any(|refusal| told.contains(refusal));
            assert!(told == "aaaa" || is_refused, "{function}: {told}");
            assert!(usage.held < HELD && late < LATE, "{function}: {usage:?}, others waited {late:?}");
        }
    }
}

#[tokio::test]
async fn a_name_of_15_megabytes_is_refused_at_once_and_not_compared_with_any() {
    let much = Much { bytes: 15 * MIB, first: true, letter: b'a', times: 20 };
    let onslaught = onslaught(Of::Raw, much);
    let start = Instant::now();
    let api = Arc::new(Obliging::default());
    let ear = Ear::new(0, 0);
    let request = Request { sink: Arc::new(Listening(ear.clone())), ..hostile(1, &api) };
    let (result, usage) = load(&onslaught).run(request).await;
    result.unwrap();
    assert_eq!(usage.host_calls, 20);
    assert!(start.elapsed() < Duration::from_secs(20), "once was minutes before: {:?}", start.elapsed());
    assert!(ear.heard.lock().unwrap().last_call.len() < 300, "and it is not remembered");
}

/// Long answers, and whether they become more than 64 MiB. Most of them take none of the plugin's memory while they are
/// read: it is not asked for any all the while.
fn long_answers() -> Vec<(String, bool)> {
    let long = |item: &str| item.repeat(30 * MIB as usize / item.len());
    vec![
        (format!(r#"{{"id":1,"businessUnits":[{}0]}}"#, long("0,")), true),
        (format!(r#"{{"id":1,"zips":[{}""]}}"#, long("\"\",")), true),
        (format!(r#"{{"id":1,"name":"{}"}}"#, long("\\u0000")), false),
        (format!(r#"{{"id":1,"unknown":"{}"}}"#, long("\\\"")), false),
        (format!(r#"{{"id":1,"{}":0}}"#, long("\\u0000")), false),
        (format!(r#"{{"id":1,"unknown":[{}0]}}"#, long("0,")), false),
        (format!(r#"{{"id":1,"unknown":[{}0]}}"#, long("[[]],")), false),
        (format!(r#"{{"id":1,"unknown":[{}0]}}"#, long("{},")), false),
        (format!(r#"{{"id":1,"unknown":[{}"{}"]}}"#, long("{},"), long("\\\"")), false),
        (format!(r#"{{"id":1,"unknown":{{{}"":0}}}}"#, long(r#""":{},"#)), false),
    ]
}

#[tokio::test]
async fn an_answer_as_long_as_it_may_be_holds_no_thread_and_takes_no_more_than_the_plugin_may_have() {
    let onslaught = onslaught(Of::Surface("dispatch"), Much { bytes: 0, first: false, letter: b'a', times: 1 });
    let plugin = load(&onslaught);
    let case = onslaught.cases.iter().find(|case| case.function.ends_with("zone@2.0.0#create-zone")).unwrap();
    for (answer, is_much) in long_answers() {
        let api = Arc::new(Canned(answer.leak()));
        for memory in [64 << 20, 512 << 20] {
            let limits = Limits { time: Duration::from_secs(300), memory, ..Limits::default() };
            let (result, usage) =
                plugin.run(Request { api: api.clone(), limits, ..hostile(case.tenant, &Arc::default()) }).await;
            match result {
                Ok(_) => assert!(memory > 64 << 20 || !is_much, "fifteen million numbers are 120 MiB"),
                Err(failure) => assert!(is_much && failure.message.contains("`memory` is 64 MiB"), "{failure}"),
            }
            assert!(usage.held < HELD, "{} …: {usage:?}", &api.0[..30]);
        }
    }
}

const FULL: &str = "its stack is full";

/// What a run comes to that goes so deep before its call, and once more where it is asked for memory for the answer.
async fn dives(api: &Arc<Canned>, frames: Deep) -> String {
    let much = Much { bytes: 0, first: false, letter: b'a', times: 1 };
    let onslaught = deep(Of::Surface("equipment-systems"), much, frames);
    let case = onslaught.cases.iter().find(|case| case.function.ends_with("#get")).unwrap();
    let request = Request { api: api.clone(), ..hostile(case.tenant, &Arc::default()) };
    load(&onslaught).run(request).await.0.unwrap_or_else(|failure| failure.to_string())
}

/// How deep it may go and still come to an end, to the frame.
async fn deepest(api: &Arc<Canned>, frames: impl Fn(u32) -> Deep) -> u32 {
    let (mut good, mut full) = (0_u32, 1 << 20);
    while full - good > 1 {
        let middle = good.midpoint(full);
        if dives(api, frames(middle)).await.contains(FULL) { full = middle } else { good = middle }
    }
    good
}

#[tokio::test]
async fn a_plugin_that_is_as_deep_as_it_may_be_twice_over_stops_itself_and_nobody_else() {
    let levels = format!(r#"{{"unknown":{}{}{}}}"#, "[".repeat(199), "0,".repeat(70_000) + "0", "]".repeat(199));
    let api = Arc::new(Canned(levels.leak()));
    let most = Deep {
        run: deepest(&api, |run| Deep { run, memory: 0 }).await,
        memory: deepest(&api, |memory| Deep { run: 0, memory }).await,
    };
    assert!(most.run > 1000 && most.memory > 1000, "{most:?}");
    // A process whose stack is at its end is gone, so that this comes to an end is what is tested.
    for run in [most.run, most.run - most.run / 64] {
        for memory in [most.memory, most.memory - most.memory / 64] {
            let told = dives(&api, Deep { run, memory }).await;
            assert!(told == "aaaa" || told.contains(FULL), "{told}");
        }
    }
}

#[tokio::test]
async fn a_run_ends_in_time_whatever_its_thread_is_doing() {
    let much = Much { bytes: 15 * MIB, first: false, letter: 0, times: u32::MAX };
    let onslaught = onslaught(Of::Surface("crm"), much);
    let plugin = load(&onslaught);
    let limits = Limits { time: Duration::from_millis(500), ..Limits::default() };
    let api = Arc::new(Obliging::default());
    let start = Instant::now();
    let (result, _) = plugin.run(Request { limits, ..hostile(1, &api) }).await;
    let took = start.elapsed();
    assert!(result.unwrap_err().to_string().contains("`time` is 0.5 s"));
    assert!(took < Duration::from_millis(500) + LATE, "{took:?}");
}
