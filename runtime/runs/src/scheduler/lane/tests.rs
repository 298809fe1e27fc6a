#![allow(clippy::unwrap_used)]

use tradewire_schedule::{Policy, Slots, WindowRule};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn lane(cron: &str, missed: Missed, last: &str) -> Lane {
    lane_with(cron, Policy { missed, ..Policy::default() }, last)
}

fn lane_with(cron: &str, policy: Policy, last: &str) -> Lane {
    let slots = Slots::new(cron.parse().unwrap(), chrono_tz::Tz::UTC);
    let schedule = Schedule { export: "e".into(), tenant: "t".into(), slots, window: Some(WindowRule::Slot), policy };
    let mut lane = Lane::new(schedule, at(last));
    lane.resume(Some(at(last)), at("2030-01-01T00:00:00Z"));
    lane
}

/// What a lane comes to that has a permit whenever it wants one.
#[derive(Debug, Default, PartialEq)]
struct Came {
    run: Option<DateTime<Utc>>,
    rows: Vec<SlotRecord>,
}

fn take(lane: &mut Lane, now: DateTime<Utc>) -> Option<Came> {
    let taken = lane.take(now)?;
    let run = lane.begin(now).map(|begun| begun.due);
    Some(Came { run, rows: lane.rows(taken, run, now, || unreachable!("it has a permit")) })
}

/// What it comes to while it has none.
fn take_without_permit(lane: &mut Lane, now: DateTime<Utc>) -> Came {
    let taken = lane.take(now).unwrap();
    Came { run: None, rows: lane.rows(taken, None, now, || "a permit".to_owned()) }
}

fn window() -> Window {
    let zone = chrono_tz::Tz::UTC;
    Window {
        start: at("2026-03-01T04:00:00Z").with_timezone(&zone),
        end: at("2026-03-01T05:00:00Z").with_timezone(&zone),
    }
}

fn reasons(taken: &Came) -> Vec<&str> {
    taken.rows.iter().filter_map(|row| row.reason.as_deref()).collect()
}

fn states(taken: &Came) -> Vec<(String, SlotState)> {
    taken.rows.iter().map(|row| (row.due.to_rfc3339(), row.state)).collect()
}

#[test]
fn a_slot_that_is_due_runs() {
    let mut lane = lane("0 6 * * *", Missed::Skip, "2026-03-01T06:00:00Z");
    let taken = take(&mut lane, at("2026-03-02T06:00:00Z")).unwrap();
    assert_eq!((taken.run, taken.rows.len()), (Some(at("2026-03-02T06:00:00Z")), 0));
    assert_eq!(lane.next(), Some(at("2026-03-03T06:00:00Z")));
}

#[test]
fn after_three_days_of_sleep_latest_runs_one_and_skip_runs_none() {
    let awake = at("2026-03-04T12:00:00Z");
    let mut latest = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    let taken = take(&mut latest, awake).unwrap();
    assert_eq!(taken.run, Some(at("2026-03-04T06:00:00Z")));
    let missed = |day: u32| (format!("2026-03-0{day}T06:00:00+00:00"), SlotState::Missed);
    let about_to_run = ("2026-03-04T06:00:00+00:00".to_owned(), SlotState::Queued);
    assert_eq!(states(&taken), [missed(2), missed(3), about_to_run]);
    let mut skip = lane("0 6 * * *", Missed::Skip, "2026-03-01T06:00:00Z");
    let taken = take(&mut skip, awake).unwrap();
    assert_eq!(taken.run, None);
    assert_eq!(states(&taken), [missed(2), missed(3), missed(4)]);
    assert_eq!(skip.next(), Some(at("2026-03-05T06:00:00Z")));
}

#[test]
fn a_slot_that_overlaps_a_run_is_skipped_and_says_which() {
    let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    lane.state = State::Running(at("2026-03-01T06:00:00Z"), Cancellation::default());
    let taken = take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap();
    assert_eq!(taken.run, None);
    assert_eq!(taken.rows[0].state, SlotState::Skipped);
    assert!(taken.rows[0].reason.as_ref().unwrap().contains("2026-03-01T06:00:00+00:00"));
}

#[test]
fn a_run_that_has_waited_goes_on_when_nothing_else_does() {
    let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    let (waited, now) = (at("2026-03-01T05:00:00Z"), at("2026-03-01T06:30:00Z"));
    lane.state = State::Running(at("2026-03-01T06:00:00Z"), Cancellation::default());
    lane.may_go_on(waited, window());
    assert_eq!(lane.wants(now), None);
    lane.finished();
    assert_eq!(lane.begin(now), Some(Begun { due: waited, window: Some(window()), is_kept: false }));
    lane.may_go_on(waited, window());
    assert_eq!(lane.wants(now), None, "it goes on already");
    lane.opened(Cancellation::default());
    let taken = take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap();
    assert!(taken.rows[0].reason.as_ref().unwrap().contains("2026-03-01T05:00:00+00:00"), "it is overlapped");
}

#[test]
fn while_a_slot_is_being_opened_later_ones_wait_and_are_not_lost() {
    let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    lane.state = State::Opening(at("2026-03-01T06:00:00Z"));
    assert_eq!(take(&mut lane, at("2026-03-01T07:00:00Z")), None);
    assert_eq!(lane.next(), Some(at("2026-03-01T07:00:00Z")));
    lane.finished();
    assert!(lane.was_deferred() && !lane.was_deferred());
    assert_eq!(take(&mut lane, at("2026-03-01T07:00:01Z")).unwrap().run, Some(at("2026-03-01T07:00:00Z")));
}

#[test]
fn a_year_of_absence_is_listed_up_to_a_limit() {
    let mut lane = lane("* * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    let taken = take(&mut lane, at("2027-03-01T06:00:00Z")).unwrap();
    assert_eq!(taken.run, Some(at("2027-03-01T06:00:00Z")));
    assert_eq!(taken.rows.len(), MOST_MISSED + 1);
    assert!(taken.rows[0].reason.as_ref().unwrap().contains("since 2026-03-01T06:00:00+00:00, are not listed"));
    assert!(taken.rows.windows(2).all(|pair| pair[0].due < pair[1].due));
}

#[test]
fn a_schedule_that_is_new_has_missed_nothing() {
    let mut lane = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    lane.resume(None, at("2026-03-05T05:00:00Z"));
    assert_eq!(lane.next(), Some(at("2026-03-05T06:00:00Z")));
}

#[test]
fn a_clock_that_was_set_back_comes_to_its_slots_again() {
    let mut lane = lane("0 6 * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    lane.resume(Some(at("2026-03-09T06:00:00Z")), at("2026-03-05T05:00:00Z"));
    assert_eq!(lane.next(), Some(at("2026-03-05T06:00:00Z")));
    lane.set_back(at("2026-03-04T05:00:00Z"));
    assert_eq!(lane.next(), Some(at("2026-03-04T06:00:00Z")));
}

#[test]
fn with_missed_all_what_was_slept_through_runs_in_order_up_to_the_cap() {
    let policy = Policy { missed: Missed::All, missed_cap: 2, ..Policy::default() };
    let mut lane = lane_with("0 6 * * *", policy, "2026-03-01T06:00:00Z");
    let awake = at("2026-03-05T12:00:00Z");
    let taken = take(&mut lane, awake).unwrap();
    assert_eq!(taken.run, Some(at("2026-03-04T06:00:00Z")));
    let day = |day: u32, state| (format!("2026-03-0{day}T06:00:00+00:00"), state);
    let expected = [SlotState::Missed, SlotState::Missed, SlotState::Queued, SlotState::Queued];
    assert_eq!(states(&taken), [day(2, expected[0]), day(3, expected[1]), day(5, expected[2]), day(4, expected[3])]);
    assert!(reasons(&taken)[0].ends_with("`missed_cap` lets the latest 2 of those that were missed run"));
    assert_eq!(reasons(&taken)[2], "it waits for the run of the slot of 2026-03-04T06:00:00+00:00");
    lane.recorded();
    lane.opened(Cancellation::default());
    assert!(lane.wants(awake).is_none());
    // What falls due meanwhile waits behind it, though `overlap` is "skip".
    let taken = take(&mut lane, at("2026-03-06T06:00:00Z")).unwrap();
    assert_eq!((taken.run, states(&taken)), (None, vec![day(6, SlotState::Queued)]));
    lane.recorded();
    for day in [5, 6] {
        lane.finished();
        assert!(lane.wants(at("2026-03-06T06:10:00Z")).is_some());
        let taken = take(&mut lane, at("2026-03-06T06:10:00Z")).unwrap();
        assert_eq!((taken.run, taken.rows.len()), (Some(at(&format!("2026-03-0{day}T06:00:00Z"))), 0));
    }
}

#[test]
fn with_overlap_queue_slots_wait_and_say_for_what() {
    let policy = Policy { overlap: Overlap::Queue, ..Policy::default() };
    let mut lane = lane_with("0 * * * *", policy, "2026-03-01T06:00:00Z");
    lane.state = State::Running(at("2026-03-01T06:00:00Z"), Cancellation::default());
    for hour in [7, 8] {
        let taken = take(&mut lane, at(&format!("2026-03-01T0{hour}:00:00Z"))).unwrap();
        let waits = format!("it waits for the run of the slot of 2026-03-01T0{}:00:00+00:00", hour - 1);
        assert_eq!((taken.run, reasons(&taken)), (None, vec![waits.as_str()]));
        lane.recorded();
    }
    lane.finished();
    assert_eq!(take(&mut lane, at("2026-03-01T08:30:00Z")).unwrap().run, Some(at("2026-03-01T07:00:00Z")));
}

#[test]
fn with_overlap_replace_the_run_that_goes_on_and_the_slot_that_waits_give_way() {
    let policy = Policy { overlap: Overlap::Replace, ..Policy::default() };
    let mut lane = lane_with("0 * * * *", policy, "2026-03-01T06:00:00Z");
    lane.state = State::Running(at("2026-03-01T06:00:00Z"), Cancellation::default());
    let taken = take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap();
    assert_eq!((taken.run, states(&taken)[0].1), (None, SlotState::Queued));
    lane.recorded();
    let taken = take(&mut lane, at("2026-03-01T08:00:00Z")).unwrap();
    let row = |hour: u32, state| (format!("2026-03-01T0{hour}:00:00+00:00"), state);
    assert_eq!(states(&taken), [row(7, SlotState::Skipped), row(8, SlotState::Queued)]);
    assert_eq!(reasons(&taken)[0], "replaced by the slot of 2026-03-01T08:00:00+00:00");
    lane.recorded();
    lane.finished();
    assert_eq!(take(&mut lane, at("2026-03-01T08:00:10Z")).unwrap().run, Some(at("2026-03-01T08:00:00Z")));
    lane.opened(Cancellation::default());
    // What comes again waits, and finds that it has its row.
    lane.set_back(at("2026-03-01T06:30:00Z"));
    let taken = take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap();
    assert_eq!(states(&taken), [row(7, SlotState::Queued)]);
}

#[test]
fn while_it_is_paused_slots_do_not_run_and_those_that_wait_stay() {
    let policy = Policy { overlap: Overlap::Queue, ..Policy::default() };
    let mut lane = lane_with("0 * * * *", policy, "2026-03-01T06:00:00Z");
    lane.state = State::Running(at("2026-03-01T06:00:00Z"), Cancellation::default());
    take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap();
    lane.recorded();
    lane.pause(Some(at("2026-03-01T07:30:00Z")));
    lane.finished();
    let taken = take(&mut lane, at("2026-03-01T08:00:00Z")).unwrap();
    assert_eq!((taken.run, taken.rows[0].state), (None, SlotState::Paused));
    assert_eq!(reasons(&taken), ["its schedule is paused, since 2026-03-01T07:30:00+00:00"]);
    lane.recorded();
    lane.may_go_on(at("2026-03-01T07:10:00Z"), window());
    assert_eq!(lane.wants(at("2026-03-01T08:10:00Z")), None);
    lane.pause(None);
    assert_eq!(lane.wants(at("2026-03-01T08:20:00Z")), Some(at("2026-03-01T07:00:00Z")), "the earliest first");
    assert_eq!(take(&mut lane, at("2026-03-01T08:20:00Z")).unwrap().run, Some(at("2026-03-01T07:00:00Z")));
}

#[test]
fn in_a_blackout_slots_do_not_run_and_nothing_else_begins() {
    let blackout = vec!["22:00-04:00".parse().unwrap()];
    let mut lane = lane_with("0 */3 * * *", Policy { blackout, ..Policy::default() }, "2026-03-01T18:00:00Z");
    // The slot of 21:00 was missed, and is found in the blackout.
    let taken = take(&mut lane, at("2026-03-02T00:00:10Z")).unwrap();
    let row = |time: &str, state| (format!("{time}:00+00:00"), state);
    assert_eq!(
        states(&taken),
        [row("2026-03-01T21:00", SlotState::Queued), row("2026-03-02T00:00", SlotState::BlackedOut)]
    );
    let expected = ["it waits for the end of the blackout `22:00-04:00`", "it lies in the blackout `22:00-04:00`"];
    assert_eq!((taken.run, reasons(&taken)), (None, expected.to_vec()));
    lane.recorded();
    assert_eq!(lane.wants(at("2026-03-02T03:59:59Z")), None);
    assert_eq!(take(&mut lane, at("2026-03-02T04:00:00Z")).unwrap().run, Some(at("2026-03-01T21:00:00Z")));
}

#[test]
fn jitter_moves_the_start_and_neither_the_slot_nor_the_order() {
    let policy = Policy { jitter: Some(TimeDelta::minutes(30)), ..Policy::default() };
    let mut lane = lane_with("*/10 * * * *", policy, "2026-03-01T06:00:00Z");
    for minute in [10, 20, 30, 40, 50] {
        let slot = at(&format!("2026-03-01T06:{minute}:00Z"));
        let start = lane.next().unwrap();
        assert!((slot..slot + TimeDelta::minutes(10)).contains(&start), "{start}");
        assert_eq!(take(&mut lane, start - TimeDelta::milliseconds(1)).unwrap(), Came::default());
        assert_eq!(take(&mut lane, start).unwrap(), Came { run: Some(slot), rows: Vec::new() });
        lane.finished();
    }
}

#[test]
fn a_slot_that_waits_for_a_permit_is_overlapped_as_its_run_would_be() {
    let day = |overlap| lane_with("0 * * * *", Policy { overlap, ..Policy::default() }, "2026-03-01T06:00:00Z");
    let row = |hour: u32, state| (format!("2026-03-01T0{hour}:00:00+00:00"), state);
    let [mut skip, mut queue, mut replace] = [Overlap::Skip, Overlap::Queue, Overlap::Replace].map(day);
    for lane in [&mut skip, &mut queue, &mut replace] {
        let came = take_without_permit(lane, at("2026-03-01T07:00:00Z"));
        assert_eq!((states(&came), reasons(&came)), (vec![row(7, SlotState::Queued)], vec!["it waits for a permit"]));
        lane.recorded();
    }
    let later = at("2026-03-01T08:00:00Z");
    let came = take_without_permit(&mut skip, later);
    assert_eq!(states(&came), [row(8, SlotState::Skipped)]);
    assert_eq!(reasons(&came), ["the slot of 2026-03-01T07:00:00+00:00 was still waiting"]);
    let came = take_without_permit(&mut queue, later);
    assert_eq!(reasons(&came), ["it waits for the run of the slot of 2026-03-01T07:00:00+00:00"]);
    let came = take_without_permit(&mut replace, later);
    assert_eq!(states(&came), [row(7, SlotState::Skipped), row(8, SlotState::Queued)]);
    for (mut lane, next) in [(skip, 7), (queue, 7), (replace, 8)] {
        lane.recorded();
        assert_eq!(lane.begin(later).unwrap().due, at(&format!("2026-03-01T0{next}:00:00Z")));
    }
}

#[test]
fn a_slot_that_waits_keeps_its_row_when_the_clock_is_set_back() {
    let mut lane = lane("0 * * * *", Missed::Latest, "2026-03-01T06:00:00Z");
    take_without_permit(&mut lane, at("2026-03-01T07:00:00Z"));
    lane.recorded();
    lane.set_back(at("2026-03-01T06:30:00Z"));
    assert_eq!(take(&mut lane, at("2026-03-01T07:00:00Z")).unwrap().run, Some(at("2026-03-01T07:00:00Z")));
    lane.opened(Cancellation::default());
    lane.finished();
    assert_eq!(lane.wants(at("2026-03-01T07:30:00Z")), None, "it runs once");
}
