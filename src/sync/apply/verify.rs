//! Is a body what iCloud says it is?
//!
//! Pure. A class of files is strict when Apple's checksum is known to hold for it: always for originals, and for
//! motion and renditions from the first file that matched. When twenty files of the right size have come and none
//! matched, the class is not provable by this rule, and size and an own SHA-256 stand in.

use crate::model::{Digest, Kind, Resource};
use crate::sync::classes::ClassCounts;

/// Files that must have failed, with none that matched, before a class counts as not provable.
const HOPELESS: u64 = 20;

/// What to do with a body of the right size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is proven.
    Proven,
    /// Apple's checksum cannot be checked: the size must do.
    SizeOnly,
    /// Wrong bytes: fetch it once more.
    Again,
    /// The same bytes came twice: this is what Apple serves.
    Disputed,
}

/// Judges a body of the right size. `before` is what an earlier fetch of the same file gave.
pub(super) fn judge(
    digest: &Digest,
    resource: &Resource,
    class: ClassCounts,
    before: Option<&Digest>,
) -> Verdict {
    if resource.checksum.provable().is_none() {
        return Verdict::SizeOnly;
    }
    if digest.apple == resource.checksum {
        return Verdict::Proven;
    }
    let calibrated = matches!(resource.kind, Kind::Original | Kind::Alternative) || class.matched > 0;
    if !calibrated && class.unmatched >= HOPELESS {
        return Verdict::SizeOnly;
    }
    if before.is_some_and(|before| before.apple == digest.apple) { Verdict::Disputed } else { Verdict::Again }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checksum, ContentHasher};

    fn digest(content: &[u8]) -> Digest {
        let mut hasher = ContentHasher::new(false);
        hasher.update(content);
        hasher.finish()
    }

    fn resource(kind: Kind, checksum: Checksum) -> Resource {
        Resource { kind, checksum, size: 3, width: None, height: None, uti: None }
    }

    const FRESH: ClassCounts = ClassCounts { matched: 0, unmatched: 0 };

    #[test]
    fn the_right_bytes_are_proven() {
        let good = digest(b"abc");
        let resource = resource(Kind::Motion, good.apple.clone());
        assert_eq!(judge(&good, &resource, FRESH, None), Verdict::Proven);
    }

    #[test]
    fn other_bytes_are_fetched_again_and_the_same_twice_are_disputed() {
        let resource = resource(Kind::Original, digest(b"abc").apple);
        let bad = digest(b"abd");
        assert_eq!(judge(&bad, &resource, FRESH, None), Verdict::Again);
        assert_eq!(judge(&bad, &resource, FRESH, Some(&digest(b"xyz"))), Verdict::Again);
        assert_eq!(judge(&bad, &resource, FRESH, Some(&bad)), Verdict::Disputed);
    }

    #[test]
    fn an_unknown_form_is_not_provable() {
        let resource = resource(Kind::Original, Checksum::parse("AgAA"));
        assert_eq!(judge(&digest(b"abc"), &resource, FRESH, None), Verdict::SizeOnly);
    }

    #[test]
    fn a_class_that_never_matched_is_given_up_but_never_for_originals() {
        let hopeless = ClassCounts { matched: 0, unmatched: HOPELESS };
        let bad = digest(b"abd");
        let motion = resource(Kind::Motion, digest(b"abc").apple);
        assert_eq!(judge(&bad, &motion, hopeless, None), Verdict::SizeOnly);
        assert_eq!(judge(&bad, &motion, ClassCounts { matched: 1, ..hopeless }, None), Verdict::Again);
        let original = resource(Kind::Original, digest(b"abc").apple);
        assert_eq!(judge(&bad, &original, hopeless, None), Verdict::Again);
    }
}
