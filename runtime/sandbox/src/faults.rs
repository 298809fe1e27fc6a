//! Faults on demand.

/// A fault.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Fault {}

/// The faults that are in force.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);
