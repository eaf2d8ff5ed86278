//! The photo world of one account: Apple Photos over CloudKit, without the transport.
//!
//! [`Photos`] answers the calls below `/database/1/com.apple.photos.cloud/production/{private|shared}` and the
//! requests of the content host, as public clients and recordings show them. It reads bodies
//! and gives [`Reply`]s; sockets, cookies and faults are somebody else's.
//!
//! A library is made from a [`LibrarySpec`] and is the same every time. [`Photos::mutate`] changes it as a person with
//! a phone would, [`Photos::quirks`] makes the server misbehave, [`Photos::inventory`] tells the truth about it.

mod changes;
mod database;
mod generate;
mod inventory;
mod item;
mod lookup;
mod mutate;
mod query;
mod quirks;
mod record;
mod refusal;
mod request;
mod spec;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod uti;
mod zone;

use std::collections::HashMap;

use serde_json::Value;

use crate::reply::Reply;
use crate::{body, noise};
use database::RemovedZone;
use record::{Scribe, Wanted};
use refusal::Refusal;
use request::ZoneId;
use url::{Issue, Signer};
use zone::{Area, Zone};

pub use crate::body::Body;
pub use generate::PhotoKind;
pub use inventory::{AlbumEntry, AlbumPath, AssetEntry, Inventory, ResourceEntry, ZoneInventory};
pub use mutate::{Mutation, NewPhoto};
pub use quirks::{Hole, Quirks};
pub use spec::{LibrarySpec, SharedRole, Sizes};

/// One account's photos and the server's side of them.
#[derive(Debug)]
pub struct Photos {
    spec: LibrarySpec,
    zones: Vec<Zone>,
    removed: Vec<RemovedZone>,
    signer: Signer,
    quirks: Quirks,
    /// Rises with every change of any zone.
    clock: u64,
    /// Calls answered so far; makes request ids differ.
    calls: u64,
    /// Things made by mutations so far.
    fresh: u64,
}

/// The answer of the content host.
#[derive(Debug)]
pub enum ContentReply {
    /// The file.
    Body {
        /// Its bytes.
        body: Body,
        /// For `Last-Modified`, milliseconds since 1970 UTC.
        last_modified_ms: i64,
    },
    /// Nothing: 403 for a URL that was altered, 404 for one that never was, 410 for one that expired.
    Refused {
        /// What to answer.
        reply: Reply,
    },
}

/// What is the same for everything in the answer to one call.
struct Answering {
    area: Area,
    now_ms: i64,
    /// `getCurrentSyncToken=true`.
    with_token: bool,
    /// Request id.
    request: String,
    /// End of validity of the URLs, seconds since 1970 UTC.
    expires_s: i64,
    /// What URLs begin with.
    origin: String,
}

impl Answering {
    fn scribe<'a>(&'a self, zone: &'a Zone, signer: &'a Signer, wanted: &'a Wanted) -> Scribe<'a> {
        let (origin, request) = (&self.origin, &self.request);
        let issue = Issue { signer, zone: &zone.name, origin, request, expires_s: self.expires_s };
        Scribe::new(zone, wanted, issue)
    }
}

impl Photos {
    /// Makes the library that `spec` describes.
    pub fn new(spec: &LibrarySpec) -> Self {
        let mut photos = Self {
            spec: spec.clone(),
            zones: Vec::new(),
            removed: Vec::new(),
            signer: Signer::new(spec.seed),
            quirks: Quirks::default(),
            clock: 1,
            calls: 0,
            fresh: 0,
        };
        photos.zones = generate::zones(spec, &photos.owner());
        photos
    }

    /// Answers a call, for example `records/query` in area `private`. `query` holds the decoded query string, `body` the
    /// request's body; the answer is compact JSON. Errors of the protocol are answers.
    pub fn call(
        &mut self,
        area: &str,
        call: &str,
        query: &HashMap<String, String>,
        body: &[u8],
        now_ms: i64,
    ) -> Reply {
        self.calls += 1;
        let draw = noise::pair(self.spec.seed, self.calls);
        let uuid = noise::uuid_text(noise::uuid(draw)).to_lowercase();
        let answer = match Area::parse(area) {
            Some(area) => {
                let with_token =
                    query.get("getCurrentSyncToken").is_some_and(|value| value.eq_ignore_ascii_case("true"));
                let expires_s = now_ms.div_euclid(1000) + self.quirks.url_lifetime_s;
                let origin = self.quirks.url_origin.clone();
                let answering =
                    Answering { area, now_ms, with_token, request: uuid.clone(), expires_s, origin };
                self.answer(call, body, &answering)
            }
            None => Err(Refusal::unknown_call(&format!("{area}/{call}"))),
        };
        match answer {
            Ok(value) => Reply::json(200, &value),
            Err(refusal) => refusal.reply(&uuid),
        }
    }

    fn answer(&mut self, call: &str, body: &[u8], answering: &Answering) -> Result<Value, Refusal> {
        match call {
            "zones/list" => {
                request::parse::<Value>(body)?;
                Ok(self.list_zones(answering))
            }
            "changes/database" => self.changed_zones(&request::parse(body)?, answering),
            "changes/zone" => Ok(self.changes(&request::parse(body)?, answering)),
            "records/query" => self.query(&request::parse(body)?, answering),
            "internal/records/query/batch" => self.batch(&request::parse(body)?, answering),
            "records/lookup" => self.lookup(request::parse(body)?, answering),
            call if Self::is_write(call) => Err(Refusal::read_only()),
            call => Err(Refusal::unknown_call(call)),
        }
    }

    /// True of calls that would change something in iCloud.
    pub fn is_write(call: &str) -> bool {
        const WRITES: &[&str] =
            &["modify", "delete", "create", "upload", "rereference", "accept", "register"];
        call.split('/').any(|part| WRITES.contains(&part))
    }

    /// Answers the content host for a path with its query, as in `/B/…/${f}?…`.
    pub fn content(&self, path_and_query: &str, now_ms: i64) -> ContentReply {
        self.signer.open(path_and_query, now_ms)
    }

    /// The switches for irregular behaviour.
    pub fn quirks(&mut self) -> &mut Quirks {
        &mut self.quirks
    }

    /// The record name of the account's owner.
    fn owner(&self) -> String {
        format!("_{}", body::hex(&noise::bytes::<16>(noise::pair(self.spec.seed, noise::of_text("owner")))))
    }

    /// The zone that a request names. In the private area the name is enough; in the shared area the whole identity, as
    /// listed, is needed.
    fn zone_of(&self, area: Area, id: Option<&ZoneId>) -> Result<usize, Refusal> {
        let id = id.ok_or_else(Refusal::zone_not_found)?;
        let names = |zone: &Zone| {
            let owner = id.owner_record_name.as_deref();
            let kind = id.zone_type.as_deref();
            let own = area == Area::Private;
            zone.area == area
                && !self.quirks.closed_zones.contains(&zone.name)
                && zone.name == id.zone_name
                && (owner == Some(&zone.owner) || own && matches!(owner, None | Some("_defaultOwner")))
                && (kind == Some("REGULAR_CUSTOM_ZONE") || own && kind.is_none())
        };
        self.zones.iter().position(names).ok_or_else(Refusal::zone_not_found)
    }
}
