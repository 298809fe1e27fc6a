//! One run of a plugin: an instance of its own, from start to end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::AsyncWrite;
use tradewire_client::Answered;
use tradewire_surface::grants::Grants;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};

use crate::api::{CallError, ServiceTitan};
use crate::limits::{Guard, Limit, Limits};
use crate::load::Plugin;
use crate::sink::{Cost, Level, OutputFile, Sink};

mod contract {
    wasmtime::component::bindgen!({
        path: ["../../wit/wasi/config", "../../wit/wasi/logging", "../../wit/tradewire"],
        world: "tradewire:plugin/plugin",
        exports: { default: async },
        imports: { "tradewire:plugin/files": async | trappable, default: trappable },
        with: { "tradewire:plugin/files.file": super::File },
    });
}

pub(crate) use contract::PluginPre;
use contract::tradewire::plugin::{files, runs};
use contract::wasi::logging::logging;

/// What a run is called with.
pub struct Request {
    /// The run's id.
    pub id: String,
    /// The export's name in the configuration.
    pub export: String,
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// ServiceTitan's number of the tenant.
    pub tenant_id: i64,
    /// The tenant's time zone.
    pub timezone: String,
    /// The span that the run accounts for.
    pub window: Window,
    /// 1 for the first try.
    pub attempt: u32,
    /// What `wasi:config/store` answers.
    pub settings: Vec<(String, String)>,
    /// The tenant's ServiceTitan.
    pub api: Arc<dyn ServiceTitan>,
    /// Where log lines and files go.
    pub sink: Arc<dyn Sink>,
    /// What the run may use.
    pub limits: Limits,
}

/// A half-open span of time, RFC 3339 with offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// It belongs to the span.
    pub start: String,
    /// It does not.
    pub end: String,
}

/// What a run used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls to ServiceTitan; a page counts as one.
    pub host_calls: u64,
    /// The most linear memory, in bytes.
    pub peak_memory: usize,
}

/// Why a run ended without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", lines(.reasons))]
pub struct Failure {
    /// Whether it helps to try again.
    pub class: FailureClass,
    /// One line: what went wrong and what to do.
    pub message: String,
    /// Every single reason.
    pub reasons: Vec<String>,
}

fn lines(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  - {reason}")).collect()
}

/// Whether it helps to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The plugin refuses: data or settings must change first.
    Refused,
    /// Something outside failed: a later try may succeed.
    Passing,
    /// The plugin itself failed, or a limit stopped it.
    Broken,
}

impl Failure {
    fn broken(message: impl Into<String>) -> Failure {
        Failure { class: FailureClass::Broken, message: message.into(), reasons: Vec::new() }
    }
}

/// What the host holds for a run.
pub(crate) struct RunState {
    pub table: ResourceTable,
    pub api: Arc<dyn ServiceTitan>,
    pub grants: Arc<Grants>,
    wasi: WasiCtx,
    settings: WasiConfigVariables,
    pub sink: Arc<dyn Sink>,
    guard: Guard,
    limits: Limits,
    calls: u64,
}

impl RunState {
    /// Counts a call to ServiceTitan, or refuses it.
    pub fn count_call(&mut self) -> Result<(), CallError> {
        if self.calls >= self.limits.host_calls {
            return Err(CallError::new("refused", Limit::HostCalls(self.limits.host_calls).to_string()));
        }
        self.calls += 1;
        Ok(())
    }

    /// Tells what a call cost.
    pub fn called(&self, operation: &str, result: Result<&Answered, &CallError>) {
        let cost = match result {
            Ok(answered) => Cost {
                failed: false,
                retries: answered.attempts.saturating_sub(1),
                waited: answered.waited,
                bytes: answered.body.len() as u64,
            },
            Err(error) => Cost { failed: true, retries: error.attempts.saturating_sub(1), ..Cost::default() },
        };
        self.sink.called(operation, cost);
    }
}

impl WasiView for RunState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// What every plugin gets: the standard interfaces, most of them empty, and our own.
pub(crate) fn base_linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut RunState| WasiConfig::from(&state.settings))?;
    files::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    logging::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl Plugin {
    /// Runs the plugin once. Dropping the future ends the run at its next wait.
    pub async fn run(&self, mut request: Request) -> (Result<String, Failure>, Usage) {
        request.limits.memory = request.limits.memory.min(self.engine.memory);
        let limits = request.limits.clone();
        let mut store = self.store(&request);
        let outcome = tokio::time::timeout(limits.time, self.call(&mut store, request)).await;
        let state = store.data();
        let usage = Usage { host_calls: state.calls, peak_memory: state.guard.peak() };
        let result = match outcome {
            Err(_) => Err(Failure::broken(Limit::Time(limits.time).to_string())),
            Ok(Ok(Ok(summary))) => Ok(summary.message),
            Ok(Ok(Err(failure))) => Err(Failure {
                class: match failure.kind {
                    runs::FailureKind::Refused => FailureClass::Refused,
                    runs::FailureKind::Passing => FailureClass::Passing,
                },
                message: failure.message,
                reasons: failure.reasons,
            }),
            Ok(Err(trap)) => Err(Failure::broken(explain(&trap, state))),
        };
        (result, usage)
    }

    fn store(&self, request: &Request) -> Store<RunState> {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(LogStream::new(&request.sink, Level::Info, "stdout")).stderr(LogStream::new(
            &request.sink,
            Level::Warn,
            "stderr",
        ));
        let state = RunState {
            table: ResourceTable::new(),
            api: request.api.clone(),
            grants: self.grants.clone(),
            wasi: wasi.build(),
            settings: request.settings.iter().cloned().collect(),
            sink: request.sink.clone(),
            guard: Guard::new(&request.limits),
            limits: request.limits.clone(),
            calls: 0,
        };
        let mut store = Store::new(&self.engine.wasm, state);
        store.limiter(|state| &mut state.guard);
        store.set_hostcall_fuel(request.limits.hand_over);
        store.set_epoch_deadline(1);
        let end = Instant::now() + request.limits.time;
        store.epoch_deadline_callback(move |_| {
            // A busy plugin gives way to the others at every tick; the outer time-out cannot reach it in between.
            if Instant::now() >= end { Ok(UpdateDeadline::Interrupt) } else { Ok(UpdateDeadline::Yield(1)) }
        });
        store
    }

    async fn call(
        &self,
        store: &mut Store<RunState>,
        request: Request,
    ) -> wasmtime::Result<Result<runs::Summary, runs::Failure>> {
        let plugin = self.contract.instantiate_async(&mut *store).await?;
        let context = runs::Context {
            id: request.id,
            export: request.export,
            tenant: request.tenant,
            tenant_id: request.tenant_id,
            timezone: request.timezone,
            window: runs::Window { start: request.window.start, end: request.window.end },
            attempt: request.attempt,
        };
        plugin.call_run(store, &context).await
    }
}

/// A trap in an operator's words.
fn explain(trap: &wasmtime::Error, state: &RunState) -> String {
    let limits = &state.limits;
    if state.guard.refused {
        return Limit::Memory(limits.memory).to_string();
    }
    let text = format!("{trap:#}");
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return Limit::HandOver(limits.hand_over).to_string();
    }
    match trap.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Limit::Time(limits.time).to_string(),
        Some(Trap::StackOverflow) => "the plugin called itself too deep: its stack is full".to_owned(),
        Some(Trap::UnreachableCodeReached) => {
            "the plugin stopped itself: it panicked or aborted; the last lines of the run's log say why".to_owned()
        }
        Some(trap) => format!("the plugin failed: {trap}"),
        None if text.contains("maximum concurrent") => format!("too many runs at once: {text}"),
        None => format!("the plugin failed: {text}"),
    }
}

/// A file of the run, as a plugin's resource.
pub struct File(Box<dyn OutputFile>);

impl files::Host for RunState {
    async fn create(&mut self, name: String, content_type: String) -> wasmtime::Result<Result<Resource<File>, String>> {
        let sink = self.sink.clone();
        match sink.create(&name, &content_type).await {
            Ok(file) => Ok(Ok(self.table.push(File(file))?)),
            Err(problem) => Ok(Err(problem)),
        }
    }
}

impl files::HostFile for RunState {
    async fn write(&mut self, file: Resource<File>, bytes: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        Ok(self.table.get_mut(&file)?.0.write(&bytes).await)
    }

    async fn finish(
        &mut self,
        file: Resource<File>,
        totals: Vec<files::Total>,
    ) -> wasmtime::Result<Result<(), String>> {
        let totals = totals.into_iter().map(|total| (total.name, total.value)).collect();
        Ok(self.table.delete(file)?.0.finish(totals).await)
    }

    async fn drop(&mut self, file: Resource<File>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl logging::Host for RunState {
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace => Level::Trace,
            logging::Level::Debug => Level::Debug,
            logging::Level::Info => Level::Info,
            logging::Level::Warn => Level::Warn,
            logging::Level::Error | logging::Level::Critical => Level::Error,
        };
        self.sink.log(level, &context, &message);
        Ok(())
    }
}

/// Standard output and error, line by line into the run's log.
#[derive(Clone)]
struct LogStream {
    sink: Arc<dyn Sink>,
    level: Level,
    origin: &'static str,
    line: Arc<Mutex<Vec<u8>>>,
}

/// A longer line is cut into several.
const LINE_BYTES: usize = 8 * 1024;

impl LogStream {
    fn new(sink: &Arc<dyn Sink>, level: Level, origin: &'static str) -> Self {
        LogStream { sink: sink.clone(), level, origin, line: Arc::default() }
    }

    fn take(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for byte in bytes {
            if *byte == b'\n' || line.len() >= LINE_BYTES {
                self.sink.log(self.level, self.origin, String::from_utf8_lossy(&line).trim_end());
                line.clear();
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
    }
}

impl Drop for LogStream {
    fn drop(&mut self) {
        if Arc::strong_count(&self.line) == 1 {
            let line = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !line.is_empty() {
                self.sink.log(self.level, self.origin, &String::from_utf8_lossy(&line));
            }
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
