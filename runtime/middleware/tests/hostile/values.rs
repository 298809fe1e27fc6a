//! Hostile values for templates in the style of the official packs, and the check that none of them is structure.
//!
//! Each input is rendered twice: as it is, and with every text in it replaced by a harmless one. Both outputs must have
//! the same shape, and the texts that are written alone must come back as they were. The fuzz target uses this too.

use tradewire_middleware::liquid::{Limits, Mode, Number, Object, Options, Problem, Template, Value};

const NASTY: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "\\\\\"",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1}",
    "\u{1f}",
    "\u{7f}",
    "x\",\"PriceOverride\":\"0",
    "\"}",
    "]}",
    "},{",
    "\\u0022",
    "\\u",
    "{{ config.secret }}",
    "{% raw %}",
    "{% endraw %}",
    "{%",
    "}}",
    "%}",
    "{{",
    "//",
    "/*",
    "*/",
    "😀",
    "\u{10ffff}",
    "é",
    "\u{2028}",
    "\u{feff}",
    "null",
    "true",
    "-1e999",
    "99999999999999999999999999999999",
    "3/4\" pipe",
    "O'Brien",
    "<b>",
    "<!--",
    "&quot;",
    "%22",
    "+",
    ",",
    ":",
    "[",
    "]",
    "{",
    "}",
    "'",
    "`",
    " ",
    "  ",
    "a",
    "b c",
    "0",
    "2026-03-04T14:39:07.3870233+00:00",
    "now",
    "Content-Type",
    "headers",
    "=?",
    "-",
    ".",
    "..",
];

/// Where choices come from: a generator, or the bytes of a fuzzer.
pub enum Choices<'b> {
    #[allow(dead_code, reason = "the fuzz target has bytes")]
    Random(fastrand::Rng),
    #[allow(dead_code, reason = "the test has a generator")]
    Bytes(std::slice::Iter<'b, u8>),
}

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        match self {
            Self::Random(random) => random.usize(..end),
            Self::Bytes(bytes) => usize::from(*bytes.next().unwrap_or(&0)) % end,
        }
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(6) {
            match self.below(8) {
                0 => text.push(char::from_u32((self.below(256) * 256 + self.below(256)) as u32).unwrap_or('x')),
                1 => text.push(char::from(self.below(128) as u8)),
                _ => text.push_str(NASTY[self.below(NASTY.len())]),
            }
        }
        text
    }

    fn number(&mut self) -> Value {
        const NUMBERS: &[&str] = &[
            "0",
            "-0",
            "1",
            "1.10",
            "-12.345",
            "1e5",
            "1E-7",
            "9223372036854775807",
            "9223372036854775808",
            "1e400",
            "123456789012345678901234567890.123456789",
            "0.0000000000000000000000000001",
            "-79228162514264337593543950336",
        ];
        Value::from_json(NUMBERS[self.below(NUMBERS.len())]).expect("numbers")
    }

    /// Mostly of the kind that belongs there.
    fn any(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 12 } else { 16 }) {
            0 => Value::Nil,
            1 => Value::Bool(self.below(2) == 0),
            2 | 3 => self.number(),
            12 | 13 => Value::List((0..self.below(4)).map(|_| self.any(depth - 1)).collect()),
            14 | 15 => self.object(depth - 1),
            _ => Value::from(self.text()),
        }
    }

    /// An object whose names differ without case, as the headers of a request do.
    fn object(&mut self, depth: usize) -> Value {
        let names = (0..self.below(5)).map(|index| format!("{}{index}", self.text())).collect::<Vec<_>>();
        Value::object(names.into_iter().map(|name| (name, self.any(depth))))
    }

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

/// The same value with harmless texts: as empty or blank as the text was, and names that differ.
fn harmless(value: &Value) -> Value {
    match value {
        Value::Text(text) if text.is_empty() => Value::from(""),
        Value::Text(text) if text.trim().is_empty() => Value::from(" "),
        Value::Text(_) => Value::from("plain"),
        Value::List(items) => Value::List(items.iter().map(harmless).collect()),
        Value::Object(object) => {
            let known = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic());
            let name = |index: usize, name: &str| if known(name) { name.to_owned() } else { format!("name{index}") };
            let members = object.iter().enumerate();
            Value::object(members.map(|(index, (key, value))| (name(index, key), harmless(value))))
        }
        other => other.clone(),
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(leaves).sum(),
        Value::Object(object) => object.iter().map(|(_, value)| 1 + leaves(value)).sum(),
        _ => 1,
    }
}

/// Lists, objects and the author's names; all else is a leaf.
fn same_shape(path: &str, a: &Value, b: &Value) -> Result<(), String> {
    match (a, b) {
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(index, (a, b))| same_shape(&format!("{path}[{index}]"), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            for ((name, a), (other, b)) in a.iter().zip(b.iter()) {
                let author = other.bytes().all(|b| b.is_ascii_alphabetic());
                if author && name != other {
                    return Err(format!("{path}: \"{name}\" where the author wrote \"{other}\""));
                }
                same_shape(&format!("{path}.{other}"), a, b)?;
            }
            Ok(())
        }
        (Value::List(_) | Value::Object(_), _) | (_, Value::List(_) | Value::Object(_)) => {
            Err(format!("{path}: {a} is not of the shape of {b}"))
        }
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => Ok(()),
        // `default` and `date` may yield another kind of leaf.
        _ => Ok(()),
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
