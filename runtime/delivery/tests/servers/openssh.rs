//! SFTP, with OpenSSH's own server where this machine has one. It needs no privileges: it has a port, a host key and a
//! configuration of its own, and lets in whoever runs the test.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use tempfile::TempDir;
use tradewire_delivery::{Destination as _, Published, Sftp, SftpSettings};

use crate::support::{Content, Fault, SOON, deliver, not_tested, wire};

const SSHD: &str = "/usr/sbin/sshd";

struct OpenSsh {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
    key: String,
    host_key: String,
    user: String,
}

impl Drop for OpenSsh {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl OpenSsh {
    /// None where there is no such server here.
    async fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            not_tested(&format!("there is no {SSHD} here; install openssh-server to test with it"));
            return None;
        }
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let private = |name: &str, text: &str| {
            fs::write(path(name), text).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o600)).unwrap();
        };
        let key = || PrivateKey::random(&mut rand_10::rng(), Algorithm::Ed25519).unwrap();
        let (host, user_key) = (key(), key());
        private("host", &host.to_openssh(LineEnding::LF).unwrap());
        private("allowed", &user_key.public_key().to_openssh().unwrap());
        fs::create_dir(path("inbound")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nAuthorizedKeysFile {allowed}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n",
            host = path("host").display(),
            allowed = path("allowed").display(),
        );
        private("sshd_config", &configuration);
        let process = Command::new(SSHD)
            .args(["-D", "-e", "-f"])
            .arg(path("sshd_config"))
            .stderr(fs::File::create(path("log")).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let mut server = Self {
            process,
            address: ([127, 0, 0, 1], port).into(),
            key: user_key.to_openssh(LineEnding::LF).unwrap().to_string(),
            host_key: host.public_key().fingerprint(HashAlg::Sha256).to_string(),
            user: String::from_utf8(user).unwrap().trim().to_owned(),
            folder,
        };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(server.address).await.is_ok() {
                return Some(server);
            }
            if server.process.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(server.folder.path().join("log")).unwrap();
        assert!(log.contains("privilege separation directory"), "sshd does not listen: {log}");
        eprintln!("NOT TESTED: root's sshd wants a folder that is made when it is started as a service: {log}");
        None
    }

    fn destination(&self, address: SocketAddr, folder: &str) -> Sftp {
        Sftp::new(SftpSettings {
            url: format!("sftp://{address}{}", self.folder.path().join(folder).display()).parse().unwrap(),
            user: self.user.clone(),
            password: None,
            private_key: Some(self.key.clone().into()),
            passphrase: None,
            host_keys: vec![self.host_key.clone()],
            timeout: SOON,
        })
        .unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path().join("inbound"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_file_comes_whole_once_and_never_over_another() {
    let Some(server) = OpenSsh::start().await else { return };
    let destination = server.destination(server.address, "inbound");
    assert!(destination.probe().await.unwrap().contains(&server.host_key));
    let content = Content::new("o1", 5_000_001);
    destination.stage(content.upload()).await.unwrap();
    assert_eq!(server.names(), [".o1.part"]);
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Now);
    assert_eq!(destination.publish(content.named("hours.csv")).await.unwrap(), Published::Before);
    let other = Content::new("o2", 10);
    assert_eq!(deliver(&destination, &other, "hours.csv").await.unwrap(), Published::NameTaken);
    assert_eq!(destination.publish(other.named("hours.v2.csv")).await.unwrap(), Published::Now);
    assert_eq!(server.names(), ["hours.csv", "hours.v2.csv"]);
    assert_eq!(fs::read(server.folder.path().join("inbound/hours.csv")).unwrap(), content.bytes);
    let missing = server.destination(server.address, "nowhere");
    for error in [missing.stage(content.upload()).await.unwrap_err(), missing.probe().await.unwrap_err()] {
        assert!(!error.transient && error.message.contains("have it made, or correct `to`"), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_or_stalls_in_the_middle_of_a_file_is_tried_again() {
    let Some(server) = OpenSsh::start().await else { return };
    let through = wire(server.address, vec![Fault::CutAfter(700_000), Fault::CutAfter(100)]).await;
    let destination = server.destination(through, "inbound");
    let content = Content::new("o3", 2_000_000);
    for _ in 0..2 {
        let error = deliver(&destination, &content, "a.csv").await.unwrap_err();
        assert!(error.transient, "{error}");
    }
    assert_eq!(deliver(&destination, &content, "a.csv").await.unwrap(), Published::Now);
    assert_eq!(server.names(), ["a.csv"]);
    assert_eq!(fs::read(server.folder.path().join("inbound/a.csv")).unwrap(), content.bytes);
}
