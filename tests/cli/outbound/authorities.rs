//! Servers whose certificate an authority of the operator's own has signed: refused until the configuration names it.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::bench::{Bench, Offline, hostile, until};
use crate::vendors::serving::Serving;
use crate::vendors::{NOWHERE, STOCK, sample, section, serves, stand_ins};

/// What is told of a certificate that nobody has signed who is trusted.
const ADVICE: &str = "invalid peer certificate: UnknownIssuer; where its authority is one of your own, name the file with \
                      that one's certificate: `ca = \"ca.pem\"` beside the address";

/// Speaks TLS before a server that does not.
struct Tls {
    address: SocketAddr,
    /// The authority's certificate.
    ca: String,
    _runtime: Runtime,
}

impl Tls {
    fn before(server: &str) -> Tls {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = config.unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));

        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let server = url::Url::parse(server).unwrap().socket_addrs(|| None).unwrap()[0];
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut behind = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        Tls { address, ca: ca.pem(), _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

/// With `ca` beside what is said already.
fn believing(bench: &Bench, tls: &Tls, beside: &str) {
    bench.write("ca.pem", &tls.ca);
    let config = bench.read("tradewire.toml");
    assert!(config.contains(beside), "{config}");
    bench.write("tradewire.toml", config.replacen(beside, &format!("{beside}\nca = \"ca.pem\""), 1));
}

#[test]
fn a_receiver_is_believed_when_its_authority_is_named() {
    let receiver = stand_ins::saying("501 Unsupported method ('OPTIONS')", "no such method");
    let tls = Tls::before(&receiver.url);
    let to = format!("to = \"{}/files\"", tls.url());
    let bench = Bench::with(&hostile("", "behaviour = \"writes-big\"").replace("to = \"outbox\"", &to));
    let told = bench.tradewire("delivery test outbox").refused(&[ADVICE]);
    assert!(!told.err.contains("rustls"), "nobody else tells it: {told}");

    believing(&bench, &tls, &to);
    let told = bench.tradewire("delivery test outbox").succeeded();
    assert!(told.out.contains("can be reached and answers 501"), "a receiver need not know `OPTIONS`: {told}");
    assert!(told.out.contains("whether it takes files is seen with the first one"), "{told}");

    let other = Tls::before(&receiver.url);
    bench.write("ca.pem", &other.ca);
    // Of the same name, with another key.
    bench.tradewire("delivery test outbox").refused(&["invalid peer certificate: BadSignature"]);
}

#[test]
fn a_store_is_believed_when_its_authority_is_named() {
    let store = stand_ins::saying("503 Slow Down", "<Error><Code>SlowDown</Code></Error>");
    let tls = Tls::before(&store.url);
    let endpoint = format!("endpoint = \"{}\"", tls.url());
    let secret = "secret_access_key = { env = \"CALLER_KEY\" }";
    let to = format!("to = \"s3://bucket/in\"\naccess_key_id = \"id\"\n{secret}\n{endpoint}");
    let bench = Bench::with(&hostile("", "behaviour = \"writes-big\"").replace("to = \"outbox\"", &to));
    bench.tradewire("delivery test outbox").refused(&[ADVICE]);
    believing(&bench, &tls, &endpoint);
    bench.tradewire("delivery test outbox").refused(&["SlowDown"]);
}

#[test]
fn a_vendor_is_believed_when_its_authority_is_named() {
    let offline = Offline::with("[]");
    let tls = Tls::before(&offline.url());
    let address = format!("{}/_vendor/v1", tls.url());
    let bench = Bench::with(&serves(NOWHERE, &section("harborline", &address, "")));
    let serving = Serving::start(&bench);
    serving.call(STOCK, &sample("stock-level")).failed(502, "Vendor", &[ADVICE]);
    believing(&bench, &tls, "[middleware.harborline]");
    serving.tell_to_reload();
    until("it is believed", || serving.call(STOCK, &sample("stock-level")).status == 200);
    serving.stop();
}

#[test]
fn servicetitan_is_believed_when_its_authority_is_named() {
    let offline = Offline::with("[]");
    let tls = Tls::before(&offline.url());
    let bench = Bench::with(&crate::journal::writes(&tls.url(), "create A"));
    bench.tradewire("run teams --from 2026-01-05 --to 2026-01-12").refused(&[ADVICE]);
    believing(&bench, &tls, "[servicetitan]");
    bench.tradewire("run teams --from 2026-01-05 --to 2026-01-12").succeeded();
    assert_eq!(offline.teams().len(), 1);
}

#[test]
fn a_file_that_names_no_authority_is_told_with_its_line() {
    let to = "to = \"https://files.example.com/in\"\nca = \"ca.pem\"";
    let bench = Bench::with(&hostile("", "behaviour = \"writes-big\"").replace("to = \"outbox\"", to));
    let at = |bench: &Bench| bench.read("tradewire.toml").lines().position(|line| line.starts_with("ca ")).unwrap() + 1;
    let line = format!("tradewire.toml:{}:6", at(&bench));
    bench.tradewire("check").refused(&[&line, "ca.pem`: No such file", "-----BEGIN CERTIFICATE-----"]);
    bench.write("ca.pem", "no certificate");
    bench.tradewire("check").refused(&[&line, "ca.pem`: it holds no certificate"]);
    let plain = bench.read("tradewire.toml").replace("to = \"https://files.example.com/in\"", "to = \"outbox\"");
    bench.write("tradewire.toml", plain);
    bench.tradewire("check").refused(&["`ca` is for `s3://…`, `https://…`, and this delivers to a folder"]);
}
