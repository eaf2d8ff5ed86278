//! The shared library, and the zones that are no libraries.

use super::{library, seed, shared_area, zone_uuid};
use crate::photos::noise;
use crate::photos::record::album::QUOTA;
use crate::photos::spec::{LibrarySpec, SharedRole};
use crate::photos::zone::{Area, Id, Role, Zone};

/// The zone of the shared library that the account takes part in.
pub(in crate::photos) fn library(spec: &LibrarySpec, account: &str) -> Option<Zone> {
    let area = shared_area(spec.shared_library)?;
    let owner = match spec.shared_library {
        SharedRole::Participant => {
            format!(
                "_{}",
                noise::uuid_text(noise::uuid(seed(spec, "somebody else", 0))).replace('-', "").to_lowercase()
            )
        }
        _ => account.to_owned(),
    };
    let name = format!("SharedSync-{}", zone_uuid(spec, "shared library"));
    let mut zone = Zone::new(area, name, owner, Role::SharedLibrary, spec.seed);
    library::fill(&mut zone, spec, spec.assets / 5);
    let quota = zone.add_other(format!("SharedLibraryQuota-{account}"), QUOTA);
    zone.write(Id::Other(quota), spec.now_ms);
    library::finish(&mut zone, spec);
    Some(zone)
}

/// Zones that a mirror must leave alone.
pub(super) fn foreign(spec: &LibrarySpec, owner: &str) -> Vec<Zone> {
    let app = format!("AppLibrarySync-com.apple.GenerativePlayground-{}", zone_uuid(spec, "app"));
    [
        (format!("CMM-{}", zone_uuid(spec, "moment")), Role::Moment),
        (format!("SharedCollection-{}", zone_uuid(spec, "collection")), Role::Collection),
        (app, Role::App),
    ]
    .into_iter()
    .map(|(name, role)| {
        let mut zone = Zone::new(Area::Private, name, owner.to_owned(), role, spec.seed);
        zone.counter = 12;
        zone
    })
    .collect()
}
