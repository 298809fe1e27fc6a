//! Compiling strangers' components: within limits, in a process of its own, and nobody waits for it.
#![cfg(unix)]

mod cache;
mod limits;
pub mod plugins;
mod python;
mod serving;
