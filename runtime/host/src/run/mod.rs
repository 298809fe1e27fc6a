//! One run of a plugin: an instance of its own, from start to end.

mod ending;
mod imports;
mod state;
mod stdio;
mod vendors;
mod wasi;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tradewire_client::{Answered, CallError, ServiceTitan};
use tradewire_surface::grants::Grants;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};

use crate::direct::Budget;
use crate::events::Events;
use crate::limits::{Guard, Limit, Limits};
use crate::load::Plugin;
use crate::middleware::Middleware;
use crate::sink::{Cost, Sink};
use crate::state::State;

mod contract {
    wasmtime::component::bindgen!({
        path: ["../../wit/wasi/config", "../../wit/wasi/logging", "../../wit/wasi/keyvalue", "../../wit/tradewire"],
        world: "tradewire:plugin/plugin",
        exports: { default: async },
        imports: {
            "tradewire:plugin/files": async | trappable,
            "tradewire:plugin/middleware": async | trappable,
            "wasi:keyvalue/store": async | trappable,
            "wasi:keyvalue/atomics": async | trappable,
            default: trappable,
        },
        with: {
            "tradewire:plugin/files.file": super::imports::File,
            "wasi:keyvalue/store.bucket": super::state::Bucket,
            "wasi:keyvalue/atomics.cas": super::state::Cas,
        },
    });
}

pub(crate) use contract::PluginPre;
use contract::tradewire::plugin::{files, middleware, runs};
use contract::wasi::keyvalue::{atomics, store as keyvalue};
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
    /// The vendors that the plugin may call; none where nothing is granted.
    pub middleware: Option<Arc<dyn Middleware>>,
    /// What the plugin keeps from run to run; none where nothing is kept.
    pub state: Option<Arc<dyn State>>,
    /// The events that began it; none where no event did.
    pub events: Option<Arc<dyn Events>>,
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
    /// Calls to ServiceTitan and to vendors; a page counts as one.
    pub host_calls: u64,
    /// The most linear memory, in bytes.
    pub peak_memory: usize,
    /// How long answers took to become the plugin's values.
    pub decoding: Duration,
    /// The most work at once, as time of a processor, for which it kept a thread from the other runs.
    pub held: Duration,
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
    Transient,
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
    middleware: Option<Arc<dyn Middleware>>,
    state: Option<Arc<dyn State>>,
    pub events: Option<Arc<dyn Events>>,
    pub grants: Arc<Grants>,
    wasi: WasiCtx,
    settings: WasiConfigVariables,
    pub sink: Arc<dyn Sink>,
    guard: Guard,
    pub limits: Limits,
    calls: Arc<AtomicU64>,
    /// Nanoseconds that answers took to become values.
    decoding: Arc<AtomicU64>,
    /// Bytes of all uploads that the plugin is putting together.
    pub uploading: usize,
    /// Cloned into whatever holds pages or a connection for the plugin.
    open: Arc<()>,
}

/// How many walks through pages and downloads may be open at once: each may hold a page or a connection.
const MOST_OPEN: usize = 16;
/// How many resources of all kinds a plugin may hold.
const MOST_RESOURCES: usize = 10_000;

impl RunState {
    /// Counts a call to ServiceTitan or to a vendor, or refuses it.
    pub fn count_call(&mut self) -> Result<(), CallError> {
        if self.calls.load(Ordering::Relaxed) >= self.limits.host_calls {
            return Err(CallError::new("refused", Limit::HostCalls(self.limits.host_calls).to_string()));
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Something that holds pages or a connection, to be kept as long as it does; or the refusal of one more.
    pub fn hold(&self) -> Result<Held, CallError> {
        if Arc::strong_count(&self.open) > MOST_OPEN {
            let message = format!(
                "{MOST_OPEN} walks through pages and downloads are open at once, which is the most; drop those that are read"
            );
            return Err(CallError::new("refused", message));
        }
        Ok(Held { _open: self.open.clone() })
    }

    /// Refuses an answer that is too large. The call itself was done: a `write` has taken effect.
    pub fn fits(&self, answered: Answered, write: bool) -> Result<Answered, CallError> {
        if answered.body.len() > self.limits.answer {
            let error = CallError::new("too-large", Limit::Answer(self.limits.answer).to_string());
            let Answered { status, attempts, .. } = answered;
            return Err(CallError { status: Some(status), attempts, unresolved: write, ..error });
        }
        Ok(answered)
    }

    /// What an answer may take to become a value.
    pub fn budget(&self) -> Budget {
        Budget { memory: self.limits.memory, decoding: self.decoding.clone() }
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

/// Counts as open until it is dropped.
pub(crate) struct Held {
    _open: Arc<()>,
}

impl WasiView for RunState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// What every plugin gets: the standard interfaces, most of them empty, and our own.
pub(crate) fn base_linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<RunState>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut RunState| WasiConfig::from(&state.settings))?;
    files::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    middleware::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    logging::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    keyvalue::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    atomics::add_to_linker::<_, HasSelf<RunState>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// What a run has used so far: it is asked also where nobody waits for the run any more.
#[derive(Clone, Default)]
struct Spent {
    calls: Arc<AtomicU64>,
    memory: Arc<AtomicUsize>,
    decoding: Arc<AtomicU64>,
    held: Arc<AtomicU64>,
}

impl Spent {
    fn usage(&self) -> Usage {
        Usage {
            host_calls: self.calls.load(Ordering::Relaxed),
            peak_memory: self.memory.load(Ordering::Relaxed),
            decoding: Duration::from_nanos(self.decoding.load(Ordering::Relaxed)),
            held: Duration::from_nanos(self.held.load(Ordering::Relaxed)),
        }
    }
}

impl Plugin {
    /// Runs the plugin once, as soon as the engine has room for it, on threads for plugins. Dropping the future ends the
    /// run at its next wait or tick; nobody waits for that.
    pub async fn run(&self, mut request: Request) -> (Result<String, Failure>, Usage) {
        // Before the clock starts: a run is not to blame for the others. And dropped after the store.
        let slot = self.engine.slot(self.slots).await;
        request.limits.memory = request.limits.memory.min(self.engine.memory);
        let (time, spent) = (request.limits.time, Spent::default());
        let (plugin, counted) = (self.clone(), spent.clone());
        let run = async move {
            let mut store = plugin.store(&request, counted);
            let outcome = plugin.call(&mut store, request).await;
            let result = match outcome {
                Ok(Ok(summary)) => Ok(ending::summary(summary)),
                Ok(Err(failure)) => Err(ending::failure(failure)),
                Err(trap) => Err(ending::trap(&trap, store.data())),
            };
            drop((store, slot));
            result
        };
        let Some(run) = self.engine.workers.spawn(run, spent.held.clone()) else {
            return (Err(Failure::broken("the engine has ended")), Usage::default());
        };
        let result = match tokio::time::timeout(time, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(Failure::broken(format!("the runtime failed: {error}"))),
            Err(_) => Err(Failure::broken(Limit::Time(time).to_string())),
        };
        (result, spent.usage())
    }

    fn store(&self, request: &Request, spent: Spent) -> Store<RunState> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MOST_RESOURCES);
        let state = RunState {
            table,
            api: request.api.clone(),
            middleware: request.middleware.clone(),
            state: request.state.clone(),
            events: request.events.clone(),
            grants: self.grants.clone(),
            wasi: wasi::context(&request.sink),
            settings: request.settings.iter().cloned().collect(),
            sink: request.sink.clone(),
            guard: Guard::new(&request.limits, spent.memory),
            limits: request.limits.clone(),
            calls: spent.calls,
            decoding: spent.decoding,
            uploading: 0,
            open: Arc::default(),
        };
        let mut store = Store::new(&self.engine.wasm, state);
        store.limiter(|state| &mut state.guard);
        store.set_hostcall_fuel(request.limits.transfer);
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
