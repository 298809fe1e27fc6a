//! `tradewire export diff`: what two deliveries of one window differ in.

mod compare;
mod told;

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tradewire_config::Tenant;
use tradewire_runs::delivery::Outbox;
use tradewire_runs::history;
use tradewire_runs::run::Preview;
use tradewire_schedule::Window;
use tradewire_store::{FileRecord, Store};
use tradewire_store_sqlite::SqliteStore;

use super::{asked, previews, show};
use crate::cli::export::Diff as Options;
use crate::commands::installation::Installation;
use crate::output::Output;

/// One state of a file.
pub struct Side {
    /// `version 2`, `now`
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
    pub totals: Vec<(String, String)>,
}

/// A file, and its states.
pub struct Pair {
    pub file: String,
    pub states: States,
}

/// Two states of a file, or the one with which it came or went.
pub enum States {
    Both(Side, Side),
    New(Side),
    Gone(Side),
}

/// Tells the differences for each tenant that is asked for. Fails where there is nothing to compare.
pub(super) async fn diff(options: Options, output: &Output) -> Result<ExitCode> {
    let installation = Installation::read(&options.paths)?;
    let export = options.window.export.as_str();
    let (store, outbox) = (installation.store()?, Outbox::of(&installation.state));
    let mut wanted = Vec::new();
    for (tenant, window) in asked(&installation.config, &options.window)? {
        wanted.push((tenant, self::window(&store, export, tenant, window).await?));
    }
    let now = match options.preview {
        true => now(&installation, &store, export, &wanted, output).await?,
        false => Vec::new(),
    };
    let (mut texts, mut values) = (Vec::new(), Vec::new());
    for (n, (tenant, window)) in wanted.iter().enumerate() {
        let delivered = history::versions(&store, export, &tenant.name, *window).await?;
        let pairs = match now.get(n) {
            Some(preview) => with_preview(&outbox, delivered, preview).await?,
            None => versions(&outbox, delivered, options.versions.as_deref(), export, tenant)?,
        };
        let (mut text, mut files) = (format!("{export} for {}, window {window}", tenant.name), Vec::new());
        for pair in &pairs {
            let (told, value) = told::pair(pair, &options.key, options.rows)?;
            text += &format!("\n{told}");
            files.push(value);
        }
        texts.push(text);
        values.push(json!({ "export": export, "tenant": tenant.name, "window": window, "files": files }));
    }
    output.result(&texts.join("\n\n"), &json!({ "differences": values }));
    Ok(ExitCode::SUCCESS)
}

/// The window that is asked for, else the latest that has delivered anything.
async fn window(store: &dyn Store, export: &str, tenant: &Tenant, window: Option<Window>) -> Result<Window> {
    let window = match window {
        Some(window) => Some(window),
        None => history::latest_window(store, export, &tenant.name).await?,
    };
    match window {
        Some(window) => Ok(window),
        None => bail!(
            "none of the latest runs of {export} for {} has delivered anything: name a window with `--from` and `--to`",
            tenant.name
        ),
    }
}

/// What a run would deliver now.
async fn now(
    installation: &Installation,
    store: &SqliteStore,
    export: &str,
    wanted: &[(&Tenant, Window)],
    output: &Output,
) -> Result<Vec<Preview>> {
    let of: Vec<_> = wanted.iter().map(|(tenant, window)| (tenant.name.clone(), Some(*window))).collect();
    let mut all = Vec::new();
    for preview in previews(export, &of, output, |busy| installation.runner_on(store.clone(), busy)).await? {
        let preview = preview?;
        if let Err(failure) = &preview.result {
            let tenant = &preview.opening.tenant;
            let reasons = failure.reasons.iter().map(|reason| format!("\n  - {}", show::plain(reason)));
            bail!(
                "{export} for {tenant} would fail, so there is nothing to compare with: {}{}",
                show::plain(&failure.message),
                reasons.collect::<String>()
            );
        }
        all.push(preview);
    }
    Ok(all)
}

/// A file as its run has made it.
fn side(outbox: &Outbox, file: &FileRecord) -> Result<Side> {
    let mut bytes = Vec::new();
    let read = outbox.open(file).and_then(|mut content| content.read_to_end(&mut bytes));
    read.with_context(|| {
        let (name, version) = (&file.name, file.version);
        format!("`{name}`, version {version}, is not kept any more: see `keep` of `[store]`")
    })?;
    Ok(Side {
        name: format!("version {}", file.version),
        content_type: file.content_type.clone(),
        bytes,
        totals: file.totals.clone(),
    })
}

/// Two versions of each file: those that are asked for, else the latest two.
fn versions(
    outbox: &Outbox,
    delivered: Vec<FileRecord>,
    wanted: Option<&[u32]>,
    export: &str,
    tenant: &Tenant,
) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for of_one in delivered.chunk_by(|a, b| (&a.name, &a.destination) == (&b.name, &b.destination)) {
        let two = match (wanted, of_one) {
            (Some(wanted), _) => {
                let find = |n: usize| of_one.iter().rfind(|file| wanted.get(n) == Some(&file.version));
                find(0).zip(find(1))
            }
            (None, [.., before, after]) => Some((before, after)),
            (None, _) => None,
        };
        if let Some((before, after)) = two {
            let (file, before, after) = (before.name.clone(), side(outbox, before)?, side(outbox, after)?);
            pairs.push(Pair { file, states: States::Both(before, after) });
        }
    }
    if pairs.is_empty() {
        let there: Vec<String> =
            delivered.iter().map(|file| format!("{} version {}", file.name, file.version)).collect();
        let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
        bail!(
            "there are no two versions to compare: {export} for {} has delivered {there} for this window; `--preview` \
             compares with what a run would deliver now",
            tenant.name
        );
    }
    Ok(pairs)
}

/// What was delivered last of each file, and what a run would deliver now.
async fn with_preview(outbox: &Outbox, delivered: Vec<FileRecord>, preview: &Preview) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for file in &preview.files {
        let name = file.produced.name.as_str();
        let before = file.forecast.previous.as_ref().map(|previous| side(outbox, previous)).transpose()?;
        let after = Side {
            name: "now".to_owned(),
            content_type: file.produced.content_type.clone(),
            bytes: tokio::fs::read(&file.produced.staged).await?,
            totals: file.produced.totals.clone(),
        };
        let states = match before {
            Some(before) => States::Both(before, after),
            None => States::New(after),
        };
        pairs.push(Pair { file: name.to_owned(), states });
    }
    // What a run would not deliver any more.
    for of_one in delivered.chunk_by(|a, b| a.name == b.name) {
        if let Some(last) = of_one.last().filter(|last| pairs.iter().all(|pair| pair.file != last.name)) {
            pairs.push(Pair { file: last.name.clone(), states: States::Gone(side(outbox, last)?) });
        }
    }
    Ok(pairs)
}
