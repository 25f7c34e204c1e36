//! Reading, making and replacing single files, each step as careful as the promise needs.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};
use crate::shell;

/// Largest session that is read, in bytes.
pub const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// How temporary files are named; a leading dot keeps them from being sessions.
pub(super) const TEMPORARY: (&str, &str) = (".agentsess-", ".tmp");

/// Whether a file of this name is one that a writer of this program is at work on, or was when it
/// was killed.
pub fn is_leftover(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(TEMPORARY.0.as_bytes()) && name.ends_with(TEMPORARY.1.as_bytes())
}

/// Whether nobody is at work on a file or folder any more: each writer holds a lock on its own.
pub(super) fn is_abandoned(path: &Path) -> bool {
    open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// Opens a file or folder for reading, whatever it is: never a link, and without waiting for
/// whoever may be at the other end.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK))
        .open(path)
}

/// Reads a regular file. A link is refused, and so is what could block or never end.
///
/// # Errors
///
/// When the file is missing, of another kind, larger than [`FILE_LIMIT`], or unreadable.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let reading = |error: &io::Error| {
        if is_link(path) {
            return refuse_link(path);
        }
        let mut failed = Error::io("read the file", path, error);
        if error.kind() == io::ErrorKind::NotFound {
            failed.kind = Kind::NotFound;
            failed.message = "no such file".into();
        }
        failed
    };
    let file = open(path).map_err(|error| reading(&error))?;
    let meta = file.metadata().map_err(|error| reading(&error))?;
    if !meta.is_file() {
        return Err(Error::usage("this is not a regular file").at(path, None));
    }
    if meta.len() > FILE_LIMIT {
        return Err(too_large(path, meta.len()));
    }
    let size = usize::try_from(meta.len()).unwrap_or(0);
    // A byte more than it says, so that one read shows whether it has grown.
    let mut bytes = Vec::with_capacity(size + 1);
    while bytes.len() <= size {
        let read = rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes));
        match read {
            Ok(0) => return Ok(bytes),
            Ok(_) if bytes.len() == size => return Ok(bytes),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(reading(&error.into())),
        }
    }
    file.take(FILE_LIMIT - meta.len())
        .read_to_end(&mut bytes)
        .map_err(|error| reading(&error))?;
    Ok(bytes)
}

/// Reads the beginning of a regular file, `limit` bytes or all if it has no more, in one call.
///
/// # Errors
///
/// As for [`read`].
pub(super) fn read_start(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let start = || {
        let file = open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::with_capacity(limit);
        rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))?;
        Ok(bytes)
    };
    // Whatever is wrong, the other one says.
    start().or_else(|_: io::Error| read(path))
}

/// The error for a session of more than [`FILE_LIMIT`] bytes.
pub fn too_large(path: &Path, size: u64) -> Error {
    Error::usage(format!(
        "the file has {size} bytes, more than the {FILE_LIMIT} a session may have; move what is not \
         coordination, such as command output, to another file"
    ))
    .at(path, None)
}

/// Makes a file that appears whole or not at all, never in place of another one.
pub(super) fn create(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let folder = folder_of(path);
    let temporary = write_temporary(path, bytes, mode.unwrap_or(0o666))?;
    if let Some(mode) = mode {
        chmod(temporary.as_file(), path, mode)?;
    }
    temporary.persist_noclobber(path).map_err(|error| {
        if error.error.kind() == io::ErrorKind::AlreadyExists {
            Error::new(Kind::Ambiguous, "this file exists already").at(path, None)
        } else {
            Error::io("create the file", path, &error.error)
        }
    })?;
    sync_folder(folder)
}

/// Makes a file or replaces it, whatever it holds. For this work tree's own state only.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = write_temporary(path, bytes, 0o600)?;
    temporary
        .persist(path)
        .map_err(|error| Error::io("replace the file", path, &error.error))?;
    sync_folder(folder_of(path))
}

/// The same without waiting for the disk, for what does no harm if a power failure takes it.
pub(super) fn put_passing(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_beside(path, bytes, 0o600)?;
    temporary
        .persist(path)
        .map_err(|error| Error::io("replace the file", path, &error.error))?;
    Ok(())
}

/// Replaces a file that has the bytes `old`. Returns false, and changes nothing, if it has others
/// by now.
pub(super) fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<bool> {
    let meta =
        fs::symlink_metadata(path).map_err(|error| Error::io("replace the file", path, &error))?;
    if meta.is_symlink() {
        return Err(refuse_link(path));
    }
    refuse_read_only(path, &meta)?;
    let mode = meta.permissions().mode() & 0o7777;
    let temporary = write_temporary(path, new, 0o600)?;
    chmod(temporary.as_file(), path, mode)?;
    let own = temporary.as_file().metadata();
    if own.is_ok_and(|own| own.uid() != meta.uid() || own.gid() != meta.gid()) {
        // As root in a container, leave the file to the user it belongs to. Without the right to
        // do so the file still is the user's who runs this.
        let _ = std::os::unix::fs::fchown(temporary.as_file(), Some(meta.uid()), Some(meta.gid()));
    }
    if read(path)? != old {
        return Ok(false);
    }
    temporary
        .persist(path)
        .map_err(|error| Error::io("replace the file", path, &error.error))?;
    sync_folder(folder_of(path))?;
    Ok(true)
}

/// The folder's mode decides whether a rename succeeds, and root may write everything; the file's own
/// mode is what its owner said about it.
pub(super) fn refuse_read_only(path: &Path, meta: &Metadata) -> Result<()> {
    if meta.permissions().mode() & 0o222 != 0 {
        return Ok(());
    }
    let word = shell::word(&path.display().to_string());
    Err(Error::new(Kind::Io, "the file is read-only")
        .at(path, None)
        .hint(format!("chmod u+w {word}")))
}

/// Removes a file that has the bytes `expected`. Returns false, and removes nothing, if it has
/// others by now.
pub(super) fn remove(path: &Path, expected: &[u8]) -> Result<bool> {
    if read(path)? != expected {
        return Ok(false);
    }
    fs::remove_file(path).map_err(|error| Error::io("remove the file", path, &error))?;
    sync_folder(folder_of(path))?;
    Ok(true)
}

/// Whether this file can be made in a folder, as far as the operating system says without trying.
///
/// # Errors
///
/// When it says that they cannot.
pub(super) fn probe(folder: &Path, file: &Path) -> Result<()> {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)
        .map_err(|error| Error::io("write to the folder", file, &error.into()))
}

/// Makes the entries of a folder durable. It comes after what changed them, which a failure does
/// not take back.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| sync(&folder, File::sync_all));
    synced.map_err(|error| {
        let mut failed = Error::io("sync the folder", folder, &error).hint("sync");
        failed.message += "; what was written to it stays changed, unless the power fails";
        failed
    })
}

/// Makes a file or folder durable, as far as its file system can: on macOS the standard library
/// asks for more than most that are mounted from elsewhere know.
fn sync(file: &File, all: fn(&File) -> io::Result<()>) -> io::Result<()> {
    const UNKNOWN: [Errno; 4] = [Errno::INVAL, Errno::NOTSUP, Errno::NOTTY, Errno::OPNOTSUPP];
    match all(file) {
        Err(error)
            if Errno::from_io_error(&error).is_some_and(|error| UNKNOWN.contains(&error)) =>
        {
            Ok(rustix::fs::fsync(file)?)
        }
        synced => synced,
    }
}

/// Makes a folder, its missing parents included; `folder` may exist.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
            Err(Error::io("create the folder", folder, &error))
        }
        _ => sync_folder(folder.parent().unwrap_or(folder)),
    }
}

/// The open(2) flags as the standard library takes them.
pub(super) fn flags(flags: OFlags) -> i32 {
    // The flags are small positive numbers on every system.
    i32::try_from(flags.bits()).unwrap_or(0)
}

pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink())
}

/// The error for a session that is a symbolic link.
pub fn refuse_link(path: &Path) -> Error {
    Error::usage("this is a symbolic link, which a session must not be").at(path, None)
}

fn write_temporary(path: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile> {
    let temporary = temporary_beside(path, bytes, mode)?;
    sync(temporary.as_file(), File::sync_data)
        .map_err(|error| Error::io("write the file", path, &error))?;
    Ok(temporary)
}

fn temporary_beside(path: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile> {
    let failed = |error: &io::Error| Error::io("write the file", path, error);
    let mut temporary = tempfile::Builder::new()
        .prefix(TEMPORARY.0)
        .suffix(TEMPORARY.1)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder_of(path))
        .map_err(|error| failed(&error))?;
    // Where files cannot be locked, a leftover of it is not recognised, and that is all.
    let _ = temporary.as_file().try_lock();
    temporary.write_all(bytes).map_err(|error| failed(&error))?;
    Ok(temporary)
}

fn chmod(file: &File, path: &Path, mode: u32) -> Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(|error| Error::io("set the mode of the file", path, &error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}
