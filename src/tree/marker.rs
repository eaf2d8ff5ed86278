//! The marker: `.larder/mirror.toml`, by which larder knows its mirror again.
//!
//! The mount point of an unmounted disk is an empty directory that can be written to. Without the marker a run
//! would fill the system's own disk with everything once more.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::path::OWN_DIR;
use super::{Access, Dir, RelPath, Root, TreeError, transfer};
use crate::clock::{Clock as _, SystemClock};
use crate::failpoint::{Point, pass};

/// Name of the marker in larder's own directory.
pub(super) const MARKER: &str = "mirror.toml";

/// More than any marker: what is longer was not written by larder.
const MAX_MARKER: u64 = 64 * 1024;

/// What the file says, above its keys.
const NOTE: &str = "\
# This directory is a mirror kept by larder, a read-only copy of photos in iCloud.
# larder writes here only where it finds this file with the `id` it knows, so that an unmounted disk is never
# mistaken for an empty mirror. Keep it with the mirror when you move or copy the mirror to another disk.

";

/// Identity of a mirror: drawn at random when the mirror begins, kept with it wherever it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MirrorId(Uuid);

impl MirrorId {
    fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for MirrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MirrorId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// The part of the marker that is read back; `created` is for people.
#[derive(Deserialize)]
struct Marker {
    id: MirrorId,
}

impl Root {
    /// Reads the marker; `None` when there is none.
    pub(super) fn read_marker(&self) -> Result<Option<MirrorId>, TreeError> {
        let path = marker_path()?;
        if self.stat(&path)?.is_none() {
            return Ok(None);
        }
        let mut text = String::new();
        self.open_file(&path)?
            .take(MAX_MARKER)
            .read_to_string(&mut text)
            .map_err(|source| TreeError::from_io("read", &path, source))?;
        match toml::from_str::<Marker>(&text) {
            Ok(marker) => Ok(Some(marker.id)),
            Err(error) => Err(TreeError::Marker {
                path: self.path().join(path.as_str()),
                why: error.message().to_owned(),
            }),
        }
    }

    /// Writes a marker with a new identity, whole and durable before it has its name.
    pub(super) fn write_marker(&self) -> Result<MirrorId, TreeError> {
        let id = MirrorId::random();
        let path = marker_path()?;
        let text = format!("{NOTE}id = \"{id}\"\ncreated = \"{:.0}\"\n", SystemClock.now());
        let failed = |errno| TreeError::from_errno("write", &path, errno);
        pass(Point::MarkerCreate).map_err(failed)?;
        let (incoming, mut file) = self.create_incoming(MARKER)?;
        let written = self.make_dir(&path.parent(), Access::Private).and_then(|own| {
            pass(Point::MarkerWrite)
                .map_err(Into::into)
                .and_then(|()| file.write_all(text.as_bytes()))
                .and_then(|()| Ok(pass(Point::MarkerSync)?))
                .and_then(|()| file.sync_all())
                .map_err(|source| TreeError::from_io("write", &path, source))?;
            transfer::rename_new(Point::MarkerRename, &incoming, MARKER, &own, MARKER).map_err(failed)
        });
        if written.is_err() {
            Self::remove_incoming(&incoming, MARKER)?;
        }
        written?;
        self.sync_dirs(&[path.parent()])?;
        Ok(id)
    }
}

fn marker_path() -> Result<RelPath, TreeError> {
    own_path(&[MARKER])
}

/// The path of something in larder's own directory.
pub(super) fn own_path(components: &[&str]) -> Result<RelPath, TreeError> {
    let mut path = Dir::ROOT.join(OWN_DIR);
    for component in components {
        path = path.and_then(|path| path.join(component));
    }
    path.map_err(|bad| TreeError::Reserved { path: bad.path })
}
