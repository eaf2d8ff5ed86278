//! Lists against a naive model of the server.

use std::collections::BTreeSet;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::icloud::cloudkit::Record;
use crate::icloud::photos::decode::decode;

/// A server's list with the irregularities that are reported of Apple's.
#[derive(Debug, Clone)]
struct Server {
    items: Vec<u64>,
    count: Option<u64>,
    markers: bool,
    /// The n-th request gets only so many items.
    short: Vec<(usize, usize)>,
    /// The n-th request gets an empty page.
    holes: BTreeSet<usize>,
    /// From the n-th request on, every request gets the page of rank 0.
    stuck_from: Option<usize>,
    /// Before the n-th request this many items are put in front.
    inserts: Vec<(usize, u64)>,
}

struct Running {
    server: Server,
    asked: usize,
    token: u64,
}

impl Running {
    fn answer(&mut self, rank: u64) -> Page {
        let asked = self.asked;
        self.asked += 1;
        let server = &mut self.server;
        for &(when, how_many) in &server.inserts {
            if when == asked {
                let next = 1_000_000 + asked as u64 * 1000;
                server.items.splice(0..0, next..next + how_many);
                self.token += 1;
            }
        }
        let stuck = server.stuck_from.is_some_and(|from| asked >= from);
        let start = if stuck { 0 } else { usize::try_from(rank).unwrap().min(server.items.len()) };
        let mut length = 100.min(server.items.len() - start);
        if let Some((_, short)) = server.short.iter().find(|(when, _)| *when == asked) {
            length = length.min(*short);
        }
        if server.holes.contains(&asked) {
            return Page { marker: server.markers && start < server.items.len(), ..Page::default() };
        }
        let records: Vec<_> = server.items[start..start + length].iter().copied().map(asset).collect();
        Page {
            received: records.len() * 2,
            records,
            sync_token: Some(self.token.to_string()),
            marker: server.markers && start + length < server.items.len(),
        }
    }
}

fn asset(id: u64) -> Decoded {
    let json = format!(r#"{{"recordName":"{id}","recordType":"CPLAsset"}}"#);
    decode(serde_json::from_str::<Record>(&json).unwrap())
}

fn regular(items: u64) -> Server {
    Server {
        items: (0..items).collect(),
        count: Some(items),
        markers: true,
        short: Vec::new(),
        holes: BTreeSet::new(),
        stuck_from: None,
        inserts: Vec::new(),
    }
}

/// Lists everything; gives what was said of it and the names of the items handed out.
fn list(server: Server, width: usize) -> (Listed, BTreeSet<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let expected = server.count;
        let running = Mutex::new(Running { server, asked: 0, token: 0 });
        let (out, mut pages) = mpsc::channel::<Page>(1);
        let collect = async {
            let mut names = BTreeSet::new();
            while let Some(page) = pages.recv().await {
                names.extend(page.records.iter().filter_map(|record| match record {
                    Decoded::Asset { asset, .. } => asset.record.parse::<u64>().ok(),
                    _ => None,
                }));
            }
            names
        };
        let fetch = |rank| {
            let page = running.lock().unwrap().answer(rank);
            async {
                tokio::task::yield_now().await;
                Ok(page)
            }
        };
        let listing = async move {
            let listed = list_all(fetch, 100, expected, width, &out).await.unwrap();
            drop(out);
            listed
        };
        let (listed, names) = futures_util::future::join(listing, collect).await;
        (listed, names)
    })
}

#[test]
fn a_regular_list_costs_its_pages_and_at_most_one_request_more() {
    for (items, width) in [(0, 4), (1, 4), (99, 4), (100, 4), (101, 4), (1000, 8), (12_345, 8), (33_161, 6)] {
        let (listed, names) = list(regular(items), width);
        let pages = items.div_ceil(100).max(1);
        assert!(
            (pages..=pages + 1).contains(&listed.requests),
            "{items} items: {} requests",
            listed.requests
        );
        assert_eq!((listed.distinct, names.len() as u64), (items, items));
        assert!(listed.plausible && !listed.repeated);
    }
}

/// Thirteen photos are new since the server counted, thirteen are hidden by a page of another place: the number fits.
#[test]
fn a_page_of_another_place_is_no_page() {
    let server = Server { short: vec![(1, 87)], stuck_from: Some(6), inserts: vec![(0, 13)], ..regular(486) };
    let (listed, names) = list(server, 5);
    assert!(!listed.plausible || (0..486).all(|id| names.contains(&id)), "{listed:?}");
}

#[test]
fn a_short_page_loses_nothing() {
    let (listed, names) = list(Server { short: vec![(3, 17), (7, 60)], ..regular(2_500) }, 4);
    assert_eq!(names.len(), 2_500);
    assert!(listed.plausible && !listed.repeated);
    assert!(listed.requests <= 25 + 3);
}

#[test]
fn an_empty_page_in_the_middle_makes_the_list_be_read_once_more() {
    let (listed, names) = list(Server { holes: BTreeSet::from([6]), ..regular(2_500) }, 4);
    assert_eq!((names.len(), listed.distinct), (2_500, 2_500));
    assert!(listed.repeated && listed.plausible);
}

#[test]
fn a_server_that_repeats_itself_is_left_and_reported() {
    let (listed, names) = list(Server { stuck_from: Some(2), ..regular(2_500) }, 4);
    assert!(names.len() < 2_500 && !listed.plausible);
    let (listed, _) = list(Server { stuck_from: Some(0), count: None, ..regular(500) }, 1);
    assert!(!listed.plausible && listed.requests < 20);
}

#[test]
fn a_count_too_large_is_tolerated_on_a_single_page_and_reported() {
    let (listed, names) = list(Server { count: Some(20), ..regular(12) }, 4);
    assert_eq!((names.len(), listed.requests, listed.repeated, listed.plausible), (12, 2, false, false));
}

#[test]
fn an_absurd_count_costs_a_limited_number_of_requests() {
    let (listed, names) = list(Server { count: Some(u64::MAX), ..regular(250) }, 8);
    assert_eq!(names.len(), 250);
    assert!(!listed.plausible && listed.requests < 32 * 6 + 20, "{}", listed.requests);
}

#[test]
fn nobody_wanting_pages_stops_a_listing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let running = Mutex::new(Running { server: regular(1000), asked: 0, token: 0 });
    let (out, pages) = mpsc::channel::<Page>(1);
    drop(pages);
    let fetch = |rank| std::future::ready(Ok(running.lock().unwrap().answer(rank)));
    let listed = runtime.block_on(list_all(fetch, 100, Some(1000), 4, &out));
    assert!(matches!(listed, Err(CloudKitError::Stopped)));
}

fn any_server() -> impl Strategy<Value = Server> {
    (
        0_u64..1500,
        prop_oneof![4 => Just(0_i64), 1 => -300_i64..300],
        any::<bool>(),
        any::<bool>(),
        proptest::collection::vec((0_usize..20, 1_usize..100), 0..4),
        proptest::collection::btree_set(0_usize..20, 0..3),
        proptest::option::weighted(0.1, 0_usize..20),
        proptest::collection::vec((0_usize..20, 1_u64..80), 0..3),
    )
        .prop_map(|(items, error, counted, markers, short, holes, stuck_from, inserts)| Server {
            items: (0..items).collect(),
            count: counted.then(|| items.saturating_add_signed(error)),
            markers,
            short,
            holes,
            stuck_from,
            inserts,
        })
}

#[tokio::test]
async fn a_list_that_never_ends_is_left() {
    let asked = Mutex::new(0_u64);
    let fetch = |rank| {
        *asked.lock().unwrap() += 1;
        let records: Vec<_> = (rank..rank + 100).map(asset).collect();
        let page = Page { received: 200, records, sync_token: Some("t".into()), marker: true };
        std::future::ready(Ok(page))
    };
    let (out, mut pages) = mpsc::channel(8);
    let reading = list_all(fetch, 100, Some(250), 4, &out);
    let ended = tokio::select! {
        ended = reading => ended,
        () = async { while pages.recv().await.is_some() {} } => unreachable!("the list holds the other end"),
    };
    assert!(matches!(ended, Err(CloudKitError::Stuck { .. })), "{ended:?}");
    let asked = *asked.lock().unwrap();
    assert!((10_000..10_100).contains(&asked), "{asked} pages");
}

proptest! {
    /// A list is whole, or it is said not to be, or to have changed meanwhile. Only where the server neither
    /// announces more nor counts right can nobody know what it withholds.
    #[test]
    fn a_list_is_whole_or_said_not_to_be(server in any_server(), width in 1_usize..6) {
        let original: BTreeSet<u64> = server.items.iter().copied().collect();
        let counted = server.count.is_some_and(|count| count >= original.len() as u64);
        let told = server.markers || (counted && server.inserts.is_empty());
        let (listed, names) = list(server, width);
        prop_assert!(listed.requests < 500, "{} requests", listed.requests);
        prop_assert!(listed.distinct <= names.len() as u64);
        if told && listed.plausible && !listed.changed {
            let missing: Vec<_> = original.difference(&names).collect();
            prop_assert!(missing.is_empty(), "missing {missing:?}");
        }
    }
}
