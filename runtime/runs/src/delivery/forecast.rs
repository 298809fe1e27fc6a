//! What would become of files if they were delivered now. Nothing is written, and no folder made.

use std::sync::Arc;

use tradewire_config::Delivery;
use tradewire_delivery::Destination;
use tradewire_store::{Delivered, FileRecord, Opening, Store};

use super::decide::open_local;
use super::upload::free_name;
use super::{DeliveryError, Destinations, version};
use crate::run::Produced;

/// What would become of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Whether it is anything new to those who receive it.
    pub change: Change,
    /// Where it would go.
    pub destination: String,
    /// The name that it would have there, unless something else takes it first.
    pub deliver_as: String,
    /// Which of the window's versions it would be, from 1.
    pub version: u32,
    /// What the window has delivered last under its name.
    pub previous: Option<FileRecord>,
}

/// Whether a file is anything new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The window has delivered none of its name.
    New,
    /// The same bytes were delivered: nothing would be written.
    Unchanged,
    /// Other bytes were delivered: it would become another version.
    Version,
}

impl Change {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Unchanged => "unchanged",
            Change::Version => "version",
        }
    }
}

/// What would become of each file.
pub(crate) async fn forecast(
    store: &dyn Store,
    destinations: &Arc<dyn Destinations>,
    delivery: &Delivery,
    opening: &Opening,
    produced: &[Produced],
) -> Result<Vec<Forecast>, DeliveryError> {
    let local = open_local(destinations, delivery).await?;
    forecast_at(store, local.as_deref(), delivery, opening, produced).await
}

/// What would become of each file. `local` is the destination where it is a folder of this machine; any other is not
/// asked what it has.
pub(super) async fn forecast_at(
    store: &dyn Store,
    local: Option<&dyn Destination>,
    delivery: &Delivery,
    opening: &Opening,
    produced: &[Produced],
) -> Result<Vec<Forecast>, DeliveryError> {
    let destination = match local {
        Some(destination) => destination.address().to_owned(),
        None => delivery.to.address().unwrap_or_default(),
    };
    let suffix = delivery.encrypt.as_ref().map_or("", |encryption| encryption.suffix());
    let mut forecasts: Vec<Forecast> = Vec::with_capacity(produced.len());
    for file in produced {
        let of = Delivered {
            export: opening.export.clone(),
            tenant: opening.tenant.clone(),
            window: opening.window,
            destination: destination.clone(),
            name: file.name.to_string(),
        };
        let previous = store.delivered(&of).await?;
        let (change, version, deliver_as) = match &previous {
            Some(previous) if previous.sha256 == file.sha256 => {
                (Change::Unchanged, previous.version, previous.delivered_as.clone())
            }
            _ => {
                let first = previous.as_ref().map_or(1, |previous| previous.version + 1);
                let chosen: Vec<String> = forecasts.iter().map(|file| file.deliver_as.to_lowercase()).collect();
                let (version, name) = match local {
                    Some(destination) => free_name(destination, &of.name, suffix, first, &chosen).await?,
                    None => (first, format!("{}{suffix}", version::name(&of.name, first))),
                };
                (if previous.is_some() { Change::Version } else { Change::New }, version, name)
            }
        };
        forecasts.push(Forecast { change, destination: destination.clone(), deliver_as, version, previous });
    }
    Ok(forecasts)
}
