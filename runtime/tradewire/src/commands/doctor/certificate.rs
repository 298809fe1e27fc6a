//! Whether the server's certificate stays valid for a while. One that is out of time, or unreadable, `plugins` tells.

use chrono::Utc;

use super::{Finding, Patient};
use crate::faults::Faults;
use crate::http::tls;

pub(super) fn look(patient: &Patient) -> Vec<Finding> {
    let now = Utc::now();
    let Some(identity) = tls::load(&patient.setting.config, &mut Faults::default()) else { return Vec::new() };
    let soon = identity.expires_soon(now).filter(|_| identity.is_out_of_time(now).is_none());
    soon.map(|until| {
        let diagnosis = format!("the certificate of `[serve.tls]` expires at {}", until.to_rfc3339());
        Finding::new(diagnosis, "renew it: `serve` takes the new files over while it runs")
    })
    .into_iter()
    .collect()
}
