//! The tokens of JSON that reading and settling share.

/// Where a problem is, and what it is.
pub(crate) type Fault = (usize, String);

/// Skips what JSON calls white space.
#[inline]
pub(super) fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The end of a number in JSON's grammar that begins at `start`.
pub(crate) fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let from = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > from).then_some(at)
    };
    let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = digits(at)?;
    }
    Some(at)
}

/// The end of a string that begins with the quote at `start`: the place behind its closing quote, and whether it holds
/// anything but plain characters. Control characters are let through; the caller decides.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Result<(usize, bool), Fault> {
    let mut at = start + 1;
    let mut plain = true;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = special(rest) else {
            return Err((start, "a string has no closing quote".to_owned()));
        };
        at += found;
        match bytes[at] {
            b'"' => return Ok((at + 1, plain)),
            b'\\' => at += 2,
            _ => at += 1,
        }
        plain = false;
    }
}

/// The first quote, backslash or control character. Eight bytes are looked at together: long plain strings are most of
/// what is read.
#[inline]
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        // The high bit of a byte is set where it is below the limit, exactly so for the lowest such byte.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = below(word, 0x20) | equal(b'"') | equal(b'\\');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    bytes[at..].iter().position(|byte| SPECIAL[usize::from(*byte)]).map(|found| at + found)
}

/// What a string's end is looked for by: quote, backslash and control characters.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Reads a four-digit escape.
pub(super) fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The text of a string's inside. Half a surrogate pair becomes the replacement character, as most readers do.
pub(super) fn unescape(inside: &str, offset: usize) -> Result<String, Fault> {
    let bytes = inside.as_bytes();
    let mut out = String::with_capacity(inside.len());
    let mut from = 0;
    while let Some(found) = inside[from..].find('\\') {
        let at = from + found;
        out.push_str(&inside[from..at]);
        from = at + 2;
        match bytes.get(at + 1) {
            Some(b'"') => out.push('"'),
            Some(b'\\') => out.push('\\'),
            Some(b'/') => out.push('/'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            Some(b'u') => {
                let unit = hex(bytes, at + 2)
                    .ok_or_else(|| (offset + at, "`\\u` is not followed by four hexadecimal digits".to_owned()))?;
                from = at + 6;
                let low = (bytes.get(from) == Some(&b'\\') && bytes.get(from + 1) == Some(&b'u'))
                    .then(|| hex(bytes, from + 2))
                    .flatten();
                match (unit, low) {
                    (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                        from += 6;
                        let scalar = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                        out.push(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    _ => out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            _ => return Err((offset + at, "a backslash is followed by what JSON does not escape".to_owned())),
        }
    }
    out.push_str(&inside[from..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_string_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                for around in [b'a', b' ', 0x7f, 0x80, 0xff] {
                    let mut bytes = [around; 20];
                    bytes[at] = byte;
                    let wanted = bytes.iter().position(|byte| SPECIAL[usize::from(*byte)]);
                    assert_eq!(special(&bytes), wanted, "{byte} at {at} in {around}");
                }
            }
        }
    }
}
