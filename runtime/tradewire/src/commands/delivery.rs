//! `tradewire delivery`: whether files can be delivered.

use anyhow::{Context, Result, anyhow};
use serde_json::json;
use tradewire_runs::delivery::{Configured, Destinations, open_encryption};
use tradewire_surface::Catalog;

use super::installation::Installation;
use crate::cli::delivery::{Delivery, Test};
use crate::output::Output;

/// Does what was asked.
pub async fn dispatch(command: Delivery, output: &Output) -> Result<()> {
    match command {
        Delivery::Test(options) => test(options, output).await,
    }
}

async fn test(Test { delivery: name, paths }: Test, output: &Output) -> Result<()> {
    let installation = Installation::read(&paths)?;
    let deliveries = &installation.config.deliveries;
    let delivery = deliveries.get(&name).cloned().ok_or_else(|| {
        let near = Catalog::nearest(&name, deliveries.keys().map(String::as_str));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        anyhow!("there is no delivery `{name}`{help}")
    })?;
    let busy = output.busy(&format!("trying {}", delivery.to.kind()));
    let opened = tokio::task::spawn_blocking(move || {
        let recipients: Vec<String> = match &delivery.encrypt {
            Some(encryption) => open_encryption(encryption).map_err(|error| anyhow!(error))?.recipients().collect(),
            None => Vec::new(),
        };
        anyhow::Ok((Configured.open(&delivery)?, recipients))
    });
    let (destination, recipients) = opened.await.context("the runtime failed")??;
    let found = destination.probe().await?;
    drop(busy);
    let mut text = format!("{name}: {found}");
    recipients.iter().for_each(|recipient| text += &format!("\n  encrypted to {recipient}"));
    let value = json!({ "delivery": name, "address": destination.address(), "found": found, "recipients": recipients });
    output.result(&text, &value);
    Ok(())
}
