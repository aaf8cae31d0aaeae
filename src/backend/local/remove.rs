//! Removing, so that nothing is left: processes, devices, namespaces.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::batch::{Batch, Program};
use super::layout::link_device;
use super::{LIMIT, Local, device, keeper, kept, loss, step};
use crate::backend::{Backend, BackendError};
use crate::domain::name::Name;
use crate::plan::ResourceId;
use crate::process::{self, ProcessError};

/// How often killed processes are looked for again, and how long in between: 5 s together.
const LOOKS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

impl Local {
    /// Ends the keeper and before it what runs in its namespaces, which would hold them.
    pub(super) async fn remove_keeper(&self, id: &ResourceId) -> Result<(), BackendError> {
        if !self.is_unkept() {
            // A half-made keeper has none.
            for name in kept::list(&self.folder(), &self.prefix).unwrap_or_default() {
                self.end_processes(id, &format!("{}{name}", self.prefix)).await?;
            }
        }
        self.note_keeper(None);
        keeper::remove(self.topology.as_str()).await
    }

    /// Removes a namespace with all in it. Wires into other namespaces are deleted first, for the kernel deletes those of
    /// a dead namespace only later, and their names would still be taken when it is made anew.
    pub(super) async fn remove_namespace(&self, id: &ResourceId, name: &str) -> Result<(), BackendError> {
        let here = format!("{}{name}", self.prefix);
        if !self.has(&here) {
            return Ok(());
        }
        self.end_processes(id, &here).await?;
        let shown = self.ip(&["-n", &here, "-j", "link", "show"]).await.map_err(|e| step("remove", id, e))?;
        let wires: String = device::read(&shown.stdout)
            .unwrap_or_default()
            .iter()
            .filter(|d| d.leads_elsewhere())
            .map(|d| format!("link del dev {}\n", d.name))
            .collect();
        if !wires.is_empty() {
            // What resists goes with the namespace.
            self.attempt(&Batch::new(Program::Ip, Some(here.clone()), wires)).await;
        }
        let deleted = self.ip(&["netns", "del", &here]).await.map_err(|e| step("remove", id, e))?;
        if deleted.status.success() || !self.has(&here) {
            return Ok(());
        }
        let complaint = deleted.complaint();
        Err(step("remove", id, ProcessError::Failed { command: format!("ip netns del {here}"), complaint }))
    }

    /// Kills what runs in the namespace, ourselves excepted, and waits until it is gone.
    async fn end_processes(&self, id: &ResourceId, here: &str) -> Result<(), BackendError> {
        for _ in 0..LOOKS {
            // A namespace that was left half made does not answer; nothing runs in it then.
            let listed = self.ip(&["netns", "pids", here]).await.map_err(|e| step("remove", id, e))?;
            let pids: Vec<Pid> = String::from_utf8_lossy(&listed.stdout)
                .lines()
                .filter_map(|line| Pid::from_raw(line.trim().parse().ok()?))
                .filter(|pid| *pid != getpid())
                .collect();
            if pids.is_empty() {
                return Ok(());
            }
            for pid in pids {
                // It may have ended by itself meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
            tokio::time::sleep(PAUSE).await;
        }
        let source = std::io::Error::other("its processes do not end");
        Err(BackendError::System { action: "remove", subject: id.to_string(), source })
    }

    /// Removes a link wherever it was seen or would be made; one end's deletion is the other's too.
    pub(super) async fn remove_link(&self, id: &ResourceId, name: &str) -> Result<(), BackendError> {
        let device = match name.strip_prefix(device::NAMELESS) {
            Some(device) => device.to_owned(),
            None => Name::new(name).map(|n| link_device(&n)).map_err(|_| BackendError::Unknown(id.to_string()))?,
        };
        if self.seen.lock().await.is_none() {
            self.observe().await?;
        }
        let mut places: BTreeSet<String> = self
            .seen
            .lock()
            .await
            .iter()
            .flatten()
            .filter(|(d, _)| **d == device)
            .flat_map(|(_, places)| places.clone())
            .collect();
        let made_of = self.layout.resources.iter().filter(|r| r.desired.id == *id).flat_map(|r| &r.batches);
        places.extend(made_of.filter_map(|batch| batch.namespace.clone()));
        for here in places.iter().filter(|here| self.has(here)) {
            self.remove_loss(here, &device).await;
        }
        for here in places.iter().filter(|here| self.has(here)) {
            let deleted =
                self.ip(&["-n", here, "link", "del", "dev", &device]).await.map_err(|e| step("remove", id, e))?;
            let complaint = deleted.complaint();
            if !deleted.status.success() && !complaint.contains("Cannot find device") && self.has(here) {
                let command = format!("ip -n {here} link del dev {device}");
                return Err(step("remove", id, ProcessError::Failed { command, complaint }));
            }
        }
        Ok(())
    }

    /// Takes away what drops packets of a link's device: it would outlive the device. The link loses its label before, so
    /// that whoever is killed here leaves a half-made link, not a whole one without its loss.
    pub(super) async fn remove_loss(&self, here: &str, device: &str) {
        let place = Some(here.to_owned());
        let unlabel = format!("link set dev {device} alias removing\n");
        self.attempt(&Batch::new(Program::Ip, place.clone(), unlabel)).await;
        // By whichever program it was made: another may be there today.
        let [first, second, third] =
            loss::clear(device).map(|(program, lines)| Batch::new(program, place.clone(), lines));
        tokio::join!(self.attempt(&first), self.attempt(&second), self.attempt(&third));
    }

    /// Carries out a batch that may have nothing to do.
    async fn attempt(&self, batch: &Batch) {
        let _ = process::run(&self.inside(batch.argv(&self.programs)), batch.lines.as_bytes(), LIMIT).await;
    }
}
