//! The functions of an operation: their plans, and their definitions.

use std::sync::Arc;

use tradewire_surface::{Answer as Answers, Body, Need, OperationRef, ParameterIn, Surface, Type as Wire, wit};
use wasmtime::component::LinkerInstance;
use wasmtime::component::types::{ComponentFunc, Type};

use crate::calls::{ArgumentsPlan, EVENTS, OperationPlan, link_operation, link_pager, link_pages};
use crate::direct::AnswerPlan;
use crate::plan::{DecodeKind, Layout, Mismatch, Site, decode, encode, envelopes, fields_plan, flat_count, result_of};
use crate::run::RunState;

/// The three functions that an operation may have.
pub(super) enum Form<'a> {
    Call(&'a str),
    Pages(&'a str),
    Next(&'a str),
}

impl<'a> Form<'a> {
    pub fn of(function: &'a str) -> Form<'a> {
        if let Some(operation) = function.strip_prefix("[method]").and_then(|f| f.strip_suffix("-pager.next")) {
            Form::Next(operation)
        } else if let Some(operation) = function.strip_suffix("-pages") {
            Form::Pages(operation)
        } else {
            Form::Call(function)
        }
    }

    pub fn operation(&self) -> &'a str {
        match self {
            Form::Call(name) | Form::Pages(name) | Form::Next(name) => name,
        }
    }
}

/// Plans and defines one function.
pub(super) fn link(
    instance: &mut LinkerInstance<'_, RunState>,
    function: &str,
    form: &Form<'_>,
    operation: OperationRef<'static>,
    ty: &ComponentFunc,
) -> wasmtime::Result<Result<(), Mismatch>> {
    let id = operation.id();
    let site = Site { surface: operation.surface, operation: &id };
    let flat = || -> usize { ty.params().map(|(_, ty)| flat_count(&ty)).sum() };
    let plans = match form {
        Form::Next(_) => answer_plan(&site, operation, ty, true).map(|answer| (None, Some(answer))),
        Form::Pages(_) => arguments_plan(&site, operation, ty).map(|arguments| (Some(arguments), None)),
        Form::Call(_) => arguments_plan(&site, operation, ty)
            .and_then(|arguments| Ok((Some(arguments), Some(answer_plan(&site, operation, ty, false)?)))),
    };
    let (arguments, answer) = match plans {
        Ok(plans) => plans,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    let plan = arguments.map(|arguments| Arc::new(OperationPlan { operation, arguments }));
    match (plan, answer.map(Arc::new)) {
        (Some(plan), Some(answer)) => link_operation(instance, function, flat(), plan, answer)?,
        (Some(plan), None) => link_pages(instance, function, flat(), plan)?,
        (None, Some(answer)) => link_pager(instance, function, answer)?,
        (None, None) => {}
    }
    Ok(Ok(()))
}

fn arguments_plan(site: &Site<'_>, operation: OperationRef<'_>, ty: &ComponentFunc) -> Result<ArgumentsPlan, Mismatch> {
    let mut given = ty.params();
    let mut plan = ArgumentsPlan { path: Vec::new(), query: None, body: None };
    for (name, param) in wit::params(operation.operation, ParameterIn::Path) {
        let Some((_, ty)) = given.next() else {
            return Err(site.mismatch(&name, "no such parameter", format!("always `{}`", param.ty)));
        };
        plan.path.push((param.wire.clone(), encode(site, &name, &param.ty, &ty)?));
    }
    let query = wit::params(operation.operation, ParameterIn::Query);
    let known: Vec<(&str, Need, &str, &Wire)> = query
        .iter()
        .map(|(name, p)| {
            let need = if p.required { Need::Required } else { Need::Optional };
            (name.as_str(), need, p.wire.as_str(), &p.ty)
        })
        .collect();
    let mut rest = given.peekable();
    if let Some((_, Type::Record(record))) = rest.next_if(|(name, _)| *name == "query") {
        plan.query = Some(fields_plan(site, "query", &known, &record)?);
    } else if let Some((name, _, _, ty)) = known.iter().find(|(_, need, ..)| *need == Need::Required) {
        return Err(site.mismatch(&format!("query.{name}"), "no such parameter", format!("always `{ty}`")));
    }
    match (&operation.operation.body, rest.next()) {
        (Some(Body::Json(wire)), Some((_, ty))) => plan.body = Some(encode(site, "body", wire, &ty)?),
        (Some(Body::File(_)), Some((_, Type::Own(_)))) | (None, None) => {}
        (Some(_), _) => return Err(site.mismatch("body", "no such parameter, or another", "a body")),
        (None, Some((name, _))) => return Err(site.mismatch(name, "a parameter", "no such parameter")),
    }
    match rest.next() {
        Some((name, _)) => Err(site.mismatch(name, "a parameter", "no such parameter")),
        None => Ok(plan),
    }
}

/// The plan of an operation's answer; of a pager's `next`, whose answer is optional.
fn answer_plan(
    site: &Site<'_>,
    operation: OperationRef<'_>,
    ty: &ComponentFunc,
    next: bool,
) -> Result<AnswerPlan, Mismatch> {
    let no_result = || site.mismatch("answer", "no result", "a result with an error");
    let Some(result_type @ Type::Result(_)) = ty.results().next() else { return Err(no_result()) };
    let Type::Result(result) = &result_type else { return Err(no_result()) };
    let Some(err_type) = result.err() else { return Err(no_result()) };
    let err = result_of(&err_type).ok_or_else(|| site.mismatch("error", "another record", "the contract's `error`"))?;
    let wire = wit::answer(operation.surface, &operation.operation.answer)
        .filter(|_| operation.operation.answer != Answers::File);
    let ok = match (wire, result.ok()) {
        (Some(wire), Some(ty)) => {
            let plan = decode(site, "answer", &wire, &ty)?;
            if next && !matches!(plan.kind, DecodeKind::Option { .. }) {
                return Err(site.mismatch("answer", "a page", "optionally a page"));
            }
            Some(plan)
        }
        (None, Some(Type::Own(_))) if operation.operation.answer == Answers::File => None,
        (None, None) if operation.operation.answer == Answers::Empty => None,
        // An answer that the plugin never heard of is left out.
        (Some(_), None) => None,
        (_, Some(_)) => return Err(site.mismatch("answer", "a value", "no such value")),
        (None, None) => return Err(site.mismatch("answer", "nothing", "a file")),
    };
    let (layout, payload) = result_layout(&result_type);
    Ok(AnswerPlan { operation: operation.id(), layout, payload, ok, err })
}

/// The plan of the events of a surface that a run reads.
pub(super) fn events_plan(surface: &Surface, ty: &ComponentFunc) -> Result<AnswerPlan, Mismatch> {
    let site = Site { surface, operation: EVENTS };
    let mut params = ty.params();
    if !matches!((params.next(), params.next()), (Some((_, Type::U32)), None)) {
        return Err(site.mismatch("limit", "other parameters", "`u32`"));
    }
    let no_result = || site.mismatch("answer", "another result", "a list of envelopes, or the contract's `error`");
    let result_type = ty.results().next().ok_or_else(no_result)?;
    let Type::Result(result) = &result_type else { return Err(no_result()) };
    let (Some(Type::List(list)), Some(err)) = (result.ok(), result.err()) else { return Err(no_result()) };
    let ok = Some(envelopes(&site, &list)?);
    let err = result_of(&err).ok_or_else(no_result)?;
    let (layout, payload) = result_layout(&result_type);
    Ok(AnswerPlan { operation: EVENTS.to_owned(), layout, payload, ok, err })
}

/// The plan of an answer of our own interfaces.
pub(super) fn own_answer(operation: &str, ty: &ComponentFunc) -> Option<AnswerPlan> {
    let result_type = ty.results().next()?;
    let Type::Result(result) = &result_type else { return None };
    let err = result_of(&result.err()?)?;
    // Bytes have no plan: they are copied as they are.
    let ok = result.ok().and_then(|ty| result_of(&ty));
    let (layout, payload) = result_layout(&result_type);
    Some(AnswerPlan { operation: operation.to_owned(), layout, payload, ok, err })
}

fn result_layout(ty: &Type) -> (Layout, u32) {
    let Type::Result(result) = ty else { return (Layout::of(ty), 0) };
    let (_, payload) = Layout::variant(2, [result.ok(), result.err()].into_iter().flatten().map(|t| Layout::of(&t)));
    (Layout::of(ty), payload)
}
