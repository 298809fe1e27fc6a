//! ServiceTitan in a run of a feed: the feed's pages begin at the watermark, and move it.

use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use tradewire_client::{Answered, Arguments, CallError, FileAnswer, Later, PageSource, ServiceTitan};
use tradewire_store::LogLevel;
use tradewire_surface::{Method, OperationRef};

use super::walk::Walk;
use super::{BUCKET, FROM, Feed, Kind, MODIFIED, begin};
use crate::log::RunLog;
use crate::state::{State, StateError};

/// A ServiceTitan whose feed is handed over page by page.
pub(super) struct Fed {
    pub(super) feed: Feed,
    pub(super) api: Arc<dyn ServiceTitan>,
    pub(super) state: State,
    pub(super) log: RunLog,
}

impl ServiceTitan for Fed {
    fn call<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Answered, CallError>> {
        self.api.call(operation, arguments)
    }

    /// Whoever says from where on gets what it asks for, and moves nothing.
    fn pages(&self, operation: OperationRef<'static>, arguments: &Arguments) -> Box<dyn PageSource> {
        let position = match Kind::of(operation) {
            Kind::Tokens => FROM,
            Kind::Times => MODIFIED,
        };
        let is_placed = arguments.query.iter().any(|(name, _)| name == position);
        if operation.id() != self.feed.operation || is_placed {
            return self.api.pages(operation, arguments);
        }
        Box::new(Handed {
            feed: self.feed.clone(),
            api: self.api.clone(),
            operation,
            asked: arguments.query.clone(),
            state: self.state.clone(),
            log: self.log.clone(),
            walk: None,
        })
    }

    fn download<'a>(
        &'a self,
        operation: OperationRef<'static>,
        arguments: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        self.api.download(operation, arguments)
    }

    fn raw<'a>(
        &'a self,
        method: Method,
        path: &'a tradewire_surface::path::Path,
        params: &'a [(String, String)],
        body: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        self.api.raw(method, path, params, body)
    }
}

/// The pages of a feed, while a plugin takes them.
struct Handed {
    feed: Feed,
    api: Arc<dyn ServiceTitan>,
    operation: OperationRef<'static>,
    asked: Vec<(String, String)>,
    state: State,
    log: RunLog,
    /// None until the first page is asked for: a walk before it may have moved the watermark.
    walk: Option<Walk>,
}

impl PageSource for Handed {
    fn next(&mut self) -> Later<'_, Result<Option<Answered>, CallError>> {
        Box::pin(async move {
            let walk = match self.walk.as_mut() {
                Some(walk) => walk,
                None => {
                    let walk = self.begin().await?;
                    self.walk.insert(walk)
                }
            };
            let page = walk.next().await;
            // After the last page as well: what was passed over need not be passed over again.
            if page.is_ok() {
                let mut watermark = walk.watermark().clone();
                watermark.moved = Some(Utc::now());
                let kept = self.state.set(BUCKET, &self.feed.operation, Some(watermark.write())).await;
                kept.map_err(|error| not_kept(&error))?;
            }
            page
        })
    }
}

impl Handed {
    async fn begin(&mut self) -> Result<Walk, CallError> {
        let kept = self.state.get(BUCKET, &self.feed.operation).await.map_err(|error| not_kept(&error))?;
        let watermark = begin(&self.feed, kept.as_deref())?;
        let from = watermark.from.as_deref().unwrap_or("the beginning");
        self.log.write(LogLevel::Debug, &format!("{}: goes on from {from}", self.feed.operation));
        Ok(Walk::new(self.api.clone(), self.operation, self.asked.clone(), watermark))
    }
}

fn not_kept(error: &StateError) -> CallError {
    CallError::new(if error.is_transient() { "unreachable" } else { "refused" }, error.to_string())
}
