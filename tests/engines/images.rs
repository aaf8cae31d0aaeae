//! Images for engines that reach no registry.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::Engine;
use super::machine::{found, must};
use crate::world::cache;

/// The image that [`Engine::import_busybox`] makes.
pub(crate) const BUSYBOX: &str = "busybox:test";

/// Asks nothing of the image.
const TOPOLOGY: &str =
    "name: image\nhosts: { here: { local: {} } }\nprobes: { a: { host: here }, b: { host: here } }\n";

impl Engine {
    /// Makes an image of this machine's busybox, [`BUSYBOX`].
    pub(crate) fn import_busybox(&self) {
        let root = self.machine.folder().join("busybox");
        std::fs::create_dir_all(root.join("bin")).unwrap();
        let busybox = found("busybox").expect("busybox is there");
        std::fs::copy(busybox, root.join("bin/busybox")).unwrap();
        for applet in ["sh", "echo", "sleep", "cat", "nc", "ping", "ip", "kill", "ls", "ps", "true"] {
            let _ = std::os::unix::fs::symlink("busybox", root.join("bin").join(applet));
        }
        let mut tar =
            Command::new("tar").arg("-C").arg(&root).args(["-c", "bin"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut import = super::docker(self.machine.folder(), &self.url());
        import.args(["import", "-", BUSYBOX]).stdin(tar.stdout.take().unwrap());
        must(&mut import);
        assert!(tar.wait().unwrap().success());
    }
}

/// An archive of the probe image with the executable under test, made once for each of its builds.
pub(crate) fn probe_image() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let topology = cache().join("probe-image.yaml");
        std::fs::write(&topology, TOPOLOGY).unwrap();
        let mut build = Command::new(env!("CARGO_BIN_EXE_iperftester"));
        build.arg("-t").arg(topology).args(["build", "--output", "json"]).env("XDG_CACHE_HOME", cache());
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", super::text(&output.stderr));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        told["path"].as_str().unwrap().into()
    };
    MADE.get_or_init(make).clone()
}
