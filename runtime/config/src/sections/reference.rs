//! References to secrets: `{ env = "NAME" }`, `{ file = "path" }` or `{ vault = "name" }`, never the secret itself.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::place;
use crate::paths::Role;
use crate::secret::{Reference, Secret, VaultReference};
use crate::shape::Kind;
use crate::source::Section;
use crate::vault;

/// What kind of table a reference is.
pub(crate) const KIND: &str = "reference";

/// What a suggestion calls the environment variable of a section's secret: `ACME_CLIENT_SECRET`.
pub fn variable(name: &str, secret: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{}_{secret}", name.chars().map(upper).collect::<String>())
}

/// The reference of a key that must be there; `variable` is what a suggestion calls the environment variable.
pub(super) fn need(section: &Section<'_, '_>, key: &'static str, variable: &str, folder: &Path) -> Option<Secret> {
    section.may_be(key, Kind::Reference);
    let example = format!("{{ env = \"{variable}\" }}");
    let value = section.need(key, &example)?;
    of_kind(section, key, value, &example, folder)
}

/// The reference of a key that may be missing.
pub(super) fn may(section: &Section<'_, '_>, key: &'static str, folder: &Path) -> Option<Secret> {
    section.may_be(key, Kind::Reference);
    of(section, key, section.get(key)?, folder)
}

/// The same; `variable` is what a suggestion calls the environment variable.
pub(super) fn may_in(section: &Section<'_, '_>, key: &'static str, variable: &str, folder: &Path) -> Option<Secret> {
    section.may_be(key, Kind::Reference);
    of_kind(section, key, section.get(key)?, &format!("{{ env = \"{variable}\" }}"), folder)
}

/// The reference of the vault's own key.
pub(super) fn need_outside_the_vault(
    section: &Section<'_, '_>,
    key: &'static str,
    variable: &str,
    folder: &Path,
) -> Option<Secret> {
    let value = section.get(key);
    let inside = value.and_then(|value| value.get_ref().as_table()?.get_key_value("vault"));
    if let Some((word, _)) = inside {
        let help = format!("write `{key} = {{ env = \"{variable}\" }}`, or `{key} = {{ file = \"vault.key\" }}`");
        section.source().fault(word.span(), "the vault cannot hold its own key", Some(help));
        return None;
    }
    need(section, key, variable, folder)
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
        let help = format!(
            "write `{key} = {example}` and set the variable, or `{key} = {{ file = \"…\" }}` or `{{ vault = \"…\" }}`"
        );
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
        section.wrong(value, "a reference: `{ env = \"NAME\" }`, `{ file = \"path\" }` or `{ vault = \"name\" }`");
        return None;
    };
    let path = format!("{}.{key}", section.path);
    let inner = Section::new(section.source(), path, KIND.to_owned(), table, value.span());
    let env = inner.text("env").map(|name| Secret::Env(name.into_inner()));
    let file = inner.text("file").and_then(|text| place::of(&inner, &text, text.get_ref(), folder, Role::Secret));
    let file = file.map(Secret::File);
    let vault = inner.text("vault").and_then(|name| in_vault(&inner, name));
    if table.len() != 1 {
        let help = format!("write `{key} = {{ env = \"…\" }}`, `{{ file = \"…\" }}` or `{{ vault = \"…\" }}`");
        section.source().fault(value.span(), "a reference names exactly one place".to_owned(), Some(help));
    }
    let secret = env.or(file).or(vault);
    if let Some(secret) = &secret {
        section.source().refers(Reference { key: inner.path.clone(), secret: secret.clone() });
    }
    inner.close();
    secret
}

fn in_vault(section: &Section<'_, '_>, name: Spanned<String>) -> Option<Secret> {
    let source = section.source();
    let fault = |message: String, help: &str| {
        source.fault(name.span(), message, Some(help.to_owned()));
        None
    };
    match source.vault() {
        _ if !vault::is_name(name.get_ref()) => {
            let message = format!("`{}` is no name of a secret in the vault", name.get_ref());
            fault(message, "1 to 64 letters, digits, `-`, `_` and `.`")
        }
        None => fault(
            "there is no section `[vault]`".to_owned(),
            "add `[vault]` with `key = { env = \"TRADEWIRE_VAULT_KEY\" }`",
        ),
        // That it has faults is told already.
        Some(None) => None,
        Some(Some(vault)) => {
            let place = source.place(name.span());
            Some(Secret::Vault(VaultReference { vault: vault.clone(), name: name.into_inner(), place }))
        }
    }
}
