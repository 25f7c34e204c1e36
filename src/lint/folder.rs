use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Checked, Settings, check_file};
use crate::document::{Frontmatter, Source};
use crate::error::{Error, Result};
use crate::rules::{DUPLICATE_WORK, Folder, Traces, Work, traces};
use crate::store;

/// Checks again, with the rest of their folder in view, the files that work on the same as another
/// session. Nearly always there are none, so that no file has to be kept until all are read.
pub(super) fn compare(
    paths: &[PathBuf],
    results: &mut [(usize, Result<Checked, Box<Error>>)],
    read: &impl Fn(&Path) -> Result<Vec<u8>>,
    settings: Settings<'_>,
) {
    if !settings.has(&DUPLICATE_WORK) {
        return;
    }
    // By bytes: comparing paths component by component takes longer than all the rest.
    let mut folders: BTreeMap<&OsStr, Vec<(Traces, Cow<'_, Path>)>> = BTreeMap::new();
    for (index, result) in results.iter() {
        if let (Some(path), Ok(checked)) = (paths.get(*index), result)
            && let Some(folder) = path.parent()
            && checked.traces != Traces::default()
        {
            let same = folders.entry(folder.as_os_str()).or_default();
            same.push((checked.traces, Cow::Borrowed(path)));
        }
    }
    for (path, mut files) in folders {
        let path = Path::new(path);
        if !settings.whole {
            files.extend(unnamed(path, paths, read, settings));
        }
        let work = suspects(&files).into_iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            frontmatter_of(path, read, |frontmatter| Work::of(name, frontmatter))?
        });
        let folder = Folder::new(&work.collect::<Vec<_>>(), settings.project);
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
                *result = check_file(file, read, settings).map_err(Box::new);
            }
        }
    }
}

/// The files that have a trace in common with another one.
fn suspects<'f>(files: &'f [(Traces, Cow<'_, Path>)]) -> Vec<&'f Path> {
    let mut found: Vec<_> = files
        .iter()
        .enumerate()
        .flat_map(|(index, (traces, _))| traces.iter().flatten().map(move |trace| (trace, index)))
        .collect();
    found.sort_unstable();
    let groups = found.chunk_by(|a, b| a.0 == b.0);
    let shared = groups.filter(|group| group.len() > 1).flatten();
    let mut indices: Vec<_> = shared.map(|(_, index)| *index).collect();
    indices.sort_unstable();
    indices.dedup();
    let files = indices.into_iter().filter_map(|index| files.get(index));
    files.map(|(_, path)| path.as_ref()).collect()
}

/// The sessions of a folder that were not named.
fn unnamed(
    folder: &Path,
    named: &[PathBuf],
    read: &impl Fn(&Path) -> Result<Vec<u8>>,
    settings: Settings<'_>,
) -> Vec<(Traces, Cow<'static, Path>)> {
    let named: HashSet<_> = named.iter().map(|path| path.as_os_str()).collect();
    let all = store::session_files(folder).unwrap_or_default().into_iter();
    let others = all.filter(|path| !named.contains(path.as_os_str()));
    others
        .filter_map(|path| {
            let found = frontmatter_of(&path, read, |it| traces(it, settings.project))?;
            Some((found, Cow::Owned(path)))
        })
        .collect()
}

fn frontmatter_of<T>(
    path: &Path,
    read: &impl Fn(&Path) -> Result<Vec<u8>>,
    look: impl FnOnce(&Frontmatter<'_>) -> T,
) -> Option<T> {
    let source = Source::new(read(path).ok()?);
    let text = source.text();
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    Some(look(&Frontmatter::parse(text, start)))
}
