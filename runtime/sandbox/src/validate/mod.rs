//! Whether a call is what the catalog says of its operation; what is wrong is told by field, all of it at once.

mod body;
mod query;

pub(crate) use body::check as body;
pub(crate) use query::{Asked, check as query, path};
