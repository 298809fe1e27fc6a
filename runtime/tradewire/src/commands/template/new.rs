//! `tradewire template new`: a pack to begin with.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tradewire_config::variable;
use tradewire_middleware::scaffold;
use url::Url;

use super::count;
use crate::cli::template::New;
use crate::output::Output;

/// Writes a new pack.
pub fn new(options: &New, output: &Output) -> Result<()> {
    let folder = &options.folder;
    is_address(&options.base_url)?;
    is_free(folder)?;
    let endpoints = match &options.endpoints[..] {
        [all] if all == "all" => scaffold::endpoints().into_iter().map(str::to_owned).collect(),
        names => names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>(),
    };
    if endpoints.is_empty() {
        bail!("`--endpoints` names none; write `all`, or some of {}", scaffold::endpoints().join(", "));
    }
    let files = scaffold::files(&endpoints, &options.base_url, options.auth.into())?;
    for (file, text) in &files {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder `{}`", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let (place, first) = (folder.display(), &endpoints[0]);
    let section = section(options);
    let text = format!(
        "{place} has {} in {}\n\
         next:\n  \
         write this into tradewire.toml, which alone says where the vendor is and where its keys are; `pack` is seen from \
         there:\n\n{section}\n  \
         change {place}/Templates/{first}/Request.liquid to what the vendor wants, and Response.liquid to what it answers\n  \
         tradewire template preview {place} {first} --watch\n  \
         tradewire template check {place}\n  \
         tradewire template test {place} --update\n",
        count(endpoints.len(), "endpoint"),
        count(files.len(), "file"),
    );
    let files: Vec<String> = files.iter().map(|(file, _)| folder.join(file).display().to_string()).collect();
    output.result(
        &text,
        &json!({ "pack": place.to_string(), "endpoints": endpoints, "files": files, "section": section }),
    );
    Ok(())
}

/// What the operator's configuration says of the new pack.
fn section(options: &New) -> String {
    let usual = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let name: String = options.folder.file_name().unwrap_or_default().to_string_lossy().chars().map(usual).collect();
    let name = if name.is_empty() { "vendor" } else { &name };
    let secrets: Vec<String> = scaffold::secrets(&options.base_url, options.auth.into())
        .iter()
        .map(|secret| format!("{secret} = {{ env = \"{}\" }}", variable(name, &with_underscores(secret))))
        .collect();
    let (pack, base_url) = (json!(options.folder.display().to_string()), json!(options.base_url.as_str()));
    let mut section = format!("[middleware.{name}]\npack = {pack}\ntenants = [\"<tenant>\"]\nbase_url = {base_url}\n");
    if !secrets.is_empty() {
        section += &format!("secrets = {{ {} }}\n", secrets.join(", "));
    }
    section
}

/// `ApiKey`: `API_KEY`
fn with_underscores(name: &str) -> String {
    name.char_indices().fold(String::new(), |mut words, (place, c)| {
        if place > 0 && c.is_ascii_uppercase() {
            words.push('_');
        }
        words.push(c.to_ascii_uppercase());
        words
    })
}

fn is_address(url: &Url) -> Result<()> {
    let is_plain = url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain {
        return Ok(());
    }
    bail!("`--base-url` is no plain http or https address; leave user and password out of it, they are secrets")
}

/// A pack is never written over.
fn is_free(folder: &Path) -> Result<()> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => bail!("`{}` is not empty; choose another folder, or empty it first", folder.display()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("`{}` cannot be the folder of a pack", folder.display())),
    }
}
