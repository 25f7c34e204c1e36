//! Comments by which a file says that a finding is meant to be there.
//!
//! `<!-- agentsess-disable-next-line RULE, RULE -->` is for the line below it, `-line` for its own
//! line and `-file` for the whole file; what stands behind ` -- ` is the reason. In the frontmatter
//! the same words stand behind `#`. What looks like such a comment in a code block or a quote is
//! none.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use memchr::memmem;

use crate::document::{Document, Span, Verbatim, line_start, next_line};
use crate::rules::{
    self, Context, Family, Finding, Findings, Rule, Safety, UNUSED_SUPPRESSION, shown,
};

const MARK: &str = "agentsess-disable";

const WHOLE_FILE: Span = Span::new(0, usize::MAX);

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
    let mut scopes = Scopes::of(&comments);
    found.retain(|finding| !scopes.suppress(finding.rule, finding.span.start));
    for comment in &mut comments {
        let Ok(scope) = comment.scope else { continue };
        for name in &mut comment.names {
            name.used = name.rule.is_some_and(|rule| scopes.is_used(rule, scope));
        }
    }
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

/// Where each rule is suppressed, by its code: a scope once, however many comments say it, and
/// whether there was something to suppress.
struct Scopes(HashMap<&'static str, BTreeMap<Span, bool>>);

impl Scopes {
    /// How many scopes of lines, in their order, must be looked at from one line upwards: that of the
    /// line, of a comment that begins on it, of one that ends on it, and of the line below the
    /// beginning of that.
    const AT_ONCE: usize = 4;

    fn of(comments: &[Suppression<'_>]) -> Self {
        let mut scopes: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for comment in comments {
            let Ok(scope) = comment.scope else { continue };
            for rule in comment.names.iter().filter_map(|name| name.rule) {
                scopes.entry(rule.code).or_default().insert(scope, false);
            }
        }
        Self(scopes)
    }

    /// Whether a finding at this offset is suppressed; all scopes that it is in count as used then.
    fn suppress(&mut self, rule: &Rule, at: usize) -> bool {
        let Some(scopes) = self.0.get_mut(rule.code) else {
            return false;
        };
        let mut suppressed = false;
        if let Some(used) = scopes.get_mut(&WHOLE_FILE) {
            *used = true;
            suppressed = true;
        }
        let above = scopes.range_mut(..=Span::new(at, usize::MAX)).rev();
        let lines = above.filter(|(scope, _)| **scope != WHOLE_FILE);
        for (_, used) in lines
            .take(Self::AT_ONCE)
            .filter(|(scope, _)| at < scope.end)
        {
            *used = true;
            suppressed = true;
        }
        suppressed
    }

    fn is_used(&self, rule: &Rule, scope: Span) -> bool {
        let scopes = self.0.get(rule.code);
        scopes.is_some_and(|scopes| scopes.get(&scope) == Some(&true))
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
    let is_break = |c: char| matches!(c, '\n' | '\r');
    let is_blank = |c: char| c.is_whitespace() && !is_break(c);
    let before = Span::new(0, comment.start).of(text);
    let before = before.trim_end_matches(is_blank);
    let after = Span::new(comment.end, text.len()).of(text);
    let after = after.trim_start_matches(is_blank);
    if !after.is_empty() && !after.starts_with(is_break) {
        return comment;
    }
    if before.is_empty() || before.ends_with(is_break) {
        return Span::new(before.len(), next_line(text, text.len() - after.len()));
    }
    Span::new(before.len(), comment.end)
}

fn find<'a>(document: &Document<'a>) -> Vec<Suppression<'a>> {
    let text = document.text;
    // The next end of a comment, and the line looked at last: searched for from every mark, what is
    // far away would be found many times.
    let mut close = Some(0);
    let mut line = Span::default();
    FINDER
        .find_iter(text.as_bytes())
        .filter_map(|at| {
            let comment = if document.frontmatter.content.contains(Span::at(at)) {
                yaml_comment(text, at)
            } else {
                if close.is_some_and(|close| close < at) {
                    close = text.get(at..)?.find("-->").map(|close| at + close);
                }
                html_comment(document, at, close?)
            };
            comment.map(|(comment, words)| read(text, comment, words, &mut line))
        })
        .collect()
}

/// The comment around the mark at `at` that ends at `close`, and what stands in it behind the mark.
fn html_comment(document: &Document<'_>, at: usize, close: usize) -> Option<(Span, Span)> {
    const OPEN: &str = "<!--";
    let before = document.text.get(..at)?.trim_end();
    if document.body.verbatim_at(at) != Some(Verbatim::Html) || !before.ends_with(OPEN) {
        return None;
    }
    let comment = Span::new(before.len() - OPEN.len(), close + 3);
    Some((comment, Span::new(at + MARK.len(), close)))
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

/// Reads a comment. `line` is the line looked at last.
fn read<'a>(text: &'a str, comment: Span, words: Span, line: &mut Span) -> Suppression<'a> {
    let said = words.of(text);
    let end = |c: char| c.is_whitespace() || c == ':';
    let (directive, _) = said.split_at(said.find(end).unwrap_or(said.len()));
    let start = line_around(text, comment.start, line).start;
    let below = line_around(text, comment.end, line).end;
    let scope = match directive {
        "-next-line" => Ok(Span::new(below, next_line(text, below).max(below + 1))),
        "-line" => Ok(Span::new(start, below)),
        "-file" => Ok(WHOLE_FILE),
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

/// The line that an offset is on, its break included, which may be the one looked at `last`.
fn line_around(text: &str, offset: usize, last: &mut Span) -> Span {
    if offset < last.start || offset >= last.end {
        *last = Span::new(line_start(text, offset), next_line(text, offset));
    }
    *last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;
    use proptest::prelude::*;

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "<!-- agentsess-disable-line secret -->",
            "<!-- agentsess-disable-line secret -->\n",
            "<!-- agentsess-disable-line secret\n-->",
            "<!-- agentsess-disable-line\nsecret\n\n-->",
            "<!-- agentsess-disable-next-line secret -->",
            "<!-- agentsess-disable-next-line secret -->\r\n",
            "<!-- agentsess-disable-next-line secret\n\n-->",
            "<!-- agentsess-disable-file secret -->",
            " ",
            "x",
            "\n",
            "\r",
        ]);
        prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_a_comment_is_about_is_what_is_suppressed(text in pieces()) {
            let source = Source::new(text.clone().into());
            let document = Document::parse(&source);
            let comments = find(&document);
            let rule = rules::find("secret").unwrap();
            for comment in &comments {
                let said = comment.comment.of(&text);
                let below = next_line(&text, comment.comment.end);
                let expected = if said.contains("-next-line") {
                    Span::new(below, next_line(&text, below).max(below + 1))
                } else if said.contains("-line") {
                    Span::new(line_start(&text, comment.comment.start), below)
                } else {
                    WHOLE_FILE
                };
                prop_assert_eq!(comment.scope, Ok(expected), "{:?}", said);
            }
            for at in 0..=text.len() {
                let mut scopes = Scopes::of(&comments);
                let suppressed = scopes.suppress(rule, at);
                let mut expected = false;
                for scope in comments.iter().filter_map(|comment| comment.scope.ok()) {
                    let here = scope.start <= at && at < scope.end;
                    expected |= here;
                    prop_assert_eq!(scopes.is_used(rule, scope), here, "{:?} at {}", scope, at);
                }
                prop_assert_eq!(suppressed, expected, "at {}", at);
            }
        }
    }
}
