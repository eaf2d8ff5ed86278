//! One of everything that was ever seen or feared to trouble a client of Drive.

use super::super::edit::NewItem;
use super::super::node::{Kind, ListedSize, SharedBy};
use super::super::spec::DriveSpec;
use super::super::{Content, Drive, ROOT};
use super::package;
use crate::file_bytes::FileBytes;

/// Full names, exactly as they are listed; what is behind the last dot is the extension.
const NAMES: [&str; 62] = [
    // Scripts and forms.
    "Ελληνικά.txt",
    "Русский.pdf",
    "日本語.txt",
    "한국어.txt",
    "العربية.doc",
    "עברית.txt",
    "हिन्दी.txt",
    "ภาษาไทย.txt",
    "👩‍👩‍👧‍👦 family.jpg",
    "e\u{301}t\u{e9}.txt",
    "ﬁle with ligature.txt",
    "ＦＵＬＬ width.txt",
    "ẛ̣.txt",
    // Siblings that differ in case or normal form alone, or not at all.
    "Readme.md",
    "README.md",
    "readme.MD",
    "Caf\u{e9}.txt",
    "Cafe\u{301}.txt",
    "CAF\u{c9}.txt",
    "twin.txt",
    "twin.txt",
    "Straße.txt",
    "STRASSE.txt",
    "İstanbul.txt",
    "istanbul.txt",
    "ınsan.txt",
    // Reserved on other systems.
    "CON.txt",
    "aux",
    "NUL",
    "com1.log",
    "LPT9",
    "desktop.ini",
    "Thumbs.db",
    "Icon\r",
    // Characters that mean something elsewhere.
    "a/b.txt",
    "a:b.txt",
    "a\u{2215}b.txt",
    "a_b.txt",
    "10:30.txt",
    "back\\slash.txt",
    "line\nbreak.txt",
    "tab\tstop.txt",
    "question?.txt",
    "star*.txt",
    "quote\".txt",
    "<angle>.txt",
    "pipe|.txt",
    "percent%41.txt",
    "$HOME `id` 'x'.txt",
    "-rf",
    "~",
    "nul\0byte.txt",
    "\u{1b}[31mred.txt",
    "\u{202e}gpj.exe",
    "zero\u{200b}width.txt",
    // Ends and beginnings.
    "trailing space ",
    " leading space",
    "no extension",
    "trailing dot.",
    "..",
    ".",
    "../../outside.txt",
];

/// Puts it all in.
pub(super) fn fill(drive: &mut Drive, spec: &DriveSpec) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Awkward names")?;
    for name in NAMES {
        drive.add(&folder, literal(name, format!("This is {name:?}")))?;
    }
    dotted(drive)?;
    long(drive)?;
    folders(drive)?;
    sizes(drive)?;
    dates(drive, spec.now_ms)?;
    documents(drive)?;
    unknown(drive)?;
    libraries(drive)?;
    shares(drive)?;
    trash(drive)
}

/// A file whose name is listed exactly so.
fn literal(full_name: &str, content: impl Into<Content>) -> NewItem {
    match full_name.rsplit_once('.') {
        Some((name, extension)) if !extension.is_empty() && !name.is_empty() && !name.ends_with('.') => {
            NewItem::raw(Kind::File, name, content).extension(extension)
        }
        _ => NewItem::raw(Kind::File, full_name, content),
    }
}

/// Dot files in their two forms, and extensions of every kind.
fn dotted(drive: &mut Drive) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, ".config")?;
    let file = |name: &str, extension: &str| {
        NewItem::raw(Kind::File, name, format!("{name:?} and {extension:?}")).extension(extension)
    };
    drive.add(&folder, file("", "gitignore"))?;
    drive.add(&folder, NewItem::raw(Kind::File, ".env", "no extension"))?;
    drive.add(&folder, file("archive.tar", "gz"))?;
    drive.add(&folder, file("archive", "tar.xz"))?;
    drive.add(&folder, file("slash", "a/b"))?;
    drive.add(&folder, file("empty extension", ""))?;
    drive.add(&folder, file("photo", "JPG"))?;
    drive.add(&folder, file("photo", "jpg"))?;
    let hidden = NewItem { hidden_extension: true, ..file("hidden", "pdf") };
    drive.add(&folder, hidden).map(drop)
}

/// Names that no common file system takes.
fn long(drive: &mut Drive) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Long names")?;
    drive.add_file(&folder, &format!("{}.txt", "a".repeat(251)), "255 bytes")?;
    drive.add_file(&folder, &format!("{}.txt", "b".repeat(252)), "256 bytes")?;
    for last in ["1", "2"] {
        // They differ behind the place where names are cut.
        drive.add_file(&folder, &format!("{}{last}.txt", "ä".repeat(200)), format!("long {last}"))?;
    }
    drive.add_file(&folder, &format!("{}.jpg", "👨‍👩‍👧".repeat(20)), "families")?;
    drive.add_file(&folder, &format!("x.{}", "e".repeat(300)), "long extension")?;
    let inner = drive.add_folder(&folder, &"Ordner ".repeat(40))?;
    drive.add_file(&inner, "inside.txt", "inside")?;
    let mut deep = drive.add_folder(ROOT, "Deep")?;
    for level in 0..40 {
        deep = drive.add_folder(&deep, &format!("level {level}"))?;
    }
    drive.add_file(&deep, "bottom.txt", "bottom").map(drop)
}

/// Folders: empty, alike, oddly named, with an extension; and those that a Mac keeps in Drive.
fn folders(drive: &mut Drive) -> Result<(), String> {
    let empty = drive.add_folder(ROOT, "Empty")?;
    drive.add_folder(&empty, "Empty too")?;
    for name in ["Photos", "photos", "PHOTOS", "..", ".", "a/b", "a:b", "trailing. ", "con"] {
        let folder = drive.add(ROOT, NewItem::raw(Kind::Folder, name, ""))?;
        drive.add_file(&folder, "same.txt", format!("in {name:?}"))?;
    }
    let bundle = drive.add(ROOT, NewItem::raw(Kind::Folder, "Bundle", "").extension("bundle"))?;
    drive.add_file(&bundle, "Info.plist", "<plist/>")?;
    let same = drive.add_folder(ROOT, "name.txt")?;
    drive.add_file(&same, "in the folder.txt", "of the same name")?;
    drive.add_file(ROOT, "name.txt", "a file and a folder of one name")?;
    for name in ["Desktop", "Documents"] {
        let folder = drive.add_folder(ROOT, name)?;
        drive.add(&folder, NewItem::raw(Kind::File, ".DS_Store", "\0\0\0\u{1}Bud1"))?;
        drive.add(&folder, NewItem::raw(Kind::File, ".localized", ""))?;
        drive.add_file(&folder, "plan.txt", format!("on {name}"))?;
    }
    Ok(())
}

/// Empty files and what listings say of sizes.
fn sizes(drive: &mut Drive) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Sizes")?;
    let mut put = |name: &str, content: Content, size: ListedSize| {
        drive.add(&folder, NewItem::file(name, content).listed(size)).map(drop)
    };
    put("zero.txt", Content::from(""), ListedSize::Usual)?;
    put("zero without size.txt", Content::from(""), ListedSize::Absent)?;
    put("zero with null.txt", Content::from(""), ListedSize::Null)?;
    put("something without size.txt", Content::from("something"), ListedSize::Absent)?;
    put("something with null.txt", Content::from("something"), ListedSize::Null)?;
    put("one byte.bin", Content::from("1"), ListedSize::Usual)?;
    put("large.bin", Content::from(FileBytes::noise(77, 1_500_000)), ListedSize::Usual)
}

/// Times that no file system has, or that a person would not believe.
fn dates(drive: &mut Drive, now_ms: i64) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Dates")?;
    let century_ms = 100 * 365 * 86_400_000_i64;
    for (name, ms) in [
        ("1970.txt", 0),
        ("1904.txt", -2_082_844_800_000),
        ("1600.txt", -4 * century_ms + 30 * 365 * 86_400_000),
        ("future.txt", now_ms + century_ms),
        ("tomorrow.txt", now_ms + 86_400_000),
    ] {
        drive.add(&folder, NewItem::file(name, name).dated(ms, ms))?;
    }
    Ok(())
}

/// Packages and what looks like one.
fn documents(drive: &mut Drive) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Documents of apps")?;
    drive.add_file(&folder, "Odd é.rtfd", package::odd())?;
    let nothing = vec![super::super::PackageFile::directory("Media")];
    drive.add_file(&folder, "Nothing in it.band", nothing)?;
    drive.add_file(&folder, "Nothing at all.key", Content::Package(Vec::new()))?;
    drive.add_file(&folder, "No extension", package::odd())?;
    drive.add(&folder, NewItem::file("Without size.pages", package::odd()).listed(ListedSize::Absent))?;
    drive.add(&folder, NewItem::file("Size of zero.pages", package::odd()).listed(ListedSize::Wrong(0)))?;
    drive.add_file(&folder, "Notes.pages", package::odd())?;
    drive.add_file(&folder, "Notes.pages.zip", "a file where the package may want to lie")?;
    drive.add_file(&folder, "My own.zip", "PK\u{3}\u{4} a zip of the user, not a package")?;
    for extension in ["pages", "numbers", "key", "numbers-tef", "pages-tef", "key-tef"] {
        // Edited in the browser (rclone #8404).
        let flat = format!("PK\u{3}\u{4} flat {extension}");
        let item = NewItem::file(&format!("Edited in the browser.{extension}"), flat.as_str());
        drive.add(&folder, item.listed(ListedSize::Wrong(9_999)))?;
    }
    drive.add_file(&folder, "Not uploaded yet.mov", Content::Pending).map(drop)
}

/// Types that no client has met.
fn unknown(drive: &mut Drive) -> Result<(), String> {
    let folder = drive.add_folder(ROOT, "Unknown types")?;
    let other = |kind: &str, folder| Kind::Other { kind: kind.to_owned(), folder };
    for kind in ["ALIAS", "SYMLINK", "FINDER_BOOKMARK"] {
        drive.add(&folder, NewItem::raw(other(kind, false), kind, "bookmark"))?;
    }
    let container = drive.add(&folder, NewItem::raw(other("APP_CONTAINER", true), "Container", ""))?;
    drive.add_file(&container, "contained.txt", "contained")?;
    let future = drive.add(&folder, NewItem::raw(other("SMART_FOLDER", true), "Smart", ""))?;
    drive.add_file(&future, "smart.txt", "smart").map(drop)
}

/// App libraries of one name, an empty one, and one that the root does not show.
fn libraries(drive: &mut Drive) -> Result<(), String> {
    for zone in ["com.apple.Notes", "com.example.notes"] {
        let library = drive.add_library(zone, "Notes")?;
        drive.add_file(&library, "note.txt", format!("in {zone}"))?;
        let inner = drive.add_folder(&library, "Inner")?;
        drive.add_file(&inner, "package.pages", package::odd())?;
    }
    drive.add_library("iCloud.com.example.empty", "Game")?;
    let unlisted = drive.add_library("iCloud.com.example.unlisted", "Unlisted")?;
    drive.add_file(&unlisted, "only in retrieveAppLibraries.txt", "x")?;
    drive.set_unlisted(&unlisted, true).map(drop)
}

/// Shares: the user's own, those of others, and a single file of each.
fn shares(drive: &mut Drive) -> Result<(), String> {
    for (name, by) in [("Shared by me", SharedBy::Me), ("Shared with me", SharedBy::Other)] {
        let folder = drive.add_folder(ROOT, name)?;
        drive.add_file(&folder, "shared.txt", "shared")?;
        let inner = drive.add_folder(&folder, "2024")?;
        drive.add_file(&inner, "January.csv", "1;2;3")?;
        drive.share(&folder, by)?;
        let single = drive.add_file(ROOT, &format!("{name}.txt"), "a single file")?;
        drive.share(&single, by)?;
    }
    Ok(())
}

/// What was thrown away.
fn trash(drive: &mut Drive) -> Result<(), String> {
    let file = drive.add_file(ROOT, "old draft.pages", package::odd())?;
    let folder = drive.add_folder(ROOT, "Old things")?;
    drive.add_file(&folder, "old.txt", "old")?;
    drive.trash(&file)?;
    drive.trash(&folder).map(drop)
}
