//! What the first listing of a large library costs.

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Inventory, Sizes};

use crate::environment::TestEnvironment;

/// Photos of one page of a list.
const PAGE: usize = 100;

/// Members of one page of an album: each comes with its relation.
const ALBUM_PAGE: usize = 66;

#[test]
fn the_first_listing_costs_hardly_more_than_its_pages() {
    let library =
        LibrarySpec { assets: 10_000, albums: 50, folders: 5, sizes: Sizes::Tiny, ..LibrarySpec::default() };
    let here = TestEnvironment::signed_in(library);
    let inventory = here.inventory();
    // All that a run asks of iCloud before the first body.
    let ran = here.larder(&["sync", "--once", "--json", "--dry-run"]).run().expect(0);
    assert!(ran.number("to_fetch") > 10_000);

    let counters = here.control().counters();
    let pages = pages(&inventory);
    let most = (pages * 105).div_ceil(100) + 20;
    let requests = counters.requests_to("ck.");
    assert!(requests <= most as u64, "{requests} requests for {pages} pages: {:?}", counters.by_label);
    let bytes = counters.bytes_from("ck.");
    assert!(bytes <= 10_000 * 1_200, "{bytes} bytes of answers");
    assert_eq!(counters.requests("content"), 0);
}

/// Full pages of the lists of visible and hidden photos and of each album.
fn pages(inventory: &Inventory) -> usize {
    let zone = &inventory.zones[0];
    let living = || zone.assets.iter().filter(|asset| !asset.deleted);
    let visible = living().filter(|asset| !asset.hidden).count();
    let hidden = living().filter(|asset| asset.hidden).count();
    let of_albums: usize = zone
        .albums
        .iter()
        .filter(|album| !album.folder && !album.deleted)
        .map(|album| album.members.len().div_ceil(ALBUM_PAGE).max(1))
        .sum();
    visible.div_ceil(PAGE) + hidden.div_ceil(PAGE) + of_albums
}
