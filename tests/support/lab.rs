//! Topologies for tests that make real networks, each under a name of its own and removed whatever happens.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use iperftester::backend::local::{Local, Programs};
use iperftester::backend::{Backend as _, Reach as _};
use iperftester::deploy;
use iperftester::domain::host::Attachment;
use iperftester::domain::host::HostKind;
use iperftester::domain::image::Image;
use iperftester::domain::name::Name;
use iperftester::domain::port::PortRange;
use iperftester::domain::topology::Metadata;
use iperftester::domain::topology::{Contract, Directed, End, Host, Impairment, Link, Probe, Site, Topology, Uplink};
use iperftester::domain::unit::Bitrate;

/// A name.
pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A rate.
pub(crate) fn rate(text: &str) -> Bitrate {
    Bitrate::parse(text).unwrap()
}

/// A topology without anything in it; its name is used by no other test.
pub(crate) fn empty(what: &str) -> Topology {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Topology {
        name: name(&format!("t{}-{number}-{what}", std::process::id())),
        description: None,
        owner: None,
        hosts: [(name("here"), Host { kind: HostKind::Local(Default::default()) })].into(),
        sites: [].into(),
        probes: [].into(),
        links: [].into(),
        groups: [].into(),
        tests: [].into(),
        suites: [].into(),
        campaigns: [].into(),
        metadata: Metadata::default(),
        image: Image::default(),
    }
}

/// Adding to a topology.
pub(crate) trait Build: Sized {
    /// A site; its uplink's rates down and up.
    fn site(self, site: &str, uplink: Option<(&str, &str)>) -> Self;
    /// A probe in a site, or in none for "".
    fn probe(self, probe: &str, site: &str) -> Self;
    /// A link between two sites or probes.
    fn link(self, link: &str, a: &str, b: &str, impair: Impairment) -> Self;
}

impl Build for Topology {
    fn site(mut self, site: &str, uplink: Option<(&str, &str)>) -> Self {
        let uplink = uplink.map(|(down, up)| Uplink { down_bits_per_second: rate(down), up_bits_per_second: rate(up) });
        self.sites.insert(name(site), Site { uplink });
        self
    }

    fn probe(mut self, probe: &str, site: &str) -> Self {
        let site = (!site.is_empty()).then(|| name(site));
        let probe_of = Probe {
            host: name("here"),
            site,
            tags: [].into(),
            ports: PortRange::DEFAULT,
            attachment: Attachment::default(),
        };
        self.probes.insert(name(probe), probe_of);
        self
    }

    fn link(mut self, link: &str, a: &str, b: &str, impair: Impairment) -> Self {
        let end = |n: &str| {
            if self.sites.contains_key(n) { End::Site(name(n)) } else { End::Probe(name(n)) }
        };
        let between = [end(a), end(b)];
        self.links.insert(name(link), Link { between, contract: Contract::default(), impair });
        self
    }
}

/// Shaped to these rates, from the first end to the second and back.
pub(crate) fn shaped(there: &str, back: &str) -> Impairment {
    let rates = Directed { a_to_b: Some(rate(there)), b_to_a: Some(rate(back)) };
    Impairment { rate_bits_per_second: rates, ..Impairment::default() }
}

/// A deployed topology, removed with this value.
pub(crate) struct Lab {
    /// Its backend.
    pub(crate) local: Local,
    topology: Name,
    rootless: bool,
}

/// This machine's programs with the real executable, for a test's own is none.
pub(crate) fn own_program() -> Programs {
    Programs { iperftester: env!("CARGO_BIN_EXE_iperftester").to_owned(), ..Programs::default() }
}

impl Lab {
    /// Marks `topology` for removal, without deploying it.
    pub(crate) fn of(topology: &Topology) -> Self {
        Self { local: Local::new(topology), topology: topology.name.clone(), rootless: false }
    }

    /// The same in a user namespace.
    pub(crate) fn rootless(topology: &Topology) -> Self {
        let local = Local::in_user_namespaces(topology).with_programs(own_program());
        Self { local, topology: topology.name.clone(), rootless: true }
    }

    /// Brings it to what its topology says.
    pub(crate) async fn up(self) -> Self {
        self.local.supports().await.unwrap();
        let plan = deploy::plan(&self.local).await.unwrap();
        deploy::apply(&plan, &self.local, &tokio::sync::watch::channel(false).1, &mut |_| {}).await.unwrap();
        self
    }

    /// Deploys `topology`.
    pub(crate) async fn deploy(topology: &Topology) -> Self {
        Self::deploy_by(topology, Programs::default()).await
    }

    /// Deploys `topology` by these programs.
    pub(crate) async fn deploy_by(topology: &Topology, programs: Programs) -> Self {
        let local = Local::new(topology).with_programs(programs);
        Self { local, topology: topology.name.clone(), rootless: false }.up().await
    }

    /// Brings what is deployed to `topology`, by these programs.
    pub(crate) async fn change(&mut self, topology: &Topology, programs: Programs) {
        self.local = Local::new(topology).with_programs(programs);
        self.local.supports().await.unwrap();
        let plan = deploy::plan(&self.local).await.unwrap();
        deploy::apply(&plan, &self.local, &tokio::sync::watch::channel(false).1, &mut |_| {}).await.unwrap();
    }

    /// Runs `command` (words) on a probe or site.
    pub(crate) fn on(&self, place: &str, command: &str) -> Output {
        let here = self.local.namespace(&name(place));
        let argv = ["ip", "netns", "exec", &here].into_iter().chain(command.split_whitespace());
        let argv = self.local.inside(argv.map(str::to_owned).collect());
        Command::new(&argv[0]).args(&argv[1..]).output().unwrap()
    }

    /// Standard output of `command` on a probe or site; it must succeed.
    pub(crate) fn say(&self, place: &str, command: &str) -> String {
        let output = self.on(place, command);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{place}: {command}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Address of a probe.
    pub(crate) fn address(&self, probe: &str) -> String {
        self.addresses(probe)[0].clone()
    }

    /// Addresses of a probe, IPv4 first.
    pub(crate) fn addresses(&self, probe: &str) -> Vec<String> {
        // Known without waiting.
        let addresses = self.local.addresses(&name(probe)).now_or_never().unwrap();
        addresses.unwrap().iter().map(ToString::to_string).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let (topology, rootless) = (self.topology.clone(), self.rootless);
        let sweep = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let remains = if rootless { Local::remains_in_user_namespaces } else { Local::remains };
                let remains = remains(&topology);
                let plan = deploy::plan(&remains).await.unwrap();
                deploy::apply(&plan, &remains, &tokio::sync::watch::channel(false).1, &mut |_| {}).await.unwrap();
            });
        };
        // A runtime cannot be entered from within another, so the sweeping has a thread of its own.
        std::thread::spawn(sweep).join().unwrap();
    }
}

/// Namespaces of this topology and devices of the root namespace, by name.
pub(crate) fn inventory(topology: &Topology) -> (Vec<String>, Vec<String>) {
    let list = |dir: &str| -> Vec<String> {
        let entries = std::fs::read_dir(dir).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let prefix = format!("iperftester.{}.", topology.name);
    let namespaces = list("/run/netns").into_iter().filter(|n| n.starts_with(&prefix)).collect();
    (namespaces, list("/sys/class/net"))
}

/// Waits until `true`, at most 5 s.
pub(crate) fn eventually(mut what: impl FnMut() -> bool) -> bool {
    (0..250).any(|_| {
        what() || {
            std::thread::sleep(Duration::from_millis(20));
            false
        }
    })
}
