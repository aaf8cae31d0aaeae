//! Certificates of servers and of clients that trust each other, made by openssl.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{TimeDelta, Utc};
use iperftester::domain::host::Tls;

use super::machine::must;

/// What `openssl ca` keeps beside the authority's certificate.
const SETTINGS: &str = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\ncertificate=ca.pem\n\
                        private_key=ca.key\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";

/// What makes `openssl req` make a key too.
const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// What a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Server,
    Client,
}

/// A certificate authority in a folder, which keeps the certificates too.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// One called `name`, in a new folder of that name inside `folder`.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("cnf"), SETTINGS).unwrap();
        std::fs::write(folder.join("index"), "").unwrap();
        let made = Self { folder };
        let subject = format!("/CN={name}");
        let own = ["req", "-x509", "-subj", &subject, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"];
        made.openssl(&[&own[..], &NEW_KEY].concat());
        made
    }

    /// Where it keeps `name`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes `NAME.pem` and `NAME.key`, valid from the day before to the day after, or in `year` alone.
    pub(crate) fn certify(&self, name: &str, what: Use, names: &str, year: Option<u16>) {
        let file = |end: &str| format!("{name}.{end}");
        let purpose = match what {
            Use::Server => format!("extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"),
            Use::Client => "extendedKeyUsage=clientAuth\n".to_owned(),
        };
        std::fs::write(self.file(&file("ext")), purpose).unwrap();
        let day = |days| (Utc::now() + TimeDelta::days(days)).format("%Y%m%d%H%M%SZ").to_string();
        let [from, to] = match year {
            Some(year) => [format!("{year}0101000000Z"), format!("{year}1231000000Z")],
            None => [day(-1), day(1)],
        };
        let (key, request, certificate, extensions) = (file("key"), file("csr"), file("pem"), file("ext"));
        let subject = format!("/CN={name}");
        let asked = ["req", "-subj", &subject, "-keyout", &key, "-out", &request];
        self.openssl(&[&asked[..], &NEW_KEY].concat());
        let sign = ["ca", "-batch", "-notext", "-config", "cnf", "-startdate", &from, "-enddate", &to];
        self.openssl(&[&sign[..], &["-extfile", &extensions, "-in", &request, "-out", &certificate]].concat());
    }

    /// The files of the client with this certificate.
    pub(crate) fn tls(&self, client: &str) -> Tls {
        let [cert, key] = ["pem", "key"].map(|end| self.file(&format!("{client}.{end}")));
        Tls { ca: self.file("ca.pem"), cert, key }
    }

    /// What makes a daemon, certified as `server`, take TLS connections of those whom it trusts.
    pub(super) fn server_arguments(&self, address: Ipv4Addr, port: u16) -> Vec<String> {
        let file = |name: &str| self.file(name).to_str().unwrap().to_owned();
        let words = ["-H", &format!("tcp://{address}:{port}"), "--tlsverify", "--tlscacert", &file("ca.pem")];
        let own = ["--tlscert", &file("server.pem"), "--tlskey", &file("server.key")];
        words.iter().chain(&own).map(|word| (*word).to_owned()).collect()
    }

    /// Runs openssl among the files.
    pub(crate) fn openssl(&self, arguments: &[&str]) {
        must(Command::new("openssl").args(arguments).current_dir(&self.folder));
    }
}
