//! The second factor.

use super::*;

#[test]
fn a_sign_in_with_a_code_from_a_device() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_code().is_none() {
        return;
    }
    assert_eq!(play.code("12 34"), "NotACode { digits: 6 }");
    assert_eq!(play.on(Event::Told), "code? devices");
    assert_eq!(play.code(" 004-821 "), "verify/trusteddevice/securitycode");
    assert_eq!(play.answer(example("16").unwrap()), "2sv/trust");
    assert_eq!(play.answer(example("25").unwrap()), "accountLogin");
    let sent = play.flow.book().session_token.as_ref().unwrap().expose().to_owned();
    assert_eq!(sent, "EXAMPLE-SESSION-TOKEN-TRUSTED");
    assert_eq!(play.answer(example("27").unwrap()), "ready true");
    let book = play.flow.book();
    assert_eq!(book.trust_token.as_ref().unwrap().expose(), "HSARMTKNSRVXWFlaEXAMPLEtrusttokenSRVX");
    assert_eq!((book.account_country.as_deref(), book.trusted_at), (Some("USA"), Some(start())));
    assert!(book.open.is_none());
}

#[test]
fn what_a_code_is_answered_with() {
    for (number, expected) in [
        ("16", "2sv/trust"),
        ("17", "2sv/trust"),
        ("18", "2sv/trust"),
        ("19", "repair/complete"),
        ("20", "WrongCode { left: 2 }"),
        ("21", "fail CodesLocked"),
        ("24", "2sv/trust"),
    ] {
        let mut play = Play::new(LOGIN, logged_out());
        if play.reach_code().is_none() {
            return;
        }
        play.code("004821");
        assert_eq!(play.answer(example(number).unwrap()), expected, "example {number}");
    }
    for (status, expected) in [
        (401, "fail LoginExpired"),
        (423, "fail CodesLocked"),
        (409, "fail Unexpected { step: \"verify/trusteddevice/securitycode\", status: 409, code: None }"),
        (503, "wait 2"),
    ] {
        let mut play = Play::new(LOGIN, logged_out());
        if play.reach_code().is_none() {
            return;
        }
        play.code("004821");
        assert_eq!(play.answer(bare(status)), expected, "{status}");
    }
}

#[test]
fn a_wrong_code_may_be_followed_by_two_more_and_no_push_is_sent_for_it() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_code().is_none() {
        return;
    }
    for left in [2, 1] {
        assert_eq!(play.code("111111"), "verify/trusteddevice/securitycode");
        assert_eq!(play.answer(example("20").unwrap()), format!("WrongCode {{ left: {left} }}"));
        assert_eq!(play.on(Event::Told), "code? devices");
    }
    play.code("111111");
    assert_eq!(play.answer(example("20").unwrap()), "fail WrongCode { tries: 3 }");
}

#[test]
fn a_412_after_the_code_is_repaired_before_trust() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_code().is_none() {
        return;
    }
    play.code("004821");
    assert_eq!(play.answer(example("19").unwrap()), "repair/complete");
    assert_eq!(play.answer(example("07").unwrap()), "2sv/trust");
    assert_eq!(play.answer(bare(204)), "fail NotTrusted { status: 204 }", "no token came");
}

#[test]
fn a_code_by_message() {
    let mut play = Play::new(Aim::Login { way: CodeWay::Message, renew: false }, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    assert_eq!(play.answer(example("04").unwrap()), "auth");
    assert_eq!(play.answer(example("13").unwrap()), "phone? 2");
    assert_eq!(play.on(Event::Phone(Some(PhoneId::Number(9)))), "phone? 2", "there is no such phone");
    assert_eq!(play.on(Event::Phone(Some(PhoneId::Number(1)))), "verify/phone");
    assert_eq!(play.answer(example("22").unwrap()), "code? phone");
    assert_eq!(play.code("730115"), "verify/phone/securitycode");
    let Call::PhoneCode { id, mode, code } = &play.flow.sent else { panic!("not a phone's code") };
    assert_eq!((id, mode.as_str(), code.as_str()), (&PhoneId::Number(1), "sms", "730115"));
    assert_eq!(play.answer(example("24").unwrap()), "2sv/trust");
}

#[test]
fn a_person_may_change_their_mind_about_the_way() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_code().is_none() {
        return;
    }
    assert_eq!(play.on(Event::Code(CodeReply::Resend)), "verify/trusteddevice");
    assert_eq!(play.answer(example("15").unwrap()), "code? devices");
    assert_eq!(play.on(Event::Code(CodeReply::SendSms(PhoneId::Number(2)))), "verify/phone");
    let Call::Send { mode, .. } = &play.flow.sent else { panic!("nothing is sent") };
    assert_eq!(mode, "voice", "this phone takes no messages");
    assert_eq!(play.answer(example("23").unwrap()).split(' ').next(), Some("CannotSend"));
    assert_eq!(play.on(Event::Told), "code? devices");
    assert_eq!(play.on(Event::Code(CodeReply::Call(PhoneId::Number(1)))), "verify/phone");
    assert_eq!(play.answer(bare(409)), "code? phone", "sent all the same");
    assert_eq!(play.on(Event::Code(CodeReply::GiveUp)), "fail GaveUp");
    assert!(play.flow.book().needs_user.is_none(), "with a person nothing is written down");
}

#[test]
fn a_refused_push_leaves_messages() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    play.answer(example("04").unwrap());
    assert_eq!(play.answer(example("12").unwrap()), "verify/trusteddevice");
    assert_eq!(play.answer(bare(405)), "code? nowhere");
}

#[test]
fn security_keys_are_found_before_anything_is_asked() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    let keys = "fail Needs(SecurityKey { keys: [\"Blue key\"] })";
    assert_eq!(play.answer(example("10").unwrap()), keys);
    let mut play = Play::new(LOGIN, logged_out());
    play.reach_complete().unwrap();
    assert_eq!(play.answer(example("04").unwrap()), "auth");
    assert_eq!(play.answer(example("10").unwrap()), keys, "the list of factors may be the first to say so");
}

#[test]
fn two_calls_make_one_sign_in() {
    let mut play = Play::new(Aim::RequestCode { way: CodeWay::Devices, renew: false }, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    play.answer(example("04").unwrap());
    play.answer(example("12").unwrap());
    assert_eq!(play.answer(example("15").unwrap()), "requested devices");
    let text = serde_json::to_string(play.flow.book()).unwrap();
    let book: Book = serde_json::from_str(&text).unwrap();
    assert!(book == *play.flow.book(), "all of it survives the file");

    let submit = |code: &str| Aim::SubmitCode { code: CodeText(code.to_owned()) };
    assert_eq!(Play::new(submit("12345"), book.clone()).start(false), "fail NotACode { digits: 6 }");
    let mut wrong = Play::new(submit("111111"), book.clone());
    assert_eq!(wrong.start(false), "verify/trusteddevice/securitycode");
    assert_eq!(wrong.answer(example("20").unwrap()), "fail WrongCode { tries: 1 }");
    let mut right = Play::new(submit("004821"), wrong.flow.into_book());
    assert_eq!(right.start(false), "verify/trusteddevice/securitycode");
    assert_eq!(right.answer(example("16").unwrap()), "2sv/trust");
    assert_eq!(right.answer(example("25").unwrap()), "accountLogin");
    assert_eq!(right.answer(example("27").unwrap()), "ready true");

    let mut late = Play::new(submit("004821"), book.clone());
    late.now += SignedDuration::from_mins(15);
    assert_eq!(late.start(false), "fail NoLoginOpen");
    let mut between = Play::new(UNATTENDED, book);
    assert_eq!(between.start(false), "fail Needs(Code)", "a run in between keeps its hands off");
    assert!(between.flow.book().open.is_some());
    assert_eq!(Play::new(submit("004821"), logged_out()).start(false), "fail NoLoginOpen");
}
