//! The types of the catalog: what a value looks like on the wire and in WIT.
//!
//! A [`Type`] is written as a short text (`s64`, `list<decimal>`, `@customer`), which keeps the committed
//! catalog compact and its differences readable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A JSON scalar, told apart as far as the published descriptions allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// `true` or `false`.
    Bool,
    /// A whole number of at most 32 bits.
    S32,
    /// A whole number of at most 64 bits.
    S64,
    /// A binary floating-point number: coordinates, percentages, never money.
    F64,
    /// An exact decimal number. Travels as a JSON number, held as that number's own text.
    Decimal,
    /// A day. RFC 3339 `full-date` by its description; the real API may add a time to it.
    Date,
    /// A moment, RFC 3339 with up to seven fractional digits, sometimes without a zone.
    DateTime,
    /// A length of time, as `hh:mm:ss` or ISO 8601, as sent.
    Duration,
    /// A UUID.
    Guid,
    /// Plain text.
    Text,
    /// Text that holds HTML.
    Html,
    /// Text of several lines.
    Multiline,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A password: never logged.
    Password,
    /// Any JSON at all, held as its own text.
    Json,
}

impl Scalar {
    const NAMES: [(Scalar, &'static str); 16] = [
        (Scalar::Bool, "bool"),
        (Scalar::S32, "s32"),
        (Scalar::S64, "s64"),
        (Scalar::F64, "f64"),
        (Scalar::Decimal, "decimal"),
        (Scalar::Date, "date"),
        (Scalar::DateTime, "date-time"),
        (Scalar::Duration, "duration"),
        (Scalar::Guid, "guid"),
        (Scalar::Text, "text"),
        (Scalar::Html, "html"),
        (Scalar::Multiline, "multiline"),
        (Scalar::Email, "email"),
        (Scalar::Phone, "phone"),
        (Scalar::Password, "password"),
        (Scalar::Json, "json"),
    ];

    /// The name in the catalog.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(s, _)| *s == self).map_or("text", |(_, n)| n)
    }

    /// How WIT spells it. The aliases `decimal`, `date`, `date-time` and `json` live in `servicetitan:api/types`.
    pub fn wit(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::S32 => "s32",
            Scalar::S64 => "s64",
            Scalar::F64 => "f64",
            Scalar::Decimal => "decimal",
            Scalar::Date => "date",
            Scalar::DateTime => "date-time",
            Scalar::Json => "json",
            _ => "string",
        }
    }
}

/// The type of a parameter, a field, a body or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// A scalar.
    Scalar(Scalar),
    /// An array.
    List(Box<Type>),
    /// An object whose keys are free; in WIT a list of pairs.
    Map(Box<Type>),
    /// A value that may be `null` where nothing else says so (elements of a list, values of a map).
    Option(Box<Type>),
    /// A named type of the same surface, by its WIT name.
    Named(String),
    /// The children of a record, of the record's own type. WIT knows no recursion, so they are left out of the
    /// record and follow it in the list that holds it; a record asked for alone becomes such a list.
    Tree(String),
}

impl Type {
    /// Free-form JSON.
    pub const JSON: Type = Type::Scalar(Scalar::Json);
    /// Plain text.
    pub const TEXT: Type = Type::Scalar(Scalar::Text);

    /// Calls `visit` with every named type inside this one.
    pub fn names<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match self {
            Type::Scalar(_) => {}
            Type::List(t) | Type::Map(t) | Type::Option(t) => t.names(visit),
            Type::Named(n) | Type::Tree(n) => visit(n),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Scalar(s) => f.write_str(s.name()),
            Type::List(t) => write!(f, "list<{t}>"),
            Type::Map(t) => write!(f, "map<{t}>"),
            Type::Option(t) => write!(f, "option<{t}>"),
            Type::Named(n) => write!(f, "@{n}"),
            Type::Tree(n) => write!(f, "tree<@{n}>"),
        }
    }
}

/// A type text that the catalog cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a type of the catalog")]
pub struct UnknownType(String);

impl FromStr for Type {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix('>'));
        if let Some(name) = text.strip_prefix('@') {
            return Ok(Type::Named(name.to_owned()));
        }
        if let Some(name) = text.strip_prefix("tree<@").and_then(|t| t.strip_suffix('>')) {
            return Ok(Type::Tree(name.to_owned()));
        }
        if let Some(t) = inner("list<") {
            return Ok(Type::List(Box::new(t.parse()?)));
        }
        if let Some(t) = inner("map<") {
            return Ok(Type::Map(Box::new(t.parse()?)));
        }
        if let Some(t) = inner("option<") {
            return Ok(Type::Option(Box::new(t.parse()?)));
        }
        Scalar::NAMES
            .iter()
            .find(|(_, n)| *n == text)
            .map(|(s, _)| Type::Scalar(*s))
            .ok_or_else(|| UnknownType(text.to_owned()))
    }
}

impl Serialize for Type {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A named type of a surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypeDef {
    /// A JSON object with known fields, in the order of their description.
    Record(Vec<Field>),
    /// A closed list of words by its description; open in truth, so WIT gets a last case `other(string)`.
    Enum(Enum),
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in JSON.
    pub wire: String,
    /// Its type, without the option that `need` adds.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it must be there.
    pub need: Need,
    /// Whether the description itself allows `null`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// The most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
}

/// How a field stands in WIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// `T`: always there, never null.
    Required,
    /// `option<T>`: absent or null is none; none is not sent.
    Optional,
    /// `option<T>`, in bodies: must be sent, and none is sent as null.
    Nullable,
    /// `option<option<T>>`, in PATCH bodies: absent, null or a value.
    Patch,
}

/// The values of an enumeration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    /// How the API sends the values.
    pub wire: EnumWire,
    /// The values, in the order of their description. `Other` is left out: WIT's last case carries it.
    pub cases: Vec<Case>,
}

/// How an enumeration travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnumWire {
    /// As a word.
    Text,
    /// As a number.
    Number,
}

/// One value of an enumeration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its name in WIT.
    pub name: String,
    /// What travels: the word, or the number's digits.
    pub wire: String,
}

pub(crate) fn is_false(b: &bool) -> bool {
    !b
}
