//! What ServiceTitan offers, as data: every API surface, operation, type, scope, webhook event and middleware contract.
//!
//! The [`Catalog`] is derived from ServiceTitan's published descriptions by [`import`] and committed as facts
//! (names, types, paths, scopes; none of their prose). [`wit`] writes the contract that plugins compile against.
//! This crate knows nothing of networks or files beyond the importer's own input.
//!
//! ```
//! use tradewire_surface::Catalog;
//!
//! let payrolls = Catalog::get().operation("payroll/gross-pay-items.get-list").expect("in the catalog");
//! assert_eq!(payrolls.operation.scope, "tn.prl.grosspayitems:r");
//! ```

pub mod catalog;
mod committed;
pub mod difference;
pub mod grants;
pub mod import;
pub mod names;
pub mod path;
pub mod types;
pub mod wit;

pub use catalog::{
    Answer, Body, Catalog, Contract, Effect, Event, Method, Operation, OperationRef, Paging, Param, ParameterIn,
    Surface,
};
pub use committed::files;
pub use types::{Case, Enum, EnumWire, Field, Need, Scalar, Type, TypeDef};
