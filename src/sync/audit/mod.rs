//! Is everything here? What iCloud says, what the catalog says and what is on disk, held against each other.
//!
//! [`audit()`] reads from top to bottom. Every difference goes to a [`Findings`] as it is found, with its reason and what
//! will be done about it; the figures come at the end. Nothing is fetched, no token and no record of the catalog is
//! touched. What the next run could not know by itself is noted for it (where [`Books`] are open): a file that is
//! missing or changed on disk is void in the ledger, and a record that is otherwise in iCloud is to be looked up.
//!
//! Nothing is collected: photos, files and records are read in pieces. What grows with the library is eight bytes for
//! each photo that is not whole on disk and, in a deep look, eight for each photo and each membership (`seen`).

mod clerk;
mod cloud;
mod compare;
mod counters;
mod deep;
pub mod desk;
pub mod difference;
mod drive;
pub mod figures;
mod kinds;
mod leaving;
mod local;
mod recent;
mod seen;
mod sift;
mod standing;
mod tree;
mod views;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::context::blocking;
use super::{RunError, policy, run};
use crate::clock::Clock;
use crate::config::Job;
use crate::event::Observer;
use crate::http;
use crate::icloud::photos::Photos;
use crate::icloud::session::{Account, Session, Store};
use crate::model::{Area, ItemId, Part};
use crate::secret::Passwords;
use crate::state::{self, MetaKey, ZoneRow};
use crate::sync::plan::{library_in_scope, library_name};
use crate::tree::{MirrorId, Root};
use cloud::Told;
pub use desk::Books;
use desk::Desk;
pub use difference::{Difference, Findings, Level, Place, What};
pub use figures::Figures;

/// What an audit needs from outside.
pub struct Edges {
    /// Talks to Apple.
    pub http: http::Client,
    /// Where the session is kept.
    pub store: Store,
    /// Who signs in.
    pub account: Account,
    /// Where a password may come from without a person.
    pub passwords: Passwords,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Who hears what is found.
    pub findings: Arc<dyn Findings>,
    /// Cancelled when it should end soon.
    pub cancel: CancellationToken,
}

/// An audit that ended.
#[derive(Debug)]
pub struct Finished {
    /// How many of what each side has.
    pub figures: Figures,
    /// Why iCloud could not be asked, or not to the end. The rest was looked at all the same.
    pub icloud: Option<RunError>,
    /// What ended it early.
    pub error: Option<RunError>,
}

impl Finished {
    /// Whether everything that iCloud holds and the job file asks for is here, and nothing differs.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.error.is_none() && self.icloud.is_none() && self.figures.count(Level::Difference) == 0
    }
}

/// Looks at everything. `deep` compares iCloud's whole history record by record.
pub async fn audit(job: Arc<Job>, part: Part, books: Books, edges: Edges, deep: bool) -> Finished {
    let figures = Figures { deep, noted: matches!(books, Books::Open(_)), ..Figures::default() };
    let Edges { http, store, account, passwords, clock, observer, findings, cancel } = edges;
    let root = match open_destination(&job, part, &books) {
        Ok(root) => root,
        Err(error) => return Finished { figures, icloud: None, error: Some(error) },
    };
    let figures = Mutex::new(figures);
    let desk = Arc::new(Desk { job, part, books, root, clock, observer, findings, cancel, figures });
    let before = http.sent();
    let session = Session::resume(http.clone(), store, account, passwords, desk.clock.clone());
    let gone = match part {
        Part::Photos => Box::pin(go(desk.clone(), session, deep)).await,
        Part::Drive => Box::pin(drive::go(desk.clone(), session, deep)).await,
    };
    let (icloud, error) = match gone {
        Ok(icloud) => (icloud, None),
        Err(error) => (None, Some(error)),
    };
    let mut figures = desk.figures.lock().unwrap_or_else(PoisonError::into_inner).clone();
    figures.calls = http.sent().calls - before.calls;
    figures.icloud_error = icloud.as_ref().map(ToString::to_string);
    Finished { figures, icloud, error }
}

/// Makes sure that state, account and destination belong together. Nothing is written.
fn open_destination(job: &Job, part: Part, books: &Books) -> Result<Root, RunError> {
    let view = books.view()?;
    if state::text(&view, MetaKey::Account)?.is_some_and(|known| known != run::account_mark(job)) {
        return Err(RunError::OtherAccount { state_dir: job.state_dir.display().to_string() });
    }
    let known = state::text(&view, MetaKey::Mirror)?.and_then(|id| id.parse::<MirrorId>().ok());
    drop(view);
    Ok(Root::inspect(job.destination(part), known.as_ref(), false)?.0)
}

/// The audit itself. Gives why iCloud could not be asked.
async fn go(
    desk: Arc<Desk>,
    session: impl Future<Output = Result<Session, crate::icloud::session::SessionError>>,
    deep: bool,
) -> Result<Option<RunError>, RunError> {
    let zones = zones_in_scope(&desk)?;
    desk.phase("Asking iCloud");
    let mut icloud = None;
    let asked = async {
        let photos = Photos::new(session.await?);
        let told = cloud::ask(&desk, &photos, &zones).await?;
        Ok((photos, told))
    };
    let (photos, mut told) = match asked.await {
        Ok((photos, told)) => (Some(photos), Some(told)),
        Err(error) => {
            icloud = Some(only_icloud(error)?);
            (None, None)
        }
    };
    for ((number, row), told) in each(&zones, told.as_mut()) {
        if deep { recent::remember(told) } else { recent::tell(&desk, *number, row, told)? }
    }
    if let (true, Some(photos), Some(told)) = (deep, &photos, &told)
        && let Err(error) = look_deep(&desk, photos, &zones, told).await
    {
        icloud = Some(only_icloud(error)?);
    }
    let deep = deep && icloud.is_none();
    desk.phase("Looking at every photo and every file");
    let (here, zones) = (desk.clone(), zones);
    blocking(move || look_here(&here, &zones, told.as_ref(), deep)).await?;
    Ok(icloud)
}

/// Trouble with iCloud does not end an audit; everything else does.
fn only_icloud(error: RunError) -> Result<RunError, RunError> {
    match error {
        RunError::Session(_) | RunError::Service(_) | RunError::Drive(_) => Ok(error),
        error => Err(error),
    }
}

/// The libraries that iCloud told about, each with what it told.
fn each<'a>(
    zones: &'a [(u16, ZoneRow)],
    told: Option<&'a mut BTreeMap<u16, Told>>,
) -> impl Iterator<Item = (&'a (u16, ZoneRow), &'a mut Told)> {
    let told = told.into_iter().flatten();
    told.filter_map(|(number, told)| Some((zones.iter().find(|(known, _)| known == number)?, told)))
}

async fn look_deep(
    desk: &Desk,
    photos: &Photos,
    zones: &[(u16, ZoneRow)],
    told: &BTreeMap<u16, Told>,
) -> Result<(), RunError> {
    unknown_libraries(desk, photos, zones).await?;
    for (number, row) in zones {
        match told.get(number) {
            Some(told) if told.indexing.is_some() => deep::compare(desk, photos, *number, row, told).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Libraries that the job file asks for and the catalog does not have yet. They are looked for once a day or a week; the
/// audit sees to it that the next run looks.
async fn unknown_libraries(desk: &Desk, photos: &Photos, zones: &[(u16, ZoneRow)]) -> Result<(), RunError> {
    let libraries = desk.job.photos.libraries;
    let areas = if libraries.shared { &[Area::Private, Area::Shared][..] } else { &[Area::Private] };
    for area in areas {
        for (zone, _) in photos.zones(*area).await?.zones {
            let known = zones.iter().any(|(_, row)| row.id.name == zone.name);
            if known || !library_in_scope(&zone, &desk.job.photos) {
                continue;
            }
            let library = library_name(&zone);
            let what = (Place::Catalog, What::UnknownLibrary);
            let action = desk.will("listed by the next run");
            desk.found(
                &Difference::new(library, library, what, "the catalog does not know it", action)
                    .of(&zone.name),
            );
            desk.books.write(|batch| batch.set_meta_number(MetaKey::ZonesChecked, 0))?;
        }
    }
    Ok(())
}

/// Everything that can be told without asking iCloud.
fn look_here(
    desk: &Desk,
    zones: &[(u16, ZoneRow)],
    told: Option<&BTreeMap<u16, Told>>,
    deep: bool,
) -> Result<(), RunError> {
    unreadable(desk, deep)?;
    let leaving = leaving::Leaving::count(desk)?;
    let followed = state::text(&desk.books.view()?, MetaKey::Policy)?;
    let other_policy = followed.is_some_and(|known| known != policy::wanted(&desk.job, Part::Photos));
    let local = local::look(desk, zones, &leaving, other_policy)?;
    counters::compare(desk, zones, &local, told, deep)?;
    let lists = views::look(desk)?;
    tree::look(desk, &lists)
}

/// Records that are to be asked for again. After a deep look, what it doubts has been told.
fn unreadable(desk: &Desk, deep: bool) -> Result<(), RunError> {
    let (now, mut last) = (desk.clock.now().as_second(), None);
    let zones = state::zones(&desk.books.view()?)?;
    loop {
        let view = desk.books.view()?;
        let piece = state::broken_after(&view, last.as_ref(), 500)?;
        let Some((item, _)) = piece.last() else { return Ok(()) };
        last = Some(item.clone());
        for (item, broken) in piece.iter().filter(|(_, broken)| !(deep && broken.doubted)) {
            let when = if broken.not_before <= now {
                "by the next run".to_owned()
            } else {
                format!("by the first run after {}", words::clock(broken.not_before))
            };
            let library = zones.iter().find(|(number, _)| *number == item.zone);
            let library = library.map_or("", |(_, row)| library_name(&row.id));
            let name = words::named(&view, &ItemId { zone: item.zone, record: item.record.clone() })?;
            let what = (Place::Icloud, What::Unreadable);
            let action = format!("asked for again {when}");
            desk.found(&Difference::new(library, name, what, broken.why.clone(), action).of(&item.record));
        }
    }
}

/// Libraries of the catalog that the job file asks for.
fn zones_in_scope(desk: &Desk) -> Result<Vec<(u16, ZoneRow)>, RunError> {
    let zones = state::zones(&desk.books.view()?)?;
    let (here, out): (Vec<_>, Vec<_>) =
        zones.into_iter().partition(|(_, row)| library_in_scope(&row.id, &desk.job.photos));
    for (_, row) in out {
        let library = library_name(&row.id);
        let reason = "your job file leaves it out (libraries)";
        let what = (Place::Disk, What::LeftOut);
        desk.found(&Difference::new(library, library, what, reason, "nothing").of(&row.id.name));
    }
    if here.is_empty() {
        let reason = "no library that the job file asks for is known yet";
        let what = (Place::Catalog, What::UnknownLibrary);
        desk.found(&Difference::new("", "iCloud Photos", what, reason, "looked for by the next run"));
    }
    Ok(here)
}
