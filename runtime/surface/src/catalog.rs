//! The catalog itself: surfaces, resources, operations, events and contracts.
//!
//! [`Catalog::get`] is the committed one. Everything else in the runtime (WIT, dispatch, grants, sandbox, docs)
//! reads it; nothing else holds a list of operations.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::types::{Type, TypeDef, is_false};

/// Everything that ServiceTitan offers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The surfaces, by name: 24 of operations and `webhooks`.
    pub surfaces: IndexMap<String, Surface>,
    /// The supply-chain middleware contracts, by endpoint.
    pub contracts: IndexMap<String, Contract>,
}

/// One API surface: one WIT package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Its name: the WIT package `servicetitan:<name>`.
    pub name: String,
    /// Its title in prose.
    pub title: String,
    /// The version of its WIT package.
    pub version: String,
    /// Its operations, by resource (one WIT interface each).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub resources: IndexMap<String, Vec<Operation>>,
    /// Its webhook events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Its named types, by WIT name.
    pub types: IndexMap<String, TypeDef>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its name: the WIT function.
    pub name: String,
    /// The HTTP method.
    pub method: Method,
    /// The path on the host, with the module and parameters in braces: `/payroll/v2/tenant/{tenant}/payrolls/{id}`.
    pub path: String,
    /// The OAuth scope it asks for.
    pub scope: String,
    /// Whether calling it changes anything.
    pub effect: Effect,
    /// Its parameters but `tenant`: those of the path first, in the path's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Param>,
    /// What it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// What it answers.
    pub answer: Answer,
    /// How it is walked through, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// Whether ServiceTitan calls it deprecated.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Whether sending it twice has the effect of sending it once (RFC 9110, 9.2.2).
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get | Method::Put | Method::Delete)
    }
}

/// A word that is no method.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not one of GET, POST, PUT, PATCH and DELETE")]
pub struct UnknownMethod(String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete]
            .into_iter()
            .find(|method| method.as_str() == word)
            .ok_or_else(|| UnknownMethod(word.to_owned()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an operation changes anything. A POST whose scope is a read (`:r`) reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It only reads.
    Read,
    /// It may change something.
    Write,
}

/// A parameter of the path or the query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name on the wire.
    pub wire: String,
    /// Where it goes.
    #[serde(rename = "in")]
    pub place: ParameterIn,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it must be given (those of the path always must).
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// The closed list of values or fields that it takes, where the description names one (`sort`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The most items that it takes (`ids`), the greatest number (`pageSize`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// The most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterIn {
    /// A segment of the path.
    Path,
    /// The query: lists are repeated (`a=1&a=2`), maps are `name[key]=value`.
    Query,
}

/// What an operation sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// JSON of this type.
    Json(Type),
    /// One file as multipart form data, under this field name.
    File(String),
}

/// What an operation answers when all is well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing.
    Empty,
    /// JSON of this type.
    Json(Type),
    /// A file, straight (audio of calls) or behind a redirect (images and attachments).
    File,
}

/// How the records of an operation are walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Paging {
    /// `page` from 1 and `pageSize`, while `hasMore`.
    Pages {
        /// The most records in a page.
        max: u32,
        /// The records in a page where `pageSize` is not given.
        default: u32,
    },
    /// An export feed: `from` takes the `continueFrom` of the page before.
    Feed,
}

/// A webhook event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name in WIT.
    pub name: String,
    /// Its CloudEvents type: `tn.jpm.job-completed`.
    pub wire: String,
    /// What its `data` holds.
    pub payload: Type,
}

/// The contract of a supply-chain middleware endpoint: JSON Schemas (draft 4) without their prose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// What ServiceTitan sends.
    pub request: serde_json::Value,
    /// What it wants back.
    pub response: serde_json::Value,
    /// Whether a vendor that is asked this may do something.
    pub effect: Effect,
    /// The endpoint by which one sees whether the vendor did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_by: Option<String>,
}

/// An operation and where it stands.
#[derive(Clone, Copy)]
pub struct OperationRef<'a> {
    /// Its surface.
    pub surface: &'a Surface,
    /// Its resource.
    pub resource: &'a str,
    /// The operation itself.
    pub operation: &'a Operation,
}

impl fmt::Debug for OperationRef<'_> {
    /// Its name: whole, it would be its surface with all operations.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl OperationRef<'_> {
    /// Its name everywhere that people write one: `payroll/gross-pay-items.get-list`.
    pub fn id(&self) -> String {
        format!("{}/{}.{}", self.surface.name, self.resource, self.operation.name)
    }
}

impl Catalog {
    /// The committed catalog.
    pub fn get() -> &'static Catalog {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(crate::committed::load);
        &CATALOG
    }

    /// All operations, in the catalog's order.
    pub fn operations(&self) -> impl Iterator<Item = OperationRef<'_>> {
        self.surfaces.values().flat_map(|surface| {
            surface.resources.iter().flat_map(move |(resource, operations)| {
                operations.iter().map(move |operation| OperationRef { surface, resource, operation })
            })
        })
    }

    /// The operation of that name: `payroll/gross-pay-items.get-list`.
    pub fn operation(&self, id: &str) -> Option<OperationRef<'_>> {
        let (surface, rest) = id.split_once('/')?;
        let (resource, name) = rest.split_once('.')?;
        self.find(surface, resource, name)
    }

    /// The operation of that surface, resource and name.
    pub fn find(&self, surface: &str, resource: &str, name: &str) -> Option<OperationRef<'_>> {
        let surface = self.surfaces.get(surface)?;
        let (resource, operations) = surface.resources.get_key_value(resource)?;
        let operation = operations.iter().find(|o| o.name == name)?;
        Some(OperationRef { surface, resource, operation })
    }

    /// The webhook events of all surfaces.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.surfaces.values().flat_map(|surface| &surface.events)
    }

    /// The name among `names` that is nearest to `wanted`, where one is near: [`tradewire_text::nearest`].
    pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        tradewire_text::nearest(wanted, names)
    }
}

impl Surface {
    /// The named type, looked through to its definition.
    pub fn named(&self, name: &str) -> Option<&TypeDef> {
        self.types.get(name)
    }
}
