//! The chunks of a body, as strictly as its head.

use super::head::{Malformed, field};

/// The most bytes of a line with a size.
const LONGEST_LINE: usize = 256;
/// The most bytes of all trailers.
const LONGEST_TRAILERS: usize = 8 * 1024;

/// Where one is among the chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    at: At,
    trailers: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    Size,
    /// So many bytes are still to come.
    Piece(u64),
    /// The line end behind a piece.
    End,
    Trailer,
    Over,
}

impl Chunks {
    pub(super) fn new() -> Chunks {
        Chunks { at: At::Size, trailers: 0 }
    }

    /// Whether the body has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    /// How many of these bytes are well-formed and whole; the others are to come again with what follows them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut taken = 0;
        while taken < bytes.len() && !self.is_over() {
            let rest = &bytes[taken..];
            taken += match self.at {
                At::Piece(left) => {
                    let piece = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    let left = left - piece as u64;
                    self.at = if left == 0 { At::End } else { At::Piece(left) };
                    piece
                }
                At::Size | At::End | At::Trailer => {
                    let Some(line) = line(rest)? else { break };
                    self.at = self.after(line)?;
                    line.len() + 2
                }
                At::Over => 0,
            };
        }
        Ok(taken)
    }

    fn after(&mut self, line: &[u8]) -> Result<At, Malformed> {
        match self.at {
            At::End if line.is_empty() => Ok(At::Size),
            At::Size => Ok(match size(line)? {
                0 => At::Trailer,
                size => At::Piece(size),
            }),
            At::Trailer if line.is_empty() => Ok(At::Over),
            At::Trailer => {
                let (name, _) = field(line)?;
                self.trailers += line.len();
                let frames = [&b"content-length"[..], b"transfer-encoding", b"host"];
                if self.trailers > LONGEST_TRAILERS || frames.iter().any(|frame| name.eq_ignore_ascii_case(frame)) {
                    return Err(Malformed::Chunk);
                }
                Ok(At::Trailer)
            }
            _ => Err(Malformed::Chunk),
        }
    }
}

/// The first line, without its end. None where its end is still to come.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let end = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
    match end {
        Some(end) => {
            let line = bytes[..end].strip_suffix(b"\r").ok_or(Malformed::Chunk)?;
            if line.contains(&b'\r') { Err(Malformed::Chunk) } else { Ok(Some(line)) }
        }
        None if bytes.len() >= LONGEST_LINE => Err(Malformed::Chunk),
        None => Ok(None),
    }
}

/// Hexadecimal digits; an extension may follow, which nobody reads.
fn size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (number, extension) = line.split_at(digits);
    let is_extension = match extension.trim_ascii_start().first() {
        None => extension.is_empty(),
        Some(b';') => extension.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()),
        Some(_) => false,
    };
    let number = std::str::from_utf8(number).ok().filter(|text| (1..=15).contains(&text.len()) && is_extension);
    number.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(Malformed::Chunk)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What of these bytes is taken when they come one by one.
    fn drip(bytes: &[u8]) -> Result<(usize, bool), Malformed> {
        let (mut chunks, mut taken) = (Chunks::new(), 0);
        for end in 1..=bytes.len() {
            taken += chunks.advance(&bytes[taken..end])?;
        }
        Ok((taken, chunks.is_over()))
    }

    #[test]
    fn chunks_end_where_they_say_however_they_come() {
        for body in ["0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "A;x=\"y\"\r\n0123456789\r\n00\r\nx-sum: 1\r\n\r\n"] {
            let followed = [body.as_bytes(), b"GET /"].concat();
            let mut chunks = Chunks::new();
            assert_eq!(chunks.advance(&followed), Ok(body.len()), "{body:?}");
            assert!(chunks.is_over());
            assert_eq!(drip(body.as_bytes()), Ok((body.len(), true)), "{body:?}");
        }
        assert_eq!(drip(b"5\r\nhel"), Ok((6, false)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = format!("1;{}\r\n", "x".repeat(300));
        let trailers = format!("0\r\n{}", format!("x: {}\r\n", "y".repeat(200)).repeat(60));
        for body in [
            "5\nhello\r\n",
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x5\r\n",
            " 5\r\n",
            "5 \r\n",
            "5\r\nhello!\r\n",
            "5\r\nhello\n",
            "5\rx\r\n",
            "10000000000000000\r\n",
            "0\r\ncontent-length: 5\r\n",
            "0\r\nnothing\r\n",
            "0\r\n folded: x\r\n",
            "1;\u{7f}\r\n",
            &long,
            &trailers,
        ] {
            assert!(drip(body.as_bytes()).is_err(), "{body:?}");
        }
    }
}
