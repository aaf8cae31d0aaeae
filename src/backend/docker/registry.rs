//! A registry that hosts pull the probe image from: pulled and pushed by each host's own engine.

use std::collections::HashMap;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::ProgressDetail;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder,
};
use futures_util::StreamExt;
use tokio::sync::OnceCell;

use super::Surroundings;
use super::image::{LIMIT, label};
use super::login::Login;
use crate::backend::{Progress, Tell};
use crate::image::{Recipe, Step};

mod fault;

pub use fault::RegistryError;
use fault::words;

/// A registry, with a path in it.
#[derive(Debug)]
pub(super) struct Registry {
    /// `registry.example.net:5000/net`
    written: String,
    login: OnceCell<Option<Login>>,
}

impl Registry {
    pub(super) fn new(written: &str) -> Self {
        Self { written: written.to_owned(), login: OnceCell::new() }
    }

    /// The whole name there of the image `tag`.
    pub(super) fn reference(&self, tag: &str) -> String {
        format!("{}/{tag}", self.written)
    }

    /// Host and port.
    fn domain(&self) -> &str {
        self.written.split('/').next().unwrap_or_default()
    }

    /// It took the image of `recipe` and has not got it.
    pub(super) fn lost(&self, recipe: &Recipe) -> RegistryError {
        RegistryError::Lost { reference: self.reference(&recipe.tag()) }
    }

    /// This user's log-in there, asked for once.
    async fn login(&self) -> Result<Option<&Login>, RegistryError> {
        let around = Surroundings::of_process();
        let read = async || Login::read(self.domain(), around.docker_config.as_deref()).await;
        Ok(self.login.get_or_try_init(read).await?.as_ref())
    }

    /// Has the engine pull the image of `recipe`; false where the registry has not got it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub(super) async fn pull(&self, client: &Docker, recipe: &Recipe, tell: Tell<'_>) -> Result<bool, RegistryError> {
        let (reference, login) = (self.reference(&recipe.tag()), self.login().await?);
        let (name, tag) = reference.rsplit_once(':').unwrap_or((&reference, "latest"));
        tell(Progress::Image(Step::Pull { from: self.domain() }));
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
        let credentials = login.map(Login::credentials);
        let slow = client.clone().with_timeout(LIMIT);
        let mut said = slow.create_image(Some(options), None, credentials);
        let mut far = Far::default();
        while let Some(line) = said.next().await {
            match line {
                Ok(line) => far.tell(line.id, line.progress_detail.as_ref(), tell),
                Err(fault) => return self.of_pull(fault, login.is_some()),
            }
        }
        let hash = recipe.hash();
        if label(client, &reference).await.map_err(of_engine("pull"))?.as_deref() == Some(&hash) {
            return Ok(true);
        }
        // Ours is but the name that it has got here.
        let _ = client.remove_image(&reference, None::<RemoveImageOptions>, None).await;
        Err(RegistryError::Other { reference, hash })
    }

    /// A pull that failed. A registry that keeps names secret says "denied" of what is not there, too.
    fn of_pull(&self, fault: Error, has_login: bool) -> Result<bool, RegistryError> {
        let said = words(&fault);
        let absent = ["not found", "manifest unknown", "name unknown", "repository name not known"];
        if absent.iter().any(|words| said.contains(words))
            || (has_login && said.contains("does not exist or may require"))
        {
            return Ok(false);
        }
        Err(RegistryError::of_words(&said, self.domain(), has_login)
            .unwrap_or(RegistryError::Engine { action: "pull", source: fault }))
    }

    /// Has the engine push the image of `recipe`, which it has under its own tag.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub(super) async fn push(&self, client: &Docker, recipe: &Recipe, tell: Tell<'_>) -> Result<(), RegistryError> {
        let (reference, login) = (self.reference(&recipe.tag()), self.login().await?);
        let (name, tag) = reference.rsplit_once(':').unwrap_or((&reference, "latest"));
        tell(Progress::Image(Step::Push { to: self.domain() }));
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let credentials = login.map(Login::credentials);
        let slow = client.clone().with_timeout(LIMIT);
        let mut said = slow.push_image(name, Some(options), credentials);
        let mut far = Far::default();
        while let Some(line) = said.next().await {
            match line {
                Ok(line) => far.tell(None, line.progress_detail.as_ref(), tell),
                Err(fault) => {
                    let said = words(&fault);
                    let known = RegistryError::of_words(&said, self.domain(), login.is_some());
                    return Err(known.unwrap_or(match fault {
                        Error::DockerStreamError { .. } => {
                            RegistryError::Refused { domain: self.domain().to_owned(), words: said }
                        }
                        source => RegistryError::Engine { action: "push", source },
                    }));
                }
            }
        }
        Ok(())
    }
}

/// Gives the image `of` of an engine the name `reference` too.
///
/// # Errors
/// [`RegistryError::Engine`].
pub(super) async fn tag(client: &Docker, of: &str, reference: &str) -> Result<(), RegistryError> {
    let (repository, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
    let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
    client.tag_image(of, Some(options)).await.map_err(of_engine("give a name to"))
}

fn of_engine(action: &'static str) -> impl Fn(Error) -> RegistryError {
    move |source| RegistryError::Engine { action, source }
}

/// How far the layers are: each by its name, or where the engine names none by its length.
#[derive(Default)]
struct Far(HashMap<String, [u64; 2]>);

impl Far {
    fn tell(&mut self, layer: Option<String>, detail: Option<&ProgressDetail>, tell: Tell<'_>) {
        let Some(&ProgressDetail { current: Some(current), total: Some(total) }) = detail else { return };
        let (Ok(current), Ok(total)) = (u64::try_from(current), u64::try_from(total)) else { return };
        let so_far = self.0.entry(layer.unwrap_or_else(|| total.to_string())).or_default();
        // Behind the bytes comes their unpacking, which counts from nothing again.
        *so_far = [so_far[0].max(current.min(total)), total.max(so_far[1])];
        let sum = |which: usize| self.0.values().map(|layer| layer[which]).sum();
        tell(Progress::Sent { bytes: sum(0), total: sum(1) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_is_refused() {
        let registry = Registry::new("registry.example.net:5000/net");
        let of =
            |said: &str, has_login| registry.of_pull(Error::DockerStreamError { error: said.to_owned() }, has_login);
        assert_eq!(of("manifest for x:1 not found: manifest unknown: manifest unknown", false).ok(), Some(false));
        let either = "pull access denied for x, repository does not exist or may require 'docker login': denied";
        assert_eq!(of(either, true).ok(), Some(false), "pushing it will show");
        assert!(matches!(of(either, false), Err(RegistryError::NoLogin { .. })));
        assert!(matches!(of("unexpected end of JSON input", true), Err(RegistryError::Engine { .. })));
        assert_eq!(registry.reference("iperftester-probe:1"), "registry.example.net:5000/net/iperftester-probe:1");
        assert_eq!(registry.domain(), "registry.example.net:5000");
    }

    #[test]
    fn bytes_of_layers_add_up_and_never_go_back() {
        let told = std::cell::RefCell::new(vec![]);
        let tell = |progress: Progress<'_>| {
            if let Progress::Sent { bytes, total } = progress {
                told.borrow_mut().push((bytes, total));
            }
        };
        let mut far = Far::default();
        for (layer, current, total) in [("a", 10, 100), ("b", 5, 50), ("a", 100, 100), ("a", 7, 100), ("b", 50, 50)] {
            let detail = ProgressDetail { current: Some(current), total: Some(total) };
            far.tell(Some(layer.to_owned()), Some(&detail), &tell);
        }
        far.tell(Some("a".to_owned()), None, &tell);
        assert_eq!(told.into_inner(), [(10, 100), (15, 150), (105, 150), (105, 150), (150, 150)]);
    }
}
