//! Templates that map each field of a contract to one of the same name.

use super::is_proper;
use crate::contract::Contract;
use crate::shape::{Kind, Shape};

const INDENT: usize = 2;

/// `Request.liquid`.
pub(super) fn request(contract: &Contract) -> String {
    let mut writer = Writer::default();
    writer.line(0, "{");
    writer.line(1, "\"method\": \"POST\",");
    writer.line(1, "\"url\": \"{{ config.baseUrl | append_url: config.url }}\",");
    writer.line(1, "\"headers\": {");
    writer.line(2, "{%- for header in source.headers -%}");
    writer.line(2, "{{ header | as_header }},");
    writer.line(2, "{%- endfor %}");
    writer.line(2, "\"Content-Type\": \"application/json\"");
    writer.line(1, "},");
    writer.body(&contract.request.shape());
    writer.text
}

/// `Response.liquid`.
pub(super) fn response(contract: &Contract) -> String {
    let mut writer = Writer::default();
    writer.line(0, "{");
    writer.line(1, "\"statusCode\": {{ source.statusCode }},");
    writer.line(1, "\"headers\": { \"Content-Type\": \"application/json\" },");
    writer.body(&contract.response.shape());
    writer.text
}

/// `Error.liquid`.
pub(super) fn error() -> String {
    r#"{
  "statusCode": {{ source.statusCode }},
  "headers": { "Content-Type": "application/json" },
  "body": {
    "success": false,
    "errorCode": "{{ source.statusCode }}",
    "errorKind": "Vendor",
    "errorMessage": "{{ source.body.message | default: 'The vendor gave no reason.' }}"
  }
}
"#
    .to_owned()
}

#[derive(Default)]
struct Writer {
    text: String,
    /// The variables of the loops that are open.
    variables: Vec<String>,
}

impl Writer {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&" ".repeat(depth * INDENT));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn body(&mut self, shape: &Shape<'_>) {
        match shape.kind() {
            Kind::Object => {
                self.line(1, "\"body\": {");
                self.members(shape, "source.body", 2);
                self.line(1, "}");
            }
            _ => self.line(1, "\"body\": {{ source.body }}"),
        }
        self.line(0, "}");
    }

    /// The members of an object. A comma follows each of them: one may trail.
    fn members(&mut self, shape: &Shape<'_>, way: &str, depth: usize) {
        let exclusive = shape.exclusive();
        let members: Vec<_> = shape.members().into_iter().filter(|(name, _)| is_proper(name)).collect();
        for (name, member) in &members {
            match exclusive.iter().find(|names| names.contains(name)) {
                Some(names) if names.first() != Some(name) => {}
                Some(names) => {
                    // Exactly one of them may be there: the first that has a value, or the last.
                    let found = names.iter().filter_map(|name| members.iter().find(|(known, _)| known == name));
                    let found: Vec<_> = found.collect();
                    for (index, (name, member)) in found.iter().enumerate() {
                        let way = step(way, name);
                        match (index, index + 1 == found.len()) {
                            (0, _) => self.line(depth, &format!("{{%- if {way} %}}")),
                            (_, false) => self.line(depth, &format!("{{%- elsif {way} %}}")),
                            (_, true) => self.line(depth, "{%- else %}"),
                        }
                        self.member(name, member, &way, depth);
                    }
                    self.line(depth, "{%- endif %}");
                }
                None if member.kind() == Kind::Object && !shape.requires(name) => {
                    let way = step(way, name);
                    self.line(depth, &format!("{{%- if {way} %}}"));
                    self.member(name, member, &way, depth);
                    self.line(depth, "{%- endif %}");
                }
                None => self.member(name, member, &step(way, name), depth),
            }
        }
    }

    fn member(&mut self, name: &str, shape: &Shape<'_>, way: &str, depth: usize) {
        let key = serde_json::Value::from(name).to_string();
        match (shape.kind(), shape.item()) {
            (Kind::Object, _) => {
                self.line(depth, &format!("{key}: {{"));
                self.members(shape, way, depth + 1);
                self.line(depth, "},");
            }
            (Kind::List, Some(item)) => {
                let variable = self.variable(name);
                let turn = format!("{{%- for {variable} in {way} %}}");
                if item.kind() == Kind::Object {
                    self.line(depth, &format!("{key}: ["));
                    self.line(depth + 1, &turn);
                    self.line(depth + 1, "{");
                    self.variables.push(variable.clone());
                    self.members(&item, &variable, depth + 2);
                    self.variables.pop();
                    self.line(depth + 1, "}{% forloop_delimiter %}");
                    self.line(depth + 1, "{%- endfor %}");
                    self.line(depth, "],");
                } else {
                    self.line(
                        depth,
                        &format!("{key}: [{turn}{{{{ {variable} }}}}{{% forloop_delimiter %}}{{% endfor %}}],"),
                    );
                }
            }
            // A vendor that answers with a success and does not say so means it.
            _ if name == "success" => {
                self.line(depth, &format!("{key}: {{{{ {way} | default: true, allow_false: true }}}},"));
            }
            _ => self.line(depth, &format!("{key}: {{{{ {way} }}}},")),
        }
    }

    /// A name for the items of a list that no loop around has.
    fn variable(&self, list: &str) -> String {
        let letters: String = list.chars().filter(char::is_ascii_alphanumeric).collect();
        let one = match letters.as_str() {
            many if many.ends_with("ies") => format!("{}y", &many[..many.len() - 3]),
            many if ["ches", "shes", "sses", "xes"].iter().any(|end| many.ends_with(end)) => {
                many[..many.len() - 2].to_owned()
            }
            many if many.ends_with('s') && many.len() > 2 => many[..many.len() - 1].to_owned(),
            one => format!("{one}Item"),
        };
        let is_free = |name: &String| {
            !self.variables.contains(name) && !matches!(name.as_str(), "source" | "config" | "forloop" | "contains")
        };
        let numbered = std::iter::once(one.clone()).chain((2..).map(|number| format!("{one}{number}")));
        numbered.into_iter().find(is_free).unwrap_or(one)
    }
}

fn step(way: &str, name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
        return format!("{way}.{name}");
    }
    let quote = if name.contains('"') { '\'' } else { '"' };
    format!("{way}[{quote}{name}{quote}]")
}
