//! Docker contexts: endpoints that the Docker CLI keeps by name (`docker context ls`).
#![allow(clippy::disallowed_methods, reason = "an edge: contexts are files")]

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::EngineFault;
use crate::domain::host::Tls;

/// What a context says of its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    /// As a topology would write it.
    pub(super) endpoint: String,
    /// Its files for TLS.
    pub(super) tls: Option<Tls>,
}

/// `meta.json` as the Docker CLI writes it (docker/cli, cli/context/store).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEndpoint {
    #[serde(default)]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Reads the context `name` from the Docker CLI's folder.
///
/// # Errors
/// [`EngineFault::NoContext`], [`EngineFault::BadContext`], [`EngineFault::UnverifiedContext`], [`EngineFault::File`].
pub(super) fn read(name: &str, docker_config: Option<&Path>) -> Result<Context, EngineFault> {
    let unknown = |known| EngineFault::NoContext { name: name.to_owned(), known };
    let Some(folder) = docker_config.map(|folder| folder.join("contexts")) else { return Err(unknown(vec![])) };
    let digest = digest(name);
    let path = folder.join("meta").join(&digest).join("meta.json");
    let meta = match std::fs::read(&path) {
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Err(unknown(known(&folder))),
        Err(source) => return Err(EngineFault::File { path, source }),
        Ok(bytes) => serde_json::from_slice::<Meta>(&bytes)
            .map_err(|fault| EngineFault::BadContext { path: path.clone(), words: fault.to_string() })?,
    };
    let docker = meta.endpoints.docker.filter(|docker| !docker.host.is_empty());
    let no_host = || EngineFault::BadContext { path: path.clone(), words: "no Docker endpoint".to_owned() };
    let docker = docker.ok_or_else(no_host)?;
    let Some(machine) = docker.host.strip_prefix("tcp://") else {
        return Ok(Context { endpoint: docker.host, tls: None });
    };
    if docker.skip_tls_verify {
        return Err(EngineFault::UnverifiedContext { name: name.to_owned() });
    }
    let files = folder.join("tls").join(&digest).join("docker");
    if !files.is_dir() {
        // Plain, which is refused with its reason.
        return Ok(Context { endpoint: docker.host, tls: None });
    }
    let tls = Tls { ca: files.join("ca.pem"), cert: files.join("cert.pem"), key: files.join("key.pem") };
    Ok(Context { endpoint: format!("tcp+tls://{machine}"), tls: Some(tls) })
}

/// The folder of a context: SHA-256 of its name in hexadecimal.
fn digest(name: &str) -> String {
    Sha256::digest(name).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The names of all contexts, sorted. What cannot be read has none.
fn known(folder: &Path) -> Vec<String> {
    let metas = std::fs::read_dir(folder.join("meta")).into_iter().flatten().filter_map(Result::ok);
    let name = |path: PathBuf| Some(serde_json::from_slice::<Meta>(&std::fs::read(path).ok()?).ok()?.name);
    let mut names: Vec<String> = metas.filter_map(|entry| name(entry.path().join("meta.json"))).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tempfile::TempDir;

    /// A folder as `docker context create NAME --docker host=HOST` leaves it.
    fn with(contexts: &[(&str, serde_json::Value)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, docker) in contexts {
            let meta = folder.path().join("contexts/meta").join(digest(name));
            std::fs::create_dir_all(&meta).unwrap();
            let text = json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}).to_string();
            std::fs::write(meta.join("meta.json"), text).unwrap();
        }
        folder
    }

    fn host(host: &str) -> serde_json::Value {
        json!({"Host": host, "SkipTLSVerify": false})
    }

    #[test]
    fn a_context_is_found_by_the_digest_of_its_name() {
        // printf edge | sha256sum
        assert_eq!(digest("edge"), "a1cb100f57e971cacf269e7c26e4630a25a8e9d4bdd35e32df1a80b66b896254");
    }

    #[test]
    fn each_kind_of_context_is_read() {
        let folder =
            with(&[("edge", host("ssh://ops@edge")), ("rack", host("tcp://rack:2376")), ("bare", host("tcp://b:1"))]);
        let files = folder.path().join("contexts/tls").join(digest("rack")).join("docker");
        std::fs::create_dir_all(&files).unwrap();
        let read = |name| read(name, Some(folder.path())).unwrap();
        assert_eq!(read("edge"), Context { endpoint: "ssh://ops@edge".into(), tls: None });
        assert_eq!(
            read("bare"),
            Context { endpoint: "tcp://b:1".into(), tls: None },
            "refused where endpoints are read"
        );
        let rack = read("rack");
        assert_eq!(rack.endpoint, "tcp+tls://rack:2376");
        assert_eq!(rack.tls.unwrap().key, files.join("key.pem"));
    }

    #[test]
    fn what_is_no_usable_context_is_told_by_name() {
        let folder = with(&[
            ("lax", json!({"Host": "tcp://lax:2376", "SkipTLSVerify": true})),
            ("kube", json!({})),
            ("edge", host("ssh://edge")),
        ]);
        let read = |name| read(name, Some(folder.path())).unwrap_err();
        let unknown = read("egde");
        assert_eq!(unknown.to_string(), "there is no Docker context `egde`");
        assert!(matches!(unknown, EngineFault::NoContext { known, .. } if known == ["edge", "kube", "lax"]));
        assert!(matches!(read("lax"), EngineFault::UnverifiedContext { .. }));
        assert!(read("kube").to_string().ends_with("meta.json is no context of Docker: no Docker endpoint"));
        std::fs::write(folder.path().join("contexts/meta").join(digest("edge")).join("meta.json"), "{").unwrap();
        assert!(matches!(read("edge"), EngineFault::BadContext { .. }));
        assert!(matches!(super::read("edge", None), Err(EngineFault::NoContext { known, .. }) if known.is_empty()));
    }
}
