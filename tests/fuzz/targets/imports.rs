//! A plugin whose memory, pointers, lengths, handles and discriminants are the input calls any three of its imports, and
//! is answered with the rest of the input as JSON: lifting and lowering, and the plans that both go by.
//!
//! The component imports every operation, every pager, raw calls, events, files, vendors and state with the types of
//! the committed contract; `engine` makes it. Whatever it does may end the run, never the host.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Runtime;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_fuzz::{changed, fuzz, number, split};
use tradewire_host::{
    Cost, Engine, EngineOptions, Event, Events, Level, Limits, Middleware, MiddlewareResponse, OutputFile, Plugin,
    Request, Sink, State, StateKeys, Window,
};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, Method, OperationRef};

/// What the host says of itself, not of the plugin: that a plan and a type do not belong together.
const OWN_FAULTS: [&str; 9] = [
    "flat values are expected",
    "parameters are not a tuple",
    "too few flat values",
    "not a variant",
    "a parameter of a type that no operation has",
    "a result that is not in memory",
    "results are not a tuple",
    "a file where a value is planned",
    "the error itself",
];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

static PLUGIN: LazyLock<Plugin> = LazyLock::new(|| {
    let component = std::env::var("TRADEWIRE_FUZZ_COMPONENT").expect("set by `tests/fuzz/run`");
    let all: Vec<String> =
        Catalog::get().surfaces.values().filter(|s| !s.resources.is_empty()).map(|s| format!("{}:*", s.name)).collect();
    let engine = Engine::new(EngineOptions { runs: 1, memory: 16 << 20, ..EngineOptions::default() }).unwrap();
    Plugin::load(&engine, &std::fs::read(component).unwrap(), Grants::parse(&all).unwrap())
        .unwrap_or_else(|error| panic!("{error}"))
});

/// Answers everything with one text.
struct Answers {
    image: Vec<u8>,
    answer: Vec<u8>,
    /// Whether the text is only what is changed in the operation's sample answer.
    changes: bool,
}

impl Answers {
    fn body(&self, operation: Option<OperationRef<'static>>) -> Vec<u8> {
        match operation.filter(|_| self.changes).and_then(tradewire_samples::answer) {
            Some(sample) => changed(sample.to_string().as_bytes(), &self.answer),
            None => self.answer.clone(),
        }
    }

    fn answered(&self, operation: Option<OperationRef<'static>>) -> Answered {
        Answered { status: 200, body: self.body(operation).into(), attempts: 1, waited: Duration::ZERO }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer).into_owned()
    }
}

/// The same pieces to whoever asks, then the end.
struct Pieces(Vec<Vec<u8>>);

impl PageSource for Pieces {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        let page = self.0.pop();
        let answered = |body: Vec<u8>| Answered { status: 200, body: body.into(), attempts: 1, waited: Duration::ZERO };
        Box::pin(async move { Ok(page.map(answered)) })
    }
}

impl FileAnswer for Pieces {
    fn content_type(&self) -> Option<String> {
        self.0.first().map(|piece| String::from_utf8_lossy(piece).into_owned())
    }

    fn length(&self) -> Option<u64> {
        self.0.first().map(|piece| piece.len() as u64)
    }

    fn chunk(&mut self) -> Later<'_, Result<Option<Bytes>, CallError>> {
        let piece = self.0.pop().map(Bytes::from);
        Box::pin(async move { Ok(piece) })
    }
}

impl ServiceTitan for Answers {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        let answered = self.answered(Some(operation));
        Box::pin(async move { Ok(answered) })
    }

    fn pages(&self, operation: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        let body = self.body(Some(operation));
        Box::new(Pieces(vec![body.clone(), body]))
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        let file: Box<dyn FileAnswer> = Box::new(Pieces(vec![self.answer.clone()]));
        Box::pin(async move { Ok(file) })
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        let answered = self.answered(None);
        Box::pin(async move { Ok(answered) })
    }
}

impl Middleware for Answers {
    fn call<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Later<'a, Result<MiddlewareResponse, String>> {
        let body = self.text();
        let headers = vec![(body.clone(), body.clone())];
        Box::pin(async move { Ok(MiddlewareResponse { status: 200, headers, body, warnings: Vec::new() }) })
    }
}

impl Events for Answers {
    fn next<'a>(&'a self, limit: u32) -> Later<'a, Result<Vec<Event>, String>> {
        // Data is JSON wherever events come from; what it holds, and of which type it says it is, is not known.
        let kinds = &Catalog::get().surfaces["webhooks"].events;
        let kind = &kinds[limit as usize % kinds.len()].wire;
        let data = self.text();
        let events = if serde_json::from_str::<serde_json::Value>(&data).is_ok() {
            let text = || "2026-03-02T06:00:00Z".to_owned();
            vec![Event { id: text(), kind: kind.clone(), time: text(), source: text(), occurrence: text(), data }]
        } else {
            Vec::new()
        };
        Box::pin(async move { Ok(events) })
    }
}

impl State for Answers {
    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async { Ok(Some(self.image.clone())) })
    }

    fn set<'a>(&'a self, _: &'a str, _: &'a str, _: Option<Vec<u8>>) -> Later<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn keys<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Later<'a, Result<StateKeys, String>> {
        Box::pin(async { Ok(StateKeys { keys: vec![self.text()], more: false }) })
    }
}

struct Deaf;

impl Sink for Deaf {
    fn log(&self, _: Level, _: &str, _: &str) {}

    fn called(&self, _: &str, _: Cost) {}

    fn create<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<Box<dyn OutputFile>, String>> {
        let file: Box<dyn OutputFile> = Box::new(Deaf);
        Box::pin(async move { Ok(file) })
    }
}

impl OutputFile for Deaf {
    fn write<'a>(&'a mut self, _: &'a [u8]) -> Later<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(self: Box<Self>, _: Vec<(String, String)>) -> Later<'static, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

fuzz!(|bytes| {
    let (length, rest) = number(bytes);
    let (image, rest) = split(rest, length % 2048);
    let (mode, answer) = split(rest, 1);
    let changes = mode.first().is_some_and(|mode| *mode >= 0x80);
    let answers = Arc::new(Answers { image: image.to_vec(), answer: answer.to_vec(), changes });
    let text = |text: &str| text.to_owned();
    let request = Request {
        id: text("1"),
        export: text("fuzz"),
        tenant: text("acme"),
        tenant_id: 1,
        timezone: text("UTC"),
        window: Window { start: text("2025-01-01T00:00:00Z"), end: text("2025-01-08T00:00:00Z") },
        attempt: 1,
        settings: Vec::new(),
        api: answers.clone(),
        middleware: Some(answers.clone()),
        state: Some(answers.clone()),
        events: Some(answers),
        sink: Arc::new(Deaf),
        limits: Limits { memory: 4 << 20, time: Duration::from_secs(5), ..Limits::default() },
    };
    let (result, usage) = RUNTIME.block_on(PLUGIN.run(request));
    if let Err(failure) = result {
        let told = failure.to_string();
        assert!(!OWN_FAULTS.iter().any(|fault| told.contains(fault)), "{told}");
        assert!(!told.contains("the limit of time"), "{told}");
    }
    assert!(usage.peak_memory <= 4 << 20, "{usage:?}");
});
