use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;

use super::carried::Carried;
use crate::cli::{Color, Global};
use crate::document::schema::SECTIONS;
use crate::error::{Error, Result};
use crate::operations::planning::Left;
use crate::operations::{Written, counted};
use crate::render::{Versioned, one_line, sanitize, sanitize_value, write_json};

/// Open steps that a note names.
const KEPT: usize = 3;

/// How and where a command prints.
#[derive(Debug, Clone)]
pub(super) struct Output {
    json: bool,
    quiet: bool,
    color: anstream::ColorChoice,
    carried: Carried,
    /// Takes what would be printed.
    kept: Option<Arc<Mutex<Kept>>>,
}

/// What a command would have printed, fit for a terminal.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What `--json` prints.
    pub value: Option<Value>,
    /// What is printed without, and beside it on standard error.
    pub text: String,
}

impl Output {
    pub fn new(global: &Global, carried: Carried) -> Self {
        Self {
            carried,
            json: global.json,
            quiet: global.quiet,
            color: match global.color {
                Color::Auto => anstream::ColorChoice::Auto,
                Color::Always => anstream::ColorChoice::Always,
                Color::Never => anstream::ColorChoice::Never,
            },
            kept: None,
        }
    }

    /// The same, but what would be printed is kept for somebody who wants both the value and the
    /// text.
    pub fn keeping(&self) -> (Self, Arc<Mutex<Kept>>) {
        let kept = Arc::default();
        let output = Self {
            json: false,
            quiet: false,
            kept: Some(Arc::clone(&kept)),
            ..self.clone()
        };
        (output, kept)
    }

    /// Keeps a value, if that is what this is for.
    fn keep(&self, value: &impl Serialize) -> Result<()> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let value = serde_json::to_value(Versioned::new(value));
        let mut value = value.map_err(|error| {
            Error::usage(format!("what was done cannot be written as JSON: {error}"))
                .hint("agentsess list")
        })?;
        sanitize_value(&mut value);
        lock(kept).value = Some(value);
        Ok(())
    }

    /// Keeps text; false if it is to be printed.
    fn keep_text(&self, text: &str) -> bool {
        let Some(kept) = &self.kept else {
            return false;
        };
        let kept = &mut lock(kept).text;
        if !kept.is_empty() && !kept.ends_with('\n') {
            kept.push('\n');
        }
        kept.push_str(&sanitize(&anstream::adapter::strip_str(text).to_string()));
        true
    }

    /// Prints JSON, in colours that do not matter then.
    pub fn json() -> Self {
        Self {
            json: true,
            quiet: false,
            color: anstream::ColorChoice::Never,
            carried: Carried::default(),
            kept: None,
        }
    }

    /// A command that is suggested, with what this one was called with.
    pub fn command(&self, command: &str) -> String {
        self.carried.onto(command)
    }

    /// The same for somebody else to run.
    pub fn command_for_others(&self, command: &str) -> String {
        self.carried.for_others().onto(command)
    }

    /// A path that is shown, as a word of a command.
    pub fn path(&self, path: &Path) -> String {
        self.carried.path(path)
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether somebody can be asked: a terminal is read from and written to, and text is wanted.
    pub fn is_terminal(&self) -> bool {
        use io::IsTerminal as _;
        !self.json && self.kept.is_none() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Standard output, with colours where they are wanted.
    pub fn stream(&self) -> anstream::AutoStream<Box<dyn Write>> {
        let stdout = io::stdout().lock();
        let color = match self.color {
            ColorChoice::Auto => anstream::AutoStream::choice(&stdout),
            color => color,
        };
        // Without styles, text is passed on in the pieces that stood between them.
        let buffered: Box<dyn Write> = Box::new(BufWriter::new(stdout));
        anstream::AutoStream::new(buffered, color)
    }

    /// Standard error, in the same way.
    pub fn error_stream(&self) -> anstream::AutoStream<io::StderrLock<'static>> {
        anstream::AutoStream::new(io::stderr().lock(), self.color)
    }

    /// Prints what was asked for: `value` as JSON, or else `text`.
    pub fn print(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        self.keep(value)?;
        let text = if self.json { to_json(value) } else { text() };
        self.write(&text)
    }

    /// The same where the text is that of a file.
    pub fn print_raw(&self, value: &impl Serialize, bytes: &[u8]) -> Result<()> {
        self.keep(value)?;
        if self.json {
            return self.write(&to_json(value));
        }
        self.raw(bytes)
    }

    /// Prints text as it is. The caller has made it fit for a terminal.
    pub fn write(&self, text: &str) -> Result<()> {
        if self.keep_text(text) {
            return Ok(());
        }
        let mut stream = self.stream();
        let newline = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        finish(write!(stream, "{text}{newline}").and_then(|()| stream.flush()))
    }

    /// Prints the bytes of a file: made fit for a terminal, untouched for a pipe.
    pub fn raw(&self, bytes: &[u8]) -> Result<()> {
        if self.kept.is_some() {
            return self.write(&String::from_utf8_lossy(bytes));
        }
        let mut stream = io::stdout().lock();
        if anstream::stream::IsTerminal::is_terminal(&stream) {
            drop(stream);
            return self.write(&sanitize(&String::from_utf8_lossy(bytes)));
        }
        finish(stream.write_all(bytes).and_then(|()| stream.flush()))
    }

    /// The one line that every write answers.
    pub fn written(&self, done: &str, written: &Written) -> Result<()> {
        self.answered(done, written, written)
    }

    /// The same for a write that has more to say in JSON.
    pub fn answered(&self, done: &str, written: &Written, value: &impl Serialize) -> Result<()> {
        if self.quiet && !self.json {
            return Ok(());
        }
        self.print(value, || line(done, written))
    }

    /// Prints a line on standard error, beside what was asked for. With `--json` only errors go
    /// there.
    pub fn aside(&self, line: &str) {
        if self.quiet || self.json || self.keep_text(line) {
            return;
        }
        let mut stream = self.error_stream();
        // What matters was printed.
        let _ = writeln!(stream, "{line}");
    }

    /// The same for what may surprise.
    pub fn note(&self, note: &str) {
        self.aside(&format!("note: {}", sanitize(note)));
    }

    /// The same for what may be wrong.
    pub fn warning(&self, warning: &str) {
        self.aside(&format!("warning: {}", one_line(warning)));
    }

    /// What to do about an error.
    fn hint_of(&self, error: &Error) -> String {
        match (&error.hint, &error.location) {
            (Some(hint), _) => self.command(hint),
            (None, Some(location)) => format!("ls -ld {}", self.path(&location.path)),
            (None, None) => "agentsess help --all".to_owned(),
        }
    }

    /// Prints an error on standard error and returns its exit code.
    pub fn error(&self, error: &Error) -> ExitCode {
        let hint = self.hint_of(error);
        if self.keep_text(&error_text(error, &hint)) {
            return ExitCode::from(error.exit_code());
        }
        let text = if self.json {
            let report = Report {
                error: ErrorReport {
                    message: &error.message,
                    path: error
                        .location
                        .as_ref()
                        .map(|at| at.path.display().to_string()),
                    line: error.location.as_ref().and_then(|at| Some(at.position?.0)),
                    column: error.location.as_ref().and_then(|at| Some(at.position?.1)),
                    details: &error.details,
                    hint: &hint,
                },
            };
            to_json(&report)
        } else {
            error_text(error, &hint)
        };
        let mut stream = self.error_stream();
        // There is no better place to say that this cannot be said.
        let _ = stream.write_all(text.as_bytes());
        ExitCode::from(error.exit_code())
    }
}

#[derive(Serialize)]
struct Report<'e> {
    error: ErrorReport<'e>,
}

#[derive(Serialize)]
struct ErrorReport<'e> {
    message: &'e str,
    path: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    details: &'e [String],
    hint: &'e str,
}

/// A JSON object with its `schema_version`.
fn to_json(value: &impl Serialize) -> String {
    let versioned = Versioned::new(value);
    let mut text = Vec::new();
    // Writing to memory does not fail, and neither does turning these types into JSON.
    let _ = write_json(&versioned, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn error_text(error: &Error, hint: &str) -> String {
    let red = Style::new()
        .bold()
        .fg_color(Some(AnsiColor::BrightRed.into()));
    let message = error.to_string();
    let mut text = format!("{red}error:{red:#} {}\n", sanitize(&message));
    for detail in &error.details {
        let _ = writeln!(text, "  {}", sanitize(detail));
    }
    text + &self::hint(hint)
}

/// What is kept; a thread that failed while it held it has spoiled nothing.
pub(super) fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one line about a write, and what somebody should know about it.
pub(super) fn line(done: &str, written: &Written) -> String {
    let minute = written.at.get(11..16).unwrap_or("");
    let progress = written.progress;
    let mut line = format!("{done} {} {minute}", sanitize(&written.slug));
    if progress.total > 0 {
        let _ = write!(line, " {}/{}", progress.done, progress.total);
    }
    line + &notes(written)
}

/// What somebody should know about a write, one line each.
pub(super) fn notes(written: &Written) -> String {
    let mut notes = String::new();
    for item in &written.ticked {
        let _ = write!(notes, "\nticked {}", one_line(item));
    }
    for item in &written.already_ticked {
        let _ = write!(notes, "\nalready ticked: {}", one_line(item));
    }
    for section in &written.new_sections {
        let _ = write!(notes, "\nnote: new section `{}`", sanitize(section));
        let likeness = |known: &str| strsim::jaro_winkler(known, section);
        let near = SECTIONS
            .into_iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        if let Some(near) = near.filter(|near| likeness(near) > 0.85) {
            let _ = write!(notes, "; did you mean `{near}`?");
        }
    }
    if let Some(current) = &written.current_task {
        let _ = write!(
            notes,
            "\nnote: the current task is now: {}",
            one_line(current)
        );
    }
    if !written.kept_steps.is_empty() {
        let steps = written.kept_steps.iter().take(KEPT);
        let steps: Vec<_> = steps.map(|step| one_line(step)).collect();
        let more = written.kept_steps.len() - steps.len();
        let more = if more > 0 { ", …" } else { "" };
        let _ = write!(
            notes,
            "\nnote: {} kept: {}{more}; --replace drops what is not given",
            counted(written.kept_steps.len(), "open step"),
            steps.join("; "),
        );
    }
    if !written.dropped_from.is_empty() {
        let sections: Vec<_> = written.dropped_from.iter().map(|it| one_line(it)).collect();
        let _ = write!(
            notes,
            "\nnote: the log keeps what is no longer in {}",
            sections.join(", ")
        );
    }
    if let Some(left) = &written.left {
        notes.push('\n');
        notes += &self::left(left);
    }
    for warning in &written.warnings {
        let _ = write!(notes, "\nwarning: {}", one_line(warning));
    }
    for kind in &written.redacted {
        let _ = write!(
            notes,
            "\nwarning: a secret was replaced by `[redacted:{}]`",
            kind.as_str()
        );
        notes.push_str("; --allow-secret keeps it");
    }
    notes
}

/// Aligned columns, empty ones left out; only the first is coloured, so that its width is counted
/// before the colour.
pub(super) fn columns<const N: usize>(rows: &[(Style, [String; N])]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|(_, row)| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for (style, cells) in rows {
        let mut line = String::new();
        for (index, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            if *width == 0 {
                continue;
            }
            let padding = " ".repeat(width - cell.chars().count() + 2);
            if index == 0 {
                let _ = write!(line, "{style}{cell}{style:#}{padding}");
            } else {
                let _ = write!(line, "{cell}{padding}");
            }
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The note about a planning session that was left for another one.
pub(super) fn left(left: &Left) -> String {
    let (slug, record) = (sanitize(&left.slug), left.record.display().to_string());
    format!(
        "note: {slug} is paused and recorded in {}",
        sanitize(&record)
    )
}

/// The line that says what to do next.
pub(super) fn hint(command: &str) -> String {
    let cyan = Style::new()
        .bold()
        .fg_color(Some(AnsiColor::BrightCyan.into()));
    format!("{cyan}hint:{cyan:#} {}\n", sanitize(command))
}

/// A reader that has gone away has what it wanted.
pub(super) fn finish(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::usage(format!(
            "cannot write to standard output: {error}; the command itself was carried out"
        ))),
        _ => Ok(()),
    }
}
