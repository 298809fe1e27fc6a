//! TLS, and a certificate that is renewed.

// Whoever tests the server is no client of the product.
#![allow(clippy::disallowed_methods)]

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{Datelike, Days, NaiveDate, Utc};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use reqwest::Client;

use super::{bench, event, signature, told};
use crate::bench::{Bench, until};
use crate::vendors::http::connect;
use crate::vendors::serving::Serving;

const REST: &str = "[serve]\ntls = { certificate = \"serve.pem\", key = { file = \"serve.key\" } }";

/// A certificate for this machine until that year, and its key.
fn made(year: i32) -> (String, String) {
    made_until(NaiveDate::from_ymd_opt(year, 1, 1).unwrap())
}

fn made_until(last: NaiveDate) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last.year(), last.month() as u8, last.day() as u8);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn write(bench: &Bench, certificate: &str, key: &str) {
    bench.write("serve.pem", certificate);
    bench.write("serve.key", key);
}

/// Asks for health, trusting this certificate alone.
fn health(address: SocketAddr, certificate: &str) -> Result<u16, reqwest::Error> {
    with_client(certificate, async |http| {
        Ok(http.get(format!("https://{address}/health")).send().await?.status().as_u16())
    })
}

fn with_client<T>(certificate: &str, ask: impl AsyncFnOnce(Client) -> T) -> T {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let http = Client::builder().tls_certs_only([root]).timeout(Duration::from_secs(20)).build().unwrap();
    runtime.block_on(ask(http))
}

#[test]
fn it_speaks_tls_and_takes_a_renewed_certificate_over() {
    let (bench, address) = bench(REST);
    let (first, key) = made(2100);
    write(&bench, &first, &key);
    let serving = Serving::for_scripts(&bench, address);
    assert_eq!(health(address, &first).unwrap(), 200);
    let body = event("o-1").to_string();
    let status = with_client(&first, async |http| {
        let request = http.post(format!("https://{address}/webhooks/jobs"));
        request.header("x-servicetitan-signature", signature(&body)).body(body.clone()).send().await.unwrap().status()
    });
    assert_eq!(status, 200);
    // Nothing is said in clear.
    let mut plain = connect(address);
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");

    // What cannot be used leaves the one before in force.
    let (second, other_key) = made(2101);
    bench.write("serve.pem", &second);
    until("it is told", || serving.err().contains("is not that of the certificate"));
    assert_eq!(health(address, &first).unwrap(), 200);
    let (expired, expired_key) = made(2021);
    write(&bench, &expired, &expired_key);
    until("it is told", || serving.err().contains("expired at 2021-01-01T00:00:00+00:00"));
    assert_eq!(health(address, &first).unwrap(), 200);
    write(&bench, &second, &other_key);
    until("it is taken over", || health(address, &second).is_ok());
    assert!(health(address, &first).is_err(), "the one before is no more");
    serving.stop();
}

/// What strangers say instead of shaking hands is counted, and writes no line of the log.
#[test]
fn handshakes_that_fail_are_told_together() {
    const STRANGERS: usize = 50;
    let (bench, address) = bench(REST);
    let (certificate, key) = made(2100);
    write(&bench, &certificate, &key);
    let serving = Serving::for_scripts(&bench, address);
    for n in 0..STRANGERS {
        let mut stranger = connect(address);
        let alert = [0x15, 3, 3, 0, 2, 1, 0];
        let said = if n % 2 == 0 { alert.repeat(1_000) } else { b"GET / HTTP/1.1\r\n\r\n".to_vec() };
        let _ = stranger.write_all(&said);
    }
    until("they are told", || told(&serving, "connections that agree on no TLS") == STRANGERS as u64);
    // Whoever only looks whether somebody is here is no stranger to tell of.
    drop(connect(address));
    assert_eq!(health(address, &certificate).unwrap(), 200);
    let said = serving.stop().err;
    assert!(!said.contains("rustls") && said.lines().count() < 10, "{said}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_by_check() {
    let (bench, address) = bench(REST);
    bench.tradewire("check").refused(&["`[serve.tls]`: cannot read the certificate `serve.pem`"]);
    let ((certificate, key), (_, other)) = (made(2100), made(2100));
    bench.write("serve.pem", &certificate);
    bench.tradewire("check").refused(&["`[serve.tls]`, `key`: cannot read the secret file `serve.key`"]);
    write(&bench, &certificate, &other);
    for words in ["check", "serve"] {
        bench.tradewire(words).refused(&["`[serve.tls]`: `serve.pem`: the key is not that of the certificate"]);
    }
    write(&bench, &key, &key);
    bench.tradewire("check").refused(&["`serve.pem`: it holds no certificate in PEM"]);
    write(&bench, &certificate, &key);
    bench.tradewire("check").succeeded();
    let (expired, key) = made(2021);
    write(&bench, &expired, &key);
    let told = "`[serve.tls]`: the certificate `serve.pem` expired at 2021-01-01T00:00:00+00:00: renew it";
    let checked = bench.tradewire("check").succeeded();
    assert!(checked.err.contains(&format!("warning: {told}\n")), "{checked}");
    let seen = bench.tradewire("doctor");
    assert!(seen.out.contains(&format!("certificate: {told}\n  renew it: ")), "{seen}");
    // Schedules run all the same.
    let serving = Serving::for_scripts(&bench, address);
    until("it is told", || {
        serving.err().contains("expired at 2021-01-01") && serving.err().contains("no client takes it")
    });
    serving.stop();
}

#[test]
fn the_doctor_tells_a_certificate_that_expires_soon() {
    let (bench, _) = bench(REST);
    let (certificate, key) = made(2100);
    write(&bench, &certificate, &key);
    let well = "certificate: the server's certificate, if it has one that can be read, is valid for a while\n";
    let told = bench.tradewire("doctor");
    assert!(told.out.contains(well), "{told}");
    let (soon, key) = made_until(Utc::now().date_naive() + Days::new(3));
    write(&bench, &soon, &key);
    let told = bench.tradewire("doctor");
    assert!(told.out.contains("certificate: the certificate of `[serve.tls]` expires at "), "{told}");
    assert!(told.out.contains("\n  renew it: `serve` takes the new files over while it runs\n"), "{told}");
}
