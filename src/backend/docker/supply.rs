//! The probe image on its way to engines: made once, pushed to a registry once where there is one, brought to each engine that
//! has not got it.
#![allow(clippy::disallowed_methods, reason = "an edge: it brings files to engines")]

use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::RemoveImageOptionsBuilder;
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use super::builder::{self, Builders};
use super::registry::{self, Registry};
use super::{DockerError, Engine, image, superseded};
use crate::backend::{Progress, Tell};
use crate::domain::topology::Topology;
use crate::image::{Cache, ImageError, Recipe, cached, is_made};

/// The image of a topology's probes.
#[derive(Debug)]
pub(in crate::backend) struct Supply {
    recipe: Recipe,
    cache: Cache,
    builders: Builders,
    registry: Option<Registry>,
    /// Held by whoever makes the archive: the others wait and find it made.
    archive: Mutex<ForAll<PathBuf>>,
    /// Held by whoever pushes the image.
    published: Mutex<ForAll<()>>,
}

/// What one does for all.
#[derive(Debug)]
enum ForAll<T> {
    NotYet,
    Done(T),
    /// It failed, as this host tells.
    Failed(String),
}

impl<T: Clone> ForAll<T> {
    /// What it came to; `None` where it is still to be done.
    fn outcome(&self) -> Option<Result<T, DockerError>> {
        match self {
            Self::NotYet => None,
            Self::Done(what) => Some(Ok(what.clone())),
            Self::Failed(host) => Some(Err(DockerError::ToldOf { host: host.clone() })),
        }
    }
}

impl Supply {
    /// That of `topology` with `executable` as its agent, kept in `cache`.
    ///
    /// # Errors
    /// [`ImageError`].
    pub(in crate::backend) fn new(topology: &Topology, executable: &Path, cache: Cache) -> Result<Self, ImageError> {
        Ok(Self {
            recipe: Recipe::new(&topology.image, executable)?,
            cache,
            builders: Builders::of(topology),
            registry: topology.image.registry.as_deref().map(Registry::new),
            archive: Mutex::new(ForAll::NotYet),
            published: Mutex::new(ForAll::NotYet),
        })
    }

    /// Its name on an engine.
    pub(in crate::backend) fn reference(&self) -> String {
        let tag = self.recipe.tag();
        self.registry.as_ref().map_or_else(|| tag.clone(), |registry| registry.reference(&tag))
    }

    /// What it is made from.
    pub(in crate::backend) fn hash(&self) -> String {
        self.recipe.hash()
    }

    /// Is its archive made?
    ///
    /// # Errors
    /// [`ImageError`], where something lacks to make it.
    pub(in crate::backend) fn is_made(&self) -> Result<bool, ImageError> {
        is_made(&self.recipe, &self.cache)
    }

    /// Does the engine have it?
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::backend) async fn is_at(&self, engine: &Docker) -> Result<bool, DockerError> {
        Ok(image::label(engine, &self.reference()).await?.as_deref() == Some(&self.hash()))
    }

    /// Brings it to the engine of `host`, and makes it where it is not there yet; `tell` hears how far that is. Dropped midway
    /// it leaves nothing half made, for engines keep no part of an image.
    ///
    /// # Errors
    /// [`DockerError`].
    pub(in crate::backend) async fn bring(
        &self,
        host: &str,
        engine: &Engine,
        tell: Tell<'_>,
    ) -> Result<(), DockerError> {
        image::check_architecture(self.recipe.architecture, engine.architecture())?;
        let client = engine.client();
        let id = match image::find(client, &self.recipe).await? {
            // It has lost its name, or has another.
            Some(id) => id,
            None => match &self.registry {
                None => self.send(host, client, tell).await?,
                Some(registry) => self.pull(registry, host, client, tell).await?,
            },
        };
        // Naming it notes the time, see `superseded`.
        Ok(registry::tag(client, &id, &self.reference()).await?)
    }

    /// Sends the archive, which is made where it is not there yet; gives the image's id.
    async fn send(&self, host: &str, client: &Docker, tell: Tell<'_>) -> Result<String, DockerError> {
        let archive = {
            let mut archive = self.archive.lock().await;
            match archive.outcome() {
                Some(outcome) => outcome?,
                None => {
                    let made = self.made(tell).await;
                    *archive = match &made {
                        Ok(path) => ForAll::Done(path.clone()),
                        Err(_) => ForAll::Failed(host.to_owned()),
                    };
                    made?
                }
            }
        };
        let mut sent = |bytes, total| tell(Progress::Sent { bytes, total });
        Ok(image::load(client, &self.recipe, &archive, &mut sent).await?)
    }

    async fn made(&self, tell: Tell<'_>) -> Result<PathBuf, DockerError> {
        if let Some(archive) = cached(&self.recipe, &self.cache) {
            return Ok(archive.path);
        }
        let mut step = |step: crate::image::Step<'_>| tell(Progress::Image(step));
        Ok(builder::make(&self.recipe, &self.cache, true, &self.builders, &mut step).await?.path)
    }

    /// Pulls it from the registry, to which the first that does not find it there brings it; gives its id.
    async fn pull(
        &self,
        registry: &Registry,
        host: &str,
        client: &Docker,
        tell: Tell<'_>,
    ) -> Result<String, DockerError> {
        if !registry.pull(client, &self.recipe, tell).await? {
            let mut published = self.published.lock().await;
            match published.outcome() {
                None => {
                    let pushed = self.publish(registry, host, client, tell).await;
                    match &pushed {
                        Ok(_) => *published = ForAll::Done(()),
                        // What is this host's own may go better from another.
                        Err(DockerError::Registry(fault)) if fault.is_everybodys() => {
                            *published = ForAll::Failed(host.to_owned());
                        }
                        Err(_) => {}
                    }
                    return pushed;
                }
                Some(outcome) => outcome?,
            }
            drop(published);
            if !registry.pull(client, &self.recipe, tell).await? {
                return Err(registry.lost(&self.recipe).into());
            }
        }
        image::find(client, &self.recipe).await?.ok_or_else(|| ImageError::Lost { tag: self.reference() }.into())
    }

    async fn publish(
        &self,
        registry: &Registry,
        host: &str,
        client: &Docker,
        tell: Tell<'_>,
    ) -> Result<String, DockerError> {
        let id = self.send(host, client, tell).await?;
        registry::tag(client, &id, &self.reference()).await?;
        registry.push(client, &self.recipe, tell).await?;
        Ok(id)
    }

    /// Takes it from the engine, unless something there still uses it.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::backend) async fn take_away(&self, engine: &Docker) -> Result<(), DockerError> {
        if !self.is_at(engine).await? {
            return Ok(());
        }
        let options = RemoveImageOptionsBuilder::new().noprune(false).build();
        match engine.remove_image(&self.reference(), Some(options), None).await {
            Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) | Ok(_) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes from the engine what it has taken the place of; gives their names.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::backend) async fn supersede(
        &self,
        engine: &Docker,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, DockerError> {
        Ok(superseded::remove(engine, &self.reference(), now).await?)
    }
}
