//! Where and how the findings of `lint` are printed.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::output::{finish, hint};
use super::{Context, host, variable};
use crate::cli::{self, LintFormat};
use crate::error::{Error, Result};
use crate::lint::files::Inputs;
use crate::lint::{Report, Safety, Severity, is_fixable};
use crate::render;
use crate::shell;
use crate::store::{Store, is_session_name};

/// The format, where no option says it.
const FORMAT: &str = "AGENTSESS_OUTPUT_FORMAT";

/// Most files that a hint names.
const NAMED: usize = 8;

/// How a report will be printed. Made before anything is checked, so that wrong use does nothing.
pub(super) struct Printer {
    format: LintFormat,
    statistics: bool,
    /// Findings only, without a summary and hints.
    quiet: bool,
    destination: Destination,
    next: Next,
}

/// Where a report goes.
enum Destination {
    Output,
    Error,
    File(PathBuf),
}

/// How what was found would be fixed.
struct Next {
    staged: bool,
    paths: Vec<String>,
}

impl Printer {
    /// Takes what was asked for. `inputs` are the files that must not be overwritten.
    ///
    /// What fixing makes of standard input goes to standard output, and the report then to standard
    /// error.
    pub fn new(
        context: &Context,
        store: &Store,
        arguments: &cli::Lint,
        inputs: &Inputs,
    ) -> Result<Self> {
        let filters = arguments.fixes.fix && inputs.are_standard_input();
        let output = if filters {
            Destination::Error
        } else {
            Destination::Output
        };
        let destination = match arguments.output_file.as_deref() {
            None => output,
            Some(file) if file == Path::new("-") => output,
            Some(file) => {
                let directory = context.place.directory.as_deref().unwrap_or(Path::new(""));
                let file = directory.join(file);
                let file = std::path::absolute(&file).unwrap_or(file);
                match descriptor(&file) {
                    Some(1) => output,
                    Some(2) => Destination::Error,
                    _ => Destination::File(file),
                }
            }
        };
        let format = match format(context, arguments)? {
            LintFormat::Auto if !matches!(destination, Destination::File(_)) && for_an_agent() => {
                LintFormat::Agent
            }
            LintFormat::Auto => LintFormat::Full,
            format => format,
        };
        if arguments.statistics && for_programs(format) && format != LintFormat::Json {
            return Err(
                Error::usage("statistics are printed as text or as JSON only")
                    .hint("agentsess lint --statistics --output-format json"),
            );
        }
        if let Destination::File(file) = &destination {
            guard(store, file, &inputs.paths)?;
        }
        let paths = arguments.input.paths.iter();
        Ok(Self {
            format,
            statistics: arguments.statistics,
            quiet: context.output.is_quiet(),
            destination,
            next: Next {
                staged: arguments.input.staged,
                paths: paths
                    .map(|path| path.to_string_lossy().into_owned())
                    .collect(),
            },
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
        match &self.destination {
            Destination::Output => {
                let mut stream = context.output.stream();
                let rendered = self.render(context, report, &mut stream);
                finish(rendered.and_then(|()| stream.flush()))?;
            }
            Destination::Error => {
                let mut stream = BufWriter::new(context.output.error_stream());
                let rendered = self.render(context, report, &mut stream);
                finish(rendered.and_then(|()| stream.flush()))?;
                return Ok(());
            }
            Destination::File(file) => {
                let mut bytes = Vec::new();
                let rendered =
                    self.render(context, report, &mut anstream::StripStream::new(&mut bytes));
                let written = rendered.and_then(|()| replace(file, &bytes));
                written.map_err(|error| unwritten(context, store, file, &error))?;
            }
        }
        if matches!(self.destination, Destination::File(_)) || for_programs(self.format) {
            context.output.aside(&render::summary(report));
        }
        Ok(())
    }

    fn render(&self, context: &Context, report: &Report, out: &mut dyn Write) -> io::Result<()> {
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
        if self.quiet || for_programs(self.format) {
            return Ok(());
        }
        writeln!(out, "{}", render::summary(report))?;
        let next = self.next(report);
        next.map_or(Ok(()), |next| {
            let next = context.output.command(&next);
            out.write_all(hint(&next).as_bytes())
        })
    }

    /// The command to go on with.
    fn next(&self, report: &Report) -> Option<String> {
        if self.statistics || !matches!(self.format, LintFormat::Full | LintFormat::Agent) {
            return None;
        }
        if let Some(command) = self.next.fixing(report) {
            return Some(command);
        }
        let mut findings = report.findings();
        let (_, error) = findings.find(|(_, finding)| finding.severity == Severity::Error)?;
        Some(format!("agentsess rule {}", error.rule.name))
    }
}

impl Next {
    /// The command that was run, but fixing what it found. What is staged is fixed on disk and
    /// staged again.
    fn fixing(&self, report: &Report) -> Option<String> {
        let fixable = report.files.iter().filter(|file| {
            let mut findings = file.findings.iter();
            findings.any(|finding| is_fixable(finding, Safety::Safe))
        });
        let fixable: Vec<_> = fixable
            .map(|file| shell::word(&file.path.to_string_lossy()))
            .collect();
        if fixable.is_empty() {
            return None;
        }
        if !self.staged {
            return with_fix(|_| true, "");
        }
        let kept = |word: &str| word != "--staged" && !self.paths.iter().any(|path| path == word);
        if fixable.len() > NAMED {
            return with_fix(kept, "");
        }
        let files = fixable.join(" ");
        let fix = with_fix(kept, &format!(" {files}"))?;
        Some(format!("{fix} && git add {files}"))
    }
}

/// The format that was asked for.
fn format(context: &Context, arguments: &cli::Lint) -> Result<LintFormat> {
    match (arguments.output_format, variable(FORMAT)) {
        _ if context.output.is_json() => Ok(LintFormat::Json),
        (Some(format), _) => Ok(format),
        (None, None) => Ok(LintFormat::Auto),
        (None, Some(name)) => LintFormat::from_str(&name, false).map_err(|_| {
            Error::usage(format!("there is no format `{name}`, as {FORMAT} says"))
                .hint("agentsess help lint")
        }),
    }
}

/// Refuses to put a report where something else belongs.
fn guard(store: &Store, file: &Path, checked: &[PathBuf]) -> Result<()> {
    let config: Vec<_> = store.config.files().map(Path::to_owned).collect();
    let folder = fs::canonicalize(&store.sessions).ok();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let message = if is_one_of(file, checked) {
        "the report would replace a file that is checked"
    } else if is_one_of(file, &config) {
        "the report would replace the configuration"
    } else if folder == real(file).and_then(|file| Some(file.parent()?.to_owned()))
        && folder.is_some()
        && is_session_name(&name)
    {
        "the report would be taken for a session"
    } else {
        return Ok(());
    };
    let error = Error::usage(message).at(file, None);
    Err(store.relocate(error.hint("agentsess lint --output-file -")))
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

/// The command that was run, without the words that are not `kept`, but fixing what it finds.
fn with_fix(kept: impl Fn(&str) -> bool, paths: &str) -> Option<String> {
    let words = std::env::args_os().skip(1);
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().into_owned())
        .filter(|word| kept(word))
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
    Some(format!("agentsess {}{paths}", words.join(" ")))
}

fn unwritten(context: &Context, store: &Store, file: &Path, error: &io::Error) -> Error {
    let failed = store.relocate(Error::io("write the report", file, error));
    match file.parent().filter(|folder| !folder.exists()) {
        None => failed,
        Some(folder) => {
            let folder = context.output.path(&store.shown(folder));
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
pub(super) fn from_top(store: &Store, path: &Path) -> PathBuf {
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

/// The number of the open file that a path stands for, as `/dev/stdout` does: nothing that could
/// be replaced, even where a regular file is behind it.
fn descriptor(path: &Path) -> Option<u32> {
    // What can be opened has no links that lead in a circle.
    fs::metadata(path).ok()?;
    let mut path = path.to_owned();
    loop {
        let name = path.file_name()?.to_str()?;
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let own = Path::new("/proc").join(std::process::id().to_string());
        if folder == Path::new("/dev/fd") || (folder.starts_with(own) && folder.ends_with("fd")) {
            return name.parse().ok();
        }
        match (folder == Path::new("/dev"), name) {
            (true, "stdout") => return Some(1),
            (true, "stderr") => return Some(2),
            _ => path = folder.join(fs::read_link(&path).ok()?),
        }
    }
}

/// Makes a file, or replaces it, in one step. A link keeps leading where it leads; what is not a
/// regular file, such as a pipe, and what is open already is written to.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let meta = fs::metadata(path).ok();
    if descriptor(path).is_some() || meta.as_ref().is_some_and(|meta| !meta.is_file()) {
        return OpenOptions::new().append(true).open(path)?.write_all(bytes);
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
    // As the store marks what it is at work on.
    let _ = temporary.as_file().try_lock();
    temporary.write_all(bytes)?;
    if let Some(mode) = mode {
        let file = temporary.as_file();
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}
