//! The root of the small image: Debian's packages, unpacked by mmdebstrap without a container, an engine or a registry.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::cache::Draft;
use super::recipe::{HOOK, PACKAGES, Recipe};
use super::workshop::{self, Workshop};
use super::{ImageError, archive, sources};
use crate::process::{self, Errors};

/// A slow mirror takes minutes for some 20 MB of packages and the lists; beyond this nothing comes.
const LIMIT: Duration = Duration::from_secs(1200);

/// Removing a root of some 60 MB takes a second; longer is not waited.
const PATIENCE: Duration = Duration::from_secs(10);

/// Is mmdebstrap installed?
pub(super) fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("mmdebstrap").is_file())
}

/// Writes the root as a tar.
pub(super) async fn root(recipe: &Recipe, draft: &mut Draft) -> Result<(), ImageError> {
    if !is_installed() {
        return Err(ImageError::NoMmdebstrap);
    }
    let temporary = std::env::temp_dir();
    workshop::sweep(&temporary).await;
    let workshop = Workshop::new(&temporary).map_err(|source| ImageError::Workshop { temporary, source })?;
    // What it makes is the cache's and no part of a topology, whose lock it must not hold.
    let mut running = process::start_apart(&command(recipe, workshop.path()), Errors::Captured, workshop.lock())
        .map_err(|source| ImageError::Mmdebstrap { complaint: source.to_string() })?;
    drop(running.take_stdin());
    let stdout = running.take_stdout();
    let group = running.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let finished = std::pin::pin!(running.finish(LIMIT));
    // Let go of before the process is killed, which it is where nobody waits any more.
    let unfinished = Unfinished(group);
    // A fault of ours closes the pipe, and mmdebstrap removes what it made before it ends.
    let (written, finished) = tokio::join!(copy(stdout, draft), finished);
    unfinished.let_go();
    written?;
    let finished = finished.map_err(|source| ImageError::Mmdebstrap { complaint: source.to_string() })?;
    if finished.status.success() { Ok(()) } else { Err(failed(&finished.complaint())) }
}

/// mmdebstrap at work: stopped in its own way, for killed it would leave the root that it works on in the temporary folder.
struct Unfinished(Option<Pid>);

impl Unfinished {
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(group) = self.0 else { return };
        if kill_process_group(group, Signal::TERM).is_err() {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        let stat = format!("/proc/{group}/stat");
        // Ended is who is gone or waits for us to look (proc_pid_stat(5)).
        while fs_err::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What mmdebstrap said that is an error, or else its last line.
fn failed(said: &str) -> ImageError {
    let faults: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix("E: ")).collect();
    let first = faults.first().copied().or_else(|| said.lines().last());
    if first.is_some_and(|first| first.contains("unable to pick chroot mode")) {
        return ImageError::NoRoot;
    }
    ImageError::Mmdebstrap { complaint: first.unwrap_or("it said nothing").chars().take(300).collect() }
}

async fn copy(from: Option<impl AsyncRead + Unpin>, draft: &mut Draft) -> Result<(), ImageError> {
    let Some(mut from) = from else { return Ok(()) };
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut chunk).await.map_err(|source| draft.fault(source))?;
        if read == 0 {
            return Ok(());
        }
        draft.write_all(&chunk[..read]).map_err(|source| draft.fault(source))?;
    }
}

/// The hook removes what mmdebstrap would clean up behind it. Device files are the container's own business, and whoever
/// unpacks an image without root may not make them.
fn command(recipe: &Recipe, workshop: &Path) -> Vec<String> {
    // What it mounts is nobody else's, and goes with it also where it is killed. Another user's has a namespace anyhow.
    let apart =
        if rustix::process::geteuid().is_root() { vec!["unshare".to_owned(), "--mount".to_owned()] } else { vec![] };
    let mut argv = vec![
        "env".to_owned(),
        format!("SOURCE_DATE_EPOCH={}", archive::MADE_AT_SECONDS),
        format!("TMPDIR={}", workshop.display()),
        "mmdebstrap".to_owned(),
        "--variant=extract".to_owned(),
        format!("--architectures={}", recipe.architecture.debian()),
        format!("--include={PACKAGES}"),
        "--skip=cleanup/apt".to_owned(),
        "--skip=cleanup/mmdebstrap".to_owned(),
        "--skip=output/dev".to_owned(),
        format!("--extract-hook={HOOK}"),
        recipe.suite.clone(),
        "-".to_owned(),
    ];
    match &recipe.mirror {
        Some(mirror) => argv.push(mirror.clone()),
        None => argv.extend(own_sources(&recipe.suite)),
    }
    apart.into_iter().chain(argv).collect()
}

/// Where this machine gets the release; nothing where it gets another, for which mmdebstrap has a mirror of its own.
fn own_sources(suite: &str) -> Vec<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let folder = fs_err::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    files.extend(folder.filter_map(Result::ok).map(|entry| entry.path()));
    files.sort();
    let mut found = vec![];
    for file in files {
        let Ok(text) = fs_err::read_to_string(&file) else { continue };
        match file.extension().and_then(std::ffi::OsStr::to_str) {
            Some("list") => found.extend(sources::of_lines(&text, suite)),
            Some("sources") => found.extend(sources::of_stanzas(&text, suite)),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told() {
        let said =
            "I: running apt-get update...\nE: apt-get update failed: no such host\nE: mmdebstrap failed to run\n";
        assert_eq!(
            failed(said).to_string(),
            "mmdebstrap could not make the image: apt-get update failed: no such host"
        );
        let fault = failed("E: unable to pick chroot mode automatically (use --mode for manual selection)\n");
        assert!(fault.hint().unwrap().starts_with("`apt-get install uidmap`"));
        assert_eq!(failed("").to_string(), "mmdebstrap could not make the image: it said nothing");
    }

    #[test]
    fn a_mirror_that_is_named_is_the_only_one() {
        let image = crate::domain::image::Image {
            mirror: Some("http://mirror.example.net/debian".to_owned()),
            ..crate::domain::image::Image::default()
        };
        let recipe = Recipe::new(&image, Path::new("/bin/busybox")).unwrap();
        let argv = command(&recipe, Path::new("/tmp"));
        assert_eq!(argv[argv.len() - 3..], ["bookworm", "-", "http://mirror.example.net/debian"]);
    }
}
