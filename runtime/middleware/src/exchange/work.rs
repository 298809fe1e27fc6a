//! The work of carrying calls: reading documents, checking and rendering them. It is done on threads for work, so many at
//! a time, and what documents become in memory is taken from one budget that all vendors share. Nothing is taken while
//! a vendor is waited for, so a call that waits for its share holds none of anybody else's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tradewire_workers::in_place;

use super::Trouble;

/// Work of at most so many bytes of memory is done where it comes up: it takes less time than handing it over.
const SMALL: usize = 64 << 10;
/// How many renderings of a vendor may wait for ServiceTitan.
const AT_ONCE: usize = 64;
/// What memory is counted by.
const UNIT: usize = 1 << 10;

/// Threads and memory for work.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// One for each [`UNIT`] of memory.
    memory: Arc<Semaphore>,
    all: u32,
    /// One for each processor: more would take from each other, and from those who answer the network.
    hands: Arc<Semaphore>,
    /// One for each rendering that may wait for ServiceTitan.
    waiting: Arc<Semaphore>,
    /// The most that a call may take, as it is told to whoever asked for more.
    pub(super) longest: Duration,
}

/// Memory that is taken until this is dropped.
#[derive(Debug, Default)]
pub(super) struct Held {
    _memory: Option<OwnedSemaphorePermit>,
}

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only calculates.
    Calculates,
    /// It may wait for ServiceTitan.
    Waits,
}

impl Default for Workshop {
    fn default() -> Self {
        Workshop::new(512 << 20)
    }
}

impl Workshop {
    /// One for so many bytes of documents, with a hand for each processor.
    #[must_use]
    pub fn new(memory: usize) -> Self {
        let all = u32::try_from(memory / UNIT).unwrap_or(u32::MAX).clamp(1, u32::MAX >> 4);
        let nobody = Arc::new(Semaphore::new(0));
        let memory = Arc::new(Semaphore::new(all as usize));
        Workshop { memory, all, hands: Arc::clone(&nobody), waiting: nobody, longest: Duration::ZERO }.for_another()
    }

    /// The same memory, with hands of its own: who keeps them busy keeps nobody else's.
    #[must_use]
    pub fn for_another(&self) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Workshop {
            hands: Arc::new(Semaphore::new(processors)),
            waiting: Arc::new(Semaphore::new(AT_ONCE)),
            ..self.clone()
        }
    }

    /// Takes memory for a document. One that is larger than all there is takes all, and so is alone.
    pub(super) async fn hold(&self, bytes: usize, ends: Instant) -> Result<Held, Trouble> {
        if bytes <= SMALL {
            return Ok(Held::default());
        }
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).min(self.all);
        let memory = timeout_at(ends, Arc::clone(&self.memory).acquire_many_owned(units)).await;
        match memory {
            Ok(Ok(memory)) => Ok(Held { _memory: Some(memory) }),
            _ => Err(busy("the memory that calls may take together is taken")),
        }
    }

    /// Does work on a document of so many bytes: here where it is small, else on a thread for work. Work that is begun
    /// is to end by itself; whoever waits for it waits no longer than the call may take.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        ends: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        if bytes <= SMALL { Ok(work()) } else { self.hand_over(Kind::Calculates, ends, work).await }
    }

    /// Does work on a document of so many bytes that is lent to it: where that is not small, others who answer the
    /// network go on elsewhere in the meantime.
    pub(super) async fn lend<T>(&self, bytes: usize, ends: Instant, work: impl FnOnce() -> T) -> Result<T, Trouble> {
        if bytes <= SMALL {
            return Ok(work());
        }
        match timeout_at(ends, self.hands.acquire()).await {
            Ok(Ok(_place)) => Ok(in_place(work)),
            _ => Err(busy("as much is being done for this vendor as this machine has processors")),
        }
    }

    /// Does work on a thread for work, whatever it takes.
    pub(super) async fn hand_over<T: Send + 'static>(
        &self,
        kind: Kind,
        ends: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let places = match kind {
            Kind::Calculates => &self.hands,
            Kind::Waits => &self.waiting,
        };
        let place = timeout_at(ends, Arc::clone(places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(busy("as much is being done for this vendor as this machine has processors"));
        };
        let working = tradewire_workers::work(move || {
            // It is free when the work is done, and not when nobody waits for it any more.
            let _place = place;
            work()
        });
        match timeout_at(ends, working).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Trouble::pack(format!("the work was stopped: {error}"))),
            Err(_) => Err(late(self.longest, "a document was being worked on")),
        }
    }
}

fn busy(what: &str) -> Trouble {
    Trouble::busy(format!("{what}, and was until the call had to end; come again, or with smaller documents"))
}

/// A call took longer than it may with all that it does.
pub(super) fn late(longest: Duration, meanwhile: &str) -> Trouble {
    let seconds = longest.as_secs_f32();
    let message = format!(
        "the call took longer than {seconds} s, which is the most for all its requests to the vendor together; {meanwhile}"
    );
    Trouble::vendor(message).with_status(504)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[tokio::test]
    async fn what_is_too_large_for_the_rest_waits_and_what_is_small_does_not() {
        let workshop = Workshop::new(1 << 20);
        let half = workshop.hold(600 << 10, soon()).await.unwrap();
        let told = workshop.hold(600 << 10, soon()).await.unwrap_err();
        assert_eq!(told.status(), 503);
        workshop.hold(300 << 10, soon()).await.unwrap();
        workshop.hold(SMALL, soon()).await.unwrap();
        drop(half);
        // More than all there is takes all.
        let all = workshop.hold(1 << 40, soon()).await.unwrap();
        assert!(workshop.hold(SMALL + UNIT, soon()).await.is_err());
        drop(all);
        workshop.hold(1 << 20, soon()).await.unwrap();
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_keeps_its_place_until_it_ends() {
        let workshop = Workshop::default();
        workshop.hands.forget_permits(workshop.hands.available_permits() - 1);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let told = workshop.work(SMALL + 1, soon(), move || ended.recv()).await.unwrap_err();
        assert_eq!(told.status(), 504);
        assert_eq!(workshop.work(SMALL + 1, soon(), || ()).await.unwrap_err().status(), 503);
        end.send(()).unwrap();
        let later = Instant::now() + Duration::from_secs(5);
        workshop.work(SMALL + 1, later, || ()).await.unwrap();
    }
}
