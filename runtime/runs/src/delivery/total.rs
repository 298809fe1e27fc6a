//! The control total: beside each file one that a person can read and a program can check.

use serde::Serialize;
use serde_json::{Map, Value};
use tradewire_schedule::Window;
use tradewire_store::{FileRecord, Opening};

use super::version;
use crate::run::TOTAL_SUFFIX;

/// What stands in it, in this order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ControlTotal<'a> {
    file: &'a str,
    /// The first version, where this is a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    version_of: Option<&'a str>,
    version: u32,
    /// The plugin's own: exact values as text.
    totals: Map<String, Value>,
    bytes: u64,
    sha256: &'a str,
    export: &'a str,
    tenant: &'a str,
    tenant_id: i64,
    window: Window,
    run: String,
}

/// The name of the control total of a file of this name.
pub(super) fn name(file: &str) -> String {
    format!("{file}{TOTAL_SUFFIX}")
}

/// The name of a file's control total where it goes. That of an encrypted file is encrypted as well:
/// `hours.csv.total.json.pgp` for `hours.csv.pgp`.
pub fn name_for(file: &FileRecord) -> String {
    match file.delivered_as.rsplit_once('.').filter(|_| file.encrypted.is_some()) {
        Some((plain, suffix)) => format!("{}.{suffix}", name(plain)),
        None => name(&file.delivered_as),
    }
}

/// The text of a file's control total. What it says of bytes and hash is of the file as it is before it is encrypted.
pub(super) fn text(opening: &Opening, file: &FileRecord) -> String {
    let delivered_as = match file.delivered_as.rsplit_once('.').filter(|_| file.encrypted.is_some()) {
        Some((plain, _)) => plain,
        None => &file.delivered_as,
    };
    let total = ControlTotal {
        file: delivered_as,
        version_of: (delivered_as != version::name(&file.name, 1)).then_some(file.name.as_str()),
        version: file.version,
        totals: file.totals.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect(),
        bytes: file.bytes,
        sha256: &file.sha256,
        export: &opening.export,
        tenant: &opening.tenant,
        tenant_id: opening.tenant_id,
        window: opening.window,
        run: opening.id.to_string(),
    };
    // Plain text and numbers always have a JSON form.
    let mut text = serde_json::to_string_pretty(&total).unwrap_or_default();
    text.push('\n');
    text
}
