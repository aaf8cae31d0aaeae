//! A world of its own for a scenario: a folder, a topology under a unique name, the real binary, everything removed at the end.
//! Scenarios measure, so only one runs at a time on a machine, but for the two lanes of `scripts/test.sh`.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) name: String,
    _alone: File,
}

impl World {
    /// A world with `topology` in its folder, `NAME` replaced by a unique name.
    pub(crate) fn new(topology: &str) -> Self {
        let lane = std::env::var("IPERFTESTER_TEST_LANE").unwrap_or_default();
        let alone = File::create(std::env::temp_dir().join(format!("iperftester-scenarios{lane}.lock"))).unwrap();
        alone.lock().unwrap();
        let folder = tempfile::Builder::new().prefix("iperftester-scenario").tempdir().unwrap();
        let name = format!("t{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let world = Self { folder, name, _alone: alone };
        world.write(topology);
        world
    }

    /// The same with the cache of all tests: what probe images are made of is there, or is made for them too.
    pub(crate) fn with_images(topology: &str) -> Self {
        let world = Self::new(topology);
        std::os::unix::fs::symlink(cache(), world.folder.path().join("cache")).unwrap();
        world
    }

    /// A world with a file of the project, its own name replaced by a unique one.
    pub(crate) fn of_file(path: &str, name: &str) -> Self {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let line = format!("name: {name}\n");
        assert!(text.contains(&line), "{path} has another name");
        Self::new(&text.replacen(&line, "name: NAME\n", 1))
    }

    pub(crate) fn write(&self, topology: &str) {
        std::fs::write(self.topology(), topology.replace("NAME", &self.name)).unwrap();
    }

    pub(crate) fn topology(&self) -> PathBuf {
        self.folder.path().join("topology.yaml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The real binary, at home in this world.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iperftester"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("IPERFTESTER_DATA_DIR", self.data())
            .env("TMPDIR", self.folder.path())
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .env_remove("IPERFTESTER_TOPOLOGY")
            .env_remove("IPERFTESTER_LANG")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs and expects exit code `code`; gives standard output.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        out
    }

    /// The same with its JSON.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.expect(code, &[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{fault}: {said}"))
    }

    /// The newest report as JSON.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.expect(0, &["report", "--format", "json"])).unwrap()
    }

    /// Starts the binary with its standard output piped.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn namespace(&self, node: &str) -> String {
        format!("iperftester.{}.{node}", self.name)
    }

    /// This topology's namespaces.
    pub(crate) fn namespaces(&self) -> Vec<String> {
        // The name itself, or one that begins with it.
        let prefixes = [".", "-"].map(|next| format!("iperftester.{}{next}", self.name));
        let Ok(entries) = std::fs::read_dir("/run/netns") else { return vec![] };
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        names.filter(|n| prefixes.iter().any(|prefix| n.starts_with(prefix))).collect()
    }

    /// Processes inside this topology's namespaces.
    pub(crate) fn processes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for namespace in self.namespaces() {
            let output = Command::new("ip").args(["netns", "pids", &namespace]).output().unwrap();
            for pid in text(&output.stdout).split_whitespace() {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                if !line.is_empty() {
                    found.push(format!("{namespace} {pid} {}", text(&line).replace('\0', " ")));
                }
            }
        }
        found
    }

    /// Waits until no process is left in the namespaces; panics with their list after `limit`.
    pub(crate) fn wait_for_silence(&self, limit: Duration) {
        let until = Instant::now() + limit;
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "processes are left: {left:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl World {
    /// The command of an ordinary user without any right, at home in this world.
    pub(crate) fn as_nobody(&self, arguments: &[&str]) -> Command {
        let folder = self.folder.path();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder, open).unwrap();
        // Where this very executable lies may be closed to others; a copy is not.
        let copy = folder.join("iperftester-copy");
        if !copy.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_iperftester"), &copy).unwrap();
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all", "--"])
            .arg(copy)
            .args(arguments)
            .current_dir(folder)
            .envs([("HOME", folder), ("TMPDIR", folder), ("XDG_RUNTIME_DIR", folder)])
            .env("IPERFTESTER_DATA_DIR", folder.join("nobody"))
            // As after a log-in to Debian: without the folders of system programs.
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env_remove("IPERFTESTER_TOPOLOGY")
            .stdin(Stdio::null());
        command
    }

    /// Processes that hold this topology's user namespaces.
    pub(crate) fn keepers(&self) -> Vec<String> {
        let words = format!("keep-namespaces-of {}$", self.name);
        let found = Command::new("pgrep").args(["-f", &words]).output().unwrap();
        text(&found.stdout).split_whitespace().map(str::to_owned).collect()
    }
}

impl World {
    /// Puts a shell script in the place of `program`; gives the `PATH` that has it first.
    pub(crate) fn instead_of(&self, program: &str, script: &str) -> String {
        let folder = self.folder.path().join("bin");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(program);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for keeper in self.keepers() {
            let _ = Command::new("kill").args(["-9", &keeper]).output();
        }
        for namespace in self.namespaces() {
            let pids = Command::new("ip").args(["netns", "pids", &namespace]).output();
            for pid in
                pids.iter().flat_map(|o| text(&o.stdout).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            {
                let _ = Command::new("kill").args(["-9", &pid]).output();
            }
            let _ = Command::new("ip").args(["netns", "del", &namespace]).output();
        }
    }
}

/// The cache of all tests, as `XDG_CACHE_HOME`: below target/, so that mmdebstrap runs once for all.
pub(crate) fn cache() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/docker-tests/cache");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `jq` reads: an oracle that shares no line with our parsers.
pub(crate) fn jq(filter: &str, document: &str) -> String {
    let mut child =
        Command::new("jq").args(["-r", filter]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "jq {filter}");
    text(&output.stdout).trim().to_owned()
}

/// The runs of a report.
pub(crate) fn runs(report: &Value) -> &Vec<Value> {
    report["runs"].as_array().unwrap()
}

/// Where PATH has `program`.
pub(crate) fn installed(program: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|file| file.exists()).unwrap()
}

/// Says that a test could not do its work here, and why; scripts/test.sh shows and counts these lines.
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    if let Some(list) = std::env::var_os("IPERFTESTER_TEST_SKIPS") {
        let mut list = File::options().create(true).append(true).open(list).unwrap();
        writeln!(list, "skipped: {why}").unwrap();
    }
}
