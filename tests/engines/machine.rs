//! A simulated machine: a network namespace, and for each program on it /run, /opt, /etc/docker and a host name of its own.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Begins the name of each; the process id of the test follows.
const PREFIX: &str = "engine-";

/// What a program of a machine is started by: /sys shows the machine's devices and the whole tree of control groups, and
/// paths that daemons use without asking are folders of the machine.
const ENTER: &str = r#"
set -eu
folder=$1; shift
hostname "$(basename "$folder")"
mkdir -p "$folder/cgroup" /etc/docker
mount --rbind /sys/fs/cgroup "$folder/cgroup"
umount -l /sys
mount -t sysfs sysfs /sys
mount --rbind "$folder/cgroup" /sys/fs/cgroup
for path in /opt /etc/docker /run; do
    mkdir -p "$folder$path"
    mount --bind "$folder$path" "$path"
done
exec "$@"
"#;

/// A machine; with it goes everything that runs on it.
pub(crate) struct Machine {
    /// The name of its network namespace, and its host name.
    pub(crate) name: String,
    folder: PathBuf,
}

impl Machine {
    /// A machine with a loopback interface.
    pub(crate) fn new() -> Self {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(sweep);
        let name = unique();
        let machine = Self { folder: folder(&name), name };
        machine.empty_run();
        must(Command::new("ip").args(["netns", "add", &machine.name]));
        must(&mut machine.ip(&["link", "set", "lo", "up"]));
        machine
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The control group of its containers.
    pub(crate) fn cgroup(&self) -> String {
        format!("/{}", self.name)
    }

    /// `ip` with these arguments on it.
    pub(crate) fn ip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name]).args(arguments);
        command
    }

    /// A program on it, without input.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.name));
        command.args(["unshare", "--mount", "--uts", "--propagation", "slave", "sh", "-c", ENTER, "enter"]);
        command.arg(&self.folder).arg(program).stdin(Stdio::null());
        command
    }

    /// Sets something of its kernel's, `NAME=VALUE`.
    pub(crate) fn sysctl(&self, setting: &str) {
        must(self.command("sysctl").args(["-q", "-w", setting]));
    }

    /// Brings its /run to what it is after a boot.
    pub(super) fn empty_run(&self) {
        let run = self.folder.join("run");
        let _ = std::fs::remove_dir_all(&run);
        std::fs::create_dir_all(run.join("sshd")).unwrap();
    }

    /// Everything that runs on it, in its containers too.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes(&self.name)
    }

    /// Kills everything that runs on it.
    pub(crate) fn kill_all(&self) {
        kill_all(&self.name);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// A name that no other test has.
pub(super) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{PREFIX}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The folder of what has this name.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(name);
    // sun_path of unix(7): 108 bytes with the last zero.
    assert!(folder.join("run/docker.sock").as_os_str().len() < 108, "TMPDIR is too long for the name of a socket");
    folder
}

/// Removes what has this name.
pub(super) fn remove(name: &str) {
    kill_all(name);
    let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
    for group in cgroups(name) {
        remove_cgroup(&group);
    }
    let _ = std::fs::remove_dir_all(folder(name));
}

/// Removes what tests left that were killed.
fn sweep() {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove(&name);
        }
    }
}

/// The control groups of this name: one, or with version 1 one of each controller.
fn cgroups(name: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let controllers = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path().join(name));
    controllers.chain([root.join(name)]).filter(|group| group.is_dir()).collect()
}

fn inner(group: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(group).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}

fn remove_cgroup(group: &Path) {
    inner(group).for_each(|group| remove_cgroup(&group));
    // What was just killed may be in it for another moment.
    eventually(|| std::fs::remove_dir(group).is_ok() || !group.exists());
}

fn members(group: &Path) -> Vec<u32> {
    let own = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let own = own.lines().filter_map(|line| line.parse().ok());
    own.chain(inner(group).flat_map(|group| members(&group))).collect()
}

/// Processes in the network namespace or the control groups of this name.
fn processes(name: &str) -> Vec<u32> {
    let mut found: Vec<u32> = cgroups(name).iter().flat_map(|group| members(group)).collect();
    if let Ok(namespace) = std::fs::metadata(Path::new("/run/netns").join(name)) {
        let link = PathBuf::from(format!("net:[{}]", namespace.ino()));
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        found.extend(all.filter(|pid| std::fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|to| to == link)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn kill_all(name: &str) {
    eventually(|| {
        let left = processes(name);
        if !left.is_empty() {
            let pids = left.iter().map(ToString::to_string);
            let _ = Command::new("kill").arg("-9").args(pids).stderr(Stdio::null()).status();
        }
        left.is_empty()
    });
}

/// Where `program` is: administrators have folders in their PATH that others lack.
pub(super) fn found(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.exists())
}

/// Runs a command that must succeed.
pub(super) fn must(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until `true`, at most 10 s.
pub(crate) fn eventually(mut what: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if what() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
