//! Inputs for templates in the style of the official packs, and the check that nothing in them is structure.
//!
//! Each input is rendered twice: as it is, and with every text in it replaced by a harmless one. Both outputs must have
//! the same shape, and the texts that are written alone must come back as they were. The fuzz target uses this too.

use tradewire_liquid::{Limits, Mode, Number, Object, Options, Problem, Template, Value};

pub use super::nasty::Choices;
use super::nasty::{harmless, leaves, same_shape};

impl Choices<'_> {
    fn fields(&mut self, names: &[&str]) -> Object {
        let mut object = Object::default();
        for name in names {
            if self.below(8) > 0 {
                object.insert(*name, self.any(2));
            }
        }
        object
    }

    fn items(&mut self) -> Value {
        let items = (0..self.below(4)).map(|_| {
            let mut item = self.fields(&["code", "name", "description", "quantity", "cost", "extra"]);
            item.insert("fields", self.object(1));
            Value::Object(item)
        });
        Value::List(items.collect())
    }

    /// What a template is given.
    fn input(&mut self) -> Value {
        let mut order =
            self.fields(&["number", "note", "reference", "total", "tax", "rush", "requiredOn", "kind", "lines"]);
        order.insert("customer", Value::Object(self.fields(&["name", "phone"])));
        order.insert("shipTo", Value::Object(self.fields(&["street", "city", "zip"])));
        order.insert("tags", Value::List((0..self.below(4)).map(|_| Value::from(self.text())).collect()));
        order.insert("items", self.items());
        let mut body = self.fields(&["accountId", "errorMessage", "errorCode", "note"]);
        body.insert("purchaseOrder", Value::Object(order));
        body.insert("items", self.items());
        let mut source = self.fields(&["statusCode"]);
        source.insert("headers", self.object(0));
        source.insert("body", Value::Object(body));
        let config = self.fields(&["baseUrl", "url"]);
        Value::object([("source", Value::Object(source)), ("config", Value::Object(config))])
    }
}

/// The templates, parsed.
pub struct Hostile {
    templates: Vec<(&'static str, Template)>,
    limits: Limits,
}

impl Hostile {
    /// Parses the templates.
    pub fn new() -> Self {
        let partials = vec![("part".to_owned(), include_str!("part.liquid").to_owned())];
        let parse = |name: &'static str, source: &str| {
            let options = Options { name: name.to_owned(), partials: partials.clone(), ..Options::default() };
            (name, Template::parse(source, &options).unwrap_or_else(|error| panic!("{error}")))
        };
        let templates =
            vec![parse("order", include_str!("order.liquid")), parse("answer", include_str!("answer.liquid"))];
        Self { templates, limits: Limits::default() }
    }

    /// Renders one hostile input; yields how many values were in it.
    pub fn check(&self, choices: &mut Choices) -> usize {
        let input = choices.input();
        let twin = harmless(&input);
        for (name, template) in &self.templates {
            let found = match template.render(&input, Mode::Json, &self.limits) {
                Ok(found) => found,
                // A number of a hundred digits cannot be calculated with.
                Err(error) if matches!(error.problem, Problem::Filter { .. }) => continue,
                Err(error) => panic!("{name}: {error}\n{input}"),
            };
            let wanted = template.render(&twin, Mode::Json, &self.limits);
            let wanted = wanted.unwrap_or_else(|error| panic!("{name}, harmless: {error}\n{twin}"));
            let found = Value::from_json(&found).unwrap_or_else(|error| panic!("{name}: {error}\n{found}\n{input}"));
            let wanted = Value::from_json(&wanted).unwrap_or_else(|error| panic!("{name}: {error}\n{wanted}"));
            if let Err(what) = same_shape("", &found, &wanted) {
                panic!("{name}: {what}\nfound {found}\nwanted {wanted}\nof {input}");
            }
            exact(&input, &found);
        }
        leaves(&input)
    }
}

/// A text that is written alone comes back as it was, inside a string and outside.
fn exact(input: &Value, found: &Value) {
    let note = input.get("source").and_then(|v| v.get("body")?.get("purchaseOrder")?.get("note"));
    if let Some(Value::List(both)) = found.get("body").and_then(|body| body.get("both")) {
        if let Some(Value::Text(note)) = note {
            assert_eq!(both.first().and_then(Value::as_text), Some(&**note));
            assert_eq!(both.get(1).and_then(Value::as_text), Some(&**note));
        }
        if let Some(Value::Number(number)) = note {
            assert_eq!(both.first().and_then(Value::as_text), Some(&*number.to_string()));
            assert!(matches!(&both[1], Value::Number(found) if same_text(found, number)));
        }
    }
}

fn same_text(a: &Number, b: &Number) -> bool {
    a.to_string() == b.to_string()
}
