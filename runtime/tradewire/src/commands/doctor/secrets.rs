//! Secrets that cannot be read, and those that are too short or too common to be masked.

use secrecy::ExposeSecret as _;
use tradewire_config::{Config, SecretError};
use tradewire_secrets::weakness;

use super::{Finding, Patient};

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let config = &patient.installation.config;
    let mut found = Vec::new();
    for reference in &config.references {
        let told = match reference.secret.resolve() {
            // One fault, however much is in it.
            Err(SecretError::Vault(error)) => Finding::new(error.to_string(), "every secret of the vault waits for it"),
            Err(error) => {
                let treatment = format!("nothing that needs `{}` runs until then", reference.key);
                Finding::new(format!("`{}`: {error}", reference.key), treatment)
            }
            Ok(secret) => match weakness(secret.expose_secret()) {
                Some(weak) => Finding::new(
                    format!("`{}`, {}, is weak", reference.key, reference.secret),
                    format!("{weak}: `openssl rand -base64 24` makes one, where you choose it"),
                ),
                None => continue,
            },
        };
        if !found.contains(&told) {
            found.push(told);
        }
    }
    found
}

/// The secrets that are shown wherever they are repeated, each as a line that says why.
pub fn weak(config: &Config) -> Vec<String> {
    let weakness = |reference: &tradewire_config::Reference| {
        let secret = reference.secret.resolve().ok()?;
        let weak = weakness(secret.expose_secret()).filter(|weak| weak.is_shown())?;
        Some(format!("`{}`, {}, is no secret: {weak}", reference.key, reference.secret))
    };
    config.references.iter().filter_map(weakness).collect()
}
