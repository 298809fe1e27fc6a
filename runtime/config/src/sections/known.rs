//! Names that sections give and others refer to, and what several sections have alike.

use chrono::TimeDelta;
use toml::Spanned;
use tradewire_schedule::Retries;

use super::{DAY, nearest_of};
use crate::source::Section;

/// The names that an export may refer to.
pub(super) struct Known {
    pub(super) plugins: Vec<String>,
    pub(super) tenants: Vec<String>,
    pub(super) deliveries: Vec<String>,
    pub(super) middleware: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) webhooks: Vec<String>,
}

/// A name that must be known.
pub(super) fn refer(section: &Section<'_, '_>, text: Spanned<String>, names: &[String], kind: &str) -> Option<String> {
    if names.contains(text.get_ref()) {
        return Some(text.into_inner());
    }
    let help = nearest_of(text.get_ref(), names, kind);
    section.source().fault(text.span(), format!("there is no {kind} `{}`", text.get_ref()), Some(help));
    None
}

/// What a suggestion writes for a name that is missing: the first there is.
pub(super) fn example(names: &[String], kind: &str) -> String {
    format!("\"{}\"", names.first().map_or(kind, String::as_str))
}

/// `tenants`, each of them known; `nobody` is what is said of none.
pub(super) fn tenants(section: &Section<'_, '_>, known: &Known, nobody: &str) -> Vec<String> {
    let example = example(&known.tenants, "a tenant");
    let Some(value) = section.need("tenants", &format!("[{example}]")) else { return Vec::new() };
    let mut tenants: Vec<String> = Vec::new();
    let written = section.texts("tenants");
    if written.is_empty() && value.get_ref().as_array().is_some_and(|items| items.is_empty()) {
        let help = format!("write `tenants = [{example}]`");
        section.source().fault(value.span(), nobody, Some(help));
    }
    for tenant in written {
        let span = tenant.span();
        if tenants.contains(tenant.get_ref()) {
            let message = format!("tenant `{}` is named twice", tenant.get_ref());
            section.source().fault(span, message, Some("leave one out".to_owned()));
        } else if let Some(tenant) = refer(section, tenant, &known.tenants, "tenant") {
            tenants.push(tenant);
        }
    }
    tenants
}

/// `retries`: at most so many; what is not said is as in the standard ones, but `times`.
pub(super) fn retries(section: Section<'_, '_>, most: u64, standard: Retries) -> Option<Retries> {
    section.need("times", &standard.times.to_string());
    let times = section.count("times", most);
    let backoff = section.time("backoff", DAY).or(standard.backoff.to_std().ok())?;
    let longest = section.time("longest", DAY);
    if longest.is_some_and(|longest| longest < backoff) {
        let message = format!("`longest` is shorter than the first pause, {}", humantime::format_duration(backoff));
        let help = format!("write `longest = \"{}\"` or more", humantime::format_duration(backoff));
        section.source().fault(section.key_span("longest"), message, Some(help));
    }
    let longest = longest.or(standard.longest.to_std().ok())?.max(backoff);
    section.close();
    let delta = |time| TimeDelta::from_std(time).ok();
    Some(Retries { times: u32::try_from(times?).ok()?, backoff: delta(backoff)?, longest: delta(longest)? })
}
