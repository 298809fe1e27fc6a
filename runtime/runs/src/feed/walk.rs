//! A walk through a feed from its watermark on, page by page, each row once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tradewire_client::{Answered, Arguments, CallError, PageSource, ServiceTitan};
use tradewire_config::feed::moment;
use tradewire_surface::{OperationRef, Paging};

use super::rows::Rows;
use super::{FROM, Kind, MODIFIED, RECENT, Watermark};

/// How many pages without anything new may follow one another.
const MOST_OLD: u32 = 10_000;

/// A walk. The watermark moves with each page that is given.
pub(super) struct Walk {
    api: Arc<dyn ServiceTitan>,
    operation: OperationRef<'static>,
    /// What else the feed is asked for.
    asked: Vec<(String, String)>,
    watermark: Watermark,
    kind: Kind,
    /// The pages of an export feed.
    pages: Option<Box<dyn PageSource>>,
    /// Of a list: the page from the watermark's time on. The first, unless more records have one time than it holds.
    page: u32,
    /// Whether that time's pages have brought something new since the first of them.
    fresh: bool,
    ended: bool,
}

/// A page with what is new in it, or none.
struct Step {
    page: Option<Answered>,
}

impl Walk {
    pub(super) fn new(
        api: Arc<dyn ServiceTitan>,
        operation: OperationRef<'static>,
        asked: Vec<(String, String)>,
        watermark: Watermark,
    ) -> Walk {
        let watermark = Watermark { asked: asked.clone(), ..watermark };
        let kind = Kind::of(operation);
        Walk { api, operation, asked, watermark, kind, pages: None, page: 1, fresh: false, ended: false }
    }

    /// Where the feed goes on after the page that was given last.
    pub(super) fn watermark(&self) -> &Watermark {
        &self.watermark
    }

    /// The next page that has something new, or none after the last. After an error it may be called again.
    pub(super) async fn next(&mut self) -> Result<Option<Answered>, CallError> {
        let (mut repeated, mut waited) = (0, Duration::ZERO);
        for _ in 0..MOST_OLD {
            if self.ended {
                return Ok(None);
            }
            let (answered, step) = match self.kind {
                Kind::Tokens => self.token().await?,
                Kind::Times => self.time().await?,
            };
            waited += answered.waited;
            match step.page {
                Some(page) => return Ok(Some(Answered { attempts: page.attempts + repeated, waited, ..page })),
                None => repeated += answered.attempts.saturating_sub(1),
            }
        }
        Err(CallError::new(
            "unreadable",
            format!("{MOST_OLD} pages in a row have nothing new, and more are to come: given up"),
        ))
    }

    /// A page of an export feed.
    async fn token(&mut self) -> Result<(Answered, Step), CallError> {
        let mut query = self.asked.clone();
        query.extend(self.watermark.from.iter().map(|from| (FROM.to_owned(), from.clone())));
        let (api, operation) = (&self.api, self.operation);
        let pages =
            self.pages.get_or_insert_with(|| api.pages(operation, &Arguments { query, ..Arguments::default() }));
        let Some(answered) = pages.next().await? else {
            self.ended = true;
            return Ok((nothing(), Step { page: None }));
        };
        let mut rows = Rows::read(&answered.body)?;
        let (repeats, has_rows) = (self.repeats(), !rows.rows.is_empty());
        let is_less = repeats && rows.without(&self.watermark.seen.iter().cloned().collect());
        match rows.continue_from.take() {
            Some(from) => self.watermark.from = Some(from),
            None if has_rows => {
                let message = "the feed answers rows and no continueFrom: it would give them again and again";
                return Err(CallError::new("unreadable", message));
            }
            None => {}
        }
        if repeats {
            let seen = &mut self.watermark.seen;
            seen.extend(rows.rows.iter().map(|row| row.key.clone()));
            seen.drain(..seen.len().saturating_sub(RECENT));
        } else {
            self.watermark.seen.clear();
        }
        self.ended = !rows.has_more;
        let body = if is_less { rows.page() } else { answered.body.clone() };
        let page = (!rows.rows.is_empty()).then(|| Answered { body, ..answered.clone() });
        Ok((answered, Step { page }))
    }

    /// Whether the plugin asks for rows that may come again.
    fn repeats(&self) -> bool {
        self.asked.iter().any(|(name, value)| name == "includeRecentChanges" && value == "true")
    }

    /// A page of a list.
    async fn time(&mut self) -> Result<(Answered, Step), CallError> {
        let query = self.list_query();
        let answered = self.api.call(self.operation, &Arguments { query, ..Arguments::default() }).await?;
        let mut rows = Rows::read(&answered.body)?;
        let is_less = self.advance(&mut rows)?;
        let body = if is_less { rows.page() } else { answered.body.clone() };
        let page = (!rows.rows.is_empty()).then(|| Answered { body, ..answered.clone() });
        Ok((answered, Step { page }))
    }

    fn list_query(&self) -> Vec<(String, String)> {
        let has_size = self.asked.iter().any(|(name, _)| name == "pageSize");
        let own = ["page", "sort", MODIFIED];
        let mut query: Vec<_> = self.asked.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect();
        let mut ask = |name: &str, value: String| query.push((name.to_owned(), value));
        if let (false, Some(Paging::Pages { max, .. })) = (has_size, self.operation.operation.paging) {
            ask("pageSize", max.to_string());
        }
        ask("page", self.page.to_string());
        ask("sort", "+ModifiedOn".to_owned());
        if let Some(from) = &self.watermark.from {
            ask(MODIFIED, from.clone());
        }
        query
    }

    /// Moves on by a page of a list, and leaves in it what is new; whether anything is left out.
    fn advance(&mut self, rows: &mut Rows<'_>) -> Result<bool, CallError> {
        let times: Vec<_> = rows.rows.iter().filter_map(|row| row.modified.clone()).collect();
        if !times.is_sorted_by_key(|(moment, _)| *moment) {
            let message = "the list is not in the order of `ModifiedOn` that it was asked for: it cannot be followed";
            return Err(CallError::new("unreadable", message));
        }
        let from = self.watermark.from.as_deref().and_then(moment);
        let is_later = |time: &(_, String)| from.is_none_or(|from| time.0 > from);
        let latest = times.last().filter(|time| is_later(time)).cloned();
        let known: HashSet<String> = self.watermark.seen.iter().cloned().collect();
        let is_over = latest.is_some() || !rows.has_more;
        let mut is_less = false;
        if self.page > 1 && is_over {
            // While the pages of one time were read, a record of them may have changed and let the others move up: they
            // are read again until they bring nothing new. What is later comes with the first page of its own time.
            let mut only = rows.rows.iter().filter(|row| !row.modified.as_ref().is_some_and(&is_later));
            self.fresh |= only.any(|row| !known.contains(&row.key));
            if std::mem::take(&mut self.fresh) {
                is_less |= rows.retain(|row| !row.modified.as_ref().is_some_and(&is_later));
                is_less |= rows.without(&known);
                self.watermark.seen.extend(rows.rows.iter().map(|row| row.key.clone()));
                self.page = 1;
                return Ok(is_less);
            }
        }
        is_less |= rows.without(&known);
        self.ended = !rows.has_more;
        match latest {
            Some((latest, text)) => {
                let at_latest =
                    rows.rows.iter().filter(|row| row.modified.as_ref().is_some_and(|(at, _)| *at == latest));
                self.watermark.seen = at_latest.map(|row| row.key.clone()).collect();
                self.watermark.from = Some(text);
                (self.page, self.fresh) = (1, false);
            }
            None => {
                self.fresh |= !rows.rows.is_empty();
                self.watermark.seen.extend(rows.rows.iter().map(|row| row.key.clone()));
                self.page += 1;
            }
        }
        Ok(is_less)
    }
}

/// What the end of a feed costs.
fn nothing() -> Answered {
    Answered { status: 200, body: Default::default(), attempts: 1, waited: Duration::ZERO }
}

#[cfg(test)]
mod tests;
