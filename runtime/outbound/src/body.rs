//! Bodies, read no further than there is room for. What is counted is what is kept: after decompression.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// No more room than this is made for a body that has only been announced.
const MOST_AHEAD: u64 = 1 << 20;

/// Why a body is not whole.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is longer than there is room for.
    #[error("the answer is longer than {0} bytes")]
    TooLong(u64),
    /// The connection broke, or stood still.
    #[error(transparent)]
    Broken(#[from] reqwest::Error),
}

/// Reads a whole body of at most `most` bytes; `count` is told of each piece as it comes.
///
/// # Errors
/// A body that is longer, said or shown, and a connection that breaks.
pub async fn read(mut response: Response, most: u64, mut count: impl FnMut(usize)) -> Result<Bytes, Unread> {
    let announced = response.content_length().unwrap_or_default();
    if announced > most {
        return Err(Unread::TooLong(most));
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced.min(MOST_AHEAD)).unwrap_or_default());
    while let Some(piece) = response.chunk().await? {
        count(piece.len());
        if (body.len() + piece.len()) as u64 > most {
            return Err(Unread::TooLong(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// The beginning of a body, of at most `most` bytes, as far as it comes: of use, but not needed.
pub async fn beginning(mut response: Response, most: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        let room = most - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if body.len() == most {
            break;
        }
    }
    body
}

/// What is to be written where nobody who is trusted has signed a certificate.
const OWN_AUTHORITY: &str = "where its authority is one of your own, name the file with that one's certificate: \
                             `ca = \"ca.pem\"` beside the address";

/// Whether no connection was made because of the certificate of whoever is there.
pub fn is_distrusted(error: &reqwest::Error) -> bool {
    error.is_connect() && innermost(error).contains("certificate")
}

/// What an error says at its root, which is the part that helps, without secrets.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let told = tradewire_secrets::masked(root.to_string());
    // By its text, as the error is wrapped in one of input and output, which gives out its sources and not itself.
    if told.ends_with("invalid peer certificate: UnknownIssuer") { format!("{told}; {OWN_AUTHORITY}") } else { told }
}
