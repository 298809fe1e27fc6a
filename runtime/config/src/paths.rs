//! The paths that the configuration names: whoever looks at them looks at all of them.

use std::path::PathBuf;

/// A path, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// `tradewire.toml:14:19`: file, line and column.
    pub place: String,
    /// The path, seen from where the process is.
    pub path: PathBuf,
    /// What it is for.
    pub role: Role,
}

/// What a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What is there decides what runs, what is sent or who can read it: a plugin, a pack, a template, a certificate, a
    /// public key.
    Decides,
    /// A secret is there.
    Secret,
    /// Secrets are there, encrypted.
    Sealed,
    /// Files are delivered to there.
    Delivered,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::Config;
    use crate::schema::SAMPLE;
    use crate::sections;
    use crate::shape::Kind;

    /// The sample, in a folder that is not there.
    fn sample() -> Config {
        sections::meant(Path::new("/place/tradewire.toml"), SAMPLE).unwrap()
    }

    /// Whether the sample has this key in a table of this kind.
    fn stands(table: &toml::Table, kind: &str, key: &str) -> bool {
        let below = |value: &toml::Value, rest: &str| value.as_table().is_some_and(|table| stands(table, rest, key));
        match kind.split_once('.').unwrap_or((kind, "")) {
            ("", _) => table.contains_key(key),
            ("*", rest) => table.values().any(|value| below(value, rest)),
            (name, rest) => table.get(name).is_some_and(|value| below(value, rest)),
        }
    }

    #[test]
    fn every_key_that_may_hold_a_path_stands_in_the_sample() {
        let sample: toml::Table = SAMPLE.parse().unwrap();
        for (kind, keys) in sections::shape(SAMPLE) {
            for (key, asked) in keys.iter().filter(|_| kind != sections::REFERENCE) {
                let may_be = |kind: &Kind| matches!(kind, Kind::Text | Kind::Texts | Kind::Keys | Kind::Reference);
                if asked.kinds.iter().any(may_be) {
                    assert!(stands(&sample, &kind, key), "write `{key}` of [{kind}] into sample.toml");
                }
            }
        }
    }

    #[test]
    fn every_path_of_the_configuration_is_named() {
        let config = sample();
        let named: Vec<String> = config.paths.iter().map(|named| named.path.display().to_string()).collect();
        // Whatever the configuration holds is shown here; a path is known by the folder that it is seen from.
        let shown = format!("{:?}", Config { path: PathBuf::new(), paths: Vec::new(), ..config });
        let is_path = |text: &&str| text.starts_with("/place/") && !text.starts_with("/place/tradewire.toml:");
        let held: Vec<&str> = shown.split('"').filter(is_path).collect();
        assert!(held.len() > 10, "{held:?}");
        for path in held {
            assert!(named.iter().any(|named| named == path), "read `{path}` with `place`, so that it is looked at");
        }
    }

    #[test]
    fn a_path_is_named_with_its_place_and_what_it_is_for() {
        let config = sample();
        let named = |path: &str| {
            let named = config.paths.iter().find(|named| named.path.ends_with(path));
            named.map(|named| named.role).unwrap()
        };
        assert_eq!(named("payroll-export.wasm"), Role::Decides);
        assert_eq!(named("templates/harborline"), Role::Decides);
        assert_eq!(named("pricing.json.liquid"), Role::Decides);
        assert_eq!(named("serve.pem"), Role::Decides);
        assert_eq!(named("receiver.asc"), Role::Decides);
        assert_eq!(named("ours.asc"), Role::Secret);
        assert_eq!(named("tradewire.vault"), Role::Sealed);
        assert_eq!(named("outbox"), Role::Delivered);
        assert!(config.paths.iter().all(|named| named.place.starts_with("/place/tradewire.toml:")));
    }
}
