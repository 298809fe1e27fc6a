//! The trigger of an export: `cron`, `after` or `on`, at most one of them; and the keys that go with it.

use indexmap::IndexMap;
use toml::Spanned;
use tradewire_schedule::{CronExpression, WindowRule};
use tradewire_surface::Catalog;

use super::known::{Known, refer};
use super::webhook;
use crate::model::{Export, On, Trigger, Webhook};
use crate::source::{Section, Source, list};

/// The keys of which an export has one at most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Cron,
    After,
    On,
}

impl Key {
    const ALL: [Key; 3] = [Key::Cron, Key::After, Key::On];

    fn name(self) -> &'static str {
        match self {
            Key::Cron => "cron",
            Key::After => "after",
            Key::On => "on",
        }
    }
}

/// What is said of the slots of a cron expression. Whatever else begins a run waits for its turn.
const OF_CRON: [&str; 4] = ["missed", "missed_cap", "overlap", "jitter"];
/// What goes with anything but being asked.
const OF_ITSELF: [&str; 2] = ["blackout", "retries"];

/// What exports say of others and of webhooks, as it is written.
#[derive(Default)]
pub(super) struct Written {
    follows: Vec<Follows>,
    /// Exports that run on events, each with the types.
    listens: Vec<(String, Vec<Spanned<String>>)>,
}

/// That an export runs after another.
struct Follows {
    follower: String,
    followed: Spanned<String>,
}

/// What begins the runs of an export, and how their windows are cut.
pub(super) fn read(
    catalog: &Catalog,
    section: &Section<'_, '_>,
    name: &str,
    known: &Known,
    others: &mut Written,
) -> (Trigger, WindowRule) {
    let written: Vec<Key> = Key::ALL.into_iter().filter(|key| section.get(key.name()).is_some()).collect();
    let first = written.first().copied();
    for second in written.iter().skip(1) {
        let (first, second) = (written[0].name(), second.name());
        let message = format!("`{second}` and `{first}` both begin the runs of [export.{name}]");
        let help = "leave one out: for both, write two exports".to_owned();
        section.source().fault(section.key_span(second), message, Some(help));
    }
    let cron = section.text("cron").and_then(|text| cron(section, &text));
    let after = after(section, name, known, others);
    let on = on(catalog, section, name, known, others);
    let window = section.choice("window", &WindowRule::NAMES);
    match first {
        Some(Key::Cron) => {}
        Some(key @ (Key::After | Key::On)) => {
            refuse(section, &OF_CRON, "is for `cron`: whatever else begins a run waits for its turn");
            if window.is_some() {
                let key = key.name();
                let message =
                    format!("`window` is for `cron`: with `{key}`, what begins a run says what it accounts for");
                section.source().fault(section.key_span("window"), message, Some("leave it out".to_owned()));
            }
        }
        None => {
            refuse(section, &OF_CRON, "is for `cron`, which this export does not have");
            refuse(section, &OF_ITSELF, "is for runs that begin by themselves: this export has no `cron`");
            cuts_windows(section, name, window.as_ref().map(|(rule, span)| (*rule, span.clone())));
        }
    }
    let trigger = match first {
        Some(Key::Cron) => cron.map_or(Trigger::Manual, Trigger::Cron),
        Some(Key::After) => Trigger::After(after),
        Some(Key::On) => Trigger::On(on),
        None => Trigger::Manual,
    };
    (trigger, window.map(|(rule, _)| rule).unwrap_or_default())
}

/// A fault for each of these keys.
fn refuse(section: &Section<'_, '_>, keys: &[&'static str], why: &str) {
    for key in keys.iter().filter(|key| section.get(key).is_some()) {
        section.source().fault(section.key_span(key), format!("`{key}` {why}"), Some("leave it out".to_owned()));
    }
}

/// An export that runs only when asked has no slots that would cut its windows.
fn cuts_windows(section: &Section<'_, '_>, name: &str, window: Option<(WindowRule, std::ops::Range<usize>)>) {
    let span = match window {
        None => section.span.clone(),
        Some((WindowRule::Slot, span)) => span,
        Some(_) => return,
    };
    let help = "add `cron = \"0 6 * * MON\"`, or `window = \"day\"`, `\"week\"` or `\"month\"`";
    let message = format!("[export.{name}] has no `cron` whose slots would cut its windows");
    section.source().fault(span, message, Some(help.to_owned()));
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

/// The exports that it runs after.
fn after(section: &Section<'_, '_>, name: &str, known: &Known, others: &mut Written) -> Vec<String> {
    let mut after: Vec<String> = Vec::new();
    for text in section.one_or_more("after") {
        let span = text.span();
        let Some(followed) = refer(section, text, &known.exports, "export") else { continue };
        if after.contains(&followed) {
            let help = Some("leave one out".to_owned());
            section.source().fault(span, format!("export `{followed}` is named twice"), help);
            continue;
        }
        others.follows.push(Follows { follower: name.to_owned(), followed: Spanned::new(span, followed.clone()) });
        after.push(followed);
    }
    after
}

/// The events that it runs on.
fn on(catalog: &Catalog, section: &Section<'_, '_>, name: &str, known: &Known, others: &mut Written) -> On {
    let types = webhook::types(catalog, section, section.one_or_more("on"));
    let webhook = section.text("webhook");
    if webhook.is_some() && section.get("on").is_none() {
        let help = "add `on = [\"tn.jpm.job-completed\"]`, or leave it out".to_owned();
        section.source().fault(section.key_span("webhook"), "`webhook` is for `on`", Some(help));
    }
    let webhook = webhook.and_then(|text| refer(section, text, &known.webhooks, "webhook"));
    let on = On { types: types.iter().map(|text| text.get_ref().clone()).collect(), webhook };
    if !types.is_empty() {
        others.listens.push((name.to_owned(), types));
    }
    on
}

/// Faults of what is only seen in all sections together: an export that would run after itself, and tenants for whom
/// nothing begins a run.
pub(super) fn check(
    source: &Source<'_>,
    others: &Written,
    exports: &IndexMap<String, Export>,
    webhooks: &IndexMap<String, Webhook>,
    known: &Known,
) {
    follow(source, &others.follows, exports);
    // What a webhook with a fault of its own takes is not known.
    if known.webhooks.len() == webhooks.len() {
        for (export, types) in &others.listens {
            exports.get(export).into_iter().for_each(|export| listen(source, webhooks, export, types));
        }
    }
}

/// Events that no webhook takes for a tenant begin nothing for it.
fn listen(source: &Source<'_>, webhooks: &IndexMap<String, Webhook>, export: &Export, types: &[Spanned<String>]) {
    let Trigger::On(On { webhook: wanted, .. }) = &export.trigger else { return };
    let webhooks = || webhooks.values().filter(|webhook| wanted.as_ref().is_none_or(|name| *name == webhook.name));
    for (kind, tenant) in types.iter().flat_map(|kind| export.tenants.iter().map(move |tenant| (kind, tenant))) {
        let name = kind.get_ref();
        let of_type = |webhook: &&Webhook| webhook.events.as_ref().is_none_or(|events| events.contains(name));
        if webhooks().filter(of_type).any(|webhook| webhook.tenants.contains(tenant)) {
            continue;
        }
        let help = match (webhooks().find(of_type), webhooks().next()) {
            (Some(webhook), _) => {
                format!("add `{tenant}` to `tenants` of [webhook.{}], or leave it out here", webhook.name)
            }
            (None, Some(webhook)) => format!("add it to `events` of [webhook.{}]", webhook.name),
            (None, None) => "add a section `[webhook.<name>]` with `tenants` and a `secret`".to_owned(),
        };
        let message =
            format!("no webhook takes `{name}` for tenant `{tenant}`: it would never begin [export.{}]", export.name);
        source.fault(kind.span(), message, Some(help));
    }
}

fn follow(source: &Source<'_>, follows: &[Follows], exports: &IndexMap<String, Export>) {
    for (n, first) in follows.iter().enumerate() {
        let circle = way(follows, first.followed.get_ref(), &first.follower);
        // Each circle is told once, where it is first entered.
        let is_told =
            |circle: &[&Follows]| follows[..n].iter().any(|told| circle.iter().any(|on| std::ptr::eq(*on, told)));
        if let Some(circle) = circle.filter(|circle| !is_told(circle)) {
            let mut names = vec![first.follower.as_str(), first.followed.get_ref().as_str()];
            names.extend(circle.iter().map(|on| on.followed.get_ref().as_str()));
            let message = format!("[export.{}] would run after itself: {}", first.follower, names.join(" after "));
            let help = "leave out one `after` of the circle".to_owned();
            source.fault(first.followed.span(), message, Some(help));
        }
    }
    for export in exports.values() {
        let Trigger::After(after) = &export.trigger else { continue };
        // One with a fault of its own is not there; whom it runs for is not known then.
        let Some(followed) = after.iter().map(|name| exports.get(name)).collect::<Option<Vec<_>>>() else { continue };
        let Some(first) = follows.iter().find(|follows| follows.follower == export.name) else { continue };
        for tenant in export.tenants.iter().filter(|tenant| followed.iter().all(|one| !one.tenants.contains(tenant))) {
            let names = list(after.iter().map(String::as_str));
            let message =
                format!("nothing begins [export.{}] for tenant `{tenant}`: {names} does not run for it", export.name);
            let help =
                format!("leave `{tenant}` out of its `tenants`, or add it to those of [export.{}]", followed[0].name);
            source.fault(first.followed.span(), message, Some(help));
        }
    }
}

/// The way from one export to another along what they run after; empty where they are the same.
fn way<'f>(follows: &'f [Follows], from: &str, to: &str) -> Option<Vec<&'f Follows>> {
    let mut ways: Vec<(&str, Vec<&Follows>)> = vec![(from, Vec::new())];
    let mut next = 0;
    while let Some((at, way)) = ways.get(next).cloned() {
        if at == to {
            return Some(way);
        }
        for step in follows.iter().filter(|step| step.follower == at) {
            let name = step.followed.get_ref().as_str();
            if ways.iter().all(|(seen, _)| *seen != name) {
                ways.push((name, way.iter().copied().chain([step]).collect()));
            }
        }
        next += 1;
    }
    None
}
