//! Which service and call a request addresses, and the stable label it is counted under.

use crate::config::Region;
use crate::drive::Call;
use crate::drivews;
use crate::photos::Photos;
use crate::request::Incoming;

/// Reading calls of the photo database (photos.md 1.3).
const READING: [&str; 6] = [
    "zones/list",
    "changes/database",
    "changes/zone",
    "records/query",
    "records/lookup",
    "internal/records/query/batch",
];

/// A call that the documents know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Auth(AuthCall),
    Setup(Region, SetupCall),
    CloudKit {
        region: Region,
        partition: u32,
        area: String,
        call: String,
    },
    Content,
    /// The front page of the web site, which anybody may see.
    Front,
    Drive {
        region: Region,
        partition: u32,
        call: DriveCall,
    },
    /// A content host, for something of Drive.
    DriveContent {
        package: bool,
    },
    Unknown,
}

/// Calls of drivews and docws (drive.md 4 and 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DriveCall {
    Read(Call),
    /// Something that changes the drive.
    Write(String),
}

/// Calls of idmsa (auth.md 4, 7 and 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthCall {
    Authorize,
    Federate,
    Init,
    Complete,
    Repair,
    Options,
    Push,
    Code,
    Sms,
    SmsCode,
    Trust,
}

/// Calls of setup (auth.md 9 and 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetupCall {
    AccountLogin,
    Validate,
    Logout,
    WebAccessState,
    EnableConsent,
    RequestPcs,
}

impl Endpoint {
    pub(crate) fn of(request: &Incoming) -> Endpoint {
        let (method, path) = (request.method.as_str(), request.path.as_str());
        match request.host.as_str() {
            "idmsa.apple.com" | "idmsa.apple.com.cn" => {
                AuthCall::of(method, path).map_or(Endpoint::Unknown, Endpoint::Auth)
            }
            "setup.icloud.com" => {
                SetupCall::of(method, path).map_or(Endpoint::Unknown, |c| Endpoint::Setup(Region::Global, c))
            }
            "setup.icloud.com.cn" => {
                SetupCall::of(method, path).map_or(Endpoint::Unknown, |c| Endpoint::Setup(Region::China, c))
            }
            "www.icloud.com" | "www.icloud.com.cn" if method == "GET" && path == "/" => Endpoint::Front,
            host if is_content_host(host) => match request.query.get("ckc").map(String::as_str) {
                Some("com.apple.clouddocs") => Endpoint::DriveContent { package: false },
                _ => Endpoint::Content,
            },
            host => Endpoint::database(host, method, path)
                .or_else(|| Endpoint::drive(host, method, path))
                .unwrap_or(Endpoint::Unknown),
        }
    }

    fn drive(host: &str, method: &str, path: &str) -> Option<Endpoint> {
        let (partition, rest) = host.strip_prefix('p')?.split_once('-')?;
        let (service, domain) = rest.split_once('.')?;
        let region = [Region::Global, Region::China].into_iter().find(|r| r.domain() == domain)?;
        let partition = partition.parse().ok()?;
        let call = match service {
            "drivews" => DriveCall::of_drivews(method, path)?,
            "docws" => DriveCall::of_docws(method, path)?,
            "content" if path == "/packageDownload" => return Some(Endpoint::DriveContent { package: true }),
            _ => return None,
        };
        Some(Endpoint::Drive { region, partition, call })
    }

    fn database(host: &str, method: &str, path: &str) -> Option<Endpoint> {
        let (partition, domain) = host.strip_prefix('p')?.split_once("-ckdatabasews.")?;
        let region = [Region::Global, Region::China].into_iter().find(|r| r.domain() == domain)?;
        let rest = path.strip_prefix("/database/1/com.apple.photos.cloud/production/")?;
        let (area, call) = rest.split_once('/')?;
        (method == "POST" && matches!(area, "private" | "shared")).then_some(())?;
        (READING.contains(&call) || Photos::is_write(call)).then_some(())?;
        let partition = partition.parse().ok()?;
        Some(Endpoint::CloudKit { region, partition, area: area.to_owned(), call: call.to_owned() })
    }

    /// The label of counters, log and fault rules.
    pub(crate) fn label(&self) -> String {
        match self {
            Endpoint::Auth(call) => format!("auth.{}", call.name()),
            Endpoint::Setup(_, call) => format!("setup.{}", call.name()),
            Endpoint::CloudKit { area, call, .. } => format!("ck.{area}.{call}"),
            Endpoint::Content => "content".to_owned(),
            Endpoint::Drive { call, .. } => format!("drive.{}", call.name()),
            Endpoint::DriveContent { package: false } => "drive.content".to_owned(),
            Endpoint::DriveContent { package: true } => "drive.package".to_owned(),
            Endpoint::Front => "front".to_owned(),
            Endpoint::Unknown => "unknown".to_owned(),
        }
    }
}

fn is_content_host(host: &str) -> bool {
    host.ends_with(".icloud-content.com") || host.ends_with(".icloud-content.com.cn")
}

impl DriveCall {
    fn of_drivews(method: &str, path: &str) -> Option<DriveCall> {
        let call = path.strip_prefix('/')?;
        Some(match (method, call) {
            ("POST", "retrieveItemDetailsInFolders") => DriveCall::Read(Call::List),
            ("POST", "retrieveItemDetails") => DriveCall::Read(Call::Details),
            ("GET", "retrieveAppLibraries") => DriveCall::Read(Call::Libraries),
            (_, call) if drivews::is_write(call) => DriveCall::Write(call.to_owned()),
            _ => return None,
        })
    }

    fn of_docws(method: &str, path: &str) -> Option<DriveCall> {
        let (zone, call) = path.strip_prefix("/ws/")?.split_once('/')?;
        (!zone.is_empty()).then_some(())?;
        Some(match (method, call) {
            ("GET", "download/by_id") => DriveCall::Read(Call::ById(zone.to_owned())),
            ("POST", "download/batch") => DriveCall::Read(Call::Batch(zone.to_owned())),
            (_, call) if drivews::is_write(call) => DriveCall::Write(call.to_owned()),
            _ => return None,
        })
    }

    /// Whether docws answers it, in its own words.
    pub(crate) fn is_docws(&self) -> bool {
        match self {
            DriveCall::Read(call) => matches!(call, Call::ById(_) | Call::Batch(_)),
            DriveCall::Write(call) => call.contains('/'),
        }
    }

    fn name(&self) -> &str {
        match self {
            DriveCall::Read(Call::List) => "retrieveItemDetailsInFolders",
            DriveCall::Read(Call::Details) => "retrieveItemDetails",
            DriveCall::Read(Call::Libraries) => "retrieveAppLibraries",
            DriveCall::Read(Call::ById(_)) => "download/by_id",
            DriveCall::Read(Call::Batch(_)) => "download/batch",
            DriveCall::Write(call) => call,
        }
    }
}

impl AuthCall {
    fn of(method: &str, path: &str) -> Option<AuthCall> {
        Some(match (method, path.strip_prefix("/appleauth/auth")?) {
            ("GET", "/authorize/signin") => AuthCall::Authorize,
            ("POST", "/federate") => AuthCall::Federate,
            ("POST", "/signin/init") => AuthCall::Init,
            ("POST", "/signin/complete") => AuthCall::Complete,
            ("POST", "/repair/complete") => AuthCall::Repair,
            ("GET", "") => AuthCall::Options,
            ("PUT", "/verify/trusteddevice/securitycode") => AuthCall::Push,
            ("POST", "/verify/trusteddevice/securitycode") => AuthCall::Code,
            ("PUT", "/verify/phone") => AuthCall::Sms,
            ("POST", "/verify/phone/securitycode") => AuthCall::SmsCode,
            ("GET", "/2sv/trust") => AuthCall::Trust,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            AuthCall::Authorize => "authorize",
            AuthCall::Federate => "federate",
            AuthCall::Init => "init",
            AuthCall::Complete => "complete",
            AuthCall::Repair => "repair",
            AuthCall::Options => "options",
            AuthCall::Push => "push",
            AuthCall::Code => "code",
            AuthCall::Sms => "sms",
            AuthCall::SmsCode => "sms_code",
            AuthCall::Trust => "trust",
        }
    }
}

impl SetupCall {
    fn of(method: &str, path: &str) -> Option<SetupCall> {
        Some(match (method, path) {
            ("POST", "/setup/ws/1/accountLogin") => SetupCall::AccountLogin,
            ("POST", "/setup/ws/1/validate") => SetupCall::Validate,
            ("POST", "/setup/ws/1/logout") => SetupCall::Logout,
            ("POST", "/setup/ws/1/requestWebAccessState") => SetupCall::WebAccessState,
            ("POST", "/setup/ws/1/enableDeviceConsentForPCS") => SetupCall::EnableConsent,
            ("POST", "/setup/ws/1/requestPCS") => SetupCall::RequestPcs,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            SetupCall::AccountLogin => "accountLogin",
            SetupCall::Validate => "validate",
            SetupCall::Logout => "logout",
            SetupCall::WebAccessState => "requestWebAccessState",
            SetupCall::EnableConsent => "enableDeviceConsentForPCS",
            SetupCall::RequestPcs => "requestPCS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use bytes::Bytes;

    fn label(method: &str, target: &str) -> String {
        let request = Request::builder().method(method).uri(target).body(()).unwrap();
        Endpoint::of(&Incoming::new(request.into_parts().0, Bytes::new())).label()
    }

    #[test]
    fn labels_are_stable() {
        let photos = "/p61-ckdatabasews.icloud.com:443/database/1/com.apple.photos.cloud/production";
        for (method, target, expected) in [
            ("GET", "/idmsa.apple.com/appleauth/auth".to_owned(), "auth.options"),
            ("POST", "/idmsa.apple.com/appleauth/auth/signin/init".to_owned(), "auth.init"),
            ("PUT", "/idmsa.apple.com.cn/appleauth/auth/verify/phone".to_owned(), "auth.sms"),
            ("POST", "/setup.icloud.com/setup/ws/1/validate?dsid=1".to_owned(), "setup.validate"),
            ("POST", format!("{photos}/private/records/query"), "ck.private.records/query"),
            (
                "POST",
                format!("{photos}/shared/internal/records/query/batch"),
                "ck.shared.internal/records/query/batch",
            ),
            ("GET", "/cvws-h2.icloud-content.com/B/x".to_owned(), "content"),
            ("GET", "/cvws.icloud-content.com/B/x?ckc=com.apple.clouddocs".to_owned(), "drive.content"),
            ("GET", "/p61-content.icloud.com:443/packageDownload?e=1".to_owned(), "drive.package"),
            (
                "POST",
                "/p61-drivews.icloud.com:443/retrieveItemDetailsInFolders?dsid=1".to_owned(),
                "drive.retrieveItemDetailsInFolders",
            ),
            ("GET", "/p61-docws.icloud.com:443/ws/z/download/by_id".to_owned(), "drive.download/by_id"),
            ("POST", "/p61-drivews.icloud.com.cn/moveItems".to_owned(), "drive.moveItems"),
            ("POST", "/p61-docws.icloud.com/ws/z/update/documents".to_owned(), "drive.update/documents"),
            ("POST", "/p61-drivews.icloud.com/moveItemsUp".to_owned(), "unknown"),
            ("GET", format!("{photos}/private/records/query"), "unknown"),
            ("POST", format!("{photos}/public/records/query"), "unknown"),
            ("POST", format!("{photos}/private/records/modify"), "ck.private.records/modify"),
            ("POST", format!("{photos}/private/records/changes"), "unknown"),
            ("GET", "/icloud-content.com.example.com/B".to_owned(), "unknown"),
            ("GET", "/www.icloud.com/".to_owned(), "front"),
            ("GET", "/www.icloud.com/nowhere".to_owned(), "unknown"),
        ] {
            assert_eq!(label(method, &target), expected, "{method} {target}");
        }
    }
}
