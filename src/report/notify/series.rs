//! What is told, given what was told before. Pure.
//!
//! Of signing in: 14, 7, 3 and 1 days before trust ends, at once when a person is needed, and when it is done. Each once.
//! Of failures: at once where waiting does not help, otherwise when a second run in a row fails; and that they are over.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::memory::{Failing, Memory};
use super::notice::{Kind, Notice};
use crate::config::{Notify, Told};

/// Days before the end of trust on which it is told.
const REMINDERS: [i64; 4] = [14, 7, 3, 1];

const DAY: i64 = 24 * 3600;

/// Trust that ends so much later than it did is new: seconds.
const RENEWED: i64 = 2 * DAY;

/// Whether a person is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Yes, for this.
    Person(String),
    /// No: iCloud took the session.
    Nobody,
    /// Nobody knows: iCloud was not reached.
    Unknown,
}

/// How things are after a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Name of the job.
    pub job: String,
    /// Now.
    pub now: Timestamp,
    /// When trust is expected to end.
    pub trust_ends: Option<Timestamp>,
    /// Whether a person is needed.
    pub needs: Needs,
    /// The exit code of the run and why it failed; 0 when it did not. `None` when there was none.
    pub ended: Option<(u8, String)>,
    /// What the run did, when it did something.
    pub summary: Option<String>,
    /// Where a person can sign in.
    pub link: Option<String>,
}

/// What is to be told now, and what is to be remembered.
#[must_use]
pub fn next(memory: &Memory, now: &Situation, notify: &Notify) -> (Memory, Vec<Notice>) {
    let mut next = memory.clone();
    let mut notices = Vec::new();
    let mut tell = |what: Told, kind: Kind, title: String, text: String| {
        if notify.tells(what) {
            let link = now.link.clone().filter(|_| matches!(kind, Kind::SignInNeeded | Kind::SignInSoon));
            notices.push(Notice { kind, job: now.job.clone(), title, text, link });
        }
    };
    let how = match &now.link {
        Some(_) => "Open the page of this notice".to_owned(),
        None => "Run `larder login`".to_owned(),
    };
    match &now.needs {
        Needs::Person(why) if next.needed_since.is_none() => {
            next.needed_since = Some(now.now);
            // Where there is a page, nobody needs the command line.
            let why = match (&now.link, why.split_once(": run `larder login`")) {
                (Some(_), Some((why, _))) => why,
                _ => why,
            };
            let text =
                format!("{why}. Nothing is mirrored until then. {how}; the missed run follows by itself.");
            tell(Told::SignIn, Kind::SignInNeeded, "iCloud wants a new sign-in".to_owned(), text);
        }
        Needs::Nobody => {
            if next.needed_since.take().is_some() {
                let text = "larder is signed in to iCloud again and goes on.".to_owned();
                tell(Told::SignIn, Kind::SignedIn, "Signed in to iCloud".to_owned(), text);
            }
        }
        Needs::Person(_) | Needs::Unknown => {}
    }
    if let (Some(ends), None) = (now.trust_ends, next.needed_since) {
        let renewed = next.trust_ends.is_none_or(|known| ends.as_second() - known.as_second() > RENEWED);
        if renewed {
            next.reminded = None;
        }
        if renewed || next.reminded.is_none() {
            next.trust_ends = Some(ends);
        }
        let left = ends.as_second() - now.now.as_second();
        let stage = REMINDERS.into_iter().filter(|days| left <= days * DAY).min();
        if let Some(stage) = stage.filter(|stage| next.reminded.is_none_or(|last| *stage < last)) {
            next.reminded = Some(stage);
            let date = ends.to_zoned_datetime(TimeZone::system()).strftime("%A, %d %B").to_string();
            let days = (left.max(0) + DAY - 1) / DAY;
            let when = if days == 1 { "tomorrow".to_owned() } else { format!("in {days} days, on {date}") };
            let text =
                format!("Apple will want a new sign-in {when}. {how} before then, and no run is missed.");
            tell(Told::SignIn, Kind::SignInSoon, "iCloud will want a new sign-in".to_owned(), text);
        }
    }
    match &now.ended {
        Some((0, _)) if next.failing.take().is_some_and(|failing| failing.told) => {
            let text = "The last run ended well.".to_owned();
            tell(Told::Failure, Kind::Recovered, "The mirror is up to date again".to_owned(), text);
        }
        // That a person is needed has been told.
        None | Some((0 | 3, _)) => {}
        Some((code, why)) => {
            let before = next.failing.filter(|before| before.code == *code);
            let runs = before.map_or(0, |before| before.runs).saturating_add(1);
            let told = before.is_some_and(|before| before.told);
            let due = runs >= patience(*code);
            next.failing = Some(Failing { code: *code, runs, told: told || due });
            if due && !told {
                let title = match code {
                    1 => "Some items cannot be mirrored",
                    _ => "The mirror is not brought up to date",
                };
                let text = match runs {
                    1 => why.clone(),
                    runs => format!("{runs} runs in a row: {why}"),
                };
                tell(Told::Failure, Kind::Failure, title.to_owned(), text);
            }
        }
    }
    if let Some(summary) = &now.summary {
        tell(Told::Summary, Kind::Summary, "iCloud was mirrored".to_owned(), summary.clone());
    }
    (next, notices)
}

/// How many runs in a row fail with that exit code before it is told: iCloud and single items often come back by themselves.
fn patience(code: u8) -> u32 {
    if matches!(code, 1 | 5) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + day * DAY).unwrap()
    }

    fn quiet(day: i64) -> Situation {
        Situation {
            job: "config".into(),
            now: at(day),
            trust_ends: None,
            needs: Needs::Nobody,
            ended: Some((0, String::new())),
            summary: None,
            link: None,
        }
    }

    /// The kinds that are told on each of these days.
    fn told(days: impl IntoIterator<Item = Situation>) -> Vec<Vec<Kind>> {
        let mut memory = Memory::default();
        let mut all = Vec::new();
        for situation in days {
            let (next, notices) = super::next(&memory, &situation, &Notify::default());
            // What was told is kept on disk between runs.
            memory = serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap();
            all.push(notices.into_iter().map(|notice| notice.kind).collect());
        }
        all
    }

    #[test]
    fn reminders_come_once_each_and_begin_anew_with_new_trust() {
        let days = |ends: i64| (0..30).map(move |day| Situation { trust_ends: Some(at(ends)), ..quiet(day) });
        let told_on = |told: Vec<Vec<Kind>>| -> Vec<usize> {
            told.iter().enumerate().filter(|(_, kinds)| !kinds.is_empty()).map(|(day, _)| day).collect()
        };
        assert_eq!(told_on(told(days(20))), [6, 13, 17, 19]);
        // Away for long, the nearest one alone is told.
        assert_eq!(told_on(told(days(20).filter(|day| day.now >= at(18) || day.now < at(5)))), [5, 6]);
        let renewed = (0..60)
            .map(|day| Situation { trust_ends: Some(at(if day < 15 { 20 } else { 80 })), ..quiet(day) });
        assert_eq!(told_on(told(renewed)), [6, 13]);
    }

    #[test]
    fn one_way_to_sign_in_is_told() {
        for (link, command, page) in
            [(None, true, false), (Some("http://127.0.0.1/x".to_owned()), false, true)]
        {
            let needs = Needs::Person("Not signed in: run `larder login`".into());
            let situation = Situation { needs, ended: Some((3, String::new())), link, ..quiet(0) };
            let (_, notices) = super::next(&Memory::default(), &situation, &Notify::default());
            let text = &notices[0].text;
            assert!(text.starts_with("Not signed in"), "{text}");
            assert_eq!(
                (text.contains("larder login"), text.contains("Open the page")),
                (command, page),
                "{text}"
            );
        }
    }

    #[test]
    fn that_a_person_is_needed_is_told_once_and_that_it_is_done() {
        let needs = |day| Situation {
            needs: Needs::Person("Apple wants a verification code".into()),
            ended: Some((3, String::new())),
            ..quiet(day)
        };
        let unknown =
            |day| Situation { needs: Needs::Unknown, ended: Some((5, String::new())), ..quiet(day) };
        let days = [quiet(0), needs(1), needs(2), unknown(3), needs(4), quiet(5), quiet(6), needs(7)];
        let expected: [&[Kind]; 8] =
            [&[], &[Kind::SignInNeeded], &[], &[], &[], &[Kind::SignedIn], &[], &[Kind::SignInNeeded]];
        assert_eq!(told(days), expected);
    }

    #[test]
    fn failures_are_told_once_and_that_they_are_over() {
        let fails = |code: u8| Situation { ended: Some((code, "why".into())), ..quiet(0) };
        let days = [fails(5), quiet(0), fails(5), fails(5), fails(5), quiet(0), fails(6), fails(6), fails(1)];
        let (failure, over): (&[Kind], &[Kind]) = (&[Kind::Failure], &[Kind::Recovered]);
        let expected: [&[Kind]; 9] = [&[], &[], &[], failure, &[], over, failure, &[], &[]];
        assert_eq!(told(days), expected);
    }

    #[test]
    fn what_nobody_wants_is_not_told() {
        let notify = Notify { on: vec![Told::Summary], ..Notify::default() };
        let now =
            Situation { needs: Needs::Person("a code".into()), summary: Some("3 files".into()), ..quiet(0) };
        let (memory, notices) = next(&Memory::default(), &now, &notify);
        assert_eq!(notices.iter().map(|notice| notice.kind).collect::<Vec<_>>(), [Kind::Summary]);
        assert!(memory.needed_since.is_some());
    }

    proptest! {
        /// Whatever happens, no stage is told twice for one end of trust, and no need twice without an end between.
        #[test]
        fn nothing_is_told_twice(steps in proptest::collection::vec((0_i64..4, 0_u8..4, 0_u8..7), 1..80)) {
            let (mut memory, mut day) = (Memory::default(), 0);
            let (mut stages, mut needed) = (Vec::new(), false);
            for (pass, needs, code) in steps {
                day += pass;
                let situation = Situation {
                    trust_ends: Some(at(40)),
                    needs: match needs {
                        0 => Needs::Person("why".into()),
                        1 => Needs::Unknown,
                        _ => Needs::Nobody,
                    },
                    ended: Some((code, "why".into())),
                    ..quiet(day)
                };
                let (next, notices) = next(&memory, &situation, &Notify::default());
                for notice in notices {
                    match notice.kind {
                        Kind::SignInSoon => {
                            let stage = next.reminded.unwrap();
                            prop_assert!(!stages.contains(&stage));
                            stages.push(stage);
                        }
                        Kind::SignInNeeded => {
                            prop_assert!(!needed);
                            needed = true;
                        }
                        Kind::SignedIn => {
                            prop_assert!(needed);
                            needed = false;
                        }
                        _ => {}
                    }
                }
                memory = next;
            }
        }
    }
}
