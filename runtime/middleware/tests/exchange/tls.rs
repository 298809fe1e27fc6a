//! Certificates: one that is not the vendor's is told as that, and no order is sent to whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::apart::is_apart;
use super::wire::{GOOD, HEAD, request, send};
use super::{Draft, failure, order};

/// An authority that is trusted where `SSL_CERT_FILE` says so. Its key is the same in both processes.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn new(key: KeyPair) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the authority of this test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority { params, key }
    }

    fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }
}

/// A vendor with this certificate, and how many requests it has read.
async fn vendor(params: CertificateParams, authority: Option<&Authority>) -> (String, Arc<AtomicUsize>) {
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

fn made_for(name: SanType) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![name];
    params
}

fn here() -> SanType {
    SanType::IpAddress([127, 0, 0, 1].into())
}

#[test]
fn a_certificate_that_is_not_the_vendors_is_told_and_gets_no_order() {
    const TEST: &str = "tls::a_certificate_that_is_not_the_vendors_is_told_and_gets_no_order";
    let folder = tempfile::tempdir().unwrap();
    let (file, key_file) = (folder.path().join("authority.pem"), folder.path().join("key.pem"));
    let authority = Authority::new(KeyPair::generate().unwrap());
    std::fs::write(&file, authority.pem()).unwrap();
    std::fs::write(&key_file, authority.key.serialize_pem()).unwrap();
    if !is_apart(TEST, &[("SSL_CERT_FILE", file.as_os_str()), ("AUTHORITY_KEY", key_file.as_os_str())]) {
        return;
    }
    let key = std::fs::read_to_string(std::env::var("AUTHORITY_KEY").unwrap()).unwrap();
    let authority = Authority::new(KeyPair::from_pem(&key).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // One that is right in everything shows that the others fail for their own fault.
        let (url, asked) = vendor(made_for(here()), Some(&authority)).await;
        let outgoing = order(&Draft::at(&url).serve()).await;
        assert_eq!((outgoing.status, asked.load(Ordering::SeqCst)), (200, 1), "{outgoing:?}");

        let mut expired = made_for(here());
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        let elsewhere = made_for(SanType::DnsName("elsewhere.example".try_into().unwrap()));
        for (params, authority, why) in [
            (made_for(here()), None, "UnknownIssuer"),
            (elsewhere, Some(&authority), "not valid for name"),
            (expired, Some(&authority), "expired"),
        ] {
            let (url, asked) = vendor(params, authority).await;
            let (status, kind, message) = failure(&order(&Draft::at(&url).serve()).await);
            assert_eq!((status, kind.as_str()), (502, "Vendor"));
            assert!(message.contains("is not to be trusted") && message.contains("nothing was sent"), "{message}");
            assert!(message.contains(why), "{message}");
            assert_eq!(asked.load(Ordering::SeqCst), 0);
        }
    });
}
