//! Apple's addresses and the constants that a browser sends.

use url::{ParseError, Url};

/// Widget key and OAuth client id; public, embedded in icloud.com.
pub(super) const WIDGET_KEY: &str = "d39ba9916b7251055b22c7f910e2ea796ee65e98b2ddecea8f5dde8d9d1a815d";

/// Sent with calls to SETUP and services; nobody has seen them checked.
pub(super) const BUILD_NUMBER: &str = "2534Project66";

/// Sent with calls to SETUP and services; nobody has seen them checked.
pub(super) const MASTERING_NUMBER: &str = "2534B22";

/// A `User-Agent` that Apple takes for a current browser. Old ones have led to a 400 (rclone #8587).
pub const USER_AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                              (KHTML, like Gecko) Version/18.3.1 Safari/605.1.15";

/// Where Apple keeps an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    /// Everywhere but in mainland China.
    #[default]
    Global,
    /// In mainland China.
    China,
}

impl Region {
    /// The region of a domain or address, as `iCloud.com.cn`.
    pub(super) fn of(domain: &str) -> Self {
        if domain.to_ascii_lowercase().ends_with(".cn") { Self::China } else { Self::Global }
    }
}

/// Where an account signs in. Three separate addresses, because for at least one account in China a mixture
/// was what worked (icloud_photos_downloader #1256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The password and code pages' service.
    pub auth: Url,
    /// The service that turns a sign-in into a web session.
    pub setup: Url,
    /// The web site that we stand for: origin, referer and OAuth redirect.
    pub home: Url,
}

impl Endpoints {
    /// The addresses of a region.
    pub fn of(region: Region) -> Result<Self, ParseError> {
        match region {
            Region::Global => Self::global(),
            Region::China => Self::china(),
        }
    }

    /// Accounts everywhere but in mainland China.
    pub fn global() -> Result<Self, ParseError> {
        Self::parse("https://idmsa.apple.com", "https://setup.icloud.com", "https://www.icloud.com")
    }

    /// Accounts in mainland China.
    pub fn china() -> Result<Self, ParseError> {
        Self::parse("https://idmsa.apple.com.cn", "https://setup.icloud.com.cn", "https://www.icloud.com.cn")
    }

    fn parse(auth: &str, setup: &str, home: &str) -> Result<Self, ParseError> {
        Ok(Self {
            auth: Url::parse(&format!("{auth}/appleauth/auth"))?,
            setup: Url::parse(&format!("{setup}/setup/ws/1"))?,
            home: Url::parse(home)?,
        })
    }

    /// The origin of the sign-in service.
    pub(super) fn auth_origin(&self) -> String {
        self.auth.origin().ascii_serialization()
    }

    /// The origin of the web site; no trailing slash, as the OAuth redirect wants it.
    pub(super) fn home_origin(&self) -> String {
        self.home.origin().ascii_serialization()
    }
}
