//! What a run says, on disk, in bounded space: its beginning and its end.
//!
//! The beginning is the file itself. What does not fit there goes to segments beside it, each named
//! by where in the output it begins, of which only the last two are kept; so whatever is killed,
//! the end of the output is there to be read. Once the run has ended all of it is one file, with a
//! line that says how much is left out of the middle.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// How much of the beginning is kept, and how much of the end at least, in bytes.
pub const PART: u64 = 256 * 1024;

/// What stands where something is left out.
const MARK: (&str, &str) = ("\n[agentsess: ", " bytes left out]\n");

/// How much is read at once, in bytes.
const CHUNK: u64 = 64 * 1024;

/// What a run says, as it is written.
#[derive(Debug)]
pub struct Capture {
    path: PathBuf,
    file: Option<File>,
    /// Of everything so far.
    length: u64,
    /// Where the segments begin, the last one being written.
    segments: Vec<u64>,
    error: Option<io::Error>,
}

impl Capture {
    /// Begins a log where there is none.
    ///
    /// # Errors
    ///
    /// When the file is there already, or the operating system refuses.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: Some(create(path)?),
            path: path.to_owned(),
            length: 0,
            segments: Vec::new(),
            error: None,
        })
    }

    /// Adds to it. What cannot be written is left out: whoever says it does not have to care.
    pub fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            let begun = self.segments.last().copied().unwrap_or(0);
            let room = (begun + PART).saturating_sub(self.length);
            if room == 0 {
                if let Err(error) = self.next_segment() {
                    self.error = Some(error);
                }
                continue;
            }
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
            let written = self
                .file
                .as_mut()
                .map_or(Ok(()), |file| file.write_all(now));
            if let Err(error) = written {
                self.error = Some(error);
            }
            self.length += now.len() as u64;
            bytes = later;
        }
    }

    fn next_segment(&mut self) -> io::Result<()> {
        self.file = Some(create(&segment(&self.path, self.length))?);
        self.segments.push(self.length);
        if self.segments.len() > 2 {
            let oldest = self.segments.remove(0);
            fs::remove_file(segment(&self.path, oldest))?;
        }
        Ok(())
    }

    /// Makes one file of it. Returns why it is not all that it should be, if it is not.
    pub fn finish(mut self) -> Option<io::Error> {
        self.file = None;
        let joined = || -> io::Result<()> {
            let Some(first) = self.segments.first() else {
                return Ok(());
            };
            let mut all = OpenOptions::new().append(true).open(&self.path)?;
            if *first > PART {
                let left_out = first - PART;
                all.write_all(format!("{}{left_out}{}", MARK.0, MARK.1).as_bytes())?;
            }
            for begin in &self.segments {
                let path = segment(&self.path, *begin);
                io::copy(&mut File::open(&path)?, &mut all)?;
            }
            for begin in &self.segments {
                fs::remove_file(segment(&self.path, *begin))?;
            }
            Ok(())
        };
        let joined = joined();
        self.error.or(joined.err())
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn segment(path: &Path, begin: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{begin}"));
    name.into()
}

/// A log as it is read, from the beginning on, while it is written or later.
#[derive(Debug)]
pub struct Captured {
    path: PathBuf,
    /// Where in the output the reader is.
    position: u64,
}

/// A file with a part of the output.
struct Piece {
    path: PathBuf,
    /// Where in the output it begins, and where in the file.
    begin: u64,
    skip: u64,
    length: u64,
}

impl Captured {
    /// Reads the log at this path.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            position: 0,
        }
    }

    /// The next bytes, after how many that are left out; nothing where there are no more for now.
    ///
    /// # Errors
    ///
    /// When there is no such log, or the operating system refuses.
    pub fn read(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        // Its pieces are put together while they are read, once at most.
        for _ in 0..3 {
            match self.attempt() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => return result,
            }
        }
        self.attempt()
    }

    fn attempt(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        let pieces = pieces(&self.path)?;
        let next = pieces
            .iter()
            .find(|piece| piece.begin + piece.length > self.position);
        let Some(piece) = next else {
            return Ok(None);
        };
        let left_out = piece.begin.saturating_sub(self.position);
        let within = self.position.saturating_sub(piece.begin);
        let mut file = open(&piece.path)?;
        file.seek(SeekFrom::Start(piece.skip + within))?;
        let mut bytes = Vec::new();
        file.take(CHUNK.min(piece.length - within))
            .read_to_end(&mut bytes)?;
        self.position = piece.begin + within + bytes.len() as u64;
        Ok(Some((left_out, bytes)))
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags).unwrap_or(0))
        .open(path)
}

fn pieces(path: &Path) -> io::Result<Vec<Piece>> {
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut segments = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let other = entry.file_name();
        let other = other.to_string_lossy();
        let begin = other
            .strip_prefix(&*name)
            .and_then(|end| end.strip_prefix('.'));
        if let Some(begin) = begin.and_then(|begin| begin.parse().ok()) {
            segments.push(Piece {
                path: entry.path(),
                begin,
                skip: 0,
                length: entry.metadata()?.len(),
            });
        }
    }
    segments.sort_by_key(|piece| piece.begin);
    let piece = |begin, skip, length| Piece {
        path: path.to_owned(),
        begin,
        skip,
        length,
    };
    let mut mark = String::new();
    if length > PART {
        file.seek(SeekFrom::Start(PART))?;
        let mut bytes = Vec::new();
        (&mut file).take(64).read_to_end(&mut bytes)?;
        mark = String::from_utf8_lossy(&bytes).into_owned();
    }
    let left_out = mark.strip_prefix(MARK.0).and_then(|rest| {
        let (number, _) = rest.split_once(MARK.1)?;
        Some((number.len(), number.parse::<u64>().ok()?))
    });
    let mut pieces = match left_out {
        Some((digits, left_out)) => {
            let skip = PART + (MARK.0.len() + digits + MARK.1.len()) as u64;
            vec![
                piece(0, 0, PART),
                piece(PART + left_out, skip, length.saturating_sub(skip)),
            ]
        }
        None => vec![piece(0, 0, length)],
    };
    pieces.append(&mut segments);
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(captured: &mut Captured) -> (u64, Vec<u8>) {
        let (mut left_out, mut all) = (0, Vec::new());
        while let Some((skipped, bytes)) = captured.read().unwrap() {
            left_out += skipped;
            all.extend(bytes);
        }
        (left_out, all)
    }

    fn on_disk(folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        for length in [0, 10, PART - 1, PART, PART + 1, 2 * PART, 3 * PART] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.log");
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut capture = Capture::create(&path).unwrap();
            for chunk in bytes.chunks(10_000) {
                capture.write(chunk);
            }
            assert_eq!(
                read(&mut Captured::new(&path)),
                (0, bytes.clone()),
                "{length}"
            );
            assert!(capture.finish().is_none());
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(read(&mut Captured::new(&path)), (0, bytes), "{length}");
        }
    }

    #[test]
    fn of_a_flood_beginning_and_end_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut capture = Capture::create(&path).unwrap();
        let mut reader = Captured::new(&path);
        let total = 20 * PART + 77;
        let mut written = 0;
        let mut followed = 0;
        while written < total {
            let count = (total - written).min(50_000);
            let bytes: Vec<u8> = (written..written + count)
                .map(|at| (at % 251) as u8)
                .collect();
            capture.write(&bytes);
            written += count;
            assert!(on_disk(folder.path()) <= 3 * PART + 64);
            if written < 3 * PART {
                followed += read(&mut reader).1.len() as u64;
                assert_eq!(followed, written);
            }
        }
        let is_right = |left_out: u64, all: &[u8]| {
            assert_eq!(left_out + all.len() as u64, total);
            let at = |index: u64| (index % 251) as u8;
            for (index, byte) in all.iter().enumerate() {
                let index = index as u64;
                let index = if index < PART {
                    index
                } else {
                    index + left_out
                };
                assert_eq!(*byte, at(index));
            }
        };
        let (left_out, all) = read(&mut Captured::new(&path));
        is_right(left_out, &all);
        assert!(capture.finish().is_none());
        let (left_out, all) = read(&mut Captured::new(&path));
        is_right(left_out, &all);
        assert!(all.len() as u64 >= 2 * PART);
        let (skipped, rest) = read(&mut reader);
        assert_eq!(followed + skipped + rest.len() as u64, total);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let text = fs::read(&path).unwrap();
        let mark = format!("\n[agentsess: {left_out} bytes left out]\n");
        assert!(text[usize::try_from(PART).unwrap()..].starts_with(mark.as_bytes()));
    }

    #[test]
    fn a_log_is_for_its_user_and_takes_no_other_place() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        Capture::create(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(Capture::create(&path).is_err());
    }
}
