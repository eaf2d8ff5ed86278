//! What the files of a photo are called.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use Kind::{Alternative, EditedMotion, EditedStill, Motion, Original};
use proptest::prelude::*;

use super::*;
use crate::config::NameRules;
use crate::sync::plan::{Spot, Wanted, base_name, choose_names, names_for, wanted_files};
use crate::tree::RelPath;
use crate::tree::name::{fold, legal};

/// Names chosen in a folder in which `taken` lies: name to spot.
fn choose(asset: &Asset, master: &Master, there: &[(&str, Spot)]) -> Option<Vec<String>> {
    let wanted = wanted_files(asset, master, &usual());
    let there: HashMap<String, Spot> = there.iter().map(|(name, spot)| (fold(name), *spot)).collect();
    let spot =
        |name: &str, _: &Wanted| Ok::<_, Infallible>(there.get(&fold(name)).copied().unwrap_or(Spot::Free));
    let stem = base_name(asset, master, NameRules::Posix);
    let Ok(names) = choose_names(&asset.record, &stem, &wanted, spot);
    names.map(|names| names.files)
}

fn live() -> Master {
    master("IMG_1.HEIC", &[(Original, HEIC), (Motion, MOV)])
}

#[test]
fn the_first_comer_has_the_plain_name_and_later_ones_the_mark_of_their_asset() {
    let still = master("IMG_1.HEIC", &[(Original, HEIC)]);
    let name = |there: &[(&str, Spot)]| choose(&asset(&[]), &still, there).map(|names| names.concat());
    let (short, long) = ("IMG_1-4D86C5B2.HEIC", "IMG_1-4D86C5B20F0B4C0B9C2C8C6E3C1D2E3F.HEIC");
    assert_eq!(name(&[]).as_deref(), Some("IMG_1.HEIC"));
    assert_eq!(name(&[("img_1.heic", Spot::Taken)]).as_deref(), Some(short), "a disk may ignore case");
    assert_eq!(name(&[("IMG_1.HEIC", Spot::Taken), (short, Spot::Taken)]).as_deref(), Some(long));
    let all = ["IMG_1.HEIC", short, long].map(|name| (name, Spot::Taken));
    assert_eq!(name(&all), None);
}

#[test]
fn a_live_photo_beside_a_separate_video_stays_together() {
    let names = choose(&asset(&[]), &live(), &[("IMG_1.MOV", Spot::Taken)]).unwrap();
    assert_eq!(names, ["IMG_1-4D86C5B2.HEIC", "IMG_1-4D86C5B2.MOV"]);
}

#[test]
fn files_that_are_there_already_keep_their_names() {
    let marked = [("IMG_1-4D86C5B2.HEIC", Spot::Same)];
    assert_eq!(
        choose(&asset(&[]), &live(), &marked).unwrap()[0],
        "IMG_1-4D86C5B2.HEIC",
        "though the plain one is free"
    );
    let both = [("IMG_1.HEIC", Spot::Same), ("IMG_1-4D86C5B2.HEIC", Spot::Same)];
    let names = choose(&asset(&[]), &live(), &both).unwrap();
    assert_eq!(names[0], "IMG_1-4D86C5B2.HEIC", "the plain one is of another photo with this content");
    let maybe = [("IMG_1.HEIC", Spot::Maybe)];
    let same_as_well = [("IMG_1-4D86C5B2.HEIC", Spot::Same), maybe[0]];
    assert_eq!(choose(&asset(&[]), &live(), &maybe).unwrap()[0], "IMG_1.HEIC", "to be compared");
    assert_eq!(choose(&asset(&[]), &live(), &same_as_well).unwrap()[0], "IMG_1-4D86C5B2.HEIC");
    let half = [("IMG_1.HEIC", Spot::Same), ("IMG_1.MOV", Spot::Taken)];
    assert_eq!(choose(&asset(&[]), &live(), &half).unwrap()[0], "IMG_1-4D86C5B2.HEIC", "all files or none");
}

#[test]
fn what_cannot_be_looked_at_is_an_error_and_not_a_free_name() {
    let wanted = wanted_files(&asset(&[]), &live(), &usual());
    assert_eq!(
        choose_names(&asset(&[]).record, "IMG_1", &wanted, |_, _| Err("unreadable")),
        Err("unreadable")
    );
}

#[test]
fn a_photo_without_a_name_is_called_after_its_asset() {
    let named = |asset: &Asset, name: &str| base_name(asset, &master(name, &[]), NameRules::Posix);
    for nothing in ["", "///", "..", "\u{202E}"] {
        assert_eq!(named(&asset(&[]), nothing), "4D86C5B20F0B", "{nothing:?}");
    }
    let odd = Asset { record: "not a UUID".into(), ..asset(&[]) };
    let name = named(&odd, "");
    assert!(name.len() == 12 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    assert_ne!(name, named(&Asset { record: "not a UUID either".into(), ..asset(&[]) }, ""));
}

#[test]
fn hostile_names_stay_within_their_folder() {
    let named = |name: &str, rules| base_name(&asset(&[]), &master(name, &[]), rules);
    assert_eq!(named("../../etc/passwd", NameRules::Posix), ".._.._etc_passwd");
    assert_eq!(named(".larder.d", NameRules::Posix), ".larder");
    assert_eq!(named("NUL.JPG", NameRules::Windows), "_NUL");
    let own = choose(&asset(&[]), &master(".larder", &[(Original, HEIC)]), &[]);
    assert_eq!(own.unwrap(), ["_.larder"], "larder's own directory");
    assert_eq!(named("Zoe\u{308}.jpg", NameRules::Posix), "Zo\u{eb}");
}

#[test]
fn a_name_of_255_bytes_makes_room_for_every_suffix() {
    let all = edited(&[(EditedStill, JPEG), (EditedMotion, MOV)]);
    let long = format!("{}.HEIC", "ü".repeat(125));
    let names =
        choose(&all, &master(&long, &[(Original, HEIC), (Motion, MOV)]), &[(&long, Spot::Taken)]).unwrap();
    assert_eq!(names.len(), 4);
    for name in &names {
        assert!(name.len() <= 255, "{} bytes", name.len());
    }
    assert!(names[2].ends_with("-edited.JPG") && names[3].ends_with("-edited.MOV"), "{names:?}");
}

#[test]
fn an_image_called_like_its_own_video_gets_two_names() {
    let odd = master("IMG_1.MOV", &[(Original, HEIC), (Motion, MOV)]);
    assert_eq!(choose(&asset(&[]), &odd, &[]).unwrap(), ["IMG_1.MOV", "IMG_1-motion.MOV"]);
}

#[test]
fn a_rendition_that_comes_later_joins_its_photo() {
    let wanted = wanted_files(&edited(&[(EditedStill, JPEG)]), &live(), &usual());
    let names = names_for("IMG_1-4D86C5B2", "", &wanted);
    assert_eq!(names.files, ["IMG_1-4D86C5B2.HEIC", "IMG_1-4D86C5B2.MOV", "IMG_1-4D86C5B2-edited.JPG"]);
    assert_eq!(names.stem, "IMG_1-4D86C5B2");
}

/// Any photo: any name, any resources, of types that are known, unknown or absent.
fn any_photo() -> impl Strategy<Value = (Asset, Master)> {
    let name = prop_oneof![
        "\\PC{0,12}(\\.[A-Za-z0-9]{1,5})?",
        "[a-z./\\\\ ]{0,300}",
        "[ü☃]{100,140}\\.(MOV|JPG|heic)",
        Just("CON.MOV".to_owned()),
    ];
    let uti = proptest::sample::select(vec![HEIC, JPEG, DNG, MOV, "public.mpeg-4", "public.unheard-of", ""]);
    let resources = proptest::collection::vec(uti, 5);
    let record = prop_oneof!["[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}", "\\PC{1,20}"];
    (name, resources, proptest::collection::vec(any::<bool>(), 5), record).prop_map(
        |(name, utis, there, record)| {
            let some = |kinds: &[Kind]| -> Vec<(Kind, &str)> {
                let index = |kind: Kind| Kind::ALL.iter().position(|other| *other == kind).unwrap();
                kinds
                    .iter()
                    .filter(|kind| there[index(**kind)])
                    .map(|kind| (*kind, utis[index(*kind)]))
                    .collect()
            };
            let master = master(&name, &some(&[Original, Alternative, Motion]));
            (Asset { record, ..edited(&some(&[EditedStill, EditedMotion])) }, master)
        },
    )
}

proptest! {
    #[test]
    fn names_are_legal_and_no_two_of_a_photo_are_one((asset, master) in any_photo(), on_windows: bool, taken in 0_usize..3) {
        let rules = if on_windows { NameRules::Windows } else { NameRules::Posix };
        let policy = Photos { names: rules, ..usual() };
        let wanted = wanted_files(&asset, &master, &policy);
        let stem = base_name(&asset, &master, rules);
        let mut refused = HashSet::new();
        let chosen = choose_names(&asset.record, &stem, &wanted, |name, file| {
            // So many names of the first file are taken.
            let first = file.resource.kind == wanted[0].resource.kind;
            if first && refused.len() < taken {
                refused.insert(fold(name));
            }
            Ok::<_, Infallible>(if refused.contains(&fold(name)) { Spot::Taken } else { Spot::Free })
        });
        let Ok(Some(names)) = chosen else { return Err(TestCaseError::fail("no name")) };
        prop_assert_eq!(names.files.len(), wanted.len());
        for name in &names.files {
            prop_assert!(RelPath::parse(name).is_ok_and(|path| !path.is_larders_own()), "{name:?}");
            let again = legal(name, rules);
            prop_assert_eq!(again.as_ref(), Some(name));
        }
        let distinct: HashSet<String> = names.files.iter().map(|name| fold(name)).collect();
        prop_assert_eq!(distinct.len(), names.files.len(), "{:?}", names.files);
    }

    #[test]
    fn deciding_twice_gives_the_same((asset, master) in any_photo()) {
        let policy = usual();
        let decide = || {
            let wanted = wanted_files(&asset, &master, &policy);
            let stem = base_name(&asset, &master, policy.names);
            let names = choose_names(&asset.record, &stem, &wanted, |_, _| Ok::<_, Infallible>(Spot::Free));
            (wanted, names.unwrap())
        };
        prop_assert_eq!(decide(), decide());
    }

    #[test]
    fn folders_are_legal_whatever_the_record_says(
        dates: [Option<i64>; 3], zone_offset: Option<i32>, hidden: bool, shared: bool, on_windows: bool,
    ) {
        let [asset_date, added_date, created] = dates;
        let asset = Asset { asset_date, added_date, created, zone_offset, hidden, ..asset(&[]) };
        let names = if on_windows { NameRules::Windows } else { NameRules::Posix };
        let zone = zone(if shared { "SharedSync-1" } else { "PrimarySync" });
        let folder = super::super::folder(&asset, &zone, &Photos { names, ..usual() }).join("/");
        prop_assert!(RelPath::parse(&folder).is_ok(), "{folder:?}");
    }
}
