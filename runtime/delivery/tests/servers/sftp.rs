//! SFTP, with a server in this process.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use tempfile::TempDir;
use tradewire_delivery::{Destination as _, DestinationError, Published, Sftp, SftpSettings};

use crate::sftp_server::{Allowed, Misdeed, SftpServer};
use crate::support::{Content, SOON, deliver, nobody};

const PASSWORD: &str = "correct horse battery";

fn by_password() -> Allowed {
    Allowed { password: Some(PASSWORD.into()), ..Allowed::default() }
}

fn settings(server: &SftpServer) -> SftpSettings {
    SftpSettings {
        url: format!("sftp://{}/inbound", server.address).parse().unwrap(),
        user: "acme".into(),
        password: Some(PASSWORD.into()),
        private_key: None,
        passphrase: None,
        host_keys: server.fingerprints.clone(),
        timeout: SOON,
    }
}

async fn served() -> (TempDir, SftpServer, Sftp) {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("inbound")).unwrap();
    let server = SftpServer::start(root.path(), by_password()).await;
    let destination = Sftp::new(settings(&server)).unwrap();
    (root, server, destination)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The file is there, whole, once, and nothing else is.
fn assert_delivered(root: &Path, content: &Content, name: &str) {
    assert_eq!(names(&root.join("inbound")), [name]);
    assert_eq!(fs::read(root.join("inbound").join(name)).unwrap(), content.bytes);
}

#[tokio::test]
async fn a_file_is_hidden_and_flushed_before_it_has_its_name() {
    let (root, server, destination) = served().await;
    let content = Content::new("s1", 3_000_001);
    destination.stage(content.upload()).await.unwrap();
    assert_eq!(names(&root.path().join("inbound")), [".s1.part"]);
    assert_eq!(server.flushes(), 1);
    assert!(!destination.is_taken("hours.csv").await.unwrap());
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Now);
    assert_delivered(root.path(), &content, "hours.csv");
    assert!(destination.is_taken("hours.csv").await.unwrap());
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Before);
    assert_eq!(destination.address(), format!("sftp://{}/inbound", server.address));
}

#[tokio::test]
async fn a_server_without_extensions_takes_files_too() {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("home/in box")).unwrap();
    let server = SftpServer::with_keys(root.path(), by_password(), &[Algorithm::Ed25519], false).await;
    let url = format!("sftp://{}/~/in%20box/", server.address).parse().unwrap();
    let destination = Sftp::new(SftpSettings { url, ..settings(&server) }).unwrap();
    let content = Content::new("s2", 100_000);
    assert_eq!(deliver(&destination, &content, "bảng công.csv").await.unwrap(), Published::Now);
    assert_eq!(fs::read(root.path().join("home/in box/bảng công.csv")).unwrap(), content.bytes);
    assert_eq!(server.flushes(), 0);
    assert_eq!(destination.address(), format!("sftp://{}/~/in%20box", server.address));
    for (path, file) in [("", "at-root.csv"), ("/~", "home/at-home.csv")] {
        let url = format!("sftp://{}{path}", server.address).parse().unwrap();
        let destination = Sftp::new(SftpSettings { url, ..settings(&server) }).unwrap();
        let name = file.rsplit('/').next().unwrap();
        assert!(destination.probe().await.unwrap().contains("can be written to"));
        assert_eq!(deliver(&destination, &content, name).await.unwrap(), Published::Now);
        assert_eq!(fs::read(root.path().join(file)).unwrap(), content.bytes);
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let (root, _server, destination) = served().await;
    let content = Content::new("s3", 0);
    assert_eq!(deliver(&destination, &content, "none.csv").await.unwrap(), Published::Now);
    assert_delivered(root.path(), &content, "none.csv");
}

#[tokio::test]
async fn no_name_is_taken_twice() {
    let (root, server, destination) = served().await;
    let inbound = root.path().join("inbound");
    fs::write(inbound.join("hours.csv"), "theirs").unwrap();
    let content = Content::new("s4", 10_000);
    assert_eq!(deliver(&destination, &content, "hours.csv").await.unwrap(), Published::NameTaken);
    server.will(&[Misdeed::TakeNames]);
    assert_eq!(destination.publish(content.named("hours.v2.csv")).await.unwrap(), Published::NameTaken);
    assert_eq!(destination.publish(content.named("hours.v3.csv")).await.unwrap(), Published::Now);
    assert_eq!(names(&inbound), ["hours.csv", "hours.v2.csv", "hours.v3.csv"]);
    assert_eq!(fs::read(inbound.join("hours.csv")).unwrap(), b"theirs");
    assert_eq!(fs::read(inbound.join("hours.v2.csv")).unwrap(), b"theirs");
    assert_eq!(fs::read(inbound.join("hours.v3.csv")).unwrap(), content.bytes);
}

#[tokio::test]
async fn a_rename_whose_answer_was_lost_is_told() {
    let (root, server, destination) = served().await;
    let content = Content::new("s5", 10_000);
    destination.stage(content.upload()).await.unwrap();
    server.will(&[Misdeed::LoseRename]);
    let error = destination.publish(content.named("hours.csv")).await.unwrap_err();
    assert!(error.transient, "{error}");
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Before);
    assert_delivered(root.path(), &content, "hours.csv");
}

#[tokio::test]
async fn a_rename_that_is_told_late_or_as_failed_is_not_another_s_file() {
    let (root, server, _) = served().await;
    let destination = Sftp::new(SftpSettings { timeout: Duration::from_secs(1), ..settings(&server) }).unwrap();
    let late = Content::new("s16", 10_000);
    destination.stage(late.upload()).await.unwrap();
    server.will(&[Misdeed::LateRename]);
    let error = destination.publish(late.named("hours.csv")).await.unwrap_err();
    assert!(error.transient && error.message.contains("no answer came within 1s"), "{error}");
    assert_eq!(destination.publish(late.named("hours.csv")).await.unwrap(), Published::Before);
    assert_delivered(root.path(), &late, "hours.csv");

    let denied = Content::new("s17", 10_000);
    destination.stage(denied.upload()).await.unwrap();
    server.will(&[Misdeed::DenyRename]);
    assert_eq!(destination.publish(denied.named("more.csv")).await.unwrap(), Published::Before);
    assert_eq!(names(&root.path().join("inbound")), ["hours.csv", "more.csv"]);
    assert_eq!(fs::read(root.path().join("inbound/more.csv")).unwrap(), denied.bytes);
}

/// Tries as the runtime does, until it is delivered; how often it failed, with what.
async fn insist(destination: &Sftp, content: &Content, name: &str) -> Vec<DestinationError> {
    let mut failures = Vec::new();
    loop {
        match deliver(destination, content, name).await {
            Ok(Published::Now) => return failures,
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(error.transient, "{error}");
                failures.push(error);
                assert!(failures.len() < 10, "{failures:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_cut_off_full_and_forgetful_gets_the_file_whole_in_the_end() {
    let (root, server, destination) = served().await;
    let content = Content::new("s6", 2_000_000);
    server.will(&[Misdeed::CutAfter(500_000)]);
    let failures = insist(&destination, &content, "a.csv").await;
    assert!(failures[0].message.contains("the connection broke"), "{failures:?}");
    assert_eq!(failures.len(), 1);
    assert_delivered(root.path(), &content, "a.csv");

    fs::remove_file(root.path().join("inbound/a.csv")).unwrap();
    server.will(&[Misdeed::FullAfter(100_000), Misdeed::FullAfter(1_900_000)]);
    let failures = insist(&destination, &content, "a.csv").await;
    assert_eq!(failures.len(), 2);
    assert!(failures.iter().all(|f| f.message.contains("its disk or the user's quota may be full")), "{failures:?}");
    assert_delivered(root.path(), &content, "a.csv");

    fs::remove_file(root.path().join("inbound/a.csv")).unwrap();
    server.will(&[Misdeed::LoseEnd]);
    let failures = insist(&destination, &content, "a.csv").await;
    assert!(failures[0].message.contains("has 1000000 of the 2000000 bytes"), "{failures:?}");
    assert_delivered(root.path(), &content, "a.csv");
}

#[tokio::test]
async fn a_server_that_answers_nothing_is_given_up_in_time() {
    let (root, server, _) = served().await;
    let destination = Sftp::new(SftpSettings { timeout: Duration::from_secs(1), ..settings(&server) }).unwrap();
    let content = Content::new("s7", 2_000_000);
    server.will(&[Misdeed::StallAfter(500_000)]);
    let begun = Instant::now();
    let failures = insist(&destination, &content, "a.csv").await;
    assert!(failures[0].message.contains("no answer came within 1s"), "{failures:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_delivered(root.path(), &content, "a.csv");

    // One that takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("sftp://{}/inbound", silent.local_addr().unwrap()).parse().unwrap();
    let destination =
        Sftp::new(SftpSettings { url, timeout: Duration::from_millis(200), ..settings(&server) }).unwrap();
    let error = destination.stage(content.upload()).await.unwrap_err();
    assert!(error.transient && error.message.contains("took longer than 200ms"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_down_may_come_back() {
    let (_root, server, _) = served().await;
    let url = format!("sftp://{}/inbound", nobody().await).parse().unwrap();
    let destination = Sftp::new(SftpSettings { url, ..settings(&server) }).unwrap();
    let error = destination.stage(Content::new("s8", 10).upload()).await.unwrap_err();
    assert!(error.transient && error.message.contains("nothing listens at 127.0.0.1"), "{error}");
}

#[tokio::test]
async fn a_wrong_host_key_is_told_with_both_and_nothing_is_sent() {
    let (root, server, _) = served().await;
    let other = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let destination = Sftp::new(SftpSettings { host_keys: vec![other.clone()], ..settings(&server) }).unwrap();
    let error = destination.stage(Content::new("s9", 10).upload()).await.unwrap_err();
    assert!(!error.transient);
    for part in [&other, &server.fingerprints[0], "ssh-keygen -lf -", &server.address.port().to_string()] {
        assert!(error.message.contains(part), "{part} is not in {error}");
    }
    assert!(names(&root.path().join("inbound")).is_empty());

    let none = Sftp::new(SftpSettings { host_keys: vec![], ..settings(&server) }).unwrap();
    let error = none.probe().await.unwrap_err();
    let line = format!("write `host_key = \"{}\"`", server.fingerprints[0]);
    assert!(!error.transient && error.message.contains(&line), "{error}");
}

#[tokio::test]
async fn any_key_of_a_server_may_be_pinned() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("inbound")).unwrap();
    let keys = [Algorithm::Ed25519, Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }];
    let server = SftpServer::with_keys(root.path(), by_password(), &keys, true).await;
    for (index, fingerprint) in server.fingerprints.iter().enumerate() {
        let destination =
            Sftp::new(SftpSettings { host_keys: vec![fingerprint.clone()], ..settings(&server) }).unwrap();
        let found = destination.probe().await.unwrap();
        assert!(found.contains(fingerprint), "{found}");
        let content = Content::new(&format!("s10-{index}"), 1_000);
        assert_eq!(deliver(&destination, &content, &format!("{index}.csv")).await.unwrap(), Published::Now);
    }
    let wrong = vec!["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()];
    let error = Sftp::new(SftpSettings { host_keys: wrong, ..settings(&server) }).unwrap().probe().await.unwrap_err();
    assert!(server.fingerprints.iter().all(|fingerprint| error.message.contains(fingerprint)), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_pinned_key_is_shown_is_no_wrong_key() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("inbound")).unwrap();
    let keys = [Algorithm::Ed25519, Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }];
    let server = SftpServer::with_keys(root.path(), by_password(), &keys, true).await;
    let pinned = vec![server.fingerprints[1].clone()];
    let destination = Sftp::new(SftpSettings { host_keys: pinned, ..settings(&server) }).unwrap();
    server.will(&[Misdeed::HangUp(2)]);
    let error = destination.probe().await.unwrap_err();
    assert!(error.transient && !error.message.contains("host key"), "{error}");
    destination.probe().await.unwrap();
    assert_eq!(server.connections(), 4);
    // The kind of key that was right is asked for first from then on.
    destination.probe().await.unwrap();
    assert_eq!(server.connections(), 5);
}

#[tokio::test]
async fn a_private_key_signs_in_with_and_without_a_passphrase() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("inbound")).unwrap();
    let key = PrivateKey::random(&mut rand_10::rng(), Algorithm::Ed25519).unwrap();
    let allowed = Allowed { key: Some(key.public_key().clone()), ..Allowed::default() };
    let server = SftpServer::start(root.path(), allowed).await;
    let plain = key.to_openssh(LineEnding::LF).unwrap().to_string();
    let sealed = key.encrypt(&mut rand_10::rng(), "passphrase of it").unwrap();
    let sealed = sealed.to_openssh(LineEnding::LF).unwrap().to_string();
    let with = |key: &str, passphrase: Option<&str>| SftpSettings {
        password: None,
        private_key: Some(key.into()),
        passphrase: passphrase.map(Into::into),
        ..settings(&server)
    };
    for (index, settings) in [with(&plain, None), with(&sealed, Some("passphrase of it"))].into_iter().enumerate() {
        let destination = Sftp::new(settings).unwrap();
        let content = Content::new(&format!("s11-{index}"), 1_000);
        assert_eq!(deliver(&destination, &content, &format!("{index}.csv")).await.unwrap(), Published::Now);
    }
    let error = Sftp::new(with(&sealed, None)).unwrap_err();
    assert_eq!(error.setting, "passphrase");
    let error = Sftp::new(with(&sealed, Some("another"))).unwrap_err();
    assert_eq!(error.setting, "private_key");
    assert!(!error.to_string().contains("another"), "{error}");

    // Another key, and a password that is not taken.
    let other = PrivateKey::random(&mut rand_10::rng(), Algorithm::Ed25519).unwrap();
    let other = other.to_openssh(LineEnding::LF).unwrap().to_string();
    let both = SftpSettings { password: Some(PASSWORD.into()), ..with(&other, None) };
    let error = Sftp::new(both).unwrap().probe().await.unwrap_err();
    assert!(!error.transient && error.message.contains("does not let `acme` in with the private key, nor"), "{error}");
    assert!(!error.message.contains(PASSWORD));
}

#[tokio::test]
async fn a_password_is_given_where_it_is_asked_for() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("inbound")).unwrap();
    let allowed = Allowed { asked_for: Some(PASSWORD.into()), ..Allowed::default() };
    let server = SftpServer::start(root.path(), allowed).await;
    let destination = Sftp::new(settings(&server)).unwrap();
    assert_eq!(deliver(&destination, &Content::new("s12", 10), "a.csv").await.unwrap(), Published::Now);
    let wrong = SftpSettings { password: Some("wrong horse".into()), ..settings(&server) };
    let error = Sftp::new(wrong).unwrap().probe().await.unwrap_err();
    assert!(!error.transient && !error.message.contains("wrong horse"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_missing_has_to_be_made() {
    let (root, server, destination) = served().await;
    fs::remove_dir(root.path().join("inbound")).unwrap();
    let content = Content::new("s13", 10);
    for error in [
        destination.stage(content.upload()).await.unwrap_err(),
        destination.publish(content.named("a.csv")).await.unwrap_err(),
        destination.probe().await.unwrap_err(),
    ] {
        assert!(!error.transient && error.message.contains("have it made, or correct `to`"), "{error}");
    }
    assert_eq!(server.written(), 0);
}

#[tokio::test]
async fn discarding_is_repeatable_and_a_probe_leaves_nothing() {
    let (root, _server, destination) = served().await;
    destination.stage(Content::new("s14", 10).upload()).await.unwrap();
    destination.discard("s14").await.unwrap();
    destination.discard("s14").await.unwrap();
    destination.probe().await.unwrap();
    assert!(names(&root.path().join("inbound")).is_empty());
}

#[tokio::test]
async fn deliveries_at_once_do_not_disturb_each_other() {
    let (root, _server, destination) = served().await;
    let destination = Arc::new(destination);
    let tries = (0..8).map(|index| {
        let destination = Arc::clone(&destination);
        tokio::spawn(async move {
            let content = Content::new(&format!("s15-{index}"), 300_000 + index);
            assert_eq!(deliver(&*destination, &content, &format!("{index}.csv")).await.unwrap(), Published::Now);
            content
        })
    });
    for (index, tried) in tries.collect::<Vec<_>>().into_iter().enumerate() {
        let content = tried.await.unwrap();
        assert_eq!(fs::read(root.path().join(format!("inbound/{index}.csv"))).unwrap(), content.bytes);
    }
}

#[test]
fn nothing_secret_is_shown() {
    let settings = SftpSettings {
        url: "sftp://sftp.example.com/in".parse().unwrap(),
        user: "acme".into(),
        password: Some(PASSWORD.into()),
        private_key: None,
        passphrase: Some("phrase of it".into()),
        host_keys: vec![],
        timeout: SOON,
    };
    for shown in [format!("{settings:?}"), format!("{:?}", Sftp::new(settings.clone()).unwrap())] {
        assert!(!shown.contains(PASSWORD) && !shown.contains("phrase of it"), "{shown}");
    }
}
