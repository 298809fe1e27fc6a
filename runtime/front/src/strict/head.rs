//! The head of a request, held against RFC 9112 before any parser sees it.
//!
//! hyper forgives what others read differently: line ends without CR, several `Host`s or none, `Content-Length` beside
//! `Transfer-Encoding`. Where two readers of one stream disagree, what one takes for a body is a request to the other.

use axum::http::StatusCode;

/// The most bytes of a head.
pub(super) const LONGEST: usize = 32 * 1024;
/// The most bytes of a request line.
const LONGEST_LINE: usize = 8 * 1024;
/// The most fields of a head.
const MOST_FIELDS: usize = 100;
/// The field that carries a refusal on to the service. Nobody outside may send it.
pub(super) const FIELD: &str = "tradewire-malformed";

macro_rules! malformed {
    ($($(#[doc = $doc:literal])* $name:ident = $status:ident, $text:literal;)*) => {
        /// Why a request is none of HTTP/1.1.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Malformed { $($(#[doc = $doc])* $name,)* }

        impl Malformed {
            const ALL: &'static [Malformed] = &[$(Malformed::$name,)*];

            /// What it is answered with.
            pub fn status(self) -> StatusCode {
                match self { $(Malformed::$name => StatusCode::$status,)* }
            }

            /// What is wrong and what to do.
            pub fn text(self) -> &'static str {
                match self { $(Malformed::$name => $text,)* }
            }
        }
    };
}

malformed! {
    /// A line ends without CR.
    LineEnd = BAD_REQUEST, "a line does not end with CR LF: end each with both (RFC 9112, section 2.2)";
    /// Not `method SP target SP version`.
    RequestLine = BAD_REQUEST, "the request line is not a method, a target and a version with one blank between (RFC 9112, section 3)";
    /// Neither a path nor an address.
    Target = BAD_REQUEST, "the target of the request is neither a path nor an http address (RFC 9112, section 3.2)";
    /// Of another HTTP.
    Version = HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 and HTTP/1.0 are spoken here";
    /// A field goes on in the next line.
    Folded = BAD_REQUEST, "a header goes on in the next line: write each in one line (RFC 9112, section 5.2)";
    /// No `name: value`.
    Field = BAD_REQUEST, "a header is not a name, a colon and a value of printable characters (RFC 9112, section 5)";
    /// Not exactly one `Host`.
    Hosts = BAD_REQUEST, "there is not exactly one `Host` header (RFC 9112, section 3.2)";
    /// A `Host` that is none.
    Host = BAD_REQUEST, "the `Host` header is not a host, with or without a port (RFC 9112, section 3.2)";
    /// A length that is none, or several.
    Length = BAD_REQUEST, "the `Content-Length` is not one whole number (RFC 9112, section 6.3)";
    /// Two framings.
    Framing = BAD_REQUEST, "`Content-Length` and `Transfer-Encoding` contradict each other: send one (RFC 9112, section 6.3)";
    /// Another coding than `chunked`.
    Coding = NOT_IMPLEMENTED, "the only `Transfer-Encoding` here is one `chunked`, in HTTP/1.1 (RFC 9112, section 6.1)";
    /// Another expectation than `100-continue`.
    Expectation = EXPECTATION_FAILED, "the only `Expect` here is `100-continue`";
    /// The request line is too long.
    LongTarget = URI_TOO_LONG, "the request line is longer than 8 KiB";
    /// The head is too long.
    LongHead = REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is longer than 32 KiB or has more than 100 headers";
    /// A chunk that is none.
    Chunk = BAD_REQUEST, "the chunks of the body are not as RFC 9112, section 7.1, says";
}

impl Malformed {
    /// What stands in [`FIELD`].
    pub(super) fn number(self) -> usize {
        Malformed::ALL.iter().position(|other| *other == self).unwrap_or_default()
    }

    pub(super) fn numbered(number: usize) -> Option<Malformed> {
        Malformed::ALL.get(number).copied()
    }
}

/// How the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// By chunks.
    Chunked,
}

/// Checks a head, from its request line to the empty line. Each line is known to end with CR LF.
pub(super) fn check(head: &[u8]) -> Result<Framing, Malformed> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_latest = request_line(lines.next().unwrap_or_default())?;
    let (mut hosts, mut length, mut chunked, mut fields) = (0, None, false, 0);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = field(line)?;
        fields += 1;
        if fields > MOST_FIELDS {
            return Err(Malformed::LongHead);
        }
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("host") {
            hosts += 1;
            host(value)?;
        } else if is("content-length") {
            // Two that agree may be what one before us has made of two that did not.
            if length.replace(whole_number(value)?).is_some() {
                return Err(Malformed::Length);
            }
        } else if is("transfer-encoding") {
            if chunked || !is_latest || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed::Coding);
            }
            chunked = true;
        } else if is("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Malformed::Expectation);
            }
        } else if is(FIELD) {
            return Err(Malformed::Field);
        }
    }
    if hosts > 1 || (hosts == 0 && is_latest) {
        return Err(Malformed::Hosts);
    }
    match (length, chunked) {
        (Some(_), true) => Err(Malformed::Framing),
        (_, true) => Ok(Framing::Chunked),
        (length, false) => Ok(Framing::Length(length.unwrap_or_default())),
    }
}

/// Whether the version is 1.1.
fn request_line(line: &[u8]) -> Result<bool, Malformed> {
    if line.len() > LONGEST_LINE {
        return Err(Malformed::LongTarget);
    }
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed::RequestLine);
    };
    if !is_token(method) {
        return Err(Malformed::RequestLine);
    }
    let is_latest = match version {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        _ if version.starts_with(b"HTTP/") => return Err(Malformed::Version),
        _ => return Err(Malformed::RequestLine),
    };
    // What is not ASCII, and a fragment, have to be escaped.
    if target.is_empty() || !target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
        return Err(Malformed::Target);
    }
    let authority = ["http://", "https://"].iter().find_map(|scheme| strip_prefix(target, scheme));
    match (target[0], authority) {
        (b'/', _) => Ok(is_latest),
        (_, Some(rest)) => {
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
            host(&rest[..end]).map(|()| is_latest).map_err(|_| Malformed::Target)
        }
        (b'*', _) if target == b"*" && method == b"OPTIONS" => Ok(is_latest),
        _ => Err(Malformed::Target),
    }
}

fn strip_prefix<'t>(text: &'t [u8], prefix: &str) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

/// The name and the value of a field.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(Malformed::Folded);
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or(Malformed::Field)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_printable = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    if !is_token(name) || !value.iter().all(is_printable) {
        return Err(Malformed::Field);
    }
    Ok((name, value.trim_ascii()))
}

fn is_token(text: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_tchar)
}

/// Digits alone: no sign, no list.
fn whole_number(text: &[u8]) -> Result<u64, Malformed> {
    let is_number = !text.is_empty() && text.len() <= 18 && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().filter(|_| is_number).and_then(|text| text.parse().ok());
    number.ok_or(Malformed::Length)
}

/// A name or an address, and a port or none. No user, no path.
fn host(text: &[u8]) -> Result<(), Malformed> {
    let (name, port) = match text.first() {
        Some(b'[') => {
            let end = text.iter().position(|byte| *byte == b']').ok_or(Malformed::Host)?;
            let address = std::str::from_utf8(&text[1..end]).ok();
            address.and_then(|text| text.parse::<std::net::Ipv6Addr>().ok()).ok_or(Malformed::Host)?;
            (&text[..end], &text[end + 1..])
        }
        _ => text.split_at(text.iter().position(|byte| *byte == b':').unwrap_or(text.len())),
    };
    let is_in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
    let is_name = !name.is_empty() && (name[0] == b'[' || name.iter().all(is_in_name));
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if is_name && is_port { Ok(()) } else { Err(Malformed::Host) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(head: &str) -> Result<Framing, Malformed> {
        check(format!("{}\r\n\r\n", head.replace('\n', "\r\n")).as_bytes())
    }

    #[test]
    fn what_is_http_is_taken_with_how_its_body_ends() {
        for (head, framing) in [
            ("GET /health HTTP/1.1\nhost: a", Framing::Length(0)),
            ("GET http://a:80/health?x HTTP/1.1\nHost:a:8080", Framing::Length(0)),
            ("OPTIONS * HTTP/1.1\nhost: [::1]:80\n", Framing::Length(0)),
            ("GET / HTTP/1.0", Framing::Length(0)),
            ("POST / HTTP/1.1\nhost: a\ncontent-length:  12 ", Framing::Length(12)),
            ("POST / HTTP/1.1\nhost: a\nTransfer-Encoding: Chunked\nExpect: 100-Continue", Framing::Chunked),
            ("POST / HTTP/1.1\nhost: a.b-c\nx-name: J\u{e9}r\u{f4}me\t!", Framing::Length(0)),
        ] {
            assert_eq!(told(head), Ok(framing), "{head}");
        }
    }

    #[test]
    fn what_others_may_read_differently_is_refused() {
        use Malformed::*;
        let long = format!("GET /{} HTTP/1.1\nhost: a", "x".repeat(9000));
        let many = format!("GET / HTTP/1.1\nhost: a{}", "\nx: y".repeat(100));
        for (head, fault) in [
            ("GET  / HTTP/1.1\nhost: a", RequestLine),
            ("GET /\nhost: a", RequestLine),
            ("G(T / HTTP/1.1\nhost: a", RequestLine),
            ("GET / HTTP/1.1 \nhost: a", RequestLine),
            ("GET /\u{e9} HTTP/1.1\nhost: a", Target),
            ("GET /#x HTTP/1.1\nhost: a", Target),
            ("GET health HTTP/1.1\nhost: a", Target),
            ("GET * HTTP/1.1\nhost: a", Target),
            ("CONNECT a:443 HTTP/1.1\nhost: a", Target),
            ("GET http:///x HTTP/1.1\nhost: a", Target),
            ("GET http://u@a/x HTTP/1.1\nhost: a", Target),
            ("GET / HTTP/2.0\nhost: a", Version),
            ("GET / http/1.1\nhost: a", RequestLine),
            ("GET / HTTP/1.1", Hosts),
            ("GET / HTTP/1.1\nhost: a\nHost: a", Hosts),
            ("GET / HTTP/1.0\nhost: a\nHost: a", Hosts),
            ("GET / HTTP/1.1\nhost:", Host),
            ("GET / HTTP/1.1\nhost: a, b", Host),
            ("GET / HTTP/1.1\nhost: u@a", Host),
            ("GET / HTTP/1.1\nhost: a/b", Host),
            ("GET / HTTP/1.1\nhost: a:80:80", Host),
            ("GET / HTTP/1.1\nhost: [a]", Host),
            ("GET / HTTP/1.1\nhost: a\n  folded", Folded),
            ("GET / HTTP/1.1\n folded: b\nhost: a", Folded),
            ("GET / HTTP/1.1\nhost : a", Field),
            ("GET / HTTP/1.1\nhost: a\nnothing", Field),
            ("GET / HTTP/1.1\nhost: a\n: x", Field),
            ("GET / HTTP/1.1\nhost: a\nx: a\u{0}b", Field),
            ("GET / HTTP/1.1\nhost: a\nx: a\rb", Field),
            ("GET / HTTP/1.1\nhost: a\nTradewire-Malformed: 1", Field),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: 1\ncontent-length: 1", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: 1, 1", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: +1", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: 0x1", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length:", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: 9999999999999999999", Length),
            ("POST / HTTP/1.1\nhost: a\ncontent-length: 1\ntransfer-encoding: chunked", Framing),
            ("POST / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\ncontent-length: 1", Framing),
            ("POST / HTTP/1.1\nhost: a\ntransfer-encoding: gzip, chunked", Coding),
            ("POST / HTTP/1.1\nhost: a\ntransfer-encoding: chunked\ntransfer-encoding: chunked", Coding),
            ("POST / HTTP/1.1\nhost: a\ntransfer-encoding: identity", Coding),
            ("POST / HTTP/1.0\nhost: a\ntransfer-encoding: chunked", Coding),
            ("POST / HTTP/1.1\nhost: a\nexpect: 200-ok", Expectation),
            (&long, LongTarget),
            (&many, LongHead),
        ] {
            assert_eq!(told(head), Err(fault), "{head}");
        }
    }

    #[test]
    fn a_refusal_is_known_by_its_number() {
        for fault in Malformed::ALL {
            assert_eq!(Malformed::numbered(fault.number()), Some(*fault));
        }
    }
}
