//! The controller's end of the streams of a command that runs elsewhere: see [`crate::protocol::frame`].

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::AsyncWrite;

use crate::protocol::frame::{Back, END, HEAD, OPENING, TooLong, WINDOW, back, frame};

/// Writes what it is given in frames, as fast as the command takes it, after an opening that goes with the first of them or
/// with a flush. Shutting it down ends the command's input and leaves
/// the stream open; dropping it ends the command.
#[derive(Debug)]
pub struct Framed<W> {
    to: W,
    /// Of the opening and the last frame, what `to` has not taken yet.
    rest: Vec<u8>,
    ended: bool,
    room: Arc<Mutex<Room>>,
}

/// Finds the command's output in what comes back.
#[derive(Debug)]
pub struct Unframed {
    /// Of a head that has begun.
    head: Vec<u8>,
    /// Bytes of output until the next head.
    left: usize,
    room: Arc<Mutex<Room>>,
}

/// How many bytes of input may be sent.
#[derive(Debug)]
struct Room {
    bytes: usize,
    waiting: Option<Waker>,
}

fn locked(room: &Mutex<Room>) -> std::sync::MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The two ends for one command, whose input goes to `to`.
#[must_use]
pub fn framed<W: AsyncWrite + Unpin>(to: W) -> (Framed<W>, Unframed) {
    let room = Arc::new(Mutex::new(Room { bytes: WINDOW, waiting: None }));
    let input = Framed { to, rest: OPENING.to_vec(), ended: false, room: Arc::clone(&room) };
    (input, Unframed { head: Vec::with_capacity(HEAD), left: 0, room })
}

impl Unframed {
    /// The output in the next bytes that came.
    ///
    /// # Errors
    /// [`TooLong`] where it is no attendant of this version that sent them.
    pub fn output(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut output = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            let wanted = if self.left == 0 { HEAD - self.head.len() } else { self.left };
            let (next, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if self.left > 0 {
                self.left -= next.len();
                output.extend_from_slice(next);
                continue;
            }
            self.head.extend_from_slice(next);
            let Ok(head) = <[u8; HEAD]>::try_from(self.head.as_slice()) else { break };
            self.head.clear();
            match back(head)? {
                Back::Output(length) => self.left = length,
                Back::Taken(bytes) => {
                    let mut room = locked(&self.room);
                    room.bytes += bytes;
                    if let Some(waiting) = room.waiting.take() {
                        waiting.wake();
                    }
                }
            }
        }
        Ok(output)
    }
}

impl<W: AsyncWrite + Unpin> Framed<W> {
    /// How many bytes may be sent, at least one.
    fn poll_room(&self, context: &Context<'_>) -> Poll<usize> {
        let mut room = locked(&self.room);
        if room.bytes > 0 {
            return Poll::Ready(room.bytes);
        }
        room.waiting = Some(context.waker().clone());
        Poll::Pending
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
        let room = ready!(self.poll_room(context));
        let (begun, taken) = frame(&bytes[..bytes.len().min(room)]);
        locked(&self.room).bytes -= taken;
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
    use crate::protocol::frame::{FRAME_MAX, taken};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_is_written_comes_in_frames_and_the_end_leaves_the_stream_open() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let (mut framed, _) = framed(ours);
        framed.write_all(b"hello").await.unwrap();
        assert_eq!(framed.write(b"").await.unwrap(), 0, "nothing is no frame");
        framed.shutdown().await.unwrap();
        framed.shutdown().await.unwrap();
        assert_eq!(framed.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut seen = [0; 14];
        theirs.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"\n\0\0\0\x05hello\0\0\0\0");
        let mut next = [0];
        let waits = tokio::time::timeout(Duration::from_millis(20), theirs.read(&mut next)).await;
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
            let (mut framed, _) = framed(ours);
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

    #[tokio::test]
    async fn no_more_is_sent_than_the_command_has_room_for_but_its_end_is() {
        let (ours, mut theirs) = tokio::io::duplex(4 * WINDOW);
        let (mut input, mut back) = framed(ours);
        let much = vec![b'x'; WINDOW + 100];
        let waits = tokio::time::timeout(Duration::from_millis(50), input.write_all(&much)).await;
        assert!(waits.is_err(), "the last 100 bytes have no room");
        let (written, output) = tokio::join!(input.write_all(&much[..100]), async { back.output(&taken(100)) });
        written.unwrap();
        assert_eq!(output.unwrap(), b"");
        input.shutdown().await.unwrap();
        drop(input);
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.iter().filter(|byte| **byte == b'x').count(), much.len());
        assert!(all.ends_with(&END));
    }

    #[test]
    fn output_is_found_wherever_what_comes_is_cut() {
        let whole = [&frame(b"hello").0, &taken(7)[..], &frame(b" world").0].concat();
        for at in 0..=whole.len() {
            let (_, mut back) = framed(tokio::io::sink());
            let mut got = back.output(&whole[..at]).unwrap();
            got.extend(back.output(&whole[at..]).unwrap());
            assert_eq!((got.as_slice(), locked(&back.room).bytes), (&b"hello world"[..], WINDOW + 7), "{at}");
        }
        let (_, mut back) = framed(tokio::io::sink());
        back.output(b"plain text").unwrap_err();
    }
}
