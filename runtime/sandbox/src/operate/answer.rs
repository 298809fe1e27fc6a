//! Records as an operation's answer shows them.

use hyper::StatusCode;
use tradewire_sandbox_seed::Rng;
use tradewire_sandbox_seed::generator::{Generator, Missing};
use tradewire_sandbox_seed::json::{Fields, quoted};
use tradewire_sandbox_seed::plan::shape::{Shape, fields};
use tradewire_surface::{Answer, Scalar, Type};

use super::Call;
use crate::wire::{self, Response};

/// Shows the records of a collection as an endpoint's type has them.
pub(super) struct Shown<'c> {
    call: &'c Call<'c>,
    ty: &'c Type,
    /// Whether records are stored just as they are shown.
    verbatim: bool,
    identity: Option<&'c str>,
}

impl<'c> Shown<'c> {
    pub fn new(call: &'c Call<'c>, collection: usize, ty: &'c Type) -> Self {
        let stored = &call.state.plan.collections[collection];
        // The stored fields are the union of all shown ones, so as many are the same.
        let verbatim = fields(call.endpoint.surface, ty).is_some_and(|shown| shown.len() == stored.fields.len());
        Shown { call, ty, verbatim, identity: stored.identity.as_ref().map(|(wire, _)| wire.as_str()) }
    }

    /// Appends a record.
    pub fn push(&self, out: &mut Vec<u8>, text: &str) {
        let shown;
        let text = if self.verbatim {
            text
        } else {
            shown = conformed(self.call, self.ty, text);
            &shown
        };
        match self.call.trouble.nulls {
            Some(per_mille) => out.extend_from_slice(with_nulls(text, self.identity, per_mille).as_bytes()),
            None => out.extend_from_slice(text.as_bytes()),
        }
    }

    pub fn text(&self, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        self.push(&mut out, text);
        String::from_utf8(out).unwrap_or_default()
    }
}

fn conformed(call: &Call<'_>, ty: &Type, text: &str) -> String {
    let mut generator = Generator::new(&call.store.dataset, call.endpoint.surface, None, 0, Missing::Blank);
    generator.conform(text, ty, "", None);
    generator.finish()
}

/// Takes the values of some fields away, and of fields one level deeper; which ones depends on the record alone.
fn with_nulls(text: &str, identity: Option<&str>, per_mille: u16) -> String {
    fn walk(text: &str, identity: Option<&str>, rng: &mut Rng, per_mille: u16, depth: usize) -> String {
        let Some(fields) = Fields::of(text) else { return text.to_owned() };
        let parts: Vec<String> = fields
            .0
            .iter()
            .map(|(name, raw)| {
                let spared = *name == "id" || identity == Some(name);
                let value = match raw.get() {
                    _ if !spared && rng.chance(per_mille.into()) => "null".to_owned(),
                    raw if depth == 0 => walk(raw, None, rng, per_mille, 1),
                    raw => raw.to_owned(),
                };
                format!("{}:{value}", quoted(name))
            })
            .collect();
        format!("{{{}}}", parts.join(","))
    }
    let mut rng = Rng::of(0, tradewire_sandbox_seed::number_of(text), 0);
    walk(text, identity, &mut rng, per_mille, 0)
}

/// The answer of a write: the record as it is now, where the operation shows one.
pub(super) fn written(call: &Call<'_>, text: &str, id: &str) -> Response {
    let ty = match &call.endpoint.operation.answer {
        Answer::Json(ty) => ty,
        Answer::Empty | Answer::File => return wire::empty(StatusCode::OK),
    };
    match ty {
        // A new invoice is answered with its bare number.
        Type::Scalar(Scalar::S32 | Scalar::S64) => wire::json(id.to_owned()),
        Type::List(_) if !text.starts_with('[') => wire::json(conformed(call, ty, &format!("[{text}]"))),
        _ => wire::json(conformed(call, ty, text)),
    }
}

/// The fields of an envelope around `data`.
pub(super) struct Envelope {
    pub page: usize,
    pub size: usize,
    pub more: bool,
    pub total: Option<usize>,
    pub continue_from: Option<String>,
}

impl Envelope {
    /// The answer: an envelope as the operation declares it, or a bare array.
    pub fn wrap(&self, call: &Call<'_>, data: Vec<u8>) -> Response {
        let ty = match (&call.endpoint.shape, &call.endpoint.operation.answer) {
            (Shape::Array(_), _) => return wire::json([b"[", data.as_slice(), b"]"].concat()),
            (_, Answer::Json(ty)) => ty,
            _ => return wire::empty(StatusCode::OK),
        };
        let mut out = Vec::with_capacity(data.len() + 128);
        out.push(b'{');
        for (at, field) in fields(call.endpoint.surface, ty).unwrap_or_default().iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(quoted(&field.wire).as_bytes());
            out.push(b':');
            let text = match field.wire.as_str() {
                "data" => {
                    out.push(b'[');
                    out.extend_from_slice(&data);
                    out.push(b']');
                    continue;
                }
                "page" => self.page.to_string(),
                "pageSize" => self.size.to_string(),
                "hasMore" => self.more.to_string(),
                "totalCount" => self.total.map_or("null".to_owned(), |total| total.to_string()),
                "continueFrom" => self.continue_from.as_deref().map_or("null".to_owned(), quoted),
                _ => {
                    let missing = Missing::Drawn;
                    let mut generator = Generator::new(&call.store.dataset, call.endpoint.surface, None, 1, missing);
                    generator.drawn(&field.ty, &field.wire);
                    generator.finish()
                }
            };
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'}');
        wire::json(out)
    }
}
