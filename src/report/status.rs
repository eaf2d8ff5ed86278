//! How the mirror stands, from the state alone.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use super::Summary;
use crate::model::Part;
use crate::state::{self, MetaKey, Place, Proof, StateError, View};
use crate::sync::tally::Trouble;
use crate::sync::verify::{Verified, known};

/// Missing items that are named; more are counted.
const NAMED: usize = 50;

/// How the mirror stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Which part of the job.
    pub part: Part,
    /// The last run.
    pub last_run: Option<Summary>,
    /// When the trust that Apple gave this computer is expected to end.
    pub trust_ends: Option<Timestamp>,
    /// Photos in the catalog, deleted ones left out.
    pub photos: u64,
    /// Files of Drive in the catalog.
    pub documents: u64,
    /// Folders of Drive in the catalog.
    pub folders: u64,
    /// Files in place.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that matched Apple's checksum.
    pub proven: u64,
    /// Files for which Apple publishes no checksum that can be checked.
    pub not_provable: u64,
    /// Files that are not what Apple's checksum says, and came so twice.
    pub disputed: u64,
    /// Files in place by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Files that show photos in albums: entries and playlists.
    pub album_entries: u64,
    /// Files that were read again since they came.
    pub reread: u64,
    /// When the file was read that was read longest ago, once all were.
    pub reread_since: Option<Timestamp>,
    /// Files that were found wrong when they were read again, and are so still.
    pub wrong: u64,
    /// Which, and what is wrong.
    pub wrong_items: Vec<Trouble>,
    /// What the last verification of the whole mirror found.
    pub last_verify: Option<Verified>,
    /// Photos with something still to fetch.
    pub missing: u64,
    /// Which, and why, as far as it is known.
    pub missing_items: Vec<Trouble>,
    /// Records that could not be decoded.
    pub unreadable: u64,
    /// Records that an audit found otherwise in iCloud, which the next run asks for.
    pub doubted: u64,
}

/// Reads how the mirror stands.
pub fn status(view: &View, part: Part, trust_ends: Option<Timestamp>) -> Result<Status, StateError> {
    let mut status = Status {
        part,
        last_run: state::last_run(view)?.and_then(|(_, json)| serde_json::from_str(&json).ok()),
        trust_ends,
        photos: 0,
        documents: 0,
        folders: 0,
        files: 0,
        bytes: 0,
        proven: 0,
        not_provable: 0,
        disputed: 0,
        kinds: BTreeMap::new(),
        album_entries: state::view_files(view)?,
        reread: 0,
        reread_since: None,
        wrong: 0,
        wrong_items: vec![],
        last_verify: state::text(view, MetaKey::VerifyLast)?
            .and_then(|json| serde_json::from_str(&json).ok()),
        missing: 0,
        missing_items: vec![],
        unreadable: 0,
        doubted: 0,
    };
    broken(view, &mut status)?;
    match part {
        Part::Photos => state::each_asset(view, |_, asset| {
            status.photos += u64::from(!asset.is_gone());
            Ok(())
        })?,
        Part::Drive => documents(view, &mut status)?,
    }
    let rereads = state::rereads(view)?;
    let mut oldest = i64::MAX;
    state::each_placement(view, |item, placement| {
        let read = rereads.reading(&Place::of(&item)).at_ms;
        for file in placement.files {
            let Some(proof) = file.proof.filter(|_| file.is_in_place()) else { continue };
            status.files += 1;
            status.bytes += file.size;
            status.reread += u64::from(read > 0);
            oldest = oldest.min(read);
            *status.kinds.entry(file.kind.as_str()).or_default() += 1;
            match proof {
                Proof::Proven => status.proven += 1,
                Proof::SizeOnly { .. } => status.not_provable += 1,
                Proof::Disputed { .. } => status.disputed += 1,
            }
        }
        Ok(())
    })?;
    if status.reread > 0 && status.reread == status.files {
        status.reread_since = Timestamp::from_millisecond(oldest).ok();
    }
    known(view, |known| {
        status.wrong += 1;
        if status.wrong_items.len() < NAMED {
            let why = known.condition.as_str().to_owned();
            status.wrong_items.push(Trouble { item: known.path, why });
        }
    })?;
    missing(view, &mut status)?;
    Ok(status)
}

/// Counts the files and folders of Drive, whatever the job file leaves out.
fn documents(view: &View, status: &mut Status) -> Result<(), StateError> {
    let (mut after, mut gone) = (None, HashMap::new());
    loop {
        let piece = state::nodes_after(view, after.as_ref(), 1000)?;
        let Some((last, _)) = piece.last() else { return Ok(()) };
        after = Some(last.clone());
        for (_, node) in piece {
            // The top is no folder of anybody's.
            let (false, Some(above)) = (node.gone, node.parent) else { continue };
            let known = gone.get(&above).copied();
            let lost = known.map_or_else(|| state::is_node_gone(view, &above), Ok)?;
            gone.insert(above, lost);
            match (lost, node.kind.holds_items()) {
                (true, _) => {}
                (false, true) => status.folders += 1,
                (false, false) => status.documents += 1,
            }
        }
    }
}

fn broken(view: &View, status: &mut Status) -> Result<(), StateError> {
    let mut last = None;
    loop {
        let piece = state::broken_after(view, last.as_ref(), 1000)?;
        let Some((item, _)) = piece.last() else { return Ok(()) };
        last = Some(item.clone());
        let doubted = piece.iter().filter(|(_, broken)| broken.doubted).count() as u64;
        status.doubted += doubted;
        status.unreadable += piece.len() as u64 - doubted;
    }
}

fn missing(view: &View, status: &mut Status) -> Result<(), StateError> {
    let mut after = None;
    loop {
        let batch = state::dirty_after(view, after, 1000)?;
        let Some((_, last)) = batch.last() else { return Ok(()) };
        after = Some(last.seq);
        for (item, mark) in batch {
            // Folders are made with their files.
            let folder = status.part == Part::Drive
                && state::node(view, &item)?.is_some_and(|node| node.kind.holds_items());
            // What was deleted in iCloud and is held by the brake is not missing.
            let gone = match status.part {
                Part::Photos => state::asset(view, &item)?.is_some_and(|asset| asset.is_gone()),
                Part::Drive => state::is_node_gone(view, &item)?,
            };
            if gone || folder {
                continue;
            }
            status.missing += 1;
            if status.missing_items.len() < NAMED {
                let name = match state::placement(view, &item)? {
                    Some(placement) => placement.path(&placement.stem),
                    None => item.record,
                };
                let why = mark.why.unwrap_or_else(|| "not fetched yet".into());
                status.missing_items.push(Trouble { item: name, why });
            }
        }
    }
}

impl Status {
    /// The status as lines of text. `now` tells how long ago things were.
    #[must_use]
    pub fn text(&self, now: Timestamp) -> String {
        use super::figures::{bytes, count, counted, shown, span};
        let mut lines = Vec::new();
        let mut add = |label: &str, text: String| lines.push(format!("{label:<16}{text}\n"));
        match &self.last_run {
            Some(run) => {
                let ago = span(now.duration_since(run.started));
                let how = match &run.error {
                    Some(error) => format!("stopped: {error}"),
                    None if run.complete => "complete".into(),
                    None => "some items are missing".into(),
                };
                add("Last run", format!("{ago} ago, {how}"));
            }
            None => add("Last run", "none has finished yet".into()),
        }
        match self.part {
            Part::Photos => add("Photos", count(self.photos)),
            Part::Drive => add(
                "In iCloud",
                format!(
                    "{} in {}",
                    counted(self.documents, "file", "files"),
                    counted(self.folders, "folder", "folders")
                ),
            ),
        }
        add("Files", format!("{}, {}", counted(self.files, "file", "files"), bytes(self.bytes)));
        if self.album_entries > 0 {
            add("Albums", counted(self.album_entries, "entry", "entries"));
        }
        add("Proven", format!("{} against Apple's checksum", count(self.proven)));
        if self.not_provable > 0 {
            add("Not provable", count(self.not_provable));
        }
        if self.disputed > 0 {
            add("Disputed", count(self.disputed));
        }
        let days = |since: Timestamp| match now.duration_since(since).as_hours() / 24 {
            0 | 1 => "day".to_owned(),
            days => format!("{days} days"),
        };
        match self.reread_since {
            Some(since) => add("Read again", format!("all of it within the last {}", days(since))),
            None if self.reread > 0 => {
                add(
                    "Read again",
                    format!("{} of {}", count(self.reread), counted(self.files, "file", "files")),
                );
            }
            None => add("Read again", "never: `larder verify` does".into()),
        }
        if self.wrong > 0 {
            let files = counted(self.wrong, "file", "files");
            add(
                "Wrong",
                format!("{files} on this disk: `larder verify --repair` brings back what iCloud has"),
            );
        }
        for item in self.wrong_items.iter().take(10) {
            add("", format!("{}: {}", shown(&item.item), item.why));
        }
        if self.unreadable > 0 {
            add("Unreadable", counted(self.unreadable, "record", "records"));
        }
        if self.doubted > 0 {
            add(
                "In doubt",
                format!(
                    "{} that an audit found otherwise in iCloud",
                    counted(self.doubted, "record", "records")
                ),
            );
        }
        let (one, many) = match self.part {
            Part::Photos => ("photo", "photos"),
            Part::Drive => ("file", "files"),
        };
        add("Missing", if self.missing == 0 { "nothing".into() } else { counted(self.missing, one, many) });
        for item in self.missing_items.iter().take(10) {
            add("", format!("{}: {}", shown(&item.item), shown(&item.why)));
        }
        if let Some(ends) = self.trust_ends {
            let outlived =
                self.last_run.as_ref().is_some_and(|run| run.started > ends && run.error.is_none());
            add(
                "Sign-in",
                if ends >= now || outlived {
                    trust_left(ends, now)
                } else {
                    "needed: run `larder login`".into()
                },
            );
        }
        lines.concat()
    }
}
/// How long a sign-in is good. Its end is an estimate: Apple prolongs sessions that are used (icloud-docker #283 tells of 78
/// days).
#[must_use]
pub fn trust_left(ends: Timestamp, now: Timestamp) -> String {
    if ends < now {
        return "good still, but Apple may ask at any time".to_owned();
    }
    format!("good for {} more days", ends.duration_since(now).as_hours() / 24)
}
