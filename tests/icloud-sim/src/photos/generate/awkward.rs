//! One of everything that was ever seen to trouble a client.

use super::awkward_name;
use super::draft::Draft;
use super::kind::{MIX, PhotoKind};
use crate::photos::item::{Asset, Bin, FileName, ItemType, Master, Presence};
use crate::photos::noise;
use crate::photos::uti::{Prefix, Uti};
use crate::photos::zone::{Id, Zone};

/// A photo with a peculiarity.
pub(super) struct Case {
    kind: PhotoKind,
    name: Option<FileName>,
    date: Date,
    size: Option<u64>,
    /// Changes the records before they are taken in.
    tweak: fn(&mut Master, &mut Asset),
    /// Another asset on the master of the case before.
    sibling: bool,
}

/// The capture time of a case.
#[derive(Clone, Copy)]
enum Date {
    /// Where the photo stands in the library.
    Fitting,
    /// This one, in that zone.
    At(Option<i64>, Option<i32>),
}

impl Case {
    fn new(kind: PhotoKind) -> Self {
        Self { kind, name: None, date: Date::Fitting, size: None, tweak: |_, _| {}, sibling: false }
    }

    fn named(kind: PhotoKind, name: FileName) -> Self {
        Self { name: Some(name), ..Self::new(kind) }
    }

    fn dated(name: &str, date: Option<i64>, offset: Option<i32>) -> Self {
        Self { date: Date::At(date, offset), ..Self::named(PhotoKind::Jpeg, FileName::text(name)) }
    }

    fn tweaked(kind: PhotoKind, tweak: fn(&mut Master, &mut Asset)) -> Self {
        Self { tweak, ..Self::new(kind) }
    }

    /// Puts the case into the zone; `before` is the asset of the case before.
    pub(super) fn put(self, zone: &mut Zone, draft: &Draft, before: Option<u32>) -> u32 {
        let mut draft = draft.clone();
        draft.kind = self.kind;
        draft.size = self.size;
        let extension = self.kind.recipe().original.extension();
        let number = zone.assets.len();
        draft.name = self.name.unwrap_or_else(|| FileName::text(&format!("IMG_{number:04}.{extension}")));
        if let Date::At(date, offset) = self.date {
            (draft.date, draft.offset) = (date, offset);
        }
        let added = draft.added;
        let (mut master, mut asset) = draft.build();
        (self.tweak)(&mut master, &mut asset);
        if let Some(before) = before.filter(|_| self.sibling) {
            asset.master = zone.asset(before).master;
            let at = zone.add_asset(asset);
            zone.write(Id::Asset(at), added);
            return at;
        }
        zone.take_in(master, asset, added)
    }
}

/// A day on which several cases with equal names meet: 2024-07-14, noon UTC.
const DAY: i64 = 1_720_958_400_000;

/// All cases, in the order in which they are put into a library.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = records();
    cases.extend(dates());
    cases.extend(clashes());
    cases.extend(MIX.iter().map(|(kind, _)| Case::new(*kind)));
    cases.extend(awkward_name::all().into_iter().map(|name| Case::named(PhotoKind::Jpeg, name)));
    cases
}

fn records() -> Vec<Case> {
    let sibling = || Case { sibling: true, ..Case::new(PhotoKind::Heic) };
    vec![
        Case::tweaked(PhotoKind::Heic, |_, asset| asset.hidden = true),
        Case::tweaked(PhotoKind::Live, |_, asset| asset.favorite = true),
        Case::tweaked(PhotoKind::Live, |master, asset| {
            asset.bin = Bin::Since(asset.added + 86_400_000);
            master.bin = asset.bin;
        }),
        // Deleted, while the master is still used by another asset: it stays unmarked.
        Case::new(PhotoKind::Heic),
        Case { tweak: |_, asset| asset.bin = Bin::Since(asset.added + 86_400_000), ..sibling() },
        Case::tweaked(PhotoKind::Heic, |master, asset| {
            (master.bin, asset.bin) = (Bin::Restored, Bin::Restored);
        }),
        Case::new(PhotoKind::Live),
        sibling(),
        sibling(),
        Case::tweaked(PhotoKind::Jpeg, |master, _| master.item_type = ItemType::Absent),
        Case::tweaked(PhotoKind::Mov, |master, _| master.item_type = ItemType::Absent),
        Case::tweaked(PhotoKind::Jpeg, |master, _| master.item_type = ItemType::Null),
        Case::tweaked(PhotoKind::Raw, |master, _| master.item_type = ItemType::Wrong(Uti::QuickTime)),
        Case::tweaked(PhotoKind::Webp, |master, _| master.item_type = ItemType::Wrong(Uti::QuickTime)),
        Case {
            name: Some(FileName::text("IMG_0777.HOLO")),
            ..Case::tweaked(PhotoKind::Jpeg, |master, _| master.original.uti = Uti::Unheard)
        },
        Case {
            name: Some(FileName::text("strange")),
            ..Case::tweaked(PhotoKind::Jpeg, |master, _| master.original.uti = Uti::Unheard)
        },
        Case::tweaked(PhotoKind::Jpeg, |master, _| master.original.presence = Presence::Undescribed),
        Case::tweaked(PhotoKind::Heic, |master, _| master.original.presence = Presence::Pending),
        Case::tweaked(PhotoKind::Mov, |master, _| master.original.presence = Presence::Awaited),
        Case::tweaked(PhotoKind::Live, |master, _| set(master, Prefix::OriginalVidCompl, Presence::Pending)),
        Case { size: Some(0), ..Case::new(PhotoKind::Jpeg) },
        Case { size: Some(1), ..Case::new(PhotoKind::Jpeg) },
        // Checksums of a form that nobody can check.
        Case::tweaked(PhotoKind::Heic, |master, _| unknown_form(master, 0x81)),
        Case::tweaked(PhotoKind::Live, |master, _| unknown_form(master, 0x04)),
        Case::tweaked(PhotoKind::Mov, |master, _| {
            master.original.body.head = crate::photos::body::Head::OldQuickTime;
            master.original.checksum = master.original.body.checksum();
            master.name = master.original.checksum;
        }),
        Case::tweaked(PhotoKind::EditedHeic, |_, asset| {
            asset.extra_mut().title = Some("Été / 夏".to_owned());
        }),
        Case::tweaked(PhotoKind::Heic, |_, asset| asset.extra_mut().reverted = true),
        Case::tweaked(PhotoKind::Heic, |_, asset| asset.extra_mut().shared_date = Some(asset.added)),
        Case::tweaked(PhotoKind::Heic, |_, asset| asset.extra_mut().keywords = true),
    ]
}

fn set(master: &mut Master, prefix: Prefix, presence: Presence) {
    for resource in master.more.iter_mut().filter(|resource| resource.prefix == prefix) {
        resource.presence = presence;
    }
}

/// Publishes another kind of checksum for the original.
fn unknown_form(master: &mut Master, first: u8) {
    let mut other = noise::bytes::<21>(master.original.body.seed);
    other[0] = first;
    master.original.checksum = other;
    master.name = other;
}

fn dates() -> Vec<Case> {
    vec![
        Case::dated("before 1970.JPG", Some(-86_400_000), Some(3_600)),
        Case::dated("year 1904.JPG", Some(-2_082_844_800_000), None),
        Case::dated("year 5.JPG", Some(-62_009_366_400_000), Some(0)),
        Case::dated("year 2743924.JPG", Some(86_532_000_000_000_000), Some(0)),
        Case::dated("year 0.JPG", Some(-62_167_219_200_000), None),
        Case::dated("epoch.JPG", Some(0), Some(0)),
        Case::dated("no date.JPG", None, None),
        Case::dated("no date, a zone.JPG", None, Some(-18_000)),
        Case::dated("no zone.JPG", Some(DAY), None),
        Case::dated("far east.JPG", Some(DAY), Some(50_400)),
        Case::dated("far west.JPG", Some(DAY), Some(-43_200)),
        Case::dated("half hour.JPG", Some(DAY), Some(19_800)),
        Case::dated("absurd zone.JPG", Some(DAY), Some(i32::MAX)),
        Case::dated("new year's eve.JPG", Some(1_735_689_599_999), Some(0)),
    ]
}

/// Different photos with equal names on one day, and films that want the name of a Live Photo's clip.
fn clashes() -> Vec<Case> {
    let on_the_day = |kind, name: &str| Case {
        date: Date::At(Some(DAY), Some(0)),
        ..Case::named(kind, FileName::text(name))
    };
    vec![
        on_the_day(PhotoKind::Jpeg, "IMG_0102.JPG"),
        on_the_day(PhotoKind::Jpeg, "IMG_0102.JPG"),
        on_the_day(PhotoKind::Heic, "IMG_0102.JPG"),
        on_the_day(PhotoKind::Jpeg, "img_0102.jpg"),
        on_the_day(PhotoKind::LiveJpeg, "IMG_1.JPG"),
        on_the_day(PhotoKind::Mov, "IMG_1.MOV"),
        on_the_day(PhotoKind::Live, "IMG_2.HEIC"),
        on_the_day(PhotoKind::Mov, "IMG_2.MOV"),
        on_the_day(PhotoKind::Mov, "IMG_2.MOV"),
        on_the_day(PhotoKind::EditedHeic, "IMG_3.HEIC"),
        on_the_day(PhotoKind::Jpeg, "IMG_3-edited.HEIC"),
        on_the_day(PhotoKind::JpegWithRaw, "IMG_4.JPG"),
        on_the_day(PhotoKind::Jpeg, "IMG_4-alt.CR2"),
    ]
}
