//! `[delivery.*]`: where files go. Every key is read whatever the kind of destination, so that all faults are told at
//! once; one that belongs to another kind is a fault of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use toml::Spanned;
use toml::de::DeValue;
use tradewire_delivery::{HttpMethod, HttpSettings, S3Settings, Sftp, SftpSettings};
use tradewire_outbound::Ca;
use url::Url;

use super::{environment, known, place, reference};
use crate::Secret;
use crate::model::{Delivery, DestinationSettings, Encryption, PublicKey, Signing, TextOrSecret};
use crate::paths::Role;
use crate::shape::Kind as ValueKind;
use crate::source::{SECRET_WORDS, Section};

/// Nobody waits longer for a byte.
const LONGEST: Duration = Duration::from_secs(3600);
const TIMEOUT: Duration = Duration::from_secs(30);
const MOST_TRIES: u64 = 10_000;
const HTTP_METHODS: [(&str, HttpMethod); 2] = [("POST", HttpMethod::Post), ("PUT", HttpMethod::Put)];

/// A kind of destination, as `to` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Folder(PathBuf),
    Sftp(Url),
    S3(Url),
    Http(Url),
}

impl Kind {
    fn word(&self) -> &'static str {
        match self {
            Kind::Folder(_) => "a folder",
            Kind::Sftp(_) => "`sftp://…`",
            Kind::S3(_) => "`s3://…`",
            Kind::Http(_) => "`https://…`",
        }
    }
}

/// The keys that not every kind has, with the kinds that have them.
const OWN_KEYS: [(&str, &[&str]); 16] = [
    ("mode", &["a folder"]),
    ("user", &["`sftp://…`"]),
    ("password", &["`sftp://…`"]),
    ("key", &["`sftp://…`"]),
    ("passphrase", &["`sftp://…`"]),
    ("host_key", &["`sftp://…`"]),
    ("region", &["`s3://…`"]),
    ("endpoint", &["`s3://…`"]),
    ("access_key_id", &["`s3://…`"]),
    ("secret_access_key", &["`s3://…`"]),
    ("session_token", &["`s3://…`"]),
    ("headers", &["`https://…`"]),
    ("method", &["`https://…`"]),
    ("timeout", &["`sftp://…`", "`s3://…`", "`https://…`"]),
    ("allow_http", &["`s3://…`", "`https://…`"]),
    ("ca", &["`s3://…`", "`https://…`"]),
];

pub(super) fn read(name: &str, section: Section<'_, '_>, folder: &Path) -> Option<Delivery> {
    let to = section.need_text("to", "\"outbox\"");
    let allow_http = section.truth("allow_http").unwrap_or_default();
    let ca = place::ca(&section, folder);
    let kind = to.as_ref().and_then(|to| kind(&section, to, folder, allow_http));
    let mode = section.text("mode").and_then(|text| mode_of(&section, &text));
    let sftp = SftpKeys::read(&section, folder);
    let s3 = S3Keys::read(&section, folder, allow_http);
    let headers = headers(&section, folder);
    let method = section.choice("method", &HTTP_METHODS).map(|(method, _)| method);
    let timeout = section.time("timeout", LONGEST).unwrap_or(TIMEOUT);
    let standard = Delivery::RETRIES;
    let retries = section.table("retries").map(|section| known::retries(section, MOST_TRIES, standard));
    let total = section.truth("total");
    let encrypt = section.table("encrypt").map(|section| encrypt(section, folder));
    if let Some(kind) = &kind {
        others(&section, kind);
    }
    let total = total.unwrap_or(!matches!(kind, Some(Kind::Http(_))));
    let to = kind.zip(to).and_then(|(kind, to)| match kind {
        Kind::Folder(path) => Some(DestinationSettings::Folder(path)),
        Kind::Sftp(url) => sftp.finish(&section, name, url, &to, timeout).map(DestinationSettings::Sftp),
        Kind::S3(url) => s3.finish(&section, name, url, (timeout, allow_http, ca)).map(DestinationSettings::S3),
        Kind::Http(url) => {
            let method = method.unwrap_or_default();
            Some(DestinationSettings::Http(HttpSettings { url, method, headers, timeout, allow_http, ca }))
        }
    });
    section.close();
    Some(Delivery {
        name: name.to_owned(),
        to: to?,
        mode,
        retries: retries.unwrap_or(Some(standard))?,
        total,
        encrypt: match encrypt {
            Some(encrypt) => Some(encrypt?),
            None => None,
        },
    })
}

/// The mode of files, as `chmod` takes it. Nobody executes them, and who delivers them may read and write them.
fn mode_of(section: &Section<'_, '_>, text: &Spanned<String>) -> Option<u32> {
    let mode = u32::from_str_radix(text.get_ref(), 8).ok().filter(|mode| mode & !0o066 == 0o600);
    if mode.is_none() {
        let help = "write it in octal digits: `mode = \"0640\"` lets the folder's group read, `\"0600\"` nobody else";
        let message = format!("`{}` is no mode of a file", text.get_ref());
        section.source().fault(text.span(), message, Some(help.to_owned()));
    }
    mode
}

/// What `to` names.
fn kind(section: &Section<'_, '_>, to: &Spanned<String>, folder: &Path, allow_http: bool) -> Option<Kind> {
    let written = to.get_ref();
    let fault = |message: String, help: &str| {
        section.source().fault(to.span(), message, Some(help.to_owned()));
        None
    };
    let delivered = |path: &str| place::of(section, to, path, folder, Role::Delivered).map(Kind::Folder);
    if let Some(rest) = written.strip_prefix("file:") {
        if !rest.starts_with("//") {
            return delivered(rest);
        }
        return match Url::parse(written).ok().and_then(|url| url.to_file_path().ok()) {
            Some(path) => delivered(&path.to_string_lossy()),
            None => fault(format!("`{written}` does not name a folder"), "write `file:///folder`, or just the path"),
        };
    }
    let Some((scheme, _)) = written.split_once("://") else {
        return delivered(written);
    };
    let example = match scheme {
        "sftp" => "sftp://sftp.example.com/inbound",
        "s3" => "s3://bucket/prefix",
        "http" | "https" => "https://receiver.example.com/files",
        _ => {
            let help = "write a folder, `sftp://host/folder`, `s3://bucket/prefix` or `https://host/path`";
            return fault(format!("`{scheme}://` is not a kind of delivery"), help);
        }
    };
    let help = format!("write `{example}`");
    let url = match Url::parse(written) {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => url,
        Ok(_) => return fault("this address names no host".to_owned(), &help),
        Err(error) => return fault(format!("this is not an address: {error}"), &help),
    };
    if !url.username().is_empty() || url.password().is_some() {
        section.source().mask(to.span());
        let keys = if scheme == "sftp" { "`user` and `password`" } else { "keys of their own" };
        return fault(
            "an address must not hold a user or a password".to_owned(),
            &format!("{help}, and {keys} beside it"),
        );
    }
    if url.fragment().is_some() || url.query().is_some() && !matches!(scheme, "http" | "https") {
        return fault("this address has a part after `?` or `#`".to_owned(), &help);
    }
    match scheme {
        "sftp" => Some(Kind::Sftp(url)),
        "s3" if url.port().is_some() => {
            fault("the address of a bucket has no port".to_owned(), "write `endpoint` beside it")
        }
        "s3" => Some(Kind::S3(url)),
        "http" | "https" if environment::is_clear(&url, allow_http) => {
            fault("`http://` would let everyone in between read the files".to_owned(), HTTPS)
        }
        _ => Some(Kind::Http(url)),
    }
}

/// What is to be written where an address is without TLS.
const HTTPS: &str = "write `https://…`, or `allow_http = true` beside it";

/// A fault for each key that is of another kind.
fn others(section: &Section<'_, '_>, kind: &Kind) {
    for (key, kinds) in OWN_KEYS {
        if section.get(key).is_some() && !kinds.contains(&kind.word()) {
            let message = format!("`{key}` is for {}, and this delivers to {}", kinds.join(", "), kind.word());
            let help = format!("leave it out, or write `to = \"{}\"`", kinds[0].trim_matches('`'));
            section.source().fault(section.key_span(key), message, Some(help));
        }
    }
}

/// Says that a key of this kind of destination is missing.
fn missing(section: &Section<'_, '_>, key: &str, example: &str) {
    let message = format!("[{}] has no `{key}`", section.path);
    section.source().fault(section.span.clone(), message, Some(format!("add `{key} = {example}`")));
}

struct SftpKeys {
    user: Option<Spanned<String>>,
    password: Option<Secret>,
    key: Option<Secret>,
    passphrase: Option<Secret>,
    host_keys: Vec<Spanned<String>>,
}

impl SftpKeys {
    fn read(section: &Section<'_, '_>, folder: &Path) -> Self {
        Self {
            user: section.text("user"),
            password: reference::may(section, "password", folder),
            key: reference::may(section, "key", folder),
            passphrase: reference::may(section, "passphrase", folder),
            host_keys: section.one_or_more("host_key"),
        }
    }

    fn finish(
        self,
        section: &Section<'_, '_>,
        name: &str,
        url: Url,
        to: &Spanned<String>,
        timeout: Duration,
    ) -> Option<SftpSettings<Secret>> {
        let Self { user, password, key, passphrase, host_keys } = self;
        if section.get("user").is_none() {
            missing(section, "user", &format!("\"{name}\""));
        }
        if section.get("password").is_none() && section.get("key").is_none() {
            let message = format!("[{}] has neither `key` nor `password`", section.path);
            let help = format!("add `key = {{ file = \"{name}.key\" }}`");
            section.source().fault(section.span.clone(), message, Some(help));
        }
        if section.get("passphrase").is_some() && section.get("key").is_none() {
            let help = "add `key`, or leave it out".to_owned();
            section.source().fault(section.key_span("passphrase"), "`passphrase` is that of a `key`", Some(help));
        }
        let settings = SftpSettings {
            url,
            user: user.as_ref().map_or("stand-in", |user| user.get_ref()).to_owned(),
            password,
            private_key: key,
            passphrase,
            host_keys: host_keys.into_iter().map(Spanned::into_inner).collect(),
            timeout,
        };
        // What the destination itself says to this, with a stand-in for the secrets.
        let stand_in = SftpSettings {
            url: settings.url.clone(),
            user: settings.user.clone(),
            password: Some(SecretString::from("stand-in")),
            private_key: None,
            passphrase: None,
            host_keys: settings.host_keys.clone(),
            timeout,
        };
        if let Err(error) = Sftp::new(stand_in) {
            let span = match error.setting {
                "url" => to.span(),
                "user" => user.as_ref().map_or(section.span.clone(), Spanned::span),
                "host_keys" => section.get("host_key").map_or(section.span.clone(), Spanned::span),
                other => section.key_span(other),
            };
            section.source().fault(span, error.message, None);
            return None;
        }
        user.is_some().then_some(settings)
    }
}

struct S3Keys {
    region: Option<Spanned<String>>,
    endpoint: Option<Url>,
    access_key_id: Option<TextOrSecret>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
}

impl S3Keys {
    fn read(section: &Section<'_, '_>, folder: &Path, allow_http: bool) -> Self {
        section.may_be("access_key_id", ValueKind::Text);
        section.may_be("access_key_id", ValueKind::Reference);
        let access_key_id = section.get("access_key_id");
        Self {
            region: section.text("region"),
            endpoint: section.text("endpoint").and_then(|text| endpoint(section, &text, allow_http)),
            access_key_id: access_key_id.and_then(|value| match value.get_ref().as_str() {
                Some(id) => Some(TextOrSecret::Text(id.to_owned())),
                None => reference::read(section, "access_key_id", value, folder).map(TextOrSecret::Secret),
            }),
            secret_access_key: reference::may(section, "secret_access_key", folder),
            session_token: reference::may(section, "session_token", folder),
        }
    }

    fn finish(
        self,
        section: &Section<'_, '_>,
        name: &str,
        url: Url,
        (timeout, allow_http, ca): (Duration, bool, Ca),
    ) -> Option<S3Settings<TextOrSecret, Secret>> {
        let reference = |secret: &str| format!("{{ env = \"{}\" }}", reference::variable(name, secret));
        if section.get("access_key_id").is_none() {
            missing(section, "access_key_id", &reference("ACCESS_KEY_ID"));
        }
        if section.get("secret_access_key").is_none() {
            missing(section, "secret_access_key", &reference("SECRET_ACCESS_KEY"));
        }
        // Other stores take whatever is said, and most say this.
        let standard = section.get("endpoint").is_some().then(|| "us-east-1".to_owned());
        if section.get("region").is_none() && standard.is_none() {
            missing(section, "region", "\"us-east-1\"");
        }
        Some(S3Settings {
            url,
            region: self.region.map(Spanned::into_inner).or(standard)?,
            endpoint: self.endpoint,
            access_key_id: self.access_key_id?,
            secret_access_key: self.secret_access_key?,
            session_token: self.session_token,
            timeout,
            allow_http,
            ca,
        })
    }
}

fn endpoint(section: &Section<'_, '_>, text: &Spanned<String>, allow_http: bool) -> Option<Url> {
    let url = Url::parse(text.get_ref()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        let help = "write the store's address: `\"https://minio.example.com\"`".to_owned();
        section.source().fault(text.span(), format!("`{}` is not an address", text.get_ref()), Some(help));
    }
    if url.as_ref().is_some_and(|url| environment::is_clear(url, allow_http)) {
        let message = "`http://` would let everyone in between read the files";
        section.source().fault(text.span(), message, Some(HTTPS.to_owned()));
    }
    url
}

/// `headers`: text, but references where the name says that it is a secret.
fn headers(section: &Section<'_, '_>, folder: &Path) -> Vec<(String, TextOrSecret)> {
    let Some(table) = section.table_of("headers", ValueKind::TextsAndReferences) else { return Vec::new() };
    let entries = table.entries().into_iter();
    entries.filter_map(|(name, value)| Some((name.to_owned(), header(&table, name, value, folder)?))).collect()
}

fn header<'s>(
    table: &Section<'_, 's>,
    name: &str,
    value: &Spanned<DeValue<'s>>,
    folder: &Path,
) -> Option<TextOrSecret> {
    let lower = name.to_ascii_lowercase();
    let may_be_secret = ["authorization", "cookie"].iter().chain(&SECRET_WORDS).any(|word| lower.contains(word))
        && lower != "idempotency-key";
    match value.get_ref().as_str() {
        Some(text) if !may_be_secret => Some(TextOrSecret::Text(text.to_owned())),
        _ => reference::of(table, name, value, folder).map(TextOrSecret::Secret),
    }
}

fn encrypt(section: Section<'_, '_>, folder: &Path) -> Option<Encryption> {
    section.may_be("to", ValueKind::Keys);
    let to = section.need("to", "[\"receiver.asc\"]").and_then(|value| public_keys(&section, value, folder));
    let sign = section.table("sign").map(|table| {
        let key = reference::need(&table, "key", "SIGNING_KEY", folder);
        let passphrase = reference::may(&table, "passphrase", folder);
        table.close();
        Some(Signing { key: key?, passphrase })
    });
    let armor = section.truth("armor").unwrap_or_default();
    section.close();
    let sign = match sign {
        Some(sign) => Some(sign?),
        None => None,
    };
    Some(Encryption { to: to?, sign, armor })
}

/// Paths of public keys, or references to them.
fn public_keys<'s>(section: &Section<'_, 's>, value: &Spanned<DeValue<'s>>, folder: &Path) -> Option<Vec<PublicKey>> {
    let wanted = "a list of public keys: `[\"receiver.asc\"]`";
    let Some(items) = value.get_ref().as_array().filter(|items| !items.is_empty()) else {
        match value.get_ref().as_array() {
            Some(_) => {
                section.source().fault(value.span(), "nobody could decrypt this", Some(format!("write {wanted}")))
            }
            None => section.wrong(value, wanted),
        }
        return None;
    };
    let key = |item: &Spanned<DeValue<'s>>| match item.get_ref().as_str() {
        Some(path) => {
            let text = Spanned::new(item.span(), path.to_owned());
            place::path(section, &text, path, folder).map(PublicKey::File)
        }
        None => reference::read(section, "to", item, folder).map(PublicKey::Secret),
    };
    let keys: Vec<Option<PublicKey>> = items.iter().map(key).collect();
    keys.into_iter().collect()
}
