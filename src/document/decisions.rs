//! The entries of the section Decisions: `### Decision N: Title` with `**Decision**:` and
//! `**Rationale**:`.

use super::schema::DECISIONS;
use super::{Document, Span, is_none};

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its heading; where there is none, the list item.
    pub span: Span,
    /// What it is called.
    pub title: String,
    /// What was decided, in Markdown.
    pub decision: Option<String>,
    /// Why, in Markdown.
    pub rationale: Option<String>,
}

impl Document<'_> {
    /// The decisions: the outermost items before the first subsection, which have a title only, and
    /// the subsections.
    pub fn decisions(&self) -> Vec<Decision> {
        let titled = self.titled_decisions();
        let first = titled.first().map_or(usize::MAX, |first| first.span.start);
        let items = self.body.items_in(DECISIONS);
        let items = items.filter(|(_, item)| item.depth == 1 && item.span.start < first);
        let items = items.map(|(_, item)| Decision {
            span: item.text,
            title: item.text.of(self.text).to_owned(),
            decision: None,
            rationale: None,
        });
        let items = items.filter(|decision| !is_none(&decision.title));
        items.chain(titled).collect()
    }

    /// What the section Decisions says besides the decisions: text before the first subsection.
    pub fn untitled_decisions(&self) -> Vec<Span> {
        let Some((_, section)) = self.body.section(DECISIONS) else {
            return Vec::new();
        };
        let titled = self.titled_decisions();
        let first = titled.first().map_or(usize::MAX, |first| first.span.start);
        let statements = self.statements(section).into_iter();
        let texts = statements.filter(|said| !said.is_item && said.span.start < first);
        let spans = texts.map(|said| said.span);
        spans.filter(|span| !is_none(span.of(self.text))).collect()
    }

    /// The subsections of Decisions.
    fn titled_decisions(&self) -> Vec<Decision> {
        let Some((_, section)) = self.body.section(DECISIONS) else {
            return Vec::new();
        };
        let subsections = self.body.subsections(self.text, section).into_iter();
        subsections
            .filter_map(|(index, span)| Some((self.body.headings.get(index)?, span.of(self.text))))
            .map(|(heading, text)| {
                let numbered = heading.title.strip_prefix("Decision ");
                let title = numbered.and_then(|rest| rest.split_once(':'));
                let title = title.map_or(heading.title.as_ref(), |(_, title)| title);
                Decision {
                    span: heading.span,
                    title: title.trim().to_owned(),
                    decision: field(text, "Decision"),
                    rationale: field(text, "Rationale"),
                }
            })
            .filter(|decision| !decision.title.is_empty())
            .collect()
    }
}

/// What follows `**Name**:` at the start of a line, up to the next line that begins so.
fn field(text: &str, name: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for line in text.lines() {
        match label(line) {
            Some((label, rest)) if found.is_none() && label.eq_ignore_ascii_case(name) => {
                found = Some(rest.to_owned());
            }
            Some(_) if found.is_some() => break,
            _ => {
                if let Some(found) = &mut found {
                    found.push('\n');
                    found.push_str(line);
                }
            }
        }
    }
    let found = found?.trim().to_owned();
    (!is_none(&found)).then_some(found)
}

/// `**Name**: rest` or `**Name:** rest`, also as a list item, taken apart.
fn label(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let (name, rest) = line.strip_prefix("**")?.split_once("**")?;
    match name.strip_suffix(':') {
        Some(name) => Some((name, rest)),
        None => Some((name, rest.strip_prefix(':')?)),
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_field_ends_where_the_next_one_begins() {
        let text = "**Status**: open\n**Decision**: two\n\n- a\n- b\n\n**Rationale:** cheap\n";
        assert_eq!(field(text, "Decision").unwrap(), "two\n\n- a\n- b");
        assert_eq!(field(text, "Rationale").unwrap(), "cheap");
        assert_eq!(field(text, "Consequences"), None);
        assert_eq!(field("**Rationale**: \n**Decision**: x", "Rationale"), None);
    }
}
