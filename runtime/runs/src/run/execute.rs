//! The seam between runs and whatever executes plugins.

use std::sync::Arc;

use async_trait::async_trait;
use tradewire_client::ServiceTitan;

use super::{CallLedger, Failure, Job, RunEvents, Summary, Workspace};
use crate::feed;
use crate::journal::Journal;
use crate::log::RunLog;
use crate::state::State;

/// One attempt of a run: what it is given, and where it puts what it produces. Cheap to clone; a clone that outlives
/// the attempt can no longer write anything.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What is to be done.
    pub job: Arc<Job>,
    /// The webhook events that it accounts for.
    pub events: RunEvents,
    /// Where its files go.
    pub files: Workspace,
    /// Where its log lines go.
    pub log: RunLog,
    /// Where its host calls are counted.
    pub calls: CallLedger,
    /// What its writes at ServiceTitan go through.
    pub journal: Journal,
    /// What its export keeps for its tenant from run to run.
    pub state: State,
}

impl Attempt {
    /// ServiceTitan for the attempt: what it writes goes through its journal, its feed begins at the watermark.
    pub fn layer(&self, api: Arc<dyn ServiceTitan>) -> Arc<dyn ServiceTitan> {
        let api = self.journal.layer(api);
        match &self.job.feed {
            Some(feed) => feed::layer(feed, api, self.state.clone(), self.log.clone()),
            None => api,
        }
    }
}

/// What executes attempts. The runner gives each a task of its own, which it aborts at the time limit and when the
/// run is cancelled; a panic ends that run alone.
#[async_trait]
pub trait Execute: Send + Sync + 'static {
    /// Executes one attempt.
    async fn execute(&self, attempt: Attempt) -> Result<Summary, Failure>;

    /// A tenant's ServiceTitan, to be asked whether a feed has anything new; none where there is none to ask.
    fn servicetitan(&self, _tenant: &str) -> Option<Arc<dyn ServiceTitan>> {
        None
    }
}
