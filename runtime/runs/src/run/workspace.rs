//! Where a run's files are written before anybody else sees them.
//!
//! Each run has a folder of its own below the state folder. Files are called by number there, not by the name that
//! the plugin chose. What went wrong once (a full disk, the output limit) keeps the run from succeeding even where
//! the plugin ignores the error: a file that lacks its end is never delivered.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytesize::ByteSize;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter};
use tradewire_disk::with_help;

use super::{FileName, FileNameError};

/// The most entries of a control total, and the most bytes of a name or a value in it.
const MOST_TOTALS: usize = 1000;
const LONGEST_TOTAL: usize = 500;
/// The most bytes of all names and values of a control total.
const ALL_TOTALS: usize = 64 * 1024;
/// As much as is hashed at a time, in bytes.
const PIECE: usize = 256 * 1024;

/// Why a file could not be written. The messages are shown to plugins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The name.
    #[error(transparent)]
    Name(#[from] FileNameError),
    /// The name is taken.
    #[error("there is already a file `{0}` in this run (upper and lower case count as the same)")]
    Twice(String),
    /// The media type.
    #[error("`{}` is not a media type: write one like `text/csv`", .0.escape_debug())]
    ContentType(String),
    /// The control total.
    #[error("the control total of `{file}` cannot be used: {reason}")]
    Total {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Too many bytes.
    #[error("the run's files exceed the limit of {}: raise `output` in the plugin's `limits`", ByteSize(*.0))]
    OutputLimit(u64),
    /// Too many files.
    #[error("the run has more than {0} files: raise `files` in the plugin's `limits`")]
    FileLimit(u32),
    /// A file was begun and not finished.
    #[error("the plugin did not finish the file `{0}`")]
    Unfinished(String),
    /// The export delivers nowhere.
    #[error("the export `{0}` has no `deliver`, so no file can be made: add `deliver = \"<delivery>\"` to it")]
    NoDelivery(String),
    /// The run is over.
    #[error("the run is over")]
    Over,
    /// The disk.
    #[error("cannot write a file of the run: {0}")]
    Disk(String),
}

impl FileError {
    /// Whether a later try may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, FileError::Disk(_))
    }
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// Its name.
    pub name: FileName,
    /// Its media type.
    pub content_type: String,
    /// Where its bytes are.
    pub staged: PathBuf,
    /// How many bytes.
    pub bytes: u64,
    /// Their hash, as lower-case hexadecimal digits.
    pub sha256: String,
    /// Its control total.
    pub totals: Vec<(String, String)>,
}

/// Where a run's files are written. Cheap to clone; all clones write to one place.
#[derive(Debug, Clone)]
pub struct Workspace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    most_bytes: u64,
    most_files: u32,
    /// The export's name, where it delivers nowhere.
    undeliverable: Option<String>,
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    names: HashSet<String>,
    begun: u32,
    bytes: u64,
    unfinished: Vec<(u32, FileName)>,
    finished: Vec<(u32, Produced)>,
    /// What keeps the run from succeeding.
    fault: Option<FileError>,
    over: bool,
}

impl Workspace {
    /// Makes the folder, empty.
    pub(super) async fn create_folder(
        folder: PathBuf,
        most_bytes: u64,
        most_files: u32,
        undeliverable: Option<String>,
    ) -> std::io::Result<Self> {
        fs::create_dir_all(&folder).await?;
        Ok(Self(Arc::new(Shared { folder, most_bytes, most_files, undeliverable, contents: Mutex::default() })))
    }

    /// Begins a file.
    pub async fn create(&self, name: &str, content_type: &str) -> Result<OutputFile, FileError> {
        if let Some(export) = &self.0.undeliverable {
            return Err(self.fault(FileError::NoDelivery(export.clone())));
        }
        let name = FileName::parse(name)?;
        let printable = || content_type.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if content_type.is_empty() || content_type.len() > 127 || !printable() {
            return Err(FileError::ContentType(content_type.chars().take(127).collect()));
        }
        let number = {
            let mut contents = self.contents();
            if contents.over {
                return Err(FileError::Over);
            }
            if contents.begun >= self.0.most_files {
                drop(contents);
                return Err(self.fault(FileError::FileLimit(self.0.most_files)));
            }
            if !contents.names.insert(name.folded()) {
                return Err(FileError::Twice(name.to_string()));
            }
            contents.begun += 1;
            let number = contents.begun;
            contents.unfinished.push((number, name.clone()));
            number
        };
        let staged = self.staged(number);
        let file =
            File::create_new(&staged).await.map_err(|e| self.fault(FileError::Disk(with_help(e).to_string())))?;
        Ok(OutputFile {
            workspace: self.clone(),
            number,
            name,
            content_type: content_type.to_owned(),
            staged,
            file: BufWriter::with_capacity(64 * 1024, file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Takes no more files or bytes, and gives those that are finished, in the order in which they were begun.
    pub(super) fn seal(&self) -> Result<Vec<Produced>, FileError> {
        let mut contents = self.contents();
        contents.over = true;
        if let Some(fault) = &contents.fault {
            return Err(fault.clone());
        }
        if let Some((_, name)) = contents.unfinished.first() {
            return Err(FileError::Unfinished(name.to_string()));
        }
        let mut finished = std::mem::take(&mut contents.finished);
        finished.sort_by_key(|(number, _)| *number);
        Ok(finished.into_iter().map(|(_, produced)| produced).collect())
    }

    /// Removes what was written, where nothing of it is to be delivered: it may be what fills the disk that the run's
    /// end is to be recorded on.
    pub(super) async fn discard(&self) {
        let begun = self.contents().begun;
        for number in 1..=begun {
            let _ = fs::remove_file(self.staged(number)).await;
        }
    }

    fn staged(&self, number: u32) -> PathBuf {
        self.0.folder.join(format!("{number:04}"))
    }

    /// Counts bytes against the limit before they are written.
    fn reserve(&self, bytes: usize) -> Result<(), FileError> {
        let mut contents = self.contents();
        if contents.over {
            return Err(FileError::Over);
        }
        let total = contents.bytes.saturating_add(bytes as u64);
        if total > self.0.most_bytes {
            drop(contents);
            return Err(self.fault(FileError::OutputLimit(self.0.most_bytes)));
        }
        contents.bytes = total;
        Ok(())
    }

    /// Remembers the first thing that keeps the run from succeeding.
    fn fault(&self, error: FileError) -> FileError {
        self.contents().fault.get_or_insert(error.clone());
        error
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file being written. One that is dropped without [`OutputFile::finish`] keeps the run from succeeding.
#[derive(Debug)]
pub struct OutputFile {
    workspace: Workspace,
    number: u32,
    name: FileName,
    content_type: String,
    staged: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl OutputFile {
    /// Its name.
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.workspace.reserve(bytes.len())?;
        for piece in bytes.chunks(PIECE) {
            self.file.write_all(piece).await.map_err(|e| self.disk(e))?;
            self.hash.update(piece);
            self.bytes += piece.len() as u64;
            if bytes.len() > PIECE {
                // Hashing waits for nothing, so the others are let in between.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Ends the file and gives its control total.
    pub async fn finish(mut self, totals: Vec<(String, String)>) -> Result<(), FileError> {
        check_totals(&self.name, &totals)?;
        self.file.flush().await.map_err(|e| self.disk(e))?;
        let produced = Produced {
            name: self.name,
            content_type: self.content_type,
            staged: self.staged,
            bytes: self.bytes,
            sha256: HEXLOWER.encode(&self.hash.finalize()),
            totals,
        };
        let mut contents = self.workspace.contents();
        if contents.over {
            return Err(FileError::Over);
        }
        contents.unfinished.retain(|(number, _)| *number != self.number);
        contents.finished.push((self.number, produced));
        Ok(())
    }

    fn disk(&self, error: std::io::Error) -> FileError {
        self.workspace.fault(FileError::Disk(with_help(error).to_string()))
    }
}

fn check_totals(file: &FileName, totals: &[(String, String)]) -> Result<(), FileError> {
    let refuse = |reason: String| Err(FileError::Total { file: file.to_string(), reason });
    if totals.len() > MOST_TOTALS {
        return refuse(format!("it has more than {MOST_TOTALS} entries"));
    }
    if totals.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > ALL_TOTALS {
        return refuse(format!("its names and values have more than {ALL_TOTALS} bytes together"));
    }
    let mut names = HashSet::new();
    for (name, value) in totals {
        if name.is_empty() || name.len() > LONGEST_TOTAL || value.len() > LONGEST_TOTAL {
            return refuse(format!("a name is empty, or a name or a value has more than {LONGEST_TOTAL} bytes"));
        }
        if name.contains(char::is_control) || value.contains(char::is_control) {
            return refuse("it has control characters".to_owned());
        }
        if !names.insert(name) {
            return refuse(format!("it names `{name}` twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;

    async fn workspace(folder: &Path) -> Workspace {
        Workspace::create_folder(folder.join("run"), 100, 3, None).await.unwrap()
    }

    #[tokio::test]
    async fn finished_files_come_in_the_order_in_which_they_were_begun() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        let mut first = files.create("b.csv", "text/csv").await.unwrap();
        let second = files.create("a.csv", "text/csv").await.unwrap();
        second.finish(vec![]).await.unwrap();
        first.write(b"abc").await.unwrap();
        first.finish(vec![("rows".into(), "1".into())]).await.unwrap();
        let produced = files.seal().unwrap();
        assert_eq!(produced.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["b.csv", "a.csv"]);
        assert_eq!(std::fs::read(&produced[0].staged).unwrap(), b"abc");
        assert_eq!(produced[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[tokio::test]
    async fn names_that_differ_in_case_alone_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        let _open = files.create("Löhne.csv", "text/csv").await.unwrap();
        assert_eq!(files.create("LÖHNE.CSV", "text/csv").await.unwrap_err(), FileError::Twice("LÖHNE.CSV".into()));
    }

    #[tokio::test]
    async fn a_plugin_that_ignores_the_output_limit_does_not_succeed() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        let mut file = files.create("a.csv", "text/csv").await.unwrap();
        file.write(&[b'x'; 90]).await.unwrap();
        assert_eq!(file.write(&[b'x'; 11]).await, Err(FileError::OutputLimit(100)));
        file.finish(vec![]).await.unwrap();
        assert_eq!(files.seal(), Err(FileError::OutputLimit(100)));
        assert!(FileError::OutputLimit(100).to_string().contains("raise `output`"));
    }

    #[tokio::test]
    async fn a_file_that_is_not_finished_keeps_the_run_from_succeeding() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        drop(files.create("a.csv", "text/csv").await.unwrap());
        assert_eq!(files.seal(), Err(FileError::Unfinished("a.csv".into())));
    }

    #[tokio::test]
    async fn nothing_is_written_once_the_run_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        let mut late = files.create("a.csv", "text/csv").await.unwrap();
        let _ = files.seal();
        assert_eq!(late.write(b"x").await, Err(FileError::Over));
        assert_eq!(files.create("b.csv", "text/csv").await.unwrap_err(), FileError::Over);
        assert_eq!(late.finish(vec![]).await, Err(FileError::Over));
    }

    #[tokio::test]
    async fn too_many_files_and_odd_totals_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        for name in ["a", "b"] {
            let file = files.create(name, "text/csv").await.unwrap();
            let twice = vec![("rows".to_owned(), "1".to_owned()); 2];
            assert!(matches!(file.finish(twice).await, Err(FileError::Total { .. })));
        }
        assert!(matches!(files.create("c", "text/\ncsv").await, Err(FileError::ContentType(_))));
        files.create("c", "text/csv").await.unwrap();
        assert_eq!(files.create("d", "text/csv").await.unwrap_err(), FileError::FileLimit(3));
    }

    #[tokio::test]
    async fn totals_are_bounded_together() {
        let folder = tempfile::tempdir().unwrap();
        let files = workspace(folder.path()).await;
        let file = files.create("long", "text/csv").await.unwrap();
        let long = (0..900).map(|number| (number.to_string(), "x".repeat(400))).collect();
        let told = file.finish(long).await.unwrap_err().to_string();
        assert!(told.contains("more than 65536 bytes together"), "{told}");
    }

    #[tokio::test]
    async fn an_export_that_delivers_nowhere_makes_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = Workspace::create_folder(folder.path().join("run"), 100, 3, Some("weekly".into())).await.unwrap();
        let error = files.create("a", "text/csv").await.unwrap_err();
        assert!(error.to_string().contains("`weekly` has no `deliver`"), "{error}");
        assert!(files.seal().is_err());
    }
}
