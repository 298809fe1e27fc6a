//! Servers that do everything wrong, and the suite that every client is put through.
//!
//! A client is given as a closure that does with an address what the product does with it, and says what came of it.
//! Whatever a server does, the client ends in time, takes no more than it has room for, says in one line what happened,
//! tells nobody else what it was told, and believes nothing that was not said.

mod server;

pub use server::{Hostile, Server};

use std::time::{Duration, Instant};

use crate::Use;

/// What is in every request of the suite that nobody but the server may see: whoever puts a client through puts it where
/// the client keeps its secret.
pub const SECRET: &str = "s3cr3t-Of-The-Suite";

/// What came of an exchange.
pub type Outcome = Result<(), String>;

/// The bounds that a client says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The longest that an exchange may take, tries and all.
    pub time: Duration,
    /// The most bytes that it may take from a server, besides what lies in buffers of the way.
    pub bytes: u64,
}

/// What lies in sockets and buffers on the way, and comes until a connection that is given up is closed: strangers' are
/// closed by threads that come after all others.
const ON_THE_WAY: u64 = 24 << 20;

/// Puts a client through all that servers can do. `exchange` is given the server's address.
///
/// # Panics
/// Where the client does not hold out; the message says against what.
pub async fn suite<F>(usage: Use, bounds: Bounds, mut exchange: impl FnMut(String) -> F)
where
    F: Future<Output = Outcome>,
{
    for hostile in Hostile::ALL {
        let server = Server::start(*hostile).await;
        let start = Instant::now();
        let outcome = tokio::time::timeout(bounds.time * 2, exchange(server.url.clone())).await;
        let took = start.elapsed();
        let context = format!("{usage} against {hostile:?}, after {took:?}");
        let Ok(outcome) = outcome else { panic!("{context}: it does not end") };
        assert!(took <= bounds.time, "{context}: it takes longer than {:?}", bounds.time);
        let sent = server.sent();
        // Answers that only announce another are thrown away as they come: there it is the time that bounds.
        let kept = *hostile != Hostile::EndlessInterim;
        assert!(!kept || sent <= bounds.bytes + ON_THE_WAY, "{context}: it took {sent} bytes");
        // Where a file is, ServiceTitan's API says; it is asked for there without a key.
        let stays = usage != Use::ServiceTitanFiles;
        assert!(!stays || server.strangers() == 0, "{context}: it went to somebody else");
        match outcome {
            Ok(()) => assert!(may_succeed(usage, *hostile), "{context}: it believes the server"),
            Err(told) => {
                assert!(!told.is_empty() && told.len() < 2_000, "{context}: {told}");
                assert!(!told.contains(SECRET), "{context}: it tells the secret: {told}");
                assert!(!told.contains(char::is_control), "{context}: it passes on what a terminal obeys: {told:?}");
            }
        }
    }
}

/// Whether what a server says is a success all the same: a receiver of files that answers 200 has taken the file,
/// whatever follows; a file may be of any length, and its reader says how much of it is taken.
fn may_succeed(usage: Use, hostile: Hostile) -> bool {
    let head_alone = matches!(
        hostile,
        Hostile::EndlessBody
            | Hostile::ChunkedWithoutEnd
            | Hostile::ChunkedHuge
            | Hostile::SlowDrip
            | Hostile::StallAfterHead
            | Hostile::Announced
            | Hostile::CutShort
            | Hostile::GzipBomb
    );
    match usage {
        Use::HttpDelivery => head_alone || matches!(hostile, Hostile::Nothing | Hostile::Page),
        Use::ServiceTitanFiles => matches!(
            hostile,
            Hostile::EndlessBody
                | Hostile::ChunkedWithoutEnd
                | Hostile::Announced
                | Hostile::GzipBomb
                | Hostile::MovedAway
                | Hostile::SeeOtherAway
                | Hostile::TemporaryAway
                | Hostile::Page
        ),
        // A vendor may do what it is asked without a word.
        Use::Vendor => hostile == Hostile::Nothing,
        Use::ServiceTitan | Use::ServiceTitanTokens | Use::VendorTokens | Use::S3Delivery => false,
    }
}
