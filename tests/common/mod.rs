//! A project in a temporary folder and the built binary in it, cut off from the user's settings.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const NOW: &str = "2025-12-04T14:30:00Z";

pub struct Project {
    folder: tempfile::TempDir,
    pub root: PathBuf,
}

impl Project {
    /// A folder without git.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A space, because paths have them.
        let root = folder.path().canonicalize().unwrap().join("the project");
        fs::create_dir(&root).unwrap();
        Self { folder, root }
    }

    /// A git repository with one commit.
    pub fn git() -> Self {
        let project = Self::bare();
        project.git_run(&["init", "-q", "-b", "main"]);
        project.write("src/lib.rs", "pub fn answer() -> u32 { 42 }\n");
        project.commit("first");
        project
    }

    pub fn git_run(&self, arguments: &[&str]) {
        let output = self.isolated("git").args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub fn commit(&self, message: &str) {
        self.git_run(&["add", "-A"]);
        self.git_run(&["commit", "-q", "-m", message]);
    }

    /// The binary, ready to be given arguments.
    pub fn agentsess(&self, arguments: &[&str]) -> Command {
        let mut command = self.isolated(env!("CARGO_BIN_EXE_agentsess"));
        command.args(arguments);
        command
    }

    pub fn isolated(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .env("USER", "dev")
            .env("AGENTSESS_NOW", NOW)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_AUTHOR_DATE", NOW)
            .env("GIT_COMMITTER_DATE", NOW)
            .env("GIT_AUTHOR_NAME", "dev")
            .env("GIT_AUTHOR_EMAIL", "dev@example.com")
            .env("GIT_COMMITTER_NAME", "dev")
            .env("GIT_COMMITTER_EMAIL", "dev@example.com")
            .stdin(Stdio::null())
            .current_dir(&self.root);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.agentsess(arguments).output().unwrap()
    }

    /// The same for what might wait forever: ends it and fails then.
    pub fn run_promptly(&self, arguments: &[&str]) -> Output {
        let mut command = self.agentsess(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                panic!("{arguments:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }

    /// Runs a line of shell with the binary on its path, or the one in the folder that
    /// `AGENTSESS_INSTALLED` names. Returns what it prints, standard error last, and `? N` if the
    /// exit code N is not 0.
    pub fn shell(&self, script: &str) -> String {
        let built = Path::new(env!("CARGO_BIN_EXE_agentsess")).parent().unwrap();
        let installed = std::env::var_os("AGENTSESS_INSTALLED");
        let mut path = installed.unwrap_or_else(|| built.as_os_str().to_owned());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = self.isolated("sh");
        let output = command
            .args(["-c", script])
            .env("PATH", path)
            .output()
            .unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        text += &String::from_utf8(output.stderr).unwrap();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if !output.status.success() {
            writeln!(text, "? {}", output.status.code().unwrap_or(-1)).unwrap();
        }
        text
    }

    /// Runs and expects success; returns standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects this exit code; returns standard output and error together.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }

    pub fn sessions(&self) -> PathBuf {
        self.root.join(".agents/sessions")
    }

    pub fn session(&self, slug: &str) -> PathBuf {
        self.sessions().join(format!("20251204-143000-{slug}.md"))
    }

    pub fn read(&self, slug: &str) -> String {
        fs::read_to_string(self.session(slug)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// All files of the sessions folder with their content, the tool's own state aside.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(self.sessions())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }
}

/// Files that a killed or careless writer would leave behind.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "tmp"))
        .collect()
}

/// Runs in the project on a terminal of its own. Each key is pressed once the text before it has
/// appeared; returns all that was shown, and the exit code.
pub fn on_a_terminal(
    project: &Project,
    arguments: &[&str],
    keys: &[(&str, &str)],
) -> (String, i32) {
    use std::io::{Read, Write};

    let master =
        rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY);
    let master = master.unwrap();
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
    let open = || {
        let terminal = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap());
        Stdio::from(terminal.unwrap())
    };
    let mut command = project.agentsess(arguments);
    command
        .env("TERM", "xterm")
        .stdin(open())
        .stdout(open())
        .stderr(open());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut master = fs::File::from(master);
    let mut reader = master.try_clone().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            let _ = sender.send(String::from_utf8_lossy(&buffer[..read]).into_owned());
        }
    });
    let (mut shown, mut seen) = (String::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    for (text, key) in keys {
        while !shown[seen..].contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let new = receiver.recv_timeout(left);
            shown += &new.unwrap_or_else(|_| panic!("no `{text}` in {shown}"));
        }
        // What is shown is read before anything is pressed.
        while let Ok(new) = receiver.recv_timeout(Duration::from_millis(150)) {
            shown += &new;
        }
        seen = shown.len();
        master.write_all(key.as_bytes()).unwrap();
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    while let Ok(new) = receiver.recv_timeout(Duration::from_millis(300)) {
        shown += &new;
    }
    (shown, code)
}
