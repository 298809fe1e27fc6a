//! From what a template wrote to strict JSON.
//!
//! Lenient where official templates are careless: a comma may trail, a string may run over lines, and
//! where a member's value is missing (`"note": ,`) it is null. Strict where a
//! mistake would change an order: a member that is there twice is refused, except in an object named `headers`, whose
//! names are merged without case, the last one winning at the place of the first.

use std::collections::HashMap;

use super::DEPTH;
use super::scan::{Fault, hex, number_end, space, string_end, unescape};
use super::write::escape;

/// Writes `text` as compact, strict JSON. A fault's offset is a byte of `text`.
pub(crate) fn settle(text: &str) -> Result<String, Fault> {
    let mut settler = Settler { text, bytes: text.as_bytes(), at: 0, out: String::with_capacity(text.len()) };
    settler.value(0, false)?;
    match space(settler.bytes, settler.at) {
        end if end == text.len() => Ok(settler.out),
        end => Err((end, "more text follows the end of the JSON; check the commas and brackets before it".to_owned())),
    }
}

struct Settler<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    out: String,
}

/// Members up to here are compared one by one, more are hashed.
const FEW: usize = 16;

/// A member that was written: its name's start in the template's output, and its span in `out`.
struct Member {
    name: std::ops::Range<usize>,
    span: std::ops::Range<usize>,
}

impl Settler<'_> {
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        self.at = space(self.bytes, self.at);
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: usize, headers: bool) -> Result<(), Fault> {
        if depth > DEPTH {
            return Err((self.at, format!("lists and objects are nested deeper than {DEPTH}")));
        }
        match self.peek() {
            Some(b'{') => self.object(depth, headers),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string(),
            None => Err((self.at, "the JSON ends where a value should be".to_owned())),
            Some(_) => self.bare(),
        }
    }

    fn bare(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let end = number_end(self.bytes, start).or_else(|| {
            ["null", "true", "false"]
                .iter()
                .find(|word| self.bytes[start..].starts_with(word.as_bytes()))
                .map(|word| start + word.len())
        });
        let follows = |end: usize| !self.bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.');
        match end {
            Some(end) if follows(end) => {
                self.out.push_str(&self.text[start..end]);
                self.at = end;
                Ok(())
            }
            _ => {
                let rest: String = self.text[start..].chars().take_while(|c| !",]}\n".contains(*c)).collect();
                Err((start, format!("here should be a JSON value, not {}", crate::error::quoted(&rest))))
            }
        }
    }

    /// Copies a string; what the author wrote in it that JSON does not allow raw is escaped.
    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let (end, plain) = string_end(self.bytes, start)?;
        self.at = end;
        if plain {
            self.out.push_str(&self.text[start..end]);
            return Ok(());
        }
        self.out.push('"');
        let inside = end - 1;
        let mut from = start + 1;
        while from < inside {
            let next = self.bytes[from..inside].iter().position(|b| *b < 0x20 || *b == b'\\');
            let at = next.map_or(inside, |found| from + found);
            self.out.push_str(&self.text[from..at]);
            if at == inside {
                break;
            }
            if self.bytes[at] != b'\\' {
                escape(&mut self.out, &self.text[at..=at]);
                from = at + 1;
                continue;
            }
            let length = match self.bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                Some(b'u') if hex(self.bytes, at + 2).is_some() => 6,
                _ => return Err((at, "a backslash is followed by what JSON does not escape".to_owned())),
            };
            self.out.push_str(&self.text[at..at + length]);
            from = at + length;
        }
        self.out.push('"');
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.out.push('[');
        let mut first = true;
        loop {
            if self.peek() == Some(b']') {
                break;
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            self.value(depth + 1, false)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err((self.at, self.expected("`,` or `]`"))),
            }
        }
        self.at += 1;
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, depth: usize, headers: bool) -> Result<(), Fault> {
        self.at += 1;
        self.out.push('{');
        let opened = self.out.len();
        let mut members: Vec<Member> = Vec::with_capacity(FEW);
        let mut many: HashMap<String, usize> = HashMap::new();
        let mut replaced = false;
        let mut simple = !headers;
        loop {
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => {}
                _ => return Err((self.at, self.expected("a name in quotes or `}`"))),
            }
            if !members.is_empty() {
                self.out.push(',');
            }
            let name_at = self.at;
            let from = self.out.len();
            self.string()?;
            let name = from + 1..self.out.len() - 1;
            let is_headers = self.out[name.clone()].eq_ignore_ascii_case("headers");
            simple &= members.len() < FEW && !self.out[name.clone()].contains('\\');
            let twin = if simple {
                members.iter().position(|member| self.out[member.name.clone()] == self.out[name.clone()])
            } else {
                self.twin(&members, &mut many, name.clone(), name_at, headers)?
            };
            if self.peek() != Some(b':') {
                return Err((self.at, self.expected("`:`")));
            }
            self.at += 1;
            self.out.push(':');
            match self.peek() {
                Some(b',' | b'}') => self.out.push_str("null"),
                _ => self.value(depth + 1, is_headers)?,
            }
            let span = from..self.out.len();
            match twin {
                Some(first) if headers => {
                    members[first].span = span.clone();
                    replaced = true;
                    members.push(Member { name, span: 0..0 });
                }
                Some(_) => {
                    let name = &self.out[name];
                    let what = format!("\"{name}\" is in this object twice; write it once");
                    return Err((name_at, what));
                }
                None => members.push(Member { name, span }),
            }
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err((self.at, self.expected("`,` or `}`"))),
            }
        }
        self.at += 1;
        if replaced {
            let spans: Vec<&str> =
                members.iter().filter(|m| !m.span.is_empty()).map(|m| &self.out[m.span.clone()]).collect();
            let joined = spans.join(",");
            self.out.truncate(opened);
            self.out.push_str(&joined);
        }
        self.out.push('}');
        Ok(())
    }

    /// The earlier member of the same name, if there is one.
    fn twin(
        &self,
        members: &[Member],
        many: &mut HashMap<String, usize>,
        name: std::ops::Range<usize>,
        name_at: usize,
        headers: bool,
    ) -> Result<Option<usize>, Fault> {
        let text = &self.out[name];
        // Names compare by what they mean: "\u0061" is "a".
        let meaning = |text: &str| {
            let text = unescape(text, name_at)?;
            Ok::<_, Fault>(if headers { text.to_ascii_lowercase() } else { text })
        };
        for (index, member) in members.iter().enumerate().skip(many.len()) {
            // Twins in headers share a key; a filler keeps the count of both the same.
            let key = meaning(&self.out[member.name.clone()])?;
            let key = if many.contains_key(&key) { format!("\0{index}") } else { key };
            many.insert(key, index);
        }
        Ok(many.get(&meaning(text)?).copied())
    }

    fn expected(&self, what: &str) -> String {
        match self.text[self.at..].chars().next() {
            Some(found) if found.is_control() => format!("here should be {what}, not `{}`", found.escape_default()),
            Some(found) => format!("here should be {what}, not `{found}`"),
            None => format!("the JSON ends where {what} should be"),
        }
    }
}
