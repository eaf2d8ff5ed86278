//! Readers of what others wrote, against arbitrary bytes and against real examples that were changed a little.

mod state_rows;
mod targets;

use proptest::prelude::*;
use proptest::sample::Index;

/// Bytes that are put into examples: what parsers stumble over.
const BAD: [&[u8]; 18] = [
    b"\0",
    b"\xff\xfe",
    b"\xc3",
    b"..",
    b"/",
    b"../",
    b"\"",
    b"\\",
    b"{",
    b"[",
    b"}",
    b"%",
    b"\n",
    b"-",
    b"1e999",
    b"99999999999999999999",
    "\u{202e}".as_bytes(),
    "\u{0}\u{fffd}e\u{301}".as_bytes(),
];

/// One of the examples with some bytes changed, cut, doubled or put in; or any bytes at all.
fn like(examples: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<Index>(), 0..5_u8, any::<u8>(), any::<Index>());
    let changed = (proptest::sample::select(examples), proptest::collection::vec(change, 0..6)).prop_map(
        |(example, changes)| {
            let mut bytes = example.as_bytes().to_vec();
            for (at, to, what, byte, bad) in changes {
                let (a, b) = (at.index(bytes.len() + 1), to.index(bytes.len() + 1));
                let (from, to) = (a.min(b), a.max(b));
                match what {
                    0 if from < bytes.len() => bytes[from] = byte,
                    1 => drop(bytes.drain(from..to)),
                    2 => bytes.extend_from_within(from..to),
                    3 => bytes.truncate(to),
                    _ => drop(bytes.splice(from..from, bad.get(&BAD).iter().copied())),
                }
            }
            bytes
        },
    );
    prop_oneof![4 => changed, 1 => proptest::collection::vec(any::<u8>(), 0..400)]
}

const RECORDS: &[&str] = &[
    r#"[{"recordName":"A1b2","recordType":"CPLMaster","fields":{"filenameEnc":{"value":"SU1HXzAwMDEuSEVJQw==","type":"ENCRYPTED_BYTES"},"resOriginalRes":{"value":{"size":1234,"fileChecksum":"ASi12zGk2Jq8Gq3GxJxq1h8gk5Zk","downloadURL":"https://cvws.icloud-content.com/B/x?e=1700000000&s=canary"},"type":"ASSETID"},"resOriginalFileType":{"value":"public.heic","type":"STRING"},"itemType":{"value":"public.heic"}}},{"recordName":"8C1B","recordType":"CPLAsset","fields":{"masterRef":{"value":{"recordName":"A1b2","action":"DELETE_SELF"}},"assetDate":{"value":1700000000000,"type":"TIMESTAMP"},"timeZoneOffset":{"value":7200},"isHidden":{"value":0},"adjustmentType":{"value":"com.apple.photo"}}}]"#,
    r#"{"recordName":"8C1B-IN-77","recordType":"CPLContainerRelation","fields":{"itemId":{"value":"8C1B"},"containerId":{"value":"77"},"position":{"value":1024},"isDeleted":{"value":1}}}"#,
    r#"{"recordName":"77","recordType":"CPLAlbum","fields":{"albumNameEnc":{"value":"U29tbWVy","type":"ENCRYPTED_BYTES"},"albumType":{"value":3},"parentId":{"value":"----Root-Folder----"}}}"#,
    r#"{"recordName":"X","recordType":"CPLMaster","fields":{"filenameEnc":{"value":"Zu%CC%88rich.jpg","type":"STRING"}}}"#,
    r#"{"recordName":"X","deleted":true}"#,
    r#"{"recordName":"X","serverErrorCode":"NOT_FOUND","reason":"Record not found","retryAfter":3}"#,
];

const NAMES: &[&str] = &[
    "IMG_0001.HEIC",
    "Zu\u{308}rich (2).jpg",
    "../../etc/passwd",
    "CON.txt",
    "a/b\\c:d*e?.jpg",
    ".hidden",
    "trailing. ",
    "\u{202e}gpj.exe",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.mov",
    "%41%2f%00.png",
    "a\nb.jpg",
    "....",
    ".larder",
];

const PATHS: &[&str] = &[
    "2024/06/IMG_0001.HEIC",
    "Hidden/2024/a.jpg",
    "/etc/passwd",
    "a/../../b",
    "a//b",
    ".larder/attic/x",
    "./a",
];

const JOBS: &[&str] = &[
    include_str!("../../../config.example.toml"),
    "state_dir = \"~/s\"\n[account]\napple_id = \"you@example.com\"\n[photos]\ndestination = \"/mnt/p\"\nlayout = \"{created:%Y}/{name}\"\n\
     file_mode = \"0640\"\nfrom = \"2020-01-01\"\n[photos.albums]\npath = \"A/{album}/{name}\"\ninclude = [\"T*\"]\n[removed]\n\
     keep_for = \"30d\"\nstop_above = \"2%\"\n[network]\nconnections = 4\n",
];

const LAYOUTS: &[&str] = &[
    "{created:%Y/%m}/{name}",
    "{created:%Y}/{added:%d}/{library}/{name}",
    "{name}",
    "x/{created:%%}/{name}",
    "{{x}}/{name}",
    "{created:%Y|undated}/{name}",
    "../{name}",
];

const ALBUM_PATHS: &[&str] =
    &["Albums/{album}/{name}", "{album}/{name}", "../{album}/{name}", "A/[a-z]*/{x,y}", "**/**", "{album}"];

const SESSIONS: &[&str] = &[
    r#"{"version":1,"session":{"account_name":"you@example.com","client_id":"x","session_token":"canary-1","trust_token":"canary-2","scnt":"canary-3","dsid":"1","services":{},"needs_user":null},"cookies":[{"raw_cookie":"X-APPLE-WEBAUTH-TOKEN=canary; Path=/; Domain=icloud.com; Secure","path":["/",true],"domain":{"Suffix":"icloud.com"},"expires":"SessionEnd"}]}"#,
    r#"{"version":1,"session":{},"cookies":[]}"#,
    r#"{"version":"canary"}"#,
];

const ARGUMENTS: &[&str] = &[
    "history\n--since\n3d\n2024/06",
    "restore\n--since\n2024-06-30T14:00:00Z\n--to\n/x\nHidden",
    "sync\n--once\n--confirm-removals\n12",
    "ls\nphotos\nPersonal/Travel",
    "audit\n--deep\n--csv",
    "--config\nx\nstatus\n--json",
];

const ADDRESSES: &[&str] = &[
    "https://cvws.icloud-content.com/B/x?o=1&e=1700000000&s=canary",
    "https://canary@cvws.icloud-content.com:443/?e=99999999999999999999",
    "file:///etc/passwd?canary",
    "https://cvws.icloud-content.com/canary%00?e=-1",
    "http://[::1]/canary",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_of_a_page(bytes in like(RECORDS)) { targets::records(&bytes); }

    #[test]
    fn names_of_files_and_albums(bytes in like(NAMES)) { targets::file_name(&bytes); }

    #[test]
    fn paths_of_the_mirror(bytes in like(PATHS)) { targets::path(&bytes); }

    #[test]
    fn job_files(bytes in like(JOBS)) { targets::job_file(&bytes); }

    #[test]
    fn layouts(bytes in like(LAYOUTS)) { targets::layout(&bytes); }

    #[test]
    fn album_paths_and_patterns(bytes in like(ALBUM_PATHS)) { targets::album_path(&bytes); }

    #[test]
    fn session_files(bytes in like(SESSIONS)) { targets::session_file(&bytes); }

    #[test]
    fn command_lines(bytes in like(ARGUMENTS)) { targets::arguments(&bytes); }

    #[test]
    fn download_addresses(bytes in like(ADDRESSES)) { targets::address(&bytes); }
}
