//! The parameters of a path and a query. Unknown ones are ignored in silence, as the real API does; invalid values of
//! known ones are told.

use tradewire_sandbox_seed::clock;
use tradewire_sandbox_seed::json::is_number;
use tradewire_sandbox_seed::plan::Endpoint;
use tradewire_surface::{Paging, Param, ParameterIn, Scalar, Surface, Type, TypeDef};

use crate::problem::Faulty;

/// As many ids as lists take, also where a description does not say so.
const MOST_IDS: u32 = 50;

/// The parameters that a call gives.
#[derive(Debug, Default)]
pub(crate) struct Asked(pub Vec<(&'static Param, Vec<String>)>);

impl Asked {
    /// The first value of a parameter.
    pub fn get(&self, wire: &str) -> Option<&str> {
        self.0.iter().find(|(param, _)| param.wire == wire)?.1.first().map(String::as_str)
    }

    /// The first value of a parameter, as a number.
    pub fn number(&self, wire: &str) -> Option<usize> {
        self.get(wire)?.parse().ok()
    }

    /// Whether a parameter is true.
    pub fn is_true(&self, wire: &str) -> bool {
        self.get(wire).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// The known parameters of a query.
pub(crate) fn check(endpoint: &Endpoint, query: &str) -> Result<Asked, Faulty> {
    let mut asked = Asked::default();
    let mut faulty = Faulty::new();
    let params = || endpoint.operation.params.iter().filter(|param| param.place == ParameterIn::Query);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some(param) = params().find(|param| is_of(param, &name)) else { continue };
        // An empty value is no value.
        if value.is_empty() {
            continue;
        }
        if let Err(message) = valid(endpoint, param, &value) {
            faulty.entry(param.wire.clone()).or_default().push(message);
        }
        match asked.0.iter_mut().find(|(known, _)| known.wire == param.wire) {
            Some((_, values)) => values.push(value.into_owned()),
            None => asked.0.push((param, vec![value.into_owned()])),
        }
    }
    for param in params().filter(|param| param.required && asked.get(&param.wire).is_none()) {
        faulty.entry(param.wire.clone()).or_default().push(format!("The parameter {} is required.", param.wire));
    }
    if faulty.is_empty() { Ok(asked) } else { Err(faulty) }
}

/// The parameters of a path.
pub(crate) fn path(endpoint: &Endpoint, values: &[String]) -> Result<(), Faulty> {
    let mut faulty = Faulty::new();
    for (param, value) in endpoint.path_params.iter().zip(values) {
        if let Err(message) = scalar(endpoint.surface, &param.ty, value) {
            faulty.entry(param.wire.clone()).or_default().push(message);
        }
    }
    if faulty.is_empty() { Ok(()) } else { Err(faulty) }
}

/// Names are compared without case; a map's entries are `name[key]`.
fn is_of(param: &Param, name: &str) -> bool {
    let name = match (&param.ty, name.split_once('[')) {
        (Type::Map(_), Some((name, _))) => name,
        _ => name.trim_end_matches("[]"),
    };
    name.eq_ignore_ascii_case(&param.wire)
}

fn valid(endpoint: &Endpoint, param: &Param, value: &str) -> Result<(), String> {
    match param.wire.as_str() {
        "sort" if param.ty == Type::TEXT => return sort(param, value),
        "page" if value.parse::<u32>().is_ok_and(|page| page < 1) => return Err("The page is at least 1.".into()),
        "pageSize" => {
            let most = match endpoint.operation.paging {
                Some(Paging::Pages { max, .. }) => max,
                _ => u32::MAX,
            };
            if value.parse::<u32>().is_ok_and(|size| size < 1 || size > most) {
                return Err(format!("The page size is from 1 to {most}."));
            }
        }
        _ => {}
    }
    let items: Vec<&str> = if is_listed(param) { value.split(',').map(str::trim).collect() } else { vec![value] };
    let most = param.max.or(is_listed(param).then_some(MOST_IDS));
    if let Some(most) = most.filter(|most| param.wire != "pageSize" && items.len() > *most as usize) {
        return Err(format!("At most {most} values are taken."));
    }
    if let Some(most) = param.max_length.filter(|most| value.chars().count() > *most as usize) {
        return Err(format!("At most {most} characters are taken."));
    }
    if is_listed(param)
        && let Some(item) = items.iter().find(|item| item.parse::<i64>().is_err())
    {
        return Err(not_valid(item));
    }
    scalar(endpoint.surface, &param.ty, value)
}

/// Whether a text holds ids, separated by commas.
fn is_listed(param: &Param) -> bool {
    let lower = param.wire.to_ascii_lowercase();
    param.ty == Type::TEXT && lower == "ids"
}

fn sort(param: &Param, value: &str) -> Result<(), String> {
    let field = value.strip_prefix(['+', '-']).unwrap_or(value);
    let known = param.choices.iter().any(|choice| choice.trim_start_matches(['+', '-']).eq_ignore_ascii_case(field));
    let is_word = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric());
    match param.choices.is_empty() {
        // Nobody says which fields it takes.
        true if is_word => Ok(()),
        true => Err(not_valid(value)),
        false if known => Ok(()),
        false => Err(format!("{} It is one of {}, with + or - before it.", not_valid(value), param.choices.join(", "))),
    }
}

/// Whether a text is a value of the type.
fn scalar(surface: &Surface, ty: &Type, value: &str) -> Result<(), String> {
    let fine = match ty {
        Type::Option(inner) | Type::List(inner) => return scalar(surface, inner, value),
        Type::Map(_) | Type::Tree(_) => true,
        Type::Named(name) => match surface.named(name) {
            Some(TypeDef::Enum(cases)) => tradewire_sandbox_seed::is_case(cases, value),
            _ => true,
        },
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Scalar::S32 => value.parse::<i32>().is_ok(),
            Scalar::S64 => value.parse::<i64>().is_ok(),
            Scalar::F64 | Scalar::Decimal => is_number(value),
            Scalar::Date | Scalar::DateTime => clock::read(value).is_some(),
            Scalar::Guid => is_guid(value),
            _ => true,
        },
    };
    if fine { Ok(()) } else { Err(not_valid(value)) }
}

/// Whether a text is a UUID.
pub(super) fn is_guid(value: &str) -> bool {
    value.len() == 36
        && value
            .char_indices()
            .all(|(at, c)| if [8, 13, 18, 23].contains(&at) { c == '-' } else { c.is_ascii_hexdigit() })
}

fn not_valid(value: &str) -> String {
    format!("The value '{value}' is not valid.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_sandbox_seed::plan::Plan;

    use super::*;

    fn told(id: &str, query: &str) -> Vec<String> {
        match check(Plan::get().endpoint(id).unwrap(), query) {
            Ok(_) => Vec::new(),
            Err(faulty) => faulty.into_keys().collect(),
        }
    }

    #[test]
    fn invalid_values_are_told_all_at_once_and_unknown_parameters_are_ignored() {
        let id = "crm/customers.get-list";
        assert_eq!(told(id, "page=0&pageSize=5001&createdBefore=yesterday&active=Perhaps").len(), 4);
        assert_eq!(told(id, "foo=1&page=2&pageSize=5000&createdBefore=2026-01-01&active=any"), [""; 0]);
    }

    #[test]
    fn a_sort_is_a_known_field_after_an_encoded_plus_or_a_minus() {
        let id = "crm/customers.get-list";
        assert_eq!(told(id, "sort=%2BCreatedOn"), [""; 0]);
        assert_eq!(told(id, "sort=-createdon"), [""; 0]);
        assert_eq!(told(id, "sort=+CreatedOn"), ["sort"]);
        assert_eq!(told(id, "sort=Shoes"), ["sort"]);
    }

    #[test]
    fn ids_are_at_most_fifty_numbers() {
        let ids = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(told("crm/customers.get-list", &format!("ids={}", ids(50))), [""; 0]);
        assert_eq!(told("crm/customers.get-list", &format!("ids={}", ids(51))), ["ids"]);
        assert_eq!(told("crm/customers.get-list", "ids=1,x"), ["ids"]);
    }

    #[test]
    fn names_are_compared_without_case() {
        let endpoint = Plan::get().endpoint("crm/customers.get-list").unwrap();
        assert_eq!(check(endpoint, "PAGESIZE=7").unwrap().number("pageSize"), Some(7));
    }
}
