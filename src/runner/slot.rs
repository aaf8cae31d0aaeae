//! The place of a probe's session: the one that is open and, where that has ended, one try to open another before the next run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::session::Session;
use super::{Order, opening};
use crate::backend::Reach;

/// What is about to come back, such as a container that is started again, comes within this.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// The place of a probe's session.
pub(super) struct Slot {
    open: Mutex<Arc<Session>>,
    /// Was another one tried in vain? Held meanwhile, so that it is tried once for all runs that wait.
    lost: tokio::sync::Mutex<bool>,
}

impl Slot {
    /// The place of this one, which was just opened.
    pub(super) fn new(session: Session, now: fn() -> DateTime<Utc>) -> Self {
        Self { open: Mutex::new(Arc::new(session.since(now()))), lost: tokio::sync::Mutex::new(false) }
    }

    /// The newest session; it may have ended.
    pub(super) fn newest(&self) -> Arc<Session> {
        Arc::clone(&self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A session for the next run. One that has ended is told as it was, where no other can be opened.
    ///
    /// # Errors
    /// Why it has ended.
    pub(super) async fn ready(
        &self,
        order: Order<'_>,
        backend: &impl Reach,
        now: fn() -> DateTime<Utc>,
    ) -> Result<Arc<Session>, String> {
        let mut lost = self.lost.lock().await;
        let session = self.newest();
        let Some(why) = session.explained(backend, now).await else { return Ok(session) };
        if *lost {
            return Err(why);
        }
        match tokio::time::timeout(BACK_WITHIN, another(order, backend, &session)).await.ok().flatten() {
            Some(another) => {
                let another = Arc::new(another.since(now()));
                *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&another);
                Ok(another)
            }
            None => {
                *lost = true;
                Err(why)
            }
        }
    }

    /// Its session, once no run has it any more.
    pub(super) fn into_session(self) -> Option<Session> {
        Arc::into_inner(self.open.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Another session of the same probe, where that is still as it was deployed and where it was: what has lost its shaped links
/// would be measured past them. Tries until it is given up.
async fn another(order: Order<'_>, backend: &impl Reach, before: &Session) -> Option<Session> {
    loop {
        if backend.unchanged(&before.probe).await.is_ok()
            && let Ok((session, _)) = opening::open(order.topology, backend, &before.probe, order.executable).await
        {
            return (session.addresses == before.addresses).then_some(session);
        }
        tokio::time::sleep(LOOK).await;
    }
}
