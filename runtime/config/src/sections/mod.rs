//! What each section of the configuration means. One file a section that has much to say.

mod delivery;
mod environment;
mod export;
mod feed;
mod known;
mod middleware;
mod place;
mod reference;
mod serve;
mod trigger;
mod vault;
mod webhook;

pub(super) use reference::KIND as REFERENCE;
pub use reference::variable;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};
use indexmap::IndexMap;
use toml::Spanned;
use toml::de::DeTable;
use tradewire_surface::Catalog;
use tradewire_surface::grants::Grants;

use super::fault::ConfigError;
use super::limits::Limits;
use super::model::{ClientId, Config, Plugin, Runs, Serve, ServiceTitan, Tenant};
use super::shape::{Keys, Kind};
use super::source::{SECRET_WORDS, Section, Source};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the logs of all runs may take, unless it is said.
const LOGS: u64 = 1024 * 1024 * 1024;
/// Runs that are older are nobody's any more.
const LONGEST_KEEP: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
/// For so many runs there is room in the plugins' engine.
const MOST_AT_ONCE: u64 = 1_000;

/// Reads the whole text; all faults are told at once.
pub(super) fn read(catalog: &Catalog, path: &Path, text: &str) -> Result<Config, ConfigError> {
    let source = Source::new(path, text);
    let (root, unreadable) = DeTable::parse_recoverable(text);
    // What cannot be read as TOML hides what stands in it: faults of meaning would be guesses.
    let config = if unreadable.is_empty() {
        read_root(catalog, path, &source, &root)
    } else {
        mask_what_may_be_secret(&source, text);
        for error in unreadable {
            source.fault(error.span().unwrap_or_default(), error.message(), None);
        }
        None
    };
    let (faults, masked) = source.close();
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(ConfigError::Faulty { path: path.to_owned(), text: masked, faults }),
    }
}

/// What is asked of a text that has every key: the kinds of tables with their keys.
pub(super) fn shape(text: &str) -> BTreeMap<String, Keys> {
    let source = Source::noted(text);
    let (root, _) = DeTable::parse_recoverable(text);
    read_root(Catalog::get(), Path::new(""), &source, &root);
    source.into_shape().into_tables()
}

/// A text as far as it can be read, whatever its faults are: what it names need not be there.
#[cfg(test)]
pub(super) fn meant(path: &Path, text: &str) -> Option<Config> {
    let (root, _) = DeTable::parse_recoverable(text);
    read_root(Catalog::get(), path, &Source::new(path, text), &root)
}

fn read_root<'s>(catalog: &Catalog, path: &Path, source: &Source<'s>, root: &Spanned<DeTable<'s>>) -> Option<Config> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let root = Section::new(source, String::new(), String::new(), root.get_ref(), 0..0);
    if let Some(section) = root.table("vault") {
        source.has_vault(vault::read(section, folder));
    }
    let servicetitan = read_servicetitan(&root, folder);
    // A section with a fault still has its name, so that nobody who refers to it is told that it is missing.
    let tenants = root.tables("tenant");
    let plugins = root.tables("plugin");
    let deliveries = root.tables("delivery");
    let vendors = root.tables("middleware");
    let exports = root.tables("export");
    let webhooks = root.tables("webhook");
    let known = known::Known {
        plugins: names(&plugins),
        tenants: names(&tenants),
        deliveries: names(&deliveries),
        middleware: names(&vendors),
        exports: names(&exports),
        webhooks: names(&webhooks),
    };
    let tenants = each(tenants, |name, section| read_tenant(name, section, folder));
    let plugins = each(plugins, |name, section| read_plugin(catalog, name, section, &known, folder));
    let middleware = each(vendors, |name, section| middleware::read(catalog, name, section, &known, folder));
    let callers = each(root.tables("caller"), |name, section| serve::caller(name, section, &known, folder));
    let webhooks = each(webhooks, |name, section| webhook::read(catalog, name, section, &known, folder));
    let serve = root.table("serve").map_or_else(|| Some(Serve::default()), |section| serve::read(section, folder));
    let runs = root.table("runs").map(runs).unwrap_or_default();
    let (keep, logs) = root.table("store").map_or((None, None), |section| {
        let kept = (section.time("keep", LONGEST_KEEP), section.size("logs", 1024 * 1024, i64::MAX as u64));
        section.close();
        kept
    });
    let deliveries = each(deliveries, |name, section| delivery::read(name, section, folder));
    let mut others = trigger::Written::default();
    let exports = each(exports, |name, section| export::read(catalog, name, section, &known, folder, &mut others));
    root.close();
    trigger::check(source, &others, &exports, &webhooks, &known);
    Some(Config {
        path: path.to_owned(),
        servicetitan: servicetitan?,
        tenants,
        plugins,
        exports,
        deliveries,
        middleware,
        callers,
        webhooks,
        serve: serve?,
        vault: source.vault().cloned().flatten(),
        runs,
        keep,
        logs: logs.unwrap_or(LOGS),
        references: source.references(),
        paths: source.paths(),
    })
}

fn names(sections: &[(String, Section<'_, '_>)]) -> Vec<String> {
    sections.iter().map(|(name, _)| name.clone()).collect()
}

/// Reads every one, also after one has failed.
fn each<'t, 's, T>(
    sections: Vec<(String, Section<'t, 's>)>,
    mut read: impl FnMut(&str, Section<'t, 's>) -> Option<T>,
) -> IndexMap<String, T> {
    sections.into_iter().filter_map(|(name, section)| Some((name.clone(), read(&name, section)?))).collect()
}

fn read_servicetitan(root: &Section<'_, '_>, folder: &Path) -> Option<ServiceTitan> {
    root.needs("servicetitan");
    let Some(section) = root.table("servicetitan") else {
        if root.get("servicetitan").is_none() {
            let help = "add `[servicetitan]` with `environment` and `app_key`".to_owned();
            root.source().fault(0..0, "there is no section `[servicetitan]`", Some(help));
        }
        return None;
    };
    section.may_be("environment", Kind::Choice(environment::words()));
    let environment = section.need_text("environment", "\"integration\"");
    let environment = environment.and_then(|text| environment::read(&section, &text));
    let app_key = reference::need(&section, "app_key", "ST_APP_KEY", folder);
    let calls_per_second = section.count("calls_per_second", 1_000_000).and_then(|calls| u32::try_from(calls).ok());
    let ca = place::ca(&section, folder);
    section.close();
    Some(ServiceTitan { environment: environment?, app_key: app_key?, calls_per_second, ca })
}

fn read_tenant(name: &str, section: Section<'_, '_>, folder: &Path) -> Option<Tenant> {
    section.may_be("id", Kind::Count { most: i64::MAX as u64 });
    let id = section.need("id", "1234567890").and_then(|value| {
        let id = value.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        let id = id.filter(|id| *id > 0);
        if id.is_none() {
            section.wrong(value, "the tenant's number at ServiceTitan, without quotes");
        }
        id
    });
    section.may_be("client_id", Kind::Text);
    section.may_be("client_id", Kind::Reference);
    let client_id = section
        .need("client_id", &format!("{{ env = \"{}\" }}", reference::variable(name, "CLIENT_ID")))
        .and_then(|value| match value.get_ref().as_str() {
            Some(id) => Some(ClientId::Literal(id.to_owned())),
            None => reference::read(&section, "client_id", value, folder).map(ClientId::Reference),
        });
    let client_secret = reference::need(&section, "client_secret", &reference::variable(name, "CLIENT_SECRET"), folder);
    let timezone = section.need_text("timezone", "\"America/Phoenix\"");
    let timezone = timezone.and_then(|text| zone(&section, &text));
    let at_once = at_once(&section, "at_once");
    section.close();
    Some(Tenant {
        name: name.to_owned(),
        id: id?,
        client_id: client_id?,
        client_secret: client_secret?,
        timezone: timezone?,
        at_once,
    })
}

fn read_plugin(
    catalog: &Catalog,
    name: &str,
    section: Section<'_, '_>,
    known: &known::Known,
    folder: &Path,
) -> Option<Plugin> {
    let source = section.need_text("source", &format!("\"{name}.wasm\""));
    let source = source.and_then(|text| place::component(&section, text, folder));
    let (grants, grant_line) = grants(catalog, &section);
    let middleware = middleware::granted(&section, &known.middleware);
    let limits = match section.table("limits") {
        Some(table) => {
            let limits = Limits::read(&table);
            table.close();
            limits
        }
        None => Limits::default(),
    };
    let settings = section.settings("settings");
    let at_once = at_once(&section, "at_once");
    section.close();
    Some(Plugin { name: name.to_owned(), source: source?, grants, grant_line, middleware, limits, settings, at_once })
}

/// `[runs]`: how many go on at a time.
fn runs(section: Section<'_, '_>) -> Runs {
    let standard = Runs::default();
    let runs = Runs {
        at_once: at_once(&section, "at_once").unwrap_or(standard.at_once),
        per_tenant: at_once(&section, "per_tenant").unwrap_or(standard.per_tenant),
    };
    section.close();
    runs
}

fn at_once(section: &Section<'_, '_>, key: &'static str) -> Option<usize> {
    section.count(key, MOST_AT_ONCE).and_then(|count| usize::try_from(count).ok())
}

/// `grant`, and the line of the file that holds it.
fn grants(catalog: &Catalog, section: &Section<'_, '_>) -> (Grants, usize) {
    let written = section.texts("grant");
    let texts: Vec<&str> = written.iter().map(|grant| grant.get_ref().as_str()).collect();
    let grants = match Grants::parse_in(catalog, &texts) {
        Ok(grants) => grants,
        Err(faults) => {
            for fault in faults {
                section.source().fault(written[fault.index].span(), fault.fault, fault.help);
            }
            Grants::default()
        }
    };
    (grants, section.source().line(section.key_span("grant")))
}

/// An IANA time zone.
fn zone(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<Tz> {
    let name = text.get_ref();
    let zone = name.parse().ok();
    if zone.is_none() {
        let near = Catalog::nearest(name, TZ_VARIANTS.iter().map(|zone| zone.name()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an IANA name: `America/Phoenix`, `America/New_York`, `UTC`".to_owned(),
        };
        section.source().fault(text.span(), format!("`{name}` is not a time zone"), Some(help));
    }
    zone
}

/// Hides the right side of lines that may assign a secret: in a text that is not TOML it is not known where values end.
fn mask_what_may_be_secret(source: &Source<'_>, text: &str) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        if let Some(word) = SECRET_WORDS.iter().filter_map(|word| lower.find(word)).min()
            && let Some(equals) = line[word..].find('=')
        {
            let value: Range<usize> = start + word + equals + 1..start + line.trim_end().len();
            let reference = ["env", "file", "vault"].iter().any(|kind| lower.contains(&format!("{kind} =")));
            if !reference && !value.is_empty() {
                source.mask(value);
            }
        }
        start += line.len();
    }
}

/// The help that names what is near, else what there is.
fn nearest_of(wanted: &str, names: &[String], kind: &str) -> String {
    match Catalog::nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add a section `[{kind}.{wanted}]`"),
    }
}
