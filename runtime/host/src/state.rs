//! What a plugin keeps from run to run, as the host sees it.

use tradewire_client::Later;

/// What an export keeps for a tenant: values by bucket and key. Whoever implements it shows a run its own changes at once
/// and everybody else only when the run has succeeded. Errors are texts for the plugin's author.
pub trait State: Send + Sync {
    /// A value.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>>;

    /// Sets a value; none deletes it.
    fn set<'a>(&'a self, bucket: &'a str, key: &'a str, value: Option<Vec<u8>>) -> Later<'a, Result<(), String>>;

    /// Keys of a bucket in order: those after this one, or the first.
    fn keys<'a>(&'a self, bucket: &'a str, after: Option<&'a str>) -> Later<'a, Result<StateKeys, String>>;
}

/// Keys of a bucket, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateKeys {
    /// The keys.
    pub keys: Vec<String>,
    /// Whether others follow.
    pub more: bool,
}
