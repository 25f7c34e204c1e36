//! What one file says, and what is to become of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::head::{self, Head, Says};
use super::metadata::{self, Facts, Field};
use super::name::Name;
use super::{Foreign, Plan, Renamed, Report, entry, log, sections, title, when};
use crate::config::Config;
use crate::document::schema::{
    CURRENT_STATE, NEXT_STEPS, SECTIONS, SESSION_LOG, Status, same_name,
};
use crate::document::time::format_rfc3339;
use crate::document::{
    Body, Document, Edit, EditError, Heading, Rewrite, Source, Span, Stamp, file_name,
    heading_text, insert, line_start, next_line, slugify,
};
use crate::error::{Error, Kind, Result};
use crate::operations::template;

/// What a file was understood to say.
pub(super) struct Reading<'d, 'a> {
    document: &'d Document<'a>,
    head: &'d Head<'a>,
    file: Foreign<'d>,
    name: Name<'d>,
    title_at: Option<usize>,
    fields: Vec<Field<'a>>,
    facts: Facts,
    /// The parts of the first heading.
    parts: title::TitleParts,
    mapped: Vec<sections::Mapped>,
}

impl<'d, 'a> Reading<'d, 'a> {
    /// Reads it. Fails when it is no session.
    pub fn new(document: &'d Document<'a>, head: &'d Head<'a>, file: Foreign<'d>) -> Result<Self>
    where
        'd: 'a,
    {
        let name = Name::parse(file.name);
        let title_at = title_heading(document);
        let mut fields = head.fields(document);
        fields.extend(metadata::in_body(document, title_at));
        if document.body.headings.is_empty() && fields.is_empty() && matches!(head, Head::None) {
            return Err(
                Error::new(Kind::Unmet, "there is no heading and no metadata in it").hint(
                    "put `# What this work is about` above it if it is a session, then run the \
                     command again",
                ),
            );
        }
        if let Some(unclosed) = document.body.unclosed {
            let (line, column) = document.position(unclosed.span().start);
            let message = format!("the {} opened here is never closed", unclosed.describe());
            let mut error = Error::new(Kind::Unmet, message);
            error.details.push(format!("line {line}, column {column}"));
            return Err(error.hint("close it, then run the command again"));
        }
        let mapped = sections::map(document, title_at);
        let mut facts = Facts::of(&fields);
        let heading = title_at.and_then(|title| document.body.headings.get(title));
        let mut parts = heading.map_or_else(Default::default, |heading| {
            title::title_parts(document, heading)
        });
        let word = |span: Span| {
            let word = span.of(document.text);
            word.trim_matches(|c: char| !c.is_alphanumeric())
        };
        let titled = parts.status.map(|(status, span)| (status, word(span)));
        if facts.status.is_none()
            && let Some((status, word)) = titled.or_else(|| status_of_section(document, &mapped))
        {
            facts.status = Some(status);
            facts.original_status = Some(word)
                .filter(|word| !metadata::is_plain(word))
                .map(str::to_owned);
        }
        if let Some((status, span)) = parts.status {
            let told = metadata::is_plain(word(span))
                || facts.original_status.as_deref() == Some(word(span));
            if facts.status != Some(status) || !told {
                parts.title.end = span.end;
            }
        }
        let known = facts.created;
        facts.created = match (known.or(parts.date).or(name.when), name.when) {
            (Some(day), Some(at)) if day.time.is_none() && day.date == at.date => Some(at),
            (when, _) => when,
        };
        let dated = |date: when::When| facts.created.is_some_and(|at| at.date == date.date);
        if let (Some(heading), Some(date)) = (heading, parts.date)
            && !dated(date)
        {
            parts.title.start = heading.text_span.start;
            parts.number = None;
        }
        let mentioned = entry::mentioned(document.body.span.of(document.text));
        facts.people.extend(mentioned.map(str::to_owned));
        if let Some(number) = parts.number {
            facts.number = Some(number.of(document.text).to_owned());
        }
        Ok(Self {
            document,
            head,
            file,
            name,
            title_at,
            fields,
            facts,
            parts,
            mapped,
        })
    }

    /// Plans it, with another status than it says if need be.
    pub fn plan(&self, status: Option<Status>, config: &Config) -> Result<Plan, EditError> {
        let document = self.document;
        let mut facts = self.facts.clone();
        if let (Some(status), Some(said)) = (status, facts.status) {
            let word = self
                .fields
                .iter()
                .find(|field| field.key == metadata::Key::Status);
            let word = word.map_or(said.as_str(), |field| field.value.trim());
            facts.original_status.get_or_insert_with(|| word.to_owned());
            facts.status = Some(status);
        }
        let agent = facts
            .agent
            .clone()
            .filter(|agent| crate::document::is_token(agent));
        let scene = entry::Scene {
            people: &facts.people.clone(),
            day: facts.created.map(|created| created.date),
            agent: agent.as_deref().unwrap_or("unknown"),
        };
        let mut log = log::map(document, self.title_at, &self.mapped, scene);
        facts.created = facts.created.or(log.first);
        let created = facts
            .created
            .and_then(when::When::at)
            .unwrap_or(self.file.modified);
        let last = log.last.and_then(when::When::at);
        let updated = [facts.updated, last]
            .into_iter()
            .flatten()
            .fold(created, Ord::max);
        facts.updated = facts.updated.map(|_| updated);
        let (title, title_change) = self.title(&facts);
        // What is not written is not said: a weaker title or an impossible update stays.
        facts.title = Some(title.clone());
        facts.updated = facts.updated.map(|_| updated);
        let mut report = Report {
            created_guessed: facts.created.is_none(),
            entries: log.entries,
            not_understood: log::not_understood(document, self.title_at, &log),
            ..Report::default()
        };

        let mut changes = Vec::new();
        changes.extend(title_change);
        changes.extend(removed_lines(document, &self.fields, &facts));
        changes.append(&mut log.changes);
        for mapped in &self.mapped {
            changes.extend(sections::rename(document, mapped));
            if let Some(heading) = document.body.headings.get(mapped.heading) {
                report.sections.push(Renamed {
                    from: heading.title.to_string(),
                    to: mapped.name.to_owned(),
                });
            }
        }
        changes.extend(sections::number_repeated(document));
        self.before_log(&mut changes, config, &mut report);

        let says = Says {
            title: &title,
            status: facts.status.unwrap_or(Status::InProgress),
            created,
            updated,
            current_task: facts.current_task.as_deref().unwrap_or(&title),
        };
        let head = self.head.render(document, &facts, &says)?;
        if head.is_some() {
            let first = document.body.span.start;
            let line = Span::new(first, next_line(document.text, first));
            if !line.of(document.text).trim().is_empty() {
                changes.push(Rewrite {
                    span: Span::at(first),
                    text: "\n".to_owned(),
                    said: Vec::new(),
                });
            }
        }
        let start = document.body.span.start;
        let bytes = document.rewrite(head.as_deref(), start, &mut changes)?;
        let bytes = self.completed(bytes, &facts, &says, config, &mut report)?;
        self.says_what_went(&bytes, &facts)?;
        list_kept(&bytes, &mut report);
        let words = title.strip_prefix("Session:").unwrap_or(&title);
        let words = if title::is_generic(words) { "" } else { words };
        let slug = slugify(self.name.slug.unwrap_or(words));
        Ok(Plan {
            name: if self.name.ours {
                self.file.name.to_owned()
            } else {
                file_name(created, &slug, 1)
            },
            created,
            slug,
            named: self.name.ours,
            bytes,
            report,
        })
    }

    /// Proves that the finished frontmatter, read anew, says what was taken out for its sake.
    fn says_what_went(&self, bytes: &[u8], facts: &Facts) -> Result<(), EditError> {
        let source = Source::new(bytes.to_vec());
        let document = Document::parse(&source);
        let block = &document.frontmatter;
        let mut says = Facts::of(&Head::find(&document)?.fields(&document));
        says.original_status = block
            .text(&["session", "original_status"])
            .map(str::to_owned);
        says.status = block.status();
        says.number = block.text(&["session", "number"]).map(str::to_owned);
        let taken = |field: &&Field| field.in_head || field.lines.is_some();
        let mut went = self
            .fields
            .iter()
            .filter(taken)
            .filter(|field| facts.say(field));
        match went.find(|field| !says.say(field)) {
            None => Ok(()),
            Some(field) => Err(EditError {
                message: format!("`{}` would get lost", insert::line(&field.value)),
                offset: field.lines.map(|lines| lines.start),
                help: "write it into the frontmatter by hand, then run the command again".into(),
            }),
        }
    }

    /// Puts the missing sections before the log, where that is the first section: edits would put
    /// them between it and the rule above it.
    fn before_log(&self, changes: &mut [Rewrite], config: &Config, report: &mut Report) {
        let body = &self.document.body;
        let heading = format!("## {SESSION_LOG}");
        let Some(opened) = changes
            .iter_mut()
            .find(|change| change.text.contains(&heading))
        else {
            return;
        };
        let mapped = self.mapped.iter().map(|one| one.heading);
        let mut sections = body
            .sections
            .iter()
            .map(|section| section.heading)
            .chain(mapped);
        let earlier = |index: usize| {
            let heading = body.headings.get(index);
            heading.is_some_and(|heading| heading.span.start < opened.span.start)
        };
        if sections.any(earlier) {
            return;
        }
        let gap = opened.text.len() - opened.text.trim_start().len();
        let mut text = "\n".repeat(gap);
        for section in &config.sections.required {
            let mapped = self.mapped.iter().any(|one| same_name(one.name, section));
            if body.section(section).is_none() && !mapped && !report.added.contains(section) {
                let _ = write!(
                    text,
                    "## {section}\n\n{}\n\n",
                    template::placeholder(section)
                );
                report.added.push(section.clone());
            }
        }
        opened.text.replace_range(..gap, &text);
    }

    /// The title, and the heading that says it.
    fn title(&self, facts: &Facts) -> (String, Option<Rewrite>) {
        let document = self.document;
        let body = &document.body;
        let heading = self.title_at.and_then(|title| body.headings.get(title));
        let raw = self.parts.title.of(document.text).trim();
        let shown = plain_heading(raw);
        let told = |title: &&str| !title::is_generic(title);
        let own = matches!(self.head, Head::Ours);
        let given = facts.title.as_deref().filter(|title| own || told(title));
        let words = self.name.words();
        let title = given
            .or(Some(shown.as_str()).filter(told))
            .or(words.as_deref().filter(told))
            .or(facts.title.as_deref())
            .or(Some(shown.as_str()).filter(|title| !title.is_empty()))
            .or(words.as_deref())
            .unwrap_or("Session");
        let title = insert::line(title);
        let wanted = format!("# Session: {}", heading_text(&title));
        let Some(heading) = heading else {
            let lead = body.span.of(document.text);
            let at = body.span.start + lead.len() - lead.trim_start_matches(['\n', '\r']).len();
            let change = Rewrite {
                span: Span::at(at),
                text: format!("{wanted}\n\n"),
                said: Vec::new(),
            };
            return (title, Some(change));
        };
        let span = heading.span;
        let bare = |text: &str| text.trim().trim_start_matches("Session:").trim().to_owned();
        let same = |text: &str| {
            let (text, title) = (bare(text), bare(&title));
            text.split_whitespace().eq(title.split_whitespace())
        };
        let atx = span.of(document.text).trim_start().starts_with("# ");
        if atx && heading.title.starts_with("Session:") && same(&heading.title) {
            return (title, None);
        }
        if same(&shown) {
            let part = self.parts.title;
            let change = Rewrite {
                span,
                text: format!(
                    "# Session: {}",
                    raw.split_whitespace().collect::<Vec<_>>().join(" ")
                ),
                said: vec![
                    Span::new(span.start, part.start),
                    Span::new(part.end, span.end),
                ],
            };
            return (title, Some(change));
        }
        let former = insert::block(heading.text_span.of(document.text), 3);
        let change = Rewrite {
            span,
            text: format!(
                "{wanted}\n\n{former}{}",
                log::gap_below(document.text, span.end)
            ),
            said: Vec::new(),
        };
        (title, Some(change))
    }

    /// Completes frontmatter and sections by the edits that every command makes.
    fn completed(
        &self,
        bytes: Vec<u8>,
        facts: &Facts,
        says: &Says,
        config: &Config,
        report: &mut Report,
    ) -> Result<Vec<u8>, EditError> {
        let source = Source::new(bytes);
        let document = Document::parse(&source);
        let next = document.open_items(NEXT_STEPS).next();
        let next = next.map(|(_, item)| insert::line(item.text.of(document.text)));
        let next = next.filter(|next| !next.is_empty() && says.status != Status::Completed);
        let says = Says {
            current_task: match (&facts.current_task, &next) {
                (None, Some(next)) => next,
                _ => says.current_task,
            },
            ..*says
        };
        let times = [says.created, says.updated].map(format_rfc3339);
        let mut edits = head::complete(&document, &says, &times, facts);
        for edit in &edits {
            if let Edit::Set { path, .. } = edit {
                report.keys.push(path.join("."));
            }
        }
        let required = config.sections.required.iter();
        let missing: HashMap<&String, String> = required
            .map(|section| (section, template::placeholder(section)))
            .collect();
        for section in &config.sections.required {
            if document.body.section(section).is_none() {
                edits.push(Edit::Replace {
                    section,
                    text: missing.get(section).map_or("", String::as_str),
                });
                report.added.push(section.clone());
            }
        }
        if !matches!(self.head, Head::Ours) {
            let own = document.frontmatter.entry(&["session"]);
            let own = own.and_then(|own| own.value.entries()).unwrap_or(&[]);
            let own = own.iter().filter_map(|entry| entry.key.text());
            report
                .keys
                .splice(0..0, own.map(|key| format!("session.{key}")));
        }
        document.apply(&edits)
    }
}

/// Names what the file has of its own.
fn list_kept(bytes: &[u8], report: &mut Report) {
    let source = Source::new(bytes.to_vec());
    let document = Document::parse(&source);
    let root = document
        .frontmatter
        .root
        .as_ref()
        .and_then(|root| root.entries());
    let keys = root
        .unwrap_or(&[])
        .iter()
        .filter_map(|entry| entry.key.text());
    let own = ["session", "orchestration", "planning"];
    report
        .kept
        .extend(keys.filter(|key| !own.contains(key)).map(str::to_owned));
    let names = document
        .body
        .sections
        .iter()
        .map(|section| document.body.name(section));
    let known = |name: &str| SECTIONS.iter().any(|known| same_name(known, name));
    report
        .kept
        .extend(names.filter(|name| !known(name)).map(str::to_owned));
}

/// The heading that is the title: the first of level 1, before all sections, unless it is itself
/// one or an entry of the log.
fn title_heading(document: &Document) -> Option<usize> {
    let headings = &document.body.headings;
    let index = headings.iter().position(|heading| heading.level <= 2)?;
    let heading: &Heading = headings.get(index)?;
    let section = SECTIONS.iter().any(|name| same_name(name, &heading.title));
    let title = heading.level == 1 && !section && Stamp::parse(&heading.title).is_none();
    title.then_some(index)
}

/// A section such as `## Status` that holds a single word for it.
fn status_of_section<'a>(
    document: &Document<'a>,
    mapped: &[sections::Mapped],
) -> Option<(Status, &'a str)> {
    let one = mapped.iter().find(|one| one.name == CURRENT_STATE)?;
    let section = document
        .body
        .sections
        .iter()
        .find(|s| s.heading == one.heading)?;
    let word = section.body.of(document.text).trim();
    match metadata::status(word) {
        (Some(status), true) => Some((status, word)),
        _ => None,
    }
}

/// The changes that take out lines of which all is in the frontmatter.
fn removed_lines(document: &Document, fields: &[Field], facts: &Facts) -> Vec<Rewrite> {
    let text = document.text;
    let mut said: BTreeMap<Span, bool> = BTreeMap::new();
    for field in fields {
        if let Some(lines) = field.lines {
            *said.entry(lines).or_insert(true) &= facts.say(field);
        }
    }
    let spans = said
        .into_iter()
        .filter_map(|(span, said)| said.then_some(span));
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if last.end == span.start => last.end = span.end,
            _ => joined.push(span),
        }
    }
    let blank = |line: Span| line.of(text).trim().is_empty();
    joined
        .into_iter()
        .map(|mut span| {
            let above = line_start(text, span.start.saturating_sub(1));
            // The blank lines behind go with it where others stand before.
            while blank(Span::new(above, span.start)) && span.end < text.len() {
                let next = Span::new(span.end, next_line(text, span.end));
                if !blank(next) {
                    break;
                }
                span.end = next.end;
            }
            Rewrite {
                span,
                text: String::new(),
                said: vec![span],
            }
        })
        .collect()
}

/// A heading's text without its markup.
fn plain_heading(raw: &str) -> String {
    let text = format!("# {raw}");
    let body = Body::parse(&text, Span::new(0, text.len()));
    body.title()
        .map_or_else(String::new, |title| title.title.to_string())
}
