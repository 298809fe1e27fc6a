//! `tradewire state`: what exports keep, for those who look and repair.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tradewire_config::Config;
use tradewire_runs::run::RunError;
use tradewire_store::{StateChanges, StateKey, StateRecord, Store};
use tradewire_store_sqlite::SqliteStore;

use super::installation::Installation;
use super::table::table;
use crate::cli::state::{Delete, Key, Set, State, Whose};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: State, output: &Output) -> Result<()> {
    match command {
        State::List(whose) => list(whose, output).await,
        State::Get(key) => get(key, output).await,
        State::Set(options) => set(options, output).await,
        State::Delete(options) => delete(options, output).await,
    }
}

/// The state that was read, and what changes it.
struct Kept {
    store: SqliteStore,
    export: String,
    tenant: String,
    state: StateRecord,
}

impl Kept {
    async fn read(whose: Whose) -> Result<Kept> {
        let Whose { export, tenant, paths } = whose;
        let installation = Installation::read(&paths)?;
        let store = installation.store()?;
        let state = store.state(&export, &tenant).await?;
        // What was kept for an export that is gone can still be looked at.
        if state.version == 0 {
            known(&installation.config, &export, &tenant)?;
        }
        Ok(Kept { store, export, tenant, state })
    }

    async fn change(&self, entries: Vec<(StateKey, Option<Vec<u8>>)>) -> Result<()> {
        let changes = StateChanges { version: self.state.version, entries };
        Ok(self.store.change_state(&self.export, &self.tenant, changes).await?)
    }
}

fn known(config: &Config, export: &str, tenant: &str) -> Result<()> {
    let found = config.exports.get(export).ok_or_else(|| RunError::unknown_export(config, export))?;
    if !found.tenants.iter().any(|name| name == tenant) {
        return Err(RunError::unknown_tenant(found, tenant).into());
    }
    Ok(())
}

async fn list(whose: Whose, output: &Output) -> Result<()> {
    let Kept { export, tenant, state, .. } = Kept::read(whose).await?;
    let row = |(place, value): (&StateKey, &Vec<u8>)| {
        vec![
            place.bucket.escape_debug().to_string(),
            place.key.escape_debug().to_string(),
            format!("{} bytes", value.len()),
        ]
    };
    let text = match state.entries.is_empty() {
        true => format!("{export} keeps nothing for {tenant}"),
        false => table(&state.entries.iter().map(row).collect::<Vec<_>>()),
    };
    let entries: Vec<Value> = state
        .entries
        .iter()
        .map(|(place, value)| json!({ "bucket": place.bucket, "key": place.key, "bytes": value.len() }))
        .collect();
    output.result(&text, &json!({ "export": export, "tenant": tenant, "version": state.version, "entries": entries }));
    Ok(())
}

async fn get(Key { whose, key, bucket }: Key, output: &Output) -> Result<()> {
    let Kept { export, tenant, state, .. } = Kept::read(whose).await?;
    let value = state.entries.get(&StateKey::new(&bucket, &key));
    let value = value.with_context(|| nothing(&export, &tenant, &bucket, &key))?;
    let text = String::from_utf8_lossy(value);
    output.result(&text, &json!({ "bucket": bucket, "key": key, "bytes": value.len(), "value": text }));
    Ok(())
}

fn nothing(export: &str, tenant: &str, bucket: &str, key: &str) -> String {
    format!("{export} keeps no `{key}` for {tenant} in the bucket `{bucket}`: `tradewire state list {export} {tenant}`")
}

async fn set(Set { key: Key { whose, key, bucket }, value, file }: Set, output: &Output) -> Result<()> {
    let value = match (value, file) {
        (Some(value), _) => value.into_bytes(),
        (None, Some(file)) => {
            std::fs::read(&file).with_context(|| format!("cannot read the value from `{}`", file.display()))?
        }
        (None, None) => bail!("write a value, or `--file`"),
    };
    if key.is_empty() {
        bail!("a key is not empty");
    }
    let kept = Kept::read(whose).await?;
    let bytes = value.len();
    kept.change(vec![(StateKey::new(&bucket, &key), Some(value))]).await?;
    output.result(
        &format!("{bytes} bytes are kept as `{key}`"),
        &json!({ "bucket": bucket, "key": key, "bytes": bytes }),
    );
    Ok(())
}

async fn delete(Delete { whose, key, bucket, .. }: Delete, output: &Output) -> Result<()> {
    let kept = Kept::read(whose).await?;
    let places: Vec<StateKey> = match key {
        Some(key) => vec![StateKey::new(bucket, key)],
        None => kept.state.entries.keys().cloned().collect(),
    };
    let missing = places.iter().find(|place| !kept.state.entries.contains_key(place));
    if let Some(StateKey { bucket, key }) = missing {
        bail!(nothing(&kept.export, &kept.tenant, bucket, key));
    }
    let count = places.len();
    kept.change(places.into_iter().map(|place| (place, None)).collect()).await?;
    output.result(&format!("deleted {count}"), &json!({ "deleted": count }));
    Ok(())
}
