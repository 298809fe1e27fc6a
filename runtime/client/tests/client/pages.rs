//! Walking through pages and feeds over the wire.
#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use crate::support::{Seen, Server, json, operation, read};
use tradewire_client::{Arguments, Kind};
use tradewire_surface::OperationRef;

/// Three pages of two, one and one records.
fn three_pages(seen: &Seen) -> crate::support::Reply {
    let number = parameter(seen, "page");
    let (data, more) = match number.as_str() {
        "1" => ("[{},{}]", true),
        "2" => ("[{}]", true),
        _ => ("[{}]", false),
    };
    json(200, &format!(r#"{{"page":{number},"hasMore":{more},"data":{data}}}"#))
}

fn parameter(seen: &Seen, name: &str) -> String {
    let pair = seen.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    pair.unwrap_or_default().to_owned()
}

fn feed() -> OperationRef<'static> {
    operation("payroll/export.gross-pay-items")
}

#[tokio::test]
async fn every_page_is_asked_for_once_in_order_with_the_same_arguments() {
    let server = Server::start(|seen| async move { three_pages(&seen) }).await;
    let query = vec![("sort".to_owned(), "+Id".to_owned()), ("active".to_owned(), "Any".to_owned())];
    let mut pages = server.tenant().pages(read(), &Arguments { query, ..Arguments::default() });
    let mut records = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        records.push((page.number, page.records, page.has_more));
    }
    assert_eq!(records, [(Some(1), 2, true), (Some(2), 1, true), (Some(3), 1, false)]);
    assert!(pages.next().await.unwrap().is_none(), "the end stays the end");
    let calls = server.calls();
    assert_eq!(calls.iter().map(|call| parameter(call, "page")).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(calls.iter().all(|call| call.query.ends_with("sort=%2BId&active=Any&pageSize=5000")), "{}", calls[0].query);
}

#[tokio::test]
async fn the_next_page_is_fetched_while_this_one_is_read_and_no_more_than_that() {
    let server = Server::start(|seen| async move { three_pages(&seen) }).await;
    let mut pages = server.tenant().pages(read(), &Arguments::default());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(server.calls().len(), 0, "nothing is sent before the first is wanted");
    pages.next().await.unwrap();
    server.has_seen(2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.calls().len(), 2, "one ahead, not two");
}

#[tokio::test]
async fn a_walk_that_is_dropped_fetches_no_further() {
    let server = Server::start(|seen| async move { three_pages(&seen) }).await;
    let mut pages = server.tenant().pages(read(), &Arguments::default());
    pages.next().await.unwrap();
    drop(pages);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.calls().len() <= 2);
}

#[tokio::test]
async fn a_page_that_failed_is_asked_for_again_and_none_is_skipped() {
    let server = Server::start(|seen| async move {
        // Each page fails for good once, its retries included.
        match (parameter(&seen, "page").as_str(), seen.number) {
            ("2", 2..=4) => json(500, "{}"),
            _ => three_pages(&seen),
        }
    })
    .await;
    let mut pages = server.tenant().pages(read(), &Arguments::default());
    pages.next().await.unwrap();
    let error = pages.next().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::Server, 3));
    assert_eq!(pages.next().await.unwrap().unwrap().number, Some(2));
    assert_eq!(pages.next().await.unwrap().unwrap().number, Some(3));
    assert!(pages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_feed_goes_on_where_it_says_and_passes_over_empty_pages() {
    let server = Server::start(|seen| async move {
        match parameter(&seen, "from").as_str() {
            "2025-01-01" => json(200, r#"{"hasMore":true,"continueFrom":"a+b/=","data":[{}]}"#),
            "a%2Bb%2F%3D" => json(200, r#"{"hasMore":true,"continueFrom":"c","data":[]}"#),
            "c" => json(200, r#"{"hasMore":false,"continueFrom":"d","data":[{},{}]}"#),
            other => json(400, &format!("\"unexpected {other}\"")),
        }
    })
    .await;
    let query = vec![("from".to_owned(), "2025-01-01".to_owned())];
    let mut pages = server.tenant().pages(feed(), &Arguments { query, ..Arguments::default() });
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!((first.records, first.continue_from.as_deref()), (1, Some("a+b/=")));
    let last = pages.next().await.unwrap().unwrap();
    assert_eq!((last.records, last.continue_from.as_deref()), (2, Some("d")), "where to begin next time");
    assert!(pages.next().await.unwrap().is_none());
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_feed_that_goes_in_circles_is_given_up() {
    let server = Server::start(|_| async { json(200, r#"{"hasMore":true,"continueFrom":"a","data":[{}]}"#) }).await;
    let mut pages = server.tenant().pages(feed(), &Arguments::default());
    pages.next().await.unwrap();
    let error = pages.next().await.unwrap_err();
    assert!(error.kind() == Kind::Unreadable && error.message().contains("it would give them again"), "{error}");
}

#[tokio::test]
async fn a_page_that_is_none_is_unreadable_and_told_so() {
    for body in ["[]", "[{\"id\":1}]", "{\"data\":[{}", "true", ""] {
        let server = Server::start(move |_| async move { json(200, body) }).await;
        let error = server.tenant().pages(read(), &Arguments::default()).next().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreadable, "{body}: {error}");
    }
}
