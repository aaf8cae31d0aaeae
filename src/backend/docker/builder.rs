//! The archive of the probe image, and the engine that builds the one of base `debian`.

use super::{DockerError, Engine, image};
use crate::domain::host::{Docker, HostKind};
use crate::domain::image::Base;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::image::{self as archive, Archive, Cache, Draft, Recipe, Step};

/// Who may build an image of base `debian`: the topology's Docker hosts in the order of their names, behind them the managers
/// of its swarms, or else this machine's engine; of these the first that opens and runs on the executable's architecture.
#[derive(Debug, Clone)]
pub struct Builders(Vec<(Name, Docker)>);

impl Builders {
    /// Those of `topology`.
    ///
    /// # Panics
    /// Never: the name that it makes is one.
    #[must_use]
    pub fn of(topology: &Topology) -> Self {
        let hosts = topology.hosts.iter().filter_map(|(name, host)| match &host.kind {
            HostKind::Docker(settings) => Some((name.clone(), settings.clone())),
            _ => None,
        });
        let managers = topology.hosts.iter().filter_map(|(name, host)| match &host.kind {
            HostKind::Swarm(swarm) => {
                Some((name.clone(), Docker { endpoint: swarm.endpoint.clone(), context: None, tls: swarm.tls.clone() }))
            }
            _ => None,
        });
        let mut all: Vec<_> = hosts.chain(managers).collect();
        if all.is_empty() {
            all.push((Name::new("here").expect("it is a name"), Docker::default()));
        }
        Self(all)
    }

    /// The first that opens and runs on the architecture of `recipe`; the fault of the first where none does.
    async fn open(&self, recipe: &Recipe) -> Result<Engine, DockerError> {
        let mut first = None;
        for (name, settings) in &self.0 {
            let opened = Engine::open(name, settings).await.map_err(|fault| DockerError::Closed(fault.into()));
            let fits = |engine: Engine| {
                image::check_architecture(recipe.architecture, engine.architecture())
                    .map(|()| engine)
                    .map_err(DockerError::Image)
            };
            match opened.and_then(fits) {
                Ok(engine) => return Ok(engine),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        Err(first.unwrap_or(DockerError::Unknown))
    }
}

/// Makes the archive of `recipe` whatever `cache` has; the small image's root is taken from there where `keep_root`. An engine
/// is opened only for what is built there.
///
/// # Errors
/// [`DockerError::Closed`] where no engine opens, [`DockerError::Image`], also where none runs on that architecture; nothing
/// half made is left.
pub async fn make(
    recipe: &Recipe,
    cache: &Cache,
    keep_root: bool,
    builders: &Builders,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Archive, DockerError> {
    let engine = match recipe.base {
        Base::Small => None,
        Base::Debian => Some(builders.open(recipe).await?),
    };
    let by_engine = async |draft: &mut Draft, tell: &mut dyn FnMut(Step<'_>)| match &engine {
        Some(engine) => image::build(engine.client(), recipe, draft, tell).await,
        None => Ok(()),
    };
    Ok(archive::make(recipe, cache, keep_root, by_engine, tell).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hosts_build_before_managers_and_this_machine_where_there_is_neither() {
        let names = |hosts: &str| {
            let text = format!("name: t\nhosts: {hosts}\nprobes: {{ p: {{ host: a }}, q: {{ host: a }} }}\n");
            let source = crate::config::Source { file: "t.yaml".into(), bytes: text.into_bytes() };
            let topology = crate::config::load(&source).topology.unwrap();
            Builders::of(&topology).0.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names("{ a: { swarm: {} }, c: { docker: {} }, b: { docker: {} } }"), ["b", "c", "a"]);
        assert_eq!(names("{ a: { local: {} } }"), ["here"]);
    }
}
