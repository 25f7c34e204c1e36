//! `close` with everything it can do itself: records, lessons, filing, committing; and what becomes
//! of it when the programs it starts fail, hang or die.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use common::{NOW, Project, leftovers, on_a_terminal};

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
    project.ok(&[
        "new",
        "Weather",
        "--context",
        "The provider fails.",
        "--next",
        "review it",
    ]);
    project
}

fn log(project: &Project, text: &str) {
    log_to(project, "weather", text);
}

fn log_to(project: &Project, session: &str, text: &str) {
    project.write("input.md", text);
    let said = project.shell(&format!(
        "agentsess log - --replace -s {session} < input.md && rm input.md"
    ));
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
    assert!(
        refused.contains("planned    decisions   2 records"),
        "{refused}"
    );
    assert!(
        refused.contains("planned    lessons     1 lesson"),
        "{refused}"
    );
    assert!(
        !project
            .root
            .join("docs/decisions/adr-010-use-two-providers.md")
            .exists()
    );

    let close = [
        "close",
        "--write-adrs",
        "--write-lessons",
        "--waive",
        "remaining=done elsewhere",
    ];
    project.ok(&[
        "close",
        "--confirm",
        "committed",
        close[1],
        close[2],
        close[3],
        close[4],
    ]);
    let record = fs::read_to_string(
        project
            .root
            .join("docs/decisions/adr-010-use-two-providers.md"),
    );
    let record = record.unwrap();
    assert!(record.contains("\n# Use two providers\n"), "{record}");
    assert!(
        record.contains("\n\\# not a heading of the record\n"),
        "{record}"
    );
    assert!(record.contains("\nThe provider fails.\n"), "{record}");
    let second = project
        .root
        .join("docs/decisions/adr-011-cache-for-an-hour.md");
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
    assert_eq!(
        fs::read_dir(project.root.join("docs/decisions"))
            .unwrap()
            .count(),
        3
    );
}

#[test]
fn a_decision_without_reason_makes_no_record_and_keeps_no_other_from_being_written() {
    let project = project();
    settings(&project, "[records]\nkeep = 'all'\n");
    log(
        &project,
        "Decided.\n\n## Decisions\n### Decision 1: Two\n**Decision**: yes\n\n\
         ### Decision 2: Three\n**Decision**: no\n**Rationale**: It is one more.\n\n\
         ### Decision 3: Same\n**Decision**: a\n**Rationale**: b\n\n\
         ### Decision 4: same\n**Decision**: c\n**Rationale**: d\n",
    );
    let rest = "--confirm committed --waive remaining=superseded";
    let refused = project.shell(&format!("agentsess close {rest} --write-adrs"));
    assert!(
        refused.contains("unmet      decisions   4 of 4 without a record"),
        "{refused}"
    );
    assert!(
        refused.contains("or `--waive decisions=REASON`\n")
            && refused.contains("weather.md:28:1: Two (it has no `**Rationale**:`)\n"),
        "{refused}"
    );
    assert!(
        refused.ends_with(
            "hint: agentsess edit weather && agentsess close weather \
             --confirm committed --waive remaining=superseded --write-adrs\n? 1\n"
        ),
        "{refused}"
    );
    assert!(!project.root.join("docs").exists());

    let waived = "--write-adrs --waive decisions='the others are trifles' --waive lessons=unneeded";
    let gate = project.shell(&format!("agentsess close {rest} {waived} --dry-run"));
    let note = "waived: the others are trifles; 1 record will be written\n";
    assert!(gate.contains(note), "{gate}");
    assert!(
        gate.contains("n/a        lessons     no lessons; the waiver is not needed\n"),
        "{gate}"
    );
    let closed = project.shell(&format!("agentsess close {rest} {waived}"));
    assert!(
        closed.starts_with("wrote docs/decisions/0001-three.md\nclosed weather\n"),
        "{closed}"
    );
    let records = fs::read_dir(project.root.join("docs/decisions")).unwrap();
    assert_eq!(records.count(), 1);
    // Only what was let go is recorded as such.
    let record = project.shell("cat .agents/sessions/archive/*.json");
    assert!(record.contains("the others are trifles"), "{record}");
    assert!(!record.contains("unneeded"), "{record}");
}

#[test]
fn an_agent_of_which_nobody_knows_what_came_is_asked_about() {
    let project = project();
    let path = project.session("weather");
    let text = project.read("weather");
    let listed = |status: &str| {
        let agents = format!(
            "orchestration:\n  spawned_agents:\n    - agent: Explore\n      task: \"find it\"\n      \
             status: {status}\n      summary: \"Found.\"\n"
        );
        fs::write(&path, text.replacen("orchestration:\n", &agents, 1)).unwrap();
    };
    for status in ["in_progress", "pending"] {
        listed(status);
        let refused = project.fails(1, &["close"]);
        let asked = "1 of 1 open item without an issue id; write `ID - text`, or tick what is done; \
                     1 agent not completed: confirm that nothing is to come of that any more";
        assert!(refused.contains(asked), "{refused}");
        let agent = format!(": Explore: find it ({status}: Found.)\n");
        assert!(refused.contains(&agent), "{refused}");
        let remedy = " --file-remaining docs/backlog.md --confirm remaining\n";
        assert!(refused.contains(remedy), "{refused}");
    }
    listed("completed");
    let refused = project.fails(1, &["close"]);
    assert!(!refused.contains("--confirm remaining"), "{refused}");
}

#[test]
fn work_that_failed_is_not_closed_without_a_word() {
    let project = project();
    log(&project, "Done.\n\n## Next Steps\nNone.\n");
    project.shell("agentsess run --agent deployer -s weather -- sh -c 'exit 1'");
    let refused = close(&project, "");
    let asked = "asked      remaining   nothing is open; 1 agent not completed";
    assert!(refused.contains(asked), "{refused}");
    assert!(refused.contains(": deployer: "), "{refused}");
    assert!(
        refused.contains("(pending: failed (exit 1))\n"),
        "{refused}"
    );
    // What is open besides is filed all the same.
    log(&project, "More.\n\n## Next Steps\n- [ ] tell Bob\n");
    let refused = close(&project, "--file-remaining b.md");
    assert!(
        refused.contains("asked      remaining   1 item will be filed with b.md; 1 agent"),
        "{refused}"
    );
    let (_, hint) = refused.split_once("hint: ").unwrap();
    let (hint, _) = hint.split_once('\n').unwrap();
    let dry = project.shell(&format!("{hint} --dry-run"));
    assert!(
        dry.contains("remaining work is filed; the rest will be filed"),
        "{dry}"
    );
    let closed = project.shell(hint);
    assert!(
        closed.starts_with("filed B-1 with b.md: tell Bob\n"),
        "{closed}"
    );
    // It went well the second time.
    project.ok(&["restore", "weather"]);
    project.shell("agentsess run --agent deployer -s weather -- true");
    let closed = close(&project, "");
    assert!(closed.contains("closed weather"), "{closed}");
}

#[test]
fn where_lessons_go_has_to_be_said_and_how_is_a_command() {
    let project = project();
    log(
        &project,
        "Learned.\n\n## Lessons Learned\n- Clocks differ\n",
    );
    let refused = project.fails(2, &["close", "--write-lessons"]);
    let (_, hint) = refused.split_once("hint: ").unwrap();
    project.shell(hint);
    let refused = project.fails(1, &["close", "--write-lessons"]);
    assert!(
        refused.contains("1 lesson will be added to docs/lessons.md"),
        "{refused}"
    );
    // What is there stays, also seen from a subfolder.
    for (old, from) in [("", "."), ("[lint]\nstale-days = 14", "pkg"), ("", "pkg")] {
        project.write("pkg/.keep", "");
        if old.is_empty() {
            fs::remove_file(project.root.join(".agents/agentsess.toml")).unwrap();
        } else {
            settings(&project, old);
        }
        let run = format!("cd {from} && agentsess close weather --write-lessons");
        let refused = project.shell(&run);
        let (_, hint) = refused.split_once("hint: ").unwrap();
        let hint = hint.lines().next().unwrap();
        project.shell(&format!("cd {from} && {hint}"));
        let refused = project.shell(&run);
        let added = "1 lesson will be added to docs/lessons.md";
        assert!(refused.contains(added), "{hint}: {refused}");
        let text = fs::read_to_string(project.root.join(".agents/agentsess.toml")).unwrap();
        assert!(text.starts_with(old), "{text}");
    }
    settings(&project, "[close]\n");
    let refused = project.fails(2, &["close", "--write-lessons"]);
    assert!(
        refused.contains("hint: ${EDITOR:-vi} .agents/agentsess.toml"),
        "{refused}"
    );
}

#[test]
fn lessons_that_say_the_same_are_one() {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    log(
        &project,
        "Learned.\n\n## Lessons Learned\n- Clocks differ\n- Other\n- clocks *differ*\n",
    );
    let closed = close(&project, "--write-lessons --waive remaining=none");
    assert!(closed.contains("closed weather"), "{closed}");
    let lessons = fs::read_to_string(project.root.join("docs/lessons.md")).unwrap();
    assert_eq!(lessons, "# Lessons Learned\n\n- Clocks differ\n- Other\n");
}

#[test]
fn all_that_is_said_of_lessons_decisions_and_criteria_is_asked_for() {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    project.write("docs/lessons.md", "# L\n\n## Time\n\n- Use UTC\n");
    project.commit("begun");
    log(
        &project,
        "Learned.\n\n## Next Steps\nNone.\n\n## Acceptance Criteria\nIt is fast.\n\n\
         ## Decisions\nAll of it was agreed on.\n\n### Decision 1: Cache\n\n**Decision**: In \
         memory.\n**Rationale**: Speed.\n\n\
         ## Lessons Learned\n<!-- what we know now -->\nAsk first.\n\n- Write it down\n\n  at once\n\n\
         ### DNS\nNever trust DNS.\n\nIt caches.\n\n### Time\n- Use UTC\n\n### Sleep on it\n",
    );
    let refused = close(&project, "");
    let decisions = "\
unmet      decisions   1 of 1 without a record in docs/decisions that has its title as a heading
             - Cache
             - .agents/sessions/20251204-143000-weather.md:32:1: All of it was agreed on.
unmet      lessons     4 of 5 not in docs/lessons.md
             - Ask first.
             - Write it down
             - DNS: Never trust DNS.
             - Sleep on it
";
    assert!(refused.contains(decisions), "{refused}");
    let criteria = "weather.md:28:1: It is fast.\n";
    assert!(refused.contains(criteria), "{refused}");
    let hint = "agentsess close weather --confirm committed --write-adrs --confirm decisions \
                --write-lessons --file-remaining docs/backlog.md";
    assert!(
        refused.ends_with(&format!("hint: {hint}\n? 1\n")),
        "{refused}"
    );
    let asked = close(&project, "--write-adrs");
    let note = "asked      decisions   1 record will be written to docs/decisions; confirm that \
                what else Decisions says is recorded\n";
    assert!(asked.contains(note), "{asked}");
    let closed = project.shell(hint);
    assert!(closed.contains("closed weather"), "{closed}");
    let lessons = fs::read_to_string(project.root.join("docs/lessons.md")).unwrap();
    assert_eq!(
        lessons,
        "# L\n\n## Time\n\n- Use UTC\n- Ask first.\n- Write it down\n\n  at once\n- DNS: Never \
         trust DNS.\n\n  It caches.\n- Sleep on it\n"
    );
    // All of it is found again.
    project.ok(&["restore", "weather"]);
    let again = close(&project, "--dry-run");
    assert!(again.contains("proven     lessons     5 found"), "{again}");
    let confirm = "asked      decisions   1 found in docs/decisions; confirm that what else";
    assert!(again.contains(confirm), "{again}");

    log(
        &project,
        "More.\n\n## Decisions\n- we use postgres\n\n### Decision 1: Cache\n",
    );
    let refused = close(&project, "--dry-run");
    let first = "unmet      decisions   1 of 2 without";
    assert!(refused.contains(first), "{refused}");
    assert!(
        refused.contains("we use postgres (it has neither"),
        "{refused}"
    );
}

#[test]
fn what_a_stopped_close_wrote_needs_no_confirmation_and_is_committed_with_its_ids() {
    for by_hook in [true, false] {
        let project = project();
        settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
        log(&project, KNOWLEDGE);
        if by_hook {
            project.write(
                ".git/hooks/pre-commit",
                "#!/bin/sh\necho no closing today >&2\nexit 1\n",
            );
        } else {
            project.write(".git/info/exclude", "tools\ncalls\nready\n");
            program(&project, "tk", "[ -e ready ] && echo we-1");
            project.ok(&["trust", "tk"]);
        }
        project.commit("all");
        project.shell("chmod +x .git/hooks/pre-commit");
        let (sink, id, filed) = if by_hook {
            ("docs/b.md", "B-1", "B-1")
        } else {
            ("tk", "we-1", "none")
        };
        let going_on = format!(
            "agentsess close weather --write-adrs --write-lessons --commit --file-remaining {sink}"
        );
        let go_on = format!("PATH=\"$PWD/tools:$PATH\" {going_on}");
        let refused = project.shell(&go_on);
        assert!(
            refused.contains(&format!("; {filed} filed, nothing is deleted\n")),
            "{refused}"
        );
        assert!(
            refused.contains("docs/lessons.md is written\n"),
            "{refused}"
        );
        assert!(
            refused.ends_with(&format!("hint: {going_on}\n? 1\n")),
            "{refused}"
        );

        // It is seen, and what is known about it is kept.
        let seen = project.shell("agentsess doctor --fix");
        assert!(seen.contains(": closing it was stopped; "), "{seen}");
        assert_eq!(seen.contains("; filed: B-1; written: "), by_hook, "{seen}");
        let help = format!(
            "docs/lessons.md{} [stopped-close]\n  help: {going_on}\n",
            if by_hook { ", docs/b.md" } else { "" }
        );
        assert!(seen.contains(&help), "{seen}");
        if by_hook {
            fs::remove_file(project.root.join(".git/hooks/pre-commit")).unwrap();
        } else {
            project.write("ready", "");
        }
        let closed = project.shell(&go_on);
        assert!(closed.contains("closed weather, committed "), "{closed}");
        let shown = git(&project, "log -1 --format=%B --name-only");
        assert!(shown.contains(&format!("\nFiled: {id}\n")), "{shown}");
        for file in ["lessons.md", "decisions/0002-cache-for-an-hour.md"] {
            assert!(shown.contains(&format!("docs/{file}\n")), "{shown}");
        }
        assert_eq!(shown.contains("docs/b.md\n"), by_hook, "{shown}");
        assert_eq!(git(&project, "status --porcelain"), "");
        let seen = project.shell("agentsess doctor");
        assert!(!seen.contains("stopped-close"), "{seen}");
    }
}

#[test]
fn what_others_wrote_into_the_same_document_is_still_asked_for() {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    log(
        &project,
        "Learned.\n\n## Lessons Learned\n- Clocks differ\n",
    );
    let list = project.write("docs/b.md", "# Backlog\n");
    fs::set_permissions(list, fs::Permissions::from_mode(0o444)).unwrap();
    project.commit("all");
    project.write("docs/lessons.md", "# Lessons\n\nsomebody is writing here\n");
    let flags = "--write-lessons --file-remaining docs/b.md";
    let refused = close(&project, flags);
    assert!(
        refused.contains("docs/lessons.md is written\n"),
        "{refused}"
    );
    let asked = project.shell(&format!("agentsess close {flags}"));
    assert!(
        asked.contains("asked      committed") && asked.contains("- docs/lessons.md\n"),
        "{asked}"
    );
}

#[test]
fn hints_say_again_what_was_said() {
    let project = project();
    // Another one of the same name, so that the slug is not enough.
    project.shell("AGENTSESS_NOW=2025-12-05T09:00:00Z agentsess new Weather");
    log_to(&project, "20251204-143000-weather", KNOWLEDGE);
    project.ok(&["set", "issue", "BACK-7", "-s", "20251204"]);
    let said = "--confirm committed --waive 'lessons=they are known' --write-adrs --commit \
                --file-remaining docs/b.md";
    let kept = "agentsess close 20251204-143000-weather --confirm committed";
    for (more, hint) in [
        ("", "--file-remaining docs/b.md --confirm issue"),
        ("--confirm all", "--file-remaining docs/b.md --dry-run"),
        (
            "--waive issue",
            "--write-adrs --commit --file-remaining docs/b.md --dry-run",
        ),
        ("--filed 3=x", "--file-remaining docs/b.md --dry-run"),
    ] {
        let refused = project.shell(&format!("agentsess close -s 20251204 {said} {more}"));
        let last = refused.lines().rev().nth(1).unwrap();
        assert!(
            last.starts_with(&format!("hint: {kept} --waive lessons='they are known'")),
            "{more}: {refused}"
        );
        assert!(last.ends_with(hint), "{more}: {refused}");
    }
}

#[test]
fn a_document_that_cannot_be_written_is_named_with_its_remedy() {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    log(
        &project,
        "Learned.\n\n## Lessons Learned\n- Clocks differ\n",
    );
    let path = project.write("docs/lessons.md", "# Lessons\n");
    project.commit("all");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let refused = project.shell("agentsess close --write-lessons --waive remaining=none");
    assert_eq!(
        refused,
        "error: docs/lessons.md: the file is read-only; nothing is deleted\n\
         hint: chmod u+w 'docs/lessons.md'\n? 2\n"
    );
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
    let waived = [
        "--confirm",
        "lessons",
        "--confirm",
        "committed",
        "--waive",
        "remaining=x",
    ];
    let refused = project.fails(2, &[&["close", "--write-adrs"][..], &waived].concat());
    assert!(refused.contains("leads out of the project"), "{refused}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    settings(&project, "[close]\nlessons = '../lessons.md'\n");
    let refused = project.fails(2, &["close"]);
    assert!(refused.contains("`close.lessons` must stay"), "{refused}");
    assert!(project.session("weather").exists(), "{NOW}");
}

/// Five open items, and a program of that name on the path, `tools/NAME`, made of shell.
fn with_program(name: &str, script: &str) -> Project {
    let project = project();
    log(
        &project,
        "Much is open.\n\n## Next Steps\n- [ ] one\n- [ ] two\n- [ ] three\n- [ ] four\n- [ ] five\n",
    );
    program(&project, name, script);
    project
}

/// The script gets its number, counted from 1, as `$N`; a line of each call is in `calls`.
fn program(project: &Project, name: &str, script: &str) {
    let head = "#!/bin/sh\nN=$(($(cat calls 2>/dev/null | wc -l) + 1))\n\
                printf '%s\\n' \"$*\" | tr '\\n' ' ' >> calls; echo >> calls\n";
    let path = project.write(&format!("tools/{name}"), &format!("{head}{script}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

const CLOSE: &str = "PATH=\"$PWD/tools:$PATH\" agentsess close --confirm committed";

fn close(project: &Project, arguments: &str) -> String {
    project.shell(&format!("{CLOSE} {arguments}"))
}

fn calls(project: &Project) -> usize {
    let calls = fs::read_to_string(project.root.join("calls")).unwrap_or_default();
    calls.lines().count()
}

/// What the trash has of the session, which is gone.
fn trashed(project: &Project) -> String {
    assert!(!project.session("weather").exists());
    project.ok(&["restore", "weather"]);
    let text = project.read("weather");
    assert_eq!(
        project.ok(&["lint"]).lines().last(),
        Some("Checked 1 file: no problems found")
    );
    text
}

const TK: &str = "echo we-a00$N";

#[test]
fn nothing_runs_before_it_is_trusted_and_nothing_after_it_changed() {
    let project = with_program("tk", TK);
    let refused = close(&project, "--file-remaining tk");
    assert!(refused.contains("`tk` is not trusted"), "{refused}");
    assert!(
        refused.contains("tk create '{title}' -d '{body}'"),
        "{refused}"
    );
    assert!(
        refused.ends_with("hint: agentsess trust tk\n? 2\n"),
        "{refused}"
    );
    assert_eq!(calls(&project), 0);
    settings(
        &project,
        "[close.sinks.own]\nargv = ['sh', 'tools/tk', '{title}']\nid = '\\S+'\n",
    );
    project.ok(&["trust"]);
    let state = project
        .root
        .parent()
        .unwrap()
        .join(".local/state/agentsess/trust.json");
    assert_eq!(
        fs::metadata(state).unwrap().permissions().mode() & 0o777,
        0o600
    );
    program(&project, "tk", "echo other-1");
    let refused = close(&project, "--file-remaining own");
    assert!(
        refused.contains("`own` is not trusted, or has changed"),
        "{refused}"
    );
    project.ok(&["trust", "own"]);
    project.ok(&["trust", "--revoke", "own"]);
    let refused = close(&project, "--file-remaining own");
    assert!(refused.contains("`own` is not trusted"), "{refused}");
    assert_eq!(calls(&project), 0);
}

#[test]
fn every_item_is_filed_and_its_id_written_to_its_line() {
    let project = with_program("tk", TK);
    project.ok(&["trust", "tk"]);
    let closed = close(&project, "--file-remaining tk");
    assert!(
        closed.starts_with("filed we-a001 with tk: one\n"),
        "{closed}"
    );
    assert!(
        closed.contains("\nclosed weather\nundo: agentsess restore "),
        "{closed}"
    );
    let text = trashed(&project);
    assert!(
        text.contains("- [ ] we-a001 - one\n- [ ] we-a002 - two\n"),
        "{text}"
    );
    let tickets = "tickets: [\"we-a001\", \"we-a002\", \"we-a003\", \"we-a004\", \"we-a005\"]";
    assert!(text.contains(tickets), "{text}");
    assert!(text.contains("topic: \"weather\""), "{text}");
    let said = fs::read_to_string(project.root.join("calls")).unwrap();
    assert!(
        said.starts_with("create one -d one  Left over from: Weather, Next Steps"),
        "{said}"
    );
}

#[test]
fn a_failure_deletes_nothing_and_is_gone_on_from() {
    let project = with_program(
        "tk",
        "[ $N = 3 ] && { echo no network >&2; exit 4; }\necho we-a00$N",
    );
    project.ok(&["trust", "tk"]);
    let refused = close(&project, "--file-remaining tk");
    assert!(
        refused.contains("item 3, `three`: `tk` failed with exit code 4"),
        "{refused}"
    );
    assert!(
        refused.contains("we-a001, we-a002 filed, nothing is deleted"),
        "{refused}"
    );
    assert!(refused.contains("no network"), "{refused}");
    assert!(
        refused.ends_with(
            "hint: agentsess close weather --confirm committed --file-remaining tk\n? 1\n"
        ),
        "{refused}"
    );
    let text = project.read("weather");
    assert!(
        text.contains("- [ ] we-a002 - two\n- [ ] three\n"),
        "{text}"
    );
    let closed = close(&project, "--file-remaining tk");
    assert!(closed.contains("closed weather"), "{closed}");
    assert_eq!(calls(&project), 6);
    let text = trashed(&project);
    assert!(
        text.contains("- [ ] we-a004 - three\n- [ ] we-a005 - four\n"),
        "{text}"
    );
}

#[test]
fn an_item_of_which_nobody_knows_is_asked_for() {
    for (script, why) in [
        (
            "[ $N = 3 ] && sleep 60\necho we-a00$N",
            "took more than 0.5 s and was killed",
        ),
        ("[ $N = 3 ] && kill -9 $$\necho we-a00$N", "was killed"),
        (
            "[ $N = 3 ] && { printf '\\033]0;x\\007\\000rubbish\\377'; exit 0; }\necho we-a00$N",
            "printed no id",
        ),
        (
            "echo we-a00$N\n[ $N = 3 ] && exit 1; exit 0",
            "printed we-a003 and failed",
        ),
    ] {
        let project = with_program("own", script);
        settings(
            &project,
            "[close.sinks.own]\nargv = ['own', '{title}']\nid = 'we-a\\d+'\ntimeout = 0.5\n",
        );
        project.ok(&["trust"]);
        let refused = close(&project, "--file-remaining own");
        assert!(refused.contains(why), "{script}: {refused}");
        assert!(!refused.contains('\u{1b}'), "{refused}");
        assert!(
            refused.contains("--file-remaining own --filed 3=ID\n? 1"),
            "{refused}"
        );
        // What was said once is not said again by the hint.
        if script.starts_with("[ $N = 3 ] && sleep") {
            program(&project, "own", "sleep 60");
            let hint = "hint: agentsess close weather --confirm committed --file-remaining own \
                        --filed 3=ID\n? 1\n";
            let refused = close(&project, "--file-remaining own --refile three");
            assert!(refused.ends_with(hint), "{refused}");
            program(&project, "own", script);
            fs::write(project.root.join("calls"), "\n\n\n").unwrap();
        }
        // It asks again, and runs nothing.
        let refused = close(&project, "--file-remaining own");
        assert!(refused.contains("item 3: three (own)"), "{refused}");
        assert!(refused.contains("--filed 3=ID\n? 1"), "{refused}");
        let refused = close(&project, "--file-remaining own --filed 3=ID");
        assert!(refused.contains("`ID` is no id of item 3"), "{refused}");
        let refused = close(&project, "--file-remaining own --refile 7");
        assert!(refused.contains("`7` was not being filed"), "{refused}");
        assert_eq!(calls(&project), 3);
        // By its words as well as by its number.
        let gate = close(
            &project,
            "--file-remaining own --filed Thr=we-a003 --dry-run",
        );
        assert!(gate.contains("weather can be closed"), "{gate}");
        let gate = close(&project, "--file-remaining own --refile three --dry-run");
        assert!(gate.contains("3 items will be filed"), "{gate}");
        let closed = close(&project, "--file-remaining own --filed 3=we-a003");
        assert!(closed.contains("closed weather"), "{closed}");
        assert_eq!(calls(&project), 5);
        let text = trashed(&project);
        assert!(
            text.contains("- [ ] we-a003 - three\n- [ ] we-a004 - four\n"),
            "{text}"
        );
    }
}

#[test]
fn a_close_that_is_killed_while_it_files_is_gone_on_with() {
    // The program kills the close that started it, before and after the issue exists.
    for (script, asked) in [
        (
            "[ $N = 3 ] && { kill -9 $PPID; sleep 1; exit 1; }\necho we-a00$N",
            true,
        ),
        (
            "echo we-a00$N\n[ $N = 3 ] && { kill -9 $PPID; sleep 1; }; true",
            true,
        ),
    ] {
        let project = with_program("tk", script);
        project.ok(&["trust", "tk"]);
        let killed = close(&project, "--file-remaining tk");
        assert!(!killed.contains("closed"), "{killed}");
        assert_eq!(leftovers(&project.sessions()), Vec::<PathBuf>::new());
        let text = project.read("weather");
        assert!(
            text.contains("- [ ] we-a002 - two\n- [ ] three\n"),
            "{text}"
        );
        let refused = close(&project, "--file-remaining tk");
        assert_eq!(refused.contains("item 3: three (tk)"), asked, "{refused}");
        let closed = close(&project, "--file-remaining tk --refile 3");
        assert!(closed.contains("closed weather"), "{closed}");
        // Three calls, and one more for each that was left.
        assert_eq!(calls(&project), 6);
        assert!(trashed(&project).contains("- [ ] we-a004 - three\n"));
    }
}

#[test]
fn an_id_that_is_known_reaches_its_line_without_another_call() {
    let project = with_program("tk", "[ $N = 3 ] && exit 1\necho we-a00$N");
    project.ok(&["trust", "tk"]);
    close(&project, "--file-remaining tk");
    // As if it had been killed between the ledger and the line.
    let path = project.session("weather");
    let text = project.read("weather").replace("we-a002 - two", "two");
    fs::write(&path, text.replace(", \"we-a002\"", "")).unwrap();
    let closed = close(&project, "--file-remaining tk");
    assert!(closed.contains("filed we-a002 with tk: two\n"), "{closed}");
    assert_eq!(calls(&project), 6);
    assert!(trashed(&project).contains("- [ ] we-a002 - two\n"));
}

#[test]
fn a_second_close_gives_way_at_once_and_a_writer_does_not_wait() {
    let project = with_program(
        "tk",
        "[ $N = 1 ] && while [ ! -e go ]; do sleep 0.05; done\necho we-a00$N",
    );
    project.ok(&["trust", "tk"]);
    let said = project.shell(&format!(
        "{CLOSE} --file-remaining tk > first 2>&1 & \
         while [ ! -e calls ]; do sleep 0.05; done; \
         {CLOSE} --file-remaining tk; echo \"second $?\"; \
         agentsess log 'still here'; touch go; wait; cat first; rm first"
    ));
    assert!(said.contains("another close is at work"), "{said}");
    assert!(said.contains("second 1\n"), "{said}");
    assert!(said.contains("logged weather"), "{said}");
    // The session is not what the first one's gate saw, so it stops before it files more.
    assert!(
        said.contains(
            "the session was changed while it was being closed; we-a001 filed, nothing is deleted\n\
             hint: agentsess close weather --confirm committed --file-remaining tk\n"
        ),
        "{said}"
    );
    assert_eq!(calls(&project), 1);
    assert!(
        project
            .read("weather")
            .contains("- [ ] we-a001 - one\n- [ ] two\n")
    );
    assert!(close(&project, "--file-remaining tk").contains("closed weather"));
    assert_eq!(calls(&project), 5);
}

#[test]
fn documents_of_the_project_take_remaining_work() {
    for (file, expected) in [
        (
            "docs/backlog.md",
            "# Backlog\n\n- [ ] BACKLOG-1 - one\n  (Weather, Next Steps)\n",
        ),
        (
            "notes/to-do2.json",
            "[\n  {\"id\":\"TODO-1\",\"title\":\"one\",",
        ),
    ] {
        let project = with_program("none", "");
        let closed = close(&project, &format!("--file-remaining {file}"));
        assert!(
            closed.contains(&format!("wrote {file}\nclosed weather\n")),
            "{closed}"
        );
        let text = fs::read_to_string(project.root.join(file)).unwrap();
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(text.matches("-5").count(), 1, "{text}");
        assert!(!text.contains("20251204-143000"), "{text}");
        let text = trashed(&project);
        assert!(text.contains(&format!("backlog_md: \"{file}\"")), "{text}");
        // The ids are known to the session, so that there is nothing to file again.
        assert!(!close(&project, "").contains("filed"));
    }
    let project = with_program("none", "");
    for (sink, why) in [
        (
            "../out.md",
            "not in the project\nhint: agentsess close weather --confirm committed \
             --file-remaining docs/backlog.md\n",
        ),
        (".agents/sessions/backlog.md", "among the sessions"),
        ("nothing", "there is no sink `nothing`"),
        ("issue-command", "there is no sink"),
    ] {
        let refused = close(&project, &format!("--file-remaining {sink}"));
        assert!(
            refused.contains(why) && refused.ends_with("? 2\n"),
            "{refused}"
        );
    }
    project.write("odd.json", "{}\n");
    log(
        &project,
        "Decided.\n\n## Decisions\n### Decision 1: x\n**Decision**: a\n**Rationale**: b\n",
    );
    let refused = close(&project, "--write-adrs --file-remaining odd.json");
    let error = "error: odd.json: this file holds no JSON array, so that nothing can be added to \
                 it\nhint: mv odd.json odd.json.old\n? 2\n";
    assert_eq!(refused, error);
    project.write("open.md", "# Backlog\n\n<!-- never closed\n");
    let refused = close(&project, "--write-adrs --file-remaining open.md");
    assert!(
        refused.starts_with("error: open.md:3:1: the HTML comment opened"),
        "{refused}"
    );
    assert!(!project.root.join("docs/decisions").exists());
    assert_eq!(
        fs::read_to_string(project.root.join("odd.json")).unwrap(),
        "{}\n"
    );
}

/// Items with all that Markdown lets stand in one.
const DEEP: &str = "\
Open.

## Next Steps
- [ ] measure the cache
  on two machines

  Only the cold one matters:

  ```sh
  bench --cold

  ```
  > as agreed
  - use the *slow* disk
  - [x] ask for a machine
    - [ ] return the machine
  - [ ] write it down
    in the wiki
- [ ] then stop

## Blockers
The key has expired.

Ask Ada for a new one.
";

#[test]
fn a_hint_names_a_document_as_seen_from_where_one_is() {
    let project = project();
    project.write("pkg/.keep", "");
    let hint = |shell: &str| {
        let refused = project.shell(&format!("cd pkg && agentsess close weather {shell}"));
        let (_, hint) = refused.rsplit_once("hint: ").unwrap();
        hint.lines().next().unwrap().to_owned()
    };
    let close = "agentsess close weather --confirm committed --file-remaining";
    let paste = format!("{close} ../docs/backlog.md");
    assert_eq!(hint("--confirm committed"), paste);
    assert_eq!(hint("--confirm committed --file-remaining x.txt"), paste);
    project.write("docs/backlog.json", "{}\n");
    assert_eq!(
        hint("--file-remaining ../docs/backlog.json"),
        "mv ../docs/backlog.json ../docs/backlog.json.old"
    );
    project.write("docs/backlog.md", "- [ ] BACKLOG-1 - old\n");
    let closed = project.shell(&format!("cd pkg && {paste}"));
    assert!(
        closed.starts_with("filed BACKLOG-2 with docs/backlog.md"),
        "{closed}"
    );
    assert!(!project.root.join("pkg/docs").exists());

    // The document that it went to before, as it was recorded.
    project.ok(&["restore", "weather"]);
    log(&project, "More.\n\n## Next Steps\n- [ ] tell Bob\n");
    let text = project.read("weather");
    let text = text.replace("docs/backlog.md", "docs/other.md");
    fs::write(project.session("weather"), text).unwrap();
    assert_eq!(
        hint("--confirm committed"),
        format!("{close} ../docs/other.md")
    );
}

#[test]
fn an_item_is_filed_with_all_that_belongs_to_it() {
    let project = project();
    log(&project, DEEP);
    let closed = close(&project, "--file-remaining docs/b.md");
    assert!(closed.contains("closed weather"), "{closed}");
    let list = fs::read_to_string(project.root.join("docs/b.md")).unwrap();
    let expected = "\
# Backlog

- [ ] B-1 - measure the cache on two machines
  (Weather, Next Steps)

  Only the cold one matters:

  ```sh
  bench --cold

  ```
  > as agreed
  - use the *slow* disk
  - [x] ask for a machine
- [ ] B-2 - return the machine
  (Weather, Next Steps: ask for a machine)
- [ ] B-3 - write it down in the wiki
  (Weather, Next Steps: B-1 - measure the cache on two machines)
- [ ] B-4 - then stop
  (Weather, Next Steps)
- [ ] B-5 - The key has expired.
  (Weather, Blockers)

  Ask Ada for a new one.
";
    assert_eq!(list, expected);

    project.ok(&["restore", "weather"]);
    log(&project, &DEEP.replace('\n', "\r\n"));
    close(&project, "--file-remaining docs/c.json");
    let entries = fs::read_to_string(project.root.join("docs/c.json")).unwrap();
    let body = "measure the cache\\n  on two machines\\n\\nOnly the cold one matters:\\n\\n```sh\\n\
                bench --cold\\n\\n```\\n> as agreed\\n- use the *slow* disk\\n- [x] ask for a \
                machine\\n\\nLeft over from: Weather, Next Steps\\n";
    assert!(entries.contains(body), "{entries}");
    let body = "The key has expired.\\n\\nAsk Ada for a new one.\\n\\nLeft over";
    assert!(entries.contains(body), "{entries}");

    // Words that a title cannot hold.
    project.ok(&["restore", "weather"]);
    let long = format!("{} quokka", "word ".repeat(50).trim_end());
    log(
        &project,
        &format!("Open.\n\n## Next Steps\n- [ ] {long}\n\n## Blockers\n> no\n> key\n"),
    );
    close(&project, "--file-remaining docs/d.md");
    let list = fs::read_to_string(project.root.join("docs/d.md")).unwrap();
    assert!(list.contains(&format!("\n\n  {long}\n- [ ] D-2")), "{list}");
    assert!(list.ends_with("\n\n  > no\n  > key\n"), "{list}");
}

#[test]
fn hostile_items_are_titles_and_nothing_else() {
    let project = project();
    log(
        &project,
        "Open.\n\n## Next Steps\n- [ ] --help\n- [ ] $(touch pwned) `touch pwned`; touch pwned\n\
         - [ ] {body} {session}\n- [ ] token TOKEN\n",
    );
    // Not through `log`, which would not write it down either.
    let token = concat!("ghp", "_wQ8fJ2kLm5nPr7sTv9xYz1Bc3De4Fg6HiJ0K");
    let text = project.read("weather").replace("TOKEN", token);
    fs::write(project.session("weather"), text).unwrap();
    program(
        &project,
        "gh",
        "cat > body$N; echo https://github.com/acme/app/issues/4$N",
    );
    project.ok(&["trust", "github"]);
    let closed = close(&project, "--file-remaining github --waive saved='a secret'");
    assert!(
        closed.contains("filed #41 with github: \"--help\"\n"),
        "{closed}"
    );
    let said = fs::read_to_string(project.root.join("calls")).unwrap();
    assert!(
        said.starts_with("issue create --title \"--help\" --body-file -"),
        "{said}"
    );
    assert!(said.contains("--title {body} {session} --body"), "{said}");
    assert!(said.contains("token [redacted:github-token]"), "{said}");
    let body = fs::read_to_string(project.root.join("body1")).unwrap();
    assert_eq!(body, "--help\n\nLeft over from: Weather, Next Steps\n");
    assert!(!project.root.join("pwned").exists());
    project.ok(&["restore", "weather"]);
    assert!(project.read("weather").contains("- [ ] #41 - --help\n"));
}

#[test]
fn prose_and_code_get_an_id_too() {
    for (steps, end) in [
        ("deploy, then tell Bob", "- deploy, then tell Bob\n"),
        ("> quoted\n> words", "\n> quoted\n> words\n"),
        ("```\ncode\n```", "\n```\ncode\n```\n"),
        ("1. a\n2. b", "2. B-2 - b\n"),
    ] {
        let project = project();
        log(&project, &format!("Open.\n\n## Next Steps\n{steps}\n"));
        let closed = close(&project, "--file-remaining b.md");
        assert!(closed.contains("closed weather"), "{steps}: {closed}");
        let text = trashed(&project);
        assert!(text.contains(end), "{text}");
        assert!(text.contains("B-1 - "), "{text}");
    }
}

const BESIDES: &str = "\
Open.

## Acceptance Criteria
- [x] it is fast

| criterion | met |
|---|---|
| it is safe | no |

## Next Steps
Before the release:
- [x] ticked
  - open child plain
    - how to do it
- [ ] ~~dropped~~

> - [ ] quoted box

<details>
- [ ] wrapped box
</details>

call the customer tomorrow

## Blockers
None.

<!-- still none -->
";

#[test]
fn what_a_section_says_besides_its_items_is_open_too() {
    let project = project();
    log(&project, BESIDES);
    let refused = close(&project, "--dry-run");
    let open = "\
unmet      remaining   4 of 4 open items without an issue id; write `ID - text`, or tick what is done
             - PATH:26:5: open child plain
             - PATH:30:1: > - [ ] quoted box <details> - [ ] wrapped box </details>
             - PATH:36:1: call the customer tomorrow
             - PATH:42:1: | criterion | met | |---|---| | it is safe | no |
";
    let open = open.replace("PATH", ".agents/sessions/20251204-143000-weather.md");
    assert!(refused.contains(&open), "{refused}");
    assert!(
        refused.contains("--file-remaining docs/backlog.md"),
        "{refused}"
    );
    let closed = close(&project, "--file-remaining docs/b.md");
    assert!(closed.contains("closed weather"), "{closed}");
    let list = fs::read_to_string(project.root.join("docs/b.md")).unwrap();
    for words in [
        "- [ ] B-1 - open child plain\n  (Weather, Next Steps: ticked)\n\n  - how to do it\n",
        "  > - [ ] quoted box\n",
        "  - [ ] wrapped box\n",
        "- [ ] B-3 - call the customer tomorrow\n",
        "  | it is safe | no |\n",
    ] {
        assert!(list.contains(words), "{words}: {list}");
    }
    // Everything has its id now.
    project.ok(&["restore", "weather"]);
    let again = close(&project, "--dry-run");
    let proven = "proven     remaining   4 open items, each with an issue id: B-1, B-2, B-3, B-4\n";
    assert!(again.contains(proven), "{again}");
}

#[test]
fn a_tracker_is_asked_and_believed() {
    let project = project();
    project.ok(&["set", "issue", "BACK-7"]);
    log(&project, "Done.\n\n## Next Steps\n- [x] review it\n");
    settings(
        &project,
        "[close]\nissue-command = ['tracker', '{issue}']\nissue-timeout = 0.5\n",
    );
    program(&project, "tracker", "echo Done");
    let refused = close(&project, "");
    assert!(
        refused.ends_with("hint: agentsess trust issue-command\n? 2\n"),
        "{refused}"
    );
    project.ok(&["trust"]);
    for (script, why) in [
        ("echo 'in progress'", "does not have a final status"),
        ("echo done; exit 1", "failed with exit code 1"),
        ("sleep 60", "took more than 0.5 s"),
        ("true", "printed no status"),
        (
            "printf '\\033[31mnot found\\033[0m\\n' >&2; exit 3",
            "not found",
        ),
    ] {
        program(&project, "tracker", script);
        let refused = close(&project, "--dry-run");
        assert!(refused.contains(why), "{refused}");
        assert!(
            refused.contains("unmet      issue") && refused.ends_with("? 1\n"),
            "{refused}"
        );
        assert!(!refused.contains('\u{1b}'), "{refused}");
    }
    fs::remove_file(project.root.join("calls")).unwrap();
    let waived = close(&project, "--waive issue='the tracker is gone' --dry-run");
    assert!(waived.contains("waived     issue"), "{waived}");
    assert_eq!(calls(&project), 0);
    program(&project, "tracker", "echo Done");
    let closed = close(&project, "");
    assert!(closed.contains("closed weather"), "{closed}");
    assert_eq!(
        fs::read_to_string(project.root.join("calls")).unwrap(),
        "BACK-7 \n"
    );
}

#[test]
fn settings_that_would_hurt_are_refused() {
    let project = project();
    for (text, why) in [
        ("require-human = ['isue']", "unknown value `isue`"),
        ("issue-timeout = 0", "`issue-timeout` must be between"),
        ("sinks.x = { argv = [], id = 'x' }", "has no program"),
        (
            "sinks.x = { argv = ['a'], id = '(' }",
            "no regular expression",
        ),
        (
            "sinks.x = { argv = ['sh', '-c', 'a {title}'], id = 'x' }",
            "fills words into a script",
        ),
        (
            "issue-command = ['bash', '-ec', 'a {issue}']",
            "fills words into a script",
        ),
    ] {
        settings(&project, &format!("[close]\n{text}\n"));
        let refused = project.fails(2, &["close"]);
        assert!(
            refused.contains(why) && refused.contains("agentsess.toml:"),
            "{refused}"
        );
    }
}

fn git(project: &Project, arguments: &str) -> String {
    project.shell(&format!("git {arguments}"))
}

/// A session in git with a child, whose gate `ALL` meets.
fn committed() -> Project {
    let project = project();
    settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
    log(&project, KNOWLEDGE);
    project.shell("AGENTSESS_NOW=2025-12-05T09:00:00Z agentsess new Sequel");
    project.ok(&["set", "parent", "20251204-143000-weather", "-s", "sequel"]);
    project.commit("sessions");
    project.write("src/lib.rs", "// staged by somebody else\n");
    project.git_run(&["add", "src/lib.rs"]);
    project.write("src/new.rs", "// not staged\n");
    project
}

const ALL: &str = "agentsess close weather --write-adrs --write-lessons --file-remaining docs/b.md \
                   --confirm committed --waive references='it is its parent' --commit";

#[test]
fn one_commit_has_exactly_what_closing_changed() {
    let project = committed();
    let closed = project.shell(ALL);
    assert!(
        closed.contains("closed weather, no longer the parent of 1, committed "),
        "{closed}"
    );
    let undo = "\nundo: agentsess restore 20251204-143000-weather && agentsess set parent \
                20251204-143000-weather -s 20251205-090000-sequel\n";
    assert!(closed.contains(undo), "{closed}");
    let shown = git(&project, "log -1 --format=%B --name-status --no-renames");
    let (message, files) = shown.split_once("\n\n\n").unwrap();
    assert_eq!(
        message,
        "Close session: Weather\n\nClosed-session: 20251204-143000-weather\n\
         Confirmed-by: dev (committed)\nFiled: B-1"
    );
    let files: Vec<_> = files.lines().map(|line| line.replace('\t', " ")).collect();
    assert_eq!(
        files,
        [
            "D .agents/sessions/20251204-143000-weather.md",
            "M .agents/sessions/20251205-090000-sequel.md",
            "A docs/b.md",
            "A docs/decisions/0001-use-two-providers.md",
            "A docs/decisions/0002-cache-for-an-hour.md",
            "A docs/lessons.md",
        ]
    );
    let status = git(&project, "status --porcelain");
    assert_eq!(status, "M  src/lib.rs\n?? src/new.rs\n");
}

#[test]
fn a_work_tree_is_called_clean_only_if_it_is() {
    let project = project();
    project.commit("session");
    let item = |project: &Project| {
        let said = project.shell("agentsess close --dry-run --waive remaining=x");
        let line = said
            .lines()
            .find(|line| line.contains(" committed "))
            .unwrap();
        line.to_owned()
    };
    let clean = "proven     committed   no files named, and the work tree is clean";
    assert_eq!(item(&project), clean);
    settings(&project, "");
    let own = "proven     committed   no files named, and nothing is uncommitted but ";
    assert_eq!(item(&project), format!("{own}.agents/agentsess.toml"));
    project.write("other.txt", "x\n");
    assert!(item(&project).starts_with("asked "), "{}", item(&project));

    log(&project, "Done.\n\n## Files Modified\n- `src/lib.rs`\n");
    let named = "proven     committed   1 file committed; uncommitted besides: other.txt";
    assert_eq!(item(&project), named);
    for file in ["a.txt", "b.txt", "c.txt", "d.txt"] {
        project.write(file, "x\n");
    }
    let named = "proven     committed   1 file committed; uncommitted besides: a.txt, b.txt, c.txt, \
                 2 more";
    assert_eq!(item(&project), named);
}

#[test]
fn what_a_merge_left_in_conflict_is_not_committed() {
    for (file, verdict) in [("src/lib.rs", "unmet "), (".agents/notes.md", "asked ")] {
        let project = project();
        project.write(file, "base\n");
        project.commit("base");
        project.git_run(&["checkout", "-q", "-b", "other"]);
        project.write(file, "theirs\n");
        project.commit("theirs");
        project.git_run(&["checkout", "-q", "main"]);
        project.write(file, "ours\n");
        project.commit("ours");
        assert!(project.shell("git merge -q other").contains("CONFLICT"));
        project.write(file, "ours\n");
        if verdict == "unmet " {
            log(&project, "Done.\n\n## Files Modified\n- `src/lib.rs`\n");
        }
        let said = project.shell("agentsess close --dry-run --waive remaining=x");
        let line = said
            .lines()
            .find(|line| line.contains(" committed "))
            .unwrap();
        assert!(line.starts_with(verdict), "{line}");
        assert!(said.contains(&format!(" - {file}")), "{said}");
    }
}

#[test]
fn a_hook_that_refuses_the_commit_leaves_the_session_as_it_was() {
    let project = committed();
    let before = project.snapshot();
    project.write(
        ".git/hooks/pre-commit",
        "#!/bin/sh\necho no closing today >&2\nexit 1\n",
    );
    project.shell("chmod +x .git/hooks/pre-commit");
    let waived = ALL.replace(
        " --file-remaining docs/b.md",
        " --waive remaining=superseded",
    );
    let refused = project.shell(&waived);
    assert!(
        refused.contains("git did not make the commit; nothing is deleted\n  no closing today\n"),
        "{refused}"
    );
    assert!(refused.ends_with("? 1\n"), "{refused}");
    assert_eq!(project.snapshot(), before);
    assert_eq!(project.ok(&["restore"]), "nothing to restore\n");
    let status = git(&project, "status --porcelain");
    assert_eq!(status, "M  src/lib.rs\n?? docs/\n?? src/new.rs\n");
    // What was written then belongs to the commit that is made now.
    fs::remove_file(project.root.join(".git/hooks/pre-commit")).unwrap();
    let closed = project.shell(&waived);
    assert!(closed.contains("committed "), "{closed}");
    let shown = git(&project, "log -1 --format=%B --name-only");
    assert!(shown.contains("Waived: remaining=superseded\n"), "{shown}");
    assert!(
        shown.contains("docs/lessons.md") && shown.contains("docs/decisions/0002"),
        "{shown}"
    );
    assert_eq!(
        git(&project, "status --porcelain"),
        "M  src/lib.rs\n?? src/new.rs\n"
    );
}

#[test]
fn a_commit_takes_nothing_of_others_along() {
    let project = committed();
    let before = project.snapshot();
    project.write("docs/lessons.md", "# Lessons\n\nsomebody is writing here\n");
    let refused = project.shell(ALL);
    assert!(
        refused.contains("docs/lessons.md\nhint: git status --short\n? 1\n"),
        "{refused}"
    );
    assert_eq!(project.snapshot(), before);
    let bare = Project::bare();
    bare.ok(&["new", "Weather"]);
    assert!(
        bare.fails(2, &["close", "--commit"])
            .contains("needs a git repository")
    );
}

#[test]
fn what_git_does_not_have_needs_no_commit() {
    let project = project();
    project.write(".gitignore", ".agents\ninput.md\n");
    project.commit("ignore");
    log(&project, "Done.\n\n## Next Steps\n- [x] review it\n");
    let closed = project.ok(&["close", "--commit"]);
    assert!(
        closed.starts_with(
            "closed weather\nnote: no commit: git tracks nothing of what closing changed\nundo: "
        ),
        "{closed}"
    );
}

#[test]
fn all_completed_sessions_are_closed_each_by_its_own_gate() {
    let project = project();
    for (hour, title) in [("09", "Second"), ("10", "Third"), ("11", "Fourth")] {
        project.shell(&format!(
            "AGENTSESS_NOW=2025-12-05T{hour}:00:00Z agentsess new {title} --context c"
        ));
    }
    let done = "Done.\n\n## Current State\nDone.\n\n## Next Steps\nNone.\n";
    for slug in ["second", "third", "fourth"] {
        project.write("input.md", done);
        project.shell(&format!(
            "agentsess log - -s {slug} < input.md; rm input.md"
        ));
        project.ok(&["set", "status", "completed", "-s", slug]);
    }
    project.write("NOTES.md", "20251205-100000-third\n");
    project.commit("all");
    let said = project.shell("agentsess close --all-completed");
    assert!(
        said.contains("closed second\n") && said.contains("closed fourth\n"),
        "{said}"
    );
    assert!(
        said.contains("third is not closed: 1 item is open"),
        "{said}"
    );
    let end = "2 closed, 1 refused\nhint: agentsess close third --waive references=REASON\n? 1\n";
    assert!(said.ends_with(end), "{said}");
    assert_eq!(project.snapshot().len(), 2);
    fs::remove_file(project.root.join("NOTES.md")).unwrap();
    let said = project.ok(&[
        "close",
        "--all-completed",
        "--confirm",
        "committed",
        "--json",
    ]);
    assert!(said.contains("\"closed\": 1,\n  \"refused\": 0"), "{said}");
    assert_eq!(
        project.ok(&["close", "--all-completed"]),
        "0 closed, 0 refused\n"
    );
    assert!(project.session("weather").exists());
}

const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";

#[test]
fn the_only_completed_session_is_closed_without_being_named() {
    let project = project();
    project.ok(&["set", "status", "completed", "-s", "weather"]);
    let closed = close(&project, "--waive remaining=none --waive saved=draft");
    assert!(closed.contains("closed weather"), "{closed}");
    // One of several has to be named, and an active one comes first.
    project.ok(&["restore", "weather"]);
    project.ok(&["new", "Clouds"]);
    let refused = close(&project, "--dry-run");
    assert!(refused.contains("clouds "), "{refused}");
    project.ok(&["set", "status", "completed", "-s", "clouds"]);
    let refused = close(&project, "--dry-run");
    let several = "error: there is no active session; some are completed";
    assert!(refused.starts_with(several), "{refused}");
}

#[test]
fn on_a_terminal_the_gate_is_a_list() {
    let project = project();
    settings(
        &project,
        "[close]\nlessons = 'docs/lessons.md'\nrequire-human = ['issue']\n",
    );
    project.ok(&["set", "issue", "BACK-7"]);
    log(&project, KNOWLEDGE);
    project.commit("all");
    let refused = project.fails(2, &["close", "--confirm", "issue"]);
    assert!(
        refused.contains("`issue` needs a person at a terminal"),
        "{refused}"
    );
    let refused = project.fails(2, &["close", "--waive", "issue=no"]);
    assert!(
        refused.contains("`issue` needs a person at a terminal"),
        "{refused}"
    );
    let (shown, code) = on_a_terminal(
        &project,
        &["close"],
        &[
            // The cursor is on the first item that is open, and on the next one after each answer.
            ("leave it as it is", ENTER),
            ("waive, with a reason", ENTER),
            ("confirmed", ENTER),
            ("write the records", ENTER),
            ("planned", ENTER),
            ("add them to the document", ENTER),
            ("2 lessons will", DOWN),
            ("> ", "\x1b[A"),
            ("> ", ENTER),
            ("file it with github", DOWN),
            ("> file it with beads", "\x1b[A\x1b[A\x1b[A"),
            ("> waive, with a reason", ENTER),
            ("Why does it not matter", "not ours any more\r"),
            ("> close weather", ENTER),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("closed weather"), "{shown}");
    assert!(
        project
            .root
            .join("docs/decisions/0002-cache-for-an-hour.md")
            .exists()
    );
    assert!(project.root.join("docs/lessons.md").exists());
    let entry = project.shell("cat .git/agentsess/trash/*/entry.json");
    assert!(
        entry.contains("remaining: waived: not ours any more"),
        "{entry}"
    );
    assert!(entry.contains("issue: somebody vouches"), "{entry}");
}

#[test]
fn leaving_the_list_changes_nothing() {
    let project = project();
    let before = project.snapshot();
    for keys in ["\x1b", "q"] {
        let (shown, code) = on_a_terminal(&project, &["close"], &[("leave it as it is", keys)]);
        assert_eq!(code, 1, "{shown}");
        assert!(shown.contains("weather is not closed"), "{shown}");
    }
    assert_eq!(project.snapshot(), before);
    // Without a terminal, for an agent, or as JSON nobody is asked.
    let (shown, code) = on_a_terminal(&project, &["close", "--json"], &[]);
    assert!(code == 1 && shown.contains("\"schema_version\""), "{shown}");
}

#[test]
fn an_item_that_was_reworded_after_an_intent_is_not_filed_behind_ones_back() {
    let project = with_program(
        "tk",
        "[ $N = 3 ] && kill -9 $PPID && sleep 1\necho we-a00$N",
    );
    project.ok(&["trust", "tk"]);
    close(&project, "--file-remaining tk");
    let text = project
        .read("weather")
        .replace("- [ ] three", "- [ ] the third");
    fs::write(project.session("weather"), text).unwrap();
    let refused = close(&project, "--file-remaining tk");
    assert!(
        refused.contains("item 3: three (tk), not in the session as it was"),
        "{refused}"
    );
    assert!(refused.ends_with("--filed 3=ID\n? 1\n"), "{refused}");
    assert_eq!(calls(&project), 3);
    // What is written by hand has to be of a form that is known.
    settings(&project, "[items]\nid-patterns = ['we-a\\d+']\n");
    let text = project
        .read("weather")
        .replace("the third", "we-a003 - the third");
    fs::write(project.session("weather"), text).unwrap();
    let refused = close(&project, "--file-remaining tk --filed 3=we-a003 --dry-run");
    assert!(
        refused.contains("planned    remaining   2 items"),
        "{refused}"
    );
    assert!(close(&project, "--file-remaining tk --filed 3=we-a003").contains("closed weather"));
    assert_eq!(calls(&project), 5);
}

#[test]
fn a_close_that_is_killed_at_any_moment_can_be_repeated() {
    let mut killed = 0;
    for start in 0..6 {
        let project = project();
        settings(&project, "[close]\nlessons = 'docs/lessons.md'\n");
        log(
            &project,
            &format!("{KNOWLEDGE}\n## Todo\n- [ ] two\n- [ ] two\n- [ ] three\n"),
        );
        let close = [
            "close",
            "weather",
            "--write-adrs",
            "--write-lessons",
            "--file-remaining",
            "docs/b.md",
            "--confirm",
            "committed",
        ];
        let mut patience = 5 + start;
        while project.session("weather").exists() {
            assert!(
                patience < 2000,
                "{}",
                project.shell("agentsess close --dry-run")
            );
            let mut child = project
                .agentsess(&close)
                .stdout(std::process::Stdio::null())
                .spawn();
            let child = child.as_mut().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(patience));
            child.kill().unwrap();
            killed += usize::from(!child.wait().unwrap().success());
            patience += 10;
        }
        let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
        let backlog = read("docs/b.md");
        let ids: Vec<_> = backlog
            .lines()
            .filter_map(|line| line.strip_prefix("- [ ] "))
            .collect();
        assert_eq!(
            ids,
            ["B-1 - review it", "B-2 - two", "B-3 - two", "B-4 - three"],
            "{backlog}"
        );
        assert_eq!(
            read("docs/lessons.md").matches("- Clocks differ\n").count(),
            1
        );
        let records = fs::read_dir(project.root.join("docs/decisions")).unwrap();
        let records = records.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let records: Vec<_> = records.filter(|name| !name.starts_with('.')).collect();
        assert_eq!(records.len(), 2, "{records:?}");
        project.ok(&["restore", "weather"]);
        let text = project.read("weather");
        assert!(
            text.contains("tickets: [\"B-1\", \"B-2\", \"B-3\", \"B-4\"]"),
            "{text}"
        );
        assert!(
            text.contains("- [ ] B-2 - two\n- [ ] B-3 - two\n- [ ] B-4 - three\n"),
            "{text}"
        );
        project.ok(&["lint"]);
    }
    assert!(killed > 20, "{killed}");
}
