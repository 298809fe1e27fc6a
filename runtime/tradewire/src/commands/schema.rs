//! `tradewire schema`: what may stand in a configuration, for editors.

use anyhow::Result;
use tradewire_config as config;

use crate::output::Output;

/// Prints it.
pub fn schema(output: &Output) -> Result<()> {
    let schema = config::schema();
    output.document(&serde_json::to_string_pretty(&schema)?, &schema.to_string());
    Ok(())
}
