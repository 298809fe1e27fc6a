//! The kinds of secrets, as the configuration's own schema has them, and a distinctive secret of each.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use serde_json::Value;

/// What is obtained while running, and so has no key.
const OBTAINED: &str = "";

/// Our secrets, and the key of the configuration that each stands under.
pub const SECRETS: [(&str, &str); 27] = [
    ("app-key", "servicetitan.app_key"),
    ("client-id", "tenant.*.client_id"),
    ("client-secret", "tenant.*.client_secret"),
    ("denied-id", "tenant.*.client_id"),
    ("denied-secret", "tenant.*.client_secret"),
    ("access-token", OBTAINED),
    ("vault-passphrase", "vault.key"),
    ("vault-stored", "delivery.*.headers.*"),
    ("bearer", "delivery.*.headers.*"),
    ("sftp-password", "delivery.*.password"),
    ("sftp-key", "delivery.*.key"),
    ("sftp-passphrase", "delivery.*.passphrase"),
    ("s3-id", "delivery.*.access_key_id"),
    ("s3-secret", "delivery.*.secret_access_key"),
    ("s3-token", "delivery.*.session_token"),
    ("public-key", "delivery.*.encrypt.to"),
    ("sign-key", "delivery.*.encrypt.sign.key"),
    ("sign-passphrase", "delivery.*.encrypt.sign.passphrase"),
    ("vendor-key", "middleware.*.secrets.*"),
    ("vendor-user", "middleware.*.secrets.*"),
    ("vendor-password", "middleware.*.secrets.*"),
    ("vendor-client-secret", "middleware.*.secrets.*"),
    ("vendor-token", OBTAINED),
    ("caller-key", "caller.*.key"),
    ("callers-own", OBTAINED),
    ("webhook-secret", "webhook.*.secret"),
    ("tls-key", "serve.tls.key"),
];

/// A secret with all that encodings treat by itself, as far as the place allows where it goes.
pub fn value(name: &str) -> String {
    let number = name.bytes().fold(7_u64, |number, b| number.wrapping_mul(31).wrapping_add(b.into()));
    match name {
        // Of the characters that tokens have.
        "access-token" | "vendor-token" => format!("{name}.Zq7_x9-A1b2{number:x}"),
        _ => format!("{name}-Zq7/x+9=A&b<c>'d~\"{number:x}"),
    }
}

/// The secret as the operator writes it where it goes: some are a part of it.
pub fn written(name: &str) -> String {
    match name {
        "bearer" | "vault-stored" | "callers-own" => format!("Bearer {}", value(name)),
        _ => value(name),
    }
}

/// The variable that holds it.
pub fn variable(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// Whether a server is to get it, as it is or as a part of something.
pub fn is_sent(name: &str) -> bool {
    let kept =
        ["vault-passphrase", "sftp-password", "sftp-key", "sftp-passphrase", "s3-secret", "public-key", "sign-key"];
    !kept.contains(&name) && !["sign-passphrase", "caller-key", "webhook-secret", "tls-key"].contains(&name)
}

/// What is sent where it is not sent as it is.
pub fn sent_as(name: &str) -> String {
    match name {
        "vendor-user" | "vendor-password" => {
            BASE64.encode(format!("{}:{}", value("vendor-user"), value("vendor-password")).as_bytes())
        }
        _ => url::form_urlencoded::byte_serialize(value(name).as_bytes()).collect(),
    }
}

/// The keys that the sweep has a secret for.
pub fn swept() -> BTreeSet<String> {
    SECRETS.iter().map(|(_, key)| (*key).to_owned()).filter(|key| key != OBTAINED).collect()
}

/// The keys under which the schema allows a reference to a secret.
pub fn of_schema(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(schema, String::new(), &mut found);
    found
}

fn walk(schema: &Value, path: String, found: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else { return };
    if members.get("$ref").is_some_and(|to| to == "#/definitions/reference") {
        found.insert(path);
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, inner) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
        walk(inner, below(name), found);
    }
    if let Some(each) = members.get("additionalProperties") {
        walk(each, below("*"), found);
    }
    if let Some(items) = members.get("items") {
        walk(items, path.clone(), found);
    }
    for several in ["allOf", "anyOf"] {
        for one in members.get(several).and_then(Value::as_array).into_iter().flatten() {
            walk(one, path.clone(), found);
        }
    }
}
