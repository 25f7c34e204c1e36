use super::context::{Context, Findings};
use super::rule::declare;
use crate::document::time::parse_compact;
use crate::document::{SLUG_LIMIT, Span, file_name, slugify};

declare! {
    /// The file is not named `YYYYMMDD-HHMMSS-<slug>.md`.
    ///
    /// ## What it checks
    ///
    /// The name of a session is its creation time in UTC, a hyphen, and a slug of at most 60
    /// characters: lower-case ASCII letters and digits in words separated by single hyphens.
    ///
    /// ## Why
    ///
    /// The name is the session's identity: it sorts by age, never changes, and is what commands
    /// and other sessions refer to.
    ///
    /// ## Example
    ///
    /// ```text
    /// 2025-12-04_Weather Fallback.md
    /// ```
    ///
    /// ## Instead
    ///
    /// ```text
    /// 20251204-143000-weather-fallback.md
    /// ```
    "AS001", "file-name", Name, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if cx.name.is_some() || cx.file_name.is_empty() {
        return;
    }
    found.report(Span::at(0), defect(cx.file_name), help(cx));
}

fn defect(name: &str) -> String {
    let Some(stem) = name.strip_suffix(".md") else {
        return "the file name does not end in `.md`".into();
    };
    let shaped = |stamp: &str| {
        stamp
            .bytes()
            .enumerate()
            .all(|(at, byte)| (at == 8 && byte == b'-') || (at != 8 && byte.is_ascii_digit()))
    };
    match stem.split_at_checked(15) {
        Some((stamp, slug)) if shaped(stamp) => {
            if parse_compact(stamp).is_none() {
                return format!("the file name begins with `{stamp}`, which is no date and time");
            }
            match slug.strip_prefix('-') {
                None | Some("") => "the file name has no `-<slug>` after the time".into(),
                Some(slug) if slug.len() > SLUG_LIMIT => format!(
                    "the slug in the file name has {} characters, more than {SLUG_LIMIT}",
                    slug.chars().count()
                ),
                Some(_) => {
                    "the slug in the file name is not made of lower-case letters and digits \
                            in words separated by single hyphens"
                        .into()
                }
            }
        }
        _ => "the file name does not begin with a time `YYYYMMDD-HHMMSS`".into(),
    }
}

fn help(cx: &Context<'_>) -> String {
    let frontmatter = &cx.document.frontmatter;
    let stem = cx
        .file_name
        .rsplit_once('.')
        .map_or(cx.file_name, |(stem, _)| stem);
    let stamp = stem.get(..15).and_then(parse_compact);
    let created = frontmatter.timestamp(&["session", "created"]);
    let Some(created) = stamp.or(created.map(|created| created.at)) else {
        return "name it `YYYYMMDD-HHMMSS-<slug>.md` after the time in UTC at which it was created"
            .into();
    };
    let words = stem.trim_start_matches(|c: char| !c.is_alphabetic());
    let words = if words.is_empty() {
        frontmatter.title().unwrap_or(words)
    } else {
        words
    };
    format!("rename it to `{}`", file_name(created, &slugify(words), 1))
}
