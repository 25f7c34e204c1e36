use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Checked, Settings, check_file};
use crate::document::{Frontmatter, Source};
use crate::error::Result;
use crate::rules::{DUPLICATE_WORK, Folder, Work};
use crate::store;

/// Checks again, with the rest of their folder in view, the files that work on the same as another
/// session. Nearly always there are none, so that no file has to be kept until all are read.
pub(super) fn compare(
    paths: &[PathBuf],
    results: &mut [(usize, Result<Checked>)],
    read: &impl Fn(&Path) -> Result<Vec<u8>>,
    settings: Settings<'_>,
) {
    if !settings.has(&DUPLICATE_WORK) {
        return;
    }
    let mut folders: HashMap<&Path, Vec<Work>> = HashMap::new();
    for (index, result) in results.iter_mut() {
        let folder = paths.get(*index).and_then(|path| path.parent());
        let work = result.as_mut().ok().and_then(|checked| checked.work.take());
        if let (Some(folder), Some(work)) = (folder, work) {
            folders.entry(folder).or_default().push(*work);
        }
    }
    if folders.is_empty() {
        return;
    }
    let named: HashSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
    for (path, mut work) in folders {
        work.extend(unnamed(path, &named, read));
        let folder = Folder::new(&work, settings.project);
        let concerned = folder.names();
        if concerned.is_empty() {
            continue;
        }
        let settings = Settings {
            folder: Some(&folder),
            ..settings
        };
        for (index, result) in results.iter_mut() {
            let file = paths.get(*index).filter(|file| file.parent() == Some(path));
            let name = file.and_then(|file| file.file_name()?.to_str());
            if let (Some(file), Some(name), Ok(_)) = (file, name, &result)
                && concerned.contains(name)
            {
                *result = check_file(file, read, settings);
            }
        }
    }
}

/// What the sessions of a folder work on that were not named.
fn unnamed(
    folder: &Path,
    named: &HashSet<&Path>,
    read: &impl Fn(&Path) -> Result<Vec<u8>>,
) -> Vec<Work> {
    let all = store::session_files(folder).unwrap_or_default();
    let others = all.iter().filter(|path| !named.contains(path.as_path()));
    others
        .filter_map(|path| {
            let source = Source::new(read(path).ok()?);
            let text = source.text();
            let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
            let name = path.file_name()?.to_str()?;
            Work::of(name, &Frontmatter::parse(text, start))
        })
        .collect()
}
