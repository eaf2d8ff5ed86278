//! Points in time as people type them.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, ZonedDateTime};

use super::{Exit, Failure};

/// Which instant of a day is meant when only the day is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its first.
    Begin,
    /// Its last.
    End,
}

/// What an option such as `--since` was given, or a failure that says what it takes.
pub(super) fn option(name: &str, text: Option<&String>, edge: Edge) -> Result<Option<Timestamp>, Failure> {
    let now = ZonedDateTime::now();
    text.map(|text| {
        parse(text, &now, edge).ok_or_else(|| Failure {
            exit: Exit::Usage,
            message: format!("`{name} {text}` is no time that larder understands"),
            hint: Some(
                "a date `2024-06-30`, a time `2024-06-30T14:00` or `2024-06-30T14:00:00Z`, or a span back from now, \
                 `3d` or `2h ago`"
                    .into(),
            ),
        })
    })
    .transpose()
}

/// A time by RFC 3339, a date or a time by this machine's clock, or a span back from now.
fn parse(text: &str, now: &ZonedDateTime, edge: Edge) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let zone = now.time_zone().clone();
    if let Ok(day) = text.parse::<Date>()
        && day.to_string() == text
    {
        return Some(match edge {
            Edge::Begin => day.to_zoned_datetime(zone).ok()?.timestamp(),
            Edge::End => day.to_datetime(Time::MAX).to_zoned_datetime(zone).ok()?.timestamp(),
        });
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Some(time.to_zoned_datetime(zone).ok()?.timestamp());
    }
    let span = text.parse::<Span>().ok()?;
    Some(now.checked_sub(span.abs()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};
    use proptest::prelude::*;

    use super::*;

    fn now() -> ZonedDateTime {
        let now: Timestamp = "2024-07-14T12:00:00Z".parse().unwrap();
        now.to_zoned_datetime(TimeZone::fixed(Offset::constant(2)))
    }

    fn read(text: &str, edge: Edge) -> String {
        parse(text, &now(), edge).map_or_else(|| "nothing".into(), |time| time.to_string())
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, time) in [
            ("2024-07-01T03:00:00Z", "2024-07-01T03:00:00Z"),
            ("2024-07-01T03:00:00+02:00", "2024-07-01T01:00:00Z"),
            ("2024-07-01", "2024-06-30T22:00:00Z"),
            ("2024-07-01 03:00", "2024-07-01T01:00:00Z"),
            ("2024-07-01T03:00", "2024-07-01T01:00:00Z"),
            ("3d", "2024-07-11T12:00:00Z"),
            ("3 days", "2024-07-11T12:00:00Z"),
            ("2h ago", "2024-07-14T10:00:00Z"),
            ("1 week 2 hours ago", "2024-07-07T10:00:00Z"),
            ("1y", "2023-07-14T12:00:00Z"),
            ("yesterday", "nothing"),
            ("", "nothing"),
            ("2024-13-01", "nothing"),
        ] {
            assert_eq!(read(text, Edge::Begin), time, "{text}");
        }
        assert_eq!(read("2024-07-01", Edge::End), "2024-07-01T21:59:59.999999999Z");
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_is_too_much(text in "\\PC{0,24}|-?[0-9]{1,19}[a-z]{1,3}") {
            let _time = parse(&text, &now(), Edge::End);
        }
    }
}
