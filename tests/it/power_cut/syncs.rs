//! Whole runs, in this process, on a state whose disk loses power. The mirror's disk does not: what is tried is that a run
//! believes no more than it may of what the state still knows.

use std::sync::Arc;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use larder::clock::SystemClock;
use larder::config::Job;
use larder::event::Silent;
use larder::http::{self, Settings};
use larder::icloud::session::{Account, Endpoints, Store, USER_AGENT};
use larder::model::Part;
use larder::secret::Passwords;
use larder::sync::run::{Edges, Finished, Options, run};
use secrecy::ExposeSecret as _;

use super::disk::{Dice, Disk};
use super::open;
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// A person's computer, run from within.
struct Inside<'a> {
    here: &'a TestEnvironment,
    job: Arc<Job>,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Inside<'a> {
    fn new(here: &'a TestEnvironment) -> Self {
        let places = larder::config::paths::Places::from_lookup(|name| {
            (name == "HOME").then(|| here.path(".").into_os_string())
        });
        let text = std::fs::read_to_string(here.job_file()).unwrap();
        let job = Arc::new(Job::parse(&text, &here.job_file(), &places.unwrap()).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { here, job, runtime }
    }

    /// One run on the state of that disk; none when the state could not be opened.
    fn sync(&self, disk: &Disk) -> Option<Finished> {
        let state = Arc::new(open(disk).ok()?);
        let endpoint = Some(self.here.endpoint().parse().unwrap());
        let edges = Edges {
            http: http::Client::new(&Settings { endpoint, user_agent: USER_AGENT.to_owned() }).unwrap(),
            store: Store::new(&self.here.state_dir().join("session.json")),
            account: Account::new(self.job.account.apple_id.expose_secret(), Endpoints::global().unwrap()),
            passwords: Passwords::none(),
            clock: Arc::new(SystemClock),
            observer: Arc::new(Silent),
            cancel: tokio_util::sync::CancellationToken::new(),
        };
        Some(self.runtime.block_on(run(self.job.clone(), Part::Photos, state, edges, Options::default())))
    }
}

#[test]
fn b3_whole_runs_converge_when_the_state_loses_what_was_not_synced() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 40, albums: 4, ..LibrarySpec::default() });
    let inside = Inside::new(&here);
    let (mut disk, dice) = (Disk::default(), &mut Dice(2_026));
    let mut cuts = 0;
    for round in 0..14_u64 {
        let kind = if round % 2 == 0 { PhotoKind::Edited } else { PhotoKind::Live };
        let asset = here.add(NewPhoto { kind, ..NewPhoto::default() });
        let living = here.inventory().zones[0].assets.iter().find(|asset| !asset.deleted).unwrap().clone();
        match round % 3 {
            0 => drop(here.change(Mutation::Edit { asset })),
            1 => drop(here.change(Mutation::Delete { asset: living.record_name })),
            _ => drop(here.change(Mutation::SetHidden { asset, on: true })),
        }
        disk.cut_after(1 + dice.below(if round == 0 { 400 } else { 60 }));
        let finished = inside.sync(&disk);
        let cut = disk.is_cut();
        cuts += u64::from(cut);
        let told_done = finished.is_some_and(|finished| finished.error.is_none());
        disk = disk.after_the_cut(dice);
        here.control().reset_counters();
        let finished =
            inside.sync(&disk).unwrap_or_else(|| panic!("round {round}: the state cannot be opened"));
        assert!(finished.error.is_none(), "round {round}: {:?}", finished.error);
        let photos = oracle::mirror_of(&here.inventory());
        Tree::read(&here.destination()).must_hold(&photos);
        nothing_is_left_in_staging(&here.destination());
        // What was told done needs nothing more, whatever was cut off after it.
        let most = if told_done { 0 } else { oracle::requests(&photos) };
        assert!(here.content_requests() <= most, "round {round}: {} requests", here.content_requests());
    }
    assert!(cuts >= 7, "the power went in {cuts} of 14 rounds");
    here.control().reset_counters();
    inside.sync(&disk).unwrap();
    assert_eq!(here.content_requests(), 0);
}
