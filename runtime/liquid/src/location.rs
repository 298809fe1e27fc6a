//! Places in templates.

use std::sync::Arc;

/// A place in a template or partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The template or partial.
    pub name: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
