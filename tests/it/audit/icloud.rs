//! What iCloud says otherwise than larder remembers.

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};
use icloud_sim::{Fault, Loss, Rule};
use serde_json::Value;

use super::{audit, mirrored, repaired, usual};
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

fn assets(here: &TestEnvironment) -> Vec<String> {
    let zones = here.inventory().zones;
    let visible = zones[0].assets.iter().filter(|asset| !asset.deleted && !asset.hidden);
    visible.map(|asset| asset.record_name.clone()).collect()
}

fn text<'a>(found: &'a Value, key: &str) -> &'a str {
    found[key].as_str().unwrap()
}

/// Makes the changes of the personal library, of which the next runs hear nothing.
fn unseen(here: &TestEnvironment, changes: Vec<Mutation>) {
    for change in changes {
        here.change(change);
    }
    here.control().photos(|photos| photos.quirks().lost_changes = true);
    here.sync().expect(0);
    here.control().photos(|photos| photos.quirks().lost_changes = false);
    here.control().reset_counters();
}

#[test]
fn what_changed_since_the_last_run_is_named_by_every_audit() {
    let here = mirrored(usual());
    let known = assets(&here);
    let album = here.inventory().zones[0].albums.iter().find(|a| a.members.len() == 1).unwrap().clone();
    let new = here.add(NewPhoto { name: Some("NEW.HEIC".into()), ..NewPhoto::default() });
    here.change(Mutation::SetFavorite { asset: known[0].clone(), on: true });
    here.change(Mutation::Delete { asset: known[1].clone() });
    let outside = known.iter().skip(2).find(|asset| !album.members.contains(asset)).unwrap();
    here.change(Mutation::AddMember { album: album.record_name.clone(), asset: outside.clone() });
    here.change(Mutation::AddIgnorable { zone: None, count: 3 });
    for arguments in [&[][..], &["--deep"], &["--no-repair"]] {
        let told = audit(&here, arguments, 1);
        let mut found: Vec<(&str, &str)> =
            told.differences().iter().map(|f| (text(f, "what"), text(f, "record"))).collect();
        found.sort_unstable();
        let member = format!("{outside}-IN-{}", album.record_name);
        let mut expected =
            vec![("new", new.as_str()), ("new", &member), ("changed", &known[0]), ("gone", &known[1])];
        expected.sort_unstable();
        // Whether it was a favourite before is chance.
        found.retain(|(what, _)| *what != "changed");
        expected.retain(|(what, _)| *what != "changed");
        assert_eq!(found, expected, "{:#}", told.0["findings"]);
        assert!(told.differences().iter().all(|f| text(f, "action") == "taken over by the next run"));
        assert!(told.of("counter").is_empty(), "a counter that differs is explained");
    }
    repaired(&here);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn changes_that_mean_nothing_are_no_difference() {
    let here = mirrored(usual());
    here.change(Mutation::AddIgnorable { zone: None, count: 5 });
    here.change(Mutation::AddAndPurge { zone: None });
    for arguments in [&[][..], &["--deep"]] {
        audit(&here, arguments, 0);
    }
}

#[test]
fn a_deep_audit_finds_what_no_delta_told_and_the_next_run_makes_it_good() {
    let here = mirrored(usual());
    let known = assets(&here);
    let zone = here.inventory().zones[0].clone();
    let album = zone.albums.iter().find(|a| a.members.len() == 1).unwrap();
    let outside = known.iter().skip(5).find(|asset| !album.members.contains(asset)).unwrap();
    let live = NewPhoto { kind: PhotoKind::Live, name: Some("UNSEEN.HEIC".into()), ..NewPhoto::default() };
    let favourite = !zone.assets.iter().find(|asset| asset.record_name == known[0]).unwrap().favorite;
    unseen(
        &here,
        vec![
            Mutation::AddPhoto(live),
            Mutation::SetFavorite { asset: known[0].clone(), on: favourite },
            Mutation::SetDate {
                asset: known[1].clone(),
                date_ms: Some(1_300_000_000_000),
                time_zone_offset: Some(0),
            },
            Mutation::Edit { asset: known[2].clone() },
            Mutation::Purge { asset: known[3].clone() },
            Mutation::Delete { asset: known[4].clone() },
            Mutation::AddMember { album: album.record_name.clone(), asset: outside.clone() },
            Mutation::RemoveMember {
                album: album.record_name.clone(),
                asset: album.members[0].clone(),
                soft: false,
            },
            Mutation::AddAlbum { name: Some("Unseen".into()), parent: None, folder: false },
            Mutation::RenameAlbum { album: zone.albums[0].record_name.clone(), name: Some("Renamed".into()) },
        ],
    );
    let plain = audit(&here, &[], 1);
    assert!(plain.differences().iter().all(|f| f["what"] == "counter"), "{:#}", plain.0["findings"]);
    assert!(plain.of("counter").iter().all(|f| text(f, "action").contains("--deep")));

    let told = audit(&here, &["--deep"], 1);
    let found: Vec<(&str, &str, &str)> =
        told.differences().iter().map(|f| (text(f, "what"), text(f, "record"), text(f, "reason"))).collect();
    let has = |what: &str, record: &str, reason: &str| {
        let there = found.iter().any(|(w, r, why)| *w == what && r.contains(record) && why.contains(reason));
        assert!(there, "{what} {record} {reason} is not in {found:#?}");
    };
    has("changed", &known[0], "favourite");
    has("changed", &known[1], "date");
    has("changed", &known[2], "edit");
    has("gone", &known[3], "purged");
    has("gone", &known[4], "Recently Deleted");
    has("new", &format!("{outside}-IN-{}", album.record_name), "does not have it in that album");
    has("changed", &zone.albums[0].record_name, "name");
    assert_eq!(told.of("new").len(), 3, "photo, album, membership: {found:#?}");
    assert!(told.of("new").iter().all(|f| text(f, "action") == "looked up and made good by the next run"));
    let purged = told.of("gone").into_iter().find(|f| f["record"] == known[3].as_str()).unwrap().clone();
    assert!(text(&purged, "action").contains("[removed]"), "{purged}");
    assert!(told.of("counter").is_empty(), "the records themselves were compared");

    // What it noted is still to be done.
    assert_eq!(audit(&here, &["--no-repair"], 1).of("unreadable").len(), told.differences().len());
    let status = here.larder(&["status"]).run().expect(0).stdout;
    assert!(status.contains("In doubt"), "{status}");
    here.control().reset_counters();
    here.sync().expect(0);
    let lookups = here.control().counters().requests("ck.private.records/lookup");
    assert!(lookups <= 3, "{lookups} lookups");
    repaired(&here);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    let listed = here.larder(&["ls"]).run().expect(0).stdout;
    assert!(listed.contains("Unseen") && listed.contains("Renamed"), "{listed}");
}

#[test]
fn what_was_purged_while_the_token_was_lost_goes_through_the_brake() {
    let here = mirrored(LibrarySpec { albums: 0, folders: 0, ..usual() });
    let purged: Vec<String> = assets(&here).into_iter().take(30).collect();
    here.change(Mutation::ResetZone { zone: None });
    for asset in &purged {
        here.change(Mutation::Purge { asset: asset.clone() });
    }
    let lost = audit(&here, &[], 1);
    assert!(lost.one("token-lost").2.contains("listed again"));
    let told = audit(&here, &["--deep"], 1);
    let mut gone: Vec<&str> =
        told.of("gone").iter().map(|f| text(f, "record")).filter(|record| !record.contains("-IN-")).collect();
    gone.sort_unstable();
    let mut expected: Vec<&str> = purged.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(gone, expected);
    assert!(told.of("new").is_empty() && told.of("changed").is_empty(), "{:#}", told.0["findings"]);
    let before = Tree::read(&here.destination());
    let held = here.sync().expect(1).number("held");
    assert!(held >= 30);
    Tree::read(&here.destination()).must_equal(&before);
    here.larder(&["sync", "--once", "--confirm-removals", &held.to_string()]).run().expect(0);
    repaired(&here);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_deep_audit_disturbs_neither_tokens_nor_the_catalog() {
    let here = mirrored(usual());
    here.add(NewPhoto::default());
    let list = || here.larder(&["ls", "--json"]).run().expect(0).stdout;
    let before = list();
    audit(&here, &["--deep"], 1);
    assert_eq!(list(), before);
    here.control().reset_counters();
    assert_eq!(here.sync().expect(0).number("fetched"), 1);
    let asked = here.control().counters().requests_to("ck.");
    assert!(asked <= 2, "the next run goes on from its own token: {asked}");
}

#[test]
fn long_runs_of_empty_pages_and_bare_records_change_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 150, awkward: true, albums: 4, ..usual() });
    here.control().photos(|photos| {
        photos.quirks().empty_delta_pages = 40;
        photos.quirks().bare_relations = true;
        photos.quirks().bare_tombstones = true;
        photos.quirks().relations_first = true;
    });
    here.sync().expect(0);
    let asset = assets(&here)[0].clone();
    here.change(Mutation::Purge { asset });
    here.sync().expect(0);
    audit(&here, &["--deep"], 0);
}

#[test]
fn counters_that_are_wrong_are_a_reason_to_look_deep() {
    let here = mirrored(usual());
    here.control().photos(|photos| photos.quirks().count_off_by = 3);
    let told = audit(&here, &[], 1);
    assert!(told.of("counter").len() >= 2, "{:#}", told.0["findings"]);
    let found = told.of("counter").into_iter().find(|f| f["item"] == "photos").unwrap().clone();
    let reason = text(&found, "reason");
    assert!(
        reason.contains("iCloud's counter says") && reason.contains("counters are often off"),
        "{reason}"
    );
    assert_eq!(text(&found, "action"), "`larder audit --deep` tells");
    let told = audit(&here, &["--deep"], 0);
    assert!(told.of("counter-off").len() >= 2 && told.of("counter").is_empty());
}

#[test]
fn a_counter_that_is_refused_costs_the_others_nothing() {
    let here = mirrored(usual());
    let body = r#"{"serverErrorCode":"BAD_REQUEST","reason":"Index has invalid data"}"#.to_owned();
    let refused = Fault::Status { status: 400, headers: vec![], body };
    here.control().add_fault(Rule::new("query/batch", refused.clone()).times(1));
    let told = audit(&here, &[], 0);
    assert!(told.of("uncounted").is_empty());
    here.control().add_fault(Rule::new("query/batch", refused));
    let told = audit(&here, &[], 0);
    assert!(text(told.of("uncounted")[0], "reason").contains("no such list"));
    assert_eq!(told.line(0, "photos")[0], None);
    assert!(here.control().counters().requests_to("ck.private.internal") < 40);
}

#[test]
fn a_photo_that_is_still_uploading_is_no_fault_of_the_mirror() {
    let here = mirrored(usual());
    let asset = here.add(NewPhoto { kind: PhotoKind::Live, pending: true, ..NewPhoto::default() });
    here.sync().expect(0);
    for arguments in [&[][..], &["--deep"]] {
        let told = audit(&here, arguments, 0);
        let waiting = told.of("waiting");
        assert!(!waiting.is_empty() && waiting.iter().all(|f| f["record"] == asset.as_str()));
        assert!(text(waiting[0], "action").contains("waits for the device to upload it"));
    }
    here.change(Mutation::FinishUpload { asset, silent: true });
    repaired(&here);
}

#[test]
fn a_first_run_that_was_stopped_is_told() {
    let here = TestEnvironment::signed_in(usual());
    here.control().add_fault(Rule::new("records/query", Fault::Reset { after: None }).nth(2, 1, None));
    here.sync().expect(5);
    here.control().clear_faults();
    let told = audit(&here, &["--deep"], 1);
    assert!(told.one("not-listed").2.contains("listed by the next run"));
    repaired(&here);
}

#[test]
fn a_library_that_came_since_is_found_by_a_deep_audit() {
    let here = mirrored(usual());
    here.change(Mutation::OpenSharedLibrary { role: SharedRole::Participant });
    audit(&here, &[], 0);
    let told = audit(&here, &["--deep"], 1);
    let (item, _, action) = told.one("unknown-library");
    assert_eq!((item.as_str(), action.as_str()), ("Shared Library", "listed by the next run"));
    repaired(&here);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_library_that_is_gone_is_told_and_nothing_is_touched() {
    let here = mirrored(LibrarySpec { shared_library: SharedRole::Participant, ..usual() });
    let before = Tree::read(&here.destination());
    let zone = here.inventory().zones[1].name.clone();
    here.change(Mutation::RemoveZone { zone });
    for arguments in [&[][..], &["--deep"]] {
        let told = audit(&here, arguments, 1);
        assert!(told.one("library-gone").2.contains("nothing on disk is touched"));
    }
    here.sync().expect(0);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn while_icloud_is_indexing_nothing_is_concluded() {
    let here = mirrored(usual());
    let asset = assets(&here)[0].clone();
    unseen(&here, vec![Mutation::Purge { asset }]);
    here.control().photos(|photos| photos.quirks().indexing_running = true);
    let told = audit(&here, &["--deep"], 1);
    assert!(told.one("indexing").1.contains("RUNNING, 42 %"));
    assert!(told.of("gone").iter().all(|f| !text(f, "reason").contains("never")), "{:#}", told.0);
}

#[test]
fn without_icloud_the_rest_is_told_all_the_same() {
    let here = mirrored(usual());
    here.control().add_fault(Rule::new("ck.", Fault::Reset { after: None }));
    let told = audit(&here, &["--deep"], 5);
    assert!(told.0["icloud_error"].is_string() && told.0["complete"] == false);
    let [icloud, catalog, disk] = told.line(0, "photos");
    assert!(icloud.is_none() && catalog == disk && catalog > Some(0));
    assert!(told.differences().is_empty());
    here.control().clear_faults();

    // Trouble in the middle of the history concludes nothing from what did not come.
    here.control().add_fault(Rule::new("changes/zone", Fault::Reset { after: None }).nth(2, 1, None));
    let told = audit(&here, &["--deep"], 5);
    assert!(told.of("gone").is_empty() && told.differences().is_empty());
    here.control().clear_faults();

    here.control().expire_sessions(Loss::Trust);
    let told = audit(&here, &[], 3);
    assert_eq!(told.line(0, "photos"), [None, catalog, disk]);
    let ran = here.larder(&["audit"]).run().expect(3);
    assert!(ran.stderr.contains("larder login") && ran.stdout.contains("Unknown"), "{}", ran.stdout);
}

#[test]
fn before_the_first_run_there_is_nothing_to_audit() {
    let here = TestEnvironment::signed_in(usual());
    let ran = here.larder(&["audit"]).run().expect(2);
    assert!(ran.stderr.contains("larder sync --once"), "{}", ran.stderr);
    assert_eq!(here.control().counters().requests_to(""), 0);
    assert!(!here.state_dir().join("state.redb").exists());

    // A run that got no further than to create the state knows nothing of iCloud, and that is not complete.
    here.control().add_fault(Rule::new("ck.", Fault::Reset { after: None }));
    here.sync().expect(5);
    here.control().clear_faults();
    assert!(audit(&here, &[], 1).one("unknown-library").2.contains("next run"));
    repaired(&here);
}
