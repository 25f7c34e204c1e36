//! Many writers at once, and what may happen in between, through the built binary.

mod common;

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use agentsess::document::Source;
use agentsess::store::{Place, Store};
use common::{Project, leftovers};
use rustix::process::{Pid, Signal, kill_process};

/// Processes at once.
const WRITERS: usize = 64;

/// Operations of each, one after the other.
const OPERATIONS: usize = 20;

/// Lets each of the writers do its operations in turn, all writers at once; each one is given its
/// number and that of its operation. Returns how many operations succeeded.
fn race(writers: usize, operate: impl Fn(usize, usize) + Sync) -> usize {
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (operate, done) = (&operate, &done);
            scope.spawn(move || {
                for operation in 0..OPERATIONS {
                    operate(writer, operation);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner()
}

#[test]
fn sixty_four_writers_of_every_kind_lose_nothing_in_one_file() {
    let project = Project::git();
    project.ok(&["new", "Busy", "--context", "c", "--next", "n"]);
    let items =
        (0..WRITERS).map(|writer| format!("- [ ] W-{writer}0 - x\n- [ ] W-{writer}1 - x\n"));
    let plan = format!(
        "The plan.\n\n## Execution Progress\n### Wave 1: All (ACTIVE)\n\n{}\n### Wave 2: Next (blocked by Wave 1)\n\n- [ ] X-1 - x\n",
        items.collect::<String>()
    );
    project.write("plan.md", &plan);
    let planned = project.shell("agentsess log - --state 'Under load.' < plan.md");
    assert!(!planned.contains('?'), "{planned}");
    let done = race(WRITERS, |writer, operation| {
        let text = format!("writer {writer} operation {operation}.");
        let file = format!("src/{writer}.rs");
        let same = format!(
            "writer {writer} operation {}.",
            operation - operation % 10 + 2
        );
        let arguments: &[&str] = match operation % 10 {
            0 => &["done", &format!("W-{writer}{}", operation / 10)],
            1 => &["decide", &text, "--decision", "d", "--rationale", "r"],
            2 => &["block", &text],
            3 => &["task", "add", &text, "--wave", "2"],
            4 => &["handoff", "--state", "Under load.", "--next", &text],
            5 => &["log", &text, "--file", &file],
            6 => &["set", "current", &text],
            7 => &["log", &text, "--state", "Under load."],
            8 => &["unblock", &same],
            _ => &["log", &text],
        };
        project.ok(arguments);
    });
    assert_eq!(done, WRITERS * OPERATIONS);
    let text = project.read("busy");
    let count = |what: &str| text.matches(what).count();
    let mut lost = Vec::new();
    for writer in 0..WRITERS {
        let mut expect = |times, what: String| {
            if count(&what) != times {
                lost.push(what);
            }
        };
        for operation in 0..OPERATIONS {
            let say = format!("writer {writer} operation {operation}.");
            match operation % 10 {
                0 => expect(1, format!("\n- [x] W-{writer}{} - x\n", operation / 10)),
                1 => expect(1, format!(": {say}\n\n**Decision**")),
                2 => {
                    expect(0, format!("\n- {say}\n"));
                    expect(1, format!("\nBlocked: {say}\n"));
                    expect(1, format!("\nNo longer blocked: {say}\n"));
                }
                3 | 4 => expect(1, format!("\n- [ ] {say}\n")),
                5 | 7 | 9 => expect(1, format!("\n{say}\n")),
                _ => {}
            }
        }
        expect(1, format!("`src/{writer}.rs`"));
    }
    assert_eq!(lost, Vec::<String>::new());
    let decisions = (1..=2 * WRITERS).filter(|n| count(&format!("\n### Decision {n}: ")) == 1);
    assert_eq!(decisions.count(), 2 * WRITERS);
    // One for `new`, one for the plan, and one for each operation but `task add` and `set`.
    assert_eq!(
        count("\n### 2025-12-04 14:30 - "),
        2 + WRITERS * OPERATIONS * 8 / 10
    );
    assert_eq!(count("/handoff\n"), 2 * WRITERS);
    assert!(text.contains("\n### Wave 1: All (DONE)\n"));
    assert!(text.contains("\n### Wave 2: Next (ACTIVE)\n"));
    project.ok(&["lint"]);
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn sixty_four_writers_lose_nothing_in_fifty_files() {
    const FILES: usize = 50;
    let project = Project::git();
    for file in 0..FILES {
        project.ok(&[
            "new",
            &format!("Part {file}"),
            "--context",
            "c",
            "--next",
            "n",
        ]);
    }
    let part =
        |writer: usize, operation: usize| format!("part-{}", (writer * 7 + operation) % FILES);
    let done = race(WRITERS, |writer, operation| {
        let text = format!("writer {writer} operation {operation}.");
        let part = part(writer, operation);
        let arguments: &[&str] = match operation % 4 {
            0 => &["log", &text, "-s", &part],
            1 => &[
                "decide",
                &text,
                "--decision",
                "d",
                "--rationale",
                "r",
                "-s",
                &part,
            ],
            2 => &["log", &text, "--state", &text, "-s", &part],
            _ => &["block", &text, "-s", &part],
        };
        project.ok(arguments);
    });
    let texts: Vec<_> = (0..FILES)
        .map(|file| project.read(&format!("part-{file}")))
        .collect();
    let mut found = 0;
    for writer in 0..WRITERS {
        for operation in 0..OPERATIONS {
            let say = format!("writer {writer} operation {operation}.");
            let entry = match operation % 4 {
                0 | 2 => format!("\n\n{say}\n"),
                1 => format!(": {say}\n\n**Decision**"),
                _ => format!("\nBlocked: {say}\n"),
            };
            let (index, _) = texts
                .iter()
                .enumerate()
                .find(|(index, _)| part(writer, operation) == format!("part-{index}"))
                .unwrap();
            let entries = |text: &String| {
                let log = text.split_once("\n## Session Log\n").unwrap().1;
                (if operation % 4 == 1 { text } else { log })
                    .matches(&entry)
                    .count()
            };
            let all: usize = texts.iter().map(entries).sum();
            assert_eq!((entries(&texts[index]), all), (1, 1), "{say}");
            found += all;
        }
    }
    assert_eq!((done, found), (WRITERS * OPERATIONS, WRITERS * OPERATIONS));
    assert!(
        project
            .ok(&["lint"])
            .contains(&format!("Checked {FILES} files: no problems found"))
    );
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn whoever_removes_the_lock_lets_nobody_lose_anything() {
    let project = Project::git();
    project.ok(&["new", "Unlocked", "--context", "c", "--next", "n"]);
    let ended = AtomicBool::new(false);
    let mut removed = 0;
    let done = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let lock = project.sessions().join(".local/lock");
            let mut removed = 0;
            while !ended.load(Ordering::Relaxed) {
                removed += usize::from(fs::remove_file(&lock).is_ok());
                std::thread::sleep(Duration::from_micros(200));
            }
            removed
        });
        let done = race(8, |writer, operation| {
            project.ok(&["log", &format!("writer {writer} operation {operation}.")]);
        });
        ended.store(true, Ordering::Relaxed);
        removed = thread.join().unwrap();
        done
    });
    assert!(removed > 100, "{removed}");
    let text = project.read("unlocked");
    let entries = (0..8).flat_map(|writer| (0..OPERATIONS).map(move |entry| (writer, entry)));
    let lost: Vec<_> = entries
        .filter(|(writer, entry)| {
            text.matches(&format!("\nwriter {writer} operation {entry}.\n"))
                .count()
                != 1
        })
        .collect();
    assert_eq!((done, lost), (8 * OPERATIONS, Vec::new()));
    project.ok(&["lint"]);
}

#[test]
fn whoever_removes_local_state_keeps_no_waiting_writer_from_writing() {
    let project = Project::git();
    project.ok(&["new", "Cleaned"]);
    let lock = File::create(project.sessions().join(".local/lock")).unwrap();
    lock.lock().unwrap();
    let mut writer = project.agentsess(&["log", "it waited"]);
    let mut writer = writer.stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(writer.try_wait().unwrap().is_none());
    // The writer makes it again meanwhile.
    while fs::remove_dir_all(project.sessions().join(".local")).is_err() {}
    assert!(writer.wait().unwrap().success());
    assert_eq!(project.read("cleaned").matches("\nit waited\n").count(), 1);
}

#[test]
fn what_is_logged_while_a_session_is_closed_is_in_what_comes_back() {
    const SESSIONS: usize = 4;
    const LOGGERS: usize = 2;
    let project = Project::git();
    for number in 0..SESSIONS {
        project.ok(&["new", &format!("Part {number}"), "--context", "c"]);
        let slug = format!("part-{number}");
        project.shell(&format!(
            "agentsess log x -s {slug} --state Done. --next None. --replace"
        ));
    }
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (project, outcomes) = (&project, &outcomes);
            let name = format!("20251204-143000-part-{number}");
            for logger in 0..LOGGERS {
                let name = name.clone();
                scope.spawn(move || {
                    let log = |entry: usize| {
                        let said = format!("{logger}/{entry}.");
                        let output = project.run(&["log", &said, "-s", &name]);
                        (
                            output.status.code(),
                            String::from_utf8(output.stderr).unwrap(),
                        )
                    };
                    let mut entries = 0;
                    let (code, text) = loop {
                        // In the end the close has its way.
                        while entries == 12
                            && project.sessions().join(format!("{name}.md")).exists()
                        {
                            std::thread::sleep(Duration::from_millis(10));
                        }
                        match log(entries) {
                            (Some(0), _) => entries += 1,
                            refused => break refused,
                        }
                    };
                    assert_eq!(code, Some(2), "{text}");
                    assert!(text.contains("closed"), "{text}");
                    assert!(text.contains("hint: agentsess restore"), "{text}");
                    outcomes.lock().unwrap().push((number, logger, entries));
                });
            }
            scope.spawn(move || {
                loop {
                    let output = project.run(&["close", &name]);
                    let text = String::from_utf8(output.stderr).unwrap();
                    match output.status.code() {
                        Some(0) => break,
                        // Changed meanwhile, or another close at work.
                        code => assert_eq!(code, Some(1), "{text}"),
                    }
                }
            });
        }
    });
    assert_eq!(project.snapshot().len(), 0);
    for number in 0..SESSIONS {
        project.ok(&["restore", &format!("20251204-143000-part-{number}")]);
    }
    let outcomes = outcomes.into_inner().unwrap();
    assert_eq!(outcomes.len(), SESSIONS * LOGGERS);
    for (number, logger, entries) in outcomes {
        let text = project.read(&format!("part-{number}"));
        let said = |entry: &usize| text.matches(&format!("\n{logger}/{entry}.\n")).count() == 1;
        let found = (0..entries).filter(said).count();
        let all = text.matches(&format!("\n{logger}/")).count();
        assert_eq!((found, all), (entries, entries), "{number} {logger}");
    }
}

#[test]
fn what_an_editor_saves_in_between_is_noticed_and_kept() {
    let project = Project::git();
    project.ok(&["new", "Edited", "--context", "old words", "--next", "n"]);
    let directory = Some(project.root.clone());
    let store = Store::open(&Place {
        directory,
        ..Place::default()
    })
    .unwrap();
    let lock = store.lock().unwrap();
    let path = project.session("edited");
    // As editors save: another file takes the place of this one.
    let save = |text: &str| {
        let beside = path.with_extension("swp");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, &path).unwrap();
    };
    let mut saves = 0;
    let change = |source: &Source| {
        let text = String::from_utf8(source.bytes().to_vec()).unwrap();
        if saves < 3 {
            saves += 1;
            save(&format!("{text}saved {saves}\n"));
        }
        Ok((Some(format!("{text}written\n").into_bytes()), ()))
    };
    let name = "20251204-143000-edited.md";
    store.update(&lock, name, change).unwrap();
    let text = project.read("edited");
    assert!(
        text.ends_with("saved 1\nsaved 2\nsaved 3\nwritten\n"),
        "{text}"
    );
    let mut saves = 0;
    let refused = store.update(&lock, name, |source| {
        saves += 1;
        save(&format!("always other {saves}\n"));
        Ok((Some(source.bytes().to_vec()), ()))
    });
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("another program keeps rewriting this file"),
        "{refused}"
    );
    assert_eq!(project.read("edited"), format!("always other {saves}\n"));
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn a_reader_never_sees_a_part_of_a_file() {
    let project = Project::git();
    project.ok(&["new", "Read", "--context", "c", "--next", "n"]);
    // Long, so that it would take a while to write it in place.
    let context = "All of this has to be there, or nothing.\n".repeat(2_000);
    let text = project
        .read("read")
        .replace("\nc\n", &format!("\n{context}"));
    fs::write(project.session("read"), &text).unwrap();
    let head = text.len();
    let ended = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut reads, mut before) = (0, 0);
                    while !ended.load(Ordering::Relaxed) {
                        let text = project.read("read");
                        let entries = text.matches("\nentry ").count();
                        assert!(
                            text.starts_with("---\n") && text.len() >= head,
                            "{}",
                            text.len()
                        );
                        assert!(entries >= before, "{entries} after {before}");
                        assert!(
                            entries == 0 || text.ends_with(&format!("\nentry {}.\n", entries - 1))
                        );
                        before = entries;
                        reads += 1;
                        if reads % 100 == 1 {
                            project.ok(&["show", "--json"]);
                        }
                    }
                    reads
                })
            })
            .collect();
        for entry in 0..20 {
            project.ok(&["log", &format!("entry {entry}.")]);
        }
        ended.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum::<usize>()
    });
    assert!(reads > 100, "{reads}");
}

/// Starts a writer and stops it while it holds the lock.
fn stopped_in_the_lock(project: &Project) -> (Child, String, Pid) {
    let path = project.sessions().join(".local/lock");
    for attempt in 0..200 {
        let text = format!("stopped {attempt}.");
        let mut writer = project.agentsess(&["log", &text]);
        let mut writer = writer.stdout(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&writer);
        let holds = || {
            let is_locked = |file: File| matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            File::open(&path).is_ok_and(is_locked)
                && fs::read_to_string(&path).unwrap().trim() == pid.to_string()
        };
        while writer.try_wait().unwrap().is_none() {
            if holds() {
                kill_process(pid, Signal::STOP).unwrap();
                let stopped = || {
                    let mut ps = Command::new("ps");
                    let said = ps
                        .args(["-o", "stat=", "-p", &pid.to_string()])
                        .output()
                        .unwrap();
                    said.stdout.first() == Some(&b'T')
                };
                while !stopped() && writer.try_wait().unwrap().is_none() {}
                if holds() {
                    return (writer, text, pid);
                }
                let _ = kill_process(pid, Signal::CONT);
            }
        }
    }
    panic!("no writer could be stopped while it held the lock");
}

#[test]
fn a_stopped_writer_is_named_and_costs_nobody_anything() {
    let project = Project::git();
    project.ok(&["new", "Held"]);
    assert!(
        project
            .ok(&["schema", "config"])
            .contains("\"default\": 10.0")
    );
    project.write(".agents/agentsess.toml", "lock-timeout = 0.3\n");
    let (mut writer, text, pid) = stopped_in_the_lock(&project);
    let before = project.snapshot();
    let pid_text = pid.to_string();
    std::thread::scope(|scope| {
        for other in 0..8 {
            let (project, pid) = (&project, &pid_text);
            scope.spawn(move || {
                let started = std::time::Instant::now();
                let arguments: &[&str] = match other % 4 {
                    0 => &["log", "refused"],
                    1 => &["new", "Refused"],
                    2 => &["set", "current", "refused"],
                    _ => &["handoff", "--state", "refused", "--next", "refused"],
                };
                let said = project.fails(2, arguments);
                let named =
                    format!("process {pid} has held the lock for 0.3 s; nothing was changed");
                assert!(said.contains(&named), "{said}");
                assert!(
                    said.contains(&format!("hint: see what it does with `ps {pid}`")),
                    "{said}"
                );
                assert!(started.elapsed() >= Duration::from_millis(300));
            });
        }
    });
    project.ok(&["show"]);
    project.ok(&["list"]);
    assert_eq!(project.snapshot(), before);
    kill_process(pid, Signal::CONT).unwrap();
    assert!(writer.wait().unwrap().success());
    project.ok(&["log", "and on"]);
    let said = project.read("held");
    assert_eq!(said.matches(&format!("\n{text}\n")).count(), 1);
    assert!(said.ends_with("\nand on\n") && !said.contains("refused"));
    // One that is killed while it is stopped holds nothing.
    let (mut writer, ..) = stopped_in_the_lock(&project);
    writer.kill().unwrap();
    writer.wait().unwrap();
    project.ok(&["log", "still on"]);
}

#[test]
fn fixing_and_logging_at_once_lose_nothing() {
    let project = Project::git();
    project.ok(&["new", "Mended", "--context", "c", "--next", "n"]);
    project.ok(&["log", "begin", "--state", "Under repair."]);
    let path = project.session("mended");
    // What somebody without the tool adds, over and over, each time in another place.
    let damage = |text: &str| {
        let broken = text.replacen("status: in_progress", "status: In-Progress", 1);
        broken.replacen(
            "### 2025-12-04 14:30 - dev/note",
            "### 2025-12-04T14:30:00Z - dev/note",
            1,
        )
    };
    std::fs::write(&path, damage(&project.read("mended"))).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let project = &project;
            scope.spawn(move || {
                for _ in 0..10 {
                    let output = project.run(&["lint", "--fix"]);
                    let text = String::from_utf8_lossy(&output.stderr).into_owned();
                    assert_eq!(output.status.code(), Some(0), "{text}");
                }
            });
            scope.spawn(move || {
                for entry in 0..10 {
                    project.ok(&["log", &format!("worker {worker} entry {entry}.")]);
                }
            });
        }
    });
    let text = project.read("mended");
    for worker in 0..8 {
        for entry in 0..10 {
            let message = format!("\nworker {worker} entry {entry}.\n");
            assert_eq!(text.matches(&message).count(), 1, "{message}");
        }
    }
    assert!(text.contains("status: in_progress") && !text.contains("2025-12-04T14:30:00Z -"));
    project.ok(&["lint", "--fail-on", "warning"]);
    assert_eq!(leftovers(&project.sessions()).len(), 0);
}

#[test]
fn links_made_at_once_are_all_there_and_none_twice() {
    let project = Project::git();
    project.ok(&["new", "Weather", "--seed", "weather"]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let project = &project;
            scope.spawn(move || {
                for ticket in 0..6 {
                    let own = format!("pt-{writer}-{ticket}");
                    let shared = format!("all-{ticket}");
                    project.ok(&[
                        "link", "--ticket", &own, "--ticket", &shared, "--spike", &shared,
                    ]);
                }
            });
        }
    });
    let text = project.read("weather");
    let line = |key: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(key))
            .unwrap()
    };
    let listed = |key: &str| line(key).matches('"').count() / 2;
    assert_eq!(
        (listed("tickets:"), listed("spikes:")),
        (8 * 6 + 6, 6),
        "{text}"
    );
    for ticket in 0..6 {
        let shared = format!("\"all-{ticket}\"");
        assert_eq!(text.matches(&shared).count(), 2, "{text}");
        for writer in 0..8 {
            let own = format!("\"pt-{writer}-{ticket}\"");
            assert_eq!(text.matches(&own).count(), 1, "{own}");
        }
    }
    project.ok(&["lint"]);
}

#[test]
fn of_planning_sessions_begun_at_once_each_is_recorded_but_the_one_in_use() {
    let project = Project::git();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let project = &project;
            scope.spawn(move || {
                project.ok(&["new", "Same", "--seed", &format!("seed-{}", number % 2)])
            });
        }
    });
    assert_eq!(project.snapshot().len(), 8);
    let records = fs::read_dir(project.sessions().join("archive")).unwrap();
    let records: Vec<_> = records
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(records.len(), 7, "{records:?}");
    let used = fs::read_to_string(project.sessions().join(".local/used")).unwrap();
    for path in project.snapshot().into_iter().map(|(path, _)| path) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = format!("\"stem\": \"{}\"", name.strip_suffix(".md").unwrap());
        let recorded = records
            .iter()
            .filter(|record| record.contains(&stem))
            .count();
        let (status, count) = if used.trim() == name {
            ("  status: in_progress\n", 0)
        } else {
            ("  status: paused\n", 1)
        };
        assert_eq!(recorded, count, "{name}");
        assert!(
            fs::read_to_string(&path).unwrap().contains(status),
            "{name}"
        );
    }
}

#[test]
fn creators_of_the_same_name_all_get_a_session_of_their_own() {
    let project = Project::git();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| project.ok(&["new", "Same"]));
        }
    });
    assert_eq!(project.snapshot().len(), 32);
    assert!(project.session("same").exists());
    assert!((2..=32).all(|number| project.session(&format!("same-{number}")).exists()));
}

#[test]
fn a_held_lock_is_waited_for_and_its_holder_named() {
    let project = Project::git();
    project.ok(&["new", "Held"]);
    project.write(".agents/agentsess.toml", "lock-timeout = 0.1\n");
    let before = project.snapshot();
    let mut lock = File::create(project.sessions().join(".local/lock")).unwrap();
    lock.lock().unwrap();
    write!(lock, "4711").unwrap();
    let text = project.fails(2, &["log", "no"]);
    assert!(
        text.contains("process 4711 has held the lock for 0.1 s"),
        "{text}"
    );
    assert_eq!(project.snapshot(), before);
    drop(lock);
    project.ok(&["log", "yes"]);
}

#[test]
fn a_reader_does_not_wait_for_a_writer() {
    let project = Project::git();
    project.ok(&["new", "Held"]);
    let lock = File::create(project.sessions().join(".local/lock")).unwrap();
    lock.lock().unwrap();
    for arguments in [&["list"][..], &["show"], &["lint"], &["close", "--dry-run"]] {
        project.agentsess(arguments).output().unwrap();
    }
}

#[test]
fn of_two_that_close_at_once_one_succeeds() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    let codes = std::thread::scope(|scope| {
        let closers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| project.run(&["close", "brief"]).status.code()))
            .collect();
        closers
            .into_iter()
            .map(|closer| closer.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(
        codes.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{codes:?}"
    );
    project.ok(&["restore", "brief"]);
}

#[test]
fn a_writer_that_comes_too_late_is_told_that_the_session_is_closed() {
    let project = Project::git();
    project.ok(&["new", "Brief", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    project.ok(&["close", "brief"]);
    let text = project.fails(2, &["log", "late", "-s", "brief"]);
    assert!(text.contains("agentsess restore brief"), "{text}");
}

#[test]
fn of_those_who_take_a_handoff_at_once_one_gets_it() {
    let project = Project::git();
    project.ok(&["new", "Shared", "--context", "c", "--next", "n"]);
    for _ in 0..3 {
        project.ok(&["handoff", "--state", "Ready."]);
        let outcomes = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..8)
                .map(|taker| {
                    let project = &project;
                    scope.spawn(move || {
                        let agent = format!("taker{taker}");
                        let output = project.run(&["resume", "shared", "--agent", &agent]);
                        let text = String::from_utf8(output.stderr).unwrap();
                        (agent, output.status.code(), text)
                    })
                })
                .collect();
            let outcomes = takers.into_iter().map(|taker| taker.join().unwrap());
            outcomes.collect::<Vec<_>>()
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|(_, code, _)| *code == Some(0));
        assert_eq!((won.len(), lost.len()), (1, 7));
        for (agent, code, text) in &lost {
            assert_eq!(*code, Some(1), "{agent}: {text}");
            let holder = format!("{} has this session since 2025-12-04T14:30:00Z", won[0].0);
            assert!(text.contains(&holder), "{text}");
            let hint = format!("hint: agentsess resume --agent {agent} shared --take");
            assert!(text.contains(&hint), "{text}");
        }
        let text = project.read("shared");
        assert!(text.contains(&format!("taken_by: \"{} ", won[0].0)));
        assert!(text.contains("status: in_progress"));
    }
    assert_eq!(project.read("shared").matches("/resumed\n").count(), 3);
    project.ok(&["lint"]);
}

#[test]
fn what_is_written_while_an_editor_is_open_is_kept() {
    let project = Project::git();
    project.ok(&["new", "Open", "--context", "old words", "--next", "n"]);
    // The editor waits for eight writers, none of which waits for it.
    let script = project.write(
        "editor.sh",
        "for n in 1 2 3 4 5 6 7 8; do agentsess log \"entry $n.\" >/dev/null || exit 9; done\n\
         sed -i.bak -e 's/old words/new words/' \"$1\"\n",
    );
    let script = format!("sh '{}'", script.display());
    let text = project.shell(&format!("EDITOR=\"{script}\" agentsess edit open"));
    assert!(text.contains("both changes are in it"), "{text}");
    let text = project.read("open");
    assert!(text.contains("new words") && !text.contains("old words"));
    for entry in 1..=8 {
        assert_eq!(text.matches(&format!("entry {entry}.")).count(), 1);
    }
    let local = fs::read_dir(project.sessions().join(".local")).unwrap();
    let left = local.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("edit-")
    });
    assert_eq!(left.count(), 0);
}
