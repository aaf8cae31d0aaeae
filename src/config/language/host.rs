//! Kinds of host.

use super::{BASE_WORDS, ISOLATION_WORDS, Kinds, Object, Takes, may, needs, object};
use crate::domain::host::HostKind;

pub(crate) const HOSTS: Kinds = Kinds {
    id: "host",
    what: "host",
    kinds: &[
        may("local", Takes::Object(&LOCAL), "{}", "this machine"),
        may("docker", Takes::Object(&DOCKER), "{}", "a Docker engine"),
        may("swarm", Takes::Object(&SWARM), "{}", "a Docker Swarm, reached through a manager"),
        may("lxd", Takes::Object(&LXD), "{}", "an LXD or Incus server, or a cluster of them"),
        may("ssh", Takes::Object(&SSH), "{ address: branch.example.net }", "a machine with an ssh server"),
        may("live-iso", Takes::Object(&LIVE_ISO), "{ release: bookworm }", "a machine that boots an image made for it"),
        may(
            "external",
            Takes::Object(&EXTERNAL),
            "{ address: iperf.example.net }",
            "somebody else's iperf3 server: a destination only",
        ),
    ],
    extras: &[],
};

pub(crate) const LOCAL: Object = object(
    "local-host",
    "a local host",
    &[may(
        "isolation",
        Takes::Words(&ISOLATION_WORDS),
        "namespaces",
        "how probes are kept apart; the strongest way that the machine allows unless said",
    )],
);

/// A Debian release by name.
const RELEASE: Takes = Takes::Form("a Debian release", r"[a-z]+");

/// A registry and a path in it, as engines name them (distribution/reference, `domain` and `path-component`): a name without
/// dot and port would be taken for the user of another.
const REGISTRY: &str =
    r"([a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?|[a-z0-9-]+:[0-9]{1,5}|localhost)(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";

pub(crate) const IMAGE: Object = object(
    "image",
    "`image`",
    &[
        may(
            "base",
            Takes::Words(&BASE_WORDS),
            "small",
            "`small`: the tools alone, unpacked on this machine by mmdebstrap; `debian`: Debian's slim image with the tools, \
             built by an engine; unless said `small` where mmdebstrap is installed",
        ),
        may("suite", RELEASE, "bookworm", "the Debian release whose packages it holds; bookworm unless said"),
        may(
            "mirror",
            Takes::Form("the URI of a mirror", r"https?://[^\s\[\]@/]+(/[^\s\[\]]*)?"),
            "http://deb.debian.org/debian",
            "where that release is, without name and password; where this machine gets it unless said",
        ),
        may(
            "registry",
            Takes::Form("a registry `HOST:PORT/PATH`", REGISTRY),
            "registry.example.net:5000/net",
            "where the image is pushed once and every host pulls it from; each host is sent it unless said",
        ),
    ],
);

/// A Docker endpoint.
const ENGINE: Takes = Takes::Form(
    "an endpoint `unix:///…`, `ssh://…` or `tcp+tls://…`",
    r"(unix:///\S+|(ssh|tcp\+tls)://([^\s:@/]+@)?[^\s@/]+(/\S*)?)",
);
const ENGINE_ABOUT: &str =
    "`unix:///…`, `ssh://USER@HOST` or `tcp+tls://HOST:PORT`; the machine's default socket unless said";
const TLS_ABOUT: &str = "files for `tcp+tls`; only this CA is trusted";

pub(crate) const DOCKER: Object = object(
    "docker-host",
    "a docker host",
    &[
        may("endpoint", ENGINE, "ssh://ops@edge.example.net", ENGINE_ABOUT),
        may(
            "context",
            Takes::Form("the name of a context", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"),
            "edge",
            "a Docker context, instead of an endpoint",
        ),
        may("tls", Takes::Object(&TLS), "{ ca: ca.pem, cert: cert.pem, key: key.pem }", TLS_ABOUT),
    ],
);

/// Where the engine of each node is.
const NODE_ENGINE: Takes = Takes::Form(
    "an endpoint `unix:///…`, `ssh://…` or `tcp+tls://…` with `{name}` or `{address}` of the node",
    r"(unix:///|(ssh|tcp\+tls)://([^\s:@/{}]+@)?)[^\s@{}]*(\{(name|address)\}[^\s{}]*)+",
);

pub(crate) const SWARM: Object = object(
    "swarm-host",
    "a swarm host",
    &[
        may("endpoint", ENGINE, "ssh://ops@manager.example.net", ENGINE_ABOUT),
        may(
            "node-endpoint",
            NODE_ENGINE,
            "\"ssh://ops@{address}\"",
            "where each node's own engine is, `{name}` and `{address}` being the node's: probes are reached and get their image \
             there; only the manager's own node is reached unless said",
        ),
        may("tls", Takes::Object(&TLS), "{ ca: ca.pem, cert: cert.pem, key: key.pem }", TLS_ABOUT),
    ],
);

pub(crate) const TLS: Object = object(
    "tls",
    "`tls`",
    &[
        needs("ca", Takes::Text, "ca.pem", "the CA's certificate, a PEM file; from the folder of this file"),
        needs("cert", Takes::Text, "cert.pem", "the client's certificate, a PEM file; likewise"),
        needs("key", Takes::Text, "key.pem", "the client's key, a PEM file; likewise"),
    ],
);

pub(crate) const LXD: Object = object(
    "lxd-host",
    "an lxd host",
    &[
        may(
            "endpoint",
            Takes::Form("an endpoint `unix:///…` or `https://…`", r"(unix:///|https://)\S+"),
            "https://192.0.2.20:8443",
            "`unix:///…` or `https://HOST:PORT`; the machine's own socket unless said",
        ),
        may(
            "fingerprint",
            Takes::Form(
                "a SHA-256 in hexadecimal",
                r"([0-9A-Fa-f]{64}|[0-9A-Fa-f]{6,63}…|([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2})",
            ),
            "5f1c6a0e9b2d47c8835f1c6a0e9b2d47c8835f1c6a0e9b2d47c8835f1c6a0e9b",
            "SHA-256 of the server's certificate, 64 hexadecimal digits; a beginning with `…` is valid but trusts nothing",
        ),
        may(
            "project",
            Takes::Form("the name of a project", r"[^\s/]+"),
            "probes",
            "its project; `default` unless said",
        ),
        may(
            "token",
            Takes::Kind(&SECRETS),
            "{ env: LXD_TOKEN }",
            "a trust token for a server that does not know us yet",
        ),
    ],
);

pub(crate) const SECRETS: Kinds = Kinds {
    id: "secret",
    what: "secret",
    kinds: &[
        may(
            "env",
            Takes::Form("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]*"),
            "LXD_TOKEN",
            "from this environment variable",
        ),
        may("file", Takes::Text, "token.txt", "from this file"),
    ],
    extras: &[],
};

/// A host name or an address.
const MACHINE: Takes = Takes::Form("a host name or an address", r"[A-Za-z0-9_.:-]{1,253}");

pub(crate) const SSH: Object = object(
    "ssh-host",
    "an ssh host",
    &[
        needs("address", MACHINE, "branch.example.net", "host name or address, as ssh's configuration knows it"),
        may(
            "user",
            Takes::Form("the name of a user", r"[A-Za-z_][A-Za-z0-9_.@-]*\$?"),
            "ops",
            "user there; ssh's own choice unless said",
        ),
        may("port", Takes::Number { least: 1, most: 65_535 }, "22", "port; ssh's own choice unless said"),
        may("identity", Takes::Text, "~/.ssh/id_ed25519", "file of the private key; ssh's own choice unless said"),
    ],
);

pub(crate) const LIVE_ISO: Object = object(
    "live-iso-host",
    "a live-iso host",
    &[
        needs("release", RELEASE, "bookworm", "Debian release"),
        may("keyboard", Takes::Form("a keyboard layout", r"[a-z]{2,8}"), "es", "keyboard layout"),
        may(
            "install",
            Takes::Object(&INSTALL),
            "{ disk: /dev/sda }",
            "installed on a disk instead of run from the medium",
        ),
    ],
);

pub(crate) const INSTALL: Object = object(
    "install",
    "`install`",
    &[
        needs("disk", Takes::Form("a block device", r"/dev/\S+"), "/dev/sda", "block device"),
        may("wipe", Takes::Boolean, "true", "may a disk that holds something be overwritten?"),
    ],
);

pub(crate) const EXTERNAL: Object = object(
    "external-host",
    "an external host",
    &[
        needs("address", MACHINE, "iperf.example.net", "host name or address"),
        may(
            "ports",
            Takes::Ports,
            "5201-5210",
            "ports on which its servers listen, each serving one client at a time; 5201 unless said",
        ),
    ],
);

/// The keys of a probe that not every kind of host can use, with the kinds that can.
pub(crate) const KINDS_OF_KEY: &[(&str, &[&str])] = &[
    ("ports", &["local", "docker", "swarm", "lxd", "ssh", "live-iso"]),
    ("address", &["docker", "lxd", "ssh", "live-iso"]),
    ("management", &["ssh", "live-iso"]),
    ("interface", &["docker", "lxd", "ssh", "live-iso"]),
    ("behind-nat", &["docker", "lxd", "ssh", "live-iso"]),
    ("network", &["docker", "swarm", "lxd"]),
    ("limits", &["docker", "swarm", "lxd"]),
    ("raw-sockets", &["docker"]),
    ("placement", &["swarm", "lxd"]),
    ("gateway", &["live-iso"]),
    ("dns", &["live-iso"]),
];

/// The kinds of host that can use a key of a probe; `None` where all can.
pub(crate) fn kinds_of(key: &str) -> Option<&'static [&'static str]> {
    KINDS_OF_KEY.iter().find(|(name, _)| *name == key).map(|(_, kinds)| *kinds)
}

/// Can a probe on such a host use the key?
pub(crate) fn usable(key: &str, kind: &HostKind) -> bool {
    kinds_of(key).is_none_or(|kinds| kinds.contains(&kind.word()))
}
