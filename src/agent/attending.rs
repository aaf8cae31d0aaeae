//! Attending a command of the user's on a probe that is no child of the controller: its input comes in frames
//! ([`crate::protocol::frame`]), and it ends with the controller, however that ends.

use std::io::ErrorKind;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::process::{self, ProcessError, shell_code};
use crate::protocol::frame::{HEAD, OPENING, TooLong, length};

/// The exit code of a command that was killed, as a shell gives it.
const KILLED: u8 = 128 + 9;

/// So many frames are held for a command that does not read them, 8 MiB at most. Whoever sends more to such a command is
/// kept waiting, and its end is seen only when the command reads on or ends.
const FRAMES_HELD: usize = 128;

/// Why a command could not be attended.
#[derive(Debug, thiserror::Error)]
pub enum AttendError {
    /// It could not be started or waited for.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its input is none of ours.
    #[error(transparent)]
    Frame(#[from] TooLong),
    /// The system refused.
    #[error("cannot read the command's input")]
    Input(#[from] std::io::Error),
}

/// Runs `argv`, once the controller's opening has come, with the input that comes in frames on standard input; its outputs are
/// ours. It is killed with its group when
/// standard input ends. The exit code is as a shell gives it.
///
/// # Errors
/// [`AttendError`].
pub async fn attend_stdio(argv: &[String]) -> Result<u8, AttendError> {
    let mut from = tokio::io::stdin();
    if !filled(&mut from, &mut [0; OPENING.len()]).await? {
        return Ok(KILLED);
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut running = process::start_attended(argv)?;
    let (frames, held) = mpsc::channel(FRAMES_HELD);
    if let Some(input) = running.take_stdin() {
        tokio::spawn(feed(input, held));
    }
    let outcome = tokio::select! {
        // What has ended by itself tells how, also where the controller goes at the same moment.
        biased;
        status = running.wait() => return Ok(shell_code(status?)),
        told = listen(from, frames) => told,
        _ = terminated.recv() => Ok(()),
        _ = interrupted.recv() => Ok(()),
        _ = hung_up.recv() => Ok(()),
    };
    running.kill();
    running.wait().await?;
    outcome.map(|()| KILLED)
}

/// Gives the command what it is sent, until the end of that.
async fn feed(mut input: ChildStdin, mut held: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = held.recv().await {
        if input.write_all(&bytes).await.is_err() {
            // It has closed its input and wants no more.
            return;
        }
    }
}

/// Takes frames until the controller has gone.
async fn listen(mut from: impl AsyncRead + Unpin, frames: mpsc::Sender<Vec<u8>>) -> Result<(), AttendError> {
    // Dropped at the end of the input, which closes the command's.
    let mut frames = Some(frames);
    loop {
        let mut head = [0; HEAD];
        if !filled(&mut from, &mut head).await? {
            return Ok(());
        }
        let length = length(head)?;
        if length == 0 {
            frames = None;
            continue;
        }
        let mut bytes = vec![0; length];
        if !filled(&mut from, &mut bytes).await? {
            return Ok(());
        }
        if let Some(frames) = &frames {
            // A command that wants no more is sent no more.
            let _ = frames.send(bytes).await;
        }
    }
}

/// Fills `bytes`; false where the stream ends before.
async fn filled(from: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) -> std::io::Result<bool> {
    match from.read_exact(bytes).await {
        Ok(_) => Ok(true),
        Err(fault) if fault.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn heard(stream: &[u8]) -> (Result<(), String>, Vec<Vec<u8>>) {
        let (frames, mut held) = mpsc::channel(FRAMES_HELD);
        let told = listen(stream, frames).await.map_err(|fault| fault.to_string());
        let mut all = Vec::new();
        while let Some(bytes) = held.recv().await {
            all.push(bytes);
        }
        (told, all)
    }

    #[tokio::test]
    async fn a_stream_that_ends_anywhere_is_a_controller_that_has_gone() {
        let whole = b"\0\0\0\x02ab\0\0\0\x01c\0\0\0\0";
        for end in 0..=whole.len() {
            let (told, frames) = heard(&whole[..end]).await;
            assert_eq!(told, Ok(()), "{end}");
            let text = frames.concat();
            assert!(b"abc".starts_with(&text) && (end < 11 || text.len() == 3), "{end}: {text:?}");
        }
    }

    #[tokio::test]
    async fn nothing_comes_after_the_end_and_no_giant_is_believed() {
        assert_eq!(heard(b"\0\0\0\x01a\0\0\0\0\0\0\0\x01b").await, (Ok(()), vec![b"a".to_vec()]));
        let (told, frames) = heard(b"\0\0\0\x01a\xff\xff\xff\xff").await;
        assert!(told.unwrap_err().contains("4294967295 bytes"));
        assert_eq!(frames, [b"a".to_vec()]);
    }
}
