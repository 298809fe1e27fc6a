//! A body, a signature and an address as anybody sends them: only what is signed is taken, for the tenant that it names.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tradewire_config::Config;
use tradewire_fuzz::{fuzz, split};
use tradewire_webhooks::{Delivery, Receiver};

const KEY: &str = "0123456789abcdef0123456789abcdef";

static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(|| "2026-03-02T06:00:00Z".parse().unwrap());

static RECEIVER: LazyLock<Receiver> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let config = r#"
        [servicetitan]
        environment = "integration"
        app_key = { env = "A" }
        [tenant.acme]
        id = 7
        client_id = { env = "A" }
        client_secret = { env = "A" }
        timezone = "UTC"
        [tenant.zenith]
        id = 8
        client_id = { env = "A" }
        client_secret = { env = "A" }
        timezone = "UTC"
        [webhook.jobs]
        tenants = ["acme", "zenith"]
        secret = { file = "key" }
        events = ["tn.jpm.job-completed", "tn.jpm.job-updated"]
        replay_window = "1 day"
    "#;
    let config = Config::parse(folder.path().join("tradewire.toml"), config);
    let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
    Receiver::load(&config.webhooks["jobs"], &config).unwrap()
});

fn signed(body: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(body).finalize().into_bytes().to_vec()
}

fuzz!(|bytes| {
    let (how, rest) = split(bytes, 2);
    let (how, length) = (how.first().copied().unwrap_or_default(), how.get(1).copied().unwrap_or_default());
    let tenant = [None, Some("acme"), Some("zenith"), Some("nobody")][usize::from(how >> 2 & 3)];
    let (written, body) = if how & 3 == 0 { split(rest, length.into()) } else { (&[][..], rest) };
    let right = signed(body);
    let signature = match how & 3 {
        0 => written.to_vec(),
        1 => HEXLOWER.encode(&right).into_bytes(),
        2 => BASE64.encode(&right).into_bytes(),
        _ => [&b" sha256="[..], HEXLOWER.encode(&right).as_bytes()].concat(),
    };
    let genuine = RECEIVER.begin([&signature[..]].into_iter()).and_then(|mut checking| {
        // As it comes, in pieces.
        body.chunks(100).for_each(|piece| checking.update(piece));
        checking.finish()
    });
    let is_genuine = how & 3 != 0 || {
        let text = signature.trim_ascii();
        let text = text.strip_prefix(b"sha256=").unwrap_or(text);
        text.eq_ignore_ascii_case(HEXLOWER.encode(&right).as_bytes()) || text == BASE64.encode(&right).as_bytes()
    };
    assert_eq!(genuine.is_ok(), is_genuine, "{signature:?}");
    let Ok(genuine) = genuine else { return };
    match RECEIVER.check(&genuine, Delivery { tenant, body, at: *NOW }) {
        Ok((event, by_address)) => {
            // What is nested deeper than the peer reads is kept as it is written.
            let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return };
            let said = &body["data"]["tenantId"];
            let id = if event.tenant == "acme" { 7 } else { 8 };
            assert_eq!(event.tenant_id, id);
            assert!(said.is_null() || *said == id, "{said}");
            assert_eq!(by_address, said.is_null());
            assert!(tenant.is_none_or(|tenant| tenant == event.tenant), "{tenant:?}");
            assert_eq!(body["userassignedid"], event.occurrence);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&event.payload).unwrap(), body["data"]);
            assert!((*NOW - event.time).num_hours() <= 24, "{}", event.time);
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
