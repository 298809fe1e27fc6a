//! Lowers operations: names, parameters, bodies, answers, paging.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::lower::{Lowering, Role};
use super::openapi::{Content, Document, Operation as Described, Parameter, Schema};
use super::{ImportError, names};
use crate::catalog::{Answer, Body, Effect, Method, Operation, Paging, Param, ParameterIn};
use crate::types::{Scalar, Type};

/// An operation as described, with where it stands.
pub(super) struct Placed<'d> {
    method: Method,
    path: &'d str,
    described: &'d Described,
}

/// All operations of a document, in its order.
pub(super) fn of(document: &Document) -> impl Iterator<Item = Placed<'_>> {
    document.paths.iter().flat_map(|(path, methods)| {
        methods.iter().filter_map(move |(method, described)| {
            let method = match method.as_str() {
                "get" => Method::Get,
                "post" => Method::Post,
                "put" => Method::Put,
                "patch" => Method::Patch,
                "delete" => Method::Delete,
                _ => return None,
            };
            Some(Placed { method, path, described })
        })
    })
}

impl Placed<'_> {
    fn send_role(&self) -> Role {
        if self.method == Method::Patch { Role::Patch } else { Role::Send }
    }

    fn resource(&self) -> String {
        let tag = self.described.tags.first().map_or("api", String::as_str);
        names::kebab(tag.split(" (").next().unwrap_or(tag))
    }

    /// `GrossPayItems_GetList` is `get-list`.
    fn name(&self) -> String {
        let id = &self.described.operation_id;
        names::kebab(id.split_once('_').map_or(id.as_str(), |(_, name)| name))
    }
}

/// Notes the names and types that an operation needs.
pub(super) fn reserve(lowering: &mut Lowering<'_>, operation: &Placed<'_>) -> Result<(), ImportError> {
    let name = operation.name();
    for taken in [format!("{name}-query"), format!("{name}-pager"), format!("{name}-pages"), name] {
        lowering.take(taken);
    }
    for parameter in &operation.described.parameters {
        lowering.reserve(&parameter.schema, Role::Send)?;
    }
    let body = operation.described.request_body.as_ref().and_then(json);
    if let Some(schema) = body.filter(|schema| file_field(schema).is_none()) {
        lowering.reserve(schema, operation.send_role())?;
    }
    if let Some(schema) = answer_schema(operation.described) {
        lowering.reserve(schema, Role::Answer)?;
    }
    Ok(())
}

/// Lowers all operations of a document, by resource.
pub(super) fn lower(
    lowering: &mut Lowering<'_>,
    document: &Document,
) -> Result<IndexMap<String, Vec<Operation>>, ImportError> {
    let base = document.servers.first().map_or("", |s| s.url.as_str());
    let module = base.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, module)| module);
    let mut resources: IndexMap<String, Vec<Operation>> = IndexMap::new();
    let mut taken: IndexMap<String, HashSet<String>> = IndexMap::new();
    for place in of(document) {
        let resource = place.resource();
        let name = names::unique(place.name(), taken.entry(resource.clone()).or_default());
        let operation = operation(lowering, &place, name, module)?;
        resources.entry(resource).or_default().push(operation);
    }
    resources.sort_keys();
    Ok(resources)
}

fn operation(
    lowering: &mut Lowering<'_>,
    place: &Placed<'_>,
    name: String,
    module: &str,
) -> Result<Operation, ImportError> {
    let Placed { method, path, described } = place;
    let id = &described.operation_id;
    let scope = described.security.iter().find_map(|s| s.get("oauth")).and_then(|scopes| scopes.first());
    let scope = scope.ok_or_else(|| lowering.unsupported(id, "no OAuth scope"))?.clone();
    let mut params = Vec::new();
    for parameter in &described.parameters {
        if parameter.name != "tenant" {
            params.push(param(lowering, parameter, id)?);
        }
    }
    let position = |p: &Param| match p.place {
        ParameterIn::Path => path.find(&format!("{{{}}}", p.wire)).unwrap_or(usize::MAX - 1),
        ParameterIn::Query => usize::MAX,
    };
    params.sort_by_key(position);
    let body = match described.request_body.as_ref().and_then(json) {
        None => None,
        Some(schema) => Some(match file_field(schema) {
            Some(field) => Body::File(field.to_owned()),
            None => Body::Json(lowering.lower(schema, place.send_role(), id)?.ty),
        }),
    };
    let answer = answer(lowering, described)?;
    let paging = paging(lowering, described, &params)?;
    let effect = if scope.ends_with(":r") { Effect::Read } else { Effect::Write };
    Ok(Operation {
        name,
        method: *method,
        path: format!("/{module}{path}"),
        scope,
        effect,
        params,
        body,
        answer,
        paging,
        deprecated: described.deprecated || described.tags.iter().any(|t| t.ends_with("(Deprecated)")),
    })
}

fn param(lowering: &mut Lowering<'_>, parameter: &Parameter, id: &str) -> Result<Param, ImportError> {
    let place = match parameter.place.as_str() {
        "path" => ParameterIn::Path,
        "query" => ParameterIn::Query,
        other => return Err(lowering.unsupported(id, format!("a parameter in `{other}`"))),
    };
    let ty = lowering.lower(&parameter.schema, Role::Send, &format!("{id}?{}", parameter.name))?.ty;
    let text = &parameter.description;
    Ok(Param {
        wire: parameter.name.clone(),
        place,
        ty,
        required: parameter.required,
        choices: if parameter.name == "sort" { sort_fields(text) } else { Vec::new() },
        max: match parameter.name.as_str() {
            "ids" if text.contains("aximum 50") => Some(50),
            "pageSize" => number_after(text, "aximum value is "),
            _ => None,
        },
        max_length: parameter.schema.max_length,
    })
}

/// The fields in "Available fields are: Id, ModifiedOn" and its like.
fn sort_fields(text: &str) -> Vec<String> {
    let Some(list) = ["vailable fields are: ", "Options: ", "specified field: "]
        .iter()
        .find_map(|mark| text.split_once(mark).map(|(_, list)| list))
    else {
        return Vec::new();
    };
    let list = list.split(['.', '\n', '\\']).next().unwrap_or(list);
    let fields: Vec<String> = list.split(',').map(|f| f.split(" (").next().unwrap_or(f).trim().to_owned()).collect();
    if fields.iter().all(|f| !f.is_empty() && f.chars().all(|c| c.is_ascii_alphanumeric())) {
        fields
    } else {
        Vec::new()
    }
}

fn number_after(text: &str, mark: &str) -> Option<u32> {
    let digits: String = text.split_once(mark)?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn json(content: &Content) -> Option<&Schema> {
    content.content.get("application/json").and_then(|m| m.schema.as_ref())
}

/// The field of a body that is nothing but one file. Described as JSON, meant as multipart form data.
fn file_field(schema: &Schema) -> Option<&str> {
    let (name, field) = schema.properties.first()?;
    (schema.properties.len() == 1 && field.format.as_deref() == Some("binary")).then_some(name)
}

fn answer_schema(described: &Described) -> Option<&Schema> {
    described.responses.iter().filter(|(status, _)| status.starts_with('2')).find_map(|(_, content)| json(content))
}

fn answer(lowering: &mut Lowering<'_>, described: &Described) -> Result<Answer, ImportError> {
    let streams = described.responses.values().any(|c| c.content.contains_key("application/octet-stream"));
    if streams || described.responses.contains_key("302") {
        return Ok(Answer::File);
    }
    match answer_schema(described) {
        None => Ok(Answer::Empty),
        Some(schema) => {
            let lowered = lowering.lower(schema, Role::Answer, &described.operation_id)?;
            Ok(Answer::Json(if lowered.nullable { Type::Option(Box::new(lowered.ty)) } else { lowered.ty }))
        }
    }
}

fn paging(lowering: &Lowering<'_>, described: &Described, params: &[Param]) -> Result<Option<Paging>, ImportError> {
    let Some(schema) = answer_schema(described) else { return Ok(None) };
    let envelope = lowering.resolve(schema)?;
    let has = |field: &str| envelope.properties.contains_key(field);
    let takes = |name: &str| params.iter().find(|p| p.place == ParameterIn::Query && p.wire == name);
    if !has("hasMore") || !has("data") {
        return Ok(None);
    }
    if has("continueFrom") && takes("from").is_some() {
        return Ok(Some(Paging::Feed));
    }
    match takes("page") {
        Some(page) if page.ty != Type::Scalar(Scalar::S32) => {
            Err(lowering.unsupported(&described.operation_id, "the number of a page is not an `int32`"))
        }
        Some(_) => Ok(Some(Paging::Pages { max: takes("pageSize").and_then(|p| p.max).unwrap_or(5_000), default: 50 })),
        None => Ok(None),
    }
}
