//! Names of zones and of items in them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of the account's databases a zone lives in. Stored by position: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Area {
    /// Zones that the signed-in person owns.
    Private,
    /// Zones that somebody else owns and shares with this person.
    Shared,
    /// Zones of iCloud Drive, which are asked for by other services than CloudKit.
    Drive,
}

impl Area {
    /// A word for it: for those of CloudKit, the one that CloudKit's paths use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Drive => "drive",
        }
    }
}

/// A zone exactly as Apple listed it.
///
/// Requests for CloudKit zones in the shared area must repeat name, owner and type as listed, so all three are kept. Zones of
/// Drive are told apart by name and owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ZoneId {
    /// The database it is in.
    pub area: Area,
    /// For example `PrimarySync` or `SharedSync-<UUID>`; `com.apple.CloudDocs` or `iCloud.<app>` in Drive.
    pub name: String,
    /// `ownerRecordName`; absent in some old recordings. In Drive, that of the share when it is somebody else's.
    pub owner: Option<String>,
    /// `zoneType`; absent in recordings of 2018.
    pub zone_type: Option<String>,
}

impl ZoneId {
    /// A zone of Drive. `owner` is the record name of the share's owner, when that is somebody else.
    #[must_use]
    pub fn drive(name: &str, owner: Option<&str>) -> Self {
        Self { area: Area::Drive, name: name.to_owned(), owner: owner.map(str::to_owned), zone_type: None }
    }

    /// Whether this is a personal library. Accounts whose data Apple moved have `PrimarySync1` and the like, so
    /// the prefix decides (`icloud_photos_downloader` PR #1367).
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.area != Area::Drive
            && self
                .name
                .strip_prefix("PrimarySync")
                .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Whether this is an iCloud Shared Photo Library.
    #[must_use]
    pub fn is_shared_library(&self) -> bool {
        self.area != Area::Drive && self.name.starts_with("SharedSync-")
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
    /// Record name of the asset; `docwsid` of an item of Drive.
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
        for name in ["PrimarySync", "SharedSync-1"] {
            let zone = ZoneId::drive(name, None);
            assert!(!zone.is_personal() && !zone.is_shared_library(), "{zone} is no library of photos");
        }
    }
}
