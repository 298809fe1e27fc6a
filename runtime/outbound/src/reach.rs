//! Where a client may go.

use std::fmt;

use url::Url;

use crate::address::{Kind, kind, this_machine};

/// A scheme, a host and a port: what a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// That of an address; none where it is of no `http` and no `https`.
    pub fn of(url: &Url) -> Option<Origin> {
        let scheme = Some(url.scheme()).filter(|scheme| matches!(*scheme, "http" | "https"))?;
        // A dot at the end names the same host.
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        Some(Origin { scheme: scheme.to_owned(), host, port: url.port_or_known_default()? })
    }

    /// Reads what a configuration names: `api.vendor.example`, with a port where it has one of its own, or an address
    /// without a path. `https` unless it says `http://`.
    pub fn parse(text: &str) -> Option<Origin> {
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("https://{text}")) }.ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none() && !text.contains(['@', '\\']);
        if bare && nobody && !text.ends_with('/') { Origin::of(&url) } else { None }
    }

    /// Whether it is spoken to without TLS.
    pub fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// Whether it is of this machine, so that nobody is in between.
    pub fn is_this_machine(&self) -> bool {
        Url::parse(&format!("{}://{}", self.scheme, self.host)).is_ok_and(|url| this_machine(&url))
    }
}

/// As [`Origin::parse`] reads it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.scheme, self.port) {
            ("https", 443) => f.write_str(&self.host),
            ("https", port) => write!(f, "{}:{port}", self.host),
            (scheme, 80) => write!(f, "{scheme}://{}", self.host),
            (scheme, port) => write!(f, "{scheme}://{}:{port}", self.host),
        }
    }
}

/// Where a client may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    named: Vec<Origin>,
    domains: Vec<String>,
    strangers: Option<Strangers>,
}

/// Whom else, whom nobody has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Strangers {
    this_machine: bool,
}

impl Reach {
    /// To these origins, which somebody has named who may.
    pub fn to(named: impl IntoIterator<Item = Origin>) -> Reach {
        Reach { named: named.into_iter().collect(), ..Reach::default() }
    }

    /// And to whatever is below a domain, by TLS.
    #[must_use]
    pub fn and_below(mut self, domain: &str) -> Reach {
        self.domains.push(domain.to_ascii_lowercase());
        self
    }

    /// And to any host of the internet by TLS: where ServiceTitan's files are, is for its API to say. With
    /// `this_machine` those of this machine as well, as a sandbox names them.
    #[must_use]
    pub fn and_strangers(mut self, this_machine: bool) -> Reach {
        self.strangers = Some(Strangers { this_machine });
        self
    }

    /// The origins that were named.
    pub fn named(&self) -> &[Origin] {
        &self.named
    }

    /// Whether all of it is this machine.
    pub(crate) fn stays_here(&self) -> bool {
        self.domains.is_empty() && self.named.iter().all(Origin::is_this_machine)
    }

    /// Whether none of it speaks TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.domains.is_empty() && !self.named.is_empty() && self.named.iter().all(Origin::is_plain)
    }

    fn is_below(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
    }

    /// Whether a request may be sent to an address, as far as the address itself tells.
    pub(crate) fn allows(&self, url: &Url) -> Result<(), String> {
        let origin = Origin::of(url).ok_or_else(|| "it is no address of a web server".to_owned())?;
        if self.named.contains(&origin) || !origin.is_plain() && self.is_below(&origin.host) {
            return Ok(());
        }
        let Some(strangers) = self.strangers else {
            let others = self.named.iter().map(|origin| format!("`{origin}`")).collect::<Vec<_>>().join(", ");
            return Err(format!("`{origin}` is not where the configuration says ({others})"));
        };
        if this_machine(url) {
            let told = || format!("`{origin}` is {}, which nobody has named", Kind::Loopback.told());
            return if strangers.this_machine { Ok(()) } else { Err(told()) };
        }
        if origin.is_plain() {
            return Err(format!("`{origin}` is without TLS, which nobody has asked for"));
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        match address.map(kind) {
            None | Some(Kind::Public) => Ok(()),
            Some(kind) => Err(format!("`{origin}` is {}, which nobody has named", kind.told())),
        }
    }

    /// Whether what a name resolves to may be connected to. A host that was named may be wherever its operator has put
    /// it; but what is on the wire alone, where clouds keep keys, is what nobody names by a name.
    pub(crate) fn allows_address(&self, host: &str, kind: Kind) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let named = self.named.iter().any(|origin| origin.host == host) || self.is_below(&host);
        match kind {
            Kind::Public => true,
            Kind::Private => named,
            Kind::Loopback => named || self.strangers.is_some_and(|strangers| strangers.this_machine),
            Kind::LinkLocal | Kind::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn what_a_configuration_names_is_read_and_written_alike() {
        for (written, shown) in [
            ("api.vendor.example", "api.vendor.example"),
            ("API.vendor.example:443", "api.vendor.example"),
            ("https://api.vendor.example:8443", "api.vendor.example:8443"),
            ("http://vendor.example", "http://vendor.example"),
            ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
            ("[::1]:8443", "[::1]:8443"),
        ] {
            assert_eq!(origin(written).to_string(), shown);
            assert_eq!(origin(shown), origin(written));
        }
        for written in ["", "a b", "x/path", "https://x/", "user@x", "https://u:p@x", "ftp://x", "x?y", "x#y", "a\\b"] {
            assert_eq!(Origin::parse(written), None, "{written}");
        }
    }

    #[test]
    fn only_what_was_named_is_reached_whatever_looks_like_it() {
        let reach = Reach::to([origin("vendor.example"), origin("http://127.0.0.1:8123")]);
        for url in ["https://vendor.example/x", "https://VENDOR.example.:443/", "http://127.0.0.1:8123/"] {
            reach.allows(&url.parse().unwrap()).unwrap();
        }
        for url in [
            "http://vendor.example/",
            "https://vendor.example:444/",
            "https://vendor.example.evil.example/",
            "https://vendor.example@evil.example/",
            "https://evil.example/vendor.example",
            "https://xvendor.example/",
            "http://127.0.0.1:8124/",
            "http://localhost:8123/",
            "file:///etc/passwd",
        ] {
            assert!(reach.allows(&url.parse().unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn a_stranger_is_on_the_internet_and_speaks_tls() {
        let reach = Reach::to([origin("api.example")]).and_strangers(false);
        reach.allows(&"https://storage.example/file?sig=x".parse().unwrap()).unwrap();
        for url in [
            "http://storage.example/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
            "https://0x7f.1/",
        ] {
            assert!(reach.allows(&url.parse().unwrap()).is_err(), "{url}");
        }
        let sandbox = Reach::to([origin("http://127.0.0.1:1")]).and_strangers(true);
        sandbox.allows(&"http://localhost:99/file".parse().unwrap()).unwrap();
        assert!(sandbox.allows(&"https://10.0.0.1/".parse().unwrap()).is_err());
    }

    #[test]
    fn a_bucket_is_below_its_domain() {
        let reach = Reach::default().and_below("amazonaws.com");
        reach.allows(&"https://bucket.s3.us-east-1.amazonaws.com/x".parse().unwrap()).unwrap();
        for url in ["http://b.s3.amazonaws.com/", "https://evilamazonaws.com/", "https://amazonaws.com.evil.example/"] {
            assert!(reach.allows(&url.parse().unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn a_name_leads_to_a_private_address_only_where_it_was_named_and_never_to_the_wire() {
        let reach = Reach::to([origin("erp.internal")]).and_strangers(false);
        for (host, kind, is) in [
            ("erp.internal", Kind::Private, true),
            ("ERP.internal.", Kind::Loopback, true),
            ("erp.internal", Kind::LinkLocal, false),
            ("storage.example", Kind::Public, true),
            ("storage.example", Kind::Private, false),
            ("storage.example", Kind::Loopback, false),
            ("storage.example", Kind::LinkLocal, false),
            ("storage.example", Kind::Other, false),
        ] {
            assert_eq!(reach.allows_address(host, kind), is, "{host} {kind:?}");
        }
    }
}
