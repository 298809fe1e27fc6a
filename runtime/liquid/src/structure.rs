//! Inside or outside a JSON string: followed over what the author wrote, and nothing else.

use super::json::number_end;
use super::text::{Origin, Segment, Text};
use super::val::Val;

/// Where in the JSON the next output lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum State {
    /// Between values.
    #[default]
    Outside,
    /// In a string.
    Inside,
    /// In a string, behind a backslash.
    Escape,
}

impl State {
    /// The state behind `text`.
    pub fn after(self, text: &str) -> Self {
        let mut state = self;
        for byte in text.bytes() {
            state = match (state, byte) {
                (Self::Outside, b'"') => Self::Inside,
                (Self::Inside, b'"') => Self::Outside,
                (Self::Inside, b'\\') => Self::Escape,
                (Self::Escape, _) => Self::Inside,
                (state, _) => state,
            };
        }
        state
    }
}

/// Text that the author wrote, with the states that it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    pub text: Box<str>,
    moves: [State; 3],
}

impl Literal {
    pub fn new(text: &str) -> Self {
        let moves = [State::Outside, State::Inside, State::Escape].map(|state| state.after(text));
        Self { text: text.into(), moves }
    }

    #[inline]
    pub fn leads(&self, from: State) -> State {
        self.moves[from as usize]
    }
}

/// What a text with segments of the author is, outside a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Tokens of JSON: written as they are.
    Structure,
    /// White space around one value: the value.
    Single,
    /// Words: one text, to be quoted.
    Words,
}

/// Decides by the author's segments alone, so that no value has a say in it.
///
/// `null`, `[`, `"a": ` and `, ` are structure; `Accepted` and `INV-` before a value are words, which JSON has no place
/// for outside a string.
pub(crate) fn shape(segments: &[Segment]) -> Shape {
    let mut reader = Reader { state: State::Outside, scalar: false, structure: false, values: 0 };
    for segment in segments {
        let fits = match segment {
            Segment::Author(text) => reader.author(text),
            Segment::Value(Val::Text(text)) if text.is_author() => reader.author(&text.plain()),
            Segment::Value(Val::Text(Text::Slice(_, Origin::Raw) | Text::Shared(_, Origin::Raw))) => true,
            Segment::Value(_) => reader.value(),
        };
        if !fits {
            return Shape::Words;
        }
    }
    if !reader.structure && reader.values == 1 { Shape::Single } else { Shape::Structure }
}

struct Reader {
    state: State,
    /// A value was read, and nothing that may stand between two values since.
    scalar: bool,
    structure: bool,
    values: usize,
}

impl Reader {
    fn value(&mut self) -> bool {
        if self.state != State::Outside {
            return true;
        }
        self.values += 1;
        !std::mem::replace(&mut self.scalar, true)
    }

    fn author(&mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if self.state != State::Outside {
                let quote = bytes[at] == b'"' && self.state == State::Inside;
                self.state = self.state.after(&text[at..ceil(text, at + 1)]);
                at = ceil(text, at + 1);
                self.scalar |= quote;
                continue;
            }
            match bytes[at] {
                b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                    self.structure = true;
                    // A bracket that closes is the end of a value, but a loop's next turn may follow it.
                    self.scalar = false;
                    at += 1;
                }
                b'"' => {
                    if self.scalar {
                        return false;
                    }
                    self.structure = true;
                    self.state = State::Inside;
                    at += 1;
                }
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                _ => {
                    let word = ["null", "true", "false"].iter().find(|word| text[at..].starts_with(**word));
                    let end = word.map(|word| at + word.len()).or_else(|| number_end(bytes, at));
                    let Some(end) = end else { return false };
                    let goes_on = bytes.get(end).is_some_and(|b| !b" \t\n\r,:]}".contains(b));
                    if self.scalar || goes_on {
                        return false;
                    }
                    self.structure = true;
                    self.scalar = true;
                    at = end;
                }
            }
        }
        true
    }
}

fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
