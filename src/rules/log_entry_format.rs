use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::schema::SESSION_LOG;
use crate::document::time::{format_minute, parse_minute, parse_rfc3339};
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
    ///
    /// ## Fix
    ///
    /// What can be told from the heading is written as the format has it. Level, dashes, brackets,
    /// markup, the `T`, seconds and a zone: safe. An agent without an action becomes `agent/note`, and
    /// `agent - action` becomes `agent/action`: unsafe.
    "AS301", "log-entry-format", Log, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    let Some((_, log)) = body.section(SESSION_LOG) else {
        return;
    };
    let mut entries = cx.log_stamps().peekable();
    // Whether nothing but entries has come since the log was over.
    let mut follows = true;
    for heading in body.headings.iter().skip(log.heading + 1) {
        let within = log.content.contains(heading.span);
        let is_entry = entries.next_if(|(entry, _)| entry.span == heading.span);
        let stamped = is_entry.is_some() || Stamp::parse(&heading.title).is_some();
        follows &= stamped || heading.level > 2;
        let message = match heading.level {
            3 if within && !stamped => defect(&heading.title),
            // One of level 1 or 2 ends the log that it was meant to stand in.
            1 | 2 if stamped => wrong_level(heading.level),
            4.. if within && stamped => wrong_level(heading.level),
            _ => continue,
        };
        let help = "write `### YYYY-MM-DD HH:MM - agent/action`, with the time in UTC";
        found.report(cx.first_line(heading.span), message, help);
        if !stamped {
            let written = heading.text_span.of(cx.document.text);
            if let Some((safety, entry)) = meant(written) {
                found.fix(safety, [(heading.text_span, entry)]);
            }
        } else if within || follows {
            let entry = format!("### {}", heading.title);
            found.fix(Safety::Safe, [(heading.span, entry)]);
        }
    }
}

/// The entry that a heading of level 3 was meant as.
fn meant(written: &str) -> Option<(Safety, String)> {
    let plain: String = written
        .chars()
        .filter(|c| !matches!(c, '*' | '`' | '[' | ']'))
        .collect();
    let (date, rest) = plain.trim().split_at_checked(10)?;
    let clock = rest.trim_start_matches(['T', 't', ' ', ',']);
    let (minute, rest) = clock.split_at_checked(5)?;
    let (zone, rest) = zone(without_seconds(rest));
    let at = parse_rfc3339(&format!("{date}T{minute}:00{zone}"))?.at;
    let who = rest.trim_start_matches(['-', '–', '—', ':', '|', ' ', '\t']);
    let parted = clock.len() + 10 < plain.trim().len() && who.len() < rest.len();
    let (safety, agent, action) = if let Some((agent, action)) = who.split_once('/') {
        (Safety::Safe, agent, action)
    } else {
        let mut dashes = [" - ", " – ", " — ", ": "].iter();
        let parts = dashes.find_map(|dash| who.split_once(dash));
        let (agent, action) = parts.unwrap_or((who, "note"));
        (Safety::Unsafe, agent, action)
    };
    let (agent, action) = (agent.trim(), action.trim());
    // A link would lose where it leads.
    let known = is_token(agent) && is_token(action) && !written.contains("](");
    let entry = format!("{} - {agent}/{action}", format_minute(at));
    (parted && known).then_some((safety, entry))
}

/// What stands behind the minute, without `:SS` and a fraction.
fn without_seconds(text: &str) -> &str {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = text.strip_prefix(':').filter(|rest| digits(rest) == 2) else {
        return text;
    };
    let rest = rest.get(2..).unwrap_or("");
    match rest.strip_prefix('.') {
        Some(fraction) => fraction.get(digits(fraction)..).unwrap_or(""),
        None => rest,
    }
}

/// The zone of a time, `Z` if none is named, and what stands behind it.
fn zone(text: &str) -> (&str, &str) {
    let from = text.trim_start_matches([' ', '(']);
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    for name in ["UTC", "GMT", "Z"] {
        if let Some((zone, rest)) = from.split_at_checked(name.len())
            && zone.eq_ignore_ascii_case(name)
            && ends(rest)
        {
            return ("Z", rest.trim_start_matches(')'));
        }
    }
    match from.split_at_checked("+00:00".len()) {
        Some((offset, rest)) if offset.get(3..4) == Some(":") && ends(rest) => (offset, rest),
        _ => ("Z", text),
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
        let shape = date
            .bytes()
            .map(|b| if b.is_ascii_digit() { b'0' } else { b });
        if shape.eq(*b"0000-00-00") {
            return format!("the log entry begins with `{date}`, which is no date");
        }
        let title = shown(title);
        return format!("the log entry `{title}` does not begin with a date `YYYY-MM-DD`");
    }
    let rest = title.get(10..).unwrap_or("");
    let Some((time, rest)) = rest
        .split_at_checked(6)
        .filter(|(time, _)| parse_minute(&format!("{date}{time}")).is_some())
    else {
        let first = rest.split_whitespace().next().unwrap_or("");
        let digits = first.trim_start_matches(['T', 't']);
        return if digits.starts_with(|c: char| c.is_ascii_digit()) {
            let time = shown(first);
            format!("what stands after `{date}` is not a time `HH:MM` but `{time}`")
        } else {
            format!("the log entry has no time `HH:MM` after `{date}`")
        };
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
