//! Calls: the tags by which templates ask what is outside of them. It is the engine's one extension point.
//!
//! A [`Tag`] is a word of whoever embeds the engine. It names what it calls by a dotted name and hands arguments to it:
//!
//! ```liquid
//! {% stock part = warehouse.part number: line.number %}{ "left": {{ part.left }} }
//! ```
//!
//! Names and arguments are looked up when a template is parsed; while it is rendered, whoever renders answers
//! ([`Calls`]).
//!
//! ```
//! use tradewire_liquid::{Answer, Argument, Call, CallFault, Callee, Calls, Limits, Mode, Options, Parameter, Shape, Tag};
//! use tradewire_liquid::{Template, Value};
//!
//! #[derive(Debug)]
//! struct Stock;
//!
//! impl Tag for Stock {
//!     fn word(&self) -> &'static str {
//!         "stock"
//!     }
//!     fn path(&self) -> &'static [&'static str] {
//!         &["a warehouse", "`part`"]
//!     }
//!     fn find(&self, path: &[&str]) -> Result<Box<dyn Callee>, String> {
//!         if path[1] == "part" { Ok(Box::new(Part)) } else { Err("there is only `part`".to_owned()) }
//!     }
//! }
//!
//! struct Part;
//!
//! impl Callee for Part {
//!     fn name(&self) -> String {
//!         "warehouse.part".to_owned()
//!     }
//!     fn parameter(&self, name: &str) -> Result<Parameter, String> {
//!         let known = name == "number";
//!         known.then(|| Parameter::new(name, Shape::Text)).ok_or_else(|| format!("there is no `{name}`, only `number`"))
//!     }
//!     fn missing(&self, given: &[Parameter]) -> Option<&str> {
//!         given.is_empty().then_some("number")
//!     }
//! }
//!
//! struct Shelves;
//!
//! impl Calls for Shelves {
//!     fn call(&self, call: &Call) -> Result<Answer, CallFault> {
//!         assert_eq!(call.arguments, [("number".to_owned(), Argument::Text("P-7".to_owned()))]);
//!         Ok(Answer { value: Value::object([("left", 3.into())]), bytes: 10 })
//!     }
//! }
//!
//! let options = Options { tags: vec![std::sync::Arc::new(Stock)], ..Options::default() };
//! let template = Template::parse("{% stock part = warehouse.part number: 'P-7' %}[{{ part.left }}]", &options)?;
//! assert_eq!(template.calls()[0].callee, "warehouse.part");
//! let json = template.render_calling(&Value::default(), Mode::Json, &Limits::default(), &Shelves)?;
//! assert_eq!(json, "[3]");
//! # Ok::<(), tradewire_liquid::Error>(())
//! ```

use std::fmt;

use bytes::Bytes;

use crate::call_fault::CallFault;
use crate::location::Location;
use crate::value::Value;

/// A tag that calls: its word, and what it can name.
pub trait Tag: fmt::Debug + Send + Sync {
    /// The word behind `{%`.
    fn word(&self) -> &'static str;

    /// What each part of a dotted name should be, as an error says it: `a resource, such as \`vendors\``.
    fn path(&self) -> &'static [&'static str];

    /// What a dotted name stands for, in as many parts as [`path`](Self::path) has.
    ///
    /// # Errors
    /// What is wrong with the name, and what to write instead.
    fn find(&self, path: &[&str]) -> Result<Box<dyn Callee>, String>;
}

/// What a tag calls, while a template is parsed.
pub trait Callee {
    /// Its dotted name. It is what [`Call::callee`] says when a template is rendered.
    fn name(&self) -> String;

    /// The parameter that an argument of that name is for.
    ///
    /// # Errors
    /// What is wrong with the name, and what to write instead.
    fn parameter(&self, name: &str) -> Result<Parameter, String>;

    /// The name of a parameter that must be given and is not.
    fn missing(&self, given: &[Parameter]) -> Option<&str>;
}

/// What an argument is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, as [`Call::arguments`] has it.
    pub name: Box<str>,
    /// What it takes.
    pub shape: Shape,
}

impl Parameter {
    /// A parameter.
    #[must_use]
    pub fn new(name: &str, shape: Shape) -> Self {
        Parameter { name: name.into(), shape }
    }
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text: what a value is written as.
    Text,
    /// Texts: the items of a list, or the one that a value is.
    List,
    /// JSON: an object or a list, or a capture that holds JSON.
    Json,
}

/// An argument, as its parameter takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// For [`Shape::Text`].
    Text(String),
    /// For [`Shape::List`].
    List(Vec<String>),
    /// For [`Shape::Json`]: strict JSON.
    Json(Bytes),
}

/// A call of a rendering.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called: [`Callee::name`].
    pub callee: String,
    /// The arguments, in the order in which they are written.
    pub arguments: Vec<(String, Argument)>,
    /// The most bytes of JSON that the answer may have.
    pub most_bytes: usize,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// What the template's variable is set to.
    pub value: Value,
    /// How many bytes of JSON it was.
    pub bytes: usize,
}

/// Answers the calls of templates. A rendering waits for each.
pub trait Calls: Send + Sync {
    /// Answers one call.
    ///
    /// # Errors
    /// Why there is no answer. It ends the rendering.
    fn call(&self, call: &Call) -> Result<Answer, CallFault>;
}

/// A place where a template calls.
#[derive(Debug, Clone)]
pub struct CallUse {
    /// What it calls: [`Callee::name`].
    pub callee: String,
    /// Where.
    pub place: Location,
}

/// Where nothing answers.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

#[derive(Debug, thiserror::Error)]
#[error("nothing answers calls here")]
struct NothingAnswers;

impl Calls for Nobody {
    fn call(&self, _: &Call) -> Result<Answer, CallFault> {
        Err(NothingAnswers.into())
    }
}
