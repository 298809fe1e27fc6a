//! Work on long answers, which keeps nobody else waiting.

use tokio::task::JoinError;

/// Work on so many bytes is done at once.
const SMALL: usize = 256 << 10;

/// Does work on so many bytes: where they are many it takes its time, and keeps nobody else waiting for it.
pub(crate) async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    if bytes <= SMALL { Ok(work()) } else { tradewire_workers::work(work).await }
}
