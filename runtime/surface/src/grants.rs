//! What an operator allows a plugin or a template to call.
//!
//! A grant is written in one of six forms; a read is what [`Effect::Read`] says it is:
//!
//! | written | allows |
//! |---|---|
//! | `payroll/gross-pay-items.get-list` | that operation, its `-pages` form included |
//! | `payroll/gross-pay-items:view` | every read of the resource |
//! | `payroll/gross-pay-items:*` | everything of the resource |
//! | `payroll:view` | every read of the surface |
//! | `payroll:*` | everything of the surface |
//! | `raw:GET /payroll/v2/tenant/{tenant}/news` | that method and path, which the catalog does not know |
//!
//! There is no grant for everything. What is not granted is denied, and [`Grants::line_for`] writes the line that
//! would allow it.

use std::fmt;

use crate::catalog::{Catalog, Effect, Method, OperationRef, Surface};
use crate::path::{Path, Pattern};

/// The grants of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    grants: Vec<Grant>,
    /// Methods and paths beside the catalog.
    raw: Vec<RawGrant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RawGrant {
    method: Method,
    paths: Pattern,
}

/// One grant, known to name something that the catalog has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    surface: String,
    /// None is the whole surface.
    resource: Option<String>,
    reach: Reach,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Operation(String),
    View,
    All,
}

/// A grant that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct GrantError {
    /// Which of the grants, from 0.
    pub index: usize,
    /// As it was written.
    pub grant: String,
    /// What is wrong with it.
    pub fault: String,
    /// What to write instead, where that can be told.
    pub help: Option<String>,
}

impl Grants {
    /// Reads grants against the committed catalog. All faults are told at once.
    pub fn parse<S: AsRef<str>>(grants: &[S]) -> Result<Grants, Vec<GrantError>> {
        Self::parse_in(Catalog::get(), grants)
    }

    /// Reads grants against this catalog. All faults are told at once.
    pub fn parse_in<S: AsRef<str>>(catalog: &Catalog, grants: &[S]) -> Result<Grants, Vec<GrantError>> {
        let mut known = Vec::with_capacity(grants.len());
        let mut raw = Vec::new();
        let mut faults = Vec::new();
        for (index, written) in grants.iter().map(AsRef::as_ref).enumerate() {
            if let Some(target) = written.strip_prefix("raw:") {
                match RawGrant::parse(target) {
                    Ok(grant) => raw.push(grant),
                    Err(fault) => faults.push(GrantError { index, grant: written.to_owned(), fault, help: None }),
                }
                continue;
            }
            match Grant::parse(catalog, written) {
                Ok(grant) => known.push(grant),
                Err((fault, help)) => faults.push(GrantError { index, grant: written.to_owned(), fault, help }),
            }
        }
        if faults.is_empty() { Ok(Grants { grants: known, raw }) } else { Err(faults) }
    }

    /// Whether the operation may be called.
    pub fn allows(&self, operation: &OperationRef<'_>) -> bool {
        self.grants.iter().any(|grant| grant.allows(operation))
    }

    /// Whether the operation of that name may be called; false also where the catalog has no such operation.
    pub fn allows_id(&self, id: &str) -> bool {
        Catalog::get().operation(id).is_some_and(|operation| self.allows(&operation))
    }

    /// The operations of this catalog that may be called, in its order.
    pub fn operations<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = OperationRef<'a>> {
        catalog.operations().filter(|operation| self.allows(operation))
    }

    /// Whether a method and path beside the catalog may be called: `{id}` of a grant stands for any one segment.
    pub fn allows_raw(&self, method: Method, path: &Path) -> bool {
        self.raw.iter().any(|grant| grant.method == method && grant.paths.covers(path))
    }

    /// The line of the configuration that allows these operations besides what is allowed already.
    pub fn line_for<'a>(&self, operations: impl IntoIterator<Item = OperationRef<'a>>) -> String {
        let mut written: Vec<String> = self.grants.iter().map(|grant| format!("\"{grant}\"")).collect();
        written.extend(self.raw.iter().map(|grant| format!("\"raw:{} {}\"", grant.method, grant.paths)));
        for operation in operations {
            let grant = format!("\"{}\"", operation.id());
            if !self.allows(&operation) && !written.contains(&grant) {
                written.push(grant);
            }
        }
        format!("grant = [{}]", written.join(", "))
    }
}

impl RawGrant {
    fn parse(target: &str) -> Result<RawGrant, String> {
        let fault = || {
            format!(
                "`raw:{target}` is not `raw:` with a method and a path, such as `raw:GET /crm/v2/tenant/{{tenant}}/news`"
            )
        };
        let (method, path) = target.split_once(' ').ok_or_else(fault)?;
        let method = method.parse().map_err(|_| fault())?;
        let paths = path.parse().map_err(|error| format!("`raw:` grants a method and a path, and {error}"))?;
        Ok(RawGrant { method, paths })
    }
}

impl Grant {
    fn parse(catalog: &Catalog, written: &str) -> Result<Grant, (String, Option<String>)> {
        let (target, word) = match written.rsplit_once(':') {
            Some((target, word)) => (target, Some(word)),
            None => (written, None),
        };
        let reach = match word {
            None => None,
            Some("view") => Some(Reach::View),
            Some("*") => Some(Reach::All),
            Some(other) => {
                let help = "`:view` allows the reads, `:*` everything".to_owned();
                return Err((format!("`:{other}` is not a kind of grant"), Some(help)));
            }
        };
        let (surface_name, rest) = match target.split_once('/') {
            Some((surface, rest)) => (surface, Some(rest)),
            None => (target, None),
        };
        let surface = catalog.surfaces.get(surface_name).ok_or_else(|| {
            let nearest = Catalog::nearest(surface_name, catalog.surfaces.keys().map(String::as_str));
            let help = nearest.map(|name| instead(&written.replacen(surface_name, name, 1)));
            let all = "write `payroll:view` for the reads of a surface, `payroll:*` for everything in it; `tradewire \
                       surface list` lists all";
            (format!("there is no surface `{surface_name}`"), Some(help.unwrap_or_else(|| all.to_owned())))
        })?;
        let grant = |resource: Option<&str>, reach| Grant {
            surface: surface_name.to_owned(),
            resource: resource.map(str::to_owned),
            reach,
        };
        match (rest, reach) {
            (None, Some(reach)) => Ok(grant(None, reach)),
            (None, None) => {
                let fault = format!("`{written}` does not say what of the surface it grants");
                Err((fault, Some(format!("write `{written}:view` for its reads, or `{written}:*` for everything"))))
            }
            (Some(resource), Some(reach)) => {
                known_resource(surface, resource, written)?;
                Ok(grant(Some(resource), reach))
            }
            (Some(rest), None) => {
                let Some((resource, operation)) = rest.split_once('.') else {
                    known_resource(surface, rest, written)?;
                    let fault = format!("`{written}` does not say what of the resource it grants");
                    let help = format!("write `{written}:view` for its reads, or `{written}:*` for everything");
                    return Err((fault, Some(help)));
                };
                known_resource(surface, resource, written)?;
                known_operation(surface, resource, operation)?;
                Ok(grant(Some(resource), Reach::Operation(operation.to_owned())))
            }
        }
    }

    fn allows(&self, operation: &OperationRef<'_>) -> bool {
        self.surface == operation.surface.name
            && self.resource.as_deref().is_none_or(|resource| resource == operation.resource)
            && match &self.reach {
                Reach::Operation(name) => *name == operation.operation.name,
                Reach::View => operation.operation.effect == Effect::Read,
                Reach::All => true,
            }
    }
}

fn known_resource(surface: &Surface, resource: &str, written: &str) -> Result<(), (String, Option<String>)> {
    if surface.resources.contains_key(resource) {
        return Ok(());
    }
    let nearest = Catalog::nearest(resource, surface.resources.keys().map(String::as_str));
    let help = nearest.map(|name| instead(&written.replacen(&format!("/{resource}"), &format!("/{name}"), 1)));
    let help = help.unwrap_or_else(|| it_has(surface.resources.keys().map(String::as_str)));
    Err((format!("surface `{}` has no resource `{resource}`", surface.name), Some(help)))
}

/// Where nothing is near: all that there is.
fn it_has<'n>(names: impl Iterator<Item = &'n str>) -> String {
    format!("it has {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

fn known_operation(surface: &Surface, resource: &str, operation: &str) -> Result<(), (String, Option<String>)> {
    let names: Vec<&str> = surface.resources[resource].iter().map(|o| o.name.as_str()).collect();
    if names.contains(&operation) {
        return Ok(());
    }
    let whole = |name: &str| format!("{}/{resource}.{name}", surface.name);
    let fault = format!("resource `{}/{resource}` has no operation `{operation}`", surface.name);
    let paged = operation.strip_suffix("-pages").filter(|name| names.contains(name));
    let help = match paged {
        Some(name) => format!("write `{}`: it allows the pages as well", whole(name)),
        None => match Catalog::nearest(operation, names.iter().copied()) {
            Some(name) => instead(&whole(name)),
            None => it_has(names.iter().copied()),
        },
    };
    Err((fault, Some(help)))
}

fn instead(grant: &str) -> String {
    format!("did you mean `{grant}`?")
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.surface)?;
        if let Some(resource) = &self.resource {
            write!(f, "/{resource}")?;
        }
        match &self.reach {
            Reach::Operation(name) => write!(f, ".{name}"),
            Reach::View => f.write_str(":view"),
            Reach::All => f.write_str(":*"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{Answer, Method, Operation};

    fn operation(name: &str, effect: Effect) -> Operation {
        Operation {
            name: name.to_owned(),
            method: if effect == Effect::Read { Method::Get } else { Method::Post },
            path: String::new(),
            scope: String::new(),
            effect,
            params: Vec::new(),
            body: None,
            answer: Answer::Empty,
            paging: None,
            deprecated: false,
        }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for (surface, resource) in [("payroll", "gross-pay-items"), ("payroll", "payrolls"), ("crm", "customers")] {
            let surface = catalog.surfaces.entry(surface.to_owned()).or_insert_with(|| Surface {
                name: surface.to_owned(),
                title: String::new(),
                version: "2.0.0".to_owned(),
                resources: Default::default(),
                events: Vec::new(),
                types: Default::default(),
            });
            let operations = vec![operation("get-list", Effect::Read), operation("create", Effect::Write)];
            surface.resources.insert(resource.to_owned(), operations);
        }
        catalog
    }

    fn allowed(grants: &[&str]) -> Vec<String> {
        let catalog = catalog();
        let grants = Grants::parse_in(&catalog, grants).unwrap();
        grants.operations(&catalog).map(|o| o.id()).collect()
    }

    #[test]
    fn each_form_reaches_what_it_says_and_no_further() {
        assert_eq!(allowed(&[]), Vec::<String>::new());
        assert_eq!(allowed(&["payroll/payrolls.get-list"]), ["payroll/payrolls.get-list"]);
        assert_eq!(allowed(&["payroll/payrolls:view"]), ["payroll/payrolls.get-list"]);
        assert_eq!(allowed(&["payroll/payrolls:*"]), ["payroll/payrolls.get-list", "payroll/payrolls.create"]);
        assert_eq!(allowed(&["payroll:view"]), ["payroll/gross-pay-items.get-list", "payroll/payrolls.get-list"]);
        assert_eq!(allowed(&["crm:*"]), ["crm/customers.get-list", "crm/customers.create"]);
    }

    #[test]
    fn nothing_grants_everything_or_something_by_half() {
        for grant in ["*", "", ":*", "/", "*:*", "payroll", "payroll/payrolls", "payroll/payrolls.", "payroll/:*"] {
            assert!(Grants::parse_in(&catalog(), &[grant]).is_err(), "{grant}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once_with_what_to_write() {
        let written = ["pairoll:view", "payroll/payrols:*", "payroll/payrolls.get-lst", "payroll/payrolls:read", "*"];
        let faults = Grants::parse_in(&catalog(), &written).unwrap_err();
        let told: Vec<_> = faults.iter().map(|f| (f.index, f.fault.as_str(), f.help.as_deref().unwrap())).collect();
        assert_eq!(
            told,
            [
                (0, "there is no surface `pairoll`", "did you mean `payroll:view`?"),
                (1, "surface `payroll` has no resource `payrols`", "did you mean `payroll/payrolls:*`?"),
                (
                    2,
                    "resource `payroll/payrolls` has no operation `get-lst`",
                    "did you mean `payroll/payrolls.get-list`?"
                ),
                (3, "`:read` is not a kind of grant", "`:view` allows the reads, `:*` everything"),
                (
                    4,
                    "there is no surface `*`",
                    "write `payroll:view` for the reads of a surface, `payroll:*` for everything in it; `tradewire surface \
                     list` lists all"
                ),
            ]
        );
    }

    #[test]
    fn the_pages_form_is_granted_by_its_operation() {
        let faults = Grants::parse_in(&catalog(), &["payroll/payrolls.get-list-pages"]).unwrap_err();
        let help = faults[0].help.as_deref();
        assert_eq!(help, Some("write `payroll/payrolls.get-list`: it allows the pages as well"));
    }

    #[test]
    fn the_line_to_add_keeps_what_is_there() {
        let catalog = catalog();
        let grants = Grants::parse_in(&catalog, &["payroll:view"]).unwrap();
        let wanted = ["payroll/payrolls.get-list", "crm/customers.create", "crm/customers.create"];
        let line = grants.line_for(wanted.iter().map(|id| catalog.operation(id).unwrap()));
        assert_eq!(line, r#"grant = ["payroll:view", "crm/customers.create"]"#);
    }

    #[test]
    fn a_raw_grant_is_for_its_method_and_path_alone() {
        let grants = Grants::parse(&["raw:GET /crm/v2/tenant/{tenant}/news/{id}"]).unwrap();
        let allows = |method, path: &str| grants.allows_raw(method, &path.parse().unwrap());
        assert!(allows(Method::Get, "/crm/v2/tenant/{tenant}/news/7"));
        assert!(allows(Method::Get, "/crm/v2/tenant/{tenant}/n%65ws/7"), "letters may be encoded");
        assert!(!allows(Method::Post, "/crm/v2/tenant/{tenant}/news/7"));
        assert!(!allows(Method::Get, "/crm/v2/tenant/{tenant}/news/7/more"));
        assert!(!allows(Method::Get, "/crm/v2/tenant/{tenant}/News/7"));
        assert!(!allows(Method::Get, "/crm/v2/tenant/{tenant}/news/{tenant}"));
        assert!(!allows(Method::Get, "/crm/v2/tenant/99/news/7"));
        assert!(Grants::parse(&["raw:FETCH /x"]).is_err());
        for path in ["/x?", "/x/", "//x", "/x/..", "/x y\u{7}", "x", "/a%2fb"] {
            assert!(Grants::parse(&[format!("raw:GET {path}")]).is_err(), "{path}");
        }
        let line = grants.line_for([]);
        assert_eq!(line, r#"grant = ["raw:GET /crm/v2/tenant/{tenant}/news/{id}"]"#);
    }
}
