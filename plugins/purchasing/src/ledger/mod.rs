//! Bills as a ledger imports them.
//!
//! [`entry`] makes of a bill what the ledger books: one credit, and debits that come to the same to the cent. [`layout`]
//! says in data how a ledger's file looks; [`file`](mod@file) writes it, whole or not at all.

pub mod entry;
pub mod file;
pub mod layout;
mod refusal;

pub use entry::{Entry, LineAccount, Terms};
pub use file::Table;
pub use layout::{LEDGERS, Layout};
pub use refusal::Refusal;
