//! Answers that hold something until they are written.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// How much is handed on at a time: the rest waits here, not in the connection's buffer.
const PIECE: usize = 64 * 1024;

/// A body that keeps something, a place or a connection's proof, until its last piece is on its way to the reader. So
/// whoever reads slowly uses up what is theirs, and not the memory of others.
pub fn holding<H: Send + Unpin + 'static>(bytes: impl Into<Bytes>, held: H) -> Body {
    let bytes = bytes.into();
    if bytes.is_empty() {
        return Body::empty();
    }
    Body::new(Holding { bytes, held: Some(held) })
}

struct Holding<H> {
    bytes: Bytes,
    held: Option<H>,
}

impl<H: Unpin> http_body::Body for Holding<H> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let piece = this.bytes.split_to(this.bytes.len().min(PIECE));
        if this.bytes.is_empty() {
            // Before it is written: whoever has read all of it may call again.
            this.held = None;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http_body_util::BodyExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn what_is_held_is_let_go_with_the_last_piece() {
        let held = Arc::new(());
        let mut body = holding(vec![7; PIECE + 1], held.clone());
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), PIECE);
        assert_eq!(Arc::strong_count(&held), 2);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), 1);
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(body.frame().await.is_none());
    }
}
