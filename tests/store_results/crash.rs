//! kill -9 in the middle of appends: what was confirmed is there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use iperftester::store::{Kept, Results};

use crate::sample::{bulky, head};

const DATABASE: &str = "STORE_CRASH_DATABASE";

/// The process that is killed: appends for ever and tells each run that was confirmed. Does nothing where the test below has
/// not started it.
#[tokio::test]
async fn appends_until_killed() {
    let Ok(path) = std::env::var(DATABASE).map(PathBuf::from) else { return };
    let (results, _) = Results::open(&path, vec![path.with_file_name("rescue")]).await.unwrap();
    let recording = results.begin(head(0)).await.unwrap();
    for id in 1.. {
        assert!(matches!(recording.append(bulky(id, 20_000)).await.unwrap(), Kept::Stored));
        println!("\nkept {id}");
        std::io::stdout().flush().unwrap();
    }
}

/// Kills the process after `count` confirmed runs; gives the last number that it confirmed.
fn kill_after(path: &Path, count: usize) -> u32 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::appends_until_killed", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut kept = lines.filter_map(|line| line.strip_prefix("kept ").map(|id| id.parse().unwrap()));
    let mut last = kept.nth(count - 1).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said before the signal reached it.
    if let Some(id) = kept.last() {
        last = id;
    }
    last
}

#[tokio::test]
async fn what_was_confirmed_survives_a_kill() {
    for count in [1, 5, 23] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.db");
        let last = kill_after(&path, count);
        let (results, notices) = Results::open(&path, vec![]).await.unwrap();
        assert_eq!(notices, vec![]);
        let list = results.list().await.unwrap();
        assert_eq!(list[0].header.ended, None, "it was cut off");
        let whole = results.load(&list[0].header.id).await.unwrap();
        let stored = u32::try_from(whole.runs.len()).unwrap();
        // The one that was being written may have made it or not, but never by half.
        assert!(stored == last || stored == last + 1, "{last} confirmed, {stored} stored");
        assert_eq!(whole.runs, (1..=stored).map(|id| bulky(id, 20_000)).collect::<Vec<_>>());
        let check = Command::new("sqlite3").arg(&path).arg("PRAGMA integrity_check").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&check.stdout), "ok\n");
    }
}
