//! Fixing what `lint` finds: the only operation that changes files it was not told the session of.

use std::path::Path;

use crate::document::Source;
use crate::error::Error;
use crate::lint::{self, FileReport, Finding, Fixed, Report, Safety, Settings};
use crate::store::{self, Store};

/// Makes the fixes that a report offers, up to `allowed`. What is left to say about the files takes
/// the place of what was found, with the rules whose findings are gone. Returns why other files
/// could not be replaced; they are as they were.
pub fn apply(
    store: &Store,
    report: &mut Report,
    settings: Settings<'_>,
    allowed: Safety,
) -> Vec<Error> {
    let mut changed = Vec::new();
    let mut refused = Vec::new();
    for file in report.files.iter().filter(|file| offers(file, allowed)) {
        let rules = store.update_at(&file.path, |source| {
            let fixed = fixed(&file.path, source, settings, allowed);
            Ok(fixed.map_or((None, Vec::new()), |fixed| (Some(fixed.bytes), fixed.rules)))
        });
        match rules {
            Ok(rules) => changed.push((file.path.clone(), rules)),
            Err(error) => refused.push(error),
        }
    }
    let (paths, rules): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
    let mut again = lint::check_all(&paths, store::read, settings);
    report.unreadable.append(&mut again.unreadable);
    for (path, rules) in paths.iter().zip(rules) {
        let left = again.files.iter().position(|file| file.path == *path);
        let left = left.map(|index| again.files.swap_remove(index));
        if let Some(file) = report.files.iter_mut().find(|file| file.path == *path) {
            match left {
                Some(left) => *file = left,
                None => file.findings.clear(),
            }
            file.fixed = rules;
        }
    }
    refused
}

/// The same for text that is not in a file: each report gets the text as it is now.
pub fn apply_to_text(report: &mut Report, settings: Settings<'_>, allowed: Safety) {
    for file in &mut report.files {
        let Some(fixed) = fixed(&file.path, &file.source, settings, allowed) else {
            continue;
        };
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        file.source = Source::new(fixed.bytes);
        file.findings = lint::check(&name, &file.source, settings);
        file.fixed = fixed.rules;
    }
}

/// What [`apply`] would make of each file of a report that it would change.
pub fn preview<'r>(
    report: &'r Report,
    settings: Settings<'r>,
    allowed: Safety,
) -> impl Iterator<Item = (&'r FileReport, Source)> {
    let offering = report
        .files
        .iter()
        .filter(move |file| offers(file, allowed));
    offering.filter_map(move |file| {
        let fixed = fixed(&file.path, &file.source, settings, allowed)?;
        Some((file, Source::new(fixed.bytes)))
    })
}

fn offers(file: &FileReport, allowed: Safety) -> bool {
    let mut findings = file.findings.iter();
    findings.any(|finding| lint::is_fixable(finding, allowed))
}

fn fixed(path: &Path, source: &Source, settings: Settings<'_>, allowed: Safety) -> Option<Fixed> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let wanted = |finding: &Finding| lint::is_fixable(finding, allowed);
    lint::fix(&name, source, settings, wanted)
}
