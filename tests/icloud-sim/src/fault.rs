//! Troubles on demand: which requests meet them, and what goes wrong.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// One trouble and the requests that meet it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// An endpoint label (`content`, `auth.sms`), the beginning of labels up to a point (`ck.`, `ck.private.`), or a
    /// part of `HOST/PATH` (`records/`). Empty: every request.
    #[serde(default)]
    pub on: String,
    /// Which of the matching requests.
    #[serde(default)]
    pub when: When,
    /// What happens to them.
    pub what: Fault,
}

impl Rule {
    /// A trouble for every request that matches.
    pub fn new(on: &str, what: Fault) -> Rule {
        Rule { on: on.to_owned(), when: When::default(), what }
    }

    /// Only the first `count` requests.
    #[must_use]
    pub fn times(self, count: u64) -> Rule {
        self.nth(1, 1, Some(count))
    }

    /// The request number `from` (counted from 1) and then each `every`-th, `count` times at the most.
    #[must_use]
    pub fn nth(self, from: u64, every: u64, count: Option<u64>) -> Rule {
        Rule { when: When::Nth { from, every, count }, ..self }
    }

    /// A share of the requests, drawn by a generator with this seed.
    #[must_use]
    pub fn chance(self, probability: f64, seed: u64) -> Rule {
        Rule { when: When::Chance { probability, seed }, ..self }
    }

    fn matches(&self, label: &str, host_and_path: &str) -> bool {
        let family = self.on.ends_with('.') && label.starts_with(&self.on);
        family || label == self.on || host_and_path.contains(&self.on)
    }
}

/// Which of the matching requests meet a trouble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// By number.
    Nth {
        /// The first one, counted from 1.
        from: u64,
        /// Then each so many.
        every: u64,
        /// At the most so many in all.
        count: Option<u64>,
    },
    /// By lot.
    Chance {
        /// Between 0 and 1.
        probability: f64,
        /// The same seed and the same order of requests meet the same troubles.
        seed: u64,
    },
}

impl Default for When {
    fn default() -> When {
        When::Nth { from: 1, every: 1, count: None }
    }
}

/// What goes wrong. Unless said otherwise the request is carried out and only its answer suffers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// This answer; the request is not carried out.
    Status {
        /// HTTP status.
        status: u16,
        /// Headers such as `Retry-After`.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The whole body.
        #[serde(default)]
        body: String,
    },
    /// 200 with a page in place of what was asked for; the request is not carried out.
    Html,
    /// 410 as from a content host whose URL has ended; the request is not carried out.
    Gone,
    /// The connection is reset before the request is carried out, or after `after` bytes of the body.
    Reset {
        /// Bytes of the body that still arrive.
        #[serde(default)]
        after: Option<u64>,
    },
    /// The request is carried out and the connection is reset in place of the answer.
    LostAnswer,
    /// Nothing more comes: before the request is carried out, or after `after` bytes of the body.
    Stall {
        /// Bytes of the body that still arrive.
        #[serde(default)]
        after: Option<u64>,
    },
    /// The connection is closed after `at` bytes of the body, although `Content-Length` says more.
    Truncate {
        /// Bytes of the body that arrive.
        at: u64,
    },
    /// One bit of the body is wrong.
    Corrupt {
        /// Offset of the byte within the body as sent.
        at: u64,
        /// Which bit, 0 to 7.
        bit: u8,
    },
    /// The body trickles.
    Slow {
        /// Bytes per second.
        bytes_per_second: u64,
    },
    /// The answer waits.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// `Content-Length` is this number. Smaller than the body: a body cut without any sign of it
    /// (icloudpd #1297); larger: the connection is closed early.
    ContentLength {
        /// The number.
        bytes: u64,
    },
    /// `Range` is ignored: 200 with everything.
    WholeBody,
    /// A range starts this many bytes later than asked, and `Content-Range` says so.
    ShiftedRange {
        /// Bytes.
        by: u64,
    },
    /// The bytes of another file of the same length.
    OtherBody,
    /// A redirect to the same path elsewhere, with a status that HTTP clients do not follow by themselves (drive.md
    /// 11); the request is not carried out.
    Redirect {
        /// 330, or an ordinary one.
        status: u16,
        /// Scheme and host of the new place.
        #[serde(default = "other_content_host")]
        origin: String,
    },
    /// There is no `Content-Length`: the body comes in chunks.
    NoLength,
    /// A listing shows only so many `items` of each folder, while `numberOfItems` tells the truth.
    ItemsCut {
        /// How many.
        keep: usize,
        /// `numberOfItems` says the smaller number too: nothing gives the loss away.
        #[serde(default)]
        silent: bool,
    },
    /// One entry is missing from an answer that is a list of folders or documents.
    EntryLeftOut {
        /// Its place; counted round when the list is shorter.
        at: usize,
    },
    /// One folder of a listing is answered with `ID_INVALID`, although it is there.
    EntryInvalid {
        /// Its place; counted round when the list is shorter.
        at: usize,
    },
    /// The account loses its sessions before the request is carried out.
    SessionExpired {
        /// How much is lost.
        loss: Loss,
    },
}

impl Fault {
    /// 503 as Drive's services throttle (icloud-docker #202), with `Retry-After` or without.
    pub fn throttled(retry_after_s: Option<u64>) -> Fault {
        let mut body = json!({
            "uuid": uuid::Uuid::new_v4().to_string(),
            "serverErrorCode": "THROTTLED",
            "reason": "Request throttled",
        });
        if let Some(seconds) = retry_after_s {
            body["retryAfter"] = seconds.into();
        }
        let headers = retry_after_s.map(|seconds| ("Retry-After".to_owned(), seconds.to_string()));
        Fault::Status { status: 503, headers: headers.into_iter().collect(), body: body.to_string() }
    }

    /// A refusal in the words of drivews: 421, 423, 429, 450, 500 and so on.
    pub fn refused(status: u16, reason: &str) -> Fault {
        let body = json!({
            "requestUUID": uuid::Uuid::new_v4().to_string(),
            "errorReason": reason,
            "errorCode": status,
        });
        Fault::Status { status, headers: Vec::new(), body: body.to_string() }
    }
}

fn other_content_host() -> String {
    "https://cvws-h2.icloud-content.com".to_owned()
}

/// How much of what a client holds stops being accepted; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Web cookies: services refuse, accountLogin helps.
    Cookies,
    /// Session tokens too: accountLogin answers 421, the password helps.
    Tokens,
    /// Trust too: the password is answered with 409.
    Trust,
}

/// The rules in force, with what they have seen.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    rules: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    seen: u64,
    fired: u64,
    lot: Option<SmallRng>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, rule: Rule) {
        let lot = match rule.when {
            When::Chance { seed, .. } => Some(SmallRng::seed_from_u64(seed)),
            When::Nth { .. } => None,
        };
        self.rules.push(Armed { rule, seen: 0, fired: 0, lot });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The trouble for this request: that of the first rule that fires. Rules before it have counted the
    /// request, rules after it have not.
    pub(crate) fn strike(&mut self, label: &str, host_and_path: &str) -> Option<Fault> {
        self.rules
            .iter_mut()
            .filter(|armed| armed.rule.matches(label, host_and_path))
            .find_map(|armed| armed.fires().then(|| armed.rule.what.clone()))
    }
}

impl Armed {
    fn fires(&mut self) -> bool {
        self.seen += 1;
        let fires = match (&self.rule.when, &mut self.lot) {
            (When::Nth { from, every, count }, _) => {
                self.seen >= *from
                    && (self.seen - from).is_multiple_of((*every).max(1))
                    && count.is_none_or(|most| self.fired < most)
            }
            (When::Chance { probability, .. }, Some(lot)) => lot.random_bool(probability.clamp(0.0, 1.0)),
            (When::Chance { .. }, None) => false,
        };
        self.fired += u64::from(fires);
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(rule: Rule, requests: usize) -> Vec<bool> {
        let mut plan = FaultPlan::default();
        plan.add(rule);
        (0..requests).map(|_| plan.strike("content", "cvws.icloud-content.com/B/x").is_some()).collect()
    }

    #[test]
    fn rules_count_the_requests_they_match() {
        assert_eq!(strikes(Rule::new("content", Fault::Gone), 3), [true; 3]);
        assert_eq!(strikes(Rule::new("", Fault::Gone).times(1), 3), [true, false, false]);
        assert_eq!(
            strikes(Rule::new("cvws", Fault::Gone).nth(2, 2, Some(2)), 7),
            [false, true, false, true, false, false, false]
        );
        assert_eq!(strikes(Rule::new("ck.", Fault::Gone), 3), [false; 3]);
    }

    #[test]
    fn labels_match_whole_or_by_family() {
        let matches = |on: &str, label: &str| {
            Rule::new(on, Fault::Gone).matches(label, "idmsa.apple.com/appleauth/auth")
        };
        assert!(matches("auth.sms", "auth.sms"));
        assert!(!matches("auth.sms", "auth.sms_code"));
        assert!(matches("auth.", "auth.sms_code"));
        assert!(matches("idmsa.apple.com", "auth.sms_code"));
        assert!(!matches("setup.", "auth.sms_code"));
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed() {
        let rule = Rule::new("content", Fault::Html).chance(0.3, 7);
        let first = strikes(rule.clone(), 200);
        assert_eq!(first, strikes(rule, 200));
        let hits = first.iter().filter(|hit| **hit).count();
        assert!((30..90).contains(&hits), "{hits}");
    }

    #[test]
    fn the_first_rule_that_fires_wins() {
        let mut plan = FaultPlan::default();
        plan.add(Rule::new("content", Fault::Gone).times(1));
        plan.add(Rule::new("content", Fault::Html));
        assert_eq!(plan.strike("content", ""), Some(Fault::Gone));
        assert_eq!(plan.strike("content", ""), Some(Fault::Html));
    }

    #[test]
    fn rules_have_a_form_in_json() {
        let rule: Rule = serde_json::from_str(
            r#"{"on":"content","when":{"nth":{"from":3,"every":1,"count":1}},"what":{"truncate":{"at":10}}}"#,
        )
        .unwrap();
        assert_eq!(rule, Rule::new("content", Fault::Truncate { at: 10 }).nth(3, 1, Some(1)));
        let short: Rule = serde_json::from_str(r#"{"what":"html"}"#).unwrap();
        assert_eq!(short, Rule::new("", Fault::Html));
    }
}
