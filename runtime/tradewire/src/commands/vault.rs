//! `tradewire vault`: secrets in one encrypted file. No value is ever printed, nor taken from the command line.

use std::io::{IsTerminal, Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chrono::{SecondsFormat, Utc};
use console::Term;
use secrecy::SecretString;
use serde_json::json;
use tradewire_config::vault::Vault;
use tradewire_config::{Config, Secret};
use zeroize::Zeroizing;

use super::installation::read_config;
use super::table::table;
use crate::cli::vault::{Configuration, Init, List, NewKey, Rekey, Remove, Set, Vault as Command};
use crate::output::Output;

/// More than any secret may have; so much is read at most.
const MOST: u64 = 1024 * 1024;

/// Does what was asked.
pub fn dispatch(command: Command, output: &Output) -> Result<()> {
    match command {
        Command::Init(options) => init(&options, output),
        Command::Set(options) => set(&options, output),
        Command::List(options) => list(&options, output),
        Command::Remove(options) => remove(&options, output),
        Command::Rekey(options) => rekey(&options, output),
    }
}

fn init(Init { configuration }: &Init, output: &Output) -> Result<()> {
    let (_, vault) = vault(configuration)?;
    let key = vault.init()?;
    let text = format!("the vault {} is made{}", vault.path().display(), with_key(key.as_deref()));
    output.result(&text, &json!({ "vault": vault.path(), "key": key }));
    Ok(())
}

fn with_key(made: Option<&Path>) -> String {
    let Some(file) = made else { return String::new() };
    format!("; its key is written to {}: keep a copy of it elsewhere, nothing else opens the vault", file.display())
}

fn set(Set { name, never, configuration }: &Set, output: &Output) -> Result<()> {
    if !never.is_empty() {
        bail!(
            "a secret is never an argument, where other processes and the shell's history see it: write it to the \
             standard input, or to the prompt that comes without one"
        );
    }
    let (_, vault) = vault(configuration)?;
    // Rather than after a secret was typed.
    vault.secrets()?;
    let replaced = vault.set(name, read_secret(name)?, Utc::now())?;
    let text = format!("{name} is {} {}", if replaced { "set anew in" } else { "in" }, vault.path().display());
    output.result(&text, &json!({ "set": name, "replaced": replaced }));
    Ok(())
}

/// A line end at its end is not part of it; other white space is.
fn read_secret(name: &str) -> Result<SecretString> {
    let text = if stdin().is_terminal() {
        let term = Term::stderr();
        term.write_str(&format!("the secret for {name}: ")).and_then(|()| term.read_secure_line()).map(Zeroizing::new)
    } else {
        let mut text = Zeroizing::new(String::with_capacity(MOST as usize));
        stdin().take(MOST).read_to_string(&mut text).map(|_| text)
    };
    let text = text.context("cannot read the secret from the standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

fn list(List { configuration }: &List, output: &Output) -> Result<()> {
    let (_, vault) = vault(configuration)?;
    let secrets = vault.secrets()?;
    let secrets: Vec<_> =
        secrets.iter().map(|(name, set)| (name, set.to_rfc3339_opts(SecondsFormat::Secs, true))).collect();
    let text = match secrets.is_empty() {
        true => format!("{} holds no secrets", vault.path().display()),
        false => table(&secrets.iter().map(|(name, set)| vec![(*name).to_owned(), set.clone()]).collect::<Vec<_>>()),
    };
    let values: Vec<_> = secrets.iter().map(|(name, set)| json!({ "name": name, "set": set })).collect();
    output.result(&text, &json!({ "vault": vault.path(), "secrets": values }));
    Ok(())
}

fn remove(Remove { name, configuration }: &Remove, output: &Output) -> Result<()> {
    let (_, vault) = vault(configuration)?;
    vault.remove(name)?;
    output.result(&format!("{name} is no longer in {}", vault.path().display()), &json!({ "removed": name }));
    Ok(())
}

fn rekey(Rekey { to: NewKey { env, file }, configuration }: &Rekey, output: &Output) -> Result<()> {
    let (config, vault) = vault(configuration)?;
    let folder = configuration.config.parent().unwrap_or(Path::new(""));
    let (key, written) = match (env, file) {
        (Some(name), _) => (Secret::Env(name.clone()), format!("{{ env = {name:?} }}")),
        (None, Some(path)) => {
            (Secret::File(folder.join(path)), format!("{{ file = {:?} }}", path.display().to_string()))
        }
        (None, None) => bail!("say where the new key is, with `--env` or `--file`"),
    };
    let made: Option<PathBuf> = vault.rekey(&key)?;
    let text = format!(
        "the vault {} has another key{}\nwrite `key = {written}` in `[vault]` of {}",
        vault.path().display(),
        with_key(made.as_deref()),
        config.path.display()
    );
    output.result(&text, &json!({ "vault": vault.path(), "key": made }));
    Ok(())
}

fn vault(Configuration { config: path }: &Configuration) -> Result<(Config, Arc<Vault>)> {
    let config = read_config(path)?;
    let vault = config.vault.clone().with_context(|| {
        format!(
            "{} has no section `[vault]`; add it with `key = {{ file = \"vault.key\" }}`, or with `key = {{ env = \
             \"TRADEWIRE_VAULT_KEY\" }}` for a passphrase",
            path.display()
        )
    })?;
    Ok((config, vault))
}
