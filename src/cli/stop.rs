//! The user's wish to stop: Ctrl-C or SIGTERM, once to stop cleanly, a second time at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;

/// Turns true at the first signal.
pub(super) fn watch() -> Result<watch::Receiver<bool>, Failure> {
    let unheard = |fault: std::io::Error| {
        Failure::unavailable(say!(
            lang(),
            "cannot listen for signals: {fault}",
            "no se pueden recibir señales: {fault}"
        ))
    };
    let mut interrupted = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(unheard)?;
    let mut hung_up = signal(SignalKind::hangup()).map_err(unheard)?;
    let (tell, stop) = watch::channel(false);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
                _ = hung_up.recv() => {}
            }
            if !first {
                // The agents see the end of their sessions and stop their tools by themselves.
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            let _ = tell.send(true);
        }
    });
    Ok(stop)
}
