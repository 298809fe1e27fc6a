//! `{% servicetitan %}`: what is refused when a template is parsed, what is asked when it is rendered, and the real thing.
#![allow(missing_docs, clippy::unwrap_used)]

mod asked;
mod live;
mod parsed;

use tradewire_middleware::liquid::{Error, Options, Template, Value};

fn parse(source: &str) -> Result<Template, Error> {
    Template::parse(source, &Options::default())
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
