//! What mmdebstrap makes for tests, kept below target/ so that it is made once, not by each test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::world::{self, World};

/// The cache of all tests, and the lock of whoever puts something there.
fn kept() -> (PathBuf, File) {
    let folder = world::cache();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    (folder, lock)
}

/// Where the images are of whose `XDG_CACHE_HOME` this is.
fn images(cache: &Path) -> PathBuf {
    let folder = cache.join("iperftester/images");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where `world` has its images.
pub(crate) fn cache(world: &World) -> PathBuf {
    world.folder.path().join("cache/iperftester/images")
}

/// Gives `world` the root of the small image, where an earlier test has made it.
pub(crate) fn lend(world: &World) {
    let (folder, _lock) = kept();
    copy_roots(&images(&folder), &images(&world.folder.path().join("cache")));
}

/// Keeps the root that was made in `world`.
pub(crate) fn keep(world: &World) {
    let (folder, _lock) = kept();
    copy_roots(&cache(world), &images(&folder));
}

fn copy_roots(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_str().unwrap().starts_with("root-") && !to.join(&name).exists() {
            // Whole, for another test may read it at once.
            let half = to.join(format!("half-{}", std::process::id()));
            fs::copy(from.join(&name), &half).unwrap();
            fs::rename(half, to.join(&name)).unwrap();
        }
    }
}

/// The root of a `debian:bookworm-slim` without a registry, as a tar: that of the small image of `world`, in which what installs
/// packages does nothing, for they are there and no network is.
pub(crate) fn slim(world: &World) -> PathBuf {
    let is_root = |name: &str| name.starts_with("root-") && name.ends_with(".tar");
    let mut names = fs::read_dir(cache(world)).unwrap().map(|entry| entry.unwrap().path());
    let root = names.find(|path| is_root(path.file_name().unwrap().to_str().unwrap())).unwrap();
    let base = world.folder.path().join("base");
    fs::create_dir_all(base.join("usr/local/sbin")).unwrap();
    let programs = ["usr/local/sbin/apt-get", "usr/local/sbin/setcap", "usr/local/sbin/useradd"];
    for program in programs {
        let file = base.join(program);
        fs::write(&file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let tar = world.folder.path().join("base.tar");
    fs::copy(root, &tar).unwrap();
    let mut append = Command::new("tar");
    append.arg("--append").arg("--file").arg(&tar).arg("--directory").arg(&base).args(programs);
    assert!(append.status().unwrap().success());
    tar
}

/// A release's user land without the tools, as a tar; `None`, told as skipped, where no mirror gives it.
pub(crate) fn user_land(suite: &str) -> Option<PathBuf> {
    let (folder, _lock) = kept();
    let tar = folder.join(format!("{suite}.tar"));
    if !tar.exists() {
        let half = folder.join(format!("{suite}.half"));
        let made = Command::new("mmdebstrap")
            .args([
                "--quiet",
                "--variant=extract",
                "--include=base-files,libc6,libc-bin,coreutils,dash",
                "--format=tar",
                suite,
            ])
            .arg(&half)
            .output()
            .unwrap();
        if !made.status.success() {
            let said = world::text(&made.stderr);
            let first = said.lines().find(|line| line.starts_with("E: ")).unwrap_or("it said nothing");
            world::skipped(&format!("the user land of {suite}: {first}"));
            return None;
        }
        fs::rename(half, &tar).unwrap();
    }
    Some(tar)
}
