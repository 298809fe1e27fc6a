//! ServiceTitan's webhook events: told from forged and repeated ones, and stored before anyone is answered.
//!
//! An event comes in as a CloudEvents 1.0 envelope with a signature in a header. A [`Receiver`] checks the signature over
//! the body as it came, then that the event is young enough, whose it is and that its webhook takes it, and has the store
//! keep it once ([`Store::store_event`](crate::store::Store::store_event)). Whoever is answered [`Received`] may forget
//! the event; whoever is not sends it again.

mod event;
mod receiver;
mod signature;

pub use event::NotAnEvent;
pub use receiver::{Delivery, Received, Receiver, ReceiverFault, Refused};
pub use signature::Forged;
