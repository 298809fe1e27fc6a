//! The client over real sockets: what it sends, what it makes of what comes back, what it tries again.
#![allow(clippy::unwrap_used)]

mod errors;
mod files;
mod pages;
mod retries;
mod support;
mod tokens;
