//! What a template makes of a session before anything is put into it, and what is wrong with it.

use std::collections::HashMap;

use super::{DEFAULT, Template, Values, built_in};
use crate::config::Config;
use crate::document::schema::SESSION_LOG;
use crate::document::time::Timestamp;
use crate::document::{Body, Document, Edit, Source, Span, heading_text, line_column};
use crate::error::{Error, Result};
use crate::lint::{self, Family, RULES, Severity};

/// What stands in a required section that nothing is known about.
pub(in crate::operations) fn placeholder(section: &str) -> String {
    let session = built_in().find(|template| template.name == DEFAULT);
    let source = Source::new(
        session
            .map_or_else(String::new, |own| own.body().to_owned())
            .into(),
    );
    let document = Document::parse(&source);
    let known = document.body.section(section);
    known.map_or_else(
        || "<!-- What belongs here. -->".to_owned(),
        |(_, section)| section.body.of(document.text).to_owned(),
    )
}

/// Something wrong with what a template makes, at the line of the template that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One-based line and column in the template's file.
    pub position: (usize, usize),
    /// How much it matters; an error keeps sessions from being made.
    pub severity: Severity,
    /// The lint rule.
    pub rule: &'static str,
    /// The defect.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A session as its template makes it.
#[derive(Debug)]
pub(in crate::operations) struct Draft {
    pub source: Source,
    pub problems: Vec<Problem>,
}

/// Renders a template below `head`, the frontmatter of a session with this title. Required
/// sections and the log are added where it leaves them out.
///
/// # Errors
///
/// With the place in the template, when it cannot be rendered, or no session can be made of what
/// it renders to.
pub(in crate::operations) fn draft(
    template: &Template,
    values: &Values,
    head: &str,
    title: &str,
    config: &Config,
    now: Timestamp,
) -> Result<Draft> {
    let body = template.render(values)?;
    let origin = |offset: usize| origin(template, &body, offset);
    let fail = |offset: usize, message: String| {
        let (line, column) = origin(offset);
        let mut error = template.error(0, message);
        if let Some(at) = &mut error.location {
            at.position = Some((line, column));
        }
        error.hint(format!("agentsess template check {}", template.name))
    };
    let first = body.len() - body.trim_start().len();
    let line = body.get(first..).and_then(|rest| rest.lines().next());
    if line.is_some_and(|line| line.trim_end() == "---") {
        let message = "the body opens frontmatter, which only the tool writes";
        return Err(fail(first, message.into()));
    }
    let parsed = Body::parse(&body, Span::new(0, body.len()));
    if let Some(unclosed) = parsed.unclosed {
        let what = unclosed.describe();
        let message = format!("the {what} opened here is never closed");
        return Err(fail(unclosed.span().start, message));
    }
    let heading = match parsed.title() {
        Some(_) => String::new(),
        None => format!("# Session: {}\n\n", heading_text(title)),
    };
    let prefix = format!("{head}\n{heading}");
    let source = Source::new(format!("{prefix}{body}").into_bytes());
    let above = prefix.lines().count();
    let line_of = |line: usize| {
        let lines = body.split_inclusive('\n').map(str::len);
        origin(lines.take(line.saturating_sub(above + 1)).sum()).0
    };
    // What is no structure comes from the words of a title or value, unless the template has it.
    let own = |span: Span, problem: &Problem| {
        let safety = RULES
            .iter()
            .any(|rule| rule.name == problem.rule && rule.family == Family::Safety);
        !safety || template.body().contains(span.of(source.text()))
    };
    let problems = problems(&source, config, now)
        .into_iter()
        .filter(|(span, problem)| own(*span, problem))
        .map(|(span, problem)| Problem {
            position: origin(span.start.saturating_sub(prefix.len())),
            message: with_line(&problem.message, line_of),
            ..problem
        })
        .collect();

    let document = Document::parse(&source);
    let required = config.sections.required.iter();
    let mut missing: Vec<&str> = required
        .map(String::as_str)
        .chain([SESSION_LOG])
        .filter(|section| document.body.section(section).is_none())
        .collect();
    missing.dedup();
    let texts: Vec<String> = missing
        .iter()
        .map(|section| match *section {
            SESSION_LOG => String::new(),
            section => placeholder(section),
        })
        .collect();
    let edits = missing.iter().zip(&texts);
    let edits: Vec<Edit> = edits
        .map(|(section, text)| Edit::Replace { section, text })
        .collect();
    let bytes = document.apply(&edits).map_err(|error| {
        let message = format!("no session can be made of it: {}", error.message);
        fail(0, message).hint(error.help)
    })?;
    Ok(Draft {
        source: Source::new(bytes),
        problems,
    })
}

/// What `lint` says about the draft, but for what is still to be added to it.
fn problems(source: &Source, config: &Config, now: Timestamp) -> Vec<(Span, Problem)> {
    let settings = lint::Settings::new(config, now);
    let findings = lint::check("", source, settings).into_iter();
    findings
        .filter(|finding| finding.rule.name != "missing-section")
        .map(|finding| {
            // A session whose heading is another title is not the one that was asked for.
            let severity = match finding.rule.name {
                "title-mismatch" => Severity::Error,
                _ => finding.severity,
            };
            let help = match finding.rule.name {
                "title-mismatch" => Some("write `# Session: {{ title }}`, or leave it out".into()),
                _ => finding.help,
            };
            let problem = Problem {
                position: (0, 0),
                severity,
                rule: finding.rule.name,
                message: finding.message,
                help,
            };
            (finding.span, problem)
        })
        .collect()
}

/// A message about a session, with the line of the template for that of the session it names.
fn with_line(message: &str, line_of: impl Fn(usize) -> usize) -> String {
    let Some((before, line)) = message.rsplit_once("on line ") else {
        return message.to_owned();
    };
    match line.parse() {
        Ok(line) => format!("{before}on line {}", line_of(line)),
        Err(_) => message.to_owned(),
    }
}

/// The place in the template's file that an offset into what it renders to came from. Lines that
/// are the same in both lead the way; one that was filled in is taken for the line that follows the
/// last of them.
fn origin(template: &Template, rendered: &str, offset: usize) -> (usize, usize) {
    let body: Vec<&str> = template.body().lines().collect();
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in body.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    let (line, column) = line_column(rendered, offset);
    let (mut next, mut found) = (0, (0, 1));
    for text in rendered.lines().take(line) {
        let known = places.get(text).filter(|_| !text.trim().is_empty());
        let place = known.and_then(|known| known.iter().copied().find(|place| *place >= next));
        found = match (place, known.and_then(|known| known.last())) {
            (Some(place), _) => {
                next = place + 1;
                (place, column)
            }
            // A loop renders its lines more than once.
            (None, Some(place)) => (*place, column),
            (None, None) => {
                let place = next;
                if body
                    .get(next)
                    .is_some_and(|line| line.trim().is_empty() == text.trim().is_empty())
                {
                    next += 1;
                }
                (place, 1)
            }
        };
    }
    let (place, column) = found;
    let (first, _) = line_column(&template.text, template.body);
    (first + place.min(body.len().saturating_sub(1)), column)
}

impl Draft {
    /// Refuses a draft that has errors, with the errors as the reasons.
    pub fn refuse_errors(self, template: &Template) -> Result<Source> {
        let is_fatal = |problem: &&Problem| problem.severity == Severity::Error;
        let fatal: Vec<_> = self.problems.iter().filter(is_fatal).collect();
        let Some(first) = fatal.first() else {
            return Ok(self.source);
        };
        let message = format!("template `{}` makes no valid session", template.name);
        let mut error = Error::usage(message);
        if let Some(path) = &template.path {
            error = error.at(path, Some(first.position));
        }
        error.details = fatal.iter().map(|problem| problem.line(template)).collect();
        Err(error.hint(format!("agentsess template check {}", template.name)))
    }
}

impl Problem {
    /// Place, defect and rule on one line.
    pub fn line(&self, template: &Template) -> String {
        let (line, column) = self.position;
        let place = match &template.path {
            Some(path) => path.display().to_string(),
            None => template.name.clone(),
        };
        format!("{place}:{line}:{column}: {} [{}]", self.message, self.rule)
    }
}
