//! A client that does what a browser at icloud.com does, written from the protocol reference.

use super::wire::{self, Received};
use crate::{Account, Config, Control, Simulator};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use srp::ClientG2048;
use std::collections::BTreeMap;

pub(super) const KEY: &str = "d39ba9916b7251055b22c7f910e2ea796ee65e98b2ddecea8f5dde8d9d1a815d";
pub(super) const AGENT: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";

/// A browser with its jar and what it took over from headers.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) url: String,
    /// What hosts end with: nothing, or `.cn`.
    pub(super) region: &'static str,
    pub(super) frame: String,
    /// `scnt`, `X-Apple-ID-Session-Id`, `X-Apple-Session-Token`, `X-Apple-TwoSV-Trust-Token`, in lower case.
    pub(super) taken: BTreeMap<String, String>,
    /// Name to (domain, value).
    pub(super) jar: BTreeMap<String, (String, String)>,
    /// Headers to leave out or replace in the next requests.
    pub(super) odd: BTreeMap<String, Option<String>>,
    pub(super) a: [u8; 32],
}

/// A simulator with this account, and a browser.
pub(super) async fn start(account: Account) -> (Simulator, Control, Browser) {
    let simulator = Simulator::start(Config { account, ..Config::default() }).await.unwrap();
    let browser = Browser::new(&simulator.url());
    let control = simulator.control();
    (simulator, control, browser)
}

impl Browser {
    pub(super) fn new(url: &str) -> Browser {
        Browser {
            url: url.to_owned(),
            region: "",
            frame: format!("auth-{}", uuid::Uuid::new_v4()),
            taken: BTreeMap::new(),
            jar: BTreeMap::new(),
            odd: BTreeMap::new(),
            a: [42; 32],
        }
    }

    fn home(&self) -> String {
        format!("https://www.icloud.com{}", self.region)
    }

    fn idmsa(&self) -> String {
        format!("idmsa.apple.com{}", self.region)
    }

    pub(super) fn taken(&self, name: &str) -> String {
        self.taken.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn odd(&mut self, name: &str, value: Option<&str>) {
        self.odd.insert(name.to_owned(), value.map(str::to_owned));
    }

    /// Sends a request to `/HOST/PATH` with these headers and the cookies of its host.
    pub(super) async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: Vec<(&str, String)>,
        body: &str,
    ) -> Received {
        let host =
            target.trim_start_matches('/').split('/').next().unwrap().trim_end_matches(":443").to_owned();
        let mut sent: Vec<(String, String)> = vec![("User-Agent".to_owned(), AGENT.to_owned())];
        sent.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let cookies: Vec<String> = self
            .jar
            .iter()
            .filter(|(_, (domain, _))| host == *domain || host.ends_with(&format!(".{domain}")))
            .map(|(name, (_, value))| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            sent.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        for (name, value) in &self.odd {
            sent.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            sent.extend(value.clone().map(|value| (name.clone(), value)));
        }
        let answer = wire::send(&self.url, method, target, &sent, body.as_bytes()).await.unwrap();
        for line in answer.set_cookies() {
            self.keep(line);
        }
        answer
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap();
        let domain = rest.split(';').find_map(|part| part.trim().strip_prefix("Domain=")).unwrap();
        if value.is_empty() {
            self.jar.remove(name);
        } else {
            let domain = domain.trim_start_matches('.').to_owned();
            self.jar.insert(name.to_owned(), (domain, value.to_owned()));
        }
    }

    /// An AUTH request with the headers of auth.md 1.1.
    pub(super) async fn auth(&mut self, method: &str, path: &str, body: Option<Value>) -> Received {
        let signing_in = path.starts_with("/federate") || path.starts_with("/signin");
        let origin = if signing_in { format!("https://{}", self.idmsa()) } else { self.home() };
        let mut headers = vec![
            ("Accept", "application/json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("X-Apple-Widget-Key", KEY.to_owned()),
            ("X-Apple-OAuth-Client-Id", KEY.to_owned()),
            ("X-Apple-OAuth-Client-Type", "firstPartyAuth".to_owned()),
            ("X-Apple-OAuth-Redirect-URI", self.home()),
            ("X-Apple-OAuth-Require-Grant-Code", "true".to_owned()),
            ("X-Apple-OAuth-Response-Mode", "web_message".to_owned()),
            ("X-Apple-OAuth-Response-Type", "code".to_owned()),
            ("X-Apple-OAuth-State", self.frame.clone()),
            ("Referer", format!("{origin}/")),
            ("Origin", origin),
        ];
        for (header, name) in [("scnt", "scnt"), ("X-Apple-ID-Session-Id", "x-apple-id-session-id")] {
            if let Some(value) = self.taken.get(name) {
                headers.push((header, value.clone()));
            }
        }
        let body = body.map(|value| value.to_string()).unwrap_or_default();
        let answer =
            self.request(method, &format!("/{}/appleauth/auth{path}", self.idmsa()), headers, &body).await;
        for name in ["scnt", "x-apple-id-session-id", "x-apple-session-token", "x-apple-twosv-trust-token"] {
            if let Some(value) = answer.header(name) {
                self.taken.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(super) async fn authorize(&mut self) -> Received {
        let target = format!(
            "/{idmsa}/appleauth/auth/authorize/signin?frame_id={frame}&language=en_US&skVersion=7&iframeId={frame}&client_id={KEY}\
             &redirect_uri={home}&response_type=code&response_mode=web_message&state={frame}\
             &authVersion=latest",
            idmsa = self.idmsa(),
            home = self.home(),
            frame = self.frame
        );
        let answer = self.request("GET", &target, vec![("Accept", "*/*".to_owned())], "").await;
        self.taken.insert("scnt".to_owned(), answer.header("scnt").unwrap_or_default().to_owned());
        answer
    }

    pub(super) async fn init(&mut self) -> Received {
        self.init_with(&["s2k", "s2k_fo"]).await
    }

    pub(super) async fn init_with(&mut self, protocols: &[&str]) -> Received {
        let public = ClientG2048::<Sha256>::new_with_options(false).compute_public_ephemeral(&self.a);
        let mut wide = vec![0; 256 - public.len()];
        wide.extend(public);
        let body =
            json!({ "a": STANDARD.encode(wide), "accountName": "you@example.com", "protocols": protocols });
        self.auth("POST", "/signin/init", Some(body)).await
    }

    /// `signin/init` and `signin/complete`.
    pub(super) async fn password(&mut self, password: &str) -> Received {
        let init = self.init().await;
        assert_eq!(init.status, 200, "{init:?}");
        let answer = init.json();
        let salt = STANDARD.decode(answer["salt"].as_str().unwrap()).unwrap();
        let b_pub = STANDARD.decode(answer["b"].as_str().unwrap()).unwrap();
        let hashed = Sha256::digest(password.as_bytes());
        let input = match answer["protocol"].as_str().unwrap() {
            "s2k" => hashed.to_vec(),
            _ => hashed.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")).into_bytes(),
        };
        let rounds = u32::try_from(answer["iteration"].as_u64().unwrap()).unwrap();
        let key = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&input, &salt, rounds);
        let client = ClientG2048::<Sha256>::new_with_options(false);
        let proof = client.process_reply(&self.a, b"you@example.com", &key, &salt, &b_pub).unwrap();
        let public = client.compute_public_ephemeral(&self.a);
        let m2 = Sha256::digest([&public, proof.proof(), &Sha256::digest(proof.key())].concat());
        let trust: Vec<&String> = self.taken.get("x-apple-twosv-trust-token").into_iter().collect();
        let body = json!({
            "accountName": "you@example.com",
            "c": answer["c"],
            "m1": STANDARD.encode(proof.proof()),
            "m2": STANDARD.encode(m2),
            "rememberMe": true,
            "trustTokens": trust,
        });
        self.auth("POST", "/signin/complete?isRememberMeEnabled=true", Some(body)).await
    }

    pub(super) async fn push(&mut self) -> Received {
        self.auth("PUT", "/verify/trusteddevice/securitycode", None).await
    }

    pub(super) async fn code(&mut self, code: &str) -> Received {
        let body = json!({ "securityCode": { "code": code } });
        self.auth("POST", "/verify/trusteddevice/securitycode", Some(body)).await
    }

    pub(super) async fn send_sms(&mut self, id: u64, mode: &str) -> Received {
        self.auth("PUT", "/verify/phone", Some(json!({ "phoneNumber": { "id": id }, "mode": mode }))).await
    }

    pub(super) async fn sms_code(&mut self, id: u64, mode: &str, code: &str) -> Received {
        let body = json!({ "phoneNumber": { "id": id }, "securityCode": { "code": code }, "mode": mode });
        self.auth("POST", "/verify/phone/securitycode", Some(body)).await
    }

    pub(super) async fn trust(&mut self) -> Received {
        self.auth("GET", "/2sv/trust", None).await
    }

    /// A SETUP request with the headers of auth.md 1.2.
    pub(super) async fn setup(&mut self, call: &str, body: &str) -> Received {
        let media_type =
            if call.starts_with("logout") { "text/plain;charset=UTF-8" } else { "application/json" };
        let headers = vec![
            ("Origin", self.home()),
            ("Referer", format!("{}/", self.home())),
            ("Content-Type", media_type.to_owned()),
        ];
        let target = format!("/setup.icloud.com{}/setup/ws/1/{call}", self.region);
        self.request("POST", &target, headers, body).await
    }

    pub(super) async fn account_login(&mut self) -> Received {
        let body = json!({
            "accountCountryCode": "USA",
            "dsWebAuthToken": self.taken("x-apple-session-token"),
            "extended_login": true,
            "trustToken": self.taken("x-apple-twosv-trust-token"),
        });
        self.setup("accountLogin", &body.to_string()).await
    }

    pub(super) async fn validate(&mut self) -> Received {
        self.setup("validate", "null").await
    }

    /// A call to the photo database.
    pub(super) async fn database(&mut self, call: &str, body: &str) -> Received {
        let headers = vec![
            ("Origin", self.home()),
            ("Referer", format!("{}/", self.home())),
            ("Content-Type", "text/plain".to_owned()),
        ];
        let target = format!(
            "/p61-ckdatabasews.icloud.com{}:443/database/1/com.apple.photos.cloud/production/private/{call}",
            self.region
        );
        self.request("POST", &target, headers, body).await
    }

    /// A call to drivews or docws.
    pub(super) async fn drive(&mut self, method: &str, service: &str, call: &str, body: &str) -> Received {
        let headers = vec![
            ("Origin", self.home()),
            ("Referer", format!("{}/", self.home())),
            ("Content-Type", "application/json".to_owned()),
        ];
        let target = format!("/p61-{service}.icloud.com{}:443/{call}", self.region);
        self.request(method, &target, headers, body).await
    }

    /// The whole way to a trusted session: password, push, code, trust, accountLogin.
    pub(super) async fn sign_in(&mut self, control: &Control) {
        assert_eq!(self.password("correct horse battery").await.status, 409);
        assert_eq!(self.push().await.status, 202);
        let code = control.codes().device.unwrap();
        assert_eq!(self.code(&code).await.status, 204);
        assert_eq!(self.trust().await.status, 204);
        let answer = self.account_login().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["hsaTrustedBrowser"], true);
    }
}
