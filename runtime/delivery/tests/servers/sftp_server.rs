//! An SFTP server on a port of this machine, over a real folder, that fails as it is told to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, Msg, Response, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{Attrs, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version};
use tokio::io::{copy_bidirectional, duplex};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What a server does that it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// Its disk is full after so many bytes of a file.
    FullAfter(u64),
    /// The connection is cut after so many bytes of a file.
    CutAfter(u64),
    /// It answers no write after so many bytes of a file.
    StallAfter(u64),
    /// It says that all is written, and loses the end.
    LoseEnd,
    /// It renames, and the connection is cut before it says so.
    LoseRename,
    /// It renames, and says so only after a second and a half.
    LateRename,
    /// It renames, and says that it failed.
    DenyRename,
    /// It hangs up on the connection of this number, the first being 1.
    HangUp(u64),
    /// Somebody takes each name just before a rename.
    TakeNames,
}

/// Who may sign in, and with what.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    pub password: Option<String>,
    pub asked_for: Option<String>,
    pub key: Option<PublicKey>,
}

/// A running server; it ends with the test.
pub struct SftpServer {
    pub address: SocketAddr,
    pub fingerprints: Vec<String>,
    shared: Arc<Shared>,
}

struct Shared {
    root: PathBuf,
    allowed: Allowed,
    misdeeds: Mutex<Vec<Misdeed>>,
    writes: AtomicU64,
    flushes: AtomicU64,
    connections: AtomicU64,
    extensions: bool,
}

impl SftpServer {
    /// A server over a folder, for the user `acme`.
    pub async fn start(root: &Path, allowed: Allowed) -> Self {
        Self::with_keys(root, allowed, &[Algorithm::Ed25519], true).await
    }

    pub async fn with_keys(root: &Path, allowed: Allowed, keys: &[Algorithm], extensions: bool) -> Self {
        let keys: Vec<PrivateKey> =
            keys.iter().map(|algorithm| PrivateKey::random(&mut rand_10::rng(), algorithm.clone()).unwrap()).collect();
        let fingerprints = keys.iter().map(|key| key.public_key().fingerprint(HashAlg::Sha256).to_string()).collect();
        let config = Arc::new(russh::server::Config {
            keys,
            auth_rejection_time: std::time::Duration::ZERO,
            ..russh::server::Config::default()
        });
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            allowed,
            misdeeds: Mutex::default(),
            writes: AtomicU64::default(),
            flushes: AtomicU64::default(),
            connections: AtomicU64::default(),
            extensions,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let for_connections = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let number = for_connections.connections.fetch_add(1, SeqCst) + 1;
                if for_connections.take(|misdeed| *misdeed == Misdeed::HangUp(number)).is_some() {
                    continue;
                }
                let cut = Arc::new(Notify::new());
                let connection = Connection {
                    shared: Arc::clone(&for_connections),
                    cut: Arc::clone(&cut),
                    channels: HashMap::new(),
                };
                let (mut near, far) = duplex(64 * 1024);
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, far, connection).await {
                        let _ = session.await;
                    }
                });
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut socket, &mut near) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        Self { address, fingerprints, shared }
    }

    /// From now on it does these, each once.
    pub fn will(&self, misdeeds: &[Misdeed]) {
        *self.shared.misdeeds.lock().unwrap() = misdeeds.to_vec();
    }

    /// How many files were flushed.
    pub fn flushes(&self) -> u64 {
        self.shared.flushes.load(SeqCst)
    }

    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(SeqCst)
    }

    /// How many bytes were written.
    pub fn written(&self) -> u64 {
        self.shared.writes.load(SeqCst)
    }
}

impl Shared {
    /// Takes the first misdeed that the reader wants.
    fn take(&self, wanted: impl Fn(&Misdeed) -> bool) -> Option<Misdeed> {
        let mut misdeeds = self.misdeeds.lock().unwrap();
        let position = misdeeds.iter().position(wanted)?;
        Some(misdeeds.remove(position))
    }

    fn path(&self, path: &str) -> PathBuf {
        match path.strip_prefix('/') {
            Some(absolute) => self.root.join(absolute),
            None => self.root.join("home").join(path),
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    cut: Arc<Notify>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl russh::server::Handler for Connection {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let good = user == "acme" && self.shared.allowed.password.as_deref() == Some(password);
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let allowed = self.shared.allowed.key.as_ref().map(PublicKey::key_data);
        let good = user == "acme" && allowed == Some(key.public_key.key_data());
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(expected) = self.shared.allowed.asked_for.as_deref().filter(|_| user == "acme") else {
            return Ok(Auth::reject());
        };
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: Cow::Owned(vec![("Password: ".into(), false)]),
            });
        };
        let good = response.next().is_some_and(|answer| *answer == *expected.as_bytes());
        Ok(if good { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(taken) = self.channels.remove(&channel).filter(|_| name == "sftp") else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        let files =
            Files { shared: Arc::clone(&self.shared), cut: Arc::clone(&self.cut), open: HashMap::new(), last: 0 };
        russh_sftp::server::run(taken.into_stream(), files).await;
        Ok(())
    }
}

struct Files {
    shared: Arc<Shared>,
    cut: Arc<Notify>,
    open: HashMap<String, (File, PathBuf)>,
    last: u64,
}

impl Files {
    fn file(&self, handle: &str) -> Result<&File, StatusCode> {
        self.open.get(handle).map(|(file, _)| file).ok_or(StatusCode::Failure)
    }

    /// Cuts the connection, and so never answers.
    async fn cut(&self) -> StatusCode {
        self.cut.notify_one();
        std::future::pending().await
    }
}

fn told(error: &std::io::Error) -> StatusCode {
    match error.kind() {
        ErrorKind::NotFound => StatusCode::NoSuchFile,
        ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    }
}

fn well(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Ok".into(), language_tag: "en".into() }
}

impl russh_sftp::server::Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn init(&mut self, _version: u32, _: HashMap<String, String>) -> Result<Version, Self::Error> {
        let mut version = Version::new();
        if self.shared.extensions {
            version.extensions.insert("fsync@openssh.com".into(), "1".into());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        name: String,
        flags: OpenFlags,
        _: FileAttributes,
    ) -> Result<Handle, Self::Error> {
        let path = self.shared.path(&name);
        let mut options = OpenOptions::new();
        options.read(flags.contains(OpenFlags::READ)).write(flags.contains(OpenFlags::WRITE));
        options.create(flags.contains(OpenFlags::CREATE)).truncate(flags.contains(OpenFlags::TRUNCATE));
        let file = options.open(&path).map_err(|error| told(&error))?;
        self.last += 1;
        let handle = self.last.to_string();
        self.open.insert(handle.clone(), (file, path));
        Ok(Handle { id, handle })
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        let (file, _) = self.open.remove(&handle).ok_or(StatusCode::Failure)?;
        if self.shared.take(|misdeed| *misdeed == Misdeed::LoseEnd).is_some() {
            let length = file.metadata().unwrap().len();
            file.set_len(length / 2).unwrap();
        }
        Ok(well(id))
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, Self::Error> {
        let end = offset + data.len() as u64;
        let over = |misdeed: &Misdeed| match misdeed {
            Misdeed::FullAfter(most) | Misdeed::CutAfter(most) | Misdeed::StallAfter(most) => end > *most,
            _ => false,
        };
        match self.shared.take(over) {
            Some(Misdeed::FullAfter(_)) => return Err(StatusCode::Failure),
            Some(Misdeed::CutAfter(_)) => return Err(self.cut().await),
            Some(Misdeed::StallAfter(_)) => std::future::pending().await,
            _ => {}
        }
        self.file(&handle)?.write_all_at(&data, offset).map_err(|error| told(&error))?;
        self.shared.writes.fetch_add(data.len() as u64, SeqCst);
        Ok(well(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let attributes = fs::symlink_metadata(self.shared.path(&path)).map_err(|error| told(&error))?;
        Ok(Attrs { id, attrs: FileAttributes::from(&attributes) })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let attributes = fs::metadata(self.shared.path(&path)).map_err(|error| told(&error))?;
        Ok(Attrs { id, attrs: FileAttributes::from(&attributes) })
    }

    async fn remove(&mut self, id: u32, path: String) -> Result<Status, Self::Error> {
        fs::remove_file(self.shared.path(&path)).map_err(|error| told(&error))?;
        Ok(well(id))
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status, Self::Error> {
        let (from, to) = (self.shared.path(&from), self.shared.path(&to));
        if self.shared.take(|misdeed| *misdeed == Misdeed::TakeNames).is_some() {
            File::create(&to).unwrap().write_all(b"theirs").unwrap();
        }
        // As version 3 has it, and OpenSSH does it.
        fs::hard_link(&from, &to).map_err(|_| StatusCode::Failure)?;
        fs::remove_file(&from).unwrap();
        if self.shared.take(|misdeed| *misdeed == Misdeed::LoseRename).is_some() {
            return Err(self.cut().await);
        }
        if self.shared.take(|misdeed| *misdeed == Misdeed::LateRename).is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        }
        if self.shared.take(|misdeed| *misdeed == Misdeed::DenyRename).is_some() {
            return Err(StatusCode::Failure);
        }
        Ok(well(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        Ok(Name { id, files: vec![russh_sftp::protocol::File::dummy(path)] })
    }

    async fn extended(&mut self, id: u32, request: String, _: Vec<u8>) -> Result<Packet, Self::Error> {
        if request != "fsync@openssh.com" {
            return Err(StatusCode::OpUnsupported);
        }
        self.shared.flushes.fetch_add(1, SeqCst);
        Ok(Packet::Status(well(id)))
    }
}
