//! Which job may start now: no exclusive job shares a resource with any other, light ones share with light ones.

use std::collections::{BTreeMap, VecDeque};

use super::jobs::{Job, Resource};
use crate::tool::Load;

/// Keeps what runs and what waits. Jobs are started in their order as far as their resources allow.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    waiting: VecDeque<Job>,
    held: BTreeMap<Resource, Held>,
}

/// How a resource is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Alone,
    Shared(u32),
}

impl Dispatcher {
    /// All of `jobs` wait.
    #[must_use]
    pub fn new(jobs: Vec<Job>) -> Self {
        Self { waiting: jobs.into(), held: BTreeMap::new() }
    }

    /// Takes the next job that may start now; its resources are held until [`Dispatcher::release`].
    pub fn take(&mut self) -> Option<Job> {
        let at = self.first_free()?;
        let job = self.waiting.remove(at)?;
        for resource in &job.resources {
            let held = match (job.load, self.held.get(resource)) {
                (Load::Exclusive, _) => Held::Alone,
                (Load::Light, Some(Held::Shared(n))) => Held::Shared(n + 1),
                (Load::Light, _) => Held::Shared(1),
            };
            self.held.insert(resource.clone(), held);
        }
        Some(job)
    }

    /// Gives back what a started job held.
    pub fn release(&mut self, job: &Job) {
        for resource in &job.resources {
            match self.held.get(resource) {
                Some(Held::Shared(n)) if *n > 1 => {
                    self.held.insert(resource.clone(), Held::Shared(n - 1));
                }
                _ => {
                    self.held.remove(resource);
                }
            }
        }
    }

    /// Jobs not yet started.
    pub fn waiting(&self) -> impl Iterator<Item = &Job> {
        self.waiting.iter()
    }

    /// The first waiting job whose resources are free. An earlier job that cannot start yet reserves what it is waiting
    /// for, so that a stream of light jobs never starves it.
    fn first_free(&self) -> Option<usize> {
        let mut reserved: BTreeMap<&Resource, Load> = BTreeMap::new();
        for (at, job) in self.waiting.iter().enumerate() {
            let free = |resource: &Resource| match (job.load, self.held.get(resource)) {
                (_, None) | (Load::Light, Some(Held::Shared(_))) => true,
                (Load::Exclusive, Some(_)) | (Load::Light, Some(Held::Alone)) => false,
            };
            let passes = |resource: &Resource| match (job.load, reserved.get(resource)) {
                (_, None) | (Load::Light, Some(Load::Light)) => true,
                (Load::Exclusive, Some(_)) | (Load::Light, Some(Load::Exclusive)) => false,
            };
            if job.resources.iter().all(|r| free(r) && passes(r)) {
                return Some(at);
            }
            for resource in &job.resources {
                let load = reserved.entry(resource).or_insert(job.load);
                if job.load == Load::Exclusive {
                    *load = Load::Exclusive;
                }
            }
        }
        None
    }
}
