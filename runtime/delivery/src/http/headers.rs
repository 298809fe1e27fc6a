//! The headers of a delivery: the operator's, and ours.

use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    CONNECTION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderMap,
    HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{DestinationError, Item, SettingsError};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// What says how a request is carried, or is told by us.
const OURS: [HeaderName; 13] = [
    CONNECTION,
    CONTENT_DIGEST,
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    IDEMPOTENCY_KEY,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
/// All but `attr-char` of RFC 8187.
const NOT_IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The operator's headers. What is wrong with a value is told without it.
pub(super) fn check(headers: &[(String, SecretString)]) -> Result<HeaderMap, SettingsError> {
    let fault = |message: String| SettingsError::new("headers", message);
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let header = HeaderName::try_from(name.as_str())
            .map_err(|_| fault(format!("`{}` is no name of a header; take letters and `-`", name.escape_debug())))?;
        if OURS.contains(&header) {
            return Err(fault(format!("`{header}` is told by tradewire itself; take it out")));
        }
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| fault(format!("`{header}` holds a line break or another control character; take that out")))?;
        value.set_sensitive(true);
        if checked.insert(&header, value).is_some() {
            return Err(fault(format!("`{header}` is there twice; write it once")));
        }
    }
    Ok(checked)
}

/// What a receiver is told of a file.
pub(super) fn of(item: Item<'_>) -> Result<HeaderMap, DestinationError> {
    let Item { upload, name } = item;
    let fault = |what: &str| DestinationError::permanent(format!("cannot deliver `{}`: {what}", name.escape_debug()));
    let value = |text: &str, what| HeaderValue::from_str(text).map_err(|_| fault(what));
    let sha256 =
        HEXLOWER.decode(upload.sha256.as_bytes()).map_err(|_| fault("its SHA-256 is not in hexadecimal digits"))?;
    let digest = format!("sha-256=:{}:", BASE64.encode(&sha256));
    let disposition = format!("attachment; {}", filename(name));
    Ok(HeaderMap::from_iter([
        (IDEMPOTENCY_KEY, value(upload.id, "its id is no text of a header")?),
        (CONTENT_DIGEST, value(&digest, "its SHA-256 is no text of a header")?),
        (CONTENT_DISPOSITION, value(&disposition, "its name is no text of a header")?),
        (CONTENT_LENGTH, HeaderValue::from(upload.bytes)),
        (CONTENT_TYPE, value(upload.content_type, "its media type is no text of a header")?),
    ]))
}

/// A name in both forms (RFC 6266): many receivers read the plain one alone.
fn filename(name: &str) -> String {
    let extended = format!("filename*=UTF-8''{}", utf8_percent_encode(name, NOT_IN_NAMES));
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b" ._-()+,".contains(&b));
    if plain { format!("filename=\"{name}\"; {extended}") } else { extended }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_told_in_both_forms_where_the_plain_one_can_hold_it() {
        let plain = "filename=\"week 1.csv\"; filename*=UTF-8''week%201.csv";
        assert_eq!(filename("week 1.csv"), plain);
        assert_eq!(filename("bảng\".csv"), "filename*=UTF-8''b%E1%BA%A3ng%22.csv");
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_without_it() {
        let error = check(&[("Authorization".into(), "Bearer s3cr3t\n".into())]).unwrap_err();
        assert_eq!(error.setting, "headers");
        assert!(error.message.starts_with("`authorization` holds a line break"), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_tradewire_tells_itself_and_what_is_twice_is_refused() {
        for name in ["content-type", "Idempotency-Key", "Host", "Transfer-Encoding", "a b", ""] {
            assert!(check(&[(name.into(), "x".into())]).is_err(), "{name}");
        }
        assert!(check(&[("X-Key".into(), "1".into()), ("x-key".into(), "2".into())]).is_err());
    }
}
