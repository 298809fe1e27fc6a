//! What is tried again, after how long, and what is unresolved: the policy in one table.

use std::time::Duration;

use crate::options::Retry;

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection: not a byte of the request went out.
    NeverSent,
    /// The request may have arrived, but no whole answer came back.
    Lost,
    /// ServiceTitan answered with this status.
    Answered(u16),
    /// It answered with success, but the answer cannot be used: too large, not JSON.
    Unusable,
    /// The place that a download was redirected to answered with this status.
    Storage(u16),
    /// It failed on this side: a file that cannot be read, arguments that make no request.
    Local,
}

/// What the policy must know of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nature {
    /// It changes nothing.
    pub(crate) reads: bool,
    /// Sending it twice has the effect of sending it once.
    pub(crate) idempotent: bool,
    /// It belongs to reporting, where 409 means maintenance.
    pub(crate) reporting: bool,
}

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    No,
    Yes,
    /// Once, with a fresh token.
    FreshToken,
}

/// Whether to try again after that fault.
pub(crate) fn again(fault: Fault, nature: Nature) -> Again {
    let repeatable = nature.reads || nature.idempotent;
    let yes = match fault {
        Fault::NeverSent | Fault::Answered(429 | 503) => true,
        Fault::Lost | Fault::Answered(502 | 504) => repeatable,
        Fault::Answered(500) => nature.reads,
        Fault::Answered(409) => nature.reads && nature.reporting,
        Fault::Storage(429 | 500 | 502 | 503 | 504) => true,
        Fault::Answered(401) => return Again::FreshToken,
        Fault::Answered(_) | Fault::Storage(_) | Fault::Unusable | Fault::Local => false,
    };
    if yes { Again::Yes } else { Again::No }
}

/// Whether the request may have taken effect though it failed. A 500 is an answer: ServiceTitan says that it failed.
pub(crate) fn is_unresolved(fault: Fault, nature: Nature) -> bool {
    !nature.reads && matches!(fault, Fault::Lost | Fault::Unusable | Fault::Answered(502 | 504))
}

impl Retry {
    /// The wait before the attempt after `attempt` (from 1): full jitter over a doubling bound.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let doubled = self.base.saturating_mul(1 << attempt.saturating_sub(1).min(20));
        doubled.min(self.cap).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Nature = Nature { reads: true, idempotent: true, reporting: false };
    const REPORT: Nature = Nature { reads: true, idempotent: false, reporting: true };
    const PUT: Nature = Nature { reads: false, idempotent: true, reporting: false };
    const POST: Nature = Nature { reads: false, idempotent: false, reporting: false };

    #[test]
    fn what_was_not_done_is_repeated_for_everything() {
        for nature in [READ, REPORT, PUT, POST] {
            for fault in [Fault::NeverSent, Fault::Answered(429), Fault::Answered(503)] {
                assert_eq!(again(fault, nature), Again::Yes, "{fault:?} {nature:?}");
                assert!(!is_unresolved(fault, nature));
            }
            assert_eq!(again(Fault::Answered(401), nature), Again::FreshToken);
        }
    }

    #[test]
    fn a_write_whose_answer_was_lost_is_unresolved_and_repeated_only_if_idempotent() {
        for fault in [Fault::Lost, Fault::Answered(502), Fault::Answered(504)] {
            assert_eq!(again(fault, POST), Again::No, "{fault:?}");
            assert_eq!(again(fault, PUT), Again::Yes);
            assert_eq!(again(fault, REPORT), Again::Yes, "a POST that reads");
            assert!(is_unresolved(fault, POST) && is_unresolved(fault, PUT) && !is_unresolved(fault, REPORT));
        }
    }

    #[test]
    fn a_500_is_repeated_for_reads_only_and_a_409_for_reports_only() {
        assert_eq!(again(Fault::Answered(500), READ), Again::Yes);
        assert_eq!(again(Fault::Answered(500), PUT), Again::No);
        assert_eq!(again(Fault::Answered(409), REPORT), Again::Yes);
        assert_eq!(again(Fault::Answered(409), READ), Again::No);
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_not_asked_for_again() {
        assert_eq!(again(Fault::Unusable, READ), Again::No);
        assert!(is_unresolved(Fault::Unusable, POST), "the write was done");
        assert!(!is_unresolved(Fault::Unusable, READ));
    }

    #[test]
    fn waits_stay_under_their_bound_for_any_attempt() {
        let retry = Retry::default();
        for attempt in [1, 2, 7, 40, u32::MAX] {
            assert!(retry.backoff(attempt) <= retry.cap);
        }
        assert!((0..100).all(|_| retry.backoff(1) <= retry.base));
    }
}
