//! Walks while the records change under them.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;
use tradewire_client::{FileAnswer, Later};
use tradewire_surface::{Catalog, Method};

use super::*;

/// Records by their ids, and when each was changed.
type Records = BTreeMap<u32, u32>;

/// A list that sorts, cuts and pages as ServiceTitan's do, and changes between its answers.
#[derive(Default)]
struct Changing {
    records: Mutex<Records>,
    /// What happens after each answer: records and their new times.
    changes: Mutex<VecDeque<Vec<(u32, u32)>>>,
    in_order: bool,
}

const PAGE: usize = 3;

/// Two ways to write a time.
fn time(seconds: u32) -> String {
    format!("2026-01-01T00:{:02}:{:02}.0000001Z", seconds / 60, seconds % 60)
}

impl Changing {
    fn of(records: &[(u32, u32)]) -> Arc<Changing> {
        Arc::new(Changing {
            records: Mutex::new(records.iter().copied().collect()),
            in_order: true,
            ..Changing::default()
        })
    }

    fn then(self: Arc<Self>, changes: &[&[(u32, u32)]]) -> Arc<Self> {
        self.changes.lock().unwrap().extend(changes.iter().map(|change| change.to_vec()));
        self
    }

    fn answer(&self, query: &[(String, String)]) -> String {
        let asked = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(asked("sort"), Some("+ModifiedOn"));
        let page: usize = asked("page").unwrap().parse().unwrap();
        let records = self.records.lock().unwrap().clone();
        let mut rows: Vec<(u32, u32)> = records.into_iter().map(|(id, at)| (at, id)).collect();
        if self.in_order {
            rows.sort_unstable();
        }
        rows.retain(|(at, _)| asked(MODIFIED).is_none_or(|from| time(*at).as_str() >= from));
        let has_more = rows.len() > page * PAGE;
        let shown: Vec<String> = rows
            .iter()
            .skip((page - 1) * PAGE)
            .take(PAGE)
            .map(|(at, id)| format!("{{\"id\":{id},\"modifiedOn\":\"{}\"}}", time(*at)))
            .collect();
        if let Some(change) = self.changes.lock().unwrap().pop_front() {
            self.records.lock().unwrap().extend(change);
        }
        format!("{{\"page\":{page},\"hasMore\":{has_more},\"data\":[{}]}}", shown.join(","))
    }
}

impl ServiceTitan for Changing {
    fn call<'a>(&'a self, _: OperationRef<'static>, asked: &'a Arguments) -> Later<'a, Result<Answered, CallError>> {
        let body = Bytes::from(self.answer(&asked.query));
        Box::pin(async { Ok(Answered { status: 200, body, attempts: 1, waited: Duration::ZERO }) })
    }

    fn pages(&self, _: OperationRef<'static>, _: &Arguments) -> Box<dyn PageSource> {
        unreachable!("lists are walked through by time")
    }

    fn download<'a>(
        &'a self,
        _: OperationRef<'static>,
        _: &'a Arguments,
    ) -> Later<'a, Result<Box<dyn FileAnswer>, CallError>> {
        unreachable!()
    }

    fn raw<'a>(
        &'a self,
        _: Method,
        _: &'a tradewire_surface::path::Path,
        _: &'a [(String, String)],
        _: Option<Bytes>,
    ) -> Later<'a, Result<Answered, CallError>> {
        unreachable!()
    }
}

/// Walks from a watermark to the end: what was handed over, and the watermark after it.
async fn walk(api: &Arc<Changing>, watermark: Watermark) -> (Vec<(u32, String)>, Watermark) {
    let operation = Catalog::get().operation("dispatch/team.get-list").unwrap();
    let mut walk = Walk::new(api.clone(), operation, Vec::new(), watermark);
    let mut handed = Vec::new();
    while let Some(page) = walk.next().await.unwrap() {
        let page: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
        let rows = page["data"].as_array().unwrap();
        assert!(!rows.is_empty(), "an empty page is passed over");
        handed.extend(
            rows.iter().map(|row| (row["id"].as_u64().unwrap() as u32, row["modifiedOn"].as_str().unwrap().to_owned())),
        );
        // As it is kept, and read again by the next run.
        assert_eq!(&Watermark::read(&walk.watermark().write()).unwrap(), walk.watermark());
    }
    (handed, walk.watermark().clone())
}

/// Every state of every record that lasted, once: nothing is lost, nothing comes twice.
fn agree(mut handed: Vec<(u32, String)>, wanted: &[(u32, u32)]) {
    handed.sort();
    let mut wanted: Vec<_> = wanted.iter().map(|(id, at)| (*id, time(*at))).collect();
    wanted.sort();
    assert_eq!(handed, wanted);
}

#[tokio::test]
async fn rows_that_share_a_time_over_several_pages_come_once() {
    let records: Vec<(u32, u32)> = (1..=11).map(|id| (id, if id < 9 { 5 } else { id })).collect();
    let api = Changing::of(&records);
    let (handed, watermark) = walk(&api, Watermark::default()).await;
    agree(handed, &records);
    let (handed, watermark) = walk(&api, watermark).await;
    agree(handed, &[]);
    // One more of the time that was seen last, and one that is changed to it.
    api.records.lock().unwrap().extend([(12, 11), (2, 11)]);
    let (handed, watermark) = walk(&api, watermark).await;
    agree(handed, &[(12, 11), (2, 11)]);
    agree(walk(&api, watermark).await.0, &[]);
}

#[tokio::test]
async fn a_record_that_changes_during_the_walk_takes_none_with_it() {
    // By page numbers, the fourth would move up to the first page when the first leaves it, and be lost.
    let records: Vec<(u32, u32)> = (1..=8).map(|id| (id, id)).collect();
    let api = Changing::of(&records).then(&[&[(1, 20)], &[(4, 21), (2, 22)]]);
    let (handed, watermark) = walk(&api, Watermark::default()).await;
    let mut wanted = records.clone();
    wanted.extend([(1, 20), (4, 21), (2, 22)]);
    // The fourth changed after it was seen, or before: either way its last state comes.
    wanted.retain(|row| *row != (4, 4) || handed.contains(&(4, time(4))));
    agree(handed, &wanted);
    agree(walk(&api, watermark).await.0, &[]);
}

#[tokio::test]
async fn of_many_that_share_a_time_one_that_leaves_takes_none_with_it() {
    let records: Vec<(u32, u32)> = (1..=9).map(|id| (id, 5)).collect();
    // After the first page one of it gets another time: the others move up by one.
    let api = Changing::of(&records).then(&[&[(1, 9)], &[(2, 9)]]);
    let (handed, watermark) = walk(&api, Watermark::default()).await;
    let mut wanted = records.clone();
    wanted.extend([(1, 9), (2, 9)]);
    agree(handed, &wanted);
    agree(walk(&api, watermark).await.0, &[]);
}

#[tokio::test]
async fn whoever_stops_early_finds_the_rest() {
    let records: Vec<(u32, u32)> = (1..=7).map(|id| (id, 5 + id / 4)).collect();
    let api = Changing::of(&records);
    let operation = Catalog::get().operation("dispatch/team.get-list").unwrap();
    let mut first = Walk::new(api.clone(), operation, Vec::new(), Watermark::default());
    let page = first.next().await.unwrap().unwrap();
    let taken = Rows::read(&page.body).unwrap().rows.len();
    let (rest, _) = walk(&api, first.watermark().clone()).await;
    assert_eq!(taken + rest.len(), records.len());
}

#[tokio::test]
async fn a_list_that_is_not_sorted_is_refused_rather_than_followed() {
    let records: Records = [(1, 9), (2, 3)].into();
    let api = Arc::new(Changing { records: Mutex::new(records), ..Changing::default() });
    // Unsorted rows come by id, the first of them later than the second.
    let operation = Catalog::get().operation("dispatch/team.get-list").unwrap();
    let error = Walk::new(api, operation, Vec::new(), Watermark::default()).next().await.map(|_| ()).unwrap_err();
    assert!(error.message.contains("not in the order of `ModifiedOn`"), "{error}");
}
