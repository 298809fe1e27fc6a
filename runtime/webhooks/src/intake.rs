//! What stores events: those that come at the same time together, since each transaction costs a write to the disk.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};
use tradewire_store::{Incoming, Store, StoreError, Stored};

/// The most events of one transaction, and the most that wait for it.
const AT_ONCE: usize = 256;

/// What stores the events of all webhooks. It ends when it is dropped, once what waits is stored.
pub struct Intake {
    waiting: mpsc::Sender<Waiting>,
}

struct Waiting {
    incoming: Incoming,
    answer: oneshot::Sender<Result<Stored, Arc<StoreError>>>,
}

impl Intake {
    /// Stores in this store and tells `queued` when slots have been queued. To be called within a runtime.
    pub fn start(store: Arc<dyn Store>, queued: Arc<Notify>) -> Intake {
        let (waiting, mut come) = mpsc::channel::<Waiting>(AT_ONCE);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(AT_ONCE);
            while come.recv_many(&mut group, AT_ONCE).await > 0 {
                let (incoming, answers): (Vec<_>, Vec<_>) =
                    group.drain(..).map(|Waiting { incoming, answer }| (incoming, answer)).unzip();
                // Whoever asked may have gone away.
                match store.store_events(incoming).await {
                    Ok(stored) => {
                        if stored.iter().any(|stored| stored.queued) {
                            queued.notify_one();
                        }
                        answers.into_iter().zip(stored).for_each(|(answer, stored)| drop(answer.send(Ok(stored))));
                    }
                    Err(error) => {
                        let error = Arc::new(error);
                        answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone()))));
                    }
                }
            }
        });
        Intake { waiting }
    }

    /// Stores an event; what became of it. What goes wrong goes wrong for all that came at the same time.
    pub(super) async fn store(&self, incoming: Incoming) -> Result<Stored, Arc<StoreError>> {
        let stopped = || Arc::new(StoreError::Failed("what stores events has stopped".into()));
        let (answer, answered) = oneshot::channel();
        self.waiting.send(Waiting { incoming, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}
