//! A rendering that remembers where its output came from.

use super::error::Problem;
use super::render::{self, Answers, Given, Trace};
use super::{Error, Limits, Mode, Template, Value, json};
use crate::call::Calls;
use crate::location::Location;
use crate::pointer;

/// JSON that a template wrote, with the place in the template that each part of it came from.
pub struct Traced {
    /// Strict JSON, as [`Template::render`] gives it.
    pub json: String,
    written: String,
    trace: Option<Trace>,
}

impl Template {
    /// Renders JSON and remembers where it came from. Slower than [`render`](Self::render); for checking and authoring.
    ///
    /// # Errors
    /// As [`render_calling`](Self::render_calling).
    pub fn render_traced(&self, data: &Value, limits: &Limits, calls: &dyn Calls) -> Result<Traced, Error> {
        let answers = Answers::default();
        let given = Given { data, answers: &answers };
        let (written, trace) = render::render(self, given, Mode::Json, limits, calls, true)?;
        match json::settle(&written) {
            Ok(json) => Ok(Traced { json, written, trace }),
            Err(fault) => Err(self.unsettled(fault, trace.as_ref())),
        }
    }
}

impl std::fmt::Debug for Traced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traced").field("json", &self.json).finish_non_exhaustive()
    }
}

impl Traced {
    /// Where the member or item at a JSON pointer such as `/body/items/0/quantity` was written; none where the document
    /// has no such place.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Option<Location> {
        let offset = json::seek(&self.written, pointer::steps(pointer).iter().map(String::as_str))?;
        let Error { name, line, column, .. } = self.trace.as_ref()?.locate(offset, Problem::Json(String::new()))?;
        Some(Location { name, line, column })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Nobody;
    use crate::Options;

    #[test]
    fn a_place_in_the_document_is_one_in_the_template() {
        let source = "{\n  \"number\": \"{{ n }}\",\n  {% if true %}\"items\": [\n    {% for i in items %}{ \"q\": {{ i }}, },{% endfor %}\n  ],{% endif %}\n}";
        let template = Template::parse(source, &Options::default()).unwrap();
        let data = Value::from_json(r#"{ "n": "a\"b", "items": [1, 2] }"#).unwrap();
        let traced = template.render_traced(&data, &Limits::default(), &Nobody).unwrap();
        assert_eq!(traced.json, r#"{"number":"a\"b","items":[{"q":1},{"q":2}]}"#);
        let place = |pointer: &str| traced.place(pointer).map(|place| (place.line, place.column));
        assert_eq!(place("/number"), Some((2, 3)));
        assert_eq!(place("/items/1/q"), Some((4, 27)));
        assert_eq!(place("/items/2"), None);
        assert_eq!(place(""), Some((1, 1)));
    }
}
