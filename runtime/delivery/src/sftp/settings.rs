//! How an SFTP server is reached.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// An SFTP server, who signs in, and the folder there.
#[derive(Debug, Clone)]
pub struct SftpSettings {
    /// `sftp://host[:port]/folder`, from the server's root on; `sftp://host/~/folder` is in the folder of the user.
    pub url: Url,
    /// Who signs in.
    pub user: String,
    /// The password: for the method `password`, and for `keyboard-interactive` where that asks one hidden question.
    pub password: Option<SecretString>,
    /// A private key in OpenSSH's, PKCS #1's or PKCS #8's format. It is tried before the password.
    pub private_key: Option<SecretString>,
    /// The passphrase of the private key, where it is encrypted.
    pub passphrase: Option<SecretString>,
    /// The fingerprints of the host keys that the server may show, as `ssh-keygen -lf` prints them: `SHA256:…`. With
    /// none, each try fails with the one that the server shows.
    pub host_keys: Vec<String>,
    /// The longest that connecting may take, and the longest that nothing may come from the server.
    pub timeout: Duration,
}
