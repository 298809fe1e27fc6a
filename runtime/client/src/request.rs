//! One request as it will be sent: made from an operation of the catalog and its arguments, or by the raw door.

use bytes::Bytes;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use tradewire_surface::path::{self, ENCODED, Path};
use tradewire_surface::{Answer, Body, Effect, OperationRef};
use url::Url;

use crate::arguments::{Arguments, Room, Upload};
use crate::error::{Error, Kind};
use crate::retry::Nature;

/// A request, owned and repeatable.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What logs and errors call it.
    pub(crate) operation: String,
    pub(crate) scope: Option<String>,
    pub(crate) method: Method,
    pub(crate) nature: Nature,
    /// The path, encoded.
    pub(crate) path: String,
    /// The query, encoded.
    pub(crate) query: String,
    pub(crate) content: Content,
    pub(crate) expects: Expects,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Nothing,
    Json(Bytes),
    File { field: String, upload: Upload },
}

/// What is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expects {
    /// JSON or nothing.
    Json,
    /// Bytes, here or behind a redirect.
    File,
}

impl Request {
    /// The request for an operation. Errors are of [`Kind::Invalid`] and carry no status: nothing was sent.
    pub(crate) fn of(op: OperationRef<'_>, tenant: i64, arguments: &Arguments) -> Result<Request, Error> {
        let invalid = |message: String| Error::new(Kind::Invalid, message).at(&op.id());
        arguments.fit().map_err(invalid)?;
        let operation = op.operation;
        let content = match (&operation.body, &arguments.body, &arguments.file) {
            (Some(Body::File(field)), None, Some(upload)) => {
                Content::File { field: field.clone(), upload: upload.clone() }
            }
            (Some(Body::File(field)), ..) => {
                return Err(invalid(format!("the operation takes a file (`{field}`) and no JSON body")));
            }
            (_, _, Some(_)) => return Err(invalid("the operation takes no file".into())),
            (Some(Body::Json(_)), Some(body), None) => Content::Json(body.clone()),
            (None, Some(_), None) => return Err(invalid("the operation takes no body".into())),
            (_, None, None) => Content::Nothing,
        };
        Ok(Request {
            operation: op.id(),
            scope: Some(operation.scope.clone()).filter(|s| !s.is_empty()),
            method: method(operation.method),
            nature: Nature {
                reads: operation.effect == Effect::Read,
                idempotent: operation.method.is_idempotent(),
                reporting: is_reporting(&operation.path),
            },
            path: fill(&operation.path, tenant, &arguments.path).map_err(invalid)?,
            query: encode_query(&arguments.query),
            content,
            expects: if operation.answer == Answer::File { Expects::File } else { Expects::Json },
        })
    }

    /// The request of the raw door: what is sent is written from the segments that were allowed.
    pub(crate) fn raw(
        method: Method,
        path: &Path,
        params: &[(String, String)],
        tenant: i64,
        body: Option<Bytes>,
    ) -> Result<Request, Error> {
        let of_tenant = path.is_of(tenant);
        let path = path.written(tenant);
        // Only the path: a query may hold what logs must not.
        let name = format!("raw {method} {path}");
        Room::fits_parameters(params).map_err(|message| Error::new(Kind::Invalid, message).at(&name))?;
        if !of_tenant {
            let message = "a path holds `/tenant/{tenant}/`, of the tenant that the run is for";
            return Err(Error::new(Kind::Invalid, message).at(&name));
        }
        let reads = method == Method::GET || method == Method::HEAD;
        Ok(Request {
            scope: None,
            nature: Nature {
                reads,
                idempotent: reads || method == Method::PUT || method == Method::DELETE,
                reporting: is_reporting(&path),
            },
            path,
            query: encode_query(params),
            content: body.map_or(Content::Nothing, Content::Json),
            expects: Expects::Json,
            method,
            operation: name,
        })
    }

    /// Its address under that base.
    pub(crate) fn address(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        url.set_query(Some(self.query.as_str()).filter(|q| !q.is_empty()));
        url
    }

    /// The key of the limit of one a minute, for the data of reports.
    pub(crate) fn report(&self) -> Option<&str> {
        (self.nature.reporting && self.method == Method::POST && self.path.ends_with("/data")).then_some(&self.path)
    }
}

/// Writes parameters as a query.
pub(crate) fn encode_query(pairs: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ENCODED));
        query.push('=');
        query.extend(utf8_percent_encode(value, ENCODED));
    }
    query
}

/// The path of an operation as it is sent: its parameters encoded, each within its own segment.
///
/// # Errors
/// What is missing, unknown, given twice, or would not stay one segment.
pub fn fill(template: &str, tenant: i64, values: &[(String, String)]) -> Result<String, String> {
    let mut path = String::with_capacity(template.len() + 16);
    let mut used = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("`{template}` is no path template"))?;
        path.push_str(before);
        rest = after;
        if name == "tenant" {
            path.push_str(&tenant.to_string());
            continue;
        }
        let (_, value) = values
            .iter()
            .find(|(given, _)| given == name)
            .ok_or_else(|| format!("the path parameter `{name}` is missing"))?;
        // Encoding does not help here: readers of addresses take `%2E%2E` for `..`, and many servers `%2F` for `/`.
        path::check(value).map_err(|fault| format!("the path parameter `{name}` {fault}"))?;
        path.extend(utf8_percent_encode(value, ENCODED));
        used += 1;
    }
    path.push_str(rest);
    if used < values.len() {
        let unknown = values.iter().find(|(name, _)| !template.contains(&format!("{{{name}}}")));
        return Err(match unknown {
            Some((name, _)) => format!("the path has no parameter `{name}`"),
            None => "a path parameter is given twice".into(),
        });
    }
    Ok(path)
}

fn is_reporting(path: &str) -> bool {
    path.starts_with("/reporting/")
}

pub(crate) fn method(method: tradewire_surface::Method) -> Method {
    match method {
        tradewire_surface::Method::Get => Method::GET,
        tradewire_surface::Method::Post => Method::POST,
        tradewire_surface::Method::Put => Method::PUT,
        tradewire_surface::Method::Patch => Method::PATCH,
        tradewire_surface::Method::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tradewire_surface::Catalog;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    fn raw(path: &str) -> Result<Request, Error> {
        Request::raw(Method::GET, &path.parse().unwrap(), &pairs(&[("secret", "1&2")]), 7, None)
    }

    #[test]
    fn the_query_keeps_plus_space_and_unicode_apart() {
        let query =
            encode_query(&pairs(&[("sort", "+CreatedOn"), ("name", "Ann & Bé=1"), ("f[k]", "ü/?#%"), ("ids", "1,2")]));
        assert_eq!(query, "sort=%2BCreatedOn&name=Ann%20%26%20B%C3%A9%3D1&f%5Bk%5D=%C3%BC%2F%3F%23%25&ids=1%2C2");
    }

    #[test]
    fn encoded_text_reaches_the_address_unchanged() {
        let op = Catalog::get().operation("payroll/activity-codes.get").unwrap();
        let arguments =
            Arguments { path: pairs(&[("id", "a?b c+%#")]), query: pairs(&[("q", "+ é")]), ..Arguments::default() };
        let url = Request::of(op, 7, &arguments).unwrap().address(&"http://h:1/base/".parse().unwrap());
        assert_eq!(
            url.as_str(),
            "http://h:1/base/payroll/v2/tenant/7/activity-codes/a%3Fb%20c%2B%25%23?q=%2B%20%C3%A9"
        );
    }

    #[test]
    fn path_parameters_must_be_there_once_and_be_no_dots() {
        let op = Catalog::get().operation("payroll/activity-codes.get").unwrap();
        let with = |list: &[(&str, &str)]| {
            Request::of(op, 7, &Arguments { path: pairs(list), ..Arguments::default() }).map(|r| r.path)
        };
        assert_eq!(with(&[("id", "5")]).unwrap(), "/payroll/v2/tenant/7/activity-codes/5");
        for (list, said) in [
            (&[][..], "`id` is missing"),
            (&[("id", "..")], "`id` has the segment `..`"),
            (&[("id", "")], "`id` has an empty segment"),
            (&[("id", "5/tags/x")], "`id` holds `/`"),
            (&[("id", "..%2f..")], "`id` is encoded twice"),
            (&[("id", "5\r\nHost: x")], "`id` holds a control character"),
            (&[("id", "5"), ("idd", "6")], "no parameter `idd`"),
            (&[("id", "5"), ("id", "6")], "given twice"),
        ] {
            let error = with(list).unwrap_err();
            assert!(error.kind() == Kind::Invalid && error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn every_operation_of_the_catalog_makes_a_request() {
        let mut count = 0;
        for op in Catalog::get().operations() {
            let path = op.operation.params.iter().filter(|p| p.place == tradewire_surface::ParameterIn::Path);
            let file = Upload { name: "a".into(), content_type: "text/plain".into(), content: Bytes::new().into() };
            let arguments = Arguments {
                path: path.map(|p| (p.wire.clone(), "5".to_owned())).collect(),
                body: matches!(op.operation.body, Some(Body::Json(_))).then(|| Bytes::from_static(b"{}")),
                file: matches!(op.operation.body, Some(Body::File(_))).then_some(file),
                ..Arguments::default()
            };
            let request = Request::of(op, 7, &arguments).unwrap();
            assert!(request.path.contains("/tenant/7/") && !request.path.contains('{'), "{}", request.path);
            count += 1;
        }
        assert!(count > 0);
    }

    #[test]
    fn a_body_where_none_belongs_is_refused() {
        let op = Catalog::get().operation("payroll/activity-codes.get-list").unwrap();
        let arguments = Arguments { body: Some(Bytes::from_static(b"{}")), ..Arguments::default() };
        assert!(Request::of(op, 7, &arguments).unwrap_err().to_string().contains("takes no body"));
    }

    #[test]
    fn no_path_parameter_of_any_operation_reaches_another_path() {
        let base: Url = "https://api.example/st/".parse().unwrap();
        let values =
            ["5", "5?/x", "5#x", "a b;c=d@e", "..", "../x", "x/../..", "%2e%2e", "5%2Fx", "\\x", "é", "\u{0}", ""];
        for op in Catalog::get().operations() {
            let names: Vec<&str> = op
                .operation
                .params
                .iter()
                .filter(|p| p.place == tradewire_surface::ParameterIn::Path)
                .map(|p| &*p.wire)
                .collect();
            for value in values {
                let given: Vec<_> = names.iter().map(|name| ((*name).to_owned(), value.to_owned())).collect();
                let Ok(path) = fill(&op.operation.path, 7, &given) else { continue };
                let mut url = base.clone();
                url.set_path(&format!("/st{path}"));
                // What another reader of addresses finds is the template, with the value in the places of its own.
                let found: Vec<String> = url.path_segments().unwrap().map(str::to_owned).collect();
                let wanted: Vec<&str> = op.operation.path.split('/').skip(1).collect();
                assert_eq!(found.len(), wanted.len() + 1, "{}: {value}: {url}", op.id());
                for (found, wanted) in found[1..].iter().zip(wanted) {
                    let found = percent_encoding::percent_decode_str(found).decode_utf8().unwrap();
                    match wanted {
                        "{tenant}" => assert_eq!(found, "7"),
                        _ if wanted.starts_with('{') => assert_eq!(found, value, "{}", op.id()),
                        _ => assert_eq!(found, wanted, "{}: {value}", op.id()),
                    }
                }
                assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
            }
        }
    }

    #[test]
    fn the_raw_door_stays_within_its_tenant() {
        let request = raw("/crm/v2/tenant/{tenant}/customers").unwrap();
        assert_eq!((&*request.path, &*request.query), ("/crm/v2/tenant/7/customers", "secret=1%262"));
        assert_eq!(raw("/crm/v2/tenant/7/customers").unwrap().path, request.path);
        for path in ["/crm/v2/tenant/8/customers", "/crm/v2/customers", "/crm/v2/tenant", "/evil.example/x"] {
            assert_eq!(raw(path).unwrap_err().kind(), Kind::Invalid, "{path}");
        }
    }

    #[test]
    fn what_is_too_long_for_an_address_is_refused_and_not_repeated() {
        let error = format!("/crm/v2/tenant/7/customers/{}", "x".repeat(8 << 20)).parse::<Path>().unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
        let long = [("q".to_owned(), "x".repeat(8 << 20))];
        let path = "/crm/v2/tenant/7/customers".parse().unwrap();
        let error = Request::raw(Method::GET, &path, &long, 7, None).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.to_string().len() < 300, "{error}");
        let op = Catalog::get().operation("payroll/activity-codes.get").unwrap();
        let arguments = Arguments { path: vec![("id".into(), "x".repeat(8 << 20))], ..Arguments::default() };
        let error = Request::of(op, 7, &arguments).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.to_string().contains("`id` has 8388608 bytes"), "{error}");
    }

    #[test]
    fn the_name_of_a_raw_call_leaves_out_its_query() {
        assert_eq!(raw("/a/tenant/7/b").unwrap().operation, "raw GET /a/tenant/7/b");
    }

    #[test]
    fn only_the_data_of_reports_has_the_limit_of_one_a_minute() {
        let path = "/reporting/v2/tenant/{tenant}/report-category/a/reports/1/data".parse().unwrap();
        let data = Request::raw(Method::POST, &path, &[], 7, None).unwrap();
        assert_eq!(data.report(), Some("/reporting/v2/tenant/7/report-category/a/reports/1/data"));
        assert_eq!(raw("/reporting/v2/tenant/7/report-categories").unwrap().report(), None);
    }
}
