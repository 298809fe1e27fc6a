//! How an SFTP server is reached.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// An SFTP server, who signs in, and the folder there. `S` is a secret, or what says where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SftpSettings<S = SecretString> {
    /// `sftp://host[:port]/folder`, from the server's root on; `sftp://host/~/folder` is in the folder of the user.
    pub url: Url,
    /// Who signs in.
    pub user: String,
    /// The password: for the method `password`, and for `keyboard-interactive` where that asks one hidden question.
    pub password: Option<S>,
    /// A private key in OpenSSH's, PKCS #1's or PKCS #8's format. It is tried before the password.
    pub private_key: Option<S>,
    /// The passphrase of the private key, where it is encrypted.
    pub passphrase: Option<S>,
    /// The fingerprints of the host keys that the server may show, as `ssh-keygen -lf` prints them: `SHA256:…`. With
    /// none, each try fails with the one that the server shows.
    pub host_keys: Vec<String>,
    /// The longest that connecting may take, and the longest that nothing may come from the server.
    pub timeout: Duration,
}

impl<S> SftpSettings<S> {
    /// The same with its secrets, as `read` answers them; it is told the setting of each.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn with_secrets<E>(
        &self,
        read: impl Fn(&'static str, &S) -> Result<SecretString, E>,
    ) -> Result<SftpSettings, E> {
        let may = |setting, secret: &Option<S>| secret.as_ref().map(|secret| read(setting, secret)).transpose();
        Ok(SftpSettings {
            url: self.url.clone(),
            user: self.user.clone(),
            password: may("password", &self.password)?,
            private_key: may("private_key", &self.private_key)?,
            passphrase: may("passphrase", &self.passphrase)?,
            host_keys: self.host_keys.clone(),
            timeout: self.timeout,
        })
    }
}
