//! Bodies: what is required is there, and all that is known has its type. Fields that nobody knows are ignored.

use tradewire_sandbox_seed::clock;
use tradewire_sandbox_seed::json::{Fields, bare, is_number, items, text};
use tradewire_surface::{Field, Need, Scalar, Surface, Type, TypeDef};

use super::query::is_guid;
use crate::problem::Faulty;

/// Nesting beyond which bodies are not followed.
const DEEPEST: usize = 24;

/// What is wrong with a body of that type.
pub(crate) fn check(surface: &Surface, ty: &Type, body: &[u8]) -> Result<(), Faulty> {
    let refused = |message: &str| Err(Faulty::from([("$".to_owned(), vec![message.to_owned()])]));
    let Ok(body) = std::str::from_utf8(body) else { return refused("The body is not UTF-8.") };
    if body.trim().is_empty() {
        return refused("A non-empty request body is required.");
    }
    if let Err(error) = serde_json::from_str::<&serde_json::value::RawValue>(body) {
        return refused(&format!("The body is not JSON: {error}."));
    }
    let mut checked = Check { surface, faulty: Faulty::new() };
    checked.value(ty, body.trim(), "$", None, 0);
    if checked.faulty.is_empty() { Ok(()) } else { Err(checked.faulty) }
}

struct Check<'s> {
    surface: &'s Surface,
    faulty: Faulty,
}

impl Check<'_> {
    fn tell(&mut self, at: &str, message: impl Into<String>) {
        self.faulty.entry(at.to_owned()).or_default().push(message.into());
    }

    fn value(&mut self, ty: &Type, raw: &str, at: &str, longest: Option<u32>, depth: usize) {
        if depth > DEEPEST {
            return self.tell(at, "The body is nested too deeply.");
        }
        let fine = match ty {
            Type::Option(_) if raw == "null" => return,
            Type::Option(inner) => return self.value(inner, raw, at, longest, depth),
            Type::Tree(name) => {
                let list = Type::List(Box::new(Type::Named(name.clone())));
                return self.value(&list, raw, at, longest, depth);
            }
            Type::List(item) => match items(raw) {
                Some(items) => {
                    for (number, raw) in items.into_iter().enumerate() {
                        self.value(item, raw, &format!("{at}[{number}]"), None, depth + 1);
                    }
                    true
                }
                None => false,
            },
            Type::Map(inner) => match Fields::of(raw) {
                Some(fields) => {
                    for (key, raw) in &fields.0 {
                        if raw.get() != "null" {
                            self.value(inner, raw.get(), &format!("{at}.{key}"), None, depth + 1);
                        }
                    }
                    true
                }
                None => false,
            },
            Type::Named(name) => match self.surface.named(name) {
                Some(TypeDef::Record(fields)) => match Fields::of(raw) {
                    Some(given) => {
                        for field in fields {
                            self.field(field, &given, at, depth);
                        }
                        true
                    }
                    None => false,
                },
                Some(TypeDef::Enum(cases)) => tradewire_sandbox_seed::is_case(cases, &bare(raw)),
                None => true,
            },
            Type::Scalar(scalar) => fits(*scalar, raw),
        };
        if !fine {
            self.tell(at, format!("The JSON value could not be converted to {}.", self.plain(ty)));
        }
        if let (Some(longest), Some(text)) = (longest, text(raw))
            && text.chars().count() > longest as usize
        {
            self.tell(at, format!("At most {longest} characters are taken."));
        }
    }

    fn field(&mut self, field: &Field, given: &Fields<'_>, at: &str, depth: usize) {
        let path = if at == "$" { field.wire.clone() } else { format!("{at}.{}", field.wire) };
        match given.get(&field.wire) {
            None | Some("null") if field.need == Need::Required && !field.nullable => {
                self.tell(&path, format!("The {} field is required.", field.wire));
            }
            None if field.need == Need::Nullable => {
                self.tell(&path, format!("The {} field is required; it may be null.", field.wire));
            }
            None | Some("null") => {}
            Some(raw) => self.value(&field.ty, raw, &path, field.max_length, depth + 1),
        }
    }

    fn plain(&self, ty: &Type) -> String {
        match ty {
            Type::Named(name) => match self.surface.named(name) {
                Some(TypeDef::Enum(cases)) => {
                    let words: Vec<&str> = cases.cases.iter().map(|case| case.wire.as_str()).collect();
                    format!("one of {}", words.join(", "))
                }
                _ => "an object".to_owned(),
            },
            Type::List(_) | Type::Tree(_) => "an array".to_owned(),
            Type::Map(_) => "an object".to_owned(),
            Type::Option(inner) => self.plain(inner),
            Type::Scalar(scalar) => scalar.name().to_owned(),
        }
    }
}

/// Whether a JSON value is one of that kind. Exact numbers travel as numbers or as texts.
fn fits(scalar: Scalar, raw: &str) -> bool {
    match scalar {
        Scalar::Json => true,
        Scalar::Bool => raw == "true" || raw == "false",
        Scalar::S32 => raw.parse::<i32>().is_ok(),
        Scalar::S64 => raw.parse::<i64>().is_ok(),
        Scalar::F64 => is_number(raw),
        Scalar::Decimal => is_number(&bare(raw)),
        Scalar::Date | Scalar::DateTime => text(raw).is_some_and(|text| clock::read(&text).is_some()),
        Scalar::Guid => text(raw).is_some_and(|text| is_guid(&text)),
        _ => raw.starts_with('"'),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_sandbox_seed::plan::Plan;
    use tradewire_surface::Body;

    use super::*;

    fn told(id: &str, body: &str) -> Faulty {
        let endpoint = Plan::get().endpoint(id).unwrap();
        let Some(Body::Json(ty)) = &endpoint.operation.body else { panic!("{id} takes no JSON") };
        check(endpoint.surface, ty, body.as_bytes()).err().unwrap_or_default()
    }

    #[test]
    fn what_is_missing_is_told_by_field() {
        let faulty = told("jpm/jobs.cancel", r#"{"memo": null}"#);
        assert_eq!(faulty.keys().collect::<Vec<_>>(), ["memo", "reasonId"]);
    }

    #[test]
    fn what_has_another_type_is_told_with_its_place() {
        let faulty = told("jpm/jobs.cancel", r#"{"reasonId": "one", "memo": 5}"#);
        assert_eq!(faulty.keys().collect::<Vec<_>>(), ["memo", "reasonId"]);
        let faulty = told("accounting/invoices.mark-as-exported", r#"[{"invoiceId": 1}, {"invoiceId": true}]"#);
        assert_eq!(faulty.keys().collect::<Vec<_>>(), ["$[1].invoiceId"]);
    }

    #[test]
    fn what_is_no_json_or_nothing_is_told() {
        for body in ["", "  ", "{", "not json", "{\"a\":1}x"] {
            assert!(told("jpm/jobs.cancel", body).contains_key("$"), "{body}");
        }
        assert!(told("jpm/jobs.cancel", &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))).contains_key("$"));
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(told("jpm/jobs.cancel", r#"{"reasonId": 1, "memo": "x", "shoes": []}"#).is_empty());
    }
}
