//! Who the server is to its clients: a certificate with its key.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::{ExposeSecret, SecretString};
use x509_parser::prelude::{FromDer, X509Certificate};

/// From when on it is told that a certificate expires.
const SOON: TimeDelta = TimeDelta::days(14);

/// A certificate with its key, ready to be used.
#[derive(Debug, Clone)]
pub struct Identity {
    config: Arc<ServerConfig>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFault {
    /// There is no certificate in the text.
    #[error(
        "it holds no certificate in PEM: it has to begin with `-----BEGIN CERTIFICATE-----`, the server's own first"
    )]
    NoCertificate,
    /// The certificate cannot be read.
    #[error("its certificate cannot be read: {0}")]
    Certificate(String),
    /// There is no key in the text.
    #[error(
        "the key holds no private key in PEM: it has to begin with `-----BEGIN PRIVATE KEY-----`, without a passphrase"
    )]
    NoKey,
    /// The key cannot be used.
    #[error("the key cannot be used: {0}; take an ECDSA P-256 or P-384, an Ed25519 or an RSA key")]
    Key(String),
    /// The key is another certificate's.
    #[error("the key is not that of the certificate: give both of the same request")]
    Unmatched,
    /// The name of the authority or such is refused.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(String),
}

impl Identity {
    /// Reads a chain of certificates, the server's own first, and its key, both in PEM.
    pub fn read(certificate: &[u8], key: &SecretString) -> Result<Identity, IdentityFault> {
        let unreadable = |error: &dyn std::fmt::Display| IdentityFault::Certificate(error.to_string());
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unreadable(&error))?;
        let first = chain.first().ok_or(IdentityFault::NoCertificate)?;
        let (_, parsed) = X509Certificate::from_der(first).map_err(|error| unreadable(&error))?;
        let moment = |seconds| DateTime::from_timestamp(seconds, 0);
        let validity = parsed.validity();
        let times = moment(validity.not_before.timestamp()).zip(moment(validity.not_after.timestamp()));
        let (from, until) = times.ok_or_else(|| unreadable(&"its validity is no time"))?;
        let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes()).map_err(|_| IdentityFault::NoKey)?;
        let provider = Arc::new(ring::default_provider());
        let signing = ring::sign::any_supported_type(&key).map_err(|error| IdentityFault::Key(error.to_string()))?;
        let unusable = |error: rustls::Error| IdentityFault::Unusable(error.to_string());
        match CertifiedKey::new(chain.clone(), signing).keys_match() {
            Ok(()) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(IdentityFault::Unmatched),
            Err(error) => return Err(unusable(error)),
        }
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config =
            builder.map_err(unusable)?.with_no_client_auth().with_single_cert(chain, key).map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { config: Arc::new(config), from, until })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Until when clients take it.
    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// Why clients do not take it now, where they do not.
    pub fn is_out_of_time(&self, now: DateTime<Utc>) -> Option<String> {
        match () {
            () if now > self.until => Some(format!("expired at {}: renew it", self.until.to_rfc3339())),
            () if now < self.from => {
                Some(format!("is valid from {} on: set this machine's clock, or wait", self.from.to_rfc3339()))
            }
            () => None,
        }
    }

    /// Until when it is valid, where that is soon.
    pub fn expires_soon(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self.until - now < SOON).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn made(until: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn read(certificate: &str, key: &str) -> Result<Identity, String> {
        Identity::read(certificate.as_bytes(), &key.into()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_certificate_and_its_key_are_taken_with_their_times() {
        let (certificate, key) = made(2030);
        let identity = read(&certificate, &key).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(identity.is_out_of_time(at("2026-01-01T00:00:00Z")), None);
        assert_eq!(identity.expires_soon(at("2026-01-01T00:00:00Z")), None);
        assert_eq!(identity.expires_soon(at("2029-12-25T00:00:00Z")), Some(at("2030-01-01T00:00:00Z")));
        let expired = identity.is_out_of_time(at("2030-01-02T00:00:00Z")).unwrap();
        assert_eq!(expired, "expired at 2030-01-01T00:00:00+00:00: renew it");
        assert!(identity.is_out_of_time(at("2019-01-01T00:00:00Z")).unwrap().starts_with("is valid from 2020-01-01T"));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let ((certificate, key), (other, _)) = (made(2030), made(2030));
        let fault = |certificate: &str, key: &str| read(certificate, key).unwrap_err();
        assert!(fault(&other, &key).contains("is not that of the certificate"));
        assert!(fault("", &key).contains("it holds no certificate in PEM"));
        assert!(fault(&key, &key).contains("it holds no certificate in PEM"));
        assert!(fault(&certificate, &certificate).contains("the key holds no private key in PEM"));
        assert!(fault(&certificate.replace("MII", "MIJ"), &key).contains("certificate cannot be read"));
        for told in
            [fault(&other, &key), fault(&certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
        {
            assert!(!told.contains("AAAA"), "{told}");
        }
    }
}
