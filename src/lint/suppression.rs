//! Comments by which a file says that a finding is meant to be there.
//!
//! `<!-- agentsess-disable-next-line RULE, RULE -->` is for the line below it, `-line` for its own
//! line and `-file` for the whole file; what stands behind ` -- ` is the reason. In the frontmatter the same words stand behind `#`. What
//! looks like such a comment in a code block or a quote is none.

use std::sync::LazyLock;

use memchr::memmem;

use crate::document::{Document, Span, Verbatim, line_start, next_line};
use crate::rules::{
    self, Context, Family, Finding, Findings, Rule, Safety, UNUSED_SUPPRESSION, shown,
};

const MARK: &str = "agentsess-disable";

static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(MARK));

/// One comment.
struct Suppression<'a> {
    /// All of it, delimiters included.
    comment: Span,
    /// The text that it is about, or why there is none.
    scope: Result<Span, &'static str>,
    names: Vec<Name<'a>>,
}

/// A rule that a comment names.
struct Name<'a> {
    text: &'a str,
    span: Span,
    rule: Option<&'static Rule>,
    used: bool,
}

/// Takes away what is suppressed, and adds what is wrong with the comments themselves.
pub(super) fn apply(cx: &Context<'_>, rules: &[&'static Rule], found: &mut Vec<Finding>) {
    let mut comments = find(cx.document);
    if comments.is_empty() {
        return;
    }
    found.retain(|finding| {
        let mut kept = true;
        for comment in &mut comments {
            let Ok(scope) = comment.scope else { continue };
            let here = scope.start <= finding.span.start && finding.span.start < scope.end;
            let names = comment.names.iter_mut();
            let meant = |name: &&mut Name| name.rule.is_some_and(|r| r.code == finding.rule.code);
            for name in names.filter(meant).filter(|_| here) {
                name.used = true;
                kept = false;
            }
        }
        kept
    });
    // Between two states of a file most rules are not run.
    if cx.conflict.is_none()
        && rules
            .iter()
            .any(|rule| rule.code == UNUSED_SUPPRESSION.code)
    {
        for comment in &comments {
            report(cx.document, comment, rules, found);
        }
    }
}

fn report(
    document: &Document<'_>,
    comment: &Suppression<'_>,
    rules: &[&'static Rule],
    found: &mut Vec<Finding>,
) {
    let mut found = Findings::new(&UNUSED_SUPPRESSION, found);
    let help = "write `agentsess-disable-next-line`, `agentsess-disable-line` or \
                `agentsess-disable-file`, and behind it the names of rules";
    if let Err(message) = comment.scope {
        found.report(comment.comment, message, help);
        return;
    }
    if comment.names.is_empty() {
        let message = "this comment names no rule, so it suppresses nothing";
        found.report(comment.comment, message, help);
        return;
    }
    let is_unused = |name: &Name| {
        let can_tell = |rule: &Rule| {
            let depends_on_the_day = matches!(rule.family, Family::Lifecycle | Family::References);
            !depends_on_the_day && rules.iter().any(|on| on.code == rule.code)
        };
        !name.used && name.rule.is_some_and(can_tell)
    };
    let unused = comment.names.iter().filter(|name| is_unused(name)).count();
    for name in &comment.names {
        let word = shown(name.text);
        if name.rule.is_none() {
            let near = rules::nearest(name.text);
            let help = match near {
                Some(near) => format!("write `{}`", near.name),
                None => "`agentsess rule` lists all names".to_owned(),
            };
            let message = format!("no rule is called `{word}`, so nothing is suppressed by it");
            found.report(name.span, message, help);
            if let Some(near) = near {
                found.fix(Safety::Unsafe, [(name.span, near.name.to_owned())]);
            }
        } else if is_unused(name) {
            let message = format!("`{word}` is suppressed here and has nothing to report");
            let help = if unused == comment.names.len() {
                "remove the comment"
            } else {
                "remove the name from the comment"
            };
            found.report(name.span, message, help);
            if unused == comment.names.len() {
                let whole = (whole_line(document.text, comment.comment), String::new());
                found.fix(Safety::Safe, [whole]);
            } else {
                let kept = comment.names.iter().filter(|name| !is_unused(name));
                let kept: Vec<_> = kept.map(|name| name.text).collect();
                let first = comment.names.first().map_or(name.span, |name| name.span);
                let last = comment.names.last().map_or(name.span, |name| name.span);
                found.fix(Safety::Safe, [(first.joined(last), kept.join(", "))]);
            }
        }
    }
}

/// The comment with the rest of its line, if that is blank, and the blanks before it.
fn whole_line(text: &str, comment: Span) -> Span {
    let start = line_start(text, comment.start);
    let end = next_line(text, comment.end);
    let blank = |span: Span| span.of(text).trim().is_empty();
    let before = Span::new(start, comment.start);
    if !blank(Span::new(comment.end, end)) {
        return comment;
    }
    if blank(before) {
        return Span::new(start, end);
    }
    let indent = before.of(text).len() - before.of(text).trim_end().len();
    Span::new(comment.start - indent, comment.end)
}

fn find<'a>(document: &Document<'a>) -> Vec<Suppression<'a>> {
    let text = document.text;
    FINDER
        .find_iter(text.as_bytes())
        .filter_map(|at| {
            let comment = if document.frontmatter.content.contains(Span::at(at)) {
                yaml_comment(text, at)
            } else {
                html_comment(document, at)
            };
            comment.map(|(comment, words)| read(text, comment, words))
        })
        .collect()
}

/// The comment around the mark at `at`, and what stands in it behind the mark.
fn html_comment(document: &Document<'_>, at: usize) -> Option<(Span, Span)> {
    const OPEN: &str = "<!--";
    let before = document.text.get(..at)?.trim_end();
    let rest = document.text.get(at..)?;
    let close = rest.find("-->")?;
    if document.body.verbatim_at(at) != Some(Verbatim::Html) || !before.ends_with(OPEN) {
        return None;
    }
    let comment = Span::new(before.len() - OPEN.len(), at + close + 3);
    Some((comment, Span::new(at + MARK.len(), at + close)))
}

fn yaml_comment(text: &str, at: usize) -> Option<(Span, Span)> {
    let start = line_start(text, at);
    let before = text.get(start..at)?.trim_end();
    let code = before.strip_suffix('#')?;
    let line = Span::new(at, next_line(text, at));
    let end = at + line.of(text).trim_end().len();
    let opens = code.is_empty() || code.ends_with([' ', '\t']);
    let comment = Span::new(start + code.len(), end);
    opens.then(|| (comment, Span::new(at + MARK.len(), end)))
}

fn read(text: &str, comment: Span, words: Span) -> Suppression<'_> {
    let said = words.of(text);
    let end = |c: char| c.is_whitespace() || c == ':';
    let (directive, _) = said.split_at(said.find(end).unwrap_or(said.len()));
    let below = next_line(text, comment.end);
    let scope = match directive {
        "-next-line" => Ok(Span::new(below, next_line(text, below).max(below + 1))),
        "-line" => Ok(Span::new(line_start(text, comment.start), below)),
        "-file" => Ok(Span::new(0, usize::MAX)),
        _ => Err("this comment does not say what it is about"),
    };
    let mut names = Vec::new();
    let mut at = words.start + directive.len();
    let names_end = said
        .find(" -- ")
        .map_or(words.end, |reason| words.start + reason);
    for part in Span::new(at, names_end.max(at))
        .of(text)
        .split([',', ' ', '\t', '\n', '\r'])
    {
        let name = part.trim_matches(':');
        if !name.is_empty() {
            names.push(Name {
                text: name,
                span: Span::new(at, at + name.len()),
                rule: rules::find(name),
                used: false,
            });
        }
        at += part.len() + 1;
    }
    Suppression {
        comment,
        scope,
        names,
    }
}
