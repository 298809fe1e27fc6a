//! What the benches share: the guest, its runs, a sandbox on a thread of its own, and the figures' table.
#![allow(dead_code)]

pub mod process;
pub mod served;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tradewire_client::{Client, Credentials, Later, Options, RateLimit, ServiceTitan, Tenant};
use tradewire_host::{Cost, Engine, EngineOptions, Level, Limits, OutputFile, Plugin, Request, Sink, Window};
use tradewire_sandbox as sandbox;
use tradewire_surface::grants::Grants;

/// Takes log lines to standard error, and no files.
pub struct Nowhere;

impl Sink for Nowhere {
    fn log(&self, _: Level, origin: &str, message: &str) {
        eprintln!("{origin}: {message}");
    }

    fn called(&self, _: &str, _: Cost) {}

    fn create<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        Box::pin(async { Err("no files in this bench".to_owned()) })
    }
}

/// The guest `bench`, as it is built.
pub fn guest() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/guests/bench.wasm");
    std::fs::read(path)
        .unwrap_or_else(|e| panic!("target/guests/bench.wasm: {e}; build the guests first: plugins/build"))
}

/// The guest `bench`, loaded.
pub fn plugin() -> Plugin {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let grants = Grants::parse(&["crm/customers:view"]).unwrap();
    Plugin::load(&engine, &guest(), grants).unwrap_or_else(|e| panic!("{e}"))
}

pub fn request(api: Arc<dyn ServiceTitan>, settings: &[(&str, String)]) -> Request {
    Request {
        id: "bench".to_owned(),
        export: "bench".to_owned(),
        tenant: "bench".to_owned(),
        tenant_id: 1,
        timezone: "UTC".to_owned(),
        window: Window { start: "2025-01-01T00:00:00Z".to_owned(), end: "2025-01-08T00:00:00Z".to_owned() },
        attempt: 1,
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        api,
        middleware: None,
        state: None,
        events: None,
        sink: Arc::new(Nowhere),
        limits: Limits::default(),
    }
}

pub fn quantile(sorted: &[Duration], q: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}

/// One line of the table: what was measured, what was found, what it is to be.
pub fn line(what: &str, found: &str, aim: Option<(&str, bool)>) {
    let aim = aim.map(|(aim, met)| format!("{aim}: {}", if met { "met" } else { "MISSED" })).unwrap_or_default();
    println!("{what:<66} {found:>28}   {aim}");
}

/// A sandbox on a thread of its own, so that its time is not counted with ours.
pub struct Apart {
    pub url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Apart {
    pub fn start(options: sandbox::Options) -> Apart {
        let (told, url) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let running = sandbox::Sandbox::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
                told.send(running.url()).unwrap();
                let _ = stopped.await;
                running.stop().await;
            });
        });
        Apart { url: url.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The tenant of every sandbox.
pub fn tenant(url: &str, rate: RateLimit) -> Tenant {
    let mut options = Options::new(url.parse().unwrap(), sandbox::DEMO_APP_KEY.into());
    options.rate = rate;
    Client::new(options).unwrap().tenant(Credentials {
        tenant: sandbox::DEMO_TENANT,
        client_id: sandbox::DEMO_CLIENT_ID.to_owned(),
        client_secret: sandbox::DEMO_CLIENT_SECRET.into(),
    })
}
