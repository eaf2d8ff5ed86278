//! Which files make up a photo, what is left out, what is still missing.

use Kind::{Alternative, EditedMotion, EditedStill, Motion, Original};

use jiff::civil::{Date, date};

use super::*;
use crate::config::{Libraries, LivePhotos};
use crate::state::{Lies, PlacedFile, Placement, Proof};
use crate::sync::plan::{OutOfScope, Verdict, judge, missing, out_of_scope, wanted_files};

/// What the files of a photo called `IMG_1` would be called.
fn files(asset: &Asset, master: &Master, policy: &Photos) -> Vec<String> {
    wanted_files(asset, master, policy)
        .iter()
        .map(|file| format!("{}{}.{}", file.resource.kind.as_str(), file.suffix, file.extension))
        .collect()
}

#[test]
fn every_kind_of_photo_has_its_files() {
    let live = [(Original, HEIC), (Motion, MOV)];
    let cases: [(&str, Asset, Master, &[&str]); 12] = [
        ("plain photo", asset(&[]), master("IMG_1.HEIC", &[(Original, HEIC)]), &["original.HEIC"]),
        ("plain video", asset(&[]), master("IMG_1.mov", &[(Original, MOV)]), &["original.mov"]),
        ("Live Photo", asset(&[]), master("IMG_1.HEIC", &live), &["original.HEIC", "motion.MOV"]),
        (
            "JPEG with RAW",
            asset(&[]),
            master("IMG_1.JPG", &[(Original, JPEG), (Alternative, DNG)]),
            &["original.JPG", "alternative.DNG"],
        ),
        (
            "RAW with JPEG",
            asset(&[]),
            master("IMG_1.DNG", &[(Original, DNG), (Alternative, JPEG)]),
            &["original.DNG", "alternative.JPG"],
        ),
        (
            "two originals of one type",
            asset(&[]),
            master("IMG_1.jpg", &[(Original, JPEG), (Alternative, JPEG)]),
            &["original.jpg", "alternative-alt.JPG"],
        ),
        (
            "edited photo, whose rendition is HEIC in spite of its field's name",
            edited(&[(EditedStill, HEIC)]),
            master("IMG_1.JPG", &[(Original, JPEG)]),
            &["original.JPG", "edited-edited.HEIC"],
        ),
        (
            "edited Live Photo",
            edited(&[(EditedStill, JPEG), (EditedMotion, MOV)]),
            master("IMG_1.HEIC", &live),
            &["original.HEIC", "motion.MOV", "edited-edited.JPG", "edited-motion-edited.MOV"],
        ),
        (
            "edited video",
            edited(&[(EditedMotion, MOV)]),
            master("IMG_1.MP4", &[(Original, "public.mpeg-4")]),
            &["original.MP4", "edited-motion-edited.MOV"],
        ),
        (
            "slo-mo, an adjustment without rendition",
            Asset { adjustment: Some("com.apple.video.slomo".into()), ..asset(&[]) },
            master("IMG_1.MOV", &[(Original, MOV)]),
            &["original.MOV"],
        ),
        (
            "video whose record has a complement",
            asset(&[]),
            master("IMG_1.MOV", &[(Original, MOV), (Motion, MOV)]),
            &["original.MOV"],
        ),
        (
            "rendition that was left when the edit was undone",
            asset(&[(EditedStill, JPEG)]),
            master("IMG_1.HEIC", &[(Original, HEIC)]),
            &["original.HEIC"],
        ),
    ];
    for (what, asset, master, expected) in cases {
        assert_eq!(files(&asset, &master, &usual()), expected, "{what}");
    }
}

#[test]
fn the_job_file_leaves_files_out() {
    let asset = edited(&[(EditedStill, JPEG), (EditedMotion, MOV)]);
    let live = master("IMG_1.HEIC", &[(Original, HEIC), (Alternative, DNG), (Motion, MOV)]);
    let video = master("IMG_1.MOV", &[(Original, MOV)]);
    let with = |change: fn(&mut Photos)| {
        let mut policy = usual();
        change(&mut policy);
        policy
    };
    let photo = with(|policy| policy.live_photos = LivePhotos::Photo);
    assert_eq!(files(&asset, &live, &photo), ["original.HEIC", "alternative.DNG", "edited-edited.JPG"]);
    assert_eq!(
        files(&asset, &video, &photo),
        ["original.MOV", "edited-edited.JPG", "edited-motion-edited.MOV"],
        "a video is no Live Photo"
    );
    let motion = with(|policy| policy.live_photos = LivePhotos::Video);
    assert_eq!(files(&asset, &live, &motion), ["motion.MOV", "edited-motion-edited.MOV"]);
    let still = master("IMG_1.HEIC", &[(Original, HEIC)]);
    assert_eq!(files(&super::asset(&[]), &still, &motion), ["original.HEIC"], "a plain photo stays");
    let unedited = with(|policy| policy.edited = false);
    assert_eq!(files(&asset, &live, &unedited), ["original.HEIC", "alternative.DNG", "motion.MOV"]);
    let replaced = with(|policy| policy.originals = false);
    assert_eq!(files(&asset, &live, &replaced), ["edited-edited.JPG", "edited-motion-edited.MOV"]);
    assert_eq!(files(&super::asset(&[]), &live, &replaced).len(), 3, "what was never edited is kept");
    let half = edited(&[(EditedStill, JPEG)]);
    assert_eq!(
        files(&half, &live, &replaced),
        ["motion.MOV", "edited-edited.JPG"],
        "nothing stands for the motion"
    );
    let neither = with(|policy| (policy.originals, policy.edited) = (false, false));
    assert_eq!(files(&asset, &live, &neither).len(), 3, "something is always kept");
    let single = with(|policy| policy.raw = false);
    assert!(!files(&asset, &live, &single).contains(&"alternative.DNG".to_owned()));
}

#[test]
fn the_extension_comes_from_the_name_then_from_the_type() {
    let of = |name: &str, uti: &str| files(&asset(&[]), &master(name, &[(Original, uti)]), &usual());
    assert_eq!(of("IMG_1.jpeg", JPEG), ["original.jpeg"]);
    assert_eq!(of("IMG_1", HEIC), ["original.HEIC"]);
    assert_eq!(of("", DNG), ["original.DNG"]);
    assert_eq!(of("Mr. Smith", JPEG), ["original.JPG"], "not every dot begins an extension");
    assert_eq!(of("IMG_1.xyz", "public.unheard-of"), ["original.xyz"]);
    assert_eq!(of("IMG_1", "public.unheard-of"), ["original.bin"], "an unknown type is still a photo");
    let typed = Master { item_type: Some(JPEG.into()), ..master("IMG_1", &[(Original, "")]) };
    assert_eq!(files(&asset(&[]), &typed, &usual()), ["original.JPG"]);
}

#[test]
fn what_the_job_file_leaves_out_is_named_by_its_key() {
    let still = master("IMG_1.HEIC", &[(Original, HEIC)]);
    let video = master("IMG_1.MOV", &[(Original, MOV)]);
    let hidden = Asset { hidden: true, ..asset(&[]) };
    let screenshot = Asset { subtype_v2: 3, ..asset(&[]) };
    let burst = Asset { burst: Some("B".into()), ..asset(&[]) };
    let none = Photos { hidden: false, videos: false, bursts: false, screenshots: false, ..usual() };
    let zone = zone("PrimarySync");
    for (asset, master, why, key) in [
        (&hidden, &still, OutOfScope::Hidden, "hidden"),
        (&asset(&[]), &video, OutOfScope::Video, "videos"),
        (&burst, &still, OutOfScope::Burst, "bursts"),
        (&screenshot, &still, OutOfScope::Screenshot, "screenshots"),
    ] {
        assert_eq!(judge(asset, Some(master), &zone, &none), Verdict::OutOfScope(why));
        assert_eq!(why.key(), key);
        assert!(
            matches!(judge(asset, Some(master), &zone, &usual()), Verdict::Files(files) if files.len() == 1)
        );
    }
    assert!(matches!(judge(&asset(&[]), Some(&still), &zone, &none), Verdict::Files(_)));
    let of = |policy: Photos| out_of_scope(&asset(&[]), &still, &zone, &policy).map(OutOfScope::key);
    assert_eq!(of(Photos { stills: false, ..usual() }), Some("stills"));
    assert_eq!(
        of(Photos { libraries: Libraries { personal: false, shared: true }, ..usual() }),
        Some("libraries")
    );
}

#[test]
fn days_are_those_of_the_place_where_the_photo_was_taken() {
    let still = master("IMG_1.HEIC", &[(Original, HEIC)]);
    let of = |asset: &Asset, from: Option<Date>, until: Option<Date>| {
        let policy = Photos { from, until, ..usual() };
        out_of_scope(asset, &still, &zone("PrimarySync"), &policy).map(OutOfScope::key)
    };
    // 23:30 UTC of 30 June: already July in Berlin.
    let (june, july) = (Some(date(2024, 6, 30)), Some(date(2024, 7, 1)));
    let (utc, berlin) = (asset(&[]), Asset { zone_offset: Some(7200), ..asset(&[]) });
    assert_eq!((of(&utc, june, june), of(&berlin, july, july)), (None, None));
    assert_eq!((of(&utc, july, None), of(&berlin, None, june)), (Some("from"), Some("until")));
    let undated = Asset { asset_date: None, added_date: None, ..asset(&[]) };
    assert_eq!(of(&undated, july, july), None);
}

#[test]
fn an_asset_is_judged_by_what_is_known_of_it() {
    let still = master("IMG_1.HEIC", &[(Original, HEIC)]);
    let known = asset(&[]);
    let name = known.master.clone().unwrap();
    assert_eq!(judge(&known, None, &zone("PrimarySync"), &usual()), Verdict::NeedsMaster(name));
    let orphan = Asset { master: None, ..asset(&[]) };
    assert!(matches!(judge(&orphan, None, &zone("PrimarySync"), &usual()), Verdict::Waiting(_)));
    let unfinished = master("IMG_1.HEIC", &[(Motion, MOV)]);
    assert!(matches!(judge(&known, Some(&unfinished), &zone("PrimarySync"), &usual()), Verdict::Waiting(_)));
    // Deleted goes before everything: nothing is asked for on behalf of what is gone.
    for gone in [Asset { deleted: true, ..asset(&[]) }, Asset { expunged: true, ..asset(&[]) }] {
        assert_eq!(judge(&gone, Some(&still), &zone("PrimarySync"), &usual()), Verdict::Gone);
        assert_eq!(judge(&gone, None, &zone("PrimarySync"), &usual()), Verdict::Gone);
    }
}

#[test]
fn a_file_is_missing_until_it_lies_there_with_the_right_content() {
    let wanted =
        wanted_files(&asset(&[]), &master("IMG_1.HEIC", &[(Original, HEIC), (Motion, MOV)]), &usual());
    let placed = |proof| Placement {
        folder: "2024/06/30".into(),
        stem: "IMG_1".into(),
        files: wanted
            .iter()
            .map(|file| PlacedFile {
                kind: file.resource.kind,
                name: format!("IMG_1.{}", file.extension),
                checksum: file.resource.checksum.clone(),
                size: file.resource.size,
                mtime_ms: None,
                proof,
                lies: Lies::There,
                pinned: false,
                tag: None,
            })
            .collect(),
    };
    let kinds = |placement: Option<&Placement>| -> Vec<Kind> {
        missing(&wanted, placement).iter().map(|file| file.resource.kind).collect()
    };
    assert_eq!(kinds(None), [Original, Motion]);
    assert_eq!(kinds(Some(&placed(None))), [Original, Motion], "reserved, not there");
    let whole = placed(Some(Proof::Proven));
    assert!(kinds(Some(&whole)).is_empty());
    let mut stale = whole.clone();
    stale.files[1].checksum = Checksum::parse("another");
    assert_eq!(kinds(Some(&stale)), [Motion], "edited in iCloud");
    let mut short = whole;
    short.files[0].size -= 1;
    assert_eq!(kinds(Some(&short)), [Original]);
    assert!(kinds(Some(&placed(Some(Proof::Disputed { sha256: [0; 32] })))).is_empty(), "never in a loop");
}
