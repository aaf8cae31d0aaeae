//! The probes of this machine, in whichever form they are kept apart, and what another form may have left.
#![allow(clippy::disallowed_methods, reason = "an edge: its own rights are in a file")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::local::{self, Hindrance, Local, Programs, lacking_right};
use super::processes::Processes;
use super::{Backend, BackendError, Channel, Program, Reach, Tell};
use crate::domain::facts::Router;
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::shaping::Asking;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId};

/// The probes of this machine.
#[derive(Debug)]
pub struct Here {
    ours: Ours,
    /// What the same topology may have left in another form, each as one resource.
    strays: Vec<(ResourceId, Local)>,
    isolation: Option<Isolation>,
    /// Is anything to be looked for that this user cannot touch?
    others: Option<Local>,
}

/// Their form.
#[derive(Debug)]
enum Ours {
    Networks(Box<Local>),
    Processes(Processes),
}

/// What another form left, as a resource.
const NAMESPACES: &str = "namespaces";
const KEEPER: &str = "keeper";

/// The strongest form that serves: `right` is what this process lacks for namespaces of the machine, `hindrance` what it
/// lacks for those of a user. From a namespace nothing outside the lab can be reached, so a foreign end that is measured as
/// it is needs processes.
fn choose(
    shaped: Option<Asking<'_>>,
    foreign: bool,
    right: Option<&str>,
    hindrance: Option<&Hindrance>,
) -> Result<Isolation, BackendError> {
    match (shaped, right, hindrance) {
        (None, ..) if foreign => Ok(Isolation::Processes),
        (_, None, _) => Ok(Isolation::Namespaces),
        (_, Some(_), None) => Ok(Isolation::UserNamespaces),
        (None, Some(_), Some(_)) => Ok(Isolation::Processes),
        (Some(who), Some(right), Some(Hindrance { why, mend })) => Err(BackendError::unsupported(
            format!("{who}, which needs network namespaces: this process lacks {right}, and {why}"),
            format!("run it with sudo, or allow user namespaces: {mend}"),
        )),
    }
}

impl Here {
    /// Those of `topology`. Changes nothing.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`].
    pub(super) async fn open(topology: &Topology) -> Result<Self, BackendError> {
        let ours = topology.local_part();
        let isolation = match ours.isolations().next() {
            _ if ours.probes.is_empty() => None,
            Some((_, asked)) => Some(asked),
            None => {
                let right = lacking_right(&fs_err::read_to_string("/proc/self/status").unwrap_or_default());
                let hindrance = if right.is_some() { local::hindrance(&Programs::default()).await } else { None };
                let abroad = ours.probes.len() < topology.probes.len();
                Some(choose(ours.asking().next(), abroad, right, hindrance.as_ref())?)
            }
        };
        Ok(Self::new(&ours, &topology.name, isolation))
    }

    fn new(ours: &Topology, name: &Name, isolation: Option<Isolation>) -> Self {
        let machine = || (ResourceId(NAMESPACES.to_owned()), Local::remains(name));
        let user = || (ResourceId(KEEPER.to_owned()), Local::remains_in_user_namespaces(name));
        let (ours, strays) = match isolation {
            Some(Isolation::Namespaces) => (Ours::Networks(Box::new(Local::new(ours))), vec![user()]),
            Some(Isolation::UserNamespaces) => {
                (Ours::Networks(Box::new(Local::in_user_namespaces(ours))), vec![machine()])
            }
            Some(Isolation::Processes) => (Ours::Processes(Processes::new(ours)), vec![machine(), user()]),
            None => (Ours::Processes(Processes::default()), vec![machine(), user()]),
        };
        Self { ours, strays: touchable(strays), isolation, others: None }
    }

    /// Whatever is deployed of the topology called `name`; wants nothing, so a plan removes it all.
    #[must_use]
    pub(super) fn remains(name: &Name) -> Self {
        let machine = Local::remains(name);
        let user = Local::remains_in_user_namespaces(name);
        let (ours, strays, others) = if rustix::process::geteuid().is_root() {
            (machine, vec![(ResourceId(KEEPER.to_owned()), user)], None)
        } else {
            (user, vec![], Some(machine))
        };
        Self { ours: Ours::Networks(Box::new(ours)), strays, isolation: None, others }
    }

    /// How the probes of this machine are kept apart; `None` where there are none.
    #[must_use]
    pub(super) const fn isolation(&self) -> Option<Isolation> {
        self.isolation
    }

    /// What cannot be true of `topology` here, a sentence each.
    pub(super) fn limits(&self, topology: &Topology) -> Vec<String> {
        let abroad: Vec<String> = topology.probes.keys().filter(|p| !self.has(p)).map(ToString::to_string).collect();
        match &self.ours {
            Ours::Processes(_) if self.isolation.is_some() => vec![
                "probes are plain processes of this machine: no shaping and no path between them, one CPU for all; \
                 contracts are not simulated"
                    .to_owned(),
            ],
            Ours::Processes(_) => vec![],
            Ours::Networks(local) => {
                let mut limits = Vec::new();
                if !abroad.is_empty() {
                    limits.push(format!(
                        "probes in namespaces have no way out of the lab, so they do not reach {}; with `isolation: \
                         processes` they do",
                        abroad.join(", ")
                    ));
                }
                if !local.has_ipv6() {
                    limits.push("IPv6 is off on this machine: the probes have IPv4 alone".to_owned());
                }
                limits
            }
        }
    }

    /// Is `probe` one of them?
    pub(super) fn has(&self, probe: &Name) -> bool {
        match &self.ours {
            Ours::Networks(local) => local.carries(probe),
            Ours::Processes(processes) => processes.has(probe),
        }
    }

    fn stray(&self, id: &ResourceId) -> Option<&Local> {
        self.strays.iter().find(|(stray, local)| stray == id && local.is_there()).map(|(_, local)| local)
    }
}

/// Those that this user may remove: the machine's namespaces are root's.
fn touchable(strays: Vec<(ResourceId, Local)>) -> Vec<(ResourceId, Local)> {
    let root = rustix::process::geteuid().is_root();
    strays.into_iter().filter(|(id, _)| root || id.0 != NAMESPACES).collect()
}

impl Backend for Here {
    fn desired(&self) -> Vec<Desired> {
        match &self.ours {
            Ours::Networks(local) => local.desired(),
            Ours::Processes(_) => vec![],
        }
    }

    fn abreast(&self) -> usize {
        1
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        let wants_nothing = self.isolation.is_none();
        match &self.ours {
            Ours::Processes(_) => Ok(()),
            Ours::Networks(local) if wants_nothing && !local.is_there() => match &self.others {
                Some(others) if others.is_there() => Err(vec![BackendError::unsupported(
                    "its probes are in namespaces of the machine, which are root's".to_owned(),
                    "run it with sudo",
                )]),
                _ => Ok(()),
            },
            Ours::Networks(local) => local.supports().await,
        }
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        let mut found = match &self.ours {
            Ours::Networks(local) => local.observe().await?,
            Ours::Processes(_) => vec![],
        };
        let strays = self.strays.iter().filter(|(_, local)| local.is_there());
        found.extend(strays.map(|(id, _)| Observed { id: id.clone(), hash: None, drift: None, theirs: None }));
        Ok(found)
    }

    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError> {
        match &self.ours {
            Ours::Networks(local) => local.create(id, tell).await,
            Ours::Processes(_) => Err(BackendError::Unknown(id.to_string())),
        }
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        if let Some(stray) = self.stray(id) {
            for part in stray.observe().await?.into_iter().rev() {
                stray.remove(&part.id).await?;
            }
            return Ok(());
        }
        match &self.ours {
            Ours::Networks(local) => local.remove(id).await,
            Ours::Processes(_) => Ok(()),
        }
    }
}

impl Reach for Here {
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        match &self.ours {
            Ours::Networks(local) => local.connect(probe, program).await,
            Ours::Processes(processes) => processes.connect(probe, program),
        }
    }

    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        match &self.ours {
            Ours::Networks(local) => local.addresses(probe).await,
            Ours::Processes(processes) => {
                let address = processes.address(probe);
                address.map(|a| vec![a]).ok_or_else(|| BackendError::Unknown(format!("probe/{probe}")))
            }
        }
    }

    fn own(&self, probe: &Name) -> Option<IpAddr> {
        match &self.ours {
            Ours::Networks(_) => None,
            Ours::Processes(processes) => processes.address(probe),
        }
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        match &self.ours {
            Ours::Networks(local) => local.routers(),
            Ours::Processes(_) => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shaping::Knob;

    #[test]
    fn the_strongest_form_that_serves_is_chosen_and_shaping_is_never_given_up() {
        let hindrance = Hindrance { why: "the kernel forbids it".to_owned(), mend: "sudo sysctl".to_owned() };
        let wan = Name::new("wan").unwrap();
        let shaped = Some(Asking::Link(&wan, Knob::Rate));
        let chosen = |shaped, foreign, right, hindrance| choose(shaped, foreign, right, hindrance).ok();
        assert_eq!(chosen(shaped, false, None, None), Some(Isolation::Namespaces));
        assert_eq!(chosen(shaped, false, Some("CAP_NET_ADMIN"), None), Some(Isolation::UserNamespaces));
        assert_eq!(chosen(None, false, Some("CAP_NET_ADMIN"), Some(&hindrance)), Some(Isolation::Processes));
        assert_eq!(chosen(None, true, None, None), Some(Isolation::Processes), "a namespace has no way out");
        assert_eq!(chosen(shaped, true, None, None), Some(Isolation::Namespaces));
        let refused = choose(shaped, false, Some("CAP_NET_ADMIN"), Some(&hindrance)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "link `wan` asks for `impair.rate`, which needs network namespaces: this process lacks CAP_NET_ADMIN, and the \
             kernel forbids it"
        );
    }
}
