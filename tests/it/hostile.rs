//! A server that means harm, or a broken proxy: every run against it ends, soon, in little memory, and says why.
//!
//! larder signs in at the simulated iCloud; after that, a plain socket stands in its place.
//!
//! | trial | where |
//! |---|---|
//! | B6 page flips, cuts, zeroed ends, older copies | `lost_state` |
//! | I5 canary secrets | `privacy`, `session::privacy` |
//! | I6 permissions | `privacy`, `modes` |
//! | J parsers | `fuzz`, `icloud::cloudkit::tests` (answers as a whole), and the property tests beside each parser |
//! | J servers | here |
//! | K1 rebuilt without a request for a file | `lost_state` |
//! | K3 newer states refused, older ones read | `lost_state`, `old_states` |

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use icloud_sim::LibrarySpec;

use crate::environment::{Ran, TestEnvironment, bytes_below};

/// What a run may take at the most, against a server that does its worst. A run on a large library takes a tenth.
const MEMORY_KIB: u64 = 400 << 10;

/// Writes what the answer to the request number `n` (from 0) for `path` is; an error means that larder hung up.
type Answer = dyn Fn(&str, u64, &mut TcpStream) -> std::io::Result<()> + Send + Sync;

/// Starts the server and gives its address and the number of requests so far.
fn hostile(
    answer: impl Fn(&str, u64, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicU64::new(0));
    let (answer, count): (Arc<Answer>, _) = (Arc::new(answer), requests.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (answer, count) = (answer.clone(), count.clone());
            // Ends when larder hangs up.
            std::thread::spawn(move || serve(stream, &*answer, &count).ok());
        }
    });
    (address, requests)
}

fn serve(stream: TcpStream, answer: &Answer, count: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let (mut path, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if path.is_empty() {
                line.split(' ').nth(1).unwrap_or_default().clone_into(&mut path);
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        answer(&path, count.fetch_add(1, Ordering::SeqCst), &mut stream)?;
    }
}

/// A whole answer with status 200.
fn ok(stream: &mut TcpStream, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// Somebody whose library is mirrored, so that the first request is for changes, or is not, so that it is for libraries.
fn mirrored(mirrored: bool) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 8, ..LibrarySpec::default() });
    if mirrored {
        here.sync().expect(0);
    }
    here
}

/// Runs against the server and gives what came of it; the mirror is as before, and the memory was bounded.
#[track_caller]
fn ends(here: &TestEnvironment, endpoint: &str, longest: Duration) -> Ran {
    let before = photos(here);
    let start = Instant::now();
    let mut run = here.larder(&["sync", "--once"]).env("LARDER_ENDPOINT", endpoint).start();
    let status = format!("/proc/{}/status", run.pid());
    let mut most = 0;
    while !run.has_ended() {
        // Gone in between, it tells nothing.
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(most);
        assert!(start.elapsed() < longest, "still running after {longest:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let ran = run.wait().expect(5);
    assert!(cfg!(not(target_os = "linux")) || most > 1_000, "memory was not measured");
    assert!(most < MEMORY_KIB, "{most} KiB");
    assert!(
        !ran.stderr.contains("panicked") && ran.stderr.lines().any(|line| line.starts_with("error: ")),
        "{ran:?}"
    );
    assert!(photos(here) == before, "the mirror was touched");
    // What is told fits on a screen: nothing of what the server sent comes along in bulk.
    assert!(
        ran.stderr.len() + ran.stdout.len() < 8_000,
        "{} bytes are told",
        ran.stderr.len() + ran.stdout.len()
    );
    println!("{most} KiB, {:?}: {}", start.elapsed(), ran.stderr.trim());
    ran
}

/// What lies in the mirror, beside larder's own directory.
fn photos(here: &TestEnvironment) -> Vec<(PathBuf, Vec<u8>)> {
    let own = here.destination().join(".larder");
    bytes_below(&here.destination()).into_iter().filter(|(path, _)| !path.starts_with(&own)).collect()
}

/// For those that are tried again after 2, 5 and 15 seconds.
const TRIED_AGAIN: Duration = Duration::from_secs(100);

#[test]
fn json_a_hundred_thousand_levels_deep() {
    let here = mirrored(true);
    for (open, close) in [("[", "]"), ("{\"value\":", "}"), ("{\"recordName\":", "}")] {
        let deep = [open.repeat(100_000), "1".into(), close.repeat(100_000)].concat();
        let body = format!("{{\"zones\":[{{\"records\":[{{\"fields\":{{\"x\":{{\"value\":{deep}}}}}}}]}}]}}");
        let (endpoint, requests) = hostile(move |_, _, stream| ok(stream, "", body.as_bytes()));
        let ran = ends(&here, &endpoint, TRIED_AGAIN);
        // What larder has no use for is passed over, however deep; where it reads, it gives up.
        let told = if open.contains("recordName") { "no JSON" } else { "left out a part" };
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        assert!(requests.load(Ordering::SeqCst) <= 8);
    }
}

#[test]
fn numbers_beyond_all_measure() {
    let here = mirrored(true);
    let digits = "9".repeat(1_000_000);
    let body = format!(
        "{{\"zones\":[{{\"zoneID\":{{\"zoneName\":\"PrimarySync\"}},\"syncToken\":{digits},\"moreComing\":-{digits},\
         \"records\":[{{\"recordName\":1e999,\"created\":{{\"timestamp\":{digits}.5}},\"fields\":{{\"x\":{{\"value\":-1e-999}}}}}}]}}]}}"
    );
    let (endpoint, _) = hostile(move |_, _, stream| ok(stream, "", body.as_bytes()));
    ends(&here, &endpoint, TRIED_AGAIN);
}

#[test]
fn more_changes_announced_for_ever() {
    let here = mirrored(true);
    let (endpoint, requests) = hostile(|_, n, stream| {
        let body = format!(
            "{{\"zones\":[{{\"zoneID\":{{\"zoneName\":\"PrimarySync\"}},\"syncToken\":\"T{n}\",\"moreComing\":true,\"records\":[]}}]}}"
        );
        ok(stream, "", body.as_bytes())
    });
    let ran = ends(&here, &endpoint, TRIED_AGAIN);
    assert!(ran.stderr.contains("keeps repeating itself"), "{}", ran.stderr);
    assert!(requests.load(Ordering::SeqCst) < 2_100, "{requests:?}");
}

#[test]
fn more_libraries_announced_for_ever() {
    let here = mirrored(false);
    let (endpoint, requests) = hostile(|_, n, stream| {
        let body = format!(
            "{{\"zones\":[{{\"zoneID\":{{\"zoneName\":\"Z{n}\"}},\"syncToken\":\"z\"}}],\"syncToken\":\"T{n}\",\"moreComing\":true}}"
        );
        ok(stream, "", body.as_bytes())
    });
    let ran = ends(&here, &endpoint, TRIED_AGAIN);
    assert!(ran.stderr.contains("keeps repeating itself"), "{}", ran.stderr);
    assert!(requests.load(Ordering::SeqCst) <= 1_000, "{requests:?}");
}

#[test]
fn a_gzip_bomb() {
    let here = mirrored(true);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..512 {
        gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let (endpoint, requests) = hostile(move |_, _, stream| ok(stream, "Content-Encoding: gzip\r\n", &bomb));
    let ran = ends(&here, &endpoint, Duration::from_secs(60));
    assert!(ran.stderr.contains("larger than"), "{}", ran.stderr);
    assert_eq!(requests.load(Ordering::SeqCst), 1, "it is not tried again");
}

#[test]
fn a_body_without_end() {
    let here = mirrored(true);
    let (endpoint, requests) = hostile(|_, _, stream| {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"zones\":[",
        )?;
        loop {
            stream.write_all(&vec![b' '; 1 << 16])?;
        }
    });
    let ran = ends(&here, &endpoint, Duration::from_secs(60));
    assert!(ran.stderr.contains("larger than"), "{}", ran.stderr);
    assert_eq!(requests.load(Ordering::SeqCst), 1, "it is not tried again");
}

#[test]
fn a_hundred_megabytes_of_headers() {
    let here = mirrored(true);
    for line in [
        format!("X-Filler: {}\r\n", "f".repeat(1_000)),
        format!("Set-Cookie: a={}; Path=/\r\n", "c".repeat(90_000)),
    ] {
        let (endpoint, _) = hostile(move |_, _, stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for _ in 0..(100 << 20) / line.len() {
                stream.write_all(line.as_bytes())?;
            }
            stream.write_all(b"Content-Length: 2\r\n\r\n{}")
        });
        ends(&here, &endpoint, TRIED_AGAIN);
    }
}

#[test]
fn one_header_line_without_end() {
    let here = mirrored(true);
    let (endpoint, _) = hostile(|_, _, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Filler: ")?;
        loop {
            stream.write_all(&vec![b'f'; 1 << 16])?;
        }
    });
    ends(&here, &endpoint, TRIED_AGAIN);
}

#[test]
fn millions_of_empty_records() {
    let here = mirrored(true);
    let records = "{},".repeat(2_500_000);
    let fields = (0..400_000).fold(String::new(), |all, n| all + &format!("\"f{n}\":{{}},"));
    for body in [
        format!("{{\"zones\":[{records}{{}}]}}"),
        format!("{{\"zones\":[{{\"records\":[{records}{{}}]}}]}}"),
        format!("{{\"zones\":[{{\"records\":[{{\"fields\":{{{fields}\"last\":{{}}}}}}]}}]}}"),
    ] {
        let (endpoint, _) = hostile(move |_, _, stream| ok(stream, "", body.as_bytes()));
        ends(&here, &endpoint, TRIED_AGAIN);
    }
}

#[test]
fn cookies_in_every_answer_do_not_grow_the_session_file() {
    let here = mirrored(true);
    let session = here.state_dir().join("session.json");
    let before = fs::metadata(&session).unwrap().len();
    let (endpoint, requests) = hostile(|_, n, stream| {
        let cookie = format!("={}; Domain=.icloud.com; Path=/; Max-Age=99999\r\n", "v".repeat(60));
        let cookies =
            (0..50).fold(String::new(), |all, m| all + "Set-Cookie: c" + &format!("{n}x{m}") + &cookie);
        let body = format!(
            "{{\"zones\":[{{\"zoneID\":{{\"zoneName\":\"PrimarySync\"}},\"syncToken\":\"T{n}\",\"moreComing\":{},\"records\":[]}}]}}",
            n < 60
        );
        // In the end an error, so that the run ends as the others do.
        if n < 60 { ok(stream, &cookies, body.as_bytes()) } else { ok(stream, "", b"{}") }
    });
    ends(&here, &endpoint, TRIED_AGAIN);
    assert!(requests.load(Ordering::SeqCst) > 60);
    let after = fs::metadata(&session).unwrap().len();
    assert!(after < before + (100 << 10), "the session file grew from {before} to {after} bytes");
    // And the session works.
    here.sync().expect(0);
}

#[test]
#[ignore = "four minutes: each try waits for its minute"]
fn an_answer_that_trickles() {
    let here = mirrored(true);
    let (endpoint, requests) = hostile(|_, _, stream| {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
        )?;
        loop {
            stream.write_all(b" ")?;
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let ran = ends(&here, &endpoint, Duration::from_secs(400));
    assert!(ran.stderr.contains("did not answer in time"), "{}", ran.stderr);
    assert!(requests.load(Ordering::SeqCst) <= 4);
}
