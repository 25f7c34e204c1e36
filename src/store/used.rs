use super::lock::{LOCAL, local};
use super::{Lock, Store, files, is_session_name};
use crate::error::Result;

/// The file in `.local` that has the name of the session used in this work tree, and a newline.
const USED: &str = "used";

impl Store {
    /// The file name of the session that this work tree uses; a session that is gone is not used.
    pub fn used(&self) -> Option<String> {
        let bytes = files::read(&self.sessions.join(LOCAL).join(USED)).ok()?;
        let name = String::from_utf8(bytes).ok()?;
        let name = name.strip_suffix('\n').unwrap_or(&name);
        let is_session = is_session_name(name) && !name.contains('/');
        (is_session && self.path(name).is_file()).then(|| name.to_owned())
    }

    /// Makes this work tree use a session.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn set_used(&self, lock: &Lock, name: &str) -> Result<()> {
        lock.guards(&self.sessions)?;
        let path = local(&self.sessions)?.join(USED);
        let new = format!("{name}\n");
        let written = match files::read(&path) {
            Ok(old) => files::replace(&path, &old, new.as_bytes()).map(drop),
            Err(_) => files::create(&path, new.as_bytes(), None),
        };
        written.map_err(|error| self.relocate(error))
    }
}
