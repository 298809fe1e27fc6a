//! What the SDK adds to the plain bindings of each surface: defaults, constructors, setters, pages, shorthands.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use heck::ToUpperCamelCase as _;
use wit_bindgen_core::name_package_module;
use wit_bindgen_core::wit_parser::{
    Function, Handle, Interface, PackageId, Record, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
};
use wit_bindgen_rust::to_rust_ident;

/// The methods that the SDK puts on query records: a field of the same name gets the setter `with_<name>`.
const TAKEN: [&str; 4] = ["new", "pages", "records", "all"];

/// The Rust text of all enabled surfaces.
pub fn write(resolve: &Resolve, surfaces: &[String]) -> String {
    let mut writer = Writer { resolve, inputs: inputs(resolve), out: String::new() };
    for (id, package) in &resolve.packages {
        if package.name.namespace == "servicetitan" && surfaces.contains(&package.name.name) {
            writer.surface(id);
        }
    }
    writer.out
}

struct Writer<'a> {
    resolve: &'a Resolve,
    /// The records that plugins write: those that some parameter leads to.
    inputs: BTreeSet<TypeId>,
    out: String,
}

macro_rules! put {
    ($self:ident, $($text:tt)*) => {
        // Writing to a string cannot fail.
        writeln!($self.out, $($text)*).unwrap_or_default()
    };
}

impl<'a> Writer<'a> {
    fn surface(&mut self, id: PackageId) {
        let name = self.resolve.packages[id].name.name.clone();
        let bindings = format!("crate::bindings::servicetitan::{}", name_package_module(self.resolve, id));
        put!(self, "/// ServiceTitan's surface `{name}`: a module a resource, a function an operation.");
        put!(self, "pub mod {} {{", to_rust_ident(&name));
        put!(self, "    pub use {bindings}::*;");
        let interfaces: Vec<_> = self.resolve.packages[id].interfaces.clone().into_iter().collect();
        for (name, interface) in &interfaces {
            self.shorthand(name, &self.resolve.interfaces[*interface], &bindings);
        }
        put!(self, "}}");
        for (name, interface) in interfaces {
            let path = format!("{bindings}::{}", to_rust_ident(&name));
            self.interface(&self.resolve.interfaces[interface], &path);
        }
    }

    /// `payroll::gross_pay_items()` begins the query of that resource's list: `get-list`, `get`, or the only one.
    fn shorthand(&mut self, name: &str, interface: &Interface, bindings: &str) {
        let lists: Vec<_> = (interface.functions.iter())
            .filter(|(function, _)| function.ends_with("-pages"))
            .filter_map(|(_, function)| match &function.params[..] {
                [param] if param.name == "query" => self.record(&param.ty).map(|(id, record)| (function, id, record)),
                _ => None,
            })
            .filter(|(_, _, record)| record.fields.iter().all(|field| self.option(&field.ty).is_some()))
            .collect();
        let named = |wanted: &str| lists.iter().find(|(function, _, _)| function.name == wanted);
        let only = if lists.len() == 1 { lists.first() } else { None };
        let Some((_, query, _)) = named("get-list-pages").or_else(|| named("get-pages")).or(only) else { return };
        let query = self.resolve.types[*query].name.clone().unwrap_or_default().to_upper_camel_case();
        let function = to_rust_ident(name);
        put!(self, "    /// Begins a query of `{name}`: set what it asks for, then take its pages.");
        put!(self, "    pub fn {function}() -> {bindings}::{function}::{query} {{ Default::default() }}");
    }

    fn interface(&mut self, interface: &Interface, path: &str) {
        for (name, id) in &interface.types {
            match &self.resolve.types[*id].kind {
                TypeDefKind::Record(record) => self.record_impls(*id, record),
                TypeDefKind::Variant(variant) => {
                    put!(self, "impl core::fmt::Display for {path}::{} {{", name.to_upper_camel_case());
                    put!(self, "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {{");
                    put!(self, "        f.write_str(match self {{");
                    for case in &variant.cases {
                        let rust = case.name.to_upper_camel_case();
                        match case.ty {
                            Some(Type::String) => put_case(&mut self.out, &format!("Self::{rust}(word) => word")),
                            Some(_) => put_case(&mut self.out, &format!("Self::{rust}(_) => \"{rust}\"")),
                            None => put_case(&mut self.out, &format!("Self::{rust} => \"{rust}\"")),
                        }
                    }
                    put!(self, "        }})\n    }}\n}}");
                }
                _ => {}
            }
        }
        for (name, function) in &interface.functions {
            if let Some(operation) = name.strip_suffix("-pages") {
                self.pages(operation, function, path);
            }
        }
    }

    fn record_impls(&mut self, id: TypeId, record: &Record) {
        let path = self.path(id);
        let required: Vec<_> = record.fields.iter().filter(|field| self.option(&field.ty).is_none()).collect();
        if required.is_empty() && !record.fields.is_empty() {
            put!(self, "impl Default for {path} {{\n    fn default() -> Self {{\n        Self {{");
            for field in &record.fields {
                put!(self, "            {}: None,", to_rust_ident(&field.name));
            }
            put!(self, "        }}\n    }}\n}}");
        }
        if !self.inputs.contains(&id) {
            return;
        }
        put!(self, "#[allow(clippy::too_many_arguments, clippy::wrong_self_convention)]\nimpl {path} {{");
        let arguments: Vec<_> = required.iter().map(|field| self.argument(&field.name, &field.ty)).collect();
        if !required.is_empty() {
            put!(self, "    /// With what must be given; all else is left out.");
            put!(self, "    pub fn new({}) -> Self {{\n        Self {{", arguments.join(", "));
            for field in &record.fields {
                let name = to_rust_ident(&field.name);
                match self.option(&field.ty) {
                    Some(_) => put!(self, "            {name}: None,"),
                    None => put!(self, "            {name}: {},", self.conversion(&name, &field.ty)),
                }
            }
            put!(self, "        }}\n    }}");
        }
        for field in &record.fields {
            let name = to_rust_ident(&field.name);
            let setter = match TAKEN.contains(&name.as_str()) {
                true => format!("with_{name}"),
                false => name.clone(),
            };
            let (ty, patch) = match self.option(&field.ty) {
                Some(inner) => match self.option(inner) {
                    Some(value) => (value, true),
                    None => (inner, false),
                },
                None => continue,
            };
            let value = self.conversion(&name, ty);
            let value = if patch { format!("Some({value})") } else { value };
            put!(self, "    /// Sets `{}`.", field.name);
            put!(self, "    pub fn {setter}(mut self, {}) -> Self {{", self.argument(&field.name, ty));
            put!(self, "        self.{name} = Some({value});\n        self\n    }}");
            if patch {
                put!(self, "    /// Sets `{}` to null.", field.name);
                put!(self, "    pub fn clear_{}(mut self) -> Self {{", name.trim_end_matches('_'));
                put!(self, "        self.{name} = Some(None);\n        self\n    }}");
            }
        }
        put!(self, "}}");
    }

    /// `pages`, `records` and `all` on the query of a paged operation, and what they stand on.
    fn pages(&mut self, operation: &str, function: &Function, path: &str) {
        let Some((query_id, pager)) = self.paged(function) else { return };
        let query = self.path(query_id);
        let Some(page) = self.page_of(pager) else { return };
        let pager = self.path(pager);
        let (mut arguments, mut passed) = (Vec::new(), Vec::new());
        for param in &function.params {
            let name = to_rust_ident(&param.name);
            if param.name == "query" {
                // wit-bindgen hands over what is plain numbers by value and all else by reference.
                passed.push(if self.is_copy(&param.ty) { "self" } else { "&self" }.to_owned());
            } else {
                let plain = self.rust_type(&param.ty);
                arguments.push(match plain.as_str() {
                    "String" => format!(", {name}: &str"),
                    _ if self.is_copy(&param.ty) => format!(", {name}: {plain}"),
                    _ => format!(", {name}: &{plain}"),
                });
                passed.push(name);
            }
        }
        let (arguments, passed) = (arguments.concat(), passed.join(", "));
        let call = format!("{path}::{}({passed})", to_rust_ident(&function.name));
        let names: Vec<_> =
            function.params.iter().filter(|p| p.name != "query").map(|p| to_rust_ident(&p.name)).collect();
        let names = names.join(", ");
        put!(self, "impl crate::pages::Pager for {pager} {{\n    type Page = {page};");
        put!(self, "    fn next(&self) -> Result<Option<{page}>, crate::Error> {{ {pager}::next(self) }}\n}}");
        put!(self, "impl {query} {{");
        put!(self, "    /// The pages of `{operation}`: the next one is fetched while this one is read.");
        put!(self, "    pub fn pages(self{arguments}) -> crate::Pages<{pager}> {{ crate::Pages::new({call}) }}");
        put!(self, "    /// The records of `{operation}`, one by one; a page of them is held at a time.");
        put!(
            self,
            "    pub fn records(self{arguments}) -> crate::Records<{pager}> {{ self.pages({names}).records() }}"
        );
        put!(self, "    /// All records of `{operation}` at once: for lists that are known to be short.");
        put!(self, "    pub fn all(self{arguments}) -> Result<Vec<crate::RecordOf<{pager}>>, crate::Error> {{");
        put!(self, "        self.records({names}).collect()\n    }}\n}}");
        self.page_impl(&page, function);
    }

    fn page_impl(&mut self, page: &str, function: &Function) {
        let Some((_, pager)) = self.paged(function) else { return };
        let Some((id, record)) = self.next_page(pager).and_then(|ty| self.record(&ty)) else { return };
        // Several operations may answer the same page.
        let header = format!("impl crate::pages::Page for {} {{", self.path(id));
        if self.out.contains(&header) {
            return;
        }
        let Some(data) = record.fields.iter().find(|field| field.name == "data") else { return };
        let (list, suffix) = match self.option(&data.ty) {
            Some(inner) => (*inner, ".unwrap_or_default()"),
            None => (data.ty, ""),
        };
        let Type::Id(list) = list else { return };
        let TypeDefKind::List(element) = self.resolve.types[self.dealias(list)].kind else { return };
        let element = self.rust_type(&element);
        let _ = page;
        put!(self, "{header}\n    type Record = {element};");
        put!(self, "    fn into_records(self) -> Vec<{element}> {{ self.data{suffix} }}\n}}");
    }

    fn paged(&self, function: &Function) -> Option<(TypeId, TypeId)> {
        let query = function.params.iter().find(|param| param.name == "query")?;
        let (query, _) = self.record(&query.ty)?;
        let Some(Type::Id(result)) = function.result else { return None };
        match self.resolve.types[result].kind {
            TypeDefKind::Handle(Handle::Own(pager)) => Some((query, pager)),
            _ => None,
        }
    }

    fn page_of(&self, pager: TypeId) -> Option<String> {
        self.next_page(pager).map(|page| self.rust_type(&page))
    }

    fn next_page(&self, pager: TypeId) -> Option<Type> {
        let TypeOwner::Interface(interface) = self.resolve.types[pager].owner else { return None };
        let method = format!("[method]{}.next", self.resolve.types[pager].name.as_deref()?);
        let next = self.resolve.interfaces[interface].functions.get(&method)?;
        let Some(Type::Id(result)) = next.result else { return None };
        let TypeDefKind::Result(result) = &self.resolve.types[result].kind else { return None };
        self.option(&result.ok?).copied()
    }

    /// A parameter that takes whatever reads naturally for `ty`.
    fn argument(&self, name: &str, ty: &Type) -> String {
        let name = to_rust_ident(name);
        if self.is_decimal(ty) {
            return format!("{name}: impl ToString");
        }
        if let Some(element) = self.list(ty) {
            let plain = self.rust_type(element);
            let item = if plain == "String" { "impl Into<String>" } else { &plain };
            return format!("{name}: impl IntoIterator<Item = {item}>");
        }
        match self.rust_type(ty).as_str() {
            "String" => format!("{name}: impl Into<String>"),
            plain => format!("{name}: {plain}"),
        }
    }

    /// The value of the field from that parameter.
    fn conversion(&self, name: &str, ty: &Type) -> String {
        if self.is_decimal(ty) {
            return format!("{name}.to_string()");
        }
        if let Some(element) = self.list(ty) {
            return match self.rust_type(element).as_str() {
                "String" => format!("{name}.into_iter().map(Into::into).collect()"),
                _ => format!("{name}.into_iter().collect()"),
            };
        }
        match self.rust_type(ty).as_str() {
            "String" => format!("{name}.into()"),
            _ => name.to_owned(),
        }
    }

    fn rust_type(&self, ty: &Type) -> String {
        let id = match ty {
            Type::Bool => return "bool".into(),
            Type::S8 => return "i8".into(),
            Type::U8 => return "u8".into(),
            Type::S16 => return "i16".into(),
            Type::U16 => return "u16".into(),
            Type::S32 => return "i32".into(),
            Type::U32 => return "u32".into(),
            Type::S64 => return "i64".into(),
            Type::U64 => return "u64".into(),
            Type::F32 => return "f32".into(),
            Type::F64 => return "f64".into(),
            Type::Char => return "char".into(),
            Type::String => return "String".into(),
            Type::ErrorContext => panic!("the catalog has no error contexts"),
            Type::Id(id) => self.dealias(*id),
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(plain) => self.rust_type(plain),
            TypeDefKind::List(element) => format!("Vec<{}>", self.rust_type(element)),
            TypeDefKind::Option(inner) => format!("Option<{}>", self.rust_type(inner)),
            TypeDefKind::Tuple(tuple) => {
                let members: Vec<_> = tuple.types.iter().map(|member| self.rust_type(member)).collect();
                format!("({},)", members.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(resource)) => self.path(*resource),
            TypeDefKind::Handle(Handle::Borrow(resource)) => format!("&{}", self.path(*resource)),
            _ => self.path(id),
        }
    }

    fn path(&self, id: TypeId) -> String {
        let id = self.dealias(id);
        let ty = &self.resolve.types[id];
        let TypeOwner::Interface(interface) = ty.owner else { panic!("a type of ServiceTitan has no interface") };
        let interface = &self.resolve.interfaces[interface];
        let (Some(package), Some(module), Some(name)) = (interface.package, &interface.name, &ty.name) else {
            panic!("a type of ServiceTitan has no name")
        };
        let package = name_package_module(self.resolve, package);
        let module = to_rust_ident(module);
        format!("crate::bindings::servicetitan::{package}::{module}::{}", name.to_upper_camel_case())
    }

    fn dealias(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = self.resolve.types[id].kind {
            id = next;
        }
        id
    }

    fn record(&self, ty: &Type) -> Option<(TypeId, &'a Record)> {
        let Type::Id(id) = ty else { return None };
        let id = self.dealias(*id);
        match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => Some((id, record)),
            _ => None,
        }
    }

    fn option(&self, ty: &Type) -> Option<&'a Type> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[self.dealias(*id)].kind {
            TypeDefKind::Option(inner) => Some(inner),
            _ => None,
        }
    }

    fn list(&self, ty: &Type) -> Option<&'a Type> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[self.dealias(*id)].kind {
            TypeDefKind::List(element) => Some(element),
            _ => None,
        }
    }

    fn is_decimal(&self, ty: &Type) -> bool {
        let mut ty = *ty;
        while let Type::Id(id) = ty {
            if self.resolve.types[id].name.as_deref() == Some("decimal") {
                return true;
            }
            let TypeDefKind::Type(next) = self.resolve.types[id].kind else { return false };
            ty = next;
        }
        false
    }

    fn is_copy(&self, ty: &Type) -> bool {
        let id = match ty {
            Type::String => return false,
            Type::Id(id) => self.dealias(*id),
            _ => return true,
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(plain) => self.is_copy(plain),
            TypeDefKind::Record(record) => record.fields.iter().all(|field| self.is_copy(&field.ty)),
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().all(|case| case.ty.is_none_or(|ty| self.is_copy(&ty)))
            }
            TypeDefKind::Option(inner) => self.is_copy(inner),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().all(|member| self.is_copy(member)),
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => true,
            _ => false,
        }
    }
}

fn put_case(out: &mut String, text: &str) {
    let _ = writeln!(out, "            {text},");
}

/// The records that the parameters of any function lead to.
fn inputs(resolve: &Resolve) -> BTreeSet<TypeId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<Type> = Vec::new();
    for (_, interface) in &resolve.interfaces {
        for function in interface.functions.values() {
            open.extend(function.params.iter().map(|param| param.ty));
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(ty) = open.pop() {
        let Type::Id(id) = ty else { continue };
        if !seen.insert(id) {
            continue;
        }
        match &resolve.types[id].kind {
            TypeDefKind::Record(record) => {
                found.insert(id);
                open.extend(record.fields.iter().map(|field| field.ty));
            }
            TypeDefKind::Type(inner) | TypeDefKind::List(inner) | TypeDefKind::Option(inner) => open.push(*inner),
            TypeDefKind::Tuple(tuple) => open.extend(&tuple.types),
            TypeDefKind::Variant(variant) => open.extend(variant.cases.iter().filter_map(|case| case.ty)),
            _ => {}
        }
    }
    found
}
