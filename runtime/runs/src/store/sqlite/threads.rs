//! The two threads that speak to SQLite, each with a connection of its own: one writes, one reads.
//!
//! A write is answered when the disk has it, and one wait for the disk serves all who wait: writes that have come
//! together are committed together, each in a savepoint of its own, so that one that fails takes back nothing but
//! itself. In WAL mode readers wait for no writer, and they see all that was answered before they asked.

use std::fs::File;
use std::sync::Arc;
use std::{io, thread};

use rusqlite::{Connection, Error, TransactionBehavior, ffi};
use tokio::sync::{mpsc, oneshot};

use super::Fault;

/// How many requests may wait for a thread before those who ask have to wait themselves.
const QUEUE: usize = 1024;
/// The most writes that are committed together: more would make the first of them wait.
const TOGETHER: usize = 64;

/// The threads. They end when this is dropped.
#[derive(Debug, Clone)]
pub(super) struct Threads {
    writes: mpsc::Sender<Box<dyn Write>>,
    reads: mpsc::Sender<Read>,
}

type Read = Box<dyn FnOnce(&mut Connection) + Send>;

/// A thread has stopped.
pub(super) struct Stopped;

impl Threads {
    /// Both keep `held` open for as long as they live.
    pub(super) fn start(mut writer: Connection, mut reader: Connection, held: File) -> io::Result<Self> {
        let held = Arc::new(held);
        let (reads, mut waiting) = mpsc::channel::<Read>(QUEUE);
        let also_held = held.clone();
        thread::Builder::new().name("store-reads".to_owned()).spawn(move || {
            while let Some(read) = waiting.blocking_recv() {
                read(&mut reader);
            }
            drop(reader);
            drop(also_held);
        })?;
        let (writes, mut waiting) = mpsc::channel::<Box<dyn Write>>(QUEUE);
        thread::Builder::new().name("store".to_owned()).spawn(move || {
            let mut group = Vec::with_capacity(TOGETHER);
            while waiting.blocking_recv_many(&mut group, TOGETHER) > 0 {
                let committed = commit(&mut writer, &mut group);
                for write in group.drain(..) {
                    write.answer(committed.as_ref().copied());
                }
            }
            drop(writer);
            drop(held);
        })?;
        Ok(Self { writes, reads })
    }

    /// Reads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Result<T, Fault>, Stopped> {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            // Whoever asked may have gone away.
            let _ = answer.send(work(connection));
        });
        self.reads.send(read).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }

    /// Writes, all of it or nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Result<T, Fault>, Stopped> {
        let (answer, answered) = oneshot::channel();
        let write = Asked { work: Some(work), value: None, answer };
        self.writes.send(Box::new(write)).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

/// Carries out writes and commits them. Where this fails, none was written.
fn commit(connection: &mut Connection, writes: &mut [Box<dyn Write>]) -> Result<(), Error> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for write in writes {
        let mut savepoint = transaction.savepoint()?;
        match write.carry_out(&savepoint) {
            Ok(()) => savepoint.commit()?,
            // A full or failing disk makes SQLite take back the whole transaction.
            Err(cause) if savepoint.is_autocommit() => return Err(cause.unwrap_or_else(|| again(&Error::InvalidQuery))),
            Err(_) => savepoint.rollback()?,
        }
    }
    transaction.commit()
}

/// A write, whatever it answers.
trait Write: Send {
    /// Does it. An error leaves something to take back; SQLite's is in it.
    fn carry_out(&mut self, connection: &Connection) -> Result<(), Option<Error>>;

    /// Tells whoever asked, once it is known whether it was committed.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);
}

struct Asked<T, W> {
    work: Option<W>,
    value: Option<Result<T, Fault>>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T, W> Write for Asked<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Fault> + Send,
{
    fn carry_out(&mut self, connection: &Connection) -> Result<(), Option<Error>> {
        let value = self.work.take().map(|work| work(connection));
        let carried_out = match &value {
            Some(Ok(_)) => Ok(()),
            Some(Err(Fault::Sql(error))) => Err(Some(again(error))),
            Some(Err(Fault::Store(_))) | None => Err(None),
        };
        self.value = value;
        carried_out
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        let answer = match (self.value, committed) {
            // Why it failed itself says more than why all did.
            (Some(Err(fault)), _) => Err(fault),
            (_, Err(error)) => Err(Fault::Sql(again(error))),
            (Some(Ok(value)), Ok(())) => Ok(value),
            // Never: what was committed was carried out.
            (None, Ok(())) => return,
        };
        // Whoever asked may have gone away.
        let _ = self.answer.send(answer);
    }
}

/// The error once more, for the next who is to be told.
fn again(error: &Error) -> Error {
    match error {
        Error::SqliteFailure(failure, message) => Error::SqliteFailure(*failure, message.clone()),
        other => Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), Some(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::store::StoreError;

    fn threads(folder: &std::path::Path) -> Threads {
        let open = || {
            let connection = Connection::open(folder.join("t.db")).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection
        };
        let writer = open();
        writer.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)").unwrap();
        Threads::start(writer, open(), File::create(folder.join("held")).unwrap()).unwrap()
    }

    fn insert(n: i64) -> impl FnOnce(&Connection) -> Result<i64, Fault> {
        move |connection| {
            connection.execute("INSERT INTO t VALUES (?1)", [n])?;
            Ok(n)
        }
    }

    async fn all(threads: &Threads) -> Vec<i64> {
        let read = |connection: &mut Connection| -> Result<Vec<i64>, Fault> {
            Ok(connection
                .prepare("SELECT n FROM t ORDER BY n")?
                .query_map((), |row| row.get(0))?
                .collect::<Result<_, _>>()?)
        };
        let Ok(Ok(all)) = threads.read(read).await else { panic!("it reads") };
        all
    }

    /// Has the writer wait until what follows is in its queue.
    fn hold(threads: &Threads) -> std::sync::mpsc::Sender<()> {
        let (go, wait) = std::sync::mpsc::channel();
        let (threads, begun) = (threads.clone(), std::sync::mpsc::channel());
        tokio::spawn(async move {
            let held = move |_: &Connection| {
                let _ = begun.0.send(());
                let _ = wait.recv();
                Ok(())
            };
            let _ = threads.write(held).await;
        });
        tokio::task::block_in_place(|| begun.1.recv()).unwrap();
        go
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_fails_takes_back_nothing_but_itself() {
        let folder = tempfile::tempdir().unwrap();
        let threads = threads(folder.path());
        let go = hold(&threads);
        let refused = |connection: &Connection| -> Result<i64, Fault> {
            insert(3)(connection)?;
            Err(StoreError::Failed("refused".into()).into())
        };
        let together = async {
            tokio::join!(
                threads.write(insert(1)),
                threads.write(insert(1)),
                threads.write(refused),
                threads.write(insert(2))
            )
        };
        let release = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(all(&threads).await, [] as [i64; 0], "a reader does not wait, and sees nothing early");
            go.send(()).unwrap();
        };
        let ((one, twice, refused, two), ()) = tokio::join!(together, release);
        assert!(matches!((one, two), (Ok(Ok(1)), Ok(Ok(2)))));
        assert!(matches!(twice, Ok(Err(Fault::Sql(Error::SqliteFailure(failure, _))))
            if failure.code == rusqlite::ErrorCode::ConstraintViolation));
        assert!(matches!(refused, Ok(Err(Fault::Store(_)))));
        assert_eq!(all(&threads).await, [1, 2]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn where_all_is_taken_back_all_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let threads = threads(folder.path());
        let go = hold(&threads);
        // As SQLite does by itself where the disk is full.
        let fatal = |connection: &Connection| -> Result<i64, Fault> {
            connection.execute("INSERT OR ROLLBACK INTO t VALUES (1)", ())?;
            Ok(0)
        };
        let together = async { tokio::join!(threads.write(insert(1)), threads.write(fatal), threads.write(insert(2))) };
        let release = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            go.send(()).unwrap();
        };
        let (told, ()) = tokio::join!(together, release);
        let (Ok(Err(Fault::Sql(first))), Ok(Err(Fault::Sql(second))), Ok(Err(Fault::Sql(third)))) = told else {
            panic!("each is told");
        };
        for error in [first, second, third] {
            assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation), "{error}");
        }
        assert_eq!(all(&threads).await, [] as [i64; 0]);
        assert!(matches!(threads.write(insert(4)).await, Ok(Ok(4))), "it goes on");
    }
}
