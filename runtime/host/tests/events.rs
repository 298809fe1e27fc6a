//! Webhook events through the real engine: what comes across, and what is told where it does not.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use support::{engine, guest, refused, request};
use tradewire_client::Later;
use tradewire_host::{Event, Events, FailureClass, Limits, LoadError, Plugin, Request};
use tradewire_surface::grants::Grants;
use tradewire_surface::{Catalog, Scalar, Type, TypeDef};

fn load(catalog: &'static Catalog) -> Result<Plugin, LoadError> {
    Plugin::load_against(&engine(), &guest("events.wasm"), Grants::parse(&["dispatch/team.create"]).unwrap(), catalog)
}

/// Events that wait, and how many were asked for at a time. The second time they cannot be had, if that is wanted.
struct Queue {
    left: Mutex<Vec<Event>>,
    asked: Mutex<Vec<u32>>,
    fails: bool,
}

impl Queue {
    fn of(data: &[&str], fails: bool) -> Arc<Queue> {
        let event = |(n, data): (usize, &&str)| Event {
            id: format!("d-{n}"),
            kind: "tn.jpm.job-completed".to_owned(),
            time: "2026-03-02T06:00:00.123Z".to_owned(),
            source: "https://webhooks.servicetitan.io".to_owned(),
            occurrence: format!("o-{n}"),
            data: (*data).to_owned(),
        };
        Arc::new(Queue {
            left: Mutex::new(data.iter().enumerate().map(event).collect()),
            asked: Mutex::default(),
            fails,
        })
    }

    fn into(events: Arc<Queue>) -> Option<Arc<dyn Events>> {
        Some(events)
    }
}

impl Events for Queue {
    fn next<'a>(&'a self, limit: u32) -> Later<'a, Result<Vec<Event>, String>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(limit);
        let mut left = self.left.lock().unwrap();
        let count = left.len().min(limit as usize);
        let fails = self.fails && asked.len() == 2;
        let page = if fails { Err("the store failed".to_owned()) } else { Ok(left.drain(..count).collect()) };
        Box::pin(async { page })
    }
}

const JOB: &str = r#"{"job":{"id":7,"total":12.50,"newField":[1]},"tenantId":1,"tenantName":null}"#;

#[tokio::test]
async fn events_come_across_page_by_page_and_one_that_is_not_as_it_should_be_keeps_none_from_it() {
    let plugin = load(Catalog::get()).unwrap();
    assert!(plugin.reads_events());
    let mut data = vec![JOB; 450];
    (data[3], data[4], data[5], data[6]) = (r#"{"job":{"id":"x"}}"#, "null", r#"[{"job": 1}]"#, r#""text""#);
    let events = Queue::of(&data, false);
    let (result, usage) = plugin.run(Request { events: Queue::into(events.clone()), ..request("", &[]) }).await;
    assert_eq!(result.unwrap(), "450 events");
    assert_eq!(*events.asked.lock().unwrap(), [200, 200, 200, 200]);
    assert_eq!(usage.host_calls, 4);
    let (result, _) = plugin.run(request("", &[])).await;
    assert_eq!(result.unwrap(), "0 events", "no event began the run");
}

#[tokio::test]
async fn what_cannot_be_read_now_may_be_read_later_and_limits_hold() {
    let plugin = load(Catalog::get()).unwrap();
    let run = async |events: Arc<Queue>, limits: Limits| {
        plugin.run(Request { events: Queue::into(events), limits, ..request("", &[]) }).await.0.unwrap_err()
    };
    let failure = run(Queue::of(&[JOB; 201], true), Limits::default()).await;
    assert_eq!(failure.class, FailureClass::Transient);
    assert!(
        failure.message.contains("webhooks/events.next: the events cannot be read now: the store failed"),
        "{failure}"
    );
    let failure = run(Queue::of(&[JOB; 201], false), Limits { host_calls: 1, ..Limits::default() }).await;
    assert!(failure.message.contains("`host_calls` is 1"), "{failure}");
    let failure = run(Queue::of(&[JOB; 201], false), Limits { answer: 100, ..Limits::default() }).await;
    assert!(failure.message.contains("`answer`"), "{failure}");
}

#[test]
fn a_plugin_whose_events_are_other_types_is_refused_with_the_place() {
    let mut catalog = Catalog::get().clone();
    match &mut catalog.surfaces["webhooks"].types["webhook-job-record"] {
        TypeDef::Record(fields) => {
            fields.iter_mut().find(|field| field.wire == "total").unwrap().ty = Type::Scalar(Scalar::Bool);
        }
        TypeDef::Enum(_) => panic!("a job is a record"),
    }
    let told = refused(load(Box::leak(Box::new(catalog))));
    assert!(told.contains("webhooks/events.next: answer[].event.jpm-job-"), "{told}");
    assert!(told.contains(".job.total: the plugin expects "), "{told}");
}
