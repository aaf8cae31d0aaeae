//! Docker's own ways to start the containers that a deployment made: the same image, options and network.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::engines::Engine;

/// Where the containers of a deployment are the same, however they were started.
const CONFIG: [&str; 6] = ["Hostname", "User", "Entrypoint", "Cmd", "StopSignal", "StopTimeout"];
const HOST_CONFIG: [&str; 10] = [
    "ReadonlyRootfs",
    "CapDrop",
    "SecurityOpt",
    "PidsLimit",
    "Memory",
    "MemorySwap",
    "Tmpfs",
    "Sysctls",
    "RestartPolicy",
    "LogConfig",
];

/// One of them.
pub(crate) trait Rival {
    /// Makes what has to be there before.
    fn prepare(&self);
    /// The command that starts all containers.
    fn up(&self) -> Command;
    /// Removes everything.
    fn down(&self);
    /// The name of the container with this number.
    fn container(&self, number: usize) -> String;
    fn engine(&self) -> &Engine;

    /// Panics unless all containers run and are what `bodies` say.
    fn check(&self, bodies: &[Value]) {
        for (number, body) in bodies.iter().enumerate() {
            let made = inspect(self.engine(), &self.container(number));
            assert_eq!(made["State"]["Running"], true, "{made:#}");
            CONFIG.iter().for_each(|key| assert_eq!(made["Config"][key], body["Config"][key], "{key}"));
            HOST_CONFIG.iter().for_each(|key| assert_eq!(made["HostConfig"][key], body["HostConfig"][key], "{key}"));
        }
    }
}

/// What the engine knows of a container or network.
pub(crate) fn inspect(engine: &Engine, name: &str) -> Value {
    let told: Value = serde_json::from_str(&engine.say(&["inspect", name])).unwrap();
    told[0].clone()
}

/// The network of a container.
pub(crate) fn network(body: &Value) -> &str {
    body["HostConfig"]["NetworkMode"].as_str().unwrap()
}

/// IPv6 subnets that a network was asked for.
fn subnets(network: &Value) -> Vec<&str> {
    let configs = network["IPAM"]["Config"].as_array().unwrap();
    configs.iter().filter_map(|config| config["Subnet"].as_str()).filter(|subnet| subnet.contains(':')).collect()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// As many labels as a deployment gives, which make nothing one of it.
fn labels(body: &Value) -> Vec<(String, String)> {
    let labels = pairs(&body["Config"]["Labels"]);
    labels.into_iter().map(|(key, value)| (key.replacen("iperftester", "rival", 1), value)).collect()
}

/// Arguments of `docker` that start a container like `body` with another name and command.
pub(crate) fn run(body: &Value, name: &str, command: &[&str]) -> Vec<String> {
    let (config, host) = (&body["Config"], &body["HostConfig"]);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut options = vec![
        ("name", name.to_owned()),
        ("hostname", text(&config["Hostname"])),
        ("user", text(&config["User"])),
        ("stop-signal", text(&config["StopSignal"])),
        ("stop-timeout", text(&config["StopTimeout"])),
        ("network", text(&host["NetworkMode"])),
        ("pids-limit", text(&host["PidsLimit"])),
        ("memory", text(&host["Memory"])),
        ("restart", text(&host["RestartPolicy"]["Name"])),
        ("log-driver", text(&host["LogConfig"]["Type"])),
        ("entrypoint", command[0].to_owned()),
    ];
    let several = |key, pairs: Vec<(String, String)>, between| {
        pairs.into_iter().map(move |(name, value)| (key, format!("{name}{between}{value}")))
    };
    options.extend(words(&host["CapDrop"]).into_iter().map(|word| ("cap-drop", word)));
    options.extend(words(&host["SecurityOpt"]).into_iter().map(|word| ("security-opt", word)));
    options.extend(several("tmpfs", pairs(&host["Tmpfs"]), ":"));
    options.extend(several("sysctl", pairs(&host["Sysctls"]), "="));
    options.extend(several("log-opt", pairs(&host["LogConfig"]["Config"]), "="));
    options.extend(several("label", labels(body), "="));
    let mut all: Vec<String> = ["run", "--detach", "--read-only"].map(str::to_owned).into();
    all.extend(options.into_iter().map(|(key, value)| format!("--{key}={value}")));
    all.push(text(&config["Image"]));
    all.extend(command[1..].iter().map(|word| (*word).to_owned()));
    all
}

/// `docker run -d` of each, all at once from a shell. Their network is there before.
pub(crate) struct Shell<'e> {
    engine: &'e Engine,
    create_network: Vec<String>,
    script: String,
    network: String,
    containers: usize,
}

impl<'e> Shell<'e> {
    /// Starts containers like `bodies`, whose network is `network`.
    pub(crate) fn new(engine: &'e Engine, network: &Value, bodies: &[Value]) -> Self {
        let name = "rival".to_owned();
        let mut create_network: Vec<String> = ["network", "create", "--ipv6"].map(str::to_owned).into();
        create_network.extend(subnets(network).into_iter().map(|subnet| format!("--subnet={subnet}")));
        create_network.push(name.clone());
        let mut script = String::new();
        for (number, body) in bodies.iter().enumerate() {
            let mut body = body.clone();
            body["HostConfig"]["NetworkMode"] = json!(name);
            let command = [words(&body["Config"]["Entrypoint"]), words(&body["Config"]["Cmd"])].concat();
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            let arguments = run(&body, &format!("shell-{number}"), &command);
            let quoted: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
            script.push_str(&format!("docker -H '{}' {} &\n", engine.url(), quoted.join(" ")));
        }
        script.push_str("wait\n");
        Self { engine, create_network, script, network: name, containers: bodies.len() }
    }
}

impl Rival for Shell<'_> {
    fn prepare(&self) {
        self.engine.say(&self.create_network.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn up(&self) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &self.script]).env("DOCKER_CONFIG", self.engine.machine.folder()).stdin(Stdio::null());
        command
    }

    fn down(&self) {
        let names: Vec<String> = (0..self.containers).map(|number| self.container(number)).collect();
        let arguments: Vec<&str> = ["rm", "--force"].into_iter().chain(names.iter().map(String::as_str)).collect();
        self.engine.say(&arguments);
        self.engine.say(&["network", "rm", &self.network]);
    }

    fn container(&self, number: usize) -> String {
        format!("shell-{number}")
    }

    fn engine(&self) -> &Engine {
        self.engine
    }
}

/// `docker-compose up -d` of each and of their network.
pub(crate) struct Compose<'e> {
    engine: &'e Engine,
    file: PathBuf,
}

impl<'e> Compose<'e> {
    /// Starts containers like `bodies`, whose network is `network`; its file is in `folder`.
    pub(crate) fn new(engine: &'e Engine, folder: &Path, network: &Value, bodies: &[Value]) -> Self {
        let file = folder.join("docker-compose.json");
        let services: Map<String, Value> =
            bodies.iter().enumerate().map(|(number, body)| (format!("p{number}"), service(number, body))).collect();
        let subnets: Vec<Value> = subnets(network).into_iter().map(|subnet| json!({"subnet": subnet})).collect();
        let network = json!({"enable_ipv6": true, "ipam": {"config": subnets}});
        let all = json!({"version": "2.4", "services": services, "networks": {"default": network}});
        std::fs::write(&file, all.to_string()).unwrap();
        Self { engine, file }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker-compose");
        command.arg("--file").arg(&self.file).args(["--project-name", "rival"]).args(arguments);
        command.env("DOCKER_HOST", self.engine.url()).env("DOCKER_CONFIG", self.engine.machine.folder());
        command.stdin(Stdio::null());
        command
    }
}

/// A service of a compose file, version 2.4.
fn service(number: usize, body: &Value) -> Value {
    let (config, host) = (&body["Config"], &body["HostConfig"]);
    let tmpfs: Vec<String> =
        pairs(&host["Tmpfs"]).into_iter().map(|(path, options)| format!("{path}:{options}")).collect();
    json!({
        "image": config["Image"],
        "container_name": format!("compose-{number}"),
        "hostname": config["Hostname"],
        "user": config["User"],
        "entrypoint": config["Entrypoint"],
        "command": config["Cmd"],
        "stop_signal": config["StopSignal"],
        "stop_grace_period": format!("{}s", config["StopTimeout"]),
        "read_only": true,
        "cap_drop": host["CapDrop"],
        "security_opt": host["SecurityOpt"],
        "pids_limit": host["PidsLimit"],
        "mem_limit": host["Memory"],
        "tmpfs": tmpfs,
        "sysctls": host["Sysctls"],
        "restart": host["RestartPolicy"]["Name"],
        "logging": {"driver": host["LogConfig"]["Type"], "options": host["LogConfig"]["Config"]},
        "labels": labels(body).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

impl Rival for Compose<'_> {
    fn prepare(&self) {}

    fn up(&self) -> Command {
        self.command(&["up", "--detach"])
    }

    fn down(&self) {
        let output = self.command(&["down", "--timeout", "0"]).output().unwrap();
        assert!(output.status.success(), "{}", crate::text(&output.stderr));
    }

    fn container(&self, number: usize) -> String {
        format!("compose-{number}")
    }

    fn engine(&self) -> &Engine {
        self.engine
    }
}
