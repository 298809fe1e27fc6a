use std::time::Duration;

use super::stand_in::{StandIn, with};
use super::{Draft, failure, order};

#[tokio::test]
async fn a_vendor_that_is_down_is_told_by_its_address() {
    let vendor = StandIn::answering(vec![]).await;
    let mut draft = Draft::of(&vendor);
    draft.move_to("http://127.0.0.1:9/api");
    let (status, kind, message) = failure(&order(&draft.serve()).await);
    assert_eq!((status, kind.as_str()), (502, "Vendor"));
    assert!(message.starts_with("no connection to 127.0.0.1:9: "), "{message}");
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_is_waited_for_as_long_as_the_setting_says() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut draft = Draft::of(&StandIn::answering(vec![]).await);
    draft.move_to(&format!("http://{}", listener.local_addr().unwrap()));
    draft.settings.timeout = Duration::from_millis(300);
    let (status, _, message) = failure(&order(&draft.serve()).await);
    assert_eq!(status, 504);
    assert!(
        message.contains("did not answer within 0.3 s; whether it did what it was asked is not known"),
        "{message}"
    );
}

#[tokio::test]
async fn an_order_is_never_sent_twice_and_a_question_is() {
    let vendor = StandIn::breaking().await;
    let (status, _, message) = failure(&order(&Draft::of(&vendor).serve()).await);
    assert_eq!((status, vendor.asked().len()), (502, 1), "{message}");
    assert!(message.contains("whether it did what it was asked is not known"), "{message}");
    let vendor = StandIn::breaking().await;
    let mut draft = Draft::of(&vendor);
    draft.request = r#"{ "method": "GET", "url": "{{ config.url }}", "parameters": { "a": 1, "b": null } }"#.to_owned();
    failure(&order(&draft.serve()).await);
    assert_eq!(vendor.asked().len(), 3);
}

#[tokio::test]
async fn a_failure_of_the_vendors_is_told_by_the_packs_own_template_or_as_it_is() {
    let vendor = StandIn::answering(vec![with(500, "application/json", r#"{ "why": "no \"stock\"" }"#)]).await;
    let mut draft = Draft::of(&vendor);
    draft.error = Some(r#"{ "statusCode": {{ source.statusCode }}, "body": { "success": false, "errorMessage": {{ source.body.why }} } }"#.to_owned());
    let outgoing = order(&draft.serve()).await;
    assert_eq!(outgoing.status, 500);
    assert_eq!(outgoing.body.to_json(), r#"{"success":false,"errorMessage":"no \"stock\""}"#);
    let vendor = StandIn::answering(vec![with(503, "text/plain", "closed")]).await;
    let (status, _, message) = failure(&order(&Draft::of(&vendor).serve()).await);
    assert_eq!((status, message.as_str()), (502, "the vendor answered 503: closed"));
}

#[tokio::test]
async fn a_page_instead_of_json_is_no_success() {
    let vendor = StandIn::answering(vec![with(200, "text/html; charset=utf-8", "<html>Welcome</html>")]).await;
    let (status, _, message) = failure(&order(&Draft::of(&vendor).serve()).await);
    assert_eq!(status, 502);
    assert!(message.contains("answered 200 with a page instead of JSON"), "{message}");
}

#[tokio::test]
async fn a_template_cannot_send_the_key_to_another_host() {
    let vendor = StandIn::answering(vec![]).await;
    for url in ["http://evil.example/", "//evil.example/x", "http://127.0.0.1:1/"] {
        let mut draft = Draft::of(&vendor);
        draft.request = format!(r#"{{ "method": "GET", "url": "{url}" }}"#);
        let (status, kind, message) = failure(&order(&draft.serve()).await);
        assert_eq!((status, kind.as_str()), (500, "Template"), "{url}");
        assert!(message.contains("leads away from the vendor's own host"), "{message}");
    }
}

#[tokio::test]
async fn a_value_cannot_climb_out_of_its_place_in_the_address() {
    let vendor = StandIn::answering(vec![]).await;
    for value in ["..", ".", "%2E.", ".\\t.", "..\\\\a"] {
        let mut draft = Draft::of(&vendor);
        draft.request =
            format!(r#"{{ "method": "DELETE", "url": "{{{{ config.baseUrl }}}}/customers/{value}/links?q=../" }}"#);
        let (status, kind, message) = failure(&order(&draft.serve()).await);
        assert_eq!((status, kind.as_str()), (500, "Template"), "{value}: {message}");
        assert!(message.contains("has a part `.` or `..`"), "{message}");
    }
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn what_is_not_tls_is_no_connection() {
    let vendor = StandIn::answering(vec![]).await;
    let mut draft = Draft::of(&vendor);
    draft.move_to(&vendor.url.replace("http:", "https:"));
    let (status, _, message) = failure(&order(&draft.serve()).await);
    assert_eq!(status, 502);
    assert!(message.contains("no connection to") || message.contains("broke"), "{message}");
}

#[tokio::test]
async fn a_template_that_gives_no_request_says_where() {
    let vendor = StandIn::answering(vec![]).await;
    for (request, said) in [
        (r#"{ "method": "FETCH", "url": "x" }"#, "`method` of the template's output is no method"),
        (r#"{ "method": "GET" }"#, "has no `url`"),
        (r#"{ "method": "GET" "#, "Request.liquid:1:"),
        (r#"{ "url": "x", "body": [{% for i in (1..1000000000) %}1{% endfor %}] }"#, "loop turns"),
    ] {
        let mut draft = Draft::of(&vendor);
        draft.request = request.to_owned();
        let (status, kind, message) = failure(&order(&draft.serve()).await);
        assert_eq!((status, kind.as_str()), (500, "Template"), "{message}");
        assert!(message.contains(said), "{message}");
    }
}
