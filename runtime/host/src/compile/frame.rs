//! What compiler and host say to each other over pipes: frames of a kind, a length and that many bytes.

use std::io::{self, Read, Write};

/// What the compiler says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The names that the component asks for, as JSON. It waits to be told to go on.
    Asks = 1,
    /// The machine code.
    Code = 2,
    /// Why the component is not valid.
    Invalid = 3,
    /// There was no memory for it.
    NoMemory = 4,
}

/// The most bytes of anything but code.
pub(super) const MOST_TOLD: usize = 64 << 20;

pub(super) fn write(to: &mut impl Write, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&[kind as u8])?;
    write_bytes(to, bytes)
}

/// The next frame, unless it is longer than it may be.
pub(super) fn read(from: &mut impl Read, most_code: usize) -> io::Result<(Kind, Vec<u8>)> {
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    let kinds = [Kind::Asks, Kind::Code, Kind::Invalid, Kind::NoMemory];
    let kind = kinds.into_iter().find(|known| *known as u8 == kind[0]);
    let kind = kind.ok_or_else(|| io::Error::other("it says what nobody knows"))?;
    Ok((kind, read_bytes(from, if kind == Kind::Code { most_code } else { MOST_TOLD })?))
}

pub(super) fn write_bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// So many bytes as are announced, if these are no more than `most`.
pub(super) fn read_bytes(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u64::from_le_bytes(length)).ok().filter(|length| *length <= most);
    let length = length.ok_or_else(|| io::Error::other("it says more than it may"))?;
    let mut bytes = Vec::new();
    // What is announced need not come, so no memory is set aside for it.
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Invalid, b"why").unwrap();
        write(&mut pipe, Kind::Code, b"code").unwrap();
        let mut from = &pipe[..];
        assert_eq!(read(&mut from, 4).unwrap(), (Kind::Invalid, b"why".to_vec()));
        assert_eq!(read(&mut from, 4).unwrap(), (Kind::Code, b"code".to_vec()));
        assert_eq!(read(&mut from, 4).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_too_long_cut_short_or_unknown_is_no_frame() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Code, b"code").unwrap();
        assert!(read(&mut &pipe[..], 3).unwrap_err().to_string().contains("more than it may"));
        assert!(read(&mut &pipe[..pipe.len() - 1], 4).is_err());
        pipe[0] = 9;
        assert!(read(&mut &pipe[..], 4).is_err());
        let endless = [&[Kind::Asks as u8][..], &u64::MAX.to_le_bytes()].concat();
        assert!(read(&mut &endless[..], usize::MAX).is_err());
    }
}
