//! `[export.*]`: what runs, for whom, when, and where its files go.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use toml::Spanned;
use tradewire_schedule::{Blackout, Missed, Overlap, Policy, Retries};
use tradewire_surface::Catalog;

use super::trigger::{self, Written};
use super::{feed, nearest_of, place, zone};
use crate::model::{Export, Trigger, VendorCall, Work};
use crate::source::Section;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The names that an export may refer to.
pub(super) struct Known {
    pub(super) plugins: Vec<String>,
    pub(super) tenants: Vec<String>,
    pub(super) deliveries: Vec<String>,
    pub(super) middleware: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) webhooks: Vec<String>,
}

pub(super) fn read(
    catalog: &Catalog,
    name: &str,
    section: Section<'_, '_>,
    known: &Known,
    folder: &Path,
    others: &mut Written,
) -> Option<Export> {
    let run = section.need_text("run", &example(&known.plugins, "a plugin"));
    let work = run.and_then(|run| work(&section, run, known, folder));
    let tenants = tenants(&section, known, "this export runs for nobody");
    let (trigger, window) = trigger::read(catalog, &section, name, known, others);
    let timezone = section.text("timezone").and_then(|text| zone(&section, &text));
    let policy = policy(&section);
    let feed = feed::read(catalog, &section);
    if let (Some(feed), Some(Work::Call(_))) = (&feed, &work) {
        let message = format!("a call of a vendor is not handed the feed `{}`", feed.operation);
        section.source().fault(section.key_span("feed"), message, Some("run a plugin".to_owned()));
    }
    // An event comes once: that a process ends or something is down for a while must not be the end of it.
    let standard = matches!(trigger, Trigger::On(_)).then(Retries::default);
    let retries = section.table("retries").map_or(standard, |section| retries(section, 100, Retries::default()));
    let settings = section.settings("settings");
    let deliver = section.text("deliver").map(|text| refer(&section, text, &known.deliveries, "delivery"));
    section.close();
    Some(Export {
        name: name.to_owned(),
        work: work?,
        tenants,
        trigger,
        timezone,
        policy,
        retries,
        feed,
        window,
        settings,
        deliver: match deliver {
            Some(known) => Some(known?),
            None => None,
        },
    })
}

/// What the schedule does about slots that cannot simply run.
fn policy(section: &Section<'_, '_>) -> Policy {
    let standard = Policy::default();
    let missed = section.choice("missed", &Missed::NAMES).map_or(standard.missed, |(missed, _)| missed);
    let missed_cap = section.count("missed_cap", 10_000);
    if missed_cap.is_some() && missed != Missed::All {
        let help = "add `missed = \"all\"`, or leave it out".to_owned();
        section.source().fault(section.key_span("missed_cap"), "`missed_cap` is for `missed = \"all\"`", Some(help));
    }
    Policy {
        missed,
        missed_cap: missed_cap.and_then(|cap| usize::try_from(cap).ok()).unwrap_or(standard.missed_cap),
        overlap: section.choice("overlap", &Overlap::NAMES).map_or(standard.overlap, |(overlap, _)| overlap),
        jitter: section.time("jitter", DAY).and_then(|jitter| TimeDelta::from_std(jitter).ok()),
        blackout: section.texts("blackout").iter().filter_map(|text| blackout(section, text)).collect(),
    }
}

fn blackout(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<Blackout> {
    let blackout = text.get_ref().parse::<Blackout>();
    if let Err(error) = &blackout {
        let help = "write times: `22:00-04:00`, days of the week: `SAT-SUN`, or days: `2026-12-24/2026-12-26`";
        section.source().fault(text.span(), error.to_string(), Some(help.to_owned()));
    }
    blackout.ok()
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

/// What a suggestion writes for a name that is missing: the first there is.
fn example(names: &[String], kind: &str) -> String {
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

/// `run`: a plugin, or a vendor and an endpoint of its pack with a slash between.
fn work(section: &Section<'_, '_>, run: Spanned<String>, known: &Known, folder: &Path) -> Option<Work> {
    let Some((vendor, endpoint)) = run.get_ref().split_once('/') else {
        return refer(section, run, &known.plugins, "plugin").map(Work::Plugin);
    };
    let (vendor, endpoint) = (Spanned::new(run.span(), vendor.to_owned()), endpoint.to_owned());
    let vendor = refer(section, vendor, &known.middleware, "middleware");
    let body = match section.text("body") {
        Some(text) => Some(place::path(section, &text, text.get_ref(), folder)?),
        None => None,
    };
    let keeps_answer = section.get("deliver").is_some();
    Some(Work::Call(VendorCall { vendor: vendor?, endpoint, body, keeps_answer }))
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
