//! What the tests of the host share: a ServiceTitan of canned answers, an ear for what a run says, the guests.
#![allow(dead_code)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_host::{
    Cost, Engine, EngineOptions, Level, Limits, LoadError, OutputFile, Plugin, Request, Sink, Window,
};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Method, OperationRef};

/// Answers every call, and each of two pages, with the same bytes.
pub struct Canned(pub &'static str);

impl ServiceTitan for Canned {
    fn call<'a>(&'a self, _: OperationRef<'static>, _: &'a Arguments) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Ok(answered(self.0)) })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        Box::new(CannedPages(vec![self.0, self.0]))
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async { Err(CallError::new("refused", "no files here")) })
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Ok(answered(self.0)) })
    }
}

struct CannedPages(Vec<&'static str>);

impl PageSource for CannedPages {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async { Ok(self.0.pop().map(answered)) })
    }
}

/// An answer of success.
pub fn answered(body: &'static str) -> Answered {
    Answered { status: 200, body: Bytes::from_static(body.as_bytes()), attempts: 1, waited: Duration::ZERO }
}

/// Hears what a run says, and takes as many bytes and files as it is told to.
pub struct Ear {
    pub heard: Mutex<Heard>,
    pub most_bytes: usize,
    pub most_files: usize,
}

/// What was heard. Lines and their bytes are counted, and only the last line and call are kept.
#[derive(Debug, Default)]
pub struct Heard {
    pub lines: usize,
    pub longest_line: usize,
    pub last: String,
    pub calls: usize,
    pub failed_calls: usize,
    pub last_call: String,
    pub names: Vec<String>,
    pub bytes: usize,
    pub finished: Vec<String>,
    pub dropped: Vec<String>,
}

impl Ear {
    pub fn new(most_bytes: usize, most_files: usize) -> Arc<Ear> {
        Arc::new(Ear { heard: Mutex::default(), most_bytes, most_files })
    }
}

/// The sink of one run: shares the ear with the files that it begins.
pub struct Listening(pub Arc<Ear>);

impl Sink for Listening {
    fn log(&self, _: Level, origin: &str, message: &str) {
        let mut heard = self.0.heard.lock().unwrap();
        heard.lines += 1;
        heard.longest_line = heard.longest_line.max(message.len());
        heard.last = format!("{origin}: {}", message.chars().take(400).collect::<String>());
    }

    fn called(&self, operation: &str, cost: Cost) {
        let mut heard = self.0.heard.lock().unwrap();
        heard.calls += 1;
        heard.last_call = operation.to_owned();
        heard.failed_calls += usize::from(cost.failed);
    }

    fn create<'a>(&'a self, name: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        let mut heard = self.0.heard.lock().unwrap();
        // A sink does not repeat what may have any length.
        let name: &str = &name.chars().take(120).collect::<String>();
        heard.names.push(name.to_owned());
        let count = heard.names.len();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        let begun: Result<Box<dyn OutputFile>, String> = if count > self.0.most_files {
            Err(format!("the run has more than {} files", self.0.most_files))
        } else if !plain || name.starts_with('.') || !name.contains('.') {
            Err(format!("`{}` is not a file name", name.escape_debug()))
        } else {
            Ok(Box::new(Writing { ear: self.0.clone(), name: name.to_owned(), finished: false }))
        };
        Box::pin(async { begun })
    }
}

struct Writing {
    ear: Arc<Ear>,
    name: String,
    finished: bool,
}

impl OutputFile for Writing {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, Result<(), String>> {
        let mut heard = self.ear.heard.lock().unwrap();
        let fits = heard.bytes + bytes.len() <= self.ear.most_bytes;
        if fits {
            heard.bytes += bytes.len();
        }
        let most = self.ear.most_bytes;
        Box::pin(async move { if fits { Ok(()) } else { Err(format!("the run's files exceed {most} bytes")) } })
    }

    fn finish(mut self: Box<Self>, _: Vec<(String, String)>) -> Later<'static, Result<(), String>> {
        self.finished = true;
        Box::pin(async { Ok(()) })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut heard = self.ear.heard.lock().unwrap();
        let name = self.name.clone();
        if self.finished { heard.finished.push(name) } else { heard.dropped.push(name) }
    }
}

/// A guest that `plugins/build` has built.
pub fn guest(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; build the guests first: plugins/build", path.display()))
}

/// An engine for a few runs at once.
pub fn engine() -> Engine {
    Engine::new(EngineOptions { runs: 8, ..EngineOptions::default() }).unwrap()
}

/// A guest that is granted to read everything.
pub fn reader(name: &str) -> Result<Plugin, LoadError> {
    Plugin::load(&engine(), &guest(name), Grants::parse(&["crm:view", "payroll:view"]).unwrap())
}

/// A run that gets this answer to each of its calls.
pub fn request(answer: &'static str, settings: &[(&str, &str)]) -> Request {
    Request {
        id: "test".to_owned(),
        export: "test".to_owned(),
        tenant: "acme".to_owned(),
        tenant_id: 1,
        timezone: "UTC".to_owned(),
        window: Window { start: "2025-01-01T00:00:00Z".to_owned(), end: "2025-01-08T00:00:00Z".to_owned() },
        attempt: 1,
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        api: Arc::new(Canned(answer)),
        middleware: None,
        state: None,
        events: None,
        sink: Arc::new(Listening(Ear::new(1 << 20, 10))),
        limits: Limits::default(),
    }
}

/// Why a plugin was not loaded.
pub fn refused(result: Result<Plugin, LoadError>) -> String {
    match result {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
}

/// Answers no call before it is told to, and then with an error.
#[derive(Default)]
pub struct Silent {
    pub inside: AtomicUsize,
    open: Notify,
    opened: AtomicBool,
}

impl Silent {
    /// From now on every call is answered.
    pub fn answer_all(&self) {
        self.opened.store(true, Ordering::SeqCst);
        self.open.notify_waiters();
    }
}

impl ServiceTitan for Silent {
    fn call<'a>(&'a self, _: OperationRef<'static>, _: &'a Arguments) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async {
            self.inside.fetch_add(1, Ordering::SeqCst);
            let opened = self.open.notified();
            if !self.opened.load(Ordering::SeqCst) {
                opened.await;
            }
            self.inside.fetch_sub(1, Ordering::SeqCst);
            Err(CallError::new("refused", "no more"))
        })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        Box::new(CannedPages(Vec::new()))
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        Box::pin(async { Err(CallError::new("refused", "no files here")) })
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        Box::pin(async { Err(CallError::new("refused", "nothing raw here")) })
    }
}
