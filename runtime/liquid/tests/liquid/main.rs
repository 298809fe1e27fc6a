//! The engine from outside: as Shopify's Liquid prints, as JSON that no value can break, and within its limits.
#![allow(clippy::unwrap_used)]

mod call;
mod golden;
mod hostile;
mod json;
mod limits;
mod published;
