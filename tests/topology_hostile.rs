//! Files that nobody should have to read, through the real binary: refused with code and place, in bounded memory and time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const TWO: &str = "name: two\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n";

/// A file, its bytes, and the code, line and column of the one diagnostic.
type Case = (&'static str, Vec<u8>, (&'static str, u64, u64));

/// A folder of real files for the real binary.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("iperftester-files").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// `validate` in no more memory than 1 GiB; killed after a while by `timeout`, which exits with 124.
    fn validate(&self, name: &str, more: &[&str]) -> Output {
        let script = "ulimit -v 1048576; exec timeout 60 \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_iperftester"), "-t", name, "validate"]).args(more);
        command.current_dir(self.0.path()).env_remove("IPERFTESTER_TOPOLOGY").stdin(Stdio::null()).output().unwrap()
    }

    /// The one diagnostic of a file: code, line and column.
    fn refused(&self, name: &str) -> (String, u64, u64) {
        let started = Instant::now();
        let output = self.validate(name, &["--output", "json"]);
        assert!(started.elapsed() < Duration::from_secs(40), "{name} took {:?}", started.elapsed());
        assert_eq!(output.status.code(), Some(2), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = said["diagnostics"].as_array().unwrap();
        assert_eq!(all.len(), 1, "{name}: {said:.2000}");
        let number = |key: &str| all[0]["place"][key].as_u64().unwrap_or_default();
        assert!(all[0]["fix"].is_string(), "{said}");
        (all[0]["code"].as_str().unwrap().to_owned(), number("line"), number("column"))
    }
}

#[test]
fn hostile_bytes_are_refused_with_their_place() {
    let folder = Folder::new();
    let utf16: Vec<u8> = TWO.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_big: Vec<u8> = TWO.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let noise: Vec<u8> = (0x80..=255_u8).cycle().take(100_000).collect();
    let bomb = |levels: usize| {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..levels {
            text += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
        }
        text
    };
    let long_text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 200_000].join(", "));
    let anchors = format!(
        "a: {} {}\n",
        (0..60).map(|n| format!("&n{n} [")).collect::<String>(),
        "x, ".repeat(200_000) + &"]".repeat(60)
    );
    let cases: Vec<Case> = vec![
        ("utf-16-mark.yaml", [b"\xff\xfe".as_slice(), &utf16].concat(), ("utf-16", 0, 0)),
        ("utf-16-big-mark.yaml", [b"\xfe\xff".as_slice(), &utf16_big].concat(), ("utf-16", 0, 0)),
        ("utf-16.yaml", utf16, ("utf-16", 0, 0)),
        ("utf-16-big.yaml", utf16_big, ("utf-16", 0, 0)),
        ("noise.yaml", noise, ("not-utf-8", 1, 1)),
        (
            "late-noise.yaml",
            format!("{TWO}# \u{e9}").into_bytes().into_iter().chain([0xe9]).collect(),
            ("not-utf-8", 4, 4),
        ),
        (
            "nul.yaml",
            TWO.replace("host: h }\n", "host: \0 }\n").replace("two", "t\0o").into_bytes(),
            ("yaml-syntax", 1, 8),
        ),
        ("bomb.yaml", bomb(12).into_bytes(), ("alias-bomb", 6, 20)),
        ("long-bomb.yaml", long_text.into_bytes(), ("alias-bomb", 2, 65)),
        ("deep.yaml", format!("a: {}", "[".repeat(1_000_000)).into_bytes(), ("too-deep", 1, 68)),
        (
            "deep-blocks.yaml",
            (0..2000).fold(String::new(), |t, n| t + &" ".repeat(n) + "a:\n").into_bytes(),
            ("too-deep", 65, 65),
        ),
        ("anchors.yaml", anchors.into_bytes(), ("alias-bomb", 1, 347)),
        ("many.yaml", format!("a: [{}]", "x,".repeat(1_500_000)).into_bytes(), ("too-large", 1, 1_999_995)),
        ("fifty.yaml", vec![b'#'; 50 << 20], ("too-large", 0, 0)),
    ];
    let mut wrong = String::new();
    for (name, bytes, (code, line, column)) in cases {
        folder.write(name, bytes);
        let found = folder.refused(name);
        if found != (code.to_owned(), line, column) {
            wrong += &format!("{name}: {found:?}, not {:?}\n", (code, line, column));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn an_include_of_what_is_no_file_of_the_topology_is_refused_at_once() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("inner/deep")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path("inner/fifo")).status().unwrap().success());
    symlink("loop-b", folder.path("inner/loop-a")).unwrap();
    symlink("loop-a", folder.path("inner/loop-b")).unwrap();
    symlink("/dev/zero", folder.path("inner/zero")).unwrap();
    symlink("../outside.yaml", folder.path("inner/way-out")).unwrap();
    symlink(".", folder.path("inner/again")).unwrap();
    folder.write("outside.yaml", "sites: {}\n");
    folder.write("inner/huge.yaml", vec![b'#'; 50 << 20]);
    for (include, code, said) in [
        ("/dev/zero", "bad-include", "no regular file"),
        ("zero", "bad-include", "no regular file"),
        ("fifo", "bad-include", "no regular file"),
        ("loop-a", "bad-include", "symbolic links lead in a circle"),
        ("deep", "bad-include", "a directory"),
        ("none.yaml", "bad-include", "no such file"),
        ("../outside.yaml", "bad-include", "outside the folder"),
        ("way-out", "bad-include", "outside the folder"),
        ("/etc/hostname", "bad-include", "outside the folder"),
        ("again/again/t.yaml", "include-cycle", "include each other"),
        ("huge.yaml", "too-large", "larger than 8 MiB"),
    ] {
        folder.write("inner/t.yaml", format!("{TWO}include: [{include}]\n"));
        let found = folder.refused("inner/t.yaml");
        assert_eq!(found, (code.to_owned(), 4, 11), "{include}");
        let output = folder.validate("inner/t.yaml", &[]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(said) && told.contains("t.yaml:4:11") && told.contains("help: "), "{include}: {told}");
    }
}

#[test]
fn a_topology_file_that_is_none_is_told_with_what_to_try() {
    let folder = Folder::new();
    assert!(Command::new("mkfifo").arg(folder.path("fifo")).status().unwrap().success());
    symlink("loop", folder.path("loop")).unwrap();
    for (name, code, said) in [
        (".", 2, "hint: name a file in it, such as `-t ./topology.yaml`"),
        ("loop", 2, "hint: its symbolic links lead in a circle"),
        ("none.yaml", 2, "hint: name it by `-t FILE`"),
        ("fifo", 2, "the file says nothing"),
        ("/dev/zero", 2, "larger than 8 MiB"),
    ] {
        let output = folder.validate(name, &[]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {told}");
        assert!(told.contains(said), "{name}: {told}");
    }
    // A pipe with a writer is a file like others.
    folder.write("two.yaml", TWO);
    let script = format!("cat two.yaml | '{}' -t /dev/stdin validate", env!("CARGO_BIN_EXE_iperftester"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.0.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Each unknown name against each known one would be a hundred million comparisons.
#[test]
fn of_many_unknown_names_only_the_first_are_looked_for_among_many_known_ones() {
    const KNOWN: usize = 4000;
    const UNKNOWN: usize = 20_000;
    let folder = Folder::new();
    // As long as names may be, and all within a slip of the finger of each other in length.
    let name = |letter: char, n: usize| format!("{letter}{n:06}-{}", "fog".repeat(10));
    let list = |of: &dyn Fn(usize) -> String, count| (0..count).map(of).collect::<Vec<_>>().join(", ");
    let probes = |tags: &dyn Fn(usize) -> String| {
        let probe = |n| format!("  {}: {{ host: h{} }}\n", name('p', n), tags(n));
        format!("name: t\nhosts: {{ h: {{ local: {{}} }} }}\nprobes:\n{}", (0..KNOWN).map(probe).collect::<String>())
    };
    let unknown = list(&|n| name('q', n), UNKNOWN);
    let by_name = format!("{}groups: {{ g: {{ mesh: [{unknown}] }} }}\n", probes(&|_| String::new()));
    let tag = |n| format!(", tags: [{}]", name('t', n));
    let by_tag = format!("{}groups: {{ g: {{ mesh: {{ tags: [{unknown}] }} }} }}\n", probes(&tag));
    let zones =
        list(&|n| format!("c{n}: {{ schedule: {{ cron: \"0 3 * * *\", time-zone: Europe/Lisbno{n} }} }}"), 5_000);
    let by_zone = format!("{TWO}campaigns: {{ {zones} }}\n");
    for (file, text, code, (told, known)) in [
        ("names.yaml", by_name, "unknown-probe", (UNKNOWN, KNOWN)),
        ("tags.yaml", by_tag, "unknown-tag", (UNKNOWN, KNOWN)),
        // There are more than five hundred.
        ("zones.yaml", by_zone, "unknown-time-zone", (5_000, 500)),
    ] {
        folder.write(file, &text);
        let output = folder.validate(file, &["--output", "json"]);
        assert_eq!(output.status.code(), Some(2), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let all: Vec<_> = said["diagnostics"].as_array().unwrap().iter().filter(|d| d["code"] == code).collect();
        assert_eq!(all.len(), told, "{file}: each is told");
        let looked_for = |d: &&serde_json::Value| match code {
            "unknown-time-zone" => d["fix"].as_str().unwrap().contains("Europe/Lisbon"),
            _ => d["known"].as_array().is_some_and(|known| !known.is_empty()),
        };
        let searched = all.iter().copied().filter(looked_for).count();
        assert!((1..=50_000 / known).contains(&searched), "{file}: {searched} were looked for");
    }
}
