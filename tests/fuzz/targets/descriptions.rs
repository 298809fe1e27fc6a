//! ServiceTitan's descriptions as the importer reads them: a catalog whose contract parses, or an error with its place.
//!
//! An input is up to four texts with a zero byte between: an OpenAPI document, webhook events, and the request and the
//! response of a middleware contract.
#![no_main]

use std::sync::LazyLock;

use tradewire_fuzz::fuzz;
use tradewire_surface::import::{ContractSource, Source, Sources, import};
use tradewire_surface::wit;
use wit_parser::{Resolve, UnresolvedPackageGroup};

fuzz!(|bytes| {
    let mut texts = bytes.splitn(4, |byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    let mut source = |name: &str| texts.next().map(|text| Source { name: name.to_owned(), text });
    let mut sources = Sources { documents: source("crm-v2.json").into_iter().collect(), ..Sources::default() };
    sources.events = source("events.json");
    if let (Some(request), Some(response)) = (source("request.json"), source("response.json")) {
        sources.contracts.push(ContractSource { endpoint: "pricing".to_owned(), request, response });
    }
    let imported = match import(&sources) {
        Ok(imported) => imported,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    // The same input always gives the same catalog, and every catalog gives a contract that plugins compile against.
    let files = tradewire_surface::files(&imported.catalog);
    if let Ok(again) = import(&sources) {
        assert_eq!(tradewire_surface::files(&again.catalog), files);
    }
    parses(wit::files(&imported.catalog));
});

/// What every surface builds upon, written by hand.
static API: LazyLock<Resolve> = LazyLock::new(|| {
    let mut resolve = Resolve::default();
    let group = UnresolvedPackageGroup::parse_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/servicetitan/api"));
    match group.map(|group| resolve.push_group(group)) {
        Ok(Ok(_)) => resolve,
        other => panic!("{other:?}"),
    }
});

fn parses(mut files: Vec<(String, String)>) {
    let mut resolve = API.clone();
    files.sort();
    let mut rest = &files[..];
    while let Some(((first, _), _)) = rest.split_first() {
        // A package is a folder.
        let folder = first.split('/').next().unwrap_or_default();
        let end = rest.iter().position(|(name, _)| name.split('/').next() != Some(folder)).unwrap_or(rest.len());
        let (package, others) = rest.split_at(end);
        rest = others;
        let mut sources = wit_parser::SourceMap::default();
        for (name, text) in package {
            sources.push_str(name, text.clone());
        }
        let group: UnresolvedPackageGroup = match sources.parse() {
            Ok(group) => group,
            Err((_, error)) => panic!("{folder} does not parse: {error}"),
        };
        if let Err(error) = resolve.push_group(group) {
            panic!("{folder} does not resolve: {error:?}");
        }
    }
}
