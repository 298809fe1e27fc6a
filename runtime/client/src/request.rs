//! One request as it will be sent: made from an operation of the catalog and its arguments, or by the raw door.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Method;
use tradewire_surface::{Answer, Body, Effect, OperationRef};
use url::Url;

use crate::arguments::{Arguments, Upload};
use crate::error::{Error, Kind};
use crate::retry::Nature;

/// All but the unreserved characters of RFC 3986 are encoded: also `+`, which a query would read as a space.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most bytes of a path and query, encoded: as many as an address of HTTP libraries and servers may have.
const LONGEST_TARGET: usize = 62 * 1024;

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

    /// The request of the raw door. `target` is a path with an optional query, both encoded by the caller;
    /// `{tenant}` in it is filled in.
    pub(crate) fn raw(method: Method, target: &str, tenant: i64, body: Option<Bytes>) -> Result<Request, Error> {
        if target.len() > LONGEST_TARGET {
            let message = format!("the path and the query have {} bytes and may have {LONGEST_TARGET}", target.len());
            return Err(Error::new(Kind::Invalid, message).at(&format!("raw {method}")));
        }
        let filled = target.replace("{tenant}", &tenant.to_string());
        let (path, query) = filled.split_once('?').unwrap_or((&filled, ""));
        // Only the path: a query may hold what logs must not.
        let name = format!("raw {method} {path}");
        let invalid = |message: &str| Error::new(Kind::Invalid, message).at(&name);
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(invalid("a path begins with one `/` and names no host"));
        }
        if filled.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '#')) {
            return Err(invalid("encode white space, `\\` and `#` in a path or query"));
        }
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        if decoded.split(['/', '\\']).any(|segment| segment == "." || segment == "..") {
            return Err(invalid("a path may not hold `.` or `..`"));
        }
        let mut segments = path.split('/').skip_while(|segment| *segment != "tenant");
        if segments.next().is_none() || segments.next() != Some(tenant.to_string().as_str()) {
            return Err(invalid("a path holds `/tenant/{tenant}/`, of the tenant that the run is for"));
        }
        let reads = method == Method::GET || method == Method::HEAD;
        Ok(Request {
            scope: None,
            nature: Nature {
                reads,
                idempotent: reads || method == Method::PUT || method == Method::DELETE,
                reporting: is_reporting(path),
            },
            path: path.to_owned(),
            query: query.to_owned(),
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

fn fill(template: &str, tenant: i64, values: &[(String, String)]) -> Result<String, String> {
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
        // Encoding does not help here: URL parsers take `%2E%2E` for `..` as well.
        if value.is_empty() || value == "." || value == ".." {
            return Err(format!("the path parameter `{name}` cannot be `{value}`"));
        }
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

    fn raw(target: &str) -> Result<Request, Error> {
        Request::raw(Method::GET, target, 7, None)
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
            Arguments { path: pairs(&[("id", "a/b c+%")]), query: pairs(&[("q", "+ é")]), ..Arguments::default() };
        let url = Request::of(op, 7, &arguments).unwrap().address(&"http://h:1/base/".parse().unwrap());
        assert_eq!(url.as_str(), "http://h:1/base/payroll/v2/tenant/7/activity-codes/a%2Fb%20c%2B%25?q=%2B%20%C3%A9");
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
            (&[("id", "..")], "cannot be `..`"),
            (&[("id", "")], "cannot be"),
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
            let path = op.operation.params.iter().filter(|p| p.place == tradewire_surface::Place::Path);
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
    fn the_raw_door_stays_within_its_host_and_tenant() {
        let request = raw("/crm/v2/tenant/{tenant}/customers?page=1&name=a%2Bb").unwrap();
        assert_eq!(request.path, "/crm/v2/tenant/7/customers");
        assert_eq!(request.query, "page=1&name=a%2Bb");
        for target in [
            "crm/v2/tenant/7/customers",
            "//evil.example/tenant/7/",
            "http://evil.example/tenant/7/x",
            "/crm/v2/tenant/8/customers",
            "/crm/v2/customers",
            "/crm/v2/tenant",
            "/crm/v2/tenant/7/../8/customers",
            "/crm/v2/tenant/7/%2e%2E/8/customers",
            "/crm/v2/tenant/7/..%2f8/customers",
            "/crm/v2/tenant/7\\..\\8/customers",
            "/crm/v2/tenant/7/a b",
            "/crm/v2/tenant/7/x\r\nHost: evil",
            "/crm/v2/tenant/7/x#y",
            "@evil.example/tenant/7/",
            "",
        ] {
            assert_eq!(raw(target).unwrap_err().kind(), Kind::Invalid, "{target}");
        }
    }

    #[test]
    fn what_is_too_long_for_an_address_is_refused_and_not_repeated() {
        let error = raw(&format!("/crm/v2/tenant/7/customers/{}", "x".repeat(8 << 20))).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.to_string().len() < 200, "{error}");
        let op = Catalog::get().operation("payroll/activity-codes.get").unwrap();
        let arguments = Arguments { path: vec![("id".into(), "x".repeat(8 << 20))], ..Arguments::default() };
        let error = Request::of(op, 7, &arguments).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.to_string().contains("`id` has 8388608 bytes"), "{error}");
    }

    #[test]
    fn the_name_of_a_raw_call_leaves_out_its_query() {
        assert_eq!(raw("/a/tenant/7/b?secret=1").unwrap().operation, "raw GET /a/tenant/7/b");
    }

    #[test]
    fn only_the_data_of_reports_has_the_limit_of_one_a_minute() {
        let data =
            Request::raw(Method::POST, "/reporting/v2/tenant/7/report-category/a/reports/1/data", 7, None).unwrap();
        assert_eq!(data.report(), Some("/reporting/v2/tenant/7/report-category/a/reports/1/data"));
        assert_eq!(raw("/reporting/v2/tenant/7/report-categories").unwrap().report(), None);
    }
}
