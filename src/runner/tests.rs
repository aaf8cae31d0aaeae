//! Agents that are silent, babble, lie or die: a session comes to its end, its agent with it.
#![allow(clippy::disallowed_methods, reason = "tests look at files, clocks and processes")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::execute::{end, execute};
use super::session::{Session, SessionError, Work};
use crate::backend::{BackendError, Channel, Program, Reach};
use crate::domain::facts::{ProbeFacts, Router};
use crate::domain::host::Attachment;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::test::{Ping, Test};
use crate::domain::topology::Probe;
use crate::i18n::Lang;
use crate::process::{self, Errors};
use crate::protocol::{self, Ending, Reply, Request, VERSION};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A backend whose agents are shell scripts in a folder of their own.
struct Scripts(TempDir);

impl Reach for Scripts {
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        let step = |source| BackendError::Step { action: "reach", subject: probe.to_string(), source };
        process::start(program.command.unwrap_or_default(), Errors::Inherited).map(Channel::from).map_err(step)
    }

    async fn addresses(&self, _: &Name) -> Result<Vec<IpAddr>, BackendError> {
        Ok(vec![HERE])
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        BTreeMap::new()
    }
}

impl Scripts {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn pid_file(&self) -> PathBuf {
        self.0.path().join("pid")
    }

    /// Opens a session to an agent that is `script`, which has `$hello` and `read` at hand.
    async fn open(&self, script: &str) -> Result<Session, SessionError> {
        let hello = said(&Reply::Hello { protocol: VERSION, facts: Box::<ProbeFacts>::default() });
        let whole = format!("echo $$ > {}; hello='{hello}'; {script}", self.pid_file().display());
        let argv = ["sh", "-c", &whole].map(str::to_owned);
        let probe = Name::new("p").unwrap();
        Session::open(
            self,
            &probe,
            vec![HERE],
            &anywhere(),
            Program { executable: "", command: Some(&argv), lang: Lang::En },
        )
        .await
        .map(|(session, _)| session)
    }

    async fn refused(&self, script: &str) -> String {
        match self.open(script).await {
            Ok(_) => panic!("`{script}` was taken for an agent"),
            Err(fault) => fault.to_string(),
        }
    }

    /// The agent that was started last is no more, or waits for its parent to look.
    fn is_gone(&self) -> bool {
        let pid = fs_err::read_to_string(self.pid_file()).unwrap();
        if pid.is_empty() {
            // Killed between opening the file and writing into it.
            return true;
        }
        let state = fs_err::read_to_string(format!("/proc/{}/stat", pid.trim()));
        state.map_or(true, |text| text.contains(") Z "))
    }
}

fn anywhere() -> Probe {
    let (host, ports, attachment) = (Name::new("here").unwrap(), PortRange::DEFAULT, Attachment::default());
    Probe { host, site: None, tags: [].into(), ports, attachment }
}

/// Killed and seen to be dead are not the same moment; these waits are real ones.
fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain");
}

fn said(reply: &Reply) -> String {
    String::from_utf8(protocol::line(reply)).unwrap().trim().to_owned()
}

fn started() -> String {
    said(&Reply::Started { job: 1, command: vec!["ping".to_owned()] })
}

fn progress(rate: f64) -> String {
    let (elapsed_seconds, sent_bits_per_second) = (1.0, 0.0);
    said(&Reply::Progress { job: 1, elapsed_seconds, received_bits_per_second: rate, sent_bits_per_second })
}

fn finished() -> String {
    said(&Reply::Finished { job: 1, ending: Box::new(Ending { exit_code: Some(7), ..Ending::default() }) })
}

fn ping() -> Test {
    let once = Duration::from_secs(1);
    Test::Ping(Ping { count: 2, interval: once, timeout: once, size: None, family: None })
}

fn begin(session: &Session) -> Work {
    session.begin(|job| Request::Start {
        job,
        test: ping(),
        address: HERE,
        port: 0,
        interface: None,
        own: None,
        deadline: Duration::from_secs(1),
    })
}

#[tokio::test]
async fn whoever_is_no_agent_is_told_by_what_it_did() {
    let scripts = Scripts::new();
    assert_eq!(scripts.refused("exit 0").await, "the agent of p has ended instead of answering hello");
    let babble = scripts.refused("echo welcome; sleep 600").await;
    assert!(babble.starts_with("the agent of p said what is no reply: "), "{babble}");
    wait_until(|| scripts.is_gone());
    let endless = scripts.refused("yes | tr -d '\\n'").await;
    assert!(endless.contains("a line is longer than 134217728 bytes"), "{endless}");
    let other = said(&Reply::Hello { protocol: VERSION + 1, facts: Box::default() });
    let version = scripts.refused(&format!("echo '{other}'; sleep 600")).await;
    assert!(version.contains("deploy the probe again"), "{version}");
    wait_until(|| scripts.is_gone());
}

#[tokio::test]
async fn an_agent_that_is_silent_at_hello_is_given_up_and_killed() {
    let scripts = Scripts::new();
    tokio::time::pause();
    assert_eq!(scripts.refused("kill -STOP $$").await, "the agent of p did not answer hello within 10 s");
    tokio::time::resume();
    // The shell may have been killed before it wrote its number down.
    if scripts.pid_file().exists() {
        wait_until(|| scripts.is_gone());
    }
}

#[tokio::test]
async fn a_silent_agent_is_waited_for_once() {
    let scripts = Scripts::new();
    let session = scripts.open("echo \"$hello\"; kill -STOP $$").await.unwrap();
    assert_eq!(session.over(), None);
    let mut work = begin(&session);
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let fault = session.answer(&mut work).await.unwrap_err();
    assert_eq!(fault, "the agent of p gave no answer within 10 s and was stopped");
    assert_eq!(began.elapsed().as_secs(), 10);
    wait_until(|| scripts.is_gone());
    assert_eq!(session.answer(&mut begin(&session)).await.unwrap_err(), fault);
    assert_eq!(execute(&[ping()], &session, &session, HERE, |_| {}).await.fault, Some(fault.clone()));
    assert_eq!(began.elapsed().as_secs(), 10, "the second and third are told at once");
    assert_eq!(session.over(), Some(fault));
}

#[tokio::test]
async fn a_run_whose_agent_falls_silent_has_a_deadline() {
    let scripts = Scripts::new();
    let script = format!("echo \"$hello\"; read a; read b; echo '{}'; kill -STOP $$", started());
    let session = scripts.open(&script).await.unwrap();
    let mut work = begin(&session);
    assert!(matches!(session.answer(&mut work).await, Ok(Reply::Started { .. })));
    tokio::time::pause();
    let fault = end(&mut work, &session, Duration::from_secs(20), |_| {}).await.unwrap_err();
    assert_eq!(fault, "the agent of p gave no answer within 25 s and was stopped");
    wait_until(|| scripts.is_gone());
}

#[tokio::test]
async fn an_agent_that_dies_in_a_run_ends_it_at_once() {
    let scripts = Scripts::new();
    let script = format!("echo \"$hello\"; read a; read b; echo '{}'; kill -KILL $$", started());
    let session = scripts.open(&script).await.unwrap();
    let executed = execute(&[ping()], &session, &session, HERE, |_| {}).await;
    assert_eq!(executed.fault.as_deref(), Some("the agent of p has ended"));
    assert_eq!(executed.command, ["ping"], "what is known of the run is kept");
}

#[tokio::test]
async fn more_replies_than_asked_for_are_not_hoarded() {
    let scripts = Scripts::new();
    let script = format!("echo \"$hello\"; read a; while :; do echo '{}'; done", started());
    let session = scripts.open(&script).await.unwrap();
    let mut work = begin(&session);
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if session.over().is_some() {
            break;
        }
    }
    assert_eq!(session.gone(), "the agent of p says more than it was asked");
    let mut waiting = 0;
    while work.reply().await.is_some() {
        waiting += 1;
    }
    assert_eq!(waiting, 16);
}

#[tokio::test]
async fn live_rates_that_nobody_reads_are_left_out_and_the_end_is_not() {
    let scripts = Scripts::new();
    let lines = format!("i=0; while [ $i -lt 1000 ]; do echo '{}'; i=$((i+1)); done", progress(5e6));
    // Hello and the start are read before the start is answered: an answer ahead of its request goes nowhere.
    let script = format!("echo \"$hello\"; read a; read a; echo '{}'; {lines}; echo '{}'; cat", started(), finished());
    let session = scripts.open(&script).await.unwrap();
    let mut work = begin(&session);
    assert!(matches!(session.answer(&mut work).await, Ok(Reply::Started { .. })));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let rates = std::cell::Cell::new(0);
    let ending = end(&mut work, &session, Duration::from_secs(20), |rate| {
        assert!((rate - 5e6).abs() < 1.0);
        rates.set(rates.get() + 1);
    });
    assert_eq!(ending.await.unwrap().exit_code, Some(7));
    assert!((1..1000).contains(&rates.get()), "{}", rates.get());
    assert_eq!(session.over(), None);
    session.close().await;
    wait_until(|| scripts.is_gone());
}
