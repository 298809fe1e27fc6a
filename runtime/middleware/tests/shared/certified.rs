//! A vendor over TLS, with the certificate that it is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::wire::{GOOD, HEAD, request, send};

/// An authority that is trusted where `SSL_CERT_FILE` says so. Its key is the same in both processes.
pub struct Authority {
    params: CertificateParams,
    pub key: KeyPair,
}

impl Authority {
    pub fn new(key: KeyPair) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the authority of this test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority { params, key }
    }

    pub fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }
}

/// A vendor with this certificate, and how many requests it has read.
pub async fn vendor(params: CertificateParams, authority: Option<&Authority>) -> (String, Arc<AtomicUsize>) {
    let key = KeyPair::generate().unwrap();
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, &Issuer::from_params(&authority.params, &authority.key)),
        None => params.self_signed(&key),
    };
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let certificates = vec![certificate.unwrap().der().clone()];
    let config = config.with_no_client_auth().with_single_cert(certificates, private).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/api", listener.local_addr().unwrap());
    let asked: Arc<AtomicUsize> = Arc::default();
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if request(&mut stream).await {
                counted.fetch_add(1, Ordering::SeqCst);
                send(&mut stream, format!("{HEAD}content-length: {}\r\n\r\n{GOOD}", GOOD.len())).await;
            }
        }
    });
    (url, asked)
}

pub fn made_for(name: SanType) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![name];
    params
}

pub fn here() -> SanType {
    SanType::IpAddress([127, 0, 0, 1].into())
}
