//! `[middleware.*]`: vendors behind their packs.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use toml::Spanned;
use tradewire_outbound::Origin;
use tradewire_surface::Catalog;
use url::Url;

use super::environment::is_clear;
use super::known::{Known, tenants};
use super::{grants, nearest_of, place, reference};
use crate::model::{ContractCheck, Middleware, MiddlewareGrant};
use crate::shape::Kind;
use crate::source::Section;

/// A call that takes longer is no call any more.
const LONGEST: Duration = Duration::from_secs(3600);
const MIB: u64 = 1024 * 1024;
const CLEAR: &str = "the vendor's keys would travel in the clear to this address";
/// What is to be written instead.
const HTTPS: &str = "write `https://…`, or `allow_http = true` beside it";

pub(super) fn read(
    catalog: &Catalog,
    name: &str,
    section: Section<'_, '_>,
    known: &Known,
    folder: &Path,
) -> Option<Middleware> {
    let pack = section.need_text("pack", &format!("\"templates/{name}\""));
    let pack = pack.and_then(|text| place::path(&section, &text, text.get_ref(), folder));
    let tenants = tenants(&section, known, "these templates serve nobody");
    let (grants, grant_line) = grants(catalog, &section);
    let check = section.choice("check", &ContractCheck::NAMES);
    let allow_http = section.truth("allow_http").unwrap_or_default();
    let wrong = |text: &Spanned<String>| {
        let help = "write the vendor's address: `\"https://api.vendor.example\"`".to_owned();
        section.source().fault(text.span(), format!("`{}` is not an address", text.get_ref()), Some(help));
        None
    };
    let base_url = section.text("base_url").and_then(|text| match Url::parse(text.get_ref()) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => wrong(&text),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => wrong(&text),
        Ok(url) if is_clear(&url, allow_http) => {
            section.source().fault(text.span(), CLEAR, Some(HTTPS.to_owned()));
            None
        }
        Ok(url) => Some(url),
        Err(_) => wrong(&text),
    });
    let hosts = section.texts("hosts").into_iter().filter_map(|text| {
        let Some(origin) = Origin::parse(text.get_ref()) else {
            let help = "write a host, with a port of its own where it has one: `\"auth.vendor.example\"`".to_owned();
            section.source().fault(text.span(), format!("`{}` is not a host", text.get_ref()), Some(help));
            return None;
        };
        if origin.is_plain() && !origin.is_this_machine() && !allow_http {
            section.source().fault(text.span(), CLEAR, Some(HTTPS.to_owned()));
            return None;
        }
        Some(origin)
    });
    let hosts = hosts.collect();
    let secrets = section.table_of("secrets", Kind::References).map(|table| {
        let secrets = table
            .entries()
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), reference::of(&table, name, value, folder)?)));
        secrets.collect::<IndexMap<_, _>>()
    });
    let ca = place::ca(&section, folder);
    let standard = Middleware::default();
    let timeout = section.time("timeout", LONGEST).unwrap_or(standard.timeout);
    let deadline = section.time("deadline", LONGEST).unwrap_or(standard.deadline);
    let answer = section.size("answer", 1024, 1024 * MIB).unwrap_or(standard.answer);
    section.close();
    Some(Middleware {
        name: name.to_owned(),
        pack: pack?,
        tenants,
        grants,
        grant_line,
        check: check.map(|(check, _)| check).unwrap_or_default(),
        base_url,
        hosts,
        ca,
        timeout,
        deadline,
        answer,
        secrets: secrets.unwrap_or_default(),
    })
}

/// `middleware` of a plugin: vendors, or single endpoints of them.
pub(super) fn granted(section: &Section<'_, '_>, vendors: &[String]) -> Vec<MiddlewareGrant> {
    let mut grants = Vec::new();
    for text in section.texts("middleware") {
        let (vendor, endpoint) = match text.get_ref().split_once('/') {
            Some((vendor, endpoint)) => (vendor.to_owned(), Some(endpoint.to_owned())),
            None => (text.get_ref().clone(), None),
        };
        if vendors.contains(&vendor) {
            grants.push(MiddlewareGrant { vendor, endpoint });
        } else {
            let help = nearest_of(&vendor, vendors, "middleware");
            section.source().fault(text.span(), format!("there is no middleware `{vendor}`"), Some(help));
        }
    }
    grants
}
