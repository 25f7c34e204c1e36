//! What is asked of git. Finding the repository, its branch and its work trees only reads the few
//! small files that git itself reads for that; starting `git` would cost more than all the rest of
//! most commands. What needs git's own judgement asks it.

mod change;
mod objects;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use log::debug;
use memchr::memmem;

use crate::error::{Error, Result};

pub use change::merge_file;
pub use objects::{Blob, Entry, Staged};

/// A work tree and the repository it belongs to.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The top folder of this work tree.
    pub top: PathBuf,
    /// This work tree's own part of the repository.
    git_dir: PathBuf,
    /// What all work trees share.
    pub common_dir: PathBuf,
}

/// The variables that git sets for its hooks, and that say which work tree and index are meant.
const LOCATION: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

impl Repository {
    /// The repository that `dir`, an absolute path, lies in.
    pub fn discover(dir: &Path) -> Option<Self> {
        dir.ancestors().find_map(|top| {
            let dot_git = top.join(".git");
            let git_dir = if dot_git.is_dir() {
                dot_git
            } else {
                // Reading anything else might never end.
                let link = dot_git
                    .is_file()
                    .then(|| fs::read_to_string(&dot_git))?
                    .ok()?;
                top.join(link.strip_prefix("gitdir:")?.trim())
            };
            if !git_dir.join("HEAD").exists() {
                return None;
            }
            let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
                Ok(path) => git_dir.join(path.trim()),
                Err(_) => git_dir.clone(),
            };
            let common_dir = fs::canonicalize(&common_dir).unwrap_or(common_dir);
            Some(Self {
                top: top.to_owned(),
                git_dir,
                common_dir,
            })
        })
    }

    /// The branch that is checked out; `None` when the head is detached.
    pub fn branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        let branch = head.strip_prefix("ref: refs/heads/")?.trim_end();
        if branch == ".invalid" {
            // The reftable format keeps the head elsewhere.
            let name = self.run(["symbolic-ref", "--short", "-q", "HEAD"]).ok()?;
            return Some(name.trim_end().to_owned());
        }
        Some(branch.to_owned())
    }

    /// The id of the commit that is checked out; `None` before the first one.
    pub fn head(&self) -> Option<String> {
        let mut found = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        // A name can stand for another one, though hardly anybody does that.
        for _ in 0..5 {
            let Some(name) = found.trim_end().strip_prefix("ref: ") else {
                let id = found.trim_end();
                return is_object_id(id).then(|| id.to_owned());
            };
            found = match fs::read_to_string(self.common_dir.join(name)) {
                Ok(found) => found,
                Err(_) if name.ends_with("/.invalid") => {
                    // As above.
                    self.run(["rev-parse", "--verify", "-q", "HEAD"]).ok()?
                }
                Err(_) => self.packed(name)?,
            };
        }
        None
    }

    /// The id that `packed-refs` has for a name.
    fn packed(&self, name: &str) -> Option<String> {
        let packed = fs::read_to_string(self.common_dir.join("packed-refs")).ok()?;
        let id = |line: &str| Some(line.strip_suffix(name)?.strip_suffix(' ')?.to_owned());
        packed.lines().find_map(id)
    }

    /// The commits that are checked out and were not at `commit`, the last first, each as its short
    /// id and its subject; `None` if the repository does not have `commit`.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn commits_since(&self, commit: &str) -> Result<Option<Vec<String>>> {
        if !is_object_id(commit) || self.run(["cat-file", "-e", commit]).is_err() {
            return Ok(None);
        }
        let range = format!("{commit}..HEAD");
        let format = ["log", "--no-show-signature", "--no-color", "--format=%h %s"];
        let log = self.run(format.into_iter().chain([range.as_str(), "--"]))?;
        Ok(Some(log.lines().map(str::to_owned).collect()))
    }

    /// The paths that differ between `commit`, which the repository has, and the work tree,
    /// relative to the top. Files that git does not track are not among them.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn changed_since(&self, commit: &str) -> Result<Vec<PathBuf>> {
        let output = self.run(["diff", "--no-ext-diff", "--name-only", "-z", commit, "--"])?;
        let paths = output.split('\0').filter(|path| !path.is_empty());
        Ok(paths.map(PathBuf::from).collect())
    }

    /// The branch that the head of `origin` names, as a clone records it.
    pub fn default_branch(&self) -> Option<String> {
        let head = self.common_dir.join("refs/remotes/origin/HEAD");
        let head = fs::read_to_string(head).ok()?;
        let branch = head.strip_prefix("ref: refs/remotes/origin/")?;
        Some(branch.trim_end().to_owned())
    }

    /// Every branch, of this repository and of its remotes (without the remote's name).
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn branches(&self) -> Result<Vec<String>> {
        let format = "--format=%(refname)";
        let refs = self.run(["for-each-ref", format, "refs/heads", "refs/remotes"])?;
        let short = |name: &str| {
            let remote = || name.strip_prefix("refs/remotes/")?.split_once('/');
            let local = name.strip_prefix("refs/heads/");
            local.or_else(|| Some(remote()?.1)).map(str::to_owned)
        };
        Ok(refs.lines().filter_map(short).collect())
    }

    /// The branches whose commits `base` has all, though `base` has gone on since.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn merged_into(&self, base: &str) -> Result<Vec<String>> {
        let merged = format!("--merged=refs/heads/{base}");
        let format = "--format=%(objectname) %(refname:short)";
        let refs = self.run(["for-each-ref", merged.as_str(), format, "refs/heads"])?;
        let lines = refs.lines().filter_map(|line| line.split_once(' '));
        let lines: Vec<_> = lines.collect();
        let tip = lines.iter().find(|(_, name)| *name == base);
        let tip = tip.map(|(tip, _)| *tip);
        let merged = lines.iter().filter(|(commit, _)| Some(*commit) != tip);
        Ok(merged.map(|(_, name)| (*name).to_owned()).collect())
    }

    /// The top folders of all work trees that exist, this one first.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let mut tops = vec![self.top.clone()];
        let main = (self.common_dir.file_name() == Some(OsStr::new(".git")))
            .then(|| self.common_dir.parent().map(Path::to_owned))
            .flatten();
        let mut linked: Vec<PathBuf> = fs::read_dir(self.common_dir.join("worktrees"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let dot_git = fs::read_to_string(entry.path().join("gitdir")).ok()?;
                let dot_git = entry.path().join(dot_git.trim_end());
                fs::canonicalize(dot_git.parent()?).ok()
            })
            .collect();
        linked.sort();
        for top in main.into_iter().chain(linked) {
            if !tops.contains(&top) && top.is_dir() {
                tops.push(top);
            }
        }
        tops
    }

    /// Whether git tracks anything below a folder of this name. The index is searched for the
    /// name before git is asked, which is what every writing command can afford.
    pub fn tracks_below(&self, dir: &Path) -> bool {
        let Some(name) = dir.file_name() else {
            return false;
        };
        let mut needle = name.as_encoded_bytes().to_vec();
        needle.push(b'/');
        let index = fs::read(self.git_dir.join("index")).unwrap_or_default();
        // Version 4 writes of a path only what the one before it has not, and a split index has
        // most paths elsewhere; `link` and the upper half of a length is what tells.
        let whole =
            index.get(4..8) != Some(&[0, 0, 0, 4]) && memmem::find(&index, b"link\0\0").is_none();
        if whole && memmem::find(&index, &needle).is_none() {
            return false;
        }
        let args = [OsStr::new("ls-files"), OsStr::new("--"), dir.as_os_str()];
        self.run(args).is_ok_and(|tracked| !tracked.is_empty())
    }

    /// The paths with uncommitted changes, relative to the top; with `only`, those among them.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn changed(&self, only: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let mut args: Vec<&OsStr> = ["status", "--porcelain=v1", "-z", "--no-renames", "-uall"]
            .map(OsStr::new)
            .to_vec();
        args.push(OsStr::new("--"));
        args.extend(only.iter().map(|path| path.as_os_str()));
        let output = self.run(args)?;
        Ok(output
            .split('\0')
            .filter_map(|line| line.get(3..).filter(|path| !path.is_empty()))
            .map(PathBuf::from)
            .collect())
    }

    /// The paths that a merge left in conflict, relative to the top.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn unmerged(&self) -> Result<BTreeSet<PathBuf>> {
        let output = self.run(["ls-files", "--unmerged", "-z"])?;
        let entries = output.split('\0');
        // Mode, object and stage stand before the tab.
        let paths = entries.filter_map(|entry| Some(entry.split_once('\t')?.1));
        Ok(paths.map(PathBuf::from).collect())
    }

    /// Whether git has the path, a file or a folder, in its index, or had it in a commit before it
    /// was deleted.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn knows(&self, path: &Path) -> Result<bool> {
        let paths = [OsStr::new("--"), path.as_os_str()];
        let list = [OsStr::new("ls-files"), OsStr::new("-z")];
        if !self.run(list.into_iter().chain(paths))?.is_empty() {
            return Ok(true);
        }
        if self.top.join(path).exists() {
            return Ok(false);
        }
        let log = ["log", "-1", "--format=%h"].map(OsStr::new);
        // Before the first commit there is no log.
        Ok(self
            .run(log.into_iter().chain(paths))
            .is_ok_and(|log| !log.is_empty()))
    }

    /// Git at the top of the work tree. Paths among the arguments are taken literally.
    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new("git");
        command
            .arg("--literal-pathspecs")
            .arg("--no-optional-locks")
            .args(args)
            .current_dir(&self.top)
            .env_remove("GIT_PREFIX")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        // Git's hooks may ask about another work tree than the one they run for.
        for variable in LOCATION {
            command.env_remove(variable);
        }
        command
    }

    /// The same command with what a hook was told, if that is about this work tree.
    fn in_hook<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let told = match std::env::var_os("GIT_DIR") {
            Some(dir) => Some(PathBuf::from(dir)),
            None => std::env::current_dir()
                .ok()
                .and_then(|dir| Some(Self::discover(&dir)?.git_dir)),
        };
        let told = told.and_then(|dir| fs::canonicalize(dir).ok());
        if told.is_some() && told == fs::canonicalize(&self.git_dir).ok() {
            let set = |name| Some((name, std::env::var_os(name)?));
            command.envs(LOCATION.into_iter().filter_map(set));
            if let Some(dir) = told {
                // As it was said it may have been relative to another folder.
                command.env("GIT_DIR", dir).env("GIT_WORK_TREE", &self.top);
            }
        }
        command
    }

    fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<String> {
        let output = self.output(&mut self.command(args))?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    fn output(&self, command: &mut Command) -> Result<Vec<u8>> {
        announce(command);
        let output = command
            .output()
            .map_err(|error| Error::io("run git", &self.top, &error))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let first = stderr.lines().next().unwrap_or("no message");
            return Err(Error::usage(format!("git failed: {first}")).at(&self.top, None));
        }
        Ok(output.stdout)
    }
}

fn announce(git: &Command) {
    debug!("runs {git:?}");
}

/// Whether a text is the full id of an object, in SHA-1 or SHA-256.
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
