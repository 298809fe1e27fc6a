//! `[export.*]`: what runs, for whom, when, and where its files go.

use std::path::Path;

use chrono::TimeDelta;
use toml::Spanned;
use tradewire_schedule::{Blackout, Missed, Overlap, Policy, Retries};
use tradewire_surface::Catalog;

use super::known::{Known, example, refer, retries, tenants};
use super::trigger::{self, Written};
use super::{DAY, feed, place, zone};
use crate::model::{Export, Trigger, VendorCall, Work};
use crate::source::Section;

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
