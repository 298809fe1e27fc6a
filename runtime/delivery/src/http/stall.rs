//! Whether a body still moves: a receiver may take an hour for a large file, but not half a minute for nothing.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::fs::File;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::io::ReaderStream;

/// How much is read, and handed on, at a time.
const CHUNK: usize = 64 * 1024;

/// A file that is being sent.
pub(super) struct Watched(watch::Receiver<()>);

impl Watched {
    /// The bytes of the file, and what sees whether they are taken.
    pub(super) fn new(file: File) -> (impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, Self) {
        let (moved, watched) = watch::channel(());
        let bytes = ReaderStream::with_capacity(file, CHUNK).inspect(move |_| _ = moved.send(()));
        (bytes, Self(watched))
    }

    /// Ends when nothing has moved for so long: no bytes were taken or, once all are, nothing happened.
    pub(super) async fn stalled(mut self, longest: Duration) {
        loop {
            match timeout(longest, self.0.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return sleep(longest).await,
                Err(_) => return,
            }
        }
    }
}
