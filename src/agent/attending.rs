//! Attending a command of the user's on a probe that is no child of the controller: its input comes in frames
//! ([`crate::protocol::frame`]) and its output goes back in such, and it ends with the controller, however that ends.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::process::ChildStdin;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::watching::be_watched;
use crate::process::{self, Errors, ProcessError, shell_code};
use crate::protocol::frame::{FRAME_MAX, HEAD, OPENING, TooLong, WINDOW, frame, length, taken};

/// The exit code of a command that was killed, as a shell gives it.
const KILLED: u8 = 128 + 9;

/// What a command wrote last is in the pipe when it ends. What it left behind may hold that open, and is heard until it is
/// silent for so long,
const SILENT: Duration = Duration::from_millis(50);
/// and no longer than this, whatever it goes on to say.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a command could not be attended.
#[derive(Debug, thiserror::Error)]
pub enum AttendError {
    /// It could not be started or waited for.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its input is none of ours.
    #[error(transparent)]
    Frame(#[from] TooLong),
    /// More input came than was asked for.
    #[error("more than {} KiB came that the command has not taken: this is no input from iperftester", WINDOW >> 10)]
    TooMuch,
    /// The system refused.
    #[error("cannot read the command's input")]
    Input(#[from] std::io::Error),
}

/// Runs `argv`, once the controller's opening has come, with the input that comes in frames on standard input, its output in
/// frames on standard output; its errors are ours. It is killed with its group when standard input ends. The exit code is as a
/// shell gives it.
///
/// # Errors
/// [`AttendError`].
pub async fn attend_stdio(argv: &[String]) -> Result<u8, AttendError> {
    be_watched();
    let mut from = tokio::io::stdin();
    if !filled(&mut from, &mut [0; OPENING.len()]).await? {
        return Ok(KILLED);
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut running = process::start_bound(argv, Errors::Inherited)?;
    let (took, fed) = watch::channel(0);
    // Holds whatever is not taken yet, so that writing to it never waits.
    let (held, holding) = tokio::io::duplex(WINDOW);
    if let Some(input) = running.take_stdin() {
        tokio::spawn(feed(input, holding, took));
    }
    let (end, ended) = oneshot::channel();
    let spoken =
        running.take_stdout().map(|output| tokio::spawn(speak(output, tokio::io::stdout(), fed.clone(), ended)));
    let outcome = tokio::select! {
        // What has ended by itself tells how, also where the controller goes at the same moment.
        biased;
        status = async {
            let status = running.wait().await?;
            drop(end);
            if let Some(spoken) = spoken {
                // It does nothing but speak.
                let _ = spoken.await;
            }
            Ok::<_, ProcessError>(status)
        } => return Ok(shell_code(status?)),
        told = listen(from, held, fed) => told,
        _ = terminated.recv() => Ok(()),
        _ = interrupted.recv() => Ok(()),
        _ = hung_up.recv() => Ok(()),
    };
    running.kill();
    running.wait().await?;
    outcome.map(|()| KILLED)
}

/// Gives the command what it is sent, until the end of that, and tells how many bytes that were.
async fn feed(input: ChildStdin, mut held: DuplexStream, took: watch::Sender<usize>) {
    let mut input = Some(input);
    let mut bytes = vec![0; FRAME_MAX];
    while let Ok(read @ 1..) = held.read(&mut bytes).await {
        if let Some(to) = &mut input
            && to.write_all(&bytes[..read]).await.is_err()
        {
            // It has closed its input and wants no more.
            input = None;
        }
        took.send_modify(|all| *all = all.wrapping_add(read));
    }
}

/// Sends what the command says and how much it has taken, until it has `ended` and said its last.
async fn speak(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut fed: watch::Receiver<usize>,
    mut ended: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let mut bytes = vec![0; FRAME_MAX];
    let (mut told, mut speaks) = (0, true);
    loop {
        tokio::select! {
            read = from.read(&mut bytes), if speaks => match read? {
                // As a frame, nothing would be the end.
                0 => speaks = false,
                read => to.write_all(&frame(&bytes[..read]).0).await?,
            },
            Ok(()) = fed.changed() => {
                let all = *fed.borrow_and_update();
                // No more than the window is on its way.
                to.write_all(&taken(u32::try_from(all.wrapping_sub(told)).unwrap_or_default())).await?;
                told = all;
            }
            _ = &mut ended => break,
        }
        to.flush().await?;
    }
    let until = Instant::now() + LAST_WORDS;
    while Instant::now() < until
        && let Ok(Ok(read @ 1..)) = tokio::time::timeout(SILENT, from.read(&mut bytes)).await
    {
        to.write_all(&frame(&bytes[..read]).0).await?;
    }
    to.flush().await
}

/// Takes frames until the controller has gone.
async fn listen(
    mut from: impl AsyncRead + Unpin,
    held: DuplexStream,
    fed: watch::Receiver<usize>,
) -> Result<(), AttendError> {
    // Dropped at the end of the input, which closes the command's.
    let mut held = Some(held);
    let mut heard: usize = 0;
    loop {
        let mut head = [0; HEAD];
        if !filled(&mut from, &mut head).await? {
            return Ok(());
        }
        let length = length(head)?;
        if length == 0 {
            held = None;
            continue;
        }
        let mut bytes = vec![0; length];
        if !filled(&mut from, &mut bytes).await? {
            return Ok(());
        }
        let Some(held) = &mut held else { continue };
        heard = heard.wrapping_add(length);
        if heard.wrapping_sub(*fed.borrow()) > WINDOW {
            return Err(AttendError::TooMuch);
        }
        held.write_all(&bytes).await?;
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

    /// What `listen` says of `stream`, and what a command that does not read would get.
    async fn heard(stream: &[u8]) -> (Result<(), String>, Vec<u8>) {
        let (held, mut holding) = tokio::io::duplex(WINDOW);
        let (_took, fed) = watch::channel(0);
        let told = listen(stream, held, fed).await.map_err(|fault| fault.to_string());
        let mut all = Vec::new();
        holding.read_to_end(&mut all).await.unwrap();
        (told, all)
    }

    #[tokio::test]
    async fn a_stream_that_ends_anywhere_is_a_controller_that_has_gone() {
        let whole = b"\0\0\0\x02ab\0\0\0\x01c\0\0\0\0";
        for end in 0..=whole.len() {
            let (told, text) = heard(&whole[..end]).await;
            assert_eq!(told, Ok(()), "{end}");
            assert!(b"abc".starts_with(&text) && (end < 11 || text.len() == 3), "{end}: {text:?}");
        }
    }

    #[tokio::test]
    async fn nothing_comes_after_the_end_and_no_giant_is_believed() {
        assert_eq!(heard(b"\0\0\0\x01a\0\0\0\0\0\0\0\x01b").await, (Ok(()), b"a".to_vec()));
        let (told, text) = heard(b"\0\0\0\x01a\xff\xff\xff\xff").await;
        assert!(told.unwrap_err().contains("4294967295 bytes"));
        assert_eq!(text, b"a");
    }

    #[tokio::test]
    async fn a_command_that_does_not_read_is_sent_a_window_and_no_more() {
        let window = frame(&[b'x'; FRAME_MAX]).0.repeat(WINDOW / FRAME_MAX);
        let (told, text) = heard(&window).await;
        assert_eq!((told, text.len()), (Ok(()), WINDOW), "the end is seen behind what waits");
        let (told, _) = heard(&[&window[..], b"\0\0\0\x01y"].concat()).await;
        assert!(told.unwrap_err().starts_with("more than 1024 KiB came"));
    }

    #[tokio::test]
    async fn the_last_words_are_said_whoever_holds_the_pipe_and_what_was_taken_is_told() {
        let (mut command, from) = tokio::io::duplex(100);
        let (to, mut said) = tokio::io::duplex(100);
        let (took, fed) = watch::channel(0);
        let (end, ended) = oneshot::channel();
        let speaking = tokio::spawn(speak(from, to, fed, ended));
        took.send_modify(|all| *all += 9);
        let mut head = [0; HEAD];
        said.read_exact(&mut head).await.unwrap();
        assert_eq!(head, taken(9));
        command.write_all(b"last").await.unwrap();
        drop(end);
        let mut all = Vec::new();
        said.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, frame(b"last").0);
        speaking.await.unwrap().unwrap();
        drop(command);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_command_left_behind_is_not_heard_for_ever() {
        let (_took, fed) = watch::channel(0);
        let (end, ended) = oneshot::channel();
        let (to, mut said) = tokio::io::duplex(100);
        let (mut left, from) = tokio::io::duplex(100);
        tokio::spawn(async move {
            while left.write_all(b"y").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        drop(end);
        let heard = tokio::spawn(async move { tokio::io::copy(&mut said, &mut tokio::io::sink()).await });
        speak(from, to, fed, ended).await.unwrap();
        assert!(heard.await.unwrap().unwrap() > 0);
    }
}
