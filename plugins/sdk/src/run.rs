//! The run that a plugin is called for.

use crate::bindings::tradewire::plugin::runs;
use crate::config::Settings;
use crate::{Failure, File, Result, State, Summary, Window, logging};

#[doc(hidden)]
pub use runs::Context;

/// One run of one export for one tenant.
pub struct Run {
    context: Context,
}

impl Run {
    /// The run's id, the same in the run history.
    pub fn id(&self) -> &str {
        &self.context.id
    }

    /// The export's name in the configuration.
    pub fn export(&self) -> &str {
        &self.context.export
    }

    /// The tenant's name in the configuration.
    pub fn tenant(&self) -> &str {
        &self.context.tenant
    }

    /// ServiceTitan's number of the tenant.
    pub fn tenant_id(&self) -> i64 {
        self.context.tenant_id
    }

    /// The tenant's time zone, an IANA name.
    pub fn timezone(&self) -> &str {
        &self.context.timezone
    }

    /// The span that this run accounts for: its start belongs to it, its end does not.
    pub fn window(&self) -> &Window {
        &self.context.window
    }

    /// 1 for the first try.
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// The settings that the operator gave.
    ///
    /// # Errors
    /// When the host cannot read them.
    pub fn settings(&self) -> Result<Settings> {
        Settings::read()
    }

    /// What the plugin keeps from run to run, for this export and this tenant.
    ///
    /// # Errors
    /// When the host keeps nothing.
    pub fn state(&self) -> Result<State> {
        State::bucket("default")
    }

    /// What those runs are to know that come `after` this one: they read it by [`Run::followed`]. It is kept as the rest of
    /// the state is, and read once the files of this run's window are delivered.
    ///
    /// # Errors
    /// When the host keeps nothing.
    pub fn handover(&self) -> Result<State> {
        State::bucket("handover")
    }

    /// What the export hands over that this one runs `after`, for the same tenant, as it is by now. It can only be read.
    ///
    /// # Errors
    /// When the host keeps nothing. Reading it fails where the export runs after none, or after several; where the files of the
    /// window are not delivered yet; and where their delivery was given up.
    pub fn followed(&self) -> Result<State> {
        State::bucket("_followed")
    }

    /// The webhook events that began the run: see [`events`](crate::events).
    #[cfg(feature = "webhooks")]
    pub fn events(&self) -> crate::events::Events {
        Default::default()
    }

    /// Begins a file. `name` is a plain file name of at most 120 bytes, without separators; no two are alike.
    ///
    /// # Errors
    /// When the name is not one, or is taken.
    pub fn create_file(&self, name: impl AsRef<str>, content_type: &str) -> Result<File> {
        File::create(name.as_ref(), content_type)
    }
}

#[doc(hidden)]
pub fn start(context: Context, run: fn(Run) -> Result<Summary>) -> Result<Summary, Failure> {
    logging::install();
    run(Run { context })
}
