//! Sample arguments and answers of every operation, derived from the catalog alone.
//!
//! The guest `every-operation` is generated with these arguments, and the host's test compares with the same ones what
//! went over the wire: so both sides agree on values, and neither knows an operation by name. Everything that can be
//! given is given: every parameter, every field of a body. The same operation always has the same sample.
//!
//! Numbers and texts differ by the name of their field, so that two fields that were swapped do not go unseen. Values
//! are what travels as JSON: an exact number as a number, an enumeration as its word or digit. Texts hold what
//! must be escaped (blanks, `&`, quotes, a letter beyond ASCII) wherever their length allows.
//!
//! ```
//! use tradewire_samples::arguments;
//! use tradewire_surface::Catalog;
//!
//! let operation = Catalog::get().operation("payroll/gross-pay-items.update").expect("in the catalog");
//! let sample = arguments(operation);
//! assert_eq!(sample.path, [("id".to_owned(), 1.into())]);
//! assert!(sample.body.expect("a body")["amount"].to_string().ends_with(".25"));
//! ```

use serde_json::{Map, Value, json};
use tradewire_surface::{
    Answer, Body, Enum, EnumWire, Field, OperationRef, Param, ParameterIn, Scalar, Surface, Type, TypeDef, wit,
};

/// What an operation is called with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    /// The parameters of the path but `tenant`, by their name on the wire, in the path's order.
    pub path: Vec<(String, Value)>,
    /// The parameters of the query, by their name on the wire, in the catalog's order.
    pub query: Vec<(String, Value)>,
    /// The body, where it takes JSON.
    pub body: Option<Value>,
    /// The file, where it takes one.
    pub file: Option<File>,
}

/// A file that is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The name of the form's field.
    pub field: String,
    /// The file's name.
    pub name: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

/// The arguments of an operation.
pub fn arguments(operation: OperationRef<'_>) -> Arguments {
    let surface = operation.surface;
    let given = |place| {
        let params = wit::params(operation.operation, place).into_iter();
        params.map(|(_, param)| (param.wire.clone(), argument(surface, param))).collect()
    };
    let mut arguments =
        Arguments { path: given(ParameterIn::Path), query: given(ParameterIn::Query), body: None, file: None };
    match &operation.operation.body {
        Some(Body::Json(ty)) => arguments.body = Some(sample(surface, ty, "value", None, &mut Vec::new())),
        Some(Body::File(field)) => {
            let (name, bytes) = ("sample \"file\".txt", "a sample – with two lines\n".as_bytes());
            arguments.file = Some(File { field: field.clone(), name, content_type: "text/plain", bytes });
        }
        None => {}
    }
    arguments
}

/// What an operation answers as JSON, with every field; none where it answers nothing or a file.
pub fn answer(operation: OperationRef<'_>) -> Option<Value> {
    match &operation.operation.answer {
        Answer::Json(ty) => {
            let mut answer = sample(operation.surface, ty, "value", None, &mut Vec::new());
            // One page is all there is, so that walking through pages ends.
            if let (Some(_), Some(page)) = (operation.operation.paging, answer.as_object_mut())
                && let Some(more) = page.get_mut("hasMore")
            {
                *more = json!(false);
            }
            Some(answer)
        }
        Answer::Empty | Answer::File => None,
    }
}

fn argument(surface: &Surface, param: &Param) -> Value {
    let scalar = match &param.ty {
        Type::Scalar(scalar) => Some(*scalar),
        _ => None,
    };
    match (param.wire.as_str(), scalar) {
        ("page", _) => json!(1),
        ("pageSize", _) => json!(50),
        // Of a kind of file that the sandbox has at any path.
        ("path", Some(Scalar::Text)) => json!("a folder/\"b\" & ü+1=2?.jpg"),
        ("from", Some(Scalar::Text)) => json!("2025-10-06"),
        ("sort", Some(Scalar::Text)) => {
            json!(format!("+{}", param.choices.first().map_or("Id", |field| field.trim_start_matches(['+', '-']))))
        }
        (name, Some(Scalar::Text)) if name == "ids" || name.ends_with("Ids") => json!("1,2"),
        (_, Some(Scalar::Text)) if !param.choices.is_empty() => json!(param.choices[0]),
        (_, Some(Scalar::S32 | Scalar::S64)) if param.place == ParameterIn::Path => json!(1),
        (name, Some(Scalar::S32 | Scalar::S64)) => json!(number(name).min(param.max.unwrap_or(u32::MAX))),
        (name, _) => sample(surface, &param.ty, name, param.max_length, &mut Vec::new()),
    }
}

/// A value of that type. `open` are the records around it, so that a type that holds itself comes to an end.
fn sample<'a>(
    surface: &'a Surface,
    ty: &'a Type,
    name: &str,
    max_length: Option<u32>,
    open: &mut Vec<&'a str>,
) -> Value {
    match ty {
        Type::Scalar(scalar) => of_scalar(*scalar, name, max_length),
        Type::List(item) => match holds_open(surface, item, open) {
            true => json!([]),
            false => json!([sample(surface, item, name, None, open)]),
        },
        Type::Map(value) => json!({ "a key": sample(surface, value, name, None, open) }),
        Type::Option(value) => sample(surface, value, name, None, open),
        Type::Tree(_) => json!([]),
        Type::Named(named) => match surface.named(named) {
            Some(TypeDef::Enum(values)) => of_enum(values),
            Some(TypeDef::Record(fields)) => {
                open.push(named);
                let record = of_record(surface, fields, open);
                open.pop();
                record
            }
            None => Value::Null,
        },
    }
}

fn of_record<'a>(surface: &'a Surface, fields: &'a [Field], open: &mut Vec<&'a str>) -> Value {
    let mut record = Map::new();
    for field in fields {
        if !holds_open(surface, &field.ty, open) {
            record.insert(field.wire.clone(), sample(surface, &field.ty, &field.wire, field.max_length, open));
        }
    }
    Value::Object(record)
}

fn holds_open(surface: &Surface, ty: &Type, open: &[&str]) -> bool {
    let mut found = false;
    ty.names(&mut |name| found |= open.contains(&name) && matches!(surface.named(name), Some(TypeDef::Record(_))));
    found && !matches!(ty, Type::List(_) | Type::Map(_) | Type::Tree(_))
}

fn of_enum(values: &Enum) -> Value {
    match (values.wire, values.cases.last()) {
        (EnumWire::Text, Some(case)) => json!(case.wire),
        (EnumWire::Number, Some(case)) => case.wire.parse::<i64>().map_or(Value::Null, |number| json!(number)),
        (_, None) => json!("something else"),
    }
}

/// A number from 1 to 997 that goes with a name.
fn number(name: &str) -> u32 {
    name.bytes().fold(7, |sum, byte| (sum * 31 + u32::from(byte)) % 997) + 1
}

fn of_scalar(scalar: Scalar, name: &str, max_length: Option<u32>) -> Value {
    let text = |text: &str| {
        let most = max_length.map_or(usize::MAX, |most| most as usize);
        json!(text.chars().take(most).collect::<String>().trim_end())
    };
    match scalar {
        Scalar::Bool => json!(true),
        Scalar::S32 | Scalar::S64 => json!(number(name)),
        // Fractions that are the same number in binary and in decimal, so that their text is what was given.
        Scalar::F64 => json!(f64::from(number(name)) + 0.5),
        Scalar::Decimal => json!(f64::from(number(name)) + 0.25),
        Scalar::Date => json!("2025-10-06"),
        Scalar::DateTime => json!("2025-10-06T07:08:09.1234567Z"),
        Scalar::Duration => json!("01:30:00"),
        Scalar::Guid => json!("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        Scalar::Text => text(&format!("{name} \"b\" & ü/1+1=2?")),
        Scalar::Html => text("<p>a &amp; b</p>"),
        Scalar::Multiline => text("one\ntwo"),
        Scalar::Email => text("ann@example.com"),
        Scalar::Phone => text("555-0100"),
        Scalar::Password => text("not a secret"),
        Scalar::Json => json!({ "free": [1, "form", null] }),
    }
}

#[cfg(test)]
mod tests;
