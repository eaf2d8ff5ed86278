//! A drive of thousands of files with everything that was ever seen or feared to trouble a client.

use icloud_sim::drive::DriveSpec;

use super::DriveEnvironment;

#[test]
fn five_thousand_files_in_six_hundred_folders_come_home() {
    let here = DriveEnvironment::with(DriveSpec {
        files: 5_000,
        folders: 600,
        packages: 60,
        libraries: 4,
        depth: 6,
        awkward: true,
        seed: 7,
        ..DriveSpec::default()
    });
    here.0.control().reset_counters();
    let ran = here.0.sync();
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    println!("{} {}", ran.stdout, ran.stderr);
    let folders = here.0.control().drive_inventory().folders.len() as u64 + 1;
    let depth = 7;
    println!("{} listings for {folders} folders", here.listings());
    assert!(
        here.listings() <= folders.div_ceil(20) * 11 / 10 + depth + 3 + 8,
        "{} listings",
        here.listings()
    );
    here.must_hold();
    let before = here.tree();
    here.0.control().reset_counters();
    let ran = here.0.sync();
    assert_eq!(ran.number("fetched"), 0, "{}", ran.stdout);
    here.tree().must_equal(&before);
}
