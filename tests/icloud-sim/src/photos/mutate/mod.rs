//! Changes to a library, as a person with a phone makes them. Each writes the records that Apple's clients and
//! server write for it (photos.md 6.4), and the zone's `CPLLibraryInfo` with them.

mod album;
mod bin;
mod photo;
mod share;
mod world;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Photos;
use super::generate::PhotoKind;
use super::noise;
use super::record::album::LIBRARY_INFO;
use super::spec::SharedRole;
use super::zone::{Id, place};

/// A change. Photos and albums are named by their record names; a name is looked for in all zones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Mutation {
    /// A new photo. Answers `{asset, master}`.
    AddPhoto(NewPhoto),
    /// A second asset on the same master. Answers `{asset, master}`.
    Duplicate {
        /// The photo.
        asset: String,
    },
    /// An edit: a new render, which replaces the one of an earlier edit.
    Edit {
        /// The photo.
        asset: String,
    },
    /// The edit is taken back: its fields are there and null.
    Revert {
        /// The photo.
        asset: String,
    },
    /// Marks a favourite, or no longer.
    SetFavorite {
        /// The photo.
        asset: String,
        /// Which.
        on: bool,
    },
    /// Hides or shows a photo.
    SetHidden {
        /// The photo.
        asset: String,
        /// Which.
        on: bool,
    },
    /// Another capture time.
    SetDate {
        /// The photo.
        asset: String,
        /// Milliseconds since 1970 UTC; none takes the field away.
        date_ms: Option<i64>,
        /// Seconds east of UTC; none takes the field away.
        time_zone_offset: Option<i32>,
    },
    /// Another title.
    SetTitle {
        /// The photo.
        asset: String,
        /// None takes the field away.
        title: Option<String>,
    },
    /// Another file name: that of the master, and so of every photo that shares it.
    Rename {
        /// The photo.
        asset: String,
        /// None takes the field away.
        name: Option<String>,
    },
    /// Another original under the same photo.
    ReplaceOriginal {
        /// The photo.
        asset: String,
        /// The master keeps its name and gets another original, which no document shows. Otherwise as photos.md 7.2 has it,
        /// where a master's name is its original's checksum: the photo names another master, and a tombstone remains of
        /// the old one unless another photo needs it.
        same_master: bool,
    },
    /// Puts a photo into a shared album, which means nothing to a mirror.
    ShareInAlbum {
        /// The photo.
        asset: String,
    },
    /// To Recently Deleted; in a shared library, for everyone.
    Delete {
        /// The photo.
        asset: String,
    },
    /// Back from Recently Deleted.
    Restore {
        /// The photo.
        asset: String,
    },
    /// Out of Recently Deleted, or at once: only tombstones remain.
    Purge {
        /// The photo.
        asset: String,
    },
    /// A phone finishes the upload of what was pending.
    FinishUpload {
        /// The photo.
        asset: String,
        /// The records change, but no delta tells (photos.md 6.7).
        silent: bool,
    },
    /// A new album or folder. Answers `{album}`.
    AddAlbum {
        /// Its name.
        name: Option<String>,
        /// The folder it lies in; none is the root level.
        parent: Option<String>,
        /// A folder.
        folder: bool,
    },
    /// Another name.
    RenameAlbum {
        /// The album or folder.
        album: String,
        /// None takes the field away.
        name: Option<String>,
    },
    /// Into another folder.
    MoveAlbum {
        /// The album or folder.
        album: String,
        /// None is the root level.
        parent: Option<String>,
    },
    /// Deletes an album, not its photos; the relations stay for now.
    DeleteAlbum {
        /// The album or folder.
        album: String,
    },
    /// Deletes a folder with everything in it; the photos stay.
    DeleteFolder {
        /// The folder.
        folder: String,
    },
    /// Tombstones for a deleted album and its relations.
    PurgeAlbum {
        /// The album or folder.
        album: String,
    },
    /// Puts a photo into an album.
    AddMember {
        /// The album.
        album: String,
        /// The photo, which may be in another zone.
        asset: String,
    },
    /// Takes a photo out of an album.
    RemoveMember {
        /// The album.
        album: String,
        /// The photo.
        asset: String,
        /// The relation stays with `isDeleted` 1; otherwise it becomes a tombstone.
        soft: bool,
    },
    /// Makes a member the album's cover.
    SetKeyAsset {
        /// The album.
        album: String,
        /// The photo.
        asset: String,
    },
    /// Moves a photo to the shared library: the same master there, another asset name. Answers `{asset, master}`.
    MoveToShared {
        /// The photo.
        asset: String,
        /// It goes to Recently Deleted here; otherwise only tombstones remain.
        soft: bool,
    },
    /// Moves a photo of the shared library back (`trashReason` 0 there). Answers `{asset, master}`.
    MoveToPersonal {
        /// The photo.
        asset: String,
    },
    /// Writes records that mean nothing to a mirror.
    AddIgnorable {
        /// Zone name; the personal library when there is none.
        zone: Option<String>,
        /// How many.
        count: usize,
    },
    /// A photo comes and is purged before anybody sees it: a tombstone for a name that nobody knows.
    AddAndPurge {
        /// Zone name; the personal library when there is none.
        zone: Option<String>,
    },
    /// Makes all tokens of a zone invalid.
    ResetZone {
        /// Zone name; the personal library when there is none.
        zone: Option<String>,
    },
    /// Apple moves the account's data: the personal library is another zone, of which no token is known, and the old zone
    /// is gone (photos.md 2.2). That photos keep their names is assumed, not documented. Answers `{zone}`.
    MigrateZone,
    /// Removes a zone.
    RemoveZone {
        /// Zone name.
        zone: String,
    },
    /// The account joins or opens a shared library. Answers `{zone}`.
    OpenSharedLibrary {
        /// In which part.
        role: SharedRole,
    },
}

/// A photo to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPhoto {
    /// Zone name; the personal library when there is none.
    pub zone: Option<String>,
    /// Its sort.
    pub kind: PhotoKind,
    /// File name; a camera's when there is none.
    pub name: Option<String>,
    /// Capture time, milliseconds since 1970 UTC; now when there is none.
    pub date_ms: Option<i64>,
    /// Seconds east of UTC at capture.
    pub time_zone_offset: Option<i32>,
    /// Length of the original in bytes; drawn from the library's sizes when there is none.
    pub size: Option<u64>,
    /// Album to put it in.
    pub album: Option<String>,
    /// The phone has not finished the upload.
    pub pending: bool,
    /// Favourite.
    pub favorite: bool,
    /// Hidden.
    pub hidden: bool,
}

impl Photos {
    /// Changes the library at `now_ms`. Answers the names of what was made, or why nothing was changed.
    pub fn mutate(&mut self, mutation: Mutation, now_ms: i64) -> Result<Value, String> {
        let before: Vec<(String, u64)> =
            self.zones.iter().map(|zone| (zone.name.clone(), zone.counter)).collect();
        self.clock += 1;
        let answer = self.carry_out(mutation, now_ms);
        for (name, counter) in before {
            let Some(zone) = self.zones.iter_mut().find(|zone| zone.name == name) else { continue };
            if answer.is_err() {
                zone.counter = counter;
            } else if zone.counter != counter {
                zone.changed = self.clock;
                let info = zone.others.iter().position(|other| other.kind == LIBRARY_INFO);
                if let Some(info) = info {
                    zone.write(Id::Other(place(info)), now_ms);
                }
            }
        }
        answer
    }

    fn carry_out(&mut self, mutation: Mutation, now_ms: i64) -> Result<Value, String> {
        match mutation {
            Mutation::AddPhoto(photo) => self.add_photo(photo, now_ms),
            Mutation::Duplicate { asset } => self.duplicate(&asset, now_ms),
            Mutation::Edit { asset } => self.edit(&asset, now_ms),
            Mutation::Revert { asset } => self.change(&asset, now_ms, |asset| {
                asset.extra_mut().edit = None;
                asset.extra_mut().reverted = true;
            }),
            Mutation::SetFavorite { asset, on } => self.change(&asset, now_ms, |asset| asset.favorite = on),
            Mutation::SetHidden { asset, on } => self.change(&asset, now_ms, |asset| asset.hidden = on),
            Mutation::SetDate { asset, date_ms, time_zone_offset } => self.change(&asset, now_ms, |asset| {
                asset.date = date_ms;
                asset.offset = time_zone_offset;
            }),
            Mutation::SetTitle { asset, title } => {
                self.change(&asset, now_ms, |asset| asset.extra_mut().title = title)
            }
            Mutation::Rename { asset, name } => self.rename(&asset, name.as_deref(), now_ms),
            Mutation::ReplaceOriginal { asset, same_master } => {
                self.replace_original(&asset, same_master, now_ms)
            }
            Mutation::ShareInAlbum { asset } => {
                self.change(&asset, now_ms, |asset| asset.extra_mut().shared_date = Some(now_ms))
            }
            Mutation::Delete { asset } => self.delete(&asset, now_ms),
            Mutation::Restore { asset } => self.restore(&asset, now_ms),
            Mutation::Purge { asset } => self.purge(&asset, now_ms),
            Mutation::FinishUpload { asset, silent } => self.finish_upload(&asset, silent, now_ms),
            Mutation::AddAlbum { name, parent, folder } => self.add_album(name, parent, folder, now_ms),
            Mutation::RenameAlbum { album, name } => {
                self.change_album(&album, now_ms, |album| album.title = name)
            }
            Mutation::MoveAlbum { album, parent } => self.move_album(&album, parent, now_ms),
            Mutation::DeleteAlbum { album } => {
                self.change_album(&album, now_ms, |album| album.bin = super::item::Bin::Since(now_ms))
            }
            Mutation::DeleteFolder { folder } => self.delete_folder(&folder, now_ms),
            Mutation::PurgeAlbum { album } => self.purge_album(&album, now_ms),
            Mutation::AddMember { album, asset } => self.add_member(&album, &asset, now_ms),
            Mutation::RemoveMember { album, asset, soft } => self.remove_member(&album, &asset, soft, now_ms),
            Mutation::SetKeyAsset { album, asset } => self.set_cover(&album, &asset, now_ms),
            Mutation::MoveToShared { asset, soft } => self.move_to_shared(&asset, soft, now_ms),
            Mutation::MoveToPersonal { asset } => self.move_to_personal(&asset, now_ms),
            Mutation::AddIgnorable { zone, count } => self.add_ignorable(zone.as_deref(), count, now_ms),
            Mutation::AddAndPurge { zone } => self.add_and_purge(zone.as_deref(), now_ms),
            Mutation::ResetZone { zone } => self.reset_zone(zone.as_deref()),
            Mutation::MigrateZone => self.migrate_zone(),
            Mutation::RemoveZone { zone } => self.remove_zone(&zone),
            Mutation::OpenSharedLibrary { role } => self.open_shared_library(role),
        }
    }

    /// The zone of that name, or the personal library; its counter leaves a gap before what is written next.
    fn zone_named(&mut self, name: Option<&str>) -> Result<usize, String> {
        let name = name.unwrap_or(&self.spec.personal_zone);
        let at = self.zones.iter().position(|zone| zone.name == name);
        let at = at.ok_or_else(|| format!("No zone `{name}`"))?;
        self.leave_gap(at);
        Ok(at)
    }

    /// The zone and place of an asset.
    fn asset_named(&mut self, name: &str) -> Result<(usize, u32), String> {
        let found = (0..).zip(&self.zones).find_map(|(at, zone)| Some((at, zone.find_asset(name)?)));
        let (zone, asset) = found.ok_or_else(|| format!("No asset `{name}`"))?;
        self.leave_gap(zone);
        Ok((zone, asset))
    }

    /// The zone and place of an album or folder.
    fn album_named(&mut self, name: &str) -> Result<(usize, u32), String> {
        let found = (0..).zip(&self.zones).find_map(|(at, zone)| Some((at, zone.find_album(name)?)));
        let (zone, album) = found.ok_or_else(|| format!("No album `{name}`"))?;
        self.leave_gap(zone);
        Ok((zone, album))
    }

    /// Recorded counters rise by more than the records written (6 over one call): the simulator's do too.
    fn leave_gap(&mut self, zone: usize) {
        self.zones[zone].counter += self.quirks.empty_delta_pages.max(2);
    }

    /// A number for something new, never the same twice.
    fn fresh(&mut self) -> u64 {
        self.fresh += 1;
        noise::pair(noise::pair(self.spec.seed, noise::of_text("mutations")), self.fresh)
    }
}
