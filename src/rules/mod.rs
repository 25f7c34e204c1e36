//! The rules: one file each, one table.
//!
//! A rule is declared with its doc comment, code, name, family and severity, and is one function
//! that reads the spans of a parsed document. It allocates nothing when there is nothing to
//! report, and it stays silent about whatever another rule's defect makes doubtful: one mistake is
//! one finding.

mod context;
mod project;
mod rule;

mod completed_with_open_work;
mod conflict_marker;
mod dead_session_link;
mod duplicate_key;
mod duplicate_section;
mod duplicate_task;
mod duplicate_work;
mod empty_log_entry;
mod empty_section;
mod empty_value;
mod file_name;
mod forgotten_session;
mod future_timestamp;
mod hidden_character;
mod invalid_agent;
mod invalid_status;
mod invalid_timestamp;
mod invalid_utf8;
mod invalid_yaml;
mod issue_id_in_name;
mod issue_url_mismatch;
mod log_after_update;
mod log_before_created;
mod log_entry_format;
mod log_order;
mod long_paused;
mod missing_file;
mod missing_frontmatter;
mod missing_key;
mod missing_section;
mod missing_summary;
mod missing_title;
mod misspelled_section;
mod name_timestamp_mismatch;
mod non_utc_timestamp;
mod not_handoff_ready;
mod placeholder_text;
mod secret;
mod section_order;
mod session_on_default_branch;
mod several_active_waves;
mod stale_session;
mod task_syntax;
mod title_mismatch;
mod uncaptured_decision;
mod unclosed_comment;
mod unclosed_fence;
mod unclosed_frontmatter;
mod unknown_key;
mod unused_suppression;
mod updated_before_created;
mod wave_state;
mod wave_syntax;
mod wrong_type;

pub(crate) use context::shown;
pub use context::{Context, Finding, Findings, Fix, Phase, Safety};
pub use duplicate_work::{Folder, RULE as DUPLICATE_WORK, Traces, Work, traces};
pub use project::Project;
pub use rule::{Family, Rule, Severity};
pub use unused_suppression::RULE as UNUSED_SUPPRESSION;

/// Every rule, in the order of the codes.
pub static RULES: &[&Rule] = &[
    // AS0xx: the file
    &file_name::RULE,
    &invalid_utf8::RULE,
    &issue_id_in_name::RULE,
    &name_timestamp_mismatch::RULE,
    &unused_suppression::RULE,
    // AS1xx: frontmatter
    &missing_frontmatter::RULE,
    &unclosed_frontmatter::RULE,
    &invalid_yaml::RULE,
    &duplicate_key::RULE,
    &missing_key::RULE,
    &empty_value::RULE,
    &wrong_type::RULE,
    &invalid_status::RULE,
    &invalid_timestamp::RULE,
    &invalid_agent::RULE,
    &missing_summary::RULE,
    &non_utc_timestamp::RULE,
    &updated_before_created::RULE,
    &future_timestamp::RULE,
    &unknown_key::RULE,
    &issue_url_mismatch::RULE,
    // AS2xx: sections
    &missing_section::RULE,
    &misspelled_section::RULE,
    &duplicate_section::RULE,
    &empty_section::RULE,
    &unclosed_fence::RULE,
    &unclosed_comment::RULE,
    &missing_title::RULE,
    &title_mismatch::RULE,
    &placeholder_text::RULE,
    &section_order::RULE,
    // AS3xx: the session log
    &log_entry_format::RULE,
    &log_order::RULE,
    &log_after_update::RULE,
    &log_before_created::RULE,
    &empty_log_entry::RULE,
    // AS4xx: waves and items
    &wave_syntax::RULE,
    &task_syntax::RULE,
    &wave_state::RULE,
    &several_active_waves::RULE,
    &duplicate_task::RULE,
    // AS5xx: what should have happened by now
    &stale_session::RULE,
    &long_paused::RULE,
    &forgotten_session::RULE,
    &not_handoff_ready::RULE,
    &completed_with_open_work::RULE,
    // AS6xx: the rest of the repository
    &missing_file::RULE,
    &dead_session_link::RULE,
    &uncaptured_decision::RULE,
    &duplicate_work::RULE,
    // AS7xx: what does harm
    &conflict_marker::RULE,
    &hidden_character::RULE,
    &secret::RULE,
    &session_on_default_branch::RULE,
];

/// The rule of this name or code, letter case aside.
pub fn find(name_or_code: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| {
        rule.name.eq_ignore_ascii_case(name_or_code) || rule.code.eq_ignore_ascii_case(name_or_code)
    })
}

/// The rule whose name is most like `name`, for "did you mean".
pub fn nearest(name: &str) -> Option<&'static Rule> {
    find(crate::error::nearest(
        name,
        RULES.iter().map(|rule| rule.name),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_begin_with_the_digit_of_their_family() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        for rule in RULES {
            let digit = rule.family as u8 + b'0';
            assert_eq!(rule.code.as_bytes()[2], digit, "{}", rule.name);
            assert_eq!(rule.code.len(), 5);
        }
    }

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            let text = rule.explanation();
            for heading in ["What it checks", "Why", "Example", "Instead"] {
                let heading = format!("\n## {heading}\n\n");
                assert!(text.contains(&heading), "{}: {heading}", rule.name);
            }
            assert!(rule.summary().ends_with('.'), "{}", rule.name);
        }
    }

    #[test]
    fn a_chapter_moves_headings_and_leaves_examples_alone() {
        let rule = find("missing-section").unwrap();
        let page = rule.chapter(1);
        assert!(page.starts_with("# missing-section (AS201)\n\n_error · sections_\n\nA required"));
        assert!(page.ends_with(&rule.explanation()));
        let chapter = rule.chapter(2);
        assert!(chapter.starts_with("## missing-section (AS201)\n"));
        assert!(chapter.contains("\n### Example\n\n```markdown\n## Context\n"));
        let chapter = find("unclosed-fence").unwrap().chapter(2);
        assert!(chapter.contains("\n## Next Steps\n````\n\n### Instead\n"));
    }

    #[test]
    fn rules_are_found_by_name_and_code() {
        assert_eq!(find("AS201").unwrap().name, "missing-section");
        assert_eq!(find("as201").unwrap().code, "AS201");
        assert!(find("missing").is_none());
        assert_eq!(nearest("missing-sections").unwrap().code, "AS201");
        assert!(nearest("zzz").is_none());
    }
}
