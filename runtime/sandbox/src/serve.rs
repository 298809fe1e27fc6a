//! Serving.
use std::net::SocketAddr;

use crate::{Error, Options};

/// A sandbox.
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that serves; dropped, it goes on until the process ends.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
}

impl Sandbox {
    /// Serves on an address; port 0 takes a free one.
    pub async fn start(_options: Options, addr: SocketAddr) -> Result<Running, Error> {
        Ok(Running { addr })
    }
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address for clients: `http://127.0.0.1:8123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Ends it: no new calls; those that go on are answered.
    pub async fn stop(self) {}
}
