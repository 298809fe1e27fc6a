//! What is paid to whom: the model that stands between ServiceTitan's payroll and a provider's file.
//!
//! A plugin reads [`records`], [`PaySheet::gather`] makes one [`PersonPay`] a person of them under the operator's
//! [`Rules`], and a layout (one module a provider, such as [`adp_workforce_now`]) writes the sheet. Nobody is paid by
//! guess: whatever is missing, unapproved, unknown or ambiguous is a [`Refusal`], and all of them are told at once.
//!
//! Nothing here does I/O or knows the plugin interface, so all of it is tested on the host. Numbers are exact.

pub mod adp_workforce_now;
pub mod records;
pub mod refusal;
pub mod rules;
pub mod sheet;
pub mod total;

pub use records::{ActivityCode, HoursClass, PayItem, PayKind, PayrollPeriod, PersonKey, PersonKind, PersonSettings};
pub use refusal::Refusal;
pub use rules::{AmountAdjustment, Rules};
pub use sheet::{PaySheet, PersonPay, TimePay};
pub use total::ControlTotal;
