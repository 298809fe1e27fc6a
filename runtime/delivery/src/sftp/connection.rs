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
use crate::DestinationError;

/// How many questions of `keyboard-interactive` are answered, so that no server asks for ever.
const QUESTIONS: usize = 5;

/// SFTP with a server that is who it should be.
pub(super) struct Connection<'a> {
    destination: &'a Sftp,
    ssh: Handle<Check>,
    pub(super) sftp: SftpSession,
    /// The fingerprint of the host key that the server has shown.
    pub(super) host_key: String,
}

impl<'a> Connection<'a> {
    pub(super) async fn open(destination: &'a Sftp) -> Result<Self, DestinationError> {
        let (mut ssh, host_key) = connect(destination).await?;
        // A user's folder may be on a slow disk, and so may be what checks a password: each step has its own time.
        let late = |what: &str| {
            DestinationError::transient(format!(
                "{}: {what} took longer than {:?}",
                destination.address, destination.timeout
            ))
        };
        timeout(destination.timeout, sign_in(destination, &mut ssh)).await.map_err(|_| late("signing in"))??;
        let sftp =
            timeout(destination.timeout, start(destination, &ssh)).await.map_err(|_| late("starting SFTP"))??;
        Ok(Self { destination, ssh, sftp, host_key: host_key.fingerprint })
    }

    /// Says good-bye. What was to be done is done: how that ends is of no interest.
    pub(super) async fn close(self) {
        let _ = self.sftp.close().await;
        let farewell = self.ssh.disconnect(Disconnect::ByApplication, "", "en");
        let _ = timeout(Duration::from_secs(1), farewell).await;
    }

    pub(super) async fn exists(&self, path: &str) -> Result<bool, DestinationError> {
        match self.sftp.symlink_metadata(path).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(self.fault(&format!("look for `{path}`"), &error)),
        }
    }

    pub(super) async fn check_folder(&self, path: &str) -> Result<(), DestinationError> {
        match self.sftp.metadata(path).await {
            Ok(attributes) if attributes.is_dir() => Ok(()),
            Ok(_) => Err(DestinationError::permanent(format!(
                "{}: `{path}` is no folder; correct `to`",
                self.destination.address
            ))),
            Err(error) => Err(self.fault(&format!("look for the folder `{path}`"), &error)),
        }
    }

    /// Removes a file that may be missing.
    pub(super) async fn remove(&self, path: &str) -> Result<(), DestinationError> {
        match self.sftp.remove_file(path).await {
            Err(error) if !is_missing(&error) => Err(self.fault(&format!("remove `{path}`"), &error)),
            _ => Ok(()),
        }
    }

    pub(super) fn fault(&self, what: &str, error: &russh_sftp::client::error::Error) -> DestinationError {
        fault::of_sftp(self.destination, what, error)
    }

    /// The library tells of a failed write with the server's text alone.
    pub(super) fn write_fault(&self, part: &str, error: &std::io::Error) -> DestinationError {
        fault::of_write(self.destination, part, error, self.ssh.is_closed())
    }
}

/// Connects. A server with keys of several kinds is asked for each kind, so that any of its keys may be pinned.
async fn connect(destination: &Sftp) -> Result<(Handle<Check>, HostKey), DestinationError> {
    let preferred = destination.family.get().map_or(Preferred::DEFAULT, |family| family.preferred_first());
    let shown = match try_to_connect(destination, preferred).await? {
        Tried::Connected(ssh, host_key) => return Ok((ssh, host_key)),
        Tried::Refused(shown) => shown,
    };
    let mut fingerprints = vec![shown.fingerprint];
    if !destination.host_keys.is_empty() {
        for family in Family::ALL.into_iter().filter(|family| *family != shown.family) {
            match try_to_connect(destination, family.preferred()).await {
                Ok(Tried::Connected(ssh, host_key)) => {
                    // Later connections begin with it.
                    let _ = destination.family.set(family);
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
    Err(fault::of_host_key(destination, &fingerprints.join(" and ")))
}

enum Tried {
    Connected(Handle<Check>, HostKey),
    Refused(HostKey),
}

async fn try_to_connect(destination: &Sftp, preferred: Preferred) -> Result<Tried, DestinationError> {
    let config = client::Config {
        preferred,
        // Three of them unanswered end the connection.
        keepalive_interval: Some((destination.timeout / 3).max(Duration::from_millis(100))),
        ..client::Config::default()
    };
    let (check, shown) = destination.host_keys.check();
    let connected = timeout(destination.timeout, async {
        let stream =
            TcpStream::connect((destination.host.as_str(), destination.port)).await.map_err(russh::Error::IO)?;
        stream.set_nodelay(true).map_err(russh::Error::IO)?;
        client::connect_stream(Arc::new(config), stream, check).await
    });
    match (connected.await, shown.get()) {
        (Ok(Ok(ssh)), Some(host_key)) => Ok(Tried::Connected(ssh, host_key)),
        (_, Some(host_key)) if !host_key.trusted => Ok(Tried::Refused(host_key)),
        (Ok(Ok(_)), None) => {
            Err(DestinationError::permanent(format!("{}: the server has shown no host key", destination.address)))
        }
        (Ok(Err(error)), _) => Err(fault::of_connecting(destination, &error)),
        (Err(_), _) => Err(DestinationError::transient(format!(
            "{}: connecting to {} port {} took longer than {:?}",
            destination.address, destination.host, destination.port, destination.timeout
        ))),
    }
}

/// Signs in with the key, then with the password, as far as the server wants them: some want both.
async fn sign_in(destination: &Sftp, ssh: &mut Handle<Check>) -> Result<(), DestinationError> {
    let broken = |error: russh::Error| fault::of_connecting(destination, &error);
    let mut tried = Vec::new();
    let mut offered = None;
    if let Some(key) = &destination.private_key {
        tried.push("the private key");
        let hash = match key.algorithm().is_rsa() {
            true => ssh.best_supported_rsa_hash().await.map_err(broken)?.flatten(),
            false => None,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        match ssh.authenticate_publickey(&destination.user, key).await.map_err(broken)? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => offered = Some(remaining_methods),
        }
    }
    let Some(password) = destination.password.as_ref().map(|password| password.expose_secret()) else {
        return Err(fault::of_sign_in(destination, &tried, offered.as_ref()));
    };
    let takes = |method, offered: &Option<MethodSet>| offered.as_ref().is_none_or(|all| all.contains(&method));
    if takes(MethodKind::Password, &offered) {
        tried.push("the password");
        match ssh.authenticate_password(&destination.user, password).await.map_err(broken)? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => offered = Some(remaining_methods),
        }
    }
    if takes(MethodKind::KeyboardInteractive, &offered) {
        tried.push("the password, asked for by `keyboard-interactive`");
        if answer(destination, ssh, password).await.map_err(broken)? {
            return Ok(());
        }
    }
    Err(fault::of_sign_in(destination, &tried, offered.as_ref()))
}

/// Answers with the password where one hidden line is asked for, and with nothing where nothing is.
async fn answer(destination: &Sftp, ssh: &mut Handle<Check>, password: &str) -> Result<bool, russh::Error> {
    let mut asked = ssh.authenticate_keyboard_interactive_start(&destination.user, None).await?;
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

async fn start(destination: &Sftp, ssh: &Handle<Check>) -> Result<SftpSession, DestinationError> {
    let refused = |error: &dyn std::fmt::Display| {
        DestinationError::permanent(format!(
            "{}: the server lets `{}` in, but not with SFTP: {error}; have it allowed there",
            destination.address, destination.user
        ))
    };
    let channel = ssh.channel_open_session().await.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(_) => refused(&error),
        error => fault::of_connecting(destination, &error),
    })?;
    channel.request_subsystem(true, "sftp").await.map_err(|error| fault::of_connecting(destination, &error))?;
    let config = russh_sftp::client::Config {
        request_timeout_secs: destination.timeout.as_secs().max(1),
        ..russh_sftp::client::Config::default()
    };
    // A refused subsystem ends the channel, and so does a server that has none.
    match SftpSession::new_with_config(channel.into_stream(), config).await {
        Ok(sftp) => Ok(sftp),
        Err(_) if ssh.is_closed() => Err(fault::of_connecting(destination, &russh::Error::Disconnect)),
        Err(russh_sftp::client::error::Error::Timeout) => Err(DestinationError::transient(format!(
            "{}: starting SFTP took longer than {:?}",
            destination.address, destination.timeout
        ))),
        Err(error) => Err(refused(&error)),
    }
}
