//! A history as it unfolds: the simulated iCloud, the mirror, the person, and runs of the real program between them.

use std::time::Duration;

use icloud_sim::photos::SharedRole;
use icloud_sim::{Fault, LibrarySpec, Rule};

use super::cloud;
use super::disk::Disk;
use super::person::Person;
use super::steps::{Cloud, Pick, Step};
use super::truth::Truth;
use crate::environment::{Ran, TestEnvironment};

/// When histories begin, and how long a step takes, milliseconds.
const START: i64 = 1_767_300_000_000;
const STEP: i64 = 60_000;

/// How often an item may fail before larder lets it rest until another day.
const PATIENCE: u32 = 2;

/// The library that a history begins with.
pub(super) fn library(shared_library: SharedRole, seed: u64) -> LibrarySpec {
    LibrarySpec { assets: 6, albums: 2, folders: 1, seed, shared_library, ..LibrarySpec::default() }
}

/// When something happens that has this place in a history.
pub(super) fn moment(place: usize) -> i64 {
    START + STEP * i64::try_from(place).unwrap()
}

/// One history.
pub(super) struct World<'a> {
    here: &'a TestEnvironment,
    truth: Truth,
    person: Person,
    /// Changes in iCloud so far.
    changes: usize,
    /// Runs since the last one that was compared, that may have left something undone.
    troubles: u32,
    /// Tokens were lost since the last comparison: what goes now is never told.
    reset: bool,
    /// Whether changes were made since the last comparison.
    changed: bool,
}

impl<'a> World<'a> {
    /// The first sync of a library is behind.
    pub(super) fn new(here: &'a TestEnvironment, library: &LibrarySpec) -> Result<Self, String> {
        here.start_over(library);
        let (truth, person) = (Truth::default(), Person::default());
        let mut world = Self { here, truth, person, changes: 0, troubles: 0, reset: false, changed: false };
        world.sync()?;
        Ok(world)
    }

    /// Plays a history to its end, where nothing is left to do.
    pub(super) fn play(&mut self, steps: &[Step]) -> Result<(), String> {
        for (number, step) in steps.iter().enumerate() {
            self.step(step).map_err(|wrong| format!("after step {number}, {step:?}:\n{wrong}"))?;
        }
        self.sync().map_err(|wrong| format!("at the end:\n{wrong}"))?;
        self.nothing_is_left_to_do()
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Cloud(cloud) => self.change(cloud),
            Step::Person(act) => {
                let disk = Disk::read(&self.here.destination());
                let truth = &self.truth;
                let done =
                    self.person.act(act, &self.here.destination(), &disk, &|path| truth.believes(path));
                self.truth.disturbed(&done, &Disk::read(&self.here.destination()));
                Ok(())
            }
            Step::Sync => self.sync(),
            Step::Killed(after_ms) => {
                self.begin();
                let run = self.here.larder(&["sync", "--once", "--confirm-removals", "1000000"]).start();
                std::thread::sleep(Duration::from_millis((*after_ms).into()));
                run.kill();
                self.truth.killed = true;
                self.look();
                Ok(())
            }
            Step::Troubled(which) => self.troubled(*which),
        }
    }

    fn change(&mut self, cloud: &Cloud) -> Result<(), String> {
        if let Cloud::Quirk(which) = cloud {
            self.here.control().photos(|photos| *photos.quirks() = cloud::quirks(*which));
            return Ok(());
        }
        if matches!(cloud, Cloud::Reset(_)) && self.changed {
            // What went away before must be known: nothing tells of it afterwards.
            self.sync()?;
        }
        let inventory = self.here.inventory();
        let Some(mutation) = cloud::mutation(cloud, &inventory) else { return Ok(()) };
        if self.reset && cloud::takes_away(&mutation) {
            self.sync()?;
        }
        self.reset |= matches!(cloud, Cloud::Reset(_));
        self.changed = true;
        self.changes += 1;
        let now = moment(self.changes);
        if let Cloud::FinishUpload(_, true) = cloud {
            self.truth.told_nothing(&inventory, &mutation);
        }
        // What makes no sense (a folder into itself, a member twice) changes nothing.
        let _refused = self.here.control().photos(|photos| photos.mutate(mutation, now));
        Ok(())
    }

    /// A run that ends by itself, after which everything is as it should be.
    fn sync(&mut self) -> Result<(), String> {
        self.begin();
        let ran = self.run();
        let disk = Disk::read(&self.here.destination());
        let mut wrong = Vec::new();
        if ran.code != Some(0) {
            wrong.push(format!("the run ended with {:?}\n{}{}", ran.code, ran.stdout, ran.stderr));
        }
        if !disk.staged.is_empty() {
            wrong.push(format!("left in staging: {:?}", disk.staged));
        }
        wrong.extend(self.truth.compare(&disk, &mut self.person));
        if let Ok(listed) = serde_json::from_str(&self.here.larder(&["ls", "--json"]).run().stdout) {
            wrong.extend(self.truth.compare_catalog(&self.here.inventory(), &listed));
        } else {
            wrong.push("`larder ls --json` lists nothing".to_owned());
        }
        (self.troubles, self.reset, self.changed) = (0, false, false);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    fn troubled(&mut self, which: Pick) -> Result<(), String> {
        if self.troubles >= PATIENCE {
            self.sync()?;
        }
        self.troubles += 1;
        let number = u64::from(which) / 16 % 4 + 1;
        self.here.control().add_fault(trouble(which).nth(number, 1, Some(2)));
        self.begin();
        let ran = self.run();
        self.here.control().clear_faults();
        self.look();
        match ran.code {
            Some(0 | 1 | 5) => Ok(()),
            code => Err(format!("the troubled run ended with {code:?}\n{}{}", ran.stdout, ran.stderr)),
        }
    }

    /// A run is about to begin: from now on larder may know what iCloud holds at this moment.
    fn begin(&mut self) {
        self.truth.expect(&self.here.inventory());
    }

    /// After a run that was cut short: what it placed is known, nothing is judged.
    fn look(&mut self) {
        self.truth.find(&Disk::read(&self.here.destination()), &self.person);
    }

    fn run(&self) -> Ran {
        self.here.larder(&["sync", "--once", "--json", "--confirm-removals", "1000000"]).run()
    }

    /// One more run asks what changed, and that is all.
    fn nothing_is_left_to_do(&self) -> Result<(), String> {
        let before = Disk::read(&self.here.destination());
        self.here.control().reset_counters();
        let ran = self.run();
        let counters = self.here.control().counters();
        let waits = self.here.inventory().zones.iter().any(|zone| {
            zone.assets.iter().any(|asset| asset.resources.iter().any(|file| !file.downloadable))
        });
        let asked = counters.requests_to("") - counters.requests_to("ck.private.changes/zone");
        let asked = asked - counters.requests_to("ck.shared.changes/zone");
        if ran.code != Some(0) || (asked > 0 && !waits) || counters.requests("content") > 0 {
            return Err(format!("a run without news: {:?}\n{}{}", counters.by_label, ran.stdout, ran.stderr));
        }
        if Disk::read(&self.here.destination()) != before {
            return Err("a run without news changed the mirror".to_owned());
        }
        Ok(())
    }
}

fn trouble(which: Pick) -> Rule {
    let unavailable = Fault::Status { status: 503, headers: vec![], body: String::new() };
    match which % 10 {
        0 => Rule::new("content", unavailable),
        1 => Rule::new("content", Fault::Reset { after: Some(40) }),
        2 => Rule::new("content", Fault::Truncate { at: 100 }),
        3 => Rule::new("content", Fault::Html),
        4 => Rule::new("content", Fault::Gone),
        5 => Rule::new("content", Fault::LostAnswer),
        6 => Rule::new("ck.", unavailable),
        7 => Rule::new("ck.", Fault::Reset { after: Some(30) }),
        8 => Rule::new("ck.", Fault::LostAnswer),
        _ => Rule::new("ck.", Fault::Truncate { at: 60 }),
    }
}
