//! Templates that mean harm, from the pack's folder to the answer: refused when they are read, or stopped when they run.

use std::time::{Duration, Instant};

use tradewire_middleware::exchange::Incoming;

use super::stand_in::{StandIn, json};
use super::{Draft, failure};

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let nested = "{% if true %}".repeat(10_000) + &"{% endif %}".repeat(10_000);
    for (template, told) in [
        (nested.as_str(), "Request.liquid:1:1301: the nesting of blocks"),
        ("{\n{% comment %}{% assign x = '1'{% endcomment %} }", "Request.liquid:2:"),
        ("{\n  {% comment %}{% if", "Request.liquid:2:"),
    ] {
        let mut draft = Draft::of(&StandIn::at("http://127.0.0.1:9"));
        draft.request = template.to_owned();
        let faults = draft.load().unwrap_err().to_string();
        assert!(faults.starts_with(&format!("error: Templates/purchaseorder/{told}")), "{faults}");
    }
}

#[tokio::test]
async fn what_runs_without_end_is_stopped_and_the_next_call_works() {
    let line = "0123456789".repeat(10);
    for (harm, told) in [
        ("{% for i in (1..1000000000) %}1,{% endfor %}", "loop turns"),
        (&format!("\"{{% for i in (1..1000000) %}}{line}{{% endfor %}}\""), "the bytes of output went over 33554432"),
        ("{% assign s = 'x' %}{% for i in (1..99) %}{% assign s = s | append: s %}{% endfor %}\"{{ s }}\"", "bytes"),
    ] {
        let vendor = StandIn::answering(vec![json("{}")]).await;
        let mut draft = Draft::of(&vendor);
        draft.request =
            format!(r#"{{ "url": "orders", "body": [{{% if source.body.accountId == "bad" %}}{harm}{{% endif %}}] }}"#);
        let middleware = draft.serve();
        let call = |account: &str| {
            let body = format!(r#"{{ "accountId": "{account}" }}"#).into_bytes();
            middleware.answer("purchaseorder", Incoming { headers: Vec::new(), body }, None)
        };
        let start = Instant::now();
        let (status, kind, message) = failure(&call("bad").await);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!((status, kind.as_str()), (500, "Template"), "{message}");
        assert!(message.contains("Request.liquid:1:") && message.contains(told), "{message}");
        assert_eq!(call("good").await.status, 200);
    }
}
