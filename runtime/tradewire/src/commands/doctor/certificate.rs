//! Whether clients take the server's certificate, and will for a while. One that cannot be read, `plugins` tells.

use chrono::Utc;
use tradewire_executor::Faults;

use super::{Finding, Patient};
use crate::http::tls;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let (now, config) = (Utc::now(), &patient.installation.config);
    let Some(identity) = tls::load(config, &mut Faults::default()) else { return Vec::new() };
    let treatment = "renew it: `serve` takes the new files over while it runs";
    let found = match tls::out_of_time(config, &identity) {
        Some(wrong) => Some(Finding::new(wrong, treatment)),
        None => identity.expires_soon(now).map(|until| {
            Finding::new(format!("the certificate of `[serve.tls]` expires at {}", until.to_rfc3339()), treatment)
        }),
    };
    found.into_iter().collect()
}
