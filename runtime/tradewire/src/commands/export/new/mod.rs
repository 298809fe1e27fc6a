//! `tradewire export new`: an export, and what it needs, written into the configuration.

mod answers;
mod ask;
mod document;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tradewire_config::Config;

use crate::cli::export::New;
use crate::commands::installation::Installation;
use crate::commands::{check, private};
use crate::output::Output;

/// Asks for what no option says, and writes an export that `tradewire check` finds no fault in.
pub(super) async fn new(options: New, output: &Output) -> Result<ExitCode> {
    let path = options.paths.config.clone();
    let before = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    };
    let config = before.as_ref().map(|text| Config::parse(&path, text)).transpose()?;
    let draft = answers::Draft::of(&options, config.as_ref(), output)?;
    let written = draft.write(before.as_deref().unwrap_or_default())?;
    checked(&options, &path, &written.text, output)
        .inspect_err(|_| output.failure(&format!("nothing was written: `{}` would have faults", path.display())))?;
    write(&path, before.as_deref(), &written.text)?;
    let name = &draft.name;
    let made = if before.is_some() { "added to" } else { "made" };
    let text = format!(
        "{}\n{made} {}; next: `tradewire export preview {name}`, then `tradewire serve`",
        written.added.trim_end(),
        path.display()
    );
    output.result(&text, &json!({ "export": name, "config": path, "added": written.added }));
    draft.hints.iter().for_each(|hint| output.note(hint));
    Ok(ExitCode::SUCCESS)
}

/// Checks a text as `tradewire check` would check the file.
fn checked(options: &New, path: &Path, text: &str, output: &Output) -> Result<()> {
    let config = Arc::new(Config::parse(path, text)?);
    // A configuration that is refused is to leave nothing behind, not even the folder of its state.
    let spare = tempfile::tempdir().context("cannot make a folder for the check")?;
    let state = options.paths.state.clone().unwrap_or_else(|| folder_of(path).join(".tradewire"));
    let state = if state.is_dir() { state } else { spare.path().to_owned() };
    let _busy = output.busy("checking");
    let changed = private::changed_by_others(&config);
    check::load(&Installation { config, state }, changed)?;
    Ok(())
}

/// Replaces the configuration as a whole, or makes it; never one that someone has changed meanwhile.
fn write(path: &Path, before: Option<&str>, text: &str) -> Result<()> {
    let cannot = || format!("cannot write `{}`", path.display());
    // A link is written through, not replaced.
    let target = if before.is_some() { fs::canonicalize(path).with_context(cannot)? } else { path.to_owned() };
    let mut part =
        tempfile::Builder::new().prefix(".tradewire-").tempfile_in(folder_of(&target)).with_context(cannot)?;
    part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).with_context(cannot)?;
    match before {
        None => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                part.as_file().set_permissions(fs::Permissions::from_mode(0o644)).with_context(cannot)?;
            }
            part.persist_noclobber(&target).with_context(cannot)?;
        }
        Some(before) => {
            if fs::read_to_string(&target).with_context(cannot)? != before {
                bail!("`{}` has changed meanwhile: nothing was written; begin again", path.display());
            }
            let permissions = fs::metadata(&target).with_context(cannot)?.permissions();
            part.as_file().set_permissions(permissions).with_context(cannot)?;
            part.persist(&target).with_context(cannot)?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}
