//! What begins an export's runs: `cron` or `after`, at most one of them; and the keys that go with it.

use indexmap::IndexMap;
use toml::Spanned;

use super::export::{Known, refer};
use crate::config::model::{Begins, Export};
use crate::config::source::{Section, Source, list};
use crate::schedule::{CronExpression, WindowRule};

/// The keys of which an export has one at most.
const KEYS: [&str; 2] = ["cron", "after"];
/// What is said of the slots of a cron expression. Whatever else begins a run waits for its turn.
const OF_CRON: [&str; 4] = ["missed", "missed_cap", "overlap", "jitter"];
/// What goes with anything but being asked.
const OF_ITSELF: [&str; 2] = ["blackout", "retries"];

/// That an export runs after another, as it is written.
pub(super) struct Follows {
    follower: String,
    followed: Spanned<String>,
}

/// What begins the runs of an export, and how their windows are cut.
pub(super) fn read(
    section: &Section<'_, '_>,
    name: &str,
    known: &Known,
    follows: &mut Vec<Follows>,
) -> (Begins, WindowRule) {
    let written: Vec<&'static str> = KEYS.into_iter().filter(|key| section.get(key).is_some()).collect();
    for second in written.iter().skip(1) {
        let message = format!("`{second}` and `{}` both begin the runs of [export.{name}]", written[0]);
        let help = "leave one out: for both, write two exports".to_owned();
        section.source().fault(section.key_span(second), message, Some(help));
    }
    let cron = section.text("cron").and_then(|text| cron(section, &text));
    let after = after(section, name, known, follows);
    let window = section.choice("window", &WindowRule::NAMES);
    match written.first() {
        Some(&"cron") => {}
        Some(key) => {
            refuse(section, &OF_CRON, "is for `cron`: whatever else begins a run waits for its turn");
            if window.is_some() {
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
    let begins = match written.first() {
        Some(&"cron") => cron.map_or(Begins::Asked, Begins::Cron),
        Some(_) => Begins::After(after),
        None => Begins::Asked,
    };
    (begins, window.map(|(rule, _)| rule).unwrap_or_default())
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
fn after(section: &Section<'_, '_>, name: &str, known: &Known, follows: &mut Vec<Follows>) -> Vec<String> {
    let mut after: Vec<String> = Vec::new();
    for text in section.one_or_more("after") {
        let span = text.span();
        let Some(followed) = refer(section, text, &known.exports, "export") else { continue };
        if after.contains(&followed) {
            let help = Some("leave one out".to_owned());
            section.source().fault(span, format!("export `{followed}` is named twice"), help);
            continue;
        }
        follows.push(Follows { follower: name.to_owned(), followed: Spanned::new(span, followed.clone()) });
        after.push(followed);
    }
    after
}

/// Faults of what is only seen in all exports together: one that would run after itself, and tenants for whom nothing
/// begins a run.
pub(super) fn check(source: &Source<'_>, follows: &[Follows], exports: &IndexMap<String, Export>) {
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
        let Begins::After(after) = &export.begins else { continue };
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
