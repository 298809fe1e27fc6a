//! `[middleware.*]`: suppliers behind their packs.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use tradewire_surface::Catalog;
use url::Url;

use super::export::{Known, tenants};
use super::{grants, nearest_of, place, reference};
use crate::config::model::{ContractCheck, Middleware, MiddlewareGrant};
use crate::config::shape::Kind;
use crate::config::source::Section;

/// A call that takes longer is no call any more.
const LONGEST: Duration = Duration::from_secs(3600);
const MIB: u64 = 1024 * 1024;

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
    let base_url = section.text("base_url").and_then(|text| match Url::parse(text.get_ref()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        _ => {
            let help = "write the vendor's address: `\"https://api.vendor.example\"`".to_owned();
            section.source().fault(text.span(), format!("`{}` is not an address", text.get_ref()), Some(help));
            None
        }
    });
    let secrets = section.table_of("secrets", Kind::References).map(|table| {
        let secrets = table
            .entries()
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), reference::of(&table, name, value, folder)?)));
        secrets.collect::<IndexMap<_, _>>()
    });
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
        timeout,
        deadline,
        answer,
        secrets: secrets.unwrap_or_default(),
    })
}

/// `middleware` of a plugin: suppliers, or single endpoints of them.
pub(super) fn granted(section: &Section<'_, '_>, suppliers: &[String]) -> Vec<MiddlewareGrant> {
    let mut grants = Vec::new();
    for text in section.texts("middleware") {
        let (supplier, endpoint) = match text.get_ref().split_once('/') {
            Some((supplier, endpoint)) => (supplier.to_owned(), Some(endpoint.to_owned())),
            None => (text.get_ref().clone(), None),
        };
        if suppliers.contains(&supplier) {
            grants.push(MiddlewareGrant { supplier, endpoint });
        } else {
            let help = nearest_of(&supplier, suppliers, "middleware");
            section.source().fault(text.span(), format!("there is no middleware `{supplier}`"), Some(help));
        }
    }
    grants
}
