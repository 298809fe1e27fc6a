//! Certificates: one that is not the vendor's is told as that, and no order is sent to whoever shows it.

use std::sync::atomic::Ordering;

use rcgen::{KeyPair, SanType, date_time_ymd};

use super::apart::is_apart;
use super::certified::{Authority, here, made_for, vendor};
use super::{Draft, failure, order};

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
