//! What a run is given and what it gives back.

use indexmap::IndexMap;
use tradewire_config::{Feed, Limits, Work};
use tradewire_schedule::Window;
use tradewire_store::{FailureKind, RunId};

/// What a run is given.
#[derive(Debug, Clone)]
pub struct Job {
    /// The run.
    pub run: RunId,
    /// The export.
    pub export: String,
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// The tenant's number at ServiceTitan.
    pub tenant_id: i64,
    /// What it does.
    pub work: Work,
    /// The feed that it is handed.
    pub feed: Option<Feed>,
    /// What the run accounts for, in the export's time zone.
    pub window: Window,
    /// 1 for the first try.
    pub attempt: u32,
    /// The plugin's settings, with the export's own over them.
    pub settings: IndexMap<String, String>,
    /// What it may use. The runner keeps time, files and log; the rest is the host's.
    pub limits: Limits,
}

/// What a run that succeeded says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// One line for the operator.
    pub message: String,
}

/// Why a run ends without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whether it helps to try again.
    pub kind: FailureKind,
    /// One line that says what went wrong and what to do.
    pub message: String,
    /// Every single reason, each a line of its own.
    pub reasons: Vec<String>,
}

impl Failure {
    /// One that fails again until something is changed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Refused, message: message.into(), reasons: Vec::new() }
    }

    /// One that may pass.
    pub fn transient(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Transient, message: message.into(), reasons: Vec::new() }
    }

    /// With every single reason.
    pub fn with_reasons(mut self, reasons: Vec<String>) -> Self {
        self.reasons = reasons;
        self
    }
}
