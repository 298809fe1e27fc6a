//! What templates are given: `config` and `source`.

use tradewire_liquid::Value;

use super::headers;
use crate::pack::{Authentication, Vendor};

fn variables<'n>(vendor: &Vendor, url: &str, source: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let base = vendor.base_url.as_str().trim_end_matches('/');
    let config = Value::object([("baseUrl", base.into()), ("url", url.into())]);
    Value::object([("config", config), ("source", Value::object(source))])
}

/// What a template for requests is given.
pub(crate) fn for_request(vendor: &Vendor, url: &str, headers: &[(String, String)], body: Value) -> Value {
    let passes = vendor.authentication == Authentication::PassThrough;
    variables(vendor, url, [("headers", headers::shown(headers, passes)), ("body", body)])
}

/// What a template for responses is given.
pub(crate) fn for_response(vendor: &Vendor, url: &str, status: u16, headers: Value, body: Value) -> Value {
    let status = Value::from(i64::from(status));
    variables(vendor, url, [("statusCode", status), ("headers", headers), ("body", body)])
}
