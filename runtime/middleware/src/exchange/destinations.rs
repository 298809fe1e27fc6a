//! Where a pack may send anything: where the operator says. A pack is somebody else's, and may be another one tomorrow;
//! the keys are the operator's.

use tradewire_outbound::Origin;

use super::Settings;
use crate::fault::Fault;
use crate::pack::{Authentication, VENDOR_FILE, Vendor};

/// The origins that the operator has named.
pub(super) fn named(settings: &Settings) -> Vec<Origin> {
    settings.base_url.iter().filter_map(Origin::of).chain(settings.hosts.iter().cloned()).collect()
}

/// What the pack names and the operator does not, each with the line that consents.
pub(super) fn unnamed(vendor: &Vendor, settings: &Settings) -> Vec<Fault> {
    let named = named(settings);
    let mut faults = Vec::new();
    let mut base = Origin::of(&vendor.base_url);
    if let Some(url) = &settings.base_url {
        base = Origin::of(url);
    } else if base.as_ref().is_none_or(|base| !named.contains(base)) {
        let address = vendor.base_url.as_str().trim_end_matches('/');
        let message = format!("`baseUrl` is `{address}`, and the configuration does not say that the vendor is there");
        let help =
            format!("where it is, write `base_url = \"{address}\"` into the vendor's section of the configuration");
        faults.push(Fault::error(VENDOR_FILE, message).help(help));
    }
    if let Authentication::OAuth2 { token_url, .. } = &vendor.authentication {
        let to = Origin::of(token_url);
        let is_named = to.as_ref().is_some_and(|to| named.contains(to) || base.as_ref() == Some(to));
        if let (false, Some(to)) = (is_named, to) {
            let clear = match to.is_plain() && !to.is_this_machine() {
                true => ", in the clear",
                false => "",
            };
            let message = format!(
                "`tokenUrl` is at `{to}`, which would get the client secret{clear}, and the configuration does not name it"
            );
            let mut hosts: Vec<String> = settings.hosts.iter().map(|host| format!("\"{host}\"")).collect();
            hosts.push(format!("\"{to}\""));
            let mut line = format!("hosts = [{}]", hosts.join(", "));
            if !clear.is_empty() {
                line.push_str("` and `allow_http = true");
            }
            let help = format!("where it may, write `{line}` into the vendor's section of the configuration");
            faults.push(Fault::error(VENDOR_FILE, message).help(help));
        }
    }
    faults
}
