//! A connection that hands on only what is HTTP/1.1 to the letter, and that no slow reader keeps.
//!
//! The bytes of a head are held back until it is whole and has been checked. In place of one that is malformed a request
//! is handed on that carries the reason, so that the answer is made where all answers are; nothing is read after it.

mod chunks;
mod head;

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::io::poll_read_buf;

use chunks::Chunks;
use head::Framing;
pub use head::Malformed;

/// How much is read at a time.
const PIECE: usize = 16 * 1024;
/// Over how long a reader of answers is watched, and the least that it has to take in that time.
const WINDOW: Duration = Duration::from_secs(15);
const LEAST: u64 = 16 * 1024;
/// How long, and for how many bytes, whoever is refused in the middle of a body may go on sending: the answer of a
/// connection that is closed on somebody who sends is lost.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 512 * 1024;

/// A connection whose requests are well-formed.
pub(crate) struct Strict<S> {
    inner: S,
    /// What has been read and not checked.
    held: BytesMut,
    /// How much of a head has been looked through for its lines, and where the latest of these begins.
    seen: usize,
    line: usize,
    /// What has been checked and not handed on.
    ready: BytesMut,
    at: At,
    writing: Option<Writing>,
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

enum At {
    Head,
    /// So many bytes are still to come.
    Body(u64),
    Chunks(Chunks),
    /// Nothing more is read.
    Refused,
    /// In the middle of a body there is no place for a request that carries the reason.
    Broken(Malformed),
    Over,
}

/// An answer that its reader does not take as fast as it comes.
struct Writing {
    until: Pin<Box<Sleep>>,
    taken: u64,
}

impl<S> Strict<S> {
    pub fn new(inner: S) -> Strict<S> {
        let (held, ready) = (BytesMut::new(), BytesMut::new());
        Strict { inner, held, seen: 0, line: 0, ready, at: At::Head, writing: None, lingering: None }
    }

    /// Checks what is held, as far as it goes.
    fn check(&mut self) {
        while !self.held.is_empty() {
            match &mut self.at {
                At::Head => match self.head() {
                    Ok(None) => break,
                    Ok(Some((length, framing))) => {
                        self.ready.extend_from_slice(&self.held.split_to(length));
                        (self.seen, self.line) = (0, 0);
                        self.at = match framing {
                            Framing::Length(0) => At::Head,
                            Framing::Length(length) => At::Body(length),
                            Framing::Chunked => At::Chunks(Chunks::new()),
                        };
                    }
                    Err(malformed) => self.refuse(malformed),
                },
                At::Body(left) => {
                    let piece = usize::try_from(*left).map_or(self.held.len(), |left| left.min(self.held.len()));
                    self.ready.extend_from_slice(&self.held.split_to(piece));
                    self.at = after(*left, piece);
                }
                At::Chunks(chunks) => match chunks.advance(&self.held) {
                    Ok(taken) => {
                        let is_over = chunks.is_over();
                        self.ready.extend_from_slice(&self.held.split_to(taken));
                        if is_over {
                            self.at = At::Head;
                        } else if taken == 0 {
                            break;
                        }
                    }
                    Err(malformed) => self.at = At::Broken(malformed),
                },
                At::Refused | At::Broken(_) | At::Over => self.held.clear(),
            }
        }
    }

    /// The length of the head that is held, once it is whole.
    fn head(&mut self) -> Result<Option<(usize, Framing)>, Malformed> {
        while let Some(end) = self.held[self.seen..].iter().position(|byte| *byte == b'\n').map(|end| self.seen + end) {
            if end == self.line || self.held[end - 1] != b'\r' {
                return Err(Malformed::LineEnd);
            }
            let is_empty = end == self.line + 1;
            (self.seen, self.line) = (end + 1, end + 1);
            if end >= head::LONGEST {
                return Err(Malformed::LongHead);
            }
            if is_empty && end > 1 {
                return head::check(&self.held[..=end]).map(|framing| Some((end + 1, framing)));
            }
            if is_empty {
                // One empty line may stand before a request.
                self.held.advance(2);
                (self.seen, self.line) = (0, 0);
                if self.held.first() == Some(&b'\r') {
                    return Err(Malformed::RequestLine);
                }
            }
        }
        self.seen = self.held.len();
        let is_long = self.held.len() > head::LONGEST;
        match is_long {
            true if self.line == 0 => Err(Malformed::LongTarget),
            true => Err(Malformed::LongHead),
            false => Ok(None),
        }
    }

    fn refuse(&mut self, malformed: Malformed) {
        let (field, number) = (head::FIELD, malformed.number());
        let request = format!("GET / HTTP/1.1\r\nhost: malformed\r\nconnection: close\r\n{field}: {number}\r\n\r\n");
        self.ready.extend_from_slice(request.as_bytes());
        self.at = At::Refused;
    }

    /// Whoever takes less than the least of an answer is let go.
    fn watch_reader(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let writing =
            self.writing.get_or_insert_with(|| Writing { until: Box::pin(tokio::time::sleep(WINDOW)), taken: 0 });
        while writing.until.as_mut().poll(cx).is_ready() {
            if std::mem::take(&mut writing.taken) < LEAST {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is taken too slowly"));
            }
            writing.until.as_mut().reset(Instant::now() + WINDOW);
        }
        Ok(())
    }

    fn wrote(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.watch_reader(cx)?,
            Poll::Ready(Ok(bytes)) => {
                if let Some(writing) = &mut self.writing {
                    writing.taken += *bytes as u64;
                }
            }
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

fn after(left: u64, piece: usize) -> At {
    match left - piece as u64 {
        0 => At::Head,
        left => At::Body(left),
    }
}

/// Why the request with this head was handed on in place of one that is malformed.
pub(crate) fn malformed(headers: &HeaderMap) -> Option<Malformed> {
    Malformed::numbered(headers.get(head::FIELD)?.to_str().ok()?.parse().ok()?)
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.ready.is_empty() {
                let piece = this.ready.len().min(buf.remaining());
                buf.put_slice(&this.ready[..piece]);
                this.ready.advance(piece);
                return Poll::Ready(Ok(()));
            }
            match this.at {
                At::Refused => return Poll::Pending,
                At::Broken(malformed) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, malformed.text())));
                }
                At::Over => return Poll::Ready(Ok(())),
                // A body is read where it is wanted.
                At::Body(left) if this.held.is_empty() => {
                    let room = usize::try_from(left).map_or(buf.remaining(), |left| left.min(buf.remaining()));
                    let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
                    ready!(pin!(&mut this.inner).poll_read(cx, &mut part))?;
                    let piece = part.filled().len();
                    buf.advance(piece);
                    this.at = if piece == 0 && room > 0 { At::Over } else { after(left, piece) };
                    return Poll::Ready(Ok(()));
                }
                _ => {}
            }
            this.held.reserve(PIECE);
            if ready!(poll_read_buf(Pin::new(&mut this.inner), cx, &mut this.held))? == 0 {
                this.at = At::Over;
                return Poll::Ready(Ok(()));
            }
            this.check();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.wrote(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, bytes);
        this.wrote(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        match &flushed {
            Poll::Pending => this.watch_reader(cx)?,
            Poll::Ready(_) => this.writing = None,
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingering.is_none() {
            if Pin::new(&mut this.inner).poll_shutdown(cx)?.is_pending() {
                this.watch_reader(cx)?;
                return Poll::Pending;
            }
            if matches!(this.at, At::Head | At::Over) && this.held.is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.lingering = Some((Box::pin(tokio::time::sleep(LINGER)), LINGER_BYTES));
        }
        let Some((until, left)) = &mut this.lingering else { return Poll::Ready(Ok(())) };
        let mut scratch = [0; 4096];
        loop {
            let mut part = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(cx, &mut part) {
                Poll::Ready(Ok(())) if !part.filled().is_empty() && *left > 0 => {
                    *left = left.saturating_sub(part.filled().len());
                }
                Poll::Pending => return until.as_mut().poll(cx).map(Ok),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What is handed on of these pieces, and whether it breaks off.
    async fn handed_on(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let (mut client, server) = tokio::io::duplex(64);
        let mut strict = Strict::new(server);
        let sending = async {
            for piece in pieces {
                let _ = client.write_all(piece).await;
                tokio::task::yield_now().await;
            }
            drop(client);
        };
        let reading = async move {
            let (mut read, mut piece) = (Vec::new(), [0; 100]);
            loop {
                // After a refusal nothing comes.
                match tokio::time::timeout(Duration::from_secs(5), strict.read(&mut piece)).await {
                    Ok(Ok(0)) | Err(_) => break (read, false),
                    Ok(Ok(length)) => read.extend_from_slice(&piece[..length]),
                    Ok(Err(_)) => break (read, true),
                }
            }
        };
        tokio::join!(sending, reading).1
    }

    #[tokio::test(start_paused = true)]
    async fn requests_one_after_the_other_pass_whatever_pieces_they_come_in() {
        let text = "\r\nPOST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello\
                    POST /b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\
                    GET /c HTTP/1.1\r\nhost: a\r\n\r\n"
            .as_bytes();
        let expected = &text[2..];
        assert_eq!(handed_on(&[text]).await, (expected.to_vec(), false));
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(handed_on(&single).await, (expected.to_vec(), false));
    }

    #[tokio::test(start_paused = true)]
    async fn in_place_of_what_is_malformed_its_reason_comes_and_nothing_after() {
        let long = "x".repeat(40_000);
        for (text, malformed) in [
            ("GET / HTTP/1.1\nhost: a\n\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n", Malformed::LineEnd),
            ("GET / HTTP/1.1\r\nhost: a\n\r\n", Malformed::LineEnd),
            ("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", Malformed::LineEnd),
            ("\r\n\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", Malformed::RequestLine),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n", Malformed::Hosts),
            (&long, Malformed::LongTarget),
            (&format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}"), Malformed::LongHead),
            (&format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"), Malformed::LongHead),
        ] {
            let (read, _) = handed_on(&[text.as_bytes()]).await;
            let read = String::from_utf8(read).unwrap();
            let wanted = format!("connection: close\r\n{}: {}\r\n\r\n", head::FIELD, malformed.number());
            assert!(read.ends_with(&wanted) && read.matches("HTTP/1.1").count() == 1, "{text:.40}: {read}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_whose_chunks_are_malformed_breaks_off() {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        for pieces in [&[head.as_bytes(), b"5\nhello"][..], &[[head.as_bytes(), b"5\nhello"].concat().as_slice()]] {
            let (read, broken) = handed_on(pieces).await;
            assert!(broken && read == head.as_bytes());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_an_answer_too_slowly_is_let_go() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut strict = Strict::new(server);
        let start = Instant::now();
        let reading = async {
            let mut byte = [0; 1];
            while start.elapsed() < Duration::from_secs(600) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if client.read(&mut byte).await.unwrap() == 0 {
                    break;
                }
            }
        };
        let writing = async {
            let error = strict.write_all(&[0; 100_000]).await.unwrap_err();
            drop(strict);
            error.kind()
        };
        let ((), kind) = tokio::join!(reading, writing);
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
    }
}
