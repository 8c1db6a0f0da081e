//! A file of lines that only grows: what is added is on the disk when adding returns, and a line is there whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

/// Most bytes of a line, its end included.
const LINE_BYTES_MAX: u64 = 1_024;

/// The file, open for adding.
pub(super) struct Lines {
    file: File,
    /// Bytes of the whole lines; what is after them was never acknowledged.
    len: u64,
}

impl Lines {
    /// Opens the file, which is made if it is not there, and hands each line to `take`. What a crash cut off at the end goes.
    ///
    /// # Errors
    /// When the file cannot be read or made; [`io::ErrorKind::InvalidData`] when `take` does not understand a whole line: it
    /// was acknowledged once, so nothing goes on without it.
    pub(super) fn open(path: &Path, mut take: impl FnMut(&str) -> Option<()>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // The name of a new file has to outlast a crash as its lines do.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        let damaged = |number: u64| {
            let path = path.display();
            let what = format!("line {number} of {path} is damaged; restore the file from a backup");
            io::Error::new(io::ErrorKind::InvalidData, what)
        };
        let (mut reader, mut line, mut len) = (BufReader::new(&file), Vec::new(), 0_u64);
        for number in 1_u64.. {
            line.clear();
            let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? as u64;
            let Some(whole) = line.strip_suffix(b"\n") else {
                if read == LINE_BYTES_MAX {
                    return Err(damaged(number));
                }
                break;
            };
            let text = std::str::from_utf8(whole).ok();
            text.and_then(&mut take).ok_or_else(|| damaged(number))?;
            len = len.saturating_add(read);
        }
        let mut lines = Self { file, len };
        if lines.cut()? {
            tracing::warn!(path = %path.display(), "the last line is cut off and was never acknowledged; it goes");
        }
        Ok(lines)
    }

    /// Adds a line. It is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written; the file is then as it was, or is made so before the next line.
    pub(super) fn add(&mut self, line: &str) -> io::Result<()> {
        debug_assert!(!line.contains('\n') && (line.len() as u64) < LINE_BYTES_MAX);
        self.cut()?;
        let whole = format!("{line}\n");
        let written = self.file.write_all(whole.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would spoil the one after it. If it cannot be cut off now, it is before the next.
            let _ = self.cut();
            return Err(error);
        }
        self.len = self.len.saturating_add(whole.len() as u64);
        Ok(())
    }

    /// Cuts off what is after the whole lines, and tells whether there was anything.
    fn cut(&mut self) -> io::Result<bool> {
        if self.file.metadata()?.len() <= self.len {
            return Ok(false);
        }
        self.file.set_len(self.len)?;
        self.file.sync_all()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a case is called, what is in the file, and what is read of it: nothing when it is refused.
    type Case = (&'static str, &'static [u8], Option<&'static [&'static str]>);

    const CASES: &[Case] = &[
        ("nothing", b"", Some(&[])),
        ("two lines", b"a1\na2\n", Some(&["a1", "a2"])),
        ("cut off at the end", b"a1\na", Some(&["a1"])),
        ("cut off in the first line", b"a", Some(&[])),
        ("a line that says nothing", b"a1\n?\na3\n", None),
        ("an empty line", b"a1\n\n", None),
        ("not a text", b"a1\n\xff\n", None),
        ("a line without end", &[b'a'; 5_000], None),
    ];

    #[test]
    fn whole_lines_are_read_and_half_a_line_goes() {
        for (name, bytes, expected) in CASES {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("lines");
            std::fs::write(&path, bytes).expect("a file");
            let mut found = Vec::new();
            let take = |found: &mut Vec<String>, line: &str| {
                line.starts_with('a').then(|| found.push(line.to_owned()))
            };
            let opened = Lines::open(&path, |line| take(&mut found, line));
            let Some(expected) = expected else {
                assert_eq!(opened.err().map(|e| e.kind()), Some(io::ErrorKind::InvalidData), "{name}");
                assert_eq!(&std::fs::read(&path).expect("the file"), bytes, "{name}");
                continue;
            };
            assert_eq!(&found, expected, "{name}");
            opened.expect(name).add("added").expect(name);
            found.clear();
            Lines::open(&path, |line| take(&mut found, line)).expect(name);
            assert_eq!(found, [*expected, &["added"]].concat(), "{name}");
        }
    }
}
