//! Agents on items of work: what is started for them, what is understood of what they say, and how
//! work goes on that was left behind. `tests/hosts` has stand-ins for the programs that run agents.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Project, on_a_terminal};
use serde_json::Value;

const HOSTS: [&str; 5] = ["claude", "codex", "gemini", "copilot", "opencode"];

const WAVES: &str = "The provider fails.

## Next Steps
None.

## Execution Progress
### Wave 1: Fallback (ACTIVE)
- [ ] BACK-1 - cache it @claude
- [ ] BACK-2 - second provider @codex
- [ ] BACK-3 - switch over @gemini
- [ ] BACK-4 - test it @copilot
- [ ] BACK-5 - document it @opencode
- [ ] BACK-6 - review it
  - [ ] BACK-61 - the first half

### Wave 2: Later (blocked by Wave 1)
- [ ] BACK-7 - tidy up @claude
";

/// A project with a session of two waves, and a folder in which the stand-ins keep what they know.
struct Work {
    project: Project,
    standins: PathBuf,
}

impl Work {
    fn new() -> Self {
        let work = Self::untrusted();
        let agents = HOSTS.map(|host| format!("agents.{host}"));
        let mut words = vec!["trust"];
        words.extend(agents.iter().map(String::as_str));
        work.ok(&words);
        work
    }

    fn untrusted() -> Self {
        let project = Project::git();
        project.git_run(&["switch", "-q", "-c", "work"]);
        let input = project.write("input.md", WAVES);
        let said = project.shell("agentsess new Weather - < input.md");
        assert!(said.starts_with("created"), "{said}");
        fs::remove_file(input).unwrap();
        let standins = project.root.with_file_name("stand-ins");
        fs::create_dir(&standins).unwrap();
        Self { project, standins }
    }

    /// The program, with the stand-ins first on its path.
    fn agentsess(&self, arguments: &[&str]) -> Command {
        let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
        let mut path = hosts.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = self.project.agentsess(arguments);
        command.env("PATH", path).env("STANDINS", &self.standins);
        command.env_remove("AGENTSESS_NOW");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.agentsess(arguments).output().unwrap()
    }

    /// Expects this exit code; returns what was printed, standard error last.
    fn gives(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }

    fn ok(&self, arguments: &[&str]) -> String {
        self.gives(0, arguments)
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn runs(&self) -> Vec<Value> {
        let runs = self.json(0, &["runs", "--all"]);
        runs["runs"].as_array().unwrap().clone()
    }

    /// The last run on an item.
    fn last(&self, item: &str) -> Value {
        let is = |run: &&Value| {
            let said = run["item"].as_str().unwrap_or("");
            said.starts_with(&format!("{item} "))
        };
        self.runs().iter().find(is).unwrap().clone()
    }

    fn session(&self) -> String {
        let mut files = fs::read_dir(self.project.sessions()).unwrap();
        let is = |path: &PathBuf| path.extension().is_some_and(|end| end == "md");
        let file = files.find_map(|file| Some(file.unwrap().path()).filter(is));
        fs::read_to_string(file.unwrap()).unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.standins.join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn has(&self, item: &str, does: &str) {
        fs::write(self.standins.join(format!("{item}.{does}")), "").unwrap();
    }

    fn no_longer(&self, item: &str, does: &str) {
        fs::remove_file(self.standins.join(format!("{item}.{does}"))).unwrap();
    }

    fn configure(&self, text: &str) {
        self.project.write(".agents/agentsess.toml", text);
    }

    /// Starts it in a process group of its own, as a shell would.
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.agentsess(arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command.spawn().unwrap()
    }

    fn wait_for(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !is(self) {
            assert!(started.elapsed() < Duration::from_secs(60), "not {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn signal(target: &str, signal: &str) {
    let status = Command::new("kill").args([signal, "--", target]).status();
    assert!(status.unwrap().success());
}

#[test]
fn nothing_is_started_before_it_is_trusted_and_trust_is_of_the_content() {
    let work = Work::untrusted();
    let refused = work.gives(2, &["run", "--wave", "1", "--agent", "claude"]);
    assert!(refused.contains("are not trusted"), "{refused}");
    assert!(refused.contains("claude -p '{prompt}'"), "{refused}");
    assert!(refused.contains("--resume '{id}'"), "{refused}");
    assert!(
        refused.contains("hint: agentsess trust agents.claude"),
        "{refused}"
    );
    assert!(refused.contains("codex exec"), "all of them: {refused}");
    let hint = "agents.claude agents.codex agents.gemini agents.copilot agents.opencode";
    assert!(refused.contains(hint), "{refused}");
    assert_eq!(work.calls(), [] as [&str; 0]);
    assert_eq!(work.runs(), [] as [Value; 0]);

    work.configure("[agents.dev]\nhost = 'claude'\n");
    work.ok(&["trust"]);
    let run = ["run", "--agent", "dev", "--item", "BACK-1"];
    work.ok(&run);
    work.configure("[agents.dev]\nhost = 'claude'\nargs = ['--permission-mode', 'plan']\n");
    let refused = work.gives(125, &run);
    assert!(refused.contains("changed since"), "{refused}");
    work.ok(&["trust"]);
    work.ok(&run);
    assert!(work.calls()[1].ends_with("'--permission-mode' 'plan'"));
    // What only goes on with a conversation is a part of it, too.
    work.configure(
        "[agents.dev]\nhost = 'claude'\nargs = ['--permission-mode', 'plan']\n\
         resume = ['./evil', '{id}', '{prompt}']\n",
    );
    assert!(work.gives(125, &run).contains("./evil"));
}

#[test]
fn what_was_trusted_is_what_runs_wherever_it_is_called_from() {
    let work = Work::untrusted();
    let root = work.project.root.canonicalize().unwrap();
    let script = |path: &str, says: &str| {
        let path = work
            .project
            .write(path, &format!("#!/bin/sh\necho {says}; pwd\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    script("bin/ag", "trusted");
    script("sub/bin/ag", "unseen");
    for start in ["['./bin/ag', '{prompt}']", "['sh', 'bin/ag', '{prompt}']"] {
        work.configure(&format!("[agents.dev]\nstart = {start}\n"));
        work.ok(&["trust"]);
        let run = ["run", "--agent", "dev", "--item", "BACK-1"];
        let mut command = work.agentsess(&run);
        let said = command.current_dir(root.join("sub")).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert_eq!(said, format!("trusted\n{}\n", root.display()), "{start}");
        let below = work.ok(&[&["-C", "sub"], &run[..]].concat());
        assert!(below.starts_with("trusted\n"), "{start}: {below}");
    }
}

#[test]
fn each_program_begins_and_goes_on_and_says_what_came_of_it() {
    let work = Work::new();
    for host in HOSTS {
        let names = |name: &str| format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let name = names(host).replace("Opencode", "OpenCode");
        work.has("BACK-1", "fail");
        let out = work.json(1, &["run", "--agent", host, "--item", "BACK-1"]);
        assert_eq!(out["status"], "failed", "{host}: {out}");
        let id = out["conversation"].as_str().unwrap().to_owned();
        assert!(
            work.standins.join(format!("{host}-{id}")).exists(),
            "{host}"
        );
        assert_eq!(out["resumable"], true, "{host}");
        work.no_longer("BACK-1", "fail");
        // The model is no such one: what it says of that is what is known.
        let out = work.json(
            1,
            &[
                "run",
                "--agent",
                host,
                "--item",
                "BACK-2",
                "--model",
                "no-such-model",
            ],
        );
        let summary = out["summary"].as_str().unwrap();
        assert!(summary.contains("no-such-model"), "{host}: {summary}");
        assert_eq!(out["model"], "no-such-model");

        let out = work.json(0, &["runs", "fix", "BACK-1", "--resume"]);
        let run = &out["runs"][0];
        assert_eq!(run["conversation"], id.as_str(), "{host}");
        assert_eq!(run["summary"], format!("{name} did BACK-1."), "{host}");
        assert_eq!(run["agent"], host);
        // It is ticked by now; the next one begins with it again.
        let session = work.session().replace("[x] BACK-1 ", "[ ] BACK-1 ");
        fs::write(path_of(&work), session).unwrap();
    }
    let resumed = work.calls().into_iter().filter(|call| {
        ["--resume", "'resume'", "--session'"]
            .iter()
            .any(|word| call.contains(word))
    });
    assert_eq!(resumed.count(), HOSTS.len());
}

fn path_of(work: &Work) -> PathBuf {
    let mut files = fs::read_dir(work.project.sessions()).unwrap();
    let is = |path: &PathBuf| path.extension().is_some_and(|end| end == "md");
    let file = files.find_map(|file| Some(file.unwrap().path()).filter(is));
    file.unwrap()
}

#[test]
fn a_conversation_that_its_program_does_not_know_any_more_is_not_offered_again() {
    for host in HOSTS {
        let work = Work::new();
        work.has("BACK-1", "fail");
        let out = work.json(1, &["run", "--agent", host, "--item", "BACK-1"]);
        work.no_longer("BACK-1", "fail");
        let id = out["conversation"].as_str().unwrap();
        fs::remove_file(work.standins.join(format!("{host}-{id}"))).unwrap();
        work.gives(1, &["runs", "fix", "BACK-1", "--resume"]);
        let last = work.last("BACK-1");
        assert_eq!(last["status"], "failed", "{host}");
        // Copilot says so in words that are not its own alone.
        if host != "copilot" {
            assert_eq!(last["resumable"], false, "{host}: {last}");
            let left = work.json(1, &["runs", "fix", "BACK-1", "--resume"]);
            assert_eq!(left["left"][0]["why"], "its conversation is not known");
        }
        work.ok(&["runs", "fix", "BACK-1", "--retry"]);
        assert!(work.session().contains("- [x] BACK-1"), "{host}");
    }
}

#[test]
fn a_prompt_is_data_and_reaches_the_program_as_one_argument() {
    let work = Work::new();
    let evil = "BACK-8 - $(touch pwned) `touch pwned`; 'touch' \"pwned\" --help\u{202e}";
    work.ok(&["task", "add", evil, "--wave", "1"]);
    work.configure(
        "[agents.own]\nstart = ['./own', '--ask', '{prompt}', '--model={model}']\n\
         conversation = '/meta/id'\n",
    );
    let own = work.project.write(
        "own",
        "#!/bin/sh\necho \"$#\" > arguments\nprintf %s \"$2\" > prompt\n\
         echo '{\"meta\":{\"id\":\"own-7\"}}'\necho done\n",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(own, mode).unwrap();
    work.ok(&["trust"]);
    work.ok(&["run", "--agent", "own", "--item", "BACK-8"]);
    let read = |name: &str| fs::read_to_string(work.project.root.join(name)).unwrap();
    assert_eq!(read("arguments"), "2\n");
    let prompt = read("prompt");
    assert!(prompt.starts_with("Do the item of work below."), "{prompt}");
    assert!(prompt.contains("is data from the session file"), "{prompt}");
    assert!(prompt.contains("$(touch pwned)"), "{prompt}");
    assert!(prompt.contains("The provider fails."), "{prompt}");
    assert!(!prompt.contains('\u{202e}'), "{prompt:?}");
    assert!(!work.project.root.join("pwned").exists());
    let last = work.last("BACK-8");
    assert_eq!(last["conversation"], "own-7");
    assert_eq!(last["summary"], "done");
    // Nothing says how it could go on with that.
    assert!(work.session().contains("- [x] BACK-8"));
}

#[test]
fn a_wave_is_worked_off_and_what_is_done_is_ticked() {
    let work = Work::new();
    let refused = work.gives(2, &["run", "--wave", "1"]);
    assert!(refused.contains("BACK-6 - review it"), "{refused}");
    assert!(
        refused.contains("hint: agentsess run --wave 1 --agent claude"),
        "{refused}"
    );
    let refused = work.gives(1, &["run", "--wave", "2"]);
    assert!(refused.contains("Wave 2 is blocked by Wave 1"), "{refused}");
    let refused = work.gives(1, &["run", "--wave", "2", "--agent", "codex"]);
    assert!(
        refused.contains("hint: agentsess run --wave 1 -s weather --agent codex"),
        "{refused}"
    );
    let refused = work.gives(2, &["run", "--wave", "3"]);
    assert!(refused.contains("there is no Wave 3"), "{refused}");
    work.gives(2, &["run", "--wave", "one"]);
    work.gives(2, &["run", "--wave", "1", "--jobs", "none"]);
    work.gives(125, &["run", "--agent", "claude", "--jobs", "none"]);
    assert_eq!(work.calls(), [] as [&str; 0]);

    work.has("BACK-2", "fail");
    let out = work.gives(1, &["run", "--wave", "1", "--agent", "claude"]);
    assert!(
        out.contains("\ncompleted 5 of 6 (83%), 1 remaining\n"),
        "{out}"
    );
    assert!(
        out.ends_with("hint: agentsess runs fix -s weather\n"),
        "{out}"
    );
    assert_eq!(out.matches("started ").count(), 6, "{out}");
    let session = work.session();
    assert!(session.contains("- [x] BACK-1 "), "{session}");
    assert!(session.contains("- [ ] BACK-2 "), "{session}");
    assert!(session.contains("- [x] BACK-61 "), "nested: {session}");
    assert!(
        session.contains("### Wave 1: Fallback (ACTIVE)"),
        "{session}"
    );
    assert_eq!(
        session.matches("/run\n").count(),
        6,
        "one entry a run: {session}"
    );
    assert!(
        session.contains("summary: \"failed (exit 1)\""),
        "{session}"
    );
    // Nothing but what failed is left, and nobody says what is to become of it.
    let refused = work.gives(1, &["run", "--wave", "1", "--agent", "claude"]);
    assert!(refused.contains("1 item failed before"), "{refused}");
    assert!(refused.contains("stream disconnected"), "{refused}");
    assert!(refused.contains("--on-failed fix"), "{refused}");
    assert_eq!(work.calls().len(), 6);
    let left = work.gives(1, &["run", "--wave", "1", "--on-failed", "continue"]);
    assert!(
        left.contains("completed 0 of 1 (0%), 1 remaining"),
        "{left}"
    );
    work.gives(1, &["run", "--wave", "1", "--on-failed", "abort"]);
    assert_eq!(work.calls().len(), 6);
    work.no_longer("BACK-2", "fail");
    let fixed = work.ok(&["run", "--wave", "1", "--on-failed", "fix"]);
    assert!(
        fixed.contains("completed 1 of 1 (100%), 0 remaining"),
        "{fixed}"
    );
    assert!(
        work.calls()[6].contains("'resume'"),
        "its conversation goes on"
    );
    let session = work.session();
    assert!(session.contains("### Wave 1: Fallback (DONE)"), "{session}");
    assert!(session.contains("### Wave 2: Later (ACTIVE)"), "{session}");
    assert!(
        work.ok(&["run", "--wave", "1"])
            .contains("completed 0 of 0 (100%)")
    );
    work.ok(&[
        "lint",
        "--fail-on",
        "warning",
        "--ignore",
        "several-active-waves",
    ]);
}

#[test]
fn all_that_is_open_is_done_wave_after_wave() {
    let work = Work::new();
    let out = work.json(0, &["run", "--all-open", "--agent", "codex", "--jobs", "6"]);
    assert_eq!(out["completed"], 7);
    assert_eq!(
        (&out["remaining"], &out["percent"]),
        (&0.into(), &100.into())
    );
    let item = |run: &Value| run["item"].as_str().unwrap()[..6].to_owned();
    let runs: Vec<_> = out["runs"].as_array().unwrap().iter().map(item).collect();
    assert_eq!(runs.last().unwrap(), "BACK-7", "{runs:?}");
    let started = |item: &str| work.last(item)["started_at"].as_str().unwrap().to_owned();
    assert!((1..=6).all(|n| started("BACK-7") >= started(&format!("BACK-{n}"))));
    assert!(work.session().contains("### Wave 2: Later (DONE)"));
    // What comes after a wave that is not done is not begun.
    let work = Work::new();
    work.has("BACK-1", "fail");
    let out = work.json(1, &["run", "--all-open", "--agent", "codex"]);
    assert_eq!((&out["completed"], &out["total"]), (&5.into(), &7.into()));
    assert_eq!(out["left"][0]["item"], "BACK-7 - tidy up @claude");
    assert_eq!(out["left"][0]["why"], "it was not started");
}

#[test]
fn no_more_are_started_at_once_than_may_run_and_none_after_enough_failures() {
    let work = Work::new();
    for item in 1..=6 {
        work.has(&format!("BACK-{item}"), "fail");
    }
    let words = [
        "run",
        "--wave",
        "1",
        "--agent",
        "claude",
        "--jobs",
        "1",
        "--max-failures",
        "2",
    ];
    let out = work.gives(1, &words);
    assert_eq!(out.matches("started ").count(), 2, "{out}");
    assert!(out.contains("completed 0 of 6 (0%), 6 remaining"), "{out}");
    assert!(
        out.contains("not done: BACK-3 - switch over @gemini (it was not started)"),
        "{out}"
    );

    let work = Work::new();
    work.configure("[agents.claude]\nmax-parallel = 1\n");
    work.ok(&["trust", "agents.claude"]);
    work.has("BACK-1", "hang");
    let mut child = work.start(&["run", "--wave", "1", "--agent", "claude", "--jobs", "9"]);
    work.wait_for("the others done", |work| {
        work.session().matches("[x] BACK-").count() == 4
    });
    // The other item of the same agent has to wait.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        work.calls()
            .iter()
            .filter(|call| call.starts_with("claude"))
            .count(),
        1
    );
    signal(&child.id().to_string(), "-TERM");
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(work.last("BACK-1")["status"], "interrupted");
}

#[test]
fn a_signal_ends_all_and_the_count_is_told() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let work = Work::new();
        for item in ["BACK-1", "BACK-3"] {
            work.has(item, "hang");
        }
        let child = work.start(&["run", "--wave", "1", "--agent", "claude"]);
        work.wait_for("two hang", |work| {
            let hangs = |item: &str| work.standins.join(format!("{item}.hangs")).exists();
            hangs("BACK-1") && hangs("BACK-3") && work.session().matches("[x] BACK-").count() == 5
        });
        signal(&child.id().to_string(), name);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            said.contains("completed 4 of 6 (67%), 2 remaining\n"),
            "{name}: {said}"
        );
        for item in ["BACK-1", "BACK-3"] {
            let run = work.last(item);
            assert_eq!(
                (&run["status"], &run["resumable"]),
                (&"interrupted".into(), &true.into())
            );
        }
        let left = work.json(0, &["runs", "--running"]);
        assert_eq!(left["runs"].as_array().unwrap().len(), 0);
    }
}

/// Two of six fail, one is killed with whoever watched over it; then all ways to go on until the
/// session can be closed.
#[test]
fn what_is_left_behind_is_found_and_finished_until_the_session_closes() {
    let work = Work::new();
    for item in ["BACK-2", "BACK-4"] {
        work.has(item, "fail");
    }
    work.has("BACK-3", "hang");
    let mut child = work.start(&["run", "--wave", "1", "--agent", "claude", "--jobs", "6"]);
    work.wait_for("three done", |work| {
        let over = |run: &Value| run["status"] != "running" && run["standing"] != "running";
        let session = work.session();
        work.standins.join("BACK-3.hangs").exists()
            && session.matches("[x] BACK-").count() == 4
            && work.runs().iter().filter(|run| over(run)).count() == 5
    });
    let hanging = work.last("BACK-3");
    assert_eq!(hanging["standing"], "running");
    // Nobody can write anything down.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(work.last("BACK-3")["standing"], "unsupervised");
    let refused = work.gives(1, &["handoff", "--state", "Half done."]);
    assert!(refused.contains("still running"), "{refused}");
    signal(&format!("-{}", hanging["pid"]), "-KILL");
    work.wait_for("it is gone", |work| {
        work.last("BACK-3")["standing"] == "interrupted"
    });

    let table = work.gives(1, &["runs", "fix"]);
    let rows: Vec<_> = table.lines().collect();
    assert!(
        rows[0].starts_with("failed ") && rows[0].contains("BACK-2"),
        "{table}"
    );
    assert!(
        rows[1].starts_with("interrupted ") && rows[1].contains("BACK-3"),
        "{table}"
    );
    assert!(
        rows[2].starts_with("failed ") && rows[2].contains("BACK-4"),
        "{table}"
    );
    assert_eq!(
        rows[3], "hint: agentsess runs fix --resume -s weather",
        "{table}"
    );
    let would = work.ok(&["runs", "fix", "--resume", "--dry-run"]);
    let id = hanging["conversation"].as_str().unwrap();
    assert!(
        would.contains(&format!("would resume gemini {id}: BACK-3")),
        "{would}"
    );
    let before = work.calls().len();

    work.no_longer("BACK-2", "fail");
    let out = work.gives(1, &["runs", "fix", "--resume"]);
    assert!(out.contains("completed 2 of 3 (67%), 1 remaining"), "{out}");
    let calls = work.calls().split_off(before);
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(
        calls
            .iter()
            .any(|call| call.contains(&format!("'--resume' '{id}'"))),
        "{calls:?}"
    );

    let out = work.gives(1, &["runs", "fix", "--retry"]);
    assert!(out.contains("copilot failed"), "{out}");
    let again = work.last("BACK-4");
    let out = work.gives(
        1,
        &[
            "runs",
            "fix",
            again["id"].as_str().unwrap(),
            "--agent",
            "opencode",
        ],
    );
    assert!(out.contains("opencode failed"), "{out}");
    work.no_longer("BACK-4", "fail");
    let out = work.ok(&["runs", "fix", "BACK-4", "--agent", "claude"]);
    assert!(out.contains("claude completed"), "{out}");
    assert!(work.ok(&["runs", "fix"]).contains("nothing is incomplete"));

    let session = work.session();
    assert!(session.contains("### Wave 1: Fallback (DONE)"), "{session}");
    assert!(session.contains("### Wave 2: Later (ACTIVE)"), "{session}");
    work.ok(&["run", "--wave", "2"]);
    work.ok(&["log", "All done.", "--state", "All done.", "--agent", "dev"]);
    let closed = work.ok(&["close"]);
    assert!(closed.contains("closed"), "{closed}");
    let left = work.project.snapshot();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_one_agent_did_is_ticked_and_what_it_failed_on_can_be_fixed_wherever_it_stands() {
    let work = Work::new();
    let steps = work.session().replace(
        "\nNone.\n",
        "\n- [ ] BACK-8 - ask them\n- [ ] BACK-9 - call them\n",
    );
    fs::write(path_of(&work), steps).unwrap();
    let out = work.ok(&["run", "--agent", "codex", "--item", "BACK-6"]);
    assert!(out.contains("ticked BACK-6 - review it\n"), "{out}");
    let session = work.session();
    assert!(
        session.contains("- [x] BACK-6 ") && session.contains("- [x] BACK-61 "),
        "{session}"
    );
    // It was opened again.
    fs::write(
        path_of(&work),
        session.replace("[x] BACK-6 ", "[ ] BACK-6 "),
    )
    .unwrap();
    let table = work.gives(1, &["runs", "fix", "BACK-6"]);
    assert!(table.starts_with("completed before "), "{table}");
    assert!(
        table.ends_with("hint: agentsess runs fix BACK-6 --agent codex -s weather\n"),
        "{table}"
    );
    work.ok(&["runs", "fix", "BACK-6", "--agent", "codex"]);

    for item in ["BACK-8", "BACK-9"] {
        work.has(item, "fail");
        work.gives(1, &["run", "--agent", "claude", "--item", item]);
        work.no_longer(item, "fail");
    }
    let table = work.gives(1, &["runs", "fix"]);
    assert!(
        table.contains("BACK-8 - ask them") && table.contains("BACK-9 - call them"),
        "{table}"
    );
    let would = work.ok(&["runs", "fix", "@latest", "--resume", "--dry-run"]);
    assert!(
        would.starts_with("would resume claude ") && would.contains(": BACK-9 - call them\n"),
        "{would}"
    );
    work.ok(&["runs", "fix", "@latest", "--retry"]);
    work.ok(&["runs", "fix", "BACK-8", "--resume"]);
    let session = work.session();
    assert!(
        session.contains("- [x] BACK-8 ") && session.contains("- [x] BACK-9 "),
        "{session}"
    );
}

#[test]
fn what_failed_can_become_a_wave_of_its_own() {
    let work = Work::new();
    work.has("BACK-2", "fail");
    work.has("BACK-6", "fail");
    work.gives(1, &["run", "--wave", "1", "--agent", "claude"]);
    let before = work.session();
    let would = work.ok(&["runs", "fix", "--new-wave", "Second try", "--dry-run"]);
    assert!(would.contains("would move: BACK-2") && would.contains("nothing was changed"));
    let refused = work.gives(2, &["runs", "fix", "--new-wave", "(DONE)"]);
    assert!(
        refused.contains("cannot be the name of a wave"),
        "{refused}"
    );
    assert_eq!(work.session(), before);
    let out = work.ok(&["runs", "fix", "--new-wave", "Second try"]);
    assert!(
        out.starts_with("moved 2 items into Wave 3 of weather"),
        "{out}"
    );
    let session = work.session();
    let (first, third) = session
        .split_once("### Wave 3: Second try (ACTIVE)")
        .unwrap();
    assert!(first.contains("### Wave 1: Fallback (DONE)"), "{session}");
    // It waits for what has taken the place of the wave that it waited for.
    assert!(
        first.contains("### Wave 2: Later (blocked by Wave 3)"),
        "{session}"
    );
    assert!(
        !first.contains("[ ] BACK-2") && third.contains("- [ ] BACK-2"),
        "{session}"
    );
    assert!(
        third.contains("- [ ] BACK-6 - review it\n  - [ ] BACK-61"),
        "{session}"
    );
    work.ok(&["lint"]);
    work.no_longer("BACK-2", "fail");
    work.no_longer("BACK-6", "fail");
    let out = work.ok(&["run", "--wave", "3", "--on-failed", "fix"]);
    assert!(out.contains("completed 2 of 2 (100%)"), "{out}");
    assert!(work.session().contains("### Wave 2: Later (ACTIVE)"));
}

#[test]
fn a_wave_whose_heading_is_misspelled_keeps_its_number() {
    let work = Work::new();
    let misspelled = work
        .session()
        .replace("Later (blocked by Wave 1)", "Later (PENDING)");
    fs::write(path_of(&work), misspelled).unwrap();
    let refused = work.gives(2, &["run", "--wave", "2"]);
    let line = work.session();
    let line = line.lines().position(|line| line.contains("### Wave 2"));
    let place = format!("weather.md:{}:", line.unwrap() + 1);
    assert!(
        refused.contains(&place) && refused.contains("the heading of Wave 2 is not spelled"),
        "{refused}"
    );
    work.has("BACK-2", "fail");
    work.gives(1, &["run", "--wave", "1", "--agent", "claude"]);
    let out = work.ok(&["runs", "fix", "--new-wave", "Again"]);
    assert!(out.starts_with("moved 1 item into Wave 3 of"), "{out}");
}

#[test]
fn what_a_misspelled_heading_may_hold_back_is_not_started() {
    let work = Work::new();
    let session = work.session();
    let all = ["run", "--all-open", "--agent", "claude"];
    let one = ["run", "--wave", "2", "--agent", "claude"];
    for (right, wrong, number) in [
        ("(blocked by Wave 1)", "(Blocked by Wave 1)", 2),
        ("(blocked by Wave 1)", "(BLOCKED BY: Wave 1)", 2),
        ("### Wave 1: Fallback", "### Wave 1 - Fallback", 1),
    ] {
        fs::write(path_of(&work), session.replace(right, wrong)).unwrap();
        for command in [&all[..], &one[..]] {
            let refused = work.gives(2, command);
            let said = format!("the heading of Wave {number} is not spelled");
            assert!(refused.contains(&said), "{wrong}, {command:?}: {refused}");
            assert!(refused.contains("hint: agentsess lint "), "{refused}");
        }
    }
    assert_eq!(work.calls(), [] as [&str; 0]);
    assert_eq!(work.runs(), [] as [Value; 0]);
    // One in which nothing is open holds nobody back.
    let over = session.replace(
        "### Wave 1:",
        "### wave 0: Begun\n- [x] BACK-0 - a\n\n### Wave 1:",
    );
    fs::write(path_of(&work), over).unwrap();
    work.ok(&all);
}

#[test]
fn a_command_that_was_given_by_hand_is_started_again_only_after_it_was_looked_at() {
    let work = Work::new();
    let by_hand = [
        "run",
        "--agent",
        "hand",
        "--item",
        "BACK-1",
        "--env",
        "LEVEL=high",
        "--",
        "sh",
        "-c",
    ];
    let script = "test -e there || exit 3";
    work.gives(3, &[&by_hand[..], &[script]].concat());
    let refused = work.gives(2, &["runs", "fix", "BACK-1", "--retry"]);
    assert!(refused.contains("was given by hand"), "{refused}");
    // What is hinted works here, too.
    let table = work.gives(1, &["runs", "fix", "BACK-1"]);
    let hint = |said: &str| said.lines().last().unwrap().to_owned();
    assert_eq!(hint(&table), hint(&refused), "{table}");
    assert!(
        refused.contains("  sh -c 'test -e there || exit 3'\n"),
        "{refused}"
    );
    assert!(
        refused.contains(
            "hint: agentsess run --agent hand --item 'BACK-1 - cache it @claude' \
             --env LEVEL=\"$LEVEL\" -s weather -- sh -c"
        ),
        "{refused}"
    );
    let dry = ["runs", "fix", "BACK-1", "--retry", "--dry-run"];
    assert_eq!(work.gives(2, &dry), refused);
    let elsewhere = work.gives(2, &["-C", ".agents", "runs", "fix", "BACK-1", "--retry"]);
    assert!(
        elsewhere.contains("hint: agentsess -C '/") && !elsewhere.contains("-C .agents"),
        "{elsewhere}"
    );
    let timed = work.gives(2, &["runs", "fix", "BACK-1", "--retry", "--timeout", "30m"]);
    assert!(timed.contains(" --timeout 30m -s weather -- sh"), "{timed}");
    let left = work.gives(1, &["runs", "fix", "BACK-1", "--resume"]);
    assert!(left.contains("nothing says how `hand` goes on"), "{left}");
    work.project.write("there", "");
    let retry = ["runs", "fix", "BACK-1", "--retry"];
    let (shown, code) = on_a_terminal(&work.project, &retry, &[("Run this again?", "n")]);
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("sh -c 'test -e there || exit 3'"), "{shown}");
    let (shown, code) = on_a_terminal(&work.project, &retry, &[("Run this again?", "y")]);
    assert_eq!(code, 0, "{shown}");
    assert!(work.session().contains("- [x] BACK-1"), "{shown}");
    // What the ledger says is data: neither an id nor a model of it becomes an option.
    let work = Work::new();
    work.has("BACK-1", "fail");
    work.gives(1, &["run", "--agent", "codex", "--item", "BACK-1"]);
    let ledger = work.project.sessions().join(".local/runs/ledger.json");
    let text = fs::read_to_string(&ledger).unwrap();
    let id = work.last("BACK-1")["conversation"]
        .as_str()
        .unwrap()
        .to_owned();
    let evil = text
        .replace(
            &format!("\"conversation\":\"{id}\""),
            "\"conversation\":\"--yolo\"",
        )
        .replace("\"model\":null", "\"model\":\"--yolo\"");
    assert_ne!(evil, text);
    fs::write(&ledger, evil).unwrap();
    work.gives(1, &["runs", "fix", "--resume"]);
    work.gives(1, &["runs", "fix", "--retry"]);
    assert!(!work.calls().join("\n").contains("yolo"));
}

#[test]
fn on_a_terminal_it_is_asked_how_to_go_on() {
    let work = Work::new();
    work.configure("[agents.own]\nstart = ['sh', './own', '{prompt}']\n");
    work.project.write("own", "test -e there\n");
    work.ok(&["trust"]);
    work.gives(1, &["run", "--agent", "own", "--item", "BACK-1"]);
    let fix = ["runs", "fix", "BACK-1"];
    // Ctrl-C ends it, and nothing stays hidden.
    let (shown, code) = on_a_terminal(&work.project, &fix, &[("How to go on", "\u{3}")]);
    assert_eq!(code, -1, "by a signal: {shown}");
    let last = |sequence| shown.rfind(sequence);
    assert!(last("\u{1b}[?25l") <= last("\u{1b}[?25h"), "{shown:?}");
    assert!(!shown.contains("go on with the conversations"), "{shown}");
    let keys = [("How to go on", "\r"), ("Start 1 agent?", "n")];
    let (shown, code) = on_a_terminal(&work.project, &fix, &keys);
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("failed") && shown.contains("BACK-1"),
        "{shown}"
    );
    work.project.write("there", "");
    let keys = [("How to go on", "\r"), ("Start 1 agent?", "y")];
    let (shown, code) = on_a_terminal(&work.project, &fix, &keys);
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("completed 1 of 1 (100%), 0 remaining"),
        "{shown}"
    );
}

#[test]
fn only_what_can_work_is_offered() {
    let work = Work::new();
    // Its conversations have ids, and nothing says how it goes on with one.
    work.configure("[agents.own]\nstart = ['sh', './own', '{prompt}', '{id}']\n");
    work.project.write("own", "exit 1\n");
    work.ok(&["trust"]);
    work.gives(1, &["run", "--agent", "own", "--item", "BACK-2"]);
    let fix = ["runs", "fix", "BACK-2"];
    let said = work.gives(1, &fix);
    assert!(said.contains("fix BACK-2 --retry"), "{said}");
    let (shown, _) = on_a_terminal(&work.project, &fix, &[("How to go on", "\u{1b}")]);
    assert!(!shown.contains("go on with the conversations"), "{shown}");
    assert!(shown.contains("have the same agents start over"), "{shown}");

    work.has("BACK-1", "fail");
    work.gives(1, &["run", "--agent", "claude", "--item", "BACK-1"]);
    let keys = [("How to go on", "\r"), ("Resume 1 conversation?", "n")];
    let (shown, code) = on_a_terminal(&work.project, &["runs", "fix", "BACK-1"], &keys);
    assert_eq!(code, 1, "{shown}");
}

#[test]
fn what_is_being_worked_on_is_said_to_be() {
    let work = Work::new();
    work.configure("[agents.own]\nstart = ['sh', './own', '{prompt}']\n");
    let own =
        "touch begun; for i in $(seq 400); do if [ -e go ]; then exit; fi; sleep 0.05; done\n";
    work.project.write("own", own);
    work.ok(&["trust"]);
    let session = work.session().replace(" (blocked by Wave 1)", "");
    fs::write(path_of(&work), session).unwrap();
    let mut child = work.start(&["run", "--agent", "own", "--item", "BACK-7"]);
    let begun = |work: &Work| work.project.root.join("begun").exists();
    work.wait_for("begun", begun);
    let id = work.last("BACK-7")["id"].as_str().unwrap().to_owned();
    for command in [
        &["run", "--wave", "2"][..],
        &["runs", "fix", "BACK-7", "--retry"],
    ] {
        let said = work.gives(1, command);
        let left = format!("BACK-7 - tidy up @claude (run {id} is at work on it)");
        assert!(said.contains(&left), "{said}");
        assert!(
            said.contains("hint: agentsess runs --running -s "),
            "{said}"
        );
    }
    work.project.write("go", "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn who_is_started_on_an_item_of_another_hears_of_that() {
    let work = Work::new();
    work.has("BACK-1", "hang");
    let mut child = work.start(&["run", "--agent", "claude", "--item", "BACK-1"]);
    work.wait_for("it hangs", |work| {
        work.standins.join("BACK-1.hangs").exists()
    });
    let id = work.last("BACK-1")["id"].as_str().unwrap().to_owned();
    let said = work.ok(&["run", "--agent", "codex", "--item", "BACK-1"]);
    let warning = format!("warning: run {id} of claude is on `BACK-1 - cache it @claude`, too\n");
    assert!(said.contains(&warning), "{said}");
    work.ok(&["runs", "stop", &id]);
    child.wait().unwrap();
    let said = work.ok(&["run", "--agent", "codex", "--item", "BACK-1"]);
    let ticked = "warning: `BACK-1 - cache it @claude` is ticked already\n";
    assert!(said.contains(ticked), "{said}");
}

#[test]
fn what_is_wrong_with_the_ledger_is_said_once() {
    let work = Work::new();
    work.ok(&["run", "--agent", "codex", "--item", "BACK-2"]);
    let ledger = work.project.sessions().join(".local/runs/ledger.json");
    fs::write(ledger, "{\"version\":2,\"runs\":{}}").unwrap();
    for (code, run) in [
        (2, &["run", "--wave", "1", "--agent", "claude"][..]),
        (125, &["run", "--agent", "claude", "--item", "BACK-1"]),
        (125, &["run", "--agent", "claude"]),
    ] {
        let said = work.gives(code, run);
        assert_eq!(said.matches("version 2").count(), 1, "{said}");
    }
}

#[test]
fn on_a_terminal_what_runs_is_drawn_in_place() {
    let work = Work::new();
    work.configure("[agents.own]\nstart = ['sh', './own', '{prompt}']\n");
    work.project.write(
        "own",
        "echo looking; sleep 2; case $1 in *BACK-1*) exit 1;; esac\n",
    );
    work.ok(&["trust"]);
    work.ok(&["task", "add", "BACK-9 - last", "--wave", "2"]);
    let session = work
        .session()
        .replace(" (blocked by Wave 1)", "")
        .replace(" @claude", "");
    fs::write(path_of(&work), session).unwrap();
    let run = ["run", "--wave", "2", "--agent", "own"];
    let (shown, code) = on_a_terminal(&work.project, &run, &[("▶ running", "")]);
    assert_eq!(code, 0, "{shown}");
    let (drawn, rest) = shown.split_once("▶ running").unwrap();
    assert!(drawn.contains("BACK-9 - last"), "{shown}");
    assert!(
        rest.contains("completed 0 of 2 (0%), 2 remaining; 0 failed, 0 waiting"),
        "{shown}"
    );
    assert!(rest.contains("looking"), "what it said last: {shown}");
    // It is taken away line by line, and what stays is below.
    let (_, end) = rest.rsplit_once("\u{1b}[2K").unwrap();
    assert!(!end.contains("▶"), "{shown}");
    assert!(
        end.ends_with("completed 2 of 2 (100%), 0 remaining\r\n"),
        "{end:?}"
    );

    // What failed before is asked about.
    work.gives(1, &["run", "--agent", "own", "--item", "BACK-1"]);
    let run = ["run", "--wave", "1", "--agent", "own"];
    let (shown, code) = on_a_terminal(
        &work.project,
        &run,
        &[("start nothing", "\u{1b}[B\u{1b}[B\r")],
    );
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("nothing was started"), "{shown}");
}

#[test]
fn what_others_do_meanwhile_is_not_done_again() {
    let work = Work::new();
    work.configure("[agents.own]\nstart = ['sh', './own', '{prompt}']\n");
    // The first one does the work of the second, and takes the third away.
    work.project.write(
        "own",
        "item=$(echo \"$1\" | grep -o 'BACK-[0-9]' | head -n 1); echo $item >> items\n\
         if [ $item = BACK-1 ]; then agentsess done BACK-2\n\
         sed -i '/BACK-3/d' .agents/sessions/*.md; fi\n",
    );
    work.ok(&["trust"]);
    let session = work
        .session()
        .replace(" @claude", "")
        .replace(" @codex", "");
    fs::write(path_of(&work), session.replace(" @gemini", "")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_agentsess")).parent().unwrap();
    let mut path = binary.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let words = ["run", "--wave", "1", "--agent", "own", "--jobs", "1"];
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    path.push(":");
    path.push(hosts);
    let output = work.agentsess(&words).env("PATH", path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("completed 5 of 6 (83%), 1 remaining"),
        "{said}"
    );
    assert!(
        said.contains("not done: BACK-3 - switch over (it was left out)"),
        "{said}"
    );
    let items = fs::read_to_string(work.project.root.join("items")).unwrap();
    assert_eq!(items, "BACK-1\nBACK-6\n");
}
