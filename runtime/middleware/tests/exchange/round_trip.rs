use tradewire_liquid::Value;
use tradewire_middleware::exchange::{Check, Incoming};

use super::stand_in::{StandIn, json};
use super::{Draft, failure, order};

const KEY: &str = r#"{ "kind": "ApiKey", "valueMappings": [
    { "authenticationKey": "ApiKey", "outputType": "Header", "outputKey": "X-API-KEY" },
    { "authenticationKey": "Account", "outputType": "Query", "outputKey": "account" },
    { "authenticationKey": "Branch", "outputType": "Body", "outputKey": "branch" } ] }"#;

#[tokio::test]
async fn an_order_reaches_the_vendor_exactly_and_its_answer_comes_back() {
    let vendor = StandIn::answering(vec![json(r#"{ "reference": "A \"1\"" }"#)]).await;
    let middleware = Draft::of(&vendor)
        .authentication(&vendor, KEY)
        .secret("ApiKey", "k-1")
        .secret("Account", "a&b")
        .secret("Branch", "b \"2\"")
        .serve();
    let outgoing = order(&middleware).await;
    assert_eq!((outgoing.status, outgoing.headers.len()), (200, 1));
    assert_eq!(outgoing.body.to_json(), r#"{"success":true,"orderReferenceNumber":"A \"1\""}"#);
    let asked = &vendor.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/api/orders?account=a%26b"));
    assert_eq!((asked.header("x-api-key"), asked.header("x-trace")), (Some("k-1"), Some("t1")));
    assert_eq!(
        asked.body,
        concat!(
            r#"{"number":"PO-1 \"rush\"","total":9007199254740993.10,"page":null,"lines":["#,
            r#"{"part":"3/4\" pipe\",\"PriceOverride\":\"0","quantity":2.50},{"part":"","quantity":null}],"branch":"b \"2\""}"#
        )
    );
}

#[tokio::test]
async fn the_callers_own_authorization_goes_no_further_unless_the_pack_passes_it_through() {
    let vendor = StandIn::answering(vec![json("{}"), json("{}")]).await;
    order(&Draft::of(&vendor).serve()).await;
    order(&Draft::of(&vendor).authentication(&vendor, r#"{ "kind": "PassThrough" }"#).serve()).await;
    let asked = vendor.asked();
    assert_eq!(asked[0].header("authorization"), None);
    assert_eq!(asked[1].header("authorization"), Some("Bearer of-the-caller"));
}

#[tokio::test]
async fn basic_and_oauth_authenticate_and_a_token_is_fetched_once() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    let draft = Draft::of(&vendor).authentication(&vendor, r#"{ "kind": "Basic" }"#);
    order(&draft.secret("Username", "ann").secret("Password", "p:w").serve()).await;
    assert_eq!(vendor.asked()[0].header("authorization"), Some("Basic YW5uOnA6dw=="));

    let token = json(r#"{ "access_token": "t-1", "expires_in": 3600 }"#);
    let vendor = StandIn::answering(vec![token, json("{}"), json("{}")]).await;
    let kind = format!(r#"{{ "kind": "OAuth2", "tokenUrl": "{}/token", "scope": "orders" }}"#, vendor.url);
    let draft = Draft::of(&vendor).authentication(&vendor, &kind);
    let middleware = draft.secret("ClientId", "id").secret("ClientSecret", "s").serve();
    order(&middleware).await;
    order(&middleware).await;
    let asked = vendor.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].body, "grant_type=client_credentials&client_id=id&client_secret=s&scope=orders");
    assert_eq!(asked[2].header("authorization"), Some("Bearer t-1"));
}

#[tokio::test]
async fn a_response_that_asks_for_another_request_gets_it_and_answers_are_merged() {
    let more = r#"{ "reference": "1", "more": 2 }"#;
    let vendor = StandIn::answering(vec![json(more), json(r#"{ "reference": "2" }"#)]).await;
    let mut draft = Draft::of(&vendor);
    draft.response = r#"{ "body": { "success": true, "orderReferenceNumber": "{{ source.body.reference }}", "callBackInfo":
        {% if source.body.more %}{ "shouldCallback": true, "values": { "page": {{ source.body.more }} }, "maxCallbacksForRequest": 5 }{% else %}null{% endif %} } }"#.to_owned();
    let outgoing = order(&draft.serve()).await;
    let body = outgoing.body.to_json();
    assert_eq!(body, r#"{"success":true,"orderReferenceNumber":"2","callBackInfo":null}"#);
    assert!(vendor.asked()[1].body.contains(r#""page":2"#));
}

#[tokio::test]
async fn what_the_contract_does_not_know_is_a_warning_or_a_refusal() {
    let vendor = StandIn::answering(vec![json("{}"), json("{}")]).await;
    let mut draft = Draft::of(&vendor);
    draft.response = r#"{ "body": { "success": "yes" } }"#.to_owned();
    let outgoing = order(&draft.serve()).await;
    assert_eq!(outgoing.status, 200);
    assert!(outgoing.warnings.iter().any(|line| line.starts_with("the response: /success: ")), "{outgoing:?}");

    let mut draft = Draft::of(&vendor);
    draft.settings.check = Check::Refuse;
    let (status, kind, message) = failure(&order(&draft.serve()).await);
    assert_eq!((status, kind.as_str()), (400, "Request"));
    assert!(message.contains("/purchaseOrder/items/1/vendorPartNumber"), "{message}");
}

#[tokio::test]
async fn a_call_that_is_no_json_or_no_endpoint_is_the_callers_fault() {
    let vendor = StandIn::answering(vec![]).await;
    let middleware = Draft::of(&vendor).serve();
    let call = |body: &str| Incoming { headers: Vec::new(), body: body.into() };
    let (status, kind, message) = failure(&middleware.answer("purchaseorder", call("{ \"a\": "), None).await);
    assert_eq!((status, kind.as_str()), (400, "Request"));
    assert!(message.contains("not JSON"), "{message}");
    let (status, _, message) = failure(&middleware.answer("orders", call("{}"), None).await);
    assert_eq!((status, message.as_str()), (404, "the pack has no endpoint `orders`, only purchaseorder"));
    assert!(vendor.asked().is_empty());
}

#[tokio::test]
async fn a_missing_secret_is_told_by_name() {
    let vendor = StandIn::answering(vec![]).await;
    let draft = Draft::of(&vendor).authentication(&vendor, KEY).secret("ApiKey", "k").secret("Account", "a");
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("Configuration/vendor.json", draft.vendor.as_str()),
        ("Templates/purchaseorder/endpoint.json", r#"{ "url": "orders" }"#),
        ("Templates/purchaseorder/Request.liquid", "{}"),
        ("Templates/purchaseorder/Response.liquid", "{}"),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let pack = tradewire_middleware::pack::Pack::load(folder.path()).unwrap().pack;
    let fault = tradewire_middleware::exchange::Middleware::new(pack, draft.settings, draft.secrets).unwrap_err();
    assert!(fault.to_string().contains("needs the secret `Branch`"), "{fault}");
}

#[tokio::test]
async fn missing_fields_render_as_null_and_nothing() {
    let vendor = StandIn::answering(vec![json("{}")]).await;
    let middleware = Draft::of(&vendor).serve();
    let outgoing = middleware.answer("purchaseorder", Incoming::default(), None).await;
    assert_eq!(outgoing.body.get("success"), Some(&Value::Bool(true)));
    assert_eq!(vendor.asked()[0].body, r#"{"number":"","total":null,"page":null,"lines":[]}"#);
}
