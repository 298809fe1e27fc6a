//! Operations and their pages.

use std::sync::Arc;

use tradewire_client::{Answered, Arguments as Request, CallError, FileAnswer, Upload as Sent};
use tradewire_surface::{Answer as Answers, Body, Effect, OperationRef};
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime::{Result, StoreContextMut};

use super::{ArgumentsPlan, Download, Pager, Upload};
use crate::direct::{Answer, AnswerPlan, Arguments, Outcome, Value};
use crate::run::{Held, RunState};
use crate::sink::Cost;
use tradewire_workers::off_worker;

/// How one imported operation is called.
pub(crate) struct OperationPlan {
    pub operation: OperationRef<'static>,
    pub arguments: ArgumentsPlan,
}

/// The number of flat values decides the Rust type: one of seventeen.
macro_rules! by_flat_count {
    ($count:expr, $link:ident($($argument:expr),*)) => {
        by_flat_count!(@ $count, $link, ($($argument),*), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    };
    (@ $count:expr, $link:ident, $arguments:tt, $($n:literal)*) => {
        match $count {
            $($n => by_flat_count!(! $link, $n, $arguments),)*
            // More are passed in memory.
            _ => by_flat_count!(! $link, 0, $arguments),
        }
    };
    (! $link:ident, $n:literal, ($($argument:expr),*)) => { $link::<$n>($($argument),*) };
}

/// Defines an operation's function.
pub(crate) fn link_operation(
    instance: &mut LinkerInstance<'_, RunState>,
    name: &str,
    flat: usize,
    plan: Arc<OperationPlan>,
    answer: Arc<AnswerPlan>,
) -> Result<()> {
    by_flat_count!(flat, operation(instance, name, plan, answer))
}

/// Defines the function that gives an operation's pages.
pub(crate) fn link_pages(
    instance: &mut LinkerInstance<'_, RunState>,
    name: &str,
    flat: usize,
    plan: Arc<OperationPlan>,
) -> Result<()> {
    by_flat_count!(flat, pages(instance, name, plan))
}

fn operation<const N: usize>(
    instance: &mut LinkerInstance<'_, RunState>,
    name: &str,
    plan: Arc<OperationPlan>,
    answer: Arc<AnswerPlan>,
) -> Result<()> {
    instance.func_wrap_async(name, move |store: StoreContextMut<'_, RunState>, arguments: Arguments<N>| {
        let (plan, answer) = (plan.clone(), answer.clone());
        let budget = store.data().budget();
        Box::new(async move {
            let outcome = match call(store, &plan, arguments.0).await? {
                Ok(outcome) => outcome,
                Err(error) => Outcome::Error(super::error_json(&error, &plan.operation.id())),
            };
            Ok(Answer { plan: answer, outcome, budget })
        })
    })
}

async fn call(
    mut store: StoreContextMut<'_, RunState>,
    plan: &OperationPlan,
    mut values: Vec<Value>,
) -> Result<Result<Outcome, CallError>> {
    // The file goes first: it is taken from the plugin whatever becomes of the call.
    let file = match (&plan.operation.operation.body, values.last()) {
        (Some(Body::File(_)), Some(Value::Resource(_))) => match values.pop() {
            Some(Value::Resource(any)) => {
                let upload: Resource<Upload> = any.try_into_resource(&mut store)?;
                let state = store.data_mut();
                let upload = state.table.delete(upload)?;
                state.uploading -= upload.content.len();
                Some(upload)
            }
            _ => None,
        },
        _ => None,
    };
    let mut request = match request(store.data_mut(), plan, values) {
        Ok(request) => request,
        Err(error) => return Ok(Err(error)),
    };
    request.file = file.map(|file| {
        let (name, content_type, content) = file.source();
        Sent { name, content_type, content }
    });
    let api = store.data().api.clone();
    let operation = plan.operation;
    Ok(match operation.operation.answer {
        Answers::File => match held(store.data().hold(), api.download(operation, &request)).await {
            Ok((file, held)) => {
                let bytes = file.length().unwrap_or_default();
                store.data().sink.called(&operation.id(), Cost { bytes, ..Cost::default() });
                let download = Download {
                    operation: operation.id().into(),
                    content_type: file.content_type(),
                    length: file.length(),
                    file: Some(file),
                    rest: bytes::Bytes::new(),
                    _held: held,
                };
                Ok(Outcome::Download(store.data_mut().table.push(download)?))
            }
            Err(error) => {
                store.data().called(&operation.id(), Err(&error));
                Err(error)
            }
        },
        Answers::Empty | Answers::Json(_) => {
            let write = operation.operation.effect == Effect::Write;
            let answered = api.call(operation, &request).await.and_then(|a| store.data().fits(a, write));
            store.data().called(&operation.id(), answered.as_ref());
            let json = matches!(operation.operation.answer, Answers::Json(_));
            answered.map(|answered| if json { Outcome::Json(answered.body) } else { Outcome::Done })
        }
    })
}

/// The file, if one more may be open.
async fn held(
    room: Result<Held, CallError>,
    file: impl Future<Output = Result<Box<dyn FileAnswer>, CallError>>,
) -> Result<(Box<dyn FileAnswer>, Held), CallError> {
    let room = room?;
    Ok((file.await?, room))
}

/// Counts the call and puts its request together.
fn request(state: &mut RunState, plan: &OperationPlan, values: Vec<Value>) -> Result<Request, CallError> {
    state.count_call()?;
    arguments(state, plan, values)
}

fn arguments(state: &RunState, plan: &OperationPlan, mut values: Vec<Value>) -> Result<Request, CallError> {
    off_worker(Value::weight(&values), || plan.arguments.apply(&mut values, state.limits.transfer))
        .map_err(|refusal| CallError::new("invalid", format!("not sent: `{}`: {}", refusal.place, refusal.problem)))
}

fn pages<const N: usize>(
    instance: &mut LinkerInstance<'_, RunState>,
    name: &str,
    plan: Arc<OperationPlan>,
) -> Result<()> {
    instance.func_wrap(name, move |mut store: StoreContextMut<'_, RunState>, given: Arguments<N>| {
        let operation = plan.operation;
        let state = store.data_mut();
        let prepared = arguments(state, &plan, given.0);
        let pager = match prepared.and_then(|request| Ok((request, state.hold()?))) {
            Ok((request, held)) => {
                let pages = Some(state.api.pages(operation, &request));
                Pager { operation: operation.id().into(), pages, refused: None, _held: Some(held) }
            }
            Err(error) => Pager { operation: operation.id().into(), pages: None, refused: Some(error), _held: None },
        };
        let pager = state.table.push(pager)?;
        Ok((pager,))
    })
}

/// Defines a pager's `next`.
pub(crate) fn link_pager(
    instance: &mut LinkerInstance<'_, RunState>,
    name: &str,
    answer: Arc<AnswerPlan>,
) -> Result<()> {
    instance.func_wrap_async(name, move |mut store: StoreContextMut<'_, RunState>, (pager,): (Resource<Pager>,)| {
        let answer = answer.clone();
        Box::new(async move {
            let state = store.data_mut();
            let counted = state.count_call();
            let entry = state.table.get_mut(&pager)?;
            let operation = entry.operation.clone();
            let outcome = match (counted, &entry.refused, entry.pages.take()) {
                (Err(error), _, pages) => {
                    entry.pages = pages;
                    Err(error)
                }
                (_, Some(error), _) => Err(error.clone()),
                (_, _, None) => Err(CallError::new("refused", "the page before is still being fetched")),
                (_, _, Some(mut pages)) => {
                    let page = pages.next().await;
                    let fits = |page: Option<Answered>| page.map(|page| store.data().fits(page, false)).transpose();
                    let page = page.and_then(fits);
                    match &page {
                        Ok(Some(page)) => store.data().called(&operation, Ok(page)),
                        Ok(None) => {}
                        Err(error) => store.data().called(&operation, Err(error)),
                    }
                    store.data_mut().table.get_mut(&pager)?.pages = Some(pages);
                    page
                }
            };
            let outcome = match outcome {
                Ok(Some(page)) => Outcome::Json(page.body),
                Ok(None) => Outcome::Json(bytes::Bytes::from_static(b"null")),
                Err(error) => Outcome::Error(super::error_json(&error, &operation)),
            };
            Ok(Answer { plan: answer, outcome, budget: store.data().budget() })
        })
    })
}
