//! Tests of what is decided.

mod albums;
mod files;
mod folders;
mod names;

use crate::config::Photos;
use crate::model::{Area, Asset, Checksum, Kind, Master, Resource, ZoneId};

const HEIC: &str = "public.heic";
const JPEG: &str = "public.jpeg";
const DNG: &str = "com.adobe.raw-image";
const MOV: &str = "com.apple.quicktime-movie";

/// The job file that says nothing.
fn usual() -> Photos {
    Photos::defaults("/mirror".into())
}

fn resource(kind: Kind, uti: &str) -> Resource {
    Resource {
        kind,
        checksum: Checksum::parse(&format!("{}-of-{uti}", kind.as_str())),
        size: 1000,
        width: None,
        height: None,
        uti: (!uti.is_empty()).then(|| uti.to_owned()),
    }
}

/// A master called `name` with these resources.
fn master(name: &str, resources: &[(Kind, &str)]) -> Master {
    Master {
        record: "AeYfMtlOMb3dM9bETic9fXkMpjMV".into(),
        filename: (!name.is_empty()).then(|| name.to_owned()),
        item_type: None,
        data_class: None,
        resources: resources.iter().map(|(kind, uti)| resource(*kind, uti)).collect(),
    }
}

/// An asset with these resources, taken at 23:30 UTC of 30 June 2024.
fn asset(resources: &[(Kind, &str)]) -> Asset {
    Asset {
        record: "4D86C5B2-0F0B-4C0B-9C2C-8C6E3C1D2E3F".into(),
        master: Some("AeYfMtlOMb3dM9bETic9fXkMpjMV".into()),
        asset_date: Some(1_719_790_200_000),
        added_date: Some(1_735_776_000_000),
        created: None,
        zone_offset: None,
        favourite: false,
        hidden: false,
        deleted: false,
        expunged: false,
        burst: None,
        subtype: 0,
        subtype_v2: 0,
        render_type: 0,
        adjustment: None,
        duration_ms: 0,
        resources: resources.iter().map(|(kind, uti)| resource(*kind, uti)).collect(),
    }
}

/// An asset that was edited.
fn edited(resources: &[(Kind, &str)]) -> Asset {
    Asset { adjustment: Some("com.apple.photo".into()), ..asset(resources) }
}

fn zone(name: &str) -> ZoneId {
    ZoneId { area: Area::Private, name: name.into(), owner: None, zone_type: None }
}
