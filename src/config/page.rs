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
            Some(listen) => Some(format!("http://{listen}")),
        }
    }
}
