//! What goes on, moves to another store, and goes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use iperftester::domain::counters::EndCounters;
use iperftester::domain::run::{AdHoc, CampaignRun, Run, RunStatus};
use iperftester::store::{
    self, ExportError, Kept, Notice, Recording, Results, Spender, SqliteStore, Store, StoreError,
};

use crate::contract::interrupted;
use crate::sample::{head, moment, name, run};

async fn append(recording: &Recording<'_>, ids: [u32; 2]) {
    for id in ids {
        assert!(matches!(recording.append(run(id)).await.unwrap(), Kept::Stored));
    }
}

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("results.db")).await.unwrap()
}

async fn sample() -> CampaignRun {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = interrupted(&store).await;
    store.load(&id).await.unwrap()
}

#[tokio::test]
async fn what_is_resumed_has_no_end_and_all_else_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut asked = head(0);
    asked.header.ad_hoc = Some(AdHoc { source: name("a"), destination: name("b"), test: name("tcp") });
    store.begin(&asked).await.unwrap();
    let id = asked.header.id.clone();
    store.write(&id, &store::Entry::End { at: moment(9000), interrupted: true }).await.unwrap();
    assert_eq!(store.resume(&id).await.unwrap(), asked);
    let whole = store.load(&id).await.unwrap();
    assert_eq!(whole.header, asked.header);
    assert!(matches!(store.resume("check@never").await, Err(StoreError::Unknown { .. })));
}

#[tokio::test]
async fn an_import_is_exact_and_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let whole = sample().await;
    let id = &whole.header.id;
    let twice = CampaignRun { runs: vec![run(1), run(2), run(1)], ..whole.clone() };
    assert!(matches!(store.import(&twice).await, Err(StoreError::RunExists { run: 1, .. })));
    assert_eq!(store.list().await.unwrap(), vec![], "nothing is half there");
    let bytes = store::export(&whole).unwrap();
    store.import(&store::import(&bytes).unwrap()).await.unwrap();
    assert_eq!(store.load(id).await.unwrap(), whole);
    assert_eq!(store::export(&store.load(id).await.unwrap()).unwrap(), bytes, "byte for byte");
    assert!(matches!(store.import(&whole).await, Err(StoreError::Exists { .. })));
}

#[tokio::test]
async fn a_damaged_file_is_never_taken_for_a_whole_one() {
    let bytes = store::export(&sample().await).unwrap();
    for end in (0..bytes.len() - 1).step_by(101) {
        let fault = store::import(&bytes[..end]).unwrap_err();
        let expected = if end == 0 { matches!(fault, ExportError::Foreign) } else { true };
        assert!(expected && (end < 40 || matches!(fault, ExportError::CutOff { .. })), "{end}: {fault}");
    }
    for at in (0..bytes.len() - 1).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x01;
        assert!(store::import(&changed).is_err(), "byte {at}");
    }
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replacen("\"format_version\":1", "\"format_version\":7,\"more\":[]", 1);
    assert!(matches!(store::import(newer.as_bytes()), Err(ExportError::Newer { found: 7 })));
    for foreign in ["{}", "[1, 2]", "null", "<html>", r#"{"schema_version":1,"id":"check@x"}"#] {
        assert!(matches!(store::import(foreign.as_bytes()), Err(ExportError::Foreign)), "{foreign}");
    }
}

#[tokio::test]
async fn what_is_removed_goes_with_all_that_belongs_to_it_and_gives_its_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = interrupted(&store).await;
    let other = head(60_000);
    store.begin(&other).await.unwrap();
    let mut big = run(1);
    big.raw = "x".repeat(3_000_000);
    store.write(&other.header.id, &store::Entry::Run(Box::new(big))).await.unwrap();
    let sizes = store.sizes().await.unwrap();
    assert!((3_000_000..3_100_000).contains(&sizes[&other.header.id]), "{sizes:?}");
    assert!((1_000..1_000_000).contains(&sizes[&id]), "{sizes:?}");
    let on_disk = || -> u64 {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap());
        files.filter(|file| !file.path().ends_with("results.db-shm")).map(|file| file.metadata().unwrap().len()).sum()
    };
    let before = on_disk();
    store.remove(&BTreeSet::from([other.header.id.clone(), "check@never".to_owned()])).await.unwrap();
    store.compact().await.unwrap();
    let after = on_disk();
    assert!(before > 3_000_000 && after < 1_000_000, "{before} {after}");
    assert_eq!(store.load(&id).await.unwrap(), sample().await, "the other one is untouched");
    let orphans = "select (select count(*) from facts where campaign_run not in (select number from campaign_runs)) +
      (select count(*) from intervals where campaign_run not in (select number from campaign_runs)) +
      (select count(*) from raw_outputs where campaign_run not in (select number from campaign_runs)) +
      (select count(*) from runs where campaign_run not in (select number from campaign_runs))";
    let said = Command::new("sqlite3").arg(folder.path().join("results.db")).arg(orphans).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "0");
}

#[tokio::test]
async fn what_was_spent_is_that_of_started_runs_of_this_campaign_on_this_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = head(0);
    store.begin(&first).await.unwrap();
    let skipped = Run { status: RunStatus::Skipped, ..run(2) };
    let of = |id, offset| Run { started: moment(offset), ..run(id) };
    let counted = |samples| Some(EndCounters { samples, ..EndCounters::default() });
    let first_run = Run { source_counters: counted(3), destination_counters: counted(4), ..of(1, 0) };
    for each in [first_run, skipped, of(3, 5000), of(4, 10_000)] {
        store.write(&first.header.id, &store::Entry::Run(Box::new(each))).await.unwrap();
    }
    let (topology, campaign, other) = (name("office"), name("check"), name("other"));
    let spender = Spender { topology: &topology, campaign: &campaign, from: moment(0), to: moment(10_000) };
    let spent = store.spent(&spender).await.unwrap();
    assert_eq!(spent.len(), 2, "from the first moment on, before the next day's");
    assert_eq!(spent[0].specification, run(1).specification);
    assert!(spent[0].measurement.is_some());
    assert_eq!((&spent[0].source_counters, &spent[0].destination_counters), (&counted(3), &counted(4)));
    assert_eq!(store.spent(&Spender { campaign: &other, ..spender }).await.unwrap(), vec![]);
    assert_eq!(store.spent(&Spender { topology: &other, ..spender }).await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_recording_goes_on_under_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let (results, _) = Results::open(&path, vec![]).await.unwrap();
    let recording = results.begin(head(0)).await.unwrap();
    append(&recording, [1, 2]).await;
    let id = recording.id().to_owned();
    recording.finish(moment(1), true).await.unwrap();
    let again = results.resume(&id).await.unwrap();
    assert_eq!(again.id(), id);
    assert!(matches!(again.append(run(2)).await, Err(StoreError::RunExists { run: 2, .. })));
    append(&again, [3, 4]).await;
    again.finish(moment(2), false).await.unwrap();
    let whole = results.load(&id).await.unwrap();
    assert_eq!(whole.runs, [1, 2, 3, 4].map(run));
    assert_eq!((whole.header.ended, whole.header.interrupted), (Some(moment(2)), false));
}

/// A disk that takes nothing any more.
struct ReadOnly(tempfile::TempDir);

impl ReadOnly {
    fn mounted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(folder.path()).status().unwrap();
        assert!(done.success());
        Self(folder)
    }

    fn close(&self) {
        // A connection closes some time after it was dropped.
        for _ in 0..500 {
            let done = Command::new("mount").args(["-o", "remount,ro"]).arg(self.0.path()).output().unwrap();
            if done.status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the disk is in use");
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn results_on_a_disk_that_takes_nothing_are_read_and_rescue_files_told() {
    let disk = ReadOnly::mounted();
    let folder = disk.0.path();
    let id = interrupted(&open(folder).await).await;
    std::fs::write(folder.join("rescue-check@x.jsonl"), "").unwrap();
    disk.close();
    let path = folder.join("results.db");
    let (results, notices) = Results::open_to_read(&path, vec![folder.to_owned()]).await.unwrap();
    assert_eq!(results.load(&id).await.unwrap(), sample().await);
    assert!(matches!(notices.as_slice(), [Notice::Waiting { .. }]), "{notices:?}");
    assert!(results.begin(head(60_000)).await.is_err());
    let none = Results::open_to_read(&folder.join("elsewhere/results.db"), vec![]).await.unwrap_err();
    assert!(none.to_string().starts_with("cannot make the folder"), "{none}");
}

#[tokio::test]
async fn an_older_form_that_may_only_be_read_is_told_with_what_mends_it() {
    let disk = ReadOnly::mounted();
    let path = disk.0.path().join("results.db");
    drop(open(disk.0.path()).await);
    let back = "ALTER TABLE campaign_runs DROP COLUMN ad_hoc_json; PRAGMA user_version = 2;";
    assert!(Command::new("sqlite3").arg(&path).arg(back).status().unwrap().success());
    disk.close();
    let fault = Results::open_to_read(&path, vec![]).await.unwrap_err();
    assert!(matches!(fault, StoreError::Older { .. }), "{fault}");
    assert!(fault.hint().unwrap().contains("iperftester list"), "{fault}");
}
