use super::context::{Context, Findings, shown};
use super::rule::declare;
use crate::document::schema::SESSION_LOG;
use crate::document::time::parse_minute;
use crate::document::{Stamp, is_token};

declare! {
    /// The heading of a log entry does not have the form `YYYY-MM-DD HH:MM - agent/action`.
    ///
    /// ## What it checks
    ///
    /// Each `###` heading in the Session Log is a date, a time in UTC without seconds, ` - `, who,
    /// a slash, and did what. Names are letters, digits, `.`, `_` and `-`. A heading of this form
    /// at another level is reported as well.
    ///
    /// ## Why
    ///
    /// From the log it is seen who did what last, and whether Current State has kept up with it.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Session Log
    ///
    /// ### 2025-12-04 15:10 - PM
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Session Log
    ///
    /// ### 2025-12-04 15:10 - pm/planned
    /// ```
    "AS301", "log-entry-format", Log, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    let Some((_, log)) = body.section(SESSION_LOG) else {
        return;
    };
    for heading in body.headings.iter().skip(log.heading + 1) {
        let within = log.content.contains(heading.span);
        let stamped = Stamp::parse(&heading.title).is_some();
        let message = match heading.level {
            3 if within && !stamped => defect(&heading.title),
            // One of level 1 or 2 ends the log that it was meant to stand in.
            1 | 2 if stamped => wrong_level(heading.level),
            4.. if within && stamped => wrong_level(heading.level),
            _ => continue,
        };
        let help = "write `### YYYY-MM-DD HH:MM - agent/action`, with the time in UTC";
        found.report(cx.first_line(heading.span), message, help);
    }
}

fn wrong_level(level: u8) -> String {
    format!("a log entry is a heading of level 3, and this one has level {level}")
}

/// Which part of the heading is wrong.
fn defect(title: &str) -> String {
    let title = title.trim();
    let date = title.get(..10).unwrap_or("");
    if parse_minute(&format!("{date} 00:00")).is_none() {
        let title = shown(title);
        return format!("the log entry `{title}` does not begin with a date `YYYY-MM-DD`");
    }
    let rest = title.get(10..).unwrap_or("");
    let Some((time, rest)) = rest
        .split_at_checked(6)
        .filter(|(time, _)| parse_minute(&format!("{date}{time}")).is_some())
    else {
        return format!("the log entry has no time `HH:MM` after `{date}`");
    };
    let time = time.trim();
    let seconds = rest.strip_prefix(':');
    if seconds.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return format!(
            "the time of the log entry goes on after `{time}`: seconds are not written"
        );
    }
    let Some(who) = rest.strip_prefix(" - ") else {
        return format!("the log entry has no ` - ` after `{time}`");
    };
    let Some((agent, action)) = who.split_once('/') else {
        return format!(
            "the log entry names `{}`, not an agent and an action",
            shown(who)
        );
    };
    match (is_token(agent), is_token(action)) {
        (false, _) if agent.trim().is_empty() => "the log entry names no agent".into(),
        (_, false) if action.trim().is_empty() => "the log entry names no action".into(),
        (false, _) => format!("`{}` cannot name an agent in the log", shown(agent)),
        _ => format!("`{}` cannot name an action in the log", shown(action)),
    }
}
