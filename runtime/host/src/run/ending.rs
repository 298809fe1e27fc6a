//! How a run ended, in an operator's words.

use tradewire_text as text;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use super::contract::tradewire::plugin::runs;
use super::{Failure, FailureClass, RunState};
use crate::limits::Limit;

/// The most reasons that are kept.
const MOST_REASONS: usize = 1_000;
/// The most bytes of all of them.
const ALL_REASONS: usize = 256 * 1024;

/// What a plugin says of a run that succeeded.
pub(super) fn summary(summary: runs::Summary) -> String {
    text::message(summary.message)
}

/// Why a plugin says that it gives up.
pub(super) fn failure(failure: runs::Failure) -> Failure {
    let (count, mut bytes) = (failure.reasons.len(), 0);
    let reasons = failure.reasons.into_iter().take(MOST_REASONS).map(text::message);
    let mut reasons: Vec<String> = reasons
        .take_while(|reason| {
            bytes += reason.len();
            bytes <= ALL_REASONS
        })
        .collect();
    let more = count - reasons.len();
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    Failure {
        class: match failure.kind {
            runs::FailureKind::Refused => FailureClass::Refused,
            runs::FailureKind::Transient => FailureClass::Transient,
        },
        message: text::message(failure.message),
        reasons,
    }
}

/// Why a plugin did not come to an end of its own. What the machine is short of is no fault of the plugin's, and may pass.
pub(super) fn trap(trap: &wasmtime::Error, state: &RunState) -> Failure {
    match short_of(trap) {
        Some(message) => Failure { class: FailureClass::Transient, message: message.to_owned(), reasons: Vec::new() },
        None => Failure::broken(fault(trap, state)),
    }
}

/// What the machine has no more of, where that is why.
fn short_of(trap: &wasmtime::Error) -> Option<&'static str> {
    // POSIX's ENFILE, EMFILE and ENOMEM, by the numbers that Linux, the BSDs and macOS have in common.
    let errors = trap.chain().filter_map(|error| error.downcast_ref::<std::io::Error>());
    errors.filter_map(std::io::Error::raw_os_error).find_map(|number| match number {
        23 | 24 => Some(
            "this machine has no file descriptors left for the run, which is no fault of the plugin's: raise the limit \
             (`LimitNOFILE` of the service, `ulimit -n`), or lower `at_once` of `[runs]`",
        ),
        12 => Some(
            "this machine has no memory left for the run, which is no fault of the plugin's: give it more, or lower \
             `at_once` of `[runs]`",
        ),
        _ => None,
    })
}

fn fault(trap: &wasmtime::Error, state: &RunState) -> String {
    let limits = &state.limits;
    let known = trap.downcast_ref::<Trap>();
    let text = format!("{trap:#}");
    match known {
        Some(Trap::Interrupt) => return Limit::Time(limits.time).to_string(),
        Some(Trap::StackOverflow) => return "the plugin called itself too deep: its stack is full".to_owned(),
        _ => {}
    }
    if let Some(limit) = trap.downcast_ref::<Limit>() {
        return limit.to_string();
    }
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return Limit::Transfer(limits.transfer).to_string();
    }
    // A plugin that is refused memory mostly aborts: then that is why.
    if state.guard.refused {
        return Limit::Memory(limits.memory).to_string();
    }
    if let Some(I32Exit(code)) = trap.downcast_ref() {
        return format!("the plugin ended itself with exit code {code} instead of giving a result; see the run's log");
    }
    match known {
        Some(Trap::UnreachableCodeReached) => {
            "the plugin stopped itself: it panicked or aborted; the last lines of the run's log say why".to_owned()
        }
        Some(Trap::MemoryOutOfBounds) => {
            "the plugin reached outside its memory: it is faulty, or called itself too deep".to_owned()
        }
        Some(trap) => format!("the plugin failed: {trap}"),
        None => text::message(format!("the plugin failed: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_is_short_of_is_not_blamed_on_the_plugin() {
        let failed = |number| {
            let error = wasmtime::Error::from(std::io::Error::from_raw_os_error(number));
            short_of(&error.context("cannot create a memfd").context("failed to instantiate"))
        };
        assert!(
            failed(24).is_some_and(|text| text.contains("no file descriptors left") && text.contains("`ulimit -n`"))
        );
        assert_eq!(failed(24), failed(23));
        assert!(failed(12).is_some_and(|text| text.contains("no memory left")));
        assert_eq!(failed(2), None);
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_many_reasons_are_counted() {
        let kind = runs::FailureKind::Transient;
        let failure =
            failure(runs::Failure { kind, message: "é".repeat(5_000), reasons: vec!["x".to_owned(); 1_005] });
        assert!(
            failure.message.ends_with("é … (cut, 10000 bytes)") && failure.message.len() < text::LONGEST_MESSAGE + 32
        );
        assert_eq!(failure.reasons.len(), 1_001);
        assert_eq!(failure.reasons.last().map(String::as_str), Some("and 5 more"));
        assert_eq!(failure.class, FailureClass::Transient);
    }

    #[test]
    fn many_long_reasons_are_kept_in_part_and_all_are_counted() {
        let reasons = vec!["x".repeat(8_000); 500];
        let failure = failure(runs::Failure { kind: runs::FailureKind::Refused, message: String::new(), reasons });
        let bytes: usize = failure.reasons.iter().map(String::len).sum();
        assert!(bytes <= ALL_REASONS + 64, "{bytes}");
        let told = failure.reasons.len() - 1;
        assert_eq!(failure.reasons.last(), Some(&format!("and {} more", 500 - told)));
    }
}
