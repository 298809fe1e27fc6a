//! Deliveries to real servers, in this process or on this machine, that are well, down, full, slow and cut off.
#![allow(clippy::unwrap_used)]

mod folder;
mod http;
mod openpgp;
mod openssh;
mod s3;
mod s3_server;
mod settings;
mod sftp;
mod sftp_server;
mod support;
