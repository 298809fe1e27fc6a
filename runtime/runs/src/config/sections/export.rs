//! `[export.*]`: what runs, for whom, when, and where its files go.

use std::path::Path;

use toml::Spanned;

use super::{nearest_of, place, zone};
use crate::config::model::{Export, SupplierCall, Work};
use crate::config::source::Section;
use crate::schedule::{CronExpression, Missed, Overlap, WindowRule};

/// The names that an export may refer to.
pub(super) struct Known {
    pub(super) plugins: Vec<String>,
    pub(super) tenants: Vec<String>,
    pub(super) deliveries: Vec<String>,
    pub(super) middleware: Vec<String>,
}

pub(super) fn read(name: &str, section: Section<'_, '_>, known: &Known, folder: &Path) -> Option<Export> {
    let example = |names: &[String], kind: &str| format!("\"{}\"", names.first().map_or(kind, String::as_str));
    let run = section.need_text("run", &example(&known.plugins, "a plugin"));
    let work = run.and_then(|run| work(&section, run, known, folder));
    let tenants = tenants(&section, known, &example(&known.tenants, "a tenant"), "this export runs for nobody");
    let has_cron = section.get("cron").is_some();
    let cron = section.text("cron").and_then(|text| cron(&section, &text));
    let timezone = section.text("timezone").and_then(|text| zone(&section, &text));
    let missed = section.choice("missed", &Missed::NAMES);
    let overlap = section.choice("overlap", &Overlap::NAMES);
    let window = section.choice("window", &WindowRule::NAMES);
    let not_yet = |key: &str, word: &str, span, instead: &str| {
        let message = format!("`{key} = \"{word}\"` is not yet supported by this version");
        section.source().fault(span, message, Some(format!("write {instead}")));
    };
    if let Some((Missed::All, span)) = &missed {
        not_yet("missed", "all", span.clone(), "`missed = \"latest\"` or `missed = \"skip\"`");
    }
    match &overlap {
        Some((Overlap::Queue, span)) => not_yet("overlap", "queue", span.clone(), "`overlap = \"skip\"`"),
        Some((Overlap::Replace, span)) => not_yet("overlap", "replace", span.clone(), "`overlap = \"skip\"`"),
        _ => {}
    }
    if !has_cron {
        let slot = match &window {
            None => Some(section.span.clone()),
            Some((WindowRule::Slot, span)) => Some(span.clone()),
            Some(_) => None,
        };
        if let Some(span) = slot {
            let help = "add `cron = \"0 6 * * MON\"`, or `window = \"day\"`, `\"week\"` or `\"month\"`";
            let message = format!("[export.{name}] has no `cron` whose slots would cut its windows");
            section.source().fault(span, message, Some(help.to_owned()));
        }
    }
    let settings = section.settings("settings");
    let deliver = section.text("deliver").map(|text| refer(&section, text, &known.deliveries, "delivery"));
    section.close();
    Some(Export {
        name: name.to_owned(),
        work: work?,
        tenants,
        cron,
        timezone,
        missed: missed.map(|(missed, _)| missed).unwrap_or_default(),
        overlap: overlap.map(|(overlap, _)| overlap).unwrap_or_default(),
        window: window.map(|(window, _)| window).unwrap_or_default(),
        settings,
        deliver: match deliver {
            Some(known) => Some(known?),
            None => None,
        },
    })
}

pub(super) fn tenants(section: &Section<'_, '_>, known: &Known, example: &str, nobody: &str) -> Vec<String> {
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

/// `run`: a plugin, or a supplier and an endpoint of its pack with a slash between.
fn work(section: &Section<'_, '_>, run: Spanned<String>, known: &Known, folder: &Path) -> Option<Work> {
    let Some((supplier, endpoint)) = run.get_ref().split_once('/') else {
        return refer(section, run, &known.plugins, "plugin").map(Work::Plugin);
    };
    let (supplier, endpoint) = (Spanned::new(run.span(), supplier.to_owned()), endpoint.to_owned());
    let supplier = refer(section, supplier, &known.middleware, "middleware");
    let body = match section.text("body") {
        Some(text) => Some(place::path(section, &text, text.get_ref(), folder)?),
        None => None,
    };
    let keeps_answer = section.get("deliver").is_some();
    Some(Work::Call(SupplierCall { supplier: supplier?, endpoint, body, keeps_answer }))
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

fn cron(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<CronExpression> {
    match text.get_ref().parse::<CronExpression>() {
        Ok(cron) => Some(cron),
        Err(fault) => {
            let span = section.source().inside(text, fault.span);
            section.source().fault(span, fault.message, fault.help);
            None
        }
    }
}
