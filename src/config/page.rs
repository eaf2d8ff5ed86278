//! The page that the daemon serves.

use std::net::SocketAddr;

use super::ConfigError;
use super::reader::Section;

/// `[page]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Where it listens; `None` for no page.
    pub listen: Option<SocketAddr>,
    /// What it is called from outside, such as behind a proxy, without a slash at the end; empty for where it listens.
    pub address: String,
}

impl Page {
    pub(super) fn read(page: &Section<'_>) -> Result<Self, ConfigError> {
        let listen = page.parsed("listen", None, |text| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                "must be an address and a port of this machine such as \"127.0.0.1:8578\"".to_owned()
            }),
        })?;
        let address = page.parsed("address", String::new(), |text| match url::Url::parse(text) {
            _ if text.is_empty() => Ok(String::new()),
            Ok(url) if ["https", "http"].contains(&url.scheme()) && url.has_host() && url.path() == "/" => {
                Ok(text.trim_end_matches('/').to_owned())
            }
            _ => Err("must be an address without a path, such as \"https://larder.example.com\"".to_owned()),
        })?;
        Ok(Self { listen, address })
    }

    /// What links begin with.
    #[must_use]
    pub fn base(&self) -> Option<String> {
        match self.listen {
            None => None,
            Some(_) if !self.address.is_empty() => Some(self.address.clone()),
            Some(listen) if listen.ip().is_unspecified() => {
                Some(format!("http://localhost:{}", listen.port()))
            }
            Some(listen) => Some(format!("http://{listen}")),
        }
    }

    /// Whether others can see the page, but links to it lead nowhere on their machines: it listens on all network cards and
    /// has no name.
    #[must_use]
    pub fn lacks_an_address(&self) -> bool {
        self.address.is_empty() && self.listen.is_some_and(|listen| listen.ip().is_unspecified())
    }
}

/// What to do about a page that lacks an address.
pub const NAME_THE_PAGE: &str =
    "set `address` of `[page]` to what it is called from outside, such as \"http://192.168.1.5:8578\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_somewhere() {
        for (listen, address, base, lacks) in [
            ("127.0.0.1:8578", "", "http://127.0.0.1:8578", false),
            ("0.0.0.0:8578", "", "http://localhost:8578", true),
            ("[::]:8578", "", "http://localhost:8578", true),
            ("0.0.0.0:8578", "https://larder.example.com", "https://larder.example.com", false),
        ] {
            let page = Page { listen: Some(listen.parse().unwrap()), address: address.to_owned() };
            assert_eq!((page.base().as_deref(), page.lacks_an_address()), (Some(base), lacks), "{listen}");
        }
        assert!(Page::default().base().is_none() && !Page::default().lacks_an_address());
    }
}
