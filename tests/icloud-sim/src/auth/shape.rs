//! The documents of idmsa: phones, code flags, pages (fixtures 11 to 24).

use crate::config::{Account, AccountKind, OptionsForm, Phone};
use serde_json::{Value, json};

/// A front end's refusal (fixture 11).
pub(super) const THROTTLED_PAGE: &str =
    "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";

/// The flags of `securityCode`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) too_many_sent: bool,
    pub(super) too_many_tried: bool,
    pub(super) locked: bool,
}

/// Apple's words for a code.
pub(super) fn service_error(code: &str) -> Option<&'static str> {
    Some(match code {
        "-20101" => "Enter the email or phone number and password for your Apple Account.",
        "-20209" => "This Apple Account has been locked for security reasons.",
        "-20283" => "Your Apple Account password is required. App-specific passwords cannot be used here.",
        "-21669" => "Incorrect verification code.",
        "-28248" => {
            "Verification codes can’t be sent to this phone number at this time. Please try again later."
        }
        _ => return None,
    })
}

/// `service_errors` of the second factor's calls.
pub(super) fn verification_error(code: &str, title: &str) -> Value {
    json!([{ "code": code, "title": title, "message": service_error(code), "suppressDismissal": false }])
}

/// The cookies every sign-in answer sets.
pub(super) fn site_cookies(domain: &str) -> [String; 2] {
    ["dslang=US-EN", "site=USA"].map(|pair| format!("{pair}; Domain={domain}; Path=/; Secure; HttpOnly"))
}

pub(super) fn phone(phone: &Phone) -> Value {
    let local = phone.number.split_once(' ').map_or(phone.number.as_str(), |(_, local)| local);
    json!({
        "numberWithDialCode": phone.number,
        "nonFTEU": phone.mode != "sms",
        "pushMode": phone.mode,
        "obfuscatedNumber": local,
        "lastTwoDigits": phone.last_digits,
        "id": phone.id,
    })
}

pub(super) fn flags(flags: Flags) -> Value {
    json!({
        "length": 6,
        "tooManyCodesSent": flags.too_many_sent,
        "tooManyCodesValidated": flags.too_many_tried,
        "securityCodeLocked": flags.locked,
        "securityCodeCooldown": false,
    })
}

/// `phoneNumberVerification`, which is also the whole answer of the phone calls.
pub(super) fn phone_verification(account: &Account, code_flags: Flags) -> Value {
    let mut document = json!({
        "trustedPhoneNumbers": account.phones.iter().map(phone).collect::<Vec<_>>(),
        "securityCode": flags(code_flags),
        "authenticationType": "hsa2",
        "recoveryUrl": format!(
            "https://iforgot.apple.com/phone/add?prs_account_nm={}&autoSubmitAccount=true&appId=142",
            account.apple_id.replace('@', "%40")
        ),
        "autoVerified": false,
        "showAutoVerificationUI": false,
        "supportsCustodianRecovery": false,
        "hideSendSMSCodeOption": false,
        "supervisedChangePasswordFlow": false,
        "supportsRecovery": true,
        "hsa2Account": true,
        "restrictedAccount": false,
        "managedAccount": false,
    });
    if let Some(first) = account.phones.first() {
        document["trustedPhoneNumber"] = phone(first);
    }
    document
}

/// The answer of the trusted device's calls (fixtures 15 and 17 to 21).
pub(super) fn device_verification(account: &Account, code_flags: Flags) -> Value {
    json!({
        "trustedDeviceCount": trusted_devices(account),
        "otherTrustedDeviceClass": "iPhone",
        "securityCode": flags(code_flags),
        "phoneNumberVerification": phone_verification(account, Flags::default()),
    })
}

/// `GET AUTH` as JSON (fixtures 12 and 13).
pub(super) fn options(account: &Account, code_flags: Flags) -> Value {
    let mut phones = phone_verification(account, code_flags);
    let devices = trusted_devices(account);
    match account.options_form {
        OptionsForm::Nested => json!({
            "phoneNumberVerification": phones,
            "trustedDeviceCount": devices,
            "hasTrustedDevices": devices > 0,
        }),
        OptionsForm::TopLevel | OptionsForm::Html => {
            phones["noTrustedDevices"] = json!(devices == 0);
            phones
        }
        OptionsForm::Singular => {
            phones["noTrustedDevices"] = json!(devices == 0);
            if let Some(members) = phones.as_object_mut() {
                members.remove("trustedPhoneNumbers");
            }
            phones
        }
    }
}

/// `GET AUTH` as a page (fixture 14).
pub(super) fn options_page(account: &Account, code_flags: Flags) -> String {
    let boot_args = json!({
        "direct": {
            "module": "widget/auth/components/hsa2/hsa2",
            "isReact": true,
            "authUserType": "hsa2",
            "hasTrustedDevices": trusted_devices(account) > 0,
            "twoSV": {
                "supportedPushModes": ["voice", "sms"],
                "bridgeInitiateData": {
                    "apnsTopic": "com.apple.idmsauthwidget",
                    "phoneNumberVerification": phone_verification(account, code_flags),
                },
                "authFactors": ["robocall", "sms", "generatedcode"],
                "source_returnurl": "https://idmsa.apple.com/",
                "sourceAppId": 1159,
            },
            "urlContext": "/appleauth",
            "authType": "hsa2",
            "authInitialRoute": "auth/bridge/step",
            "appleIDUrl": "https://appleid.apple.com",
        },
        "additional": { "canRoute2sv": true },
    });
    // `</` inside a script element would end it.
    let boot_args = boot_args.to_string().replace("</", "<\\/");
    format!(
        "<html><body><script type=\"application/json\" class=\"boot_args\">{boot_args}</script></body></html>"
    )
}

/// What a security-key account is asked for (fixture 10).
pub(super) fn security_key(challenge: &str) -> Value {
    json!({
        "authType": "hsa2",
        "fsaChallenge": {
            "challenge": challenge,
            "keyHandles": ["a2V5LWhhbmRsZS1vbmU"],
            "rpId": "apple.com",
            "allowedCredentials": "a2V5LWhhbmRsZS1vbmU",
        },
        "keyNames": ["Blue key"],
    })
}

pub(super) fn trusted_devices(account: &Account) -> u32 {
    if account.kind == AccountKind::SmsOnly { 0 } else { 2 }
}
