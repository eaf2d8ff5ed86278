//! Signed URLs of Drive's contents (drive.md 11). They need no cookies, end after an hour and keep giving what they
//! were issued for.

use super::content::Content;
use super::{Drive, Host};
use crate::file_bytes::FileBytes;
use crate::noise;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Signs and checks URLs.
#[derive(Debug)]
pub(super) struct Signer {
    secret: [u8; 32],
}

/// What a URL was issued for.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    /// Full name of the document.
    name: String,
    content: Content,
    modified_ms: i64,
}

/// What a request of a content host gets.
#[derive(Debug)]
pub(crate) enum Opened {
    /// A plain file, which can be had in ranges.
    File {
        /// Its bytes.
        bytes: FileBytes,
        /// For `Last-Modified`, milliseconds since 1970 UTC.
        last_modified_ms: i64,
    },
    /// A package as a zip, whole or not at all.
    Zip(Vec<u8>),
    /// A status and the reason for the log.
    Refused(u16, &'static str),
}

impl Signer {
    pub(super) fn new(seed: u64) -> Signer {
        Signer { secret: noise::bytes(noise::pair(seed, noise::of_text("signed URLs of Drive"))) }
    }

    fn signature(&self, path_and_query: &str) -> String {
        let mut sha = Sha256::new_with_prefix(self.secret);
        sha.update(path_and_query);
        sha.update(self.secret);
        URL_SAFE_NO_PAD.encode(&sha.finalize()[..20])
    }
}

impl Drive {
    /// The URL of a plain file.
    pub(super) fn content_url(
        &mut self,
        signature: &str,
        name: &str,
        zone: &str,
        content: Content,
        modified_ms: i64,
        host: &Host,
    ) -> String {
        let (request, expires_s) = self.issue(name, content, modified_ms);
        let (o, a) = (self.filler::<33>(), self.filler::<144>());
        let k = self.filler::<16>();
        let path_and_query = format!(
            "/B/{signature}/{file}?o={o}&v=1&x=3&a={a}&e={expires_s}&fl=&r={request}&k={k}&ckc=com.apple.clouddocs&ckz={zone}&p={partition}",
            file = form_encoded(name),
            partition = host.partition,
        );
        let mainland = host.domain.strip_prefix("icloud.com").unwrap_or_default();
        self.signed(&format!("https://cvws.icloud-content.com{mainland}"), &path_and_query)
    }

    /// The URL of a package.
    pub(super) fn package_url(
        &mut self,
        name: &str,
        content: Content,
        modified_ms: i64,
        host: &Host,
    ) -> String {
        let (request, expires_s) = self.issue(name, content, modified_ms);
        let o = self.filler::<33>();
        let origin = format!("https://p{}-content.{}:443", host.partition, host.domain);
        self.signed(&origin, &format!("/packageDownload?o={o}&r={request}&e={expires_s}"))
    }

    fn signed(&self, origin: &str, path_and_query: &str) -> String {
        format!("{origin}{path_and_query}&s={}", self.signer.signature(path_and_query))
    }

    fn issue(&mut self, name: &str, content: Content, modified_ms: i64) -> (String, i64) {
        let request = format!("{}-1", noise::uuid_text(noise::uuid(self.draw())).to_lowercase());
        self.issued.insert(request.clone(), Issued { name: name.to_owned(), content, modified_ms });
        (request, self.now_ms.div_euclid(1000) + self.quirks.url_lifetime_s)
    }

    fn filler<const N: usize>(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(noise::bytes::<N>(self.draw()))
    }

    /// Answers a content host for a path with its query.
    pub(crate) fn content(&self, path_and_query: &str) -> Opened {
        self.checked(path_and_query).unwrap_or_else(|(status, why)| Opened::Refused(status, why))
    }

    fn checked(&self, path_and_query: &str) -> Result<Opened, (u16, &'static str)> {
        let (signed, signature) =
            path_and_query.rsplit_once("&s=").ok_or((403, "The URL has no signature"))?;
        if self.signer.signature(signed) != signature {
            return Err((403, "The URL was altered"));
        }
        let query = signed.split_once('?').map_or("", |(_, query)| query);
        let value = |wanted: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value)
        };
        let expires_s = value("e").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        if expires_s.saturating_mul(1000) <= self.now_ms {
            return Err((403, "The URL has expired"));
        }
        let issued = value("r").and_then(|request| self.issued.get(request));
        let issued = issued.ok_or((404, "The URL was never issued"))?;
        Ok(match &issued.content {
            Content::Plain(bytes) => {
                Opened::File { bytes: bytes.clone(), last_modified_ms: issued.modified_ms }
            }
            Content::Package(files) => {
                let zip = super::zip::pack(&issued.name, files, &self.quirks.zip, self.now_ms);
                Opened::Zip(if self.quirks.gzip_packages { super::zip::gzipped(&zip) } else { zip })
            }
            Content::Pending => return Err((404, "There is no content")),
        })
    }
}

/// A file name as in the recorded path: form encoding, `+` for a space.
fn form_encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                text.push(char::from(byte));
            }
            b' ' => text.push('+'),
            _ => {
                // Writing to a string cannot fail.
                let _written = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_urls_are_spelled_as_recorded() {
        assert_eq!(form_encoded("Packing list.txt"), "Packing+list.txt");
        assert_eq!(form_encoded("a/b?é\n"), "a%2Fb%3F%C3%A9%0A");
    }
}
