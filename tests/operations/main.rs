//! Every operation of the catalog through a real component, by its typed function, against the sandbox; and what went
//! over the wire for each, against the catalog.
#![allow(missing_docs, clippy::unwrap_used)]

mod wire;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use serde_json::Value;
use tradewire_client::{Client, Credentials, Later, Options, RateLimit};
use tradewire_host::{Cost, Engine, EngineOptions, Level, Limits, OutputFile, Plugin, Request, Sink, Window};
use tradewire_sandbox::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_TENANT, Running, Sandbox};
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_called_by_its_typed_function_and_travels_as_the_catalog_says() {
    let sandbox = sandbox().await;
    let examples = examples(&sandbox);
    let told = run(&sandbox, &examples).await;

    let calls = sandbox.calls();
    let mut wrong = Vec::new();
    let (mut called, mut paged) = (0, 0);
    for operation in Catalog::get().operations() {
        let id = operation.id();
        for pages in [false, true] {
            match told.get(&(id.clone(), pages)) {
                Some(None) if pages => paged += 1,
                Some(None) => called += 1,
                Some(Some(error)) => wrong.push(format!("{id}: {error}")),
                None if pages && operation.operation.paging.is_none() => {}
                None => wrong.push(format!("{id}: was not called, pages: {pages}")),
            }
        }
        let mut seen = 0;
        for call in calls.iter().filter(|call| call.operation.as_deref() == Some(id.as_str())) {
            seen += 1;
            wrong.extend(
                wire::faults(operation, &examples[&id], call, seen > 1).into_iter().map(|f| format!("{id}: {f}")),
            );
        }
        if seen == 0 {
            wrong.push(format!("{id}: nothing went over the wire"));
        }
    }
    let all = Catalog::get().operations().count();
    // Past what a test that passes keeps to itself.
    writeln!(std::io::stderr(), "{called} of {all} operations, {paged} of them page by page as well").unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(called, all);
    sandbox.stop().await;
}

async fn sandbox() -> Running {
    let options = tradewire_sandbox::Options {
        rate: None,
        report_interval: None,
        customers: 60,
        ..tradewire_sandbox::Options::default()
    };
    Sandbox::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap()
}

/// Values for the parameters of each operation's path.
fn examples(sandbox: &Running) -> BTreeMap<String, Vec<String>> {
    let example = |id: &str| sandbox.example(id, DEMO_TENANT).unwrap_or_else(|| panic!("no example for {id}"));
    Catalog::get().operations().map(|operation| (operation.id(), example(&operation.id()))).collect()
}

/// Runs the guest; gives its error, if any, for each operation and form.
async fn run(sandbox: &Running, examples: &BTreeMap<String, Vec<String>>) -> BTreeMap<(String, bool), Option<String>> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let client = Client::new(Options {
        rate: RateLimit::UNLIMITED,
        ..Options::new(sandbox.url().parse().unwrap(), DEMO_APP_KEY.into())
    })
    .unwrap();
    let tenant = client.tenant(Credentials {
        tenant: DEMO_TENANT,
        client_id: DEMO_CLIENT_ID.into(),
        client_secret: DEMO_CLIENT_SECRET.into(),
    });
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/every-operation.wasm");
    let guest = std::fs::read(&guest)
        .unwrap_or_else(|e| panic!("{}: {e}; build the guests first: plugins/build", guest.display()));
    let engine = Engine::new(EngineOptions { runs: 1, ..EngineOptions::default() }).unwrap();
    let surfaces: Vec<String> = Catalog::get().surfaces.keys().map(|surface| format!("{surface}:*")).collect();
    let plugin = Plugin::load(&engine, &guest, Grants::parse(&surfaces).unwrap()).unwrap();
    let told = Arc::new(Told::default());
    let (result, _) = plugin
        .run(Request {
            id: "operations".to_owned(),
            export: "operations".to_owned(),
            tenant: "demo".to_owned(),
            tenant_id: DEMO_TENANT,
            timezone: "UTC".to_owned(),
            window: Window { start: "2025-01-01T00:00:00Z".to_owned(), end: "2025-01-08T00:00:00Z".to_owned() },
            attempt: 1,
            settings: examples.iter().map(|(id, values)| (id.clone(), values.join(","))).collect(),
            api: Arc::new(tenant),
            middleware: None,
            state: None,
            events: None,
            sink: told.clone(),
            limits: Limits { time: Duration::from_secs(600), ..Limits::default() },
        })
        .await;
    result.unwrap();
    std::mem::take(&mut *told.0.lock().unwrap())
}

/// What the guest says of each call.
#[derive(Default)]
struct Told(Mutex<BTreeMap<(String, bool), Option<String>>>);

impl Sink for Told {
    fn log(&self, _: Level, _: &str, message: &str) {
        let Ok(line) = serde_json::from_str::<Value>(message) else { return };
        let operation = line["operation"].as_str().unwrap_or_default().to_owned();
        let error = line["error"].as_str().map(str::to_owned);
        self.0.lock().unwrap().insert((operation, line["pages"] == true), error);
    }

    fn called(&self, _: &str, _: Cost) {}

    fn create<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async { Err("no files here".to_owned()) })
    }
}
