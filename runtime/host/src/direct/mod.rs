//! Values straight between JSON and a component's memory.
//!
//! wasmtime offers two ways to define a host function: with Rust types fixed at compile time, or with `Val` trees. The
//! first cannot know the types that a plugin was compiled with; the second allocates a name, a box and a vector for
//! every field of every record. [`Answer`] and [`Arguments`] are a third: they implement wasmtime's own traits for
//! values whose shape a plan holds, so that an answer's bytes go from the network buffer into the plugin's memory with
//! nothing in between.
//!
//! These traits are unsafe to implement and wasmtime keeps them stable for patch releases only; the workspace pins
//! the version. What they ask for, and why it holds:
//!
//! * `Lower` must be a sequence of `ValRaw`: it is `[ValRaw; N]`.
//! * `ABI` must describe the value: wasmtime checks the bounds of a host function's memory arguments and results by
//!   the component's type, not by this constant, and everything here reads and writes through bounds-checked slices.
//! * `typecheck` must accept only types that the implementation can handle: it compares the number of flat values,
//!   which is what memory safety rests on. Plans were checked against the type when the component was loaded.
//!
//! A wrong plan can therefore give a plugin wrong values, never the host wrong memory.
#![allow(unsafe_code)]

mod document;
mod fault;
mod lift;
mod lower;
mod writer;

pub(crate) use lift::{Arguments, Value};
pub(crate) use lower::{Answer, AnswerPlan, Budget, Outcome};
