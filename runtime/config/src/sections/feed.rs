//! `feed` and `since` of an export: it runs where ServiceTitan has something new.

use tradewire_surface::Catalog;

use crate::Feed;
use crate::feed;
use crate::source::Section;

pub(super) fn read(catalog: &Catalog, section: &Section<'_, '_>) -> Option<Feed> {
    let fault = |key: &str, message: String, help: String| {
        section.source().fault(section.key_span(key), message, Some(help));
    };
    let since = section.text("since").and_then(|text| {
        let since = Some(text.get_ref().clone()).filter(|since| feed::moment(since).is_some());
        if since.is_none() {
            let help = "write `2026-01-01`, or `2026-01-01T06:00:00Z`".to_owned();
            section.source().fault(
                text.span(),
                format!("`{}` is neither a day nor a moment", text.get_ref()),
                Some(help),
            );
        }
        since
    });
    let Some(text) = section.text("feed") else {
        if section.get("since").is_some() {
            fault(
                "since",
                "`since` says where a feed begins, and there is no `feed`".to_owned(),
                "leave it out".to_owned(),
            );
        }
        return None;
    };
    if section.get("cron").is_none() {
        let message = "nothing says how often the feed is to be asked".to_owned();
        fault("feed", message, "add `cron = \"*/5 * * * *\"`".to_owned());
    }
    if section.get("window").is_some() {
        let message =
            "`window` is not for feeds: a run accounts for what has changed since the last that succeeded".to_owned();
        fault("window", message, "leave it out".to_owned());
    }
    let name = text.get_ref();
    let refusal = match catalog.operation(name) {
        Some(operation) => feed::refusal(operation).map(|why| format!("`{name}` cannot be a feed: {why}")),
        None => Some(format!("there is no operation `{name}`")),
    };
    if let Some(message) = refusal {
        let possible: Vec<String> = feed::possible(catalog).collect();
        let help = match Catalog::nearest(name, possible.iter().map(String::as_str)) {
            Some(near) => format!("is `{near}` meant?"),
            None => {
                "name an export feed, such as `crm/export.get-customers`: `tradewire surface list` shows what there is"
                    .to_owned()
            }
        };
        section.source().fault(text.span(), message, Some(help));
        return None;
    }
    Some(Feed { operation: text.into_inner(), since })
}
