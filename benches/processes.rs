//! What a user waits for, as whole processes: `cargo bench --bench processes`.
//!
//! A number from another day or another machine says little, so each one stands beside a floor
//! measured in the same run, alternating with it: the least that any program would have to do for
//! the same effect, in a process of its own. The floors are this program itself, started again
//! with an argument.
//!
//! `cargo bench --bench processes -- [--quick] [start] [lint] [list] [hook] [log] [run]`
//!
//! With `--corpus FOLDER` it only writes down what it would measure; `benches/compare.py` measures
//! other programs on it.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Seek as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rayon::prelude::*;

mod corpus;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const AGENTSESS: &str = env!("CARGO_BIN_EXE_agentsess");
const FOLDER: &str = ".agents/sessions";
const FLOOR_SCAN: &str = "--floor-scan";
const FLOOR_REPLACE: &str = "--floor-replace";
const CORPUS: &str = "--corpus";
/// A lint that found something has done its work as well.
const CHECKED: &[i32] = &[0, 1];
const LARGE: usize = 5_000_000;
/// Sessions of a busy project.
const SOME: usize = 500;
const ENTRY: &str = "The fallback answers within 200 ms; its test runs in CI.";

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [FLOOR_SCAN, folder] => return floor_scan(Path::new(folder)),
        [FLOOR_REPLACE, file] => return floor_replace(Path::new(file)),
        ["--bench", CORPUS, folder] | [CORPUS, folder, "--bench"] => {
            return write_corpus(Path::new(folder));
        }
        _ => {}
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    // Without `--bench` cargo wants to know whether this still runs, not how fast it is.
    let quick = has("--quick") || !has("--bench");
    let mut names = arguments.iter().filter(|name| !name.starts_with('-'));
    let wanted = |what: &str| {
        names.clone().next().is_none() || names.any(|name| what.contains(name.as_str()))
    };
    print!("{}", report(quick, wanted)?);
    Ok(())
}

/// How often, and on how much.
struct Extent {
    starts: usize,
    files: usize,
    lints: usize,
    logs: usize,
}

fn report(quick: bool, mut wanted: impl FnMut(&str) -> bool) -> Result<String> {
    let extent = if quick {
        Extent {
            starts: 20,
            files: 1_000,
            lints: 3,
            logs: 20,
        }
    } else {
        Extent {
            starts: 300,
            files: 10_000,
            lints: 21,
            logs: 300,
        }
    };
    // Beside the build, because a temporary folder may be in memory, where syncing costs nothing.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut report = Report::new();
    if wanted("start") {
        start(&extent, home.path(), &mut report)?;
    }
    if wanted("lint") {
        lint(&extent, home.path(), &mut report)?;
    }
    if wanted("list") {
        list(&extent, home.path(), &mut report)?;
    }
    if wanted("hook") {
        hook(&extent, home.path(), &mut report)?;
    }
    if wanted("log") {
        log(&extent, home.path(), &mut report)?;
    }
    if wanted("run") {
        run_agent(&extent, home.path(), &mut report)?;
    }
    report.finish()
}

fn start(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    let mut version = program(AGENTSESS, home, home);
    version.arg("--version");
    let nothing = program("true", home, home);
    let times = alternate(extent.starts, &[0], || Ok(()), &mut [version, nothing])?;
    report.times("`agentsess --version`, `true`", times, "≤ 2 ms");
    Ok(())
}

fn lint(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    let many = (0..extent.files).map(corpus::session);
    let bytes = lint_project(extent, home, "many", many, report)?;
    report.notes.push(format!(
        "{} files, {:.1} MB, {} B on average",
        extent.files,
        megabytes(bytes),
        bytes / extent.files,
    ));
    lint_project(
        extent,
        home,
        "large",
        [corpus::sized(LARGE)].into_iter(),
        report,
    )?;
    Ok(())
}

fn list(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    let root = some(home)?;
    let mut list = program(AGENTSESS, &root, home);
    list.arg("list");
    let mut floor = program(std::env::current_exe()?, &root, home);
    floor.args([FLOOR_SCAN, FOLDER]);
    let times = alternate(extent.starts / 5, &[0], || Ok(()), &mut [list, floor])?;
    report.times(&format!("`list`, {SOME} sessions"), times, "");
    Ok(())
}

/// What every conversation with an agent waits for as it starts, here one that is bound to a
/// session.
fn hook(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    const ID: &str = "11111111-1111-4111-8111-111111111111";
    let root = some(home)?;
    let mut bind = program(AGENTSESS, &root, home);
    bind.args(["use", "@latest"])
        .env("CLAUDE_CODE_SESSION_ID", ID);
    run(&mut bind, &[0])?;
    let cwd = root.to_str().ok_or("no text")?;
    let payload = home.join("payload.json");
    fs::write(
        &payload,
        format!(r#"{{"session_id":"{ID}","cwd":"{cwd}","source":"startup"}}"#),
    )?;
    let payload = File::open(&payload)?;
    let mut hook = program(AGENTSESS, &root, home);
    hook.args(["hook", "session-start", "--host", "claude"]);
    hook.stdin(payload.try_clone()?);
    let said = hook.stdout(Stdio::piped()).output()?.stdout;
    if !String::from_utf8_lossy(&said).contains("This conversation works on") {
        return Err("the hook does not know what the conversation works on".into());
    }
    hook.stdout(Stdio::null());
    let mut floor = program(std::env::current_exe()?, &root, home);
    floor.args([FLOOR_SCAN, FOLDER]);
    // Each process reads the payload from its beginning.
    let rewind = || Ok((&payload).rewind()?);
    let times = alternate(extent.starts / 5, &[0], rewind, &mut [hook, floor])?;
    let what = format!("`hook session-start`, {SOME} sessions");
    report.times(&what, times, "≤ 10 ms");
    Ok(())
}

/// A project with as many sessions as a busy one has.
fn some(home: &Path) -> Result<PathBuf> {
    let root = project(home, "some")?;
    for session in (0..SOME).map(corpus::session) {
        fs::write(root.join(FOLDER).join(&session.name), &session.text)?;
    }
    Ok(root)
}

/// The projects that are measured, to be looked at or measured by other programs.
fn write_corpus(home: &Path) -> Result {
    for (name, files) in [("many", 10_000), ("some", SOME), ("large", 0)] {
        let folder = project(home, name)?.join(FOLDER);
        let large = (files == 0).then(|| corpus::sized(LARGE));
        for session in (0..files).map(corpus::session).chain(large) {
            fs::write(folder.join(&session.name), &session.text)?;
        }
    }
    Ok(())
}

fn lint_project(
    extent: &Extent,
    home: &Path,
    name: &str,
    sessions: impl Iterator<Item = corpus::Session>,
    report: &mut Report,
) -> Result<usize> {
    let root = project(home, name)?;
    let folder = root.join(FOLDER);
    let mut bytes = 0;
    for session in sessions {
        bytes += session.text.len();
        fs::write(folder.join(&session.name), &session.text)?;
    }
    let mut lint = program(AGENTSESS, &root, home);
    lint.args(["lint", FOLDER]);
    let mut floor = program(std::env::current_exe()?, &root, home);
    floor.args([FLOOR_SCAN, FOLDER]);
    let summary = summary(&mut lint)?;
    report
        .notes
        .push(format!("the lint of {name} ended with: {summary}"));
    lint.stdout(Stdio::null());
    let mut pair = [lint, floor];
    let times = alternate(extent.lints, CHECKED, || Ok(()), &mut pair)?;
    if name == "large" {
        let what = format!("`lint`, one session of {:.1} MB", megabytes(bytes));
        report.times(&what, times, "≤ 20 ms");
        return Ok(bytes);
    }
    let what = format!("`lint`, {} sessions", extent.files);
    report.times(&what, times, "≤ 100 ms, ≤ 2 ×");
    let [lint, floor] = &mut pair;
    let peaks = [peak_memory(lint)?, peak_memory(floor)?];
    report.memory(&format!("{what}, peak memory"), peaks, "≤ 12 MiB");
    Ok(bytes)
}

fn log(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    let root = project(home, "one")?;
    let session = corpus::sized(3_200);
    let path = root.join(FOLDER).join(&session.name);
    // Both start from the same file, of which nothing waits to be written.
    let reset = || -> Result {
        fs::write(&path, &session.text)?;
        File::open(&path)?.sync_all()?;
        File::open(path.parent().ok_or("no folder")?)?.sync_all()?;
        Ok(())
    };
    let mut log = program(AGENTSESS, &root, home);
    log.args(["log", ENTRY]);
    reset()?;
    run(&mut log, &[0])?;
    if !fs::read_to_string(&path)?.contains(ENTRY) {
        return Err("`agentsess log` succeeded and wrote no entry".into());
    }
    let mut floor = program(std::env::current_exe()?, &root, home);
    floor.arg(FLOOR_REPLACE).arg(&path);
    let times = alternate(extent.logs, &[0], reset, &mut [log, floor])?;
    report.times(
        "`log`, a bare write, sync, rename, sync",
        times,
        "≤ 4 ms, ≤ 1.5 ×",
    );
    Ok(())
}

/// What a run costs beside the process that it starts.
fn run_agent(extent: &Extent, home: &Path, report: &mut Report) -> Result {
    let root = project(home, "runs")?;
    let session = corpus::sized(3_200);
    let path = root.join(FOLDER).join(&session.name);
    let ledger = root.join(FOLDER).join(".local/runs");
    let reset = || -> Result {
        fs::write(&path, &session.text)?;
        File::open(&path)?.sync_all()?;
        if ledger.exists() {
            fs::remove_dir_all(&ledger)?;
        }
        Ok(())
    };
    let supervised = |argv: &[&str]| {
        let mut run = program(AGENTSESS, &root, home);
        run.args(["run", "--agent", "dev", "--"]).args(argv);
        run
    };
    reset()?;
    run(&mut supervised(&["true"]), &[0])?;
    if !fs::read_to_string(&path)?.contains("dev completed") {
        return Err("`agentsess run` succeeded and wrote no entry".into());
    }
    let alone = program("true", &root, home);
    let pair = &mut [supervised(&["true"]), alone];
    let times = alternate(extent.logs / 3, &[0], reset, pair)?;
    report.times("`run -- true`, `true`", times, "");
    let mut alone = program("sleep", &root, home);
    alone.arg("0.2");
    let mut run = supervised(&["sleep", "0.2"]);
    let peaks = [peak_memory(&mut run)?, peak_memory(&mut alone)?];
    report.memory("`run -- sleep`, peak memory", peaks, "");
    Ok(())
}

/// Reads all files and counts what starts a section, on as many threads as there are cores.
fn floor_scan(folder: &Path) -> Result {
    let files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .max_depth(1)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let sections = files
        .par_iter()
        .map(|path| {
            let bytes = fs::read(path)?;
            let inner = memchr::memmem::find_iter(&bytes, "\n## ").count();
            Ok(inner + usize::from(bytes.starts_with(b"## ")))
        })
        .try_reduce(|| 0, |a, b| Ok::<_, std::io::Error>(a + b))?;
    println!("{sections}");
    Ok(())
}

/// Replaces a file by its own bytes, durably.
fn floor_replace(path: &Path) -> Result {
    let bytes = fs::read(path)?;
    let folder = path.parent().ok_or("no folder")?;
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary)?;
    std::io::Write::write_all(&mut file, &bytes)?;
    file.sync_data()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A repository of its own, so that nothing is looked for above it.
fn project(home: &Path, name: &str) -> Result<PathBuf> {
    let root = home.join(name);
    fs::create_dir_all(root.join(FOLDER))?;
    let mut git = program("git", &root, home);
    git.args(["init", "--quiet"]);
    run(&mut git, &[0])?;
    Ok(root)
}

/// A command that sees nothing of the user's settings or of a calling agent.
fn program(program: impl AsRef<std::ffi::OsStr>, root: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("AGENTSESS_NOW", corpus::NOW)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs a lint once and returns its last line, so that the report shows what was measured.
fn summary(lint: &mut Command) -> Result<String> {
    let output = lint
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    lint.stderr(Stdio::null());
    expect(lint, output.status, CHECKED)?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    let last = text.lines().rfind(|line| line.starts_with("Checked "));
    Ok(last.unwrap_or("nothing printed").trim().to_owned())
}

fn run(command: &mut Command, accepted: &[i32]) -> Result {
    let status = command.status()?;
    expect(command, status, accepted)
}

fn expect(command: &Command, status: ExitStatus, accepted: &[i32]) -> Result {
    if status.code().is_some_and(|code| accepted.contains(&code)) {
        return Ok(());
    }
    Err(format!("{command:?}: {status}").into())
}

/// Times two commands in turn, so that what disturbs the machine disturbs both.
fn alternate(
    runs: usize,
    accepted: &[i32],
    prepare: impl Fn() -> Result,
    pair: &mut [Command; 2],
) -> Result<[Duration; 2]> {
    let mut times = [Vec::with_capacity(runs), Vec::with_capacity(runs)];
    // The first round fills caches and is not counted.
    for round in 0..=runs {
        for (command, times) in pair.iter_mut().zip(&mut times) {
            prepare()?;
            let started = Instant::now();
            let status = command.status()?;
            let time = started.elapsed();
            expect(command, status, accepted)?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.map(median))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory a process had, in KiB; `None` where the system has no `/proc`.
///
/// The high-water mark goes away with the process, so it is read again and again while it runs.
/// What waiting for a child reports would be no better: it includes the memory of the parent from
/// before the program was loaded.
fn peak_memory(command: &mut Command) -> Result<Option<usize>> {
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok()));
        thread::sleep(Duration::from_micros(200));
    }
    Ok(peak)
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6
}

struct Report {
    table: String,
    notes: Vec<String>,
}

impl Report {
    fn new() -> Self {
        let table = "| what | median | floor median | ratio | budget |\n\
                     | --- | ---: | ---: | ---: | --- |\n";
        Self {
            table: table.to_owned(),
            notes: Vec::new(),
        }
    }

    fn times(&mut self, what: &str, medians: [Duration; 2], budget: &str) {
        let [ours, floor] = medians.map(|time| time.as_secs_f64() * 1e3);
        let _ = writeln!(
            self.table,
            "| {what} | {ours:.2} ms | {floor:.2} ms | {:.2} | {budget} |",
            ours / floor,
        );
    }

    fn memory(&mut self, what: &str, peaks: [Option<usize>; 2], budget: &str) {
        let [Some(ours), Some(floor)] = peaks.map(|peak| peak.map(|kib| megabytes(kib) * 1e6))
        else {
            return;
        };
        let _ = writeln!(
            self.table,
            "| {what} | {:.1} MiB | {:.1} MiB | {:.2} | {budget} |",
            ours / 1024.0,
            floor / 1024.0,
            ours / floor,
        );
    }

    fn finish(mut self) -> Result<String> {
        let cores = thread::available_parallelism()?;
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus
            .lines()
            .find(|line| line.starts_with("model name"))
            .and_then(|line| line.split_once(": "))
            .map_or("unknown processor", |(_, model)| model);
        let system = (std::env::consts::OS, std::env::consts::ARCH);
        self.notes
            .push(format!("{cores} cores, {model}, {} {}", system.0, system.1));
        let mut text = self.table;
        text.push('\n');
        for note in self.notes {
            let _ = writeln!(text, "- {note}");
        }
        Ok(text)
    }
}
