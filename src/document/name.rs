use super::time::{Timestamp, format_compact, parse_compact};

/// Longest slug that is made or accepted, in bytes.
pub const SLUG_LIMIT: usize = 60;

/// The parts of `YYYYMMDD-HHMMSS-<slug>.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionName<'a> {
    /// When the session was created.
    pub created: Timestamp,
    /// The description.
    pub slug: &'a str,
}

impl<'a> SessionName<'a> {
    /// Reads a file name; `None` if it does not follow the scheme exactly.
    pub fn parse(file_name: &'a str) -> Option<Self> {
        let stem = file_name.strip_suffix(".md")?;
        let (stamp, rest) = stem.split_at_checked(15)?;
        let slug = rest.strip_prefix('-')?;
        is_slug(slug).then_some(())?;
        Some(Self {
            created: parse_compact(stamp)?,
            slug,
        })
    }
}

/// The short name of a session: its slug, or its stem where the name does not follow the scheme.
pub fn slug_of(name: &str) -> &str {
    SessionName::parse(name).map_or_else(|| stem_of(name), |name| name.slug)
}

/// A file name without its `.md`.
pub fn stem_of(name: &str) -> &str {
    name.strip_suffix(".md").unwrap_or(name)
}

/// Whether `text` matches `[a-z0-9]+(-[a-z0-9]+)*` and is not too long.
pub fn is_slug(text: &str) -> bool {
    text.len() <= SLUG_LIMIT
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// A slug from a title: transliterated, cut at a word, `session` when nothing is left.
pub fn slugify(title: &str) -> String {
    // A title can be as long as a file; what lies beyond any slug need not be transliterated.
    let title: String = title.chars().take(4 * SLUG_LIMIT).collect();
    let full = slug::slugify(title);
    let mut slug = full.get(..SLUG_LIMIT).unwrap_or(&full);
    if slug.len() < full.len() && full.as_bytes().get(SLUG_LIMIT) != Some(&b'-') {
        slug = slug.rsplit_once('-').map_or(slug, |(words, _)| words);
    }
    match slug.trim_end_matches('-') {
        "" => "session".to_owned(),
        slug => slug.to_owned(),
    }
}

/// The file name of a session; `attempt` 1 is the plain name, later ones carry `-2`, `-3`….
pub fn file_name(created: Timestamp, slug: &str, attempt: u32) -> String {
    let stamp = format_compact(created);
    if attempt <= 1 {
        return format!("{stamp}-{slug}.md");
    }
    let suffix = format!("-{attempt}");
    let room = SLUG_LIMIT.saturating_sub(suffix.len());
    let slug = slug.get(..room).unwrap_or(slug).trim_end_matches('-');
    format!("{stamp}-{slug}{suffix}.md")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn titles_become_slugs() {
        assert_eq!(slugify("Wetter: Über-Fallback!"), "wetter-uber-fallback");
        assert_eq!(slugify("…"), "session");
        assert_eq!(slugify(""), "session");
        let long = "a-word ".repeat(20);
        assert!(slugify(&long).ends_with("-a-word-a"), "cut between words");
    }

    #[test]
    fn names_are_exact() {
        let name = SessionName::parse("20251204-143000-weather.md").unwrap();
        assert_eq!(name.slug, "weather");
        for bad in [
            "20251204-143000.md",
            "20251204-143000-.md",
            "20251204-143000-Weather.md",
            "20251204-143000-a--b.md",
            "20251304-143000-a.md",
            "20251204-143000-a.txt",
            "weather.md",
        ] {
            assert_eq!(SessionName::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_title_gives_a_valid_name(title in any::<String>(), attempt in 1_u32..2000) {
            let slug = slugify(&title);
            prop_assert!(is_slug(&slug), "{slug}");
            let name = file_name(Timestamp::UNIX_EPOCH, &slug, attempt);
            prop_assert!(SessionName::parse(&name).is_some(), "{name}");
        }
    }
}
