//! The server's certificate: read, and read again when its files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tradewire_config::{Config, Secret, SecretError, Tls};
use tradewire_executor::Faults;
use tradewire_front::{Identity, IdentityFault};
use tradewire_runs::CancellationToken;

use crate::looks::Looks;

/// No chain of certificates is longer.
const LARGEST: u64 = 1024 * 1024;
/// How often it is told that the certificate expires soon.
const REMINDED: Duration = Duration::from_secs(24 * 3600);

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("cannot read the certificate `{}`: {source}; write it there, or change `certificate` of `[serve.tls]`", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("`key`: {0}")]
    Secret(#[from] SecretError),
    #[error("`{}`: {fault}", path.display())]
    Fault { path: PathBuf, fault: IdentityFault },
}

/// Reads certificate and key.
fn read(tls: &Tls) -> Result<Identity, Unreadable> {
    let path = &tls.certificate;
    let certificate = tradewire_private::read_regular(path, LARGEST)
        .map_err(|source| Unreadable::File { path: path.clone(), source })?;
    let key = tls.key.resolve()?;
    Identity::read(&certificate, &key).map_err(|fault| Unreadable::Fault { path: path.clone(), fault })
}

/// Reads them where there are any; whatever is wrong with them is a fault.
pub fn load(config: &Config, faults: &mut Faults) -> Option<Arc<Identity>> {
    match read(config.serve.tls.as_ref()?) {
        Ok(identity) => Some(Arc::new(identity)),
        Err(Unreadable::Secret(error)) => {
            faults.secret("`[serve.tls]`, `key`", &error);
            None
        }
        Err(error) => {
            faults.add(format!("`[serve.tls]`: {error}"));
            None
        }
    }
}

/// Why no client would take the certificate now. It is no fault of the configuration: schedules run all the same.
pub fn out_of_time(config: &Config, identity: &Identity) -> Option<String> {
    let (tls, wrong) = config.serve.tls.as_ref().zip(identity.is_out_of_time(Utc::now()))?;
    Some(format!("`[serve.tls]`: the certificate `{}` {wrong}", tls.certificate.display()))
}

/// Puts a certificate in force whenever its files have changed. What cannot be used is told, and the one before stays.
pub async fn follow(
    tls: Tls,
    identity: &watch::Sender<Option<Arc<Identity>>>,
    told: impl Fn(&str),
    stop: CancellationToken,
) {
    let shown = tls.certificate.display().to_string();
    let mut files = vec![tls.certificate.clone()];
    if let Secret::File(key) = &tls.key {
        files.push(key.clone());
    }
    let mut looks = Looks::at(files);
    loop {
        remind(&shown, identity.borrow().as_deref());
        let has_changed = tokio::select! {
            () = stop.cancelled() => return,
            () = looks.changed() => true,
            () = tokio::time::sleep(REMINDED) => false,
        };
        if !has_changed {
            continue;
        }
        let reading = tls.clone();
        let read = tokio::task::spawn_blocking(move || read(&reading)).await;
        match read {
            Ok(Ok(new)) => match new.is_out_of_time(Utc::now()) {
                Some(wrong) => tracing::error!("the certificate `{shown}` {wrong}; the one before stays in force"),
                None => {
                    told(&format!(
                        "the certificate `{shown}` is taken over, it is valid until {}",
                        new.until().to_rfc3339()
                    ));
                    identity.send_replace(Some(Arc::new(new)));
                }
            },
            Ok(Err(error)) => tracing::error!("`[serve.tls]`: {error}; the certificate before stays in force"),
            Err(error) => tracing::error!(%error, "the certificate could not be read; the one before stays in force"),
        }
    }
}

fn remind(shown: &str, identity: Option<&Identity>) {
    let Some(identity) = identity else { return };
    let now = Utc::now();
    match (identity.is_out_of_time(now), identity.expires_soon(now)) {
        (Some(wrong), _) => tracing::error!("the certificate `{shown}` {wrong}; no client takes it"),
        (None, Some(until)) => tracing::warn!("the certificate `{shown}` expires at {}: renew it", until.to_rfc3339()),
        (None, None) => {}
    }
}
