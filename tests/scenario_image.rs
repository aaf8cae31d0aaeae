//! The probe image as the real executable makes it with the real mmdebstrap, in a real engine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod engines;
#[path = "support/images.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod images;
mod world;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command};
use std::time::{Duration, Instant};

use bollard::{API_DEFAULT_VERSION, Docker};
use engines::Engine;
use iperftester::backend::docker::image as at_engine;
use iperftester::domain::image::{Base, Image};
use iperftester::image::Recipe;
use serde_json::Value;
use world::{World, text};

const SMALL: &str = "
name: NAME
image: { base: small }
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
";

/// Most that the small image may hold beside the executable, in bytes.
const MOST_BYTES: u64 = 60_000_000;

fn build(world: &World) -> Value {
    serde_json::from_str(&world.expect(0, &["build", "--output", "json"])).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn recipe() -> Recipe {
    let image = Image { base: Some(Base::Small), ..Image::default() };
    Recipe::new(&image, Path::new(env!("CARGO_BIN_EXE_iperftester"))).unwrap()
}

#[tokio::test]
async fn the_small_image_is_made_once_loaded_once_and_runs_without_a_network() {
    let world = World::new(SMALL);
    images::lend(&world);
    let first = build(&world);
    images::keep(&world);
    assert_eq!(first["made"], true, "{first}");
    assert!(first["beyond_executable_bytes"].as_u64().unwrap() <= MOST_BYTES, "{first}");
    let again = world.expect(0, &["build"]);
    assert!(again.starts_with("nothing to do, the image iperftester-probe:"), "{again}");
    let archive = PathBuf::from(first["path"].as_str().unwrap());
    let tag = first["tag"].as_str().unwrap();

    let engine = Engine::start();
    let client = Docker::connect_with_unix(engine.socket().to_str().unwrap(), 120, API_DEFAULT_VERSION).unwrap();
    let client = client.negotiate_version().await.unwrap();
    let recipe = recipe();
    assert_eq!((recipe.hash().as_str(), recipe.tag().as_str()), (first["image"].as_str().unwrap(), tag));
    assert_eq!(at_engine::find(&client, &recipe).await.unwrap(), None);
    let mut sent = vec![];
    let id = at_engine::load(&client, &recipe, &archive, &mut |now, total| sent.push((now, total))).await.unwrap();
    assert_eq!(sent.last(), Some(&(archive.metadata().unwrap().len(), archive.metadata().unwrap().len())));
    assert!(sent.is_sorted(), "{sent:?}");
    assert_eq!(at_engine::find(&client, &recipe).await.unwrap(), Some(id.clone()));
    assert_eq!(engine.say(&["image", "inspect", "--format", "{{.Id}}", tag]), id);
    // By its label: another image under the same name is none of ours.
    engine.say(&["tag", &id, "elsewhere:1"]);
    engine.say(&["rmi", tag]);
    assert_eq!(at_engine::find(&client, &recipe).await.unwrap(), Some(id));

    let run = |entry: &str, words: &[&str]| {
        let hard = ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only"];
        let entry = ["--entrypoint", entry, "elsewhere:1"];
        let ran = engine.docker(&[&["run", "--rm", "--network=none"], &hard[..], &entry[..], words].concat());
        // From 125 on it is the engine's own: it could not start it (docker-run(1)). Of the tools' versions not all are a success.
        assert!(ran.status.code().is_some_and(|code| code < 125), "{entry:?}: {}", text(&ran.stderr));
        text(&ran.stdout).trim().to_owned()
    };
    let version = format!("iperftester {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(run("/usr/local/bin/iperftester", &["--version"]), version);
    assert_eq!(run("/bin/sh", &["-c", "id -u; id -g"]), "10001\n10001");
    for (tool, word) in [
        ("/usr/bin/iperf3", "--version"),
        ("/usr/bin/iperf", "--version"),
        ("/usr/bin/traceroute", "--version"),
        ("/usr/bin/tracepath", "-V"),
        ("/usr/bin/mtr", "--version"),
        ("/bin/ping", "-V"),
        ("/usr/bin/nstat", "-V"),
        ("/bin/ip", "-V"),
    ] {
        run(tool, &[word]);
    }
    let size: u64 = engine.say(&["image", "inspect", "--format", "{{.Size}}", "elsewhere:1"]).parse().unwrap();
    assert!(size - recipe.executable_bytes <= MOST_BYTES, "{size}");
}

/// Gives `engine` a `debian:bookworm-slim` without a registry.
fn slim(engine: &Engine, world: &World) {
    engine.say(&["import", images::slim(world).to_str().unwrap(), "debian:bookworm-slim"]);
}

#[test]
fn an_engine_of_the_topology_builds_the_debian_image_by_the_dockerfile() {
    let world = World::new(SMALL);
    images::lend(&world);
    world.expect(0, &["build"]);
    images::keep(&world);
    let engine = Engine::start();
    slim(&engine, &world);
    let docker = format!("hosts: {{ box: {{ docker: {{ endpoint: \"unix://{}\" }} }}, ", engine.socket().display());
    world.write(&SMALL.replace("base: small", "base: debian").replace("hosts: { ", &docker));
    let built = world.run(&["build"]);
    let said = text(&built.stderr);
    assert_eq!(built.status.code(), Some(0), "{said}");
    assert!(said.contains("Step 1/") && said.contains("Successfully built"), "{said}");
    let made = build(&world);
    assert_eq!((&made["base"], &made["made"]), (&"debian".into(), &false.into()), "{made}");
    let (tag, hash) = (made["tag"].as_str().unwrap(), made["image"].as_str().unwrap());
    let shown = |format: &str| engine.say(&["image", "inspect", "--format", format, tag]);
    assert_eq!(shown("{{index .Config.Labels \"iperftester.image\"}}"), hash);
    assert_eq!(shown("{{index .Config.Labels \"iperftester.version\"}}"), env!("CARGO_PKG_VERSION"));
    assert_eq!(
        shown("{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.User}}"),
        "[/usr/local/bin/iperftester] [wait] 10001:10001"
    );
    let id = shown("{{.Id}}");
    engine.say(&["rmi", "--force", &id]);
    engine.say(&["load", "--input", made["path"].as_str().unwrap()]);
    assert_eq!(shown("{{.Id}}"), id);
    let version = engine.say(&["run", "--rm", "--network=none", tag, "--version"]);
    assert_eq!(version, format!("iperftester {}", env!("CARGO_PKG_VERSION")));
    // The file is gone, and the engine has no base to build it from.
    std::fs::remove_file(made["path"].as_str().unwrap()).unwrap();
    engine.say(&["rmi", "--force", "debian:bookworm-slim"]);
    engine.say(&["rmi", "--force", &id]);
    let failed = world.run(&["build"]);
    let said = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(3), "{said}");
    assert!(said.contains("the engine cannot build the image") && said.contains("image: { base: small }"), "{said}");
    // For several hosts it is tried once, and one of them tells why.
    let two = format!(
        "name: NAME\nimage: {{ base: debian }}\nhosts: {{ e: {0}, f: {0} }}\nprobes: {{ a: {{ host: e, address: 192.0.2.1 }}, \
         b: {{ host: f, address: 192.0.2.2, ports: 5301-5310 }} }}\n",
        format_args!("{{ docker: {{ endpoint: 'unix://{}' }} }}", engine.socket().display())
    );
    world.write(&two);
    let failed = world.run(&["deploy"]);
    let said = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("the engine cannot build the image").count(), 1, "{said}");
    assert_eq!(said.matches("there is no probe image, as host ").count(), 1, "whichever was quicker tells: {said}");
    let left: Vec<String> = names(&images::cache(&world)).into_iter().filter(|name| name.starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_file_of_the_cache_that_was_cut_is_made_again_from_the_root_that_is_there() {
    let world = World::new(SMALL);
    images::lend(&world);
    let path = PathBuf::from(build(&world)["path"].as_str().unwrap());
    images::keep(&world);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    // Nothing could be unpacked now.
    let broken = world.instead_of("mmdebstrap", "exit 9");
    let output = world.command(&["build", "--output", "json"]).env("PATH", &broken).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(std::fs::read(&path).unwrap() == whole, "the same bytes");
    let forced = world.command(&["build", "--force"]).env("PATH", &broken).output().unwrap();
    assert_eq!(forced.status.code(), Some(3), "{}", text(&forced.stderr));
    assert!(text(&forced.stderr).contains("mmdebstrap could not make the image"), "{}", text(&forced.stderr));
    assert!(std::fs::read(&path).unwrap() == whole, "what was there stays");
    let copy = world.folder.path().join("copy.tar");
    world.expect(0, &["build", "--file", copy.to_str().unwrap()]);
    assert!(std::fs::read(copy).unwrap() == whole);
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_made() {
    let world = World::new(SMALL);
    let cache = world.folder.path().join("cache");
    std::fs::create_dir_all(&cache).unwrap();
    let mount =
        |words: &[&str]| assert!(Command::new(words[0]).args(&words[1..]).arg(&cache).status().unwrap().success());
    mount(&["mount", "-t", "tmpfs", "-o", "size=8m", "none"]);
    // A root that is larger than that, from something quicker than mmdebstrap.
    let path = world.instead_of("mmdebstrap", "exec head -c 20000000 /dev/zero");
    let output = world.command(&["build"]).env("PATH", path).output().unwrap();
    let left = names(&images::cache(&world));
    mount(&["umount"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write") && said.contains("No space left"), "{said}");
    assert!(said.contains("XDG_CACHE_HOME"), "{said}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn stopped_on_the_way_it_leaves_nothing() {
    let world = World::new(SMALL);
    let mut child = world.spawn(&["build"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while roots(&world) == 0 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "mmdebstrap does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(workshops(&world), Vec::<PathBuf>::new());
    assert!(names(&images::cache(&world)).is_empty(), "{:?}", names(&images::cache(&world)));
}

#[test]
fn a_deploy_removes_the_images_that_newer_ones_took_the_place_of_and_no_other() {
    if let Some(why) = engines::missing() {
        return world::skipped(&why);
    }
    let engine = Engine::start();
    engine.import_busybox();
    let endpoint = format!("docker: {{ endpoint: '{}' }}", engine.url());
    let world = World::new(&SMALL.replace("local: {}", &endpoint));
    images::lend(&world);
    world.expect(0, &["deploy"]);
    images::keep(&world);
    let own = engine.say(&["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "label=iperftester.image"]);
    let named = engine.say(&["image", "inspect", "--format", "{{.Metadata.LastTagTime}}", &own]);
    assert!(!named.starts_with("0001"), "{named}");

    // Of the same root, so that they differ in their names and labels alone.
    let tar = world.folder.path().join("busybox.tar");
    let folder = engine.machine.folder().join("busybox");
    let packed = Command::new("tar").arg("-C").arg(&folder).arg("-cf").arg(&tar).arg("bin").status();
    assert!(packed.unwrap().success());
    let record = |id: &str| {
        let mut find = Command::new("find");
        find.arg(engine.machine.folder().join("data/image")).args(["-path", "*/metadata/sha256/*"]);
        let listed = find.args(["-name", id.trim_start_matches("sha256:")]).output().unwrap();
        PathBuf::from(text(&listed.stdout).trim()).join("lastUpdated")
    };
    for (name, is_old) in [("unused", true), ("used", true), ("named", true), ("young", false), ("theirs", true)] {
        let label = if name == "theirs" { "their.image" } else { "iperftester.image" };
        let (label, tag) = (format!("LABEL {label}={name}"), format!("iperftester-probe:{name}"));
        let id = engine.say(&["import", "--change", &label, tar.to_str().unwrap(), &tag]);
        engine.say(&["tag", &id, &tag]);
        if is_old {
            // Since when it is there is what the engine keeps of it.
            std::fs::write(record(&id), "2025-01-01T00:00:00Z").unwrap();
        }
    }
    engine.say(&["create", "--network", "none", "iperftester-probe:used", "sleep", "1"]);
    engine.say(&["tag", "iperftester-probe:named", "elsewhere:1"]);
    std::fs::write(record(&engine.say(&["images", "-q", "--no-trunc", "elsewhere:1"])), "2025-01-01T00:00:00Z")
        .unwrap();

    let output = world.run(&["deploy"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("removed the image").count(), 1, "{said}");
    assert!(said.contains("here: removed the image iperftester-probe:unused, which nobody uses any more"), "{said}");
    let listed = engine.say(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    let mut rest = ["named", "theirs", "used", "young"].map(|tag| format!("iperftester-probe:{tag}")).to_vec();
    rest.extend(["busybox:test".to_owned(), "elsewhere:1".to_owned(), own]);
    rest.sort();
    assert_eq!(listed, rest);
    world.expect(0, &["destroy"]);
}

/// The folders among the temporary files of `world` in which a root is unpacked.
fn workshops(world: &World) -> Vec<PathBuf> {
    let ours = names(world.folder.path()).into_iter().filter(|name| name.starts_with("iperftester-image-"));
    ours.map(|name| world.folder.path().join(name)).collect()
}

/// How many folders of mmdebstrap's are in them: its root, and what it keeps beside that for a while.
fn roots(world: &World) -> usize {
    let is_root = |workshop: &Path, name: &str| name.starts_with("mmdebstrap.") && workshop.join(name).is_dir();
    let of = |workshop: &PathBuf| names(workshop).iter().filter(|name| is_root(workshop, name)).count();
    workshops(world).iter().map(of).sum()
}

/// A build that gets no root; how many folders of others' are there behind it.
fn build_in_vain(world: &World) -> usize {
    let broken = world.instead_of("mmdebstrap", "exit 9");
    let output = world.command(&["build"]).env("PATH", &broken).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    roots(world)
}

/// Processes that were started in `world`, by the place of their cache.
fn started_in(world: &World) -> Vec<String> {
    let own = format!("XDG_CACHE_HOME={}", world.folder.path().join("cache").display());
    let mut pids = names(Path::new("/proc"));
    pids.retain(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes())
    });
    pids
}

/// A deploy to `engine` that waits for a mirror that never answers, which is there as long as the last of this. What it says
/// comes with it.
fn waiting_for_a_mirror(world: &World, engine: &Engine) -> (Child, BufReader<ChildStderr>, TcpListener) {
    let mirror = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("base: small, mirror: 'http://{}/debian'", mirror.local_addr().unwrap());
    let docker = format!("docker: {{ endpoint: '{}' }}", engine.url());
    world.write(&SMALL.replace("base: small", &image).replace("local: {}", &docker));
    let mut child = world.spawn(&["deploy"]);
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("unpacking the tools") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended before");
    }
    mirror.accept().unwrap();
    let own = child.id().to_string();
    assert!(started_in(world).iter().any(|pid| *pid != own), "mmdebstrap is not seen");
    (child, said, mirror)
}

#[test]
fn a_deploy_that_waits_for_a_mirror_can_be_stopped_or_killed() {
    if let Some(why) = engines::missing() {
        return world::skipped(&why);
    }
    let engine = Engine::start();
    let world = World::new(SMALL);
    let (mut child, said, _mirror) = waiting_for_a_mirror(&world, &engine);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let said: String = said.lines().map(|line| line.unwrap() + "\n").collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("stopped after 0 of 4 steps: everything is as it was before"), "{said}");
    assert_eq!(started_in(&world), Vec::<String>::new());
    assert_eq!((workshops(&world), names(&images::cache(&world))), (vec![], vec![]));
    assert_eq!(engine.say(&["images", "-aq"]) + &engine.say(&["network", "ls", "-q", "--filter", "type=custom"]), "");

    // Killed, it leaves programs of mmdebstrap's, which hold up nobody, and whose folder nobody else removes.
    let (mut child, _, _mirror) = waiting_for_a_mirror(&world, &engine);
    child.kill().unwrap();
    child.wait().unwrap();
    world.expect(0, &["destroy"]);
    assert!(!started_in(&world).is_empty(), "it was waited for");
    assert!(roots(&world) > 0 && build_in_vain(&world) > 0, "{:?}", workshops(&world));
    let ended = engines::eventually(|| {
        let left = started_in(&world);
        left.is_empty() || Command::new("kill").arg("-9").args(&left).status().is_err()
    });
    assert!(ended, "{:?}", started_in(&world));
    // Killed too, they leave it behind for the next build.
    assert!(roots(&world) > 0 && build_in_vain(&world) == 0, "{:?}", workshops(&world));
}

#[test]
fn without_mmdebstrap_the_hint_says_what_to_do() {
    let world = World::new(SMALL);
    let empty = tempfile::tempdir().unwrap();
    let output = world.command(&["build"]).env("PATH", empty.path()).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("mmdebstrap is not installed") && said.contains("apt-get install mmdebstrap"), "{said}");
}
