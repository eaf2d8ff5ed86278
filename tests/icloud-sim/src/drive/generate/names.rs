//! Names as people give them: several scripts, no two alike in one drive.

use crate::noise::Dice;

const WORDS: [&str; 24] = [
    "Report",
    "Invoice",
    "Notes",
    "Holiday",
    "Résumé",
    "Übersicht",
    "Recipe",
    "Letter to the bank",
    "Plan",
    "Draft",
    "Год",
    "Договор",
    "Ελλάδα",
    "日記",
    "写真",
    "여행",
    "עברית",
    "العربية",
    "हिन्दी",
    "ไทย",
    "Smörgåsbord",
    "Niño",
    "№ 5 — Ω",
    "🎉 party",
];
const EXTENSIONS: [&str; 14] = [
    "pdf", "txt", "docx", "xlsx", "jpg", "HEIC", "png", "md", "zip", "mov", "csv", "pages", "numbers", "key",
];
const PACKAGES: [&str; 8] = ["key", "pages", "numbers", "band", "rtfd", "logicx", "scriv", "xcodeproj"];

/// A file's full name; a few have no extension.
pub(super) fn file(dice: &mut Dice, number: usize) -> String {
    let word = dice.of(&WORDS);
    if dice.percent(4) {
        format!("{word} {number}")
    } else {
        format!("{word} {number}.{}", dice.of(&EXTENSIONS))
    }
}

/// A package's full name.
pub(super) fn package(dice: &mut Dice, number: usize) -> String {
    format!("{} {number}.{}", dice.of(&WORDS), dice.of(&PACKAGES))
}

/// A folder's name; a few have dots in it.
pub(super) fn folder(dice: &mut Dice, number: usize) -> String {
    let word = dice.of(&WORDS);
    if dice.percent(10) { format!("{word} v1.{number}") } else { format!("{word} {number}") }
}
