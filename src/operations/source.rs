//! The document that a session started from: which one, what it said then, and what it says now.

use std::path::{Path, PathBuf};

use crate::document::{Body, Document, Source, Span, insert, sha256};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::{self, FILE_LIMIT, Lock, Store};

const PATH: &[&str] = &["session", "source", "path"];
const SHA256: &[&str] = &["session", "source", "sha256"];
const BLOB: &[&str] = &["session", "source", "blob"];

/// The document that a new session starts from.
#[derive(Debug)]
pub(super) struct Origin {
    /// Relative to the root.
    path: String,
    sha256: String,
    /// The id under which git has these bytes, where they are committed.
    blob: Option<String>,
    source: Source,
}

impl Origin {
    /// Reads the document at a path that the user wrote.
    pub fn read(store: &Store, path: &Path) -> Result<Self> {
        let (relative, bytes) = store.read_source(path)?;
        let unnamed = || {
            Error::usage("a path must be UTF-8 to be written down")
                .at(path, None)
                .hint("give the file another name")
        };
        let name = relative.to_str().ok_or_else(unnamed)?.to_owned();
        let blob = store
            .repository
            .as_ref()
            .and_then(|repository| repository.committed(&store.root.join(&relative), &bytes));
        Ok(Self {
            path: name,
            sha256: sha256(&bytes),
            blob,
            source: Source::new(bytes),
        })
    }

    /// Its first heading.
    pub fn title(&self) -> Option<String> {
        let text = self.source.text();
        // Frontmatter of its own is no part of what it says.
        let start = Document::parse(&self.source).body.span.start;
        let body = Body::parse(text, Span::new(start, text.len()));
        let titles = body
            .headings
            .iter()
            .map(|heading| insert::line(&heading.title));
        titles.into_iter().find(|title| !title.is_empty())
    }

    /// What the frontmatter says of it, below `session.source`.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let blob = self.blob.as_deref().map(|blob| ("blob", blob));
        let keys = [("path", self.path.as_str()), ("sha256", &self.sha256)];
        keys.into_iter().chain(blob)
    }

    /// What the Context says of it.
    pub fn provenance(&self) -> String {
        let path = insert::line(&self.path);
        if path.contains('`') {
            return format!("Started from {path}.");
        }
        format!("Started from `{path}`.")
    }

    /// Puts its bytes where they can be found again, unless git has them.
    pub fn keep(&self, store: &Store, lock: &Lock) -> Result<()> {
        match self.blob {
            Some(_) => Ok(()),
            None => store.keep_source(lock, &self.sha256, self.source.bytes()),
        }
    }
}

/// What became of the document since the session started.
#[derive(Debug)]
pub enum Drift {
    /// It is what it was.
    Unchanged {
        /// Its path, relative to the root.
        path: PathBuf,
    },
    /// It says something else now.
    Changed {
        /// Its path, relative to the root.
        path: PathBuf,
        /// What it said.
        before: Source,
        /// What it says.
        after: Source,
    },
}

/// Compares the document that a session started from with what it was then.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`] when the document is gone, or has changed and its former bytes are
/// gone; of kind [`Kind::Usage`] when the session started from no document, or from one that is
/// not in the project.
pub fn drift(store: &Store, name: &str, document: &Document) -> Result<Drift> {
    let frontmatter = &document.frontmatter;
    let file = store.shown(&store.path(name));
    let (Some(path), Some(sha)) = (frontmatter.text(PATH), frontmatter.text(SHA256)) else {
        return Err(Error::usage("the session started from no document")
            .at(&file, None)
            .hint(format!("agentsess show {}", store.selector(name))));
    };
    let blob = frontmatter.text(BLOB);
    let path = PathBuf::from(path);
    let shown = store.shown(&store.root.join(&path));
    let now = match store.read_source(&store.root.join(&path)) {
        Ok((_, bytes)) => bytes,
        Err(error) if error.kind == Kind::NotFound => {
            let word = shell::word(&path.display().to_string());
            let error = Error::new(Kind::Unmet, "the document is gone").at(&shown, None);
            return Err(match kept(store, sha, blob) {
                Some((_, command)) => error.hint(command),
                None => error.hint(format!("git log --stat -- {word}")),
            });
        }
        Err(error) => return Err(error),
    };
    if sha256(&now) == sha {
        return Ok(Drift::Unchanged { path });
    }
    let Some((before, _)) = kept(store, sha, blob) else {
        let word = shell::word(&shown.display().to_string());
        return Err(Error::new(
            Kind::Unmet,
            "the document has changed, and what it said is not kept in this clone",
        )
        .at(&shown, None)
        .hint(format!("git log -p -- {word}")));
    };
    Ok(Drift::Changed {
        path,
        before: Source::new(before),
        after: Source::new(now),
    })
}

/// The bytes with this SHA-256, and the command that prints them: from git, or from the copy.
/// Neither is trusted to be what it is said to be.
fn kept(project: &Store, sha: &str, blob: Option<&str>) -> Option<(Vec<u8>, String)> {
    let is_it = |bytes: &Vec<u8>| sha256(bytes) == sha;
    let from_git = || {
        let blob = blob?;
        let bytes = project
            .repository
            .as_ref()?
            .object(blob, FILE_LIMIT)
            .filter(is_it)?;
        Some((bytes, format!("git cat-file blob {blob}")))
    };
    let from_copy = || {
        let path = project.kept_source(sha)?;
        let bytes = store::read(&path).ok().filter(is_it)?;
        let word = shell::word(&project.shown(&path).display().to_string());
        Some((bytes, format!("cat {word}")))
    };
    from_git().or_else(from_copy)
}
