//! Where the bytes of a file are: answers of `download/by_id` and `download/batch`.

use base64::Engine as _;
use serde_json::Value;

use crate::http::SignedUrl;
use crate::model::Checksum;

/// In which form a document comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The bytes of a file.
    File,
    /// A zip of a directory that Apple's systems show as one file.
    Package,
}

/// Where the bytes of a document are at this moment. The address lives about an hour (icloud-docker #202, #113).
#[derive(Debug, Clone)]
pub struct Token {
    /// The document.
    pub document: String,
    /// In which form it comes. Listings do not tell.
    pub form: Form,
    /// Where.
    pub url: SignedUrl,
    /// The content's checksum, when one is given.
    pub signature: Option<Checksum>,
    /// The document's etag at this moment.
    pub etag: Option<String>,
}

impl Token {
    /// Reads one answer; `None` when there is nothing to fetch: a device has not uploaded the content, or it is out of
    /// reach (rclone #8415).
    pub(super) fn read(json: &Value) -> Option<Self> {
        let document = json.get("document_id")?.as_str()?.to_owned();
        let of = |name: &str| json.get(name).filter(|token| token.get("url").is_some_and(Value::is_string));
        // Where both are there the file's own is the better (rclone, pyicloud).
        let file = of("data_token").map(|token| (Form::File, token));
        let (form, token) = file.or_else(|| of("package_token").map(|token| (Form::Package, token)))?;
        let text = |name: &str| token.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(Self {
            document,
            form,
            url: SignedUrl::parse(text("url")?).ok()?,
            signature: text("signature").map(checksum),
            etag: json.get("double_etag").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// A signature is 21 bytes of which one is the marker `01`: the last in Drive, the first in Photos. It is the same kind of value,
/// so it becomes the form of Photos, which can be compared with what hashing gives.
fn checksum(text: &str) -> Checksum {
    let plain = Checksum::parse(text);
    match plain.as_bytes() {
        [hash @ .., 1] if hash.len() == 20 && plain.provable().is_none() => {
            let turned = [&[1], hash].concat();
            Checksum::parse(&base64::engine::general_purpose::STANDARD_NO_PAD.encode(turned))
        }
        _ => plain,
    }
}
