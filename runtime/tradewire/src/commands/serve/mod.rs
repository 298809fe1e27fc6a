//! `tradewire serve`: the schedules, the vendors for whoever has a key, and ServiceTitan's events, until it is told to
//! stop.
//!
//! A configuration that changes meanwhile is taken over as a whole, or not at all.

mod changes;
mod load;
mod loaded;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use serde_json::json;
use tokio::sync::watch;
use tradewire_config::{Config, Reference, Secret};
use tradewire_front::Refusals;
use tradewire_runs::CancellationToken;
use tradewire_runs::clock::SystemClock;
use tradewire_runs::history;
use tradewire_runs::run::Runner;
use tradewire_runs::scheduler::Scheduler;
use tradewire_store::{RunFilter, SlotFilter, Store, StoreError};
use tradewire_webhooks::{Intake, Received};

use super::stop::told_to_stop;
use super::{doctor, report};
use crate::cli::{Paths, Serve};
use crate::http::{Carried, MiddlewareService, Server, WebhookRoutes, listens, tls};
use crate::output::{Busy, Output};
use changes::Changes;
use load::{Load, Progress};
use loaded::{InForce, Loaded};

/// How many of the next slots are told at the start.
const SHOWN: usize = 20;

/// Runs what falls due, and ends the runs that a process before this one left open; answers calls to vendors and takes
/// events in.
pub async fn serve(options: Serve, output: &Output) -> Result<()> {
    let queued = output.queued();
    let paths = Arc::new(options.paths);
    let busy = Arc::new(output.busy("loading plugins and packs"));
    if let Some(few) = doctor::few_descriptors() {
        busy.line(&few.to_string());
    }
    let changes = Changes::of(&paths.config).context("cannot listen to signals")?;
    let (loaded, rest) = load::first(&paths).await?;
    let config = loaded.installation.config.clone();
    let runner = loaded.installation.runner_by(loaded.executor.clone(), &busy)?;
    ensure_sound(&**runner.store()).await?;
    let is_idle = !listens(&config) && config.schedules().next().is_none();
    if is_idle && runner.store().deliveries().await?.is_empty() {
        bail!(
            "{} has neither an export with a schedule, nor a caller of vendors, nor a webhook; add `cron = \"0 6 * * \
             MON\"` to an export, a section `[caller.<name>]` with a `key` or `[webhook.<name>]` with a `secret`; `tradewire run` \
             runs an export now",
            config.path.display()
        );
    }
    let stop = told_to_stop(output)?;
    let in_force = InForce::new(loaded, runner.clone());
    let server = match listens(&config) {
        true => {
            let refusals = Arc::new(Refusals::default());
            let service = service(&config, &in_force, &refusals, output, &busy);
            let identity = in_force.identity().subscribe();
            let server = Server::bind(service, &config.serve, refusals.clone(), identity).await?;
            Some(server.with_webhooks(webhooks(&runner, &in_force, refusals, output, &busy)))
        }
        false => None,
    };
    let (told, beside) = (*output, busy.clone());
    let scheduler = Scheduler::new(runner).follow(in_force.runner()).on_report(move |report| {
        let (text, value) = (report::beginning(report), report::value(report));
        beside.apart(|| told.result(&text, &value));
    });
    let upcoming = scheduler.upcoming(chrono::Utc::now());
    for (export, tenant, due) in upcoming.iter().take(SHOWN) {
        busy.line(&format!("{export} for {tenant}: next at {}", due.to_rfc3339()));
    }
    if upcoming.len() > SHOWN {
        busy.line(&format!("and {} more: `tradewire schedule list` tells of all", upcoming.len() - SHOWN));
    }
    for export in config.exports.values().filter(|export| export.trigger.by_itself() && export.trigger.cron().is_none())
    {
        busy.line(&format!("{} for {}: {}", export.name, export.tenants.join(", "), export.trigger));
    }
    busy.at(&format!("serving {} schedules", config.schedules().count()));
    if !in_force.executor().missing().is_empty() {
        let names = in_force.executor().missing().join("`, `");
        busy.line(&format!("still compiling `{names}`: what runs it waits; all else is served"));
    }
    let runners = in_force.runner();
    let served = async {
        let Some(server) = server else { return Ok(()) };
        let url = server.url()?;
        if !config.callers.is_empty() {
            busy.line(&format!("serving {} vendors at {url}", config.middleware.len()));
        }
        for webhook in config.webhooks.keys() {
            busy.line(&format!("taking events in at {url}/webhooks/{webhook}"));
        }
        server.run(stop.clone()).await;
        anyhow::Ok(())
    };
    if let Some(clear) = doctor::in_clear(&config) {
        busy.line(&clear.to_string());
    }
    let identity = in_force.identity().clone();
    let renew = async {
        if let Some(tls) = config.serve.tls.clone().filter(|_| listens(&config)) {
            tls::follow(tls, &identity, |text| busy.line(text), stop.clone()).await;
        }
    };
    let follow = follow(in_force, changes, (paths, rest), (*output, busy.clone()), stop.clone());
    let forget = forget(runners, stop.clone());
    let ((), served, (), (), ()) = tokio::join!(scheduler.run(stop.clone()), served, forget, follow, renew);
    served?;
    drop(busy);
    output.note("stopped");
    drop(queued);
    Ok(())
}

/// Takes the configuration over each time that it changes. One with faults is told, and the one before stays in force,
/// as it does while plugins of the new one are compiled. One that changes again meanwhile is not loaded to the end.
async fn follow(
    mut in_force: InForce,
    mut changes: Changes,
    (paths, mut load): (Arc<Paths>, Option<Load>),
    (output, busy): (Output, Arc<Busy>),
    stop: CancellationToken,
) {
    loop {
        let happened = async {
            match &mut load {
                Some(load) => load.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            is_told = changes.next() => {
                let runner = in_force.runner();
                if is_told && let Some(stay) = of_the_environment(runner.borrow().config()) {
                    busy.line(&stay);
                }
                load = Some(Load::begin(&paths, Some(in_force.executor().clone())));
            }
            happened = happened => match happened {
                Progress::Compiling(names) => busy.line(&format!(
                    "still compiling `{}`: the configuration before stays in force until that is done, or until {} \
                     changes again",
                    names.join("`, `"),
                    paths.config.display()
                )),
                Progress::Done(loaded) => {
                    load = None;
                    take_over(&mut in_force, *loaded, output, &busy).await;
                }
            }
        }
    }
}

/// That secrets of the environment are not read anew, where there are any: a process has the environment that it was
/// started with.
fn of_the_environment(config: &Config) -> Option<String> {
    let name = |reference: &Reference| match &reference.secret {
        Secret::Env(name) => Some(name.clone()),
        Secret::File(_) | Secret::Vault(_) => None,
    };
    let names: BTreeSet<String> = config.references.iter().filter_map(name).collect();
    let names = names.into_iter().collect::<Vec<_>>().join("`, `");
    (!names.is_empty()).then(|| {
        format!(
            "secrets of the environment stay as they were at the start (`{names}`): start anew for those that changed"
        )
    })
}

async fn take_over(in_force: &mut InForce, loaded: Result<Loaded>, output: Output, busy: &Arc<Busy>) {
    match loaded {
        Err(error) => {
            let (busy, missing) = (busy.clone(), in_force.executor().missing().join("`, `"));
            let tell = move || {
                busy.apart(|| {
                    output.failure("the configuration is not taken over; the one before stays in force");
                    output.error(&error);
                    if !missing.is_empty() {
                        output.failure(&format!(
                            "what runs `{missing}` waits until the configuration is mended; all else is served"
                        ));
                    }
                });
            };
            // There may be many faults, of long lines. It fails for nothing but a panic, which is told.
            let _ = tradewire_workers::work(tell).await;
        }
        Ok(loaded) => {
            let path = loaded.installation.config.path.display().to_string();
            let schedules = loaded.installation.config.schedules().count();
            if let Some(warning) = in_force.becomes(loaded) {
                tracing::warn!("{warning}");
            }
            busy.line(&format!("{path} is taken over"));
            busy.at(&format!("serving {schedules} schedules"));
        }
    }
}

/// A store that is damaged is no hiccup that is waited for: whoever starts this is to know at once.
async fn ensure_sound(store: &dyn Store) -> Result<(), StoreError> {
    let latest = Some(1);
    let failed = [
        store.runs(&RunFilter { limit: latest, ..RunFilter::default() }).await.err(),
        store.slots(&SlotFilter { limit: latest, ..SlotFilter::default() }).await.err(),
        store.pauses().await.err(),
    ];
    let damaged = failed.into_iter().flatten().find(|error| matches!(error, StoreError::Damaged { .. }));
    damaged.map_or(Ok(()), Err)
}

fn webhooks(
    runner: &Runner,
    in_force: &InForce,
    refusals: Arc<Refusals>,
    output: &Output,
    busy: &Arc<Busy>,
) -> WebhookRoutes {
    let (told, beside) = (*output, busy.clone());
    let observer = move |webhook: &str, received: &Received| {
        let Received { id, kind, tenant, is_repeated } = received;
        let again = if *is_repeated { ", again" } else { "" };
        let value = json!({ "webhook": webhook, "event": id, "type": kind, "tenant": tenant, "repeated": is_repeated });
        // The type may be one that nobody knows, so it is written with its control characters escaped.
        let text = format!("{webhook}: {} for {tenant}: event {id}{again}", kind.escape_debug());
        beside.apart(|| told.result(&text, &value));
    };
    let intake = Intake::start(runner.store().clone(), runner.queued().clone());
    WebhookRoutes::new(&runner.config().serve, in_force.receivers(), intake, refusals, observer)
}

/// Forgets what is old, where the configuration says what that is, and what nobody needs any more.
async fn forget(mut runners: watch::Receiver<Arc<Runner>>, stop: CancellationToken) {
    loop {
        let runner = runners.borrow_and_update().clone();
        let keep = runner.config().keep.and_then(|keep| TimeDelta::from_std(keep).ok());
        let logs = runner.config().logs;
        let store = &**runner.store();
        tokio::select! {
            () = history::keep_pruned(store, runner.outbox(), &SystemClock, keep, logs, stop.clone()) => return,
            changed = runners.changed() => if changed.is_err() { return stop.cancelled().await },
        }
    }
}

fn service(
    config: &Config,
    in_force: &InForce,
    refusals: &Arc<Refusals>,
    output: &Output,
    busy: &Arc<Busy>,
) -> MiddlewareService {
    let (told, beside) = (*output, busy.clone());
    let observer = move |carried: &Carried| beside.apart(|| told.result(&text(carried), carried));
    MiddlewareService::new(&config.serve, in_force.reach(), refusals.clone(), observer)
}

/// `harborline/purchaseorder for acme by servicetitan: 200 in 35 ms`
fn text(carried: &Carried) -> String {
    let Carried { caller, tenant, middleware, endpoint, status, milliseconds, error, warnings } = carried;
    let mut text = format!("{middleware}/{endpoint} for {tenant} by {caller}: {status} in {milliseconds} ms");
    if !error.is_empty() {
        text += &format!(": {error}");
    }
    let mut text = on_one_line(&text);
    warnings.iter().for_each(|warning| text += &format!("\n  warning: {}", on_one_line(warning)));
    text
}

/// Names come from addresses and messages from vendors: neither begins a line that looks like one of ours.
fn on_one_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default())
        } else {
            line.push(c)
        }
        line
    })
}
