//! Liquid that writes JSON safely.
//!
//! It renders plain text as Shopify's Liquid does, and JSON in which no value can become structure:
//!
//! ```
//! use tradewire_liquid::{Limits, Mode, Options, Template, Value};
//!
//! let template = Template::parse(r#"{ "name": "{{ name }}", "quantity": {{ quantity }}, }"#, &Options::default())?;
//! let order = Value::from_json(r#"{ "name": "3/4\" pipe", "quantity": 2.50 }"#)?;
//! let json = template.render(&order, Mode::Json, &Limits::default())?;
//! assert_eq!(json, r#"{"name":"3/4\" pipe","quantity":2.50}"#);
//! # Ok::<(), tradewire_liquid::Error>(())
//! ```
//!
//! # Why not the `liquid` crate
//! It was measured first (0.26.11): 439 of golden-liquid's 928 valid cases; its numbers go through doubles, its objects
//! lose their order, and every missing value is an error, all of which is in its value model and its frames; 1,200
//! nested blocks overflow the stack and abort the process; a malformed tag in a comment panics; `(1..10000000)` takes
//! 550 MB, and nothing bounds output or time. What would have been left of it is less than what would have been
//! replaced, so parser, values and evaluation are here. And a crate whose values carry no origin cannot tell a quote of
//! the author's from one in a customer's name.
//!
//! # How JSON stays safe
//! In [`Mode::Json`] each text knows who wrote it (`text`). What the author wrote is structure: the template's text, literals
//! in expressions, captures, what `as_header` builds. What came from a value never is, whatever filters it went through.
//! The sink follows the author's text to know whether it is inside a JSON string (`structure`), escapes values there, and
//! writes them as JSON outside. A literal outside a string that is no JSON (`Accepted`) is quoted. `| raw` opts out, and
//! [`Template::raw_uses`] tells where.
//!
//! Tags that call what is outside are [`Tag`]s of whoever embeds the engine.
//!
//! The result is then read leniently (a comma may trail) and written strictly; members that are there twice are refused,
//! except in `headers`.

mod call;
mod call_fault;
mod compare;
mod error;
mod expression;
mod filters;
mod json;
mod lexer;
mod limits;
mod lines;
mod location;
mod names;
mod number;
mod object;
mod parser;
pub mod pointer;
pub mod reads;
mod render;
mod structure;
mod text;
mod traced;
mod tree;
mod val;
mod value;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

pub use call::{Answer, Argument, Call, CallUse, Callee, Calls, Nobody, Parameter, Shape, Tag};
pub use call_fault::CallFault;
pub use error::{Error, Problem};
pub use json::cost;
pub use limits::Limits;
pub use location::Location;
pub use traced::Traced;
pub use value::{Members, Number, Object, Value};

use lines::Lines;
use names::Names;
use render::{Answers, Given, Trace};
use tree::Block;

/// The slots of the names that loops set.
const FORLOOP: usize = 0;
const TABLEROWLOOP: usize = 1;

/// What a template is parsed with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What errors call the template: such as the path of its file.
    pub name: String,
    /// Other templates, for `include` and `render`: name and source.
    pub partials: Vec<(String, String)>,
    /// Names given to the template that partials of `render` see too, such as `config`.
    pub globals: Vec<String>,
    /// Blocks inside each other.
    pub nesting: usize,
    /// The tags that call what is outside of templates.
    pub tags: Vec<Arc<dyn Tag>>,
}

impl Default for Options {
    fn default() -> Self {
        let (partials, globals, tags) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: "template".to_owned(), partials, globals, nesting: 100, tags }
    }
}

/// What a rendering is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Text, as Shopify Liquid prints it.
    Text,
    /// Strict JSON.
    Json,
}

/// A parsed template. Parse once, render often, from any thread.
#[derive(Debug, Clone)]
pub struct Template {
    name: Arc<str>,
    source: Arc<str>,
    body: Block,
    partials: HashMap<Box<str>, PartialSource>,
    names: Names,
    globals: Vec<usize>,
    loops: usize,
    raws: Vec<Location>,
    calls: Vec<CallUse>,
}

/// A partial, parsed together with the template that may run it.
#[derive(Debug, Clone)]
struct PartialSource {
    name: Arc<str>,
    source: Arc<str>,
    body: Block,
    /// The slot of its own name.
    slot: usize,
}

impl Template {
    /// Parses a template and its partials.
    ///
    /// # Errors
    /// What is not Liquid, with line and column: unknown tags and filters, wrong counts of arguments, blocks that are
    /// not closed or are nested too deeply.
    pub fn parse(source: &str, options: &Options) -> Result<Self, Error> {
        let mut names = Names::default();
        names.slot("forloop");
        names.slot("tablerowloop");
        let globals = options.globals.iter().map(|name| names.slot(name)).collect();
        let mut shared = parser::Shared {
            names,
            loops: Names::default(),
            nesting: options.nesting,
            tags: &options.tags,
            raws: Vec::new(),
            calls: Vec::new(),
        };
        let (mut raws, mut calls) = (Vec::new(), Vec::new());
        let mut parse = |name: &Arc<str>, source: &str, shared: &mut parser::Shared<'_>| {
            let body = parser::parse(source, shared).map_err(|(place, problem)| problem.at(name, source, place))?;
            let lines = Lines::of(source);
            let at = |byte| {
                let (line, column) = lines.place(byte);
                Location { name: name.clone(), line, column }
            };
            raws.extend(shared.raws.drain(..).map(at));
            calls.extend(shared.calls.drain(..).map(|(byte, callee)| CallUse { callee, place: at(byte) }));
            Ok::<_, Error>(body)
        };
        let name: Arc<str> = options.name.as_str().into();
        let body = parse(&name, source, &mut shared)?;
        let mut partials = HashMap::new();
        for (name, source) in &options.partials {
            let own = name.rsplit('/').next().unwrap_or(name);
            let slot = shared.names.slot(own);
            let label: Arc<str> = name.as_str().into();
            let body = parse(&label, source, &mut shared)?;
            partials.insert(
                name.as_str().into(),
                PartialSource { name: label, source: source.as_str().into(), body, slot },
            );
        }
        let (names, loops) = (shared.names, shared.loops.len());
        Ok(Self { name, source: source.into(), body, partials, names, globals, loops, raws, calls })
    }

    /// Renders the template with the members of `data` as its variables.
    ///
    /// # Errors
    /// A filter or comparison that cannot use a value, a limit, or output that is not JSON; with line and column.
    pub fn render(&self, data: &Value, mode: Mode, limits: &Limits) -> Result<String, Error> {
        self.render_calling(data, mode, limits, &Nobody)
    }

    /// Renders the template; `calls` answers what it calls. Blocks while it waits for an answer.
    ///
    /// # Errors
    /// As [`render`](Self::render), and calls that do not succeed.
    pub fn render_calling(
        &self,
        data: &Value,
        mode: Mode,
        limits: &Limits,
        calls: &dyn Calls,
    ) -> Result<String, Error> {
        let answers = Answers::default();
        let given = Given { data, answers: &answers };
        let start = Instant::now();
        let (text, _) = render::render(self, given, mode, limits, calls, false)?;
        if mode == Mode::Text {
            return Ok(text);
        }
        json::settle(&text).map_err(|fault| {
            // Once more, to learn what the place of the fault came from; a rendering that succeeds pays nothing for it.
            // The answers are those of the first time: nothing is called again. It takes what is left of the time, and not
            // all of it anew.
            let left = limits.time.saturating_sub(start.elapsed()).max(limits.time / 5);
            let limits = Limits { time: left, ..limits.clone() };
            let trace = render::render(self, given, mode, &limits, &Nobody, true).ok().and_then(|(_, trace)| trace);
            self.unsettled(fault, trace.as_ref())
        })
    }

    /// The error for output that is not JSON, at the place that it came from where a trace tells that.
    fn unsettled(&self, (offset, why): json::Fault, trace: Option<&Trace>) -> Error {
        let problem = Problem::Json(why);
        let located = trace.and_then(|trace| trace.locate(offset, problem.clone()));
        located.unwrap_or_else(|| problem.at(&self.name, &self.source, 0))
    }

    /// Renders JSON as the template wrote it, before it is checked and made strict: for those who measure the two apart.
    ///
    /// # Errors
    /// As [`render`](Self::render), but for output that is not JSON.
    pub fn render_unsettled(&self, data: &Value, limits: &Limits, calls: &dyn Calls) -> Result<String, Error> {
        let answers = Answers::default();
        render::render(self, Given { data, answers: &answers }, Mode::Json, limits, calls, false).map(|(text, _)| text)
    }

    /// What the template and its partials call, with the tags of [`Options::tags`].
    #[must_use]
    pub fn calls(&self) -> &[CallUse] {
        &self.calls
    }

    /// What errors call the template.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the template and its partials use `| raw`.
    #[must_use]
    pub fn raw_uses(&self) -> &[Location] {
        &self.raws
    }
}
