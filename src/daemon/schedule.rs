//! When is the next run? Pure.
//!
//! A time of day that clocks are put forward over comes as much later as they are put forward; one that comes twice counts
//! the first time. Jitter is the same for a job every time.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::config::{Rule, Schedule};

/// Days that are looked through: a day of the week comes within a week, and a zone may leave a day out.
const DAYS: i32 = 9;

/// The first time after `after` that a run of the job called `name` is due.
#[must_use]
pub fn next(schedule: &Schedule, name: &str, after: Timestamp) -> Timestamp {
    let jitter = jitter(schedule.jitter, name);
    let plain = after.saturating_sub(jitter).unwrap_or(after);
    let due = match &schedule.rule {
        Rule::At { times, days } => at(times, days, &schedule.time_zone, plain),
        Rule::Every(span) => every(*span, plain),
        Rule::Cron(fields) => cron(fields, &schedule.time_zone, plain),
    };
    // A schedule that is never due, which the job file refuses, is looked at again in a day.
    let due =
        due.unwrap_or_else(|| plain.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX));
    due.saturating_add(jitter).unwrap_or(due)
}

/// When a run is due of a job whose last run began at `last`: in the past when it was missed, and never later than
/// a run that was missed while nobody watched. A job that never ran is due now.
#[must_use]
pub fn due(schedule: &Schedule, name: &str, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match last {
        // A clock that was put back must not put runs off.
        Some(last) if last <= now => next(schedule, name, last),
        Some(_) => next(schedule, name, now),
        None => now,
    }
}

fn at(times: &[jiff::civil::Time], days: &[Weekday], zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let today = after.to_zoned_datetime(zone.clone()).date();
    // The day before: its last time may come after midnight where a day was left out.
    let days = (-1..DAYS)
        .filter_map(|ahead| today.checked_add(jiff::Span::new().days(ahead)).ok())
        .filter(|day| days.is_empty() || days.contains(&day.weekday()));
    let instants = days.flat_map(|day| times.iter().map(move |time| day.to_datetime(*time)));
    instants
        .filter_map(|wall| zone.to_ambiguous_timestamp(wall).compatible().ok())
        .filter(|instant| *instant > after)
        .min()
}

/// Multiples of the span since 1970.
fn every(span: SignedDuration, after: Timestamp) -> Option<Timestamp> {
    let span = span.as_secs().max(1);
    let slot = after.as_second().div_euclid(span) + 1;
    Timestamp::from_second(slot.checked_mul(span)?).ok()
}

fn cron(fields: &str, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let zone = zone.iana_name().unwrap_or("UTC");
    let line = cronexpr::parse_crontab(&format!("{fields} {zone}")).ok()?;
    let next = line.find_next(after.to_string().as_str()).ok()?;
    Timestamp::from_second(next.timestamp().as_second()).ok()
}

/// A part of the span that depends on the name alone.
fn jitter(most: SignedDuration, name: &str) -> SignedDuration {
    let seconds = u64::try_from(most.as_secs()).unwrap_or(0);
    let digest: [u8; 32] = Sha256::digest(name).into();
    let dice = u64::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    let picked = dice.checked_rem(seconds).unwrap_or(0);
    SignedDuration::from_secs(i64::try_from(picked).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;
    use proptest::prelude::*;

    use super::*;

    fn nightly(time: &str, zone: &str) -> Schedule {
        let (hours, minutes) = time.split_once(':').unwrap();
        let time = Time::new(hours.parse().unwrap(), minutes.parse().unwrap(), 0, 0).unwrap();
        Schedule {
            rule: Rule::At { times: vec![time], days: vec![] },
            jitter: SignedDuration::ZERO,
            time_zone: TimeZone::get(zone).unwrap(),
        }
    }

    fn stamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_that_are_changed_make_no_run_twice_and_leave_none_out() {
        let berlin = nightly("02:30", "Europe/Berlin");
        // Put forward at 02:00 on 29 March 2026: 02:30 is 03:30 then.
        assert_eq!(next(&berlin, "x", stamp("2026-03-28T12:00:00Z")), stamp("2026-03-29T01:30:00Z"));
        assert_eq!(next(&berlin, "x", stamp("2026-03-29T01:30:00Z")), stamp("2026-03-30T00:30:00Z"));
        // Put back at 03:00 on 25 October 2026: the first 02:30 counts.
        assert_eq!(next(&berlin, "x", stamp("2026-10-24T12:00:00Z")), stamp("2026-10-25T00:30:00Z"));
        assert_eq!(next(&berlin, "x", stamp("2026-10-25T00:30:00Z")), stamp("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn days_spans_and_crontabs_are_kept() {
        let mut schedule = nightly("03:00", "UTC");
        schedule.rule = Rule::At {
            times: vec![Time::constant(3, 0, 0, 0), Time::constant(15, 0, 0, 0)],
            days: vec![Weekday::Saturday],
        };
        assert_eq!(next(&schedule, "x", stamp("2026-11-27T01:00:00Z")), stamp("2026-11-28T03:00:00Z"));
        assert_eq!(next(&schedule, "x", stamp("2026-11-28T03:00:00Z")), stamp("2026-11-28T15:00:00Z"));
        assert_eq!(next(&schedule, "x", stamp("2026-11-28T15:00:00Z")), stamp("2026-12-05T03:00:00Z"));
        schedule.rule = Rule::Every(SignedDuration::from_hours(6));
        assert_eq!(next(&schedule, "x", stamp("2026-11-27T06:00:00Z")), stamp("2026-11-27T12:00:00Z"));
        schedule.rule = Rule::Cron("30 4 * * 1".to_owned());
        assert_eq!(next(&schedule, "x", stamp("2026-11-27T06:00:00Z")), stamp("2026-11-30T04:30:00Z"));
    }

    #[test]
    fn a_missed_run_is_due_once_and_a_clock_put_back_puts_nothing_off() {
        let schedule = nightly("03:00", "UTC");
        let now = stamp("2026-11-27T12:00:00Z");
        let missed = due(&schedule, "x", Some(stamp("2026-11-20T03:00:00Z")), now);
        assert!(missed <= now);
        assert_eq!(due(&schedule, "x", Some(now), now), stamp("2026-11-28T03:00:00Z"));
        assert_eq!(due(&schedule, "x", None, now), now);
        assert_eq!(
            due(&schedule, "x", Some(stamp("2030-01-01T00:00:00Z")), now),
            stamp("2026-11-28T03:00:00Z")
        );
    }

    #[test]
    fn jitter_is_a_jobs_own_and_stays() {
        let most = SignedDuration::from_mins(30);
        let all: Vec<_> = (0..50).map(|n| jitter(most, &format!("job {n}"))).collect();
        assert!(all.iter().all(|one| (SignedDuration::ZERO..most).contains(one)));
        assert!(all.iter().collect::<std::collections::HashSet<_>>().len() > 40);
        assert_eq!(jitter(most, "a"), jitter(most, "a"));
        assert_eq!(jitter(SignedDuration::ZERO, "a"), SignedDuration::ZERO);
    }

    proptest! {
        #[test]
        fn every_day_of_a_year_has_its_run(hours in 0..24_i8, minutes in 0..60_i8, zone in 0..5_usize, jitter in 0..7_200_i64) {
            let zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC"][zone];
            let schedule = Schedule { jitter: SignedDuration::from_secs(jitter), ..nightly(&format!("{hours}:{minutes}"), zone) };
            let (mut at, end, mut runs) = (stamp("2026-01-01T00:00:00Z"), stamp("2027-01-01T00:00:00Z"), 0);
            loop {
                let then = next(&schedule, "job", at);
                prop_assert!(then > at);
                if then >= end {
                    break;
                }
                (at, runs) = (then, runs + 1);
            }
            prop_assert!((364..=366).contains(&runs), "{} runs", runs);
        }

        #[test]
        fn what_is_due_by_a_span_comes_within_it(secs in 60..1_000_000_i64, after in 0..4_000_000_000_i64) {
            let schedule = Schedule { rule: Rule::Every(SignedDuration::from_secs(secs)), ..nightly("3:0", "UTC") };
            let after = Timestamp::from_second(after).unwrap();
            let wait = next(&schedule, "job", after).duration_since(after);
            prop_assert!(wait > SignedDuration::ZERO && wait <= SignedDuration::from_secs(secs));
        }
    }
}
