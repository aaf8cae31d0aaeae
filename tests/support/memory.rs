//! A backend without a machine: resources are entries of a map, and any step can be made to fail.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use iperftester::backend::{Backend, BackendError, Channel, Program, Reach, Tell};
use iperftester::domain::facts::Router;
use iperftester::domain::name::Name;
use iperftester::plan::{Desired, Observed, ResourceId, SpecHash};
use iperftester::process::{self, Errors};

/// The backend.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What it should have.
    pub(crate) desired: Vec<Desired>,
    /// What it has, in the order in which it was made.
    pub(crate) made: RefCell<Vec<Observed>>,
    /// Creations that fail when they have half made their resource.
    pub(crate) failing: RefCell<Vec<ResourceId>>,
    /// Removals that fail.
    pub(crate) stuck: RefCell<Vec<ResourceId>>,
    /// What stays where all else is undone, and may be given up.
    pub(crate) staying: RefCell<Vec<ResourceId>>,
    /// Creations and removals at a time.
    pub(crate) abreast: Cell<usize>,
    /// Calls so far.
    pub(crate) calls: Cell<usize>,
    /// Creations and removals that take so many turns of the runtime.
    pub(crate) slow: RefCell<BTreeMap<ResourceId, usize>>,
    /// Calls that run now, and the most that ever did at once.
    pub(crate) running: Cell<(usize, usize)>,
}

/// A resource as it should be.
pub(crate) fn desired(id: &str, hash: &str, depends_on: &[&str]) -> Desired {
    let resource = |text: &&str| ResourceId((*text).to_owned());
    Desired {
        id: resource(&id),
        hash: SpecHash(hash.to_owned()),
        depends_on: depends_on.iter().map(resource).collect(),
    }
}

impl Memory {
    /// A backend that should have `desired`.
    pub(crate) fn new(desired: Vec<Desired>) -> Self {
        Self { desired, abreast: Cell::new(1), ..Self::default() }
    }

    /// Its resources and whether they are whole.
    pub(crate) fn state(&self) -> BTreeMap<String, bool> {
        self.made.borrow().iter().map(|o| (o.id.0.clone(), o.hash.is_some())).collect()
    }

    /// Takes the turns that a call on `id` needs.
    async fn take_time(&self, id: &ResourceId) {
        let turns = self.slow.borrow().get(id).copied().unwrap_or(0);
        let (now, most) = self.running.get();
        self.running.set((now + 1, most.max(now + 1)));
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let (now, most) = self.running.get();
        self.running.set((now - 1, most));
    }

    fn refuse(action: &'static str, id: &ResourceId) -> BackendError {
        BackendError::System { action, subject: id.to_string(), source: std::io::Error::other("made to fail") }
    }
}

impl Backend for Memory {
    fn desired(&self) -> Vec<Desired> {
        self.desired.clone()
    }

    fn abreast(&self) -> usize {
        self.abreast.get()
    }

    fn stays(&self, id: &ResourceId) -> bool {
        self.staying.borrow().contains(id)
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        Ok(())
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        Ok(self.made.borrow().clone())
    }

    async fn create(&self, id: &ResourceId, _: Tell<'_>) -> Result<(), BackendError> {
        self.calls.set(self.calls.get() + 1);
        let want = self.desired.iter().find(|d| d.id == *id).ok_or_else(|| BackendError::Unknown(id.to_string()))?;
        let there = |id: &ResourceId| self.made.borrow().iter().any(|o| o.id == *id);
        assert!(!there(id), "{id} is there already");
        assert!(want.depends_on.iter().all(there), "{id} has nothing to stand on");
        let fails = self.failing.borrow().contains(id);
        // What stays is there whole or not at all.
        let is_whole_at_once = self.stays(id);
        if is_whole_at_once {
            self.take_time(id).await;
        }
        if !(is_whole_at_once && fails) {
            let hash = (!fails).then(|| want.hash.clone());
            self.made.borrow_mut().push(Observed { id: id.clone(), hash, drift: None, theirs: None });
        }
        if !is_whole_at_once {
            self.take_time(id).await;
        }
        if fails { Err(Self::refuse("create", id)) } else { Ok(()) }
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        self.calls.set(self.calls.get() + 1);
        self.take_time(id).await;
        if self.stuck.borrow().contains(id) {
            return Err(Self::refuse("remove", id));
        }
        self.made.borrow_mut().retain(|o| o.id != *id);
        Ok(())
    }
}

impl Reach for Memory {
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        let subject = format!("probe/{probe}");
        if !self.desired.iter().any(|d| d.id.0 == subject) {
            return Err(BackendError::Unknown(subject));
        }
        if !self.made.borrow().iter().any(|o| o.id.0 == subject) {
            return Err(Self::refuse("reach", &ResourceId(subject)));
        }
        let started = process::start(&program.bound(), Errors::Inherited).map(Channel::from);
        started.map_err(|source| BackendError::Step { action: "reach", subject, source })
    }

    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        let subject = format!("probe/{probe}");
        let number = self.desired.iter().position(|d| d.id.0 == subject).and_then(|n| u8::try_from(n).ok());
        let number = number.ok_or(BackendError::Unknown(subject))?;
        Ok(vec![IpAddr::V4(Ipv4Addr::new(127, 0, 0, number))])
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        let ids = self.desired.iter().map(|d| d.id.0.strip_prefix("site/").unwrap_or(&d.id.0));
        let names = (0..).zip(ids).filter_map(|(number, name)| Some((number, Name::new(name).ok()?)));
        names
            .map(|(number, name)| (IpAddr::V4(Ipv4Addr::new(127, 0, 1, number)), Router { name, link: None }))
            .collect()
    }
}
