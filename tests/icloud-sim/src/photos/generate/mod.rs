//! Makes the zones of a library from its description.

mod albums;
mod awkward;
mod awkward_name;
mod draft;
mod kind;
mod library;
mod shared;
mod size;

use super::noise;
use super::spec::{LibrarySpec, SharedRole};
use super::zone::{Area, Role, Zone};

pub(super) use draft::{Draft, files};
pub use kind::PhotoKind;
pub(super) use kind::renders;
pub(super) use shared::library as shared_library;

/// The pseudo record of the root level.
pub(super) const ROOT: &str = "----Root-Folder----";
/// The pseudo record of the projects' level.
pub(super) const PROJECT_ROOT: &str = "----Project-Root-Folder----";

/// All zones of the account whose record name is `owner`.
pub(super) fn zones(spec: &LibrarySpec, owner: &str) -> Vec<Zone> {
    let mut personal =
        Zone::new(Area::Private, spec.personal_zone.clone(), owner.to_owned(), Role::Personal, spec.seed);
    library::fill(&mut personal, spec, spec.assets);
    albums::fill(&mut personal, spec);
    library::finish(&mut personal, spec);
    let mut zones = vec![personal];
    if let Some(shared) = shared::library(spec, owner) {
        zones.push(shared);
    }
    if spec.awkward {
        if let [personal, shared, ..] = zones.as_mut_slice() {
            albums::reach_across(personal, shared, spec);
        }
        zones.extend(shared::foreign(spec, owner));
    }
    for zone in &mut zones {
        zone.changed = 1;
    }
    zones
}

/// The seed of a thing of this library.
fn seed(spec: &LibrarySpec, what: &str, number: usize) -> u64 {
    noise::pair(noise::pair(spec.seed, noise::of_text(what)), number as u64)
}

/// The part of a zone's name that follows its kind.
fn zone_uuid(spec: &LibrarySpec, what: &str) -> String {
    noise::uuid_text(noise::uuid(seed(spec, what, 0)))
}

/// The area of a shared library's zone, if there is one.
fn shared_area(role: SharedRole) -> Option<Area> {
    match role {
        SharedRole::None => None,
        SharedRole::Owner => Some(Area::Private),
        SharedRole::Participant => Some(Area::Shared),
    }
}
