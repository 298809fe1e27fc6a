//! Whether keys and events come over the network in clear.

use tradewire_config::Config;

use super::{Finding, Patient};
use crate::http::listens;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    in_clear(&patient.installation.config).into_iter().collect()
}

/// That they do.
pub fn in_clear(config: &Config) -> Option<Finding> {
    let is_clear = config.serve.tls.is_none() && !config.serve.listen.ip().is_loopback() && listens(config);
    is_clear.then(|| {
        Finding::new(
            "keys and events come in clear, unless something before this server speaks TLS",
            "write `tls = { certificate = \"serve.pem\", key = { file = \"serve.key\" } }` into `[serve]`",
        )
    })
}
