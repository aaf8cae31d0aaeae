//! The probe image through a registry: pushed by one host, pulled by the others, and whatever is wrong between them told.

mod engines;
mod world;

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use engines::{BUSYBOX, Engine, Hosts, PASSWORD, Registry, USER, probe_image};
use serde_json::Value;
use world::{World, skipped, text};

/// Two hosts, a registry, and a user with a folder for what `docker login` writes.
struct Site {
    hosts: Hosts,
    registry: Registry,
    world: World,
}

impl Site {
    fn new() -> Option<Self> {
        if let Some(why) = engines::missing().or_else(Registry::missing) {
            skipped(&why);
            return None;
        }
        probe_image();
        let hosts = Hosts::new(2);
        let registry = Registry::new(&hosts);
        let engine = |index: usize| hosts.engines[index].url();
        let topology = format!(
            "name: NAME
image: {{ base: small, registry: '{}/net/probes' }}
hosts: {{ a: {{ docker: {{ endpoint: '{}' }} }}, b: {{ docker: {{ endpoint: '{}' }} }} }}
probes: {{ pa: {{ host: a, address: 192.0.2.1 }}, pb: {{ host: b, address: 192.0.2.2 }} }}
",
            registry.domain(),
            engine(0),
            engine(1),
        );
        Some(Self { world: World::with_images(&topology), hosts, registry })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env("DOCKER_CONFIG", self.world.folder.path());
        command
    }

    /// Expects exit code `code`; gives both outputs, in which no password is.
    fn expect(&self, code: i32, command: &mut Command) -> [String; 2] {
        let output: Output = command.output().unwrap();
        let [out, err] = [text(&output.stdout), text(&output.stderr)];
        assert_eq!(output.status.code(), Some(code), "{command:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        assert!(![&out, &err].iter().any(|said| said.contains(PASSWORD) || said.contains("s3cret")), "{out}{err}");
        [out, err]
    }

    fn deploy(&self, code: i32) -> String {
        self.expect(code, &mut self.command(&["deploy"]))[1].clone()
    }

    fn log_in(&self, config: &str) {
        std::fs::write(self.world.folder.path().join("config.json"), config).unwrap();
    }

    /// What the engines did with images since then, in order.
    fn moved(engine: &Engine, since: SystemTime) -> Vec<String> {
        let of_image = engine.events(since).into_iter().filter(|event| event["Type"] == "image");
        let action = of_image.map(|event| event["Action"].as_str().unwrap().to_owned());
        action.filter(|action| ["load", "pull", "push"].contains(&action.as_str())).collect()
    }

    /// The manifests that were put into the registry.
    fn pushed(&self) -> usize {
        self.registry.requests("PUT /v2/net/probes/iperftester-probe/manifests/").len()
    }
}

#[test]
fn one_host_pushes_the_image_and_the_others_pull_it() {
    let Some(mut site) = Site::new() else { return };
    let domain = site.registry.domain();
    site.registry.trust(&site.hosts.engines[0], &site.hosts);

    // Nobody listens.
    let said = site.deploy(3);
    assert!(said.matches(&format!("the engine cannot reach the registry {domain}: ")).count() == 2, "{said}");
    assert!(said.contains("connection refused") && said.contains("hint: see that it runs"), "{said}");

    // No log-in, and at the other host a certificate of nobody that its engine knows.
    site.registry.start();
    let said = site.deploy(3);
    assert!(said.contains(&format!("the registry {domain} asks for a log-in, and this user has none")), "{said}");
    assert!(said.contains(&format!("`docker login {domain}` on this machine")), "{said}");
    assert!(said.contains(&format!("the engine does not trust the certificate of the registry {domain}: ")), "{said}");
    assert!(said.contains(&format!("at /etc/docker/certs.d/{domain}/ca.crt on that host")), "{said}");

    // `ana:s3cret`, which is not her password.
    site.log_in(&format!(r#"{{"auths": {{"{domain}": {{"auth": "YW5hOnMzY3JldA=="}}}}}}"#));
    let said = site.deploy(3);
    assert!(said.contains(&format!("the registry {domain} refuses the log-in of this user: ")), "{said}");
    assert_eq!(site.pushed(), 0);

    // Hers, as the Docker CLI writes it.
    let home = site.world.folder.path();
    let mut login = engines::docker(home, &site.hosts.engines[0].url());
    let login = login.args(["login", "-u", USER, "-p", PASSWORD, &domain]).output().unwrap();
    assert!(login.status.success(), "{}", text(&login.stderr));
    a_full_one_is_not_waited_for(&site);
    let began = SystemTime::now();
    let said = site.deploy(4);
    assert!(said.contains(&format!("a: pushing the image to {domain}")), "{said}");
    assert!(said.contains("host b: the engine does not trust") || said.contains("the engine does not trust"), "{said}");
    assert_eq!((site.pushed(), Site::moved(&site.hosts.engines[0], began)), (1, vec!["load".into(), "push".into()]));

    // The other pulls it, its user known to a credential helper alone.
    site.registry.trust(&site.hosts.engines[1], &site.hosts);
    site.log_in(&format!(r#"{{"credHelpers": {{"{domain}": "test"}}}}"#));
    let answer = format!(r#"{{"ServerURL":"{domain}","Username":"{USER}","Secret":"{PASSWORD}"}}"#);
    let asked = format!(r#"read -r server; [ "$1 $server" = "get {domain}" ] && printf '%s' '{answer}'"#);
    let path = site.world.instead_of("docker-credential-test", &asked);
    let [_, said] = site.expect(0, site.command(&["deploy"]).env("PATH", path));
    assert!(said.contains(&format!("b: pulling the image from {domain}")) && !said.contains("pushing"), "{said}");
    assert_eq!((site.pushed(), Site::moved(&site.hosts.engines[1], began)), (1, vec!["pull".into()]));
    let hash = |engine: &Engine| {
        let listed = engine.say(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        let name =
            listed.lines().find(|name| name.starts_with(&domain)).unwrap_or_else(|| panic!("{listed}")).to_owned();
        (engine.say(&["image", "inspect", "-f", "{{index .Config.Labels \"iperftester.image\"}}", &name]), name)
    };
    let [(hash_a, name), (hash_b, _)] = [0, 1].map(|index| hash(&site.hosts.engines[index]));
    assert_eq!(hash_a, hash_b);

    // Nothing more to do, and nothing more asked of the registry, which may be gone by then.
    let requests = site.registry.requests("").len();
    let [out, _] = site.expect(0, &mut site.command(&["deploy", "--output", "json"]));
    let again: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&again["created"], &again["removed"]), (&0.into(), &0.into()), "{again}");
    assert_eq!(site.registry.requests("").len(), requests);

    // Somebody else's image under the name.
    site.expect(0, &mut site.command(&["destroy"]));
    let stranger = &site.hosts.engines[0];
    stranger.import_busybox();
    stranger.say(&["tag", BUSYBOX, &name]);
    for words in [&["login", "-u", USER, "-p", PASSWORD, &domain][..], &["push", &name]] {
        stranger.say(words);
    }
    let there = site.hosts.engines[1].say(&["images", "-q", "--no-trunc", &name]);
    site.hosts.engines[1].say(&["rmi", "-f", &there]);
    site.log_in(&std::fs::read_to_string(stranger.machine.folder().join("config.json")).unwrap());
    let said = site.deploy(4);
    assert!(said.contains(&format!("{name} in the registry is another image")) && said.contains(&hash_a), "{said}");
    assert_eq!(site.hosts.engines[1].say(&["images", "-q"]), "", "what was pulled has lost its name here");
}

/// An engine tries again for a minute what a registry has no room for; who stops the deploy meanwhile is not held up.
fn a_full_one_is_not_waited_for(site: &Site) {
    let _full = site.registry.fill();
    let mut deploy = site.command(&["deploy"]);
    let deploy = deploy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let refused = site.registry.has_refused();
    assert!(Command::new("kill").args(["-INT", &deploy.id().to_string()]).status().unwrap().success());
    let stopped = Instant::now();
    let output = deploy.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert!(refused, "{said}");
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(stopped.elapsed() < Duration::from_secs(30), "{:?}: {said}", stopped.elapsed());
    assert_eq!(site.pushed(), 0);
    // As if nothing had been.
    let engine = &site.hosts.engines[0];
    let image = engine.say(&["images", "-q", "--no-trunc", "--filter", "label=iperftester.image"]);
    engine.say(&["rmi", "-f", image.lines().next().unwrap()]);
}

#[test]
fn nodes_of_a_swarm_pull_it_too() {
    let Some(mut site) = Site::new() else { return };
    let [first, second] = [0, 1].map(|index| site.hosts.address(index).to_string());
    site.hosts.engines.iter().for_each(|engine| site.registry.trust(engine, &site.hosts));
    site.registry.start();
    let [manager, worker] = [0, 1].map(|index| &site.hosts.engines[index]);
    manager.say(&["swarm", "init", "--advertise-addr", &first, "--listen-addr", &first]);
    let token = manager.say(&["swarm", "join-token", "-q", "worker"]);
    let at = ["--advertise-addr", &second, "--listen-addr", &second];
    worker.say(&[&["swarm", "join", "--token", &token][..], &at, &[&format!("{first}:2377")]].concat());
    manager.say(&["login", "-u", USER, "-p", PASSWORD, &site.registry.domain()]);
    site.log_in(&std::fs::read_to_string(manager.machine.folder().join("config.json")).unwrap());
    site.world.write(&format!(
        "name: NAME
image: {{ base: small, registry: '{}/net/probes' }}
hosts: {{ sw: {{ swarm: {{ endpoint: '{}', node-endpoint: 'unix://{}/{{name}}/run/docker.sock' }} }} }}
probes: {{ node: {{ host: sw, placement: each-node }} }}
",
        site.registry.domain(),
        manager.url(),
        manager.machine.folder().parent().unwrap().display(),
    ));
    let began = SystemTime::now();
    site.deploy(0);
    let mut moved = [0, 1].map(|index| Site::moved(&site.hosts.engines[index], began));
    moved.sort();
    assert_eq!((site.pushed(), moved), (1, [vec!["load".into(), "push".into()], vec!["pull".into()]]));
    site.expect(0, &mut site.command(&["destroy"]));
}
