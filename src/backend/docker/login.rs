//! What `docker login` wrote: who this user is at a registry.
#![allow(clippy::disallowed_methods, reason = "an edge: log-ins are files")]

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use serde::Deserialize;

use super::registry::RegistryError;
use crate::process::{self, ProcessError};

/// A helper may ask a keyring that is locked; longer than this nobody answers.
const HELPER_WITHIN: Duration = Duration::from_secs(30);
/// The name of a user whose secret is a token of the registry's (docker/cli, cli/config/credentials/native_store.go).
const TOKEN_USER: &str = "<token>";

/// A log-in at a registry. It is never shown.
pub(super) struct Login(DockerCredentials);

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// `config.json` as the Docker CLI writes it (docker/cli, cli/config/configfile/file.go), as far as log-ins go.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: HashMap<String, Auth>,
    creds_store: String,
    cred_helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    /// `USER:PASSWORD` in base64.
    auth: String,
    #[serde(rename = "identitytoken")]
    identity_token: String,
}

/// What a helper answers (docker/docker-credential-helpers, credentials.go).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Login {
    /// The log-in of this user at the registry of `domain` by the Docker CLI's `folder`; `None` where there is none.
    ///
    /// # Errors
    /// [`RegistryError::Config`], [`RegistryError::Helper`].
    pub(super) async fn read(domain: &str, folder: Option<&Path>) -> Result<Option<Self>, RegistryError> {
        let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(None) };
        let unusable = |words: String| RegistryError::Config { path: path.clone(), words };
        let config = match std::fs::read(&path) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(unusable(fault.to_string())),
            // The parser's words may hold what it read.
            Ok(bytes) => serde_json::from_slice::<Config>(&bytes)
                .map_err(|fault| unusable(format!("line {}, column {}", fault.line(), fault.column())))?,
        };
        let known = known_as(domain);
        let helper = config.cred_helpers.get(known).or(Some(&config.creds_store)).filter(|helper| !helper.is_empty());
        if let Some(helper) = helper {
            return Ok(asked(helper, known).await?.map(|login| login.at(known)));
        }
        let Some((_, auth)) = config.auths.iter().find(|(server, _)| host(server) == host(known)) else {
            return Ok(None);
        };
        if !auth.identity_token.is_empty() {
            return Ok(Some(Self::with_token(auth.identity_token.clone()).at(known)));
        }
        let text = decoded(&auth.auth).ok_or_else(|| unusable(format!("the log-in at {known}")))?;
        let Some((user, password)) = text.split_once(':') else { return Ok(None) };
        Ok(Some(Self::with_password(user, password.trim_end_matches('\0')).at(known)))
    }

    fn with_password(user: &str, password: &str) -> Self {
        let [username, password] = [user, password].map(|text| Some(text.to_owned()));
        Self(DockerCredentials { username, password, ..DockerCredentials::default() })
    }

    fn with_token(token: String) -> Self {
        Self(DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() })
    }

    fn at(mut self, server: &str) -> Self {
        self.0.serveraddress = Some(server.to_owned());
        self
    }

    /// For a request to an engine.
    pub(super) fn credentials(&self) -> DockerCredentials {
        self.0.clone()
    }
}

/// The name of a registry in the file: Docker's own has another there (docker/docker, registry.IndexServer).
fn known_as(domain: &str) -> &str {
    if domain == "docker.io" { "https://index.docker.io/v1/" } else { domain }
}

/// The host of a server: older log-ins are written as URIs (docker/docker, registry.ConvertToHostname).
fn host(server: &str) -> &str {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// What the credential helper `name` knows of `server`.
async fn asked(name: &str, server: &str) -> Result<Option<Login>, RegistryError> {
    let program = format!("docker-credential-{name}");
    let failed = |words: String| RegistryError::Helper { program: program.clone(), words };
    // A name with a path in it would be another program.
    if name.contains('/') {
        return Err(failed("its name is a path".to_owned()));
    }
    let ran = process::run(&[program.clone(), "get".to_owned()], server.as_bytes(), HELPER_WITHIN).await;
    let finished = ran.map_err(|fault| match fault {
        ProcessError::Start { source, .. } => failed(source.to_string()),
        fault => failed(fault.to_string()),
    })?;
    if !finished.status.success() {
        let said = String::from_utf8_lossy(&finished.stdout);
        // The words of every helper for what it does not have (credentials.errCredentialsNotFoundMessage).
        if said.contains("credentials not found") {
            return Ok(None);
        }
        return Err(failed(said.lines().next().unwrap_or("it said nothing").to_owned()));
    }
    let answer: Answer =
        serde_json::from_slice(&finished.stdout).map_err(|_| failed("it answered something else".to_owned()))?;
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Login::with_token(answer.secret),
        user => Login::with_password(user, &answer.secret),
    }))
}

/// A text in base64 (RFC 4648, section 4).
fn decoded(text: &str) -> Option<String> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        held = (held << 6 | u32::from(value(letter)?)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(domain: &str, config: &str) -> Result<Option<[Option<String>; 3]>, RegistryError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let login = Login::read(domain, Some(folder.path())).await?;
        Ok(login.map(|login| [login.0.username, login.0.password, login.0.identitytoken]))
    }

    #[test]
    fn base64_is_read_as_it_is_written() {
        for (text, plain) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Pz8+fn4=", "??>~~")]
        {
            assert_eq!(decoded(text).as_deref(), Some(plain), "{text}");
        }
        assert_eq!(decoded("Zm9v YmFy"), None);
    }

    #[tokio::test]
    async fn a_log_in_is_found_by_the_host_of_its_server() {
        let config = r#"{"auths": {
            "registry.example.net:5000": {"auth": "YW5hOnMzOmNyZXQ="},
            "https://old.example.net/v2/": {"auth": "YW5hOm9sZA=="},
            "https://index.docker.io/v1/": {"auth": "YW5hOmh1Yg=="},
            "token.example.net": {"auth": "YW5hOg==", "identitytoken": "t0ken"},
            "empty.example.net": {}
        }}"#;
        let both = |user: &str, password: &str| Some([Some(user.to_owned()), Some(password.to_owned()), None]);
        assert_eq!(read("registry.example.net:5000", config).await.unwrap(), both("ana", "s3:cret"));
        assert_eq!(read("old.example.net", config).await.unwrap(), both("ana", "old"));
        assert_eq!(read("docker.io", config).await.unwrap(), both("ana", "hub"));
        assert_eq!(read("token.example.net", config).await.unwrap(), Some([None, None, Some("t0ken".to_owned())]));
        assert_eq!(read("empty.example.net", config).await.unwrap(), None);
        assert_eq!(read("registry.example.net", config).await.unwrap(), None, "another port is another registry");
        assert!(Login::read("a.example.net", Some(Path::new("/nowhere"))).await.unwrap().is_none());
        assert!(Login::read("a.example.net", None).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_fault_of_the_file_shows_nothing_of_it() {
        for config in
            [r#"{"auths": {"a.example.net": {"auth": "s3cret!"}}}"#, r#"{"auths": {"a.example.net": "s3cret"}}"#]
        {
            let fault = read("a.example.net", config).await.unwrap_err().to_string();
            assert!(fault.contains("config.json") && !fault.contains("s3cret"), "{fault}");
        }
        let login = Login::with_password("ana", "s3cret");
        assert_eq!(format!("{login:?}"), "Login");
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named() {
        for config in [r#"{"credsStore": "of-nobody"}"#, r#"{"credHelpers": {"a.example.net": "of-nobody"}}"#] {
            let fault = read("a.example.net", config).await.unwrap_err();
            assert!(fault.to_string().contains("docker-credential-of-nobody"), "{fault}");
        }
        let fault = read("a.example.net", r#"{"credsStore": "../../tmp/x"}"#).await.unwrap_err();
        assert!(fault.to_string().contains("its name is a path"), "{fault}");
    }
}
