//! Plans: how the types that a component was compiled with stand to the catalog.
//!
//! A plan is built once, when a component is loaded, by walking the component's own type and the catalog's side by
//! side. [`Decode`] turns an answer's JSON into the component's values, [`Encode`] its arguments into a request. What
//! cannot be bridged is a [`Mismatch`]: the component is refused before it runs.
//!
//! What can: a field that the component never heard of is skipped; an optional one that is gone is none; a case of an
//! enumeration that the component does not know arrives as its `other`.

mod abi;
mod decode;
mod encode;
mod events;
mod mismatch;

pub(crate) use abi::{Layout, flat_count};
pub(crate) use decode::{Decode, DecodeKind, Number, RecordField, Site, decode, result_of};
pub(crate) use encode::{Absent, Encode, encode, fields_plan};
pub(crate) use events::envelopes;
pub use mismatch::Mismatch;
