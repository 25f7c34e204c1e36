//! Markdown from standard input: leading text, then `## Name` blocks that replace a section and
//! `## Name +` blocks that add to it.

use crate::document::schema::{NEXT_STEPS, SESSION_LOG, same_name};
use crate::document::{Body, Edit, Span, insert, is_none, is_placeholder};
use crate::error::{Error, Result};

/// Most sections that one input may fill. Each costs parsing the document once, under the lock.
const BLOCKS: usize = 64;

/// The parts of the input.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The text of a heading of level 1 at the very top, without a leading `Session:`.
    pub title: Option<String>,
    /// What stands before the first block.
    pub lead: String,
    /// The blocks, in order.
    pub sections: Vec<Block>,
}

/// A `##` block.
#[derive(Debug)]
pub(super) struct Block {
    name: String,
    append: bool,
    text: String,
}

impl Blocks {
    /// Takes the input apart. With `titled`, a heading of level 1 that comes first is the title;
    /// otherwise it is text. An empty block is no block; of two for one section, the second adds
    /// to the first.
    pub fn parse(text: &str, titled: bool) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Body::parse(text, Span::new(0, text.len()));
        let mut heads = body.sections.iter().filter_map(|section| {
            let heading = body.heading(section)?;
            // Underlined text is text: the line below it was meant as a rule.
            let marked = heading.span.of(text).starts_with('#');
            marked.then_some((heading, section.content.start))
        });
        let mut next = heads.next();
        let first = next.map_or(text.len(), |(heading, _)| heading.span.start);
        let mut lead = Span::new(0, first);
        let mut title = None;
        let heading = body.title().filter(|heading| {
            titled
                && heading.span.start < first
                && Span::new(0, heading.span.start).of(text).trim().is_empty()
        });
        if let Some(heading) = heading {
            let own = heading.text_span.of(text);
            let own = own.strip_prefix("Session:").unwrap_or(own).trim();
            title = Some(own.to_owned());
            lead.start = heading.span.end;
        }
        let mut sections: Vec<Block> = Vec::new();
        while let Some((heading, start)) = next {
            next = heads.next();
            let end = next.map_or(text.len(), |(heading, _)| heading.span.start);
            let name = heading.title.trim();
            let (name, append) = match name.strip_suffix('+') {
                Some(name) => (name.trim_end(), true),
                None => (name, false),
            };
            if name.is_empty() {
                return Err(Error::usage("a `##` block in the input has no name")
                    .hint("agentsess help log"));
            }
            if same_name(name, SESSION_LOG) {
                return Err(Error::usage(
                    "the log takes no block: leave it out, and put an entry before the first `##` block of `agentsess log -`",
                )
                .hint("agentsess help log"));
            }
            let content = Span::new(start, end).of(text);
            if content.trim().is_empty() {
                continue;
            }
            let known = sections
                .iter_mut()
                .find(|block| same_name(&block.name, name));
            if let Some(block) = known {
                block.text = format!(
                    "{}\n\n{}",
                    block.text.trim_end(),
                    content.trim_matches('\n')
                );
                continue;
            }
            if sections.len() == BLOCKS {
                return Err(
                    Error::usage(format!("the input has more than {BLOCKS} blocks"))
                        .hint("agentsess help log"),
                );
            }
            sections.push(Block {
                name: name.to_owned(),
                append,
                text: content.to_owned(),
            });
        }
        Ok(Self {
            title,
            lead: lead.of(text).trim().to_owned(),
            sections,
        })
    }

    /// Refuses what is given as an option and as a block, because one of the two would be lost.
    pub fn exclude(&self, option: &str, section: &str) -> Result<()> {
        if !self.touches(section) {
            return Ok(());
        }
        Err(Error::usage(format!(
            "`{section}` is given twice: with `{option}` and as a block of the input"
        ))
        .hint("agentsess help log"))
    }

    /// Takes out the block that replaces this section.
    pub fn take(&mut self, section: &str) -> Option<String> {
        let replaces = |block: &Block| !block.append && same_name(&block.name, section);
        let found = self.sections.iter().position(replaces)?;
        Some(self.sections.remove(found).text)
    }

    /// The first open step of the block for Next Steps.
    pub fn first_step(&self) -> Option<String> {
        let mut blocks = self.sections.iter();
        let text = &blocks
            .find(|block| same_name(&block.name, NEXT_STEPS))?
            .text;
        let body = Body::parse(text, Span::new(0, text.len()));
        let steps = body.items.iter().filter(|item| match item.checkbox {
            Some((_, done)) => !done,
            None => item.depth == 1,
        });
        let mut steps = steps.map(|item| insert::line(item.text.of(text)));
        steps.find(|step| !is_none(step) && is_placeholder(step).is_none())
    }

    /// A block that has nothing but placeholders: its name, and the first of them.
    pub fn placeholder(&self) -> Option<(&str, &str)> {
        self.sections.iter().find_map(|block| {
            let mut lines = block.text.lines().filter(|line| !line.trim().is_empty());
            let first = is_placeholder(lines.next()?)?;
            let all = lines.all(|line| is_placeholder(line).is_some());
            all.then_some((block.name.as_str(), first))
        })
    }

    /// The edits that put the blocks where they belong.
    pub fn edits(&self) -> impl Iterator<Item = Edit<'_>> {
        self.sections.iter().map(|block| {
            let (section, text) = (block.name.as_str(), block.text.as_str());
            if block.append {
                Edit::Append { section, text }
            } else {
                Edit::Replace { section, text }
            }
        })
    }

    /// The names of the blocks.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|block| block.name.as_str())
    }

    /// Whether a block replaces or adds to this section.
    pub fn touches(&self, section: &str) -> bool {
        self.sections
            .iter()
            .any(|block| same_name(&block.name, section))
    }
}
