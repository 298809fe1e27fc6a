//! What is paid to whom: the model that stands between ServiceTitan's payroll and a provider's file.
//!
//! A plugin reads [`records`]; [`Sheet::gather`] makes pay [`Line`]s of them under the operator's [`Rules`];
//! [`Postings`] are the exact sums of the lines, rounded once, at the grain that the file has; a [`Layout`] (data, one
//! TOML file a provider) says into which rows and cells they go. Nobody is paid by guess: whatever is missing,
//! unapproved, unknown or ambiguous, or what the provider would not take, is a [`Refusal`], and all of them are told
//! at once.
//!
//! Nothing here does I/O or knows the plugin interface, so all of it is tested on the host. Numbers are exact.

pub mod days;
pub mod gather;
pub mod history;
pub mod layout;
pub mod line;
pub mod postings;
pub mod records;
pub mod refusal;
pub mod rules;
pub mod table;
pub mod total;

pub use history::History;
pub use layout::{Bound, Layout};
pub use line::{Line, Pay, Person, Sheet};
pub use postings::Postings;
pub use records::{
    ActivityCode, HoursClass, Name, PayItem, PayKind, PayrollPeriod, PersonKey, PersonKind, PersonSettings,
};
pub use refusal::Refusal;
pub use rules::{AmountAdjustment, Rules};
pub use table::Table;
pub use total::ControlTotal;
