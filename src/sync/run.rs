//! One run, from top to bottom.

use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::apply::{Feed, apply, foresee, recognise, remove, remove_left_dirs, room_for_all};
use super::classes::Classes;
use super::tally::{Outcome, Tally};
use super::{Context, RunError, check, drive, listing, policy, verify, views};
use crate::clock::Clock;
use crate::config::Job;
use crate::event::{Event, Observer};
use crate::http;
use crate::http::pacing::Pacer;
use crate::http::retry::{Class, Classify as _};
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::drive::{Drive, DriveError};
use crate::icloud::photos::Photos;
use crate::icloud::session::{Account, Session, Store, Trouble};
use crate::model::{Part, hex};
use crate::secret::Passwords;
use crate::state::{self, MetaKey, Progress, State, StateError};
use crate::tree::{MirrorId, Root, TreeError};

/// What a run needs from outside.
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
    /// Cancelled when the run should end soon.
    pub cancel: CancellationToken,
}

/// How a run is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Show the plan, touch nothing. The state handed over must be one that may be thrown away.
    pub dry_run: bool,
    /// A new or emptied destination is meant.
    pub accept_destination: bool,
    /// So many files may leave the mirror, whatever the brake says.
    pub confirm_removals: u64,
    /// The mirror was read again a moment ago: no slice of it is.
    pub without_slice: bool,
}

/// A run that ended.
#[derive(Debug)]
pub struct Finished {
    /// What it did. With `dry_run`, what it would do.
    pub outcome: Outcome,
    /// What ended it early.
    pub error: Option<RunError>,
}

/// Carries out one run of one part: bring the catalog up to date, plan what differs, fetch, verify, place, record.
pub async fn run(job: Arc<Job>, part: Part, state: Arc<State>, edges: Edges, options: Options) -> Finished {
    let tally = Arc::new(Tally::default());
    // On the heap: the future of a whole run is large.
    let http = edges.http.for_a_new_run();
    let edges = Edges { http: http.clone(), ..edges };
    let before = http.sent();
    let result = Box::pin(go(job, part, state, edges, options, tally.clone())).await;
    let sent = http.sent();
    tally.note(|out| {
        out.calls = sent.calls - before.calls;
        out.downloads = sent.downloads - before.downloads;
    });
    let error = result.err().map(|error| match http.patience().verdict() {
        // Whoever noticed it first told of its own trouble.
        Some(alone) if is_refusal(&error) => alone.into(),
        _ => error,
    });
    Finished { outcome: tally.outcome(), error }
}

/// Whether iCloud is what ended the run, and no person can help.
fn is_refusal(error: &RunError) -> bool {
    match error {
        RunError::Session(error) | RunError::Service(CloudKitError::Session(error)) => {
            error.trouble() == Trouble::Service
        }
        RunError::Service(error) => error.class() != Class::Session,
        RunError::Drive(DriveError::Session(error)) => error.trouble() == Trouble::Service,
        RunError::Drive(_) | RunError::Failing { .. } => true,
        _ => false,
    }
}

async fn go(
    job: Arc<Job>,
    part: Part,
    state: Arc<State>,
    edges: Edges,
    options: Options,
    tally: Arc<Tally>,
) -> Result<(), RunError> {
    check_account(&job, &state)?;
    let root = open_destination(job.destination(part), &state, options)?
        .with_modes(job.modes(part), part == Part::Drive)?;
    let Edges { http, store, account, passwords, clock, observer, cancel } = edges;
    observer.on(&Event::Phase("Asking iCloud what changed".into()));
    let session = Session::resume(http.clone(), store, account, passwords, clock.clone()).await?;
    let classes = Arc::new(Classes::load(&state.view()?)?);
    let ctx = Context {
        part,
        photos: Photos::new(session.clone()),
        drive: Drive::new(session),
        root: Arc::new(root),
        bodies: Pacer::new(bodies(&job, part), http.patience().clone()),
        http,
        clock,
        observer,
        stop: cancel.child_token(),
        cancel,
        urls: Arc::default(),
        classes,
        tally,
        state,
        job,
    };
    policy::follow_modes(&ctx).await?;
    policy::follow(&ctx).await?;
    let result = match part {
        Part::Photos => Box::pin(photos(&ctx, options)).await,
        Part::Drive => Box::pin(documents(&ctx, options)).await,
    };
    if options.dry_run {
        return result;
    }
    let root = ctx.root.clone();
    let pruned = super::context::blocking(move || root.prune_again()).await;
    let result = result.and(pruned.map_err(RunError::from));
    if result.as_ref().is_err_and(is_about_room) {
        make_room(&ctx).await;
    }
    result
}

/// Whether a disk is full, or may be: the state does not always tell what its trouble is.
fn is_about_room(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Tree(TreeError::NoSpace { .. })
            | RunError::NoRoom { .. }
            | RunError::State(StateError::Storage(_) | StateError::Io { .. })
    )
}

/// Bodies in flight at the most. Drive bears fewer (icloud-docker #250).
fn bodies(job: &Job, part: Part) -> usize {
    const DRIVE: usize = 4;
    let connections = job.network.connections as usize;
    if part == Part::Drive { connections.min(DRIVE) } else { connections }
}

/// Photos: what changed comes in pages, and is fetched while more of them come.
async fn photos(ctx: &Context, options: Options) -> Result<(), RunError> {
    let feed = Feed::default();
    let catalog = async {
        let result = bring_up_to_date(ctx, &feed).await;
        // The planner ends when it knows that no more will come, also when iCloud failed: what is known is fetched.
        feed.end();
        result
    };
    if options.dry_run {
        catalog.await?;
        foresee(ctx).await?;
        return views::foresee(ctx).await;
    }
    let work = apply(ctx, &feed);
    tokio::pin!(catalog, work);
    let (known, applied) = tokio::select! {
        known = &mut catalog => (known, work.await),
        // It only ends before the catalog when it failed: a full disk, a session that is gone.
        applied = &mut work => (Ok(()), applied),
    };
    let brought = match (applied, known) {
        (Err(RunError::Interrupted), Err(cause)) => Err(cause),
        (applied, known) => applied.and(known),
    };
    brought?;
    // All that there is room for is here: what is gone leaves, albums follow, leftovers go.
    remove(ctx, options.confirm_removals).await?;
    if !options.without_slice {
        reread(ctx).await?;
    }
    views::bring(ctx).await?;
    tidy(ctx).await?;
    room_for_all(ctx).await
}

/// Drive: every folder is listed. What is gone leaves first, because programs save a file by writing a new one of the same
/// name; then files move and come, and last the directories go that folders left.
async fn documents(ctx: &Context, options: Options) -> Result<(), RunError> {
    ctx.tell(&Event::Phase("Listing the folders of iCloud Drive".into()));
    drive::crawl(ctx).await?;
    if options.dry_run {
        return foresee(ctx).await;
    }
    recognise(ctx).await?;
    remove(ctx, options.confirm_removals).await?;
    let feed = Feed::default();
    feed.end();
    apply(ctx, &feed).await?;
    remove_left_dirs(ctx).await?;
    if !options.without_slice {
        reread(ctx).await?;
    }
    tidy(ctx).await?;
    room_for_all(ctx).await
}

/// Gives a full disk back what it need not hold: partial files, and what has been in the attic long enough.
async fn make_room(ctx: &Context) {
    let root = ctx.root.clone();
    let swept = super::context::blocking(move || root.sweep_incoming(|_| false)).await.map(drop);
    for error in [swept.map_err(RunError::from), expire(ctx).await].into_iter().filter_map(Result::err) {
        // The trouble that ended the run is the one to tell.
        tracing::debug!(%error, "No room could be made");
    }
}

/// Reads a part of the mirror again, and fetches at once what was lost of it.
async fn reread(ctx: &Context) -> Result<(), RunError> {
    if verify::nightly(ctx).await? > 0 {
        let out = ctx.tally.outcome();
        // What failed in this run would be tried again, and told twice.
        if out.failed + out.waiting + out.no_room == 0 {
            let feed = Feed::default();
            feed.end();
            apply(ctx, &feed).await?;
        }
    }
    // Told when it is found, and not every night.
    if ctx.tally.outcome().reread.wrong > 0 {
        verify::settle(ctx).await?;
    }
    Ok(())
}

/// Makes sure that the state belongs to the account of the job file. The Apple ID itself is not kept.
fn check_account(job: &Job, state: &State) -> Result<(), RunError> {
    let account = account_mark(job);
    match state::text(&state.view()?, MetaKey::Account)? {
        Some(known) if known != account => {
            Err(RunError::OtherAccount { state_dir: job.state_dir.display().to_string() })
        }
        Some(_) => Ok(()),
        None => Ok(state.write(|batch| batch.set_meta_text(MetaKey::Account, &account))?),
    }
}

/// What stands for the Apple ID in the state.
pub(super) fn account_mark(job: &Job) -> String {
    hex(&Sha256::digest(job.account.apple_id.expose_secret().trim().to_lowercase()))
}

/// Opens the destination and makes sure that it is the one this state knows.
fn open_destination(path: &Path, state: &State, options: Options) -> Result<Root, RunError> {
    let known = state::text(&state.view()?, MetaKey::Mirror)?.and_then(|id| id.parse::<MirrorId>().ok());
    if options.dry_run {
        let (root, found) = Root::inspect(path, known.as_ref(), options.accept_destination)?;
        if known.is_some() && known != found {
            forget_disk(state)?;
        }
        return Ok(root);
    }
    let opened = Root::open(path, known.as_ref(), options.accept_destination)?;
    if known.as_ref() != Some(&opened.id) {
        if known.is_some() {
            forget_disk(state)?;
        }
        // Last, so that a crash before it forgets again.
        let id = opened.id.to_string();
        state.write(|batch| batch.set_meta_text(MetaKey::Mirror, &id))?;
    }
    Ok(opened.root)
}

/// Another disk is meant from now on: what lies on it is unknown. Files keep their names; those that are there with
/// the right content are recognised, the others fetched.
fn forget_disk(state: &State) -> Result<(), RunError> {
    let mut after = None;
    loop {
        after = state.write(|batch| batch.void_after(after.as_ref(), 1_000))?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Makes the catalog true: new libraries are found, known ones asked for changes, new ones listed.
async fn bring_up_to_date(ctx: &Context, feed: &Feed) -> Result<(), RunError> {
    check::discover(ctx, false).await?;
    let lost = check::changes(ctx, feed).await?;
    if !lost.is_empty() {
        check::discover(ctx, true).await?;
        // Before anything is listed: it may be somebody else's library that answers.
        check::personal_must_be_there(ctx, lost).await?;
    }
    check::ask_again(ctx).await?;
    for (number, row) in check::zones_in_scope(ctx).await? {
        if matches!(row.progress, Progress::Listing { .. }) {
            listing::list(ctx, feed, number, row).await?;
        }
    }
    Ok(())
}

/// Days for which history is kept.
const HISTORY_DAYS: i64 = 730;

/// Days that history may grow older, so that nights without changes do not each forget a little.
const HISTORY_SLACK: i64 = 30;

/// Events that one run forgets at the most.
const FORGOTTEN: usize = 20_000;

/// Forgets history that is old enough.
async fn forget_history(ctx: &Context) -> Result<(), RunError> {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let before = ctx.now_ms() - HISTORY_DAYS * DAY_MS;
    let oldest = ctx.read(state::oldest_event).await?;
    if oldest.is_some_and(|oldest| oldest < before - HISTORY_SLACK * DAY_MS) {
        ctx.write(move |batch| batch.forget_history(before, FORGOTTEN)).await?;
    }
    Ok(())
}

/// Removes what has been in the attic long enough.
async fn expire(ctx: &Context) -> Result<(), RunError> {
    let (root, today) = (ctx.root.clone(), ctx.today());
    let keep = jiff::Span::new().days(i64::from(ctx.job.removed.keep_days));
    if let Ok(before) = today.checked_sub(keep) {
        super::context::blocking(move || root.expire_attic(before)).await?;
    }
    Ok(())
}

/// Removes partial files that no later run will go on with, what has been in the attic long enough, and old history.
async fn tidy(ctx: &Context) -> Result<(), RunError> {
    forget_history(ctx).await?;
    expire(ctx).await?;
    let failed = ctx.tally.outcome().failed;
    if failed == 0 {
        let root = ctx.root.clone();
        super::context::blocking(move || root.sweep_incoming(|_| false)).await?;
    }
    Ok(())
}
