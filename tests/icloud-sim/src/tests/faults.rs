//! Every trouble, as it looks from the client's end of the wire.

use super::browser::Browser;
use super::content::{SIZE, first_url, get, with_photo};
use super::wire;
use crate::{Fault, Loss, Rule};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

#[tokio::test]
async fn answers_can_be_replaced() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    let throttled = Fault::Status {
        status: 503,
        headers: vec![("Retry-After".to_owned(), "30".to_owned())],
        body: r#"{"serverErrorCode":"THROTTLED"}"#.to_owned(),
    };
    control.add_fault(Rule::new("content", throttled).times(1));
    control.add_fault(Rule::new("content", Fault::Html).times(1));
    control.add_fault(Rule::new("content", Fault::Gone).times(1));
    let answer = get(&url, &path, None).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")));
    assert_eq!(answer.json()["serverErrorCode"], "THROTTLED");
    let page = get(&url, &path, None).await;
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(get(&url, &path, None).await.status, 410);
    assert_eq!(get(&url, &path, None).await.body.len(), SIZE);
}

#[tokio::test]
async fn bodies_can_be_cut_in_three_ways() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    let whole = get(&url, &path, None).await.body;
    for at in [0, 1, 65_536, SIZE - 1] {
        control.add_fault(Rule::new("content", Fault::Truncate { at: at as u64 }).times(1));
        let answer = get(&url, &path, None).await;
        assert_eq!(answer.header("content-length"), Some("150000"));
        assert_eq!(answer.cut, Some(ErrorKind::UnexpectedEof));
        assert!(answer.body == whole[..at], "{at}");
        control.add_fault(Rule::new("content", Fault::Reset { after: Some(at as u64) }).times(1));
        let answer = get(&url, &path, None).await;
        assert_eq!(answer.cut, Some(ErrorKind::ConnectionReset));
        assert!(answer.body == whole[..at], "{at}");
        control.add_fault(Rule::new("content", Fault::ContentLength { bytes: at as u64 }).times(1));
        let answer = get(&url, &path, None).await;
        assert_eq!((answer.status, answer.cut), (200, None), "nothing shows the loss");
        assert!(answer.body == whole[..at], "{at}");
        control.clear_faults();
    }
    control.add_fault(Rule::new("content", Fault::ContentLength { bytes: SIZE as u64 + 5 }));
    let answer = get(&url, &path, None).await;
    assert_eq!((answer.cut, answer.body.len()), (Some(ErrorKind::UnexpectedEof), SIZE));
}

#[tokio::test]
async fn one_bit_can_be_wrong() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    let whole = get(&url, &path, None).await.body;
    control.add_fault(Rule::new("content", Fault::Corrupt { at: 100_000, bit: 3 }));
    let wrong = get(&url, &path, None).await.body;
    let differing: Vec<usize> = (0..SIZE).filter(|&at| whole[at] != wrong[at]).collect();
    assert_eq!(differing, [100_000]);
    assert_eq!(whole[100_000] ^ wrong[100_000], 8);
}

#[tokio::test]
async fn ranges_can_be_ignored_or_shifted() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    control.add_fault(Rule::new("content", Fault::WholeBody).times(1));
    control.add_fault(Rule::new("content", Fault::ShiftedRange { by: 100 }).times(1));
    let answer = get(&url, &path, Some("bytes=1000-")).await;
    assert_eq!((answer.status, answer.body.len()), (200, SIZE));
    let answer = get(&url, &path, Some("bytes=1000-")).await;
    assert_eq!((answer.status, answer.header("content-range")), (206, Some("bytes 1100-149999/150000")));
}

#[tokio::test]
async fn connections_break_before_or_in_place_of_the_answer() {
    let (simulator, control, _) = with_photo().await;
    let mut browser = Browser::new(&simulator.url());
    browser.password("correct horse battery").await;
    control.add_fault(Rule::new("auth.push", Fault::Reset { after: None }).times(1));
    control.add_fault(Rule::new("auth.push", Fault::LostAnswer).times(1));
    let before = control.codes().device;
    let target = "/idmsa.apple.com/appleauth/auth/verify/trusteddevice/securitycode";
    let error = wire::send(&browser.url, "PUT", target, &[], b"").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(control.codes().device, before);
    let stale = browser.clone();
    let lost = tokio::spawn(async move { browser.push().await });
    assert!(lost.await.is_err(), "the answer was lost");
    assert!(control.codes().device.is_some(), "and the push was not");
    let mut browser = stale;
    assert_eq!(browser.push().await.status, 401, "its scnt went with the lost answer");
}

#[tokio::test]
async fn answers_can_stall_trickle_and_wait() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    let soon = Duration::from_millis(300);
    for after in [None, Some(1000)] {
        control.add_fault(Rule::new("content", Fault::Stall { after }).times(1));
        assert!(tokio::time::timeout(soon, get(&url, &path, None)).await.is_err());
    }
    control.clear_faults();
    let started = Instant::now();
    control.add_fault(Rule::new("content", Fault::Slow { bytes_per_second: 500_000 }).times(1));
    assert_eq!(get(&url, &path, None).await.body.len(), SIZE);
    assert!(started.elapsed() >= soon, "{:?}", started.elapsed());
    control.add_fault(Rule::new("content", Fault::Delay { ms: 300 }).times(1));
    let started = Instant::now();
    get(&url, &path, None).await;
    assert!(started.elapsed() >= soon);
    control.set_latency(soon);
    let started = Instant::now();
    get(&url, &path, None).await;
    assert!(started.elapsed() >= soon);
}

#[tokio::test]
async fn sessions_can_end_in_the_middle() {
    let (simulator, control, _) = with_photo().await;
    let mut browser = Browser::new(&simulator.url());
    browser.sign_in(&control).await;
    control.add_fault(Rule::new("ck.", Fault::SessionExpired { loss: Loss::Cookies }).nth(2, 1, Some(1)));
    first_url(&mut browser).await;
    assert_eq!(browser.database("zones/list", "{}").await.status, 401);
    browser.account_login().await;
    assert_eq!(browser.database("zones/list", "{}").await.status, 200);
    let noted = control.log().into_iter().filter(|request| request.note.is_some()).count();
    assert_eq!(noted, 1);
}
