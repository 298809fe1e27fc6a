//! JSON in and out: strict reading of inputs, writing, and the settling of what a template wrote.

mod read;
mod scan;
mod seek;
mod settle;
mod write;

pub use read::cost;
pub(crate) use read::read;
pub(crate) use scan::{Fault, number_end};
pub(crate) use seek::seek;
pub(crate) use settle::settle;
pub(crate) use write::{escape, quote, write_list, write_object, write_pretty, write_value};

/// Lists and objects inside each other.
pub(crate) const DEPTH: usize = 128;
