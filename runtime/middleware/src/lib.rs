//! Request-middleware: a supplier describes in Liquid how ServiceTitan's calls map onto its own API and back.
//!
//! [`liquid`] is the engine. It renders plain text as Shopify's Liquid does, and JSON in which no value can become
//! structure:
//!
//! ```
//! use tradewire_middleware::liquid::{Limits, Mode, Options, Template, Value};
//!
//! let template = Template::parse(r#"{ "name": "{{ name }}", "quantity": {{ quantity }}, }"#, &Options::default())?;
//! let order = Value::from_json(r#"{ "name": "3/4\" pipe", "quantity": 2.50 }"#)?;
//! let json = template.render(&order, Mode::Json, &Limits::default())?;
//! assert_eq!(json, r#"{"name":"3/4\" pipe","quantity":2.50}"#);
//! # Ok::<(), tradewire_middleware::liquid::Error>(())
//! ```
//!
//! A [`Pack`](pack::Pack) is a supplier's templates in the official layout, read and checked as a whole. A
//! [`Middleware`](exchange::Middleware) carries a call to the supplier and back: check by the
//! [`contract`], render, call, render, check. Templates may ask [`servicetitan`] on the way.

pub mod cases;
pub mod check;
pub mod contract;
pub mod exchange;
pub mod fault;
#[cfg(test)]
mod folder;
pub mod liquid;
pub mod pack;
mod pointer;
pub mod preview;
pub mod scaffold;
pub mod servicetitan;
pub mod shape;
