//! Which addresses are whose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The internet.
    Public,
    /// A network of its own.
    Private,
    /// This machine.
    Loopback,
    /// The wire that this machine is at, where clouds keep what they tell machines, keys among it.
    LinkLocal,
    /// Nothing that a connection goes to: unspecified, of many, reserved.
    Other,
}

impl Kind {
    /// `a private address`
    pub fn told(self) -> &'static str {
        match self {
            Kind::Public => "a public address",
            Kind::Private => "a private address",
            Kind::Loopback => "this machine",
            Kind::LinkLocal => "a link-local address",
            Kind::Other => "no address of a host",
        }
    }
}

/// What an address is of. An IPv6 address that carries one of IPv4 is what that is.
pub fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

fn of_v4(address: Ipv4Addr) -> Kind {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Kind::Loopback,
        (169, 254, _) => Kind::LinkLocal,
        // RFC 1918, and what carriers share (RFC 6598).
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Kind::Private,
        // This network, protocol assignments, documentation, benchmarks, multicast and what is reserved.
        (0, ..) | (192, 0, 0 | 2) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) | (224.., ..) => Kind::Other,
        _ => Kind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Kind {
    let segments = address.segments();
    let [a, b, c, d, e, f, high, low] = segments;
    let [w, x] = high.to_be_bytes();
    let [y, z] = low.to_be_bytes();
    let carried = Ipv4Addr::new(w, x, y, z);
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Other,
        // Mapped, translated (RFC 6052) and the old compatible form.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0, ..] => of_v4(carried),
        // What Amazon's clouds tell machines.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Kind::LinkLocal,
        // 6to4 carries it further up.
        [0x2002, ..] => {
            let ([w, x], [y, z]) = (b.to_be_bytes(), c.to_be_bytes());
            of_v4(Ipv4Addr::new(w, x, y, z))
        }
        _ if a & 0xffc0 == 0xfe80 => Kind::LinkLocal,
        _ if a & 0xfe00 == 0xfc00 || a & 0xffc0 == 0xfec0 => Kind::Private,
        // A local translation prefix (RFC 8215), Teredo, documentation; what is not of 2000::/3 at all.
        _ if (a, b) == (0x64, 0xff9b) || (a, b) == (0x2001, 0) || (a, b) == (0x2001, 0xdb8) => Kind::Other,
        _ if a & 0xe000 == 0x2000 => Kind::Public,
        _ => {
            let _ = (d, e, f);
            Kind::Other
        }
    }
}

/// Whether an address is of this machine, so that nobody is in between.
pub fn this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => kind(address.into()) == Kind::Loopback,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_what_it_is_in_every_form() {
        for (kind, addresses) in [
            (
                Kind::Public,
                &["8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1", "64:ff9b::808:808", "2002:808:808::"][..],
            ),
            (
                Kind::Private,
                &[
                    "10.0.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "fd12::1",
                    "fec0::1",
                    "::ffff:10.0.0.1",
                    "64:ff9b::a00:1",
                    "2002:a00:1::",
                    "::10.0.0.1",
                ],
            ),
            (Kind::Loopback, &["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]),
            (Kind::LinkLocal, &["169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.169.254", "fd00:ec2::254"]),
            (
                Kind::Other,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "::",
                    "224.0.0.1",
                    "255.255.255.255",
                    "ff02::1",
                    "2001:db8::1",
                    "2001::1",
                    "64:ff9b:1::1",
                    "203.0.113.9",
                    "4000::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(super::kind(address.parse().unwrap()), kind, "{address}");
            }
        }
    }

    #[test]
    fn only_what_is_of_this_machine_is_called_so() {
        for (url, is) in [
            ("http://localhost:1", true),
            ("http://127.1/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://x.localhost/", true),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://0.0.0.0/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(this_machine(&url.parse().unwrap()), is, "{url}");
        }
    }
}
