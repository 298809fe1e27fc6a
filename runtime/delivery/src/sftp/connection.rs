//! One connection: to a server that shows a pinned host key, as a user that it lets in, with SFTP on it.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::PrivateKeyWithHashAlg;
use russh::{Disconnect, MethodKind, MethodSet, Preferred};
use russh_sftp::client::SftpSession;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::host_key::{Check, Family, HostKey};
use super::{Sftp, fault, is_missing};
use crate::PlaceError;

/// How many questions of `keyboard-interactive` are answered, so that no server asks for ever.
const QUESTIONS: usize = 5;

/// SFTP with a server that is who it should be.
pub(super) struct Connection<'a> {
    place: &'a Sftp,
    ssh: Handle<Check>,
    pub(super) sftp: SftpSession,
    /// The fingerprint of the host key that the server has shown.
    pub(super) host_key: String,
}

impl<'a> Connection<'a> {
    pub(super) async fn open(place: &'a Sftp) -> Result<Self, PlaceError> {
        let (mut ssh, host_key) = connect(place).await?;
        // A user's folder may be on a slow disk, and so may be what checks a password: each step has its own time.
        let late = |what: &str| {
            PlaceError::transient(format!("{}: {what} took longer than {:?}", place.address, place.timeout))
        };
        timeout(place.timeout, sign_in(place, &mut ssh)).await.map_err(|_| late("signing in"))??;
        let sftp = timeout(place.timeout, start(place, &ssh)).await.map_err(|_| late("starting SFTP"))??;
        Ok(Self { place, ssh, sftp, host_key: host_key.fingerprint })
    }

    /// Says good-bye. What was to be done is done: how that ends is of no interest.
    pub(super) async fn close(self) {
        let _ = self.sftp.close().await;
        let farewell = self.ssh.disconnect(Disconnect::ByApplication, "", "en");
        let _ = timeout(Duration::from_secs(1), farewell).await;
    }

    pub(super) async fn exists(&self, path: &str) -> Result<bool, PlaceError> {
        match self.sftp.symlink_metadata(path).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(self.fault(&format!("look for `{path}`"), &error)),
        }
    }

    pub(super) async fn check_folder(&self, path: &str) -> Result<(), PlaceError> {
        match self.sftp.metadata(path).await {
            Ok(attributes) if attributes.is_dir() => Ok(()),
            Ok(_) => Err(PlaceError::permanent(format!("{}: `{path}` is no folder; correct `to`", self.place.address))),
            Err(error) => Err(self.fault(&format!("look for the folder `{path}`"), &error)),
        }
    }

    /// Removes a file that may be missing.
    pub(super) async fn remove(&self, path: &str) -> Result<(), PlaceError> {
        match self.sftp.remove_file(path).await {
            Err(error) if !is_missing(&error) => Err(self.fault(&format!("remove `{path}`"), &error)),
            _ => Ok(()),
        }
    }

    pub(super) fn fault(&self, what: &str, error: &russh_sftp::client::error::Error) -> PlaceError {
        fault::of_sftp(self.place, what, error)
    }

    /// The library tells of a failed write with the server's text alone.
    pub(super) fn write_fault(&self, part: &str, error: &std::io::Error) -> PlaceError {
        fault::of_write(self.place, part, error, self.ssh.is_closed())
    }
}

/// Connects. A server with keys of several kinds is asked for each kind, so that any of its keys may be pinned.
async fn connect(place: &Sftp) -> Result<(Handle<Check>, HostKey), PlaceError> {
    let preferred = place.family.get().map_or(Preferred::DEFAULT, |family| family.preferred_first());
    let shown = match try_to_connect(place, preferred).await? {
        Tried::Connected(ssh, host_key) => return Ok((ssh, host_key)),
        Tried::Refused(shown) => shown,
    };
    let mut fingerprints = vec![shown.fingerprint];
    if !place.host_keys.is_empty() {
        for family in Family::ALL.into_iter().filter(|family| *family != shown.family) {
            match try_to_connect(place, family.preferred()).await {
                Ok(Tried::Connected(ssh, host_key)) => {
                    // Later connections begin with it.
                    let _ = place.family.set(family);
                    return Ok((ssh, host_key));
                }
                Ok(Tried::Refused(shown)) => fingerprints.push(shown.fingerprint),
                // The right key may be the one that was not shown.
                Err(error) if error.transient => return Err(error),
                // It has no key of this kind.
                Err(_) => {}
            }
        }
    }
    Err(fault::of_host_key(place, &fingerprints.join(" and ")))
}

enum Tried {
    Connected(Handle<Check>, HostKey),
    Refused(HostKey),
}

async fn try_to_connect(place: &Sftp, preferred: Preferred) -> Result<Tried, PlaceError> {
    let config = client::Config {
        preferred,
        // Three of them unanswered end the connection.
        keepalive_interval: Some((place.timeout / 3).max(Duration::from_millis(100))),
        ..client::Config::default()
    };
    let (check, shown) = place.host_keys.check();
    let connected = timeout(place.timeout, async {
        let stream = TcpStream::connect((place.host.as_str(), place.port)).await.map_err(russh::Error::IO)?;
        stream.set_nodelay(true).map_err(russh::Error::IO)?;
        client::connect_stream(Arc::new(config), stream, check).await
    });
    match (connected.await, shown.get()) {
        (Ok(Ok(ssh)), Some(host_key)) => Ok(Tried::Connected(ssh, host_key)),
        (_, Some(host_key)) if !host_key.trusted => Ok(Tried::Refused(host_key)),
        (Ok(Ok(_)), None) => Err(PlaceError::permanent(format!("{}: the server has shown no host key", place.address))),
        (Ok(Err(error)), _) => Err(fault::of_connecting(place, &error)),
        (Err(_), _) => Err(PlaceError::transient(format!(
            "{}: connecting to {} port {} took longer than {:?}",
            place.address, place.host, place.port, place.timeout
        ))),
    }
}

/// Signs in with the key, then with the password, as far as the server wants them: some want both.
async fn sign_in(place: &Sftp, ssh: &mut Handle<Check>) -> Result<(), PlaceError> {
    let broken = |error: russh::Error| fault::of_connecting(place, &error);
    let mut tried = Vec::new();
    let mut offered = None;
    if let Some(key) = &place.private_key {
        tried.push("the private key");
        let hash = match key.algorithm().is_rsa() {
            true => ssh.best_supported_rsa_hash().await.map_err(broken)?.flatten(),
            false => None,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        match ssh.authenticate_publickey(&place.user, key).await.map_err(broken)? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => offered = Some(remaining_methods),
        }
    }
    let Some(password) = place.password.as_ref().map(|password| password.expose_secret()) else {
        return Err(fault::of_sign_in(place, &tried, offered.as_ref()));
    };
    let takes = |method, offered: &Option<MethodSet>| offered.as_ref().is_none_or(|all| all.contains(&method));
    if takes(MethodKind::Password, &offered) {
        tried.push("the password");
        match ssh.authenticate_password(&place.user, password).await.map_err(broken)? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => offered = Some(remaining_methods),
        }
    }
    if takes(MethodKind::KeyboardInteractive, &offered) {
        tried.push("the password, asked for by `keyboard-interactive`");
        if answer(place, ssh, password).await.map_err(broken)? {
            return Ok(());
        }
    }
    Err(fault::of_sign_in(place, &tried, offered.as_ref()))
}

/// Answers with the password where one hidden line is asked for, and with nothing where nothing is.
async fn answer(place: &Sftp, ssh: &mut Handle<Check>, password: &str) -> Result<bool, russh::Error> {
    let mut asked = ssh.authenticate_keyboard_interactive_start(&place.user, None).await?;
    for _ in 0..QUESTIONS {
        let answers = match &asked {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => match &prompts[..] {
                [] => Vec::new(),
                [prompt] if !prompt.echo => vec![password.to_owned()],
                // A second factor, which nobody is there to give.
                _ => return Ok(false),
            },
        };
        asked = ssh.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Ok(false)
}

async fn start(place: &Sftp, ssh: &Handle<Check>) -> Result<SftpSession, PlaceError> {
    let refused = |error: &dyn std::fmt::Display| {
        PlaceError::permanent(format!(
            "{}: the server lets `{}` in, but not with SFTP: {error}; have it allowed there",
            place.address, place.user
        ))
    };
    let channel = ssh.channel_open_session().await.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(_) => refused(&error),
        error => fault::of_connecting(place, &error),
    })?;
    channel.request_subsystem(true, "sftp").await.map_err(|error| fault::of_connecting(place, &error))?;
    let config = russh_sftp::client::Config {
        request_timeout_secs: place.timeout.as_secs().max(1),
        ..russh_sftp::client::Config::default()
    };
    // A refused subsystem ends the channel, and so does a server that has none.
    match SftpSession::new_with_config(channel.into_stream(), config).await {
        Ok(sftp) => Ok(sftp),
        Err(_) if ssh.is_closed() => Err(fault::of_connecting(place, &russh::Error::Disconnect)),
        Err(russh_sftp::client::error::Error::Timeout) => {
            Err(PlaceError::transient(format!("{}: starting SFTP took longer than {:?}", place.address, place.timeout)))
        }
        Err(error) => Err(refused(&error)),
    }
}
