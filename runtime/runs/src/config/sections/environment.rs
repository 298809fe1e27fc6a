//! `environment`: a word, or an address.

use toml::Spanned;
use tradewire_surface::Catalog;
use url::{Host, Url};

use crate::config::model::Environment;
use crate::config::source::Section;

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
            if is_this_machine(&url) {
                Some(Environment::Address(url))
            } else {
                let message = "credentials would travel in the clear to this address".to_owned();
                fault(message, "write an `https://` address; `http://` is for this machine alone".to_owned())
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

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
