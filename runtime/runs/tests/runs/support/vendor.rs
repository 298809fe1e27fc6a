//! A vendor that keeps what it is asked and answers what it is told to, called as a pack would call it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tradewire_client::CallError;
use tradewire_runs::journal::{Journal, Outbound, VendorRequest};
use tradewire_store::{Settlement, WriteAnswer};
use tradewire_surface::Method;

/// What comes of an order.
#[derive(Debug, Clone, Copy)]
pub enum Came {
    /// It is taken.
    Taken,
    /// It is refused.
    Refused,
    /// It is answered well, and the answer says that it was refused.
    SaysNo,
    /// The connection breaks.
    Lost,
}

/// A vendor. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Vendor {
    asked: Arc<Mutex<Vec<String>>>,
    comes: Arc<Mutex<VecDeque<Came>>>,
}

impl Vendor {
    /// One to whose next orders this comes; those after them are taken.
    pub fn with(comes: impl IntoIterator<Item = Came>) -> Self {
        Self { comes: Arc::new(Mutex::new(comes.into_iter().collect())), ..Self::default() }
    }

    /// The orders that arrived.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Orders by this number.
    pub async fn order(&self, journal: &Journal, number: &str) -> Result<String, CallError> {
        let request = journal.vendor("harborline", "purchaseorder", number, number);
        self.order_by(&request, number).await
    }

    /// Makes this request; the number that goes out may be another.
    pub async fn order_by(&self, request: &VendorRequest, number: &str) -> Result<String, CallError> {
        if let Some(known) = request.before().await? {
            request.answered(None).await?;
            let answer = known.answer.map(|answer| String::from_utf8(answer.to_vec()).unwrap());
            return Ok(answer.unwrap_or_else(|| "found".to_owned()));
        }
        let (vendor, asked) = (self.clone(), number.to_owned());
        let send = async move {
            vendor.asked.lock().unwrap().push(asked.clone());
            let came = vendor.comes.lock().unwrap().pop_front().unwrap_or(Came::Taken);
            let answer = format!("taken {asked}");
            let settlement = match came {
                Came::Taken | Came::SaysNo => {
                    Settlement::Answered(WriteAnswer { status: 201, body: Some(Bytes::from(answer.clone())) })
                }
                Came::Refused => Settlement::Failed { status: Some(422), message: "no".to_owned() },
                Came::Lost => Settlement::Unresolved { message: "the connection broke".to_owned() },
            };
            (settlement, (came, answer))
        };
        let address = format!("https://harborline.example/orders?at={}", self.asked().len());
        let out = Outbound { method: Method::Post, address, body: number.as_bytes() };
        let (came, answer) = request.send(out, send).await?;
        request.answered((!matches!(came, Came::Taken)).then_some("no")).await?;
        match came {
            Came::Taken => Ok(answer),
            Came::Refused | Came::SaysNo => Err(CallError::new("refused", "no")),
            Came::Lost => Err(CallError { unresolved: true, ..CallError::new("unreachable", "the connection broke") }),
        }
    }
}
