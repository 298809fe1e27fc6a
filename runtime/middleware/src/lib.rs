//! Request-middleware: a vendor describes in Liquid how ServiceTitan's calls map onto its own API and back.
//!
//! A [`Pack`](pack::Pack) is a vendor's templates in the official layout, read and checked as a whole. A
//! [`Middleware`](exchange::Middleware) carries a call to the vendor and back: check by the [`contract`], render, call,
//! render, check. Templates are [`tradewire_liquid`]'s; they may ask [`servicetitan`] on the way.

pub mod cases;
pub mod check;
pub mod contract;
pub mod exchange;
pub mod fault;
#[cfg(test)]
mod folder;
pub mod pack;
pub mod preview;
pub mod scaffold;
pub mod servicetitan;
pub mod shape;
