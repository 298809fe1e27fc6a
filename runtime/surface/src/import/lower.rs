//! Lowers schemas to the catalog's types.
//!
//! A schema means different things by where it stands, its [`Role`]: the real API answers null where its description
//! says that it cannot, so in answers all but a record's own id is optional; in PATCH bodies absent and null differ.
//! A schema used in several roles becomes several types.

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use super::openapi::{Additional, Document, Schema};
use super::{ImportError, OpenPlace, cycles, names};
use crate::types::{Case, Enum, EnumWire, Field, Need, Scalar, Type, TypeDef};

/// Where a schema stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    Answer,
    Send,
    Patch,
}

/// A type, and whether its place allows null.
pub(super) struct Lowered {
    pub ty: Type,
    pub nullable: bool,
}

pub(super) struct Lowering<'d> {
    file: &'d str,
    surface: &'d str,
    schemas: &'d IndexMap<String, Schema>,
    /// The schemas in use, in the order in which they are first met.
    used: IndexSet<(&'d str, Role)>,
    /// Names that functions of the surface's interfaces hold already.
    taken: HashSet<String>,
    names: HashMap<(&'d str, Role), String>,
    open: Vec<OpenPlace>,
}

/// Types that interfaces take over from `servicetitan:api`.
const COMMON: [&str; 8] = ["error", "decimal", "date", "date-time", "json", "upload", "download", "types"];

impl<'d> Lowering<'d> {
    pub fn new(file: &'d str, surface: &'d str, document: &'d Document) -> Result<Self, ImportError> {
        let lowering = Lowering {
            file,
            surface,
            schemas: &document.components.schemas,
            used: IndexSet::new(),
            taken: COMMON.iter().map(|n| (*n).to_owned()).collect(),
            names: HashMap::new(),
            open: Vec::new(),
        };
        match cycles::of_references(lowering.schemas, is_type) {
            Some(name) => Err(lowering.unsupported(name, "the schema is nothing but a reference to itself")),
            None => Ok(lowering),
        }
    }

    pub fn unsupported(&self, place: &str, problem: impl Into<String>) -> ImportError {
        ImportError::Unsupported { file: self.file.to_owned(), place: place.to_owned(), problem: problem.into() }
    }

    /// Keeps a name from becoming a type's.
    pub fn take(&mut self, name: String) {
        self.taken.insert(name);
    }

    fn schema(&self, name: &str) -> Result<(&'d str, &'d Schema), ImportError> {
        self.schemas
            .get_key_value(name)
            .map(|(name, schema)| (name.as_str(), schema))
            .ok_or_else(|| self.unsupported(name, "the schema is referred to and not there"))
    }

    /// Follows references to the schema itself.
    pub fn resolve<'s>(&self, schema: &'s Schema) -> Result<&'s Schema, ImportError>
    where
        'd: 's,
    {
        match schema.named() {
            Some((name, _)) => self.resolve(self.schema(name)?.1),
            None => Ok(schema),
        }
    }

    /// Notes which named types this schema needs.
    pub fn reserve(&mut self, schema: &Schema, role: Role) -> Result<(), ImportError> {
        if let Some((name, _)) = schema.named() {
            let (name, target) = self.schema(name)?;
            let role = if target.values.is_empty() { role } else { Role::Answer };
            if is_type(target) && !self.used.insert((name, role)) {
                return Ok(());
            }
            return self.reserve(target, role);
        }
        for property in schema.properties.values() {
            self.reserve(property, role)?;
        }
        if let Some(items) = &schema.items {
            self.reserve(items, role)?;
        }
        match &schema.additional_properties {
            Some(Additional::Schema(value)) => self.reserve(value, role),
            _ => Ok(()),
        }
    }

    /// Names all reserved types: short names, longer ones where two schemas would share one.
    pub fn assign_names(&mut self) {
        let schemas: IndexSet<&str> = self.used.iter().map(|(schema, _)| *schema).collect();
        let mut short: HashMap<String, usize> = HashMap::new();
        for schema in &schemas {
            *short.entry(names::of_schema(schema)).or_default() += 1;
        }
        for schema in schemas {
            let mut name = names::of_schema(schema);
            if short[&name] > 1 {
                name = names::of_schema_longer(schema);
            }
            let mut roles: Vec<Role> = self.used.iter().filter(|(s, _)| *s == schema).map(|(_, r)| *r).collect();
            roles.sort_unstable();
            for (position, role) in roles.into_iter().enumerate() {
                let name = match (position, role) {
                    (0, _) => name.clone(),
                    (_, Role::Patch) => format!("{name}-patch"),
                    _ => format!("{name}-input"),
                };
                let name = if self.taken.contains(&name) { format!("{name}-record") } else { name };
                let name = names::unique(name, &mut self.taken);
                self.names.insert((schema, role), name);
            }
        }
    }

    /// The type of a schema in a role. `place` is for messages.
    pub fn lower(&mut self, schema: &Schema, role: Role, place: &str) -> Result<Lowered, ImportError> {
        if let Some((name, nullable)) = schema.named() {
            let (name, target) = self.schema(name)?;
            let role = if target.values.is_empty() { role } else { Role::Answer };
            return match self.names.get(&(name, role)) {
                Some(named) => Ok(Lowered { ty: Type::Named(named.clone()), nullable }),
                None => {
                    let lowered = self.lower(target, role, place)?;
                    Ok(Lowered { nullable: nullable || lowered.nullable, ..lowered })
                }
            };
        }
        let nullable = schema.nullable || schema.types.allow_null();
        let ty = match schema.types.main() {
            Some("array") => {
                let items = schema.items.as_ref().ok_or_else(|| self.unsupported(place, "a list of nothing"))?;
                Type::List(Box::new(self.element(items, role, &format!("{place}[]"))?))
            }
            Some("object") => match &schema.additional_properties {
                Some(Additional::Schema(value)) if schema.properties.is_empty() => {
                    Type::Map(Box::new(self.element(value, role, &format!("{place}{{}}"))?))
                }
                _ if schema.properties.is_empty() => self.open(place, "an object without fields; became JSON text"),
                _ => return Err(self.unsupported(place, "an object with fields and no name")),
            },
            Some(scalar) => Type::Scalar(
                self.scalar(scalar, schema.format.as_deref())
                    .ok_or_else(|| self.unsupported(place, format!("the type `{scalar}` is unknown")))?,
            ),
            None if !schema.any_of.is_empty() => {
                self.open(place, "one of several shapes with no mark to tell them apart; became JSON text")
            }
            None if schema.is_open() => self.open(place, "no type at all; became JSON text"),
            None => return Err(self.unsupported(place, "a choice between several types")),
        };
        Ok(Lowered { ty, nullable })
    }

    fn element(&mut self, schema: &Schema, role: Role, place: &str) -> Result<Type, ImportError> {
        let lowered = self.lower(schema, role, place)?;
        Ok(if lowered.nullable { Type::Option(Box::new(lowered.ty)) } else { lowered.ty })
    }

    fn scalar(&self, name: &str, format: Option<&str>) -> Option<Scalar> {
        Some(match (name, format) {
            ("boolean", _) => Scalar::Bool,
            ("integer", Some("int32")) => Scalar::S32,
            ("integer", _) => Scalar::S64,
            ("number", Some("double" | "float")) => Scalar::F64,
            ("number", _) => Scalar::Decimal,
            ("string", Some("date")) => Scalar::Date,
            ("string", Some("date-time")) => Scalar::DateTime,
            ("string", Some("duration")) => Scalar::Duration,
            ("string", Some("guid")) => Scalar::Guid,
            ("string", Some("html")) => Scalar::Html,
            ("string", Some("multiline")) => Scalar::Multiline,
            ("string", Some("email")) => Scalar::Email,
            ("string", Some("phone")) => Scalar::Phone,
            ("string", Some("password")) => Scalar::Password,
            ("string", _) => Scalar::Text,
            _ => return None,
        })
    }

    fn open(&mut self, place: &str, why: &'static str) -> Type {
        self.note(place, why);
        Type::JSON
    }

    fn note(&mut self, place: &str, why: &'static str) {
        let open = OpenPlace { surface: self.surface.to_owned(), place: place.to_owned(), why };
        if !self.open.contains(&open) {
            self.open.push(open);
        }
    }

    /// The definitions of all reserved types.
    pub fn finish(mut self, open: &mut Vec<OpenPlace>) -> Result<IndexMap<String, TypeDef>, ImportError> {
        let mut types = IndexMap::new();
        for (schema, role) in self.used.clone() {
            let definition = &self.schemas[schema];
            let definition = if definition.values.is_empty() {
                TypeDef::Record(self.fields(schema, definition, role)?)
            } else {
                TypeDef::Enum(self.cases(schema, definition)?)
            };
            types.insert(self.names[&(schema, role)].clone(), definition);
        }
        if let Some(name) = cycles::of_records(&types) {
            return Err(self.unsupported(name, "the record holds itself, and not as a list of children"));
        }
        types.sort_keys();
        open.append(&mut self.open);
        Ok(types)
    }

    fn fields(&mut self, name: &str, schema: &Schema, role: Role) -> Result<Vec<Field>, ImportError> {
        let envelope = schema.properties.contains_key("hasMore") && schema.properties.contains_key("data");
        let mut fields = Vec::new();
        for (wire, property) in &schema.properties {
            let place = format!("{name}.{wire}");
            let own_children = property.items.as_ref().and_then(|i| i.named()).is_some_and(|(child, _)| child == name);
            let Lowered { ty, nullable } = if own_children {
                self.note(&place, "a tree; became a flat list with the ids of parents");
                Lowered { ty: Type::Tree(self.names[&(self.schema(name)?.0, role)].clone()), nullable: true }
            } else {
                self.lower(property, role, &place)?
            };
            let required = schema.required.contains(wire);
            let need = match role {
                Role::Answer if envelope && matches!(wire.as_str(), "data" | "hasMore") => Need::Required,
                Role::Answer if wire == "id" && !nullable => Need::Required,
                Role::Answer => Need::Optional,
                _ if required && !nullable => Need::Required,
                Role::Patch if nullable => Need::Patch,
                _ if required => Need::Nullable,
                _ => Need::Optional,
            };
            fields.push(Field { wire: wire.clone(), ty, need, nullable, max_length: property.max_length });
        }
        Ok(fields)
    }

    fn cases(&self, name: &str, schema: &Schema) -> Result<Enum, ImportError> {
        let number = schema.types.main() == Some("integer");
        let mut taken = HashSet::from(["other".to_owned()]);
        let mut cases = Vec::new();
        for (position, value) in schema.values.iter().enumerate() {
            let wire = match value {
                serde_json::Value::String(word) => word.clone(),
                serde_json::Value::Number(number) => number.to_string(),
                _ => return Err(self.unsupported(name, "an enumeration of neither words nor numbers")),
            };
            let word = if number { schema.value_names.get(position).unwrap_or(&wire) } else { &wire };
            // WIT's own last case carries a declared "Other".
            if !word.eq_ignore_ascii_case("other") {
                cases.push(Case { name: names::unique(names::kebab(word), &mut taken), wire });
            }
        }
        Ok(Enum { wire: if number { EnumWire::Number } else { EnumWire::Text }, cases })
    }
}

/// Whether a schema becomes a type with a name.
fn is_type(schema: &Schema) -> bool {
    !schema.properties.is_empty() || has_words(schema)
}

/// Whether an enumeration names its values. Bare numbers say no more than an integer does.
fn has_words(schema: &Schema) -> bool {
    !schema.values.is_empty() && (schema.types.main() == Some("string") || !schema.value_names.is_empty())
}
