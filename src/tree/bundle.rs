//! Packages on their way in: directories that Apple's systems show as one file, and that come as a zip.

use std::io::{Read as _, Seek as _, Write as _};

use flate2::read::GzDecoder;
use rustix::fs;
use zip::ZipArchive;

use super::facts::CHUNK;
use super::{Root, Staging, TreeError};

/// The first bytes of a zip that has something in it.
pub const ZIP: &[u8] = b"PK\x03\x04";

/// The first bytes of gzip.
const GZIP: &[u8] = b"\x1f\x8b";

/// What unwrapping may come to at least, bytes, and times what came: a zip does not shrink much.
const UNWRAPPED: (u64, u64) = (100 << 20, 20);

impl Root {
    /// Takes off the gzip that some packages come in (icloud-docker #120). The same file where there is none.
    pub fn unwrap(&self, mut staging: Staging) -> Result<Staging, TreeError> {
        if !staging.begins_with(GZIP)? {
            return Ok(staging);
        }
        let (bytes, times) = UNWRAPPED;
        let most = bytes.max(staging.size().saturating_mul(times));
        let name = format!("{}.plain", staging.key);
        staging.file.rewind().map_err(|source| TreeError::from_io("unwrap", &name, source))?;
        let mut source = GzDecoder::new(&staging.file).take(most + 1);
        let (incoming, mut plain) = self.create_incoming(&name)?;
        let mut buffer = vec![0; CHUNK];
        let mut size = 0;
        loop {
            let n = match source.read(&mut buffer) {
                Ok(0) => break,
                // It is cut off, or never was gzip: what is there does not end as a zip either.
                Err(_) => {
                    Self::remove_incoming(&incoming, &name)?;
                    return Ok(staging);
                }
                Ok(n) => n,
            };
            size += n as u64;
            if size > most {
                Self::remove_incoming(&incoming, &name)?;
                return Ok(staging);
            }
            plain.write_all(&buffer[..n]).map_err(|source| TreeError::from_io("write", &name, source))?;
        }
        fs::renameat(&incoming, &*name, &incoming, staging.name())
            .map_err(|errno| TreeError::from_errno("unwrap", &name, errno))?;
        let key = std::mem::take(&mut staging.key);
        self.stage(&key)
    }
}

impl Staging {
    /// Whether the content begins with these bytes.
    pub fn begins_with(&mut self, bytes: &[u8]) -> Result<bool, TreeError> {
        if self.size() < bytes.len() as u64 {
            return Ok(false);
        }
        let mut first = vec![0; bytes.len()];
        let read = self.file.rewind().and_then(|()| self.file.read_exact(&mut first));
        read.map_err(|source| TreeError::from_io("read", self.name(), source))?;
        Ok(first == bytes)
    }

    /// Whether the content is a zip with all its parts, as far as its directory, which comes last, tells.
    pub fn ends_as_zip(&mut self) -> Result<bool, TreeError> {
        Ok(self.begins_with(ZIP)? && ZipArchive::new(&self.file).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn a_zip() -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a.pages/Index.xml", SimpleFileOptions::default()).unwrap();
        zip.write_all(&b"larder ".repeat(9_000)).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn staged(root: &Root, bytes: &[u8]) -> Staging {
        let mut staging = root.stage("ab").unwrap();
        staging.truncate(0).unwrap();
        staging.append(bytes).unwrap();
        staging
    }

    #[test]
    fn a_zip_is_whole_when_its_directory_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path(), None, false).unwrap().root;
        let zip = a_zip();
        assert!(staged(&root, &zip).ends_as_zip().unwrap());
        for cut in [0, 3, zip.len() / 2, zip.len() - 1] {
            assert!(!staged(&root, &zip[..cut]).ends_as_zip().unwrap(), "{cut}");
        }
        assert!(!staged(&root, b"<html>").ends_as_zip().unwrap());
    }

    #[test]
    fn gzip_around_a_zip_is_taken_off_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path(), None, false).unwrap().root;
        let gzip = |bytes: &[u8]| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        };
        let content = |staging: &Staging| {
            let mut all = Vec::new();
            staging.read_existing(|chunk| all.extend_from_slice(chunk)).unwrap();
            all
        };
        let (zip, wrapped) = (a_zip(), gzip(&a_zip()));
        assert_eq!(content(&root.unwrap(staged(&root, &wrapped)).unwrap()), zip);
        assert_eq!(content(&root.unwrap(staged(&root, &zip)).unwrap()), zip);
        let half = &wrapped[..wrapped.len() / 2];
        assert_eq!(content(&root.unwrap(staged(&root, half)).unwrap()), half);
        let bomb = gzip(&vec![0; 120 << 20]);
        assert_eq!(content(&root.unwrap(staged(&root, &bomb)).unwrap()), bomb, "it is left as it is");
        let left: Vec<_> = std::fs::read_dir(dir.path().join(".larder/incoming")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
