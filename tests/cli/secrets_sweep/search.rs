//! All that was seen, and the search for secrets in it: with encoders of its own, so that what the masker does not know is
//! found all the same.

use std::path::Path;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

use super::kinds::{SECRETS, value};

/// How many encodings are searched for.
pub const ENCODINGS: usize = 6;

/// What was seen, each with where.
#[derive(Default)]
pub struct Seen(Vec<(String, String)>);

impl Seen {
    pub fn note(&mut self, place: &str, bytes: &[u8]) {
        self.0.push((place.to_owned(), String::from_utf8_lossy(bytes).into_owned()));
    }

    /// Every file below a folder, but the configuration, the packs and what is linked from elsewhere.
    pub fn folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => self.folder(&entry.path()),
                kind if kind.is_file() => {
                    self.note(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
                }
                _ => {}
            }
        }
    }

    /// Whether a text is anywhere.
    pub fn mentions(&self, text: &str) -> bool {
        self.0.iter().any(|(_, seen)| seen.contains(text))
    }

    /// The encodings in which a secret was seen.
    pub fn encodings_of(&self, name: &str) -> Vec<&'static str> {
        let secret = value(name);
        encodings(&secret)
            .into_iter()
            .filter(|(_, all)| all.iter().any(|text| self.mentions(text)))
            .map(|it| it.0)
            .collect()
    }

    #[track_caller]
    pub fn is_free_of_secrets(&self) {
        let mut hits = Vec::new();
        for (name, _) in SECRETS {
            for (encoding, all) in encodings(&value(name)) {
                for (place, seen) in &self.0 {
                    if let Some(at) = all.iter().find_map(|text| seen.find(text.as_str())) {
                        let around: String =
                            seen[..at].chars().rev().take(60).collect::<Vec<_>>().iter().rev().collect();
                        hits.push(format!("{name}, {encoding}, in {place}: …{around}"));
                    }
                }
            }
        }
        assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits[..hits.len().min(40)].join("\n"));
    }
}

/// Each of the encodings, in all the forms that it may have.
fn encodings(secret: &str) -> [(&'static str, Vec<String>); ENCODINGS] {
    let percent = |upper: bool| -> String {
        let one = |b: u8| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b if upper => format!("%{b:02X}"),
            b => format!("%{b:02x}"),
        };
        secret.bytes().map(one).collect()
    };
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut base64 = Vec::new();
    for before in 0..3 {
        let shifted = [vec![0; before], secret.as_bytes().to_vec()].concat();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        base64.extend([BASE64.encode(&shifted)[from..to].to_owned(), BASE64URL.encode(&shifted)[from..to].to_owned()]);
    }
    let json = serde_json::to_string(secret).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    [
        ("raw", vec![secret.to_owned()]),
        ("percent", vec![percent(true), percent(false), form]),
        ("base64", base64),
        ("hex", vec![HEXLOWER.encode(secret.as_bytes()), HEXUPPER.encode(secret.as_bytes())]),
        ("json", vec![json.clone(), json.replace('/', "\\/")]),
        ("html", vec![html.replace('\'', "&#39;"), html]),
    ]
}
