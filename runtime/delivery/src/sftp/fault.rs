//! What SSH and SFTP say when something is wrong, for people, and whether it may pass.

use std::io;

use russh::{MethodKind, MethodSet};
use russh_sftp::client::error::Error;
use russh_sftp::protocol::StatusCode;

use super::Sftp;
use crate::DestinationError;
use crate::text::shown;

/// No key that the server shows is pinned. Nothing was sent but what any client sends.
pub(super) fn of_host_key(destination: &Sftp, shown: &str) -> DestinationError {
    let Sftp { address, host, port, .. } = destination;
    let check = format!(
        "the server's operator tells which is right, and `ssh-keyscan -p {port} {host} | ssh-keygen -lf -` what is shown \
         from elsewhere"
    );
    if destination.host_keys.is_empty() {
        return DestinationError::permanent(format!(
            "{address} shows the host key {shown}, and none is pinned: nothing was sent; check it ({check}) and write \
             `host_key = \"{}\"` into the delivery",
            shown.split(' ').next().unwrap_or_default()
        ));
    }
    DestinationError::permanent(format!(
        "{address} shows the host key {shown}, and {} is pinned: nothing was sent; it may be another server, or one in \
         between, or the key was changed: {check}, before `host_key` is changed",
        destination.host_keys.expected()
    ))
}

/// The connection cannot be made, or breaks.
pub(super) fn of_connecting(destination: &Sftp, error: &russh::Error) -> DestinationError {
    let Sftp { address, host, port, .. } = destination;
    match error {
        russh::Error::IO(error) if error.kind() == io::ErrorKind::ConnectionRefused => DestinationError::transient(
            format!("{address}: nothing listens at {host} port {port}: the server is down, or `to` names another port"),
        ),
        russh::Error::IO(error) => DestinationError::transient(format!("{address}: cannot connect to {host}: {error}")),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => DestinationError::permanent(format!(
            "{address}: the server offers no {kind:?} that is safe enough, only {}; have it updated",
            shown(&theirs.join(", "))
        )),
        russh::Error::Version => {
            DestinationError::permanent(format!("{address}: what answers is no SSH server; correct `to`"))
        }
        error => DestinationError::transient(format!("{address}: the connection broke: {error}")),
    }
}

/// The server does not let the user in.
pub(super) fn of_sign_in(destination: &Sftp, tried: &[&str], offered: Option<&MethodSet>) -> DestinationError {
    let takes = offered.map(|offered| {
        let names: Vec<&str> = offered.iter().map(|method: &MethodKind| method.into()).collect();
        format!("; it takes {}", if names.is_empty() { "nothing else".to_owned() } else { names.join(", ") })
    });
    DestinationError::permanent(format!(
        "{} does not let `{}` in with {}{}: correct `user`, `password` or `key` of the delivery, or have the server's \
         operator allow them",
        destination.address,
        destination.user,
        tried.join(", nor with "),
        takes.unwrap_or_default()
    ))
}

/// A request failed.
pub(super) fn of_sftp(destination: &Sftp, what: &str, error: &Error) -> DestinationError {
    let Sftp { address, timeout, .. } = destination;
    let status = match error {
        Error::Status(status) => status,
        Error::Timeout => {
            return DestinationError::transient(format!("{address} cannot {what}: no answer came within {timeout:?}"));
        }
        error => return DestinationError::transient(format!("{address} cannot {what}: the connection broke: {error}")),
    };
    let said = shown(&status.error_message);
    match status.status_code {
        StatusCode::NoSuchFile => DestinationError::permanent(format!(
            "{address} cannot {what}: there is no such folder ({said}); have it made, or correct `to`"
        )),
        StatusCode::PermissionDenied => DestinationError::permanent(format!(
            "{address} cannot {what}: the user may not ({said}); have the server's operator allow it"
        )),
        StatusCode::OpUnsupported => {
            DestinationError::permanent(format!("{address} cannot {what}: the server does not support it ({said})"))
        }
        // What version 3 of the protocol has one code for.
        _ => DestinationError::transient(format!(
            "{address} cannot {what}: the server says {said}; its disk or the user's quota may be full"
        )),
    }
}

/// A write failed.
pub(super) fn of_write(destination: &Sftp, part: &str, error: &io::Error, closed: bool) -> DestinationError {
    if let Some(told) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return of_sftp(destination, &format!("write `{part}`"), told);
    }
    let address = &destination.address;
    let said = shown(&error.to_string());
    if closed {
        return DestinationError::transient(format!("{address} cannot write `{part}`: the connection broke ({said})"));
    }
    DestinationError::transient(format!(
        "{address} cannot write `{part}`: the server says {said}; its disk or the user's quota may be full"
    ))
}
