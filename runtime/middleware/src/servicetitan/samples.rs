//! Calls that nobody makes: each is answered with a sample of the operation's type, for previews and checks.

use tradewire_liquid::{Answer, Call, CallFault, Calls, Object, Value};
use tradewire_surface::{Answer as Answers, Scalar, Surface, Type, TypeDef};

use super::Asked;

/// Types inside each other; what is deeper is left out.
const DEPTH: usize = 6;

/// Answers with samples.
pub struct Samples;

impl Calls for Samples {
    fn call(&self, call: &Call) -> Result<Answer, CallFault> {
        let asked = Asked::of(call)?;
        let surface = asked.operation.surface;
        let whole = match &asked.operation.operation.answer {
            Answers::Json(ty) => sample(surface, ty, "answer", DEPTH),
            Answers::Empty | Answers::File => Value::Nil,
        };
        let value = match whole.get("data") {
            Some(records) if asked.pages => records.clone(),
            _ => whole,
        };
        Ok(Answer { value, bytes: 0 })
    }
}

fn sample(surface: &Surface, ty: &Type, name: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Nil;
    }
    match ty {
        Type::Scalar(scalar) => plain(*scalar, name),
        Type::Option(ty) => sample(surface, ty, name, depth),
        Type::List(ty) => Value::List(vec![sample(surface, ty, name, depth - 1)]),
        Type::Map(ty) => Value::object([("key", sample(surface, ty, name, depth - 1))]),
        Type::Tree(_) => Value::List(Vec::new()),
        Type::Named(named) => match surface.named(named) {
            Some(TypeDef::Record(fields)) => {
                let mut object = Object::default();
                for field in fields {
                    object.insert(field.wire.as_str(), sample(surface, &field.ty, &field.wire, depth - 1));
                }
                Value::Object(object)
            }
            Some(TypeDef::Enum(words)) => words.cases.first().map_or(Value::Nil, |case| case.wire.as_str().into()),
            _ => Value::Nil,
        },
    }
}

fn plain(scalar: Scalar, name: &str) -> Value {
    match scalar {
        Scalar::Bool => true.into(),
        Scalar::S32 | Scalar::S64 => 1.into(),
        Scalar::F64 | Scalar::Decimal => Value::from_json("12.5").unwrap_or_default(),
        Scalar::Date => "2026-01-31".into(),
        Scalar::DateTime => "2026-01-31T12:00:00Z".into(),
        Scalar::Duration => "01:30:00".into(),
        Scalar::Guid => "00000000-0000-4000-8000-000000000001".into(),
        Scalar::Email => "sample@example.com".into(),
        Scalar::Phone => "5550100".into(),
        Scalar::Json => Value::Object(Object::default()),
        Scalar::Text | Scalar::Html | Scalar::Multiline | Scalar::Password => name.into(),
    }
}
