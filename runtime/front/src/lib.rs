//! The front door of the HTTP server: whoever comes is taken in so that nobody keeps the others out.
//!
//! - [`serve`] takes connections, as many as the machine's [`descriptors`] allow beside what runs need. Where there is no
//!   room, the one that has idled longest gives way; one on which somebody has [proven](Peer::prove) who they are does not,
//!   and nobody who has proven that has all of them.
//! - What is not HTTP/1.1 to the letter of RFC 9112 is refused before it is parsed.
//! - [`Arrivals`] receives bodies within a budget, [`Shares`] lets in as many calls as may be carried: of both nobody has
//!   all.
//! - [`Refusals`] counts who could not say who they are, tells of them together and answers them slowly.
//! - [`Identity`] is the certificate of a server that speaks TLS.
//!
//! It knows neither callers nor webhooks: what a request has to show is the affair of whoever answers it.

mod answer;
mod arrivals;
pub mod descriptors;
mod listen;
mod refusals;
mod seats;
mod shares;
mod strict;
mod tls;

pub use answer::holding;
pub use arrivals::{Arrivals, NotArrived};
pub use listen::{Door, serve};
pub use refusals::{Pace, Refusals};
pub use seats::{Address, Peer, Proven};
pub use shares::{Full, Place, Shares};
pub use strict::Malformed;
pub use tls::{Identity, IdentityFault};
