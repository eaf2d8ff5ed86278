//! B2: `kill -9` at random moments, for as long as wanted: `LARDER_KILLS=500 cargo test --test it kills -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};

use super::stage::CONNECTIONS;
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging, sha256};

/// Runs that are killed before one may end.
const IN_A_ROW: u64 = 5;

const KINDS: [PhotoKind; 5] =
    [PhotoKind::Heic, PhotoKind::Live, PhotoKind::Edited, PhotoKind::LiveJpeg, PhotoKind::Jpeg];

/// Random changes, the same for the same seed.
pub(super) struct Person {
    pub(super) dice: u64,
    pub(super) photos: u64,
}

impl Person {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % n
    }

    fn pick(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap()
    }

    /// A new photo; now and then one that is too large to come in one piece.
    fn photo(&mut self) -> NewPhoto {
        self.photos += 1;
        let size = if self.below(6) == 0 { 700_000 } else { 500 + self.below(4_000) };
        NewPhoto {
            kind: KINDS[self.pick(KINDS.len())],
            name: Some(format!("IMG_{}.JPG", 10_000 + self.photos)),
            date_ms: Some(1_700_000_000_000 + i64::try_from(self.below(200)).unwrap() * 43_200_000),
            size: Some(size),
            ..NewPhoto::default()
        }
    }

    pub(super) fn change(&mut self, here: &TestEnvironment) {
        let zone = here.inventory().zones.swap_remove(0);
        let living: Vec<_> = zone.assets.iter().filter(|asset| !asset.deleted).collect();
        let albums: Vec<_> = zone.albums.iter().filter(|album| !album.folder && !album.deleted).collect();
        let asset = living[self.pick(living.len())].record_name.clone();
        let album = albums[self.pick(albums.len())].record_name.clone();
        let mutation = match self.below(9) {
            0 => Mutation::Edit { asset },
            1 => Mutation::Delete { asset },
            2 => Mutation::SetHidden { asset, on: self.below(2) == 0 },
            3 => Mutation::SetDate { asset, date_ms: self.photo().date_ms, time_zone_offset: None },
            4 => Mutation::MoveToShared { asset, soft: false },
            5 => Mutation::AddMember { album, asset },
            6 => Mutation::RenameAlbum { album, name: Some(format!("Album {}", self.below(1_000_000))) },
            _ => Mutation::AddPhoto(self.photo()),
        };
        let now = here.control().now_ms();
        // A member twice, a second edit of what is on its way elsewhere: what makes no sense changes nothing.
        let _refused = here.control().photos(|photos| photos.mutate(mutation, now));
    }
}

#[test]
#[ignore = "runs for as long as LARDER_KILLS says"]
fn b2_kills_at_random_moments() {
    let wanted: u64 = std::env::var("LARDER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    let here = TestEnvironment::signed_in(LibrarySpec {
        shared_library: SharedRole::Owner,
        ..LibrarySpec::default()
    });
    here.write_job(&format!("[network]\nconnections = {CONNECTIONS}"));
    here.control().set_latency(Duration::from_millis(4));
    let mut person = Person { dice: 20_260_101, photos: 0 };
    for number in 0..5 {
        let name = Some(format!("Album {number}"));
        here.change(Mutation::AddAlbum { name, parent: None, folder: false });
    }
    for _ in 0..120 {
        let photo = person.photo();
        here.add(photo);
    }
    let (mut kills, mut early, mut checks, mut seen) = (0, 0, 0, BTreeSet::new());
    // How long a run takes that nobody kills; kills fall into that time.
    let mut span = 1_500;
    while kills < wanted {
        for _ in 0..IN_A_ROW {
            (0..=person.below(4)).for_each(|_| person.change(&here));
            let mut run = here.larder(&["sync", "--once", "--confirm-removals", "1000000"]).start();
            std::thread::sleep(Duration::from_millis(10 + person.below(span)));
            early += u64::from(run.has_ended());
            run.kill();
            kills += 1;
        }
        let begun = Instant::now();
        here.larder(&["sync", "--once", "--confirm-removals", "1000000"]).run().expect(0);
        span = u64::try_from(begun.elapsed().as_millis()).unwrap().clamp(60, 2_000);
        compare(&here);
        nothing_is_left_in_staging(&here.destination());
        seen.extend(contents(&here));
        checks += 1;
    }
    let fetched = here.content_requests();
    let again = fetched.saturating_sub(seen.len() as u64);
    println!(
        "{kills} kills ({early} of runs that had ended), {checks} comparisons without a difference; {fetched} files \
         fetched, {} different ones, {again} fetched again: {:.2} a kill",
        seen.len(),
        precise(again) / precise(kills)
    );
    let most = kills * (CONNECTIONS + 1);
    assert!(again <= most, "{again} fetched again, at most {most}");
}

/// Holds the mirror against iCloud. With a difference, what happened is told as well.
pub(super) fn compare(here: &TestEnvironment) {
    let same = std::panic::catch_unwind(|| {
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    });
    if let Err(difference) = same {
        println!("{}", here.larder(&["history", "--limit", "100000"]).run().stdout);
        for asset in here.inventory().zones.iter().flat_map(|zone| &zone.assets) {
            println!(
                "{:?} deleted {} hidden {}: {}",
                asset.file_name, asset.deleted, asset.hidden, asset.record_name
            );
        }
        std::panic::resume_unwind(difference);
    }
}

/// Contents of the mirror and the attic.
pub(super) fn contents(here: &TestEnvironment) -> impl Iterator<Item = String> {
    let own = here.destination().join(".larder");
    let attic = own.join("attic");
    let counts = move |(path, _): &(PathBuf, Vec<u8>)| !path.starts_with(&own) || path.starts_with(&attic);
    bytes_below(&here.destination()).into_iter().filter(counts).map(|(_, bytes)| sha256(&bytes))
}

pub(super) fn precise(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}
