//! The blocking side of a download: partial file, hash, verdict, final name.

use bytes::Bytes;

use super::known::is_as_written;
use super::task::{Length, Task};
use super::verify::{Verdict, judge};
use crate::model::{ContentHasher, Digest};
use crate::state::Proof;
use crate::sync::classes::ClassCounts;
use crate::tree::{Access, Dir, FileKind, Finish, RelPath, Root, Staging, TreeError, ZIP};

/// What became of a body.
pub(super) enum Landed {
    /// It has its final name. The directories must be synced before that is recorded.
    Placed(Home),
    /// The bytes are wrong; the digest tells whether the next fetch brings the same ones.
    Wrong(Digest),
    /// The body ended early; what came is kept and the next fetch goes on from there.
    Short { have: u64 },
    /// More came than the file is long.
    Long,
}

/// What comes next of a body.
pub(super) enum Next {
    /// More of it.
    Bytes(Bytes),
    /// Nothing: that was all that the host has.
    End,
    /// Nothing: the connection broke. Where nobody knows the length, this alone tells half a file from a whole one.
    Broken,
}

/// Where a file's bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whence {
    /// From iCloud.
    Fetched,
    /// It lay elsewhere in the mirror.
    Moved,
    /// Another photo has the same content.
    Copied,
    /// It was there already.
    Found,
}

/// A file that has its final name.
pub(super) struct Home {
    pub(super) path: RelPath,
    /// Bytes.
    pub(super) size: u64,
    pub(super) proof: Proof,
    /// Whether it matched Apple's checksum, where that can be checked.
    pub(super) matched: Option<bool>,
    pub(super) whence: Whence,
    /// Directories in which names changed.
    pub(super) dirs: Vec<Dir>,
    /// The directory that it left, which may be gone by now.
    pub(super) left: Option<Dir>,
    /// Where the older version is now.
    pub(super) attic: Option<RelPath>,
    /// Whether the older version was not what larder had written.
    pub(super) set_aside: bool,
}

/// How many bytes of the file are on disk from an earlier attempt, hashed.
pub(super) struct Partial {
    staging: Staging,
    hasher: ContentHasher,
}

impl Partial {
    /// Opens the partial file of a task, hashing what it holds. `with_sha256` where Apple's checksum may not do.
    pub(super) fn open(root: &Root, task: &Task, with_sha256: bool) -> Result<Self, TreeError> {
        let mut staging = root.stage(&task.staging_key())?;
        let mut hasher = ContentHasher::new(with_sha256);
        // What has no length of its own begins anew.
        if task.length != Length::Exact || staging.size() > task.wanted.resource.size {
            staging.truncate(0)?;
        }
        if staging.size() > 0 {
            staging.read_existing(|chunk| hasher.update(chunk))?;
        }
        Ok(Self { staging, hasher })
    }

    /// Bytes that need not be fetched.
    pub(super) fn have(&self) -> u64 {
        self.staging.size()
    }

    /// Forgets what is there: the host sends the file from its beginning.
    pub(super) fn restart(&mut self, with_sha256: bool) -> Result<(), TreeError> {
        self.hasher = ContentHasher::new(with_sha256);
        self.staging.truncate(0)
    }

    /// Takes the body in as `next` gives it, judges it and gives it its final name.
    pub(super) fn land(
        mut self,
        root: &Root,
        task: &Task,
        mut next: impl FnMut() -> Next,
        class: ClassCounts,
        before: Option<&Digest>,
        attic_date: jiff::civil::Date,
    ) -> Result<Landed, TreeError> {
        let size = task.wanted.resource.size;
        let ended = loop {
            let bytes = match next() {
                Next::Bytes(bytes) => bytes,
                Next::End => break true,
                Next::Broken => break false,
            };
            if task.length == Length::Exact && self.have() + bytes.len() as u64 > size {
                root.discard(&task.staging_key())?;
                return Ok(Landed::Long);
            }
            self.hasher.update(&bytes);
            self.staging.append(&bytes)?;
        };
        if !ended && task.length != Length::Exact {
            let have = self.have();
            root.discard(&task.staging_key())?;
            return Ok(Landed::Short { have });
        }
        if task.document.as_ref().is_some_and(|document| document.is_zip) {
            self = self.unwrapped(root)?;
        }
        if let Some(landed) = self.is_not_whole(root, task)? {
            return Ok(landed);
        }
        let digest = self.hasher.finish();
        // That an empty file matches says nothing about checksums of Drive: nobody gave one.
        let told = task.document.is_none() || size > 0;
        let matched = task
            .wanted
            .resource
            .checksum
            .provable()
            .filter(|_| told)
            .map(|_| digest.apple == task.wanted.resource.checksum);
        let proof = match judge(&digest, &task.wanted.resource, class, before) {
            Verdict::Proven => Proof::Proven,
            Verdict::SizeOnly => Proof::SizeOnly { sha256: own_hash(&self.staging, &digest)? },
            Verdict::Disputed => Proof::Disputed { sha256: own_hash(&self.staging, &digest)? },
            Verdict::Again => {
                root.discard(&task.staging_key())?;
                return Ok(Landed::Wrong(digest));
            }
        };
        let home = place(root, task, self.staging, proof, &digest, attic_date)?;
        Ok(Landed::Placed(Home { matched, ..home }))
    }
}

impl Partial {
    /// The zip of a package without what it may come wrapped in.
    fn unwrapped(self, root: &Root) -> Result<Self, TreeError> {
        let came = self.have();
        let staging = root.unwrap(self.staging)?;
        if staging.size() == came {
            return Ok(Self { staging, hasher: self.hasher });
        }
        let mut hasher = ContentHasher::new(true);
        staging.read_existing(|chunk| hasher.update(chunk))?;
        Ok(Self { staging, hasher })
    }

    /// What came, when it cannot be all of the file.
    fn is_not_whole(&mut self, root: &Root, task: &Task) -> Result<Option<Landed>, TreeError> {
        let (have, size) = (self.have(), task.wanted.resource.size);
        let zip = task.document.as_ref().is_some_and(|document| document.is_zip);
        let whole = match task.length {
            Length::Exact => have >= size,
            Length::IWork => have == size || self.staging.begins_with(ZIP)?,
            Length::Open => !zip || self.staging.ends_as_zip()?,
        };
        if whole {
            return Ok(None);
        }
        if task.length != Length::Exact {
            root.discard(&task.staging_key())?;
        }
        Ok(Some(Landed::Short { have }))
    }
}

/// Gives a staged file, judged, its final name.
pub(super) fn place(
    root: &Root,
    task: &Task,
    staging: Staging,
    proof: Proof,
    digest: &Digest,
    attic_date: jiff::civil::Date,
) -> Result<Home, TreeError> {
    let access = if task.private { Access::Private } else { Access::Shared };
    if let Some(dir) = &task.private_dir {
        root.ensure_dir(dir, access)?;
    }
    let finish = Finish { mtime: task.mtime, access };
    let mut home = Home {
        path: task.path.clone(),
        size: digest.size,
        proof,
        matched: None,
        whence: Whence::Fetched,
        dirs: vec![],
        left: None,
        attic: None,
        set_aside: false,
    };
    if let Some(old) = &task.replaces {
        let there = root.stat(&old.path)?.is_some();
        home.set_aside = there && (old.is_altered() || !is_as_written(root, &old.path, &old.file)?);
    }
    let here = task.replaces.as_ref().filter(|old| old.path == task.path);
    // What cannot be read is not the content.
    if here.is_some_and(|old| old.is_altered() && holds(root, &old.path, digest).unwrap_or(false)) {
        root.discard(&task.staging_key())?;
        root.refinish(&task.path, finish)?;
        home.set_aside = false;
    } else if here.is_some() {
        home.attic = root.replace(staging, &task.path, attic_date, finish)?.attic;
    } else {
        if let Some(other) = &task.or_else
            && root.stat(&task.path)?.is_some()
            && !holds(root, &task.path, digest)?
        {
            home.path = other.clone();
        }
        match root.place(staging, &home.path, finish) {
            Ok(_) => {}
            // Placed by a run that was stopped before it could record it, or the same file of a lost state.
            Err(TreeError::AlreadyThere { .. }) if holds(root, &home.path, digest)? => {
                root.discard(&task.staging_key())?;
                // A copy that was to be a move has the time of the old place.
                root.refinish(&home.path, finish)?;
            }
            Err(error) => return Err(error),
        }
        retire_older(root, task, &mut home, attic_date)?;
    }
    home.dirs.push(home.path.parent());
    home.dirs.extend(home.attic.iter().map(RelPath::parent));
    Ok(home)
}

/// Takes the version that a new one stands in for, and that lies elsewhere, to the attic.
pub(super) fn retire_older(
    root: &Root,
    task: &Task,
    home: &mut Home,
    attic_date: jiff::civil::Date,
) -> Result<(), TreeError> {
    if let Some(old) = &task.replaces
        && root.stat(&old.path)?.is_some()
    {
        home.attic = Some(root.retire(&old.path, attic_date)?);
        // Others leave that directory too, and the last of them removes it.
        home.left = Some(old.path.parent());
        root.prune(&old.path.parent())?;
    }
    Ok(())
}

/// Whether the file at the path has that content.
fn holds(root: &Root, path: &RelPath, digest: &Digest) -> Result<bool, TreeError> {
    match root.stat(path)? {
        Some(facts) if facts.kind == FileKind::File && facts.size == digest.size => {
            Ok(root.hash(path, false)?.apple == digest.apple)
        }
        _ => Ok(false),
    }
}

/// SHA-256 of a whole partial file, from the digest or by reading it again.
fn own_hash(staging: &Staging, digest: &Digest) -> Result<[u8; 32], TreeError> {
    if let Some(sha256) = digest.sha256 {
        return Ok(sha256);
    }
    let mut hasher = ContentHasher::new(true);
    staging.read_existing(|chunk| hasher.update(chunk))?;
    Ok(hasher.finish().sha256.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checksum, ItemId, Kind, Resource};
    use crate::sync::plan::Wanted;
    use crate::tree::Opened;

    /// A task for a file of three bytes, whose checksum is of a form that nobody can check.
    fn task() -> Task {
        let checksum = Checksum::parse("AgAA");
        let resource =
            Resource { kind: Kind::Original, checksum, size: 3, width: None, height: None, uti: None };
        Task {
            item: ItemId { zone: 0, record: "A".into() },
            record: "M".into(),
            wanted: Wanted { resource, suffix: "", extension: "jpg".into() },
            path: RelPath::parse("a.jpg").unwrap(),
            source: None,
            or_else: None,
            replaces: None,
            lost: false,
            document: None,
            length: Length::Exact,
            mtime: None,
            private: false,
            private_dir: None,
        }
    }

    #[test]
    fn where_no_checksum_tells_a_body_is_as_long_as_it_should_be_or_has_no_name() {
        let temp = tempfile::tempdir().unwrap();
        let Opened { root, .. } = Root::open(temp.path(), None, false).unwrap();
        let land = |pieces: &[&'static [u8]]| {
            let (task, mut pieces) =
                (task(), pieces.iter().map(|piece| Next::Bytes(Bytes::from_static(piece))));
            let date = "2026-11-23".parse().unwrap();
            let partial = Partial::open(&root, &task, true).unwrap();
            partial
                .land(&root, &task, || pieces.next().unwrap_or(Next::End), ClassCounts::default(), None, date)
                .unwrap()
        };
        for long in [&[&b"abcd"[..]][..], &[b"abc", b"d"], &[b"ab", b"cdefgh"]] {
            assert!(matches!(land(long), Landed::Long));
            assert!(!temp.path().join("a.jpg").exists());
        }
        assert!(matches!(land(&[b"ab"]), Landed::Short { have: 2 }));
        assert!(!temp.path().join("a.jpg").exists());
        // The next one goes on where it ended.
        let Landed::Placed(home) = land(&[b"c"]) else { panic!("it is whole") };
        assert!(matches!(home.proof, Proof::SizeOnly { .. }) && home.size == 3);
        assert_eq!(std::fs::read(temp.path().join("a.jpg")).unwrap(), b"abc");
    }

    #[test]
    fn a_body_of_unknown_length_whose_connection_broke_gets_no_name() {
        let temp = tempfile::tempdir().unwrap();
        let Opened { root, .. } = Root::open(temp.path(), None, false).unwrap();
        for length in [Length::Open, Length::IWork] {
            let task = Task { length, ..task() };
            let land = |end| {
                let mut pieces = [Next::Bytes(Bytes::from_static(ZIP)), end].into_iter();
                let date = "2026-11-23".parse().unwrap();
                let partial = Partial::open(&root, &task, true).unwrap();
                partial
                    .land(&root, &task, || pieces.next().unwrap(), ClassCounts::default(), None, date)
                    .unwrap()
            };
            assert!(matches!(land(Next::Broken), Landed::Short { have: 4 }));
            assert!(!temp.path().join("a.jpg").exists());
            assert!(matches!(land(Next::End), Landed::Placed(_)));
            std::fs::remove_file(temp.path().join("a.jpg")).unwrap();
        }
    }
}
