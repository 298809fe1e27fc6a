//! `tradewire store`: copies of it, and what it need not remember any more.

use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use tradewire_runs::delivery::Outbox;
use tradewire_runs::history;
use tradewire_store::Pruned;
use tradewire_store_sqlite::SqliteStore;

use super::installation::Installation;
use crate::cli::store::{Copy, Prune, Store};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Store, output: &Output) -> Result<()> {
    match command {
        Store::Backup(options) => backup(&options, output),
        Store::Restore(options) => restore(&options, output),
        Store::Prune(options) => prune(options, output).await,
    }
}

fn backup(Copy { file, paths }: &Copy, output: &Output) -> Result<()> {
    let installation = Installation::read(paths)?;
    SqliteStore::backup(&installation.database(), file)?;
    output.result(&format!("the store is copied to {}", file.display()), &json!({ "backup": file }));
    Ok(())
}

fn restore(Copy { file, paths }: &Copy, output: &Output) -> Result<()> {
    let installation = Installation::read(paths)?;
    let before = SqliteStore::restore(&installation.database(), file)?;
    let mut text = format!("the store is as it was in {}", file.display());
    if let Some(before) = &before {
        text += &format!("; the one before is kept as {}", before.display());
    }
    output.result(&text, &json!({ "restored": file, "before": before }));
    Ok(())
}

async fn prune(Prune { keep, paths }: Prune, output: &Output) -> Result<()> {
    let installation = Installation::read(&paths)?;
    let none = "nothing says how long runs are remembered; add `[store]` with `keep = \"400 days\"`, or write `--keep`";
    let keep = TimeDelta::from_std(keep.or(installation.config.keep).context(none)?).ok();
    let now = Utc::now();
    let before = keep.and_then(|keep| now.checked_sub_signed(keep)).context("`keep` is too long")?;
    let store = installation.store()?;
    let logs = history::prune_logs(&store, installation.config.logs).await?;
    let pruned = history::prune(&store, &Outbox::of(&installation.state), before, now).await?;
    let pruned = Pruned { logs: pruned.logs + logs, ..pruned };
    let Pruned { runs, logs, slots, events, contents } = pruned;
    let text = format!(
        "forgot {runs} runs, {slots} slots, {events} events, {contents} files of the outbox, and the logs of {logs} runs \
         that are remembered"
    );
    output.result(&text, &pruned);
    Ok(())
}
