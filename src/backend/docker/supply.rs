//! The probe image on its way to engines: made once, brought to each that has not got it.
#![allow(clippy::disallowed_methods, reason = "an edge: it brings files to engines")]

use std::path::Path;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::RemoveImageOptionsBuilder;
use tokio::sync::Mutex;

use super::{DockerError, Engine, image};
use crate::backend::{Progress, Tell};
use crate::domain::image::Image;
use crate::image::{Cache, Draft, HASH_LABEL, ImageError, Recipe, Step, ready};

/// The image of a topology's probes.
#[derive(Debug)]
pub(in crate::backend) struct Supply {
    recipe: Recipe,
    cache: Cache,
    /// Held by whoever makes it: the others wait and find it made.
    making: Mutex<()>,
}

impl Supply {
    /// That of `image` with `executable` as its agent, kept in `cache`.
    ///
    /// # Errors
    /// [`ImageError`].
    pub(in crate::backend) fn new(image: &Image, executable: &Path, cache: Cache) -> Result<Self, ImageError> {
        Ok(Self { recipe: Recipe::new(image, executable)?, cache, making: Mutex::new(()) })
    }

    /// Its name on an engine.
    pub(in crate::backend) fn tag(&self) -> String {
        self.recipe.tag()
    }

    /// What it is made from.
    pub(in crate::backend) fn hash(&self) -> String {
        self.recipe.hash()
    }

    /// Does the engine have it?
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::backend) async fn is_at(&self, engine: &Docker) -> Result<bool, DockerError> {
        match engine.inspect_image(&self.tag()).await {
            Ok(found) => {
                let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
                Ok(labels.get(HASH_LABEL) == Some(&self.hash()))
            }
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Brings it to the engine, and makes it where it is not there yet; `tell` hears how far that is.
    ///
    /// # Errors
    /// [`DockerError`].
    pub(in crate::backend) async fn bring(&self, engine: &Engine, tell: Tell<'_>) -> Result<(), DockerError> {
        image::check_architecture(&self.recipe, engine.architecture())?;
        let archive = {
            let _only = self.making.lock().await;
            ready(
                &self.recipe,
                &self.cache,
                async |draft: &mut Draft, tell: &mut dyn FnMut(Step<'_>)| {
                    image::build(engine.client(), &self.recipe, draft, tell).await
                },
                &mut |step| tell(Progress::Image(step)),
            )
            .await?
        };
        image::load(engine.client(), &self.recipe, &archive.path, &mut |bytes, total| {
            tell(Progress::Sent { bytes, total });
        })
        .await?;
        Ok(())
    }

    /// Takes it from the engine, unless something there still uses it.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::backend) async fn take_away(&self, engine: &Docker) -> Result<(), DockerError> {
        let options = RemoveImageOptionsBuilder::new().noprune(false).build();
        match engine.remove_image(&self.tag(), Some(options), None).await {
            Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) | Ok(_) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }
}
