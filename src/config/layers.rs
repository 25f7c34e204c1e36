//! The files of a configuration: the one that is found or named, then what it extends. Their tables
//! are merged key by key before anything is made of them; what stands nearer wins.

use std::fs;
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::SCHEMA;
use super::messages::in_words;
use crate::document::line_column;
use crate::error::{Error, Result};

/// The keys that are about the files themselves.
const EXTENDS: &str = "extends";
const REQUIRED_VERSION: &str = "required-version";

/// The files, the nearest first.
#[derive(Debug, Default)]
pub(super) struct Layers {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    path: PathBuf,
    /// The text of the file, after as much space as the files before it have text: so an offset
    /// says which file it is in, too.
    text: String,
    start: usize,
}

impl Layers {
    /// Reads a file, and what it extends within `root`.
    ///
    /// # Errors
    ///
    /// When one cannot be read or is not TOML, when it is not in the project, or when they extend
    /// each other in a circle.
    pub fn read(path: &Path, root: &Path) -> Result<Self> {
        let mut layers = Self::default();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let text = read_text(&path)?;
            layers.push(path, &text);
            next = layers.extended(root)?;
        }
        Ok(layers)
    }

    /// Adds a file.
    pub fn push(&mut self, path: PathBuf, text: &str) {
        let start = self.layers.last().map_or(0, |layer| layer.text.len());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.layers.push(Layer {
            path,
            text: " ".repeat(start) + text,
            start,
        });
    }

    /// The paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.layers.iter().map(|layer| layer.path.as_path())
    }

    /// What all of them say.
    ///
    /// # Errors
    ///
    /// When one is not TOML, or they are not for this version.
    pub fn merged(&self) -> Result<Deserializer<'_>> {
        let mut layers = self.layers.iter();
        let nearest = layers.next().map_or("", |layer| &layer.text);
        let mut merged = self.parse(nearest)?;
        for layer in layers {
            fill(merged.get_mut(), self.parse(&layer.text)?.into_inner());
        }
        self.require_version(merged.get_ref())?;
        Ok(merged.into())
    }

    /// Which keys hold of each file.
    pub fn keys(&self) -> Result<Vec<(&Path, Vec<String>)>> {
        let mut keys: Vec<_> = self.paths().map(|path| (path, Vec::new())).collect();
        let mut table = DeTable::new();
        for layer in &self.layers {
            fill(&mut table, self.parse(&layer.text)?.into_inner());
        }
        self.sort_keys("", &table, &mut keys);
        Ok(keys)
    }

    fn sort_keys(&self, before: &str, table: &DeTable<'_>, keys: &mut [(&Path, Vec<String>)]) {
        for (key, value) in table {
            let name = format!("{before}{}", key.get_ref());
            if let DeValue::Table(table) = value.get_ref() {
                self.sort_keys(&format!("{name}."), table, keys);
            } else if let Some((_, keys)) = keys.get_mut(self.index(key.span().start)) {
                keys.push(name);
            }
        }
    }

    fn index(&self, offset: usize) -> usize {
        let before = self.layers.iter().filter(|layer| layer.start <= offset);
        before.count().saturating_sub(1)
    }

    /// An error at an offset.
    pub fn error(&self, offset: usize, message: impl Into<String>) -> Error {
        let error = Error::usage(message);
        let Some(layer) = self.layers.get(self.index(offset)) else {
            return error;
        };
        let text = layer.text.get(layer.start..).unwrap_or("");
        error.at(
            &layer.path,
            Some(line_column(text, offset.saturating_sub(layer.start))),
        )
    }

    /// The same for an error of the reader of TOML.
    pub fn error_of(&self, error: &toml::de::Error) -> Error {
        let offset = error.span().map_or(0, |span| span.start);
        self.error(offset, in_words(error.message())).hint(SCHEMA)
    }

    /// The same for the first mention of a key, in the nearest file that has it.
    pub fn error_about(&self, key: &str, message: &str) -> Error {
        let mut offsets = self.layers.iter().filter_map(|layer| layer.text.find(key));
        self.error(offsets.next().unwrap_or(0), message)
            .hint(SCHEMA)
    }

    fn parse<'t>(&self, text: &'t str) -> Result<Spanned<DeTable<'t>>> {
        DeTable::parse(text).map_err(|error| self.error_of(&error))
    }

    /// The file that the last one extends.
    fn extended(&self, root: &Path) -> Result<Option<PathBuf>> {
        let Some(last) = self.layers.last() else {
            return Ok(None);
        };
        let table = self.parse(&last.text)?;
        let Some((offset, path)) = text(table.get_ref(), EXTENDS) else {
            return Ok(None);
        };
        let refused = |why: &str| {
            let message = format!("`{path}` cannot be extended: {why}");
            self.error(offset, message).hint(SCHEMA)
        };
        let folder = last.path.parent().unwrap_or(root);
        let real = fs::canonicalize(folder.join(path)).map_err(|error| {
            let cause = Error::io("", Path::new(path), &error).message;
            refused(cause.trim_start_matches("cannot : "))
        })?;
        if !fs::canonicalize(root).is_ok_and(|root| real.starts_with(root)) {
            return Err(refused("it is not in the project"));
        }
        if self
            .paths()
            .any(|path| fs::canonicalize(path).is_ok_and(|path| path == real))
        {
            return Err(refused("it is this file, or extends it"));
        }
        Ok(Some(real))
    }

    /// Before keys are looked at, of which a later version may know more.
    fn require_version(&self, table: &DeTable<'_>) -> Result<()> {
        let Some((offset, required)) = text(table, REQUIRED_VERSION) else {
            return Ok(());
        };
        let own = env!("CARGO_PKG_VERSION");
        let requirement = VersionReq::parse(required).map_err(|error| {
            let message = format!("`{required}` is no requirement such as `>=0.1`: {error}");
            self.error(offset, message).hint(SCHEMA)
        })?;
        if Version::parse(own).is_ok_and(|own| requirement.matches(&own)) {
            return Ok(());
        }
        let message = format!("this project requires agentsess {required}, and this is {own}");
        let version = crate::shell::word(&requirement.to_string());
        let hint = format!("cargo install agentsess --version {version}");
        Err(self.error(offset, message).hint(hint))
    }
}

/// The text of a file, and of nothing else: what is no file might never end.
fn read_text(path: &Path) -> Result<String> {
    let failed = |error: &std::io::Error| Error::io("read the configuration", path, error);
    let meta = fs::metadata(path).map_err(|error| failed(&error))?;
    if !meta.is_file() && !meta.is_dir() {
        return Err(Error::usage("this is not a regular file").at(path, None));
    }
    fs::read_to_string(path).map_err(|error| failed(&error))
}

/// The text that a key has and where; another value is refused where types are looked at.
fn text<'t>(table: &'t DeTable<'_>, key: &str) -> Option<(usize, &'t str)> {
    let value = table.get(key)?;
    Some((value.span().start, value.get_ref().as_str()?))
}

/// Adds to a table what it does not say.
fn fill<'t>(near: &mut DeTable<'t>, far: DeTable<'t>) {
    for (key, value) in far {
        match near.get_mut(key.get_ref().as_ref()) {
            None => {
                near.insert(key, value);
            }
            Some(own) => {
                if let (DeValue::Table(own), DeValue::Table(far)) =
                    (own.get_mut(), value.into_inner())
                {
                    fill(own, far);
                }
            }
        }
    }
}
