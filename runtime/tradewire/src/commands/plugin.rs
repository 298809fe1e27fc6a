//! `tradewire plugin`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use tradewire_executor::compiler;
use tradewire_host::{CompileLimits, Engine, EngineOptions, Plugin, read_component};
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;

use crate::output::Output;

/// Loads a plugin as if everything were granted to it, to look at it.
pub(super) fn load(file: &Path, output: &Output) -> Result<Plugin> {
    let limits = CompileLimits::default();
    let bytes = read_component(file, &limits).with_context(|| format!("cannot read the plugin {}", file.display()))?;
    let _busy = output.busy("compiling");
    load_bytes(&bytes).with_context(|| file.display().to_string())
}

fn load_bytes(bytes: &[u8]) -> Result<Plugin> {
    let engine = Engine::new(EngineOptions { runs: 1, compiler: compiler()?, ..EngineOptions::default() })?;
    let everything: Vec<String> = Catalog::get().surfaces.keys().map(|surface| format!("{surface}:*")).collect();
    let grants = Grants::parse(&everything).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    Ok(Plugin::load(&engine, bytes, grants)?)
}

/// Shows what a plugin asks for.
pub fn inspect(file: &Path, output: &Output) -> Result<()> {
    let plugin = load(file, output)?;
    let operations = plugin.operations();
    let scopes: BTreeSet<&str> = operations.iter().map(|o| o.operation.scope.as_str()).collect();
    let grant = Grants::default().line_for(operations.iter().copied());
    let mut text = format!("{}\nsha256 {}\ncalls {} operations:\n", file.display(), plugin.digest(), operations.len());
    for operation in operations {
        text += &format!("  {}\n", operation.id());
    }
    if plugin.uses_middleware() {
        text += "calls vendors, through their request-middleware packs\n";
    }
    text += &format!("asks for {} scopes of the app:\n", scopes.len());
    for scope in &scopes {
        text += &format!("  {scope}\n");
    }
    text += &format!("is granted by\n  {grant}\n");
    if plugin.uses_middleware() {
        // Which vendor it calls is in its settings or its code: no import tells.
        text += "  middleware = [\"<vendor>\"]\n";
    }
    let ids: Vec<String> = operations.iter().map(|o| o.id()).collect();
    output.result(
        &text,
        &json!({
            "sha256": plugin.digest(), "operations": ids, "middleware": plugin.uses_middleware(), "scopes": scopes,
            "grant": grant,
        }),
    );
    Ok(())
}
