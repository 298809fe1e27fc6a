//! HMAC-SHA256 over a body as it came.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tradewire_config::SignatureEncoding;

/// What signs the bodies of one webhook.
#[derive(Clone)]
pub(super) struct Signature {
    /// With the key in it already.
    keyed: Hmac<Sha256>,
    encoding: Option<SignatureEncoding>,
}

/// A body whose signature is checked while it arrives: what is forged costs no more than its arrival.
pub struct Checking {
    signed: Hmac<Sha256>,
    signature: Vec<u8>,
}

/// That a body is ServiceTitan's.
#[derive(Debug)]
pub struct Genuine(());

/// Why a body is not ServiceTitan's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forged {
    /// There is no signature.
    #[error("there is no signature")]
    Unsigned,
    /// There are several signatures, of which each reader might take another.
    #[error("there are several signatures")]
    Several,
    /// The signature is not written as one.
    #[error("the signature is not the 32 bytes of an HMAC-SHA256 in the encoding that is wanted")]
    Unreadable,
    /// The signature is that of another body or another key.
    #[error("the signature is not that of this body and this key")]
    Mismatch,
}

impl Signature {
    pub(super) fn new(key: &SecretString, encoding: Option<SignatureEncoding>) -> Signature {
        let keyed = Hmac::new_from_slice(key.expose_secret().as_bytes()).expect("a key of HMAC has any length");
        Signature { keyed, encoding }
    }

    /// Begins with what the headers say, before anything of the body has come.
    pub(super) fn begin<'h>(&self, mut signatures: impl Iterator<Item = &'h [u8]>) -> Result<Checking, Forged> {
        let signature = signatures.next().ok_or(Forged::Unsigned)?;
        if signatures.next().is_some() {
            return Err(Forged::Several);
        }
        let signature = decode(signature, self.encoding).ok_or(Forged::Unreadable)?;
        Ok(Checking { signed: self.keyed.clone(), signature })
    }
}

impl Checking {
    /// Goes on with a piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        self.signed.update(piece);
    }

    /// Ends with it. How long the comparison takes tells nothing of the right signature.
    pub fn finish(self) -> Result<Genuine, Forged> {
        self.signed.verify_slice(&self.signature).map(|()| Genuine(())).map_err(|_| Forged::Mismatch)
    }
}

#[cfg(test)]
impl Genuine {
    /// For tests of what comes after.
    pub(super) fn assumed() -> Genuine {
        Genuine(())
    }
}

/// The bytes of a signature; `sha256=` may stand before it. The two encodings differ in length.
fn decode(text: &[u8], encoding: Option<SignatureEncoding>) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"sha256=").unwrap_or(text);
    let decoding = match (text.len(), encoding) {
        (64, None | Some(SignatureEncoding::Hex)) => &HEXLOWER_PERMISSIVE,
        (44, None | Some(SignatureEncoding::Base64)) => &BASE64,
        _ => return None,
    };
    decoding.decode(text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn verify(signature: &str, encoding: Option<SignatureEncoding>) -> Result<(), Forged> {
        checked(KEY, encoding, &[signature], BODY)
    }

    fn checked(key: &str, encoding: Option<SignatureEncoding>, signatures: &[&str], body: &[u8]) -> Result<(), Forged> {
        let signature = Signature::new(&SecretString::from(key), encoding);
        let mut checking = signature.begin(signatures.iter().map(|text| text.as_bytes()))?;
        body.chunks(3).for_each(|piece| checking.update(piece));
        checking.finish().map(|_| ())
    }

    fn base64() -> String {
        BASE64.encode(&HEXLOWER_PERMISSIVE.decode(HEX.as_bytes()).unwrap())
    }

    #[test]
    fn a_genuine_signature_is_known_in_either_encoding_and_case() {
        for signature in [HEX.to_owned(), HEX.to_uppercase(), base64(), format!(" sha256={HEX} ")] {
            assert_eq!(verify(&signature, None), Ok(()), "{signature}");
        }
    }

    #[test]
    fn an_encoding_that_is_named_is_the_only_one() {
        assert_eq!(verify(HEX, Some(SignatureEncoding::Hex)), Ok(()));
        assert_eq!(verify(&base64(), Some(SignatureEncoding::Base64)), Ok(()));
        assert_eq!(verify(HEX, Some(SignatureEncoding::Base64)), Err(Forged::Unreadable));
        assert_eq!(verify(&base64(), Some(SignatureEncoding::Hex)), Err(Forged::Unreadable));
    }

    #[test]
    fn whatever_else_is_there_is_forged() {
        assert_eq!(verify(&HEX.replacen('5', "6", 1), None), Err(Forged::Mismatch));
        for signature in ["", "5bdc", &HEX[..63], &format!("{HEX}00"), &HEX.replacen('5', "x", 1), &"é".repeat(32)] {
            assert_eq!(verify(signature, None), Err(Forged::Unreadable), "{signature}");
        }
        assert_eq!(checked(KEY, None, &[], BODY), Err(Forged::Unsigned));
        assert_eq!(checked(KEY, None, &[HEX, HEX], BODY), Err(Forged::Several));
        assert_eq!(checked(KEY, None, &[HEX], b"what do ya want for nothing!"), Err(Forged::Mismatch));
        assert_eq!(checked("jefe", None, &[HEX], BODY), Err(Forged::Mismatch));
    }
}
