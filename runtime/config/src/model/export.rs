//! Exports: what runs, what begins it, and what it does.

use std::fmt;
use std::path::PathBuf;

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde::Serialize;
use tradewire_schedule::{CronExpression, Policy, Retries, WindowRule};

use crate::Feed;

/// What runs, for whom, when, and where its files go.
#[derive(Debug, Clone)]
pub struct Export {
    /// Its name in the configuration.
    pub name: String,
    /// `run`, and `body` of a call.
    pub work: Work,
    /// `tenants`.
    pub tenants: Vec<String>,
    /// `cron`, `after` or `on`.
    pub trigger: Trigger,
    /// `timezone`; none is the tenant's.
    pub timezone: Option<Tz>,
    /// What its schedule does about slots that cannot simply run.
    pub policy: Policy,
    /// `retries`; none tries once. With `on`, three times unless it says otherwise.
    pub retries: Option<Retries>,
    /// `feed`, and `since`: it runs where there is something new.
    pub feed: Option<Feed>,
    /// `window`.
    pub window: WindowRule,
    /// `settings`: over those of the plugin.
    pub settings: IndexMap<String, String>,
    /// `deliver`: the delivery; none where the plugin produces no files.
    pub deliver: Option<String>,
}

/// What begins an export's runs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Whoever asks for one.
    Manual,
    /// `cron`: its slots.
    Cron(CronExpression),
    /// `after`: each run of one of these exports that succeeds, for the same tenant and window.
    After(Vec<String>),
    /// `on`: webhook events.
    On(On),
}

/// Which webhook events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct On {
    /// `on`: their CloudEvents types.
    pub types: Vec<String>,
    /// `webhook`: the one that they come by; none is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

impl On {
    /// Whether it is an event that comes by this webhook, of this type.
    pub fn takes(&self, webhook: &str, kind: &str) -> bool {
        self.webhook.as_ref().is_none_or(|wanted| wanted == webhook) && self.types.iter().any(|wanted| wanted == kind)
    }
}

impl Trigger {
    /// `cron`.
    pub fn cron(&self) -> Option<&CronExpression> {
        match self {
            Trigger::Cron(cron) => Some(cron),
            _ => None,
        }
    }

    /// Whether runs begin without being asked for.
    pub fn by_itself(&self) -> bool {
        !matches!(self, Trigger::Manual)
    }
}

impl fmt::Display for Trigger {
    /// `0 6 * * MON`, `after hours, expenses`, `on tn.jpm.job-completed by jobs`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Manual => f.write_str("only when asked"),
            Trigger::Cron(cron) => f.write_str(cron.source()),
            Trigger::After(exports) => write!(f, "after {}", exports.join(", ")),
            Trigger::On(On { types, webhook: None }) => write!(f, "on {}", types.join(", ")),
            Trigger::On(On { types, webhook: Some(name) }) => write!(f, "on {} by {name}", types.join(", ")),
        }
    }
}

/// What an export does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// `payroll-export`: it runs this plugin.
    Plugin(String),
    /// `harborline/catalog`: it calls a vendor.
    Call(VendorCall),
}

/// A call of an endpoint of a vendor's pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorCall {
    /// The vendor's name in the configuration.
    pub vendor: String,
    /// The endpoint of its pack.
    pub endpoint: String,
    /// The file that the request's body is made of, a Liquid template that writes JSON; none is `{}`.
    pub body: Option<PathBuf>,
    /// Whether the answer becomes a file: the export delivers.
    pub keeps_answer: bool,
}

impl Work {
    /// The plugin that it runs.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Work::Plugin(name) => Some(name),
            Work::Call(_) => None,
        }
    }
}

impl fmt::Display for Work {
    /// As `run` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Work::Plugin(name) => f.write_str(name),
            Work::Call(call) => write!(f, "{}/{}", call.vendor, call.endpoint),
        }
    }
}
