//! What a tag names, found in the catalog while the template is parsed.

use tradewire_liquid::{Callee, Parameter, Shape, Tag};
use tradewire_surface::names::kebab;
use tradewire_surface::{Answer, Body, Catalog, OperationRef, Type};

/// The suffix that asks for the records of all pages.
const PAGES: &str = "-pages";
/// The argument that is the body.
const BODY: &str = "body";

/// An operation that a tag calls.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub operation: OperationRef<'static>,
    pub pages: bool,
}

/// `{% servicetitan name = surface.resource.operation argument: value, … %}`
#[derive(Debug, Clone, Copy)]
pub struct ServiceTitanTag;

impl Tag for ServiceTitanTag {
    fn word(&self) -> &'static str {
        "servicetitan"
    }

    fn path(&self) -> &'static [&'static str] {
        &[
            "an operation, such as `inventory.vendors.get`",
            "a resource, such as `vendors`",
            "an operation, such as `get`",
        ]
    }

    fn find(&self, path: &[&str]) -> Result<Box<dyn Callee>, String> {
        let [surface, resource, operation] = path else { return Err(format!("`{}` is no operation", path.join("."))) };
        Ok(Box::new(Target::find(surface, resource, operation)?))
    }
}

impl Callee for Target {
    fn name(&self) -> String {
        self.written()
    }

    fn parameter(&self, name: &str) -> Result<Parameter, String> {
        let to = self.to(name)?;
        let shape = match to {
            To::Path(_) => Shape::Text,
            To::Query(_) | To::Repeated(_) => Shape::List,
            To::Body => Shape::Json,
        };
        Ok(Parameter::new(to.name(), shape))
    }

    fn missing(&self, given: &[Parameter]) -> Option<&str> {
        let has = |name: &str| given.iter().any(|parameter| &*parameter.name == name);
        let operation = self.operation.operation;
        let params = operation.params.iter().filter(|p| p.required || p.place == tradewire_surface::ParameterIn::Path);
        let missing = params.map(|param| param.wire.as_str()).find(|name| !has(name));
        missing.or((operation.body.is_some() && !has(BODY)).then_some(BODY))
    }
}

/// Where an argument goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Path(&'static str),
    /// One value; a list's items stand in it with commas between.
    Query(&'static str),
    /// A value for each item.
    Repeated(&'static str),
    Body,
}

impl To {
    fn name(self) -> &'static str {
        match self {
            To::Path(name) | To::Query(name) | To::Repeated(name) => name,
            To::Body => BODY,
        }
    }
}

impl Target {
    /// The operation of that name, or what to write instead.
    pub fn find(surface: &str, resource: &str, name: &str) -> Result<Target, String> {
        let catalog = Catalog::get();
        let plain = name.strip_suffix(PAGES);
        let target = match (catalog.find(surface, resource, name), plain) {
            (Some(operation), _) => Target { operation, pages: false },
            (None, Some(plain)) => match catalog.find(surface, resource, plain) {
                Some(operation) if operation.operation.paging.is_some() => Target { operation, pages: true },
                Some(_) => return Err(format!("`{surface}.{resource}.{plain}` has no pages; leave `{PAGES}` out")),
                None => return Err(unknown(surface, resource, name)),
            },
            (None, None) => return Err(unknown(surface, resource, name)),
        };
        let written = target.written();
        match (&target.operation.operation.answer, &target.operation.operation.body) {
            (Answer::File, _) => Err(format!("`{written}` answers a file, which a template cannot read")),
            (_, Some(Body::File(_))) => Err(format!("`{written}` takes a file, which a template does not have")),
            _ => Ok(target),
        }
    }

    /// The operation that a tag has found by this name.
    pub fn named(written: &str) -> Option<Target> {
        let mut parts = written.split('.');
        let target = Target::find(parts.next()?, parts.next()?, parts.next()?).ok()?;
        parts.next().is_none().then_some(target)
    }

    /// As a tag writes it.
    fn written(&self) -> String {
        let OperationRef { surface, resource, operation } = self.operation;
        format!("{}.{resource}.{}{}", surface.name, operation.name, if self.pages { PAGES } else { "" })
    }

    /// Where the argument of that name goes, or what to write instead.
    pub fn to(&self, name: &str) -> Result<To, String> {
        let params = &self.operation.operation.params;
        if let Some(param) = params.iter().find(|p| p.wire == name || kebab(&p.wire) == kebab(name)) {
            if self.pages && matches!(param.wire.as_str(), "page" | "from" | "continueFrom") {
                return Err(format!("`{}` walks through all pages; leave `{name}` out", self.written()));
            }
            return Ok(match (param.place, &param.ty) {
                (tradewire_surface::ParameterIn::Path, _) => To::Path(&param.wire),
                (tradewire_surface::ParameterIn::Query, Type::List(_)) => To::Repeated(&param.wire),
                (tradewire_surface::ParameterIn::Query, _) => To::Query(&param.wire),
            });
        }
        if name == BODY && self.operation.operation.body.is_some() {
            return Ok(To::Body);
        }
        let mut known: Vec<&str> = params.iter().map(|param| param.wire.as_str()).collect();
        known.extend(self.operation.operation.body.is_some().then_some(BODY));
        let written = self.written();
        Err(match (Catalog::nearest(name, known.iter().copied()), known.is_empty()) {
            (Some(near), _) => format!("`{written}` takes no argument `{name}`; did you mean `{near}`?"),
            (None, true) => format!("`{written}` takes no arguments"),
            (None, false) => format!("`{written}` takes no argument `{name}`, only `{}`", known.join("`, `")),
        })
    }
}

/// Names what is unknown, and the nearest to it.
fn unknown(surface: &str, resource: &str, name: &str) -> String {
    let catalog = Catalog::get();
    let near = |wanted: &str, names: Vec<&str>, kind: &str| match Catalog::nearest(wanted, names.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; the {kind} are `{}`", names.join("`, `")),
    };
    let Some(found) = catalog.surfaces.get(surface) else {
        let names = catalog.surfaces.values().filter(|s| !s.resources.is_empty()).map(|s| s.name.as_str()).collect();
        return format!("ServiceTitan has no surface `{surface}`{}", near(surface, names, "surfaces"));
    };
    let Some(operations) = found.resources.get(resource) else {
        let names = found.resources.keys().map(String::as_str).collect();
        return format!("`{surface}` has no resource `{resource}`{}", near(resource, names, "resources"));
    };
    let paged = operations.iter().filter(|o| o.paging.is_some()).map(|o| format!("{}{PAGES}", o.name));
    let names: Vec<String> = operations.iter().map(|o| o.name.clone()).chain(paged).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    let longer = format!("{name}-");
    if names.iter().any(|known| known.starts_with(&longer)) {
        // ServiceTitan calls the same thing `get` here and `get-by-id` there.
        names.retain(|known| known.starts_with(&longer));
        return format!("`{surface}.{resource}` has no operation `{name}`; there are `{}`", names.join("`, `"));
    }
    format!("`{surface}.{resource}` has no operation `{name}`{}", near(name, names, "operations"))
}
