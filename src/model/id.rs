//! Names of zones and of items in them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the account's databases a zone lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Area {
    /// Zones that the signed-in person owns.
    Private,
    /// Zones that somebody else owns and shares with this person.
    Shared,
}

impl Area {
    /// The word that CloudKit's paths use for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
        }
    }
}

/// A CloudKit zone exactly as Apple listed it.
///
/// Requests for zones in the shared area must repeat name, owner and type as listed, so all three are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ZoneId {
    /// The database it is in.
    pub area: Area,
    /// For example `PrimarySync` or `SharedSync-<UUID>`.
    pub name: String,
    /// `ownerRecordName`; absent in some old recordings.
    pub owner: Option<String>,
    /// `zoneType`; absent in recordings of 2018.
    pub zone_type: Option<String>,
}

impl ZoneId {
    /// Whether this is a personal library. Accounts whose data Apple moved have `PrimarySync1` and the like, so
    /// the prefix decides (`icloud_photos_downloader` PR #1367).
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.name.strip_prefix("PrimarySync").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Whether this is an iCloud Shared Photo Library.
    #[must_use]
    pub fn is_shared_library(&self) -> bool {
        self.name.starts_with("SharedSync-")
    }
}

impl fmt::Display for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.area.as_str(), self.name)
    }
}

/// An item of the mirror: a record name within a zone. `zone` is the number that the state gave the zone when
/// it was first seen; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemId {
    /// Number of the zone in the state.
    pub zone: u16,
    /// Record name of the asset.
    pub record: String,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.zone, self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> ZoneId {
        ZoneId { area: Area::Private, name: name.into(), owner: None, zone_type: None }
    }

    #[test]
    fn libraries_are_recognised_by_an_allow_list() {
        assert!(zone("PrimarySync").is_personal());
        assert!(zone("PrimarySync1").is_personal());
        assert!(!zone("PrimarySync-x").is_personal());
        assert!(zone("SharedSync-11111111-2222-3333-4444-555555555555").is_shared_library());
        for other in ["CMM-1", "SharedCollection-1", "AppLibrarySync-com.apple.x-1", "SharedSync", "X"] {
            assert!(!zone(other).is_personal() && !zone(other).is_shared_library(), "{other}");
        }
    }
}
