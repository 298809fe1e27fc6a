//! A destination that does as it is told: down, slow, dead in the middle. What it has published stays published.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Notify;
use tradewire_config::Delivery;
use tradewire_delivery::{Destination, DestinationError, Item, Published, Upload};
use tradewire_runs::delivery::Destinations;

pub const ADDRESS: &str = "sftp://receiver.example/in";

/// What goes wrong with a step.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It fails like this, so many times.
    Fails(u32, fn() -> DestinationError),
    /// It is done, and its answer is lost, so many times.
    AnswerIsLost(u32),
    /// It is never done: as if the process had died before.
    HangsBefore,
    /// It is done and never answered: as if the process had died after.
    HangsAfter,
}

/// The destination. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct FakeDestination(Arc<Mutex<State>>, Arc<Notify>);

#[derive(Debug, Default)]
struct State {
    staged: HashMap<String, String>,
    published: BTreeMap<String, String>,
    once: HashSet<String>,
    /// The steps that were done, as `publish a.csv`.
    steps: Vec<String>,
    trouble: HashMap<String, Trouble>,
}

pub fn down() -> DestinationError {
    DestinationError::transient("the receiver is down")
}

impl FakeDestination {
    /// Has a step go wrong from now on: `stage a.csv`, `publish a.csv.total.json`, or `all`.
    pub fn trouble(&self, step: &str, trouble: Trouble) {
        self.0.lock().unwrap().trouble.insert(step.to_owned(), trouble);
    }

    /// Has everything go well.
    pub fn recovers(&self) {
        self.0.lock().unwrap().trouble.clear();
    }

    /// Until a step hangs.
    pub async fn hung(&self) {
        self.1.notified().await;
    }

    pub fn steps(&self) -> Vec<String> {
        self.0.lock().unwrap().steps.clone()
    }

    /// The names of what is there.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().published.keys().cloned().collect()
    }

    pub fn read(&self, name: &str) -> String {
        self.0.lock().unwrap().published[name].clone()
    }

    pub fn put(&self, name: &str, text: &str) {
        self.0.lock().unwrap().published.insert(name.to_owned(), text.to_owned());
    }

    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().published.remove(name).unwrap();
    }

    /// How many parts lie there.
    pub fn parts(&self) -> usize {
        self.0.lock().unwrap().staged.len()
    }

    async fn go<T>(&self, step: String, work: impl FnOnce(&mut State) -> T) -> Result<T, DestinationError> {
        let trouble = {
            let mut state = self.0.lock().unwrap();
            let key = if state.trouble.contains_key(&step) { step.clone() } else { "all".to_owned() };
            let trouble = state.trouble.get(&key).cloned();
            match &trouble {
                Some(Trouble::Fails(1, _) | Trouble::AnswerIsLost(1)) => drop(state.trouble.remove(&key)),
                Some(Trouble::Fails(n, error)) => drop(state.trouble.insert(key, Trouble::Fails(n - 1, *error))),
                Some(Trouble::AnswerIsLost(n)) => drop(state.trouble.insert(key, Trouble::AnswerIsLost(n - 1))),
                _ => {}
            }
            trouble
        };
        let done = |work: Box<dyn FnOnce(&mut State) -> T + '_>| {
            let mut state = self.0.lock().unwrap();
            state.steps.push(step.clone());
            work(&mut state)
        };
        match trouble {
            None => Ok(done(Box::new(work))),
            Some(Trouble::Fails(_, error)) => Err(error()),
            Some(Trouble::AnswerIsLost(_)) => {
                done(Box::new(work));
                Err(DestinationError::transient("the connection broke"))
            }
            Some(Trouble::HangsBefore) => {
                self.1.notify_one();
                std::future::pending().await
            }
            Some(Trouble::HangsAfter) => {
                done(Box::new(work));
                self.1.notify_one();
                std::future::pending().await
            }
        }
    }
}

/// `a.csv` of `a.csv.<run>`
fn name_of(id: &str) -> &str {
    id.rsplit_once('.').unwrap().0
}

#[async_trait]
impl Destination for FakeDestination {
    fn address(&self) -> &str {
        ADDRESS
    }

    async fn stage(&self, upload: Upload<'_>) -> Result<(), DestinationError> {
        let text = std::fs::read_to_string(upload.content).unwrap();
        assert_eq!(text.len() as u64, upload.bytes, "{upload:?}");
        let id = upload.id.to_owned();
        self.go(format!("stage {}", name_of(upload.id)), |state| drop(state.staged.insert(id, text))).await
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError> {
        let (id, name) = (item.upload.id.to_owned(), item.name.to_owned());
        self.go(format!("publish {name}"), |state| {
            if state.once.contains(&id) && !state.staged.contains_key(&id) {
                return Published::Before;
            }
            if state.published.contains_key(&name) {
                return Published::NameTaken;
            }
            let text = state.staged.remove(&id).unwrap_or_else(|| panic!("{id} is published without being staged"));
            state.published.insert(name, text);
            assert!(state.once.insert(id), "it is published twice");
            Published::Now
        })
        .await
    }

    async fn is_taken(&self, name: &str) -> Result<bool, DestinationError> {
        let taken = self.0.lock().unwrap().published.contains_key(name);
        self.go(format!("look for {name}"), |_| taken).await
    }

    async fn discard(&self, upload_id: &str) -> Result<(), DestinationError> {
        let id = upload_id.to_owned();
        self.go(format!("discard {}", name_of(upload_id)), |state| drop(state.staged.remove(&id))).await
    }

    async fn probe(&self) -> Result<String, DestinationError> {
        Ok("a destination of tests".to_owned())
    }
}

impl Destinations for FakeDestination {
    fn open(&self, _: &Delivery) -> Result<Arc<dyn Destination>, DestinationError> {
        Ok(Arc::new(self.clone()))
    }
}
