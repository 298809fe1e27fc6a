//! Hostile values, their harmless twins, and the check that both make documents of one shape. Shared by the tests of the
//! engine, of the sample pack, and the fuzz target.
#![allow(dead_code, reason = "not every user has a use for all of it")]

use tradewire_liquid::Value;

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
    Random(fastrand::Rng),
    Bytes(std::slice::Iter<'b, u8>),
}

impl Choices<'_> {
    pub fn below(&mut self, end: usize) -> usize {
        match self {
            Self::Random(random) => random.usize(..end),
            Self::Bytes(bytes) => usize::from(*bytes.next().unwrap_or(&0)) % end,
        }
    }

    pub fn text(&mut self) -> String {
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

    pub fn number(&mut self) -> Value {
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
    pub fn any(&mut self, depth: usize) -> Value {
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
    pub fn object(&mut self, depth: usize) -> Value {
        let names = (0..self.below(5)).map(|index| format!("{}{index}", self.text())).collect::<Vec<_>>();
        Value::object(names.into_iter().map(|name| (name, self.any(depth))))
    }
}

/// The same value with harmless texts: as empty or blank as the text was, and names that differ.
pub fn harmless(value: &Value) -> Value {
    replaced(value, &mut |_| "plain".to_owned())
}

/// The same value with other texts in place of those that say something.
pub fn replaced(value: &Value, other: &mut impl FnMut(&str) -> String) -> Value {
    match value {
        Value::Text(text) if text.is_empty() => Value::from(""),
        Value::Text(text) if text.trim().is_empty() => Value::from(" "),
        Value::Text(text) => Value::from(other(text)),
        Value::List(items) => Value::List(items.iter().map(|item| replaced(item, other)).collect()),
        Value::Object(object) => {
            // Names of fields, and those of headers; hostile names end in a number.
            let known =
                |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
            let name = |index: usize, name: &str| if known(name) { name.to_owned() } else { format!("name{index}") };
            let members = object.iter().enumerate();
            Value::object(members.map(|(index, (key, value))| (name(index, key), replaced(value, other))))
        }
        kept => kept.clone(),
    }
}

/// How many values there are, names of members included.
pub fn leaves(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(leaves).sum(),
        Value::Object(object) => object.iter().map(|(_, value)| 1 + leaves(value)).sum(),
        _ => 1,
    }
}

/// Lists, objects and the author's names; all else is a leaf.
pub fn same_shape(path: &str, a: &Value, b: &Value) -> Result<(), String> {
    match (a, b) {
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(index, (a, b))| same_shape(&format!("{path}[{index}]"), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            for ((name, a), (other, b)) in a.iter().zip(b.iter()) {
                let author = other.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
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
