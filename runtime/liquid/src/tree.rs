//! A parsed template.

use super::expression::{Condition, Expr, Filtered};
use super::structure::Literal;
use crate::call::Parameter;

/// What runs between a block's opening and closing tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    pub nodes: Vec<Node>,
}

/// A part of a block, and where in the source it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub kind: Kind,
    pub place: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Author(Literal),
    Output(Filtered),
    Assign { slot: usize, value: Filtered },
    Capture { slot: usize, body: Block },
    If(Box<[(Test, Block)]>),
    Case { subject: Expr, branches: Box<[When]> },
    For(Box<For>),
    TableRow(Box<TableRow>),
    Cycle(Box<Cycle>),
    Count { slot: usize, up: bool },
    IfChanged(Block),
    Include(Box<Partial>),
    Render(Box<Partial>),
    Call(Box<CallTag>),
    Delimiter,
    Break,
    Continue,
}

/// A branch of `case`: its values, none for `else`, and what runs.
pub(crate) type When = (Option<Box<[Expr]>>, Block);

/// Whether a branch runs.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    If(Condition),
    Unless(Condition),
    Else,
}

#[derive(Debug, Clone)]
pub(crate) struct For {
    pub slot: usize,
    pub collection: Expr,
    /// `variable-collection`.
    pub name: Box<str>,
    /// Loops of one name continue where the last one ended.
    pub id: usize,
    pub reversed: bool,
    pub limit: Option<Expr>,
    pub offset: Offset,
    pub body: Block,
    pub otherwise: Block,
}

#[derive(Debug, Clone)]
pub(crate) enum Offset {
    None,
    Continue,
    Of(Expr),
}

#[derive(Debug, Clone)]
pub(crate) struct TableRow {
    pub slot: usize,
    pub collection: Expr,
    pub name: Box<str>,
    pub columns: Option<Expr>,
    pub limit: Option<Expr>,
    pub offset: Option<Expr>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub(crate) struct Cycle {
    pub name: Option<Expr>,
    /// The text of the values, which names a cycle that has no name.
    pub key: Box<str>,
    pub values: Box<[Expr]>,
}

/// A call, and the name that its answer gets.
#[derive(Debug, Clone)]
pub(crate) struct CallTag {
    pub slot: usize,
    pub callee: Box<str>,
    /// Each with the byte of the source where its value begins.
    pub args: Box<[(Parameter, Expr, usize)]>,
}

/// `include` or `render`.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    pub template: Expr,
    pub with: Option<Expr>,
    /// `for` rather than `with`.
    pub each: bool,
    pub alias: Option<usize>,
    pub args: Box<[(usize, Expr)]>,
}
