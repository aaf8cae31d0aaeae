//! A registry of images with TLS and log-ins: Debian's, on this machine's own address in the network of the hosts.

use std::net::{SocketAddrV4, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::certificates::Use;
use super::machine::{eventually, found, must};
use super::server::Server;
use super::{Engine, Hosts};

/// Who may log in. In base64 the password has letters of both its alphabets, wherever it stands.
pub(crate) const USER: &str = "ana";
pub(crate) const PASSWORD: &str = "???>>>~~~";
/// The two as crypt(5) has them (`2y`).
const USERS: &str = "ana:$2y$05$abcdefghijklmnopqrstuuWvrtiViDvTM8iW86aMkM6UHLjCXA5jq\n";

/// The image is loaded before it is pushed, and packed on its way; a busy machine takes long for both.
const REFUSES_WITHIN: Duration = Duration::from_secs(120);

/// A store without room.
pub(crate) struct Full(PathBuf);

impl Drop for Full {
    fn drop(&mut self) {
        // A request may hold a file in it still.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The registry.
pub(crate) struct Registry {
    folder: PathBuf,
    address: SocketAddrV4,
    server: Option<Server>,
}

impl Registry {
    /// What is missing for one here.
    pub(crate) fn missing() -> Option<String> {
        found("docker-registry").is_none().then(|| "there is no `docker-registry` here".to_owned())
    }

    /// One on the network of `hosts`, certified by their authority; it is not started yet.
    pub(crate) fn new(hosts: &Hosts) -> Self {
        let address = SocketAddrV4::new(hosts.this_machine(), 5000);
        let folder = hosts.authority.file("registry");
        std::fs::create_dir_all(&folder).unwrap();
        hosts.authority.certify("registry", Use::Server, &format!("IP:{}", address.ip()), None);
        let [cert, key] = ["pem", "key"].map(|end| hosts.authority.file(&format!("registry.{end}")));
        std::fs::write(folder.join("users"), USERS).unwrap();
        let configuration = format!(
            "version: 0.1
storage: {{ filesystem: {{ rootdirectory: {0}/store }} }}
auth: {{ htpasswd: {{ realm: probes, path: {0}/users }} }}
http: {{ addr: '{address}', secret: any, tls: {{ certificate: {1}, key: {2} }} }}
",
            folder.display(),
            cert.display(),
            key.display(),
        );
        std::fs::write(folder.join("config.yml"), configuration).unwrap();
        Self { folder, address, server: None }
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        let configuration = self.folder.join("config.yml");
        let arguments = ["serve", configuration.to_str().unwrap()];
        self.server = Some(Server::start("docker-registry", &arguments, &self.folder.join("log")));
        assert!(eventually(|| TcpStream::connect(self.address).is_ok()), "the registry does not listen");
    }

    /// Host and port.
    pub(crate) fn domain(&self) -> String {
        self.address.to_string()
    }

    /// Lets an engine trust its certificate, as the guide says.
    pub(crate) fn trust(&self, engine: &Engine, hosts: &Hosts) {
        let folder = engine.machine.folder().join("etc/docker/certs.d").join(self.domain());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(hosts.authority.file("ca.pem"), folder.join("ca.crt")).unwrap();
    }

    /// Leaves it no room for an image, until what this gives is dropped.
    pub(crate) fn fill(&self) -> Full {
        let store = self.folder.join("store");
        std::fs::create_dir_all(&store).unwrap();
        must(Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&store));
        Full(store)
    }

    /// Has it refused something for want of room? Waits for that.
    pub(crate) fn has_refused(&self) -> bool {
        let until = Instant::now() + REFUSES_WITHIN;
        loop {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("no space left on device") || Instant::now() > until {
                return Instant::now() < until;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The requests so far that begin with these words, such as `PUT /v2/net/`.
    pub(crate) fn requests(&self, words: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("\"{words}"))).map(str::to_owned).collect()
    }
}
