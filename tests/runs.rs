//! What is known of a run is true, whatever becomes of it, of this program or of the machine. Each
//! test starts real processes.

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{NOW, Project, on_a_terminal};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

const SESSION: &str = "20251204-143000-weather.md";

/// A project with a session and something to do in it.
fn project() -> Project {
    let project = Project::git();
    project.ok(&[
        "new",
        "Weather",
        "--context",
        "c",
        "--next",
        "measure",
        "--next",
        "BACK-1 - alert",
    ]);
    project
}

fn run_arguments<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["run", "--agent", "dev"];
    arguments.extend(options);
    arguments.extend(["--", "sh", "-c", script]);
    arguments
}

/// Runs a script as an agent, to its end.
fn run(project: &Project, options: &[&str], script: &str) -> Output {
    project.run(&run_arguments(options, script))
}

/// The same without waiting.
fn start(project: &Project, options: &[&str], script: &str) -> Child {
    let mut command = project.agentsess(&run_arguments(options, script));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        thread::sleep(Duration::from_millis(10));
    }
}

fn folder(project: &Project) -> PathBuf {
    project.sessions().join(".local/runs")
}

fn ledger_path(project: &Project) -> PathBuf {
    folder(project).join("ledger.json")
}

/// The records as they are written down, the first one first.
fn records(project: &Project) -> Vec<Value> {
    let Ok(bytes) = fs::read(ledger_path(project)) else {
        return Vec::new();
    };
    let ledger: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(ledger["version"], 1);
    ledger["runs"].as_array().unwrap().clone()
}

fn write_records(project: &Project, records: &[Value]) {
    let ledger = json!({"version": 1, "runs": records});
    fs::write(ledger_path(project), ledger.to_string()).unwrap();
}

/// The runs as they are listed, the first one first.
fn listed(project: &Project, options: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["runs", "--json"];
    arguments.extend(options);
    let listing: Value = serde_json::from_str(&project.ok(&arguments)).unwrap();
    let mut runs = listing["runs"].as_array().unwrap().clone();
    runs.reverse();
    runs
}

fn pid_of(record: &Value) -> Pid {
    Pid::from_raw(i32::try_from(record["pid"].as_i64().unwrap()).unwrap()).unwrap()
}

fn tell(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until a process is there no more; a zombie is not there.
fn gone(pid: Pid) {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    until("the end of a process", || {
        let stat = fs::read_to_string(&path).unwrap_or_default();
        let state = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.trim_start().to_owned());
        test_kill_process(pid).is_err() || state.is_none_or(|state| state.starts_with(['Z', 'X']))
    });
}

/// The lines of the session's log that are about runs.
fn logged(project: &Project) -> Vec<String> {
    let session = project.read("weather");
    let lines = session.lines().filter(|line| line.starts_with("Run "));
    lines.map(str::to_owned).collect()
}

/// Holds a lock of this program, as somebody does who was stopped.
fn hold(path: &Path) -> File {
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let file = file.unwrap();
    file.lock().unwrap();
    file
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().map_or(0, |meta| meta.len()))
        .sum()
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let project = project();
    for (options, script, code, status, why) in [
        (
            &[][..],
            "exit 0",
            0,
            "completed",
            json!({"exit_code": 0, "signal": null, "reason": null}),
        ),
        (
            &[],
            "exit 3",
            3,
            "failed",
            json!({"exit_code": 3, "signal": null, "reason": null}),
        ),
        (
            &[],
            "kill -TERM $$",
            143,
            "interrupted",
            json!({"exit_code": null, "signal": 15, "reason": null}),
        ),
        (
            &[],
            "kill -SEGV $$",
            139,
            "failed",
            json!({"exit_code": null, "signal": 11, "reason": null}),
        ),
        (
            &["--timeout", "0.2s"],
            "exec sleep 60",
            124,
            "failed",
            json!({"exit_code": null, "signal": 15, "reason": "timeout"}),
        ),
    ] {
        let output = run(&project, options, script);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{script}: {}",
            text(&output.stderr)
        );
        let record = records(&project).pop().unwrap();
        assert_eq!(record["status"], status, "{script}");
        for (key, value) in why.as_object().unwrap() {
            assert_eq!(record[key], *value, "{script}: {key}");
        }
        assert_eq!(record["completed_at"], NOW);
        assert_eq!(record["logged"], true);
    }
    project.ok(&["lint"]);
}

#[test]
fn what_fails_here_is_told_from_what_the_command_does() {
    let project = project();
    let failed = |code: i32, arguments: &[&str]| {
        let text = project.fails(code, arguments);
        assert!(
            text.contains("error") && (text.contains("hint") || text.contains("--help")),
            "{text}"
        );
        text
    };
    let missing = failed(127, &["run", "--agent", "dev", "--", "no-such-program"]);
    assert!(
        missing
            .contains("no program `no-such-program` on the path\nhint: command -v no-such-program"),
        "{missing}"
    );
    let missing = failed(127, &["run", "--agent", "dev", "--", "./no-such-program"]);
    assert!(
        missing.contains("no file `./no-such-program` in /")
            && missing.contains("hint: command -v no-such-program"),
        "{missing}"
    );
    project.write("data", "no program");
    let near = failed(127, &["run", "--agent", "dev", "--", "data"]);
    assert!(
        near.contains("no program `data` on the path, and the one here is `./data`\n"),
        "{near}"
    );
    let script = project.write("script", "#!/no/such/interpreter\n");
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let script = failed(127, &["run", "--agent", "dev", "--", "./script"]);
    assert!(
        script.contains("interpreter") && script.contains("hint: head -n 1 script"),
        "{script}"
    );
    let denied = failed(126, &["run", "--agent", "dev", "--", "./data"]);
    assert!(denied.contains("hint: chmod +x data"), "{denied}");
    // What is not the project's is not to be changed.
    let denied = failed(126, &["run", "--agent", "dev", "--", "/etc/passwd"]);
    assert!(denied.contains("hint: ls -ld /etc/passwd"), "{denied}");
    let not_started = records(&project);
    assert_eq!(not_started.len(), 6);
    for record in &not_started {
        assert_eq!(
            (&record["status"], &record["reason"]),
            (&json!("failed"), &json!("not_started"))
        );
        assert_eq!(record["log"], Value::Null);
    }
    assert!(project.read("weather").contains("failed (not started)"));
    // Nothing is started, and nothing written down, where it is not clear what is wanted.
    for arguments in [
        &["run", "--agent", "dev"][..],
        &["run", "--agent", "dev", "--bogus", "--", "true"],
        &["run", "--", "true"],
        &["run", "--agent", "a b", "--", "true"],
        &["run", "--agent", "dev", "-s", "storm", "--", "true"],
        &["run", "--agent", "dev", "--item", "storm", "--", "true"],
        &["run", "--agent", "dev", "--timeout", "soon", "--", "true"],
        &["run", "--agent", "dev", "--env", "LEVEL", "--", "true"],
        &["run", "--agent", "dev", "--env", "A B=1", "--", "true"],
        &[
            "run",
            "--agent",
            "dev",
            "--env",
            "AGENTSESS_RUN=x",
            "--",
            "true",
        ],
    ] {
        failed(125, arguments);
    }
    let error = failed(
        125,
        &["run", "--agent", "dev", "--bogus", "--json", "--", "true"],
    );
    assert!(error.trim_start().starts_with('{'), "{error}");
    for command in [&["--", "true"][..], &[]] {
        let misnamed = failed(125, &[&["run", "--agent", "a b"][..], command].concat());
        assert!(
            misnamed.contains("only letters, digits and `._-` can")
                && misnamed.contains("there are claude, codex, ")
                && misnamed.contains("hint: agentsess help run"),
            "{misnamed}"
        );
    }
    assert_eq!(records(&project).len(), 6);
    project.ok(&["set", "status", "completed"]);
    failed(
        125,
        &["run", "--agent", "dev", "-s", "weather", "--", "true"],
    );
    assert_eq!(records(&project).len(), 6);
}

#[test]
fn a_hint_takes_no_word_of_the_command_for_the_session() {
    let project = project();
    project.ok(&["new", "Storm", "--context", "c", "--next", "measure"]);
    let wrong = [
        "run", "--agent", "x", "-s", "stom", "--", "echo", "-s", "stom",
    ];
    let said = project.fails(125, &wrong);
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: "));
    let hint = hint.unwrap();
    assert!(hint.ends_with(" -s storm -- echo -s stom"), "{said}");
    assert_eq!(
        project.shell(hint).lines().next(),
        Some("-s stom"),
        "{hint}"
    );
    let said = project.fails(2, &["task", "add", "-s", "stom", "--", "-s"]);
    assert!(said.trim_end().ends_with(" -s storm -- -s"), "{said}");
}

#[test]
fn a_task_that_is_ticked_is_not_left_behind() {
    let project = project();
    project.fails(1, &["run", "--agent", "q", "--", "false"]);
    project.fails(1, &["runs", "fix"]);
    project.ok(&["run", "--agent", "r", "--", "true"]);
    project.ok(&["done", "measure"]);
    assert_eq!(project.ok(&["runs", "fix"]), "nothing is incomplete\n");
}

#[test]
fn no_limit_is_a_limit_of_zero() {
    let project = project();
    let said = run(&project, &["--timeout", "0"], "sleep 0.3; echo done");
    assert_eq!(text(&said.stdout), "done\n", "{}", text(&said.stderr));
    assert_eq!(said.status.code(), Some(0));
}

#[test]
fn a_run_is_written_down_before_it_begins() {
    let project = project();
    let script = "cp .agents/sessions/.local/runs/ledger.json seen; \
                  cp .agents/sessions/20251204-143000-weather.md session";
    run(&project, &["--item", "BACK-1", "--model", "large"], script);
    let seen: Value =
        serde_json::from_slice(&fs::read(project.root.join("seen")).unwrap()).unwrap();
    let seen = &seen["runs"][0];
    assert_eq!(seen["status"], "running");
    assert_eq!(
        (&seen["agent"], &seen["model"]),
        (&json!("dev"), &json!("large"))
    );
    assert_eq!(seen["item"], "BACK-1 - alert");
    assert_eq!(seen["argv"], json!(["sh", "-c", script]));
    assert_eq!(seen["started_at"], NOW);
    assert!(seen["supervisor"]["pid"].is_u64() && seen["host"].is_string());
    let session = fs::read_to_string(project.root.join("session")).unwrap();
    let entry = "    - agent: \"dev\"\n      task: \"BACK-1 - alert\"\n      status: in_progress\n";
    assert!(session.contains(entry), "{session}");
    assert!(!session.contains("/run\n"), "{session}");
    let session = project.read("weather");
    let entry = "      task: \"BACK-1 - alert\"\n      status: completed\n      summary: \"completed in 0s (exit 0)\"\n";
    assert!(session.contains(entry), "{session}");
    assert_eq!(logged(&project).len(), 1);
}

#[test]
fn an_agent_is_listed_once_for_a_task_and_what_is_not_done_is_to_be_done() {
    let project = project();
    run(&project, &[], "echo no >&2; exit 3");
    let session = project.read("weather");
    assert!(
        session.contains("status: pending\n      summary: \"failed (exit 3)\""),
        "{session}"
    );
    run(
        &project,
        &[],
        "grep -A1 in_progress .agents/sessions/*.md >&2; echo \"it works \"",
    );
    let session = project.read("weather");
    assert_eq!(session.matches("- agent:").count(), 1, "{session}");
    assert!(
        session.contains("status: completed\n      summary: \"it works\""),
        "{session}"
    );
    let lines = logged(&project);
    assert!(
        lines[0].ends_with(": dev failed in 0s (exit 3): no"),
        "{lines:?}"
    );
    assert!(
        lines[1].ends_with(": dev completed in 0s (exit 0): it works"),
        "{lines:?}"
    );
    project.ok(&["lint"]);
}

#[test]
fn it_knows_where_it_belongs_and_not_from_where_it_was_called() {
    let project = project();
    let mut command = project.agentsess(&run_arguments(&["--env", "LEVEL=a b"], "env"));
    let host = [
        "CLAUDECODE",
        "CLAUDE_CODE_SESSION_ID",
        "CODEX_THREAD_ID",
        "GEMINI_SESSION_ID",
        "AGENTSESS_CONVERSATION",
    ];
    command
        .envs(host.map(|name| (name, "mine")))
        .env("OTHER", "stays");
    let output = command.output().unwrap();
    let said = text(&output.stdout);
    let record = &records(&project)[0];
    for line in [
        "AGENTSESS_SESSION=20251204-143000-weather",
        "AGENTSESS_AGENT=dev",
        &format!("AGENTSESS_RUN={}", record["id"].as_str().unwrap()),
        "LEVEL=a b",
        "OTHER=stays",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    for name in host {
        assert!(!said.contains(&format!("{name}=")), "{name}: {said}");
    }
    // The values may be secrets.
    assert_eq!(record["env"], json!(["LEVEL"]));
    assert!(
        !fs::read_to_string(ledger_path(&project))
            .unwrap()
            .contains("a b")
    );
}

#[test]
fn what_it_says_is_passed_on_byte_by_byte_and_kept() {
    let project = project();
    let bytes: Vec<u8> = (0..=u8::MAX).rev().cycle().take(200_000).collect();
    fs::write(project.root.join("bytes"), &bytes).unwrap();
    let output = run(&project, &["-s", "weather"], "cat bytes; echo err >&2");
    assert_eq!(output.stdout, bytes);
    assert!(
        text(&output.stderr).starts_with("err\nrun "),
        "{}",
        text(&output.stderr)
    );
    let id = records(&project)[0]["id"].as_str().unwrap().to_owned();
    let path = folder(&project).join(format!("{id}.log"));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        fs::metadata(ledger_path(&project))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    let log = project.run(&["runs", "log", &id[..11]]).stdout;
    assert_eq!(log.len(), bytes.len() + 4);
    let quiet = project
        .agentsess(&["-q", "run", "--agent", "dev", "--", "echo", "x"])
        .output()
        .unwrap();
    assert_eq!(
        (text(&quiet.stdout), text(&quiet.stderr)),
        ("x\n".into(), String::new())
    );
    let json = project.run(&["run", "--agent", "dev", "--json", "--", "echo", "x"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&json["status"], &json["summary"]),
        (&json!("completed"), &json!("x"))
    );
    assert_eq!(
        json["tally"],
        json!({"completed": 1, "remaining": 0, "total": 1, "percent": 100})
    );
}

#[test]
fn it_reads_nothing_unless_it_is_to() {
    let project = project();
    let with_input = |options: &[&str]| {
        let mut command = project.agentsess(&run_arguments(options, "cat"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended by then.
        let _ = child.stdin.take().unwrap().write_all(b"given");
        text(&child.wait_with_output().unwrap().stdout)
    };
    assert_eq!(with_input(&[]), "");
    assert_eq!(with_input(&["--stdin"]), "given");
}

#[test]
fn secrets_stay_out_of_the_session() {
    let project = project();
    let token = format!("ghp_{}", "k7Xq2Lw9Zr4Tn8Vb3Mc6Pd1Hs5Jf0GyAeUiR");
    run(&project, &[], &format!("echo 'pushed with {token}'"));
    let session = project.read("weather");
    assert!(!session.contains(&token), "{session}");
    assert_eq!(
        session.matches("pushed with [redacted:").count(),
        2,
        "{session}"
    );
    let record = &records(&project)[0];
    assert!(
        !record["summary"].as_str().unwrap().contains(&token),
        "{record}"
    );
    assert!(project.ok(&["runs", "log", "@latest"]).contains(&token));
}

#[test]
fn on_a_terminal_the_command_has_it_for_itself() {
    let project = project();
    let tty = "test -t 0 && test -t 1 && test -t 2 && echo 'all its own'";
    let (shown, code) = on_a_terminal(&project, &run_arguments(&[], tty), &[]);
    assert!(shown.contains("all its own") && code == 0, "{shown}");
    let record = records(&project).pop().unwrap();
    assert_eq!(
        (&record["log"], &record["group"]),
        (&Value::Null, &json!(false))
    );
    project.fails(2, &["runs", "log", "@latest"]);
    let (shown, code) = on_a_terminal(&project, &run_arguments(&["--capture"], tty), &[]);
    assert!(!shown.contains("all its own") && code == 1, "{shown}");
    assert!(records(&project).pop().unwrap()["log"].is_string());
    // What is typed reaches it.
    let (shown, _) = on_a_terminal(
        &project,
        &run_arguments(&[], "echo 'who?'; read name; echo \"it is $name\""),
        &[("who?", "kim\r")],
    );
    assert!(shown.contains("it is kim"), "{shown}");
}

#[test]
fn the_first_signal_is_passed_on() {
    let project = project();
    let signals = [
        (Signal::INT, 2),
        (Signal::QUIT, 3),
        (Signal::TERM, 15),
        (Signal::HUP, 1),
    ];
    for (signal, number) in signals {
        let child = start(&project, &[], "touch up; exec sleep 60");
        until("the start", || project.root.join("up").exists());
        fs::remove_file(project.root.join("up")).unwrap();
        tell(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(128 + number));
        assert!(
            text(&output.stderr).contains("0 of 1 completed, 1 remaining (0 %)"),
            "{}",
            text(&output.stderr)
        );
        let record = records(&project).pop().unwrap();
        assert_eq!(
            (&record["status"], &record["signal"], &record["reason"]),
            (&json!("interrupted"), &json!(number), &json!("told"))
        );
    }
    assert!(
        project
            .read("weather")
            .contains("status: pending\n      summary: \"interrupted (SIGHUP)\"")
    );
}

#[test]
fn one_that_ends_in_order_when_it_is_told_is_interrupted_all_the_same() {
    let project = project();
    let child = start(
        &project,
        &[],
        "trap 'echo bye; exit 0' TERM; touch up; while :; do sleep 0.05; done",
    );
    until("the start", || project.root.join("up").exists());
    tell(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(143), "bye\n")
    );
    let said = text(&output.stderr);
    assert!(
        said.starts_with("told to stop (SIGTERM): run ") && said.contains(" (dev) is told to end"),
        "{said}"
    );
    let record = records(&project).pop().unwrap();
    assert_eq!(
        (&record["status"], &record["exit_code"], &record["signal"]),
        (&json!("interrupted"), &json!(0), &json!(15))
    );
}

#[test]
fn the_second_signal_is_answered_and_the_third_kills() {
    let project = project();
    let mut child = start(
        &project,
        &[],
        "trap '' TERM INT; sh -c 'sleep 60 & echo $! > inner; wait' & echo $$ > up.tmp; mv up.tmp up; while :; do sleep 0.1; done",
    );
    until("the start", || {
        project.root.join("up").exists() && project.root.join("inner").exists()
    });
    let pid = fs::read_to_string(project.root.join("up"))
        .unwrap()
        .trim()
        .to_owned();
    tell(&child, Signal::TERM);
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    tell(&child, Signal::INT);
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    let started = Instant::now();
    tell(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(output.status.code(), Some(137));
    let said = text(&output.stderr);
    assert!(
        said.contains(&format!("process {pid}) to end; once more kills it")),
        "{said}"
    );
    assert!(said.contains("killing run "), "{said}");
    let inner: i32 = fs::read_to_string(project.root.join("inner"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    gone(Pid::from_raw(inner).unwrap());
    let record = records(&project).pop().unwrap();
    assert_eq!(
        (&record["status"], &record["signal"]),
        (&json!("interrupted"), &json!(9))
    );
}

#[test]
fn one_that_was_told_to_stop_and_goes_on_is_stopping() {
    let project = project();
    let script = "trap '' TERM; touch up; while :; do sleep 0.05; done";
    let mut child = start(&project, &["--kill-after", "0.3"], script);
    until("the start", || {
        project.root.join("up").exists() && records(&project)[0]["pid"].is_u64()
    });
    assert_eq!(listed(&project, &[])[0]["standing"], "running");
    tell(&child, Signal::TERM);
    until("that it is known", || {
        listed(&project, &["--running"])[0]["standing"] == "stopping"
    });
    let shown = project.ok(&["runs"]);
    assert!(
        shown.contains("▶ running (stopping) ") && shown.contains("SIGTERM"),
        "{shown}"
    );
    assert!(child.try_wait().unwrap().is_none());
    // It is at work as before: it holds up what others do, and somebody's word on it stands.
    let refused = project.fails(1, &["handoff", "--to", "kim", "--state", "Done."]);
    assert!(refused.contains("still running"), "{refused}");
    project.ok(&["runs", "complete", "@latest"]);
    let shown = project.ok(&["runs", "--running"]);
    assert!(shown.contains("completed (by hand), still runs"), "{shown}");
    project.ok(&["runs", "stop", "@latest"]);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(137));
    // Nobody sees the end of one whose supervisor is killed then.
    fs::remove_file(project.root.join("up")).unwrap();
    let mut child = start(&project, &[], script);
    until("the start", || {
        project.root.join("up").exists() && records(&project)[1]["pid"].is_u64()
    });
    tell(&child, Signal::TERM);
    until("that it is known", || {
        records(&project)[1]["reason"] == "told"
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let pid = pid_of(&records(&project)[1]);
    assert_eq!(listed(&project, &[])[1]["standing"], "unsupervised");
    kill_process(pid, Signal::KILL).unwrap();
    // What the script slept in may be there a moment longer.
    until("that nobody saw it end", || {
        listed(&project, &[])[1]["reason"] == "lost"
    });
}

#[test]
fn one_that_does_not_end_in_time_is_killed_with_what_it_started() {
    let project = project();
    let script = "trap '' TERM; (trap '' TERM; echo $$ > /dev/null; exec sleep 61) & echo $! > inner; while :; do sleep 0.1; done";
    let started = Instant::now();
    let output = run(
        &project,
        &["--timeout", "0.3", "--kill-after", "0.3"],
        script,
    );
    assert_eq!(output.status.code(), Some(124));
    assert!(started.elapsed() < Duration::from_secs(10));
    let record = records(&project).pop().unwrap();
    assert_eq!(
        (&record["status"], &record["reason"], &record["signal"]),
        (&json!("failed"), &json!("timeout"), &json!(9))
    );
    let inner: i32 = fs::read_to_string(project.root.join("inner"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    gone(Pid::from_raw(inner).unwrap());
    // One that ends at once when it is told leaves nothing either.
    run(
        &project,
        &["--timeout", "0.3", "--kill-after", "0.3"],
        "(trap '' TERM; exec sleep 62) & echo $! > inner; exec sleep 60",
    );
    let inner: i32 = fs::read_to_string(project.root.join("inner"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    gone(Pid::from_raw(inner).unwrap());
}

/// A script whose process leaves another one that does not end when it is told, once `inner` names it.
const LEAVES: &str = "sh -c 'trap \"\" TERM INT HUP; echo $$ > inner.tmp; mv inner.tmp inner; exec sleep 60' & exec sleep 61";

/// The process that such a script leaves, once it is there.
fn left(project: &Project) -> Pid {
    let path = project.root.join("inner");
    until("the start", || {
        path.exists() && records(project).last().unwrap()["pid"].is_u64()
    });
    let pid = fs::read_to_string(&path).unwrap().trim().parse().unwrap();
    fs::remove_file(path).unwrap();
    Pid::from_raw(pid).unwrap()
}

fn is_there(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.starts_with(" Z"))
}

#[test]
fn one_that_is_told_to_stop_has_ended_when_all_of_its_group_has() {
    let project = project();
    let patience = &["--kill-after", "0.5"];
    for signal in [Signal::TERM, Signal::INT] {
        let child = start(&project, patience, LEAVES);
        let inner = left(&project);
        tell(&child, signal);
        assert_eq!(
            child.wait_with_output().unwrap().status.code(),
            Some(128 + signal.as_raw())
        );
        assert!(!is_there(inner), "{signal:?}");
        assert_eq!(records(&project).pop().unwrap()["reason"], "told");
    }
    // Somebody ended the process itself; what it left runs on until it is killed.
    let child = start(&project, patience, LEAVES);
    let inner = left(&project);
    kill_process(pid_of(&records(&project).pop().unwrap()), Signal::KILL).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(listed(&project, &["--running"]).len(), 1);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(137));
    assert!(!is_there(inner));
    // Whoever stops it has less patience.
    let child = start(&project, &[], LEAVES);
    let inner = left(&project);
    let started = Instant::now();
    let said = project.ok(&["runs", "stop", "@latest", "--kill-after", "0.3"]);
    assert!(said.contains("it had to be killed"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!is_there(inner));
    child.wait_with_output().unwrap();
}

#[test]
fn what_one_leaves_that_nobody_saw_end_runs_and_can_be_stopped() {
    let project = project();
    let mut child = start(&project, &[], LEAVES);
    let inner = left(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    let leader = pid_of(&records(&project)[0]);
    kill_process(leader, Signal::KILL).unwrap();
    gone(leader);
    let running = listed(&project, &["--running"]);
    assert_eq!(running[0]["standing"], "unsupervised");
    project.fails(1, &["handoff", "--to", "kim", "--state", "Done."]);
    // Another run's processes are none of it, whatever number they have.
    let record = records(&project)[0].clone();
    let mut other = record.clone();
    other["id"] = json!("1j3abcdef0000");
    write_records(&project, &[other]);
    assert_eq!(listed(&project, &["--running"]).len(), 0);
    assert!(is_there(inner));
    write_records(&project, &[record]);
    project.ok(&["runs", "stop", "@latest", "--kill-after", "0.3"]);
    gone(inner);
    let record = &records(&project)[0];
    assert_eq!(
        (&record["status"], &record["signal"]),
        (&json!("interrupted"), &json!(9))
    );
}

#[test]
fn one_that_leaves_something_running_has_ended() {
    let project = project();
    let started = Instant::now();
    let output = run(&project, &[], "sleep 30 & echo $! > inner; echo done");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "done\n")
    );
    assert_eq!(records(&project)[0]["status"], "completed");
    let inner: i32 = fs::read_to_string(project.root.join("inner"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    kill_process(Pid::from_raw(inner).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_reader_that_has_enough_ends_it_as_it_would_without_us() {
    let project = project();
    let started = Instant::now();
    let said = project.shell("agentsess -q run --agent dev -- yes | head -n 2");
    assert_eq!(said, "y\ny\n");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(records(&project)[0]["signal"], 13);
}

#[test]
fn of_a_flood_no_more_is_kept_than_there_is_room_for() {
    let project = project();
    let mut command = project.agentsess(&[
        "run",
        "--agent",
        "dev",
        "--",
        "head",
        "-c",
        "100000000",
        "/dev/zero",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut stdout = child.stdout.take().unwrap();
    let reader = thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).unwrap());
    let (mut peak, mut disk) = (0, 0);
    while child.try_wait().unwrap().is_none() {
        let now = fs::read_to_string(&status).unwrap_or_default();
        let now = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = now.and_then(|now| now.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(now.unwrap_or(0));
        if folder(&project).exists() {
            disk = disk.max(size(&folder(&project)));
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(reader.join().unwrap(), 100_000_000);
    assert!(peak > 0 && peak < 64 * 1024, "{peak} KiB of memory");
    // The beginning and two segments; for a moment a third one, or at the end all of it once more.
    // Files that come and go while they are counted may count twice.
    assert!(disk < 1536 * 1024, "{disk} bytes on disk");
    let log = project.run(&["runs", "log", "@latest"]).stdout;
    let mark = log
        .windows(15)
        .position(|window| window == b" bytes left out")
        .unwrap();
    let digits = log[..mark]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let left_out: usize = text(&log[mark - digits..mark]).parse().unwrap();
    let zeros = log.split(|byte| *byte != 0).map(<[u8]>::len).sum::<usize>();
    assert_eq!(left_out + zeros, 100_000_000);
}

#[test]
fn silence_costs_nothing() {
    let project = project();
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || project.root.join("up").exists());
    let ticks = || -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let fields: Vec<_> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    thread::sleep(Duration::from_millis(300));
    let before = ticks();
    let written = fs::metadata(ledger_path(&project)).unwrap().ino();
    thread::sleep(Duration::from_millis(1500));
    assert!(ticks() - before <= 1, "{} ticks", ticks() - before);
    assert_eq!(fs::metadata(ledger_path(&project)).unwrap().ino(), written);
    assert_eq!(listed(&project, &["--running"]).len(), 1);
    tell(&child, Signal::TERM);
    child.wait_with_output().unwrap();
}

#[test]
fn twenty_at_once_are_all_written_down() {
    let project = project();
    let children: Vec<_> = (0..20)
        .map(|index| {
            let script = format!("echo did {index}; exit {}", index % 2);
            let agent = format!("agent-{index}");
            let arguments = ["run", "--agent", &agent, "--", "sh", "-c", &script];
            let mut command = project.agentsess(&arguments);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for (index, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(i32::try_from(index % 2).unwrap()),
            "{}",
            text(&output.stderr)
        );
    }
    let records = records(&project);
    assert_eq!(records.len(), 20);
    assert_eq!(logged(&project).len(), 20);
    let session = project.read("weather");
    for index in 0..20 {
        let status = ["completed", "failed"][index % 2];
        let agent = format!("agent-{index}");
        let record = records
            .iter()
            .find(|record| record["agent"] == *agent)
            .unwrap();
        assert_eq!(
            (&record["status"], &record["logged"]),
            (&json!(status), &json!(true))
        );
        let listed = ["completed", "pending"][index % 2];
        assert!(
            session.contains(&format!(
                "agent: \"{agent}\"\n      task: \"measure\"\n      status: {listed}"
            )),
            "{session}"
        );
    }
    project.ok(&["lint"]);
    let left: Vec<_> = fs::read_dir(folder(&project))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 22, "{left:?}");
}

#[test]
fn agents_for_the_same_task_are_at_work_until_the_last_has_ended() {
    let project = project();
    let slow = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done",
    );
    until("the start", || project.root.join("up").exists());
    run(&project, &[], "true");
    let listed = |status: &str| {
        project
            .read("weather")
            .contains(&format!("task: \"measure\"\n      status: {status}\n"))
    };
    assert!(listed("in_progress"));
    fs::write(project.root.join("go"), "").unwrap();
    slow.wait_with_output().unwrap();
    assert!(listed("completed"));
    assert_eq!(logged(&project).len(), 2);
}

#[test]
fn killed_before_it_is_written_down_nothing_has_begun() {
    let project = project();
    fs::create_dir_all(folder(&project)).unwrap();
    let lock = hold(&folder(&project).join("lock"));
    let mut child = start(&project, &[], "touch up");
    thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    assert!(!project.root.join("up").exists());
    assert_eq!((records(&project).len(), logged(&project).len()), (0, 0));
    assert!(run(&project, &[], "true").status.success());
}

#[test]
fn killed_before_its_process_began_it_is_interrupted() {
    let project = project();
    let lock = hold(&project.sessions().join(".local/lock"));
    let mut child = start(&project, &[], "touch up");
    until("the record", || records(&project).len() == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    assert!(!project.root.join("up").exists());
    is_settled_once(&project, "interrupted (nobody saw it end)");
}

/// The only run was lost, and however often it is looked at, that is said once.
fn is_settled_once(project: &Project, how: &str) {
    let run = &listed(project, &[])[0];
    assert_eq!(
        (&run["status"], &run["reason"]),
        (&json!("interrupted"), &json!("lost"))
    );
    project.ok(&["runs"]);
    project.ok(&["runs"]);
    let lines = logged(project);
    assert!(lines.len() == 1 && lines[0].contains(how), "{lines:?}");
    assert!(
        project
            .read("weather")
            .contains(&format!("status: pending\n      summary: \"{how}\"")),
        "{}",
        project.read("weather")
    );
    assert_eq!(records(project)[0]["status"], "interrupted");
    let left = fs::read_dir(folder(project))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| text(name.as_encoded_bytes()).ends_with(".reserve"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn killed_before_it_is_written_down_which_process_it_is_that_is_found() {
    let project = project();
    let session = hold(&project.sessions().join(".local/lock"));
    let mut child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done",
    );
    until("the record", || records(&project).len() == 1);
    let ledger = hold(&folder(&project).join("lock"));
    drop(session);
    until("the start", || project.root.join("up").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    drop(ledger);
    assert_eq!(records(&project)[0]["pid"], Value::Null);
    let run = &listed(&project, &["--running"])[0];
    assert_eq!(run["standing"], "unsupervised");
    fs::write(project.root.join("go"), "").unwrap();
    gone(pid_of(run));
    is_settled_once(&project, "interrupted (nobody saw it end)");
}

#[test]
fn killed_while_it_runs_it_is_unsupervised_and_then_interrupted() {
    let project = project();
    let mut child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done; echo done",
    );
    until("the start", || {
        project.root.join("up").exists() && records(&project)[0]["pid"].is_u64()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let run = &listed(&project, &["--running"])[0];
    assert_eq!(
        (&run["status"], &run["standing"]),
        (&json!("running"), &json!("unsupervised"))
    );
    assert!(project.ok(&["list"]).contains("(1 running)"));
    fs::write(project.root.join("go"), "").unwrap();
    gone(pid_of(run));
    // Who only looks writes nothing.
    assert!(!project.ok(&["list"]).contains("running"));
    assert_eq!(records(&project)[0]["status"], "running");
    is_settled_once(&project, "interrupted (nobody saw it end)");
}

#[test]
fn killed_before_its_end_is_written_down_it_is_interrupted() {
    let project = project();
    let mut child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done",
    );
    until("the start", || {
        project.root.join("up").exists() && records(&project)[0]["pid"].is_u64()
    });
    let lock = hold(&folder(&project).join("lock"));
    let pid = pid_of(&records(&project)[0]);
    fs::write(project.root.join("go"), "").unwrap();
    gone(pid);
    thread::sleep(Duration::from_millis(200));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    is_settled_once(&project, "interrupted (nobody saw it end)");
}

#[test]
fn killed_before_the_session_is_told_of_its_end_the_next_one_tells_it() {
    let project = project();
    let mut child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done; echo all of it",
    );
    until("the start", || project.root.join("up").exists());
    let lock = hold(&project.sessions().join(".local/lock"));
    fs::write(project.root.join("go"), "").unwrap();
    until("the end", || records(&project)[0]["status"] == "completed");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    assert_eq!(
        (
            records(&project)[0]["logged"].clone(),
            logged(&project).len()
        ),
        (json!(false), 0)
    );
    project.ok(&["runs"]);
    project.ok(&["runs"]);
    let lines = logged(&project);
    assert!(
        lines.len() == 1 && lines[0].ends_with("completed in 0s (exit 0): all of it"),
        "{lines:?}"
    );
    assert_eq!(records(&project)[0]["logged"], true);
    assert!(
        project
            .read("weather")
            .contains("status: completed\n      summary: \"all of it\"")
    );
}

#[test]
fn a_number_that_is_used_again_and_another_boot_do_not_fool() {
    let project = project();
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || {
        project.root.join("up").exists() && records(&project)[0]["pid"].is_u64()
    });
    let real = records(&project)[0].clone();
    let as_read = |key: &str, value: Value| {
        let mut record = real.clone();
        record["supervisor"]["start_time"] = json!("1");
        if key != "none" {
            record[key] = value;
        }
        write_records(&project, &[record]);
        let listing = project.ok(&["list", "--json"]);
        let listing: Value = serde_json::from_str(&listing).unwrap();
        listing["sessions"][0]["runs"]["running"]
            .as_u64()
            .unwrap_or(0)
    };
    assert_eq!(as_read("none", Value::Null), 1);
    assert_eq!(as_read("process_start_time", json!("1")), 0);
    assert_eq!(
        as_read(
            "boot",
            json!("00000000-0000-0000-0000-000000000000 pid:[1]")
        ),
        0
    );
    assert_eq!(as_read("host", json!("elsewhere")), 0);
    // Of another machine nothing is known here, and nothing is done to it.
    let run = &listed(&project, &[])[0];
    assert_eq!(
        (&run["status"], &run["standing"]),
        (&json!("running"), &json!("unknown"))
    );
    assert!(
        project
            .fails(2, &["runs", "stop", "@latest"])
            .contains("another machine, elsewhere")
    );
    assert_eq!(as_read("process_start_time", json!("1")), 0);
    project.fails(1, &["runs", "stop", "@latest"]);
    assert!(test_kill_process(pid_of(&real)).is_ok());
    write_records(&project, &[real]);
    tell(&child, Signal::TERM);
    child.wait_with_output().unwrap();
}

#[test]
fn one_that_is_stopped_is_running() {
    let project = project();
    let child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done",
    );
    until("the start", || {
        project.root.join("up").exists() && records(&project)[0]["pid"].is_u64()
    });
    let pid = pid_of(&records(&project)[0]);
    kill_process(pid, Signal::STOP).unwrap();
    until("the stop", || {
        listed(&project, &[])[0]["standing"] == "stopped"
    });
    assert!(project.ok(&["runs"]).contains("running (stopped)"));
    kill_process(pid, Signal::CONT).unwrap();
    fs::write(project.root.join("go"), "").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn runs_are_stopped() {
    let project = project();
    let wait = "touch up; while :; do sleep 0.05; done";
    let up = || {
        until("the start", || {
            project.root.join("up").exists() && records(&project).last().unwrap()["pid"].is_u64()
        });
        fs::remove_file(project.root.join("up")).unwrap();
    };
    let child = start(&project, &[], wait);
    up();
    let said = project.ok(&["runs", "stop", "@latest"]);
    assert!(said.contains(": interrupted in 0s (SIGTERM)"), "{said}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
    // Stubborn.
    let child = start(&project, &[], &format!("trap '' TERM; {wait}"));
    up();
    let said = project.ok(&["runs", "stop", "@latest", "--kill-after", "0.3"]);
    assert!(said.contains("it had to be killed"), "{said}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(137));
    // As long as it was started with, if nothing else is said.
    let stubborn = format!("trap '' TERM; {wait}");
    let child = start(&project, &["--kill-after", "0.4"], &stubborn);
    up();
    let started = Instant::now();
    let said = project.ok(&["runs", "stop", "@latest"]);
    assert!(said.contains("it had to be killed"), "{said}");
    let took = started.elapsed();
    assert!(
        took > Duration::from_millis(400) && took < Duration::from_secs(5),
        "{took:?}"
    );
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(137));
    // Left alone.
    let mut child = start(&project, &[], wait);
    up();
    child.kill().unwrap();
    child.wait().unwrap();
    let pid = pid_of(&records(&project)[3]);
    project.ok(&["runs", "stop", "@latest"]);
    gone(pid);
    for record in records(&project) {
        assert_eq!(
            (&record["status"], &record["logged"]),
            (&json!("interrupted"), &json!(true)),
            "{record}"
        );
    }
    assert_eq!(logged(&project).len(), 4);
    project.fails(1, &["runs", "stop", "@latest"]);
    project.fails(2, &["runs", "stop", "zzz"]);
}

#[test]
fn a_session_with_runs_is_neither_handed_over_nor_completed_nor_closed() {
    let project = project();
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || project.root.join("up").exists());
    let id = records(&project)[0]["id"].as_str().unwrap().to_owned();
    let before = project.snapshot();
    for arguments in [
        &["handoff", "--to", "kim", "--state", "Done."][..],
        &["close", "weather"],
        &["close", "weather", "--dry-run"],
        &["set", "status", "completed"],
    ] {
        let said = project.fails(1, arguments);
        assert!(
            said.contains(&id) && said.contains(&format!("hint: agentsess runs stop {id}")),
            "{said}"
        );
    }
    assert_eq!(project.snapshot(), before);
    assert!(project.ok(&["show"]).contains("\nruns: 1 running\n"));
    project.ok(&["runs", "stop", &id]);
    child.wait_with_output().unwrap();
    project.ok(&["handoff", "--to", "kim", "--state", "Done."]);
    // Its own run keeps no agent from handing over what it did, and is no news to what it wrote.
    project.ok(&["resume", "--agent", "kim"]);
    let path = format!(
        "{}:{}",
        Path::new(env!("CARGO_BIN_EXE_agentsess"))
            .parent()
            .unwrap()
            .display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = project.agentsess(&run_arguments(
        &[],
        "agentsess handoff --take --to ann --state 'All of it.'",
    ));
    let inner = command.env("PATH", path).output().unwrap();
    assert!(inner.status.success(), "{}", text(&inner.stderr));
    assert!(
        project.ok(&["list"]).starts_with("paused"),
        "{}",
        project.ok(&["list"])
    );
}

#[test]
fn a_session_that_was_closed_meanwhile_changes_nothing_about_the_run() {
    let project = project();
    let path = format!(
        "{}:{}",
        Path::new(env!("CARGO_BIN_EXE_agentsess"))
            .parent()
            .unwrap()
            .display(),
        std::env::var("PATH").unwrap()
    );
    let script = "agentsess close weather --confirm committed --waive remaining=none --confirm saved; exit 4";
    let mut command = project.agentsess(&run_arguments(&[], script));
    let output = command.env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.contains("closed weather"),
        "{said}{}",
        text(&output.stderr)
    );
    let record = &records(&project)[0];
    assert_eq!(
        (&record["status"], &record["exit_code"], &record["logged"]),
        (&json!("failed"), &json!(4), &json!(true))
    );
}

#[test]
fn the_item_that_a_run_completed_is_ticked() {
    let project = project();
    run(&project, &["--item", "BACK-1"], "exit 1");
    assert!(project.read("weather").contains("- [ ] BACK-1"));
    let output = run(&project, &["--item", "BACK-1"], "echo done");
    let said = text(&output.stderr);
    assert!(said.starts_with("ticked BACK-1 - alert\n"), "{said}");
    assert!(project.read("weather").contains("- [x] BACK-1"));
    // What nobody was there to tick is ticked by whoever tells the session.
    let session = project.session("weather");
    let away = project.root.join("away.md");
    let script = format!("mv '{}' '{}'", session.display(), away.display());
    run(&project, &["--item", "measure"], &script);
    fs::rename(&away, &session).unwrap();
    project.ok(&["runs"]);
    assert!(project.read("weather").contains("- [x] measure"));
}

#[test]
fn an_item_in_other_words_is_known_by_its_id() {
    let project = project();
    let change = |to: &str| {
        let path = project.session("weather");
        format!("sed -i 's/^- .*BACK-1.*/{to}/' '{}'", path.display())
    };
    let output = run(
        &project,
        &["--item", "BACK-1"],
        &change("- [ ] BACK-1 - alert (with tests)"),
    );
    let said = text(&output.stderr);
    assert!(said.starts_with("ticked BACK-1 - alert\n"), "{said}");
    assert!(
        project
            .read("weather")
            .contains("- [x] BACK-1 - alert (with tests)")
    );
    // The agent itself may tick it, which is no news.
    let output = run(&project, &["--item", "BACK-1"], "true");
    let said = text(&output.stderr);
    assert!(
        said.contains("warning: `BACK-1 - alert (with tests)` is ticked already")
            && !said.contains("not ticked"),
        "{said}"
    );
    let output = run(&project, &["--item", "BACK-1"], &change("- [ ] alert"));
    let said = text(&output.stderr);
    assert!(
        said.contains("is not ticked: the session has no such item any more"),
        "{said}"
    );
}

#[test]
fn who_is_on_the_same_item_is_named() {
    let project = project();
    let child = start(&project, &["--item", "BACK-1"], "touch up; exec sleep 60");
    until("the start", || project.root.join("up").exists());
    let id = records(&project)[0]["id"].as_str().unwrap().to_owned();
    let output = run(&project, &["--item", "BACK-1"], "true");
    let said = text(&output.stderr);
    let warning = format!("warning: run {id} of dev is on `BACK-1 - alert`, too\n");
    assert!(said.starts_with(&warning), "{said}");
    assert!(output.status.success());
    project.ok(&["runs", "stop", &id]);
    child.wait_with_output().unwrap();
}

#[test]
fn a_session_that_is_away_is_told_once_it_is_back() {
    let project = project();
    let session = project.session("weather");
    let away = project.root.join("away.md");
    let script = format!("mv '{}' '{}'", session.display(), away.display());
    let output = run(&project, &["--item", "BACK-1"], &script);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(
        said.contains("warning: the session is told of it later")
            && said.contains("weather.md is not there now"),
        "{said}"
    );
    let entry = || records(&project)[0]["logged"].clone();
    project.ok(&["runs"]);
    assert_eq!(entry(), false);
    fs::rename(&away, &session).unwrap();
    let doctor = project.fails(1, &["doctor"]);
    assert!(
        doctor.contains("it lists dev as in_progress") && doctor.contains("[untold-run]"),
        "{doctor}"
    );
    project.ok(&["runs"]);
    assert_eq!((entry(), logged(&project).len()), (json!(true), 1));
    let told = project.read("weather");
    assert!(told.contains("      status: completed\n"), "{told}");
    project.ok(&["doctor"]);
}

#[test]
fn a_session_that_has_another_name_now_is_named() {
    let project = project();
    let session = project.session("weather");
    let other = session.with_file_name("20251204-143000-climate.md");
    let script = format!("mv '{}' '{}'", session.display(), other.display());
    run(&project, &[], &script);
    let doctor = project.fails(1, &["doctor"]);
    assert!(
        doctor.contains("climate.md: it lists dev as in_progress, and run ")
            && doctor.contains("[untold-run]")
            && doctor.contains("agentsess edit climate"),
        "{doctor}"
    );
    // What runs there now is no one's that is away.
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || project.root.join("up").exists());
    project.ok(&["doctor"]);
    project.ok(&["runs", "stop", "@latest"]);
    child.wait_with_output().unwrap();
}

#[test]
fn a_session_that_was_completed_meanwhile_lists_how_its_agents_ended() {
    let project = project();
    let session = project.session("weather");
    let script = format!(
        "sed -i '0,/in_progress/s//completed/' '{}'; echo all of it",
        session.display()
    );
    let output = run(&project, &[], &script);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let session = project.read("weather");
    assert!(
        session.contains("status: completed\n      summary: \"all of it\""),
        "{session}"
    );
    assert!(session.contains("\n  status: completed\n"), "{session}");
    assert!(logged(&project).is_empty());
    assert_eq!(records(&project)[0]["logged"], true);
}

#[test]
fn what_cannot_be_written_down_is_kept_and_recovered() {
    let project = project();
    // Nothing can be renamed onto a folder that holds something.
    let script = "sleep 0.5; cd .agents/sessions/.local/runs; mv ledger.json kept; mkdir -p ledger.json/x; exit 5";
    let output = run(&project, &[], script);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(
        said.contains("how the run ended is kept in .agents/sessions/.local/runs/pending-"),
        "{said}"
    );
    let path = ledger_path(&project);
    fs::remove_dir_all(&path).unwrap();
    fs::rename(folder(&project).join("kept"), &path).unwrap();
    assert_eq!(records(&project)[0]["status"], "running");
    let problems = project.fails(1, &["doctor"]);
    assert!(problems.contains("[pending-run]"), "{problems}");
    project.ok(&["runs"]);
    let record = &records(&project)[0];
    assert_eq!(
        (&record["status"], &record["exit_code"], &record["logged"]),
        (&json!("failed"), &json!(5), &json!(true))
    );
    assert!(logged(&project)[0].contains("failed in 0s (exit 5)"));
    project.ok(&["doctor"]);
}

#[test]
fn where_nothing_is_to_be_written_down_nothing_is_written() {
    let project = project();
    run(&project, &[], "true");
    let state = || {
        let of = |path: &Path| {
            fs::metadata(path)
                .map(|meta| (meta.ino(), meta.mtime(), meta.mtime_nsec()))
                .unwrap()
        };
        (
            of(&ledger_path(&project)),
            of(&folder(&project)),
            of(&project.session("weather")),
            of(&project.sessions()),
        )
    };
    let before = state();
    thread::sleep(Duration::from_millis(20));
    for arguments in [
        &["runs"][..],
        &["runs", "--failed"],
        &["runs", "list", "--json"],
        &["list"],
        &["show"],
        &["doctor"],
    ] {
        project.ok(arguments);
        assert_eq!(state(), before, "{arguments:?}");
    }
    let fresh = Project::git();
    assert_eq!(fresh.ok(&["runs"]), "0 runs\n");
    fresh.ok(&["new", "Weather"]);
    fresh.ok(&["runs"]);
    fresh.ok(&["list"]);
    assert!(!folder(&fresh).exists());
}

#[test]
fn a_record_that_is_none_is_set_aside_and_the_rest_works() {
    let project = project();
    run(&project, &[], "exit 2");
    let good = records(&project)[0].clone();
    let mut bad = good.clone();
    bad["started_at"] = json!("yesterday");
    write_records(&project, &[bad.clone(), good]);
    let output = project.run(&["runs"]);
    assert!(text(&output.stdout).contains("exit 2"));
    assert!(
        text(&output.stderr).contains("runs[0].started_at: "),
        "{}",
        text(&output.stderr)
    );
    let aside = fs::read_dir(folder(&project))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let aside: Vec<_> = aside
        .filter(|path| path.display().to_string().contains("set-aside-"))
        .collect();
    let kept: Value = serde_json::from_slice(&fs::read(&aside[0]).unwrap()).unwrap();
    assert_eq!(kept, bad);
    // Said once.
    assert_eq!(text(&project.run(&["runs"]).stderr), "");
    assert_eq!(records(&project).len(), 1);
    assert!(project.fails(1, &["doctor"]).contains("[set-aside-run]"));
    // The same for a file that is no ledger at all.
    fs::write(ledger_path(&project), "{\"version\":1,\"runs\":[").unwrap();
    assert!(run(&project, &[], "true").status.success());
    assert_eq!(records(&project).len(), 1);
}

#[test]
fn of_a_ledger_that_is_damaged_all_whole_records_are_known() {
    let project = project();
    run(&project, &[], "exit 2");
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || {
        project.root.join("up").exists() && records(&project)[1]["pid"].is_u64()
    });
    run(&project, &[], "exit 3");
    let id = records(&project)[1]["id"].as_str().unwrap().to_owned();
    let whole = fs::read(ledger_path(&project)).unwrap();
    let mut cut = whole.clone();
    cut.truncate(whole.len() - 30);
    let mut hurt = whole.clone();
    let at = whole.windows(8).position(|it| it == b"\"exit 2\"");
    let at = at.unwrap_or_else(|| whole.windows(4).position(|it| it == b"\"sh\"").unwrap());
    hurt[at + 1] = 0xff;
    for (damaged, lost) in [(&cut, 3), (&hurt, 2)] {
        fs::write(ledger_path(&project), damaged).unwrap();
        for arguments in [
            &["handoff", "--to", "kim", "--state", "Done."][..],
            &["close", "weather"],
            &["set", "status", "completed"],
        ] {
            let said = project.fails(1, arguments);
            assert!(
                said.contains("the ledger of runs cannot be read whole")
                    && said.contains("hint: agentsess runs"),
                "{said}"
            );
        }
        assert_eq!(&fs::read(ledger_path(&project)).unwrap(), damaged);
        let output = project.run(&["runs"]);
        let said = text(&output.stdout);
        assert!(said.contains(&id), "{said}");
        assert!(!said.contains(&format!("exit {lost}")), "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
        let said = text(&output.stderr);
        assert!(said.contains("it is kept in "), "{said}");
        // Only what cannot be read is set aside.
        let aside = fs::read_dir(folder(&project)).unwrap();
        let aside = aside.map(|entry| entry.unwrap().path());
        let aside = aside.filter(|path| path.display().to_string().contains("set-aside-"));
        for path in aside {
            let kept = fs::read(&path).unwrap();
            assert!(!text(&kept).contains(&id), "{}", text(&kept));
            fs::remove_file(path).unwrap();
        }
        project.fails(1, &["handoff", "--to", "kim", "--state", "Done."]);
    }
    project.ok(&["runs", "stop", &id]);
    child.wait_with_output().unwrap();
}

#[test]
fn older_ledgers_migrate_with_a_copy_and_newer_ones_are_left_alone() {
    let project = project();
    run(&project, &[], "true");
    let old = serde_json::to_vec(&records(&project)).unwrap();
    fs::write(ledger_path(&project), &old).unwrap();
    let output = project.run(&["runs"]);
    assert!(
        text(&output.stderr).contains("ledger.v0.json"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        fs::read(folder(&project).join("ledger.v0.json")).unwrap(),
        old
    );
    assert_eq!(records(&project).len(), 1);
    let newer = b"{\"version\":2,\"runs\":{}}";
    fs::write(ledger_path(&project), newer).unwrap();
    for (code, arguments) in [
        (2, &["runs"][..]),
        (125, &["run", "--agent", "dev", "--", "touch", "up"]),
        (2, &["runs", "complete", "--all"]),
        (2, &["handoff", "--state", "x", "--to", "kim"]),
    ] {
        let said = project.fails(code, arguments);
        assert!(
            said.matches("version 2").count() == 1 && said.contains("hint: update agentsess"),
            "{said}"
        );
    }
    project.ok(&["list"]);
    project.ok(&["show"]);
    assert!(!project.root.join("up").exists());
    assert_eq!(fs::read(ledger_path(&project)).unwrap(), newer);
}

#[test]
fn only_what_runs_or_was_interrupted_can_be_said_to_be_done() {
    let project = project();
    let wave =
        "## Execution Progress\n### Wave 1: Build (ACTIVE)\n- [ ] BACK-7 - write the worker\n";
    project.shell(&format!(
        "printf '{wave}' | agentsess log 'Wave 1 begins' -"
    ));
    run(&project, &["--item", "BACK-1"], "exit 1");
    run(&project, &["--item", "BACK-7"], "kill -TERM $$");
    run(&project, &[], "kill -TERM $$");
    let said = project.fails(2, &["runs", "complete"]);
    assert!(
        said.contains("hint: agentsess runs complete --all"),
        "{said}"
    );
    let complete = |options: &[&str]| {
        let mut arguments = vec!["runs", "complete", "--json"];
        arguments.extend(options);
        let done: Value = serde_json::from_str(&project.ok(&arguments)).unwrap();
        done["completed"].as_array().unwrap().clone()
    };
    // What failed is named, and stays what it is.
    let failed = records(&project)[0]["id"].as_str().unwrap().to_owned();
    for which in [&["--item", "BACK-1"][..], &[&failed]] {
        let said = project.fails(1, &[&["runs", "complete"][..], which].concat());
        assert!(
            said.contains(&format!(
                "not completed {failed}: dev failed in 0s (exit 1)\nhint: agentsess runs fix {failed}\n"
            )),
            "{said}"
        );
    }
    assert_eq!(records(&project)[0]["status"], "failed");
    let done = complete(&["--wave", "1"]);
    assert_eq!(
        (done.len(), &done[0]["previous"], &done[0]["item"]),
        (
            1,
            &json!("interrupted"),
            &json!("BACK-7 - write the worker")
        )
    );
    assert_eq!(done[0]["ticked"], true);
    assert!(project.read("weather").contains("- [x] BACK-7"));
    assert!(complete(&["--wave", "1"]).is_empty());
    let child = start(
        &project,
        &[],
        "touch up; while [ ! -e go ]; do sleep 0.05; done; exit 6",
    );
    until("the start", || project.root.join("up").exists());
    let done = complete(&["--all", "-s", "weather"]);
    let previous: Vec<_> = done
        .iter()
        .map(|run| run["previous"].as_str().unwrap())
        .collect();
    assert_eq!(previous, ["interrupted", "running"]);
    // As long as its process is there it is at work all the same.
    let listed_now = project.ok(&["runs", "--running"]);
    assert!(
        listed_now.contains("completed (by hand), still runs"),
        "{listed_now}"
    );
    let refused = project.fails(1, &["handoff", "--to", "kim", "--state", "Done."]);
    assert!(refused.contains("still running"), "{refused}");
    let refused = project.fails(1, &["close", "weather"]);
    assert!(refused.contains("still running"), "{refused}");
    let said = project.ok(&["runs", "complete", "--all", "-s", "weather"]);
    assert!(
        said.contains(&format!(
            "not completed {failed}: dev failed in 0s (exit 1)\n"
        )),
        "{said}"
    );
    project.ok(&["runs", "prune", "--keep", "0"]);
    assert_eq!(records(&project).len(), 1);
    // The word stands, and how the process ended is known beside it.
    fs::remove_file(project.root.join("up")).unwrap();
    fs::write(project.root.join("go"), "").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(6));
    let record = records(&project).pop().unwrap();
    assert_eq!(
        (&record["status"], &record["reason"], &record["exit_code"]),
        (&json!("completed"), &json!("by_hand"), &json!(6))
    );
    let session = project.read("weather");
    assert!(session.contains(": dev completed (by hand)"), "{session}");
    let ended = project.ok(&["runs"]);
    assert!(ended.contains("by hand; exit 6"), "{ended}");
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || {
        project.root.join("up").exists() && listed(&project, &["--running"]).len() == 1
    });
    complete(&["--all"]);
    project.ok(&["runs", "stop", "@latest"]);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(143));
    assert_eq!(records(&project).pop().unwrap()["signal"], 15);
    project.fails(2, &["runs", "complete", "--item", "storm"]);
    project.ok(&["lint"]);
}

#[test]
fn what_is_said_is_followed_to_the_end() {
    let project = project();
    let child = start(
        &project,
        &[],
        "echo one; touch up; while [ ! -e go ]; do sleep 0.05; done; echo two",
    );
    until("the start", || project.root.join("up").exists());
    until("the first line", || {
        project.ok(&["runs", "log", "@latest"]) == "one\n"
    });
    let follower = project
        .agentsess(&["runs", "log", "@latest", "-f"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(300));
    fs::write(project.root.join("go"), "").unwrap();
    assert_eq!(
        text(&follower.wait_with_output().unwrap().stdout),
        "one\ntwo\n"
    );
    child.wait_with_output().unwrap();
}

#[test]
fn what_is_said_can_be_read_before_the_ledger_tells_of_it() {
    let project = project();
    run(&project, &[], "echo x");
    let ledger = project.sessions().join(".local/runs/ledger.json");
    let text = fs::read_to_string(&ledger).unwrap();
    let id = records(&project)[0]["id"].as_str().unwrap().to_owned();
    let late = text.replace(&format!("\"log\":\"{id}.log\""), "\"log\":null");
    assert_ne!(late, text);
    fs::write(&ledger, late).unwrap();
    assert_eq!(project.ok(&["runs", "log", "@latest"]), "x\n");
}

#[test]
fn old_runs_are_forgotten_with_what_they_said() {
    let project = project();
    for _ in 0..3 {
        run(&project, &[], "echo x");
    }
    let would = project.ok(&["runs", "prune", "--keep", "1", "--dry-run"]);
    assert_eq!(
        (would.as_str(), records(&project).len()),
        ("would forget 2 runs\n", 3)
    );
    let last = records(&project)[2]["id"].clone();
    let child = start(&project, &[], "touch up; exec sleep 60");
    until("the start", || project.root.join("up").exists());
    assert_eq!(
        project.ok(&["runs", "prune", "--keep", "1"]),
        "forgot 2 runs\n"
    );
    let kept: Vec<_> = records(&project)
        .iter()
        .map(|record| record["id"].clone())
        .collect();
    assert_eq!((kept.len(), &kept[0]), (2, &last));
    let logs = fs::read_dir(folder(&project))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    assert_eq!(
        logs.filter(|path| path.extension().is_some_and(|end| end == "log"))
            .count(),
        2
    );
    tell(&child, Signal::TERM);
    child.wait_with_output().unwrap();
}

#[test]
fn a_ledger_that_git_brought_along_is_not_believed() {
    let project = project();
    run(&project, &[], "true");
    fs::remove_file(project.sessions().join(".local/.gitignore")).unwrap();
    project.git_run(&["add", "-f", "."]);
    assert!(
        project
            .fails(125, &["run", "--agent", "dev", "--", "true"])
            .contains("git tracks")
    );
    assert!(
        project
            .fails(2, &["runs", "stop", "@latest"])
            .contains("hint: ")
    );
}

#[test]
fn a_limit_on_files_costs_what_is_kept_and_not_the_run() {
    let project = project();
    // Such a limit is where every disk ends one day. The record has room, the output has not.
    let said = project.shell(
        "trap '' XFSZ; ulimit -f 64; agentsess run --agent dev -- sh -c 'head -c 100000 /dev/zero | tr \"\\0\" x; echo; echo end; exit 3' | wc -c",
    );
    assert!(said.starts_with("100005\n"), "{said}");
    assert!(
        said.contains("warning: its output could not be kept: "),
        "{said}"
    );
    let record = &records(&project)[0];
    assert_eq!(
        (&record["status"], &record["exit_code"], &record["summary"]),
        (&json!("failed"), &json!(3), &json!("end"))
    );
    assert_eq!(logged(&project).len(), 1);
}

#[test]
fn its_standing_is_listed() {
    let project = project();
    run(
        &project,
        &["--item", "BACK-1", "--model", "large"],
        "exit 9",
    );
    run(&project, &[], "true");
    let lines: Vec<String> = project.ok(&["runs"]).lines().map(str::to_owned).collect();
    assert!(
        lines[0].starts_with("✓ completed  ") && lines[0].ends_with("measure         0s  exit 0"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("✗ failed     ")
            && lines[1].contains("dev  large  BACK-1 - alert  0s  exit 9"),
        "{lines:?}"
    );
    assert_eq!(listed(&project, &["--failed"]).len(), 1);
    assert_eq!(listed(&project, &["--session", "weather"]).len(), 2);
    assert!(listed(&project, &["--running"]).is_empty());
    // One whose conversation is known could be gone on with.
    let mut known = records(&project);
    known[0]["conversation"] = json!("0194");
    write_records(&project, &known);
    assert_eq!(listed(&project, &["--resumable"]).len(), 1);
    assert!(project.ok(&["list"]).contains("(1 resumable)"));
    assert_eq!(known[0]["session"], SESSION);
}
