//! What engines say where a pull or a push fails, and what to try.

use bollard::errors::Error;

/// Why an engine cannot pull from a registry or push to it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No way leads there from the engine.
    #[error("the engine cannot reach the registry {domain}: {words}")]
    Unreachable {
        /// Host and port of the registry.
        domain: String,
        /// The engine's words.
        words: String,
    },
    /// The engine does not know who signed the registry's certificate.
    #[error("the engine does not trust the certificate of the registry {domain}: {words}")]
    Untrusted {
        /// Host and port of the registry.
        domain: String,
        /// The engine's words.
        words: String,
    },
    /// The registry speaks no TLS.
    #[error("the registry {domain} speaks no TLS")]
    Plain {
        /// Host and port of the registry.
        domain: String,
    },
    /// The registry asks who we are, and this user has no log-in there.
    #[error("the registry {domain} asks for a log-in, and this user has none")]
    NoLogin {
        /// Host and port of the registry.
        domain: String,
    },
    /// The registry refuses this user.
    #[error("the registry {domain} refuses the log-in of this user: {words}")]
    Denied {
        /// Host and port of the registry.
        domain: String,
        /// The engine's words.
        words: String,
    },
    /// The tag is another image's.
    #[error("{reference} in the registry is another image: it does not bear the hash {hash}")]
    Other {
        /// The image's whole name.
        reference: String,
        /// The hash that it should bear.
        hash: String,
    },
    /// What was pushed is not there.
    #[error("the registry took {reference} and does not have it")]
    Lost {
        /// The image's whole name.
        reference: String,
    },
    /// Something else on the registry's side of a push.
    #[error("the registry {domain} does not take the image: {words}")]
    Refused {
        /// Host and port of the registry.
        domain: String,
        /// The engine's words.
        words: String,
    },
    /// The file of log-ins cannot be used.
    #[error("{} holds no log-ins that can be read: {words}", path.display())]
    Config {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it; nothing of what is in it.
        words: String,
    },
    /// A credential helper of the Docker CLI failed.
    #[error("`{program}` does not tell the log-in: {words}")]
    Helper {
        /// The program.
        program: String,
        /// What it said, or the system.
        words: String,
    },
    /// The engine failed.
    #[error("the engine cannot {action} the image")]
    Engine {
        /// `pull`, `push`, `give a name to`.
        action: &'static str,
        /// Its reason.
        source: Error,
    },
}

impl RegistryError {
    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { domain, .. } => format!(
                "see that it runs and that this host reaches it, `curl -k https://{domain}/v2/` there; without `registry` the \
                 image is sent to each host"
            ),
            Self::Untrusted { domain, .. } => {
                format!(
                    "put the certificate of its CA at /etc/docker/certs.d/{domain}/ca.crt on that host; no restart is needed"
                )
            }
            Self::Plain { domain } => format!(
                "give it a certificate, or name {domain} in `insecure-registries` of /etc/docker/daemon.json on that host"
            ),
            Self::NoLogin { domain } => format!("`docker login {domain}` on this machine, as this user"),
            Self::Denied { domain, .. } => format!(
                "`docker login {domain}` on this machine, as this user, with a name that may write at the path of `registry`"
            ),
            Self::Other { .. } => {
                "somebody else pushed there: remove that tag, or name another path in `registry`".to_owned()
            }
            Self::Lost { .. } => "see that everyone behind that name is the same registry".to_owned(),
            Self::Refused { .. } => {
                "see its log; it may be full or only read. Without `registry` the image is sent to each host".to_owned()
            }
            Self::Config { .. } => "`docker login` writes it anew".to_owned(),
            Self::Helper { program, .. } => {
                format!("`echo REGISTRY | {program} get` must work on this machine, as this user")
            }
            Self::Engine { .. } => return None,
        })
    }

    /// Would every host fare alike?
    pub(in crate::backend::docker) const fn is_everybodys(&self) -> bool {
        !matches!(self, Self::Unreachable { .. } | Self::Untrusted { .. } | Self::Plain { .. } | Self::Engine { .. })
    }

    /// What an engine said of a pull or a push; `None` where that is of the engine.
    pub(super) fn of_words(said: &str, domain: &str, has_login: bool) -> Option<Self> {
        let has = |all: &[&str]| all.iter().any(|words| said.contains(words));
        let (domain, words) = (domain.to_owned(), said.trim().to_owned());
        if has(&["server gave HTTP response to HTTPS client"]) {
            return Some(Self::Plain { domain });
        }
        if has(&["x509: ", "tls: failed to verify"]) {
            return Some(Self::Untrusted { domain, words });
        }
        if has(&[
            "no basic auth credentials",
            "unauthorized",
            "authentication required",
            "denied",
            "incorrect username or password",
        ]) {
            return Some(if has_login { Self::Denied { domain, words } } else { Self::NoLogin { domain } });
        }
        let lost = [
            "dial tcp",
            "no such host",
            "i/o timeout",
            "Client.Timeout",
            "request canceled",
            "connection reset",
            "EOF",
        ];
        has(&lost).then_some(Self::Unreachable { domain, words })
    }
}

/// The engine's own words.
pub(super) fn words(fault: &Error) -> String {
    match fault {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::i18n::sentences::told;

    #[test]
    fn what_engines_say_of_registries_is_understood() {
        let of = |said: &str, has_login| RegistryError::of_words(said, "registry.example.net:5000", has_login);
        let refused =
            "Get \"https://registry.example.net:5000/v2/\": dial tcp 192.0.2.7:5000: connect: connection refused";
        assert!(matches!(of(refused, true), Some(RegistryError::Unreachable { .. })));
        let signed = "Get \"https://registry.example.net:5000/v2/\": x509: certificate signed by unknown authority";
        assert!(matches!(of(signed, true), Some(RegistryError::Untrusted { .. })));
        let plain = "Get \"https://registry.example.net:5000/v2/\": http: server gave HTTP response to HTTPS client";
        assert!(matches!(of(plain, true), Some(RegistryError::Plain { .. })));
        let asks = "Get \"https://registry.example.net:5000/v2/net/x/manifests/1\": no basic auth credentials";
        assert!(matches!(of(asks, false), Some(RegistryError::NoLogin { .. })));
        assert!(matches!(of("unauthorized: authentication required", true), Some(RegistryError::Denied { .. })));
        assert!(of("open /var/lib/docker/tmp/x: no space left on device", true).is_none());
    }

    #[test]
    fn every_fault_has_its_sentence_and_its_hint_in_spanish() {
        let (domain, words) = (|| "registry.example.net:5000".to_owned(), || "the engine's words".to_owned());
        let reference = || "registry.example.net:5000/net/iperftester-probe:1".to_owned();
        let faults = [
            RegistryError::Unreachable { domain: domain(), words: words() },
            RegistryError::Untrusted { domain: domain(), words: words() },
            RegistryError::Plain { domain: domain() },
            RegistryError::NoLogin { domain: domain() },
            RegistryError::Denied { domain: domain(), words: words() },
            RegistryError::Other { reference: reference(), hash: "0123".to_owned() },
            RegistryError::Lost { reference: reference() },
            RegistryError::Refused { domain: domain(), words: words() },
            RegistryError::Config { path: "/home/ana/.docker/config.json".into(), words: words() },
            RegistryError::Helper { program: "docker-credential-x".to_owned(), words: words() },
        ];
        for fault in faults {
            for text in [fault.to_string(), fault.hint().unwrap()] {
                assert_ne!(told(Lang::Es, &text), text);
            }
        }
        let engine = RegistryError::Engine { action: "pull", source: Error::RequestTimeoutError }.to_string();
        assert_eq!(told(Lang::Es, &engine), "el motor no puede descargar la imagen");
    }
}
