//! `close` with everything it can do itself: records, lessons, filing, committing; and what becomes
//! of it when the programs it starts fail, hang or die.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{NOW, Project, leftovers};

const KNOWLEDGE: &str = "\
Decided and learned.

## Decisions
### Decision 1: Use two providers

**Decision**: The second one answers when the first does not.

# not a heading of the record

**Rationale**: It costs nothing.

### Decision 2: Cache for an hour
**Decision**: In memory, see 20251204-143000-weather.md.
**Rationale**: Weather is slow.

## Lessons Learned
- Providers lie
  about their *uptime*
  - the first one most
- Clocks differ
";

fn project() -> Project {
    let project = Project::git();
    project.ok(&["new", "Weather", "--context", "The provider fails.", "--next", "review it"]);
    project
}

fn log(project: &Project, text: &str) {
    project.write("input.md", text);
    let said = project.shell("agentsess log - < input.md && rm input.md");
    assert!(said.starts_with("logged"), "{said}");
}

/// The trashed copy is the file as it last was, and comes back as such.
fn restores_to(project: &Project, bytes: &[u8]) {
    project.ok(&["restore", "weather"]);
    assert_eq!(fs::read(project.session("weather")).unwrap(), bytes);
    assert_eq!(leftovers(&project.sessions()), Vec::<PathBuf>::new());
}

fn settings(project: &Project, text: &str) {
    project.write(".agents/agentsess.toml", text);
}

#[test]
fn knowledge_is_written_where_it_belongs_and_only_once() {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    project.write("docs/decisions/adr-009-old.md", "# Old\n");
    project.write("docs/lessons.md", "# Lessons\r\n\r\n* clocks DIFFER\r\n");
    log(&project, KNOWLEDGE);
    let before = fs::read(project.session("weather")).unwrap();
    let refused = project.fails(1, &["close", "--write-adrs", "--write-lessons"]);
    assert!(refused.contains("planned    decisions   2 records"), "{refused}");
    assert!(refused.contains("planned    lessons     1 lesson"), "{refused}");
    assert!(!project.root.join("docs/decisions/adr-010-use-two-providers.md").exists());

    let close = [
        "close",
        "--write-adrs",
        "--write-lessons",
        "--waive",
        "remaining=done elsewhere",
    ];
    project.ok(&["close", "--confirm", "committed", close[1], close[2], close[3], close[4]]);
    let record = fs::read_to_string(project.root.join("docs/decisions/adr-010-use-two-providers.md"));
    let record = record.unwrap();
    assert!(record.contains("\n# Use two providers\n"), "{record}");
    assert!(record.contains("\n\\# not a heading of the record\n"), "{record}");
    assert!(record.contains("\nThe provider fails.\n"), "{record}");
    let second = project.root.join("docs/decisions/adr-011-cache-for-an-hour.md");
    let second = fs::read_to_string(second).unwrap();
    assert!(second.contains("In memory, see Weather."), "{second}");
    assert!(!second.contains("20251204-143000"), "{second}");
    let lessons = fs::read_to_string(project.root.join("docs/lessons.md")).unwrap();
    assert_eq!(
        lessons,
        "# Lessons\r\n\r\n* clocks DIFFER\r\n* Providers lie\r\n  about their *uptime*\r\n  - the \
         first one most\r\n"
    );
    restores_to(&project, &before);

    // All of it is found now, so there is nothing to write.
    project.commit("knowledge");
    let again = project.ok(&close);
    assert_eq!(again.lines().next(), Some("closed weather"), "{again}");
    assert_eq!(fs::read_dir(project.root.join("docs/decisions")).unwrap().count(), 3);
}

#[test]
fn a_decision_without_reason_makes_no_record() {
    let project = project();
    log(&project, "Decided.\n\n## Decisions\n### Decision 1: Two\n**Decision**: yes\n");
    let refused = project.fails(1, &["close", "--write-adrs"]);
    assert!(refused.contains("unmet      decisions"), "{refused}");
    assert!(refused.contains("--waive decisions=REASON"), "{refused}");
    assert!(!project.root.join("docs").exists());
}

#[test]
fn documents_never_lie_outside_of_the_project() {
    let project = project();
    log(&project, KNOWLEDGE);
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), project.root.join("docs")).unwrap();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    let refused = project.fails(2, &["close", "--write-adrs", "--write-lessons"]);
    assert!(refused.contains("leads out of the project"), "{refused}");
    settings(&project, "");
    let waived = ["--confirm", "lessons", "--confirm", "committed", "--waive", "remaining=x"];
    let refused = project.fails(2, &[&["close", "--write-adrs"][..], &waived].concat());
    assert!(refused.contains("leads out of the project"), "{refused}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    settings(&project, "[close]\nlessons = '../lessons.md'\n");
    let refused = project.fails(2, &["close"]);
    assert!(refused.contains("`close.lessons` must stay"), "{refused}");
    assert!(project.session("weather").exists(), "{NOW}");
}
