//! `[webhook.*]`: where ServiceTitan's events come in, and how they are told from forged ones.

use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use tradewire_surface::Catalog;

use super::known::{Known, tenants};
use super::{reference, serve};
use crate::model::{LONGEST_REPLAY_WINDOW, SignatureEncoding, Webhook};
use crate::source::Section;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// What most public code that verifies these signatures reads.
const HEADER: &str = "x-servicetitan-signature";

pub(super) fn read(
    catalog: &Catalog,
    name: &str,
    section: Section<'_, '_>,
    known: &Known,
    folder: &Path,
) -> Option<Webhook> {
    let tenants = tenants(&section, known, "this webhook takes nobody's events");
    let secret = reference::need(&section, "secret", &reference::variable(name, "WEBHOOK_SECRET"), folder);
    let header = section.text("header").map_or(Some(HEADER.to_owned()), |text| header(&section, &text));
    let encoding = section.choice("encoding", &SignatureEncoding::NAMES).map(|(encoding, _)| encoding);
    let events = section
        .get("events")
        .is_some()
        .then(|| types(catalog, &section, section.texts("events")).into_iter().map(Spanned::into_inner).collect());
    let replay_window = section.time("replay_window", LONGEST_REPLAY_WINDOW.to_std().unwrap_or(DAY)).unwrap_or(DAY);
    let at_once = serve::at_once(&section);
    section.close();
    Some(Webhook {
        name: name.to_owned(),
        tenants,
        secret: secret?,
        header: header?,
        encoding,
        events,
        replay_window,
        at_once,
    })
}

/// A header's name, in lower case.
fn header(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<String> {
    let name = text.get_ref();
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Some(name.to_ascii_lowercase());
    }
    let help = format!("write its name alone: `\"{HEADER}\"`");
    section.source().fault(text.span(), format!("`{name}` is not the name of a header"), Some(help));
    None
}

/// Those of these texts that are types of events, each once.
pub(super) fn types(catalog: &Catalog, section: &Section<'_, '_>, texts: Vec<Spanned<String>>) -> Vec<Spanned<String>> {
    let types = || catalog.events().map(|event| event.wire.as_str());
    let mut events: Vec<Spanned<String>> = Vec::new();
    for text in texts {
        let name = text.get_ref();
        if events.iter().any(|event| event.get_ref() == name) {
            let help = Some("leave one out".to_owned());
            section.source().fault(text.span(), format!("event `{name}` is named twice"), help);
        } else if types().any(|known| known == name) {
            events.push(text);
        } else {
            let help = match Catalog::nearest(name, types()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", types().collect::<Vec<_>>().join(", ")),
            };
            section.source().fault(text.span(), format!("there is no event `{name}`"), Some(help));
        }
    }
    events
}
