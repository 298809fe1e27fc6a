//! Finding the operation of a method and a path: static segments beat parameters.

use std::collections::HashMap;

use tradewire_surface::Method;

/// A segment of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// A fixed word.
    Word(String),
    /// A parameter, by name.
    Param(String),
}

/// The segments of a path of the catalog.
pub fn segments(path: &str) -> Vec<Segment> {
    path.trim_matches('/')
        .split('/')
        .map(|text| match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => Segment::Param(name.to_owned()),
            None => Segment::Word(text.to_owned()),
        })
        .collect()
}

/// What a path leads to.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// An operation, by number, and the values of its path's parameters in order, percent-decoded.
    Operation(usize, Vec<String>),
    /// Operations, but none of that method.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// A tree of segments.
#[derive(Debug, Default)]
pub struct Routes {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    words: HashMap<String, usize>,
    param: Option<usize>,
    operations: Vec<(Method, usize)>,
}

impl Routes {
    /// An empty tree.
    pub fn new() -> Routes {
        Routes { nodes: vec![Node::default()] }
    }

    /// Adds an operation.
    pub fn add(&mut self, method: Method, segments: &[Segment], operation: usize) {
        let mut at = 0;
        for segment in segments {
            let next = self.nodes.len();
            let node = &mut self.nodes[at];
            at = match segment {
                Segment::Word(word) => *node.words.entry(word.to_ascii_lowercase()).or_insert(next),
                Segment::Param(_) => *node.param.get_or_insert(next),
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[at].operations.push((method, operation));
    }

    /// Finds what a path leads to. Words are compared without case and a slash at the end is forgiven, as the real
    /// gateway does both.
    pub fn find(&self, method: Option<Method>, path: &str) -> Found {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<String> = path.split('/').map(percent_decode).collect();
        let mut other_method = false;
        let mut values = Vec::new();
        match self.walk(0, method, &segments, &mut values, &mut other_method) {
            Some(operation) => Found::Operation(operation, values),
            None if other_method => Found::OtherMethod,
            None => Found::Nothing,
        }
    }

    fn walk(
        &self,
        at: usize,
        method: Option<Method>,
        segments: &[String],
        values: &mut Vec<String>,
        other_method: &mut bool,
    ) -> Option<usize> {
        let node = &self.nodes[at];
        let Some((segment, rest)) = segments.split_first() else {
            let found = node.operations.iter().find(|(m, _)| Some(*m) == method).map(|(_, operation)| *operation);
            *other_method |= found.is_none() && !node.operations.is_empty();
            return found;
        };
        if let Some(next) = node.words.get(&segment.to_ascii_lowercase())
            && let Some(found) = self.walk(*next, method, rest, values, other_method)
        {
            return Some(found);
        }
        if let Some(next) = node.param
            && !segment.is_empty()
        {
            values.push(segment.clone());
            if let Some(found) = self.walk(next, method, rest, values, other_method) {
                return Some(found);
            }
            values.pop();
        }
        None
    }
}

/// Undoes percent-encoding; what is not UTF-8 then becomes the replacement character.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let mut routes = Routes::new();
        for (number, (method, path)) in [
            (Method::Get, "/crm/v2/tenant/{tenant}/customers/{id}"),
            (Method::Get, "/crm/v2/tenant/{tenant}/customers/contacts"),
            (Method::Post, "/crm/v2/tenant/{tenant}/customers/{id}/notes"),
            (Method::Delete, "/crm/v2/tenant/{tenant}/customers/contacts"),
        ]
        .into_iter()
        .enumerate()
        {
            routes.add(method, &segments(path), number);
        }
        routes
    }

    #[test]
    fn a_word_beats_a_parameter_and_a_slash_at_the_end_is_forgiven() {
        let found = routes().find(Some(Method::Get), "/crm/v2/tenant/7/customers/contacts/");
        assert_eq!(found, Found::Operation(1, vec!["7".to_owned()]));
        let found = routes().find(Some(Method::Get), "/crm/v2/tenant/7/customers/12");
        assert_eq!(found, Found::Operation(0, vec!["7".to_owned(), "12".to_owned()]));
    }

    #[test]
    fn a_parameter_is_percent_decoded_after_the_path_is_split() {
        let found = routes().find(Some(Method::Get), "/crm/v2/tenant/7/customers/a%2Fb%20c");
        assert_eq!(found, Found::Operation(0, vec!["7".to_owned(), "a/b c".to_owned()]));
    }

    #[test]
    fn another_method_is_told_from_nothing_at_all() {
        assert_eq!(routes().find(Some(Method::Put), "/crm/v2/tenant/7/customers/12"), Found::OtherMethod);
        assert_eq!(routes().find(None, "/crm/v2/tenant/7/customers/12"), Found::OtherMethod);
        assert_eq!(routes().find(Some(Method::Get), "/crm/v2/7/customers"), Found::Nothing);
        assert_eq!(routes().find(Some(Method::Get), "/crm/v2/tenant//customers/12"), Found::Nothing);
    }
}
