//! Addresses that are secrets.

use std::fmt;

use jiff::Timestamp;
use url::Url;

/// A download address. Its query is a bearer secret with a short life, so it shows scheme and host alone and
/// cannot be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(Url);

/// Text that is no address. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Not a download address")]
pub struct BadUrl;

impl SignedUrl {
    /// Takes an address as it stands.
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// Reads an address. The placeholder `${f}` that Apple leaves for a file name is accepted as it is.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        Url::parse(text).map(Self).map_err(|_| BadUrl)
    }

    /// The address itself, for the request alone.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// When the signature ends: the `e` parameter, seconds since 1970 (photos hosts). `None` when it is not
    /// there.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let (_, value) = self.0.query_pairs().find(|(name, _)| name == "e")?;
        Timestamp::from_second(value.parse().ok()?).ok()
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_are_shown() {
        let url =
            SignedUrl::parse("https://cvws.icloud-content.com/B/canary/${f}?o=canary&e=1778752800&s=canary")
                .unwrap();
        for shown in [url.to_string(), format!("{url:?}")] {
            assert!(!shown.contains("canary"), "{shown}");
            assert!(shown.contains("https://cvws.icloud-content.com/"), "{shown}");
        }
        assert_eq!(url.expires_at(), Some("2026-05-14T10:00:00Z".parse().unwrap()));
    }

    #[test]
    fn an_address_without_expiry_has_none() {
        assert_eq!(SignedUrl::parse("https://cvws.icloud-content.com/B/x").unwrap().expires_at(), None);
        assert_eq!(
            SignedUrl::parse("https://cvws.icloud-content.com/B/x?e=never").unwrap().expires_at(),
            None
        );
    }

    #[test]
    fn broken_text_is_refused_without_being_repeated() {
        let error = SignedUrl::parse("canary").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
