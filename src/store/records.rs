//! The folder of closing records. It may be another program's too: what in it cannot be read is
//! left out with the reason, and never replaced.

use std::path::{Path, PathBuf};

use super::{Lock, Store, files};
use crate::document::Record;
use crate::document::record::Invalid;
use crate::error::{Error, Kind, Result};

/// The folder in the sessions folder where nothing else is configured.
const ARCHIVE: &str = "archive";

/// What a folder of records holds.
#[derive(Debug, Default)]
pub struct Records {
    /// Those that can be read, sorted by id.
    pub records: Vec<Record>,
    /// Why the other JSON files cannot, each with its place.
    pub skipped: Vec<Error>,
}

impl Store {
    /// The folder of closing records; it need not exist.
    ///
    /// # Errors
    ///
    /// When it is a link out of the project.
    pub fn records_folder(&self) -> Result<PathBuf> {
        let folder = match &self.config.records.folder {
            Some(folder) => self.root.join(folder),
            None => self.sessions.join(ARCHIVE),
        };
        if self.leads_inside(&folder) {
            return Ok(folder);
        }
        Err(
            Error::usage("the folder of records is a link out of the project")
                .at(&self.shown(&folder), None)
                .hint("make it a folder, or set `records.folder` to another one"),
        )
    }

    /// Whether no link on the way to `path` leads out of the project. The path need not exist.
    pub fn leads_inside(&self, path: &Path) -> bool {
        let mut existing = path.ancestors();
        let real = existing.find_map(|path| path.canonicalize().ok());
        let inside = |root: &PathBuf| {
            let root = root.canonicalize();
            root.is_ok_and(|root| real.as_ref().is_some_and(|real| real.starts_with(root)))
        };
        // A sessions folder that was named may be anywhere.
        [&self.root, &self.sessions].into_iter().any(inside)
    }

    /// The file of a record.
    ///
    /// # Errors
    ///
    /// As for [`Store::records_folder`].
    pub fn record_path(&self, id: &str) -> Result<PathBuf> {
        Ok(self.records_folder()?.join(format!("{id}.json")))
    }

    /// All records. A missing folder has none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn records(&self) -> Result<Records> {
        let folder = self.records_folder()?;
        let mut paths = Vec::new();
        let reading = |error| self.relocate(Error::io("read the folder", &folder, &error));
        match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            entries => {
                for entry in entries.map_err(reading)? {
                    paths.push(entry.map_err(reading)?.path());
                }
            }
        }
        let is_record = |path: &PathBuf| {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            path.extension().is_some_and(|end| end == "json") && !hidden
        };
        paths.retain(is_record);
        paths.sort();
        let mut found = Records::default();
        for path in paths {
            match files::read(&path).and_then(|bytes| parse(&path, bytes)) {
                Ok(record) => found.records.push(record),
                Err(error) => found.skipped.push(self.relocate(error)),
            }
        }
        Ok(found)
    }

    /// Changes the record that has the id of `fresh`, or makes it from `fresh`, and returns its
    /// file. `change` is called again if another program writes the record in between.
    ///
    /// # Errors
    ///
    /// When the file that is there cannot be read as a record, or the operating system refuses;
    /// nothing is changed then.
    pub fn change_record(
        &self,
        lock: &Lock,
        fresh: &Record,
        change: &mut dyn FnMut(&mut Record) -> Result<(), Invalid>,
    ) -> Result<PathBuf> {
        lock.guards(&self.sessions)?;
        let path = self.record_path(&fresh.id)?;
        let folder = path.parent().unwrap_or(&self.sessions);
        files::create_folder(folder).map_err(|error| self.relocate(error))?;
        let mut new = fresh.clone();
        change(&mut new).map_err(|invalid| error(invalid, &path))?;
        if path.symlink_metadata().is_err() {
            match files::create(&path, new.text().as_bytes(), None) {
                Err(error) if error.kind == Kind::Ambiguous => {}
                created => {
                    return created.map(|()| path).map_err(|error| self.relocate(error));
                }
            }
        }
        self.rewrite(&path, &mut |source| {
            let record = parse(&path, source.bytes().to_vec());
            let mut record = record.map_err(|mut error| {
                error.message = format!("this record is not replaced: {}", error.message);
                self.relocate(error)
            })?;
            change(&mut record).map_err(|invalid| self.relocate(error(invalid, &path)))?;
            let bytes = record.text().as_bytes();
            Ok(((bytes != source.bytes()).then(|| bytes.to_vec()), ()))
        })?;
        Ok(path)
    }
}

/// The record in a file; its id must be the file's name.
fn parse(path: &Path, bytes: Vec<u8>) -> Result<Record> {
    let invalid = |message: String| {
        let position = None;
        error(Invalid { message, position }, path)
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(format!("this is not UTF-8 from byte {at} on"))
    })?;
    let record = Record::parse(text).map_err(|invalid| error(invalid, path))?;
    let stem = path.file_stem().unwrap_or_default();
    if stem != record.id.as_str() {
        let message = format!("`session_id` is `{}`, not the file's name", record.id);
        return Err(invalid(message));
    }
    Ok(record)
}

fn error(invalid: Invalid, path: &Path) -> Error {
    Error::usage(invalid.message)
        .at(path, invalid.position)
        .hint("agentsess list --planning")
}
