//! The text of the configuration as a tree that remembers where each value stands, what was asked of each table, and
//! every fault found on the way.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tradewire_surface::Catalog;

use super::fault::Fault;
use super::paths::NamedPath;
use super::secret::Reference;
use super::shape::{Asked, Kind, Shape, below};
use crate::vault::{self, Vault};

/// The text and the faults found in it so far.
pub(super) struct Source<'s> {
    path: &'s Path,
    text: &'s str,
    /// What `{ vault = … }` refers to: none where its section has faults, unset where there is no section.
    vault: OnceCell<Option<Arc<Vault>>>,
    /// What is asked of it, where that is to be known.
    shape: Option<Shape>,
    faults: RefCell<Vec<Fault>>,
    /// Every reference to a secret that was read.
    references: RefCell<Vec<Reference>>,
    /// Every path that was read.
    paths: RefCell<Vec<NamedPath>>,
    /// What may be a secret and must not be shown beside a fault.
    masked: RefCell<Vec<Range<usize>>>,
}

impl<'s> Source<'s> {
    pub(super) fn new(path: &'s Path, text: &'s str) -> Self {
        Self {
            path,
            text,
            vault: OnceCell::new(),
            shape: None,
            faults: RefCell::default(),
            references: RefCell::default(),
            paths: RefCell::default(),
            masked: RefCell::default(),
        }
    }

    /// One whose reading is noted.
    pub(super) fn noted(text: &'s str) -> Self {
        Self { shape: Some(Shape::default()), ..Self::new(Path::new(""), text) }
    }

    /// What was asked of it.
    pub(super) fn into_shape(self) -> Shape {
        self.shape.unwrap_or_default()
    }

    pub(super) fn fault(&self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.faults.borrow_mut().push(Fault::at(self.text, span, message.into(), help));
    }

    /// Notes a reference to a secret: who reads one need not be remembered where all are looked at.
    pub(super) fn refers(&self, reference: Reference) {
        self.references.borrow_mut().push(reference);
    }

    /// Every reference so far.
    pub(super) fn references(&self) -> Vec<Reference> {
        self.references.borrow().clone()
    }

    /// Notes a path, as [`Source::refers`] does a reference.
    pub(super) fn names(&self, path: NamedPath) {
        self.paths.borrow_mut().push(path);
    }

    /// Every path so far.
    pub(super) fn paths(&self) -> Vec<NamedPath> {
        self.paths.borrow().clone()
    }

    pub(super) fn mask(&self, span: Range<usize>) {
        self.masked.borrow_mut().push(span);
    }

    pub(super) fn line(&self, span: Range<usize>) -> usize {
        Fault::at(self.text, span, String::new(), None).line
    }

    /// `tradewire.toml:14:19`: file, line and column.
    pub(super) fn place(&self, span: Range<usize>) -> String {
        let Fault { line, column, .. } = Fault::at(self.text, span, String::new(), None);
        format!("{}:{line}:{column}", self.path.display())
    }

    /// Says what the vault is; it is said once.
    pub(super) fn has_vault(&self, vault: Option<Arc<Vault>>) {
        let _ = self.vault.set(vault);
    }

    /// The vault, as far as it is known.
    pub(super) fn vault(&self) -> Option<&Option<Arc<Vault>>> {
        self.vault.get()
    }

    /// The faults in the order of the file, and the text without what may be a secret. The text keeps its length, so
    /// every place in it stays where it was.
    pub(super) fn close(self) -> (Vec<Fault>, String) {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.span.start);
        let mut bytes = self.text.as_bytes().to_vec();
        for span in self.masked.into_inner() {
            let end = span.end.min(bytes.len());
            for byte in bytes[span.start.min(end)..end].iter_mut().filter(|b| !matches!(b, b' ' | b'\n' | b'"' | b'\''))
            {
                *byte = b'*';
            }
        }
        (faults, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Where a part of a text value stands: exactly, where the value is written without escapes, else the value.
    pub(super) fn inside(&self, value: &Spanned<String>, part: Range<usize>) -> Range<usize> {
        let span = value.span();
        let start = span.start + 1;
        match self.text.get(start..start + value.get_ref().len()) {
            Some(written) if written == value.get_ref() => start + part.start..start + part.end,
            _ => span,
        }
    }
}

/// A table and what was asked of it.
pub(super) struct Section<'t, 's> {
    source: &'t Source<'s>,
    /// As it is called in messages: `tenant.acme`.
    pub(super) path: String,
    /// What kind of table it is: `tenant.*`.
    kind: String,
    table: &'t DeTable<'s>,
    /// Where it is told that something is missing.
    pub(super) span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t, 's> Section<'t, 's> {
    pub(super) fn new(
        source: &'t Source<'s>,
        path: String,
        kind: String,
        table: &'t DeTable<'s>,
        span: Range<usize>,
    ) -> Self {
        Self { source, path, kind, table, span, asked: RefCell::default() }
    }

    pub(super) fn source(&self) -> &'t Source<'s> {
        self.source
    }

    /// Notes what the value of a key may be, besides what was noted of it before.
    pub(super) fn may_be(&self, key: &'static str, kind: Kind) {
        self.note(key, |asked| {
            if !asked.kinds.contains(&kind) {
                asked.kinds.push(kind);
            }
        });
    }

    /// Notes that a key must be there.
    pub(super) fn needs(&self, key: &'static str) {
        self.note(key, |asked| asked.is_needed = true);
    }

    fn note(&self, key: &'static str, note: impl FnOnce(&mut Asked)) {
        if let Some(shape) = &self.source.shape {
            shape.asked(&self.kind, key, note);
        }
    }

    /// The value of a key, where it is there.
    pub(super) fn get(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'s>>> {
        self.note(key, |_| {});
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'static str, example: &str) -> Option<&'t Spanned<DeValue<'s>>> {
        let value = self.get(key);
        self.needs(key);
        if value.is_none() {
            let message = format!("[{}] has no `{key}`", self.path);
            self.source.fault(self.span.clone(), message, Some(format!("add `{key} = {example}`")));
        }
        value
    }

    /// Where the name of a key stands.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.table.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span())
    }

    /// A fault for every key that nobody asked for.
    pub(super) fn close(self) {
        let asked = self.asked.into_inner();
        for (key, value) in self.table.iter().filter(|(key, _)| !asked.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            if SECRET_WORDS.iter().any(|word| name.to_ascii_lowercase().contains(word)) {
                self.source.mask(value.span());
            }
            let help = match Catalog::nearest(name, asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if asked.len() == 1 => format!("known here is only `{}`", asked[0]),
                None => format!("known here are `{}`", asked.join("`, `")),
            };
            let place = if self.path.is_empty() { String::new() } else { format!(" in [{}]", self.path) };
            self.source.fault(key.span(), format!("unknown key `{name}`{place}"), Some(help));
        }
    }

    /// The tables below a key: `[tenant.acme]` and `[tenant.zenith]` below `tenant`, in the order of the file.
    pub(super) fn tables(&self, key: &'static str) -> Vec<(String, Section<'t, 's>)> {
        self.may_be(key, Kind::Tables);
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, &format!("tables: `[{key}.<name>]`"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (name, value) in table.iter() {
            if !vault::is_name(name.get_ref()) {
                let help = "1 to 64 letters, digits, `-`, `_` and `.`".to_owned();
                self.source.fault(name.span(), format!("`{}` is not a name", name.get_ref()), Some(help));
            }
            let path = format!("{key}.{}", name.get_ref());
            match value.get_ref().as_table() {
                Some(table) => {
                    let kind = below(&below(&self.kind, key), "*");
                    let section = Section::new(self.source, path, kind, table, name.span());
                    tables.push((name.get_ref().clone().into_owned(), section));
                }
                None => self.wrong(value, &format!("a table: `[{path}]`")),
            }
        }
        tables.sort_by_key(|(_, section)| section.span.start);
        tables
    }

    /// The table of a key, inline or not.
    pub(super) fn table(&self, key: &'static str) -> Option<Section<'t, 's>> {
        self.table_of(key, Kind::Table)
    }

    /// The table of a key that holds this.
    pub(super) fn table_of(&self, key: &'static str, kind: Kind) -> Option<Section<'t, 's>> {
        self.may_be(key, kind);
        let value = self.get(key)?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        match value.get_ref().as_table() {
            Some(table) => Some(Section::new(self.source, path, below(&self.kind, key), table, self.key_span(key))),
            None => {
                self.wrong(value, "a table");
                None
            }
        }
    }

    /// Text of a key that may be missing.
    pub(super) fn text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.may_be(key, Kind::Text);
        self.as_text(self.get(key)?)
    }

    /// Text of a key that must be there.
    pub(super) fn need_text(&self, key: &'static str, example: &str) -> Option<Spanned<String>> {
        self.may_be(key, Kind::Text);
        self.as_text(self.need(key, example)?)
    }

    /// A list of texts of a key that may be missing.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Spanned<String>> {
        self.may_be(key, Kind::Texts);
        let Some(value) = self.get(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(items) => items.iter().filter_map(|item| self.as_text(item)).collect(),
            None => {
                self.wrong(value, "a list of texts: `[\"…\"]`");
                Vec::new()
            }
        }
    }

    /// A text or a list of texts, of at least one, of a key that may be missing.
    pub(super) fn one_or_more(&self, key: &'static str) -> Vec<Spanned<String>> {
        self.may_be(key, Kind::Text);
        self.may_be(key, Kind::Texts);
        match self.get(key).map(|value| (value, value.get_ref())) {
            None => Vec::new(),
            Some((value, DeValue::String(_))) => self.as_text(value).into_iter().collect(),
            Some((value, DeValue::Array(items))) if items.is_empty() => {
                let message = format!("`{key}` names nothing");
                self.source.fault(value.span(), message, Some("name at least one, or leave it out".to_owned()));
                Vec::new()
            }
            Some((_, DeValue::Array(_))) => self.texts(key),
            Some((value, _)) => {
                self.wrong(value, "a text or a list of texts: `[\"…\"]`");
                Vec::new()
            }
        }
    }

    /// One of these words.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<(T, Range<usize>)> {
        self.may_be(key, Kind::Choice(choices.iter().map(|(name, _)| *name).collect()));
        let word = self.as_text(self.get(key)?)?;
        if let Some((_, choice)) = choices.iter().find(|(name, _)| name == word.get_ref()) {
            return Some((*choice, word.span()));
        }
        let help = format!("write {}", list(choices.iter().map(|(name, _)| *name)));
        self.source.fault(word.span(), format!("`{}` is not a choice of `{key}`", word.get_ref()), Some(help));
        None
    }

    /// A number of bytes: `"64 MiB"`, or a whole number.
    pub(super) fn size(&self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        self.may_be(key, Kind::Size { least, most });
        let value = self.get(key)?;
        let written = match value.get_ref() {
            DeValue::Integer(bytes) => bytes.to_string(),
            DeValue::String(text) => text.clone().into_owned(),
            _ => {
                self.wrong(value, "a size: `\"64 MiB\"`");
                return None;
            }
        };
        let fault = |message: String, help: &str| {
            self.source.fault(value.span(), message, Some(help.to_owned()));
            None
        };
        match written.parse::<bytesize::ByteSize>().map(|size| size.as_u64()) {
            Err(_) => fault(format!("`{written}` is not a size"), "write a number and a unit: `\"64 MiB\"`"),
            Ok(size) if size < least => {
                fault(format!("`{key}` must be at least {}", bytesize::ByteSize(least)), "write a greater size")
            }
            Ok(size) if size > most => {
                fault(format!("`{key}` must be at most {}", bytesize::ByteSize(most)), "write a smaller size")
            }
            Ok(size) => Some(size),
        }
    }

    /// A length of time: `"10 min"`.
    pub(super) fn time(&self, key: &'static str, most: Duration) -> Option<Duration> {
        self.time_from(key, Duration::ZERO, most)
    }

    /// One of at least so much.
    pub(super) fn time_from(&self, key: &'static str, least: Duration, most: Duration) -> Option<Duration> {
        self.may_be(key, Kind::Time);
        let text = self.as_text(self.get(key)?)?;
        let fault = |message: String, help: String| {
            self.source.fault(text.span(), message, Some(help));
            None
        };
        match humantime::parse_duration(text.get_ref()) {
            Err(_) => fault(
                format!("`{}` is not a length of time", text.get_ref()),
                "write a number and a unit: `\"10 min\"`, `\"90 s\"`, `\"1h 30min\"`".to_owned(),
            ),
            Ok(time) if time.is_zero() || time > most => fault(
                format!("`{key}` must be more than nothing and at most {}", humantime::format_duration(most)),
                "write a time between the two".to_owned(),
            ),
            Ok(time) if time < least => {
                let least = humantime::format_duration(least);
                fault(format!("`{key}` must be at least {least}"), format!("write `{key} = \"{least}\"`, or more"))
            }
            Ok(time) => Some(time),
        }
    }

    /// A whole number from 1 on.
    pub(super) fn count(&self, key: &'static str, most: u64) -> Option<u64> {
        self.may_be(key, Kind::Count { most });
        let value = self.get(key)?;
        let count = value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        let count = count.filter(|n| (1..=most).contains(n));
        if count.is_none() {
            self.wrong(value, &format!("a whole number from 1 to {most}"));
        }
        count
    }

    /// True or false.
    pub(super) fn truth(&self, key: &'static str) -> Option<bool> {
        self.may_be(key, Kind::Truth);
        let value = self.get(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong(value, "true or false, without quotes");
        }
        truth
    }

    /// Every key and value, in the order of the file: for tables whose keys are the operator's own.
    pub(super) fn entries(&self) -> Vec<(&'t str, &'t Spanned<DeValue<'s>>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries.into_iter().map(|(name, value)| (name.get_ref().as_ref(), value)).collect()
    }

    /// A table of settings: text, numbers and truth values, all handed on as text.
    pub(super) fn settings(&self, key: &'static str) -> IndexMap<String, String> {
        let Some(section) = self.table_of(key, Kind::Settings) else { return IndexMap::new() };
        let mut settings = IndexMap::new();
        for (name, value) in section.entries() {
            let text = match value.get_ref() {
                DeValue::String(text) => text.clone().into_owned(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.as_str().to_owned(),
                DeValue::Boolean(truth) => truth.to_string(),
                _ => {
                    self.wrong(value, "text, a number, or true or false");
                    continue;
                }
            };
            settings.insert(name.to_owned(), text);
        }
        settings
    }

    pub(super) fn as_text(&self, value: &Spanned<DeValue<'s>>) -> Option<Spanned<String>> {
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => {
                self.wrong(value, "text: `\"…\"`");
                None
            }
        }
    }

    /// A fault for a value of the wrong kind.
    pub(super) fn wrong(&self, value: &Spanned<DeValue<'s>>, wanted: &str) {
        let found = match value.get_ref().type_str() {
            "string" => "text",
            "array" => "a list",
            "table" => "a table",
            "integer" | "float" => "a number",
            "boolean" => "true or false",
            other => other,
        };
        self.source.fault(
            value.span(),
            format!("this is {found} where something else is wanted"),
            Some(format!("write {wanted}")),
        );
    }
}

/// A key with one of these in its name may hold a secret.
pub(super) const SECRET_WORDS: [&str; 4] = ["secret", "key", "password", "token"];

/// `` `a`, `b` or `c` ``
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        None => "nothing".to_owned(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} or {last}", names.join(", ")),
    }
}
