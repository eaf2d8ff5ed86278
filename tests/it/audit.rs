//! `larder audit`: is everything here, and if not, exactly what is missing, and why.

mod disk;
mod icloud;
mod output;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::SharedRole;
use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::oracle;

/// A mirror that is up to date.
fn mirrored(library: LibrarySpec) -> TestEnvironment {
    let here = TestEnvironment::signed_in(library);
    here.sync().expect(0);
    here.control().reset_counters();
    here
}

fn usual() -> LibrarySpec {
    LibrarySpec { assets: 60, albums: 4, folders: 1, ..LibrarySpec::default() }
}

/// What an audit told.
struct Told(Value);

/// An audit that ends with this code.
#[track_caller]
fn audit(here: &TestEnvironment, arguments: &[&str], code: i32) -> Told {
    let ran = here.larder(&[&["audit", "--json"], arguments].concat()).run().expect(code);
    Told(ran.json())
}

impl Told {
    fn findings(&self) -> Vec<&Value> {
        self.0["findings"].as_array().unwrap().iter().collect()
    }

    /// Findings that speak against the mirror.
    fn differences(&self) -> Vec<&Value> {
        self.findings().into_iter().filter(|found| found["level"] == "difference").collect()
    }

    fn of(&self, what: &str) -> Vec<&Value> {
        self.findings().into_iter().filter(|found| found["what"] == what).collect()
    }

    /// The one finding of that kind, as item, reason and action.
    #[track_caller]
    fn one(&self, what: &str) -> (String, String, String) {
        let found = self.of(what);
        assert_eq!(found.len(), 1, "{what}: {:#}", self.0["findings"]);
        let text = |key: &str| found[0][key].as_str().unwrap().to_owned();
        (text("item"), text("reason"), text("action"))
    }

    /// What iCloud, catalog and disk have of a kind in a library.
    fn line(&self, library: usize, kind: &str) -> [Option<u64>; 3] {
        let lines = self.0["libraries"][library]["kinds"].as_array().unwrap();
        let line = lines.iter().find(|line| line["what"] == kind).unwrap();
        ["icloud", "catalog", "disk"].map(|side| line[side].as_u64())
    }
}

/// After an audit has noted what is wrong, a run makes it good.
#[track_caller]
fn repaired(here: &TestEnvironment) {
    here.sync().expect(0);
    for deep in [&[][..], &["--deep"]] {
        let told = audit(here, deep, 0);
        assert!(told.differences().is_empty(), "{:#}", told.0);
    }
}

#[test]
fn a_complete_mirror_is_complete_and_all_sides_have_the_same() {
    for (shared_library, awkward) in [
        (SharedRole::None, false),
        (SharedRole::Owner, false),
        (SharedRole::Participant, false),
        (SharedRole::Owner, true),
    ] {
        let assets = if awkward { 300 } else { 120 };
        let here =
            mirrored(LibrarySpec { assets, albums: 8, folders: 2, shared_library, awkward, ..usual() });
        let inventory = here.inventory();
        for arguments in [&[][..], &["--deep"], &["--no-repair", "--deep"]] {
            let told = audit(&here, arguments, 0);
            assert_eq!(told.0["complete"], true);
            assert!(told.differences().is_empty(), "{:#}", told.0);
            for (at, zone) in inventory.zones.iter().enumerate() {
                let visible = zone.assets.iter().filter(|asset| !asset.deleted && !asset.hidden).count();
                let waiting = zone.assets.iter().filter(|asset| {
                    !asset.deleted && !asset.hidden && asset.resources.iter().any(|each| !each.downloadable)
                });
                let expected = [visible, visible, visible - waiting.count()].map(|n| Some(n as u64));
                assert_eq!(told.line(at, "photos"), expected, "{shared_library:?} {awkward}");
                let lines = &told.0["libraries"][at];
                for line in
                    lines["kinds"].as_array().unwrap().iter().chain(lines["albums"].as_array().unwrap())
                {
                    if line["what"] != "recently deleted" {
                        assert_eq!(line["icloud"], line["catalog"], "{line}");
                        assert!(awkward || line["catalog"] == line["disk"], "{line}");
                    }
                }
            }
            let kinds = ["favourites", "videos", "live", "screenshots"];
            assert!(kinds.iter().all(|kind| told.line(0, kind)[0] > Some(0)), "{:#}", told.0["libraries"]);
            let photos = oracle::mirror_of(&inventory);
            assert_eq!(told.0["disk"]["files"], oracle::count(&photos));
            let bytes: u64 = oracle::files(&photos).map(|file| file.size).sum();
            assert_eq!(told.0["disk"]["bytes"], bytes);
            assert_eq!(told.0["disk"]["foreign"], 0);
        }
        assert_eq!(here.content_requests(), 0);
        here.sync().expect(0);
        assert_eq!(here.content_requests(), 0, "an audit of a whole mirror gives the next run nothing to do");
    }
}

#[test]
fn an_audit_costs_few_requests_and_a_deep_one_a_request_for_each_page() {
    let here = mirrored(LibrarySpec { assets: 1_500, albums: 110, ..usual() });
    audit(&here, &[], 0);
    let counters = here.control().counters();
    let asked: Vec<_> =
        counters.by_label.iter().map(|(label, count)| (label.as_str(), count.requests)).collect();
    // 14 lists and 110 albums, a hundred counters in a request.
    let expected = [
        ("ck.private.changes/zone", 1),
        ("ck.private.internal/records/query/batch", 2),
        ("ck.private.records/query", 1),
    ];
    assert_eq!(asked, expected);

    here.control().reset_counters();
    audit(&here, &["--deep"], 0);
    let counters = here.control().counters();
    let zone = &here.inventory().zones[0];
    let members: usize = zone.albums.iter().map(|album| album.members.len()).sum();
    let records = zone.assets.len() * 2 + members + zone.albums.len();
    let pages = (records / 200) as u64;
    let asked = counters.requests("ck.private.changes/zone");
    assert!((pages..pages + 8).contains(&asked), "{asked} requests for {pages} pages");
    // Without the resources no address is made, and a page is small.
    let bytes = counters.bytes_from("ck.private.changes/zone");
    assert!(bytes < records as u64 * 160, "{bytes} bytes for {records} records");
    assert_eq!(counters.requests("ck.private.changes/database"), 1);
    assert_eq!(counters.requests("ck.private.records/lookup") + here.content_requests(), 0);
}
