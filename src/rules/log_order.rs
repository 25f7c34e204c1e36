use super::context::{Context, Findings, Safety};
use super::rule::declare;
use crate::document::time::format_minute;
use crate::document::{Document, Source, Span, Splice, line_start, next_line};

declare! {
    /// A log entry is older than the one before it.
    ///
    /// ## What it checks
    ///
    /// The entries of the Session Log stand in the order of their times. Entries of the same
    /// minute keep the order in which they were written. Of several that run backwards, the first
    /// one is reported.
    ///
    /// ## Why
    ///
    /// New entries are appended, and the last one is taken for the latest.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### 2025-12-04 15:10 - backend-dev/progress
    ///
    /// ### 2025-12-04 14:30 - pm/created
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### 2025-12-04 14:30 - pm/created
    ///
    /// ### 2025-12-04 15:10 - backend-dev/progress
    /// ```
    ///
    /// ## Fix
    ///
    /// The entries are put in the order of their times, each with its text, those of one minute as they
    /// stand: safe. It is done only if every entry can be read, and nothing parts them.
    "AS302", "log-order", Log, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let mut backwards = false;
    let mut before = None;
    let mut fix = None;
    for (heading, stamp) in cx.log_stamps() {
        let Some(last) = before.replace(stamp.at) else {
            continue;
        };
        if stamp.at < last && !backwards {
            found.report(
                cx.first_line(heading.span),
                format!(
                    "this log entry is older than the one before it, of {}",
                    format_minute(last)
                ),
                "put the entries in the order of their times, or correct the time that is wrong; \
                 they are UTC",
            );
            let fix = fix.get_or_insert_with(|| sorted(cx.document).unwrap_or_default());
            found.fix(Safety::Safe, fix.iter().cloned());
        }
        backwards = stamp.at < last || backwards && stamp.at == last;
    }
}

/// Puts each entry where it belongs, and proves that nothing else happens. The blank lines between
/// the entries stay as they are.
fn sorted(document: &Document<'_>) -> Option<Vec<Splice>> {
    let text = document.text;
    let log = document.body.log(text);
    let mut entries = Vec::with_capacity(log.len());
    for entry in &log {
        let heading = document.body.headings.get(entry.heading)?;
        let end = if entry.text.is_empty() {
            heading.span.end
        } else {
            entry.text.end
        };
        let rest = Span::new(end, next_line(text, end)).of(text);
        let end = end + rest.trim_end_matches(['\n', '\r']).len();
        let span = Span::new(line_start(text, heading.span.start), end);
        entries.push((entry.stamp()?.at, span));
    }
    let first = entries.first()?.1;
    let all = first.joined(entries.last()?.1).of(text);
    // A comment to the tool is about the line that it stands on; a rule parts what is here from
    // what is there.
    let is_bound = |span: &Span| {
        ["---", "***", "___"]
            .iter()
            .any(|rule| span.of(text).ends_with(rule))
    };
    let fixed = all.contains("agentsess-disable") || entries.iter().any(|(_, span)| is_bound(span));
    if fixed || document.body.unclosed.is_some() {
        return None;
    }
    let mut order = entries.clone();
    order.sort_by_key(|(at, _)| *at);
    let moved = entries.iter().zip(&order).filter(|(old, new)| old != new);
    let splices: Vec<Splice> = moved
        .map(|((_, place), (_, entry))| (*place, entry.of(text).to_owned()))
        .collect();
    let source = Source::new(document.patch(&splices).ok()?);
    let after = Document::parse(&source);
    let read = after.body.log(after.text);
    let same = read.len() == order.len()
        && read.iter().zip(&order).all(|(entry, (at, span))| {
            let told = entry.text.of(after.text);
            entry.stamp().is_some_and(|stamp| stamp.at == *at)
                && span.of(text).trim_end().ends_with(told)
        });
    same.then_some(splices)
}
