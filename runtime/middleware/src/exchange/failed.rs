//! Why an attempt to ask the vendor came to nothing, and whether it may be tried again.

use tradewire_outbound::{Refused, innermost, is_distrusted};

use super::{Settings, Trouble};

/// What is to be said wherever a request may have arrived.
pub(super) const UNKNOWN: &str = "whether it did what it was asked is not known";

/// An attempt without an answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub trouble: Trouble,
    /// Nothing reached the vendor.
    pub unsent: bool,
    /// What reached it may have done its work.
    pub may_have_acted: bool,
    /// The connection broke or was not made, and the next moment it may hold.
    pub broken: bool,
}

impl Failed {
    /// The vendor answered, and not as it should.
    pub fn answered(message: String) -> Failed {
        Failed::answered_not(Trouble::vendor(message))
    }

    /// It may have been on its way to an answer.
    pub fn answered_not(trouble: Trouble) -> Failed {
        Failed { trouble, unsent: false, may_have_acted: true, broken: false }
    }

    /// Nobody has named where it would go.
    pub fn refused(refused: Refused) -> Failed {
        Failed { trouble: Trouble::pack(refused.to_string()), unsent: true, may_have_acted: false, broken: false }
    }

    pub fn of(error: reqwest::Error, place: &str, settings: &Settings) -> Failed {
        let (unsent, timed_out) = (error.is_connect(), error.is_timeout());
        // The address may hold a key in its query.
        let error = error.without_url();
        let why = innermost(&error);
        let is_certificate = is_distrusted(&error);
        let trouble = if is_certificate {
            Trouble::vendor(format!(
                "the certificate of {place} is not to be trusted, so nothing was sent; it must be valid today, for this \
                 name, and from an authority that this machine or `ca` knows: {why}"
            ))
        } else if unsent && timed_out {
            Trouble::vendor(format!("no connection to {place} in time, so nothing was sent; check `baseUrl`"))
                .with_status(504)
        } else if timed_out {
            let seconds = settings.timeout.as_secs_f32();
            Trouble::vendor(format!("{place} did not answer within {seconds} s; {UNKNOWN}")).with_status(504)
        } else if unsent {
            Trouble::vendor(format!("no connection to {place}: {why}; nothing was sent; check `baseUrl`"))
        } else {
            Trouble::vendor(format!("the connection to {place} broke: {why}; {UNKNOWN}"))
        };
        Failed { trouble, unsent, may_have_acted: !unsent, broken: !timed_out && !is_certificate }
    }
}
