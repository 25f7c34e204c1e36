//! The engine: parses each file once, runs every rule over it, keeps what was found.

pub mod files;
mod fix;
mod folder;
mod selection;
mod suppression;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rayon::prelude::*;

use crate::config::Config;
use crate::document::time::Timestamp;
use crate::document::{Document, Source};
use crate::error::{Error, Result};
use crate::rules::{DUPLICATE_WORK, Folder, Traces, traces};

pub use fix::{Fixed, fix, is_fixable};
pub use selection::{Selector, Selectors, selected};

pub use crate::rules::{
    Context, Family, Finding, Findings, Fix, Phase, Project, RULES, Rule, Safety, Severity,
};

/// What was found in one file.
#[derive(Debug)]
pub struct FileReport {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Its content, for excerpts.
    pub source: Source,
    /// What was found, in the order of the text; what was fixed is not among it.
    pub findings: Vec<Finding>,
    /// The rules whose findings were fixed, once for every fix.
    pub fixed: Vec<&'static Rule>,
}

/// What was found in all files.
#[derive(Debug, Default)]
pub struct Report {
    /// The files with findings or fixes, in the order in which they were named. The others are not kept.
    pub files: Vec<FileReport>,
    /// How many files were checked.
    pub checked: usize,
    /// Why others could not be.
    pub unreadable: Vec<Error>,
}

impl Report {
    /// Every finding with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&FileReport, &Finding)> {
        let of = |file| std::iter::repeat(file);
        self.files
            .iter()
            .flat_map(move |file| of(file).zip(&file.findings))
    }

    /// How many findings have exactly this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings()
            .filter(|(_, finding)| finding.severity == severity)
            .count()
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }
}

/// What a check goes by, besides the files.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'s> {
    /// The settings of the repository.
    pub config: &'s Config,
    /// The time, for rules that depend on it.
    pub now: Timestamp,
    /// The rules that are on, in the order of their codes.
    pub rules: &'s [&'static Rule],
    /// The repository, for rules about what a session says of it.
    pub project: Option<&'s Project<'s>>,
    /// The other sessions, for rules that compare them; [`check_all`] looks at them by itself.
    pub folder: Option<&'s Folder>,
    /// Whether what is checked is all that the folders have.
    pub whole: bool,
}

impl<'s> Settings<'s> {
    /// The default rules, and nothing known beyond the file.
    pub fn new(config: &'s Config, now: Timestamp) -> Self {
        static DEFAULT: LazyLock<Vec<&'static Rule>> =
            LazyLock::new(|| RULES.iter().copied().filter(|rule| rule.default).collect());
        Self {
            config,
            now,
            rules: &DEFAULT,
            project: None,
            folder: None,
            whole: false,
        }
    }

    fn has(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|on| on.code == rule.code)
    }
}

/// Runs the rules over one file. The findings come in the order of the text. An empty name is one
/// that is not known, and not judged.
pub fn check(file_name: &str, source: &Source, settings: Settings<'_>) -> Vec<Finding> {
    check_document(file_name, &Document::parse(source), settings)
}

fn check_document(
    file_name: &str,
    document: &Document<'_>,
    settings: Settings<'_>,
) -> Vec<Finding> {
    let context = Context::new(file_name, document, settings);
    let mut found = Vec::new();
    for rule in settings.rules {
        let for_any_text = matches!(rule.family, Family::Name | Family::Safety);
        if context.conflict.is_some() && !for_any_text {
            continue;
        }
        (rule.check)(&context, &mut Findings::new(rule, &mut found));
    }
    suppression::apply(&context, settings.rules, &mut found);
    // A fix that moves text could not carry over what cannot be shown as text.
    if !context.source.invalid().is_empty() {
        for finding in &mut found {
            finding.fix = None;
        }
    }
    found.sort_by_key(|finding| (finding.span.start, finding.rule.code));
    found
}

/// Reads and checks files side by side. The report does not depend on who was first.
pub fn check_all(
    paths: &[PathBuf],
    read: impl Fn(&Path) -> Result<Vec<u8>> + Sync,
    settings: Settings<'_>,
) -> Report {
    let one = |(index, path): (usize, &PathBuf)| {
        let checked = check_file(path, &read, settings).map_err(Box::new);
        let clean =
            |checked: &Checked| checked.report.is_none() && checked.traces == Traces::default();
        (!checked.as_ref().is_ok_and(clean)).then_some((index, checked))
    };
    let mut results: Vec<(usize, Result<Checked, Box<Error>>)> = match paths {
        // Starting threads takes longer than checking a file.
        [path] => one((0, path)).into_iter().collect(),
        _ => paths.par_iter().enumerate().filter_map(one).collect(),
    };
    folder::compare(paths, &mut results, &read, settings);
    let mut report = Report::default();
    for (_, result) in results {
        match result {
            Ok(checked) => report.files.extend(checked.report.map(|report| *report)),
            Err(error) => report.unreadable.push(*error),
        }
    }
    report.checked = paths.len() - report.unreadable.len();
    report
}

/// What is kept of a file until all are read; of most there is no report.
struct Checked {
    report: Option<Box<FileReport>>,
    traces: Traces,
}

fn check_file(
    path: &Path,
    read: impl Fn(&Path) -> Result<Vec<u8>>,
    settings: Settings<'_>,
) -> Result<Checked> {
    let source = Source::new(read(path)?);
    let document = Document::parse(&source);
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let findings = check_document(&file_name, &document, settings);
    let traces = settings
        .has(&DUPLICATE_WORK)
        .then(|| traces(&document.frontmatter, settings.project));
    drop(document);
    let report = (!findings.is_empty()).then(|| FileReport {
        path: path.to_owned(),
        source,
        findings,
        fixed: Vec::new(),
    });
    Ok(Checked {
        report: report.map(Box::new),
        traces: traces.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::time::parse_minute;
    use proptest::prelude::*;

    const CLEAN: &str = "---\nsession:\n  title: T\n  status: in_progress\n  created: 2025-12-04T14:30:00Z\n  last_updated: 2025-12-04T14:30:00Z\norchestration:\n  current_task: T\n---\n\n# T\n\n## Context\n\nc\n\n## Current State\n\ns\n\n## Next Steps\n\n- n\n";

    fn settings(config: &Config) -> Settings<'_> {
        let now = parse_minute("2025-12-04 16:00").unwrap();
        Settings::new(config, now)
    }

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn clean_files_are_counted_and_not_kept() {
        let names = ["20251204-143000-b.md", "x.md", "20251204-143000-a.md"];
        let report = check_all(
            &paths(&names),
            |_| Ok(CLEAN.into()),
            settings(&Config::default()),
        );
        assert_eq!((report.checked, report.files.len()), (3, 1));
        assert_eq!((report.errors(), report.warnings()), (1, 0));
        assert_eq!(report.files[0].path, Path::new("x.md"));
    }

    #[test]
    fn a_file_that_cannot_be_read_does_not_keep_the_others_from_being_checked() {
        let read = |path: &Path| match path.to_str() {
            Some("0.md") => Ok(Vec::new()),
            _ => Err(Error::usage("no").at(path, None)),
        };
        let report = check_all(
            &paths(&["2.md", "0.md", "1.md"]),
            read,
            settings(&Config::default()),
        );
        assert_eq!((report.checked, report.files.len()), (1, 1));
        let errors: Vec<_> = report.unreadable.iter().map(Error::to_string).collect();
        assert_eq!(errors, ["2.md: no", "1.md: no"]);
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "---\n",
            "session:\n",
            "  title: ",
            "T\n",
            "  status: paused\n",
            "  created: x\n",
            "orchestration:\n",
            "  spawned_agents:\n",
            "    - agent: a\n",
            "      status: completed\n",
            "[",
            "{",
            "\"",
            "'",
            "*a",
            "&a ",
            ": ",
            "\t",
            "\n",
            "\r\n",
            "\u{feff}",
            "ü",
            "日",
            "\0",
            "# S\n",
            "## Context\n",
            "### Context\n",
            "## Next Step\n",
            "## Current State\n\n",
            "## Session Log\n",
            "### 2025-12-04 14:30 - a/b\n",
            "### 2025-12-04 日日 - a\n",
            "```\n",
            "<!--",
            "-->",
            "> ",
            "- ",
            "text\n",
            "<<<<<<< \n",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn findings_of_any_text_are_places_in_it(text in pieces(), name in "[-0-9a-zü.]{0,20}") {
            let source = Source::new(text.clone().into());
            for finding in check(&name, &source, settings(&Config::default())) {
                let place = text.get(finding.span.start..finding.span.end);
                prop_assert!(place.is_some(), "{finding:?}");
            }
        }
    }
}
