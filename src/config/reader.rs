//! Reading a TOML document key by key, so that every error names its place.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, dotted, nearest, nearest_key};
use super::{At, ConfigError, Ignore, Patterns};

/// A document whose keys are all known. Their values are not looked at yet.
pub(super) struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    top: DeTable<'a>,
}

/// One section of a document, a section of a section by a dotted name; empty when the document does not have it.
pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    name: &'static str,
    table: Option<&'a DeTable<'a>>,
}

/// A value and the place of its first byte.
type Value<'a> = &'a Spanned<DeValue<'a>>;

impl<'a> Document<'a> {
    /// Parses `text` and checks that it has no key but known ones.
    pub(super) fn parse(file: &'a Path, text: &'a str) -> Result<Self, ConfigError> {
        let top = DeTable::parse(text).map_err(|error| {
            let at = place(file, text, &error.span().unwrap_or(0..0));
            let why = error.message().replace('\n', "; ");
            ConfigError::Syntax { at, why }
        })?;
        let document = Self { file, text, top: top.into_inner() };
        document.check_keys()?;
        Ok(document)
    }

    /// The section called `name`; the top of the document for an empty name.
    pub(super) fn section(&'a self, name: &'static str) -> Result<Section<'a>, ConfigError> {
        let mut table = Some(&self.top);
        let mut above = String::new();
        for part in name.split('.').filter(|part| !part.is_empty()) {
            above = dotted(&above, part);
            let Some(value) = table.and_then(|table| table.get(part)) else {
                return Ok(Section { document: self, name, table: None });
            };
            table = Some(value.get_ref().as_table().ok_or_else(|| {
                let why = format!("must be a section `[{above}]`, not {}", kind(value.get_ref()));
                self.bad_value(value, above.clone(), why)
            })?);
        }
        Ok(Section { document: self, name, table })
    }

    fn check_keys(&'a self) -> Result<(), ConfigError> {
        for (section, known) in KEYS {
            let table = self.section(section)?.table;
            for key in table.into_iter().flat_map(|table| table.keys()) {
                let name = key.get_ref().as_ref();
                let is_section = KEYS.iter().any(|(other, _)| *other == dotted(section, name));
                if !is_section && !known.contains(&name) {
                    return Err(ConfigError::UnknownKey {
                        at: place(self.file, self.text, &key.span()),
                        key: dotted(section, name),
                        near: nearest_key(section, name),
                    });
                }
            }
        }
        Ok(())
    }

    fn bad_value(&self, value: Value<'_>, key: String, why: String) -> ConfigError {
        ConfigError::BadValue { at: place(self.file, self.text, &value.span()), key, why }
    }
}

impl<'a> Section<'a> {
    /// A text, when the key is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(self.wrong_kind(key, value, "a text in quotes")),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, key: &str, hint: &'static str) -> Result<&'a str, ConfigError> {
        self.text(key)?.ok_or_else(|| ConfigError::MissingKey {
            path: self.document.file.to_owned(),
            key: dotted(self.name, key),
            hint,
        })
    }

    /// A text that `read` makes something of; its error completes "`key` ...".
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        match self.text(key)? {
            Some(text) => read(text).map_err(|why| self.refuse(key, why)),
            None => Ok(default),
        }
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        default: T,
        words: &[(&'static str, T)],
    ) -> Result<T, ConfigError> {
        self.parsed(key, default, |text| pick(text, words))
    }

    /// A list of words, each at most once.
    pub(super) fn choices<T: Copy + PartialEq>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(items) = self.list(key)? else { return Ok(None) };
        let mut chosen = Vec::new();
        for (item, text) in items {
            let bad = |why| self.document.bad_value(item, dotted(self.name, key), why);
            let one = pick(text, words).map_err(bad)?;
            if chosen.contains(&one) {
                return Err(bad(format!("has \"{text}\" twice")));
            }
            chosen.push(one);
        }
        Ok(Some(chosen))
    }

    /// A list of words, each at most once, at least one of them.
    pub(super) fn some_choices<T: Copy + PartialEq>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Result<Option<Vec<T>>, ConfigError> {
        match self.choices(key, words)? {
            Some(chosen) if chosen.is_empty() => {
                Err(self.refuse(key, format!("must have at least one of {}", listed(words))))
            }
            chosen => Ok(chosen),
        }
    }

    /// A list of patterns for names or paths.
    pub(super) fn patterns(&self, key: &str, default: Patterns) -> Result<Patterns, ConfigError> {
        Ok(self.patterns_read(key, Patterns::read)?.unwrap_or(default))
    }

    /// A list of patterns as `.gitignore` has them.
    pub(super) fn ignore(&self, key: &str) -> Result<Ignore, ConfigError> {
        Ok(self.patterns_read(key, Ignore::read)?.unwrap_or_default())
    }

    fn patterns_read<T>(
        &self,
        key: &str,
        read: impl Fn(&[&str]) -> Result<T, (usize, String)>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(items) = self.list(key)? else { return Ok(None) };
        let texts: Vec<&str> = items.iter().map(|(_, text)| *text).collect();
        let patterns = read(&texts).map_err(|(at, why)| match items.get(at) {
            Some((item, _)) => self.document.bad_value(item, dotted(self.name, key), why),
            None => self.refuse(key, why),
        });
        patterns.map(Some)
    }

    /// Whether the document does not have the section.
    pub(super) fn is_absent(&self) -> bool {
        self.table.is_none()
    }

    /// A list of texts, each with its place.
    fn list(&self, key: &str) -> Result<Option<Vec<(Value<'a>, &'a str)>>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let Some(items) = value.get_ref().as_array() else {
            return Err(self.wrong_kind(key, value, "a list in brackets"));
        };
        let texts = items.iter().map(|item| match item.get_ref().as_str() {
            Some(text) => Ok((item, text)),
            None => Err(self.wrong_kind(key, item, "a list of texts in quotes")),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        if let Some(text) = value.get_ref().as_str() {
            return Ok(Some(vec![text]));
        }
        if value.get_ref().as_array().is_none() {
            return Err(self.wrong_kind(key, value, "a text in quotes, or a list of such"));
        }
        Ok(self.list(key)?.map(|items| items.into_iter().map(|(_, text)| text).collect()))
    }

    /// True or false.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(default) };
        value.get_ref().as_bool().ok_or_else(|| self.wrong_kind(key, value, "true or false"))
    }

    /// A whole number within `range`.
    pub(super) fn number(&self, key: &str, default: u32, range: Range<u32>) -> Result<u32, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(default) };
        let expected = format!("a whole number from {} to {}", range.start, range.end - 1);
        let Some(number) = value.get_ref().as_integer() else {
            return Err(self.wrong_kind(key, value, &expected));
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.refuse(key, format!("must be {expected}"))),
        }
    }

    /// The error for a value that is of the right kind but cannot be meant. `why` completes "`key` ...".
    pub(super) fn refuse(&self, key: &str, why: String) -> ConfigError {
        let at = self.value(key).map_or(0..0, Spanned::span);
        let at = place(self.document.file, self.document.text, &at);
        ConfigError::BadValue { at, key: dotted(self.name, key), why }
    }

    fn value(&self, key: &str) -> Option<Value<'a>> {
        self.table?.get(key)
    }

    fn wrong_kind(&self, key: &str, value: Value<'_>, expected: &str) -> ConfigError {
        let why = format!("must be {expected}, not {}", kind(value.get_ref()));
        self.document.bad_value(value, dotted(self.name, key), why)
    }
}

/// What `word` stands for.
fn pick<T: Copy>(word: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    if let Some((_, meaning)) = words.iter().find(|(known, _)| *known == word) {
        return Ok(*meaning);
    }
    let near = nearest(word, words.iter().map(|(known, _)| *known));
    let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    Err(format!("must be {}, not \"{word}\"{near}", listed(words)))
}

fn listed<T>(words: &[(&'static str, T)]) -> String {
    let quoted: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

/// Line and column of a byte.
fn place(file: &Path, text: &str, span: &Range<usize>) -> At {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    At {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
