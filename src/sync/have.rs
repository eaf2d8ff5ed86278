//! Which files of a folder are in the mirror already, by content?
//!
//! The folder's files are hashed, some thousands at a time, and those are held against one walk through the ledger:
//! exact, for every kind of file, and without an index that would grow with the library. Against the hashing, the walk
//! costs next to nothing. Nothing is written, and a run may be at work.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::RunError;
use super::apply::known::{own_hash, same_time};
use crate::event::{Event, Observer};
use crate::model::{Checksum, Digest, ItemId, Part};
use crate::state::{self, Lies, MetaKey, Place, PlacedFile, Proof, Reader, View};
use crate::tree::{FileKind, Folder, MirrorId, RelPath, Root};

/// Files of the folder that are held against the ledger in one go: a few MiB.
const MANY: usize = 20_000;

/// Items of one look at the state.
const PIECE: usize = 1_000;

/// How a file of the folder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its content is in the mirror, proven by Apple's checksum.
    Proven,
    /// Its content is in the mirror by size and SHA-256; Apple publishes no checksum for it that can be checked.
    NotProvable,
    /// Its content is in the mirror and is what iCloud serves, which is not what Apple's checksum says.
    Disputed,
    /// Its content is in the attic alone, which it leaves one day.
    Attic,
    /// iCloud has it; the mirror does not, or not whole.
    Icloud,
    /// Neither iCloud, as far as larder knows, nor the mirror has it.
    Unknown,
    /// It cannot be read.
    Unreadable,
}

impl Standing {
    /// Whether the mirror has the content.
    #[must_use]
    pub fn is_there(self) -> bool {
        matches!(self, Self::Proven | Self::NotProvable | Self::Disputed)
    }
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Had {
    /// Its path below the folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// How it stands.
    pub standing: Standing,
    /// Where its content is in the mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// In which part's mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How many files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files of the folder.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files whose content is in the mirror.
    pub there: u64,
    /// Files whose content is not, or that cannot be read.
    pub missing: u64,
    /// Links and special files, which are not followed.
    pub skipped: u64,
}

/// What `have` works with.
pub struct Search<'a> {
    /// The mirrors: part, state and destination.
    pub mirrors: &'a [(Part, Reader, PathBuf)],
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Cancelled when it should end soon.
    pub cancel: &'a CancellationToken,
}

/// A file of the folder, hashed.
struct Hashed {
    path: String,
    digest: Digest,
    standing: Standing,
    mirror: Option<(Part, String)>,
}

/// A mirror, with its destination opened.
struct Mirror<'a> {
    part: Part,
    reader: &'a Reader,
    root: Root,
}

impl<'a> Mirror<'a> {
    fn open((part, reader, destination): &'a (Part, Reader, PathBuf)) -> Result<Self, RunError> {
        let view = reader.view()?;
        let known = state::text(&view, MetaKey::Mirror)?.and_then(|id| id.parse::<MirrorId>().ok());
        let root = Root::inspect(destination, known.as_ref(), false)?.0;
        Ok(Self { part: *part, reader, root })
    }
}

/// Tells `each` file of the folder, in no order.
pub fn have(folder: &Path, search: &Search<'_>, mut each: impl FnMut(Had)) -> Result<Totals, RunError> {
    let folder = Folder::open(folder)?;
    let mirrors = search.mirrors.iter().map(Mirror::open).collect::<Result<Vec<_>, _>>()?;
    let mut unproven = HashSet::new();
    for mirror in &mirrors {
        unproven_sizes(mirror.reader, &mut unproven)?;
    }
    let (mut totals, mut group) = (Totals::default(), Vec::new());
    foretell(&folder, search.observer);
    for found in folder.scan() {
        let (path, facts) = match found {
            Ok(found) => found,
            Err(error) => {
                totals.files += 1;
                totals.missing += 1;
                let (path, why) = (String::new(), Some(error.to_string()));
                each(Had { path, size: 0, standing: Standing::Unreadable, mirror: None, part: None, why });
                continue;
            }
        };
        if facts.kind != FileKind::File {
            totals.skipped += 1;
            continue;
        }
        totals.files += 1;
        totals.bytes += facts.size;
        let digest = folder.hash(&path, unproven.contains(&facts.size), |bytes| {
            search.observer.on(&Event::Reread(bytes));
            !search.cancel.is_cancelled()
        });
        search.observer.on(&Event::Checked);
        match digest {
            Ok(None) => return Err(RunError::Interrupted),
            Ok(Some(digest)) => {
                let standing = Standing::Unknown;
                group.push(Hashed { path: path.to_string(), digest, standing, mirror: None });
            }
            Err(error) => {
                totals.missing += 1;
                let (path, size, why) = (path.to_string(), facts.size, Some(error.to_string()));
                each(Had { path, size, standing: Standing::Unreadable, mirror: None, part: None, why });
            }
        }
        if group.len() >= MANY {
            settle(&mirrors, std::mem::take(&mut group), &mut totals, &mut each)?;
        }
    }
    settle(&mirrors, group, &mut totals, &mut each)?;
    Ok(totals)
}

/// Tells whoever watches how much there is.
fn foretell(folder: &Folder, observer: &dyn Observer) {
    for (_, facts) in folder.scan().flatten() {
        if facts.kind == FileKind::File {
            observer.on(&Event::Planned { files: 1, bytes: facts.size });
        }
    }
}

/// Adds the sizes of files that are known by their SHA-256 alone.
fn unproven_sizes(reader: &Reader, sizes: &mut HashSet<u64>) -> Result<(), RunError> {
    each_file(reader, |_, _, file| {
        if own_hash(file).is_some() {
            sizes.insert(file.size);
        }
        Ok(())
    })
}

/// Calls `each` with every file of the ledger that is somewhere on the disk, in pieces, so that no look is long.
fn each_file(
    reader: &Reader,
    mut each: impl FnMut(&ItemId, &str, &PlacedFile) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut after: Option<Place> = None;
    loop {
        let piece = state::placements_behind(&reader.view()?, after.as_ref(), PIECE)?;
        let Some((last, _)) = piece.last() else { return Ok(()) };
        after = Some(last.clone());
        for (place, placement) in piece {
            let item = place.item()?;
            for file in placement.files.iter().filter(|file| file.proof.is_some()) {
                each(&item, &placement.lies_at(file), file)?;
            }
        }
    }
}

/// Holds files of the folder against the ledgers, and tells of them.
fn settle(
    mirrors: &[Mirror<'_>],
    mut group: Vec<Hashed>,
    totals: &mut Totals,
    each: &mut impl FnMut(Had),
) -> Result<(), RunError> {
    if group.is_empty() {
        return Ok(());
    }
    let mut by_checksum: HashMap<Checksum, Vec<usize>> = HashMap::new();
    let mut by_sha256: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
    for (at, hashed) in group.iter().enumerate() {
        by_checksum.entry(hashed.digest.apple.clone()).or_default().push(at);
        if let Some(sha256) = hashed.digest.sha256 {
            by_sha256.entry(sha256).or_default().push(at);
        }
    }
    for mirror in mirrors {
        each_file(mirror.reader, |_, path, file| {
            let (fits, standing) = match file.proof {
                Some(Proof::SizeOnly { sha256 }) => (by_sha256.get(&sha256), Standing::NotProvable),
                Some(Proof::Disputed { sha256 }) => (by_sha256.get(&sha256), Standing::Disputed),
                _ => (by_checksum.get(&file.checksum), Standing::Proven),
            };
            let Some(fits) = fits else { return Ok(()) };
            let standing = if stands(&mirror.root, path, file)? {
                if matches!(file.lies, Lies::Attic(_)) { Standing::Attic } else { standing }
            } else {
                return Ok(());
            };
            for at in fits {
                let hashed = &mut group[*at];
                // The best place counts.
                if hashed.digest.size == file.size && rank(standing) < rank(hashed.standing) {
                    hashed.standing = standing;
                    hashed.mirror = Some((mirror.part, path.to_owned()));
                }
            }
            Ok(())
        })?;
    }
    // What Drive holds cannot be told by content before it is fetched.
    let photos = mirrors.iter().find(|mirror| mirror.part == Part::Photos);
    let view = photos.map(|mirror| mirror.reader.view()).transpose()?;
    let zones = view.as_ref().map(state::zones).transpose()?.unwrap_or_default();
    let zones: Vec<u16> = zones.into_iter().map(|(zone, _)| zone).collect();
    for mut hashed in group {
        if let (Standing::Unknown, Some(view)) = (hashed.standing, &view)
            && is_in_icloud(view, &zones, &hashed.digest)?
        {
            hashed.standing = Standing::Icloud;
        }
        let there = hashed.standing.is_there();
        totals.there += u64::from(there);
        totals.missing += u64::from(!there);
        let Hashed { path, digest, standing, mirror } = hashed;
        let (part, mirror) = mirror.unzip();
        each(Had { path, size: digest.size, standing, mirror, part, why: None });
    }
    Ok(())
}

fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Proven => 0,
        Standing::NotProvable => 1,
        Standing::Disputed => 2,
        Standing::Attic => 3,
        Standing::Icloud | Standing::Unknown | Standing::Unreadable => 4,
    }
}

/// Whether a file of the mirror is there as larder wrote it, as far as length and time tell, and not known to be wrong.
fn stands(root: &Root, path: &str, file: &PlacedFile) -> Result<bool, RunError> {
    if matches!(file.lies, Lies::Altered(_)) {
        return Ok(false);
    }
    let Ok(path) = RelPath::parse(path) else { return Ok(false) };
    match root.stat(&path) {
        Ok(facts) => Ok(facts.is_some_and(|facts| {
            facts.kind == FileKind::File && facts.size == file.size && same_time(facts.mtime_ns, file)
        })),
        Err(error) if error.is_disk() => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// Whether the catalog has an original with that content: a master's name is the checksum of its original.
fn is_in_icloud(view: &View, zones: &[u16], digest: &Digest) -> Result<bool, RunError> {
    for zone in zones {
        let name = digest.apple.to_string();
        for asset in state::assets_of(view, *zone, &name)? {
            let item = ItemId { zone: *zone, record: asset };
            if state::asset(view, &item)?.is_some_and(|asset| !asset.is_gone()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
