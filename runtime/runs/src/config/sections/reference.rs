//! References to secrets: `{ env = "NAME" }` or `{ file = "path" }`, never the secret itself.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use crate::config::secret::Secret;
use crate::config::source::Section;

/// What a suggestion calls the environment variable of a section's secret: `ACME_CLIENT_SECRET`.
pub(super) fn variable(name: &str, secret: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{}_{secret}", name.chars().map(upper).collect::<String>())
}

/// The reference of a key that must be there; `variable` is what a suggestion calls the environment variable.
pub(super) fn need(section: &Section<'_, '_>, key: &'static str, variable: &str, folder: &Path) -> Option<Secret> {
    let example = format!("{{ env = \"{variable}\" }}");
    let value = section.need(key, &example)?;
    of_kind(section, key, value, &example, folder)
}

/// The reference of a key whose value is always a secret.
pub(super) fn of<'s>(
    section: &Section<'_, 's>,
    key: &str,
    value: &Spanned<DeValue<'s>>,
    folder: &Path,
) -> Option<Secret> {
    of_kind(section, key, value, "{ env = \"NAME\" }", folder)
}

fn of_kind<'s>(
    section: &Section<'_, 's>,
    key: &str,
    value: &Spanned<DeValue<'s>>,
    example: &str,
    folder: &Path,
) -> Option<Secret> {
    if value.get_ref().as_str().is_some() {
        section.source().mask(value.span());
        let help = format!("write `{key} = {example}` and set the variable, or `{key} = {{ file = \"…\" }}`");
        section.source().fault(value.span(), format!("`{key}` must not stand in this file itself"), Some(help));
        return None;
    }
    read(section, key, value, folder)
}

/// The reference that a value holds.
pub(super) fn read<'s>(
    section: &Section<'_, 's>,
    key: &str,
    value: &Spanned<DeValue<'s>>,
    folder: &Path,
) -> Option<Secret> {
    let Some(table) = value.get_ref().as_table() else {
        section.source().mask(value.span());
        section.wrong(value, "a reference: `{ env = \"NAME\" }` or `{ file = \"path\" }`");
        return None;
    };
    let path = format!("{}.{key}", section.path);
    let inner = Section::new(section.source(), path, table, value.span());
    let env = inner.text("env");
    let file = inner.text("file");
    let vault = inner.get("vault");
    let secret = match (env, file) {
        (Some(name), None) if vault.is_none() => Some(Secret::Env(name.into_inner())),
        (None, Some(path)) if vault.is_none() => Some(Secret::File(folder.join(path.into_inner()))),
        (None, None) if vault.is_some() => {
            let help = format!("write `{key} = {{ env = \"…\" }}` or `{key} = {{ file = \"…\" }}`");
            let message = "the vault is not yet supported by this version".to_owned();
            section.source().fault(inner.key_span("vault"), message, Some(help));
            None
        }
        _ => {
            if table.is_empty() || table.len() > 1 {
                let help = format!("write `{key} = {{ env = \"…\" }}` or `{key} = {{ file = \"…\" }}`");
                section.source().fault(value.span(), "a reference names exactly one place".to_owned(), Some(help));
            }
            None
        }
    };
    inner.close();
    secret
}
