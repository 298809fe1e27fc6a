//! `environment`: a word, or an address.

use toml::Spanned;
use tradewire_outbound::this_machine;
use tradewire_surface::Catalog;
use url::Url;

use crate::model::Environment;
use crate::source::Section;

const WORDS: [(&str, Environment); 3] = [
    ("production", Environment::Production),
    ("integration", Environment::Integration),
    ("sandbox", Environment::Sandbox),
];

/// The words that stand for an environment.
pub(super) fn words() -> Vec<&'static str> {
    WORDS.iter().map(|(word, _)| *word).collect()
}

pub(super) fn read(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<Environment> {
    let allow_http = section.truth("allow_http").unwrap_or_default();
    let written = text.get_ref();
    if let Some((_, environment)) = WORDS.iter().find(|(word, _)| word == written) {
        return Some(environment.clone());
    }
    let fault = |message: String, help: String| {
        section.source().fault(text.span(), message, Some(help));
        None
    };
    match Url::parse(written) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Some(Environment::Address(url)),
        Ok(url) if url.scheme() == "http" && url.has_host() => {
            if is_clear(&url, allow_http) {
                let message = "credentials would travel in the clear to this address".to_owned();
                fault(message, "write an `https://` address, or `allow_http = true` beside it".to_owned())
            } else {
                Some(Environment::Address(url))
            }
        }
        _ => {
            let help = match Catalog::nearest(written, WORDS.iter().map(|(word, _)| *word)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `production`, `integration`, `sandbox`, or an `https://` address".to_owned(),
            };
            fault(format!("`{written}` is not an environment"), help)
        }
    }
}

/// Whether what is sent to an address could be read on its way, and nobody has said that it may be.
pub(super) fn is_clear(url: &Url, allow_http: bool) -> bool {
    url.scheme() == "http" && !allow_http && !this_machine(url)
}
