//! A file that is being received, piece by piece.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use reqwest::Response;
use reqwest::header::CONTENT_DISPOSITION;
use tokio::time::timeout;
use tradewire_outbound::innermost;

use crate::doors::Doors;
use crate::environment::place;
use crate::error::{Error, Kind};
use crate::reading::content_type;

/// A file that is being received. A connection that breaks after its start is not repeated here: the pieces given out
/// cannot be taken back.
pub struct Download {
    /// Its media type, where it is given.
    pub content_type: Option<String>,
    /// Its whole length in bytes, where it is given.
    pub length: Option<u64>,
    /// Its name, where it is given: one path segment, chosen by the other side.
    pub file_name: Option<String>,
    doors: Arc<Doors>,
    operation: String,
    place: String,
    response: Response,
    attempts: u32,
    received: u64,
    failed: Option<Error>,
}

impl Download {
    pub(crate) fn new(doors: Arc<Doors>, operation: String, response: Response, attempts: u32) -> Download {
        let disposition = response.headers().get(CONTENT_DISPOSITION).map(|v| String::from_utf8_lossy(v.as_bytes()));
        Download {
            content_type: content_type(&response),
            length: response.content_length(),
            file_name: disposition.and_then(|d| file_name(&d)),
            place: place(response.url()),
            doors,
            operation,
            response,
            attempts,
            received: 0,
            failed: None,
        }
    }

    /// The next piece, or none at the end. After an error it gives the same error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let patience = self.doors.shared.options.timeout;
        let (kind, message) = match timeout(patience, self.response.chunk()).await {
            Ok(Ok(Some(piece))) => {
                self.received += piece.len() as u64;
                self.doors.counters.received(piece.len());
                return Ok(Some(piece));
            }
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(error)) => (Kind::Unreachable, format!("broke off: {}", innermost(&error))),
            Err(_) => (Kind::Timeout, format!("stood still for {} s", patience.as_secs())),
        };
        let of = self.length.map(|l| format!(" of {l}")).unwrap_or_default();
        let message = format!("the file from {} {message} (after {}{of} bytes)", self.place, self.received);
        let error = Error::new(kind, message).at(&self.operation).with_attempts(self.attempts);
        self.failed = Some(error.clone());
        Err(error)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the response: its address may let whoever reads it fetch the file.
        f.debug_struct("Download")
            .field("operation", &self.operation)
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

/// The name in a `Content-Disposition` (RFC 6266): `filename*` before `filename`, the last segment of any path.
fn file_name(disposition: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        disposition.split(';').skip(1).find_map(|p| {
            let (name, value) = p.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|v| {
        let (_, encoded) = v.split_once("''")?;
        percent_decode_str(encoded).decode_utf8().ok().map(|t| t.into_owned())
    });
    let name = extended.or_else(|| parameter("filename"))?;
    let name = name.rsplit(['/', '\\']).next()?.trim();
    let fine = !name.is_empty() && name != "." && name != ".." && !name.chars().any(char::is_control);
    fine.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_name_is_one_segment_whoever_sends_it() {
        let cases = [
            (r#"attachment; filename="call.mp3""#, Some("call.mp3")),
            (r#"attachment; filename=a.png; filename*=UTF-8''h%C3%A9.png"#, Some("hé.png")),
            (r#"attachment; filename="../../etc/passwd""#, Some("passwd")),
            (r#"attachment; filename="C:\\x\\y.jpg""#, Some("y.jpg")),
            (r#"attachment; filename*=UTF-8''..%2F.."#, None),
            ("attachment; filename=\"a\u{1}b\"", None),
            ("attachment", None),
            ("", None),
        ];
        for (header, name) in cases {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
    }
}
