//! What an item comes to on disk, whether it is a photo or a node of Drive: its folder, what its names begin with, and
//! the files that make it up.

use std::collections::HashMap;

use jiff::Timestamp;

use super::dirs::Dirs;
use super::names::Names;
use crate::config::{Drive, Photos};
use crate::model::{Checksum, ItemId, Kind, Node, Resource};
use crate::state::{self, PlacedFile, Placement, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::drive::{self, Standing};
use crate::sync::plan::{self, Verdict, Wanted};
use crate::tree::name::split_ext;

/// An item with files.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its record name, from which marks are made.
    pub(super) record: String,
    /// The record that its originals hang on, for a photo.
    pub(super) master: Option<String>,
    /// Folder below the destination, `/` between components.
    pub(super) folder: String,
    /// What the names of its files begin with, when nobody else has them.
    pub(super) base: String,
    /// The files that make it up.
    pub(super) wanted: Vec<Wanted>,
    /// The time that its files get.
    pub(super) mtime: Option<Timestamp>,
    /// Whether its files are for the owner alone.
    pub(super) private: bool,
    /// For a file of Drive, the version of the content that is meant. Its name follows iCloud's.
    pub(super) document: Option<Document>,
}

/// What the catalog says of a file of Drive beside name and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Content half of its etag.
    pub(super) tag: String,
    /// Bytes as listed, when they were.
    pub(super) listed: Option<u64>,
    /// What its extension says of the size as listed.
    pub(super) is_iwork: bool,
    /// Whether it is kept as the zip that a package comes as.
    pub(super) is_zip: bool,
}

/// What a dirty item comes to.
pub(super) enum Decided {
    /// Nothing is known of it: nothing is to be done.
    Unknown,
    /// The job file leaves it out; the key that says so.
    OutOfScope(&'static str),
    /// iCloud no longer has it.
    Gone,
    /// Its master, of this record name, must be asked for first.
    NeedsMaster(String),
    /// It cannot be had yet, and why.
    Waiting(&'static str),
    /// It is a folder of Drive, with this directory.
    Folder(String),
    /// It has files. `surplus` when more are here than it should have.
    Files { subject: Box<Subject>, surplus: bool },
}

impl Subject {
    /// Whether the files of a placement lie where they should.
    pub(super) fn is_at(&self, placement: &Placement) -> bool {
        placement.folder == self.folder && self.mark_of(placement).is_some()
    }

    /// Whether its file of Drive has a marked name, which was taken because somebody else had the plain one.
    pub(super) fn is_marked(&self, placement: &Placement) -> bool {
        self.document.is_some() && self.mark_of(placement).is_some_and(|mark| mark > 0)
    }

    /// The mark that the name in a placement has, by its number; `None` when the name is another one by now. The names of
    /// photos are given once and stay.
    fn mark_of(&self, placement: &Placement) -> Option<usize> {
        let Some(file) = placement.file(Kind::File).filter(|_| self.document.is_some()) else {
            return Some(0);
        };
        let marks = plan::stem_marks(&self.record);
        marks.iter().position(|mark| {
            plan::names_for(&self.base, mark, &self.wanted).files.first() == Some(&file.name)
        })
    }

    /// Whether all is as it should be.
    pub(super) fn is_done(&self, placement: &Placement) -> bool {
        plan::missing(&self.wanted, Some(placement)).is_empty()
            && self.is_at(placement)
            && self.outdated(placement).next().is_none()
    }

    /// Files in place that are still wanted and carry another time than the item has.
    pub(super) fn outdated<'a>(&'a self, placement: &'a Placement) -> impl Iterator<Item = &'a PlacedFile> {
        let mtime = self.mtime.map(Timestamp::as_millisecond);
        placement.files.iter().filter(move |file| {
            let wanted = self.wanted.iter().any(|wanted| wanted.resource.kind == file.kind);
            wanted && file.is_in_place() && mtime.is_some() && file.mtime_ms != mtime
        })
    }

    /// The record whose lookup gives the URL of a file.
    pub(super) fn source_of(&self, kind: Kind) -> &str {
        self.master.as_deref().filter(|_| kind.is_on_master()).unwrap_or(&self.record)
    }
}

/// What a dirty photo comes to.
pub(super) fn photo(
    view: &View,
    item: &ItemId,
    zones: &HashMap<u16, ZoneRow>,
    policy: &Photos,
    placement: Option<&Placement>,
) -> Result<Decided, RunError> {
    let (Some(asset), Some(zone)) = (state::asset(view, item)?, zones.get(&item.zone)) else {
        return Ok(Decided::Unknown);
    };
    let master = match &asset.master {
        Some(name) => state::master(view, item.zone, name)?,
        None => None,
    };
    let wanted = match plan::judge(&asset, master.as_ref(), &zone.id, policy) {
        Verdict::OutOfScope(why) => return Ok(Decided::OutOfScope(why.key())),
        Verdict::Gone => return Ok(Decided::Gone),
        Verdict::NeedsMaster(name) => return Ok(Decided::NeedsMaster(name)),
        Verdict::Waiting(why) => return Ok(Decided::Waiting(why)),
        Verdict::Files(wanted) => wanted,
    };
    // Files only come with a master, so the master is there.
    let Some(master) = master else { return Ok(Decided::Unknown) };
    let surplus = placement.is_some_and(|placement| plan::surplus(&asset, placement).next().is_some());
    let subject = Subject {
        folder: plan::folder(&asset, &zone.id, policy).join("/"),
        base: plan::base_name(&asset, &master, policy.names),
        mtime: plan::mtime(&asset),
        private: asset.hidden,
        document: None,
        record: asset.record,
        master: Some(master.record),
        wanted,
    };
    Ok(Decided::Files { subject: Box::new(subject), surplus })
}

/// Extensions of documents whose listed size may not be that of the download (rclone #8404): those that are edited in the
/// browser.
const IWORK: [&str; 6] = ["pages", "numbers", "key", "pages-tef", "numbers-tef", "key-tef"];

/// Extensions of documents that may be packages: an empty one is not believed to be empty before the download address is
/// asked for.
const PACKAGES: [&str; 14] = [
    "key",
    "pages",
    "numbers",
    "band",
    "logicx",
    "imovielibrary",
    "photoslibrary",
    "app",
    "framework",
    "pxm",
    "rtfd",
    "playground",
    "xcodeproj",
    "scriv",
];

/// What a dirty item of Drive comes to.
pub(super) fn node(
    view: &View,
    item: &ItemId,
    zones: &HashMap<u16, ZoneRow>,
    policy: &Drive,
    placement: Option<&Placement>,
    dirs: &mut Dirs<'_>,
    names: &mut Names,
) -> Result<Decided, RunError> {
    let node = match drive::standing(view, item, zones, policy)? {
        Standing::Unknown => return Ok(Decided::Unknown),
        Standing::Gone => return Ok(Decided::Gone),
        Standing::Adrift => {
            return Ok(Decided::Waiting("the folder that it lies in has not been listed"));
        }
        Standing::OutOfScope(key) => return Ok(Decided::OutOfScope(key)),
        Standing::Wanted(node) => node,
    };
    let Some(parent) = &node.parent else { return Ok(Decided::Folder(String::new())) };
    if node.kind.holds_items() {
        let path = dirs.path(view, names, item)?;
        return Ok(path.map_or(Decided::Waiting("no name is free for it"), Decided::Folder));
    }
    let Some(folder) = dirs.path(view, names, parent)? else {
        return Ok(Decided::Waiting("no name is free for its folder"));
    };
    let mut name = plan::drive_name(&node, policy.names);
    let is_zip = node.package == Some(true);
    if is_zip {
        name.push_str(".zip");
    }
    let (stem, extension) = split_ext(&name);
    let ends_as = |known: &[&str]| {
        let end = node.name.rsplit_once('.').map_or("", |(_, end)| end);
        known.iter().any(|known| end.eq_ignore_ascii_case(known))
    };
    let document = Document {
        tag: node.content_tag().to_owned(),
        // The size of a package is a number that matches nothing, which may be none.
        listed: node.size.filter(|size| *size > 0 || !ends_as(&PACKAGES)),
        is_iwork: ends_as(&IWORK) && !is_zip,
        is_zip,
    };
    let resource = resource(&node, placement);
    let subject = Subject {
        record: node.record.clone(),
        master: None,
        folder,
        base: stem.to_owned(),
        wanted: vec![Wanted { resource, suffix: "", extension: extension.to_owned() }],
        mtime: node.modified_ms.and_then(plan::plausible),
        private: false,
        document: Some(document),
    };
    Ok(Decided::Files { subject: Box::new(subject), surplus: false })
}

/// What is to be fetched. Checksum and size are those of the file that is here, when it has that very content; otherwise
/// nobody knows them before the download address is asked for.
fn resource(node: &Node, placement: Option<&Placement>) -> Resource {
    let placed = placement.and_then(|placement| placement.file(Kind::File));
    let same = placed.filter(|file| file.proof.is_some() && file.tag.as_deref() == Some(node.content_tag()));
    let (checksum, size) = match same {
        Some(file) => (file.checksum.clone(), file.size),
        None => (unknown(node.content_tag()), node.size.unwrap_or(0)),
    };
    Resource { kind: Kind::File, checksum, size, width: None, height: None, uti: None }
}

/// What stands for the checksum of content of which the version alone is known. It can be compared, and never proven.
pub(super) fn unknown(tag: &str) -> Checksum {
    Checksum::parse(&format!("version:{tag}"))
}
