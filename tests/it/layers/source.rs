//! Reads Rust source as far as the layer test needs it: modules, what they name of the crate, what they call.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A path within the crate, for example `["state", "ledger", "Placement"]`.
pub(super) type CratePath = Vec<String>;

/// One file of `src/`.
#[derive(Debug)]
pub(super) struct Source {
    /// Where it is, for messages.
    pub(super) file: PathBuf,
    /// The module that it is: empty for `lib.rs`.
    pub(super) module: CratePath,
    /// What it names of the crate, absolute, tests included.
    pub(super) imports: BTreeSet<CratePath>,
    /// Identifiers outside of inline test modules, each with the token that follows.
    pub(super) words: Vec<(String, String)>,
    /// Which of them are members of something: behind a dot.
    pub(super) members: Vec<usize>,
    /// Modules that it declares for tests alone.
    pub(super) test_modules: Vec<String>,
    /// Names that it hands on from a child: (child, name).
    pub(super) re_exports: Vec<(String, String)>,
}

/// Every `.rs` file below a directory, sorted; build output apart.
pub(super) fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

impl Source {
    /// Reads `file`, which lies below `src`.
    pub(super) fn read(src: &Path, file: &Path) -> Self {
        let below = file.strip_prefix(src).unwrap().with_extension("");
        let mut module: CratePath = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        let text = fs::read_to_string(file).unwrap();
        Reader::new(file, module, tokens(&text)).run()
    }
}

/// Splits source into identifiers, `::` and single characters; comments and literals are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#\"") => raw(rest),
            'b' if rest.starts_with("br\"") || rest.starts_with("br#\"") => 1 + raw(&rest[1..]),
            '\'' => character(rest),
            _ if c.is_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                found.push(rest[..end].to_owned());
                end
            }
            ':' if rest.starts_with("::") => {
                found.push("::".to_owned());
                2
            }
            _ => {
                if !c.is_whitespace() {
                    found.push(c.to_string());
                }
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    found
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn raw(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|b| *b == b'#').count();
    let end = format!("\"{}", "#".repeat(hashes));
    let start = 2 + hashes;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

/// A character literal, or the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            text[from..].find('\'').map_or(text.len(), |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Walks over the tokens of a file.
struct Reader {
    tokens: Vec<String>,
    at: usize,
    depth: usize,
    /// Inline modules that are open: name, depth of braces, whether only for tests.
    open: Vec<(String, usize, bool)>,
    source: Source,
}

impl Reader {
    fn new(file: &Path, module: CratePath, tokens: Vec<String>) -> Self {
        let source = Source {
            file: file.to_owned(),
            module,
            imports: BTreeSet::new(),
            words: Vec::new(),
            members: Vec::new(),
            test_modules: Vec::new(),
            re_exports: Vec::new(),
        };
        Self { tokens, at: 0, depth: 0, open: Vec::new(), source }
    }

    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn run(mut self) -> Source {
        while self.at < self.tokens.len() {
            match self.token(0) {
                "{" => self.depth += 1,
                "}" => {
                    self.depth -= 1;
                    self.open.pop_if(|(_, depth, _)| *depth == self.depth);
                }
                "mod" => self.module(),
                "use" => {
                    self.at += 1;
                    let public = self.at >= 2 && self.tokens[self.at - 2] == "pub";
                    self.tree(Vec::new(), public);
                    continue;
                }
                "crate" | "super" | "self" if self.token(1) == "::" && self.before() != "::" => {
                    self.tree(Vec::new(), false);
                    continue;
                }
                _ => {}
            }
            self.word();
            self.at += 1;
        }
        self.source
    }

    fn before(&self) -> &str {
        self.at.checked_sub(1).map_or("", |at| self.tokens[at].as_str())
    }

    fn word(&mut self) {
        let in_tests = self.open.iter().any(|(.., tests)| *tests);
        if !in_tests {
            self.source.words.push((self.token(0).to_owned(), self.token(1).to_owned()));
            if self.at.checked_sub(1).is_some_and(|before| self.tokens[before] == ".") {
                self.source.members.push(self.source.words.len() - 1);
            }
        }
    }

    /// `mod name;` or `mod name {`.
    fn module(&mut self) {
        let before = self.at.checked_sub(7).map_or(&[][..], |from| &self.tokens[from..self.at]);
        let tests = before == ["#", "[", "cfg", "(", "test", ")", "]"];
        let name = self.token(1).to_owned();
        match self.token(2) {
            "{" => self.open.push((name, self.depth, tests)),
            ";" if tests => self.source.test_modules.push(name),
            _ => {}
        }
    }

    /// A path, or a tree of them, that follows `prefix`; stops behind it.
    fn tree(&mut self, mut prefix: Vec<String>, public: bool) {
        loop {
            if self.token(0) == "{" {
                self.at += 1;
                while !["}", ""].contains(&self.token(0)) {
                    self.tree(prefix.clone(), public);
                    if self.token(0) == "," {
                        self.at += 1;
                    }
                }
                self.at += 1;
                return;
            }
            let part = self.token(0).to_owned();
            self.word();
            prefix.push(part);
            self.at += 1;
            if self.token(0) != "::" || self.token(1) == "<" {
                break;
            }
            self.at += 1;
        }
        if self.token(0) == "as" {
            self.at += 2;
        }
        self.found(&prefix, public);
    }

    /// Takes a complete path, as written.
    fn found(&mut self, path: &[String], public: bool) {
        let mut base: CratePath = self.source.module.clone();
        base.extend(self.open.iter().map(|(name, ..)| name.clone()));
        let mut rest = path;
        match path[0].as_str() {
            "crate" => base.clear(),
            "self" | "super" => {}
            child => {
                if public && path.len() > 1 && self.open.is_empty() {
                    self.source.re_exports.push((child.to_owned(), path[path.len() - 1].clone()));
                }
                return;
            }
        }
        while let Some((first @ ("crate" | "self" | "super"), tail)) =
            rest.split_first().map(|(first, tail)| (first.as_str(), tail))
        {
            if first == "super" {
                base.pop();
            }
            rest = tail;
        }
        base.extend(rest.iter().filter(|part| *part != "*" && *part != "self").cloned());
        self.source.imports.insert(base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(module: &[&str], text: &str) -> Source {
        let module = module.iter().map(|part| (*part).to_owned()).collect();
        Reader::new(Path::new("x.rs"), module, tokens(text)).run()
    }

    fn imports(module: &[&str], text: &str) -> Vec<String> {
        read(module, text).imports.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn imports_are_read_from_trees_and_from_paths() {
        let text = r##"
            use crate::{state, http::{self, Client as C}, model::*};
            // use crate::comment;
            fn f<'a>(x: &'a super::plan::Wanted) -> char { let _ = ("crate::text", r#"crate::"raw"#, '"'); crate::clock::now::<u8>() }
            mod tests { use super::*; use super::super::Up; }
        "##;
        assert_eq!(
            imports(&["sync", "run"], text),
            [
                "clock::now",
                "http",
                "http::Client",
                "model",
                "state",
                "sync::Up",
                "sync::plan::Wanted",
                "sync::run"
            ]
        );
    }

    #[test]
    fn code_for_tests_is_told_apart() {
        let text = "pub use files::{Wanted, wanted_files}; #[cfg(test)] mod fixture;
                    fn f() { log!(); } #[cfg(test)] mod tests { fn g() { println!(); } } fn h() {}";
        let source = read(&["sync"], text);
        assert_eq!(source.test_modules, ["fixture"]);
        let re_exports = [("files", "Wanted"), ("files", "wanted_files")];
        assert_eq!(source.re_exports, re_exports.map(|(a, b)| (a.to_owned(), b.to_owned())));
        let has = |word: &str| source.words.iter().any(|(own, _)| own == word);
        assert!(has("log") && has("h") && !has("println"));
    }
}
