//! Named points at every step that touches a disk, where a test can end the process or have the step fail.
//!
//! `LARDER_FAILPOINTS` holds orders, separated by commas: `place.rename=abort@2` ends the process at the second passing of
//! that point, as a power cut would; `staging.write=ENOSPC@1+` lets every passing from the first on fail. Every
//! passing is told at level trace. A release build has none of it: there [`pass`] is nothing.

macro_rules! points {
    ($($point:ident $name:literal,)+) => {
        /// A step that can be made to fail. The point is passed before the step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the name says it")]
        pub enum Point { $($point,)+ }

        impl Point {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$point,)+];

            /// How orders call it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$point => $name,)+ }
            }
        }
    };
}

points! {
    // Looking.
    TreeOpen "tree.open",
    TreeStat "tree.stat",
    TreeRead "tree.read",
    TreeSpace "tree.space",
    // Directories.
    TreeMkdir "tree.mkdir",
    TreeRmdir "tree.rmdir",
    TreeSyncdir "tree.syncdir",
    // The marker.
    MarkerCreate "marker.create",
    MarkerWrite "marker.write",
    MarkerSync "marker.sync",
    MarkerRename "marker.rename",
    // Files on their way in.
    StagingCreate "staging.create",
    StagingWrite "staging.write",
    StagingTruncate "staging.truncate",
    StagingCopy "staging.copy",
    StagingRemove "staging.remove",
    StagingSweep "staging.sweep",
    // Final names.
    PlaceSync "place.sync",
    PlaceRename "place.rename",
    PlaceLink "place.link",
    PlaceUnlink "place.unlink",
    PlacePlain "place.plain",
    BesideNote "beside.note",
    BesideCopy "beside.copy",
    BesideRename "beside.rename",
    BesideForget "beside.forget",
    ReplaceExchange "replace.exchange",
    ReplaceSettle "replace.settle",
    MoveRename "move.rename",
    MoveUnlink "move.unlink",
    TreeRemove "tree.remove",
    // The attic.
    AtticLink "attic.link",
    AtticRename "attic.rename",
    AtticCopy "attic.copy",
    AtticPlace "attic.place",
    AtticUnlink "attic.unlink",
    AtticExpire "attic.expire",
    // Albums, and copies for a person.
    ViewLink "view.link",
    ViewSymlink "view.symlink",
    ViewCopy "view.copy",
    OutletCreate "outlet.create",
    OutletWrite "outlet.write",
    OutletSync "outlet.sync",
    OutletRename "outlet.rename",
    // The state.
    StateLock "state.lock",
    StateCreate "state.create",
    StateRename "state.rename",
    StateSyncdir "state.syncdir",
    StateBegin "state.begin",
    StateCommit "state.commit",
    StateCommitted "state.committed",
    // The session file.
    SecretCreate "secret.create",
    SecretWrite "secret.write",
    SecretSync "secret.sync",
    SecretRename "secret.rename",
    SecretSyncdir "secret.syncdir",
    SecretRemove "secret.remove",
}

/// Whether this build has failpoints.
pub const PRESENT: bool = cfg!(any(debug_assertions, feature = "failpoints"));

/// Passes a point. `Ok` unless a test ordered otherwise.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
#[inline]
pub const fn pass(_: Point) -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(any(debug_assertions, feature = "failpoints"))]
pub use ordered::pass;

#[cfg(any(debug_assertions, feature = "failpoints"))]
mod ordered {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::io::{Errno, Result};

    use super::Point;

    /// What happens at a point.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Act {
        Abort,
        Fail(Errno),
    }

    /// What happens at which passings of which point.
    #[derive(Clone, Copy, PartialEq, Debug)]
    pub(super) struct Order {
        point: Point,
        act: Act,
        from: u64,
        to: u64,
    }

    /// Errors that can be ordered.
    const ERRORS: [(&str, Errno); 15] = [
        ("EACCES", Errno::ACCESS),
        ("EDQUOT", Errno::DQUOT),
        ("EINTR", Errno::INTR),
        ("EINVAL", Errno::INVAL),
        ("EIO", Errno::IO),
        ("EMFILE", Errno::MFILE),
        ("EMLINK", Errno::MLINK),
        ("ENAMETOOLONG", Errno::NAMETOOLONG),
        ("ENOSPC", Errno::NOSPC),
        ("ENOTSUP", Errno::NOTSUP),
        ("EPERM", Errno::PERM),
        ("EROFS", Errno::ROFS),
        ("ESTALE", Errno::STALE),
        ("ETXTBSY", Errno::TXTBSY),
        ("EXDEV", Errno::XDEV),
    ];

    static ORDERS: LazyLock<Vec<Order>> = LazyLock::new(|| {
        let text = std::env::var("LARDER_FAILPOINTS").unwrap_or_default();
        let orders: Option<Vec<Order>> =
            text.split(',').map(str::trim).filter(|order| !order.is_empty()).map(read).collect();
        // An order that cannot be read must not pass for one that was carried out.
        orders.unwrap_or_else(|| std::process::abort())
    });

    static PASSED: [AtomicU64; Point::ALL.len()] = [const { AtomicU64::new(0) }; Point::ALL.len()];

    /// Reads `point=act@2` (that passing) or `point=act@2+` (that and all after it).
    pub(super) fn read(order: &str) -> Option<Order> {
        let (name, rest) = order.split_once('=')?;
        let (act, when) = rest.split_once('@')?;
        let point = *Point::ALL.iter().find(|point| point.name() == name)?;
        let act = match act {
            "abort" => Act::Abort,
            error => Act::Fail(ERRORS.iter().find(|(name, _)| *name == error)?.1),
        };
        let (from, open) = when.strip_suffix('+').map_or((when, false), |from| (from, true));
        let from = from.parse().ok()?;
        Some(Order { point, act, from, to: if open { u64::MAX } else { from } })
    }

    /// Passes a point. `Ok` unless a test ordered otherwise.
    pub fn pass(point: Point) -> Result<()> {
        let nth = PASSED[point as usize].fetch_add(1, Ordering::Relaxed) + 1;
        tracing::trace!("passes {}", point.name());
        let order =
            ORDERS.iter().find(|order| order.point == point && (order.from..=order.to).contains(&nth));
        match order.map(|order| order.act) {
            None => Ok(()),
            Some(Act::Fail(errno)) => Err(errno),
            Some(Act::Abort) => std::process::abort(),
        }
    }
}

#[cfg(all(test, any(debug_assertions, feature = "failpoints")))]
mod tests {
    use super::ordered::read;
    use super::*;

    #[test]
    fn orders_are_read_or_refused() {
        assert!(read("place.rename=abort@2").is_some());
        assert_ne!(read("staging.write=ENOSPC@1+"), read("staging.write=ENOSPC@1"));
        for wrong in ["place.rename=abort", "place.nothing=abort@1", "place.rename=EWHAT@1", "abort@1", ""] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_point_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
        assert!(pass(Point::TreeOpen).is_ok());
    }
}
