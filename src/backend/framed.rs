//! The controller's end of the input of a command that runs elsewhere: see [`crate::protocol::frame`].

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use crate::protocol::frame::{END, OPENING, frame};

/// Writes what it is given in frames, after an opening that goes with the first of them or with a flush. Shutting it down ends the command's input and leaves the stream open; dropping it ends
/// the command.
#[derive(Debug)]
pub struct Framed<W> {
    to: W,
    /// Of the opening and the last frame, what `to` has not taken yet.
    rest: Vec<u8>,
    ended: bool,
}

impl<W: AsyncWrite + Unpin> Framed<W> {
    /// Frames on `to`.
    #[must_use]
    pub fn new(to: W) -> Self {
        Self { to, rest: OPENING.to_vec(), ended: false }
    }

    /// Hands the rest of the last frame on.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while !self.rest.is_empty() {
            let taken = ready!(Pin::new(&mut self.to).poll_write(context, &self.rest))?;
            if taken == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.rest.drain(..taken);
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Framed<W> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        if self.ended {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_rest(context))?;
        if bytes.is_empty() {
            // As a frame, nothing would be the end.
            return Poll::Ready(Ok(0));
        }
        let (begun, taken) = frame(bytes);
        self.rest = begun;
        match self.poll_rest(context) {
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            // The next write, flush or shutdown goes on with it.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_rest(context))?;
        Pin::new(&mut self.to).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.ended {
            self.ended = true;
            self.rest.extend_from_slice(&END);
        }
        self.poll_flush(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::frame::{FRAME_MAX, HEAD};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_is_written_comes_in_frames_and_the_end_leaves_the_stream_open() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut framed = Framed::new(ours);
        framed.write_all(b"hello").await.unwrap();
        assert_eq!(framed.write(b"").await.unwrap(), 0, "nothing is no frame");
        framed.shutdown().await.unwrap();
        framed.shutdown().await.unwrap();
        assert_eq!(framed.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut seen = [0; 14];
        theirs.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"\n\0\0\0\x05hello\0\0\0\0");
        let mut next = [0];
        let waits = tokio::time::timeout(std::time::Duration::from_millis(20), theirs.read(&mut next)).await;
        assert!(waits.is_err(), "the end comes once, and the stream stays open");
        drop(framed);
        assert_eq!(theirs.read(&mut next).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn much_comes_whole_through_a_stream_that_takes_little() {
        let (ours, mut theirs) = tokio::io::duplex(100);
        let bytes: Vec<u8> = (0..=255).cycle().take(2 * FRAME_MAX + 1000).collect();
        let sent = bytes.clone();
        let write = async move {
            let mut framed = Framed::new(ours);
            tokio::io::copy(&mut &sent[..], &mut framed).await.unwrap();
            framed.shutdown().await.unwrap();
        };
        let read = async {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all
        };
        let ((), all) = tokio::join!(write, read);
        let (mut rest, mut got) = (all.strip_prefix(&OPENING).unwrap(), Vec::new());
        while let Some((head, after)) = rest.split_first_chunk::<HEAD>() {
            let length = crate::protocol::frame::length(*head).unwrap();
            got.extend_from_slice(&after[..length]);
            rest = &after[length..];
            assert_eq!(length == 0, rest.is_empty(), "the end is the last frame");
        }
        assert!(got == bytes);
    }
}
