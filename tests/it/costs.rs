//! What a run costs in requests, and what it writes, whatever the size of the library.

use std::collections::BTreeMap;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, Sizes};
use larder::state::{self, MetaKey, Reader, Tables};

use crate::environment::TestEnvironment;

/// A library of so many small photos of which those of the last months are mirrored: the state holds all of them, and
/// the test does not wait for their files.
fn mirrored(assets: usize) -> TestEnvironment {
    let library =
        LibrarySpec { assets, albums: 40, folders: 4, sizes: Sizes::Fixed(64), ..LibrarySpec::default() };
    let here = TestEnvironment::signed_in(library);
    here.write_job("from = \"2025-08-01\"");
    assert!(here.sync().expect(0).number("fetched") > 800);
    here
}

/// Requests by endpoint, for files and for all else.
fn requests(here: &TestEnvironment) -> BTreeMap<String, u64> {
    here.control().counters().by_label.into_iter().map(|(label, count)| (label, count.requests)).collect()
}

/// Every row of the state but the record of runs, as text; and how many runs are recorded.
fn rows(here: &TestEnvironment) -> (BTreeMap<String, String>, usize) {
    use redb::{ReadableTable as _, ReadableTableMetadata as _};
    let view = Reader::open(&here.state_dir().join("state.redb")).unwrap().view().unwrap();
    let mut rows = BTreeMap::new();
    macro_rules! read {
        ($($table:ident),+) => {
            $(for entry in view.$table().iter().unwrap() {
                let (key, value) = entry.unwrap();
                rows.insert(format!("{} {:?}", stringify!($table), key.value()), format!("{:?}", value.value()));
            })+
        };
    }
    read!(
        meta,
        zones,
        assets,
        masters,
        albums,
        members,
        memberships,
        broken,
        ledger,
        taken,
        dirty,
        marks,
        classes
    );
    let runs = usize::try_from(view.runs().len().unwrap()).unwrap();
    (rows, runs)
}

fn a_run_without_news(assets: usize) {
    let here = mirrored(assets);
    let (before, runs) = rows(&here);
    assert!(before.len() > assets * 2, "{} rows", before.len());
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(requests(&here), BTreeMap::from([("ck.private.changes/zone".to_owned(), 1)]));
    let (after, runs_after) = rows(&here);
    assert_eq!(runs_after, runs + 1, "the run is recorded");
    let changed: Vec<_> =
        before.iter().filter(|(key, value)| after.get(*key) != Some(value)).map(|(key, _)| key).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{changed:?}");
    let view = Reader::open(&here.state_dir().join("state.redb")).unwrap().view().unwrap();
    assert!(state::text(&view, MetaKey::Account).unwrap().is_some());
}

#[test]
fn a_run_without_news_is_one_request_and_writes_its_record_alone() {
    a_run_without_news(10_000);
}

#[test]
#[ignore = "a large library: some minutes"]
fn a_run_without_news_is_one_request_at_100_000_photos_too() {
    a_run_without_news(100_000);
}

#[test]
fn one_new_photo_is_at_most_three_requests_and_its_files() {
    let here = mirrored(3_000);
    for (kind, files) in
        [(PhotoKind::Heic, 1), (PhotoKind::Live, 2), (PhotoKind::EditedLive, 4), (PhotoKind::JpegWithRaw, 2)]
    {
        here.add(NewPhoto { kind, ..NewPhoto::default() });
        here.control().reset_counters();
        assert_eq!(here.sync().expect(0).number("fetched"), files);
        let asked = requests(&here);
        let contents = asked.get("content").copied().unwrap_or_default();
        assert_eq!(contents, files, "{kind:?}: {asked:?}");
        assert!(asked.values().sum::<u64>() - contents <= 3, "{kind:?}: {asked:?}");
    }
}

#[test]
fn what_changes_one_photo_costs_the_same_in_a_large_library() {
    let here = mirrored(3_000);
    let asset = here.add(NewPhoto::default());
    here.sync().expect(0);
    let album =
        here.inventory().zones[0].albums.iter().find(|album| !album.folder && !album.smart).unwrap().clone();
    let album = album.record_name;
    for (change, contents) in [
        (Mutation::SetFavorite { asset: asset.clone(), on: true }, 0),
        (
            Mutation::SetDate {
                asset: asset.clone(),
                date_ms: Some(1_765_000_000_000),
                time_zone_offset: None,
            },
            0,
        ),
        (Mutation::AddMember { album: album.clone(), asset: asset.clone() }, 0),
        (Mutation::RenameAlbum { album, name: Some("Another".into()) }, 0),
        (Mutation::Edit { asset: asset.clone() }, 1),
        (Mutation::Delete { asset: asset.clone() }, 0),
        (Mutation::Restore { asset: asset.clone() }, 0),
        (Mutation::Purge { asset }, 0),
    ] {
        let what = format!("{change:?}");
        here.change(change);
        here.control().reset_counters();
        here.sync().expect(0);
        let asked = requests(&here);
        assert_eq!(asked.get("content").copied().unwrap_or_default(), contents, "{what}: {asked:?}");
        assert_eq!(asked.values().sum::<u64>() - contents, 1, "{what}: {asked:?}");
    }
}
