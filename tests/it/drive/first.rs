//! The first run, and the run after it.

use icloud_sim::drive::{ListedSize, NewItem, ROOT, SharedBy, Signatures};

use super::{DriveEnvironment, furnish};

#[test]
fn everything_comes_home_and_a_second_run_fetches_nothing() {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    let ran = here.sync();
    here.must_hold();
    assert_eq!((ran.number("fetched"), ran.number("failed")), (16, 0), "{}", ran.stdout);
    assert_eq!(here.bodies(), 15, "an empty file needs no request");
    assert_eq!(
        ran.number("proven"),
        15,
        "all but the package, of which nobody knows what its signature is of"
    );

    let before = here.tree();
    let ran = here.sync();
    assert_eq!((here.bodies(), ran.number("fetched")), (0, 0));
    assert_eq!(here.0.control().counters().requests("drive.download/batch"), 0);
    here.tree().must_equal(&before);
    let ran = here.0.larder(&["sync", "--once"]).run().expect(0);
    assert!(ran.stdout.starts_with("Up to date "), "{}", ran.stdout);
}

#[test]
fn signatures_that_fit_no_rule_are_kept_with_size_and_a_hash_of_our_own() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        drive.quirks().signatures = Signatures::Opaque;
        for n in 0..30 {
            drive.add_file(ROOT, &format!("{n}.txt"), format!("text {n}").as_bytes()).unwrap();
        }
    });
    let ran = here.sync();
    here.must_hold();
    assert_eq!(ran.number("proven"), 0);
    assert!(ran.number("not_provable") + ran.number("disputed") == 30, "{}", ran.stdout);
    here.drive(|drive| drive.add_file(ROOT, "later.txt", "later").unwrap());
    let ran = here.sync();
    assert_eq!((ran.number("not_provable"), here.bodies()), (1, 1), "the rule is known not to hold");
}

#[test]
fn names_that_disks_do_not_take_or_take_for_one_come_all_the_same() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        let raw = |name: &str| NewItem::raw(icloud_sim::drive::Kind::File, name, name.as_bytes());
        for name in
            ["a:b", "line\nbreak", "CON", "dots...", "Case", "case", "\u{e9}", "e\u{301}", "日本語", "👨‍👩‍👧"]
        {
            drive.add(ROOT, raw(name)).unwrap();
        }
        drive.add(ROOT, raw(&"ü".repeat(140)).extension("txt")).unwrap();
        drive.add(ROOT, raw("").extension("gitignore")).unwrap();
        drive.add(ROOT, raw("\u{200b}")).unwrap();
        for name in ["Twin", "twin", ".larder", "with/slash"] {
            let folder = drive.add(ROOT, NewItem::raw(icloud_sim::drive::Kind::Folder, name, "")).unwrap();
            drive.add_file(&folder, "inside.txt", name.as_bytes()).unwrap();
        }
    });
    let ran = here.sync();
    assert_eq!((ran.number("fetched"), ran.number("failed")), (17, 0), "{}", ran.stdout);
    here.must_hold();
    let before = here.tree();
    here.0.lose_state();
    let ran = here.sync();
    assert_eq!((ran.number("adopted"), here.bodies()), (17, 0), "{}", ran.stdout);
    here.tree().must_equal(&before);
}

#[test]
fn sizes_that_are_not_told_or_not_true_stop_nothing() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        let file = |name: &str, content: &str| NewItem::file(name, content);
        drive.add(ROOT, file("absent and empty", "").listed(ListedSize::Absent)).unwrap();
        drive.add(ROOT, file("null and empty", "").listed(ListedSize::Null)).unwrap();
        drive.add(ROOT, file("absent and not empty", "text").listed(ListedSize::Absent)).unwrap();
        drive
            .add(ROOT, file("edited.numbers", "PK\u{3}\u{4}in the browser").listed(ListedSize::Wrong(3)))
            .unwrap();
    });
    let ran = here.sync();
    assert_eq!((ran.number("fetched"), ran.number("failed")), (4, 0), "{}", ran.stdout);
    here.must_hold();
    assert_eq!(here.sync().number("fetched"), 0);
}

#[test]
fn a_share_of_ones_own_is_mirrored_and_one_of_somebody_else_as_far_as_icloud_gives_it() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        for (name, by) in [("Mine", SharedBy::Me), ("Theirs", SharedBy::Other)] {
            let folder = drive.add_folder(ROOT, name).unwrap();
            let below = drive.add_folder(&folder, "below").unwrap();
            drive.add_file(&folder, "top.txt", name.as_bytes()).unwrap();
            drive.add_file(&below, "deep.txt", name.as_bytes()).unwrap();
            drive.share(&folder, by).unwrap();
        }
        drive.quirks().own_shares_need_id = true;
    });
    let ran = here.sync();
    assert_eq!((ran.number("fetched"), ran.number("failed")), (2, 0), "{}", ran.stdout);
    let tree = here.tree();
    assert_eq!(tree.files.keys().collect::<Vec<_>>(), ["Mine/below/deep.txt", "Mine/top.txt"]);
    assert!(ran.stdout.contains("shared by someone else"), "{}", ran.stdout);
}

#[test]
fn what_the_job_file_leaves_out_is_not_fetched_and_stays_when_it_was_there() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        furnish(drive);
        let modules = drive.add_folder(ROOT, "node_modules").unwrap();
        drive.add_file(&modules, "x.js", "x").unwrap();
        drive.add_file(ROOT, "a.tmp", "tmp").unwrap();
    });
    here.write_job("exclude = [\"*.tmp\", \"node_modules/\"]\nlibraries = []\nmax_size = \"500kB\"");
    let ran = here.sync();
    assert_eq!(ran.number("fetched"), 13, "{}", ran.stdout);
    let tree = here.tree();
    assert!(!tree.files.keys().chain(tree.dirs.keys()).any(|path| {
        ["tmp", "node_modules", "Pages", "large"].iter().any(|left_out| path.contains(left_out))
    }));
    here.write_job("");
    here.sync();
    here.must_hold();
    let before = here.tree();
    here.write_job("include = [\"/Documents/\"]");
    let ran = here.sync();
    assert_eq!(ran.number("fetched"), 0);
    here.tree().must_equal(&before);
}
