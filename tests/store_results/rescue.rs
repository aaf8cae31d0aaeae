//! A full disk and a locked database lose no finished run and say what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use iperftester::domain::run::CampaignRun;
use iperftester::store::{CampaignRunSummary, Entry, Head, Kept, Notice, Results, Spender, Spent, Store, StoreError};

use crate::sample::{append_all, bulky, facts, head, moment, name, run};

/// A real file system of its own size, gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path());
        Self(folder)
    }

    fn grow(&self, size: &str) {
        mount(&["-o", &format!("remount,size={size}")], self.0.path());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the database's thread may still be closing its file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(arguments: &[&str], at: &Path) {
    let done = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(done.success(), "this test needs root to mount a tmpfs");
}

/// Another process that holds the database, until dropped.
struct Holder {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Holder {
    fn of(path: &Path) -> Self {
        let mut child = Command::new("sqlite3").arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"BEGIN EXCLUSIVE;\nSELECT 'held';\n").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self { child, stdin: Some(stdin) }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.stdin = None;
        self.child.wait().unwrap();
    }
}

fn rescue_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return vec![] };
    listing.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect()
}

#[tokio::test]
async fn a_full_disk_loses_no_finished_run() {
    let disk = SmallDisk::new("1m");
    let elsewhere = tempfile::tempdir().unwrap();
    let state = elsewhere.path().join("state");
    let path = disk.0.path().join("results.db");
    let folders = vec![disk.0.path().to_owned(), state.clone()];

    let (results, notices) = Results::open(&path, folders.clone()).await.unwrap();
    assert_eq!(notices, vec![]);
    let recording = results.begin(head(0)).await.unwrap();
    let id = recording.id().to_owned();
    assert!(matches!(recording.facts(name("alpha"), facts()).await.unwrap(), Kept::Stored));
    let rescued = append_all(&recording, 12, 150_000).await;
    assert!((1..12).contains(&rescued), "the disk was to fill up on the way: {rescued} rescued");

    // Of the two folders, the one on the full disk refuses and is left without half a line.
    let Kept::Rescued(notice) = recording.append(bulky(13, 150_000)).await.unwrap() else { panic!("not rescued") };
    let Notice::Rescued { file, .. } = &notice else { panic!("{notice:?}") };
    assert_eq!(rescue_files(&state), std::slice::from_ref(file));
    let said = notice.to_string();
    assert!(said.contains(&file.display().to_string()) && said.contains("is full"), "{said}");
    let hint = notice.hint().unwrap();
    assert!(hint.contains("free some space") && hint.contains("`iperftester run`, `list` or `report`"), "{hint}");

    // The report of this very campaign run has them all, while the disk is still full.
    let notices = recording.finish(moment(99_000), false).await.unwrap();
    assert!(matches!(notices.as_slice(), [Notice::Waiting { .. }]), "{notices:?}");
    let expected: Vec<_> = (1..=13).map(|id| bulky(id, 150_000)).collect();
    let whole = results.load(&id).await.unwrap();
    assert_eq!(whole.runs, expected);
    assert_eq!(whole.header.ended, Some(moment(99_000)));
    drop(results);

    disk.grow("16m");
    let (results, notices) = Results::open(&path, folders.clone()).await.unwrap();
    let taken =
        |n: &Notice| matches!(n, Notice::TakenIn { runs, .. } if *runs == usize::try_from(rescued + 1).unwrap());
    assert!(notices.len() == 1 && taken(&notices[0]), "{notices:?}");
    assert_eq!(rescue_files(&state), Vec::<PathBuf>::new());
    let whole = results.load(&id).await.unwrap();
    assert_eq!(whole.runs, expected);
    assert_eq!((whole.header.ended, whole.facts.get(&name("alpha"))), (Some(moment(99_000)), Some(&facts())));
    let (_, notices) = Results::open(&path, folders).await.unwrap();
    assert_eq!(notices, vec![]);
}

#[tokio::test]
async fn a_second_process_that_holds_the_database_loses_no_finished_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let folders = vec![folder.path().to_owned()];
    let (results, _) = Results::open(&path, folders.clone()).await.unwrap();
    let recording = results.begin(head(0)).await.unwrap();
    let id = recording.id().to_owned();
    assert!(matches!(recording.append(run(1)).await.unwrap(), Kept::Stored));

    let holder = Holder::of(&path);
    let start = std::time::Instant::now();
    let Kept::Rescued(notice) = recording.append(run(2)).await.unwrap() else { panic!("not rescued") };
    assert!((4.0..9.0).contains(&start.elapsed().as_secs_f64()), "waited {:?}", start.elapsed());
    assert!(notice.to_string().contains("another process holds the database"), "{notice}");
    assert!(notice.hint().unwrap().contains(&format!("fuser -v {}", path.display())));
    // The others behind it do not wait again.
    let start = std::time::Instant::now();
    assert!(matches!(recording.append(run(3)).await.unwrap(), Kept::Rescued(_)));
    assert!(start.elapsed().as_secs_f64() < 1.0, "waited {:?}", start.elapsed());

    // A new campaign run is refused before anything is measured.
    let refused = results.begin(head(5000)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }), "{refused:?}");
    // What is there can be read meanwhile, the rescued ones with it.
    assert_eq!(results.load(&id).await.unwrap().runs, vec![run(1), run(2), run(3)]);

    drop(holder);
    assert!(matches!(
        recording.finish(moment(7000), true).await.unwrap().as_slice(),
        [Notice::TakenIn { runs: 2, .. }]
    ));
    let (results, notices) = Results::open(&path, folders).await.unwrap();
    assert_eq!(notices, vec![]);
    let whole = results.load(&id).await.unwrap();
    assert_eq!(whole.runs, vec![run(1), run(2), run(3)]);
    assert_eq!((whole.header.ended, whole.header.interrupted), (Some(moment(7000)), true));
}

#[tokio::test]
async fn a_result_that_no_place_takes_comes_back() {
    let disk = SmallDisk::new("400k");
    let path = disk.0.path().join("results.db");
    let (results, _) = Results::open(&path, vec![disk.0.path().to_owned()]).await.unwrap();
    let recording = results.begin(head(0)).await.unwrap();
    let big = bulky(1, 600_000);
    let StoreError::Homeless { entry, refusals, .. } = recording.append(big.clone()).await.unwrap_err() else {
        panic!("something took it")
    };
    assert_eq!(*entry, Entry::Run(Box::new(big)));
    assert_eq!(refusals.len(), 1);
    assert_eq!(rescue_files(disk.0.path()), Vec::<PathBuf>::new(), "a rescue file without a result was left");
}

#[tokio::test]
async fn a_rescue_file_that_cannot_be_read_is_named_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let file = folder.path().join("rescue-check@x.jsonl");
    std::fs::write(&file, "{\"from\": \"the future\"}\n").unwrap();
    let (_, notices) = Results::open(&path, vec![folder.path().to_owned()]).await.unwrap();
    assert!(matches!(notices.as_slice(), [Notice::Waiting { file: f, .. }] if *f == file), "{notices:?}");
    assert!(notices[0].to_string().contains("line 1: "), "{}", notices[0]);
    assert!(file.exists());
}

#[tokio::test]
async fn a_planted_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let (results, _) = Results::open(&path, vec![folder.path().to_owned()]).await.unwrap();
    let recording = results.begin(head(0)).await.unwrap();
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join(format!("rescue-{}.jsonl", recording.id()))).unwrap();
    // The database vanishes under it, so that the rescue file is what is left.
    let dropped = Command::new("sqlite3").arg(&path).arg("DROP TABLE campaign_runs").status().unwrap();
    assert!(dropped.success());
    assert!(matches!(recording.append(run(1)).await, Err(StoreError::Homeless { .. })));
    assert_eq!(std::fs::read_to_string(victim).unwrap(), "precious");
}

/// A database that takes no run.
struct Refusing;

impl Store for Refusing {
    async fn begin(&self, _: &Head) -> Result<(), StoreError> {
        Ok(())
    }
    async fn write(&self, _: &str, _: &Entry) -> Result<(), StoreError> {
        Err(StoreError::Full { action: "store a result", path: PathBuf::from("/results.db") })
    }
    async fn take_in(&self, _: &Head, _: &[Entry]) -> Result<usize, StoreError> {
        Err(StoreError::Full { action: "take in rescued results", path: PathBuf::from("/results.db") })
    }
    async fn resume(&self, id: &str) -> Result<Head, StoreError> {
        Err(StoreError::Unknown { id: id.to_owned() })
    }
    async fn import(&self, _: &CampaignRun) -> Result<(), StoreError> {
        Err(StoreError::Full { action: "import a campaign run", path: PathBuf::from("/results.db") })
    }
    async fn sizes(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        Ok(BTreeMap::new())
    }
    async fn remove(&self, _: &BTreeSet<String>) -> Result<(), StoreError> {
        Ok(())
    }
    async fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn spent(&self, _: &Spender<'_>) -> Result<Vec<Spent>, StoreError> {
        Ok(vec![])
    }
    async fn list(&self) -> Result<Vec<CampaignRunSummary>, StoreError> {
        Ok(vec![])
    }
    async fn load(&self, id: &str) -> Result<CampaignRun, StoreError> {
        Err(StoreError::Unknown { id: id.to_owned() })
    }
}

#[test]
fn taking_in_beside_a_process_that_still_rescues_loses_nothing() {
    const RUNS: u32 = 150;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let done = AtomicBool::new(false);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = || Results::open(&path, vec![folder.path().to_owned()]);
    let rounds = std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime().block_on(async {
                let results = Results::over(Refusing, vec![folder.path().to_owned()]);
                let recording = results.begin(head(0)).await.unwrap();
                for id in 1..=RUNS {
                    assert!(matches!(recording.append(run(id)).await.unwrap(), Kept::Rescued(_)));
                }
            });
            done.store(true, Ordering::SeqCst);
        });
        let mut rounds = 0;
        while !done.load(Ordering::SeqCst) {
            let (_, notices) = runtime().block_on(open()).unwrap();
            rounds += notices.iter().filter(|n| matches!(n, Notice::TakenIn { .. })).count();
        }
        rounds
    });
    assert!(rounds > 1, "the two never met");
    let whole = runtime().block_on(async { open().await.unwrap().0.load(&head(0).header.id).await.unwrap() });
    assert_eq!(whole.runs, (1..=RUNS).map(run).collect::<Vec<_>>());
    assert_eq!(rescue_files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_line_cut_off_by_a_crash_does_not_spoil_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let results = Results::over(Refusing, vec![folder.path().to_owned()]);
    let recording = results.begin(head(0)).await.unwrap();
    let (Kept::Stored | Kept::Rescued(_)) = recording.append(run(1)).await.unwrap();
    let file = rescue_files(folder.path()).remove(0);
    let mut whole = std::fs::read(&file).unwrap();
    whole.extend_from_slice(b"{\"run\": {\"id\": 2, \"sour");
    std::fs::write(&file, whole).unwrap();
    let path = folder.path().join("results.db");
    let (results, notices) = Results::open(&path, vec![folder.path().to_owned()]).await.unwrap();
    assert!(matches!(notices.as_slice(), [Notice::TakenIn { runs: 1, .. }]), "{notices:?}");
    assert_eq!(results.load(&head(0).header.id).await.unwrap().runs, vec![run(1)]);
}

#[tokio::test]
async fn its_futures_may_move_between_threads() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let (results, _) = movable(Results::open(&path, vec![])).await.unwrap();
    let recording = movable(results.begin(head(0))).await.unwrap();
    let (Kept::Stored | Kept::Rescued(_)) = movable(recording.append(run(1))).await.unwrap();
    movable(recording.finish(moment(1), false)).await.unwrap();
    movable(results.load(&head(0).header.id)).await.unwrap();
}
