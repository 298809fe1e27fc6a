//! Folders of SFTP servers. The bytes go to a hidden part, which is flushed where the server offers it
//! (`fsync@openssh.com`), measured, and renamed; SFTP's own rename fails where the new name is taken, so nothing is
//! ever overwritten. Each step has a connection of its own, so nothing is held open between deliveries.

mod connection;
mod fault;
mod host_key;
mod settings;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use russh::keys::PrivateKey;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use self::connection::Connection;
use self::host_key::{Family, HostKeys};
pub use self::settings::SftpSettings;
use crate::disk::{open_content, unreadable};
use crate::settings::{address, check_timeout, check_url, decoded_path};
use crate::{Destination, DestinationError, Item, Published, SettingsError, Upload};

const EXAMPLE: &str = "sftp://sftp.example.com/inbound";
/// How much of the content is in memory at a time, besides what is on its way.
const CHUNK: usize = 256 * 1024;

/// A folder of an SFTP server.
pub struct Sftp {
    address: String,
    host: String,
    port: u16,
    /// From the server's root on, or, without `/` at its beginning, in the user's folder; without `/` at its end.
    folder: String,
    user: String,
    password: Option<SecretString>,
    private_key: Option<Arc<PrivateKey>>,
    host_keys: HostKeys,
    /// The kind of host key that is pinned, where the server showed another first.
    family: OnceLock<Family>,
    timeout: Duration,
}

impl Sftp {
    /// The destination that these settings describe. Nothing is connected yet; keys are read and decrypted.
    pub fn new(settings: SftpSettings) -> Result<Self, SettingsError> {
        let SftpSettings { url, user, password, private_key, passphrase, host_keys, timeout } = settings;
        let fault = |setting, message: &str| Err(SettingsError::new(setting, message));
        if url.scheme() != "sftp" {
            return fault("url", &format!("it is no address of SFTP; write `{EXAMPLE}`"));
        }
        check_url(&url, EXAMPLE)?;
        if url.query().is_some() {
            return fault("url", &format!("it has a part after `?`; write `{EXAMPLE}`"));
        }
        if user.is_empty() || user.chars().any(char::is_control) {
            return fault("user", "it is empty or holds a control character; write the user that signs in");
        }
        if password.is_none() && private_key.is_none() {
            return fault("password", "there is neither a password nor a private key; give one of them");
        }
        check_timeout(timeout)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let path = decoded_path(&url)?;
        let folder = match path.strip_prefix("/~") {
            Some("") => ".".to_owned(),
            Some(below) if below.starts_with('/') => below[1..].to_owned(),
            _ => path,
        };
        Ok(Self {
            address: address(&url),
            port: url.port().unwrap_or(22),
            host,
            folder,
            user,
            password,
            private_key: private_key.map(|key| read_key(&key, passphrase.as_ref())).transpose()?,
            host_keys: HostKeys::new(&host_keys)?,
            family: OnceLock::new(),
            timeout,
        })
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    fn part(&self, upload_id: &str) -> String {
        self.path(&format!(".{upload_id}.part"))
    }

    /// The folder itself, in a form that servers take: the root has no name but `/`.
    fn folder_path(&self) -> &str {
        if self.folder.is_empty() { "/" } else { &self.folder }
    }

    /// Gives a part its name, where nothing has it.
    async fn rename(
        &self,
        connection: &Connection<'_>,
        part: &str,
        target: &str,
    ) -> Result<Published, DestinationError> {
        if let Some(published) = self.settled(connection, part, target).await? {
            return Ok(published);
        }
        let Err(error) = connection.sftp.rename(part, target).await else { return Ok(Published::Now) };
        // Somebody else was faster, or it is done all the same: servers tell both as a failure of any kind. Where no
        // answer came it may be done, or may be yet: the next try finds out.
        if matches!(error, Error::Status(_))
            && let Some(published) = self.settled(connection, part, target).await?
        {
            return Ok(published);
        }
        Err(connection.fault(&format!("rename `{part}` to `{target}`"), &error))
    }

    /// Whether a part has its name already, or something else has it; none where it can be renamed.
    async fn settled(
        &self,
        connection: &Connection<'_>,
        part: &str,
        target: &str,
    ) -> Result<Option<Published>, DestinationError> {
        // In this order: a late rename of an earlier try may be done in between, and our own file is not another's.
        let taken = connection.exists(target).await?;
        if connection.exists(part).await? {
            return Ok(taken.then_some(Published::NameTaken));
        }
        // A folder that is gone has no parts either.
        connection.check_folder(self.folder_path()).await?;
        Ok(Some(Published::Before))
    }
}

impl fmt::Debug for Sftp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sftp").field("address", &self.address).field("user", &self.user).finish_non_exhaustive()
    }
}

#[async_trait]
impl Destination for Sftp {
    fn address(&self) -> &str {
        &self.address
    }

    async fn stage(&self, upload: Upload<'_>) -> Result<(), DestinationError> {
        let mut content = open_content(upload).await?;
        let connection = Connection::open(self).await?;
        let part = self.part(upload.id);
        let mut file = match connection.sftp.create(part.as_str()).await {
            Ok(file) => file,
            Err(error) => return Err(connection.fault(&format!("write `{part}`"), &error)),
        };
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = content.read(&mut buffer).await.map_err(|error| unreadable(upload.content, &error))?;
            if read == 0 {
                break;
            }
            let written = file.write_all(&buffer[..read]).await;
            written.map_err(|error| connection.write_fault(&part, &error))?;
        }
        // Waits for what is on its way, and has it flushed where the server offers that.
        file.flush().await.map_err(|error| connection.write_fault(&part, &error))?;
        file.close().await.map_err(|error| connection.write_fault(&part, &error))?;
        let attributes = connection.sftp.metadata(part.as_str()).await;
        let attributes = attributes.map_err(|error| connection.fault(&format!("measure `{part}`"), &error))?;
        if attributes.size.is_some_and(|size| size != upload.bytes) {
            return Err(DestinationError::transient(format!(
                "{} has {} of the {} bytes of `{part}`: it is sent anew; look after the server's disk where that goes on",
                self.address,
                attributes.size.unwrap_or_default(),
                upload.bytes,
            )));
        }
        connection.close().await;
        Ok(())
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError> {
        let (part, target) = (self.part(item.upload.id), self.path(item.name));
        let connection = Connection::open(self).await?;
        let published = self.rename(&connection, &part, &target).await?;
        connection.close().await;
        Ok(published)
    }

    async fn is_taken(&self, name: &str) -> Result<bool, DestinationError> {
        let connection = Connection::open(self).await?;
        let taken = connection.exists(&self.path(name)).await?;
        connection.close().await;
        Ok(taken)
    }

    async fn discard(&self, upload_id: &str) -> Result<(), DestinationError> {
        let part = self.part(upload_id);
        let connection = Connection::open(self).await?;
        connection.remove(&part).await?;
        connection.close().await;
        Ok(())
    }

    async fn probe(&self) -> Result<String, DestinationError> {
        let connection = Connection::open(self).await?;
        connection.check_folder(self.folder_path()).await?;
        let part = self.part("tradewire-probe");
        let created = match connection.sftp.create(part.as_str()).await {
            Ok(file) => file.close().await.map_err(|error| connection.write_fault(&part, &error)),
            Err(error) => Err(connection.fault(&format!("write `{part}`"), &error)),
        };
        created?;
        connection.remove(&part).await?;
        let host_key = connection.host_key.clone();
        connection.close().await;
        Ok(format!("{} showed the host key {host_key}, let `{}` in, and can be written to", self.address, self.user))
    }
}

fn read_key(key: &SecretString, passphrase: Option<&SecretString>) -> Result<Arc<PrivateKey>, SettingsError> {
    use russh::keys::{Error, decode_secret_key};
    let key = key.expose_secret();
    match decode_secret_key(key, passphrase.map(|passphrase| passphrase.expose_secret())) {
        Ok(key) => Ok(Arc::new(key)),
        Err(Error::KeyIsEncrypted) => Err(SettingsError::new(
            "passphrase",
            "the private key is encrypted and there is no passphrase; give it, or a key without one",
        )),
        // What the parser says may hold a part of the key.
        Err(_) if passphrase.is_some() => Err(SettingsError::new(
            "private_key",
            "it is no private key in OpenSSH's format, or the passphrase is not its; try `ssh-keygen -y -f` on it",
        )),
        Err(_) => Err(SettingsError::new(
            "private_key",
            "it is no private key in OpenSSH's format (`-----BEGIN OPENSSH PRIVATE KEY-----`); \
             `ssh-keygen -p -f` on it writes it in that",
        )),
    }
}

/// Whether the server says that there is no such file.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Status(status) if status.status_code == StatusCode::NoSuchFile)
}
