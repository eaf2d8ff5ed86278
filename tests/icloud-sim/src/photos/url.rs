//! Signed download URLs.
//!
//! As recorded: path `/B/<fileChecksum><referenceChecksum>/${f}`, parameters `o v x a e fl r k ckc ckz y p s` in that
//! order, 510 characters. The URL alone authorises, and it alone names the content: `a` holds which body is meant,
//! sealed, and `s` is the signature over everything else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::body::{Body, Checksum, Head};
use super::noise;
use super::{ContentReply, Reply};

/// Makes and checks URLs. The secret is as good as the seed of the library.
#[derive(Debug)]
pub(super) struct Signer {
    secret: [u8; 32],
}

/// What is the same for all URLs of one answer.
pub(super) struct Issue<'a> {
    pub(super) signer: &'a Signer,
    pub(super) zone: &'a str,
    /// Scheme and host.
    pub(super) origin: &'a str,
    /// The answer's request id.
    pub(super) request: &'a str,
    /// End of validity, seconds since 1970 UTC.
    pub(super) expires_s: i64,
}

/// Bytes of the parameter `a`: 192 characters.
const SEALED: usize = 144;

impl Signer {
    pub(super) fn new(seed: u64) -> Self {
        Self { secret: noise::bytes(noise::pair(seed, noise::of_text("signed URLs"))) }
    }

    fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut sha = Sha256::new_with_prefix(self.secret);
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        sha.update(self.secret);
        sha.finalize().into()
    }

    /// The noise that hides the body in `a`.
    fn mask(&self, path: &str, expires: &str) -> [u8; SEALED] {
        let digest = self.digest(&["mask", path, expires]);
        noise::bytes(u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()))
    }

    /// The `s` of a URL: 27 characters.
    fn signature(&self, path: &str, query: &str) -> String {
        URL_SAFE_NO_PAD.encode(&self.digest(&["signature", path, query])[..20])
    }

    /// Answers a request of the content host.
    pub(super) fn open(&self, path_and_query: &str, now_ms: i64) -> ContentReply {
        self.checked(path_and_query, now_ms).unwrap_or_else(|status| ContentReply::Refused {
            reply: Reply {
                status,
                headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
                body: Bytes::new(),
            },
        })
    }

    fn checked(&self, path_and_query: &str, now_ms: i64) -> Result<ContentReply, u16> {
        let (path, query) = path_and_query.split_once('?').ok_or(404_u16)?;
        let (name, _any_file_name) =
            path.strip_prefix("/B/").and_then(|rest| rest.split_once('/')).ok_or(404_u16)?;
        let (signed, signature) = query.rsplit_once("&s=").ok_or(403_u16)?;
        if self.signature(name, signed) != signature {
            return Err(403);
        }
        let value = |wanted: &str| {
            signed.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == wanted)
        };
        let ((_, expires), (_, sealed)) = (value("e").ok_or(403_u16)?, value("a").ok_or(403_u16)?);
        if expires.parse::<i64>().map_err(|_| 403_u16)?.saturating_mul(1000) <= now_ms {
            return Err(410);
        }
        let mut opened = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| 403_u16)?;
        for (byte, mask) in opened.iter_mut().zip(self.mask(name, expires)) {
            *byte ^= mask;
        }
        let word = |at: usize| opened.get(at..at + 8).and_then(|word| word.try_into().ok()).ok_or(403_u16);
        let head = opened.get(24).and_then(|number| Head::from_number(*number)).ok_or(403_u16)?;
        let body = Body::new(u64::from_be_bytes(word(0)?), u64::from_be_bytes(word(8)?), head);
        Ok(ContentReply::Body { body, last_modified_ms: i64::from_be_bytes(word(16)?) })
    }
}

/// The wrapping key of a body: it belongs to the file, and the URL repeats it.
pub(super) fn wrapping_key(body: &Body) -> [u8; 16] {
    noise::bytes(noise::pair(body.seed, noise::of_text("wrapping key")))
}

/// The reference checksum of a body; the rule by which Apple makes it is not known.
pub(super) fn reference_checksum(body: &Body, zone: &str) -> Checksum {
    let mut out = noise::bytes::<21>(noise::pair(body.seed, noise::of_text(zone)));
    out[0] = 1;
    out
}

impl Issue<'_> {
    /// The URL of a body with that published checksum, last modified at that time (milliseconds).
    pub(super) fn url(&self, body: &Body, checksum: &Checksum, modified_ms: i64) -> String {
        let name = URL_SAFE_NO_PAD.encode([*checksum, reference_checksum(body, self.zone)].concat());
        let expires = self.expires_s.to_string();
        let mut sealed = self.signer.mask(&name, &expires);
        let plain = [body.seed.to_be_bytes(), body.len.to_be_bytes(), modified_ms.to_be_bytes()].concat();
        for (byte, plain) in sealed.iter_mut().zip(plain.iter().chain([&body.head.number()])) {
            *byte ^= plain;
        }
        let o = URL_SAFE_NO_PAD.encode(noise::bytes::<33>(noise::pair(body.seed, sealed[0].into())));
        let query = format!(
            "o={o}&v=1&x=3&a={a}&e={expires}&fl=&r={request}-1&k={k}&ckc=com.apple.photos.cloud&ckz={zone}&y=1&p=61",
            a = URL_SAFE_NO_PAD.encode(sealed),
            request = self.request,
            k = URL_SAFE_NO_PAD.encode(wrapping_key(body)),
            zone = self.zone,
        );
        let signature = self.signer.signature(&name, &query);
        format!("{}/B/{name}/${{f}}?{query}&s={signature}", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(reply: ContentReply) -> Result<Body, u16> {
        match reply {
            ContentReply::Body { body, .. } => Ok(body),
            ContentReply::Refused { reply } => Err(reply.status),
        }
    }

    fn sample() -> (Signer, Body, String) {
        let signer = Signer::new(1);
        let body = Body::new(42, 1_000, Head::Jpeg);
        let origin = "https://cvws.icloud-content.com";
        let request = "9552e923-d4d6-8ee0-356a-a6d69d0da961";
        let issue = Issue { signer: &signer, zone: "PrimarySync", origin, request, expires_s: 1_000 };
        let url = issue.url(&body, &body.checksum(), 77);
        (signer, body, url)
    }

    #[test]
    fn a_url_has_the_recorded_length_and_opens_its_body_until_it_expires() {
        let (signer, body, url) = sample();
        assert_eq!(url.len(), 510 - "1619192781".len() + "1000".len());
        let path = url.strip_prefix("https://cvws.icloud-content.com").unwrap();
        assert_eq!(status(signer.open(path, 999_999)), Ok(body));
        assert_eq!(status(signer.open(path, 1_000_000)), Err(410));
        for name in ["$%7Bf%7D", "IMG_1.JPG"] {
            assert_eq!(status(signer.open(&path.replace("${f}", name), 0)), Ok(body));
        }
    }

    #[test]
    fn an_altered_url_is_refused() {
        let (signer, _, url) = sample();
        let path = url.strip_prefix("https://cvws.icloud-content.com").unwrap();
        assert_eq!(status(signer.open(&path.replace("e=1000", "e=9000"), 0)), Err(403));
        assert_eq!(status(signer.open(&path.replace("ckz=PrimarySync", "ckz=Other"), 0)), Err(403));
        assert_eq!(status(signer.open(&path[..path.len() - 1], 0)), Err(403));
        assert_eq!(status(signer.open("/B/AAAA/f", 0)), Err(404));
        assert_eq!(status(signer.open("/C/AAAA/f?e=1", 0)), Err(404));
        assert_eq!(status(Signer::new(2).open(path, 0)), Err(403));
    }
}
