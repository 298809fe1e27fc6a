//! OpenPGP: what is encrypted is decrypted by the library's other half and, where it is here, by GnuPG. The keys are
//! nobody's, made by GnuPG for this test.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use pgp::composed::{Deserializable as _, Message, SignedPublicKey, SignedSecretKey};
use pgp::types::KeyDetails as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tradewire_delivery::openpgp::{Encryption, OpenPgpError, OpenPgpSettings};

use crate::support::{Content, not_tested};

const PASSPHRASE: &str = "correct horse battery";

fn key(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/keys").join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(key(name)).unwrap()
}

fn to(recipients: &[&str]) -> OpenPgpSettings {
    OpenPgpSettings {
        recipients: recipients.iter().map(|name| key(name)).collect(),
        sign: None,
        passphrase: None,
        armor: true,
    }
}

fn signed(recipients: &[&str]) -> OpenPgpSettings {
    OpenPgpSettings {
        sign: Some(text("acme-secret.asc").into()),
        passphrase: Some(PASSPHRASE.into()),
        ..to(recipients)
    }
}

/// Decrypts with a secret key; the bytes, the name, and whether Acme has signed.
fn decrypt(encrypted: &[u8], with: &str) -> (Vec<u8>, String, bool) {
    let (key_of_receiver, _) = SignedSecretKey::from_string(&text(with)).unwrap();
    let (message, _) = Message::from_reader(encrypted).unwrap();
    let mut message = message.decrypt(&"".into(), &key_of_receiver).unwrap();
    let mut bytes = Vec::new();
    message.read_to_end(&mut bytes).unwrap();
    let name = message.literal_data_header().unwrap().file_name().to_vec();
    let (acme, _) = SignedPublicKey::from_string(&text("acme.asc")).unwrap();
    let signed = message.verify(&acme.public_subkeys[0].key).is_ok();
    (bytes, String::from_utf8(name).unwrap(), signed)
}

#[test]
fn every_recipient_can_decrypt_and_tell_who_signed() {
    let content = Content::new("p1", 1_000_000);
    let folder = TempDir::new().unwrap();
    for (armor, extension) in [(true, "asc"), (false, "pgp")] {
        let settings = OpenPgpSettings { armor, ..signed(&["receiver.asc", "receiver-rsa.asc"]) };
        let encryption = Encryption::new(&settings).unwrap();
        assert_eq!(encryption.extension(), extension);
        let path = folder.path().join(extension);
        let made = encryption.encrypt(&content.path, "hours.csv", &path).unwrap();
        let encrypted = fs::read(&path).unwrap();
        assert_eq!(encrypted.starts_with(b"-----BEGIN PGP MESSAGE-----"), armor);
        assert_eq!(made.bytes, encrypted.len() as u64);
        assert_eq!(made.sha256, HEXLOWER.encode(&Sha256::digest(&encrypted)));
        for secret in ["receiver-secret.asc", "receiver-rsa-secret.asc"] {
            let (bytes, name, signed) = decrypt(&encrypted, secret);
            assert!(bytes == content.bytes && signed && name.is_empty(), "{secret}, {name}, {signed}");
        }
    }
}

#[test]
fn a_binary_key_an_empty_file_and_nobody_who_signs() {
    let (public, _) = SignedPublicKey::from_string(&text("receiver.asc")).unwrap();
    let binary = pgp::ser::Serialize::to_bytes(&public).unwrap();
    let settings = OpenPgpSettings { recipients: vec![binary], ..to(&[]) };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.csv.asc");
    let encryption = Encryption::new(&settings).unwrap();
    encryption.encrypt(&Content::new("p2", 0).path, "none.csv", &path).unwrap();
    let (bytes, _, signed) = decrypt(&fs::read(path).unwrap(), "receiver-secret.asc");
    assert!(bytes.is_empty() && !signed);
}

#[test]
fn every_armoured_key_of_a_file_is_read() {
    let content = Content::new("p5", 1_000);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.csv.asc");
    let file = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>().join("of another:\r\n");
    let both = file(&["receiver.asc", "receiver-rsa.asc"]).into_bytes();
    let encryption = Encryption::new(&OpenPgpSettings { recipients: vec![both], ..to(&[]) }).unwrap();
    assert_eq!(encryption.recipients().count(), 2);
    encryption.encrypt(&content.path, "a.csv", &path).unwrap();
    let encrypted = fs::read(&path).unwrap();
    for secret in ["receiver-secret.asc", "receiver-rsa-secret.asc"] {
        assert!(decrypt(&encrypted, secret).0 == content.bytes, "{secret}");
    }
    let expired = file(&["receiver.asc", "expired.asc"]).into_bytes();
    let error = Encryption::new(&OpenPgpSettings { recipients: vec![expired], ..to(&[]) }).unwrap_err();
    assert!(error.message.contains("has expired on 2024-01-31"), "{error}");
}

#[test]
fn keys_that_cannot_be_encrypted_to_are_refused_by_name() {
    for (name, says) in [
        ("expired.asc", "of \"Expired <edi@expired.example>\" has expired on 2024-01-31"),
        ("revoked.asc", "of \"Revoked <edi@revoked.example>\" was revoked"),
        (
            "signs-only.asc",
            "the key 7BF912FD1C133C47E5F34A20C8318B0B485D55E1 of \"Signs Only <edi@signs.example>\" is for",
        ),
        ("old-subkey.asc", "has expired on 2024-01-31"),
        ("receiver-secret.asc", "it is a secret key"),
    ] {
        let error = Encryption::new(&to(&["receiver.asc", name])).unwrap_err();
        assert_eq!(error.setting, "recipients");
        assert!(error.message.contains(says), "{error}");
    }
    let nonsense = OpenPgpSettings { recipients: vec![b"a key".to_vec()], ..to(&[]) };
    assert!(Encryption::new(&nonsense).unwrap_err().message.contains("gpg --armor --export"));
    assert!(Encryption::new(&to(&[])).unwrap_err().message.contains("there is no key"));
}

#[test]
fn a_key_whose_life_was_extended_and_one_whose_newest_subkey_was_revoked_are_good() {
    let content = Content::new("p3", 1_000);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.asc");
    Encryption::new(&to(&["extended.asc"])).unwrap();
    let encryption = Encryption::new(&to(&["rotated.asc"])).unwrap();
    encryption.encrypt(&content.path, "a.csv", &path).unwrap();
    let (public, _) = SignedPublicKey::from_string(&text("rotated.asc")).unwrap();
    let first = public.public_subkeys.iter().min_by_key(|subkey| subkey.key.created_at()).unwrap();
    let encrypted = fs::read(path).unwrap();
    let (message, _) = Message::from_reader(&encrypted[..]).unwrap();
    let Message::Encrypted { esk, .. } = &message else { panic!("it is not encrypted") };
    let pgp::composed::Esk::PublicKeyEncryptedSessionKey(session_key) = &esk[0] else { panic!("{esk:?}") };
    assert_eq!(session_key.id().unwrap(), &first.key.legacy_key_id());
    assert!(decrypt(&encrypted, "rotated-secret.asc").0 == content.bytes);
}

#[test]
fn what_is_wrong_with_the_key_that_signs_is_said_without_secrets() {
    let sign = |key: &str, passphrase: Option<&str>| OpenPgpSettings {
        sign: Some(key.into()),
        passphrase: passphrase.map(Into::into),
        ..to(&["receiver.asc"])
    };
    let acme = text("acme-secret.asc");
    for (settings, setting, says) in [
        (sign(&acme, None), "passphrase", "there is no passphrase"),
        (sign(&acme, Some("wrong horse")), "passphrase", "does not open the key"),
        (sign(&text("acme.asc"), None), "sign", "no armoured OpenPGP secret key"),
        (sign("nonsense", None), "sign", "gpg --armor --export-secret-keys"),
        (OpenPgpSettings { sign: None, ..sign("", Some("wrong horse")) }, "passphrase", "no key that it is of"),
    ] {
        let error = Encryption::new(&settings).unwrap_err();
        assert_eq!(error.setting, setting, "{error}");
        assert!(error.message.contains(says) && !error.message.contains("wrong horse"), "{error}");
    }
    let settings = signed(&["receiver.asc"]);
    for shown in [format!("{settings:?}"), format!("{:?}", Encryption::new(&settings).unwrap())] {
        assert!(!shown.contains(PASSPHRASE) && !shown.contains("BEGIN PGP PRIVATE"), "{shown}");
    }
}

#[test]
fn what_cannot_be_read_or_written_leaves_nothing() {
    let encryption = Encryption::new(&to(&["receiver.asc"])).unwrap();
    let folder = TempDir::new().unwrap();
    let (from, target) = (folder.path().join("a.csv"), folder.path().join("a.csv.asc"));
    let error = encryption.encrypt(&from, "a.csv", &target).unwrap_err();
    assert!(matches!(error, OpenPgpError::Read { .. }) && !error.is_transient(), "{error}");
    // A folder opens as a file does, and is not read as one.
    let error = encryption.encrypt(folder.path(), "a.csv", &target).unwrap_err();
    assert!(matches!(error, OpenPgpError::Read { .. }), "{error}");
    assert!(!target.exists());
    fs::write(&from, "a,b\r\n").unwrap();
    fs::write(&target, "theirs").unwrap();
    let error = encryption.encrypt(&from, "a.csv", &target).unwrap_err();
    assert!(matches!(error, OpenPgpError::Write { .. }), "{error}");
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
}

#[test]
fn gnupg_decrypts_and_verifies_it() {
    let home = TempDir::new().unwrap();
    let gpg = |arguments: &[&str]| {
        Command::new("gpg").args(["--batch", "--status-fd", "1", "--homedir"]).arg(home.path()).args(arguments).output()
    };
    if gpg(&["--version"]).is_err() {
        not_tested("there is no gpg here; install gnupg to test with it");
        return;
    }
    let file = |name: &str| format!("{}/tests/servers/keys/{name}", env!("CARGO_MANIFEST_DIR"));
    for name in ["receiver-secret.asc", "acme.asc"] {
        assert!(gpg(&["--import", &file(name)]).unwrap().status.success());
    }
    let content = Content::new("p4", 3_000_000);
    for armor in [true, false] {
        let encryption = Encryption::new(&OpenPgpSettings { armor, ..signed(&["receiver.asc"]) }).unwrap();
        let encrypted = home.path().join(format!("hours.csv.{}", encryption.extension()));
        encryption.encrypt(&content.path, "hours.csv", &encrypted).unwrap();
        let plain = home.path().join(format!("plain-{armor}"));
        let (plain_path, encrypted) = (plain.to_str().unwrap(), encrypted.to_str().unwrap());
        let output = gpg(&["--output", plain_path, "--decrypt", encrypted]).unwrap();
        let status = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{status}{}", String::from_utf8_lossy(&output.stderr));
        assert!(status.contains("[GNUPG:] GOODMDC") && status.contains("[GNUPG:] GOODSIG"), "{status}");
        assert!(fs::read(plain).unwrap() == content.bytes);
    }
}
