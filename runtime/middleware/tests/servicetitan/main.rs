//! `{% servicetitan %}`: what is refused when a template is parsed, what is asked when it is rendered, and the real thing.
#![allow(missing_docs, clippy::unwrap_used)]

mod asked;
mod live;
mod parsed;

use tradewire_liquid::{Error, Template, Value};
use tradewire_middleware::servicetitan::options;

fn parse(source: &str) -> Result<Template, Error> {
    Template::parse(source, &options())
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
