//! Finds a place in JSON that a template wrote, by the way to it in the document.

use super::scan::{space, string_end, unescape};

/// The byte of `text` where a member's name or an item begins. `text` is what [`settle`](fn@super::settle) accepts.
pub(crate) fn seek<'w>(text: &str, way: impl IntoIterator<Item = &'w str>) -> Option<usize> {
    let mut seeker = Seeker { text, bytes: text.as_bytes(), at: 0 };
    let mut found = seeker.next();
    for step in way {
        found = match seeker.peek()? {
            b'{' => seeker.member(step)?,
            b'[' => seeker.item(step.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(found)
}

struct Seeker<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl Seeker<'_> {
    fn next(&mut self) -> usize {
        self.at = space(self.bytes, self.at);
        self.at
    }

    fn peek(&mut self) -> Option<u8> {
        let at = self.next();
        self.bytes.get(at).copied()
    }

    /// Goes to a member's value; gives where its name begins. Of twins, which only `headers` have, the last counts.
    fn member(&mut self, wanted: &str) -> Option<usize> {
        self.at += 1;
        let mut found = None;
        while self.peek()? == b'"' {
            let name = self.at;
            let (end, _) = string_end(self.bytes, name).ok()?;
            let is_wanted = unescape(self.text.get(name + 1..end - 1)?, name).ok()? == wanted;
            self.at = end;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            if is_wanted {
                found = Some((name, self.next()));
            }
            if !matches!(self.peek()?, b',' | b'}') {
                self.skip()?;
            }
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        let (name, value) = found?;
        self.at = value;
        Some(name)
    }

    fn item(&mut self, wanted: usize) -> Option<usize> {
        self.at += 1;
        for _ in 0..wanted {
            self.skip()?;
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        (self.peek()? != b']').then_some(self.at)
    }

    /// Goes behind a value, whatever is in it.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => self.at = string_end(self.bytes, self.at).ok()?.0,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    let rest = &self.bytes[self.at..];
                    self.at += rest.iter().position(|b| b" \t\r\n,:]}".contains(b)).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn leads(text: &str, way: &[&str], to: Option<&str>) {
        let found = seek(text, way.iter().copied()).map(|at| &text[at..]);
        assert_eq!(found.map(|rest| &rest[..to.map_or(0, str::len).min(rest.len())]), to, "{way:?}");
    }

    #[test]
    fn members_and_items_are_found() {
        let text = r#" { "a": [ {"b": 1, "c": "x}],\" y",}, [2], "end", ], "d": , "e\u0020f": null, "g": {"a": 7 } }"#;
        leads(text, &[], Some("{ \"a\""));
        leads(text, &["a"], Some("\"a\""));
        leads(text, &["a", "0"], Some("{\"b\""));
        leads(text, &["a", "0", "c"], Some("\"c\""));
        leads(text, &["a", "1", "0"], Some("2]"));
        leads(text, &["a", "2"], Some("\"end\""));
        leads(text, &["a", "3"], None);
        leads(text, &["d"], Some("\"d\": ,"));
        leads(text, &["e f"], Some("\"e\\u0020f\""));
        leads(text, &["g", "a"], Some("\"a\": 7"));
        leads(text, &["nothing"], None);
        leads(text, &["d", "x"], None);
    }

    #[test]
    fn of_twins_the_last_is_found() {
        leads(r#"{ "h": { "X": 1, "X": 2 } }"#, &["h", "X"], Some("\"X\": 2"));
    }

    #[test]
    fn what_is_no_json_leads_nowhere() {
        for text in ["", "{", "{ \"a\"", "{ \"a\": [", "]", "{ \"b\": } }", "{\"b\": ]"] {
            assert_eq!(seek(text, ["a", "0"]), None, "{text}");
        }
    }
}
