//! Certificates of the simulated hosts and of a client that they trust, made by openssl.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::must;

/// An authority with a certificate for all hosts and one for a client.
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Made in a new folder inside `folder`.
    pub(super) fn new(folder: &Path, addresses: &[Ipv4Addr]) -> Self {
        let folder = folder.join("tls");
        std::fs::create_dir_all(folder.join("client")).unwrap();
        let made = Self { folder };
        made.openssl(
            &["req", "-x509", "-subj", "/CN=authority of a test", "-keyout", "ca-key.pem", "-out", "ca.pem"],
            true,
        );
        let names: Vec<_> = addresses.iter().map(|address| format!("IP:{address}")).collect();
        made.issue("server", &format!("subjectAltName={}\nextendedKeyUsage=serverAuth\n", names.join(",")));
        made.issue("client", "extendedKeyUsage=clientAuth\n");
        for (from, to) in [("ca.pem", "ca.pem"), ("client.pem", "cert.pem"), ("client-key.pem", "key.pem")] {
            std::fs::copy(made.folder.join(from), made.client().join(to)).unwrap();
        }
        made
    }

    /// A folder with `ca.pem`, `cert.pem` and `key.pem`, as `DOCKER_CERT_PATH` has it.
    pub(crate) fn client(&self) -> PathBuf {
        self.folder.join("client")
    }

    /// What makes a daemon take TLS connections of those whom it trusts.
    pub(super) fn server_arguments(&self, address: Ipv4Addr, port: u16) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).to_str().unwrap().to_owned();
        let words = ["-H", &format!("tcp://{address}:{port}"), "--tlsverify", "--tlscacert", &file("ca.pem")];
        let own = ["--tlscert", &file("server.pem"), "--tlskey", &file("server-key.pem")];
        words.iter().chain(&own).map(|word| (*word).to_owned()).collect()
    }

    fn issue(&self, name: &str, extensions: &str) {
        std::fs::write(self.folder.join("extensions"), extensions).unwrap();
        let [key, request, certificate] = ["-key.pem", ".csr", ".pem"].map(|end| format!("{name}{end}"));
        self.openssl(&["req", "-subj", &format!("/CN={name}"), "-keyout", &key, "-out", &request], true);
        let sign = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
        self.openssl(&[&sign[..], &["-days", "2", "-extfile", "extensions", "-out", &certificate]].concat(), false);
    }

    fn openssl(&self, arguments: &[&str], with_new_key: bool) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.folder);
        if with_new_key {
            command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        }
        must(&mut command);
    }
}
