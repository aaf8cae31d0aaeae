//! Every command that README and the guide show is run, page by page and in order, in a folder with the files that the page
//! shows, through the real binary. Only names of topologies are made unique, so that nothing of the user's is touched.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

mod engines;
mod world;
use engines::Documented;
use world::World;

/// A piece of a page: a topology shown, or a command.
#[derive(Debug, PartialEq)]
enum Piece {
    /// The file that it is to be saved as, and its text; without a name it goes on where the one before it ended.
    Topology(Option<String>, String),
    Command(String),
    /// A server that the reader is to leave running on this machine, and its port.
    Server(String, u16),
}

/// A server that a page asked for; it ends with the page.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // One that served its only client has gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lab in which a chapter's commands are run: every run of its only campaign is one of iperf3.
const LAB: &str = "\
name: office
hosts: { here: { local: {} } }
probes: { alpha: { host: here }, beta: { host: here } }
tests: { tcp: { iperf3: { duration: 1s, direction: both } } }
campaigns: { check: { group: all, run: tcp, repeat: 2 } }
";

/// Other commands that a reader is to type: what they make, our own find.
const OTHERS: [&str; 2] = ["openssl ", "docker context create "];

/// Is it a command of ours, or one of [`OTHERS`]?
fn is_ours(line: &str) -> bool {
    if OTHERS.iter().any(|other| line.starts_with(other)) {
        return true;
    }
    let mut words = line.split(' ').skip_while(|word| word.contains('=') || *word == "sudo");
    let line = &words.by_ref().collect::<Vec<_>>().join(" ");
    line.starts_with("iperftester ")
        || ["| ", "| sudo ", "; "].iter().any(|lead| line.contains(&format!("{lead}iperftester ")))
}

/// A line that leaves iperf or iperf3 listening: what it starts, and the port behind `-p`.
fn server(line: &str) -> Option<(String, u16)> {
    let command = line
        .strip_prefix("    iperf3 -s ")
        .or_else(|| line.strip_prefix("    iperf -s "))
        .and(line.strip_suffix(" &"))?;
    let port = command.split_once(" -p ")?.1.split(' ').next()?.parse().ok()?;
    Some((command.trim().to_owned(), port))
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut saved_as = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some((_, rest)) = line.split_once("`").filter(|_| line.contains(".yaml`")) {
            saved_as = rest.split('`').find(|word| word.ends_with(".yaml") && !word.contains('/')).map(str::to_owned);
        }
        if line == "```yaml" {
            let text: String = lines.by_ref().take_while(|l| *l != "```").map(|l| format!("{l}\n")).collect();
            let whole = text.lines().any(|l| l.starts_with("name:"));
            let file = whole.then(|| saved_as.take().unwrap_or_else(|| "topology.yaml".to_owned()));
            pieces.push(Piece::Topology(file, text));
        } else if let Some((command, port)) = server(line) {
            pieces.push(Piece::Server(command, port));
        } else if let Some(command) = line.strip_prefix("    ").filter(|l| is_ours(l)) {
            let command = command.split(" # ").next().unwrap().trim().replace("sudo ", "");
            pieces.push(Piece::Command(command));
        }
    }
    pieces
}

/// The guide and README; README.es.md has the same commands, which tests/docs.rs holds true.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root.join("docs/guide")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// Replaces the name of every topology in the folder that has not been made unique yet.
fn make_unique(world: &World) {
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let named = |line: &str| match line.strip_prefix("name: ") {
                Some(name) if !name.starts_with(&world.name) => format!("name: {}-{name}", world.name),
                _ => line.to_owned(),
            };
            let lines: Vec<String> = text.lines().map(named).collect();
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        }
    }
}

/// An example's campaign run, such as `check@20261124T104406.123Z`, becomes one that there is.
fn with_real_ids(command: &str, ids: &[String]) -> String {
    let mut ids = ids.iter();
    let word = |word: &str| match word.split_once('@') {
        Some((_, stamp)) if stamp.len() > 15 && stamp.ends_with('Z') => ids.next().cloned().unwrap_or_default(),
        _ => word.to_owned(),
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Does it need the engine of a Docker host?
fn needs_engine(world: &World, command: &str) -> bool {
    let file = command.split(" -t ").nth(1).and_then(|rest| rest.split(' ').next());
    let text = file.and_then(|file| std::fs::read_to_string(world.folder.path().join(file)).ok());
    command.starts_with("docker ") || text.is_some_and(|text| text.contains("docker: {"))
}

fn run(world: &World, command: &str, page: &Path, documented: Option<&Documented>) {
    let listed: serde_json::Value = serde_json::from_str(&world.expect(0, &["list", "--output", "json"])).unwrap();
    let ids: Vec<String> =
        listed.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let mut command = with_real_ids(command, &ids);
    // The reader's seconds a test are one here.
    command = command.replace("--duration 2s", "--duration 1s");
    // mtr waits that long for answers after its last packet, 5 s unless told.
    command = command.replace("mtr --json", "mtr --gracetime 1 --json");
    let given = ["--duration", "--dry-run", "--resume", "--help"].iter().any(|option| command.contains(option));
    if !given && command.split(' ').any(|word| word == "run") {
        let words = command.split(' ').map(|word| if word == "run" { "run --duration 1s" } else { word });
        command = words.collect::<Vec<_>>().join(" ");
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_iperftester")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.env("PATH", path);
    if let Some(documented) = documented {
        command = documented.real(&command);
        documented.lend(&mut shell, world.folder.path());
    }
    let output = shell
        .args(["-c", &format!("set -o pipefail; {command}")])
        .current_dir(world.folder.path())
        .env("IPERFTESTER_DATA_DIR", world.data())
        .env("TMPDIR", world.folder.path())
        .env_remove("IPERFTESTER_TOPOLOGY")
        .output()
        .unwrap();
    // A run whose expectations are missed on purpose ends with 1; with 4 on a machine too busy to measure well.
    let code = output.status.code();
    let fine = code == Some(0) || (command.contains(" run") && matches!(code, Some(1 | 4)));
    assert!(
        fine,
        "{}: {command}: {:?}\n{}{}",
        page.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Starts it, and waits until it listens, without a connection that it would take for its client.
fn start(world: &World, command: &str, port: u16) -> Server {
    let server = Command::new("bash")
        .args(["-c", &format!("exec {command}")])
        .current_dir(world.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .map(Server)
        .unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    let listens = || {
        let found = Command::new("ss").args(["-Htln", &format!("sport = :{port}")]).output().unwrap();
        !found.stdout.is_empty()
    };
    while !listens() {
        assert!(Instant::now() < until, "{command} does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// Is it a command about probes or results that names no topology of its own?
fn wants_lab(piece: &Piece) -> bool {
    let Piece::Command(command) = piece else { return false };
    let of_file = ["validate", "campaigns", "doctor", "schema", "parse", "completions", "man", "init", "-t ", "--help"];
    let is_about_lab = |words: &str| !of_file.iter().any(|verb| words.starts_with(verb) || words.contains(" -t "));
    command.split("iperftester ").skip(1).any(is_about_lab)
}

/// A page with commands, and what it shows.
struct Page {
    path: PathBuf,
    pieces: Vec<Piece>,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let pieces = pieces(&std::fs::read_to_string(&path).unwrap());
        Self { path, pieces }
    }

    fn commands(&self) -> usize {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Command(_))).count()
    }

    /// Is it read with a lab that is there and has been measured?
    fn wants_lab(&self) -> bool {
        let begins = self.pieces.contains(&Piece::Command("iperftester init".to_owned()));
        !begins && self.pieces.iter().any(wants_lab)
    }

    /// Does what it shows, in order; without Docker hosts, what needs none.
    fn follow(&self, world: &World, documented: Option<&Documented>) {
        let real = |text: &str| documented.map_or_else(|| text.to_owned(), |documented| documented.real(text));
        let mut file = "topology.yaml".to_owned();
        let mut servers = vec![];
        for piece in &self.pieces {
            match piece {
                Piece::Command(command) if documented.is_none() && needs_engine(world, command) => {}
                Piece::Command(command) => run(world, command, &self.path, documented),
                Piece::Server(command, port) => servers.push(start(world, command, *port)),
                Piece::Topology(Some(name), text) => {
                    std::fs::write(world.folder.path().join(name), real(text)).unwrap();
                    file.clone_from(name);
                }
                Piece::Topology(None, text) => {
                    let path = world.folder.path().join(&file);
                    let whole = std::fs::read_to_string(&path).unwrap_or_default() + &real(text);
                    std::fs::write(&path, whole).unwrap();
                }
            }
            make_unique(world);
        }
    }
}

/// A lab that was deployed, measured twice, and once stopped half-way. It is measured once for all chapters; each finds it,
/// its folder and its results as if it were the first to use it.
struct Measured {
    world: World,
    kept: tempfile::TempDir,
}

impl Measured {
    fn new() -> Self {
        let lab = Self { world: World::new(LAB), kept: tempfile::tempdir().unwrap() };
        make_unique(&lab.world);
        for command in ["deploy", "run", "run", "run & sleep 1.5; kill -INT $!; wait $! || [ $? -eq 130 ]"] {
            run(&lab.world, &format!("iperftester {command}"), Path::new("the lab of the chapters"), None);
        }
        copy(lab.world.folder.path(), lab.kept.path());
        lab
    }

    fn restore(&self) {
        let folder = self.world.folder.path();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
        copy(self.kept.path(), folder);
        self.world.expect(0, &["deploy"]);
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let here = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&here).unwrap();
            copy(&entry.path(), &here);
        } else {
            std::fs::copy(entry.path(), here).unwrap();
        }
    }
}

#[test]
fn every_command_in_the_docs_does_what_it_says() {
    let pages = pages().into_iter().map(Page::read).filter(|page| page.commands() > 0);
    let (chapters, others): (Vec<Page>, Vec<Page>) = pages.partition(Page::wants_lab);
    let seen: usize = chapters.iter().chain(&others).map(Page::commands).sum();
    let why = engines::missing();
    why.iter().for_each(|why| world::skipped(why));
    let documented = why.is_none().then(Documented::start);
    let lab = Measured::new();
    for page in &chapters {
        lab.restore();
        page.follow(&lab.world, documented.as_ref());
    }
    // Only one world measures at a time.
    drop(lab);
    for page in &others {
        let world = World::new("name: NAME\n");
        std::fs::remove_file(world.topology()).unwrap();
        page.follow(&world, documented.as_ref());
    }
    assert!(seen >= 60, "only {seen} commands were found");
}

#[test]
fn pages_are_read_as_people_read_them() {
    let page = "Save it as `office.yaml`:\n\n```yaml\nname: office\n```\n\n    sudo iperftester -t office.yaml run # goes\n\
                ```yaml\nlinks: {}\n```\n    make demo\n    iperf3 -s -p 5301 &\n    cat x | iperftester parse ping -\n";
    let of = |text: &str| Piece::Command(text.to_owned());
    assert_eq!(
        pieces(page),
        [
            Piece::Topology(Some("office.yaml".into()), "name: office\n".into()),
            of("iperftester -t office.yaml run"),
            Piece::Topology(None, "links: {}\n".into()),
            Piece::Server("iperf3 -s -p 5301".into(), 5301),
            of("cat x | iperftester parse ping -"),
        ]
    );
}
