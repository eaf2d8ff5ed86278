//! The truth about a drive, for comparison with what a client made of it.

use super::content::Content;
use super::node::{At, Kind, ListedSize, SharedBy};
use super::{Drive, ROOT_AT};
use crate::file_bytes::FileBytes;
use serde::Serialize;

/// Everything that lives below the root; the root itself, the trash and unlisted libraries are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriveInventory {
    /// Files and things that look like files, parents before children.
    pub files: Vec<FileEntry>,
    /// Folders and app libraries, empty ones too, parents before children.
    pub folders: Vec<FolderEntry>,
}

/// Where an item lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In Drive proper.
    Own,
    /// In, or as, an app library.
    AppLibrary {
        /// Its zone.
        zone: String,
    },
    /// In, or as, a share of the account's own.
    SharedByMe,
    /// In, or as, a share of somebody else.
    SharedByOther,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileEntry {
    /// Id as listed.
    pub drivewsid: String,
    /// Zone.
    pub zone: String,
    /// Id within the zone.
    pub docwsid: String,
    /// Full names from below the root, as listed: neither normalised nor cleaned.
    pub path: Vec<String>,
    /// Where it lies.
    pub place: Place,
    /// `type`.
    pub kind: String,
    /// Milliseconds since 1970 UTC, whole seconds.
    pub created_ms: i64,
    /// As `created_ms`.
    pub modified_ms: i64,
    /// Both halves.
    pub etag: String,
    /// `size` as listed; none when absent or null.
    pub listed_size: Option<u64>,
    /// Bytes of a plain file, or of all files of a package.
    pub size: u64,
    /// SHA-256 of a plain file, 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// What a package holds.
    pub package: Option<Vec<InnerFile>>,
    /// Whether its bytes can be had on the route of drive.md 10; an empty file needs none.
    pub downloadable: bool,
}

/// One entry of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InnerFile {
    /// Path below the package.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256; none for a directory.
    pub sha256: Option<String>,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderEntry {
    /// Id as listed.
    pub drivewsid: String,
    /// Zone.
    pub zone: String,
    /// Id within the zone.
    pub docwsid: String,
    /// Full names from below the root, as listed.
    pub path: Vec<String>,
    /// Where it lies.
    pub place: Place,
    /// `type`.
    pub kind: String,
    /// Milliseconds since 1970 UTC, whole seconds.
    pub created_ms: i64,
    /// One token.
    pub etag: String,
    /// Direct children.
    pub children: usize,
}

impl FileEntry {
    /// The full name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl Drive {
    /// The truth about the drive as it stands. Every body is hashed for it.
    pub fn inventory(&self) -> DriveInventory {
        let mut inventory = DriveInventory { files: Vec::new(), folders: Vec::new() };
        let mut waiting = vec![(ROOT_AT, Vec::new())];
        while let Some((folder, path)) = waiting.pop() {
            let children = self.nodes[folder].children.iter().copied();
            for at in children.filter(|at| !self.nodes[*at].unlisted) {
                let mut path: Vec<String> = path.clone();
                path.push(self.nodes[at].full_name());
                if self.nodes[at].kind.is_folder() {
                    inventory.folders.push(self.folder_entry(at, path.clone()));
                    waiting.push((at, path));
                } else {
                    inventory.files.push(self.file_entry(at, path));
                }
            }
        }
        inventory
    }

    fn folder_entry(&self, at: At, path: Vec<String>) -> FolderEntry {
        let node = &self.nodes[at];
        FolderEntry {
            drivewsid: self.drivewsid(at),
            zone: self.zones[node.zone].name.clone(),
            docwsid: node.docwsid.clone(),
            path,
            place: self.place(at),
            kind: node.kind.name().to_owned(),
            created_ms: node.created_ms,
            etag: node.etag(),
            children: node.children.len(),
        }
    }

    fn file_entry(&self, at: At, path: Vec<String>) -> FileEntry {
        let node = &self.nodes[at];
        let place = self.place(at);
        let (sha256, package) = match &node.content {
            Content::Plain(bytes) => (Some(bytes.sha256()), None),
            Content::Package(files) => (None, Some(files.iter().map(inner).collect())),
            Content::Pending => (None, None),
        };
        FileEntry {
            drivewsid: self.drivewsid(at),
            zone: self.zones[node.zone].name.clone(),
            docwsid: node.docwsid.clone(),
            path,
            kind: node.kind.name().to_owned(),
            created_ms: node.created_ms,
            modified_ms: node.modified_ms,
            etag: node.etag(),
            listed_size: match node.listed_size {
                ListedSize::Usual => Some(node.content.listed_len()),
                ListedSize::Absent | ListedSize::Null => None,
                ListedSize::Wrong(size) => Some(size),
            },
            size: node.content.len(),
            sha256,
            package,
            downloadable: node.kind == Kind::File
                && place != Place::SharedByOther
                && node.content != Content::Pending,
            place,
        }
    }

    fn place(&self, at: At) -> Place {
        let share = self.share_of(at).and_then(|top| self.nodes[top].share.as_ref());
        match share.map(|share| share.by) {
            Some(SharedBy::Other) => Place::SharedByOther,
            Some(SharedBy::Me) => Place::SharedByMe,
            None if self.nodes[at].zone != self.nodes[ROOT_AT].zone => {
                Place::AppLibrary { zone: self.zones[self.nodes[at].zone].name.clone() }
            }
            None => Place::Own,
        }
    }
}

fn inner(file: &super::content::PackageFile) -> InnerFile {
    InnerFile {
        path: file.path.clone(),
        size: file.bytes.as_ref().map_or(0, FileBytes::len),
        sha256: file.bytes.as_ref().map(FileBytes::sha256),
    }
}
