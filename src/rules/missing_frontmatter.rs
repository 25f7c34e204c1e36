use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::{Fences, Span, next_line};

declare! {
    /// The file does not begin with a frontmatter block.
    ///
    /// ## What it checks
    ///
    /// The first line of a session is `---`; only a byte order mark may stand before it. The block
    /// up to the next `---` is YAML.
    ///
    /// ## Why
    ///
    /// Title, status and times are read from there. Without it no tool knows what the session is
    /// about or whether it is still going on.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// # Session: Weather fallback
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ---
    /// session:
    ///   title: "Weather fallback"
    ///   status: in_progress
    ///   created: "2025-12-04T14:30:00Z"
    ///   last_updated: "2025-12-04T14:30:00Z"
    /// orchestration:
    ///   current_task: "Choose a second provider"
    /// ---
    ///
    /// # Session: Weather fallback
    /// ```
    "AS101", "missing-frontmatter", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if cx.document.frontmatter.fences != Fences::Missing {
        return;
    }
    let text = cx.document.text;
    let start = cx.document.frontmatter.span.start;
    let line = Span::new(start, next_line(text, start)).of(text).trim_end();
    let rest = text.get(start..).unwrap_or("");
    let message = if rest.trim().is_empty() {
        "the file is empty"
    } else {
        "the file does not begin with frontmatter"
    };
    let help = if rest.trim_start().starts_with("---\n") || rest.trim_start().starts_with("---\r") {
        "remove the blank lines above `---`: it must be the first line"
    } else if line == "+++" {
        "frontmatter is YAML between two lines `---`, not TOML between `+++`"
    } else if line.starts_with("---") {
        "the first line must be `---` and nothing else"
    } else {
        "begin the file with a line `---`, the keys `session:` and `orchestration:`, and another \
         line `---`"
    };
    found.report(Span::new(start, start + line.len()), message, help);
}
