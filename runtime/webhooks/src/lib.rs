//! ServiceTitan's webhook events: told from forged and repeated ones, and stored before anyone is answered.
//!
//! An event comes in as a CloudEvents 1.0 envelope with a signature in a header. A [`Receiver`] checks the signature over
//! the body as it came, then that the event is young enough, whose it is and that its webhook takes it, and has the store
//! keep it once, by an [`Intake`]. Whoever is answered [`Received`] may forget the event; whoever is not sends it again.
//!
//! An event that says whose it is, is that tenant's: its signature covers the number. One that does not is bound to the
//! tenant whose address takes it first, for as long as it is remembered: at any other tenant's address, of whichever
//! webhook, the same event is somebody's who has listened, and is refused.
//!
//! Exports that run `on` events get a slot in the same transaction, with as many events as wait together; so an event is
//! never stored without being dispatched, nor the other way round. `tradewire_runs::replay` dispatches one once more.

mod event;
mod intake;
mod receiver;
mod signature;

pub use event::NotAnEvent;
pub use intake::Intake;
pub use receiver::{Delivery, Received, Receiver, ReceiverFault, Refused};
pub use signature::{Checking, Forged, Genuine};
