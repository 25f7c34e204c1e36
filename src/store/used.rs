use super::lock::{LOCAL, local};
use super::{Lock, Store, files, is_session_name};
use crate::error::Result;

/// The file in `.local` that has the name of the session used in this work tree, and a newline.
const USED: &str = "used";

impl Store {
    /// The file name of the session that this work tree uses. The session need not be there any
    /// more.
    pub fn used(&self) -> Option<String> {
        let local = self.sessions.join(LOCAL);
        if files::is_link(&local) {
            return None;
        }
        let bytes = files::read(&local.join(USED)).ok()?;
        let name = String::from_utf8(bytes).ok()?;
        let name = name.strip_suffix('\n').unwrap_or(&name);
        let is_session = is_session_name(name) && !name.contains('/');
        is_session.then(|| name.to_owned())
    }

    /// Makes this work tree use a session, or none.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn use_session(&self, lock: &Lock, name: Option<&str>) -> Result<()> {
        lock.guards(&self.sessions)?;
        let path = local(&self.sessions)?.join(USED);
        let new = name.map(|name| format!("{name}\n"));
        let written = match (files::read(&path), new) {
            (Ok(old), Some(new)) => files::replace(&path, &old, new.as_bytes()).map(drop),
            (Ok(old), None) => files::remove(&path, &old).map(drop),
            (Err(_), Some(new)) => files::create(&path, new.as_bytes(), None),
            (Err(_), None) => Ok(()),
        };
        written.map_err(|error| self.relocate(error))
    }
}
