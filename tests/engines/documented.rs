//! The Docker hosts of the documentation, played by simulated ones.

use std::path::Path;
use std::process::Command;

use super::{Hosts, Sshd, probe_image};
use crate::world::cache;

/// `rack` by TLS, `edge` by ssh, and the machine's own engine.
pub(crate) struct Documented {
    sshd: Sshd,
    pub(crate) hosts: Hosts,
}

impl Documented {
    /// Starts them.
    pub(crate) fn start() -> Self {
        probe_image();
        let hosts = Hosts::new(3);
        // As many distributions leave it.
        hosts.engines[1].machine.sysctl("net.ipv4.ping_group_range=0 2147483647");
        Self { sshd: hosts.sshd(1), hosts }
    }

    /// A text of the documentation with what there is in place of its endpoints, addresses and files.
    pub(crate) fn real(&self, text: &str) -> String {
        let [tls, lan] = [self.hosts.tls(0), self.hosts.free_address(41).to_string()];
        let files = self.hosts.authority.tls("client");
        let [ca, cert, key] = [files.ca, files.cert, files.key].map(|file| file.display().to_string());
        let own = format!("{{ docker: {{ endpoint: '{}' }} }}", self.hosts.engines[2].url());
        text.replace("ssh://ops@edge.example.net", &self.sshd.url())
            .replace("tcp+tls://192.0.2.10:2376", &format!("tcp+tls://{tls}"))
            .replace("ca: ca.pem, cert: cert.pem, key: key.pem", &format!("ca: {ca}, cert: {cert}, key: {key}"))
            .replace("parent: eth1, address: 192.0.2.41/24", &format!("parent: eth0, address: {lan}/24"))
            .replace("{ docker: {} }", &own)
    }

    /// Lets a command have the user's ssh, the image that is made, and what the `docker` command keeps in `folder`.
    pub(crate) fn lend(&self, command: &mut Command, folder: &Path) {
        command.env("XDG_CACHE_HOME", cache()).env("DOCKER_CONFIG", folder.join(".docker"));
        command.env_remove("XDG_RUNTIME_DIR");
        let inherited = std::env::var("PATH").unwrap();
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
        let path = path.map_or(inherited, |path| path.to_str().unwrap().to_owned());
        command.env("PATH", format!("{}:{path}", self.sshd.folder().join("bin").display()));
    }
}
