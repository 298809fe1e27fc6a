//! A new pack: every field of the contracts mapped to a field of the same name, for its author to change.
//!
//! Two kinds of fields are left out: those whose names begin with `$`, which say where a contract is, and those that a
//! serializer made up (`…IHasCatalogDataItems<…>.Items`), which no call holds.

mod templates;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tradewire_liquid::{Options, Template, Value};
use tradewire_surface::Catalog;
use url::Url;

use crate::cases::Case;
use crate::contract::{Contract, Fill};
use crate::fault::Fault;
use crate::pack::{Authentication, Draft, Mapping, Output, Vendor};
use crate::preview::Rehearsal;
use crate::servicetitan;

/// How a new pack authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A key in a header.
    ApiKey,
    /// HTTP Basic.
    Basic,
    /// OAuth 2.0 client credentials.
    OAuth2,
    /// The caller's own authorization.
    PassThrough,
    /// Nothing.
    None,
}

/// The files of a new pack: path within it and content.
pub type Files = Vec<(PathBuf, String)>;

/// Why there is no new pack.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// ServiceTitan publishes no contract under that name.
    #[error("ServiceTitan publishes no contract for `{endpoint}`; {help}")]
    Unknown {
        /// The name.
        endpoint: String,
        /// What to write instead.
        help: String,
    },
    /// A template that was written here does not do what it should.
    #[error("the new pack is faulty, which is a fault of Tradewire's: {0}")]
    Faulty(Fault),
}

/// The endpoints that have contracts.
#[must_use]
pub fn endpoints() -> Vec<&'static str> {
    Catalog::get().contracts.keys().map(String::as_str).collect()
}

/// Writes a new pack.
///
/// # Errors
/// An endpoint without a contract.
pub fn files(endpoints: &[String], base_url: &Url, scheme: Scheme) -> Result<Files, ScaffoldError> {
    let mut files = vec![(PathBuf::from("Configuration/vendor.json"), vendor_file(base_url, scheme))];
    let vendor = vendor(base_url, scheme);
    let error = templates::error();
    let error_file = "Templates/error/Error.liquid";
    let error_template = parse(error_file, &error)?;
    for endpoint in endpoints {
        let contract = Contract::of(endpoint).ok_or_else(|| unknown(endpoint))?;
        let folder = Path::new("Templates").join(endpoint);
        let request_file = folder.join("Request.liquid");
        let response_file = folder.join("Response.liquid");
        let (request, response) = (templates::request(&contract), templates::response(&contract));
        let sandbox = tidy(&contract.request.sample(Fill::Everything));
        let draft = Draft {
            name: endpoint.clone(),
            url: Some(endpoint.clone()),
            effect: None,
            request: Some(Arc::new(parse(&request_file.display().to_string(), &request)?)),
            response: Some(Arc::new(parse(&response_file.display().to_string(), &response)?)),
            sandbox_request: Some(sandbox.clone()),
            sandbox_response: None,
            contract: Some(contract),
        };
        let rehearsal = Rehearsal::new(&vendor, &draft, Some(&error_template));
        let test = Path::new("Tests").join(endpoint).join("every-field.json");
        let case = Case::new(test.clone(), endpoint, &rehearsal.usual_call(), &rehearsal.usual_answer(200));
        let case = case.blessed(&rehearsal).map_err(ScaffoldError::Faulty)?;
        let url = Value::object([("url", endpoint.as_str().into())]).to_pretty_json();
        files.push((folder.join("endpoint.json"), url + "\n"));
        files.push((request_file, request));
        files.push((response_file, response));
        files.push((folder.join("Sandbox_Request.json"), sandbox.to_pretty_json() + "\n"));
        files.push((test, case));
    }
    files.push((error_file.into(), error));
    Ok(files)
}

/// The names of the secrets that a new pack needs.
#[must_use]
pub fn secrets(base_url: &Url, scheme: Scheme) -> Vec<String> {
    vendor(base_url, scheme).authentication.secrets().into_iter().map(str::to_owned).collect()
}

fn unknown(endpoint: &str) -> ScaffoldError {
    let help = match Contract::nearest(endpoint) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", endpoints().join(", ")),
    };
    ScaffoldError::Unknown { endpoint: endpoint.to_owned(), help }
}

fn parse(name: &str, source: &str) -> Result<Template, ScaffoldError> {
    let options = Options { name: name.to_owned(), ..servicetitan::options() };
    Template::parse(source, &options).map_err(|error| ScaffoldError::Faulty(error.into()))
}

/// Whether authors know a field of this name.
fn is_proper(name: &str) -> bool {
    !name.starts_with('$') && !name.contains(['<', '>'])
}

fn tidy(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::object(members.iter().filter(|(name, _)| is_proper(name)).map(|(name, member)| (name, tidy(member))))
        }
        Value::List(items) => Value::List(items.iter().map(tidy).collect()),
        other => other.clone(),
    }
}

fn token_url(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    url.set_path("/oauth/token");
    url
}

/// What `vendor_file` says, read.
fn vendor(base_url: &Url, scheme: Scheme) -> Vendor {
    let authentication = match scheme {
        Scheme::ApiKey => Authentication::ApiKey(vec![Mapping {
            secret: "ApiKey".to_owned(),
            output: Output::Header,
            name: "X-API-KEY".to_owned(),
        }]),
        Scheme::Basic => Authentication::Basic { username: "Username".to_owned(), password: "Password".to_owned() },
        Scheme::OAuth2 => Authentication::OAuth2 { token_url: token_url(base_url), scope: None },
        Scheme::PassThrough => Authentication::PassThrough,
        Scheme::None => Authentication::None,
    };
    Vendor { base_url: base_url.clone(), authentication }
}

fn vendor_file(base_url: &Url, scheme: Scheme) -> String {
    let base = base_url.as_str().trim_end_matches('/');
    let kind = |kind: &str| ("kind", Value::from(kind));
    let authentication = match scheme {
        Scheme::ApiKey => {
            let mapping = [("authenticationKey", "ApiKey"), ("outputType", "Header"), ("outputKey", "X-API-KEY")];
            let mapping = Value::object(mapping.map(|(name, value)| (name, value.into())));
            Some(Value::object([kind("ApiKey"), ("valueMappings", Value::List(vec![mapping]))]))
        }
        Scheme::Basic => Some(Value::object([kind("Basic")])),
        Scheme::OAuth2 => Some(Value::object([kind("OAuth2"), ("tokenUrl", token_url(base_url).as_str().into())])),
        Scheme::PassThrough => Some(Value::object([kind("PassThrough")])),
        Scheme::None => None,
    };
    let members = [("baseUrl", Value::from(base))].into_iter();
    Value::object(members.chain(authentication.map(|found| ("authentication", found)))).to_pretty_json() + "\n"
}

#[cfg(test)]
mod tests;
