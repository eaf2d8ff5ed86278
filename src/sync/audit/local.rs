//! Every photo of the catalog, held against the ledger and the disk.

use std::collections::{BTreeMap, HashSet};

use super::desk::{Desk, Note};
use super::difference::{Difference, Place, What};
use super::kinds::{KINDS, holds, lists};
use super::leaving::Leaving;
use super::standing::{Standing, standing};
use super::{seen, words};
use crate::icloud::photos::List;
use crate::model::{Asset, ItemId, Master, ZoneId};
use crate::state::{self, Fate, Lies, Mark, PlacedFile, Placement, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::apply::to_leave;
use crate::sync::plan::{self, Verdict, Wanted, library_name};
use crate::tree::{RelPath, TreeError};

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
    item: ItemId,
    asset: Asset,
    master: Option<Master>,
    placement: Option<Placement>,
    mark: Option<Mark>,
}

impl Looked {
    fn file_name(&self, kind: crate::model::Kind) -> String {
        words::file(kind, &self.asset, self.master.as_ref(), self.placement.as_ref())
    }

    fn name(&self) -> String {
        words::photo(&self.asset, self.master.as_ref(), self.placement.as_ref())
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
        let mut walk = Walk {
            desk,
            zone: &row.id,
            library: library_name(&row.id),
            lists,
            leaving,
            other_policy,
            now: desk.clock.now().as_second(),
            local: &mut local,
            notes: vec![],
        };
        walk.local.counts.insert(*number, Counts::default());
        let mut last: Option<String> = None;
        loop {
            desk.look_up()?;
            let piece = piece(&desk.books.view()?, *number, last.as_deref())?;
            let Some(looked) = piece.last() else { break };
            last = Some(looked.asset.record.clone());
            piece.iter().try_for_each(|looked| walk.photo(looked))?;
            desk.note(&mut walk.notes)?;
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
        piece.push(Looked { item, asset, master, placement, mark });
    }
    Ok(piece)
}

struct Walk<'a> {
    desk: &'a Desk,
    zone: &'a ZoneId,
    library: &'static str,
    lists: [List; KINDS],
    leaving: &'a Leaving,
    /// The job file asks for other files than at the last run.
    other_policy: bool,
    now: i64,
    local: &'a mut Local,
    notes: Vec<Note>,
}

impl Walk<'_> {
    fn photo(&mut self, looked: &Looked) -> Result<(), RunError> {
        if looked.asset.is_gone() {
            return self.gone(looked);
        }
        let whole = match plan::judge(&looked.asset, looked.master.as_ref(), self.zone, &self.desk.job.photos)
        {
            Verdict::Files(wanted) => self.files(looked, &wanted)?,
            Verdict::OutOfScope(why) => {
                let reason = format!("your job file leaves it out ({} = false)", why.key());
                self.found(looked, looked.name(), Place::Disk, What::LeftOut, reason, "nothing");
                self.extras(looked, &[])?;
                false
            }
            Verdict::Waiting(why) => {
                let action = "waits for the device to upload it";
                self.found(looked, looked.name(), Place::Icloud, What::Waiting, why, action);
                false
            }
            Verdict::NeedsMaster(_) => {
                let reason = "iCloud has not told the record of its original";
                self.not_fetched(looked, looked.name(), reason);
                false
            }
            Verdict::Gone => false,
        };
        self.count(looked, whole);
        Ok(())
    }

    fn count(&mut self, looked: &Looked, whole: bool) {
        let counts = self.local.counts.entry(looked.item.zone).or_default();
        for (at, list) in self.lists.iter().enumerate() {
            let holds = holds(list, &looked.asset, looked.master.as_ref());
            counts.catalog[at] += u64::from(holds);
            counts.disk[at] += u64::from(holds && whole);
        }
        if !whole {
            self.local.absent.insert(seen::hash(&looked.item.to_string()));
        }
    }

    /// Looks at the files that a photo should have. Whether all of them are on disk.
    fn files(&mut self, looked: &Looked, wanted: &[Wanted]) -> Result<bool, RunError> {
        let missing = plan::missing(wanted, looked.placement.as_ref());
        let mut whole = missing.is_empty();
        for file in missing {
            self.not_here(looked, file);
        }
        let in_place = |file: &&PlacedFile| {
            wanted
                .iter()
                .any(|wanted| wanted.resource.kind == file.kind && wanted.resource.checksum == file.checksum)
                && file.is_in_place()
        };
        for (placement, file) in files(looked).filter(|(_, file)| in_place(file)) {
            whole &= self.stands(looked, placement, file)?;
        }
        self.extras(looked, wanted)?;
        if whole {
            self.settled(looked);
        }
        Ok(whole)
    }

    /// A photo whose files are all there may have to be moved all the same.
    fn settled(&mut self, looked: &Looked) {
        let folder = plan::folder(&looked.asset, self.zone, &self.desk.job.photos).join("/");
        let elsewhere = looked.placement.as_ref().is_some_and(|placement| placement.folder != folder);
        let (place, what) = (Place::Disk, What::Misplaced);
        let leaves =
            looked.placement.as_ref().is_some_and(|placement| !to_leave(&looked.asset, placement).is_empty());
        match &looked.mark {
            // What leaves has been told.
            Some(mark) if mark.why.is_none() && leaves && !elsewhere => {}
            Some(mark) => {
                let reason = mark.why.as_deref().unwrap_or("it changed in iCloud, or the job file did");
                let action = format!("made good {}", words::when(mark, self.now));
                self.found(looked, looked.name(), place, what, reason, &action);
            }
            None if elsewhere => {
                let action = self.look_again(looked, "moved by the next run");
                let reason = format!("its folder is `{folder}` by the job file");
                self.found(looked, looked.name(), place, what, reason, &action);
            }
            None => {}
        }
    }

    /// Tells of a file that the ledger does not have in place.
    fn not_here(&mut self, looked: &Looked, file: &Wanted) {
        let item = looked.file_name(file.resource.kind);
        let placed = looked.placement.as_ref().and_then(|placement| placement.file(file.resource.kind));
        let same = placed.filter(|p| p.proof.is_some() && p.checksum == file.resource.checksum);
        match same.map(|placed| &placed.lies) {
            Some(Lies::Elsewhere(path) | Lies::Attic(path)) => {
                let reason = format!("it lies at `{path}`");
                let action = match &looked.mark {
                    Some(mark) => format!("moved {}", words::when(mark, self.now)),
                    None => self.look_again(looked, "moved by the next run"),
                };
                self.found(looked, item, Place::Disk, What::Misplaced, reason, &action);
            }
            Some(Lies::Altered(_)) => {
                let reason = "an earlier audit found that it changed since larder wrote it";
                let action = "set aside in the attic and fetched by the next run";
                self.found(looked, item, Place::Disk, What::Altered, reason, action);
            }
            _ => self.not_fetched(looked, item, "not fetched yet"),
        }
    }

    /// Tells of something that is to be fetched, by what its mark says. Without a mark no run would look at it.
    fn not_fetched(&mut self, looked: &Looked, item: String, usual: &str) {
        match &looked.mark {
            Some(mark) if mark.waiting => {
                let reason = mark.why.as_deref().unwrap_or("iCloud does not hold it yet");
                let action = format!(
                    "waits for the device to upload it; asked for again {}",
                    words::when(mark, self.now)
                );
                self.found(looked, item, Place::Icloud, What::Waiting, reason, &action);
            }
            Some(mark) => {
                let reason = mark.why.as_deref().unwrap_or(usual);
                let action = format!("fetched {}", words::when(mark, self.now));
                self.found(looked, item, Place::Disk, What::NotFetched, reason, &action);
            }
            None => {
                let reason = if self.other_policy { "the job file asks for it now" } else { usual };
                let action = self.look_again(looked, "fetched by the next run");
                self.found(looked, item, Place::Disk, What::NotFetched, reason, &action);
            }
        }
    }

    /// Sees to it that the next run looks at an item that is not marked, and says what will be done.
    fn look_again(&mut self, looked: &Looked, action: &str) -> String {
        if self.other_policy {
            // With another job file the next run looks at everything.
            return action.to_owned();
        }
        self.notes.push(Note::Look(looked.item.clone()));
        self.desk.will(action)
    }

    /// Looks at a file that should be in place. Whether it is.
    fn stands(
        &mut self,
        looked: &Looked,
        placement: &Placement,
        file: &PlacedFile,
    ) -> Result<bool, RunError> {
        let path = placement.path(&file.name);
        let (what, reason, action) = match self.standing(&path, file)? {
            Ok(Standing::Fine) => {
                let disk = &mut self.desk.figures().disk;
                disk.files += 1;
                disk.bytes += file.size;
                return Ok(true);
            }
            Ok(Standing::Lost) => {
                (What::Lost, "it is not there any more".to_owned(), "fetched by the next run")
            }
            Ok(Standing::Size(size)) => {
                let reason = format!("it has {size} bytes where larder wrote {}", file.size);
                (What::Altered, reason, "set aside in the attic and fetched by the next run")
            }
            Ok(Standing::Time) => {
                let reason = "its time is another than larder gave it".to_owned();
                let action = "compared by the next run: set aside in the attic and fetched if it changed, dated if not";
                (What::Altered, reason, action)
            }
            Ok(Standing::Other(kind)) => {
                let reason = format!("a {kind} lies in its place; larder replaces none");
                (What::Displaced, reason, "fetched by the next run under another name")
            }
            Err(error) => {
                (What::Displaced, error.to_string(), "fetched by the next run when the way is free")
            }
        };
        if !self.desk.still(&looked.item, file)? {
            return Ok(true);
        }
        let fate = if what == What::Altered { Fate::Altered } else { Fate::Lost };
        self.note_file(looked, file, fate);
        self.found(looked, path, Place::Disk, what, reason, &self.desk.will(action));
        Ok(false)
    }

    /// Files of a photo that are on disk and that nobody asks for any more.
    fn extras(&mut self, looked: &Looked, wanted: &[Wanted]) -> Result<(), RunError> {
        let leaving =
            looked.placement.as_ref().map_or(vec![], |placement| to_leave(&looked.asset, placement));
        for (placement, file) in files(looked).filter(|(_, file)| file.is_on_disk()) {
            if leaving.contains(&file.kind) {
                self.no_longer_in_icloud(looked, placement, file, "its edit was taken back in iCloud")?;
            } else if file.is_in_place() && !wanted.iter().any(|one| one.resource.kind == file.kind) {
                let path = placement.path(&file.name);
                let lost = matches!(self.standing(&path, file)?, Ok(Standing::Lost));
                if lost && self.desk.still(&looked.item, file)? {
                    self.note_file(looked, file, Fate::Lost);
                }
                let reason = if lost {
                    "nobody asks for it any more, and it is not there"
                } else {
                    "the job file asks for it no more"
                };
                self.found(looked, path, Place::Disk, What::Extra, reason, "nothing");
            }
        }
        Ok(())
    }

    /// A photo that was deleted in iCloud and may have files here.
    fn gone(&mut self, looked: &Looked) -> Result<(), RunError> {
        for (placement, file) in files(looked).filter(|(_, file)| file.is_on_disk()) {
            self.no_longer_in_icloud(looked, placement, file, "the photo was deleted in iCloud")?;
        }
        Ok(())
    }

    fn no_longer_in_icloud(
        &mut self,
        looked: &Looked,
        placement: &Placement,
        file: &PlacedFile,
        why: &str,
    ) -> Result<(), RunError> {
        let path = placement.lies_at(file);
        let lost = matches!(self.standing(&path, file)?, Ok(Standing::Lost));
        if lost && self.desk.still(&looked.item, file)? {
            self.note_file(looked, file, Fate::Lost);
            let reason = format!("it is not there any more, and {why}");
            self.found(looked, path, Place::Disk, What::Lost, reason, "nothing: nobody has it");
            return Ok(());
        }
        let (what, action) = match &looked.mark {
            Some(_) if file.may_leave() => self.leaving.of_a_file(),
            _ => (What::Kept, "nothing".into()),
        };
        let why = if file.pinned { format!("{why}, and somebody brought it back") } else { why.to_owned() };
        self.found(looked, path, Place::Disk, what, why, &action);
        Ok(())
    }

    /// How a file stands; the inner error is of its path alone.
    fn standing(&self, path: &str, file: &PlacedFile) -> Result<Result<Standing, TreeError>, RunError> {
        let path = match RelPath::parse(path) {
            Ok(path) => path,
            Err(bad) => return Ok(Err(TreeError::Reserved { path: bad.path })),
        };
        match self.desk.root.stat(&path) {
            Ok(facts) => Ok(Ok(standing(facts.as_ref(), file))),
            Err(error) if error.is_disk() => Err(error.into()),
            Err(error) => Ok(Err(error)),
        }
    }

    fn note_file(&mut self, looked: &Looked, file: &PlacedFile, fate: Fate) {
        let (item, kind, seen) = (looked.item.clone(), file.kind, file.clone());
        self.notes.push(Note::File { item, kind, seen, fate });
    }

    fn found(
        &self,
        looked: &Looked,
        item: String,
        place: Place,
        what: What,
        reason: impl Into<String>,
        action: &str,
    ) {
        let found = Difference::new(self.library, item, (place, what), reason, action);
        self.desk.found(&found.of(&looked.asset.record));
    }
}

/// The files of a photo that the ledger has, each with the placement.
fn files(looked: &Looked) -> impl Iterator<Item = (&Placement, &PlacedFile)> {
    looked.placement.iter().flat_map(|placement| placement.files.iter().map(move |file| (placement, file)))
}
