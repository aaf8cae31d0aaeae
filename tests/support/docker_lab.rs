//! One real engine and a world whose topology is deployed to it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use serde_json::Value;

use super::engines::{self, Engine};
use super::world::{World, skipped, text};

/// A container as the engine shows it: its id, when it was started, and its state.
pub(crate) type Shown = (String, String, String);

pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) engine: Engine,
}

impl Lab {
    /// An engine, and a world with `topology`, `ENDPOINT` replaced by where the engine is; `None`, told as skipped, where no
    /// engine can be started.
    pub(crate) fn new(topology: &str) -> Option<Self> {
        if let Some(why) = engines::missing() {
            skipped(&why);
            return None;
        }
        let lab = Self { world: World::with_images(topology), engine: Engine::start() };
        lab.write(topology);
        Some(lab)
    }

    /// Writes the topology.
    pub(crate) fn write(&self, topology: &str) {
        self.world.write(&topology.replace("ENDPOINT", &self.engine.url()));
    }

    /// Runs and expects exit code `code`; gives its JSON.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        self.world.json(code, arguments)
    }

    /// Runs and expects exit code `code`; gives standard error.
    pub(crate) fn complaint(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.world.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        err
    }

    /// Runs a shell's words on a probe; gives the exit code and what was said.
    pub(crate) fn shell(&self, probe: &str, script: &str) -> (i32, String) {
        let output = self.world.run(&["exec", probe, "--", "sh", "-c", script]);
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    /// The name of what is made for `what` of this topology.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("iperftester-{}-{what}", self.world.name)
    }

    /// All containers of the engine, whoever's they are, by their names.
    pub(crate) fn containers(&self) -> BTreeMap<String, Shown> {
        let ids = self.engine.say(&["ps", "-aq", "--no-trunc"]);
        let form = "{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Status}}";
        let mut words = vec!["inspect", "-f", form];
        words.extend(ids.lines());
        let shown = if ids.is_empty() { String::new() } else { self.engine.say(&words) };
        let line = |line: &str| {
            let mut words = line.trim_start_matches('/').split(' ').map(str::to_owned);
            let mut next = || words.next().unwrap();
            (next(), (next(), next(), next()))
        };
        shown.lines().map(line).collect()
    }

    /// All networks that the engine has not of itself, whoever's they are.
    pub(crate) fn networks(&self) -> Vec<String> {
        let names = self.engine.say(&["network", "ls", "--filter", "type=custom", "--format", "{{.Name}} {{.ID}}"]);
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Nothing of anybody is on the engine but images.
    pub(crate) fn assert_empty(&self) {
        assert_eq!((self.containers(), self.networks()), Default::default());
    }
}

/// The steps of a plan: `create probe/a`.
pub(crate) fn steps(plan: &Value) -> Vec<String> {
    let step = |action: &Value| format!("{} {}", action["verb"].as_str().unwrap(), action["id"].as_str().unwrap());
    plan["actions"].as_array().unwrap().iter().map(step).collect()
}
