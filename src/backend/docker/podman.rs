//! Where Podman's service differs from the engine whose API it speaks. Seen with Podman 4.3.1, API 1.41; all else is asked for
//! in words that both take.

use std::path::Path;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{Network, SystemVersion};

/// How often, and how long apart, a list is asked for again that has a word in it which Docker has not.
const AGAIN: (u32, Duration) = (20, Duration::from_millis(100));

/// What to do where nobody listens at its socket.
pub(super) const START: &str = "start Podman's service (`sudo systemctl enable --now podman.socket`, for a user's own \
                                `systemctl --user enable --now podman.socket`), or write the `endpoint` where it listens";

/// What to do where its socket is root's, as it is left.
pub(super) const FORBIDDEN: &str = "run iperftester with sudo, or use Podman without root: `systemctl --user enable --now \
                                    podman.socket` and `endpoint: unix://$XDG_RUNTIME_DIR/podman/podman.sock`, written out";

/// What to try after what it alone says, as [`super::refusal`].
pub(super) const REFUSALS: &[(&str, &str)] = &[
    ("network is being used", "a container that is not of this topology is in that network: disconnect it first"),
    ("is already used on the host", "another network of that host has these addresses: `ip route` there shows which"),
    (
        "error setting rlimit",
        "that host allows fewer open files than Podman asks for: lower `default_ulimits` in its containers.conf",
    ),
    (
        "slirp4netns",
        "Podman without root needs slirp4netns for its networks, and /dev/net/tun open to every user: `sudo apt-get \
         install slirp4netns` there",
    ),
    (
        "the requested cgroup controller",
        "systemd does not let that user limit this: add it to `Delegate=` of user@.service there, and log in again",
    ),
];

/// Its name.
const PODMAN: &str = "Podman";

/// Whose engine says this of itself.
pub(super) fn product(said: &SystemVersion) -> &'static str {
    let mut components = said.components.iter().flatten();
    if components.any(|component| component.name == "Podman Engine") { PODMAN } else { "Docker" }
}

/// By what the engine of `product` removes a network. By its identity Podman would remove one that a container is in, and two
/// of Docker's may have the same name.
pub(super) fn handle(product: &str, network: Network) -> String {
    if product == PODMAN { network.name } else { network.id }.unwrap_or_default()
}

/// Is this where Podman listens?
pub(super) fn owns(socket: &Path) -> bool {
    socket.ends_with("podman/podman.sock")
}

/// Does it say that something else has the name? Docker has status 409 for that.
pub(super) fn is_conflict(fault: &Error) -> bool {
    matches!(fault, Error::DockerResponseServerError { status_code: 500, message }
        if message.contains("that name is already in use"))
}

/// Asks until the answer can be read. A container that has ended and is not cleaned up yet is `stopped`, which no container of
/// Docker's is, and by that word the whole list is unreadable; it lasts milliseconds.
///
/// # Errors
/// The engine's.
pub(super) async fn readable<T>(ask: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..AGAIN.0 {
        match ask().await {
            Err(Error::JsonDataError { .. }) => tokio::time::sleep(AGAIN.1).await,
            answer => return answer,
        }
    }
    ask().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_known_by_what_it_says_of_itself() {
        let said = |name: &str| {
            let text = format!(r#"{{"Version":"4.3.1","Components":[{{"Name":"{name}","Version":"4.3.1"}}]}}"#);
            product(&serde_json::from_str(&text).unwrap())
        };
        assert_eq!((said("Podman Engine"), said("Engine")), ("Podman", "Docker"));
        assert_eq!(product(&SystemVersion::default()), "Docker");
    }

    #[test]
    fn a_network_is_removed_by_what_guards_it() {
        let text = |what: &str| Some(what.to_owned());
        let network = || Network { id: text("1"), name: text("lab"), ..Network::default() };
        assert_eq!((handle("Podman", network()), handle("Docker", network())), ("lab".to_owned(), "1".to_owned()));
    }

    #[test]
    fn a_taken_name_is_told_from_other_failures() {
        let fault = |message: &str| Error::DockerResponseServerError { status_code: 500, message: message.to_owned() };
        assert!(is_conflict(&fault("the container name \"a\" is already in use by 1: that name is already in use")));
        assert!(!is_conflict(&fault("bind: address already in use")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_with_a_strange_word_is_asked_for_again_and_not_for_ever() {
        let parse = |text: &str| {
            serde_json::from_str::<u8>(text).map_err(|_| Error::JsonDataError { message: text.to_owned(), column: 0 })
        };
        let asked = std::cell::Cell::new(0);
        let soon = readable(async || {
            asked.set(asked.get() + 1);
            parse(if asked.get() < 3 { "stopped" } else { "7" })
        });
        assert_eq!((soon.await.unwrap(), asked.get()), (7, 3));
        assert!(matches!(readable(async || parse("stopped")).await, Err(Error::JsonDataError { .. })));
    }
}
