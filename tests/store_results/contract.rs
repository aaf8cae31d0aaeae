//! What every store promises, and what the SQLite one adds.

use std::path::Path;
use std::process::Command;

use iperftester::domain::facts::ProbeFacts;
use iperftester::domain::run::{Run, RunStatus};
use iperftester::domain::verdict::Verdict;
use iperftester::store::{Entry, SqliteStore, Store, StoreError};

use crate::sample::{facts, head, moment, name, run, topology};

fn entry(run: Run) -> Entry {
    Entry::Run(Box::new(run))
}

/// A store that holds one campaign run of three runs, interrupted.
pub(crate) async fn interrupted(store: &impl Store) -> String {
    let first = head(0);
    let id = first.header.id.clone();
    store.begin(&first).await.unwrap();
    let probe = name("alpha");
    store.write(&id, &Entry::Facts { probe, facts: Box::new(facts()) }).await.unwrap();
    for number in [1, 2, 3] {
        store.write(&id, &entry(run(number))).await.unwrap();
    }
    store.write(&id, &Entry::End { at: moment(9000), interrupted: true }).await.unwrap();
    id
}

/// The suite for every kind of store, given an empty one.
async fn keeps_its_promises(store: impl Store) {
    assert_eq!(store.list().await.unwrap(), vec![]);
    assert!(matches!(store.load("check@never").await, Err(StoreError::Unknown { id }) if id == "check@never"));
    assert!(matches!(store.write("check@never", &entry(run(1))).await, Err(StoreError::Unknown { .. })));

    let first = head(0);
    let id = first.header.id.clone();
    store.begin(&first).await.unwrap();
    assert!(matches!(store.begin(&first).await, Err(StoreError::Exists { id: e }) if e == id));
    let empty = store.load(&id).await.unwrap();
    assert_eq!((empty.header, empty.topology, empty.runs.len()), (first.header.clone(), topology(), 0));
    assert_eq!(empty.routers, first.routers);

    // Facts may be corrected, runs may not; runs come back in order of their number.
    let probe = name("alpha");
    for told in [ProbeFacts::default(), facts()] {
        store.write(&id, &Entry::Facts { probe: probe.clone(), facts: Box::new(told) }).await.unwrap();
    }
    let skipped = Run {
        status: RunStatus::Skipped,
        measurement: None,
        server_command: None,
        server_raw: None,
        source_counters: None,
        error: Some("no route".to_owned()),
        assessment: iperftester::domain::verdict::Assessment { verdict: Verdict::None, ..run(1).assessment },
        ..run(1)
    };
    for each in [run(2), skipped.clone(), run(3)] {
        store.write(&id, &entry(each)).await.unwrap();
    }
    let twice = store.write(&id, &entry(run(2))).await;
    assert!(matches!(twice, Err(StoreError::RunExists { run: 2, .. })), "{twice:?}");
    store.write(&id, &Entry::End { at: moment(9000), interrupted: true }).await.unwrap();

    let whole = store.load(&id).await.unwrap();
    assert_eq!(whole.header.ended, Some(moment(9000)));
    assert!(whole.header.interrupted);
    assert_eq!(whole.facts.get(&probe), Some(&facts()));
    assert_eq!(whole.runs, vec![skipped, run(2), run(3)]);

    // An older campaign run that comes later does not become the newest.
    let older = head(-5000);
    store.begin(&older).await.unwrap();
    let list = store.list().await.unwrap();
    assert_eq!(list.iter().map(|s| s.header.id.as_str()).collect::<Vec<_>>(), [&id, &older.header.id]);
    let (runs, verdicts) = (list[0].runs, list[0].verdicts);
    assert_eq!((runs.ok, runs.failed, runs.skipped, runs.invalid), (0, 0, 1, 2));
    assert_eq!((verdicts.pass, verdicts.warn, verdicts.fail, verdicts.invalid, verdicts.none), (0, 0, 0, 2, 1));
    assert_eq!((list[1].runs, list[1].verdicts), (Default::default(), Default::default()));

    // Taking in: what is there stays, what is new comes, a second time changes nothing.
    let altered = Run { repetition: 9, ..run(2) };
    let entries = [entry(altered), entry(run(7)), Entry::End { at: moment(9999), interrupted: false }];
    assert_eq!(store.take_in(&first, &entries).await.unwrap(), 1);
    assert_eq!(store.take_in(&first, &entries).await.unwrap(), 0);
    let whole = store.load(&id).await.unwrap();
    assert_eq!(whole.runs.iter().map(|r| (r.id, r.repetition)).collect::<Vec<_>>(), [(1, 1), (2, 1), (3, 1), (7, 1)]);
    assert_eq!((whole.header.ended, whole.header.interrupted), (Some(moment(9999)), false));
    let unknown = head(60_000);
    assert_eq!(store.take_in(&unknown, &[entry(run(1))]).await.unwrap(), 1);
    assert_eq!(store.load(&unknown.header.id).await.unwrap().runs, vec![run(1)]);
}

#[tokio::test]
async fn sqlite_keeps_the_promises_of_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on the way/results.db");
    keeps_its_promises(SqliteStore::open(&path).await.unwrap()).await;
    // All of it is there for the next process.
    let again = SqliteStore::open(&path).await.unwrap();
    assert_eq!(again.list().await.unwrap().len(), 3);
}

fn sqlite3(path: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3").args(["-cmd", ".timeout 5000"]).arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_database_is_plain_sqlite_that_others_can_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.begin(&head(0)).await.unwrap();
    store.write(&head(0).header.id, &entry(run(1))).await.unwrap();
    let pragmas = "PRAGMA journal_mode; PRAGMA user_version; PRAGMA integrity_check; PRAGMA foreign_key_check";
    assert_eq!(sqlite3(&path, pragmas), "wal\n3\nok\n");
    let sql = "SELECT source, tool, direction, verdict, (SELECT count(*) FROM intervals),
               json_extract(measurement_json, '$.throughput_bits_per_second') > 3e7 FROM runs";
    assert_eq!(sqlite3(&path, sql), "alpha|iperf3|bidirectional|invalid|24|1\n");
    let cascade = "PRAGMA foreign_keys = ON; DELETE FROM campaign_runs; SELECT count(*) FROM intervals;";
    assert_eq!(sqlite3(&path, cascade), "0\n");
}

#[tokio::test]
async fn a_database_of_the_first_form_is_brought_on_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    sqlite3(&path, concat!("PRAGMA user_version = 1;", include_str!("../../src/store/migrations/0001.sql")));
    let old = head(-60_000).header;
    let topology = serde_json::to_string(&topology()).unwrap().replace('\'', "''");
    let columns = "id, topology, campaign, started, planned_runs, version, interrupted, topology_json";
    let started = old.started.to_rfc3339();
    let values = format!("'{}', 'office', 'check', '{started}', 12, '0.1.0', 0, '{topology}'", old.id);
    sqlite3(&path, &format!("INSERT INTO campaign_runs ({columns}) VALUES ({values})"));
    let store = SqliteStore::open(&path).await.unwrap();
    let whole = store.load(&old.id).await.unwrap();
    assert_eq!((whole.header.started, whole.routers.len()), (old.started, 0));
    store.begin(&head(0)).await.unwrap();
    assert_eq!(store.load(&head(0).header.id).await.unwrap().routers, head(0).routers);
    assert_eq!(sqlite3(&path, "PRAGMA user_version"), "3\n");
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    drop(SqliteStore::open(&path).await.unwrap());
    sqlite3(&path, "PRAGMA user_version = 99");
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 3, .. }), "{error:?}");
    assert!(error.to_string().ends_with("was written by a newer iperftester (form 99, this one knows up to 3)"));
    assert!(error.hint().unwrap().contains("newer iperftester"));
    assert_eq!(sqlite3(&path, "PRAGMA user_version"), "99\n");
}

#[tokio::test]
async fn a_damaged_database_is_named_with_what_to_try() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, "no database at all, but long enough. ".repeat(400)).unwrap();
    let torn = folder.path().join("torn.db");
    drop(SqliteStore::open(&torn).await.unwrap());
    sqlite3(&torn, "PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(&torn).unwrap();
    bytes[100..].fill(0xa5);
    std::fs::write(&torn, bytes).unwrap();
    for path in [garbage, torn] {
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("{} is damaged or no database", path.display()));
        // What the hint says works, and leaves nothing behind that would spoil the new database.
        std::fs::write(path.with_extension("db-wal"), "an old log").unwrap();
        let hint = error.hint().unwrap();
        let commands: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
        assert!(Command::new("sh").args(["-c", commands[0]]).status().unwrap().success(), "{hint}");
        let moved = path.with_extension("damaged").join(path.file_name().unwrap());
        assert!(moved.exists() && !path.with_extension("db-wal").exists(), "{hint}");
        assert_eq!(commands[1], format!("sqlite3 {} .recover", moved.display()));
        SqliteStore::open(&path).await.unwrap();
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteStore::open(&file.join("results.db")).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot make the folder {}", file.display()));
    assert!(error.hint().unwrap().starts_with(&format!("see that no file stands in the way of {}", file.display())));
    let error = SqliteStore::open(&file.join("deeper/results.db")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("no file stands in the way"), "{:?}", error.hint());
    // A folder stands where the database should be.
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open the results in {}", folder.path().display()));
    assert!(error.hint().unwrap().ends_with("keep the results elsewhere: `IPERFTESTER_DATA_DIR=FOLDER iperftester …`"));
}

#[test]
fn many_can_open_a_new_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let gate = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for offset in 0..8 {
            let (path, gate) = (&path, &gate);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                gate.wait();
                runtime.block_on(async {
                    let store = SqliteStore::open(path).await.unwrap();
                    store.begin(&head(offset * 1000)).await.unwrap();
                    store.write(&head(offset * 1000).header.id, &entry(run(1))).await.unwrap();
                });
            });
        }
    });
    assert_eq!(sqlite3(&path, "SELECT count(*) FROM runs"), "8\n");
}
