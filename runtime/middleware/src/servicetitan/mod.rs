//! ServiceTitan inside templates: the [`Tag`] `servicetitan`.
//!
//! ```liquid
//! {% servicetitan vendor = inventory.vendors.get id: source.body.vendorId %}
//! {% servicetitan orders = inventory.purchase-orders.get-list-pages status: "Sent", vendorIds: source.body.vendorIds %}
//! {% for order in orders %}"{{ order.number }}"{% forloop_delimiter %}{% endfor %}
//! ```
//!
//! Operations are those of the catalog, `surface.resource.operation`. Arguments are the operation's parameters, by their
//! names on the wire (`modifiedOnOrAfter`) or in WIT (`modified-on-or-after`), and `body`: an object, or a capture that
//! holds JSON. An argument that is written must have a value: one that is nothing would turn a filter off and call for
//! everything. `…-pages` is the list of the records of all pages; without it the answer is one page, as it came.
//!
//! What is not in the catalog is an error when the template is parsed, with what is near. What is not granted is an error
//! when the pack is set up ([`calls`] tells what is called). An answer that is
//! no success ends the rendering.

mod live;
mod samples;
mod target;

use std::sync::Arc;

use tradewire_client::{Arguments, CallError};
use tradewire_liquid::{Answer, Argument, Call, CallFault, Calls, Location, Options, Tag, Template};
use tradewire_surface::OperationRef;

pub use live::Live;
pub use samples::Samples;
pub use target::ServiceTitanTag;
pub(crate) use target::Target;
use target::To;

/// What templates are parsed with: the tag `servicetitan` is one of theirs.
#[must_use]
pub fn options() -> Options {
    Options { tags: vec![Arc::new(ServiceTitanTag) as Arc<dyn Tag>], ..Options::default() }
}

/// A place where a template calls ServiceTitan.
#[derive(Debug, Clone, Copy)]
pub struct CallUse<'t> {
    /// What it calls.
    pub operation: OperationRef<'static>,
    /// Where.
    pub place: &'t Location,
}

/// What a template and its partials call at ServiceTitan.
pub fn calls(template: &Template) -> impl Iterator<Item = CallUse<'_>> {
    let found = template.calls().iter().map(|call| (Target::named(&call.callee), &call.place));
    found.filter_map(|(target, place)| Some(CallUse { operation: target?.operation, place }))
}

/// One call of a template's.
#[derive(Debug)]
pub struct Asked {
    /// The operation.
    pub operation: OperationRef<'static>,
    /// Whether the records of all pages are asked for.
    pub pages: bool,
    /// The arguments.
    pub arguments: Arguments,
    /// The most bytes of the answer, of all pages together.
    pub most_bytes: usize,
}

impl Asked {
    /// What a call asks of ServiceTitan.
    ///
    /// # Errors
    /// It is no call of the tag `servicetitan`.
    pub fn of(call: &Call) -> Result<Asked, CallError> {
        let foreign = |what: &str| CallError::new("refused", format!("`{what}` is none of ServiceTitan's"));
        let target = Target::named(&call.callee).ok_or_else(|| foreign(&call.callee))?;
        let mut arguments = Arguments::default();
        for (name, argument) in &call.arguments {
            let to = target.to(name).map_err(|_| foreign(name))?;
            match (to, argument) {
                (To::Path(name), Argument::Text(text)) => arguments.path.push((name.to_owned(), text.clone())),
                (To::Query(name), Argument::List(items)) => arguments.query.push((name.to_owned(), items.join(","))),
                (To::Repeated(name), Argument::List(items)) => {
                    arguments.query.extend(items.iter().map(|item| (name.to_owned(), item.clone())));
                }
                (To::Body, Argument::Json(body)) => arguments.body = Some(body.clone()),
                _ => return Err(foreign(name)),
            }
        }
        Ok(Asked { operation: target.operation, pages: target.pages, arguments, most_bytes: call.most_bytes })
    }
}

/// Where nothing answers: a rendering without a tenant.
pub struct Nobody;

impl Calls for Nobody {
    fn call(&self, _: &Call) -> Result<Answer, CallFault> {
        let message = "the template is rendered without a tenant: there is no ServiceTitan to ask";
        Err(CallError::new("refused", message).into())
    }
}
