//! Where and how the findings of `lint` are printed.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::output::{finish, hint};
use super::{Context, host, variable};
use crate::cli::{self, LintFormat};
use crate::error::{Error, Result};
use crate::lint::{Report, Safety, Severity};
use crate::render;
use crate::shell;
use crate::store::Store;

/// How a report will be printed. Made before anything is checked, so that wrong use does nothing.
pub(super) struct Printer {
    format: LintFormat,
    statistics: bool,
    /// Instead of standard output.
    file: Option<PathBuf>,
}

impl Printer {
    /// Takes what was asked for. `checked` are the files that must not be overwritten.
    pub fn new(
        context: &Context,
        store: &Store,
        arguments: &cli::Lint,
        checked: &[PathBuf],
    ) -> Result<Self> {
        let file = arguments.output_file.as_deref();
        let file = file.filter(|file| *file != Path::new("-")).map(|file| {
            let file = context
                .place
                .directory
                .as_ref()
                .map_or(file.into(), |dir| dir.join(file));
            std::path::absolute(&file).unwrap_or(file)
        });
        let format = match arguments.output_format {
            _ if context.output.is_json() => LintFormat::Json,
            LintFormat::Auto if file.is_none() && for_an_agent() => LintFormat::Agent,
            LintFormat::Auto => LintFormat::Full,
            format => format,
        };
        if arguments.statistics && for_programs(format) && format != LintFormat::Json {
            return Err(
                Error::usage("statistics are printed as text or as JSON only")
                    .hint("agentsess lint --statistics --output-format json"),
            );
        }
        if let Some(file) = file.as_deref().filter(|file| is_one_of(file, checked)) {
            let hint = "agentsess lint --output-file -";
            let error = Error::usage("the report would replace a file that is checked");
            return Err(store.relocate(error.at(file, None).hint(hint)));
        }
        Ok(Self {
            format,
            statistics: arguments.statistics,
            file,
        })
    }

    /// Prints a report with absolute paths. They are made relative: to the top of the repository
    /// where a forge wants to find the files, else to where the user is.
    pub fn print(&self, context: &Context, store: &Store, report: &mut Report) -> Result<()> {
        let shown = |path: &Path| match self.format {
            LintFormat::Github | LintFormat::Gitlab | LintFormat::Sarif | LintFormat::Junit => {
                from_top(store, path)
            }
            _ => shown(store, path),
        };
        for file in &mut report.files {
            file.path = shown(&file.path);
        }
        for error in &mut report.unreadable {
            if let Some(location) = &mut error.location {
                location.path = shown(&location.path);
            }
        }
        match &self.file {
            None => {
                let mut stream = BufWriter::new(context.output.stream());
                finish(
                    self.render(report, &mut stream)
                        .and_then(|()| stream.flush()),
                )?;
            }
            Some(file) => {
                let mut bytes = Vec::new();
                let rendered = self.render(report, &mut anstream::StripStream::new(&mut bytes));
                let written = rendered.and_then(|()| replace(file, &bytes));
                written.map_err(|error| unwritten(store, file, &error))?;
            }
        }
        if self.file.is_some() || for_programs(self.format) {
            context.output.aside(&render::summary(report));
        }
        Ok(())
    }

    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match (self.format, self.statistics) {
            (LintFormat::Json, true) => render::statistics_json(report, out),
            (_, true) => render::statistics(report, out),
            (LintFormat::Auto | LintFormat::Full, _) => render::full(report, out),
            (LintFormat::Concise, _) => render::concise(report, out),
            (LintFormat::Agent, _) => render::agent(report, out),
            (LintFormat::Json, _) => render::json(report, out),
            (LintFormat::Github, _) => render::github(report, out),
            (LintFormat::Gitlab, _) => render::gitlab(report, out),
            (LintFormat::Sarif, _) => render::sarif(report, out),
            (LintFormat::Junit, _) => render::junit(report, out),
        }?;
        let next = self.next(report);
        next.map_or(Ok(()), |next| out.write_all(hint(&next).as_bytes()))
    }

    /// The command to go on with.
    fn next(&self, report: &Report) -> Option<String> {
        if self.statistics || !matches!(self.format, LintFormat::Full | LintFormat::Agent) {
            return None;
        }
        if let Some(command) = with_fix().filter(|_| render::fixable(report, Safety::Safe) > 0) {
            return Some(command);
        }
        let mut findings = report.findings();
        let (_, error) = findings.find(|(_, finding)| finding.severity == Severity::Error)?;
        Some(format!("agentsess rule {}", error.rule.name))
    }
}

/// Whether the output is one document, in which a summary has no place.
fn for_programs(format: LintFormat) -> bool {
    match format {
        LintFormat::Json | LintFormat::Gitlab | LintFormat::Sarif | LintFormat::Junit => true,
        LintFormat::Auto
        | LintFormat::Full
        | LintFormat::Concise
        | LintFormat::Agent
        | LintFormat::Github => false,
    }
}

/// Whether an agent reads standard output.
fn for_an_agent() -> bool {
    // By agents' common convention; whatever its value, it names one.
    let named = variable("AI_AGENT").is_some();
    (named || host().is_some()) && !io::stdout().is_terminal()
}

/// The command that was run, but fixing what it finds.
fn with_fix() -> Option<String> {
    let words = std::env::args_os().skip(1);
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let end = words.iter().position(|word| word == "--");
    let (before, after) = words.split_at_checked(end.unwrap_or(words.len()))?;
    if before.iter().any(|word| word == "--fix") {
        return None;
    }
    let words = before.iter().map(|word| shell::word(word));
    let words = words.chain(["--fix".to_owned()]);
    let words: Vec<_> = words
        .chain(after.iter().map(|word| shell::word(word)))
        .collect();
    Some(format!("agentsess {}", words.join(" ")))
}

fn unwritten(store: &Store, file: &Path, error: &io::Error) -> Error {
    let failed = store.relocate(Error::io("write the report", file, error));
    match file.parent().filter(|folder| !folder.exists()) {
        None => failed,
        Some(folder) => {
            let folder = shell::word(&store.shown(folder).display().to_string());
            failed.hint(format!("mkdir -p {folder}"))
        }
    }
}

/// What a file is called in what is printed.
pub(super) fn shown(store: &Store, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        return "-".into();
    }
    store.shown(path)
}

/// A path relative to the top of the repository; outside of it, as it is.
fn from_top(store: &Store, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        return shown(store, path);
    }
    let top = store.repository.as_ref().map_or(&store.root, |it| &it.top);
    let within = |path: &Path| path.strip_prefix(top).ok().map(Path::to_owned);
    real(path)
        .and_then(|path| within(&path))
        .or_else(|| within(path))
        .unwrap_or_else(|| path.to_owned())
}

/// A path whose folder is reached without links.
fn real(path: &Path) -> Option<PathBuf> {
    Some(
        fs::canonicalize(path.parent()?)
            .ok()?
            .join(path.file_name()?),
    )
}

fn is_one_of(file: &Path, paths: &[PathBuf]) -> bool {
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut named = paths
        .iter()
        .filter(|path| path.file_name() == target.file_name());
    named.any(|path| real(path).is_some_and(|path| path == target))
}

/// Makes a file, or replaces it, in one step. A link keeps leading where it leads; what is not a
/// regular file, such as a pipe, is written to.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let meta = fs::metadata(path).ok();
    if meta.as_ref().is_some_and(|meta| !meta.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let mode = meta.map(|meta| meta.permissions().mode() & 0o7777);
    if mode.is_some_and(|mode| mode & 0o222 == 0) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut temporary = tempfile::Builder::new()
        .prefix(".agentsess-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode.unwrap_or(0o666)))
        .tempfile_in(path.parent().unwrap_or(Path::new("/")))?;
    temporary.write_all(bytes)?;
    if let Some(mode) = mode {
        let file = temporary.as_file();
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}
