//! From the parameters of a list to conditions on its records, by their names: `completedOnOrAfter` is a lower bound
//! of `completedOn`, `jobIds` some values of `jobId`. A parameter that no field answers to narrows nothing.

use tradewire_sandbox_seed::clock;
use tradewire_sandbox_seed::plan::Collection;
use tradewire_sandbox_seed::plan::nouns::singular;
use tradewire_surface::{Param, Scalar, Type};

use super::Call;
use crate::store::filter::{Filter, Query, Test};

/// Endings of bounds, the longest first.
const BOUNDS: [(&str, Bound); 11] = [
    ("OnOrBefore", Bound::Until),
    ("OnOrAfter", Bound::From),
    ("OnBefore", Bound::Until),
    ("OnAfter", Bound::From),
    ("Before", Bound::Before),
    ("After", Bound::After),
    ("From", Bound::From),
    ("To", Bound::Until),
    ("Greater", Bound::From),
    ("Less", Bound::Until),
    ("Contains", Bound::Contains),
];

/// Beginnings of bounds.
const PREFIXES: [(&str, Bound); 4] =
    [("min", Bound::From), ("max", Bound::Until), ("from", Bound::From), ("to", Bound::Until)];

#[derive(Clone, Copy)]
enum Bound {
    From,
    After,
    Until,
    Before,
    Contains,
}

/// What a list is asked for.
pub(super) fn query(call: &Call<'_>, number: usize) -> Query {
    let collection = &call.state.plan.collections[number];
    let mut query = Query { active: active(call), ..Query::default() };
    super::scoped(call, &mut query);
    for (param, values) in &call.asked.0 {
        match param.wire.as_str() {
            "sort" if param.ty == Type::TEXT => {
                let descending = values[0].starts_with('-');
                let field = values[0].trim_start_matches(['+', '-']);
                query.sort = field_of(collection, &[field]).map(|field| (field, descending));
            }
            "orderBy" => {
                let descending =
                    call.asked.get("orderByDirection").is_some_and(|d| d.to_lowercase().starts_with("desc"));
                query.sort = field_of(collection, &[&values[0]]).map(|field| (field, descending));
            }
            "page"
            | "pageSize"
            | "includeTotal"
            | "active"
            | "activeOnly"
            | "activeState"
            | "includeInactive"
            | "orderByDirection"
            | "includeRecentChanges" => {}
            _ => query.filters.extend(filter(collection, param, values)),
        }
    }
    query
}

/// Lists that can be asked for inactive records hide them unless they are.
fn active(call: &Call<'_>) -> Option<bool> {
    let has = |wire: &str| call.endpoint.operation.params.iter().any(|param| param.wire == wire);
    let word = |wire: &str| call.asked.get(wire).map(str::to_lowercase);
    let shows = |word: Option<String>| match word.as_deref() {
        Some("any" | "all") => None,
        Some("false" | "inactiveonly") => Some(false),
        _ => Some(true),
    };
    if has("active") {
        shows(word("active"))
    } else if has("activeState") {
        shows(word("activeState"))
    } else if has("activeOnly") {
        call.asked.is_true("activeOnly").then_some(true)
    } else if has("includeInactive") {
        (!call.asked.is_true("includeInactive")).then_some(true)
    } else {
        None
    }
}

fn filter(collection: &Collection, param: &Param, values: &[String]) -> Option<Filter> {
    let wire = param.wire.as_str();
    let text = values[0].as_str();
    let is_moment = matches!(param.ty, Type::Scalar(Scalar::Date | Scalar::DateTime));
    let is_number = matches!(param.ty, Type::Scalar(Scalar::Decimal | Scalar::F64 | Scalar::S32 | Scalar::S64));
    let words = || values.iter().flat_map(|value| value.split(',')).map(|word| word.trim().to_lowercase()).collect();
    match wire {
        "ids" => return Some(Filter::Ids(words())),
        "searchText" | "search" | "searchTerm" => {
            let field = field_of(collection, &["name", "displayName", "title", "code"])?;
            return Some(Filter::Field { field, test: Test::Contains(text.to_lowercase()) });
        }
        _ => {}
    }
    if let Some((stem, bound)) = bound(wire, is_moment || is_number) {
        let test = test(bound, text, is_moment)?;
        return match stem.as_str() {
            "created" => Some(Filter::Created(test)),
            "modified" => Some(Filter::Modified(test)),
            _ => {
                let on = format!("{stem}On");
                let date = format!("{stem}Date");
                let names = [on.as_str(), &stem, &date];
                Some(Filter::Field { field: field_of(collection, &names)?, test })
            }
        };
    }
    if is_moment {
        // A span asked for by its own two fields.
        let bound = if wire.to_ascii_lowercase().starts_with("end") { Bound::Until } else { Bound::From };
        return Some(Filter::Field { field: field_of(collection, &[wire])?, test: test(bound, text, true)? });
    }
    let one = match wire.strip_suffix("Ids") {
        Some(stem) => format!("{stem}Id"),
        None => singular(wire),
    };
    let nested = nested(wire);
    let address = format!("address.{wire}");
    let names = [wire, one.as_str(), nested.as_str(), address.as_str()];
    let field = field_of(collection, &names)?;
    let is_name = matches!(wire, "name" | "title" | "street" | "email" | "description") || wire.ends_with("Name");
    let test =
        if is_name && param.ty == Type::TEXT { Test::Contains(text.to_lowercase()) } else { Test::OneOf(words()) };
    Some(Filter::Field { field, test })
}

fn bound(wire: &str, comparable: bool) -> Option<(String, Bound)> {
    let ending = BOUNDS.iter().find_map(|(ending, bound)| Some((wire.strip_suffix(ending)?.to_owned(), *bound)));
    if let Some((stem, bound)) =
        ending.filter(|(stem, bound)| !stem.is_empty() && (comparable || matches!(bound, Bound::Contains)))
    {
        return Some((stem, bound));
    }
    PREFIXES.iter().filter(|_| comparable).find_map(|(prefix, bound)| {
        let rest = wire.strip_prefix(prefix)?;
        let first = rest.chars().next().filter(char::is_ascii_uppercase)?;
        Some((format!("{}{}", first.to_ascii_lowercase(), &rest[1..]), *bound))
    })
}

fn test(bound: Bound, text: &str, is_moment: bool) -> Option<Test> {
    Some(match (bound, is_moment) {
        (Bound::Contains, _) => Test::Contains(text.to_lowercase()),
        (Bound::From, true) => Test::From(clock::read(text)?),
        (Bound::After, true) => Test::After(clock::read(text)?),
        (Bound::Until, true) => Test::Until(clock::read(text)?),
        (Bound::Before, true) => Test::Before(clock::read(text)?),
        (Bound::From | Bound::After, false) => Test::AtLeast(text.parse().ok()?),
        (Bound::Until | Bound::Before, false) => Test::AtMost(text.parse().ok()?),
    })
}

/// `customerCity` may be the city of a customer.
fn nested(wire: &str) -> String {
    match wire.char_indices().find(|(_, c)| c.is_ascii_uppercase()) {
        Some((at, upper)) => format!("{}.{}{}", &wire[..at], upper.to_ascii_lowercase(), &wire[at + 1..]),
        None => String::new(),
    }
}

/// The first of these that records have, without case. Of `a.b` only `a` is known to be there.
fn field_of(collection: &Collection, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let (outer, inner) = name.split_once('.').map_or((*name, None), |(outer, inner)| (outer, Some(inner)));
        let field = collection.fields.iter().find(|field| field.wire.eq_ignore_ascii_case(outer))?;
        match inner {
            None => Some(field.wire.clone()),
            Some(inner) => {
                let within = tradewire_sandbox_seed::plan::shape::fields(collection.surface, &field.ty)?;
                let inner = within.iter().find(|field| field.wire.eq_ignore_ascii_case(inner))?;
                Some(format!("{}.{}", field.wire, inner.wire))
            }
        }
    })
}
