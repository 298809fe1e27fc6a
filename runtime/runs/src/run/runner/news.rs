//! Whether there is anything to run for: exports that follow a feed run only then.

use tradewire_store::with_retries;

use super::Runner;
use crate::feed;
use crate::run::Request;

impl Runner {
    /// Whether the feed of an export has anything new; one without a feed always has. The error is a line that says why
    /// nobody knows.
    pub(crate) async fn has_news(&self, request: &Request) -> Result<bool, String> {
        let export = self.config.exports.get(&request.export);
        let Some(feed) = export.and_then(|export| export.feed.as_ref()) else { return Ok(true) };
        let Some(api) = self.execute.servicetitan(&request.tenant) else { return Ok(true) };
        let told = |error: &dyn std::fmt::Display| {
            super::one_line(&format!("the feed `{}` cannot be asked: {error}", feed.operation))
        };
        let state = with_retries("reading state", || self.store.state(&request.export, &request.tenant)).await;
        let state = state.map_err(|error| told(&error))?;
        feed::has_news(feed, api, &state).await.map_err(|error| told(&error))
    }
}
