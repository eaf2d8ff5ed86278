//! Is a file on disk what the ledger says? Pure: by what the file system says of it, not by its content.

use crate::state::PlacedFile;
use crate::sync::apply::same_time;
use crate::tree::{Facts, FileKind};

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As larder wrote it, as far as size and time tell.
    Fine,
    /// There is nothing.
    Lost,
    /// It has another size, this one.
    Size(u64),
    /// It has another time.
    Time,
    /// Something else lies there.
    Other(FileKind),
}

/// How a file stands, given what lies at its path.
pub(super) fn standing(facts: Option<&Facts>, file: &PlacedFile) -> Standing {
    match facts {
        None => Standing::Lost,
        Some(facts) if facts.kind != FileKind::File => Standing::Other(facts.kind),
        Some(facts) if facts.size != file.size => Standing::Size(facts.size),
        Some(facts) if !same_time(facts.mtime_ns, file) => Standing::Time,
        Some(_) => Standing::Fine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checksum, Kind};
    use crate::state::{Lies, Proof};

    #[test]
    fn size_time_and_kind_tell() {
        let file = PlacedFile {
            kind: Kind::Original,
            name: "IMG_1.HEIC".into(),
            checksum: Checksum::parse("AA=="),
            size: 9,
            mtime_ms: Some(1_000_000),
            proof: Some(Proof::Proven),
            lies: Lies::There,
            pinned: false,
            tag: None,
        };
        let fine =
            Facts { size: 9, mtime_ns: 1_000_000_000_000, kind: FileKind::File, dev: 1, ino: 1, nlink: 1 };
        let of = |facts: Facts| standing(Some(&facts), &file);
        assert_eq!(standing(None, &file), Standing::Lost);
        assert_eq!(of(fine), Standing::Fine);
        // FAT keeps times to two seconds.
        assert_eq!(of(Facts { mtime_ns: 1_001_500_000_000, ..fine }), Standing::Fine);
        assert_eq!(of(Facts { mtime_ns: 1_003_000_000_000, ..fine }), Standing::Time);
        assert_eq!(of(Facts { size: 8, mtime_ns: 0, ..fine }), Standing::Size(8));
        assert_eq!(of(Facts { kind: FileKind::Link, ..fine }), Standing::Other(FileKind::Link));
    }
}
