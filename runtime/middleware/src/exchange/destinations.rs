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
    let section = &settings.section;
    let mut faults = Vec::new();
    let mut base = Origin::of(&vendor.base_url);
    if let Some(url) = &settings.base_url {
        base = Origin::of(url);
    } else if base.as_ref().is_none_or(|base| !named.contains(base)) {
        let address = vendor.base_url.as_str().trim_end_matches('/');
        let gets = gets(&vendor.authentication);
        let message =
            format!("`baseUrl` is `{address}`{gets}, and the configuration does not say that the vendor is there");
        let help = format!("where it is, write `base_url = \"{address}\"` into {section}");
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
            let secrets = vendor.authentication.secrets().join("` and `");
            let message = format!(
                "`tokenUrl` is at `{to}`, which would get the secrets `{secrets}`{clear}, and the configuration does not \
                 name it"
            );
            let mut hosts: Vec<String> = settings.hosts.iter().map(|host| format!("\"{host}\"")).collect();
            hosts.push(format!("\"{to}\""));
            let mut line = format!("hosts = [{}]", hosts.join(", "));
            if !clear.is_empty() {
                line.push_str("` and `allow_http = true");
            }
            faults
                .push(Fault::error(VENDOR_FILE, message).help(format!("where it may, write `{line}` into {section}")));
        }
    }
    faults
}

/// What of the operator's goes to the vendor's address.
fn gets(authentication: &Authentication) -> String {
    match authentication {
        Authentication::None => String::new(),
        Authentication::PassThrough => ", which would get the callers' own authorization".to_owned(),
        Authentication::OAuth2 { .. } => ", which would get the vendor's tokens".to_owned(),
        Authentication::ApiKey(_) | Authentication::Basic { .. } => match &authentication.secrets()[..] {
            [secret] => format!(", which would get the secret `{secret}`"),
            secrets => format!(", which would get the secrets `{}`", secrets.join("` and `")),
        },
    }
}
