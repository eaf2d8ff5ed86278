//! Which version of which path comes back. Pure: history goes in, an event at a time, and paths of the attic come out.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::state::{HistoryEvent, What};

/// What an event means for one path of the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect<'a> {
    /// Since then a file lies there; `from` is where it was in the attic, when it came from there.
    Arrived { from: Option<&'a str> },
    /// Since then that file no longer lies there. `attic` is where it went, when it went there; `replaced` when a new
    /// version took its place.
    Departed { attic: Option<&'a str>, replaced: bool },
}

/// What an event means for the paths that it names. A file that was found is no news: it had been there before.
pub(super) fn effects(event: &HistoryEvent) -> impl Iterator<Item = (&str, Effect<'_>)> {
    const ARRIVED: Effect<'_> = Effect::Arrived { from: None };
    let path = event.path.as_str();
    let (first, second) = match &event.what {
        What::Fetched | What::Copied => (Some((path, ARRIVED)), None),
        What::Found | What::Wrong { .. } => (None, None),
        What::Changed { from: None, attic, .. } => {
            (Some((path, Effect::Departed { attic: Some(attic), replaced: true })), None)
        }
        What::Changed { from: Some(from), attic, .. } => {
            let old = (from.as_str(), Effect::Departed { attic: Some(attic), replaced: true });
            (Some(old), Some((path, ARRIVED)))
        }
        What::Moved { from } => {
            (Some((from.as_str(), Effect::Departed { attic: None, replaced: false })), Some((path, ARRIVED)))
        }
        What::Left { attic, .. } => {
            (Some((path, Effect::Departed { attic: Some(attic), replaced: false })), None)
        }
        What::Deleted | What::Missing => {
            (Some((path, Effect::Departed { attic: None, replaced: false })), None)
        }
        What::Returned { attic } | What::Restored { attic } => {
            (Some((path, Effect::Arrived { from: Some(attic) })), None)
        }
    };
    first.into_iter().chain(second)
}

/// Texts that were seen, in 16 bytes each however long they are.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<u128>);

impl Seen {
    /// Remembers a text; `false` when it was seen before.
    pub(super) fn add(&mut self, text: &str) -> bool {
        self.0.insert(mark(text))
    }

    /// Whether it was seen.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.contains(&mark(text))
    }
}

fn mark(text: &str) -> u128 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(0, |mark, byte| (mark << 8) | u128::from(*byte))
}

/// Chooses the last version of each path that left. Events come newest first.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) decided: Seen,
}

impl Last {
    /// Where the version of `path` is that this event lets come back. A version that was replaced counts for a path that
    /// was asked for by `name` alone: in a folder it is not what left. `exists` tells whether the attic still has a file.
    pub(super) fn take<'a>(
        &mut self,
        path: &str,
        effect: Effect<'a>,
        name: bool,
        exists: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        let Effect::Departed { attic: Some(attic), replaced } = effect else {
            // What came back since is in its place: an older version of it is not what left.
            if !name && matches!(effect, Effect::Arrived { from: Some(_) }) {
                self.decided.add(path);
            }
            return None;
        };
        let fits = (!replaced || name) && exists(attic) && self.decided.add(path);
        fits.then_some(attic)
    }
}

/// Chooses the version of each path that was there at a time. Events come oldest first, from that time on.
#[derive(Debug, Default)]
pub(super) struct AtTime {
    pub(super) decided: Seen,
    /// Paths whose version went to a place of the attic where it no longer is: it may have come back from there.
    away: HashMap<u128, u128>,
}

impl AtTime {
    /// As [`Last::take`], for any version.
    pub(super) fn take<'a>(
        &mut self,
        path: &str,
        effect: Effect<'a>,
        exists: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        if self.decided.has(path) {
            return None;
        }
        let key = mark(path);
        if let Some(place) = self.away.get(&key).copied() {
            match effect {
                // The very version that was there is back.
                Effect::Arrived { from: Some(from) } if mark(from) == place => {
                    self.away.remove(&key);
                }
                // Another one lies where it went: it left the attic for good.
                Effect::Departed { attic: Some(attic), .. } if mark(attic) == place => {
                    self.away.remove(&key);
                    self.decided.add(path);
                }
                // Others come and go meanwhile.
                _ => {}
            }
            return None;
        }
        match effect {
            Effect::Departed { attic: Some(attic), .. } if !exists(attic) => {
                self.away.insert(key, mark(attic));
                None
            }
            Effect::Departed { attic: Some(attic), .. } => {
                self.decided.add(path);
                Some(attic)
            }
            // Nothing was there at that time, or it left for good.
            _ => {
                self.decided.add(path);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::state::Why;

    /// What can happen to the one file of a path.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Act {
        Come,
        Edit,
        Leave,
        Delete,
        Return,
        Restore,
        Expire,
        MoveAway,
    }

    fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
        use Act::{Come, Delete, Edit, Expire, Leave, MoveAway, Restore, Return};
        let act =
            proptest::sample::select(vec![Come, Edit, Leave, Delete, Return, Restore, Expire, MoveAway]);
        proptest::collection::vec((0..2_usize, act), 1..24)
    }

    /// A mirror of two paths and an attic, kept naively: the version at each path over time.
    #[derive(Default)]
    struct Model {
        events: Vec<HistoryEvent>,
        there: [Option<u32>; 2],
        /// After each event, what was there.
        past: Vec<[Option<u32>; 2]>,
        /// Place in the attic to version.
        attic: BTreeMap<String, u32>,
        /// Where the last version of a path that left is.
        gone: [Option<String>; 2],
        versions: u32,
    }

    const PATHS: [&str; 2] = ["2024/a.jpg", "2024/b.jpg"];

    impl Model {
        fn tell(&mut self, at: usize, what: What) {
            let path = PATHS[at].to_owned();
            self.events.push(HistoryEvent { what, path, item: None, kind: None, size: 1, why: Why::New });
            self.past.push(self.there);
        }

        fn shelve(&mut self, version: u32) -> String {
            let place = format!(".larder/attic/2024-07-01/{}", self.events.len());
            self.attic.insert(place.clone(), version);
            place
        }

        fn act(&mut self, at: usize, act: Act) {
            match (act, self.there[at]) {
                (Act::Come, None) => {
                    self.versions += 1;
                    self.there[at] = Some(self.versions);
                    self.tell(at, What::Fetched);
                }
                (Act::Edit, Some(old)) => {
                    let attic = self.shelve(old);
                    self.versions += 1;
                    self.there[at] = Some(self.versions);
                    self.tell(at, What::Changed { from: None, attic, set_aside: false });
                }
                (Act::Leave, Some(old)) => {
                    let attic = self.shelve(old);
                    self.there[at] = None;
                    self.gone[at] = Some(attic.clone());
                    self.tell(at, What::Left { attic, set_aside: false });
                }
                (Act::Delete, Some(_)) => {
                    self.there[at] = None;
                    self.tell(at, What::Deleted);
                }
                (Act::MoveAway, Some(_)) => {
                    self.there[at] = None;
                    let elsewhere = format!("elsewhere/{}", self.events.len());
                    let from = PATHS[at].to_owned();
                    self.tell(at, What::Moved { from });
                    if let Some(event) = self.events.last_mut() {
                        event.path = elsewhere;
                    }
                }
                (Act::Return | Act::Restore, None) => {
                    let Some(attic) = self.gone[at].take() else { return };
                    let Some(version) = self.attic.remove(&attic) else { return };
                    self.there[at] = Some(version);
                    let returned = act == Act::Return;
                    self.tell(at, if returned { What::Returned { attic } } else { What::Restored { attic } });
                }
                (Act::Expire, _) => {
                    self.attic.pop_first();
                }
                _ => {}
            }
        }
    }

    /// What is chosen for `PATHS[0]` when these things happen to it after the time, and the attic has `left` at the end.
    fn chosen<'a>(happened: &[Effect<'a>], left: &str) -> Option<&'a str> {
        let mut chooser = AtTime::default();
        let each = happened.iter().map(|effect| chooser.take(PATHS[0], *effect, |attic| attic == left));
        each.collect::<Vec<_>>().into_iter().flatten().next()
    }

    fn departed(attic: &str) -> Effect<'_> {
        Effect::Departed { attic: Some(attic), replaced: false }
    }

    #[test]
    fn a_version_that_came_back_after_another_was_in_its_place_is_found_where_it_is_now() {
        let deleted = Effect::Departed { attic: None, replaced: false };
        let other = [Effect::Arrived { from: None }, deleted];
        let back = Effect::Arrived { from: Some("p") };
        let happened = [&[departed("p")], &other[..], &[back, departed("q")]].concat();
        assert_eq!(chosen(&happened, "q"), Some("q"));
        // As long as it is away, what lies there is another.
        let other = [Effect::Arrived { from: None }, departed("r")];
        assert_eq!(chosen(&[&[departed("p")], &other[..]].concat(), "r"), None);
    }

    #[test]
    fn a_place_in_the_attic_that_another_version_took_is_not_that_of_the_first() {
        let other = [Effect::Arrived { from: None }, departed("p"), Effect::Arrived { from: Some("p") }];
        assert_eq!(chosen(&[&[departed("p")], &other[..], &[departed("q")]].concat(), "q"), None);
    }

    proptest! {
        #[test]
        fn what_was_there_at_a_time_is_found_wherever_it_is(acts in acts(), at in 0..24_usize) {
            let mut model = Model::default();
            for (path, act) in acts {
                model.act(path, act);
            }
            let at = at.min(model.events.len());
            let then = if at == 0 { [None; 2] } else { model.past[at - 1] };
            let mut chooser = AtTime::default();
            let mut found = [None; 2];
            for event in &model.events[at..] {
                for (path, effect) in effects(event) {
                    let chosen = chooser.take(path, effect, |attic| model.attic.contains_key(attic));
                    let Some(number) = PATHS.iter().position(|other| *other == path) else { continue };
                    if let Some(attic) = chosen {
                        prop_assert!(found[number].is_none());
                        found[number] = model.attic.get(attic).copied();
                    }
                }
            }
            for number in 0..2 {
                let in_attic = model.attic.values().any(|version| then[number] == Some(*version));
                let expected = then[number].filter(|_| in_attic);
                prop_assert_eq!(found[number], expected, "{:?}", model.events);
            }
        }

        #[test]
        fn the_last_version_that_left_comes_back(acts in acts()) {
            let mut model = Model::default();
            for (path, act) in acts {
                model.act(path, act);
            }
            for name in [false, true] {
                let mut chooser = Last::default();
                let mut found = [None; 2];
                for event in model.events.iter().rev() {
                    for (path, effect) in effects(event) {
                        let chosen = chooser.take(path, effect, name, |attic| model.attic.contains_key(attic));
                        if let Some(attic) = chosen {
                            let number = PATHS.iter().position(|other| *other == path).unwrap();
                            prop_assert!(found[number].is_none());
                            found[number] = model.attic.get(attic).copied();
                        }
                    }
                }
                for (number, found) in found.into_iter().enumerate() {
                    let of_path = model.events.iter().rev().filter(|event| event.path == PATHS[number]);
                    let mut expected = of_path.filter_map(|event| match &event.what {
                        What::Returned { .. } | What::Restored { .. } if !name => Some(None),
                        What::Left { attic, .. } => model.attic.get(attic).copied().map(Some),
                        What::Changed { attic, .. } if name => model.attic.get(attic).copied().map(Some),
                        _ => None,
                    });
                    prop_assert_eq!(found, expected.next().flatten());
                }
            }
        }
    }
}
