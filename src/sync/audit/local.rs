//! Every photo of the catalog, held against the ledger and the disk.

use std::collections::{BTreeMap, HashSet};

use super::clerk::{Clerk, Held};
use super::desk::Desk;
use super::difference::{Place, What};
use super::kinds::{KINDS, holds, lists};
use super::leaving::Leaving;
use super::standing::Standing;
use super::{seen, words};
use crate::icloud::photos::List;
use crate::model::{Asset, ItemId, Master, ZoneId};
use crate::state::{self, Fate, PlacedFile, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::apply::to_leave;
use crate::sync::plan::{self, Verdict, Wanted, library_name};

/// Photos that are looked at in one view of the state.
const PIECE: usize = 500;

/// How many photos of each list the catalog and the disk have.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) catalog: [u64; KINDS],
    pub(super) disk: [u64; KINDS],
}

/// What looking at every photo gave.
#[derive(Default)]
pub(super) struct Local {
    /// By number of the zone.
    pub(super) counts: BTreeMap<u16, Counts>,
    /// Photos that are not deleted and not whole on disk, as hashes: at most eight bytes for each.
    absent: HashSet<u64>,
}

impl Local {
    /// Whether every file of a photo that is not deleted is on disk.
    pub(super) fn is_whole(&self, item: &ItemId) -> bool {
        !self.absent.contains(&seen::hash(&item.to_string()))
    }
}

/// A photo with all that is known of it.
struct Looked {
    held: Held,
    asset: Asset,
    master: Option<Master>,
}

impl Looked {
    fn file_name(&self, kind: crate::model::Kind) -> String {
        words::file(kind, &self.asset, self.master.as_ref(), self.held.placement.as_ref())
    }

    fn name(&self) -> String {
        words::photo(&self.asset, self.master.as_ref(), self.held.placement.as_ref())
    }
}

/// Looks at every photo of the zones.
pub(super) fn look(
    desk: &Desk,
    zones: &[(u16, ZoneRow)],
    leaving: &Leaving,
    other_policy: bool,
) -> Result<Local, RunError> {
    let mut local = Local::default();
    for (number, row) in zones {
        let lists = lists();
        let clerk = Clerk {
            desk,
            library: library_name(&row.id),
            leaving,
            other_policy,
            now: desk.clock.now().as_second(),
            notes: vec![],
        };
        let mut walk = Walk { clerk, zone: &row.id, lists, local: &mut local };
        walk.local.counts.insert(*number, Counts::default());
        let mut last: Option<String> = None;
        loop {
            desk.look_up()?;
            let piece = piece(&desk.books.view()?, *number, last.as_deref())?;
            let Some(looked) = piece.last() else { break };
            last = Some(looked.asset.record.clone());
            piece.iter().try_for_each(|looked| walk.photo(looked))?;
            desk.note(&mut walk.clerk.notes)?;
        }
    }
    Ok(local)
}

fn piece(view: &View, zone: u16, last: Option<&str>) -> Result<Vec<Looked>, RunError> {
    let mut piece = Vec::with_capacity(PIECE);
    for asset in state::assets_after(view, zone, last, PIECE)? {
        let item = ItemId { zone, record: asset.record.clone() };
        let master = match &asset.master {
            Some(name) => state::master(view, zone, name)?,
            None => None,
        };
        let (placement, mark) = (state::placement(view, &item)?, state::mark(view, &item)?);
        piece.push(Looked { held: Held { item, placement, mark }, asset, master });
    }
    Ok(piece)
}

struct Walk<'a> {
    clerk: Clerk<'a>,
    zone: &'a ZoneId,
    lists: [List; KINDS],
    local: &'a mut Local,
}

impl Walk<'_> {
    fn photo(&mut self, looked: &Looked) -> Result<(), RunError> {
        if looked.asset.is_gone() {
            return self.gone(looked);
        }
        let whole = match plan::judge(
            &looked.asset,
            looked.master.as_ref(),
            self.zone,
            &self.clerk.desk.job.photos,
        ) {
            Verdict::Files(wanted) => self.files(looked, &wanted)?,
            Verdict::OutOfScope(why) => {
                let reason = format!("your job file leaves it out ({} = false)", why.key());
                self.clerk.found(&looked.held, looked.name(), Place::Disk, What::LeftOut, reason, "nothing");
                self.extras(looked, &[])?;
                false
            }
            Verdict::Waiting(why) => {
                let action = "waits for the device to upload it";
                self.clerk.found(&looked.held, looked.name(), Place::Icloud, What::Waiting, why, action);
                false
            }
            Verdict::NeedsMaster(_) => {
                let reason = "iCloud has not told the record of its original";
                self.clerk.not_fetched(&looked.held, looked.name(), reason);
                false
            }
            Verdict::Gone => false,
        };
        self.count(looked, whole);
        Ok(())
    }

    fn count(&mut self, looked: &Looked, whole: bool) {
        let counts = self.local.counts.entry(looked.held.item.zone).or_default();
        for (at, list) in self.lists.iter().enumerate() {
            let holds = holds(list, &looked.asset, looked.master.as_ref());
            counts.catalog[at] += u64::from(holds);
            counts.disk[at] += u64::from(holds && whole);
        }
        if !whole {
            self.local.absent.insert(seen::hash(&looked.held.item.to_string()));
        }
    }

    /// Looks at the files that a photo should have. Whether all of them are on disk.
    fn files(&mut self, looked: &Looked, wanted: &[Wanted]) -> Result<bool, RunError> {
        let missing = plan::missing(wanted, looked.held.placement.as_ref());
        let mut whole = missing.is_empty();
        for Wanted { resource, .. } in missing {
            let placed = looked.held.placement.as_ref().and_then(|placement| placement.file(resource.kind));
            let same = placed.filter(|placed| placed.proof.is_some() && placed.checksum == resource.checksum);
            self.clerk.not_here(&looked.held, looked.file_name(resource.kind), same);
        }
        let in_place = |file: &&PlacedFile| {
            wanted
                .iter()
                .any(|wanted| wanted.resource.kind == file.kind && wanted.resource.checksum == file.checksum)
                && file.is_in_place()
        };
        for (placement, file) in looked.held.files().filter(|(_, file)| in_place(file)) {
            whole &= self.clerk.stands(&looked.held, placement, file)?;
        }
        self.extras(looked, wanted)?;
        if whole {
            self.settled(looked);
        }
        Ok(whole)
    }

    /// A photo whose files are all there may have to be moved all the same.
    fn settled(&mut self, looked: &Looked) {
        let folder = plan::folder(&looked.asset, self.zone, &self.clerk.desk.job.photos).join("/");
        let elsewhere = looked.held.placement.as_ref().is_some_and(|placement| placement.folder != folder);
        let (place, what) = (Place::Disk, What::Misplaced);
        let leaves = looked
            .held
            .placement
            .as_ref()
            .is_some_and(|placement| !to_leave(&looked.asset, placement).is_empty());
        match &looked.held.mark {
            // What leaves has been told.
            Some(mark) if mark.why.is_none() && leaves && !elsewhere => {}
            Some(mark) => {
                let reason = mark.why.as_deref().unwrap_or("it changed in iCloud, or the job file did");
                let action = format!("made good {}", words::when(mark, self.clerk.now));
                self.clerk.found(&looked.held, looked.name(), place, what, reason, &action);
            }
            None if elsewhere => {
                let action = self.clerk.look_again(&looked.held, "moved by the next run");
                let reason = format!("its folder is `{folder}` by the job file");
                self.clerk.found(&looked.held, looked.name(), place, what, reason, &action);
            }
            None => {}
        }
    }

    /// Files of a photo that are on disk and that nobody asks for any more.
    fn extras(&mut self, looked: &Looked, wanted: &[Wanted]) -> Result<(), RunError> {
        let leaving =
            looked.held.placement.as_ref().map_or(vec![], |placement| to_leave(&looked.asset, placement));
        for (placement, file) in looked.held.files().filter(|(_, file)| file.is_on_disk()) {
            if leaving.contains(&file.kind) {
                self.clerk.no_longer_in_icloud(
                    &looked.held,
                    placement,
                    file,
                    "its edit was taken back in iCloud",
                )?;
            } else if file.is_in_place() && !wanted.iter().any(|one| one.resource.kind == file.kind) {
                let path = placement.path(&file.name);
                let lost = matches!(self.clerk.standing(&path, file)?, Ok(Standing::Lost));
                if lost && self.clerk.desk.still(&looked.held.item, file)? {
                    self.clerk.note_file(&looked.held, file, Fate::Lost);
                }
                let reason = if lost {
                    "nobody asks for it any more, and it is not there"
                } else {
                    "the job file asks for it no more"
                };
                self.clerk.found(&looked.held, path, Place::Disk, What::Extra, reason, "nothing");
            }
        }
        Ok(())
    }

    /// A photo that was deleted in iCloud and may have files here.
    fn gone(&mut self, looked: &Looked) -> Result<(), RunError> {
        for (placement, file) in looked.held.files().filter(|(_, file)| file.is_on_disk()) {
            self.clerk.no_longer_in_icloud(
                &looked.held,
                placement,
                file,
                "the photo was deleted in iCloud",
            )?;
        }
        Ok(())
    }
}
