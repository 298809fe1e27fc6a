#![allow(clippy::unwrap_used)]

use tradewire_surface::Catalog;

use super::*;

#[test]
fn every_parameter_of_every_operation_is_given() {
    for operation in Catalog::get().operations() {
        let sample = arguments(operation);
        assert_eq!(sample.path.len() + sample.query.len(), operation.operation.params.len(), "{}", operation.id());
        for (name, value) in sample.path.iter().chain(&sample.query) {
            assert!(!value.is_null(), "{} {name}", operation.id());
        }
        let takes_json = matches!(operation.operation.body, Some(Body::Json(_)));
        assert_eq!(sample.body.is_some(), takes_json, "{}", operation.id());
    }
}

#[test]
fn every_field_of_a_body_is_given_and_none_is_null() {
    fn no_nulls(value: &Value, at: &str) {
        match value {
            Value::Null => panic!("{at} is null"),
            Value::Array(items) => items.iter().for_each(|item| no_nulls(item, at)),
            Value::Object(fields) if fields.contains_key("free") => {}
            Value::Object(fields) => fields.iter().for_each(|(name, field)| no_nulls(field, &format!("{at}.{name}"))),
            _ => {}
        }
    }
    for operation in Catalog::get().operations() {
        if let Some(body) = arguments(operation).body {
            no_nulls(&body, &operation.id());
        }
    }
}

#[test]
fn texts_keep_to_their_greatest_length() {
    assert_eq!(of_scalar(Scalar::Text, "a", Some(3)), "a \"");
    assert_eq!(of_scalar(Scalar::Text, "a", Some(2)), "a");
}

#[test]
fn the_answer_of_a_paged_operation_ends_the_walk() {
    for operation in Catalog::get().operations().filter(|o| o.operation.paging.is_some()) {
        if let Some(more) = answer(operation).unwrap().get("hasMore") {
            assert_eq!(more, false, "{}", operation.id());
        }
    }
}

#[test]
fn the_same_operation_always_has_the_same_sample() {
    for operation in Catalog::get().operations() {
        assert_eq!(arguments(operation), arguments(operation));
    }
}
