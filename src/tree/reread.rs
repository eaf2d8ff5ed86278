//! Reading a file again from the disk itself, past what the system keeps of it in memory.

use std::fs::File;
use std::io::Read as _;

use rustix::io::Errno;

use super::facts::{CHUNK, Facts};
use super::{RelPath, Root, TreeError};
use crate::model::{ContentHasher, Digest};

impl Root {
    /// Reads a whole regular file from the disk and gives its facts and its digest. `each` hears how many bytes came and
    /// tells whether to go on; when it does not, there is no digest. Other kinds of files are [`TreeError::InTheWay`], links
    /// [`TreeError::Link`].
    ///
    /// What the system has in memory of the file is let go first, so that the bytes come from the disk, and afterwards, so that
    /// reading a whole mirror does not push everything else out of memory. Bytes that are not on the disk yet stay.
    pub fn reread(
        &self,
        path: &RelPath,
        with_sha256: bool,
        mut each: impl FnMut(u64) -> bool,
    ) -> Result<(Facts, Option<Digest>), TreeError> {
        let mut file = self.open_file(path)?;
        let facts = Facts::of_file(&file, path)?;
        forget(&file);
        let mut hasher = ContentHasher::new(with_sha256);
        let mut buffer = vec![0; CHUNK];
        let digest = loop {
            match file.read(&mut buffer) {
                Ok(0) => break Some(hasher.finish()),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    if !each(n as u64) {
                        break None;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // EIO while reading is a bad sector under this file: no reason to give up on the others.
                Err(source) if Errno::from_io_error(&source) == Some(Errno::IO) => {
                    return Err(TreeError::Io { what: "read", path: path.to_string(), source });
                }
                Err(source) => return Err(TreeError::from_io("read", path, source)),
            }
        };
        forget(&file);
        Ok((facts, digest))
    }
}

/// Asks the system to let go of what it keeps of a file. It is a wish: a system that does not know it reads as well.
#[cfg(target_os = "linux")]
fn forget(file: &File) {
    use rustix::fs::{Advice, fadvise};
    if let Err(errno) = fadvise(file, 0, None, Advice::DontNeed) {
        tracing::debug!(%errno, "the system keeps a file in memory");
    }
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &File) {}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    #[test]
    fn a_file_is_read_as_it_lies_there_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
        write(dir.path().join("a"), &content).unwrap();
        symlink("a", dir.path().join("link")).unwrap();
        create_dir(dir.path().join("dir")).unwrap();
        let root = Root::open(dir.path(), None, false).unwrap().root;
        for with_sha256 in [false, true] {
            let mut read = 0;
            let (facts, digest) = root
                .reread(&path("a"), with_sha256, |bytes| {
                    read += bytes;
                    true
                })
                .unwrap();
            assert_eq!((facts.size, read), (content.len() as u64, content.len() as u64));
            assert_eq!(digest, Some(root.hash(&path("a"), with_sha256).unwrap()));
        }
        let mut chunks = 0;
        let (_, stopped) = root
            .reread(&path("a"), false, |_| {
                chunks += 1;
                chunks < 3
            })
            .unwrap();
        assert_eq!((stopped, chunks), (None, 3));
        assert!(matches!(root.reread(&path("link"), false, |_| true), Err(TreeError::Link { .. })));
        assert!(matches!(root.reread(&path("dir"), false, |_| true), Err(TreeError::InTheWay { .. })));
        assert!(root.reread(&path("none"), false, |_| true).is_err());
    }
}
