//! Photos and Drive in one job: the trouble of one is told as its own, and leaves the other alone.

use std::fs;

use icloud_sim::photos::NewPhoto;
use icloud_sim::{Fault, Rule};
use serde_json::{Value, json};

use super::{DriveEnvironment, furnish};
use crate::environment::Ran;
use crate::oracle;
use crate::tree::Tree;

/// A job with both parts, of which nothing is here yet.
fn both() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    for _ in 0..3 {
        here.0.add(NewPhoto::default());
    }
    let apple_id = here.0.control().account(|account| account.apple_id.clone());
    let text = format!(
        "[account]\napple_id = \"{apple_id}\"\n[photos]\ndestination = {:?}\nkeep_free = \"0\"\n\
         [drive]\ndestination = {:?}\nkeep_free = \"0\"\n",
        here.0.destination(),
        here.destination()
    );
    fs::write(here.0.job_file(), text).unwrap();
    here
}

/// The summary in the text of a part.
fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let (_, rest) =
        text.split_once(&format!("{title}\n")).unwrap_or_else(|| panic!("no {title} in:\n{text}"));
    rest.split("\niCloud ").next().unwrap()
}

fn refused(status: u16) -> Fault {
    Fault::Status { status, headers: vec![], body: String::new() }
}

#[test]
fn a_part_whose_service_refuses_is_told_and_the_other_is_mirrored_whole() {
    let cases = [
        ("ck.", 503, 5),
        ("ck.", 403, 5),
        ("ck.", 421, 5),
        ("drive.", 503, 5),
        ("drive.", 403, 5),
        ("drive.", 421, 5),
        // Of an account for which no device has to agree.
        ("drive.", 423, 5),
    ];
    std::thread::scope(|scope| {
        for (on, status, code) in cases {
            scope.spawn(move || {
                let here = both();
                here.0.control().add_fault(Rule::new(on, refused(status)));
                one_part_fails(&here, on == "drive.", code);
            });
        }
    });
}

/// One line names the part that is in trouble.
#[track_caller]
fn told(ran: &Ran, title: &str) {
    let lines: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(lines.len() == 1 && lines[0].starts_with(&format!("error: {title}: ")), "{}", ran.stderr);
}

fn one_part_fails(here: &DriveEnvironment, drive_fails: bool, code: i32) {
    let ran = here.0.sync().expect(code);
    let json = ran.json();
    let (photos, drive) = (&json, &json["drive"]);
    assert_eq!((&photos["part"], &drive["part"]), (&json!("photos"), &json!("drive")));
    let (failed, well) = if drive_fails { (drive, photos) } else { (photos, drive) };
    let error = failed["error"].as_str().unwrap_or_else(|| panic!("no error in:\n{}", ran.stdout));
    assert_eq!((&failed["complete"], &failed["fetched"]), (&json!(false), &json!(0)));
    assert_eq!((&well["complete"], &well["error"]), (&json!(true), &Value::Null), "{}", ran.stdout);
    let (title, other) =
        if drive_fails { ("iCloud Drive", "iCloud Photos") } else { ("iCloud Photos", "iCloud Drive") };
    told(&ran, title);
    if drive_fails {
        Tree::read(&here.0.destination()).must_hold(&oracle::mirror_of(&here.0.inventory()));
        assert!(here.tree().files.is_empty());
    } else {
        here.must_hold();
        assert!(Tree::read(&here.0.destination()).files.is_empty());
    }
    let status = here.0.larder(&["status", "--json"]).run().expect(0).json();
    let of_failed = if drive_fails { &status["drive"] } else { &status };
    assert_eq!(of_failed["missing"], 0, "nothing is known of it: {status}");
    let text = here.0.larder(&["sync", "--once"]).run().expect(code);
    told(&text, title);
    let stopped = section(&text.stdout, title);
    assert!(stopped.contains("Stopped") && stopped.contains(error), "{}", text.stdout);
    assert!(section(&text.stdout, other).contains("Up to date"), "{}", text.stdout);
    here.0.control().clear_faults();
    here.0.sync().expect(0);
    here.must_hold();
    Tree::read(&here.0.destination()).must_hold(&oracle::mirror_of(&here.0.inventory()));
}

#[test]
fn of_two_troubles_both_are_told_and_the_worse_is_the_exit_code() {
    let here = both();
    // A file that cannot be had is less than photos that are refused.
    here.0.control().add_fault(Rule::new("ck.", refused(403)));
    here.0.control().add_fault(Rule::new("drive.package", Fault::Gone));
    let ran = here.0.sync().expect(5);
    let json = ran.json();
    assert!(json["error"].is_string(), "{}", ran.stdout);
    assert_eq!((&json["drive"]["error"], &json["drive"]["failed"]), (&Value::Null, &json!(1)));
    // What a person has to settle goes before a service that refuses.
    here.0.control().account(|account| account.advanced_protection = true);
    let ran = here.0.sync().expect(3);
    let json = ran.json();
    assert!(json["error"].is_string() && json["drive"]["error"].is_string(), "{}", ran.stdout);
    for title in ["iCloud Photos", "iCloud Drive"] {
        assert!(ran.stderr.contains(&format!("error: {title}: ")), "{}", ran.stderr);
    }
}
