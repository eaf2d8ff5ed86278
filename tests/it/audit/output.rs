//! How an audit is told: for people, as JSON, as CSV.

use std::fs;

use icloud_sim::photos::{Mutation, NewPhoto};
use larder::sync::audit::Difference;

use super::{audit, mirrored, usual};

#[test]
fn json_and_csv_tell_the_same() {
    let here = mirrored(usual());
    fs::write(here.destination().join("a \"quoted\", name\n.txt"), "x").unwrap();
    let album = here.change(Mutation::AddAlbum { name: Some("=1+1".into()), parent: None, folder: false });
    here.add(NewPhoto {
        name: Some("\u{202e}gpj.exe".into()),
        album: Some(album["album"].as_str().unwrap().into()),
        ..NewPhoto::default()
    });
    let told = audit(&here, &["--no-repair"], 1);
    let json: Vec<Difference> = serde_json::from_value(told.0["findings"].clone()).unwrap();
    let csv = here.larder(&["audit", "--no-repair", "--csv"]).run().expect(1).stdout;
    let csv: Vec<Difference> =
        csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect();
    assert!(json.len() > 3, "{json:?}");
    assert_eq!(json, csv);
    here.larder(&["audit", "--csv", "--json"]).run().expect(2);
}

#[test]
fn people_see_a_table_the_differences_and_the_answer() {
    let here = mirrored(usual());
    let text = here.larder(&["audit"]).run().expect(0).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.contains("iCloud") && first.contains("catalog") && first.contains("disk"), "{text}");
    assert!(text.contains("\nComplete        all that iCloud holds"), "{text}");
    assert!(text.contains("--deep"), "{text}");
    let deep = here.larder(&["audit", "--deep"]).run().expect(0).stdout;
    assert!(deep.contains("every record of iCloud was compared"), "{deep}");

    for number in 0..25 {
        fs::write(here.destination().join(format!("foreign {number}.txt")), "x").unwrap();
    }
    let text = here.larder(&["audit"]).run().expect(0).stdout;
    assert!(text.contains("Not larder's: 25\n") && text.contains("\n  15 more ("), "{text}");
    assert_eq!(text.matches("not larder's\n").count(), 10, "{text}");
    let text = here.larder(&["audit", "-v"]).run().expect(0).stdout;
    assert_eq!(text.matches("not larder's\n").count(), 25, "{text}");
    assert_eq!(here.larder(&["audit", "--quiet"]).run().expect(0).stdout, "");
}
