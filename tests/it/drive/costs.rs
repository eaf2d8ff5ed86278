//! What a run costs, in requests.

use icloud_sim::drive::{Drive, ROOT};

use super::DriveEnvironment;

/// Folders in one listing request.
const BATCH: u64 = 20;

fn furnish(drive: &mut Drive, breadth: usize, files: usize) -> (u64, u64) {
    let (mut folders, mut level) = (1, vec![ROOT.to_owned()]);
    let depth: u64 = 3;
    for at in 0..depth {
        let mut next = Vec::new();
        for above in &level {
            for n in 0..breadth {
                next.push(drive.add_folder(above, &format!("level {at} folder {n}")).unwrap());
            }
        }
        folders += next.len() as u64;
        level = next;
    }
    for (n, folder) in level.iter().enumerate().take(files) {
        drive.add_file(folder, &format!("{n}.txt"), format!("{n}").as_bytes()).unwrap();
    }
    (folders, depth)
}

#[test]
fn a_crawl_costs_a_request_for_twenty_folders_and_a_run_without_news_no_file() {
    let here = DriveEnvironment::new();
    let (folders, depth) = here.drive(|drive| furnish(drive, 6, 30));
    here.sync();
    here.must_hold();
    let most = folders.div_ceil(BATCH) * 11 / 10 + depth + 3;
    assert!(here.listings() <= most, "{} requests for {folders} folders", here.listings());

    let ran = here.sync();
    assert!(here.listings() <= folders / BATCH + depth + 3, "{} requests", here.listings());
    assert_eq!(ran.number("calls"), here.listings() + here.0.control().counters().requests("setup.validate"));

    // One file in one folder: that folder again, in full.
    let folder = here.drive(|drive| drive.find(&["level 0 folder 3", "level 1 folder 2"]).unwrap());
    here.drive(|drive| drive.add_file(&folder, "new", "new").unwrap());
    let before = here.listings();
    here.sync();
    here.must_hold();
    assert!(here.listings() <= before + 4 && here.bodies() == 1, "{} requests", here.listings());
}
