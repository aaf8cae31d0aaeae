//! Which job may start now: no exclusive job shares a resource with any other, light ones share with light ones.

use std::collections::{BTreeMap, BTreeSet};

use super::jobs::Job;
use super::resource::Resource;
use crate::tool::Load;

/// Light jobs that share a resource at most: a mesh of pings must not drown what it measures.
const SHARED_BY: u32 = 8;

/// Keeps what runs and what waits. Jobs are started in their order as far as their resources allow.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    /// Every job until it is started, by its place in the order.
    jobs: Vec<Option<Job>>,
    /// The class of each job.
    class_of: Vec<usize>,
    classes: Vec<Class>,
    places: BTreeMap<Resource, usize>,
    resources: Vec<State>,
    /// Of each job, how many of those that must tell its rate have not ended. It waits nowhere until there are none.
    untold: Vec<usize>,
    /// The places of the jobs that wait for the end of a job, by its id.
    listeners: BTreeMap<u32, Vec<usize>>,
    /// Resources given back since a job that needs them was last looked for; no other job can have become startable.
    fresh: BTreeSet<usize>,
}

/// Jobs that need the same in the same way. What admits one of them admits each before it, so only the first one waits at the
/// resources: a search looks at pairs and not at every test of them.
#[derive(Debug, Clone)]
struct Class {
    /// Places in the dispatcher's `resources`.
    needs: Vec<usize>,
    load: Load,
    waiting: BTreeSet<usize>,
}

/// A resource: how it is held, and the places of the first jobs of each class that wait for it.
#[derive(Debug, Clone, Default)]
struct State {
    held: Held,
    waiting: BTreeSet<usize>,
    waiting_exclusive: BTreeSet<usize>,
}

/// How a resource is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    #[default]
    Free,
    Alone,
    Shared(u32),
}

impl State {
    fn wait(&mut self, place: usize, load: Load) {
        self.waiting.insert(place);
        if load == Load::Exclusive {
            self.waiting_exclusive.insert(place);
        }
    }

    fn leave(&mut self, place: usize) {
        self.waiting.remove(&place);
        self.waiting_exclusive.remove(&place);
    }

    /// May the job at `place` have it? An exclusive job that waits keeps later light ones away, else a stream of them would
    /// keep it waiting.
    fn admits(&self, load: Load, place: usize) -> bool {
        match (load, self.held) {
            (_, Held::Alone) | (Load::Exclusive, Held::Shared(_)) => false,
            (Load::Exclusive, Held::Free) => true,
            (Load::Light, Held::Free | Held::Shared(_)) => {
                place < self.reserved_from() && self.held != Held::Shared(SHARED_BY)
            }
        }
    }

    /// Place of the first exclusive job that waits.
    fn reserved_from(&self) -> usize {
        self.waiting_exclusive.first().copied().unwrap_or(usize::MAX)
    }

    /// The waiting jobs that it may admit, in their order.
    fn candidates(&self) -> impl Iterator<Item = usize> {
        let light = self.waiting.range(..self.reserved_from());
        let (light, exclusive) = match self.held {
            Held::Alone => (None, None),
            Held::Shared(_) => (Some(light), None),
            Held::Free => (Some(light), Some(&self.waiting_exclusive)),
        };
        light.into_iter().flatten().chain(exclusive.into_iter().flatten()).copied()
    }
}

impl Dispatcher {
    /// All of `jobs` wait.
    #[must_use]
    pub fn new(jobs: Vec<Job>) -> Self {
        let mut places = BTreeMap::new();
        let mut resources: Vec<State> = Vec::new();
        let ids: BTreeSet<u32> = jobs.iter().map(|job| job.id).collect();
        let mut untold = vec![0; jobs.len()];
        let mut listeners: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut class_of = Vec::with_capacity(jobs.len());
        let mut classes: Vec<Class> = Vec::new();
        let mut known: BTreeMap<(&BTreeSet<Resource>, bool), usize> = BTreeMap::new();
        for (place, job) in jobs.iter().enumerate() {
            // One that is not among these will never end here, and is waited for in vain.
            let tellers: BTreeSet<u32> =
                job.rate_from.iter().flat_map(|from| from.sources.iter().map(|s| s.job)).collect();
            for teller in tellers.intersection(&ids) {
                listeners.entry(*teller).or_default().push(place);
                untold[place] += 1;
            }
            let at = *known.entry((&job.resources, job.load == Load::Exclusive)).or_insert_with(|| {
                let place_of = |resource: &Resource| {
                    *places.entry(resource.clone()).or_insert_with(|| {
                        resources.push(State::default());
                        resources.len() - 1
                    })
                };
                let needs = job.resources.iter().map(place_of).collect();
                classes.push(Class { needs, load: job.load, waiting: BTreeSet::new() });
                classes.len() - 1
            });
            if untold[place] == 0 {
                classes[at].waiting.insert(place);
            }
            class_of.push(at);
        }
        for class in &classes {
            let Some(first) = class.waiting.first() else { continue };
            for at in &class.needs {
                resources[*at].wait(*first, class.load);
            }
        }
        let fresh = (0..resources.len()).collect();
        Self {
            jobs: jobs.into_iter().map(Some).collect(),
            class_of,
            classes,
            places,
            resources,
            untold,
            listeners,
            fresh,
        }
    }

    /// Takes the next job that may start now; its resources are held until [`Dispatcher::release`].
    pub fn take(&mut self) -> Option<Job> {
        let (place, job) = self.first_startable().and_then(|place| Some((place, self.jobs[place].take()?)))?;
        let class = &mut self.classes[self.class_of[place]];
        class.waiting.remove(&place);
        for at in &class.needs {
            let state = &mut self.resources[*at];
            state.leave(place);
            if let Some(next) = class.waiting.first() {
                state.wait(*next, class.load);
            }
            state.held = match (job.load, state.held) {
                (Load::Exclusive, _) => Held::Alone,
                (Load::Light, Held::Shared(n)) => Held::Shared(n + 1),
                (Load::Light, _) => Held::Shared(1),
            };
        }
        Some(job)
    }

    /// Gives back what a started job held; what waited for its figures waits for it no longer.
    pub fn release(&mut self, job: &Job) {
        for at in job.resources.iter().filter_map(|resource| self.places.get(resource)) {
            let state = &mut self.resources[*at];
            state.held = match state.held {
                Held::Shared(n) if n > 1 => Held::Shared(n - 1),
                _ => Held::Free,
            };
            self.fresh.insert(*at);
        }
        for place in self.listeners.remove(&job.id).unwrap_or_default() {
            self.untold[place] -= 1;
            if self.untold[place] == 0 && self.jobs[place].is_some() {
                self.join(place);
            }
        }
    }

    /// Lets a job wait whose rate is known now.
    fn join(&mut self, place: usize) {
        let class = &mut self.classes[self.class_of[place]];
        let first = class.waiting.first().copied();
        class.waiting.insert(place);
        for at in &class.needs {
            let state = &mut self.resources[*at];
            if first.is_none_or(|first| place < first) {
                first.into_iter().for_each(|first| state.leave(first));
                state.wait(place, class.load);
            }
            self.fresh.insert(*at);
        }
    }

    /// Jobs not yet started.
    pub fn waiting(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().flatten()
    }

    /// The first waiting job whose resources all admit it. Every job that could start needs a fresh resource.
    fn first_startable(&mut self) -> Option<usize> {
        let mut first: Option<usize> = None;
        let mut spent = Vec::new();
        for at in &self.fresh {
            let before = |place: &usize| first.is_none_or(|first| *place < first);
            match self.resources[*at].candidates().take_while(before).find(|place| self.startable(*place)) {
                Some(place) => first = Some(place),
                // Where the search stopped early at a better job, there may be more to find here.
                None if first.is_none() => spent.push(*at),
                None => {}
            }
        }
        for at in spent {
            self.fresh.remove(&at);
        }
        first
    }

    fn startable(&self, place: usize) -> bool {
        let Class { needs, load, .. } = &self.classes[self.class_of[place]];
        needs.iter().all(|at| self.resources[*at].admits(*load, place))
    }
}
