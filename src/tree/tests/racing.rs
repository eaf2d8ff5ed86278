//! C4: other programs at work between larder's look and its act.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use super::super::{Access, Facts, Finish, TreeError};
use super::{Destination, names, rel};

fn today() -> Date {
    "2026-11-23".parse().unwrap()
}

/// Tells another thread to end, also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What larder saw of the file at `path`, after which `act` happens.
fn seen_then(destination: &Destination, path: &str, act: impl FnOnce()) -> Facts {
    let facts = destination.root.stat(&rel(path)).unwrap().unwrap();
    act();
    facts
}

#[test]
fn c4_a_file_that_is_edited_before_it_is_kept_is_kept_as_it_is_now() {
    let destination = Destination::new();
    destination.place("old", "a.jpg").unwrap();
    let path = rel("a.jpg");
    let old = seen_then(&destination, "a.jpg", || fs::write(destination.path("a.jpg"), "edited").unwrap());
    let (kept, still_there) = destination.root.keep(&path, &old, today()).unwrap();
    assert!(still_there);
    assert_eq!(destination.read(kept.as_str()), "edited");
}

#[test]
fn c4_a_file_that_is_swapped_between_the_copy_for_the_attic_and_the_exchange_is_kept_too() {
    // Programs that save by renaming put another file there at any instant.
    let destination = Destination::new();
    destination.place("old", "a.jpg").unwrap();
    let done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut written = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let text = format!("theirs {}", written.len());
                fs::write(destination.path("theirs"), &text).unwrap();
                fs::rename(destination.path("theirs"), destination.path("a.jpg")).unwrap();
                written.push(text);
            }
            written
        });
        let end = Ends(&done);
        for number in 0..60 {
            let staging = destination.staged("cd", &format!("ours {number}"));
            match destination.root.replace(staging, &rel("a.jpg"), today(), Finish::default()) {
                Ok(_) => {}
                // Linux links no file that is being replaced in that instant: the item is tried again by the next run.
                Err(TreeError::Io { .. }) => destination.root.discard("cd").unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
        drop(end);
        other.join().unwrap()
    });
    // Whatever larder found in its way is in the attic, whole, and nothing of larder's own is lost but what they replaced.
    for name in names(&destination.path(".larder/attic/2026-11-23")) {
        let text = destination.read(&format!(".larder/attic/2026-11-23/{name}"));
        assert!(text == "old" || text.starts_with("ours ") || written.contains(&text), "{name}: {text}");
    }
    assert_eq!(destination.incoming(), [""; 0]);
    let last = destination.read("a.jpg");
    assert!(last.starts_with("ours ") || written.contains(&last), "{last}");
}

#[test]
#[cfg(target_os = "linux")]
fn c4_what_is_exchanged_for_a_file_while_that_is_replaced_is_lost_by_nobody() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    // The other one keeps whatever it takes away, so that all that anybody wrote is somewhere in the end.
    let destination = Destination::new();
    let kept = tempfile::tempdir_in(destination.path("..")).unwrap();
    destination.place("old", "a.jpg").unwrap();
    let done = AtomicBool::new(false);
    let mut written = vec!["old".to_owned()];
    let theirs = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (mut written, target) = (Vec::new(), destination.path("a.jpg"));
            while !done.load(Ordering::Relaxed) {
                let (text, name) =
                    (format!("theirs {}", written.len()), kept.path().join(written.len().to_string()));
                fs::write(&name, &text).unwrap();
                // Fails in the instants in which nothing has that name.
                let _absent = renameat_with(CWD, &name, CWD, &target, RenameFlags::EXCHANGE);
                written.push(text);
            }
            written
        });
        let end = Ends(&done);
        for number in 0..60 {
            let text = format!("ours {number}");
            match destination.root.replace(
                destination.staged("cd", &text),
                &rel("a.jpg"),
                today(),
                Finish::default(),
            ) {
                Ok(_) => written.push(text),
                Err(TreeError::Io { .. }) => destination.root.discard("cd").unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
        drop(end);
        other.join().unwrap()
    });
    let attic = destination.path(".larder/attic/2026-11-23");
    let mut there = vec![destination.read("a.jpg")];
    for dir in [attic.as_path(), kept.path()] {
        there.extend(names(dir).iter().map(|name| fs::read_to_string(dir.join(name)).unwrap()));
    }
    for text in written.iter().chain(&theirs) {
        assert!(there.contains(text), "`{text}` is nowhere");
    }
    assert_eq!(destination.incoming(), [""; 0]);
}

#[test]
fn c4_a_link_in_the_place_of_a_file_is_never_followed() {
    let destination = Destination::new();
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    destination.place("old", "a.jpg").unwrap();
    let path = rel("a.jpg");
    let old = seen_then(&destination, "a.jpg", || {
        fs::remove_file(destination.path("a.jpg")).unwrap();
        symlink(&precious, destination.path("a.jpg")).unwrap();
    });
    // What is kept is the link itself, or nothing; what it leads to stays out of reach.
    if let Ok((kept, _)) = destination.root.keep(&path, &old, today()) {
        assert!(destination.path(kept.as_str()).symlink_metadata().unwrap().is_symlink());
    }
    let root = &destination.root;
    let staged = destination.staged("cd", "new");
    assert!(matches!(
        root.replace(staged, &path, today(), Finish::default()),
        Err(TreeError::InTheWay { .. })
    ));
    assert!(matches!(root.retire(&path, today()), Err(TreeError::InTheWay { .. })));
    assert!(root.refinish(&path, Finish::default()).is_err());
    assert!(root.relocate(&path, &rel("b.jpg"), Access::Shared).is_err());
    assert!(root.link(&path, &rel("c.jpg")).is_err());
    assert!(root.hash(&path, false).is_err());
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(fs::metadata(&precious).unwrap().permissions(), {
        fs::write(outside.path().join("other"), "").unwrap();
        fs::metadata(outside.path().join("other")).unwrap().permissions()
    });
    for made in ["b.jpg", "c.jpg"] {
        assert!(destination.path(made).symlink_metadata().is_err(), "{made}");
    }
}

#[test]
fn c4_a_name_that_is_taken_in_the_last_instant_is_never_replaced() {
    let destination = Destination::new();
    std::thread::scope(|scope| {
        // They win or larder does.
        let take = |number: &u32| {
            let path = destination.path(&format!("{number}.jpg"));
            let won = fs::File::create_new(&path).is_ok();
            if won {
                fs::write(&path, "theirs").unwrap();
            }
            won
        };
        let other = scope.spawn(move || (0..200).rev().filter(take).collect::<Vec<u32>>());
        let mut ours = Vec::new();
        for number in 0..200 {
            match destination.place("ours", &format!("{number}.jpg")) {
                Ok(_) => ours.push(number),
                Err(TreeError::AlreadyThere { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let theirs = other.join().unwrap();
        for number in ours {
            assert!(!theirs.contains(&number), "{number} is of both");
            assert_eq!(destination.read(&format!("{number}.jpg")), "ours");
        }
        for number in theirs {
            assert_eq!(destination.read(&format!("{number}.jpg")), "theirs");
        }
    });
}

#[test]
fn c4_a_directory_that_is_swapped_for_a_link_all_the_time_leads_nothing_out() {
    let destination = Destination::new();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(destination.path("year")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _moved = fs::rename(destination.path("year"), destination.path("aside"));
                let _linked = symlink(outside.path(), destination.path("year"));
                let _gone = fs::remove_file(destination.path("year"));
                let _back = fs::rename(destination.path("aside"), destination.path("year"));
            }
        });
        let end = Ends(&done);
        let mut refused = 0;
        for number in 0..300 {
            match destination.place("x", &format!("year/{number}.jpg")) {
                Ok(_) => {}
                Err(TreeError::Link { .. } | TreeError::InTheWay { .. } | TreeError::Io { .. }) => {
                    refused += 1;
                    destination.root.discard("ab").unwrap();
                }
                Err(error) => panic!("{error}"),
            }
            let _gone = destination.root.prune(&rel(&format!("year/{number}.jpg")).parent());
        }
        drop(end);
        println!("{refused} of 300 were refused");
    });
    assert_eq!(names(outside.path()), [""; 0], "nothing may be written outside of the destination");
}
