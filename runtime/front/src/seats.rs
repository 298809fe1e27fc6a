//! How many connections there are, and which of them gives way.
//!
//! A connection waits until somebody on it has proven who they are: it idles, sends its head, or a body that nobody vouches
//! for. Where there is no room for a new one, the one that has waited longest is ended; so neither idle nor slow ones keep
//! anybody out. One that is proven is never ended. Not all may be proven at a time, so that what only asks for health finds
//! a place always; and of those that may, nobody has more than are left: a key lets its holder in, and keeps no other out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many more there may be for a moment, until those that gave way are gone.
const LEAVING: usize = 8;

/// Where a connection comes from, as far as it counts as one: of IPv6 the network, in which addresses cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Address {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                Address(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))))
            }
            address => Address(address),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V6(address) if !address.is_loopback() => write!(f, "{address}/64"),
            address => write!(f, "{address}"),
        }
    }
}

/// The places of all connections.
pub(crate) struct Seats {
    most: usize,
    /// How many of them those of one address may hold that wait.
    per_address: usize,
    /// How many may be proven at a time.
    most_proven: usize,
    ledger: Mutex<Ledger>,
    freed: Notify,
}

#[derive(Default)]
struct Ledger {
    next: u64,
    open: usize,
    proven: usize,
    /// Those that are proven, by who proved it.
    of_holders: HashMap<Arc<str>, usize>,
    /// Those that wait, the one that has waited longest first.
    waiting: BTreeMap<u64, (Address, CancellationToken)>,
    of_addresses: HashMap<Address, BTreeSet<u64>>,
}

impl Seats {
    pub fn new(most: usize) -> Arc<Seats> {
        let most = most.max(8);
        let (ledger, freed) = (Mutex::default(), Notify::new());
        Arc::new(Seats { most, per_address: (most / 2).max(4), most_proven: most - most / 8, ledger, freed })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from there. Where there is none, another gives way. Those of a proxy come from everywhere,
    /// and are not counted together.
    pub async fn take(self: &Arc<Self>, address: Address, is_proxy: bool) -> Seat {
        loop {
            let freed = self.freed.notified();
            if let Some(seat) = self.try_take(address, is_proxy) {
                return seat;
            }
            freed.await;
        }
    }

    /// Ends those that have waited since `last` at least; the number for the next time.
    pub fn end_waiting(&self, last: u64) -> u64 {
        let mut ledger = self.ledger();
        while let Some(oldest) = ledger.waiting.keys().next().copied().filter(|oldest| *oldest < last) {
            ledger.give_way(oldest);
        }
        ledger.next
    }

    fn try_take(self: &Arc<Self>, address: Address, is_proxy: bool) -> Option<Seat> {
        let mut ledger = self.ledger();
        let own = ledger.of_addresses.get(&address).filter(|own| !is_proxy && own.len() >= self.per_address);
        if let Some(oldest) = own.and_then(|own| own.first().copied()) {
            ledger.give_way(oldest);
        } else if ledger.open >= self.most
            && let Some(oldest) = ledger.waiting.keys().next().copied()
        {
            ledger.give_way(oldest);
        }
        if ledger.open >= self.most + LEAVING {
            return None;
        }
        ledger.open += 1;
        let ended = CancellationToken::new();
        let number = ledger.wait(address, ended.clone());
        Some(Seat { seats: self.clone(), address, ended, number: Mutex::new(Some(number)) })
    }
}

impl Ledger {
    fn wait(&mut self, address: Address, ended: CancellationToken) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, (address, ended));
        self.of_addresses.entry(address).or_default().insert(number);
        number
    }

    fn give_way(&mut self, number: u64) {
        if let Some(ended) = self.forget(number) {
            ended.cancel();
        }
    }

    /// Waits no more. None where it has given way.
    fn forget(&mut self, number: u64) -> Option<CancellationToken> {
        let (address, ended) = self.waiting.remove(&number)?;
        if let Some(own) = self.of_addresses.get_mut(&address) {
            own.remove(&number);
            if own.is_empty() {
                self.of_addresses.remove(&address);
            }
        }
        Some(ended)
    }
}

/// The place of a connection.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    address: Address,
    ended: CancellationToken,
    /// While it waits.
    number: Mutex<Option<u64>>,
}

impl Seat {
    /// Until it has to give way.
    pub async fn gives_way(&self) {
        self.ended.cancelled().await;
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that this holder is on it: until what this returns is dropped it gives way to nobody. None where it has given
    /// way already, or where what is left is for others.
    fn prove(self: &Arc<Self>, holder: &str) -> Option<Proven> {
        let (mut ledger, mut number) = (self.seats.ledger(), self.number());
        let own = ledger.of_holders.get(holder).copied().unwrap_or_default();
        // As much is left for the next as the one who has most has: however many come, each finds something.
        if own >= self.seats.most_proven.saturating_sub(ledger.proven) {
            return None;
        }
        ledger.forget((*number)?)?;
        *number = None;
        ledger.proven += 1;
        let holder: Arc<str> = holder.into();
        *ledger.of_holders.entry(holder.clone()).or_default() += 1;
        Some(Proven { seat: self.clone(), holder })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut ledger = self.seats.ledger();
        ledger.open -= 1;
        if let Some(number) = *self.number() {
            ledger.forget(number);
        }
        self.seats.freed.notify_one();
    }
}

/// A connection on which somebody has proven who they are, for as long as this lives.
pub struct Proven {
    seat: Arc<Seat>,
    holder: Arc<str>,
}

impl Drop for Proven {
    fn drop(&mut self) {
        let (mut ledger, mut number) = (self.seat.seats.ledger(), self.seat.number());
        ledger.proven -= 1;
        if let Some(own) = ledger.of_holders.get_mut(&self.holder) {
            *own -= 1;
            if *own == 0 {
                ledger.of_holders.remove(&self.holder);
            }
        }
        *number = Some(ledger.wait(self.seat.address, self.seat.ended.clone()));
    }
}

/// Where a request comes from: part of each request's extensions.
#[derive(Clone)]
pub struct Peer {
    pub(crate) address: Address,
    pub(crate) seat: Arc<Seat>,
}

impl Peer {
    /// The address, of a proxy the one that it names.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Notes that whoever sends this request has proven to be `holder`: until what this returns is dropped the connection
    /// gives way to no other. To be asked for once the body is there: whoever sends slowly waits like a stranger. None
    /// where what is left is for other holders.
    pub fn prove(&self, holder: &str) -> Option<Proven> {
        self.seat.prove(holder)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(last: u8) -> Address {
        Address::from(IpAddr::from([10, 0, 0, last]))
    }

    fn take(seats: &Arc<Seats>, last: u8) -> Arc<Seat> {
        Arc::new(seats.try_take(address(last), false).unwrap())
    }

    #[test]
    fn the_one_that_has_waited_longest_gives_way() {
        let seats = Seats::new(8);
        let all: Vec<_> = (0..8).map(|n| take(&seats, n)).collect();
        let proven = all[0].prove("a").unwrap();
        let _new = take(&seats, 9);
        assert!(!all[0].ended.is_cancelled() && all[1].ended.is_cancelled() && !all[2].ended.is_cancelled());
        assert!(all[1].prove("a").is_none(), "it has given way");
        drop(proven);
        let _new = take(&seats, 9);
        assert!(!all[0].ended.is_cancelled() && all[2].ended.is_cancelled(), "it waits again, since just now");
    }

    #[test]
    fn one_address_pushes_out_its_own() {
        let seats = Seats::new(16);
        let other = take(&seats, 1);
        let own: Vec<_> = (0..9).map(|_| take(&seats, 2)).collect();
        assert!(own[0].ended.is_cancelled() && !own[1].ended.is_cancelled() && !other.ended.is_cancelled());
        let behind: Vec<_> = (0..20).filter_map(|_| seats.try_take(address(3), true)).collect();
        assert!(behind.len() > 8, "those of a proxy are not counted together: {}", behind.len());
    }

    #[tokio::test]
    async fn not_all_may_be_proven_and_none_gets_in_while_all_are_there() {
        let seats = Seats::new(8);
        let mut all: Vec<_> = (0..8).map(|n| take(&seats, n)).collect();
        let proven: Vec<_> = all.iter().enumerate().filter_map(|(n, seat)| seat.prove(&n.to_string())).collect();
        assert_eq!(proven.len(), 7);
        let more: Vec<_> = (8..16).map(|n| take(&seats, n)).collect();
        assert!(all[7].ended.is_cancelled());
        assert!(seats.try_take(address(99), false).is_none());
        let waiting = seats.take(address(99), false);
        drop(all.pop());
        waiting.await;
        drop((proven, all, more));
        let ledger = seats.ledger();
        assert!(ledger.of_holders.is_empty());
        assert_eq!((ledger.open, ledger.proven, ledger.waiting.len(), ledger.of_addresses.len()), (0, 0, 0, 0));
    }

    #[test]
    fn whoever_has_a_key_leaves_something_to_each_of_the_others() {
        let seats = Seats::new(64);
        let all: Vec<_> = (0..64).map(|n| take(&seats, n)).collect();
        let mut left = all.iter();
        let mut fill = |holder: &str| {
            let mut all = Vec::new();
            while let Some(proven) = left.as_slice().first().and_then(|seat| seat.prove(holder)) {
                all.push(proven);
                left.next();
            }
            all
        };
        let (one, other, third) = (fill("one"), fill("other"), fill("webhook `jobs`"));
        assert_eq!((one.len(), other.len(), third.len()), (28, 14, 7));
        drop(one);
        assert_eq!(fill("other").len(), 11, "what is free again is for all");
    }

    #[test]
    fn those_that_have_waited_since_the_last_time_are_ended() {
        let seats = Seats::new(8);
        let (one, other) = (take(&seats, 1), take(&seats, 2));
        let proven = one.prove("a").unwrap();
        let last = seats.end_waiting(0);
        assert!(!one.ended.is_cancelled() && !other.ended.is_cancelled());
        drop(proven);
        let later = seats.end_waiting(last);
        assert!(!one.ended.is_cancelled() && other.ended.is_cancelled(), "it is being answered until just now");
        seats.end_waiting(later);
        assert!(one.ended.is_cancelled());
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let of = |text: &str| Address::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_eq!(of("2001:db8::1").to_string(), "2001:db8::/64");
    }
}
