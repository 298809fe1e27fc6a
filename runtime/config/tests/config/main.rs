//! `tradewire.toml`: what a good one means, what is said of a bad one, and its schema.
#![allow(clippy::unwrap_used)]

mod reading;
mod schema;
