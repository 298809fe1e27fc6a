//! Cuts a template into text, outputs and tags, and an expression into tokens.

use super::error::{Problem, quoted};

/// A part of a template. Offsets are bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part<'s> {
    /// Text, with white space trimmed where its neighbours ask for it.
    Text(&'s str),
    /// The inside of `{{ }}`.
    Output(&'s str),
    /// A tag's name (empty if it has none) and what follows it.
    Tag(&'s str, &'s str),
}

/// A problem at a byte of the source.
pub(crate) type Fault = (usize, Problem);

/// Reads a template from front to back; or the lines of a `liquid` tag, each of which is a tag.
#[derive(Clone)]
pub(crate) struct Lexer<'s> {
    pub source: &'s str,
    pub at: usize,
    end: usize,
    lines: bool,
    trim: bool,
}

impl<'s> Lexer<'s> {
    pub fn template(source: &'s str) -> Self {
        Self { source, at: 0, end: source.len(), lines: false, trim: false }
    }

    /// The lines of a `liquid` tag, whose markup is `source[from..to]`.
    pub fn lines(source: &'s str, from: usize, to: usize) -> Self {
        Self { source, at: from, end: to, lines: true, trim: false }
    }

    pub fn is_lines(&self) -> bool {
        self.lines
    }

    /// Where a slice of the source begins.
    pub fn offset(&self, slice: &str) -> usize {
        (slice.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize).min(self.source.len())
    }

    /// The next part and where it begins.
    pub fn next(&mut self) -> Result<Option<(usize, Part<'s>)>, Fault> {
        if self.lines {
            return Ok(self.next_line());
        }
        loop {
            let start = self.at;
            let rest = &self.source[start..self.end];
            if rest.is_empty() {
                return Ok(None);
            }
            let opening = opening(rest);
            if opening == Some(0) {
                return self.next_markup().map(Some);
            }
            let mut text = &rest[..opening.unwrap_or(rest.len())];
            self.at = start + text.len();
            if self.trim {
                text = text.trim_start();
                self.trim = false;
            }
            if self.source.as_bytes().get(self.at + 2) == Some(&b'-') && opening.is_some() {
                text = text.trim_end();
            }
            if !text.is_empty() {
                return Ok(Some((self.offset(text), Part::Text(text))));
            }
        }
    }

    fn next_markup(&mut self) -> Result<(usize, Part<'s>), Fault> {
        let start = self.at;
        let rest = &self.source[start..self.end];
        let is_tag = rest.as_bytes()[1] == b'%';
        let length = if is_tag { rest.find("%}") } else { output_end(rest) };
        let Some(length) = length else {
            let close = if is_tag { "%}" } else { "}}" };
            return Err((start, Problem::syntax(format!("{} is not closed; end it with `{close}`", quoted(rest)))));
        };
        // `{%}` and `{{}`: the opening must not lend its last character to the closing.
        let mut inside = rest.get(2..length).unwrap_or_default();
        self.at = start + length + 2;
        inside = inside.strip_prefix('-').unwrap_or(inside);
        self.trim = inside.ends_with('-') || (inside.is_empty() && rest[..length].ends_with("-"));
        inside = inside.strip_suffix('-').unwrap_or(inside);
        Ok((start, if is_tag { tag(inside) } else { Part::Output(inside) }))
    }

    fn next_line(&mut self) -> Option<(usize, Part<'s>)> {
        while self.at < self.end {
            let rest = &self.source[self.at..self.end];
            let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
            self.at = (self.at + line.len() + 1).min(self.end);
            if !line.trim().is_empty() {
                let line = line.trim();
                return Some((self.offset(line), tag(line)));
            }
        }
        None
    }

    /// The text up to the tag `name`, whatever is in it; goes on behind that tag.
    pub fn verbatim(&mut self, name: &str) -> Option<&'s str> {
        let from = self.at;
        let mut at = from;
        loop {
            let open = at + self.source[at..self.end].find("{%")?;
            let inside = self.source[open + 2..self.end].trim_start_matches('-').trim_start();
            if let Some(behind) = inside.strip_prefix(name) {
                let behind = behind.trim_start();
                let (trim, close) = behind.strip_prefix('-').map_or((false, behind), |rest| (true, rest));
                if close.starts_with("%}") {
                    self.at = self.offset(close) + 2;
                    self.trim = trim;
                    return Some(&self.source[from..open]);
                }
            }
            at = open + 2;
        }
    }
}

/// Where the next `{{` or `{%` is.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = text[from..].find('{') {
        let at = from + found;
        if let Some(b'{' | b'%') = bytes.get(at + 1) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Where the `}}` of an output is: as in Shopify Liquid, the first brace must be a pair.
fn output_end(text: &str) -> Option<usize> {
    let at = 2 + text[2..].find('}')?;
    text[at..].starts_with("}}").then_some(at)
}

fn tag(inside: &str) -> Part<'_> {
    let inside = inside.trim_start();
    if let Some(rest) = inside.strip_prefix('#') {
        return Part::Tag("#", rest);
    }
    let end = inside.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inside.len());
    Part::Tag(&inside[..end], inside[end..].trim())
}

/// A token of an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'s> {
    Name(&'s str),
    Number(&'s str),
    Text(&'s str),
    Compare(&'s str),
    DotDot,
    Mark(char),
    End,
}

/// Reads the tokens of an expression, one ahead.
pub(crate) struct Tokens<'s> {
    text: &'s str,
    at: usize,
    next: (usize, Token<'s>),
    base: usize,
}

impl<'s> Tokens<'s> {
    /// `base` is where `text` begins in the source.
    pub fn new(text: &'s str, base: usize) -> Result<Self, Fault> {
        let mut tokens = Self { text, at: 0, next: (0, Token::End), base };
        tokens.advance()?;
        Ok(tokens)
    }

    pub fn peek(&self) -> Token<'s> {
        self.next.1
    }

    /// Where the next token begins in the source.
    pub fn place(&self) -> usize {
        self.base + self.next.0
    }

    /// What is left, from the next token on.
    pub fn rest(&self) -> &'s str {
        &self.text[self.next.0..]
    }

    pub fn advance(&mut self) -> Result<Token<'s>, Fault> {
        let taken = self.next.1;
        let rest = &self.text[self.at..];
        let blank = rest.len() - rest.trim_start().len();
        let start = self.at + blank;
        let token = lex(&self.text[start..]).map_err(|why| (self.base + start, why))?;
        self.at = start + token.0;
        self.next = (start, token.1);
        Ok(taken)
    }

    pub fn eat(&mut self, mark: char) -> Result<bool, Fault> {
        let found = self.peek() == Token::Mark(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub fn expect(&mut self, mark: char) -> Result<(), Fault> {
        if self.eat(mark)? { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    pub fn name(&mut self, what: &str) -> Result<&'s str, Fault> {
        match self.peek() {
            Token::Name(name) => {
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    pub fn end(&self) -> Result<(), Fault> {
        if self.peek() == Token::End { Ok(()) } else { Err(self.unexpected("the end of the tag")) }
    }

    /// Here should be something else.
    pub fn unexpected(&self, wanted: &str) -> Fault {
        let found = match self.peek() {
            Token::End => "the end of the tag".to_owned(),
            _ => quoted(self.rest()),
        };
        (self.place(), Problem::syntax(format!("here should be {wanted}, not {found}")))
    }
}

/// The token at the start of a text, and its length.
fn lex(text: &str) -> Result<(usize, Token<'_>), Problem> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return Ok((0, Token::End)) };
    let second = bytes.get(1).copied().unwrap_or(0);
    let token = match first {
        b'\'' | b'"' => {
            let quote = char::from(*first);
            let Some(length) = text[1..].find(quote) else {
                return Err(Problem::syntax(format!("a text has no closing {quote}")));
            };
            (length + 2, Token::Text(&text[1..=length]))
        }
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let mut end = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')));
            if end.is_some_and(|end| bytes[end] == b'?') {
                end = end.map(|end| end + 1);
            }
            let end = end.unwrap_or(text.len());
            match &text[..end] {
                "contains" => (end, Token::Compare("contains")),
                name => (end, Token::Name(name)),
            }
        }
        b'0'..=b'9' => number(text),
        b'-' if second.is_ascii_digit() => number(text),
        b'=' | b'!' | b'<' | b'>' if second == b'=' => (2, Token::Compare(&text[..2])),
        b'<' if second == b'>' => (2, Token::Compare("!=")),
        b'<' | b'>' => (1, Token::Compare(&text[..1])),
        b'.' if second == b'.' => (2, Token::DotDot),
        b'.' | b'[' | b']' | b'(' | b')' | b',' | b':' | b'|' | b'=' => (1, Token::Mark(char::from(*first))),
        _ => return Err(Problem::syntax(format!("{} is not part of an expression", quoted(text)))),
    };
    Ok(token)
}

fn number(text: &str) -> (usize, Token<'_>) {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(text.starts_with('-'));
    end += digits(end);
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    (end, Token::Number(&text[..end]))
}
