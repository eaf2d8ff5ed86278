//! What findings are called for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Asset, ItemId, Kind, Master};
use crate::state::{self, Mark, Placement, StateError, View};

/// What a photo is called: the path of its first file, the name it was imported with, its record name.
pub(super) fn photo(asset: &Asset, master: Option<&Master>, placement: Option<&Placement>) -> String {
    let placed = placement.and_then(|placement| Some(placement.path(&placement.files.first()?.name)));
    let named = || master.and_then(|master| master.filename.clone());
    placed.or_else(named).unwrap_or_else(|| asset.record.clone())
}

/// What the photo of that record is called, as far as the catalog knows it.
pub(super) fn named(view: &View, item: &ItemId) -> Result<String, StateError> {
    let Some(asset) = state::asset(view, item)? else { return Ok(item.record.clone()) };
    let master = match &asset.master {
        Some(name) => state::master(view, item.zone, name)?,
        None => None,
    };
    Ok(photo(&asset, master.as_ref(), state::placement(view, item)?.as_ref()))
}

/// What a file of a photo is called.
pub(super) fn file(
    kind: Kind,
    asset: &Asset,
    master: Option<&Master>,
    placement: Option<&Placement>,
) -> String {
    let placed = placement.and_then(|placement| Some(placement.path(&placement.file(kind)?.name)));
    placed.unwrap_or_else(|| {
        let photo = photo(asset, master, placement);
        if kind == Kind::Original { photo } else { format!("{photo} ({})", kind.as_str()) }
    })
}

/// When a marked item is tried again, as the end of a sentence. `now` is in seconds since 1970.
pub(super) fn when(mark: &Mark, now: i64) -> String {
    if mark.not_before <= now {
        "by the next run".into()
    } else {
        format!("by the first run after {}", clock(mark.not_before))
    }
}

/// An instant (seconds since 1970) on the wall clock of this machine.
pub(super) fn clock(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(
        |_| "the end of time".into(),
        |at| at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
