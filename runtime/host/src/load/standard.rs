//! The interfaces that are not ServiceTitan's: which versions of them this host has.

/// Packages, and how the versions begin that fit. WASI 0.2 and our own contract keep what they have; drafts do not.
const OFFERED: [(&str, &str); 10] = [
    ("wasi:cli", "0.2."),
    ("wasi:io", "0.2."),
    ("wasi:clocks", "0.2."),
    ("wasi:random", "0.2."),
    ("wasi:filesystem", "0.2."),
    ("wasi:sockets", "0.2."),
    ("wasi:config", "0.2.0-rc.1"),
    ("wasi:logging", "0.1.0-draft"),
    ("wasi:keyvalue", "0.2.0-draft2"),
    ("tradewire:plugin", "1."),
];

/// Why an interface is not offered, where it is not: told by its name, not as a missing implementation.
pub(super) fn refusal(import: &str) -> Option<String> {
    let (package, rest) = import.split_once('/')?;
    let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
    match OFFERED.iter().find(|(offered, _)| *offered == package) {
        // Its other interfaces changed their types within one and the same draft.
        Some(("wasi:keyvalue", start)) if version == *start && !["store", "atomics"].contains(&interface) => {
            Some("of `wasi:keyvalue` this host has `store` and `atomics`".to_owned())
        }
        Some((_, start)) if version.starts_with(start) => None,
        Some((_, start)) => {
            let start = start.trim_end_matches('.');
            Some(format!("this host has version {start} of `{package}`; build the plugin against it"))
        }
        None if package == "wasi:http" => {
            Some("a plugin has no network of its own; it reaches ServiceTitan through `servicetitan:*`".to_owned())
        }
        None => Some(
            "a plugin may import `servicetitan:*`, `tradewire:plugin` and, of WASI, cli, clocks, random, io, config, \
             logging and keyvalue"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_not_refused() {
        for import in [
            "wasi:cli/environment@0.2.0",
            "wasi:io/streams@0.2.6",
            "wasi:config/store@0.2.0-rc.1",
            "wasi:logging/logging@0.1.0-draft",
            "wasi:keyvalue/store@0.2.0-draft2",
            "wasi:keyvalue/atomics@0.2.0-draft2",
            "tradewire:plugin/files@1.0.0",
            "tradewire:plugin/files@1.4.0",
        ] {
            assert_eq!(refusal(import), None, "{import}");
        }
    }

    #[test]
    fn another_version_is_told_with_the_one_that_there_is() {
        for (import, version) in [
            ("wasi:cli/environment@0.3.0", "0.2"),
            ("wasi:config/store@0.2.0-draft", "0.2.0-rc.1"),
            ("wasi:logging/logging", "0.1.0-draft"),
            ("wasi:keyvalue/store@0.2.0-draft", "0.2.0-draft2"),
            ("tradewire:plugin/files@2.0.0", "1"),
        ] {
            let told = refusal(import).unwrap_or_default();
            assert!(told.starts_with(&format!("this host has version {version} of ")), "{import}: {told}");
        }
    }

    #[test]
    fn what_nobody_offers_is_told_with_what_there_is() {
        assert!(refusal("wasi:http/outgoing-handler@0.2.0").is_some_and(|told| told.contains("no network of its own")));
        assert!(refusal("wasi:keyvalue/batch@0.2.0-draft2").is_some_and(|told| told.contains("`store` and `atomics`")));
        assert!(refusal("acme:crm/contacts@1.0.0").is_some_and(|told| told.contains("a plugin may import")));
    }
}
