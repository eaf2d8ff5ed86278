//! The exact look: a library's whole history, read page by page and compared with the catalog.
//!
//! `changes/zone` without a token brings every record in its present state, in outline, so that no download address is
//! made for it. Nothing of it goes into the catalog, and no token is touched.

use std::collections::HashSet;

use super::cloud::Told;
use super::desk::{Desk, Note};
use super::difference::{Difference, What};
use super::seen::{State, hash};
use super::sift::{Sifter, member_name};
use crate::event::Event;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::{Decoded, Delta, DeltaPage, Indexing, Outline, Photos};
use crate::model::{AlbumKind, ItemId, ZoneId};
use crate::state::{self, Progress, ZoneRow};
use crate::sync::RunError;
use crate::sync::plan::library_name;

/// Findings held back at most; when there are more, they are told as they are.
const HELD: usize = 20_000;

/// Records of the catalog that are looked at in one view of the state.
const PIECE: usize = 1_000;

/// Names of records that changed since the last run, as hashes.
#[derive(Default)]
struct Recent {
    names: HashSet<u64>,
    /// Where to ask on from; `None` when iCloud cannot tell what changed.
    token: Option<String>,
}

impl Recent {
    fn take(&mut self, page: &DeltaPage<Outline>) {
        self.names
            .extend(page.records.iter().filter_map(|outline| name(&outline.record)).map(|name| hash(&name)));
        self.token = Some(page.token.clone());
    }

    /// Reads on until nothing more comes.
    async fn catch_up(&mut self, desk: &Desk, photos: &Photos, zone: &ZoneId) -> Result<(), RunError> {
        while let Some(token) = self.token.clone() {
            desk.look_up()?;
            let asked = [(zone.clone(), Some(token))];
            let page = one(photos.outlines(zone.area, &asked).await?)?;
            self.take(&page);
            if !page.more {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Compares one library.
pub(super) async fn compare(
    desk: &Desk,
    photos: &Photos,
    number: u16,
    row: &ZoneRow,
    told: &Told,
) -> Result<(), RunError> {
    if matches!(row.progress, Progress::Listing { .. }) {
        return Ok(());
    }
    let zone = &row.id;
    let library = library_name(zone);
    desk.phase(format!("Reading the history of {library}"));
    let mut recent = Recent::default();
    if let Some(page) = &told.changes {
        recent.take(page);
    }
    let mut deep = Deep { desk, photos, number, zone, recent, sifter: Sifter::new(desk, number, library) };
    let expected = told.counts.iter().take(2).flatten().sum();
    let (mut token, mut items) = (None, 0);
    loop {
        desk.look_up()?;
        let page = one(photos.outlines(zone.area, &[(zone.clone(), token)]).await?)?;
        items += page.records.iter().filter(|one| matches!(one.record, Decoded::Asset { .. })).count() as u64;
        desk.observer.on(&Event::Listed { library: library.to_owned(), items, expected });
        deep.sifter.take(&desk.books.view()?, page.records)?;
        deep.tell_if_many().await?;
        if !page.more {
            break;
        }
        token = Some(page.token);
    }
    deep.sifter.assets.settle();
    deep.sifter.members.settle();
    let complete = told.indexing.as_ref().is_some_and(Indexing::is_finished);
    // While iCloud is indexing, nothing may be concluded from what it lacks.
    if complete {
        deep.missing_assets().await?;
        deep.missing_members().await?;
    }
    deep.tell().await
}

struct Deep<'a> {
    desk: &'a Desk,
    photos: &'a Photos,
    number: u16,
    zone: &'a ZoneId,
    recent: Recent,
    sifter: Sifter<'a>,
}

impl Deep<'_> {
    /// Assets of the catalog that the history does not have.
    async fn missing_assets(&mut self) -> Result<(), RunError> {
        let mut last: Option<String> = None;
        loop {
            self.desk.look_up()?;
            let view = self.desk.books.view()?;
            let piece = state::assets_after(&view, self.number, last.as_deref(), PIECE)?;
            let Some(asset) = piece.last() else { return Ok(()) };
            last = Some(asset.record.clone());
            for asset in piece.iter().filter(|asset| !asset.is_gone()) {
                if matches!(self.sifter.assets.state(&asset.record), None | Some(State::Gone)) {
                    self.sifter.hold_purged(&view, &asset.record)?;
                }
            }
            drop(view);
            self.tell_if_many().await?;
        }
    }

    /// Albums of the catalog that the history does not have, and memberships that it does not have of those it has.
    async fn missing_members(&mut self) -> Result<(), RunError> {
        let albums = state::albums(&self.desk.books.view()?, self.number)?;
        for album in albums.iter().filter(|album| !album.deleted) {
            match self.sifter.albums.get(&album.record) {
                Some(false) if album.kind != AlbumKind::Folder => {}
                Some(_) => continue,
                None => {
                    self.sifter.hold_purged_album(album);
                    continue;
                }
            }
            let id = ItemId { zone: self.number, record: album.record.clone() };
            let mut last: Option<String> = None;
            loop {
                self.desk.look_up()?;
                let view = self.desk.books.view()?;
                let piece = state::members_after(&view, &id, last.as_deref(), PIECE)?;
                if piece.is_empty() {
                    break;
                }
                for asset in &piece {
                    let said = self.sifter.members.state(&member_name(asset, &album.record));
                    if matches!(said, None | Some(State::Gone)) {
                        self.sifter.hold_left(&view, asset, &album.record)?;
                    }
                }
                last = piece.last().cloned();
                drop(view);
                self.tell_if_many().await?;
            }
        }
        Ok(())
    }

    async fn tell_if_many(&mut self) -> Result<(), RunError> {
        if self.sifter.held.len() < HELD { Ok(()) } else { self.tell().await }
    }

    /// Tells what is held, and notes what the next run would not find by itself.
    async fn tell(&mut self) -> Result<(), RunError> {
        self.recent.catch_up(self.desk, self.photos, self.zone).await?;
        self.sifter.assets.settle();
        self.sifter.members.settle();
        let held = std::mem::take(&mut self.sifter.held);
        let mut notes = Vec::new();
        let view = self.desk.books.view()?;
        for (record, found) in held {
            if self.sifter.is_moot(&view, &found)? {
                continue;
            }
            let recent = self.recent.names.contains(&hash(&record));
            self.desk.found(&self.with_action(found.clone(), recent));
            // What changed since the last run comes with its changes; where iCloud cannot tell those, the library is
            // listed again, which brings everything but what is gone.
            let comes = recent || (self.recent.token.is_none() && found.what != What::Gone);
            if found.what != What::LeftOut && !comes {
                let why = format!("an audit found: {}", found.reason);
                notes.push(Note::Doubt { zone: self.number, record, why });
            }
        }
        drop(view);
        self.desk.note(&mut notes)
    }

    fn with_action(&self, mut found: Difference, recent: bool) -> Difference {
        found.action = match found.what {
            What::LeftOut => "nothing".into(),
            _ if recent => {
                found.reason.push_str("; it changed since the last run");
                "taken over by the next run".into()
            }
            What::Gone => self
                .desk
                .will("looked up by the next run; what iCloud then says is gone goes the way of `[removed]`"),
            _ if self.recent.token.is_none() => {
                "taken over by the next run, which lists the library again".into()
            }
            _ => self.desk.will("looked up and made good by the next run"),
        };
        found
    }
}

/// The only entry of an answer.
fn one<R>(mut answer: Vec<Delta<R>>) -> Result<DeltaPage<R>, CloudKitError> {
    const NONE: CloudKitError = CloudKitError::Unanswered { what: "the history of a library" };
    answer.pop().map_or(Err(NONE), |(_, page)| page)
}

/// Name under which findings about a record are held.
fn name(record: &Decoded) -> Option<String> {
    Some(match record {
        Decoded::Master { master, .. } => master.record.clone(),
        Decoded::Asset { asset, .. } => asset.record.clone(),
        Decoded::Album(album) => album.record.clone(),
        Decoded::Member(member) => member_name(&member.asset, &member.album),
        Decoded::Gone { record } | Decoded::Broken { record, .. } => record.clone(),
        Decoded::Ignored { .. } => return None,
    })
}
