//! When the daemon runs a job.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ConfigError;
use super::reader::Section;

/// The shortest time between runs that can be asked for.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// `[schedule]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When.
    pub rule: Rule,
    /// A run begins up to so much later, always as much for one job: not everybody asks Apple at the same second.
    pub jitter: SignedDuration,
    /// The zone that times of day are in.
    pub time_zone: TimeZone,
}

/// When runs are due.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// At these times of day, on these days of the week (all of them when there are none).
    At {
        /// Times, sorted.
        times: Vec<Time>,
        /// Days.
        days: Vec<Weekday>,
    },
    /// So often, counted from 1970.
    Every(SignedDuration),
    /// By a crontab expression.
    Cron(String),
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            rule: Rule::At { times: vec![Time::constant(3, 0, 0, 0)], days: vec![] },
            jitter: SignedDuration::from_mins(30),
            time_zone: TimeZone::system(),
        }
    }
}

impl Schedule {
    pub(super) fn read(schedule: &Section<'_>) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let times = match schedule.texts("at")? {
            Some(texts) => {
                let mut times = Vec::new();
                for text in texts {
                    times.push(time(text).map_err(|why| schedule.refuse("at", why))?);
                }
                times.sort_unstable();
                times.dedup();
                if times.is_empty() {
                    return Err(schedule.refuse("at", "must have at least one time such as \"03:00\"".into()));
                }
                times
            }
            None => vec![Time::constant(3, 0, 0, 0)],
        };
        let every = schedule.parsed("every", None, every)?;
        let cron = schedule.parsed("cron", None, cron)?;
        if every.is_some() && cron.is_some() {
            return Err(
                schedule.refuse("cron", "goes without `schedule.every`: leave one of them empty".into())
            );
        }
        let days = schedule.choices("days", &DAYS)?.unwrap_or_default();
        let rule = match (every, cron) {
            (Some(every), _) => Rule::Every(every),
            (None, Some(cron)) => Rule::Cron(cron),
            (None, None) => Rule::At { times, days },
        };
        Ok(Self {
            rule,
            jitter: schedule.parsed("jitter", usual.jitter, |text| span(text, SignedDuration::ZERO))?,
            time_zone: schedule.parsed("time_zone", usual.time_zone, zone)?,
        })
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `"03:00"`. The error completes "`at` ...".
fn time(text: &str) -> Result<Time, String> {
    let wrong = || format!("must be a time of day such as \"03:00\", not \"{text}\"");
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return Err(wrong());
    }
    match (hours.parse(), minutes.parse()) {
        (Ok(hours), Ok(minutes)) => Time::new(hours, minutes, 0, 0).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// `"6h"`, or empty for none. The error completes "`every` ...".
fn every(text: &str) -> Result<Option<SignedDuration>, String> {
    if text.is_empty() { Ok(None) } else { span(text, SHORTEST).map(Some) }
}

/// `"90m"` or `"6h"`, at least `least`. The error completes "`every` ...".
fn span(text: &str, least: SignedDuration) -> Result<SignedDuration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[number.len()..] {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "" if number == "0" => Some(1),
        _ => None,
    };
    let number = number.parse::<i64>().ok().filter(|number| (0..=1_000_000).contains(number));
    let span = number.zip(seconds).map(|(number, seconds)| SignedDuration::from_secs(number * seconds));
    let most = SignedDuration::from_hours(366 * 24);
    span.filter(|span| (least..=most).contains(span)).ok_or_else(|| {
        let least = least.as_secs();
        format!("must be a span of at least {least} seconds such as \"90m\" or \"6h\", not \"{text}\"")
    })
}

/// A crontab expression, or empty for none. The error completes "`cron` ...".
fn cron(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |why: String| {
        format!("must be five fields as in a crontab such as \"0 3 * * *\", not \"{text}\"{why}")
    };
    if text.split_whitespace().count() != 5 {
        return Err(wrong(String::new()));
    }
    let line = format!("{text} UTC");
    let read = cronexpr::parse_crontab(&line).map_err(|error| wrong(format!(": {}", first_line(&error))))?;
    // One that is never due, such as the 30th of February, is a slip.
    let epoch = Timestamp::UNIX_EPOCH.to_string();
    read.find_next(epoch.as_str()).map_err(|_| wrong(", which is never due".to_owned()))?;
    Ok(Some(text.to_owned()))
}

fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A time zone's name, or empty for this machine's. The error completes "`time_zone` ...".
fn zone(text: &str) -> Result<TimeZone, String> {
    match text {
        "" => Ok(TimeZone::system()),
        "UTC" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).map_err(|_| {
            format!(
                "must be the name of a time zone that this system knows, such as \"Europe/Berlin\", or empty for this \
                 machine's, not \"{name}\""
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_spans_and_expressions_are_read() {
        assert_eq!(time("03:05"), Ok(Time::constant(3, 5, 0, 0)));
        for wrong in ["3:05", "24:00", "03:60", "0305", "", "03:05:00"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(every("90m"), Ok(Some(SignedDuration::from_mins(90))));
        assert_eq!(every(""), Ok(None));
        for wrong in ["59s", "6", "h", "-1h", "999999d", "1w"] {
            assert!(every(wrong).is_err(), "{wrong}");
        }
        assert_eq!(cron("*/15 2-4 * * mon"), Ok(Some("*/15 2-4 * * mon".to_owned())));
        assert_eq!(cron(""), Ok(None));
        for wrong in ["0 3 * *", "0 3 * * * *", "61 3 * * *", "x"] {
            assert!(cron(wrong).is_err(), "{wrong}");
        }
    }
}
