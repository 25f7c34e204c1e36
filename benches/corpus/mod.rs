//! Sessions as they look after some days of work, made without chance: the same index gives the
//! same bytes on every machine, so that two measurements measure the same thing.
//!
//! Sizes are skewed as real ones are: many short sessions, few long ones, 3.2 KB on average. A few
//! in a hundred have one of the defects that people and agents really leave behind, because a
//! linter that finds nothing renders nothing.

use std::fmt::Write as _;

use agentsess::document::time::{Timestamp, format_compact, format_minute, format_rfc3339};
use agentsess::document::{quoted, slugify, state_hash};
use chrono::{DateTime, TimeDelta};

/// How many sessions have one defect: one in so many.
const DEFECT_EVERY: usize = 33;

/// Monday, 6 January 2025, 08:00 UTC: long enough ago that no session lies in the future.
const FIRST: i64 = 1_736_150_400;

/// Seconds from one session to the next.
const STEP: i64 = 50;

/// The longest that work on one session took.
const LONGEST: TimeDelta = TimeDelta::hours(12);

/// When the corpus is looked at: no session of ten thousand has grown old by then, because a linter
/// that warns of all of them measures how fast it can print.
pub const NOW: &str = "2025-01-13T08:00:00Z";

const TITLES: [&str; 12] = [
    "Weather fallback provider",
    "Retry budget for outgoing webhooks",
    "Split the billing tables",
    "Über-cache invalidation",
    "Drop support for the v1 export",
    "Flaky upload test on slow disks",
    "Rate limits per API key",
    "Read replicas for reporting",
    "Migrate the scheduler to cron expressions",
    "Keyboard navigation in the picker",
    "Structured logging in the worker",
    "Signed download links",
];

const THINGS: [&str; 12] = [
    "the fallback provider",
    "the retry queue",
    "the migration",
    "the request parser",
    "the cache key",
    "the integration test",
    "the feature flag",
    "the pagination cursor",
    "the connection pool",
    "the export job",
    "the audit trail",
    "the error page",
];

const DONE: [&str; 10] = [
    "Moved",
    "Rewrote",
    "Measured",
    "Reverted",
    "Covered",
    "Extracted",
    "Documented",
    "Simplified",
    "Traced",
    "Reviewed",
];

const REASONS: [&str; 10] = [
    "because the old path lost the last page of results",
    "after the staging run timed out twice (see `make e2e`)",
    "so that a restart no longer drops what is in flight",
    "since two callers relied on the order",
    "as agreed in review; the flag stays off until Monday",
    "and the p99 went from 840 ms to 210 ms",
    "which leaves **one** question open: who owns the lock",
    "but only for tenants with more than 10,000 rows",
    "with the fixture from `tests/data/large.json`",
    "until the vendor answers – the ticket is linked above",
];

const FILES: [&str; 10] = [
    "src/weather/fallback.rs",
    "src/api/webhooks/retry.ts",
    "db/migrations/0042_split_billing.sql",
    "src/cache/key.go",
    "app/exports/v1/serializer.py",
    "tests/upload/slow_disk_test.rs",
    "internal/limits/bucket.go",
    "src/reporting/replica.rb",
    "web/src/picker/keyboard.tsx",
    "deploy/helm/values.yaml",
];

const AGENTS: [&str; 6] = [
    "pm",
    "backend-dev",
    "frontend-dev",
    "reviewer",
    "qa",
    "researcher",
];

const ACTIONS: [&str; 6] = [
    "update",
    "implemented",
    "review",
    "blocked",
    "tested",
    "handoff",
];

/// What is wrong with a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    NoNextSteps,
    UnknownStatus,
    NoLastUpdated,
    UnquotedColon,
    LogOutOfOrder,
    LogHeading,
    OpenFence,
    EmptyState,
}

const DEFECTS: [Defect; 8] = [
    Defect::NoNextSteps,
    Defect::UnknownStatus,
    Defect::NoLastUpdated,
    Defect::UnquotedColon,
    Defect::LogOutOfOrder,
    Defect::LogHeading,
    Defect::OpenFence,
    Defect::EmptyState,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    InProgress,
    Paused,
    Completed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::Completed => "completed",
        }
    }
}

/// A session and the name its file has.
pub struct Session {
    /// The file's name.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The `index`th session of the corpus.
pub fn session(index: usize) -> Session {
    let mut chance = Chance::new(index);
    // The product of two draws makes short ones frequent and long ones rare.
    let size = 780 + chance.below(96) * chance.below(96);
    let defect = if index % DEFECT_EVERY == DEFECT_EVERY - 1 {
        chance.one(&DEFECTS)
    } else {
        Defect::None
    };
    let status = match chance.below(100) {
        0..=69 => Status::InProgress,
        70..=98 => Status::Paused,
        _ => Status::Completed,
    };
    build(&mut chance, index, size, status, defect)
}

/// A sound session of about this many bytes, on which work goes on.
pub fn sized(bytes: usize) -> Session {
    let mut chance = Chance::new(bytes);
    build(&mut chance, 0, bytes, Status::InProgress, Defect::None)
}

fn build(
    chance: &mut Chance,
    index: usize,
    size: usize,
    status: Status,
    defect: Defect,
) -> Session {
    let created = at(i64::try_from(index).unwrap_or(0) * STEP);
    let title = chance.one(&TITLES);
    let state = match defect {
        Defect::EmptyState => String::new(),
        _ => current_state(chance, status),
    };
    let mut body = format!("\n# Session: {title}\n\n");
    section(&mut body, "Context", &paragraph(chance, 2));
    section(&mut body, "Current State", &state);
    if defect != Defect::NoNextSteps {
        section(&mut body, "Next Steps", &next_steps(chance, status));
    }
    if size > 1_400 {
        section(
            &mut body,
            "Execution Progress",
            &waves(chance, size / 600, status),
        );
    }
    if size > 2_400 {
        section(&mut body, "Technical Context", &technical(chance, defect));
        section(&mut body, "Files Modified", &files(chance));
    }
    if size > 3_200 {
        section(&mut body, "Decisions", &decisions(chance, size / 3_000));
    }
    body.push_str("---\n\n## Session Log\n");
    // The frontmatter, which comes last because it tells the time of the last entry.
    let room = size.saturating_sub(body.len() + 620);
    let last = log(&mut body, chance, created, room, defect);
    let mut text = frontmatter(chance, title, status, defect, (created, last), &state);
    text.push_str(&body);
    let slug = slugify(title);
    let name = format!("{}-{slug}.md", format_compact(created));
    Session { name, text }
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(FIRST + seconds, 0).unwrap_or_default()
}

fn frontmatter(
    chance: &mut Chance,
    title: &str,
    status: Status,
    defect: Defect,
    (created, last): (Timestamp, Timestamp),
    state: &str,
) -> String {
    let mut yaml = String::from("---\nsession:\n");
    let mut line = |line: &str| {
        yaml.push_str(line);
        yaml.push('\n');
    };
    if defect == Defect::UnquotedColon {
        line(&format!("  title: {title}: the second attempt"));
    } else {
        line(&format!("  title: {}", quoted(title)));
    }
    let word = match defect {
        Defect::UnknownStatus => "active",
        _ => status.word(),
    };
    line(&format!("  status: {word}"));
    line(&format!("  created: \"{}\"", format_rfc3339(created)));
    if defect != Defect::NoLastUpdated {
        line(&format!("  last_updated: \"{}\"", format_rfc3339(last)));
    }
    // One for each session: two on the same issue or branch are a finding.
    let number = (created.timestamp() - FIRST) / STEP;
    match chance.below(3) {
        0 => {
            line(&format!("  linear_issue: \"BACK-{number}\""));
            line(&format!(
                "  linear_url: \"https://linear.app/acme/issue/BACK-{number}\""
            ));
        }
        1 => line(&format!("  issue: \"acme/shop#{number}\"")),
        _ => {}
    }
    line(&format!("  branch: \"feat/{number}-{}\"", slugify(title)));
    if !state.is_empty() {
        line(&format!(
            "  state_recorded: \"{} {}\"",
            format_rfc3339(last),
            state_hash(state)
        ));
    }
    line("orchestration:");
    let task = format!("Finish {}", chance.one(&THINGS));
    line(&format!("  current_task: {}", quoted(&task)));
    let agents = chance.below(4);
    if agents > 0 {
        line("  spawned_agents:");
    }
    for agent in 0..agents {
        line(&format!("    - agent: {}", chance.one(&AGENTS)));
        line(&format!(
            "      task: \"Look into {}\"",
            chance.one(&THINGS)
        ));
        if agent == 0 && status != Status::Completed {
            line("      status: in_progress");
        } else {
            line("      status: completed");
            let summary = format!("{} {}", chance.one(&DONE), chance.one(&THINGS));
            line(&format!("      summary: {}", quoted(&summary)));
        }
    }
    yaml.push_str("---\n");
    yaml
}

fn section(body: &mut String, name: &str, text: &str) {
    let _ = write!(body, "## {name}\n\n{text}\n\n");
}

fn sentence(chance: &mut Chance) -> String {
    let (done, thing) = (chance.one(&DONE), chance.one(&THINGS));
    let (file, reason) = (chance.one(&FILES), chance.one(&REASONS));
    format!("{done} {thing} in `{file}` {reason}.")
}

fn paragraph(chance: &mut Chance, sentences: usize) -> String {
    let sentences: Vec<_> = (0..sentences).map(|_| sentence(chance)).collect();
    sentences.join("\n")
}

fn current_state(chance: &mut Chance, status: Status) -> String {
    let tail = match status {
        Status::InProgress => "Work goes on in the branch above; the tree is clean.",
        Status::Paused => "Paused at a green build; nothing is half done.",
        Status::Completed => "All of it is merged and deployed.",
    };
    format!("{}\n\n{tail}", paragraph(chance, 2))
}

fn next_steps(chance: &mut Chance, status: Status) -> String {
    if status == Status::Completed {
        return "None.".to_owned();
    }
    let steps: Vec<_> = (1..=2 + chance.below(3))
        .map(|step| {
            format!(
                "{step}. Finish {} in `{}`",
                chance.one(&THINGS),
                chance.one(&FILES)
            )
        })
        .collect();
    steps.join("\n")
}

fn waves(chance: &mut Chance, items: usize, status: Status) -> String {
    let mut text = String::new();
    let waves = items.clamp(1, 3);
    let mut id = 0;
    for wave in 1..=waves {
        let (state, open) = match wave {
            _ if status == Status::Completed => ("DONE".to_owned(), false),
            1 if waves > 1 => ("DONE".to_owned(), false),
            1 | 2 => ("ACTIVE".to_owned(), true),
            _ => (format!("blocked by Wave {}", wave - 1), true),
        };
        let name = ["Foundations", "Behaviour", "Rollout"][wave - 1];
        let _ = write!(text, "### Wave {wave}: {name} ({state})\n\n");
        for item in 0..items.div_ceil(waves).max(2) {
            id += 1;
            let ticked = !open || (wave == 2 && item == 0);
            let _ = writeln!(
                text,
                "- [{}] BACK-{id} - {} {}",
                if ticked { 'x' } else { ' ' },
                chance.one(&DONE),
                chance.one(&THINGS)
            );
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn technical(chance: &mut Chance, defect: Defect) -> String {
    let fence = if defect == Defect::OpenFence {
        ""
    } else {
        "\n```"
    };
    format!(
        "### Files to Update\n\n- `{}`\n- `{}`\n\n### Key Commands\n\n```sh\n# the slow ones need a \
         database\nmake test FILTER={}{fence}",
        chance.one(&FILES),
        chance.one(&FILES),
        chance.below(100),
    )
}

fn files(chance: &mut Chance) -> String {
    let first = chance.below(FILES.len());
    let files: Vec<_> = (first..=first + chance.below(4))
        .map(|file| {
            let file = FILES[file % FILES.len()];
            format!("- `{file}` - {}", chance.one(&REASONS))
        })
        .collect();
    files.join("\n")
}

fn decisions(chance: &mut Chance, decisions: usize) -> String {
    let mut text = String::new();
    for decision in 1..=decisions {
        let _ = write!(
            text,
            "### Decision {decision}: Keep {}\n\n**Decision**: {}\n\n**Rationale**: {}\n\n",
            chance.one(&THINGS),
            sentence(chance),
            sentence(chance)
        );
    }
    text.trim_end().to_owned()
}

/// Adds log entries until they fill the room. Returns the time of the last one.
fn log(
    body: &mut String,
    chance: &mut Chance,
    created: Timestamp,
    room: usize,
    defect: Defect,
) -> Timestamp {
    let end = body.len() + room;
    let entries = i32::try_from(room / 250).unwrap_or(i32::MAX).max(1);
    let gap = (LONGEST / entries).min(TimeDelta::hours(5));
    let mut time = created;
    loop {
        let agent = chance.one(&AGENTS);
        let action = chance.one(&ACTIONS);
        let words = 1 + chance.below(3);
        let _ = write!(
            body,
            "\n### {} - {agent}/{action}\n\n{}\n",
            format_minute(time),
            paragraph(chance, words)
        );
        if body.len() >= end {
            break;
        }
        time += gap;
    }
    match defect {
        Defect::LogOutOfOrder => {
            let earlier = format_minute(created - TimeDelta::days(1));
            let _ = write!(body, "\n### {earlier} - pm/update\n\nWritten down late.\n");
        }
        Defect::LogHeading => body.push_str("\n### Tuesday, after lunch\n\nWorks now.\n"),
        _ => {}
    }
    time
}

/// xorshift64*: four lines, and the same on every platform.
struct Chance(u64);

impl Chance {
    fn new(seed: usize) -> Self {
        // Neighbouring seeds must not give neighbouring draws, and zero would stay zero.
        let mixed = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed ^ (mixed >> 29))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % limit
    }

    fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
