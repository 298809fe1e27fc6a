//! Writes the interfaces of one surface, a file each.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::placement::{Placement, SHARED, roots};
use super::{API_VERSION, answer, doc, escaped, fields, needed, params, text};
use crate::catalog::{Answer, Body, Effect, Operation, Paging, Param, ParameterIn, Surface};
use crate::types::{Enum, Field, Need, Scalar, Type, TypeDef};

pub(super) fn files(surface: &Surface) -> Vec<(String, String)> {
    let placement = Placement::of(surface);
    let mut files = Vec::new();
    let mut add = |interface: &str, body: Interface<'_>| {
        files.push((format!("{}/{interface}.wit", surface.name), body.finish(surface, &placement, interface)));
    };
    for (resource, operations) in &surface.resources {
        let mut interface = Interface::default();
        for operation in operations {
            interface.operation(surface, operation);
        }
        interface.types(surface, &placement.of_interface(resource));
        add(resource, interface);
    }
    if !surface.events.is_empty() {
        let mut interface = Interface::default();
        interface.events(surface);
        interface.types(surface, &placement.of_interface("events"));
        add("events", interface);
    }
    let shared = placement.of_interface(SHARED);
    if !shared.is_empty() {
        let mut interface = Interface::default();
        interface.types(surface, &shared);
        add(SHARED, interface);
    }
    files
}

/// An interface as it grows: its text, and what it takes from elsewhere.
#[derive(Default)]
struct Interface<'a> {
    body: String,
    common: BTreeSet<&'static str>,
    files: BTreeSet<&'static str>,
    named: BTreeSet<&'a str>,
}

impl<'a> Interface<'a> {
    fn finish(self, surface: &Surface, placement: &Placement<'_>, interface: &str) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "package servicetitan:{}@{};\n", surface.name, surface.version);
        let what = if interface == SHARED {
            "types that several resources share".to_owned()
        } else {
            interface.replace('-', " ")
        };
        doc(&mut out, "", &[format!("{}: {what}.", surface.title)]);
        let _ = writeln!(out, "interface {} {{", escaped(interface));
        let mut uses = Vec::new();
        let list = |names: &mut dyn Iterator<Item = &str>| names.map(escaped).collect::<Vec<_>>().join(", ");
        if !self.common.is_empty() {
            uses.push(format!("servicetitan:api/types@{API_VERSION}.{{{}}}", list(&mut self.common.iter().copied())));
        }
        if !self.files.is_empty() {
            uses.push(format!("servicetitan:api/files@{API_VERSION}.{{{}}}", list(&mut self.files.iter().copied())));
        }
        let shared = if interface == SHARED { Vec::new() } else { placement.shared_among(&self.named) };
        if !shared.is_empty() {
            uses.push(format!("{SHARED}.{{{}}}", list(&mut shared.into_iter())));
        }
        for used in &uses {
            let _ = writeln!(out, "  use {used};");
        }
        out.push_str(if uses.is_empty() { &self.body[1.min(self.body.len())..] } else { &self.body });
        out.push_str("}\n");
        out
    }

    fn note(&mut self, ty: &'a Type) {
        match ty {
            Type::Scalar(scalar) => match scalar {
                Scalar::Decimal | Scalar::Date | Scalar::DateTime | Scalar::Json => {
                    self.common.insert(scalar.wit());
                }
                _ => {}
            },
            Type::List(t) | Type::Map(t) | Type::Option(t) => self.note(t),
            Type::Named(name) => {
                self.named.insert(name);
            }
            Type::Tree(_) => {}
        }
    }

    fn operation(&mut self, surface: &'a Surface, operation: &'a Operation) {
        roots(operation).into_iter().for_each(|ty| self.note(ty));
        self.common.insert("error");
        let name = &operation.name;
        let query = params(operation, ParameterIn::Query);
        let mut arguments: Vec<String> = params(operation, ParameterIn::Path)
            .into_iter()
            .map(|(name, param)| format!("{}: {}", escaped(&name), text(&param.ty)))
            .collect();
        if !query.is_empty() {
            arguments.push(format!("query: {name}-query"));
        }
        match &operation.body {
            Some(Body::Json(ty)) => arguments.push(format!("body: {}", text(ty))),
            Some(Body::File(_)) => {
                self.files.insert("upload");
                arguments.push("file: upload".to_owned());
            }
            None => {}
        }
        let ok = match (&operation.answer, answer(surface, &operation.answer)) {
            (_, Some(ty)) => text(&ty),
            (Answer::File, None) => {
                self.files.insert("download");
                "download".to_owned()
            }
            _ => "_".to_owned(),
        };
        self.body.push('\n');
        doc(&mut self.body, "  ", &operation_doc(operation));
        let arguments = arguments.join(", ");
        let _ = writeln!(self.body, "  {}: func({arguments}) -> result<{ok}, error>;", escaped(name));
        if operation.paging.is_some() {
            let _ = writeln!(
                self.body,
                "\n  /// `{name}`, page after page; the next one is fetched while this one is read."
            );
            let _ = writeln!(self.body, "  {name}-pages: func({arguments}) -> {name}-pager;");
            let _ = writeln!(self.body, "\n  /// The pages of `{name}`.");
            let _ = writeln!(self.body, "  resource {name}-pager {{");
            let _ = writeln!(
                self.body,
                "    /// The next page, or none after the last. After an error it may be asked again."
            );
            let _ = writeln!(self.body, "    next: func() -> result<option<{ok}>, error>;\n  }}");
        }
        if !query.is_empty() {
            let _ = writeln!(self.body, "\n  /// What `{name}` takes in its query.\n  record {name}-query {{");
            for (name, param) in query {
                doc(&mut self.body, "    ", &param_doc(param));
                let need = if param.required { Need::Required } else { Need::Optional };
                let _ = writeln!(self.body, "    {}: {},", escaped(&name), needed(&param.ty, need));
            }
            self.body.push_str("  }\n");
        }
    }

    fn types(&mut self, surface: &'a Surface, names: &[&str]) {
        for name in names {
            self.body.push('\n');
            match surface.types.get(*name) {
                Some(TypeDef::Record(fields)) => self.record(name, fields),
                Some(TypeDef::Enum(values)) => self.variant(name, values),
                None => {}
            }
        }
    }

    fn record(&mut self, name: &str, all: &'a [Field]) {
        if all.iter().any(|f| matches!(f.ty, Type::Tree(_))) {
            let _ = writeln!(self.body, "  /// A list of these holds the children of each record right behind it.");
        }
        let _ = writeln!(self.body, "  record {} {{", escaped(name));
        for (name, field) in fields(all) {
            self.note(&field.ty);
            doc(&mut self.body, "    ", &text_doc(&field.ty, field.max_length));
            let _ = writeln!(self.body, "    {}: {},", escaped(&name), needed(&field.ty, field.need));
        }
        self.body.push_str("  }\n");
    }

    fn variant(&mut self, name: &str, values: &Enum) {
        let _ = writeln!(self.body, "  variant {} {{", escaped(name));
        for case in &values.cases {
            let _ = writeln!(self.body, "    {},", escaped(&case.name));
        }
        self.body
            .push_str("    /// A value that this contract does not know, as it travels.\n    other(string),\n  }\n");
    }

    fn events(&mut self, surface: &'a Surface) {
        self.common.extend(["date-time", "error", "json"]);
        self.body.push_str(concat!(
            "\n  /// The events that began this run and were not read before, in the order in which they came in: at most so\n",
            "  /// many, fewer where they are large, none after the last. Every attempt of a run gets the same ones.\n",
            "  next: func(limit: u32) -> result<list<envelope>, error>;\n",
            "\n  /// What happened.\n  variant event {\n",
        ));
        for event in &surface.events {
            self.note(&event.payload);
            doc(&mut self.body, "    ", &[format!("`{}`", event.wire)]);
            let _ = writeln!(self.body, "    {}({}),", escaped(&event.name), text(&event.payload));
        }
        self.body.push_str(concat!(
            "    /// An event that this contract does not know, or whose data is not as it says: its data.\n",
            "    other(json),\n  }\n\n",
            "  /// A CloudEvents 1.0 envelope. `user-assigned-id` is the same for every delivery of one event.\n",
            "  record envelope {\n    id: string,\n    %type: string,\n    time: date-time,\n    source: string,\n",
            "    user-assigned-id: string,\n    event: event,\n  }\n",
        ));
    }
}

fn operation_doc(operation: &Operation) -> Vec<String> {
    let mut lines = vec![format!("`{} {}`, scope `{}`.", operation.method, operation.path, operation.scope)];
    if operation.deprecated {
        lines.push("Deprecated by ServiceTitan.".to_owned());
    }
    if operation.effect == Effect::Read && operation.method != crate::catalog::Method::Get {
        lines.push("Only reads.".to_owned());
    }
    match operation.paging {
        Some(Paging::Pages { max, default }) => {
            lines.push(format!("Pages of {default} records unless the query says otherwise, of {max} at most."));
        }
        Some(Paging::Feed) => {
            lines.push("An export feed: holds inactive and deleted records too.".to_owned());
            lines.push("Keep the last `continue-from` and begin there next time.".to_owned());
        }
        None => {}
    }
    lines
}

fn param_doc(param: &Param) -> Vec<String> {
    let mut lines = text_doc(&param.ty, param.max_length);
    if param.wire == "sort" {
        lines.push("`+Field` or `-Field`.".to_owned());
    }
    if !param.choices.is_empty() {
        lines.push(format!("One of {}.", param.choices.join(", ")));
    }
    match (param.wire.as_str(), param.max) {
        ("ids", Some(max)) => lines.push(format!("Numbers, separated by commas; at most {max}.")),
        (_, Some(max)) => lines.push(format!("At most {max}.")),
        _ => {}
    }
    lines
}

fn text_doc(ty: &Type, max_length: Option<u32>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Type::Scalar(scalar) = ty {
        let what = match scalar {
            Scalar::Html => "HTML.",
            Scalar::Multiline => "May hold several lines.",
            Scalar::Email => "An e-mail address.",
            Scalar::Phone => "A telephone number.",
            Scalar::Guid => "A UUID.",
            Scalar::Duration => "A length of time.",
            Scalar::Password => "A password.",
            _ => "",
        };
        if !what.is_empty() {
            lines.push(what.to_owned());
        }
    }
    if let Some(max) = max_length {
        lines.push(format!("At most {max} characters."));
    }
    lines
}
