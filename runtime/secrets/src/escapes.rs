//! A text as it reads once its escapes are read.
//!
//! Writers disagree about what they escape, and how: percent encoding lets `/` stand or not, JSON has `\/`, `\u002F` and
//! `/`, HTML has `&#47;`, `&#x2F;` and `&sol;`. So nothing is said of a secret's escaped forms. The text is read instead,
//! each escape that is known as the character it stands for, and what is found is taken out where it was written.

use std::ops::Range;

/// How many escapes within each other are read: JSON in JSON in an address, and one more that the secret itself looks like.
pub(crate) const DEPTH: usize = 4;
/// The longest escape: two halves of a character as JSON writes them.
const LONGEST: usize = 12;

/// The most digits of a number, zeros before it included.
const LONGEST_NUMBER: usize = 32;

/// A text with its escapes read.
#[derive(Debug)]
pub(crate) struct View {
    pub bytes: Vec<u8>,
    /// Where pieces begin, here and in the text; the last one is where both end. A piece that is as long here as there is
    /// a copy, any other one is an escape.
    pieces: Vec<(u32, u32)>,
}

impl View {
    /// The text with its escapes read once, if there are any. `doubled` says whether a quotation mark that is written
    /// twice is one, as in CSV and SQL; JSON is full of them, so they are read only where a secret has one.
    pub fn of(text: &[u8], doubled: bool) -> Option<View> {
        // No text is longer than the four gigabytes that pieces are counted with.
        u32::try_from(text.len()).ok()?;
        let mut view = View { bytes: Vec::new(), pieces: Vec::new() };
        let (mut copied, mut at) = (0, 0);
        while let Some(next) = next(&text[at..], doubled) {
            at += next;
            let Some((taken, read)) = read(&text[at..], doubled) else {
                at += 1;
                continue;
            };
            if view.bytes.capacity() == 0 {
                view.bytes.reserve(text.len());
            }
            view.copy(text, copied..at);
            view.piece(at);
            match read {
                Read::Byte(b) => view.bytes.push(b),
                Read::Char(c) => view.bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            at += taken;
            copied = at;
        }
        if view.pieces.is_empty() {
            return None;
        }
        view.copy(text, copied..text.len());
        view.piece(text.len());
        Some(view)
    }

    fn copy(&mut self, text: &[u8], range: Range<usize>) {
        if !range.is_empty() {
            self.piece(range.start);
            self.bytes.extend_from_slice(&text[range]);
        }
    }

    /// Both numbers fit, as the whole text's length does and this is no longer.
    fn piece(&mut self, there: usize) {
        self.pieces.push((self.bytes.len() as u32, there as u32));
    }

    /// Where in the text a piece of this was written; escapes are taken as a whole.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = self.around(range.start).0;
            return at..at;
        }
        self.around(range.start).0..self.around(range.end - 1).1
    }

    /// Where what became this byte begins and ends in the text.
    fn around(&self, at: usize) -> (usize, usize) {
        let piece = self.pieces.partition_point(|(here, _)| *here as usize <= at);
        let place = |index: usize| self.pieces.get(index).map(|(here, there)| (*here as usize, *there as usize));
        match (piece.checked_sub(1).and_then(place), place(piece)) {
            (Some((here, there)), Some((here_ends, there_ends))) => {
                let is_copy = here_ends - here == there_ends - there;
                if is_copy { (there + at - here, there + at - here + 1) } else { (there, there_ends) }
            }
            // Behind the end.
            (Some((_, there)), None) => (there, there),
            (None, _) => (0, 0),
        }
    }
}

/// The text, and what it becomes by reading what looks like an escape in it.
pub(crate) fn images(text: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![text.to_vec()];
    while all.len() <= DEPTH
        && let Some(view) = all.last().and_then(|last| View::of(last, true))
    {
        all.push(view.bytes);
    }
    all
}

/// Where at the end of a text an escape begins that may have been cut.
pub(crate) fn half(text: &[u8]) -> Option<usize> {
    let from = text.len().saturating_sub(LONGEST_NUMBER + 3);
    let goes_on = |b: &u8| b.is_ascii_alphanumeric() || b"#{\\".contains(b);
    (from..text.len()).find(|at| {
        let rest = &text[*at..];
        let may_be = rest.len() < LONGEST || rest.starts_with(b"&#");
        b"%\\&".contains(&rest[0]) && may_be && rest[1..].iter().all(goes_on) && read(rest, false).is_none()
    })
}

/// Where the next escape may begin.
fn next(text: &[u8], doubled: bool) -> Option<usize> {
    if doubled {
        return text.iter().position(|b| matches!(b, b'%' | b'\\' | b'&' | b'"' | b'\''));
    }
    memchr::memchr3(b'%', b'\\', b'&', text)
}

/// What an escape stands for.
enum Read {
    Byte(u8),
    Char(char),
}

/// How long the escape is that a text begins with, and what it stands for.
fn read(text: &[u8], doubled: bool) -> Option<(usize, Read)> {
    match text {
        [b'%', b'u' | b'U', ..] => units(text, 2),
        [b'%', digits @ ..] => byte(digits, 1),
        [b'\\', b'u', b'{', digits @ ..] => {
            let end = digits.iter().take(7).position(|b| *b == b'}')?;
            Some((end + 4, Read::Char(char::from_u32(number(&digits[..end], 16)?)?)))
        }
        [b'\\', b'u', ..] => units(text, 2),
        [b'\\', b'U', digits @ ..] => Some((10, Read::Char(char::from_u32(number(digits.get(..8)?, 16)?)?))),
        [b'\\', b'x' | b'X', digits @ ..] => byte(digits, 2),
        [b'\\', b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => {
            Some((4, Read::Byte(u8::try_from(number(&text[1..4], 8)?).ok()?)))
        }
        [b'\\', b'4'..=b'7', b'0'..=b'7', ..] => Some((3, Read::Byte(u8::try_from(number(&text[1..3], 8)?).ok()?))),
        [b'\\', letter, ..] => {
            let read = match letter {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                b'v' => 11,
                b'0' => 0,
                b' ' => b' ',
                mark if mark.is_ascii_punctuation() => *mark,
                _ => return None,
            };
            Some((2, Read::Byte(read)))
        }
        [b'&', b'#', b'x' | b'X', digits @ ..] => numbered(digits, 3, 16),
        [b'&', b'#', digits @ ..] => numbered(digits, 2, 10),
        [b'&', rest @ ..] => {
            let end = rest.iter().take(LONGEST - 2).position(|b| *b == b';')?;
            Some((end + 2, Read::Char(named(&rest[..end])?)))
        }
        [b'"', b'"', ..] | [b'\'', b'\'', ..] if doubled => Some((2, Read::Byte(text[0]))),
        _ => None,
    }
}

/// A character by its number in HTML, with any zeros before it. Without the `;` behind it browsers read it as well; here
/// that may be written with an escape of its own.
fn numbered(digits: &[u8], before: usize, base: u32) -> Option<(usize, Read)> {
    let count = digits.iter().take(LONGEST_NUMBER).take_while(|b| char::from(**b).is_digit(base)).count();
    let read = char::from_u32(number(&digits[..count], base)?)?;
    (digits.get(count) == Some(&b';')).then_some((before + count + 1, Read::Char(read)))
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    // `from_str_radix` takes a sign.
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    u32::from_str_radix(digits, base).ok()
}

fn byte(digits: &[u8], before: usize) -> Option<(usize, Read)> {
    let digits = digits.get(..2)?;
    Some((before + 2, Read::Byte(u8::try_from(number(digits, 16)?).ok()?)))
}

/// A character as UTF-16 in digits: one unit, or two, each with the same sign before it.
fn units(text: &[u8], before: usize) -> Option<(usize, Read)> {
    let unit = |at: usize| u16::try_from(number(text.get(at..at + 4)?, 16)?).ok();
    let first = unit(before)?;
    let one = before + 4;
    if let Ok(read) = char::decode_utf16([first]).next()? {
        return Some((one, Read::Char(read)));
    }
    if text.get(one..one + before)? != &text[..before] {
        return None;
    }
    let read = char::decode_utf16([first, unit(one + before)?]).next()?.ok()?;
    Some((2 * one, Read::Char(read)))
}

/// What the names of HTML stand for, as far as it is ASCII.
fn named(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" | b"AMP" => '&',
        b"lt" | b"LT" => '<',
        b"gt" | b"GT" => '>',
        b"quot" | b"QUOT" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"bsol" => '\\',
        b"plus" => '+',
        b"equals" => '=',
        b"colon" => ':',
        b"semi" => ';',
        b"comma" => ',',
        b"period" => '.',
        b"quest" => '?',
        b"excl" => '!',
        b"num" => '#',
        b"dollar" => '$',
        b"percnt" => '%',
        b"ast" | b"midast" => '*',
        b"commat" => '@',
        b"lowbar" | b"UnderBar" => '_',
        b"grave" | b"DiacriticalGrave" => '`',
        b"Hat" => '^',
        b"lpar" => '(',
        b"rpar" => ')',
        b"lsqb" | b"lbrack" => '[',
        b"rsqb" | b"rbrack" => ']',
        b"lcub" | b"lbrace" => '{',
        b"rcub" | b"rbrace" => '}',
        b"vert" | b"verbar" | b"VerticalLine" => '|',
        b"Tab" => '\t',
        b"NewLine" => '\n',
        b"nbsp" => '\u{a0}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_once(text: &str) -> String {
        View::of(text.as_bytes(), true).map_or_else(|| text.to_owned(), |view| String::from_utf8(view.bytes).unwrap())
    }

    #[test]
    fn each_escape_is_read_once() {
        for (written, read) in [
            ("a%2Fb%2fc%252F", "a/b/c%2F"),
            ("%u002F%u00e9 %C3%A9", "/é é"),
            (r#"\/ \" \\n \n\u002f\u00E9"#, "/ \" \\n \n/é"),
            (r"\ud83d\ude00 \u{1f600} \U0001F600 %uD83D%uDE00", "😀 😀 😀 😀"),
            (r"\x22\x2F \057 \-\. \ x", "\"/ / -.  x"),
            ("&amp;lt; &#47;&#x2F;&#039;&sol;&QUOT;", "&lt; //'/\""),
            ("&#0000000000118;&#x00000000006B;", "vk"),
            (r"\57\141\60", "/a0"),
            (r#"a""b''c"#, r#"a"b'c"#),
        ] {
            assert_eq!(read_once(written), read, "{written}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["100%", "%4", "%zz %+1", r"\q \u12 \ud83d", "a & b; &unknown; &#; &#xzz;", r"end\", "&", "R&D;"] {
            assert!(View::of(text.as_bytes(), false).is_none(), "{text}");
        }
    }

    #[test]
    fn a_place_leads_back_to_where_it_was_written() {
        let text = r"ab\u00e9cd%2Fe";
        let view = View::of(text.as_bytes(), false).unwrap();
        assert_eq!(view.bytes, "abécd/e".as_bytes());
        assert_eq!(view.origin(0..2), 0..2);
        // Half of a character is all of its escape.
        assert_eq!(view.origin(3..5), 2..9);
        assert_eq!(view.origin(5..7), 9..13);
        assert_eq!(view.origin(6..8), 10..14);
        assert_eq!(view.origin(8..8), 14..14);
    }

    #[test]
    fn half_an_escape_is_seen_at_the_end() {
        for (text, at) in [
            ("ab%", 2),
            ("ab%2", 2),
            (r"ab\", 2),
            (r"ab\u00", 2),
            ("ab&amp", 2),
            ("ab&#11", 2),
            ("a&#0000000000000118", 1),
            (r"ab\ud83d\ude", 2),
        ] {
            assert_eq!(half(text.as_bytes()), Some(at), "{text}");
        }
        assert_eq!(half(b"ab%2F"), None);
        assert_eq!(half(b"a & b"), None);
    }
}
