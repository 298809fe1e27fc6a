//! Tokens over the wire: one fetch at a time, early, and again where one is not accepted.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{APP_KEY, SECRET, Server, TOKEN, json, page, read, read_at_once, tenant, token};
use tradewire_client::{Arguments, Client, Environment, Kind};

#[tokio::test]
async fn fifty_calls_at_once_share_one_token() {
    let slow = |seen: crate::support::Seen| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        token(seen.number, 900)
    };
    let server = Server::with_tokens(slow, |_| async { page() }).await;
    let acme = server.tenant();
    read_at_once(&acme, 50).await;
    assert_eq!(server.tokens().len(), 1);
    assert_eq!(server.calls().len(), 50);
    assert!(server.calls().iter().all(|call| call.header("authorization") == format!("Bearer {TOKEN}1")));
}

#[tokio::test]
async fn the_token_is_asked_for_as_a_form_and_the_app_key_goes_with_each_call() {
    let server = Server::start(|_| async { page() }).await;
    server.tenant().call(read(), &Arguments::default()).await.unwrap();
    let asked = &server.tokens()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    let form = "grant_type=client_credentials&client_id=cid.test&client_secret=cs1.the-client-secret";
    assert_eq!(asked.body, form);
    assert_eq!(asked.header("st-app-key"), "", "the token endpoint needs no app key");
    assert_eq!(server.calls()[0].header("st-app-key"), APP_KEY);
}

#[tokio::test]
async fn a_base_address_of_ones_own_keeps_its_path() {
    let server = Server::start(|_| async { page() }).await;
    let mut options = server.options();
    let api = format!("{}/st/api/", server.url()).parse().unwrap();
    let auth = format!("{}/st/auth", server.url()).parse().unwrap();
    options.environment = Environment::Custom { api, auth };
    tenant(options).call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(server.tokens()[0].path, "/st/auth/connect/token");
    assert_eq!(server.calls()[0].path, "/st/api/payroll/v2/tenant/7/activity-codes");
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends_while_the_old_one_still_serves() {
    // The second token is given only after a call has been answered meanwhile.
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let tokens = move |seen: crate::support::Seen| {
        let calls = counted.clone();
        async move {
            if seen.number == 2 {
                let before = calls.load(Ordering::SeqCst);
                while calls.load(Ordering::SeqCst) == before {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            token(seen.number, if seen.number == 1 { 5 } else { 900 })
        }
    };
    let answering = calls.clone();
    let server = Server::with_tokens(tokens, move |_| {
        answering.fetch_add(1, Ordering::SeqCst);
        async { page() }
    })
    .await;
    let acme = server.tenant();
    let waiting = async {
        loop {
            acme.call(read(), &Arguments::default()).await.unwrap();
            if server.calls().last().unwrap().header("authorization").ends_with("-2") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    assert_eq!(server.tokens().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_no_longer_accepted_is_replaced_once() {
    let server = Server::start(|seen| async move {
        if seen.header("authorization").ends_with("-1") { json(401, "{}") } else { page() }
    })
    .await;
    let acme = server.tenant();
    let answered = acme.call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(answered.attempts, 2);
    assert_eq!((server.tokens().len(), server.calls().len()), (2, 2));
    acme.call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(server.tokens().len(), 2, "the fresh one is kept");
}

#[tokio::test]
async fn where_no_token_is_accepted_one_more_is_tried_and_no_third() {
    let server = Server::start(|_| async { json(401, r#"{"title":"no"}"#) }).await;
    let error = server.tenant().call(read(), &Arguments::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Unauthorized, Some(401)));
    assert!(error.message().contains("check app_key"), "{error}");
    assert_eq!((server.tokens().len(), server.calls().len()), (2, 2));
}

#[tokio::test]
async fn fifty_calls_that_are_refused_one_token_share_the_next() {
    let server = Server::start(|seen| async move {
        if seen.header("authorization").ends_with("-1") { json(401, "{}") } else { page() }
    })
    .await;
    let acme = server.tenant();
    read_at_once(&acme, 50).await;
    assert_eq!(server.tokens().len(), 2);
}

#[tokio::test]
async fn a_wrong_client_is_told_in_plain_words_and_asked_for_once() {
    let refuse = |_| async { json(400, r#"{"error":"invalid_client"}"#) };
    let server = Server::with_tokens(refuse, |_| async { page() }).await;
    let error = server.tenant().call(read(), &Arguments::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    let told = error.to_string();
    assert!(told.contains("does not accept client_id `cid.test` and its secret for tenant 7"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
    assert_eq!((server.tokens().len(), server.calls().len()), (1, 0));
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_told_before_anything_is_sent() {
    let server = Server::start(|_| async { page() }).await;
    let mut credentials = crate::support::credentials();
    credentials.client_secret = format!("{SECRET}\n").into();
    let acme = Client::new(server.options()).unwrap().tenant(credentials);
    let told = acme.call(read(), &Arguments::default()).await.unwrap_err().to_string();
    assert!(told.contains("client_secret of tenant 7 begins or ends with white space"), "{told}");
    assert_eq!(server.tokens().len(), 0);
}

#[tokio::test]
async fn a_token_endpoint_that_is_busy_is_asked_again() {
    let busy = |seen: crate::support::Seen| async move {
        match seen.number {
            1 => crate::support::with(429, &[("retry-after", "0.01")], "{}"),
            2 => json(503, "{}"),
            number => token(number, 900),
        }
    };
    let server = Server::with_tokens(busy, |_| async { page() }).await;
    server.tenant().call(read(), &Arguments::default()).await.unwrap();
    assert_eq!(server.tokens().len(), 3);
}
