//! What can go wrong, and where.
//!
//! Policy: a template's fault, a value's fault and a limit are all an [`Error`] with the template's line and column.
//! Nothing that a template or a value holds makes the engine panic, abort, or take memory without bound.

use std::sync::Arc;

use crate::call_fault::CallFault;

/// A template that cannot be parsed, or a rendering that had to stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {problem}")]
pub struct Error {
    /// The template or partial, as [`Options::name`](super::Options::name) gives it.
    pub name: Arc<str>,
    /// Line in the template, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong, apart from where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The template is not Liquid.
    #[error("{0}")]
    Syntax(String),
    /// A filter cannot use what it was given.
    #[error("{filter}: {why}")]
    Filter {
        /// The filter's name.
        filter: &'static str,
        /// What it cannot use, and what it takes.
        why: String,
    },
    /// An expression or a tag's argument has a value that cannot be used there.
    #[error("{0}")]
    Value(String),
    /// A call has no answer.
    #[error("{callee}: {fault}")]
    Call {
        /// What was called.
        callee: String,
        /// Why not.
        fault: CallFault,
    },
    /// A limit was reached.
    #[error("{limit} went over {value}; raise `{setting}` if the template needs more")]
    Limit {
        /// What was counted.
        limit: &'static str,
        /// The limit, in the unit of its setting.
        value: u64,
        /// The field of [`Limits`](super::Limits) or [`Options`](super::Options).
        setting: &'static str,
    },
    /// Text that is not JSON: the output of a template, or an input.
    #[error("{0}")]
    Json(String),
}

impl Problem {
    pub(crate) fn syntax(text: impl Into<String>) -> Self {
        Self::Syntax(text.into())
    }

    pub(crate) fn value(text: impl Into<String>) -> Self {
        Self::Value(text.into())
    }

    /// Puts a place to the problem: `offset` is a byte of `source`.
    #[must_use]
    pub fn at(self, name: &Arc<str>, source: &str, offset: usize) -> Error {
        let (line, column) = place(source, offset);
        Error { name: name.clone(), line, column, problem: self }
    }
}

/// Line and column of a byte, both from 1.
pub(crate) fn place(source: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let before = &source[..end];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Shortens what is quoted in a message, so that a message stays a line.
pub(crate) fn quoted(text: &str) -> String {
    let text = text.trim();
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
