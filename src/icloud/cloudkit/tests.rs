//! The example errors, each given the meaning that the protocol's table of errors gives it.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::answer::{Batch, Databases, Deltas, Queried, read};
use super::error::CloudKitError;
use crate::http::Answer;
use crate::http::retry::{Class, Classify};
use crate::icloud::fixture::example;

fn answer(status: u16, body: &str) -> Answer {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Answer { status, content_type: None, retry_after: None, body }
}

/// The answer of an error file: `{status, headers, body}`.
fn error(name: &str) -> Option<CloudKitError> {
    let file = example(&format!("photos/errors/{name}.json"))?;
    let body = match &file["body"] {
        serde_json::Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let wait = file["headers"]["Retry-After"].as_str().and_then(|seconds| seconds.parse().ok());
    let answer = Answer {
        retry_after: wait.map(Duration::from_secs),
        ..answer(u16::try_from(file["status"].as_u64().unwrap()).unwrap(), &body)
    };
    Some(read::<Queried>(&answer).unwrap_err())
}

#[test]
fn every_example_error_has_its_meaning_and_class() {
    use CloudKitError::{
        AccessDenied, Busy, IndexInvalid, Other, SignInNeeded, Throttled, TooManyRecords, Unreadable,
        ZoneNotFound,
    };
    type Meaning = fn(&CloudKitError) -> bool;
    let is: [(&str, Meaning, Class); 13] = [
        ("access_denied_private_db", |e| matches!(e, AccessDenied { .. }), Class::Permanent),
        ("authentication_failed", |e| matches!(e, SignInNeeded { .. }), Class::Session),
        ("misdirected_request", |e| matches!(e, SignInNeeded { .. }), Class::Session),
        ("bad_request_index_invalid", |e| matches!(e, IndexInvalid { .. }), Class::Permanent),
        ("bad_request_not_indexable", |e| matches!(e, Other { status: 400, .. }), Class::Permanent),
        ("bad_request_too_many_records", |e| matches!(e, TooManyRecords { .. }), Class::Permanent),
        ("zone_not_found", |e| matches!(e, ZoneNotFound { .. }), Class::Permanent),
        ("cdn_url_expired", |e| matches!(e, Other { status: 410, .. }), Class::Permanent),
        ("internal_error", |e| matches!(e, Busy { status: 500, .. }), Class::Transient),
        ("service_unavailable_html", |e| matches!(e, Busy { status: 503, .. }), Class::Transient),
        ("try_again_later_http200", |e| matches!(e, Busy { status: 200, .. }), Class::Transient),
        ("cdn_html_with_200", |e| matches!(e, Unreadable { status: 200, .. }), Class::Transient),
        ("throttled", |e| matches!(e, Throttled { .. }), Class::Throttled(Some(Duration::from_secs(30)))),
    ];
    for (name, meaning, class) in is {
        let Some(error) = error(name) else { return };
        assert!(meaning(&error), "{name}: {error:?}");
        assert_eq!(error.class(), class, "{name}");
        let text = error.to_string();
        assert!(text.starts_with(char::is_uppercase) || text.starts_with("iCloud"), "{text}");
        assert!(!text.ends_with('.'), "{text}");
    }
}

#[test]
fn refused_tokens_are_told_from_missing_zones_and_zones_without_history() {
    let zone_error = |name: &str| {
        let json = example(&format!("photos/{name}.json"))?.to_string();
        let deltas: Deltas = read(&answer(200, &json)).unwrap();
        let fault = deltas.zones.unwrap().into_iter().find_map(|zone| zone.fault).unwrap();
        Some(fault.into_error(200, None))
    };
    for name in ["changes_zone_bad_token", "changes_zone_truncated_token"] {
        let Some(error) = zone_error(name) else { return };
        assert!(matches!(error, CloudKitError::TokenRefused { .. }), "{name}: {error:?}");
    }
    let missing = zone_error("changes_zone_one_zone_missing").unwrap();
    assert!(matches!(missing, CloudKitError::ZoneNotFound { .. }));
}

#[test]
fn token_errors_are_known_at_the_top_of_an_answer_too() {
    for (status, reason) in [(400, "Unknown sync continuation type"), (404, "Invalid continuation format")] {
        let body = format!(r#"{{"serverErrorCode":"BAD_REQUEST","reason":"{reason}"}}"#);
        let error = read::<Deltas>(&answer(status, &body)).unwrap_err();
        assert!(matches!(error, CloudKitError::TokenRefused { .. }), "{error:?}");
    }
    let body = r#"{"serverErrorCode":"CHANGE_TOKEN_EXPIRED"}"#;
    assert!(matches!(read::<Deltas>(&answer(200, body)), Err(CloudKitError::TokenRefused { .. })));
    let body =
        r#"{"serverErrorCode":"BAD_REQUEST","reason":"syncToken operations supported only in SyncZone"}"#;
    assert!(matches!(read::<Deltas>(&answer(400, body)), Err(CloudKitError::NoHistory { .. })));
}

#[test]
fn an_answer_without_records_is_not_an_empty_one() {
    for body in ["{}", "[]", "null", r#"{"records":null}"#, r#"{"records":{}}"#, "", "{"] {
        let error = read::<Queried>(&answer(200, body)).unwrap_err();
        assert!(matches!(error, CloudKitError::Unreadable { .. }), "{body}: {error:?}");
    }
    assert!(read::<Queried>(&answer(200, r#"{"records":[]}"#)).unwrap().records.unwrap().is_empty());
}

#[test]
fn a_session_that_the_server_forgot_is_no_lock_out() {
    let body = r#"{"reason":"Invalid global session","error":1}"#;
    assert!(matches!(read::<Queried>(&answer(500, body)), Err(CloudKitError::SignInNeeded { .. })));
    assert!(matches!(read::<Queried>(&answer(200, body)), Err(CloudKitError::SignInNeeded { .. })));
    let recorded = r#"{"error":"Api Error","errorCode":"100"}"#;
    assert!(matches!(read::<Queried>(&answer(500, recorded)), Err(CloudKitError::Busy { .. })));
}

/// Answers of each call, written by hand after the real ones.
const ANSWERS: [&str; 5] = [
    r#"{"records":[{"recordName":"A","recordType":"CPLAsset","fields":{"x":{"value":1,"type":"INT64"}}}],"continuationMarker":"m","syncToken":"t"}"#,
    r#"{"zones":[{"zoneID":{"zoneName":"PrimarySync","ownerRecordName":"_1"},"syncToken":"t","moreComing":true,"records":[{"recordName":"A","deleted":true}]}]}"#,
    r#"{"zones":[{"zoneID":{"zoneName":"PrimarySync"},"serverErrorCode":"ZONE_NOT_FOUND","reason":"no"}],"moreComing":false,"syncToken":"d"}"#,
    r#"{"batch":[{"records":[{"recordName":"c","fields":{"itemCount":{"value":7}}}]}]}"#,
    r#"{"serverErrorCode":"THROTTLED","reason":"wait","retryAfter":30,"uuid":"u"}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_answer_is_read_or_refused(
        example in proptest::sample::select(ANSWERS.to_vec()),
        at in any::<proptest::sample::Index>(),
        to in any::<proptest::sample::Index>(),
        put in proptest::collection::vec(any::<u8>(), 0..12),
        status in proptest::sample::select(vec![200_u16, 200, 200, 400, 401, 429, 500, 999]),
    ) {
        let mut bytes = example.as_bytes().to_vec();
        let (a, b) = (at.index(bytes.len() + 1), to.index(bytes.len() + 1));
        // A short cut now and then, so that much of the example stays.
        drop(bytes.splice(a.min(b)..a.min(b) + (a.max(b) - a.min(b)) % 9, put));
        let answer = Answer { status, content_type: None, retry_after: None, body: bytes.into() };
        let told = [
            read::<Queried>(&answer).err(),
            read::<Deltas>(&answer).err(),
            read::<Databases>(&answer).err(),
            read::<Batch>(&answer).err(),
        ];
        for error in told.into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn an_array_longer_than_any_real_one_is_refused() {
    let body = |count: usize| format!(r#"{{"records":[{}{{}}]}}"#, "{},".repeat(count - 1));
    assert_eq!(read::<Queried>(&answer(200, &body(1_000))).unwrap().records.unwrap().len(), 1_000);
    assert!(matches!(read::<Queried>(&answer(200, &body(1_001))), Err(CloudKitError::Unreadable { .. })));
}
