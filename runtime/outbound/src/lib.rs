//! The one builder of all HTTP clients of the product. What each of them must not do is done in one place:
//!
//! - It goes where the operator's configuration says, [`Reach`], and nowhere else; a name is resolved once, and what is
//!   connected to are the addresses that were checked. TLS, unless the configuration says otherwise.
//! - It follows no redirect. Whoever wants to go where one points asks for that as a request of its own.
//! - It takes no more than it has room for: heads by their size and number of headers, bodies by [`read`] and
//!   [`beginning`], counted after decompression.
//! - It waits no longer than it is told to: to connect, for each piece, and for the whole.
//!
//! Each client names its [`Use`]. The hostile servers of the feature `hostile` are put to every one of them by a test
//! that matches on it exhaustively: a client that is not in the list does not compile, and one that is made around this
//! crate fails the lint (`clippy.toml`).

mod address;
mod body;
mod ca;
mod client;
#[cfg(feature = "hostile")]
pub mod hostile;
mod reach;
mod resolve;
mod retry_after;
mod usage;

pub use address::{Kind, kind, this_machine};
pub use body::{Unread, beginning, innermost, is_distrusted, read};
pub use ca::{Ca, CaError};
pub use client::{Builder, Client, Refused, SetupError, Unanswered};
pub use reach::{Origin, Reach};
pub use resolve::{Found, Names};
pub use retry_after::{LONGEST_WAIT, retry_after, seconds};
pub use usage::Use;
