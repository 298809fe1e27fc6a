//! Bodies while they arrive: how long each may be, how slow, and how much of all of them is held at a time.
//!
//! The first 64 KiB of each body are held without asking, as many as there are connections: so nothing that others send
//! keeps an event out, which is far smaller. What is longer shares one budget, of which nobody has all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// How long a body may take to arrive, and how long nothing of it may come.
const SLOWEST: Duration = Duration::from_secs(30);
const STALLED: Duration = Duration::from_secs(10);
/// What each body may hold without asking.
const FREE: u64 = 64 * 1024;

/// Receives bodies. Nobody takes a place meanwhile, which those who send a byte a second would keep from all others.
pub struct Arrivals {
    most: usize,
    /// Bytes that all of them may hold together.
    budget: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: u64,
    of_each: HashMap<String, u64>,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotArrived {
    /// It is too long.
    #[error("the body is longer than {0} bytes, which is the most (`body` of `[serve]`)")]
    TooLong(usize),
    /// It took too long.
    #[error("the body did not arrive within {} s", SLOWEST.as_secs())]
    TooSlow,
    /// Nothing came.
    #[error("nothing of the body came for {} s", STALLED.as_secs())]
    Stalled,
    /// Its end is missing, or it is no body.
    #[error("the body broke off{0}")]
    BrokenOff(String),
    /// Others hold what there is.
    #[error("as much is arriving as `at_once` and `body` of `[serve]` allow together; come again")]
    TooMuch,
}

impl NotArrived {
    /// What it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            NotArrived::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            NotArrived::TooSlow | NotArrived::Stalled => StatusCode::REQUEST_TIMEOUT,
            NotArrived::BrokenOff(_) => StatusCode::BAD_REQUEST,
            NotArrived::TooMuch => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Arrivals {
    /// Bodies of at most so many bytes, and at most as much of all as so many of these.
    pub fn new(most: u64, at_once: usize) -> Arrivals {
        let budget = most.saturating_mul(at_once as u64);
        Arrivals { most: usize::try_from(most).unwrap_or(usize::MAX), budget, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives a body for one of so many who share the budget; each piece is shown as it comes.
    pub async fn receive(
        self: &Arc<Self>,
        body: Body,
        (holder, sharers): (String, usize),
        seen: impl FnMut(&[u8]),
    ) -> Result<Vec<u8>, NotArrived> {
        if body.size_hint().lower() > self.most as u64 {
            return Err(NotArrived::TooLong(self.most));
        }
        // One alone may hold all; of several, one leaves something to the others, and room for one body of its own.
        let share = (self.budget / sharers.clamp(1, 4) as u64).max(self.most as u64);
        let holding = Holding { arrivals: self.clone(), holder, share, bytes: 0 };
        tokio::time::timeout(SLOWEST, self.whole(body, holding, seen)).await.unwrap_or(Err(NotArrived::TooSlow))
    }

    async fn whole(
        &self,
        body: Body,
        mut holding: Holding,
        mut seen: impl FnMut(&[u8]),
    ) -> Result<Vec<u8>, NotArrived> {
        let mut body = Limited::new(body, self.most);
        let mut bytes = Vec::new();
        loop {
            let frame = tokio::time::timeout(STALLED, body.frame()).await.map_err(|_| NotArrived::Stalled)?;
            let Some(frame) = frame else { return Ok(bytes) };
            let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                true => NotArrived::TooLong(self.most),
                false => NotArrived::BrokenOff(malformed(&*error)),
            })?;
            // Trailers are nothing to us.
            let Ok(piece) = frame.into_data() else { continue };
            seen(&piece);
            holding.grow(piece.len() as u64)?;
            if bytes.len() + piece.len() <= FREE as usize {
                // There are as many of these as connections: none of them holds room that it does not need.
                bytes.reserve_exact(piece.len());
            }
            bytes.extend_from_slice(&piece);
        }
    }
}

/// What [`Strict`](crate::strict::Strict) found, where that is why.
fn malformed(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let invalid = |error: &&std::io::Error| error.kind() == std::io::ErrorKind::InvalidData;
    let found = causes.filter_map(|error| error.downcast_ref::<std::io::Error>()).find(invalid);
    found.map(|error| format!(": {error}")).unwrap_or_default()
}

/// What a body holds of the budget while it arrives.
struct Holding {
    arrivals: Arc<Arrivals>,
    holder: String,
    share: u64,
    bytes: u64,
}

impl Holding {
    fn grow(&mut self, piece: u64) -> Result<(), NotArrived> {
        let before = self.bytes.saturating_sub(FREE);
        self.bytes += piece;
        let more = self.bytes.saturating_sub(FREE) - before;
        if more == 0 {
            return Ok(());
        }
        let mut held = self.arrivals.held();
        let own = held.of_each.get(&self.holder).copied().unwrap_or_default();
        if held.all + more > self.arrivals.budget || own + more > self.share {
            self.bytes -= piece;
            return Err(NotArrived::TooMuch);
        }
        held.all += more;
        *held.of_each.entry(self.holder.clone()).or_default() += more;
        Ok(())
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let bytes = self.bytes.saturating_sub(FREE);
        if bytes == 0 {
            return;
        }
        let mut held = self.arrivals.held();
        held.all -= bytes;
        if let Some(own) = held.of_each.get_mut(&self.holder) {
            *own -= bytes;
            if *own == 0 {
                held.of_each.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytes::Bytes;
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use std::convert::Infallible;
    use tokio::sync::mpsc;

    /// A body whose pieces come as they are sent.
    fn dripping() -> (mpsc::UnboundedSender<Vec<u8>>, Body) {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Vec<u8>>();
        let pieces = futures_of(move |cx| receiver.poll_recv(cx));
        (sender, Body::new(StreamBody::new(pieces)))
    }

    type Polled = std::task::Poll<Option<Vec<u8>>>;

    struct Pieces<F>(F);

    fn futures_of<F: FnMut(&mut std::task::Context<'_>) -> Polled + Unpin>(poll: F) -> Pieces<F> {
        Pieces(poll)
    }

    impl<F: FnMut(&mut std::task::Context<'_>) -> Polled + Unpin> futures_core::Stream for Pieces<F> {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            (self.0)(cx).map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from(piece)))))
        }
    }

    fn own(name: &str) -> (String, usize) {
        (name.to_owned(), 4)
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_of_one_leave_room_for_others_and_small_ones_always_arrive() {
        const MIB: usize = 1024 * 1024;
        let arrivals = Arc::new(Arrivals::new(MIB as u64, 8));
        let mut senders = Vec::new();
        let mut arriving = Vec::new();
        for _ in 0..12 {
            let (sender, body) = dripping();
            sender.send(vec![0; MIB - 1]).unwrap();
            senders.push(sender);
            let arrivals = arrivals.clone();
            arriving.push(tokio::spawn(async move { arrivals.receive(body, own("many"), |_| {}).await }));
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(arriving.iter().filter(|body| body.is_finished()).count(), 10, "a quarter is two bodies");
        let other = arrivals.receive(Body::from(vec![0; MIB]), own("other"), |_| {}).await;
        assert_eq!(other.unwrap().len(), MIB);
        let mut seen = 0;
        let small = arrivals.receive(Body::from(vec![0; 60_000]), own("many"), |piece| seen += piece.len()).await;
        assert_eq!((small.unwrap().len(), seen), (60_000, 60_000));
        let mut slow = 0;
        for body in arriving {
            slow += usize::from(matches!(body.await.unwrap(), Err(NotArrived::Stalled)));
        }
        assert_eq!(slow, 2);
        let held = arrivals.held();
        assert!(held.all == 0 && held.of_each.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_drips_is_ended_and_what_says_that_it_is_too_long_is_not_read() {
        let arrivals = Arc::new(Arrivals::new(1000, 8));
        let (sender, body) = dripping();
        tokio::spawn(async move {
            while sender.send(vec![0]).is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(matches!(arrivals.receive(body, own("a"), |_| {}).await, Err(NotArrived::TooSlow)));
        let long = arrivals.receive(Body::from(vec![0; 1001]), own("a"), |_| panic!("it is read")).await;
        assert!(matches!(long, Err(NotArrived::TooLong(1000))));
    }
}
