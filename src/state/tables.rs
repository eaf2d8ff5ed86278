//! The tables, opened for reading ([`View`]) or for one write transaction ([`Batch`]).
//!
//! The questions that may be asked of both are functions over [`Tables`] in the files of this room.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

/// Number of a zone and packed record name.
pub(super) type ItemKey = (u16, &'static [u8]);
/// A row: version byte and postcard.
pub(super) type Row = &'static [u8];
/// Zone, packed record name, packed record name.
pub(super) type PairKey = (u16, &'static [u8], &'static [u8]);
/// Rank, zone, packed record name.
pub(super) type RankKey = (u8, u16, &'static [u8]);
/// Which destination, and the folded path below it.
pub(super) type PathKey = (u8, &'static str);

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident : $key:ty => $value:ty),+ $(,)?) => {
        /// A consistent look at the state. Keep it short: a long reader makes the file grow.
        pub struct View {
            $($name: ReadOnlyTable<$key, $value>,)+
        }

        impl View {
            pub(super) fn open(tx: &ReadTransaction) -> Result<Self, redb::TableError> {
                Ok(Self { $($name: tx.open_table(TableDefinition::new(stringify!($name)))?,)+ })
            }
        }

        /// One write transaction, open.
        pub struct Batch<'tx> {
            $($(#[$doc])* pub(super) $name: Table<'tx, $key, $value>,)+
        }

        impl<'tx> Batch<'tx> {
            pub(super) fn open(tx: &'tx WriteTransaction) -> Result<Self, redb::TableError> {
                Ok(Self { $($name: tx.open_table(TableDefinition::new(stringify!($name)))?,)+ })
            }
        }

        /// The tables behind a [`View`] or a [`Batch`]; what may be asked of them is in the traits of this room.
        pub trait Tables {
            $($(#[$doc])* #[doc(hidden)] fn $name(&self) -> &impl ReadableTable<$key, $value>;)+
        }

        impl Tables for View {
            $(fn $name(&self) -> &impl ReadableTable<$key, $value> { &self.$name })+
        }

        impl Tables for Batch<'_> {
            $(fn $name(&self) -> &impl ReadableTable<$key, $value> { &self.$name })+
        }
    };
}

tables! {
    /// Facts about the state as a whole.
    meta: &'static str => &'static [u8],
    /// Zones by their number.
    zones: u16 => Row,
    /// Catalog: assets.
    assets: ItemKey => Row,
    /// Catalog: masters, each with the assets that name it.
    masters: ItemKey => Row,
    /// Catalog: albums and folders.
    albums: ItemKey => Row,
    /// Catalog: (album, asset) to position.
    members: PairKey => i64,
    /// Catalog: (asset, album), the way back.
    memberships: PairKey => (),
    /// Catalog: items of Drive.
    nodes: ItemKey => Row,
    /// Catalog: (folder, zone and packed name of what lies in it).
    children: PairKey => (),
    /// The crawl of Drive: (its turn, folder) for those that wait to be listed, and those that were.
    crawl: RankKey => Row,
    /// Items of Drive that the listing of their folder lacked.
    absent: ItemKey => Row,
    /// Records that could not be decoded, why, and when to ask again.
    broken: ItemKey => Row,
    /// Ledger: where the files of an item are.
    ledger: ItemKey => Row,
    /// Ledger: folded path to the item that owns it.
    taken: PathKey => ItemKey,
    /// Album views: (album, asset) to the entry, (album, nothing) to the album's directory.
    views: PairKey => Row,
    /// Album views: what may no longer be right.
    view_marks: PairKey => (),
    /// Files that were found otherwise than larder wrote them.
    wrong: ItemKey => Row,
    /// Dirty items in the order in which they were marked.
    dirty: u64 => ItemKey,
    /// The mark of an item.
    marks: ItemKey => Row,
    /// What was learnt about proving classes of files.
    classes: &'static str => (u64, u64),
    /// Past runs by start (ms since 1970), as JSON.
    runs: i64 => &'static str,
    /// What happened to files: (ms since 1970, number within it) to event.
    history: (i64, u32) => Row,
}
