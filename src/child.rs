//! Programs of others: started without a shell, in a process group of their own, for a limited
//! time; what they say is read up to a limit and never reaches a terminal raw.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// The most that is kept of each stream, in bytes; the rest is read and forgotten.
const KEPT: usize = 64 * 1024;

/// How long a stream may stay open once the program has ended: something that it left running in
/// the background may hold it for ever.
const LINGER: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With exit code 0.
    Success,
    /// With this exit code.
    Failed(i32),
    /// A signal ended it.
    Killed,
    /// It took too long and was killed with its process group.
    TimedOut,
}

/// What came of running a program.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub end: End,
    /// The beginning of its standard output, escape sequences removed.
    pub stdout: String,
    /// The same of its standard error.
    pub stderr: String,
}

impl Said {
    /// The first lines that it said, those of standard error first.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.stderr.lines().chain(self.stdout.lines());
        let lines = lines
            .map(str::trim_end)
            .filter(|line| !line.trim().is_empty());
        lines
            .take(5)
            .map(|line| line.chars().take(200).collect())
            .collect()
    }
}

/// Runs the program that `argv` names in `folder`, with `input` on its standard input.
///
/// # Errors
///
/// When it cannot be started; it has done nothing then.
pub fn run(
    argv: &[String],
    folder: &Path,
    input: Option<&str>,
    limit: Duration,
) -> io::Result<Said> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::other("there is no program"))?;
    log::debug!("runs {argv:?} in {}", folder.display());
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(match input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        let input = input.to_owned();
        // A program need not read what it is given.
        thread::spawn(move || stdin.write_all(input.as_bytes()));
    }
    let (ended, streams) = mpsc::channel::<()>();
    let stdout = child
        .stdout
        .take()
        .map(|stream| collect(stream, ended.clone()));
    let stderr = child.stderr.take().map(|stream| collect(stream, ended));
    let end = wait(&mut child, limit)?;
    let patience = Instant::now() + LINGER;
    // Both readers let go of the channel when their stream ends.
    while let Ok(()) | Err(RecvTimeoutError::Timeout) =
        streams.recv_timeout(patience.saturating_duration_since(Instant::now()))
    {
        if Instant::now() >= patience {
            break;
        }
    }
    let text = |kept: Option<Arc<Mutex<Vec<u8>>>>| {
        let bytes = kept.and_then(|kept| kept.lock().ok().map(|bytes| bytes.clone()));
        let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        anstream::adapter::strip_str(&text).to_string()
    };
    Ok(Said {
        end,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

/// A command with each placeholder, such as `{title}`, filled in.
pub fn filled(argv: &[String], values: &[(&str, &str)]) -> Vec<String> {
    let fill = |word: &String| {
        let mut text = String::new();
        let mut rest = word.as_str();
        // What is filled in is not looked at again.
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at_checked(open).unwrap_or((rest, ""));
            text.push_str(before);
            let found = values.iter().find_map(|(name, value)| {
                let rest = from.strip_prefix('{')?.strip_prefix(name)?;
                Some((rest.strip_prefix('}')?, value))
            });
            rest = if let Some((after, value)) = found {
                text.push_str(value);
                after
            } else {
                text.push('{');
                from.get(1..).unwrap_or("")
            };
        }
        text + rest
    };
    argv.iter().map(fill).collect()
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<End> {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(match status.code() {
                Some(0) => End::Success,
                Some(code) => End::Failed(code),
                None => End::Killed,
            });
        }
        if Instant::now() >= deadline {
            // It may have ended just now; there is nobody to be told then.
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            child.wait()?;
            return Ok(End::TimedOut);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn collect(mut stream: impl Read + Send + 'static, ended: mpsc::Sender<()>) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let result = Arc::clone(&kept);
    thread::spawn(move || {
        let _ended = ended;
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            if let (Ok(mut kept), Some(new)) = (kept.lock(), buffer.get(..read)) {
                let room = KEPT.saturating_sub(kept.len()).min(new.len());
                kept.extend_from_slice(new.get(..room).unwrap_or(&[]));
            }
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let argv = ["a", "{title}", "--x={body}{none}{", "{title"].map(String::from);
        let filled = filled(&argv, &[("title", "{body}"), ("body", "b\n'$(c)")]);
        assert_eq!(filled, ["a", "{body}", "--x=b\n'$(c){none}{", "{title"]);
    }

    fn sh(script: &str, limit: u64) -> (Said, Duration) {
        let argv = ["sh", "-c", script].map(String::from);
        let started = Instant::now();
        let limit = Duration::from_millis(limit);
        let said = run(&argv, Path::new("/"), Some("given"), limit).unwrap();
        (said, started.elapsed())
    }

    #[test]
    fn what_a_program_says_is_read_without_its_colours() {
        let (said, _) = sh("cat; printf '\\033[31mred\\033[0m\\007' >&2; exit 3", 9000);
        assert_eq!((said.end, said.stdout.as_str()), (End::Failed(3), "given"));
        assert_eq!(said.stderr.trim_end_matches('\u{7}'), "red");
    }

    #[test]
    fn who_takes_too_long_is_killed_with_all_that_it_started() {
        let (said, took) = sh("echo begun; sleep 60 & sleep 60", 300);
        assert_eq!((said.end, said.stdout.as_str()), (End::TimedOut, "begun\n"));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }

    #[test]
    fn what_stays_in_the_background_is_not_waited_for() {
        let (said, took) = sh("echo done; sleep 20 &", 9000);
        assert_eq!((said.end, said.stdout.as_str()), (End::Success, "done\n"));
        assert!(took < Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn endless_output_is_bounded() {
        let (said, _) = sh("yes", 300);
        assert_eq!((said.end, said.stdout.len()), (End::TimedOut, KEPT));
        assert_eq!(sh("kill -9 $$", 9000).0.end, End::Killed);
    }
}
