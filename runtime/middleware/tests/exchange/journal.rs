//! What a journal is told of a call, and what it can answer for.

use std::sync::{Arc, Mutex};

use tradewire_client::{Later, ServiceTitan};
use tradewire_liquid::Value;
use tradewire_middleware::exchange::journal::{Before, Entry, Journal, Request, Sending, Sent, Settles};
use tradewire_middleware::exchange::{Incoming, Middleware, Outgoing, Trouble};

use super::stand_in::{StandIn, json, redirect};
use super::{Draft, ORDER, failure};

/// A journal that keeps what it is told, and knows what it was given of the requests to come.
#[derive(Default, Clone)]
struct Kept {
    knows: Arc<Mutex<Vec<Option<Before>>>>,
    requests: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<Vec<(Request, Settles)>>>,
    answered: Arc<Mutex<Vec<Option<String>>>>,
}

impl Journal for Kept {
    fn request<'a>(&'a self, endpoint: &str, body: &Value) -> Box<dyn Entry + 'a> {
        let page = body.get("callbackData").map(Value::to_json).unwrap_or_default();
        self.requests.lock().unwrap().push(format!("{endpoint} {page}"));
        Box::new(self.clone())
    }
}

impl Entry for Kept {
    fn servicetitan(&self) -> Option<Arc<dyn ServiceTitan>> {
        None
    }

    fn before(&self) -> Later<'_, Result<Option<Before>, Trouble>> {
        Box::pin(async { Ok(self.knows.lock().unwrap().pop().flatten()) })
    }

    fn send(&self, request: Request, sending: Sending) -> Later<'_, Result<Sent, Trouble>> {
        Box::pin(async move {
            let sent = sending.await;
            self.sent.lock().unwrap().push((request, sent.settles()));
            Ok(sent)
        })
    }

    fn answered<'a>(&'a self, refusal: Option<&'a str>) -> Later<'a, Result<(), Trouble>> {
        Box::pin(async move {
            self.answered.lock().unwrap().push(refusal.map(str::to_owned));
            Ok(())
        })
    }
}

impl Kept {
    fn sent(&self) -> Vec<(Request, Settles)> {
        self.sent.lock().unwrap().clone()
    }
}

async fn order(middleware: &Middleware, kept: &Kept) -> Outgoing {
    let incoming = Incoming { headers: Vec::new(), body: ORDER.into() };
    middleware.answer_once("purchaseorder", incoming, kept).await
}

const TAKEN: &str = r#"{ "reference": "SO-1" }"#;

#[tokio::test]
async fn an_order_is_written_down_without_secrets_and_answered_from_its_record_without_the_vendor() {
    let vendor = StandIn::answering(vec![json(TAKEN)]).await;
    let key = r#"{ "kind": "ApiKey", "valueMappings": [
        { "authenticationKey": "Key", "outputType": "Query", "outputKey": "key" },
        { "authenticationKey": "Key", "outputType": "Body", "outputKey": "key" } ] }"#;
    let middleware = Draft::of(&vendor).authentication(&vendor, key).secret("Key", "s3cret").serve();
    let kept = Kept::default();
    let first = order(&middleware, &kept).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert!(vendor.asked()[0].path.contains("s3cret") && vendor.asked()[0].body.contains("s3cret"));
    let (request, settles) = kept.sent().remove(0);
    assert_eq!((request.method.as_str(), request.url), ("POST", format!("{}/orders", vendor.url)));
    assert!(request.body.contains("PO-1 \\\"rush\\\"") && !request.body.contains("s3cret"), "{}", request.body);
    let Settles::Answered { status: 200, record } = settles else { panic!("{settles:?}") };

    kept.knows.lock().unwrap().push(Some(Before::Answered(record)));
    assert_eq!(order(&middleware, &kept).await, first);
    assert_eq!((vendor.asked().len(), kept.sent().len()), (1, 1));
    assert_eq!(*kept.answered.lock().unwrap(), [None, None]);
}

#[tokio::test]
async fn what_someone_has_found_is_the_answer_or_that_it_is_done() {
    let vendor = StandIn::answering(Vec::new()).await;
    let middleware = Draft::of(&vendor).serve();
    let found = r#"{ "success": true, "orderReferenceNumber": "SO-7" }"#;
    for (answer, wanted) in [
        (Some(found.as_bytes().to_vec()), found.replace(' ', "")),
        (None, r#"{"success":true,"message":"done, as an operator has found"}"#.to_owned()),
    ] {
        let kept = Kept::default();
        kept.knows.lock().unwrap().push(Some(Before::Found(answer)));
        let outgoing = order(&middleware, &kept).await;
        assert_eq!((outgoing.status, outgoing.body.to_json()), (200, wanted));
    }
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_says_no_is_told_and_a_template_at_fault_is_not() {
    let vendor = StandIn::answering(vec![json(r#"{ "reference": null }"#), json(TAKEN)]).await;
    let response = r#"{ "body": { "success": {% if source.body.reference %}true{% else %}false{% endif %},
        "errorMessage": "out of stock" } }"#;
    let kept = Kept::default();
    order(&Draft { response: response.to_owned(), ..Draft::of(&vendor) }.serve(), &kept).await;
    assert_eq!(*kept.answered.lock().unwrap(), [Some("out of stock".to_owned())]);
    let outgoing = order(&Draft { response: "{ [".to_owned(), ..Draft::of(&vendor) }.serve(), &kept).await;
    assert_eq!(failure(&outgoing).1, "Template");
    assert_eq!(kept.answered.lock().unwrap().len(), 1, "it has come to no end");
    assert!(kept.sent().iter().all(|(_, settles)| matches!(settles, Settles::Answered { .. })));
}

#[tokio::test]
async fn each_callback_is_a_request_of_its_own() {
    let vendor = StandIn::answering(vec![json(r#"{ "page": 2 }"#), json(TAKEN)]).await;
    let response = r#"{ "body": { "success": true, "callBackInfo": { "shouldCallback": {{ source.body.page | default: 0 }},
        "values": { "page": {{ source.body.page }} } } } }"#;
    let response = response
        .replace("{{ source.body.page | default: 0 }}", "{% if source.body.page %}true{% else %}false{% endif %}");
    let kept = Kept::default();
    let outgoing = order(&Draft { response, ..Draft::of(&vendor) }.serve(), &kept).await;
    assert_eq!(outgoing.status, 200, "{outgoing:?}");
    assert_eq!(*kept.requests.lock().unwrap(), ["purchaseorder ", r#"purchaseorder {"page":2}"#]);
    assert_eq!(kept.sent().len(), 2);
}

#[tokio::test]
async fn questions_are_not_written_down() {
    let vendor = StandIn::answering(vec![json(TAKEN)]).await;
    let draft = Draft::of(&vendor);
    let request = draft.request.replace("\"POST\"", "\"GET\"");
    let kept = Kept::default();
    order(&Draft { request, ..draft }.serve(), &kept).await;
    assert_eq!((vendor.asked().len(), kept.sent().len()), (1, 0));
}

#[tokio::test]
async fn redirects_say_whether_the_vendor_has_done_its_work() {
    let elsewhere = "https://elsewhere.example/orders";
    for (answers, refused) in [
        (vec![redirect(302, "/api/other")], true),
        (vec![redirect(307, elsewhere)], true),
        (vec![redirect(303, elsewhere)], false),
        (vec![redirect(303, "/api/orders/7")], false),
        (vec![redirect(307, "/api/new")], true),
    ] {
        let vendor = StandIn::answering(answers).await;
        let kept = Kept::default();
        order(&Draft::of(&vendor).serve(), &kept).await;
        let settles = kept.sent().remove(0).1;
        assert_eq!(matches!(settles, Settles::Refused { .. }), refused, "{settles:?}");
        assert_eq!(matches!(settles, Settles::Unresolved { .. }), !refused, "{settles:?}");
    }
}

#[tokio::test]
async fn nothing_that_reached_nobody_is_unresolved() {
    let place = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let kept = Kept::default();
    order(&Draft::at(&format!("http://{place}/api")).serve(), &kept).await;
    let settles = kept.sent().remove(0).1;
    assert!(matches!(settles, Settles::Refused { status: None, .. }), "{settles:?}");
    let breaking = StandIn::breaking().await;
    order(&Draft::of(&breaking).serve(), &kept).await;
    assert!(matches!(kept.sent()[1].1, Settles::Unresolved { .. }), "{:?}", kept.sent());
}
