//! In what a record differs from what the catalog has of it. Pure.

use crate::model::{Album, Asset, Checksum, Kind, Master, Resource};

/// In what an asset differs, in words for people; empty when in nothing. `now` is in outline.
pub(super) fn asset(now: &Asset, fingerprints: &[(Kind, Checksum)], known: &Asset) -> Vec<&'static str> {
    let mut differs = Vec::new();
    let mut look = |different: bool, word| differs.extend(different.then_some(word));
    look(now.master != known.master, "original");
    look(now.asset_date != known.asset_date || now.zone_offset != known.zone_offset, "date");
    look(now.added_date != known.added_date || now.created != known.created, "date of import");
    look(now.favourite != known.favourite, "favourite");
    look(now.hidden != known.hidden, "hidden");
    look(now.adjustment != known.adjustment, "edit");
    look(now.burst != known.burst, "burst");
    let kind = |asset: &Asset| (asset.subtype, asset.subtype_v2, asset.render_type, asset.duration_ms);
    look(kind(now) != kind(known), "kind");
    look(files_differ(fingerprints, &known.resources, false), "edited version");
    differs
}

/// In what a master differs. `now` is in outline.
pub(super) fn master(now: &Master, fingerprints: &[(Kind, Checksum)], known: &Master) -> Vec<&'static str> {
    let mut differs = Vec::new();
    let mut look = |different: bool, word| differs.extend(different.then_some(word));
    look(now.filename != known.filename, "file name");
    let kind = |master: &Master| (master.item_type.clone(), master.data_class);
    look(kind(now) != kind(known), "type");
    look(files_differ(fingerprints, &known.resources, true), "files");
    differs
}

/// In what an album or folder differs.
pub(super) fn album(now: &Album, known: &Album) -> Vec<&'static str> {
    let mut differs = Vec::new();
    let mut look = |different: bool, word| differs.extend(different.then_some(word));
    look(now.name != known.name, "name");
    look(now.parent != known.parent, "folder");
    look(now.kind != known.kind, "kind");
    differs
}

/// Whether a fingerprint speaks against what is known. A file without a fingerprint says nothing: there are records
/// that describe a file without one.
fn files_differ(fingerprints: &[(Kind, Checksum)], known: &[Resource], on_master: bool) -> bool {
    fingerprints.iter().filter(|(kind, _)| kind.is_on_master() == on_master).any(|(kind, checksum)| {
        !known.iter().any(|resource| resource.kind == *kind && resource.checksum == *checksum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(kind: Kind, checksum: &str) -> Resource {
        let checksum = Checksum::parse(checksum);
        Resource { kind, checksum, size: 5, width: None, height: None, uti: None }
    }

    fn known() -> Asset {
        Asset {
            record: "A".into(),
            master: Some("M".into()),
            asset_date: Some(1),
            added_date: Some(2),
            created: Some(3),
            zone_offset: Some(3600),
            favourite: false,
            hidden: false,
            deleted: false,
            expunged: false,
            burst: None,
            subtype: 0,
            subtype_v2: 0,
            render_type: 0,
            adjustment: Some("com.apple.photo".into()),
            duration_ms: 0,
            resources: vec![resource(Kind::EditedStill, "AA==")],
        }
    }

    #[test]
    fn an_asset_in_outline_is_the_same_when_its_facts_and_fingerprints_are() {
        let known = known();
        let now = Asset { resources: vec![], ..known.clone() };
        let prints = [(Kind::EditedStill, Checksum::parse("AA=="))];
        assert!(asset(&now, &prints, &known).is_empty());
        assert!(asset(&now, &[], &known).is_empty());
        let other = [(Kind::EditedStill, Checksum::parse("BB=="))];
        assert_eq!(asset(&now, &other, &known), ["edited version"]);
        let more = [(Kind::EditedMotion, Checksum::parse("AA=="))];
        assert_eq!(asset(&now, &more, &known), ["edited version"]);
        // What the master's files are is for the master to say.
        assert!(asset(&now, &[(Kind::Original, Checksum::parse("CC=="))], &known).is_empty());
        let changed = Asset { favourite: true, asset_date: Some(9), adjustment: None, ..now };
        assert_eq!(asset(&changed, &[], &known), ["date", "favourite", "edit"]);
    }

    #[test]
    fn masters_and_albums_differ_by_what_a_person_sees() {
        let known = Master {
            record: "M".into(),
            filename: Some("IMG_1.HEIC".into()),
            item_type: None,
            data_class: Some(1),
            resources: vec![resource(Kind::Original, "AA==")],
        };
        let now = Master { resources: vec![], ..known.clone() };
        assert!(master(&now, &[(Kind::Original, Checksum::parse("AA=="))], &known).is_empty());
        let renamed = Master { filename: None, ..now };
        assert_eq!(
            master(&renamed, &[(Kind::Motion, Checksum::parse("AA=="))], &known),
            ["file name", "files"]
        );
        let trip = Album {
            record: "X".into(),
            name: Some("Trip".into()),
            parent: None,
            kind: crate::model::AlbumKind::Album,
            deleted: false,
        };
        assert_eq!(album(&Album { parent: Some("F".into()), ..trip.clone() }, &trip), ["folder"]);
    }
}
