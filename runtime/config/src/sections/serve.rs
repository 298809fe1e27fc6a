//! `[serve]` and `[caller.*]`: how and to whom vendors are served over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use toml::Spanned;

use super::known::{Known, refer};
use super::{place, reference};
use crate::model::{Caller, CallerKey, Serve, Tls};
use crate::source::Section;

const MIB: u64 = 1024 * 1024;
/// More calls than this are not carried at a time.
const MOST_AT_ONCE: u64 = 100_000;

/// `[caller.*]`: whoever names neither vendors nor tenants may reach all of them.
pub(super) fn caller(name: &str, section: Section<'_, '_>, known: &Known, folder: &Path) -> Option<Caller> {
    let key = key(name, &section, folder);
    let some = |key: &'static str, names: &[String], kind: &str| {
        section.get(key)?;
        Some(section.texts(key).into_iter().filter_map(|text| refer(&section, text, names, kind)).collect())
    };
    let middleware = some("middleware", &known.middleware, "middleware");
    let tenants = some("tenants", &known.tenants, "tenant");
    let at_once = at_once(&section);
    section.close();
    Some(Caller { name: name.to_owned(), key: key?, middleware, tenants, at_once })
}

/// `key`, or `key_sha256` in its place.
fn key(name: &str, section: &Section<'_, '_>, folder: &Path) -> Option<CallerKey> {
    let source = section.source();
    let variable = reference::variable(name, "KEY");
    let (key, digest) = (reference::may_in(section, "key", &variable, folder), section.text("key_sha256"));
    match (section.get("key").is_some(), digest) {
        (true, None) => key.map(CallerKey::Secret),
        (false, Some(digest)) => sha256(section, &digest),
        (true, Some(digest)) => {
            let help = "leave one of them out".to_owned();
            source.fault(digest.span(), "a caller has `key` or `key_sha256`, not both", Some(help));
            None
        }
        (false, None) => {
            if section.get("key_sha256").is_none() {
                let help = format!("add `key = {{ env = \"{variable}\" }}`, or `key_sha256` with the key's SHA-256");
                source.fault(section.span.clone(), format!("[{}] has no `key`", section.path), Some(help));
            }
            None
        }
    }
}

fn sha256(section: &Section<'_, '_>, digest: &Spanned<String>) -> Option<CallerKey> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digest.get_ref().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    if bytes.is_none() {
        // It may be the key itself.
        section.source().mask(digest.span());
        let help = "write what `printf %s \"$KEY\" | sha256sum` prints: 64 hexadecimal digits".to_owned();
        section.source().fault(digest.span(), "this is no SHA-256", Some(help));
    }
    bytes.map(CallerKey::Sha256)
}

/// `at_once` of a caller or a webhook.
pub(super) fn at_once(section: &Section<'_, '_>) -> Option<usize> {
    section.count("at_once", MOST_AT_ONCE).and_then(|count| usize::try_from(count).ok())
}

pub(super) fn read(section: Section<'_, '_>, folder: &Path) -> Option<Serve> {
    let standard = Serve::default();
    let listen = section.text("listen").map_or(Some(standard.listen), |text| {
        let address = text.get_ref().parse::<SocketAddr>().ok();
        if address.is_none() {
            let help =
                "write an address of this machine and a port: `\"127.0.0.1:8080\"`, `\"0.0.0.0:8080\"`".to_owned();
            section.source().fault(text.span(), format!("`{}` is no address to listen on", text.get_ref()), Some(help));
        }
        address
    });
    let at_once = at_once(&section).unwrap_or(standard.at_once);
    let body = section.size("body", 1024, 1024 * MIB).unwrap_or(standard.body);
    let tls = section.table("tls").and_then(|table| {
        let certificate = table.need_text("certificate", "\"serve.pem\"");
        let certificate = certificate.and_then(|text| place::path(&table, &text, text.get_ref(), folder));
        let key = reference::need(&table, "key", "SERVE_KEY", folder);
        table.close();
        Some(Tls { certificate: certificate?, key: key? })
    });
    let proxies = section.texts("proxies").into_iter().filter_map(|text| proxy(&section, &text)).collect();
    section.close();
    Some(Serve { listen: listen?, at_once, body, tls, proxies })
}

fn proxy(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<IpAddr> {
    let address = text.get_ref().parse::<IpAddr>().ok();
    if address.is_none() {
        let help = "write the address that its connections come from: `\"10.0.0.2\"`, `\"::1\"`".to_owned();
        section.source().fault(text.span(), format!("`{}` is no address of a proxy", text.get_ref()), Some(help));
    }
    address.map(|address| address.to_canonical())
}
