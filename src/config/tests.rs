//! The job file against its example, its errors and its limits.

use std::path::Path;

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::keys::KEYS;
use super::paths::Places;
use super::*;
use crate::model::Part;

const MINIMAL: &str = "[account]\napple_id = \"you@example.com\"\n[photos]\ndestination = \"/mnt/photos\"\n";

fn places() -> Places {
    Places::from_lookup(|name| (name == env_vars::HOME).then(|| "/home/you".into())).unwrap()
}

fn parse(text: &str) -> Result<Job, ConfigError> {
    Job::parse(text, Path::new("/etc/larder/config.toml"), &places())
}

/// The message for `line` written into `section` of a job file that is otherwise right.
fn message(section: &str, line: &str) -> String {
    let key = line.trim_start().split(' ').next().unwrap_or_default();
    let lines = |name, usual: &str| match usual {
        usual if section != name => usual.to_owned(),
        usual if usual.starts_with(key) => format!("{line}\n"),
        usual => format!("{line}\n{usual}"),
    };
    let text = format!(
        "{}[account]\n{}[photos]\n{}[network]\n{}[removed]\n{}[verify]\n{}[drive]\n{}{}",
        lines("", ""),
        lines("account", "apple_id = \"you@example.com\"\n"),
        lines("photos", "destination = \"/mnt/photos\"\n"),
        lines("network", ""),
        lines("removed", ""),
        lines("verify", ""),
        lines("drive", "destination = \"/mnt/drive\"\n"),
        if ["photos.albums", "schedule", "notify", "notify.email", "page"].contains(&section) {
            format!("[{section}]\n{line}\n")
        } else {
            String::new()
        },
    );
    parse(&text).unwrap_err().to_string()
}

/// The example, with the key that it only shows, so that two copies of it never share a state directory.
fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    std::fs::read_to_string(path).unwrap().replace("# state_dir = ", "state_dir = ")
}

#[test]
fn a_minimal_file_gives_the_defaults() {
    let job = parse(MINIMAL).unwrap();
    assert_eq!(job.name, "config");
    assert_eq!(job.state_dir, places().state_dir("config"));
    assert_eq!(job.photos, Photos::defaults("/mnt/photos".into()));
    assert_eq!(job.network, Network::default());
    assert_eq!(job.account.apple_id.expose_secret(), "you@example.com");
}

#[test]
fn the_example_shows_every_key_with_its_default_and_no_other() {
    let job = parse(&example()).unwrap();
    assert_eq!(job.photos, Photos::defaults("/home/you/iCloud/Photos".into()));
    assert_eq!(job.drive, Some(Drive::defaults("/home/you/iCloud/Drive".into())));
    assert_eq!(job.removed, Removed::default());
    assert_eq!(job.network, Network::default());
    assert_eq!(job.verify, Verify::default());
    assert_eq!(job.schedule, Schedule::default());
    assert_eq!(job.state_dir, Path::new("/home/you/.local/state/larder/config"));

    let table: toml::Table = example().parse().unwrap();
    for (section, keys) in KEYS {
        let parts = section.split('.').filter(|part| !part.is_empty());
        let found = parts.fold(&table, |table, part| table[part].as_table().unwrap());
        let found: Vec<_> = found.iter().filter(|(_, value)| !value.is_table()).map(|(key, _)| key).collect();
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        assert_eq!(found, keys, "[{section}]");
    }
    let tables = |table: &toml::Table| table.values().filter(|value| value.is_table()).count();
    let below: usize = table.values().filter_map(toml::Value::as_table).map(tables).sum();
    assert_eq!(tables(&table) + below, KEYS.len() - 1);
}

#[test]
fn every_key_of_the_example_is_read() {
    // A value that no key takes: whoever reads the key must complain about it by name.
    for (section, keys) in KEYS {
        for key in keys {
            let message = message(section, &format!("{key} = 1979-05-27"));
            assert!(message.contains(&format!("`{}` must be", keys::dotted(section, key))), "{message}");
        }
    }
}

#[test]
fn every_value_can_be_chosen() {
    let text = "state_dir = \"state\"\n[account]\napple_id = \"+15550100\"\n[photos]\n\
        destination = \"~/p\"\nlibraries = [\"shared\"]\nlayout = \"{library}/{name}\"\ntime_zone = \"UTC\"\n\
        names = \"windows\"\nlive_photos = \"video\"\nedited = false\noriginals = false\nraw = false\nbursts = false\nhidden = false\n\
        stills = false\nvideos = false\nscreenshots = false\nfrom = \"2020-01-02\"\nuntil = \"2020-01-02\"\nfile_mode = \"0640\"\ndir_mode = \"2750\"\nkeep_free = \"2MB\"\n\
        albums = { view = \"playlist\", path = \"x/y/{album}/{name}\", include = [\"a*\"], \
        exclude = [\"b\", \"c\"], smart = [\"live\", \"slo-mo\"] }\n[removed]\npolicy = \"delete\"\nkeep_for = \"7d\"\nstop_above = \"12\"\n[network]\nconnections = 0x40\n";
    let job = parse(text).unwrap();
    assert_eq!(job.state_dir, Path::new("/etc/larder/state"));
    let expected = Photos {
        destination: "/home/you/p".into(),
        libraries: Libraries { personal: false, shared: true },
        layout: Layout::parse("{library}/{name}").unwrap(),
        time_zone: ZoneRule::Fixed(jiff::tz::TimeZone::UTC),
        names: NameRules::Windows,
        live_photos: LivePhotos::Video,
        edited: false,
        originals: false,
        raw: false,
        bursts: false,
        hidden: false,
        stills: false,
        videos: false,
        screenshots: false,
        from: Some(jiff::civil::date(2020, 1, 2)),
        until: Some(jiff::civil::date(2020, 1, 2)),
        modes: Modes { file: Some(0o640), dir: Some(0o2750) },
        keep_free: 2_000_000,
        albums: Albums {
            view: AlbumView::Playlist,
            path: job.photos.albums.path.clone(),
            include: Patterns::read(&["a*"]).unwrap(),
            exclude: Patterns::read(&["b", "c"]).unwrap(),
            smart: vec![SmartAlbum::Live, SmartAlbum::SloMo],
        },
    };
    assert_eq!(job.photos.albums.path.to_string(), "x/y/{album}/{name}");
    assert_eq!(job.photos, expected);
    let removed = Removed { policy: Policy::Delete, keep_days: 7, stop_above: StopAbove::Files(12) };
    assert_eq!(job.removed, removed);
    assert_eq!(job.network.connections, 64);
}

#[test]
fn a_mistake_is_named_with_its_place_and_what_would_be_right() {
    for (section, line, expected) in [
        ("", "stat_dir = \"x\"", "1:1: unknown key `stat_dir`; did you mean `state_dir`?"),
        ("", "destination = \"x\"", "1:1: unknown key `destination`; did you mean `photos.destination`?"),
        ("photos", "layuot = \"x\"", "4:1: unknown key `photos.layuot`; did you mean `photos.layout`?"),
        ("photos", "  zebra = 1", "4:3: unknown key `photos.zebra`"),
        ("account", "password = \"hunter2\"", "2:1: unknown key `account.password`"),
        ("photos", "edited = \"yes\"", "4:10: `photos.edited` must be true or false, not a text"),
        (
            "photos",
            "names = \"window\"",
            "4:9: `photos.names` must be \"posix\" or \"windows\", not \"window\"; did you mean \"windows\"?",
        ),
        (
            "photos",
            "from = \"2020\"",
            "4:8: `photos.from` must be a day such as \"2024-06-30\", or empty for no limit, not \"2020\"",
        ),
        (
            "photos",
            "from = \"2020-02-01\"\nuntil = \"2020-01-31\"",
            "5:9: `photos.until` must be no day before `photos.from`",
        ),
        (
            "photos",
            "live_photos = true",
            "4:15: `photos.live_photos` must be a text in quotes, not true or false",
        ),
        (
            "photos",
            "live_photos = \"none\"",
            "4:15: `photos.live_photos` must be \"both\", \"photo\" or \"video\", not \"none\"",
        ),
        (
            "photos",
            "libraries = \"shared\"",
            "4:13: `photos.libraries` must be a list in brackets, not a text",
        ),
        (
            "photos",
            "libraries = []",
            "4:13: `photos.libraries` must have at least one of \"personal\" or \"shared\"",
        ),
        (
            "photos",
            "libraries = [\"shared\", 5]",
            "4:24: `photos.libraries` must be a list of texts in quotes, not a whole number",
        ),
        ("photos", "libraries = [\"shared\", \"shared\"]", "4:24: `photos.libraries` has \"shared\" twice"),
        (
            "photos",
            "libraries = [\"Personal\"]",
            "4:14: `photos.libraries` must be \"personal\" or \"shared\", not \"Personal\"; did you mean \"personal\"?",
        ),
        (
            "photos",
            "layout = \"{created}/{name}\"",
            "4:10: `photos.layout` has `{created}` without a format; write `{created:%Y/%m}` (at character 1)",
        ),
        (
            "photos",
            "time_zone = \"Mars/Olympus\"",
            "4:13: `photos.time_zone` must be \"photo\", \"UTC\" or the name of a time zone that this system knows, such as \"Europe/Berlin\", not \"Mars/Olympus\"",
        ),
        (
            "photos",
            "destination = \"~other/x\"",
            "4:15: `photos.destination` must have `/` after `~`; other people's home directories are not looked up",
        ),
        ("network", "connections = 65", "6:15: `network.connections` must be a whole number from 1 to 64"),
        ("network", "connections = -1", "6:15: `network.connections` must be a whole number from 1 to 64"),
        (
            "network",
            "connections = 1.5",
            "6:15: `network.connections` must be a whole number from 1 to 64, not a number with a fraction",
        ),
        (
            "photos",
            "albums = { veiw = \"off\" }",
            "4:12: unknown key `photos.albums.veiw`; did you mean `photos.albums.view`?",
        ),
        (
            "photos",
            "albums = { view = \"sym-link\" }",
            "4:19: `photos.albums.view` must be \"hardlink\", \"symlink\", \"copy\", \"reflink\", \"playlist\" or \"off\", \
             not \"sym-link\"; did you mean \"symlink\"?",
        ),
        (
            "photos",
            "albums = \"off\"",
            "4:10: `photos.albums` must be a section `[photos.albums]`, not a text",
        ),
        ("photos", "album = 1", "4:1: unknown key `photos.album`; did you mean `photos.albums`?"),
        (
            "photos",
            "albums = { path = \"2024/{album}/{name}\" }",
            "4:19: `photos.albums.path` begins with `2024`, where photos may lie by the layout; begin it otherwise",
        ),
        (
            "photos",
            "albums = { exclude = [\"a\", \"[\"] }",
            "4:28: `photos.albums.exclude` has the pattern \"[\": unclosed character class; missing ']'",
        ),
        (
            "photos",
            "albums = { smart = [\"favorites\"] }",
            "4:21: `photos.albums.smart` must be \"favourites\", \"videos\", \"live\", \"panoramas\", \"slo-mo\", \
             \"time-lapse\", \"screenshots\", \"portrait\", \"long-exposure\", \"animated\" or \"bursts\", not \
             \"favorites\"; did you mean \"favourites\"?",
        ),
        (
            "account",
            "apple_id = \"a b\"",
            "2:12: `account.apple_id` must be an e-mail address or a phone number, without blanks",
        ),
    ] {
        let message = message(section, line);
        let (place, what) = expected.split_once(": ").unwrap();
        let (line_number, column) = place.split_once(':').unwrap();
        let expected = format!("Line {line_number}, column {column} of `/etc/larder/config.toml`: {what}");
        assert_eq!(message, expected, "[{section}] {line}");
    }
}

#[test]
fn a_schedule_is_one_of_three() {
    let schedule = |text: &str| parse(&format!("{MINIMAL}[schedule]\n{text}\n")).map(|job| job.schedule.rule);
    let at = |hours: i8| jiff::civil::Time::constant(hours, 0, 0, 0);
    let days = vec![jiff::civil::Weekday::Saturday];
    let two = "at = [\"15:00\", \"03:00\"]\ndays = [\"sat\"]";
    assert_eq!(schedule(two).unwrap(), Rule::At { times: vec![at(3), at(15)], days });
    assert_eq!(schedule("every = \"6h\"").unwrap(), Rule::Every(jiff::SignedDuration::from_hours(6)));
    assert_eq!(schedule("cron = \"0 3 * * *\"").unwrap(), Rule::Cron("0 3 * * *".into()));
    for wrong in ["every = \"6h\"\ncron = \"0 3 * * *\"", "at = []", "at = \"3\"", "time_zone = \"x\""] {
        assert!(schedule(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_section_must_be_one() {
    let error = parse("network = 5").unwrap_err().to_string();
    let what = "`network` must be a section `[network]`, not a whole number";
    assert_eq!(error, format!("Line 1, column 11 of `/etc/larder/config.toml`: {what}"));
}

#[test]
fn what_must_be_there_is_asked_for() {
    let error = parse("[photos]\ndestination = \"/x\"\n").unwrap_err().to_string();
    assert_eq!(
        error,
        "The job file `/etc/larder/config.toml` has no `account.apple_id`; write \
         `apple_id = \"you@example.com\"` below `[account]`"
    );
    let error = parse("[account]\napple_id = \"you@example.com\"\n").unwrap_err().to_string();
    assert!(error.contains("has no `photos.destination`"), "{error}");
    let error = Job::load(Path::new("/nonexistent/config.toml")).unwrap_err().to_string();
    assert!(error.starts_with("There is no job file `/nonexistent/config.toml`"), "{error}");
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_place() {
    let error = parse("[account]\napple_id = you@example.com\n").unwrap_err();
    assert!(matches!(&error, ConfigError::Syntax { at, .. } if at.line == 2), "{error:?}");
    let twice = parse(&format!("{MINIMAL}destination = \"/other\"\n")).unwrap_err();
    assert!(matches!(&twice, ConfigError::Syntax { at, .. } if at.line == 5), "{twice:?}");
}

#[test]
fn state_and_mirror_may_not_lie_in_each_other() {
    for state_dir in ["/mnt/photos", "/mnt/photos/state", "/mnt"] {
        let error = parse(&format!("state_dir = \"{state_dir}\"\n{MINIMAL}")).unwrap_err();
        assert!(matches!(error, ConfigError::Nested { .. }), "{state_dir}: {error:?}");
    }
    assert!(parse(&format!("state_dir = \"/mnt/photos-state\"\n{MINIMAL}")).is_ok());
    for (drive, fine) in [("/mnt/photos/x", false), ("/mnt", false), ("state/x", false), ("/mnt/drive", true)]
    {
        let text = format!("state_dir = \"state\"\n{MINIMAL}[drive]\ndestination = \"{drive}\"\n");
        assert_eq!(parse(&text).is_ok(), fine, "{drive}");
    }
}

#[test]
fn a_job_has_photos_or_drive_or_both() {
    let account = "[account]\napple_id = \"you@example.com\"\n";
    let alone = parse(&format!("{account}[drive]\ndestination = \"~/d\"\n")).unwrap();
    assert_eq!(alone.parts(), [Part::Drive]);
    assert_eq!(alone.destination(Part::Drive), Path::new("/home/you/d"));
    assert_eq!(parse(MINIMAL).unwrap().parts(), [Part::Photos]);
    let text = "libraries = [\"Pages\"]\ninclude = [\"/Work/\"]\nexclude = [\"*.tmp\"]\nmax_size = \"4GB\"\n\
        names = \"windows\"\nfile_mode = \"0640\"\ndir_mode = \"0750\"\nkeep_free = \"0\"\nfull_listing = \"2d\"\n";
    let both = parse(&format!("{MINIMAL}[drive]\ndestination = \"/d\"\n{text}")).unwrap();
    assert_eq!(both.parts(), Part::ALL);
    let expected = Drive {
        destination: "/d".into(),
        libraries: Patterns::read(&["Pages"]).unwrap(),
        include: Ignore::read(&["/Work/"]).unwrap(),
        exclude: Ignore::read(&["*.tmp"]).unwrap(),
        max_size: Some(4_000_000_000),
        names: NameRules::Windows,
        modes: Modes { file: Some(0o640), dir: Some(0o750) },
        keep_free: 0,
        full_listing_days: 2,
    };
    assert_eq!(both.drive, Some(expected));
    let error = parse(&format!("{MINIMAL}[drive]\nexclude = []\n")).unwrap_err().to_string();
    assert!(error.contains("has no `drive.destination`"), "{error}");
}

#[test]
fn neither_the_job_nor_an_error_shows_the_apple_id() {
    let secret = "jdoe-secret";
    let job = parse(&MINIMAL.replace("you@example.com", secret)).unwrap();
    assert!(!format!("{job:?}").contains(secret));
    for broken in [
        format!("apple_id = \"{secret} x\""),
        format!("apple_id = {secret}"),
        format!("apple_id = [\"{secret}\"]"),
    ] {
        let error = parse(&format!("[account]\n{broken}\n[photos]\ndestination = \"/x\"\n")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        // Whatever it is, it is read or refused.
        drop(parse(&text));
    }

    #[test]
    fn no_value_panics(
        at in 0..KEYS.len(),
        which in any::<proptest::sample::Index>(),
        value in "(\"[^\"\\\\]{0,20}\"|[0-9a-fx_.-]{1,9}|\\[(\"[a-z]{0,9}\",?){0,3}\\]|true|\\{ a = 1 \\}|\"\\{[a-z]{0,7}:?[%A-Za-z/]{0,5}\\}/\\{name\\}\")",
    ) {
        let (section, keys) = KEYS[at];
        let line = format!("{} = {value}", which.get(keys));
        let text = if section.is_empty() { format!("{line}\n{MINIMAL}") } else { format!("[{section}]\n{line}\n") };
        if let Err(error) = parse(&text) {
            let message = error.to_string();
            prop_assert!(message.contains("/etc/larder/config.toml") || message.contains("lie in each other"), "{message}");
        }
    }
}
