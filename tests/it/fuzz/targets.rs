//! Each reader of what others wrote, as a function from bytes: it may refuse them, and must neither panic nor believe what
//! would do harm. Plain functions, so that any fuzzer can call them.

use std::path::Path;

use clap::Parser as _;
use larder::cli::Args;
use larder::config::paths::Places;
use larder::config::{Job, Layout, LayoutFacts, NameRules, Photos};
use larder::http::SignedUrl;
use larder::icloud::cloudkit::Record;
use larder::icloud::photos::{Decoded, decode, member_of};
use larder::icloud::session::Store;
use larder::model::{Area, ZoneId};
use larder::sync::plan;
use larder::tree::{RelPath, name};

/// Records of a page, an array of them or a single one: decoded, and planned as a run would.
pub(crate) fn records(bytes: &[u8]) {
    let many = serde_json::from_slice::<Vec<Record>>(bytes);
    let one = || serde_json::from_slice::<Record>(bytes).map(|record| vec![record]);
    let policy = Photos::defaults("/mirror".into());
    let zone = ZoneId { area: Area::Private, name: "PrimarySync".into(), owner: None, zone_type: None };
    let mut last_master = None;
    for record in many.or_else(|_| one()).into_iter().flatten() {
        match decode(record) {
            Decoded::Master { master, urls, .. } => {
                file_name(master.filename.as_deref().unwrap_or_default().as_bytes());
                assert!(!format!("{urls:?}").contains("canary"), "an address shows itself");
                last_master = Some(master);
            }
            Decoded::Asset { asset, .. } => {
                let _verdict = plan::judge(&asset, last_master.as_ref(), &zone, &policy);
            }
            Decoded::Album(album) => file_name(album.name.unwrap_or_default().as_bytes()),
            Decoded::Gone { record } | Decoded::Broken { record, .. } => {
                let _member = member_of(&record);
            }
            Decoded::Member(_) | Decoded::Ignored { .. } => {}
        }
    }
}

/// A name that somebody gave to a photo or an album: what is made of it is one component that every disk takes.
pub(crate) fn file_name(bytes: &[u8]) {
    let raw = String::from_utf8_lossy(bytes);
    for rules in [NameRules::Posix, NameRules::Windows] {
        let Some(legal) = name::legal(&raw, rules) else { continue };
        let (stem, extension) = name::split_ext(&legal);
        for made in [legal.clone(), name::with_suffix(stem, " (2)", extension), name::with_mark(stem, "x")] {
            assert!(!made.contains(['/', '\0', '\n', '\r', '\u{1b}', '\u{202e}']), "{made:?} from {raw:?}");
            assert!(!matches!(made.as_str(), "" | "." | ".."), "{made:?} from {raw:?}");
        }
        let path = RelPath::parse(&format!("2024/{legal}"));
        assert!(path.is_ok_and(|path| path.components().count() == 2), "{legal:?} from {raw:?}");
        let _folded = name::fold(&legal);
    }
}

/// A path of the mirror, as the state or a person has it: taken only when it stays below the destination.
pub(crate) fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(path) = RelPath::parse(&text) else { return };
    let harmless = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['/', '\0']);
    assert!(path.components().all(harmless), "{text:?}");
    assert!(Path::new("/mirror").join(path.as_str()).starts_with("/mirror"), "{text:?}");
    assert_eq!(path.as_str(), text, "a path is taken as it is or not at all");
}

/// A job file: read whole or refused with the place; what it says is within bounds.
pub(crate) fn job_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let places = Places::from_lookup(|name| (name == "HOME").then(|| "/home/you".into())).unwrap();
    match Job::parse(&text, Path::new("/home/you/config.toml"), &places) {
        Ok(job) => {
            assert!(job.photos.destination.is_absolute() && job.state_dir.is_absolute());
            assert!((1..=64).contains(&job.network.connections));
            assert!(job.photos.modes.file.is_none_or(|mode| mode & 0o7111 == 0));
            assert!(!format!("{job:?}").contains("you@example.com"), "the Apple ID shows itself");
            for dir in job.photos.albums.path.dirs() {
                assert!(RelPath::parse(dir).is_ok(), "{dir:?}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An album path and patterns, within a job file that is otherwise right.
pub(crate) fn album_path(bytes: &[u8]) {
    let text = toml::Value::from(String::from_utf8_lossy(bytes).into_owned());
    job_file(
        format!(
            "[account]\napple_id = \"you@example.com\"\n[photos]\ndestination = \"/mirror\"\n[photos.albums]\n\
             path = {text}\ninclude = [{text}]\nexclude = [{text}]\n"
        )
        .as_bytes(),
    );
}

/// A layout: every folder that it makes lies below the destination.
pub(crate) fn layout(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(layout) = Layout::parse(&text) else { return };
    let times = ["0001-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-30T00:00:00Z"];
    for time in
        times.map(|time| time.parse::<jiff::Timestamp>().unwrap().to_zoned_datetime(jiff::tz::TimeZone::UTC))
    {
        for (created, library) in [(Some(&time), ""), (None, "../../etc"), (Some(&time), "Shared Library")] {
            let facts = LayoutFacts { created, added: Some(&time), library };
            // What is made of the parts is legal, as for every other name.
            layout.folder(&facts).iter().for_each(|part| file_name(part.as_bytes()));
        }
    }
    assert_eq!(Layout::parse(&layout.to_string()).as_ref(), Ok(&layout), "{text:?}");
}

/// A session file: read, or refused without a word of it.
pub(crate) fn session_file(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    std::fs::write(&path, bytes).unwrap();
    match Store::new(&path).remembered() {
        Ok(remembered) => assert!(!format!("{remembered:?}").contains("canary")),
        Err(error) => assert!(!format!("{error} {error:?}").contains("canary"), "{error}"),
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "reading changes nothing");
}

/// Command lines, a word a line.
pub(crate) fn arguments(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _parsed = Args::try_parse_from(std::iter::once("larder").chain(text.lines()));
}

/// A download address: taken from Apple's records alone, and never shown whole.
pub(crate) fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match SignedUrl::parse(&text) {
        Ok(url) => {
            let _expiry = url.expires_at();
            // Scheme and host are shown, and nothing behind them.
            let plain = url.expose();
            let shown = format!("{}://{}/…", plain.scheme(), plain.host_str().unwrap_or_default());
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.clone(), format!("SignedUrl({shown})")));
        }
        Err(error) => assert!(!format!("{error} {error:?}").contains("canary")),
    }
}
