//! Names are resolved once, and what is connected to are the addresses that were checked.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::address::{Kind, kind};
use crate::reach::Reach;

/// The addresses of a name, some time later.
pub type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// What knows the addresses of names.
pub trait Names: Send + Sync {
    /// The addresses of a name.
    fn find(&self, name: &str) -> Found;
}

/// What this machine's own resolver knows.
pub(crate) struct Machine;

impl Names for Machine {
    fn find(&self, name: &str) -> Found {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name is not connected to.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` is at {address}, {}", why(*kind))]
struct NotThere {
    name: String,
    address: IpAddr,
    kind: Kind,
}

fn why(kind: Kind) -> String {
    match kind {
        Kind::LinkLocal | Kind::Other => format!("{}, which a name may not lead to", kind.told()),
        _ => format!("{}, and the configuration does not name it", kind.told()),
    }
}

/// Resolves, and leaves out what may not be connected to.
pub(crate) struct Checked {
    names: Arc<dyn Names>,
    reach: Arc<Reach>,
    /// The hosts of the proxies that this process is told to use. Whoever runs it has named them.
    proxies: Vec<String>,
}

impl Checked {
    pub(crate) fn new(names: Arc<dyn Names>, reach: Arc<Reach>) -> Checked {
        Checked { names, reach, proxies: proxies() }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, name) = (Arc::clone(&self.reach), name.as_str().to_owned());
        let is_proxy = self.proxies.contains(&name);
        let found = self.names.find(&name);
        Box::pin(async move {
            let found = found.await?;
            let mut refused = None;
            let mut fine = Vec::with_capacity(found.len());
            for address in found {
                let kind = kind(address);
                if is_proxy || reach.allows_address(&name, kind) {
                    fine.push(SocketAddr::new(address, 0));
                } else {
                    refused = Some(NotThere { name: name.clone(), address, kind });
                }
            }
            match refused {
                Some(refused) if fine.is_empty() => Err(refused.into()),
                _ => Ok(Box::new(fine.into_iter()) as Addrs),
            }
        })
    }
}

/// The hosts that the environment names as proxies.
fn proxies() -> Vec<String> {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let values = names.iter().filter_map(|name| std::env::var(name).ok());
    values.filter_map(|value| proxy(&value)).collect()
}

fn proxy(value: &str) -> Option<String> {
    let url = if value.contains("://") { Url::parse(value) } else { Url::parse(&format!("http://{value}")) };
    url.ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::proxy;

    #[test]
    fn a_proxy_is_known_by_its_host() {
        for (value, host) in [
            ("http://proxy.corp:3128", Some("proxy.corp")),
            ("proxy.corp:3128", Some("proxy.corp")),
            ("http://user:pass@proxy.corp", Some("proxy.corp")),
            ("", None),
        ] {
            assert_eq!(proxy(value).as_deref(), host, "{value}");
        }
    }
}
