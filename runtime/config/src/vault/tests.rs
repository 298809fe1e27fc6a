#![allow(clippy::unwrap_used)]
use std::thread;

use tempfile::TempDir;

use super::*;

const PASSPHRASE: &str = "correct horse battery staple";

/// A folder with a vault in it whose key, a passphrase, stands in a file.
fn with_passphrase() -> (TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), PASSPHRASE).unwrap();
    let vault = at(&folder);
    vault.init().unwrap();
    (folder, vault)
}

/// The same, with an identity that `init` has made.
fn with_identity() -> (TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let vault = at(&folder);
    assert_eq!(vault.init().unwrap(), Some(folder.path().join("key")));
    is_private(&folder.path().join("key"));
    (folder, vault)
}

/// Nobody else may read it.
fn is_private(file: &Path) {
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(file).unwrap()) & 0o777, 0o600);
}

fn at(folder: &TempDir) -> Vault {
    Vault::new(folder.path().join("tradewire.vault"), Secret::File(folder.path().join("key")))
}

fn now() -> DateTime<Utc> {
    "2026-03-04T05:06:07Z".parse().unwrap()
}

fn value(vault: &Vault, name: &str) -> Option<String> {
    Some(vault.secrets().unwrap().get(name)?.value.expose_secret().to_owned())
}

#[test]
fn what_is_put_in_is_found_by_whoever_has_the_key() {
    for (folder, vault) in [with_passphrase(), with_identity()] {
        assert!(!vault.set("acme", "cs1.first".into(), now()).unwrap());
        assert!(!vault.set("zenith", "\u{1f511} with \"quotes\"\\ and\nlines".into(), now()).unwrap());
        assert!(vault.set("acme", "cs1.second".into(), now()).unwrap(), "there was one");
        let other = at(&folder);
        assert_eq!(value(&other, "acme").as_deref(), Some("cs1.second"));
        assert_eq!(value(&other, "zenith").as_deref(), Some("\u{1f511} with \"quotes\"\\ and\nlines"));
        assert_eq!(other.secrets().unwrap().iter().collect::<Vec<_>>(), [("acme", now()), ("zenith", now())]);
        vault.remove("acme").unwrap();
        assert_eq!(value(&other, "acme"), None, "the change of a file is seen");
        assert!(!fs::read(vault.path()).unwrap().windows(4).any(|part| part == b"acme"), "names are no one's either");
        is_private(vault.path());
    }
}

#[test]
fn the_file_is_one_that_age_opens() {
    let (folder, vault) = with_identity();
    vault.set("acme", "cs1.acme".into(), now()).unwrap();
    let key = fs::read(folder.path().join("key")).unwrap();
    let identities = age::IdentityFile::from_buffer(&key[..]).unwrap().into_identities().unwrap();
    let sealed = fs::read(vault.path()).unwrap();
    let mut plain = String::new();
    let identities = identities.iter().map(|identity| &**identity as &dyn age::Identity);
    let mut reader = age::Decryptor::new_buffered(&sealed[..]).unwrap().decrypt(identities).unwrap();
    io::Read::read_to_string(&mut reader, &mut plain).unwrap();
    assert_eq!(plain, r#"{"version":1,"secrets":{"acme":{"value":"cs1.acme","set":"2026-03-04T05:06:07Z"}}}"#);
}

#[test]
fn another_key_opens_nothing_and_says_whose_it_is() {
    for ((folder, vault), other) in
        [(with_passphrase(), "another passphrase"), (with_identity(), "a passphrase at all")]
    {
        vault.set("acme", "cs1.acme".into(), now()).unwrap();
        fs::write(folder.path().join("key"), other).unwrap();
        let error = vault.secrets().unwrap_err();
        assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
        assert!(error.to_string().contains(&folder.path().join("key").display().to_string()), "{error}");
        assert!(vault.set("acme", "cs1.other".into(), now()).is_err(), "nor does it write over what it cannot read");
        fs::write(folder.path().join("key"), "two\nlines").unwrap();
        assert!(matches!(vault.secrets(), Err(VaultError::NotAKey { .. })));
        fs::remove_file(folder.path().join("key")).unwrap();
        assert!(matches!(vault.secrets(), Err(VaultError::Key(_))));
        assert!(!format!("{error} {error:?} {vault:?}").contains(other));
    }
}

#[test]
fn a_file_that_was_changed_anywhere_is_refused_and_kept() {
    for (folder, vault) in [with_passphrase(), with_identity()] {
        vault.set("acme", "cs1.acme".into(), now()).unwrap();
        let whole = fs::read(vault.path()).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            fs::write(vault.path(), &flipped).unwrap();
            let error = at(&folder).secrets().unwrap_err();
            assert!(matches!(error, VaultError::WrongKey { .. } | VaultError::Damaged { .. }), "{place}: {error}");
        }
        for length in 0..whole.len() {
            fs::write(vault.path(), &whole[..length]).unwrap();
            let error = vault.secrets().unwrap_err();
            assert!(matches!(error, VaultError::Damaged { .. }), "{length}: {error}");
            assert!(vault.set("acme", "cs1.other".into(), now()).is_err());
            assert_eq!(fs::read(vault.path()).unwrap(), &whole[..length], "nothing is written over it");
        }
        fs::write(vault.path(), &whole).unwrap();
        assert_eq!(value(&vault, "acme").as_deref(), Some("cs1.acme"), "and it goes on when the fault is gone");
        fs::remove_file(vault.path()).unwrap();
        assert!(matches!(vault.secrets(), Err(VaultError::NotThere { .. })));
    }
}

#[test]
fn writers_wait_for_each_other() {
    let (folder, vault) = with_identity();
    thread::scope(|scope| {
        for writer in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                for turn in 0..8 {
                    at(folder).set(&format!("secret-{writer}-{turn}"), "value".into(), now()).unwrap();
                }
            });
        }
    });
    assert_eq!(vault.secrets().unwrap().names().count(), 64);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_new_key_is_the_only_one_from_then_on() {
    let (folder, vault) = with_passphrase();
    vault.set("acme", "cs1.acme".into(), now()).unwrap();
    let new = Secret::File(folder.path().join("new-key"));
    assert!(matches!(vault.rekey(vault.key()), Err(VaultError::SameKey { .. })));
    assert_eq!(vault.rekey(&new).unwrap(), Some(folder.path().join("new-key")));
    assert!(matches!(vault.secrets(), Err(VaultError::WrongKey { .. })));
    let vault = Vault::new(vault.path().to_owned(), new);
    assert_eq!(value(&vault, "acme").as_deref(), Some("cs1.acme"));
    fs::write(folder.path().join("weak"), "hunter2").unwrap();
    assert!(matches!(vault.rekey(&Secret::File(folder.path().join("weak"))), Err(VaultError::Weak { .. })));
    assert_eq!(value(&vault, "acme").as_deref(), Some("cs1.acme"), "what fails changes nothing");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (_folder, vault) = with_passphrase();
    assert!(matches!(vault.init(), Err(VaultError::Exists { .. })));
    for name in ["", "a b", "a/b", "é", &"x".repeat(65)] {
        assert!(matches!(vault.set(name, "value".into(), now()), Err(VaultError::NotAName { .. })), "{name}");
    }
    assert!(matches!(vault.set("acme", "".into(), now()), Err(VaultError::Empty { .. })));
    assert!(matches!(vault.set("acme", "x".repeat(LONGEST + 1).into(), now()), Err(VaultError::TooLong { .. })));
    vault.set("acme", "value".into(), now()).unwrap();
    let error = vault.remove("acne").unwrap_err().to_string();
    assert!(error.contains("holds no `acne`; did you mean `acme`?"), "{error}");
    assert!(vault.remove("nothing-like-it").unwrap_err().to_string().contains("`tradewire vault list`"));
}

#[test]
fn a_newer_format_is_told_as_one() {
    let error = Secrets::from_json(br#"{"version":2,"what":"ever"}"#, Path::new("v")).unwrap_err();
    assert!(matches!(error, VaultError::Newer { .. }), "{error}");
    let error = Secrets::from_json(br#"{"version":1,"secrets":{"acme":{"value":7}}}"#, Path::new("v")).unwrap_err();
    assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
}
