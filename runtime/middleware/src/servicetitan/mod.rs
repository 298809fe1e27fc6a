//! ServiceTitan inside templates: the tag `servicetitan`.
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
//! when the pack is set up ([`Template::calls`](crate::liquid::Template::calls) tells what is called). An answer that is
//! no success ends the rendering.

mod live;
mod samples;
mod target;

use tradewire_client::{Arguments, CallError};
use tradewire_surface::OperationRef;

use crate::liquid::Value;

pub use live::Live;
pub use samples::Samples;
pub(crate) use target::{Place, Target};

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

/// An answer, and how many bytes of JSON it was.
#[derive(Debug)]
pub struct Answer {
    /// What the template's variable is set to.
    pub value: Value,
    /// The bytes that came.
    pub bytes: usize,
}

/// Answers the calls of templates. A rendering waits for each.
pub trait Calls: Send + Sync {
    /// Answers one call.
    ///
    /// # Errors
    /// What ServiceTitan or whoever stands before it says.
    fn call(&self, asked: &Asked) -> Result<Answer, CallError>;
}

/// Where nothing answers: a rendering without a tenant.
pub struct Nobody;

impl Calls for Nobody {
    fn call(&self, _: &Asked) -> Result<Answer, CallError> {
        Err(CallError::new("refused", "the template is rendered without a tenant: there is no ServiceTitan to ask"))
    }
}
