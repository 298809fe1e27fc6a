//! Writes records as their types say: from what a domain generator gives, what a request's body holds, or nothing.

use serde_json::Value;
use tradewire_surface::{Enum, EnumWire, Field, Scalar, Surface, Type, TypeDef};

use super::dataset::{Dataset, Given};
use super::{Rng, names, vocabulary};
use crate::clock::{self, SECOND, Ticks};
use crate::is_case;
use crate::json::{self, Fields};
use crate::plan::shape::is_text;

/// Nesting beyond which lists are left empty and bodies are not followed.
const DEEPEST: usize = 24;

/// What is written where nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Something plausible: seeded records and computed answers.
    Drawn,
    /// What a new record has: null, zero, nothing.
    Blank,
}

fn is_list(ty: &Type) -> bool {
    matches!(ty, Type::List(_) | Type::Tree(_))
}

/// A writer of one record.
pub struct Generator<'w> {
    dataset: &'w Dataset,
    surface: &'static Surface,
    collection: Option<usize>,
    number: i64,
    rng: Rng,
    missing: Missing,
    created: Ticks,
    modified: Ticks,
    nested: i64,
    depth: usize,
    /// What has been written.
    pub out: Vec<u8>,
}

impl<'w> Generator<'w> {
    /// A writer for a record of a surface: `number` is what its own ids derive from.
    pub fn new(
        dataset: &'w Dataset,
        surface: &'static Surface,
        collection: Option<usize>,
        number: i64,
        missing: Missing,
    ) -> Self {
        Generator {
            dataset,
            surface,
            collection,
            number,
            rng: Rng::of(dataset.seed, collection.map_or(7, |c| c as u64 + 100), number.unsigned_abs()),
            missing,
            created: dataset.origin,
            modified: dataset.origin,
            nested: 0,
            depth: 0,
            out: Vec::with_capacity(512),
        }
    }

    /// Sets the moments of the record.
    pub fn dated(mut self, created: Ticks, modified: Ticks) -> Self {
        self.created = created;
        self.modified = modified;
        self
    }

    /// What was written, as text.
    pub fn finish(self) -> String {
        // Everything that is pushed is text.
        String::from_utf8(self.out).unwrap_or_default()
    }

    /// Writes a record out of what a domain generator gives.
    pub fn seeded(&mut self, fields: &[Field], given: &Given) {
        let name =
            self.collection.map_or("", |c| self.dataset.plan.collections[c].key.rsplit('/').next().unwrap_or(""));
        let name = crate::plan::nouns::singular(name);
        self.record(&name, fields, Some(given));
    }

    /// Writes a value of a type with nothing given.
    pub fn drawn(&mut self, ty: &Type, field: &str) {
        self.value(ty, "", field);
    }

    fn record(&mut self, name: &str, fields: &[Field], given: Option<&Given>) {
        self.depth += 1;
        self.out.push(b'{');
        for (at, field) in fields.iter().enumerate() {
            self.key(at, &field.wire);
            match given.and_then(|given| given.get(&field.wire)) {
                Some(value) => self.given(value, &field.ty),
                None => self.field(name, field),
            }
        }
        self.out.push(b'}');
        self.depth -= 1;
    }

    fn key(&mut self, at: usize, wire: &str) {
        if at > 0 {
            self.out.push(b',');
        }
        json::push_text(&mut self.out, wire);
        self.out.push(b':');
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes a field for which nothing is given.
    fn field(&mut self, record: &str, field: &Field) {
        let own = self.depth == 1;
        match field.wire.as_str() {
            "createdOn" | "createdAt" if own => return self.moment(&field.ty, self.created),
            "modifiedOn" | "modifiedAt" | "updatedOn" if own => return self.moment(&field.ty, self.modified),
            "active" => return self.push("true"),
            _ => {}
        }
        match self.missing {
            Missing::Blank if field.nullable => self.push("null"),
            // Descriptions call most lists nullable; what the real API sends is an empty one.
            Missing::Drawn if field.nullable && !is_list(&field.ty) && self.rng.chance(350) => self.push("null"),
            _ => self.value(&field.ty, record, &field.wire),
        }
    }

    fn moment(&mut self, ty: &Type, at: Ticks) {
        let text = if *ty == Type::Scalar(Scalar::Date) { clock::write_day(at) } else { clock::write(at) };
        json::push_text(&mut self.out, &text);
    }

    /// Writes a value that is given, in the form that its type has on the wire.
    fn given(&mut self, value: &Value, ty: &Type) {
        match (value, ty) {
            (Value::Null, _) => self.push("null"),
            (_, Type::Option(inner)) => self.given(value, inner),
            (Value::Array(items), Type::List(item)) => {
                self.out.push(b'[');
                for (at, value) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    self.given(value, item);
                }
                self.out.push(b']');
            }
            (Value::Array(_), Type::Tree(name)) => {
                self.given(value, &Type::List(Box::new(Type::Named(name.clone()))));
            }
            (Value::Object(given), Type::Named(name)) => {
                let surface = self.surface;
                match surface.named(name) {
                    Some(TypeDef::Record(fields)) => self.record(name, fields, Some(given)),
                    _ => self.push("null"),
                }
            }
            (Value::String(text), Type::Scalar(Scalar::Decimal | Scalar::F64 | Scalar::S32 | Scalar::S64)) => {
                self.push(text)
            }
            (Value::String(text), Type::Scalar(Scalar::Date)) => {
                let day = text.split('T').next().unwrap_or(text).to_owned();
                json::push_text(&mut self.out, &day);
            }
            (Value::Number(number), Type::Scalar(scalar)) if is_text(*scalar) => {
                json::push_text(&mut self.out, &number.to_string());
            }
            _ => self.push(&value.to_string()),
        }
    }

    /// Writes a value with nothing given.
    fn value(&mut self, ty: &Type, record: &str, wire: &str) {
        let blank = self.missing == Missing::Blank;
        match ty {
            Type::Option(inner) if !blank => self.value(inner, record, wire),
            Type::Option(_) => self.push("null"),
            Type::Tree(_) => self.push("[]"),
            Type::List(item) => {
                let length = if blank || self.depth > 4 { 0 } else { self.rng.below(4) };
                self.out.push(b'[');
                for at in 0..length {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    self.value(item, record, wire);
                }
                self.out.push(b']');
            }
            Type::Map(item) => {
                self.out.push(b'{');
                if !blank {
                    self.key(0, "note");
                    self.value(item, record, "note");
                }
                self.out.push(b'}');
            }
            Type::Named(name) => {
                let surface = self.surface;
                match surface.named(name) {
                    Some(TypeDef::Record(fields)) if self.depth < 8 => self.record(name, fields, None),
                    Some(TypeDef::Enum(cases)) => self.case(cases),
                    _ => self.push("null"),
                }
            }
            Type::Scalar(scalar) => self.scalar(*scalar, record, wire),
        }
    }

    fn case(&mut self, cases: &Enum) {
        if cases.cases.is_empty() {
            return self.push("null");
        }
        let at = if self.missing == Missing::Blank { 0 } else { self.rng.below(cases.cases.len()) };
        let word = &cases.cases[at].wire;
        match cases.wire {
            EnumWire::Text => json::push_text(&mut self.out, word),
            EnumWire::Number => self.push(word),
        }
    }

    fn scalar(&mut self, scalar: Scalar, record: &str, wire: &str) {
        let blank = self.missing == Missing::Blank;
        match scalar {
            Scalar::Bool => {
                let yes = !blank && self.rng.chance(300);
                self.push(if yes { "true" } else { "false" });
            }
            Scalar::S32 | Scalar::S64 => {
                let text = self.whole(scalar, wire);
                self.push(&text);
            }
            Scalar::F64 | Scalar::Decimal if blank => self.push("0"),
            Scalar::F64 if wire == "latitude" => self.push("33.4484"),
            Scalar::F64 if wire == "longitude" => self.push("-112.074"),
            Scalar::F64 => {
                let number = (self.rng.unit() * 10_000.0).round() / 100.0;
                self.push(&number.to_string());
            }
            Scalar::Decimal => {
                let (whole, cents) = (self.rng.between(0, 900), self.rng.between(0, 99));
                self.push(&format!("{whole}.{cents:02}"));
            }
            Scalar::Date | Scalar::DateTime => {
                let hours = if wire.to_ascii_lowercase().contains("end") || wire == "to" { 3 } else { 1 };
                self.moment(&Type::Scalar(scalar), self.created + hours * 3600 * SECOND);
            }
            Scalar::Duration => self.push("\"01:30:00\""),
            Scalar::Guid => {
                let guid = self.guid(wire);
                json::push_text(&mut self.out, &guid);
            }
            Scalar::Json => self.push(if blank { "null" } else { "\"sample\"" }),
            _ if blank && (wire == "number" || wire.ends_with("Number")) => {
                let text = self.number.to_string();
                json::push_text(&mut self.out, &text);
            }
            _ if blank => self.push("\"\""),
            Scalar::Html => {
                let text = vocabulary::text(record, "description", self.number, &mut self.rng);
                json::push_text(&mut self.out, &format!("<p>{}</p>", text.replace('&', "&amp;").replace('<', "&lt;")));
            }
            Scalar::Multiline => self.push("\"First line\\nSecond line\""),
            Scalar::Email => {
                let text = names::email(&mut self.rng);
                json::push_text(&mut self.out, &text);
            }
            Scalar::Phone => {
                let text = names::phone(&mut self.rng);
                json::push_text(&mut self.out, &text);
            }
            Scalar::Password => self.push("\"********\""),
            Scalar::Text => {
                let text = vocabulary::text(record, wire, self.number, &mut self.rng);
                json::push_text(&mut self.out, &text);
            }
        }
    }

    fn guid(&mut self, wire: &str) -> String {
        let dataset = self.dataset;
        match dataset.plan.referent(&self.surface.name, self.collection, wire) {
            Some(owner) if dataset.count(owner) > 0 => {
                let place = self.rng.below(dataset.count(owner));
                dataset.guid(owner, place)
            }
            _ if wire == "id" && self.depth <= 1 => {
                match self.collection.and_then(|c| Some((c, dataset.place(c, self.number)?))) {
                    Some((collection, place)) => dataset.guid(collection, place),
                    None => self.rng.guid(),
                }
            }
            _ => self.rng.guid(),
        }
    }

    /// A whole number: an id where the name says so, of a record that exists.
    fn whole(&mut self, scalar: Scalar, wire: &str) -> String {
        let dataset = self.dataset;
        if wire == "id" {
            self.nested += 1;
            return match (self.depth, scalar) {
                (0 | 1, _) | (_, Scalar::S32) => self.number,
                _ => self.number * 8 + self.nested,
            }
            .to_string();
        }
        if let Some(owner) = dataset.plan.referent(&self.surface.name, self.collection, wire)
            && dataset.count(owner) > 0
        {
            let place = self.rng.below(dataset.count(owner));
            return dataset.number(owner, place).to_string();
        }
        let lower = wire.to_ascii_lowercase();
        let (low, high) = match lower.as_str() {
            _ if self.missing == Missing::Blank => (0, 0),
            "year" => (2024, 2026),
            "month" => (1, 12),
            "page" => (1, 1),
            _ if lower.contains("rating") => (1, 5),
            _ if lower.contains("duration") || lower.contains("minutes") => (30, 240),
            _ if lower.ends_with("createdby") || lower.ends_with("modifiedby") => {
                let employees = i64::try_from(dataset.count_of("settings/employees")).unwrap_or(1).max(1);
                let place = usize::try_from(self.rng.between(0, employees - 1)).unwrap_or(0);
                return dataset.id_of("settings/employees", place).to_string();
            }
            _ => (1, 20),
        };
        self.rng.between(low, high).to_string()
    }

    /// Writes what `raw` holds as a value of the type; what it lacks comes from `before`, or is filled.
    pub fn conform(&mut self, raw: &str, ty: &Type, wire: &str, before: Option<&str>) {
        if self.depth > DEEPEST {
            return self.push("null");
        }
        match ty {
            _ if raw == "null" => self.push("null"),
            Type::Option(inner) => self.conform(raw, inner, wire, before),
            Type::Tree(name) => self.conform(raw, &Type::List(Box::new(Type::Named(name.clone()))), wire, before),
            Type::List(item) => match json::items(raw) {
                Some(items) => {
                    self.out.push(b'[');
                    self.depth += 1;
                    for (at, raw) in items.into_iter().enumerate() {
                        if at > 0 {
                            self.out.push(b',');
                        }
                        self.conform(raw, item, wire, None);
                    }
                    self.depth -= 1;
                    self.out.push(b']');
                }
                None => self.instead(ty, wire, before),
            },
            Type::Map(_) => self.push(raw),
            Type::Named(name) => {
                let surface = self.surface;
                match (surface.named(name), Fields::of(raw)) {
                    (Some(TypeDef::Record(fields)), Some(given)) => {
                        self.merge(name, fields, &given, before.and_then(Fields::of).as_ref());
                    }
                    (Some(TypeDef::Enum(cases)), None) if is_case(cases, &json::bare(raw)) => self.push(raw),
                    _ => self.instead(ty, wire, before),
                }
            }
            Type::Scalar(scalar) => self.conform_scalar(raw, *scalar, wire, before),
        }
    }

    /// Writes a record out of the fields given, then of those of before, then of nothing.
    pub fn merge(&mut self, name: &str, fields: &[Field], given: &Fields<'_>, before: Option<&Fields<'_>>) {
        self.depth += 1;
        self.out.push(b'{');
        for (at, field) in fields.iter().enumerate() {
            self.key(at, &field.wire);
            let before = before.and_then(|before| before.get(&field.wire));
            match given.get(&field.wire) {
                Some(raw) => self.conform(raw, &field.ty, &field.wire, before),
                None => match before {
                    Some(raw) => self.conform(raw, &field.ty, &field.wire, None),
                    None => self.field(name, field),
                },
            }
        }
        self.out.push(b'}');
        self.depth -= 1;
    }

    fn instead(&mut self, ty: &Type, wire: &str, before: Option<&str>) {
        match before {
            Some(raw) => self.push(raw),
            None => self.value(ty, "", wire),
        }
    }

    fn conform_scalar(&mut self, raw: &str, scalar: Scalar, wire: &str, before: Option<&str>) {
        let number = json::is_number(raw);
        match scalar {
            Scalar::Json => self.push(raw),
            Scalar::Bool if raw == "true" || raw == "false" => self.push(raw),
            Scalar::S32 | Scalar::S64 | Scalar::F64 | Scalar::Decimal if number => self.push(raw),
            Scalar::S32 | Scalar::S64 | Scalar::F64 | Scalar::Decimal => match json::text(raw) {
                Some(text) if json::is_number(&text) => self.push(&text),
                _ => self.instead(&Type::Scalar(scalar), wire, before),
            },
            Scalar::Bool => self.instead(&Type::Scalar(scalar), wire, before),
            Scalar::DateTime => match json::text(raw).as_deref().and_then(clock::read) {
                // Answers carry seven digits and a zone, whatever was sent.
                Some(at) => self.moment(&Type::Scalar(scalar), at),
                None => self.instead(&Type::Scalar(scalar), wire, before),
            },
            _ if raw.starts_with('"') => self.push(raw),
            _ if number || raw == "true" || raw == "false" => json::push_text(&mut self.out, raw),
            _ => self.instead(&Type::Scalar(scalar), wire, before),
        }
    }
}
