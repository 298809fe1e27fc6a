//! Authorities that the operator trusts besides the system's.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates of authorities, beside those that the system trusts. None by default. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ca(Arc<[CertificateDer<'static>]>);

/// Why a text names no authority.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// There is none in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// One of them is broken.
    #[error("its certificate number {0} cannot be read")]
    Broken(usize),
}

impl Ca {
    /// Reads certificates in PEM form. What else there is is passed over.
    ///
    /// # Errors
    /// No certificate, or one that is broken.
    pub fn parse(pem: &[u8]) -> Result<Ca, CaError> {
        let mut all = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let broken = CaError::Broken(all.len() + 1);
            let Ok(certificate) = certificate else { return Err(broken) };
            if RootCertStore::empty().add(certificate.clone()).is_err() {
                return Err(broken);
            }
            all.push(certificate);
        }
        if all.is_empty() { Err(CaError::NoCertificate) } else { Ok(Ca(all.into())) }
    }

    pub(crate) fn certificates(&self) -> reqwest::Result<Vec<reqwest::Certificate>> {
        self.0.iter().map(|certificate| reqwest::Certificate::from_der(certificate)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn what_is_no_certificate_is_told() {
        let key = KeyPair::generate().unwrap();
        let pem = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
        assert_eq!(Ca::parse(pem.as_bytes()).unwrap().0.len(), 1);
        assert_eq!(Ca::parse(format!("# ours\n{pem}{pem}{}", key.serialize_pem()).as_bytes()).unwrap().0.len(), 2);
        let told = |pem: &str| Ca::parse(pem.as_bytes()).unwrap_err().to_string();
        assert_eq!(told(""), "it holds no certificate");
        assert_eq!(told(&key.serialize_pem()), "it holds no certificate");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(told(&format!("{pem}{broken}")), "its certificate number 2 cannot be read");
    }
}
