//! Which folder a photo goes to.

use super::*;
use crate::config::{Layout, NameRules, ZoneRule};
use crate::sync::plan::{folder, library_name, plausible, private_dir};

const SHARED: &str = "SharedSync-11111111-2222-3333-4444-555555555555";

fn path(asset: &Asset, library: &str, policy: &Photos) -> String {
    folder(asset, &zone(library), policy).join("/")
}

fn with_layout(layout: &str) -> Photos {
    Photos { layout: Layout::parse(layout).unwrap(), ..usual() }
}

#[test]
fn the_day_is_that_of_the_photos_own_time_zone() {
    let at = |zone_offset| path(&Asset { zone_offset, ..asset(&[]) }, "PrimarySync", &usual());
    assert_eq!(at(None), "2024/06/30");
    assert_eq!(at(Some(7200)), "2024/07/01");
    assert_eq!(at(Some(-7200)), "2024/06/30");
    let east = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
    let fixed = Photos { time_zone: ZoneRule::Fixed(east), ..usual() };
    let travelled = Asset { zone_offset: Some(-7200), ..asset(&[]) };
    assert_eq!(path(&travelled, "PrimarySync", &fixed), "2024/07/01");
}

#[test]
fn an_absurd_date_gives_way_to_the_next_best() {
    let year_5 = Some(-61_985_000_000_000);
    let far_future = Some(86_532_000_000_000_000);
    let at = |asset_date, added_date, created| {
        path(&Asset { asset_date, added_date, created, ..asset(&[]) }, "PrimarySync", &usual())
    };
    let (added, created) = (Some(1_735_776_000_000), Some(1_533_021_744_816));
    assert_eq!(at(year_5, added, created), "2025/01/02");
    assert_eq!(at(far_future, far_future, created), "2018/07/31");
    assert_eq!(at(None, year_5, None), "undated");
    assert_eq!(at(Some(i64::MIN), Some(i64::MAX), None), "undated");
    assert_eq!(at(Some(-2_208_988_800_000), None, None), "1900/01/01", "old is not absurd");
}

#[test]
fn plausible_dates_end_where_years_say_nothing() {
    let year = |ms| plausible(ms).map(|at| at.to_zoned_datetime(jiff::tz::TimeZone::UTC).year());
    assert_eq!(year(-4_544_208_000_000), Some(1826));
    assert_eq!(year(-4_544_208_000_001), None);
    assert_eq!(year(7_258_118_399_999), Some(2199));
    assert_eq!(year(7_258_118_400_000), None);
}

#[test]
fn shared_and_hidden_photos_have_folders_of_their_own() {
    let hidden = Asset { hidden: true, ..asset(&[]) };
    assert_eq!(path(&asset(&[]), SHARED, &usual()), "Shared Library/2024/06/30");
    assert_eq!(path(&hidden, "PrimarySync1", &usual()), "Hidden/2024/06/30");
    assert_eq!(path(&hidden, SHARED, &usual()), "Shared Library/Hidden/2024/06/30");
    assert_eq!(path(&hidden, "PrimarySync", &with_layout("{name}")), "Hidden");
    assert_eq!(path(&asset(&[]), "PrimarySync", &with_layout("{name}")), "");
    assert_eq!(
        (library_name(&zone(SHARED)), library_name(&zone("PrimarySync"))),
        ("Shared Library", "Personal")
    );
}

#[test]
fn a_layout_that_names_the_library_places_it_itself() {
    let layout = with_layout("{created:%Y}/{library}/{name}");
    assert_eq!(path(&asset(&[]), SHARED, &layout), "2024/Shared Library");
    assert_eq!(path(&asset(&[]), "PrimarySync", &layout), "2024");
}

#[test]
fn folders_are_legal_where_the_mirror_lies() {
    let layout = "{created:%H:%M}/CON/{name}";
    let windows = Photos { names: NameRules::Windows, ..with_layout(layout) };
    assert_eq!(path(&asset(&[]), "PrimarySync", &windows), "23_30/_CON");
    assert_eq!(path(&asset(&[]), "PrimarySync", &with_layout(layout)), "23:30/CON");
    assert_eq!(path(&asset(&[]), "PrimarySync", &with_layout(".larder/{name}")), "_.larder");
}

#[test]
fn the_private_directory_is_the_hidden_one() {
    let dir = |folder| private_dir(folder).map(|dir| dir.to_string());
    assert_eq!(dir("Hidden/2024/06"), Some("Hidden".into()));
    assert_eq!(dir("Shared Library/Hidden"), Some("Shared Library/Hidden".into()));
    assert_eq!(dir("2024/06/30"), None);
    assert_eq!(dir(""), None);
}
