//! The connection to a Docker engine against real daemons: dockerd, sshd, TLS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod engines;
mod world;

use std::path::Path;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt};
use iperftester::backend::docker::{Engine, EngineError, EngineFault, Surroundings};
use iperftester::domain::host::{Docker, Tls};
use iperftester::domain::name::Name;
use tokio::io::AsyncWriteExt;

use engines::{Authority, Hosts, Podman, Server, Sshd, Use, Whose, eventually, free_port};

/// For whatever has to end by itself.
const SOON: Duration = Duration::from_secs(30);

async fn open(endpoint: &str, tls: Option<Tls>, around: &Surroundings) -> Result<Engine, EngineError> {
    let settings = Docker { endpoint: Some(endpoint.to_owned()), context: None, tls };
    let host = Name::new("edge").unwrap();
    let opened = tokio::time::timeout(SOON, Engine::open_in(&host, &settings, around));
    opened.await.expect("opening has a limit of its own")
}

async fn refused(endpoint: &str, tls: Option<Tls>, around: &Surroundings) -> EngineError {
    let error = open(endpoint, tls, around).await.expect_err(endpoint);
    let sentence = error.to_string();
    assert!(sentence.starts_with(&format!("host `edge` at {endpoint}: ")) && !sentence.contains('\n'), "{sentence}");
    error
}

/// Surroundings with their sockets below `folder`.
fn around(folder: &Path, ssh: Vec<String>) -> Surroundings {
    let executable = env!("CARGO_BIN_EXE_iperftester").to_owned();
    Surroundings { executable, ssh, folders: vec![folder.to_owned()], ..Surroundings::of_process() }
}

/// Starts a container that waits, from an image with nothing but busybox.
async fn container(engine: &Engine) {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_path_with_name("/bin/busybox", "busybox").unwrap();
    let body = bollard::body_full(tar.into_inner().unwrap().into());
    let options = CreateImageOptionsBuilder::new().from_src("-").repo("localhost/box").tag("1").build();
    let said: Vec<_> = engine.client().create_image(Some(options), Some(body), None).try_collect().await.unwrap();
    // Podman gives it another name than it was told, and both say its id last.
    let last = said.into_iter().last().unwrap();
    let image = last.status.or(last.id).unwrap();
    let body = ContainerCreateBody {
        image: Some(image),
        cmd: Some(["/busybox", "sleep", "600"].map(str::to_owned).to_vec()),
        host_config: Some(HostConfig { network_mode: Some("none".to_owned()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let id = engine.client().create_container(None, body).await.unwrap().id;
    engine
        .client()
        .rename_container(&id, bollard::query_parameters::RenameContainerOptionsBuilder::new().name("box").build())
        .await
        .unwrap();
    engine.client().start_container("box", None).await.unwrap();
}

async fn exec(engine: &Engine, script: &str) -> (String, StartExecResults) {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(vec!["/busybox", "sh", "-c", script]),
        ..CreateExecOptions::default()
    };
    let id = engine.client().create_exec("box", options).await.unwrap().id;
    let started = engine.client().start_exec(&id, None).await.unwrap();
    (id, started)
}

/// Bytes to a program in the container and back, the end of its input, its two outputs apart and its exit code.
async fn bytes_go_both_ways(engine: &Engine) {
    let (id, started) = exec(engine, "/busybox cat; echo done >&2; exit 7").await;
    let StartExecResults::Attached { mut output, mut input } = started else { panic!("not attached") };
    let sent: Vec<u8> = (0..3_000_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let feed = async {
        input.write_all(&sent).await.unwrap();
        input.shutdown().await.unwrap();
    };
    let collect = async {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(piece) = output.next().await {
            match piece.unwrap() {
                LogOutput::StdOut { message } => out.extend_from_slice(&message),
                LogOutput::StdErr { message } => err.extend_from_slice(&message),
                other => panic!("{other:?}"),
            }
        }
        (out, err)
    };
    let ((), (out, err)) = tokio::time::timeout(SOON, async { tokio::join!(feed, collect) }).await.unwrap();
    assert!(out == sent, "{} bytes came back", out.len());
    assert_eq!(err, b"done\n");
    assert_eq!(engine.client().inspect_exec(&id).await.unwrap().exit_code, Some(7));
}

/// Can engines be started here?
fn able() -> bool {
    let why = engines::missing();
    why.iter().for_each(|why| world::skipped(why));
    why.is_none()
}

/// ssh as its user calls it, with the configuration of `sshd`.
fn ssh(sshd: &Sshd) -> Vec<String> {
    ["ssh".to_owned(), "-F".to_owned(), sshd.config().display().to_string()].to_vec()
}

fn folders(place: &Path) -> usize {
    std::fs::read_dir(place).unwrap().count()
}

#[tokio::test]
async fn one_engine_is_the_same_by_every_way_and_its_death_is_noticed_on_each() {
    if !able() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut hosts = Hosts::new(1);
    let sshd = hosts.sshd(0);
    let address = hosts.address(0).to_string();
    let sockets = folder.path().join("sockets");
    std::fs::create_dir(&sockets).unwrap();
    let around = around(&sockets, ssh(&sshd));
    let ways = [
        (hosts.engines[0].url(), None, None),
        (sshd.url(), None, Some(address.as_str())),
        (format!("tcp+tls://{}", hosts.tls(0)), Some(hosts.authority.tls("client")), Some(address.as_str())),
    ];
    let mut engines = Vec::new();
    for (endpoint, tls, remote) in ways {
        let engine = open(&endpoint, tls, &around).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(engine.remote(), remote);
        let machine = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        assert_eq!(engine.architecture(), machine);
        let api: Vec<u32> = engine.api_version().split('.').map(|part| part.parse().unwrap()).collect();
        assert!(api >= vec![1, 41] && engine.version().starts_with(|c: char| c.is_ascii_digit()), "{engine:?} {api:?}");
        engines.push(engine);
    }
    container(&engines[0]).await;
    for engine in &engines {
        bytes_go_both_ways(engine).await;
    }
    // Many at once: each has a connection of its own.
    for engine in &engines {
        futures_util::future::join_all((0..8).map(|_| bytes_go_both_ways(engine))).await;
    }
    assert_eq!(folders(&sockets), 1, "the tunnel's");
    // A clone of the client keeps the tunnel open.
    let tunnelled = engines.remove(1);
    let client = tunnelled.client().clone();
    drop(tunnelled);
    client.ping().await.unwrap();
    drop(client);
    assert_eq!(folders(&sockets), 0, "the tunnel goes with its last user");

    engines.push(open(&sshd.url(), None, &around).await.unwrap());
    let mut open_ends = Vec::new();
    for engine in &engines {
        let StartExecResults::Attached { output, input } = exec(engine, "/busybox sleep 600").await.1 else {
            panic!("not attached")
        };
        open_ends.push((output, input));
    }
    hosts.engines[0].kill_daemon();
    for (engine, (mut output, _input)) in engines.iter().zip(open_ends) {
        let end = tokio::time::timeout(SOON, output.next()).await.expect("what is attached ends with the daemon");
        assert!(!matches!(end, Some(Ok(_))), "{end:?}");
        let answer = tokio::time::timeout(SOON, engine.client().ping()).await.expect("a request ends");
        answer.unwrap_err();
    }
}

/// Processes whose command names this folder.
fn processes(folder: &Path) -> usize {
    let folder = folder.display().to_string();
    let own = std::process::id().to_string();
    let others = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter(|p| p.file_name() != own.as_str());
    let words = others.map(|process| std::fs::read(process.path().join("cmdline")).unwrap_or_default());
    words.filter(|words| String::from_utf8_lossy(words).contains(&folder)).count()
}

const ENDPOINT: &str = "IPERFTESTER_TEST_ENDPOINT";

#[tokio::test]
#[ignore = "the process that is killed in the next test"]
async fn holds_a_tunnel() {
    let [endpoint, folder, ssh] = [ENDPOINT, "TMPDIR", "SSH"].map(|name| std::env::var(name).unwrap());
    let around = around(Path::new(&folder), ssh.split(' ').map(str::to_owned).collect());
    let _engine = open(&endpoint, None, &around).await.unwrap();
    std::fs::write(Path::new(&folder).join("ready"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_tunnel_ends_with_a_killed_process_and_the_next_removes_its_folder() {
    if !able() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts::new(1);
    let sshd = hosts.sshd(0);
    let sockets = folder.path().join("sockets");
    std::fs::create_dir(&sockets).unwrap();
    let endpoint = sshd.url();
    let mut holder = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "holds_a_tunnel"])
        .envs([(ENDPOINT, endpoint.as_str()), ("SSH", &ssh(&sshd).join(" "))])
        .env("TMPDIR", &sockets)
        .spawn()
        .unwrap();
    assert!(eventually(|| sockets.join("ready").exists()), "the tunnel is not ready");
    std::fs::remove_file(sockets.join("ready")).unwrap();
    assert_eq!((folders(&sockets), processes(&sockets)), (1, 1));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(eventually(|| processes(&sockets) == 0), "ssh does not end");
    assert_eq!(folders(&sockets), 1, "nobody could remove it");
    let left = std::fs::read_dir(&sockets).unwrap().next().unwrap().unwrap().path();
    let engine = open(&endpoint, None, &around(&sockets, ssh(&sshd))).await.unwrap();
    assert!(!left.exists() && folders(&sockets) == 1);
    drop(engine);
}

#[tokio::test]
async fn podmans_socket_is_an_engine_too() {
    if !able() {
        return;
    }
    if let Some(why) = Podman::missing(Whose::Roots) {
        return world::skipped(&why);
    }
    let podman = Podman::start(Whose::Roots);
    let here = around(podman.socket().parent().unwrap(), vec![]);
    let engine = open(&podman.url(), None, &here).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((engine.product(), engine.remote()), ("Podman", None));
    container(&engine).await;
    bytes_go_both_ways(&engine).await;
}

#[tokio::test]
async fn tls_trusts_one_authority_and_says_what_is_wrong_with_a_certificate() {
    if !able() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new(folder.path(), "ours"), Authority::new(folder.path(), "theirs"));
    // Of the same name as the hosts', as every second `openssl req` with the defaults of a manual makes it.
    let twin = Authority::new(&folder.path().join("twin"), "authority");
    ours.certify("server", Use::Server, "IP:127.0.0.1", None);
    ours.certify("elsewhere", Use::Server, "DNS:docker.example.net,IP:192.0.2.7", None);
    ours.certify("old", Use::Server, "IP:127.0.0.1", Some(2020));
    ours.certify("early", Use::Server, "IP:127.0.0.1", Some(2049));
    ours.certify("client", Use::Client, "", None);
    theirs.certify("client", Use::Client, "", None);
    let around = around(folder.path(), vec![]);
    let hosts = Hosts::new(1);
    let (endpoint, trusted) = (format!("tcp+tls://{}", hosts.tls(0)), &hosts.authority);
    trusted.certify("old-client", Use::Client, "", Some(2020));
    trusted.certify("early-client", Use::Client, "", Some(2049));
    open(&endpoint, Some(trusted.tls("client")), &around).await.unwrap();

    // The same by a Docker context, whose files lie where the Docker CLI puts them (sha256 of `rack`).
    let config = folder.path().join("config");
    let context = "8e9d1a8d5b1863f1e99ed1bd8a1b7bd1ea8e19f704f5859adbcf5cdce5ca7cd9";
    let (meta, files) =
        (config.join("contexts/meta").join(context), config.join("contexts/tls").join(context).join("docker"));
    std::fs::create_dir_all(&meta).unwrap();
    std::fs::create_dir_all(&files).unwrap();
    for (file, name) in [("ca.pem", "ca.pem"), ("client.pem", "cert.pem"), ("client.key", "key.pem")] {
        std::fs::copy(trusted.file(file), files.join(name)).unwrap();
    }
    let host = format!("tcp://{}", hosts.tls(0));
    let text = serde_json::json!({"Name": "rack", "Metadata": {}, "Endpoints": {"docker": {"Host": host}}});
    std::fs::write(meta.join("meta.json"), text.to_string()).unwrap();
    let by_name = Docker { context: Some("rack".to_owned()), ..Docker::default() };
    let with = Surroundings { docker_config: Some(config), ..around.clone() };
    Engine::open_in(&Name::new("edge").unwrap(), &by_name, &with).await.unwrap();
    let lost = Docker { context: Some("rock".to_owned()), ..Docker::default() };
    let error = Engine::open_in(&Name::new("edge").unwrap(), &lost, &with).await.unwrap_err();
    assert_eq!(error.to_string(), "host `edge` at context rock: there is no Docker context `rock`");
    assert_eq!(error.hint().unwrap(), "known: default, rack");

    // Each several times: the server may end the connection before or after it has read our request.
    for _ in 0..10 {
        let stranger = Tls { ca: trusted.file("ca.pem"), ..theirs.tls("client") };
        let error = refused(&endpoint, Some(stranger), &around).await;
        assert!(matches!(error.fault, EngineFault::ClientRefused { .. }), "{error:?}");
    }
    // What else is wrong with it does not hide that, such as an end before its beginning (`openssl x509 -req -days -1`).
    let dates = ["-startdate", "20210101000000Z", "-enddate", "20201231000000Z", "-extfile", "old-client.ext"];
    let ended = ["ca", "-batch", "-notext", "-config", "cnf", "-in", "old-client.csr", "-out", "ended.pem"];
    trusted.openssl(&[&ended[..], &dates].concat());
    for file in ["old-client.pem", "ended.pem"] {
        let tls = Tls { cert: trusted.file(file), ..trusted.tls("old-client") };
        let sentence = refused(&endpoint, Some(tls), &around).await.to_string();
        assert!(sentence.contains(&format!("/{file}, which was valid until 2020-12-31 00:00:00 UTC; ")), "{sentence}");
    }
    let error = refused(&endpoint, Some(trusted.tls("early-client")), &around).await;
    let sentence = error.to_string();
    assert!(sentence.contains(", which is valid from 2049-01-01 00:00:00 UTC; here it is 20"), "{sentence}");
    for other in [&theirs, &twin] {
        let error = refused(&endpoint, Some(Tls { ca: other.file("ca.pem"), ..trusted.tls("client") }), &around).await;
        assert!(matches!(&error.fault, EngineFault::Untrusted { ca } if *ca == other.file("ca.pem")), "{error:?}");
    }

    for (certificate, expected) in [
        ("elsewhere", "its certificate is for docker.example.net, 192.0.2.7, not for 127.0.0.1"),
        ("old", "its certificate was valid until 2020-12-31 00:00:00 UTC, and here it is 20"),
        ("early", "its certificate is valid from 2049-01-01 00:00:00 UTC, and here it is 20"),
        ("server", "what answers there is no Docker engine: "),
    ] {
        let (_server, port) = Server::tls(&ours, certificate);
        let error = refused(&format!("tcp+tls://127.0.0.1:{port}"), Some(ours.tls("client")), &around).await;
        assert!(error.fault.to_string().starts_with(expected), "{error}");
    }

    let nobody = refused(&format!("tcp+tls://127.0.0.1:{}", free_port()), Some(ours.tls("client")), &around).await;
    assert!(matches!(nobody.fault, EngineFault::Refused), "{nobody:?}");
    let unnamed = refused("tcp+tls://no-such-host.invalid", Some(ours.tls("client")), &around).await;
    assert!(matches!(unnamed.fault, EngineFault::Unreachable { .. }), "{unnamed:?}");
}

#[tokio::test]
async fn files_of_tls_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    ours.certify("client", Use::Client, "", None);
    ours.certify("other", Use::Client, "", None);
    ours.openssl(&["ec", "-in", "client.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"]);
    ours.openssl(&["x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der"]);
    let around = around(folder.path(), vec![]);
    let right = ours.tls("client");
    let [missing, der, locked, other] =
        ["missing.pem", "ca.der", "locked.key", "other.key"].map(|name| ours.file(name));
    let show = |path: &Path| path.display().to_string();
    let cases = [
        (Tls { ca: missing.clone(), ..right.clone() }, format!("{} cannot be read: No such file", show(&missing))),
        (Tls { ca: der.clone(), ..right.clone() }, format!("{} holds no certificate in PEM", show(&der))),
        (Tls { cert: right.key.clone(), ..right.clone() }, format!("{} holds no certificate", show(&right.key))),
        (Tls { key: right.cert.clone(), ..right.clone() }, format!("{} holds no private key", show(&right.cert))),
        (Tls { key: locked.clone(), ..right.clone() }, format!("{} holds no private key", show(&locked))),
        (
            Tls { key: other.clone(), ..right.clone() },
            format!("the key {} is not that of the certificate {}", show(&other), show(&right.cert)),
        ),
    ];
    for (tls, expected) in cases {
        let error = refused("tcp+tls://127.0.0.1:1", Some(tls), &around).await;
        assert!(error.fault.to_string().starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn forwardings_of_the_users_configuration_are_left_to_the_user() {
    if !able() {
        return;
    }
    let hosts = Hosts::new(1);
    let sshd = hosts.sshd(0);
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), ssh(&sshd));
    // As a connection that the user has open already holds it.
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (taken, free) = (held.local_addr().unwrap(), free_port());
    let config = std::fs::read_to_string(sshd.config()).unwrap();
    let forwardings = format!(
        "  ExitOnForwardFailure yes\n  LocalForward {taken} 127.0.0.1:9\n  LocalForward 127.0.0.1:{free} 127.0.0.1:9\n  \
         RemoteForward 127.0.0.1:{free} 127.0.0.1:9\n"
    );
    std::fs::write(sshd.config(), config + &forwardings).unwrap();
    let engine = open(&sshd.url(), None, &around).await.unwrap_or_else(|error| panic!("{error}"));
    engine.client().ping().await.unwrap();
    let nobody = std::net::TcpStream::connect(("127.0.0.1", free)).unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::ConnectionRefused, "the user's next connection will want it");
}

#[tokio::test]
async fn ssh_obeys_its_configuration_and_its_refusals_are_told() {
    if !able() {
        return;
    }
    let hosts = Hosts::new(1);
    let sshd = hosts.sshd(0);
    let folder = tempfile::tempdir().unwrap();
    let around = around(folder.path(), ssh(&sshd));
    let endpoint = sshd.url();
    let place = endpoint.trim_start_matches("ssh://root@").to_owned();
    let (address, port) = place.split_once(':').unwrap();
    let missing = format!("{endpoint}/nowhere/docker.sock");

    let error = refused(&missing, None, &around).await;
    assert!(
        matches!(&error.fault, EngineFault::NoRemoteSocket { socket, .. } if socket == "/nowhere/docker.sock"),
        "{error:?}"
    );
    sshd.know("stranger");
    let error = refused(&missing, None, &around).await;
    assert!(matches!(error.fault, EngineFault::OtherHostKey { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains(&format!("`ssh-keygen -R '[{address}]:{port}'`")));
    sshd.know_nobody();
    let error = refused(&missing, None, &around).await;
    assert!(error.hint().unwrap().starts_with(&format!("run `ssh -p {port} root@{address} true` once")));
    sshd.know("host_key");
    sshd.show("stranger");
    let error = refused(&missing, None, &around).await;
    assert!(matches!(&error.fault, EngineFault::Ssh { words, .. } if words.contains("Permission denied")), "{error:?}");

    let port = free_port();
    let error = refused(&format!("ssh://127.0.0.1:{port}"), None, &around).await;
    assert!(error.to_string().ends_with(&format!("port {port}: Connection refused")), "{error}");
    let error = refused("ssh://no-such-host.invalid", None, &around).await;
    assert!(error.to_string().contains("Could not resolve hostname"), "{error}");
    let without = Surroundings { ssh: vec!["no-such-ssh".to_owned()], ..around.clone() };
    let error = refused(&endpoint, None, &without).await;
    assert!(matches!(error.fault, EngineFault::NoSsh { .. }), "{error:?}");
    assert_eq!(folders(folder.path()), 0, "nothing is left");
}
