//! When an export is due, and which span of time a run accounts for.
//!
//! A schedule's truth is its slots: they come from the cron expression and the time zone, never from when a run
//! began or ended. What a schedule does about slots that pass while nobody is there, or while a run is still going,
//! is its [`Missed`] and its [`Overlap`]; what it does about runs that fail, its [`Retries`].
//!
//! What other runs or events begin has no slots of its own: whatever begins a run queues one, with its window.

mod blackout;
mod expression;
mod jitter;
mod policy;
mod slots;
mod window;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use blackout::{Blackout, BlackoutError};
pub use expression::{CronExpression, CronFault};
pub use policy::{Missed, Overlap, Policy, Retries};
pub use slots::Slots;
pub use window::{Window, WindowError, WindowRule};

/// The schedule of one export for one tenant: when its runs begin by themselves.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The export.
    pub export: String,
    /// The tenant.
    pub tenant: String,
    /// When it is due; none where other runs or events begin its own.
    pub slots: Slots,
    /// How its windows are cut; none where that is only known when a run begins.
    pub window: Option<WindowRule>,
    /// What it does about slots that cannot simply run.
    pub policy: Policy,
}

impl Schedule {
    /// When the run of a slot begins: at the slot, or by its jitter later, but before the next slot.
    pub fn start(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        let Some(jitter) = self.policy.jitter else { return due };
        let gap = self.slots.next(due).map_or(jitter, |next| next.to_utc() - due);
        due + jitter::jitter(jitter.min(gap), &self.export, &self.tenant, due)
    }

    /// What the run of a slot accounts for, where that is known before it begins.
    pub fn window(&self, due: DateTime<Utc>) -> Option<Window> {
        self.window?.window(Some(&self.slots), self.slots.zone(), due)
    }

    /// The blackout that this moment lies in.
    pub fn blackout(&self, moment: DateTime<Utc>) -> Option<&Blackout> {
        let local = self.local(moment);
        self.policy.blackout.iter().find(|blackout| blackout.covers(local))
    }

    /// A moment in the schedule's zone.
    pub fn local(&self, moment: DateTime<Utc>) -> DateTime<Tz> {
        moment.with_timezone(&self.slots.zone())
    }
}
