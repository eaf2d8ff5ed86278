//! The house rules that a compiler does not know: which room may use which, and what a file looks like.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::{CratePath, Source, rust_files};

/// Every room with its layer, from the top.
const ROOMS: [(&str, u8); 14] = [
    ("cli", 6),
    ("daemon", 5),
    ("report", 4),
    ("sync", 3),
    ("icloud", 2),
    ("tree", 2),
    ("state", 2),
    ("http", 1),
    ("secret", 1),
    ("config", 1),
    ("model", 0),
    ("event", 0),
    ("clock", 0),
    ("failpoint", 0),
];

/// Rooms that use less than all the layers below them, and what they use.
const NARROWER: [(&str, &[&str]); 3] = [
    ("icloud", &["http", "secret", "model", "clock"]),
    ("tree", &["config", "model", "clock", "failpoint"]),
    ("state", &["model", "failpoint"]),
];

/// What `sync::plan` may name, beside itself: words, policy, rows, and pure functions.
const PLAN_MAY_NAME: [&str; 9] = [
    "model",
    "config",
    "sync::plan",
    "tree::name",
    "tree::RelPath",
    "state::Placement",
    "state::PlacedFile",
    "icloud::photos::extension",
    "icloud::photos::shows_video",
];

/// The room whose files all add methods to one type, `Root`, so that they know each other.
const ONE_TYPE: &str = "tree";

/// What makes a function impure, by its name.
const IMPURE: [&str; 17] = [
    "async",
    "await",
    "tokio",
    "redb",
    "reqwest",
    "rustix",
    "fs",
    "net",
    "env",
    "process",
    "thread",
    "now",
    "SystemTime",
    "Instant",
    "rand",
    "Mutex",
    "tracing",
];

/// Rooms that may touch files by themselves; `clock` reads how far a test moved it.
const OWNERS_OF_FILES: [&str; 7] = ["tree", "state", "secret", "config", "daemon", "cli", "clock"];

/// File names that say nothing.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "common", "types", "misc"];

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = checkout().join("src");
    rust_files(&src).iter().map(|file| Source::read(&src, file)).collect()
}

/// Without the modules that are for tests alone.
fn sources_without_tests() -> Vec<Source> {
    let all = sources();
    let for_tests: BTreeSet<CratePath> = all
        .iter()
        .flat_map(|source| {
            source.test_modules.iter().map(|name| [&source.module[..], std::slice::from_ref(name)].concat())
        })
        .collect();
    let is_test = |source: &Source| for_tests.iter().any(|module| source.module.starts_with(module));
    all.into_iter().filter(|source| !is_test(source)).collect()
}

/// Rust files of the project, wherever they lie.
fn all_files() -> Vec<PathBuf> {
    ["src", "tests", "contrib"].iter().flat_map(|dir| rust_files(&checkout().join(dir))).collect()
}

fn layer(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, layer)| *layer)
}

fn may_use(room: &str, other: &str) -> bool {
    let narrower = NARROWER.iter().find(|(name, _)| *name == room);
    room == other
        || narrower.map_or_else(|| layer(other) < layer(room), |(_, allowed)| allowed.contains(&other))
}

#[test]
fn arrows_go_down_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.module.first() else { continue };
        for import in &source.imports {
            let Some(other) = import.first() else {
                wrong.push(format!("{}: names the crate's root", source.file.display()));
                continue;
            };
            if !may_use(room, other) {
                wrong.push(format!("{}: `{}`", source.file.display(), import.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that the table of rooms forbids:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_the_table_is_that_of_the_library() {
    let library = fs::read_to_string(checkout().join("src/lib.rs")).unwrap();
    let mut told = BTreeMap::new();
    for line in library.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let ["//!", layer, rooms, ""] = cells[..] else { continue };
        let Ok(layer) = layer.parse::<u8>() else { continue };
        for name in rooms.split('`').skip(1).step_by(2).filter(|name| !name.contains("::")) {
            told.insert(name.to_owned(), layer);
        }
    }
    let table: BTreeMap<_, _> = ROOMS.iter().map(|(room, layer)| ((*room).to_owned(), *layer)).collect();
    assert_eq!(told, table, "the table in `src/lib.rs`");
    let present: BTreeSet<_> =
        sources().into_iter().filter_map(|source| source.module.into_iter().next()).collect();
    assert_eq!(present, table.into_keys().collect(), "the folders of `src`");
}

#[test]
fn deciding_is_pure() {
    let mut wrong = Vec::new();
    let plan: CratePath = vec!["sync".into(), "plan".into()];
    let files: Vec<_> =
        sources_without_tests().into_iter().filter(|source| source.module.starts_with(&plan)).collect();
    assert!(files.len() > 2, "the plan was not found");
    for source in &files {
        for import in source.imports.iter().map(|import| import.join("::")) {
            let named = |allowed: &&str| import == **allowed || import.starts_with(&format!("{allowed}::"));
            if !PLAN_MAY_NAME.iter().any(named) {
                wrong.push(format!("{}: `{import}`", source.file.display()));
            }
        }
        for (word, _) in source.words.iter().filter(|(word, _)| IMPURE.contains(&word.as_str())) {
            wrong.push(format!("{}: `{word}`", source.file.display()));
        }
    }
    assert!(wrong.is_empty(), "the plan must be pure, but names:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    let sources = sources_without_tests();
    let mut wrong = Vec::new();
    for source in &sources {
        if source.module.first().is_some_and(|room| room == "cli") {
            continue;
        }
        for (at, (word, next)) in source.words.iter().enumerate() {
            let macros = ["print", "println", "eprint", "eprintln", "dbg"];
            let prints = next == "!" && macros.contains(&word.as_str());
            // Those of a child process are members.
            let own = !source.members.contains(&at);
            if prints || (own && ["stdout", "stderr"].contains(&word.as_str())) {
                wrong.push(format!("{}: `{word}`", source.file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "only `cli` prints:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_owners_of_files_touch_the_disk() {
    let mut wrong = Vec::new();
    for source in sources_without_tests() {
        let Some(room) = source.module.first() else { continue };
        for (word, _) in source.words.iter().filter(|_| !OWNERS_OF_FILES.contains(&room.as_str())) {
            if ["fs", "OpenOptions", "DirBuilder"].contains(&word.as_str()) {
                wrong.push(format!("{}: `{word}`", source.file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "files are touched by {OWNERS_OF_FILES:?} alone:\n{}", wrong.join("\n"));
}

#[test]
fn modules_of_a_folder_do_not_need_each_other_in_a_circle() {
    let sources = sources_without_tests();
    let re_exports: BTreeMap<_, _> = sources
        .iter()
        .flat_map(|source| {
            let module = &source.module;
            source
                .re_exports
                .iter()
                .map(move |(child, name)| ([&module[..], std::slice::from_ref(name)].concat(), child))
        })
        .collect();
    // Folder -> child -> the children next to it that it names.
    let mut folders: BTreeMap<CratePath, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in &sources {
        for import in &source.imports {
            let target = resolve(import, &re_exports);
            let shared = source.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (source.module.get(shared), target.get(shared)) else { continue };
            if shared > 0 && target[..shared] != [ONE_TYPE] && is_module(&sources, &target[..=shared]) {
                let folder = folders.entry(target[..shared].to_vec()).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (folder, mut edges) in folders {
        // Whoever needs nobody that is left, and whoever nobody needs, is no part of a circle.
        loop {
            let needed: BTreeSet<_> = edges.values().flatten().cloned().collect();
            let before = edges.len();
            edges.retain(|name, _| needed.contains(name));
            let left: BTreeSet<_> = edges.keys().cloned().collect();
            for needs in edges.values_mut() {
                needs.retain(|need| left.contains(need));
            }
            edges.retain(|_, needs| !needs.is_empty());
            if edges.len() == before {
                break;
            }
        }
        if !edges.is_empty() {
            circles.push(format!("{}: {edges:?}", folder.join("::")));
        }
    }
    assert!(circles.is_empty(), "modules that need each other:\n{}", circles.join("\n"));
}

fn is_module(sources: &[Source], path: &[String]) -> bool {
    sources.iter().any(|source| source.module == path)
}

/// Follows what folders hand on, so that `state::StateError` is known to be of `state::error`.
fn resolve(import: &[String], re_exports: &BTreeMap<CratePath, &String>) -> CratePath {
    let mut path = import.to_vec();
    let mut length = 1;
    while length <= path.len() {
        if let Some(child) = re_exports.get(&path[..length]) {
            path.insert(length - 1, (*child).clone());
        }
        length += 1;
    }
    path
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    let mut lengths = Vec::new();
    for file in all_files() {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > 500 {
            wrong.push(format!("{}: {lines} lines", file.display()));
        }
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: opens without a module comment", file.display()));
        }
        let below = file.strip_prefix(checkout()).unwrap().with_extension("");
        if let Some(name) = below.iter().find(|part| EMPTY_NAMES.iter().any(|empty| part == empty)) {
            wrong.push(format!("{}: `{}` says nothing", file.display(), name.display()));
        }
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(median <= 150, "the median file has {median} lines");
}
